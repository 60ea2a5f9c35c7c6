//! `.gitignore` and `.dockerignore`, before anybody makes patterns of them: each line costs memory.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// More lines than anybody writes.
const MOST_LINES: usize = 10_000;

/// The text of such a file of the project, `path` being relative to it; empty where there is none.
///
/// # Errors
/// [`Kind::BadFile`]: something that is no such file has the name.
pub fn read(root: &Path, path: &str) -> Result<String> {
    let failure = || Failure::new(Kind::BadFile, format!("{path} cannot be read"));
    let text = match files::read_inside(root, Path::new(path), files::MOST_TEXT) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(String::new()),
        // What somebody else has made, where only the name is known.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(String::new()),
        Err(error) => return Err(failure().caused_by(&error).hint("a text file with patterns is expected, or none")),
    };
    match text.lines().count() {
        0..=MOST_LINES => Ok(text),
        count => Err(failure()
            .cause(format!("it has {count} lines, and more than {MOST_LINES} take too much memory"))
            .hint("a pattern such as `generated/` or `*.tmp` stands for many files")),
    }
}

/// May a directory be looked into by those who read the `.gitignore` in it themselves? Other files than directories are fine.
pub(super) fn is_readable(directory: &Path) -> bool {
    read(directory, ".gitignore").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    #[test]
    fn patterns_are_counted_before_they_are_made() {
        let dir = project(&[(".gitignore", &"a\n".repeat(10_001)), ("b/.gitignore", "x\n"), ("plain", "")]);
        let failure = read(dir.path(), ".gitignore").unwrap_err();
        assert!(failure.causes[0].starts_with("it has 10001 lines"), "{failure:?}");
        assert!(!is_readable(dir.path()) && is_readable(&dir.path().join("b")) && is_readable(&dir.path().join("plain")));
        assert_eq!(read(dir.path(), ".dockerignore").unwrap(), "");
    }
}
