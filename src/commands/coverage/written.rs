//! Reports of coverage.py's, from the archive that the container gives: of which no name is trusted.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use tar::{Archive, EntryType};

use crate::coverage::Format;
use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// Writes a report that is one text.
///
/// # Errors
/// The system's.
pub fn text(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let written = parent.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| files::write_to(path, text));
    written.map_err(|error| failed(path, &error))
}

/// Writes one of coverage.py's: a file, or for HTML a directory.
///
/// # Errors
/// An archive that has no such report, and the system's.
pub fn from_archive(archive: &[u8], format: Format, path: &Path) -> Result<()> {
    let found = entries(archive, &format.to_string()).map_err(|error| failed(path, &error))?;
    match format {
        Format::Html if !found.is_empty() => {
            for (name, content) in found {
                text(&path.join(name), content)?;
            }
            Ok(())
        }
        Format::Html => Err(missing(path)),
        _ => match found.into_iter().next() {
            Some((_, content)) => text(path, content),
            None => Err(missing(path)),
        },
    }
}

/// The regular files below a name, by what comes after it.
/// What is in the archive under that name.
///
/// # Errors
/// What is no archive.
pub fn entries(archive: &[u8], under: &str) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let path = entry.path()?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path);
        let Ok(inside) = path.strip_prefix(under) else { continue };
        if inside.components().all(|part| matches!(part, Component::Normal(_))) {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            found.push((inside.to_owned(), content));
        }
    }
    Ok(found)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Other, format!("cannot write the report {}", path.display())).caused_by(error)
}

fn missing(path: &Path) -> Failure {
    Failure::new(Kind::Other, format!("cannot write the report {}", path.display())).cause("coverage.py has not written it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_report_are_taken() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut add = |name: &str, kind: EntryType| {
            let mut header = tar::Header::new_gnu();
            // The builder itself refuses names that lead out.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_size(1);
            header.set_cksum();
            builder.append(&header, &b"x"[..]).unwrap();
        };
        add("./html/index.html", EntryType::Regular);
        add("./html/../../evil", EntryType::Regular);
        add("/html/evil", EntryType::Regular);
        add("./html/link", EntryType::Symlink);
        add("./lcov", EntryType::Regular);
        let archive = builder.into_inner().unwrap();
        let names = |under| entries(&archive, under).unwrap().into_iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(names("html"), ["index.html"]);
        assert_eq!(names("lcov"), [""]);
        let directory = tempfile::tempdir().unwrap();
        from_archive(&archive, Format::Html, &directory.path().join("a/b")).unwrap();
        assert!(directory.path().join("a/b/index.html").is_file());
        assert!(from_archive(&archive, Format::Xml, &directory.path().join("x")).is_err());
    }
}
