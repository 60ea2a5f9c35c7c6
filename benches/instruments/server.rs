//! A peer that runs: its copy of the project and its container.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::docker::{Container, Original, free_port};
use crate::http::{address, first_200};
use crate::peers::{How, Peer, Project};
use crate::session::Session;
use crate::workplace::{Workplace, output};
use crate::{Result, patience};

const PROJECTS: &str = "benches/reload/projects";
const OVERLAYS: &str = "benches/instruments/overlays";
const UP: &[&str] = &["up", "--detach", "--port", "0", "--quiet"];
/// Where peers write what they have seen.
pub const MEASURED: &str = ".measured";
/// mod_wsgi-express' own start script is executed, which Docker's directories in memory forbid by default.
const FLAGS: &[&str] = &["--tmpfs", "/express:rw,exec,nosuid,nodev,mode=1777"];
const DEADLINE: Duration = Duration::from_secs(60);
const TRY: Duration = Duration::from_millis(500);

/// Dropping it leaves no container and no copy.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    pub container: String,
    pub image: String,
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

/// A copy of a project with the overlays, for a peer.
pub fn workplace(project: &Project, by: &str, more: &str) -> Result<Workplace> {
    let work = Workplace::copy_of(PROJECTS, project.name)?;
    work.add(&format!("{OVERLAYS}/common"))?;
    work.add(&format!("{OVERLAYS}/{}", project.name))?;
    std::fs::create_dir_all(work.root.join(MEASURED))?;
    work.write("parity.yaml", &format!("env: {{DJANGO_SETTINGS_MODULE: mysite.measured, MEASURED_BY: {by:?}}}\n{more}"))?;
    Ok(work)
}

impl Server {
    /// Starts a peer on a copy of the project.
    pub fn start(peer: &Peer, project: &Project, more: &str) -> Result<Self> {
        let work = workplace(project, peer.by, more)?;
        let mut url = work.run(UP)?;
        if !project.before.is_empty() {
            work.run(project.before)?;
        }
        let original = Original::of(&work)?;
        let image = original.image().to_owned();
        let (runs, container, address) = match &peer.how {
            How::Detached => (Runs::Detached, original.id().to_owned(), address(&url)?),
            How::Foreground(flags) => {
                work.run(&["down"])?;
                let mut session = Session::unwatched(&work, flags)?;
                let container;
                (container, url) = session.container(&work)?;
                (Runs::Parity(session), container, address(&url)?)
            }
            How::Express(flags) => {
                work.run(&["down"])?;
                let container = Container::named(&format!("instruments-{}", work.root.parent().map_or_else(String::new, name)));
                let address = free_port()?;
                original.make_mount_points(&work.root)?;
                output(&mut original.with(&container.0, address.port(), FLAGS, &express(project, flags)))?;
                let name = container.0.clone();
                (Runs::Docker(container), name, address)
            }
        };
        let server = Self { address, container, image, runs, work };
        server.ready()?;
        Ok(server)
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

    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        self.work.run(arguments)
    }

    /// A command in its container; what it wrote to stdout.
    pub fn exec(&self, command: &[&str]) -> Result<String> {
        output(Command::new("docker").args(["exec", &self.container]).args(command))
    }

    /// Ends its container as a deployment would; what it served stays.
    pub fn stop(&self) -> Result<()> {
        output(Command::new("docker").args(["stop", "--time", "20", &self.container])).map(drop)
    }

    /// Where a peer writes what it has seen.
    pub fn measured(&self) -> PathBuf {
        self.work.root.join(MEASURED)
    }

    pub fn root(&self) -> &Path {
        &self.work.root
    }

    /// Removes what it has written.
    pub fn forget(&self) -> Result<()> {
        for entry in std::fs::read_dir(self.measured())? {
            let path = entry?.path();
            if path.is_dir() {
                for inside in std::fs::read_dir(&path)? {
                    std::fs::remove_file(inside?.path())?;
                }
            } else {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn ready(&self) -> Result<()> {
        let answer = patience::until(DEADLINE, || first_200(self.address, "/", TRY).ok())?;
        answer.ok_or_else(|| format!("it does not answer: {}", self.said()).into())
    }

    /// The end of its log.
    fn said(&self) -> String {
        let log = Command::new("docker").args(["logs", "--tail", "5", &self.container]).output();
        let log = log.map(|log| [log.stdout, log.stderr].concat()).unwrap_or_default();
        String::from_utf8_lossy(&log).trim().replace('\n', " | ")
    }
}

/// As `benches/reload` starts it. What looks at requests there has one process with one thread, whatever is said.
fn express(project: &Project, flags: &str) -> Vec<String> {
    let command = format!(
        "mod_wsgi-express start-server {} --server-root /express --port 8000 --processes 1 --threads 5 --log-to-terminal \
         --httpd-executable /usr/sbin/apache2 --modules-directory /usr/lib/apache2/modules --mime-types /etc/mime.types {flags}",
        project.script
    );
    command.split_whitespace().map(String::from).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
