//! Files as one text that fits into an argument of a container.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

/// A tar.gz in base64, the same for the same files: no times, owners or host names in it.
/// `images/entrypoint.sh` unpacks it.
pub fn archive(files: &[(String, String)]) -> String {
    // Writing to memory does not fail; names that are too long for tar get its extension for them.
    pack(files).map(|bytes| STANDARD.encode(bytes)).expect("an archive in memory")
}

fn pack(files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let mut builder = Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::best()));
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        builder.append_data(&mut header, name, content.as_bytes())?;
    }
    let mut gzip = builder.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::plan::{Plan, Profile};
    use crate::render::{profile_files, testing};

    #[test]
    fn what_a_server_is_given_fits_into_an_argument() {
        let plan = Plan { profile: Profile::Up, reload: Some(testing::reload()), ..testing::everything() };
        let bytes = archive(&profile_files(&plan).unwrap()).len();
        // The kernel takes no argument of 131,072 bytes or more.
        assert!(bytes < 120_000, "{bytes} bytes");
    }

    #[test]
    fn unpacks_with_ordinary_tools() {
        let files = [("a.conf".to_owned(), "eins\n".to_owned()), ("b.sh".to_owned(), "zwei".to_owned())];
        let directory = tempfile::tempdir().unwrap();
        let text = archive(&files);
        assert_eq!(text, archive(&files));
        let status = Command::new("sh")
            .args(["-c", "printf %s \"$1\" | base64 -d | tar -xzC \"$2\"", "sh", &text])
            .arg(directory.path())
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        for (name, content) in &files {
            assert_eq!(&std::fs::read_to_string(directory.path().join(name)).unwrap(), content);
        }
    }
}
