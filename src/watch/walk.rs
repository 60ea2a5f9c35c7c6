//! Walks the tree, each directory before what is in it is read.
//!
//! The `ignore` crate's walker reads first and shows afterwards: a file made in between is seen neither by it nor by a watch
//! that is set when the directory is shown.

use std::fs;
use std::io;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::ground::Ground;
use super::paths::join;

/// What a walk comes by, relative to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// Whatever appears in it from then on is seen by whoever watches it, all else by the walk.
    Directory(&'a str),
    /// A file or a symbolic link.
    File(&'a str),
}

/// More threads only wait for the disk together.
const MAX_THREADS: usize = 8;

/// Walks a directory and all below that is not skipped, on all cores if it is the whole tree. Ends with the first error of
/// `visit`. What cannot be read or vanishes meanwhile is passed over, except for the root.
pub(super) fn walk(ground: &Ground, directory: &str, visit: impl Fn(Found<'_>) -> io::Result<()> + Sync) -> io::Result<()> {
    let queue = Queue::default();
    queue.state().waiting.push(directory.to_owned());
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let others = if directory.is_empty() { cores.min(MAX_THREADS) - 1 } else { 0 };
    thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(|| work(&queue, ground, &visit));
        }
        work(&queue, ground, &visit);
    });
    queue.state().failure.take().map_or(Ok(()), Err)
}

/// What each thread does until there is nothing left.
fn work(queue: &Queue, ground: &Ground, visit: &impl Fn(Found<'_>) -> io::Result<()>) {
    let mut below = Vec::new();
    while let Some(directory) = queue.take() {
        // Given back even after a panic, as the others wait for it.
        let _taken = Taken(queue);
        let end = enter(ground, &directory, visit, &mut below);
        let mut state = queue.state();
        state.waiting.append(&mut below);
        if let Err(error) = end {
            state.failure.get_or_insert(error);
        }
    }
}

fn enter(ground: &Ground, directory: &str, visit: &impl Fn(Found<'_>) -> io::Result<()>, below: &mut Vec<String>) -> io::Result<()> {
    visit(Found::Directory(directory))?;
    let entries = match fs::read_dir(ground.root.join(directory)) {
        Err(error) if directory.is_empty() => return Err(error),
        entries => entries.into_iter().flatten().flatten(),
    };
    // One text for all of them: a project has many files.
    let mut path = join(directory, "");
    let start = path.len();
    for entry in entries {
        let name = entry.file_name();
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        path.truncate(start);
        path.push_str(name);
        if kind.is_file() || kind.is_symlink() {
            visit(Found::File(&path))?;
        } else if kind.is_dir() && !(ground.skip)(&path) {
            below.push(path.clone());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// Directories that nobody has taken yet.
    waiting: Vec<String>,
    /// How many have been taken and may bring others.
    taken: usize,
    failure: Option<io::Error>,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<String> {
        let mut state = self.state();
        while state.waiting.is_empty() && state.taken > 0 && state.failure.is_none() {
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let directory = state.waiting.pop().filter(|_| state.failure.is_none())?;
        state.taken += 1;
        Some(directory)
    }
}

struct Taken<'a>(&'a Queue);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Skip;
    use crate::watch::ground::{Ground, Pace};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn ground(skip: Skip) -> (tempfile::TempDir, Ground) {
        let dir = tempfile::tempdir().unwrap();
        for file in ["a.py", "venv/x.py", "pkg/b.py", "pkg/deep/c.py"] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let ground =
            Ground { root: dir.path().to_owned(), skip, also: BTreeSet::new(), pace: Pace::default(), directories: Arc::default() };
        (dir, ground)
    }

    #[test]
    fn finds_all_that_is_not_skipped() {
        let (dir, ground) = ground(Arc::new(|path| path == "venv"));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            dir.path().join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("pkg/loop")).unwrap();
        let found = Mutex::new(BTreeSet::new());
        walk(&ground, "", |entry| {
            found.lock().unwrap().insert(format!("{entry:?}"));
            Ok(())
        })
        .unwrap();
        let expected = [
            r#"Directory("")"#,
            r#"Directory("pkg")"#,
            r#"Directory("pkg/deep")"#,
            r#"File("a.py")"#,
            r#"File("pkg/b.py")"#,
            r#"File("pkg/deep/c.py")"#,
            r#"File("pkg/loop")"#,
        ];
        assert_eq!(found.into_inner().unwrap(), expected.map(str::to_owned).into());
    }

    #[test]
    fn ends_with_an_error_or_a_panic() {
        let (dir, at_pkg) = ground(Arc::new(|_| false));
        let end = walk(&at_pkg, "", |found| if found == Found::Directory("pkg") { Err(io::Error::other("full")) } else { Ok(()) });
        assert_eq!(end.unwrap_err().to_string(), "full");
        assert!(walk(&at_pkg, "vanished", |_| Ok(())).is_ok());
        drop(dir);
        assert!(walk(&at_pkg, "", |_| Ok(())).is_err());
        let (_dir, panics) = ground(Arc::new(|_| panic!("as the test wants it")));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| walk(&panics, "", |_| Ok(())))).is_err());
    }
}
