//! The walk's containers, as the engine and the kernel have them: looked at past parity.

use std::process::Command;

use crate::Result;
use crate::walk::Victim;
use crate::workplace::output;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    pub name: String,
    pub state: String,
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
    let label = format!("label=dev.parity.project={root}");
    let listed = docker(&["ps", "--all", "--no-trunc", "--filter", &label, "--format", "{{.ID}} {{.Names}} {{.State}}"])?;
    let read = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Container { id: words.next()?, name: words.next()?, state: words.next()? })
    };
    Ok(listed.lines().filter_map(read).collect())
}

/// The one that serves.
pub fn server(root: &str, name: &str) -> Result<Option<Container>> {
    Ok(of(root)?.into_iter().find(|container| container.name == name))
}

pub fn docker(arguments: &[&str]) -> Result<String> {
    output(Command::new("docker").args(arguments))
}

/// The processes that a step is to end, in the order of their numbers.
pub fn victims(id: &str, victim: Victim) -> Result<Vec<u32>> {
    let processes = processes(id)?;
    let is_apache = |process: &Process| process.command.starts_with("/usr/sbin/apache2 ");
    let parents: Vec<u32> = processes.iter().filter(|process| is_apache(process)).map(|process| process.pid).collect();
    let is_child = |process: &Process| parents.contains(&process.parent);
    let is_one = |process: &Process| match victim {
        Victim::Agent => process.command.contains("/etc/parity/agent.py"),
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
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut found: Vec<String> = mounts.split_whitespace().filter(|word| word.starts_with(&place)).map(str::to_owned).collect();
    let directories = std::fs::read_dir("/run/parity").into_iter().flatten().flatten().map(|entry| entry.path().display().to_string());
    found.extend(directories.filter(|path| path.starts_with(&place)));
    found.sort();
    found.dedup();
    found
}

/// Processes that have a mark in their environment, with their parents.
pub fn marked(mark: &str) -> Vec<(u32, u32, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let path = entry.path();
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
            let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default();
            let command = String::from_utf8_lossy(&std::fs::read(path.join("cmdline")).unwrap_or_default()).replace('\0', " ");
            found.push((pid, parent, command));
        }
    }
    found
}
