//! The Python that parity has beside an application in a container (`images/runtime`): instruments in the processes that serve it, and
//! programs of their own. It comes with the container's arguments, and no image has it.
//!
//! What it says and is told is in [`protocol`]; `docs/protocol.md` describes it.

pub mod protocol;

use std::collections::BTreeSet;

/// A file of the package: its path below `images/runtime`, and its text.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../../images/runtime/", $path)))),*] };
}

/// What all of it needs.
const BASE: &[File] = files![
    "parity_runtime/__init__.py",
    "parity_runtime/disk.py",
    "parity_runtime/instruments.py",
    "parity_runtime/layout.py",
    "parity_runtime/protocol/__init__.py",
    "parity_runtime/protocol/message.py",
    "parity_runtime/traced.py",
    "instruments.py",
];

/// Programs that are run in a container which has instruments.
const PROGRAMS: &[File] = files!["run.py"];

const DEBUG: &[File] = files![
    "parity_runtime/debug/__init__.py",
    "parity_runtime/debug/breakpoints.py",
    "parity_runtime/debug/console.py",
    "parity_runtime/debug/hook.py",
    "parity_runtime/debug/keys.py",
    "parity_runtime/debug/link.py",
    "parity_runtime/debug/peer.py",
    "parity_runtime/debug/prompt.py",
    "parity_runtime/debug/requests.py",
    "parity_runtime/debug/session.py",
    "parity_runtime/debug/tools.py",
    "parity_runtime/protocol/debug.py",
    "parity_runtime/recording.py",
];

const RELOAD: &[File] = files![
    "parity_runtime/protocol/agent.py",
    "parity_runtime/protocol/worker.py",
    "parity_runtime/reload/__init__.py",
    "parity_runtime/reload/agent/__init__.py",
    "parity_runtime/reload/agent/doubting.py",
    "parity_runtime/reload/agent/draining.py",
    "parity_runtime/reload/agent/ends.py",
    "parity_runtime/reload/agent/files.py",
    "parity_runtime/reload/agent/generation.py",
    "parity_runtime/reload/agent/held.txt",
    "parity_runtime/reload/agent/main.py",
    "parity_runtime/reload/agent/notes.py",
    "parity_runtime/reload/agent/output.py",
    "parity_runtime/reload/agent/processes.py",
    "parity_runtime/reload/agent/recycling.py",
    "parity_runtime/reload/agent/session.py",
    "parity_runtime/reload/agent/slots.py",
    "parity_runtime/reload/agent/telling.py",
    "parity_runtime/reload/config.py",
    "parity_runtime/reload/deaths.py",
    "parity_runtime/reload/nudge.py",
    "parity_runtime/reload/routing.py",
    "parity_runtime/reload/takeover.py",
    "parity_runtime/reload/worker/__init__.py",
    "parity_runtime/reload/worker/ahead.py",
    "parity_runtime/reload/worker/application.py",
    "parity_runtime/reload/worker/audit.py",
    "parity_runtime/reload/worker/bytecode.py",
    "parity_runtime/reload/worker/context.py",
    "parity_runtime/reload/worker/errors.py",
    "parity_runtime/reload/worker/importing.py",
    "parity_runtime/reload/worker/imports.py",
    "parity_runtime/reload/worker/likeness.py",
    "parity_runtime/reload/worker/main.py",
    "parity_runtime/reload/worker/modules.py",
    "parity_runtime/reload/worker/namespaces.py",
    "parity_runtime/reload/worker/page.py",
    "parity_runtime/reload/worker/passing.py",
    "parity_runtime/reload/worker/planning.py",
    "parity_runtime/reload/worker/prepared.py",
    "parity_runtime/reload/worker/reading.py",
    "parity_runtime/reload/worker/silence.py",
    "parity_runtime/reload/worker/state.py",
    "parity_runtime/reload/worker/telling.py",
    "parity_runtime/reload/worker/touched.py",
    "parity_runtime/reload/worker/underway.py",
    "parity_runtime/reload/worker/values.py",
    "ready.py",
];

const VALIDATOR: &[File] = files![
    "parity_runtime/protocol/smoke.py",
    "parity_runtime/smoke/__init__.py",
    "parity_runtime/smoke/instrument.py",
    "parity_runtime/smoke/validator.py",
];

const COVERAGE: &[File] =
    files!["parity_runtime/coverage/__init__.py", "parity_runtime/coverage/child.py", "parity_runtime/coverage/instrument.py"];

/// The same for processes that run already.
const ATTACHED: &[File] = files!["parity_runtime/coverage/attached.py", "parity_runtime/coverage/sources.py"];

/// Loads the application in processes of their own.
const LOADING: &[File] = files![
    "parity_runtime/protocol/smoke.py",
    "parity_runtime/smoke/__init__.py",
    "parity_runtime/smoke/loading/__init__.py",
    "parity_runtime/smoke/loading/main.py",
    "parity_runtime/smoke/loading/seen.py",
    "parity_runtime/smoke/loading/watching.py",
    "parity_runtime/smoke/loading/ways.py",
];

