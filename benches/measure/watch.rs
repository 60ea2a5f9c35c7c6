//! Watching 100,000 files in 10,000 directories: until ready, in memory, at rest, and until a burst of saves is given out.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parity::watch::{Burst, Limits, Notice, Options, Watcher};

use crate::Result;
use crate::stats::{Samples, Table};
use crate::workplace::output;

/// Directories in directories, and files in each of the inner ones.
const SHAPE: (usize, usize, usize) = (100, 99, 10);
const REST: Duration = Duration::from_secs(5);
/// The clock of `/proc/self/stat`, on every Linux that there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// The argument with which this program starts itself, to watch in a fresh process.
pub const CHILD: &str = "watch-in-a-fresh-process";

pub fn run(rounds: usize) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("parity-bench-").tempdir()?;
    let files = grow(directory.path())?;
    let (mut ready, mut memory) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        let [time, kib, _] = child(directory.path(), Duration::ZERO)?;
        ready.push(time);
        memory.push(kib / 1024.0);
    }
    let [.., at_rest] = child(directory.path(), REST)?;
    println!("## Watching {} files in {} directories\n", files.len(), watch(directory.path())?.directories());
    let mut table = Table::new(&["", "n", "p50", "p90", "max"]);
    table.samples("until ready (ms)", &ready, 0, []);
    table.samples("memory (MiB)", &memory, 1, []);
    table.print();
    println!("At rest for {} s it took {at_rest:.1} % of one core.\n", REST.as_secs());
    bursts(directory.path(), &files, rounds)
}

fn grow(root: &Path) -> Result<Vec<PathBuf>> {
    let (outer, inner, each) = SHAPE;
    let mut files = Vec::new();
    for directory in (0..outer).flat_map(|first| (0..inner).map(move |second| format!("package{first}/module{second}"))) {
        let directory = root.join(directory);
        std::fs::create_dir_all(&directory)?;
        files.extend((0..each).map(|file| directory.join(format!("file{file}.py"))));
    }
    // The rest of the round number lies beside them.
    files.extend((files.len()..outer * (inner + 1) * each).map(|file| root.join(format!("file{file}.py"))));
    for file in &files {
        std::fs::write(file, "x = 1\n")?;
    }
    Ok(files)
}

fn watch(root: &Path) -> Result<Watcher> {
    Ok(Watcher::start(root, Options { polling: false, skip: Arc::new(|_| false) })?)
}

/// Milliseconds until ready, KiB that it took, and percents of a core that it takes at rest.
fn child(root: &Path, rest: Duration) -> Result<[f64; 3]> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([OsStr::new(CHILD), root.as_os_str(), OsStr::new(&rest.as_secs().to_string())]);
    let said = output(&mut command)?;
    let figures: Vec<f64> = said.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
    Ok(figures.try_into().map_err(|_| "not three figures")?)
}

/// What the fresh process does.
pub fn in_child(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let (root, rest) = arguments.next().zip(arguments.next()).ok_or("a directory and seconds")?;
    let memory = resident()?;
    let begin = Instant::now();
    let watcher = watch(Path::new(&root))?;
    let ready = begin.elapsed().as_secs_f64() * 1000.0;
    let memory = resident()? - memory;
    let rest: u64 = rest.parse()?;
    let before = ticks()?;
    thread::sleep(Duration::from_secs(rest));
    let share = (ticks()? - before) / TICKS_PER_SECOND / (rest.max(1) as f64) * 100.0;
    println!("{ready} {memory} {share}");
    drop(watcher);
    Ok(())
}

/// KiB of this process in memory.
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

/// The processor time of this process so far.
fn ticks() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // After the program's name, which is in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok(fields[11].parse::<f64>()? + fields[12].parse::<f64>()?)
}

/// One burst after the other, as `parity up` waits for it.
fn bursts(root: &Path, files: &[PathBuf], rounds: usize) -> Result<()> {
    println!("## From the last write of a burst until it is given out (ms)\n");
    let mut table = Table::new(&["files", "n", "p50", "p90", "max", "given out in parts"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut watcher = watch(root)?;
    for size in [1, 2, 100, 1000] {
        let (mut samples, mut parted) = (Samples::default(), 0);
        for _ in 0..rounds {
            // Spread over the directories.
            let files: Vec<PathBuf> = files.iter().step_by(files.len() / size).take(size).cloned().collect();
            let writer = thread::spawn(move || files.iter().try_for_each(|file| std::fs::write(file, "x = 2\n")).map(|()| Instant::now()));
            let (given_out, parts) = runtime.block_on(until_given_out(&mut watcher, size))?;
            let written = writer.join().map_err(|_| "the writer panicked")??;
            samples.push_time(given_out.saturating_duration_since(written));
            parted += usize::from(parts > 1);
        }
        table.samples(&size.to_string(), &samples, 1, [parted.to_string()]);
    }
    table.print();
    Ok(())
}

/// When the last of so many files was given out, and in how many parts they were.
async fn until_given_out(watcher: &mut Watcher, mut files: usize) -> Result<(Instant, usize)> {
    let mut burst = Burst::new(Limits::default());
    let mut parts = 0;
    while files > 0 {
        let due = burst.due().unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
        tokio::select! {
            notice = watcher.next() => match notice {
                Notice::Changed(changes) => changes.into_iter().for_each(|change| burst.add(change, Instant::now())),
                other => return Err(format!("{other:?}").into()),
            },
            () = tokio::time::sleep_until(due.into()) => {
                let changes = burst.take(Instant::now(), false).ok_or("no event came")?;
                files = files.saturating_sub(changes.len());
                parts += 1;
            }
        }
    }
    Ok((Instant::now(), parts))
}
