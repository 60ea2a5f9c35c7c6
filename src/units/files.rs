//! Reading and writing files with care, for every part.
//!
//! What is read may be put there by somebody else: a FIFO or a device would be waited for, a link may lead to what only this user may
//! read, and a file may be of any size. What is written is whole or not there at all, also on a full disk.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// No text that a person writes is larger.
pub const MOST_TEXT: u64 = 1 << 20;
/// What is not read as text: wheels, keys, bundles of certificates.
pub const MOST_BYTES: u64 = 256 << 20;

/// How the names of files begin and end that are being written. Tools that watch a directory know the ending.
const TEMPORARY: (&str, &str) = (".parity-", ".tmp");
/// Characters between those.
const RANDOM: usize = 6;
/// Nobody writes a file for so long.
const UNFINISHED_FOR: Duration = Duration::from_secs(60);

/// Reads a plain file of at most so many bytes, wherever a link leads.
///
/// # Errors
/// The system's, and [`ErrorKind::InvalidData`] for what is no such file.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    contents(&open(path)?, most)
}

/// Reads what a plain file of any size begins with.
///
/// # Errors
/// As [`read`], but for its size.
pub fn read_beginning(path: &Path, length: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a plain file as text.
///
/// # Errors
/// As [`read`], and what is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    text(read(path, MOST_TEXT)?)
}

/// Reads a file of the project: no link on the way to it may lead out. `path` is relative to the root.
///
/// # Errors
/// As [`read`].
pub fn read_inside(root: &Path, path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = open(&root.join(path))?;
    let real = real_path(&file, &root.join(path))?;
    if !real.starts_with(root.canonicalize()?) {
        return Err(refused(format!("it leads out of the project, to {}", real.display())));
    }
    contents(&file, most)
}

/// The same for what decides about this machine: it must belong to somebody who may decide about that or about the project.
///
/// # Errors
/// As [`read_inside`], and a file of another user.
pub fn read_trusted_inside(root: &Path, path: &Path, most: u64, project: &Path) -> Result<Vec<u8>> {
    let owner = open(&root.join(path))?.metadata()?.uid();
    // This user, root, and whoever the project belongs to.
    let trusted = [rustix::process::geteuid().as_raw(), 0, fs::metadata(project)?.uid()];
    if !trusted.contains(&owner) {
        return Err(refused(format!("it belongs to another user (uid {owner}) than the project")));
    }
    read_inside(root, path, most)
}

/// The same as text.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_inside(root: &Path, path: &Path) -> Result<String> {
    text(read_inside(root, path, MOST_TEXT)?)
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8"))
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, why.into())
}

