//! Projects that are watched for tests. Nothing asserts how long something took.

mod directories;
mod made_up;
mod saves;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::ground::Pace;
use super::portable::Portable;
use super::source::Source;
use super::*;

/// Nothing takes that long unless it never comes.
const DEADLINE: Duration = Duration::from_secs(30);
const PACE: Pace = Pace { poll: Duration::from_millis(20), patience: Duration::from_millis(300) };

/// A project that is watched, and what was told of it.
struct Watched {
    _dir: TempDir,
    root: PathBuf,
    watcher: Watcher,
    runtime: tokio::runtime::Runtime,
    round: usize,
}

/// By path, whether it is gone.
type Told = BTreeMap<String, bool>;

impl Watched {
    fn new<S: Source>(polling: bool, files: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        fs::create_dir(&root).unwrap();
        files.iter().for_each(|file| write(&root.join(file), "1"));
        let skip: Skip = Arc::new(|directory| ["venv", ".git", "__pycache__"].contains(&directory.rsplit('/').next().unwrap()));
        let watcher = Watcher::start_with::<S>(&root, Options { polling, skip }, PACE).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { _dir: dir, root, watcher, runtime, round: 0 }
    }

    fn native(files: &[&str]) -> Self {
        Self::new::<System>(false, files)
    }

    fn polling(files: &[&str]) -> Self {
        let mut watched = Self::new::<System>(true, files);
        assert_eq!(watched.next(), Notice::Polling { why: "`watch-polling` is on".into(), hint: None });
        watched
    }

    fn next(&mut self) -> Notice {
        let next = async { tokio::time::timeout(DEADLINE, self.watcher.next()).await };
        self.runtime.block_on(next).expect("a notice")
    }

    /// What is told until a file that is made now is.
    fn told(&mut self) -> Told {
        self.round += 1;
        let mark = format!("mark-{}", self.round);
        fs::write(self.root.join(&mark), "").unwrap();
        self.told_until(|told| told.contains_key(&mark))
    }

    fn told_until(&mut self, done: impl Fn(&Told) -> bool) -> Told {
        let mut told = Told::new();
        while !done(&told) {
            match self.next() {
                Notice::Changed(changes) => told.extend(changes.into_iter().map(|change| (change.path, change.gone))),
                Notice::Attributes(_) => {}
                other => panic!("{other:?} after {told:?}"),
            }
        }
        told.retain(|path, _| !path.starts_with("mark-"));
        told
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn told(expected: &[(&str, bool)]) -> Told {
    expected.iter().map(|&(path, gone)| (path.to_owned(), gone)).collect()
}

const GONE: bool = true;
const HERE: bool = false;
