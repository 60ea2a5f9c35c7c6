//! Commands that must feel like nothing: `parity --help`, and `parity status` against one call of the engine's API.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::http::Connection;
use crate::stats::{Samples, Table};
use crate::workplace::{PARITY, Workplace, output};

/// They take milliseconds, so many fit in.
const TIMES: usize = 5;

pub fn run(rounds: usize) -> Result<()> {
    println!("## Short commands (ms)\n");
    let work = Workplace::of("plain-wsgi")?;
    work.run(&["up", "--detach", "--wait", "--port", "0", "--quiet"])?;
    let status: Value = serde_json::from_str(&work.run(&["status", "--format", "json"])?)?;
    let path = format!("/containers/{}/json", status["name"].as_str().ok_or("the server does not run")?);
    let [mut nothing, mut help, mut status, mut call] = [const { None }; 4].map(|_: Option<()>| Samples::default());
    for _ in 0..rounds * TIMES {
        nothing.push_time(time(|| output(&mut Command::new("/bin/true")))?);
        help.push_time(time(|| output(Command::new(PARITY).arg("--help")))?);
        call.push_time(time(|| ask(&path))?);
        status.push_time(time(|| work.run(&["status"]))?);
    }
    let mut table = Table::new(&["", "n", "p50", "p90", "max"]);
    table.samples("a process that does nothing (/bin/true)", &nothing, 1, []);
    table.samples("parity --help", &help, 1, []);
    table.samples("one call of the engine's API (inspect)", &call, 1, []);
    table.samples("parity status", &status, 1, []);
    table.samples("parity status beyond the call, round by round", &status.beyond(&call), 1, []);
    table.print();
    Ok(())
}

fn time<T>(work: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

/// One GET over the engine's socket.
fn ask(path: &str) -> Result<()> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let socket = host.strip_prefix("unix://").ok_or("the call is measured on a socket of this machine only")?;
    match Connection::open_socket(socket)?.get(path)? {
        (200, _) => Ok(()),
        (status, _) => Err(format!("HTTP {status} from the engine").into()),
    }
}
