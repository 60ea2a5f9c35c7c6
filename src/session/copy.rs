//! A copy of the project, for a server that mounts it and may write to it.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config::WritableContent;
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::project::contents::{Contents, Entry, Purpose, Selection, What, survey};
use crate::units::{layout, scratch};

/// It is removed when this is dropped.
#[derive(Debug)]
pub struct Copy {
    pub root: PathBuf,
    _scratch: TempDir,
}

/// Copies what a container that the project is worked on in can see. Directories of `writable` are as a deployment has them at first:
/// with what `image` has there, or empty.
///
/// # Errors
/// Files that cannot be read, and a full disk.
pub fn copy(plan: &Plan, image: &Contents) -> Result<Copy> {
    let contents = survey(&plan.root, &Selection { purpose: Purpose::Upload, ..Selection::default() })?;
    let failed = |path: &Path, error: &std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Other };
        Failure::new(kind, format!("cannot copy {}", plan.root.join(path).display()))
            .caused_by(error)
            .hint("`TMPDIR` says where the copy is made")
    };
    let scratch = scratch::directory().map_err(|error| failed(Path::new(""), &error))?;
    let root = scratch.path().join(plan.root.file_name().unwrap_or_else(|| "project".as_ref()));
    let owner = fs::metadata(&plan.root).map_err(|error| failed(Path::new(""), &error))?;
    let make = |path: &Path, what: &What| -> std::io::Result<()> {
        let (from, to) = (plan.root.join(path), root.join(path));
        match what {
            What::Directory => {
                fs::create_dir(&to)?;
                fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
            }
            What::File { .. } => drop(fs::copy(&from, &to)?),
            What::Link { target } => symlink(target, &to)?,
        }
        if rustix::process::geteuid().is_root() { lchown(&to, Some(owner.uid()), Some(owner.gid())) } else { Ok(()) }
    };
    make(Path::new(""), &What::Directory).map_err(|error| failed(Path::new(""), &error))?;
    for Entry { path, what, .. } in contents.entries.iter().filter(|entry| is_copied(plan, image, &entry.path)) {
        match make(path, what) {
            // What vanishes meanwhile was not meant.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            made => made.map_err(|error| failed(path, &error))?,
        }
    }
    Ok(Copy { root, _scratch: scratch })
}

/// Is a file what a server begins with?
fn is_copied(plan: &Plan, image: &Contents, path: &Path) -> bool {
    let inside = Path::new(layout::APP).join(path);
    let Some(writable) = plan.writable.iter().find(|directory| inside.starts_with(directory.value.as_str())) else { return true };
    if inside == Path::new(writable.value.as_str()) {
        return true;
    }
    let begins_with_images = *plan.writable_content == WritableContent::Image || plan.holds_code(writable);
    begins_with_images && image.entries.iter().any(|entry| entry.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing;
    use crate::units::Sourced;

    #[test]
    fn data_is_left_behind_and_the_rest_is_not() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("shop");
        for directory in ["mysite", "media/a", ".git"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for file in ["mysite/wsgi.py", "media/a/b.png", ".git/config", "db.sqlite3"] {
            fs::write(root.join(file), "x").unwrap();
        }
        symlink("mysite", root.join("link")).unwrap();
        let mut plan = Plan { root: root.clone(), ..testing::django() };
        plan.writable = vec![Sourced::default("/app/media".into())];
        let image = survey(&root, &Selection::default()).unwrap();
        let copied = copy(&plan, &image).unwrap();
        let there = |path: &str| copied.root.join(path).symlink_metadata().is_ok();
        assert!(there("mysite/wsgi.py") && there("db.sqlite3") && there("media"));
        assert!(!there("media/a") && !there(".git"));
        assert_eq!(fs::read_link(copied.root.join("link")).unwrap(), Path::new("mysite"));

        plan.writable_content = Sourced::default(WritableContent::Image);
        assert!(copy(&plan, &image).unwrap().root.join("media/a/b.png").exists());
        let scratch = copied.root.parent().unwrap().to_owned();
        drop(copied);
        assert!(!scratch.exists());
    }
}