fn open(path: &Path) -> Result<File> {
    // Opening a device may do something.
    plain(&fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    plain(&file.metadata()?)?;
    Ok(file)
}

fn plain(found: &fs::Metadata) -> Result<()> {
    let kind = found.file_type();
    let is = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(refused(format!("it is {is}, not a regular file")))
}

fn contents(file: &File, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(refused(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// Where an open file is, without links: on Linux that of the very file, whatever happens to its name meanwhile.
fn real_path(file: &File, path: &Path) -> Result<PathBuf> {
    use std::os::fd::AsRawFd;

    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).or_else(|_| path.canonicalize())
}

/// Writes a file: under another name first, so that nobody ever finds half of it. One that is there keeps its permissions and its
/// owner; a link is replaced, not followed.
///
/// # Errors
/// The system's. What was there before is there still.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    let found = fs::symlink_metadata(path).ok().filter(|found| !found.is_symlink());
    if let Some(found) = &found {
        plain(found)?;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = found.as_ref().map_or(0o666, |found| found.permissions().mode() & 0o777);
    let mut temporary = tempfile::Builder::new()
        .prefix(TEMPORARY.0)
        .suffix(TEMPORARY.1)
        .rand_bytes(RANDOM)
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(parent)?;
    temporary.write_all(content.as_ref())?;
    if let Some(found) = found {
        temporary.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::fchown(temporary.as_file(), Some(found.uid()), Some(found.gid()))?;
        }
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // That the name is on disk as well is more than some file systems can do.
    let _ = File::open(parent).and_then(|directory| directory.sync_all());
    Ok(())
}

/// What a process that was killed while it wrote has left in a directory, with the sizes. One that is new may be written at this
/// moment.
pub fn unfinished(directory: &Path) -> Vec<(PathBuf, u64)> {
    let is_left = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let random = name.strip_prefix(TEMPORARY.0)?.strip_suffix(TEMPORARY.1)?;
        let found = fs::symlink_metadata(path).ok()?;
        let is_old = found.modified().ok()?.elapsed().is_ok_and(|age| age > UNFINISHED_FOR);
        (found.is_file() && is_old && random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .then_some(found.len())
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter_map(|path| is_left(&path).map(|bytes| (path, bytes))).collect()
}

/// Writes what the user named: a file, or a pipe or device that takes it as it comes, such as `/dev/stdout`.
///
/// # Errors
/// The system's.
pub fn write_to(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() || path.starts_with("/dev") || path.starts_with("/proc") => {
            OpenOptions::new().write(true).open(path)?.write_all(content.as_ref())
        }
        // Their own link is meant to stay.
        Ok(_) => write(&path.canonicalize()?, content),
        Err(_) => write(path, content),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn what_is_no_plain_file_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("project");
        fs::create_dir_all(root.join("directory")).unwrap();
        let fifo = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo"), fifo.0, fifo.1, 0).unwrap();
        let _listener = UnixListener::bind(root.join("socket")).unwrap();
        symlink("/dev/zero", root.join("device")).unwrap();
        fs::write(directory.path().join("secret"), "of somebody else").unwrap();
        symlink("../secret", root.join("link")).unwrap();
        symlink("..", root.join("up")).unwrap();
        fs::write(root.join("large"), vec![b' '; (MOST_TEXT + 1) as usize]).unwrap();
        fs::write(root.join("latin"), b"\xe9").unwrap();
        for (name, why) in [
            ("directory", "it is a directory, not a regular file"),
            ("fifo", "it is a FIFO, not a regular file"),
            ("socket", "it is a socket, not a regular file"),
            ("device", "it is a device, not a regular file"),
            ("large", "it is larger than 1 MiB"),
            ("latin", "it is not UTF-8"),
            ("link", "it leads out of the project, to "),
            ("up/secret", "it leads out of the project, to "),
        ] {
            let said = read_text_inside(&root, Path::new(name)).unwrap_err().to_string();
            assert!(said.starts_with(why), "{name}: {said}");
        }
        symlink("real", root.join("inner")).unwrap();
        fs::write(root.join("real"), "text").unwrap();
        assert_eq!(read_text_inside(&root, Path::new("inner")).unwrap(), "text");
        assert_eq!(read_text(&root.join("link")).unwrap(), "of somebody else");
    }

    #[test]
    fn a_file_of_another_user_does_not_decide() {
        let directory = tempfile::tempdir().unwrap();
        let (root, name) = (directory.path(), Path::new("compose.yaml"));
        fs::write(root.join(name), "x").unwrap();
        assert_eq!(read_trusted_inside(root, name, MOST_TEXT, root).unwrap(), b"x");
        // Only root can give a file away.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(root.join(name), Some(12_345), None).unwrap();
            let said = read_trusted_inside(root, name, MOST_TEXT, root).unwrap_err().to_string();
            assert_eq!(said, "it belongs to another user (uid 12345) than the project");
            std::os::unix::fs::chown(root, Some(12_345), None).unwrap();
            assert!(read_trusted_inside(root, name, MOST_TEXT, root).is_ok());
        }
    }

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        write(&file, "one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&file).unwrap();
        write(&file, "two").unwrap();
        let after = fs::metadata(&file).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), after.permissions().mode() & 0o777), ("two", 0o640));
        assert_ne!(before.ino(), after.ino(), "it was written over");
        symlink("file", directory.path().join("link")).unwrap();
        write(&directory.path().join("link"), "three").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        write_to(Path::new("/dev/null"), "gone").unwrap();
        assert!(write_to(Path::new("/dev/full"), "gone").is_err() && write(Path::new("/dev/null"), "").is_err());
        let names = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(names, 2, "a temporary file is left");
    }

    #[test]
    fn what_was_being_written_is_found_later() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".parity-abc123.tmp", ".parity-abc124.tmp", ".parity-mine.tmp", ".parity.tmp", "parity-abc123.tmp"] {
            let file = File::create(directory.path().join(name)).unwrap();
            if name != ".parity-abc124.tmp" {
                file.set_modified(std::time::SystemTime::now() - Duration::from_secs(90)).unwrap();
            }
        }
        assert_eq!(unfinished(directory.path()), [(directory.path().join(".parity-abc123.tmp"), 0)]);
    }

    #[test]
    fn a_full_disk_leaves_no_empty_file() {
        // As a full disk does, a limit lets the file be made and nothing be written.
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        write(&file, "whole").unwrap();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" --exact units::files::tests::writes_too_much --ignored"]);
        let ran = shell.arg(std::env::current_exe().unwrap()).env("PARITY_TEST_FILE", &file).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), fs::read_dir(directory.path()).unwrap().count()), ("whole", 1));
    }

    #[test]
    #[ignore = "the test above runs it, with a limit"]
    fn writes_too_much() {
        let file = std::env::var_os("PARITY_TEST_FILE").unwrap();
        assert!(write(Path::new(&file), "too much").is_err());
    }
}
