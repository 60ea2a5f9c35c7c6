//! Walks through a world in which everything goes wrong: files are saved, broken and locked, processes and containers are killed, the disk
//! fills, the engine goes away, clocks jump, and people press Ctrl-C. After each step an oracle looks. A seed decides the walk. See
//! `benches/README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod client;
mod containers;
mod engine;
mod images;
mod line;
mod oracle;
mod project;
mod random;
mod seeded;
mod stage;
mod tally;
mod terminal;
mod walk;

#[path = "../reload/patience.rs"]
#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod patience;
#[path = "../measure/stats.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod stats;
#[path = "../measure/workplace.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod workplace;

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use client::Client;
use random::Random;
use stage::Stage;
use tally::Tally;
use walk::World;
use workplace::Workplace;

/// What does not work is told in its place.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: cargo bench --bench chaos -- [--seed N] [--steps N] [--walks N] [--jobs N] [--trace] [--check]\n\
                     --walks: so many, with seeds that follow each other\n\
                     --jobs: so many of them at once\n\
                     --trace: a line for each step\n\
                     --check: no walk; is each fault that is seeded seen?";
/// Ports follow from seeds, so that two campaigns may run at once.
const PORTS: std::ops::Range<u16> = 18_400..19_400;

#[derive(Debug, Clone, Copy)]
struct Options {
    seed: u64,
    steps: usize,
    walks: u64,
    jobs: u64,
    trace: bool,
    check: bool,
}

impl Options {
    fn from(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { seed: 1, steps: 500, walks: 1, jobs: 4, trace: false, check: false };
        while let Some(word) = given.next() {
            let mut number = || given.next().and_then(|number| number.parse::<u64>().ok()).ok_or(USAGE);
            match word.as_str() {
                // Cargo says it to every benchmark.
                "--bench" => {}
                "--seed" => options.seed = number()?,
                "--steps" => options.steps = number()? as usize,
                "--walks" => options.walks = number()?,
                "--jobs" => options.jobs = number()?.max(1),
                "--check" => options.check = true,
                "--trace" => options.trace = true,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<()> {
    let options = Options::from(std::env::args().skip(1))?;
    if !rustix::process::geteuid().is_root() {
        return Err("it mounts disks and works for several users: it takes root".into());
    }
    patience::end_on_signals()?;
    println!("{}", workplace::machine());
    let lock = lock()?;
    if options.check {
        return seeded::check(options.seed, port(options.seed), &lock);
    }
    let begun = Instant::now();
    let walks = walks(options, &lock);
    let mut tally = Tally::default();
    let mut troubles = Vec::new();
    for walk in walks {
        match walk {
            Ok(one) => tally.merge(one),
            Err(trouble) => troubles.push(trouble.to_string()),
        }
    }
    tally.print();
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    println!("{} walks, {} steps, {} faults, {minutes:.1} minutes", options.walks, tally.steps(), tally.faults());
    // A walk that has trouble of its own ends early.
    troubles.iter().for_each(|trouble| println!("trouble: {trouble}"));
    match (tally.faults(), troubles.len()) {
        (0, 0) => Ok(()),
        (faults, troubles) => Err(format!("{faults} faults, {troubles} walks with trouble of the campaign's own").into()),
    }
}

/// Each job takes the next walk when it has ended one.
fn walks(options: Options, lock: &str) -> Vec<Result<Tally>> {
    let next = AtomicU64::new(0);
    let job = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed)).take_while(|number| *number < options.walks);
        numbers.map(|number| walk(options, options.seed + number, lock)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..options.jobs).map(|_| scope.spawn(job)).collect();
        jobs.into_iter().flat_map(|job| job.join().unwrap_or_else(|_| vec![Err("a walk panicked".into())])).collect()
    })
}

fn port(seed: u64) -> u16 {
    PORTS.start + (seed % u64::from(PORTS.end - PORTS.start)) as u16
}

/// What pins the base of all images. It is made, or found, once.
fn lock() -> Result<String> {
    let work = Workplace::of("plain-wsgi")?;
    work.run(&["build"])?;
    // As of a project that has been served.
    Ok(std::fs::read_to_string(work.root.join("parity.lock"))?.replace("provisional = true\n", ""))
}

fn walk(options: Options, seed: u64, lock: &str) -> Result<Tally> {
    let mut random = Random::new(seed);
    let mut world = World::default();
    let mut stage = Stage::set(seed, port(seed), lock, &world)?;
    println!("walk {seed}: {}", stage.about());
    let mut tally = Tally::default();
    let walked = steps(options, seed, &mut random, &mut world, &mut stage, &mut tally);
    let cleared = stage.clear(&world);
    let images = stage.remove_images()?;
    println!("walk {seed}: {} steps, {} faults, {images} images of its own", tally.steps(), tally.faults());
    walked.and(cleared).map(|()| tally)
}

fn steps(options: Options, seed: u64, random: &mut Random, world: &mut World, stage: &mut Stage, tally: &mut Tally) -> Result<()> {
    oracle::judge(stage, world, &mut tally.growth)?;
    let client = Client::of(stage.port);
    for number in 1..=options.steps {
        if patience::interrupted() {
            return Ok(());
        }
        let step = world.choose(random);
        let before = world.expected();
        world.take(step);
        let loses_nothing = step.loses_nothing() && matches!(before, walk::Expected::Page { .. });
        let session = stage.serves();
        client.take();
        let begun = Instant::now();
        stage.screen.clear();
        let kills_session = matches!(step, walk::Step::Kill(walk::Victim::FirstTerminal | walk::Victim::LastTerminal));
        stage.is_attended = !stage.sessions.is_empty() && !kills_session;
        let mut faults = stage.perform(step, world, before).map_err(|error| format!("walk {seed}, step {number}, {step:?}: {error}"))?;
        let done = begun.elapsed();
        faults.extend(oracle::judge(stage, world, &mut tally.growth)?);
        let took = begun.elapsed();
        let looked = took - done;
        let asked = client.take();
        let is_same = session.is_some() && session == stage.serves();
        if loses_nothing && is_same && asked.lost > 0 {
            faults.push(format!("{} of {} requests were lost, the last by {}", asked.lost, asked.requests, asked.why));
        }
        tally.add(step.kind(), took, &asked, faults.len());
        if options.trace {
            println!("walk {seed}, step {number}: {step:?}, {} ms, {} of them for the oracle", took.as_millis(), looked.as_millis());
        }
        if faults.is_empty() {
            continue;
        }
        for fault in &faults {
            println!("FAULT walk {seed}, step {number}, {step:?}: {fault}");
        }
        println!("  {}", stage.screens().replace('\n', "\n  "));
        *world = world.calm();
        stage.clear(world)?;
        // What is wrong with the next step is another fault.
        oracle::judge(stage, world, &mut tally.growth)?;
    }
    Ok(())
}
