//! A warm `parity up -d --wait` until the first 200, against `docker run` of the very same image and configuration.

use std::time::{Duration, Instant};

use crate::Result;
use crate::docker::{Container, Original, free_port};
use crate::http::{address, first_200};
use crate::stats::{Samples, Table, ratio};
use crate::workplace::{Workplace, output};

const UP: &[&str] = &["up", "--detach", "--wait", "--port", "0", "--quiet"];
const DEADLINE: Duration = Duration::from_secs(60);

struct Case {
    title: &'static str,
    project: &'static str,
    /// parity.yaml in place of the project's own.
    file: Option<&'static str>,
    /// Run once before, in the container.
    before: &'static [&'static str],
    change: fn(&Workplace) -> Result<()>,
}

const CASES: &[Case] = &[
    Case { title: "plain WSGI", project: "plain-wsgi", file: None, before: &[], change: |_| Ok(()) },
    Case { title: "Flask", project: "flask-factory", file: None, before: &[], change: |_| Ok(()) },
    Case { title: "Django", project: "django", file: Some("# No hooks.\n"), before: MIGRATE, change: without_static_root },
    Case { title: "Django, collectstatic", project: "django", file: Some("# No hooks.\n"), before: MIGRATE, change: |_| Ok(()) },
];

const MIGRATE: &[&str] = &["exec", "--", "python", "manage.py", "migrate", "--noinput"];

pub fn run(rounds: usize) -> Result<()> {
    println!("## Warm `parity up -d --wait` to the first 200, against `docker run` of the same (ms)\n");
    let mut table = Table::new(&["project", "n", "p50", "p90", "max", "ratio p50", "p90", "round by round"]);
    for case in CASES {
        let (parity, floor) = measure(case, rounds)?;
        table.samples(&format!("{}: docker run", case.title), &floor, 0, []);
        let ratios = [parity.percentile(50.0) / floor.percentile(50.0), parity.percentile(90.0) / floor.percentile(90.0)];
        let ratios = ratios.into_iter().chain([parity.over(&floor).percentile(50.0)]);
        table.samples(&format!("{}: parity up", case.title), &parity, 0, ratios.map(ratio));
    }
    table.print();
    Ok(())
}

fn measure(case: &Case, rounds: usize) -> Result<(Samples, Samples)> {
    let work = Workplace::of(case.project)?;
    if let Some(content) = case.file {
        work.write("parity.yaml", content)?;
    }
    (case.change)(&work)?;
    // Builds the image if need be, and leaves everything as a second day's `up` finds it. What the application
    // needs before it can answer 200 is made in between.
    work.run(&["up", "--detach", "--port", "0", "--quiet"])?;
    if !case.before.is_empty() {
        work.run(case.before)?;
    }
    work.run(&["down"])?;
    work.run(UP)?;
    let original = Original::of(&work)?;
    work.run(&["down"])?;
    let (mut parity, mut floor) = (Samples::default(), Samples::default());
    for round in 0..rounds {
        // Neither is always the one that comes after the other's clearing up.
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                floor.push_time(docker_run(&work, &original)?);
            } else {
                parity.push_time(parity_up(&work)?);
            }
        }
    }
    Ok((parity, floor))
}

/// From the start of the process until this process has seen a 200 at the URL that it printed.
fn parity_up(work: &Workplace) -> Result<Duration> {
    let begun = Instant::now();
    let url = work.run(UP)?;
    first_200(address(&url)?, "/", DEADLINE)?;
    let took = begun.elapsed();
    work.run(&["down"])?;
    Ok(took)
}

/// From the start of the process until a 200, asked for as soon as `docker run` is done. Asking from the beginning would
/// be slower: a connection made before the container's network is up waits a whole second for TCP to try again.
fn docker_run(work: &Workplace, original: &Original) -> Result<Duration> {
    let container = Container::named("floor");
    let address = free_port()?;
    let mut command = original.again(&container.0, address.port());
    original.make_mount_points(&work.root)?;
    let begun = Instant::now();
    output(&mut command)?;
    first_200(address, "/", DEADLINE)?;
    Ok(begun.elapsed())
}

/// Without STATIC_ROOT there is nowhere to collect to.
fn without_static_root(work: &Workplace) -> Result<()> {
    let name = "mysite/settings/base.py";
    let settings = std::fs::read_to_string(work.root.join(name))?;
    let kept: Vec<&str> = settings.lines().filter(|line| !line.starts_with("STATIC_ROOT")).collect();
    work.write(name, &(kept.join("\n") + "\n"))
}
