//! Walks through a world in which everything goes wrong: files are saved, broken and locked, processes and containers are killed, the disk
//! fills, the engine goes away, clocks jump, and people press Ctrl-C. After each step an oracle looks. A seed decides the walk. See
//! `benches/README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod containers;
mod line;
mod oracle;
mod project;
mod random;
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
use std::time::Instant;

use random::Random;
use stage::Stage;
use tally::Tally;
use walk::World;
use workplace::Workplace;

/// What does not work is told in its place.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: cargo bench --bench chaos -- [--seed N] [--steps N] [--walks N] [--trace]\n\
                     walks run side by side, with seeds that follow each other";
/// The first walk's.
const PORT: u16 = 18_400;

#[derive(Debug, Clone, Copy)]
struct Options {
    seed: u64,
    steps: usize,
    walks: u64,
    trace: bool,
}

impl Options {
    fn from(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { seed: 1, steps: 500, walks: 1, trace: false };
        while let Some(word) = given.next() {
            let mut number = || given.next().and_then(|number| number.parse::<u64>().ok()).ok_or(USAGE);
            match word.as_str() {
                // Cargo says it to every benchmark.
                "--bench" => {}
                "--seed" => options.seed = number()?,
                "--steps" => options.steps = number()? as usize,
                "--walks" => options.walks = number()?,
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
    let begun = Instant::now();
    let walks: Vec<Result<Tally>> = std::thread::scope(|scope| {
        let walks: Vec<_> = (0..options.walks)
            .map(|number| {
                scope.spawn({
                    let lock = &lock;
                    move || walk(options, number, lock)
                })
            })
            .collect();
        walks.into_iter().map(|walk| walk.join().unwrap_or_else(|_| Err("a walk panicked".into()))).collect()
    });
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
    match (tally.faults(), troubles.as_slice()) {
        (0, []) => Ok(()),
        (0, troubles) => Err(troubles.join("\n").into()),
        (faults, _) => Err(format!("{faults} faults").into()),
    }
}

/// What pins the base of all images. It is made, or found, once.
fn lock() -> Result<String> {
    let work = Workplace::of("plain-wsgi")?;
    work.run(&["build"])?;
    // As of a project that has been served.
    Ok(std::fs::read_to_string(work.root.join("parity.lock"))?.replace("provisional = true\n", ""))
}

fn walk(options: Options, number: u64, lock: &str) -> Result<Tally> {
    let seed = options.seed + number;
    let mut random = Random::new(seed);
    let mut world = World::default();
    let mut stage = Stage::set(seed, PORT + number as u16, lock, &world)?;
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
    for number in 1..=options.steps {
        if patience::interrupted() {
            return Ok(());
        }
        let step = world.choose(random);
        let before = world.expected();
        world.take(step);
        let begun = Instant::now();
        stage.screen.clear();
        let mut faults = stage.perform(step, world, before).map_err(|error| format!("walk {seed}, step {number}, {step:?}: {error}"))?;
        faults.extend(oracle::judge(stage, world, &mut tally.growth)?);
        let took = begun.elapsed();
        tally.add(step.kind(), took, faults.len());
        if options.trace {
            println!("walk {seed}, step {number}: {step:?}, {} ms", took.as_millis());
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
