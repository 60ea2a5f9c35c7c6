//! The names that parity gives to images. Whoever gives another one to an image has use for it.
//!
//! | name | what it is |
//! |---|---|
//! | `localhost/parity:DIGEST` | what `parity up` runs, for all projects with the same input; or with `image.repository`, that |
//! | `localhost/parity-debugger:DIGEST-PACKAGE` | the same with a debugger |
//! | `localhost/parity-base:…` | a base |
//! | `localhost/parity-PROJECT:DIGEST` | the image of a project that is deployed |
//! | `localhost/parity-PROJECT:coverage-DIGEST` | the same with coverage.py |
//! | `localhost/parity-PROJECT:up-DIGEST` | the first, as one that a project has use for |

use super::{DEBUGGER_NAME, LOCAL};
use crate::engine::image::{repository_of, tag_of};

const BASE: &str = "localhost/parity-base";
const SERVED: &str = "up-";
const MEASURED: &str = "coverage-";
/// Characters of a digest in a tag, and of that of a directory in a project's name.
const DIGEST: usize = 16;
const DIRECTORY_DIGEST: usize = 8;

/// The name by which a project has use for the image that `parity up` runs. `repository`: the project's.
pub fn served(repository: &str, image: &str) -> String {
    format!("{repository}:{SERVED}{}", tag_of(image))
}

/// The beginning of all those names.
pub fn all_served(repository: &str) -> String {
    format!("{repository}:{SERVED}")
}

/// Is it such a name, of whichever project?
pub fn is_served(name: &str) -> bool {
    is_of_a_project(repository_of(name)) && tag_of(name).strip_prefix(SERVED).is_some_and(is_digest)
}

/// The name of a project's image with coverage.py in it.
pub fn measured(repository: &str, digest: &str) -> String {
    format!("{repository}:{MEASURED}{digest}")
}

/// Is it such a name, of whichever project?
pub fn is_measured(name: &str) -> bool {
    is_of_a_project(repository_of(name)) && tag_of(name).strip_prefix(MEASURED).is_some_and(is_digest)
}

/// Is it an image that `parity up` runs, and not one with a debugger?
pub fn is_runtime(name: &str) -> bool {
    repository_of(name) != DEBUGGER_NAME && is_digest(tag_of(name))
}

/// The beginning of the names of images that add a debugger to one.
pub fn with_debuggers(image: &str) -> String {
    format!("{DEBUGGER_NAME}:{}-", tag_of(image))
}

/// Has parity given an image all of its names? An image of `image.repository` has the digest in its name that parity's own has.
pub fn are_all_ours(names: &[String]) -> bool {
    let served = |tag: &str| names.iter().any(|name| is_served(name) && tag_of(name).strip_prefix(SERVED) == Some(tag));
    names.iter().all(|name| is_ours(name) || served(tag_of(name)))
}

fn is_ours(name: &str) -> bool {
    let tag = tag_of(name);
    match repository_of(name) {
        LOCAL => is_digest(tag),
        DEBUGGER_NAME => tag.split_once('-').is_some_and(|(digest, _)| is_digest(digest)),
        BASE => true,
        repository => {
            is_of_a_project(repository) && is_digest(tag.strip_prefix(SERVED).or_else(|| tag.strip_prefix(MEASURED)).unwrap_or(tag))
        }
    }
}

/// Is it the name of a base that parity gave?
pub fn is_base(name: &str) -> bool {
    repository_of(name) == BASE
}

/// `localhost/parity-PROJECT`, which ends with the digest of the project's directory.
fn is_of_a_project(repository: &str) -> bool {
    let digest = repository.strip_prefix("localhost/parity-").and_then(|rest| rest.rsplit_once('-'));
    digest.is_some_and(|(_, digest)| digest.len() == DIRECTORY_DIGEST && is_hexadecimal(digest))
}

fn is_digest(tag: &str) -> bool {
    tag.len() == DIGEST && is_hexadecimal(tag)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_ours(names: &[&str]) -> bool {
        are_all_ours(&names.iter().copied().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn an_image_with_a_name_of_somebody_elses_is_theirs() {
        let project = "localhost/parity-my-site-0a1b2c3d";
        let image = "localhost/parity:0123456789abcdef";
        let served = served(project, image);
        assert_eq!(served, "localhost/parity-my-site-0a1b2c3d:up-0123456789abcdef");
        assert!(is_served(&served) && !is_served(image) && served.starts_with(&all_served(project)));
        assert!(is_runtime(image) && !is_runtime("localhost/parity-debugger:0123456789abcdef-ipdb"));
        let debugger = format!("{}ipdb", with_debuggers(image));
        for ours in
            [&[][..], &[image], &[&served, image], &[&debugger], &[&format!("{project}:0123456789abcdef")], &["localhost/parity-base:x-1"]]
        {
            assert!(all_ours(ours), "{ours:?}");
        }
        let pushed = "registry.example.com/team/app:0123456789abcdef";
        assert!(all_ours(&[pushed, &served]));
        for theirs in [
            &[pushed][..],
            &[image, "mysite:1.2"],
            &["localhost/parity:mine"],
            &["localhost/parity-mine:0123456789abcdef"],
            &["localhost/parity-my-site-0a1b2c3d:latest"],
            &["registry.example.com/team/app:1.2", &served],
            &["localhost/parity-debugger:mine"],
        ] {
            assert!(!all_ours(theirs), "{theirs:?}");
        }
    }
}
