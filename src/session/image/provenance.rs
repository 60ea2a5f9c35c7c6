//! Where an image comes from: the commit, the repository, the time, for its labels.

use std::path::Path;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::git::{self, git};
use crate::plan::lock;

/// What is known of it. The names of the labels are those of the OCI's specification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The commit, with `-dirty` behind it if files differ from it.
    pub revision: Option<String>,
    /// The URL that the repository was cloned from, without a user and password.
    pub source: Option<String>,
    /// In seconds since 1970: `SOURCE_DATE_EPOCH`, or when the commit was made. Never now, or no two builds were the same.
    pub created: Option<u64>,
    /// `SOURCE_DATE_EPOCH`: the image is not to tell when it was built.
    pub epoch: Option<u64>,
}

impl Provenance {
    /// Asks git, if there is a repository and a `git`. No hook and no monitor of the repository is run.
    pub fn of(root: &Path, epoch: Option<u64>) -> Self {
        let known = Self::of_repository(root).unwrap_or_default();
        Self { created: epoch.or(known.created), epoch, ..known }
    }

    fn of_repository(root: &Path) -> Option<Self> {
        // A project that git ignores is not in the repository around it.
        if git(root, &["check-ignore", "-q", "."]).is_some() {
            return None;
        }
        let commit = git(root, &["show", "-s", "--no-show-signature", "--format=%H %ct", "HEAD"])?;
        let (hash, seconds) = commit.trim().split_once(' ')?;
        // Unreadable is as good as changed.
        let is_clean = git::status(root).is_some_and(|changes| changes.lines().all(is_new_lock));
        let hash = Some(hash).filter(|hash| !hash.is_empty() && hash.chars().all(|c| c.is_ascii_hexdigit()))?;
        let source = git(root, &["config", "--get", "remote.origin.url"]).and_then(|url| public(url.trim()));
        Some(Self {
            revision: Some(format!("{hash}{}", if is_clean { "" } else { "-dirty" })),
            source,
            created: seconds.parse().ok(),
            epoch: None,
        })
    }

    /// Labels for an image, none of them with characters that mean something to a Dockerfile.
    pub fn labels(&self) -> Vec<(String, String)> {
        let created =
            self.created.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()?.format(&Rfc3339).ok());
        let all = [("revision", self.revision.clone()), ("source", self.source.clone()), ("created", created)];
        all.into_iter().filter_map(|(name, value)| Some((format!("org.opencontainers.image.{name}"), value?))).collect()
    }
}

/// Is this line of `git status` about the lock that the first build writes? No image has it.
fn is_new_lock(line: &str) -> bool {
    line.strip_prefix("?? ").is_some_and(|path| path.rsplit('/').next() == Some(lock::FILE))
}

/// The URL without a user and password, which CI systems write into it. A path of this machine is nobody else's business.
fn public(url: &str) -> Option<String> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/@%+,=".contains(c));
    let public = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!("{scheme}://{host}/{path}")
        }
        // `git@example.com:team/app.git`, as ssh has it.
        None if url.split_once(':').is_some_and(|(host, _)| !host.contains('/')) => url.to_owned(),
        None => return None,
    };
    plain(&public).then_some(public)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn no_password_is_in_the_source() {
        for (url, shown) in [
            ("https://gitlab-ci-token:s3cr3t@gitlab.example.com/team/app.git", Some("https://gitlab.example.com/team/app.git")),
            ("https://s3cr3t@github.com/team/app", Some("https://github.com/team/app")),
            ("https://a:b@c@github.com/team/app", Some("https://github.com/team/app")),
            ("ssh://git@example.com:2222/team/app.git", Some("ssh://example.com:2222/team/app.git")),
            ("git@example.com:team/app.git", Some("git@example.com:team/app.git")),
            ("/srv/git/app.git", None),
            ("../app.git", None),
            ("file:///srv/git/app.git", None),
            ("https://example.com/$HOME", None),
            ("https://example.com/\"\nRUN x", None),
        ] {
            assert_eq!(public(url).as_deref(), shown, "{url}");
        }
    }

    fn run(root: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]).args(arguments).current_dir(root);
        let done = command.env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z").output().expect("git is there");
        assert!(done.status.success(), "{done:?}");
    }

    #[test]
    fn git_is_asked() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert_eq!(Provenance::of(root, None), Provenance::default());
        run(root, &["init", "-q"]);
        assert_eq!(Provenance::of(root, Some(7)), Provenance { created: Some(7), epoch: Some(7), ..Provenance::default() });
        std::fs::write(root.join("app.py"), "").unwrap();
        run(root, &["add", "."]);
        run(root, &["commit", "-qm", "x"]);
        run(root, &["remote", "add", "origin", "https://u:p@example.com/app.git"]);
        // It must not be run.
        let trap = root.join(".git/trap");
        run(root, &["config", "core.fsmonitor", &format!("touch {}", trap.display())]);
        let known = Provenance::of(root, None);
        assert_eq!(known.source.as_deref(), Some("https://example.com/app.git"));
        assert_eq!((known.revision.as_ref().map(String::len), known.created), (Some(40), Some(1_767_323_045)));
        assert_eq!(known.labels()[2].1, "2026-01-02T03:04:05Z");
        std::fs::write(root.join("new.py"), "").unwrap();
        assert!(Provenance::of(root, None).revision.unwrap().ends_with("-dirty"));
        // A filter runs where a file may have changed, which its time says.
        run(root, &["config", "filter.trap.clean", &format!("touch {}; cat", trap.display())]);
        run(root, &["config", "filter.trap.required", "true"]);
        std::fs::write(root.join(".gitattributes"), "*.py filter=trap\n").unwrap();
        let touched = std::fs::File::options().append(true).open(root.join("app.py")).unwrap();
        touched.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(5)).unwrap();
        assert!(Provenance::of(root, None).revision.unwrap().ends_with("-dirty"));
        assert!(!trap.exists(), "a program of the repository was run");
        std::fs::create_dir(root.join("scratch")).unwrap();
        std::fs::write(root.join(".gitignore"), "/scratch/\n").unwrap();
        assert_eq!(Provenance::of(&root.join("scratch"), None), Provenance::default());
    }
}
