//! A peer that runs: its copy of the project, its container, and how a save gets there.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::docker::{Container, Original, free_port};
use crate::http::{address, first_200};
use crate::patience;
use crate::peers::{self, How, Peer};
use crate::projects::{self, Project};
use crate::session::Session;
use crate::source::Source;
use crate::workplace::{Workplace, output};

const LOCK: &str = "parity.lock";
const UP: &[&str] = &["up", "--detach", "--port", "0", "--quiet"];
/// Until the first answer, also after a restart.
const DEADLINE: Duration = Duration::from_secs(60);
const TRY: Duration = Duration::from_millis(500);
const FREEZE: Duration = Duration::from_secs(10);

/// What is served, and by how many.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    pub project: &'static Project,
    pub processes: u32,
    /// Of another copy: the base is not chosen anew.
    pub lock: Option<&'a str>,
    /// Another build of parity.
    pub program: Option<&'a Path>,
}

/// Dropping it leaves no container and no copy.
#[derive(Debug)]
pub struct Server {
    pub peer: &'static Peer,
    pub address: SocketAddr,
    pub container: String,
    pub source: Source,
    // In the order of dropping: who serves, then what is served.
    runs: Runs,
    work: Workplace,
}

/// What keeps the container running.
#[derive(Debug)]
enum Runs {
    Docker(#[allow(dead_code, reason = "dropping it removes the container")] Container),
    Parity(Session),
    /// Nothing; `parity down` ends it.
    Detached,
}

impl Server {
    /// Starts a peer on a copy of the project.
    pub fn start(peer: &'static Peer, Setup { project, processes, lock, program }: Setup) -> Result<Self> {
        let mut work = Workplace::copy_of(projects::DIRECTORY, project.name)?;
        if let Some(program) = program {
            work = work.with_program(program);
        }
        let count = processes.to_string();
        let several = ["--processes", &count];
        let up = [UP, &several].concat();
        if let Some(lock) = lock {
            work.write(LOCK, lock)?;
        }
        let (runs, container, address) = match peer.how {
            How::Parity(flags) | How::Foreground(flags) => {
                let flags = [flags, &several].concat();
                let mut session = if peer.is_parity() { Session::start(&work, &flags) } else { Session::unwatched(&work, &flags) }?;
                let (container, url) = session.container(&work)?;
                (Runs::Parity(session), container, address(&url)?)
            }
            How::Detached => {
                let url = work.run(&up)?;
                (Runs::Detached, Original::of(&work)?.id().to_owned(), address(&url)?)
            }
            How::Command(command) => run(&work, &up, peer, |_| peers::words(command, project, processes))?,
            How::Restart => run(&work, &up, peer, Original::command)?,
        };
        let source = Source::of(work.root.join(project.source))?;
        let server = Self { peer, address, container, source, runs, work };
        server.ready()?;
        Ok(server)
    }

    /// What the copy's base is locked to.
    pub fn lock(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.work.root.join(LOCK))?)
    }

    /// Wakes the container up, works with it and puts it to sleep again: a peer that looks for changes all the time takes
    /// nothing from another's turn.
    pub fn awake<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.thaw()?;
        self.ready()?;
        let done = work(self)?;
        self.freeze()?;
        Ok(done)
    }

    /// A busy machine may not freeze all processes in the time that the engine allows for it; then it is asked again.
    pub fn freeze(&self) -> Result<()> {
        patience::until(FREEZE, || self.tell("pause").ok())?.map_or_else(|| self.tell("pause"), Ok)
    }

    fn thaw(&self) -> Result<()> {
        self.tell("unpause")
    }

    /// parity's containers stay awake: nothing in them looks for changes, and where an exec is just beginning in a container that
    /// is paused, as parity's may at any time, the engine waits for ever.
    fn tell(&self, what: &str) -> Result<()> {
        match self.runs {
            Runs::Parity(_) => Ok(()),
            _ => output(Command::new("docker").args([what, &self.container])).map(drop),
        }
    }

    /// What a peer that does not follow saves needs after one.
    pub fn after_save(&self) -> Result<()> {
        match self.peer.how {
            How::Restart => output(Command::new("docker").args(["restart", "-t", "1", &self.container])).map(drop),
            _ => Ok(()),
        }
    }

    /// The process on this machine that belongs to it, if there is one.
    pub fn process(&self) -> Option<u32> {
        match &self.runs {
            Runs::Parity(session) => Some(session.process()),
            _ => None,
        }
    }

    /// Begins another command of parity's in its project.
    pub fn parity(&self, arguments: &[&str]) -> Command {
        self.work.parity(arguments)
    }

    fn ready(&self) -> Result<()> {
        let answer = patience::until(DEADLINE, || match first_200(self.address, "/", TRY) {
            Ok(()) => Some(Ok(())),
            Err(_) if !self.is_running() => Some(Err("it ended")),
            Err(_) => None,
        })?;
        answer.unwrap_or(Err("it does not answer")).map_err(|what| format!("{what}: {}", self.said()).into())
    }

    fn is_running(&self) -> bool {
        output(Command::new("docker").args(["inspect", "--format", "{{.State.Running}}", &self.container]))
            .is_ok_and(|said| said.trim() == "true")
    }

    /// The end of its log.
    fn said(&self) -> String {
        let log = Command::new("docker").args(["logs", "--tail", "5", &self.container]).output();
        let log = log.map(|log| [log.stdout, log.stderr].concat()).unwrap_or_default();
        String::from_utf8_lossy(&log).trim().replace('\n', " | ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A container that sleeps cannot be stopped.
        let _ = self.thaw();
    }
}

/// A container that is like parity's but for its command.
fn run(work: &Workplace, up: &[&str], peer: &Peer, command: impl Fn(&Original) -> Vec<String>) -> Result<(Runs, String, SocketAddr)> {
    work.run(up)?;
    let original = Original::of(work)?;
    work.run(&["down"])?;
    let container = Container::named(peer.name);
    let address = free_port()?;
    let label = format!("parity-bench={}", std::process::id());
    let flags = [peers::FLAGS, &["--label", &label]].concat();
    original.make_mount_points(&work.root)?;
    output(&mut original.with(&container.0, address.port(), &flags, &command(&original)))?;
    let name = container.0.clone();
    Ok((Runs::Docker(container), name, address))
}