/// Reports on what coverage.py has measured; run from a file of its own.
pub const COVERAGE_REPORT: &str = include_str!("../../images/runtime/parity_runtime/coverage/report.py");
/// What an application sees of its server; run from a file of its own.
pub const PROBE: &str = include_str!("../../images/runtime/parity_runtime/fidelity/probe.py");
/// Has that look around in a server.
pub const ASKING: &str = include_str!("../../images/runtime/parity_runtime/fidelity/asking.py");
/// Passes on what Apache says of requests; run from a file of its own.
pub const REQUEST_LOG: &str = include_str!("../../images/runtime/parity_runtime/request_log.py");
/// What Python and its libraries say where another process holds what is wanted, a pattern a line.
pub const HELD: &str = include_str!("../../images/runtime/parity_runtime/reload/agent/held.txt");

/// The script that Apache runs first in a process, and the one that says that it has ended.
pub const SCRIPT: &str = "instruments.py";

/// What is installed in the processes that serve the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instrument {
    /// Which lines run: before all that imports something of the project.
    Coverage,
    /// The debugger's way in: before all others that are there, as it may wait for somebody.
    Debug,
    Reload,
    Validator,
    /// The recorder of requests, whose files [`crate::render::record`] has.
    Record,
}

impl Instrument {
    fn name(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Debug => "debug",
            Self::Reload => "reload",
            Self::Validator => "validator",
            Self::Record => "record",
        }
    }

    fn files(self) -> [&'static [File]; 2] {
        match self {
            Self::Coverage => [COVERAGE, &[]],
            Self::Debug => [DEBUG, PROGRAMS],
            Self::Reload => [RELOAD, PROGRAMS],
            Self::Validator => [VALIDATOR, &[]],
            Self::Record => [&[], &[]],
        }
    }
}

/// The files that these instruments need, by their paths in one directory; none where there is no instrument.
pub fn files(instruments: &BTreeSet<Instrument>) -> Vec<(String, String)> {
    if instruments.is_empty() {
        return Vec::new();
    }
    let parts: BTreeSet<File> = instruments.iter().flat_map(|one| one.files()).chain([BASE]).flatten().copied().collect();
    let names = instruments.iter().map(|one| format!("{}\n", one.name())).collect();
    parts.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).chain([("instruments.txt".to_owned(), names)]).collect()
}

/// What `run.py load` needs, for `parity smoke`. It comes with the question, so that both ends are of one parity.
pub fn loading() -> Vec<(String, String)> {
    let parts: BTreeSet<File> = [BASE, PROGRAMS, LOADING].into_iter().flatten().copied().collect();
    parts.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// coverage.py's instrument for processes that run already: a package of its own, as they may have another version of `parity_runtime`.
pub fn attached_coverage() -> Vec<(String, String)> {
    let files = COVERAGE.iter().chain(ATTACHED);
    files.map(|(path, text)| (path.replacen("parity_runtime/coverage", "parity_coverage", 1), (*text).to_owned())).collect()
}

/// Runs a program of the package in a container.
pub fn program(words: &[&str]) -> Vec<String> {
    ["/opt/venv/bin/python", "-I", "-S", "/etc/parity/run.py"].iter().chain(words).map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn below(directory: &Path, root: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| match path.is_dir() {
                true => below(&path, root),
                false => vec![path.strip_prefix(root).unwrap().display().to_string()],
            })
            .collect()
    }

    #[test]
    fn no_file_of_the_package_is_forgotten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("images/runtime");
        let alone = ["parity_runtime/fidelity/__init__.py", "parity_runtime/fidelity/asking.py", "parity_runtime/fidelity/probe.py"];
        let alone = alone.into_iter().chain(["parity_runtime/request_log.py", "parity_runtime/coverage/report.py"]);
        let shipped = [BASE, PROGRAMS, COVERAGE, ATTACHED, DEBUG, LOADING, RELOAD, VALIDATOR].into_iter().flatten();
        let shipped = shipped.map(|(path, _)| *path);
        let known: BTreeSet<String> = shipped.chain(alone).map(String::from).collect();
        let there = below(&root, &root).into_iter();
        let there: BTreeSet<String> =
            there.filter(|path| !path.contains("_cache") && !path.contains("__pycache__") && path != "pyproject.toml").collect();
        assert_eq!(there, known);
    }

    #[test]
    fn only_what_is_wanted_comes_along() {
        let files = |instruments: &[Instrument]| files(&instruments.iter().copied().collect());
        assert_eq!(files(&[]), []);
        let text = |files: &[(String, String)]| files.iter().find(|(name, _)| name == "instruments.txt").unwrap().1.clone();
        let debug = files(&[Instrument::Debug]);
        assert_eq!(text(&debug), "debug\n");
        assert!(!debug.iter().any(|(path, _)| path.contains("reload")));
        // The debugger waits for its console before anything is imported.
        assert_eq!(text(&files(&[Instrument::Reload, Instrument::Debug])), "debug\nreload\n");
        assert!(!files(&[Instrument::Validator]).iter().any(|(path, _)| path.contains("run.py")));
    }
}
