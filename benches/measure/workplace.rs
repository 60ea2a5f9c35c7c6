//! Copies of the test projects to work in, and parity to run in them.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// The program under test, built with the same profile as a release.
pub const PARITY: &str = env!("CARGO_BIN_EXE_parity");

/// A project of its own for the measurement; dropping it stops its server and removes it.
#[derive(Debug)]
pub struct Workplace {
    directory: tempfile::TempDir,
    pub root: PathBuf,
    program: PathBuf,
}

impl Workplace {
    /// A copy of one of `tests/projects`.
    pub fn of(project: &str) -> Result<Self> {
        Self::copy_of("tests/projects", project)
    }

    /// A copy of a project of the repository. A server does not run as root, so root's copy belongs to somebody else.
    pub fn copy_of(projects: &str, project: &str) -> Result<Self> {
        let work = Self::empty(project)?;
        work.add(&format!("{projects}/{project}"))?;
        Ok(work)
    }

    /// A project without files yet.
    pub fn empty(name: &str) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("parity-bench-").tempdir()?;
        let root = directory.path().join(name);
        std::fs::create_dir(&root)?;
        Ok(Self { directory, root, program: PARITY.into() })
    }

    /// Copies a file, or all that is in a directory, of the repository into it. What is there already is replaced.
    pub fn add(&self, path: &str) -> Result<()> {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if from.is_dir() {
            copy(&from, &self.root)?;
        } else {
            std::fs::copy(&from, self.root.join(from.file_name().unwrap_or_default()))?;
        }
        give_away(self.directory.path())
    }

    /// Gives what was made in it to whom the project belongs.
    #[allow(dead_code, reason = "only the trial of layouts uses it")]
    pub fn own(&self) -> Result<()> {
        give_away(self.directory.path())
    }

    /// The same with another build of parity.
    #[allow(dead_code, reason = "only the benchmark of reloads uses it")]
    pub fn with_program(mut self, program: &Path) -> Self {
        self.program = program.to_owned();
        self
    }

    pub fn write(&self, name: &str, content: &str) -> Result<()> {
        std::fs::write(self.root.join(name), content)?;
        give_away(self.directory.path())
    }

    /// `parity ARGUMENTS` here, ready to run, with its output captured.
    pub fn parity(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARITY_")) {
            command.env_remove(name);
        }
        command
    }

    /// Runs it; what it wrote to stdout.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        output(&mut self.parity(arguments))
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = self.run(&["down"]);
    }
}

/// What a command that must succeed wrote to stdout.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&said)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // What an earlier trial in the repository may have left.
        if ["parity.lock", "db.sqlite3", "__pycache__", "staticfiles"].iter().any(|left| name == *left) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            std::fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// An ordinary user's id, for a run as root.
const USER: u32 = 1000;

fn give_away(path: &Path) -> Result<()> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(());
    }
    match chown(path, Some(USER), Some(USER)) {
        // What runs in the project has files for a moment.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        chowned => chowned?,
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}

/// One line about where this was measured.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("an unknown processor", |(_, name)| name);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let engine = output(Command::new("docker").args(["version", "--format", "Docker {{.Server.Version}}"])).unwrap_or_default();
    format!("{cores} cores ({model}), {}, load when it began {load}\n", engine.trim())
}
