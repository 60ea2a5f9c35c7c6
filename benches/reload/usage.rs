//! What a server has taken of the machine.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::http::Connection;
use crate::server::Server;

/// At one moment: CPU time, and memory that is of no file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu: Duration,
    pub bytes: u64,
}

/// Of the container, and of parity on this machine.
pub fn usage(server: &Server) -> Result<[Usage; 2]> {
    Ok([container(&server.container)?, server.process().map(process).transpose()?.unwrap_or_default()])
}

fn container(id: &str) -> Result<Usage> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let socket = host.strip_prefix("unix://").ok_or("the engine is asked on a socket of this machine only")?;
    let (_, answer) = Connection::open_socket(socket)?.get(&format!("/containers/{id}/stats?stream=false&one-shot=true"))?;
    let stats: Value = serde_json::from_slice(&answer)?;
    let cpu = stats["cpu_stats"]["cpu_usage"]["total_usage"].as_u64().ok_or("the engine does not say the CPU time")?;
    // Control groups of the second version call it anon.
    let memory = &stats["memory_stats"]["stats"];
    let bytes = memory["anon"].as_u64().or(memory["total_rss"].as_u64()).ok_or("the engine does not say the memory")?;
    Ok(Usage { cpu: Duration::from_nanos(cpu), bytes })
}

/// `/proc/PID/stat` counts in hundredths of a second, which is too coarse here.
fn process(id: u32) -> Result<Usage> {
    let mut cpu = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let said = fs::read_to_string(thread?.path().join("schedstat"))?;
        cpu += Duration::from_nanos(said.split(' ').next().unwrap_or_default().parse()?);
    }
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(Usage { cpu, bytes: kilobytes.unwrap_or_default() * 1024 })
}
