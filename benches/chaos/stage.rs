//! What a step does: to the project, to processes, to containers, to the line to the engine, in terminals.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use parity::plan::name_of;
use parity::session::container_name;
use rustix::process::{Pid, Signal, kill_process};

use crate::Result;
use crate::containers::{self, docker};
use crate::line::Line;
use crate::project::{Project, Whose};
use crate::terminal::Terminal;
use crate::walk::{Behind, Engine, Expected, Step, Typed, Victim, World};
use crate::workplace::PARITY;

/// For a command that is not interrupted: a build is the longest.
const COMMAND: Duration = Duration::from_secs(40);
/// After Ctrl-C: once, and when the one who typed it is in a hurry.
const INTERRUPTED: Duration = Duration::from_secs(8);
const HURRIED: Duration = Duration::from_secs(4);
/// Between two Ctrl-C.
const AGAIN: Duration = Duration::from_millis(150);
/// For the engine to be told by another way than parity's.
const SHORT: Duration = Duration::from_millis(50);
/// Lets a program believe in another time.
const FAKETIME: [&str; 2] = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];
/// From what reaches the engine and the network; nothing else is passed on.
const KEPT: [&str; 8] = ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy"];
/// By which the walk's processes are known.
const MARK: &str = "CHAOS_WALK";

/// What a step found wrong.
pub type Faults = Vec<String>;

#[derive(Debug)]
pub struct Stage {
    // Before the directory that they are in.
    pub sessions: Vec<Terminal>,
    pub logs: Vec<Terminal>,
    /// There was a session when the step began. A detached server that ends by itself stays, for whoever asks why.
    pub is_attended: bool,
    /// The last that ended, for whoever wants to know what was on the screen.
    pub screen: String,
    line: Line,
    pub project: Project,
    pub name: String,
    pub port: u16,
    whose: Whose,
    faketime: Option<&'static str>,
    opened: u32,
    directory: tempfile::TempDir,
}

