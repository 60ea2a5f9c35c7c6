//! The project that is walked through: its files, its branches, its disk.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::Result;
use crate::walk::{Damage, Fault, Save, World};
use crate::workplace::output;

const PARTS: usize = 20;
/// Fewer than parity's own default, so that a walk comes to the limit often.
pub const KEEP_IMAGES: usize = 1;
/// Small, so that it is full soon.
const DISK: &str = "size=24m,mode=755";
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const BALLAST: &str = "ballast";

/// Whose the project is, and who runs parity in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An ordinary user's, who works in it.
    Users,
    /// Root's, as the checkout of a CI job: the server sees a view of it.
    Roots,
    /// An ordinary user's, and root works in it.
    Foreign,
}

impl Whose {
    /// The walks take turns.
    pub fn of(seed: u64) -> Self {
        [Self::Users, Self::Roots, Self::Foreign][(seed % 3) as usize]
    }

    pub fn owner(self) -> u32 {
        if self == Self::Roots { 0 } else { 1000 }
    }

    pub fn types(self) -> u32 {
        if self == Self::Users { 1000 } else { 0 }
    }
}

#[derive(Debug)]
pub struct Project {
    pub root: PathBuf,
    pub home: PathBuf,
    disk: PathBuf,
    owner: u32,
    /// No two walks have the same image.
    seed: u64,
    lock: String,
}

