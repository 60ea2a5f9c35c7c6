//! A project of a test's own.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::common::{BUILD_PATIENCE, Parity, Session, copy_project, source_of};
use crate::engine;
use crate::http::Browser;

/// What all tests build on: made or found by the first that needs it.
#[derive(Debug)]
pub struct Base {
    /// The text of its parity.lock. With it no project has to look for a base of its own.
    pub lock: String,
    /// The image of a project without requirements.
    pub image: String,
}

pub fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let project = TestProject::unlocked("plain-wsgi");
        // mmdebstrap may work as users who cannot look into a directory of ours.
        let image = project.parity(&["build"]).env("TMPDIR", std::env::temp_dir()).patience(BUILD_PATIENCE).ok().line().to_owned();
        // As of a project that has been served.
        Base { lock: project.read("parity.lock").replace("provisional = true\n", ""), image }
    })
}

/// The oldest Python that Debian still has, in parity.yaml, and a parity.lock with the base that has it.
pub const OLDER: &str = "python: \"3.11\"\n";

fn older_lock() -> &'static str {
    static LOCK: OnceLock<String> = OnceLock::new();
    LOCK.get_or_init(|| {
        let project = TestProject::unlocked("plain-wsgi");
        project.write("parity.yaml", OLDER);
        project.parity(&["build"]).env("TMPDIR", std::env::temp_dir()).patience(BUILD_PATIENCE).ok();
        project.read("parity.lock").replace("provisional = true\n", "")
    })
}

/// A text that nothing on this engine has been made with before.
pub fn unique() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{}-{}", std::process::id(), now.as_nanos())
}

/// A copy of one of the projects in a directory of its own, owned by an ordinary user.
/// When it goes out of scope its server is stopped, and nothing may be left.
#[derive(Debug)]
pub struct TestProject {
    pub root: PathBuf,
    home: PathBuf,
    scratch: TempDir,
    /// Whose all of its files are, before and after.
    owner: u32,
}

impl TestProject {
    pub fn copy(name: &str) -> Self {
        let lock = &base().lock;
        let project = Self::unlocked(name);
        project.write("parity.lock", lock);
        project
    }

    /// With [`OLDER`]: most of parity's own Python has ways of its own for it.
    pub fn on_older_python(name: &str) -> Self {
        let lock = older_lock();
        let project = Self::unlocked(name);
        project.write("parity.lock", lock);
        project.write("parity.yaml", OLDER);
        project
    }

    /// Without a parity.lock, for those who never get as far as an image.
    pub fn unlocked(name: &str) -> Self {
        let scratch = tempfile::Builder::new().prefix("parity-e2e-").tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap().join(name);
        let home = scratch.path().join("home");
        copy_project(&source_of(name), &root);
        fs::create_dir(&home).unwrap();
        let project = Self { root, home, scratch, owner: Self::uid() };
        project.give_away(&project.root);
        project
    }

    /// A project that is root's, as the checkout of a CI job often is. `None`: that takes root.
    pub fn of_root(name: &str) -> Option<Self> {
        rustix::process::geteuid().is_root().then(|| {
            let mut project = Self::copy(name);
            project.owner = 0;
            project.give_away(&project.root);
            project
        })
    }

    /// The user whose project it is: the one who runs the tests, but never root.
    pub fn uid() -> u32 {
        match rustix::process::geteuid().as_raw() {
            0 => 1000,
            uid => uid,
        }
    }

    /// To the one whose project it is.
    pub fn give_away(&self, path: &Path) {
        if rustix::process::geteuid().is_root() {
            chown(path, Some(self.owner), Some(self.owner)).unwrap();
            if path.is_dir() {
                fs::read_dir(path).unwrap().for_each(|entry| self.give_away(&entry.unwrap().path()));
            }
        }
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::write(&path, text).unwrap();
        self.give_away(&path);
    }

    /// With those that it is in.
    pub fn make_directory(&self, path: &str) {
        let path = self.root.join(path);
        let new: Vec<PathBuf> = path.ancestors().take_while(|directory| !directory.exists()).map(Path::to_owned).collect();
        fs::create_dir_all(&path).unwrap();
        new.iter().for_each(|directory| self.give_away(directory));
    }