impl Stage {
    pub fn set(seed: u64, port: u16, lock: &str, world: &World) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("parity-chaos-").tempdir()?;
        fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let whose = Whose::of(seed);
        let project = Project::make(directory.path(), whose, seed, lock, world)?;
        fs::create_dir(directory.path().join("screens"))?;
        let line = Line::open(&directory.path().join("engine.sock"))?;
        let name = container_name(&name_of(&project.root), &project.root);
        // Not everywhere: that a program is deceived has effects of its own.
        let faketime = FAKETIME.into_iter().find(|library| Path::new(library).exists()).filter(|_| seed.is_multiple_of(2));
        let stage = Self {
            sessions: Vec::new(),
            logs: Vec::new(),
            is_attended: true,
            screen: String::new(),
            line,
            project,
            name,
            port,
            whose,
            faketime,
            opened: 0,
            directory,
        };
        stage.set_clock(0)?;
        Ok(stage)
    }

    pub fn about(&self) -> String {
        let clock = if self.faketime.is_some() { ", clock jumps" } else { "" };
        format!("{:?} project, port {}{clock}", self.whose, self.port).to_lowercase()
    }

    pub fn root(&self) -> String {
        self.project.root.display().to_string()
    }

    pub fn mark(&self) -> String {
        format!("{MARK}={}", self.directory.path().display())
    }

    fn parity(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PARITY);
        command.arg("--project").arg(&self.project.root).args(arguments).current_dir(self.directory.path()).env_clear();
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", &self.project.home).env("TMPDIR", &self.project.home).env("LANG", "C.UTF-8");
        command.env("DOCKER_HOST", self.line.host()).env(MARK, self.directory.path());
        if let Some(library) = self.faketime {
            command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", self.clock()).env("FAKETIME_CACHE_DURATION", "1");
            command.env("DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
        }
        if self.whose.types() != 0 {
            command.uid(self.whose.types()).gid(self.whose.types());
        }
        command
    }

    fn clock(&self) -> PathBuf {
        self.directory.path().join("clock")
    }

    fn set_clock(&self, days: i64) -> Result<()> {
        Ok(fs::write(self.clock(), format!("{days:+}d\n"))?)
    }

    /// `parity WORDS` in a terminal of its own.
    pub fn open(&mut self, words: &str) -> Result<Terminal> {
        self.opened += 1;
        let log = self.directory.path().join(format!("screens/{}", self.opened));
        let arguments: Vec<&str> = words.split(' ').collect();
        Terminal::open(self.parity(&arguments), &format!("parity {words}"), log)
    }

    pub fn open_session(&mut self) -> Result<()> {
        let words = format!("up --reload-on-changes --port {}", self.port);
        let session = self.open(&words)?;
        self.sessions.push(session);
        Ok(())
    }

    /// The first session, if it has come to serve what is saved: one that has just been opened may yet replace the server.
    pub fn serves(&self) -> Option<u32> {
        self.sessions.first().filter(|session| session.shown().contains("\nserving")).map(Terminal::pid)
    }

    /// The last lines of all that is to be seen.
    pub fn screens(&self) -> String {
        let open = self.sessions.iter().chain(&self.logs).map(|terminal| format!("--- {}\n{}", terminal.words, terminal.last_lines()));
        [self.screen.clone()].into_iter().filter(|screen| !screen.is_empty()).chain(open).collect::<Vec<_>>().join("\n")
    }

    /// Takes those that have ended off the stage; what is wrong with how they did.
    pub fn reap(&mut self) -> Faults {
        let mut faults = Vec::new();
        for terminals in [&mut self.sessions, &mut self.logs] {
            terminals.retain_mut(|terminal| {
                let Some(status) = terminal.ended() else { return true };
                faults.extend(terminal.bad_end(status));
                self.screen = terminal.last_lines();
                false
            });
        }
        faults
    }

    /// Does it. `world` is what it makes of the world; `before` was expected until now.
    pub fn perform(&mut self, step: Step, world: &World, before: Expected) -> Result<Faults> {
        match step {
            Step::Save(how) => self.project.save(how, world)?,
            Step::Mend => self.project.save(crate::walk::Save::InPlace, world)?,
            Step::Break(fault) => {
                self.sessions.iter_mut().chain(&mut self.logs).for_each(Terminal::remember);
                let number = world.fault.map_or(0, |(_, number)| number);
                self.project.break_with(fault, number)?;
            }
            Step::Switch { commit } => {
                if commit {
                    self.project.commit()?;
                }
                self.project.switch(world.branch)?;
            }
            Step::Kill(Victim::FirstTerminal) => self.sessions.first_mut().into_iter().for_each(|session| session.signal(Signal::KILL)),
            Step::Kill(Victim::LastTerminal) => self.sessions.last_mut().into_iter().for_each(|session| session.signal(Signal::KILL)),
            Step::Kill(victim) => self.kill(victim)?,
            Step::Docker(behind) => return self.behind(behind, world),
            Step::FillDisk => self.project.fill()?,
            Step::FreeDisk => self.project.free()?,
            Step::Forbid { all } => self.project.forbid(all)?,
            Step::Allow => self.project.allow()?,
            Step::DamageLock(damage) => self.project.damage_lock(damage)?,
            Step::MendLock => self.project.restore_lock()?,
            Step::DamageYaml(damage) => self.project.damage_yaml(damage, world)?,
            Step::MendYaml | Step::ChangeYaml | Step::ChangeImage => self.project.write_yaml(world)?,
            Step::Engine(Engine::Open) => self.line.mend()?,
            Step::Engine(Engine::Cut) => {
                self.line.mend()?;
                self.line.cut();
            }
            Step::Engine(Engine::Stalled) => self.line.stall(),
            Step::Clock(days) => self.set_clock(days)?,
            Step::OpenTerminal => self.open_session()?,
            Step::OpenLog => {
                let log = self.open("logs -f")?;
                self.logs.push(log);
            }
            Step::Interrupt { terminal, after, twice } => return self.interrupt(terminal, after, twice, world),
            Step::Type { command, interrupted, twice } => return self.type_command(command, interrupted, twice, world, before),
        }
        Ok(Vec::new())
    }

    fn kill(&self, victim: Victim) -> Result<()> {
        let Some(server) = self.server()? else { return Ok(()) };
        // It may have ended meanwhile.
        for pid in containers::victims(&server.id, victim).unwrap_or_default().into_iter().take(1) {
            let _ = Pid::from_raw(pid.cast_signed()).map(|pid| kill_process(pid, Signal::KILL));
        }
        Ok(())
    }

    fn server(&self) -> Result<Option<containers::Container>> {
        containers::server(&self.root(), &self.name)
    }

    fn behind(&mut self, behind: Behind, world: &World) -> Result<Faults> {
        let Some(id) = self.server()?.map(|server| server.id) else {
            if let Behind::Pause(_) = behind {
                self.save_if_possible(world)?;
            }
            return Ok(Vec::new());
        };
        // parity may be faster, and the container gone.
        let tell = |arguments: &[&str]| docker(&[arguments, &[&id]].concat()).map_or((), drop);
        match behind {
            Behind::Kill => tell(&["kill"]),
            Behind::Stop => tell(&["stop", "--time", "1"]),
            Behind::Remove => tell(&["rm", "--force", "--volumes"]),
            Behind::Restart => tell(&["restart", "--time", "0"]),
            Behind::Pause(millis) => {
                tell(&["pause"]);
                self.save_if_possible(world)?;
                sleep(Duration::from_millis(millis));
                containers::unpause(&id)?;
            }
            Behind::PauseAndDown => {
                tell(&["pause"]);
                let mut down = self.open("down --timeout 1")?;
                let ended = down.ends_within(COMMAND);
                let fault = match ended {
                    None => Some("`parity down` of a paused server does not end".to_owned()),
                    Some(status) if status.code() != Some(0) && world.engine == Engine::Open && !world.is_hindered() => {
                        Some(format!("`parity down` of a paused server: {status}"))
                    }
                    Some(status) => down.bad_end(status),
                };
                self.screen = down.last_lines();
                return Ok(fault.into_iter().collect());
            }
        }
        Ok(Vec::new())
    }

    fn save_if_possible(&self, world: &World) -> Result<()> {
        if world.is_hindered() || world.fault.is_some() {
            return Ok(());
        }
        self.project.save(crate::walk::Save::Rename, world)
    }

    fn interrupt(&mut self, terminal: u64, after: u64, twice: bool, world: &World) -> Result<Faults> {
        self.save_if_possible(world)?;
        sleep(Duration::from_millis(after));
        if self.sessions.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.sessions.remove(terminal as usize % self.sessions.len());
        let faults = end(&mut session, twice, world.engine);
        self.screen = session.last_lines();
        Ok(faults)
    }

    fn type_command(&mut self, command: Typed, interrupted: Option<u64>, twice: bool, world: &World, before: Expected) -> Result<Faults> {
        let up = format!("up --detach --wait --port {}", self.port);
        let words = match command {
            Typed::Status => "status",
            Typed::Config => "config",
            Typed::Doctor => "doctor",
            Typed::Restart => "restart",
            Typed::Down => "down --timeout 1",
            Typed::Build => "build",
            Typed::UpDetached => &up,
            Typed::Smoke => "smoke --no-probes",
            Typed::Logs => "logs -f",
            Typed::Exec => "exec -- true",
        };
        let mut terminal = self.open(words)?;
        if let Some(after) = interrupted {
            sleep(Duration::from_millis(after));
            let faults = end(&mut terminal, twice, world.engine);
            self.screen = terminal.last_lines();
            return Ok(faults);
        }
        let ended = terminal.ends_within(COMMAND);
        self.screen = terminal.last_lines();
        let Some(status) = ended else { return Ok(vec![format!("`parity {words}` does not end")]) };
        let is_calm = world.may_start() && matches!(before, Expected::Page { .. }) && matches!(world.expected(), Expected::Page { .. });
        if is_calm && status.code() != Some(0) {
            return Ok(vec![format!("`parity {words}`: {status} where nothing is wrong")]);
        }
        Ok(terminal.bad_end(status).into_iter().collect())
    }

    /// Ends all that runs and removes all that is there: the next step begins in a world that is as it should be.
    pub fn clear(&mut self, world: &World) -> Result<()> {
        self.line.mend()?;
        for terminal in self.sessions.iter_mut().chain(&mut self.logs) {
            terminal.signal(Signal::INT);
        }
        for terminal in self.sessions.iter_mut().chain(&mut self.logs) {
            terminal.ends_within(INTERRUPTED);
        }
        self.sessions.clear();
        self.logs.clear();
        self.project.mend(world)?;
        self.project.save(crate::walk::Save::InPlace, world)?;
        self.set_clock(0)?;
        for container in containers::of(&self.root())? {
            let _ = docker(&["rm", "--force", "--volumes", &container.id]);
        }
        for view in containers::views(&self.name) {
            let _ = crate::workplace::output(Command::new("umount").args(["--lazy", &view]));
            let _ = fs::remove_dir(view);
        }
        for leftover in self.project.leftovers(Duration::ZERO) {
            let _ = if leftover.is_dir() { fs::remove_dir_all(leftover) } else { fs::remove_file(leftover) };
        }
        Ok(())
    }

    /// The images that only this project has; they go with it.
    pub fn remove_images(&self) -> Result<usize> {
        let listed = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", &format!("localhost/{}", self.name)])?;
        for image in listed.lines() {
            docker(&["rmi", "--force", image])?;
            // Its name for all projects: no two walks have the same image.
            if let Some((_, digest)) = image.rsplit_once(":up-") {
                let _ = docker(&["rmi", &format!("localhost/parity:{digest}")]);
            }
        }
        Ok(listed.lines().count())
    }
}

/// Ctrl-C, and what is wrong with what comes of it.
fn end(terminal: &mut Terminal, twice: bool, engine: Engine) -> Faults {
    // Only three end a command whose engine hangs.
    let times = if engine == Engine::Stalled { 3 } else { 1 + u32::from(twice) };
    for time in 0..times {
        if time > 0 {
            sleep(AGAIN);
        }
        terminal.signal(Signal::INT);
    }
    sleep(SHORT);
    let limit = if times == 1 { INTERRUPTED } else { HURRIED };
    match terminal.ends_within(limit) {
        None => vec![format!("`{}` does not end within {limit:?} of {times} Ctrl-C", terminal.words)],
        Some(status) if !matches!(status.code(), Some(0..=17 | 130)) => {
            // Between exec and the first line of the program nobody listens yet.
            let is_early = terminal.shown().is_empty() && std::os::unix::process::ExitStatusExt::signal(&status) == Some(2);
            if is_early { Vec::new() } else { vec![format!("`{}` after Ctrl-C: {status}", terminal.words)] }
        }
        Some(_) if terminal.shown().contains("panicked at") => vec![format!("`{}` panicked", terminal.words)],
        Some(_) => Vec::new(),
    }
}