impl Project {
    /// On a disk of its own below a directory.
    pub fn make(directory: &Path, whose: Whose, seed: u64, lock: &str, world: &World) -> Result<Self> {
        let disk = directory.join("disk");
        fs::create_dir(&disk)?;
        output(Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "parity-chaos"]).arg(&disk))?;
        let (root, home) = (disk.join("project"), disk.join("home"));
        let project = Self { root, home, disk, owner: whose.owner(), seed, lock: lock.to_owned() };
        fs::create_dir(&project.home)?;
        fs::create_dir(&project.root)?;
        fs::create_dir(project.root.join("parts"))?;
        chown(&project.home, Some(whose.types()), Some(whose.types()))?;
        project.own(&project.root)?;
        project.own(&project.root.join("parts"))?;
        project.git(&["init", "-q", "-b", "branch-0"])?;
        fs::write(project.root.join(".git/info/exclude"), "parity.*\n__pycache__\n")?;
        project.write("wsgi.py", WSGI)?;
        let names: Vec<String> = (0..PARTS).map(|part| format!("p{part:02}")).collect();
        let numbers: Vec<String> = names.iter().map(|name| format!("{name}.NUMBER")).collect();
        project.write("parts/__init__.py", &format!("from . import {}\n\nNUMBERS = {{{}}}\n", names.join(", "), numbers.join(", ")))?;
        for (branch, (page, parts)) in world.committed.into_iter().enumerate() {
            if branch > 0 {
                project.git(&["switch", "-q", "-c", &format!("branch-{branch}")])?;
            }
            project.write_parts(parts)?;
            project.write("page.py", &text(page))?;
            project.git(&["add", "."])?;
            project.commit()?;
        }
        project.switch(0)?;
        project.mend(world)?;
        Ok(project)
    }

    /// Everything but the code as it should be.
    pub fn mend(&self, world: &World) -> Result<()> {
        self.free()?;
        self.allow()?;
        self.restore_lock()?;
        self.write_yaml(world)
    }

    fn own(&self, path: &Path) -> Result<()> {
        Ok(chown(path, Some(self.owner), Some(self.owner))?)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.root.join(name);
        fs::write(&path, text)?;
        self.own(&path)
    }

    fn write_parts(&self, number: u32) -> Result<()> {
        (0..PARTS).try_for_each(|part| self.write(&format!("parts/p{part:02}.py"), &text(number)))
    }

    pub fn save(&self, how: Save, world: &World) -> Result<()> {
        let (path, text) = (self.root.join("page.py"), text(world.page));
        match how {
            Save::InPlace => self.write("page.py", &text),
            Save::Rename => {
                self.write(".page.py.swp", &text)?;
                Ok(fs::rename(self.root.join(".page.py.swp"), path)?)
            }
            Save::Burst => {
                self.write_parts(world.parts)?;
                self.write("page.py", &text)
            }
            Save::SameTime => {
                let before = fs::metadata(&path)?.modified()?;
                self.write("page.py", &text)?;
                set_time(&path, before)
            }
            Save::Past | Save::Future => {
                let now = SystemTime::now();
                self.write("page.py", &text)?;
                set_time(&path, if how == Save::Past { now - 20 * YEAR } else { now + 20 * YEAR })
            }
        }
    }

    pub fn break_with(&self, fault: Fault, number: u32) -> Result<()> {
        self.write(
            "page.py",
            &match fault {
                Fault::Syntax => format!("NUMBER = (  # broken-{number}\n"),
                Fault::Raises => format!("raise RuntimeError('broken-{number}')\n"),
                Fault::Exits => "import os\n\nos._exit(3)\n".to_owned(),
                Fault::Empty => String::new(),
            },
        )
    }

    /// What a terminal must say of that.
    pub fn told_by(fault: Fault, number: u32) -> String {
        match fault {
            Fault::Syntax | Fault::Raises => format!("broken-{number}"),
            Fault::Exits => "exit code 3".to_owned(),
            Fault::Empty => "NUMBER".to_owned(),
        }
    }

    pub fn commit(&self) -> Result<()> {
        self.git(&["commit", "-q", "-a", "--allow-empty", "-m", "walked"])
    }

    pub fn switch(&self, branch: usize) -> Result<()> {
        self.git(&["switch", "-q", "-f", &format!("branch-{branch}")])
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=chaos", "-c", "user.email=chaos@localhost", "-c", "gc.auto=0"]).args(arguments);
        git.current_dir(&self.root).env("HOME", &self.home).uid(self.owner).gid(self.owner);
        output(&mut git).map(drop)
    }

    /// Takes all that is left of the disk.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.disk.join(BALLAST))?;
        for piece in [1 << 16, 1 << 12, 1 << 6, 1] {
            while ballast.write_all(&vec![b'x'; piece]).is_ok() {}
        }
        Ok(())
    }

    pub fn free(&self) -> Result<()> {
        gone(fs::remove_file(self.disk.join(BALLAST)))
    }

    pub fn forbid(&self, all: bool) -> Result<()> {
        let path = if all { self.root.clone() } else { self.root.join("page.py") };
        Ok(fs::set_permissions(path, Permissions::from_mode(0o000))?)
    }

    pub fn allow(&self) -> Result<()> {
        fs::set_permissions(&self.root, Permissions::from_mode(0o755))?;
        Ok(fs::set_permissions(self.root.join("page.py"), Permissions::from_mode(0o644))?)
    }

    pub fn restore_lock(&self) -> Result<()> {
        self.clear("parity.lock")?;
        self.write("parity.lock", &self.lock)
    }

    pub fn damage_lock(&self, damage: Damage) -> Result<()> {
        self.damage("parity.lock", &self.lock, damage)
    }

    pub fn write_yaml(&self, world: &World) -> Result<()> {
        self.clear("parity.yaml")?;
        self.write("parity.yaml", &self.settings(world))
    }

    pub fn damage_yaml(&self, damage: Damage, world: &World) -> Result<()> {
        self.damage("parity.yaml", &self.settings(world), damage)
    }

    fn damage(&self, name: &str, text: &str, damage: Damage) -> Result<()> {
        self.clear(name)?;
        match damage {
            Damage::Empty => self.write(name, ""),
            Damage::Garbage => self.write(name, "\u{1}[[{{: \u{fffd}\n\t- '"),
            // In the middle of a word.
            Damage::Half => self.write(name, &text[..text.len() - 3].replace("threads: ", "threads")),
            Damage::Fifo => output(Command::new("mkfifo").arg(self.root.join(name))).map(drop),
            Damage::Directory => Ok(fs::create_dir(self.root.join(name))?),
        }
    }

    fn settings(&self, world: &World) -> String {
        let hook = format!("{{run: \"true chaos-{}-{}\", reads: []}}", self.seed, world.image);
        let image = format!("keep-images: {KEEP_IMAGES}\nhooks: {{build: [{hook}]}}\n");
        format!("app: wsgi:application\nstartup-timeout: 5\n{image}threads: {}\n", world.threads)
    }

    fn clear(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        if path.is_dir() { Ok(fs::remove_dir_all(path)?) } else { gone(fs::remove_file(path)) }
    }

    /// Files that parity has made and should not have left.
    pub fn leftovers(&self, age: Duration) -> Vec<PathBuf> {
        let inside =
            |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
        let mut found = inside(&self.home);
        found.retain(|path| path.file_name().is_some_and(|name| name != ".gitconfig" && name != ".cache"));
        let of_ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".parity-"));
        found.extend(inside(&self.root).into_iter().filter(of_ours));
        let is_old = |path: &PathBuf| {
            let changed = fs::symlink_metadata(path).and_then(|found| found.modified());
            changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|since| since > age))
        };
        found.retain(is_old);
        found
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = output(Command::new("umount").arg("--lazy").arg(&self.disk));
    }
}

const WSGI: &str = "import page\nimport parts\n\n\ndef application(environ, start_response):\n    \
                    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
                    return [f\"page {page.NUMBER} parts {' '.join(map(str, sorted(parts.NUMBERS)))}\".encode()]\n";

fn text(number: u32) -> String {
    format!("NUMBER = {number}\n")
}

fn set_time(path: &Path, time: SystemTime) -> Result<()> {
    Ok(File::options().write(true).open(path)?.set_times(FileTimes::new().set_modified(time))?)
}

/// That it is not there is fine.
fn gone(removed: std::io::Result<()>) -> Result<()> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