    /// Runs a program as the one who works on the project, in its directory.
    #[track_caller]
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root).env("HOME", self.scratch.path());
        if rustix::process::geteuid().is_root() {
            command.uid(self.owner).gid(self.owner);
        }
        let ran = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// A directory outside of the project that goes with it.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    pub fn parity(&self, arguments: &[&str]) -> Parity {
        Parity::new(&self.root, &self.home, arguments).env("DOCKER_HOST", engine::host())
    }

    /// Another program, in the world in which parity is run.
    pub fn program(&self, program: &str, arguments: &[&str]) -> Parity {
        Parity::of(program, &self.root, &self.home, arguments).env("DOCKER_HOST", engine::host())
    }

    /// `parity up -d --wait --port 0` and more arguments, as scripts do it. Returns the URL.
    #[track_caller]
    pub fn up(&self, more: &[&str]) -> String {
        let arguments: Vec<&str> = ["up", "-d", "--wait", "--port", "0"].iter().chain(more).copied().collect();
        self.parity(&arguments).patience(BUILD_PATIENCE).ok().line().to_owned()
    }

    /// The same, with a browser on what it serves.
    #[track_caller]
    pub fn browse(&self) -> Browser {
        Browser::at(&self.up(&[]))
    }

    /// `parity up --port 0` in the foreground. Returns when it serves, with the URL.
    #[track_caller]
    pub fn foreground(&self, more: &[&str]) -> (Session, String) {
        let arguments: Vec<&str> = ["up", "--port", "0"].iter().chain(more).copied().collect();
        let mut session = self.parity(&arguments).patience(BUILD_PATIENCE).start();
        let url = session.url();
        (session, url)
    }

    pub fn containers(&self) -> Vec<String> {
        engine::containers_of(&self.root)
    }

    #[track_caller]
    pub fn nothing_is_left(&self) {
        assert_eq!(self.containers(), Vec::<String>::new(), "containers are left");
        assert_eq!(fs::read_dir(&self.home).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>(), Vec::<PathBuf>::new());
        assert_eq!(self.views(), Vec::<PathBuf>::new(), "a view of the project is left");
        self.nothing_is_foreign();
    }

    /// The name of its container, which its images' names begin with as well.
    pub fn name(&self) -> String {
        parity::session::container_name(&parity::plan::name_of(&self.root), &self.root)
    }

    /// Mounts of root's project.
    pub fn views(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir("/run/parity").into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&self.name())).map(|entry| entry.path()).collect()
    }

    /// Takes away the names that its images have got.
    fn forget_images(&self) {
        let repository = format!("localhost/{}", self.name());
        engine::with(async |engine| engine.remove_images(&repository, |name| name.contains(":up-")).await.unwrap());
    }

    /// All files are the owner's, whoever wrote them.
    #[track_caller]
    pub fn nothing_is_foreign(&self) {
        for path in self.files() {
            let owner = fs::metadata(&path).map_or(self.owner, |metadata| metadata.uid());
            assert_eq!(owner, self.owner, "{} belongs to another user", path.display());
        }
    }

    /// Every file and directory of the project.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut all = vec![self.root.clone()];
        let mut next = 0;
        while next < all.len() {
            if all[next].is_dir() {
                let inside: Vec<PathBuf> = fs::read_dir(&all[next]).unwrap().map(|entry| entry.unwrap().path()).collect();
                all.extend(inside);
            }
            next += 1;
        }
        all
    }
}

impl Drop for TestProject {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The test has failed already: only tidy up.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.parity(&["down", "--timeout", "1"]).run();
                self.forget_images();
            }));
            return;
        }
        if !self.containers().is_empty() {
            self.parity(&["down", "--timeout", "1"]).ok();
        }
        self.nothing_is_left();
        self.forget_images();
    }
}

/// The images that `parity build --production` names for a project; they go when this does.
#[derive(Debug)]
pub struct Images<'a>(pub &'a TestProject);

impl Drop for Images<'_> {
    fn drop(&mut self) {
        let root = &self.0.root;
        let repository = format!("localhost/{}", parity::session::container_name(&parity::plan::name_of(root), root));
        engine::with(async |engine| engine.remove_images(&repository, |_| true).await.unwrap());
    }
}
