//! What a server costs while nobody asks and nothing is saved: looking for changes, and keeping processes ready.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::Connection;
use crate::lineup::LineUp;
use crate::options::Options;
use crate::server::Server;
use crate::stats::Table;
use crate::{Result, patience};

/// Until what the last turn caused is over.
const BEFORE: Duration = Duration::from_secs(3);
const TIME: Duration = Duration::from_secs(10);

/// At one moment: CPU time, and memory that is of no file.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    cpu: Duration,
    bytes: u64,
}

/// Of the container, and of parity on this machine.
struct Cost {
    percent: [f64; 2],
    megabytes: [f64; 2],
}

pub fn run(lineup: &mut LineUp, _: &Options) -> Result<()> {
    let production = lineup.production.awake(cost)?;
    let turns = lineup.turns(0, cost)?;
    println!("### Idle for {} s\n", TIME.as_secs());
    let mut table = Table::new(&["", "CPU, % of a core", "outside the container", "memory, MB", "outside the container"]);
    let titles = lineup.entries.iter().map(|entry| entry.peer.title);
    for (title, cost) in [(lineup.production.peer.title, Some(production))].into_iter().chain(titles.zip(turns)) {
        if let Some(Cost { percent, megabytes }) = cost {
            let cells = percent.map(|percent| format!("{percent:.2}")).into_iter().chain(megabytes.map(|size| format!("{size:.0}")));
            table.row([title.to_owned()].into_iter().chain(cells));
        }
    }
    table.print();
    Ok(())
}

fn cost(server: &mut Server) -> Result<Cost> {
    patience::sleep(BEFORE)?;
    let (begun, before) = (Instant::now(), usage(server)?);
    patience::sleep(TIME)?;
    let (time, after) = (begun.elapsed(), usage(server)?);
    Ok(Cost {
        percent: [0, 1].map(|part| 100.0 * (after[part].cpu - before[part].cpu).as_secs_f64() / time.as_secs_f64()),
        megabytes: after.map(|usage| usage.bytes as f64 / 1e6),
    })
}

fn usage(server: &Server) -> Result<[Usage; 2]> {
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
