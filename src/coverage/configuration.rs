//! The project's own settings of coverage.py: the one file that it would read.

use std::path::Path;

use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// The files in the order in which coverage.py looks at them, and how a line begins by which it knows its own settings in one;
/// none: all of the file is its own.
const FILES: [(&str, Option<&str>); 4] =
    [(".coveragerc", None), ("setup.cfg", Some("[coverage:")), ("tox.ini", Some("[coverage:")), ("pyproject.toml", Some("[tool.coverage"))];
/// No longer one fits into the arguments of a container.
const MOST: usize = 64 << 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    pub name: &'static str,
    pub text: String,
}

impl Configuration {
    /// The project's; `None`: it has no settings for coverage.py.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn of(root: &Path) -> Result<Option<Self>> {
        for (name, section) in FILES {
            let refuse = |why: String| Failure::new(Kind::BadFile, format!("cannot read coverage.py's settings in {name}")).cause(why);
            let text = match files::read_text_inside(root, Path::new(name)) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                // What is no settings file of coverage.py's is none of its business.
                Err(_) if section.is_some() => continue,
                Err(error) => return Err(refuse(error.to_string())),
            };
            if section.is_some_and(|section| !text.lines().any(|line| line.trim_start().starts_with(section))) {
                continue;
            }
            if text.len() > MOST {
                return Err(refuse(format!("it is larger than {} KiB", MOST >> 10)).hint("move them to a .coveragerc"));
            }
            return Ok(Some(Self { name, text }));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_with_settings_is_the_one() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let write = |name: &str, text: &str| std::fs::write(root.join(name), text).unwrap();
        let found = || Configuration::of(root).unwrap().map(|found| found.name);
        assert_eq!(found(), None);
        write("setup.cfg", "[metadata]\nname = x\n");
        write("pyproject.toml", "[project]\nname = 'x'\n[tool.coverage.run]\nbranch = true\n");
        assert_eq!(found(), Some("pyproject.toml"));
        write("tox.ini", "[coverage:run]\nbranch = true\n");
        assert_eq!(found(), Some("tox.ini"));
        write(".coveragerc", "");
        assert_eq!(found(), Some(".coveragerc"));
        write(".coveragerc", &"#\n".repeat(MOST));
        assert_eq!(Configuration::of(root).unwrap_err().kind, Kind::BadFile);
    }
}
