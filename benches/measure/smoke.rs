//! `parity smoke` with 20 checks, against a script of `docker run`, curl and `docker rm`; and 500 checks at once against one curl
//! after the other.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;
use crate::docker::{Container, Original, free_port};
use crate::http::{address, first_200};
use crate::stats::{Samples, Table, ratio};
use crate::workplace::{Workplace, output};

const FEW: usize = 20;
const MANY: usize = 500;
const DEADLINE: Duration = Duration::from_secs(60);
const QUIET: &[&str] = &["smoke", "--quiet"];
const WITHOUT_PROBES: &[&str] = &["smoke", "--quiet", "--no-probes"];

pub fn run(rounds: usize) -> Result<()> {
    whole(rounds)?;
    many(rounds)
}

/// From nothing to nothing: start, 20 requests, removal.
fn whole(rounds: usize) -> Result<()> {
    let work = Workplace::of("plain-wsgi")?;
    // The container is looked at while a check that fails has it kept.
    work.write("parity.yaml", "smoke: [{request: {path: /}, expect: {status: 418}}]\n")?;
    let _ = work.parity(&["smoke", "--no-probes", "--keep-on-failure"]).output()?;
    let kept = Original::of(&work)?;
    work.run(&["down"])?;
    work.write("parity.yaml", &checks(FEW))?;
    // The image with the other parity.yaml in it.
    work.run(WITHOUT_PROBES)?;
    let (mut script, mut parity, mut probes) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..rounds {
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                script.push_time(docker_and_curl(&kept)?);
            } else {
                parity.push_time(timed(|| work.run(WITHOUT_PROBES).map(|_| ()))?);
            }
        }
        probes.push_time(timed(|| work.run(QUIET).map(|_| ()))?);
    }
    println!("## `parity smoke` with {FEW} checks, warm image, plain WSGI (ms)\n");
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "ratio p50", "round by round"]);
    table.samples("docker run, curl in a loop, docker rm", &script, 0, []);
    for (name, samples) in [("parity smoke --no-probes", &parity), ("parity smoke", &probes)] {
        let ratios = [samples.percentile(50.0) / script.percentile(50.0), samples.over(&script).percentile(50.0)];
        table.samples(name, samples, 0, ratios.map(ratio));
    }
    table.print();
    Ok(())
}

/// The same requests to a server that runs.
fn many(rounds: usize) -> Result<()> {
    let work = Workplace::of("plain-wsgi")?;
    let url = work.run(&["up", "--detach", "--wait", "--port", "0", "--quiet"])?;
    let url = url.trim();
    work.write("parity.yaml", &checks(MANY))?;
    let flags = ["smoke", "--quiet", "--url", url, "--jobs", "8"];
    let (mut curls, mut parity) = (Samples::default(), Samples::default());
    for round in 0..rounds {
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                curls.push_time(timed(|| curl(url, MANY))?);
            } else {
                parity.push_time(timed(|| work.run(&flags).map(|_| ()))?);
            }
        }
    }
    println!("## {MANY} checks of a server that runs (ms)\n");
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "times faster, p50", "round by round"]);
    table.samples("curl, one after the other", &curls, 0, []);
    let faster = [curls.percentile(50.0) / parity.percentile(50.0), curls.over(&parity).percentile(50.0)];
    table.samples("parity smoke --jobs 8", &parity, 0, faster.map(ratio));
    table.print();
    Ok(())
}

/// A parity.yaml with so many checks, each of a URL of its own.
fn checks(count: usize) -> String {
    let checks = (0..count).map(|number| {
        format!("  - {{name: check {number}, request: {{path: '/?{number}'}}, expect: {{status: 200, body: [{{contains: hello}}]}}}}\n")
    });
    format!("smoke:\n{}", checks.collect::<String>())
}

fn docker_and_curl(original: &Original) -> Result<Duration> {
    let container = Container::named("smoke");
    let address = free_port()?;
    let mut command = original.again(&container.0, address.port());
    timed(|| {
        output(&mut command)?;
        first_200(address, "/", DEADLINE)?;
        curl(&format!("http://{address}"), FEW)?;
        container.remove();
        Ok(())
    })
}

/// One process for each request, which must succeed.
fn curl(url: &str, count: usize) -> Result<()> {
    address(url)?;
    for number in 0..count {
        output(Command::new("curl").args(["--silent", "--fail", "--output", "/dev/null", &format!("{url}/?{number}")]))?;
    }
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}
