//! Files that people write, read with care: small, regular, UTF-8.

use std::fs;
use std::io;
use std::path::{Component, Path};

use super::source::{Source, Spot};
use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// No configuration is larger; a wrong name easily is.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file of the project. `None`: there is none.
pub(super) fn read(root: &Path, name: &Path) -> Result<Option<Source>> {
    let path = root.join(name);
    let failed = |why: io::Error| {
        let failure = Failure::new(Kind::BadFile, format!("{} cannot be read", name.display()));
        match why.kind() {
            io::ErrorKind::PermissionDenied => {
                failure.cause("permission denied").hint(format!("allow your user to read it: chmod u+r {}", name.display()))
            }
            _ => failure.caused_by(&why),
        }
    };
    let meta = match fs::metadata(&path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        meta => meta.map_err(failed)?,
    };
    // Opening a pipe would wait for its other end.
    if !meta.is_file() {
        let is = if meta.is_dir() { "a directory" } else { "not a regular file" };
        return Err(Failure::new(Kind::BadFile, format!("{} is {is}", name.display())).hint("a file of that name is expected, or none"));
    }
    // A file that the user names elsewhere is where they say; one that the project has is the project's.
    let is_inside = name.is_relative() && name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let bytes = if is_inside { files::read_inside(root, name, LARGEST + 1) } else { files::read(&path, LARGEST + 1) }.map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(Kind::BadFile, format!("{} is larger than 1 MiB", name.display())));
    }
    text(name, bytes).map(Some)
}

fn text(name: &Path, bytes: Vec<u8>) -> Result<Source> {
    let source = |text: String| Source { path: name.to_owned(), text: text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text) };
    String::from_utf8(bytes).map(source).map_err(|why| {
        let valid = String::from_utf8_lossy(&why.as_bytes()[..why.utf8_error().valid_up_to()]).into_owned();
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let utf16 = why.as_bytes().starts_with(&[0xff, 0xfe]) || why.as_bytes().starts_with(&[0xfe, 0xff]);
        // Up to the byte that is wrong, and hidden where it may belong to a secret.
        let failure = source(valid).secret_failure(Spot { line, column, width: 1 }, "this is not UTF-8");
        failure.hint(if utf16 { "it looks like UTF-16: save the file as UTF-8" } else { "save the file as UTF-8" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(make: impl FnOnce(&Path)) -> Failure {
        let dir = tempfile::tempdir().unwrap();
        make(&dir.path().join("parity.yaml"));
        read(dir.path(), Path::new("parity.yaml")).err().expect("it is refused")
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        assert_eq!(failure(|path| fs::create_dir(path).unwrap()).message, "parity.yaml is a directory");
        assert_eq!(failure(|path| fs::write(path, vec![b'#'; 1_048_577]).unwrap()).message, "parity.yaml is larger than 1 MiB");
        let failed = failure(|path| fs::write(path, b"a: \xc3\xa4\nb: caf\xe9\n").unwrap());
        assert_eq!(failed.message, "parity.yaml:2:7: this is not UTF-8");
        assert_eq!(failed.hints, ["save the file as UTF-8"]);
        let failed = failure(|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()));
        assert_eq!(failed.message, "parity.yaml is not a regular file");
    }

    #[test]
    fn a_missing_file_is_fine_and_a_byte_order_mark_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path(), Path::new("parity.yaml")).unwrap().is_none());
        fs::write(dir.path().join("parity.yaml"), "\u{feff}a: 1").unwrap();
        assert_eq!(read(dir.path(), Path::new("parity.yaml")).unwrap().unwrap().text, "a: 1");
    }
}
