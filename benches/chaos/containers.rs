//! The walk's containers, as the engine and the kernel have them: looked at past parity.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::engine;
use crate::walk::Victim;
use crate::workplace::output;
use crate::{Result, patience};

/// By then Docker has let a container go on, unless it never does.
const UNPAUSED: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    pub name: String,
    pub state: String,
    /// The name of its image.
    pub image: String,
}

/// A process in a container, by its number on this machine.
#[derive(Debug)]
struct Process {
    pid: u32,
    parent: u32,
    command: String,
}

/// All that are of a project.
pub fn of(root: &str) -> Result<Vec<Container>> {
    let text = |of: &serde_json::Value| Some(of.as_str()?.to_owned());
    let read = |found: serde_json::Value| {
        let name = text(&found["Names"][0])?.trim_start_matches('/').to_owned();
        Some(Container { id: text(&found["Id"])?, name, state: text(&found["State"])?, image: text(&found["Image"])? })
    };
    let mut found = engine::list("containers", "label", &format!("dev.parity.project={root}"))?;
    // `parity doctor` tries whether the engine sees the project.
    let has_it = |found: &serde_json::Value| found["Mounts"].as_array().into_iter().flatten().any(|mount| mount["Source"] == root);
    found.extend(engine::list("containers", "label", "dev.parity.profile=trial")?.into_iter().filter(has_it));
    Ok(found.into_iter().filter_map(read).collect())
}

/// The names of images that a project has use for.
pub fn images(name: &str) -> Result<Vec<String>> {
    let found = engine::list("images", "reference", &format!("localhost/{name}"))?;
    let names = found.iter().flat_map(|image| image["RepoTags"].as_array().into_iter().flatten());
    let of_ours = format!("localhost/{name}:up-");
    Ok(names.filter_map(|name| name.as_str()).filter(|name| name.starts_with(&of_ours)).map(str::to_owned).collect())
}

/// The one that serves.
pub fn server(root: &str, name: &str) -> Result<Option<Container>> {
    Ok(of(root)?.into_iter().find(|container| container.name == name))
}

pub fn docker(arguments: &[&str]) -> Result<String> {
    output(Command::new("docker").args(arguments))
}

/// Docker waits for ever where a command began in the container as it was paused, and so does each command about it. Its processes are
/// told to go on by the kernel then.
pub fn unpause(id: &str) -> Result<()> {
    let mut command = Command::new("docker").args(["unpause", id]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let begun = Instant::now();
    while command.try_wait()?.is_none() {
        if begun.elapsed() > UNPAUSED {
            let groups = [
                (format!("/sys/fs/cgroup/freezer/docker/{id}/freezer.state"), "THAWED"),
                (format!("/sys/fs/cgroup/system.slice/docker-{id}.scope/cgroup.freeze"), "0"),
                (format!("/sys/fs/cgroup/docker/{id}/cgroup.freeze"), "0"),
            ];
            // One of them is there.
            groups.iter().for_each(|(file, go_on)| fs::write(file, go_on).unwrap_or_default());
        }
        patience::sleep(STEP)?;
    }
    Ok(())
}

/// The processes that a step is to end, in the order of their numbers.
pub fn victims(id: &str, victim: Victim) -> Result<Vec<u32>> {
    let processes = processes(id)?;
    let is_apache = |process: &Process| process.command.starts_with("/usr/sbin/apache2 ");
    let parents: Vec<u32> = processes.iter().filter(|process| is_apache(process)).map(|process| process.pid).collect();
    let is_child = |process: &Process| parents.contains(&process.parent);
    let is_one = |process: &Process| match victim {
        Victim::Agent => process.command.contains("run.py agent"),
        Victim::Daemon => process.command.starts_with("(wsgi:"),
        Victim::ApacheParent => is_apache(process) && !is_child(process),
        Victim::ApacheChild => is_apache(process) && is_child(process),
        Victim::FirstTerminal | Victim::LastTerminal => false,
    };
    Ok(processes.iter().filter(|process| is_one(process)).map(|process| process.pid).collect())
}

fn processes(id: &str) -> Result<Vec<Process>> {
    let listed = docker(&["top", id, "-eo", "pid,ppid,args"])?;
    let read = |line: &str| {
        let (pid, rest) = line.trim().split_once(' ')?;
        let (parent, command) = rest.trim().split_once(' ')?;
        Some(Process { pid: pid.parse().ok()?, parent: parent.parse().ok()?, command: command.trim().to_owned() })
    };
    Ok(listed.lines().skip(1).filter_map(read).collect())
}

/// Views of the project that are mounted, or whose directory is there.
pub fn views(name: &str) -> Vec<String> {
    let place = format!("/run/parity/{name}");
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut found: Vec<String> = mounts.split_whitespace().filter(|word| word.starts_with(&place)).map(str::to_owned).collect();
    let directories = fs::read_dir("/run/parity").into_iter().flatten().flatten().map(|entry| entry.path().display().to_string());
    found.extend(directories.filter(|path| path.starts_with(&place)));
    found.sort();
    found.dedup();
    found
}

/// Processes that have a mark in their environment, with their parents.
pub fn marked(mark: &str) -> Vec<(u32, u32, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let path = entry.path();
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
            let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default();
            let command = String::from_utf8_lossy(&fs::read(path.join("cmdline")).unwrap_or_default()).replace('\0', " ");
            found.push((pid, parent, command));
        }
    }
    found
}
