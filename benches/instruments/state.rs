//! A state directory of the benchmark's own: what it records is not among what the user has recorded, and is gone with it.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::Result;

const STATE: &str = "XDG_STATE_HOME";
/// Says that it is the benchmark's.
const OWN: &str = "BENCH_OWN_STATE";

pub fn is_own() -> bool {
    std::env::var_os(OWN).is_some()
}

/// Runs the same program with one, and removes it.
pub fn again_with_own() -> Result<ExitCode> {
    let directory = tempfile::Builder::new().prefix("parity-bench-state-").tempdir()?;
    let status =
        Command::new(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(STATE, directory.path()).env(OWN, "1").status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The stores of requests that are there.
pub fn stores() -> Result<Vec<PathBuf>> {
    let directory = PathBuf::from(std::env::var_os(STATE).unwrap_or_default()).join("parity/requests");
    let Ok(entries) = std::fs::read_dir(directory) else { return Ok(Vec::new()) };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "sqlite")).collect())
}
