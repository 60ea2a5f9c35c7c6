//! The profiler: it is given to the processes of a server that runs, by the debugger's way in. No image has it.

use serde_json::{Value, json};

use super::archive;
use crate::plan::Plan;
use crate::units::layout;

/// Where it is unpacked: in memory.
const DIRECTORY: &str = "/run/parity/profile";
/// A container that has just begun has not unpacked its own files yet.
const SCRIPT: &str = "i=0; while [ ! -e /run/parity/unpacked ]; do sleep 0.02; i=$((i+1)); [ $i -lt 500 ] || exit 1; done; \
                      mkdir -p -m 700 \"$0\" && printf %s \"$1\" | base64 -d | tar -xzC \"$0\" || exit 92; \
                      exec /opt/venv/bin/python -I -S \"$0/session.py\" \"$2\" \"$3\" \"$4\"";
/// Seconds that the last lines of processes are waited for.
const ENDING: u32 = 2;
/// What calls the processes, for whoever is to be let into them.
pub(super) const SESSION: (&str, &str) = ("session.py", include_str!("../../images/profile/session.py"));

const PROGRAMS: [(&str, &str); 18] = [
    SESSION,
    ("parity_profile/__init__.py", include_str!("../../images/profile/parity_profile/__init__.py")),
    ("parity_profile/calls.py", include_str!("../../images/profile/parity_profile/calls.py")),
    ("parity_profile/codes.py", include_str!("../../images/profile/parity_profile/codes.py")),
    ("parity_profile/kernel.py", include_str!("../../images/profile/parity_profile/kernel.py")),
    ("parity_profile/ledger.py", include_str!("../../images/profile/parity_profile/ledger.py")),
    ("parity_profile/limits.py", include_str!("../../images/profile/parity_profile/limits.py")),
    ("parity_profile/memory.py", include_str!("../../images/profile/parity_profile/memory.py")),
    ("parity_profile/offsets.py", include_str!("../../images/profile/parity_profile/offsets.py")),
    ("parity_profile/priority.py", include_str!("../../images/profile/parity_profile/priority.py")),
    ("parity_profile/reader.py", include_str!("../../images/profile/parity_profile/reader.py")),
    ("parity_profile/routes.py", include_str!("../../images/profile/parity_profile/routes.py")),
    ("parity_profile/sampler.py", include_str!("../../images/profile/parity_profile/sampler.py")),
    ("parity_profile/serving.py", include_str!("../../images/profile/parity_profile/serving.py")),
    ("parity_profile/stacks.py", include_str!("../../images/profile/parity_profile/stacks.py")),
    ("parity_profile/states.py", include_str!("../../images/profile/parity_profile/states.py")),
    ("parity_profile/table.py", include_str!("../../images/profile/parity_profile/table.py")),
    ("parity_profile/watched.py", include_str!("../../images/profile/parity_profile/watched.py")),
];

/// Imports the application in a fresh process; run from a file of its own.
const STARTUP: &str = include_str!("../../images/profile/startup.py");
/// Puts it into memory, where Python can read it as a file.
const RUN: &str = "file=$(mktemp /tmp/parity-startup.XXXXXX) && cat >\"$file\" && /opt/venv/bin/python \"$file\" \"$0\"; code=$?; \
                   rm -f \"$file\"; exit $code";

/// The `User-Agent` of requests that are nobody's. What parity's own client asks is what is to be profiled.
const OWN: [&str; 1] = ["parity-health"];

/// What is run in a container to have its processes profiled: it says on stdout what they say, and ends with its stdin.
pub fn session(rate: f64) -> Vec<String> {
    let files = PROGRAMS.map(|(name, text)| (name.to_owned(), text.to_owned()));
    called(DIRECTORY, WORD, &files, &json!({"rate": rate, "own": OWN, "reads": true}), ENDING)
}

/// What processes are called by.
const WORD: &str = "profile";

/// What is run in a container to have its processes called by a word, and told settings: with these files, which they find in that directory.
pub(super) fn called(directory: &str, word: &str, files: &[(String, String)], settings: &Value, ending: u32) -> Vec<String> {
    ["sh", "-c", SCRIPT, directory, &archive(files), word, &settings.to_string(), &ending.to_string()].map(String::from).to_vec()
}

/// What is run in a container to see what the application's import costs, and its input.
pub fn startup(plan: &Plan) -> (Vec<String>, &'static [u8]) {
    let path: Vec<&String> = plan.python_path.iter().map(|directory| &directory.value).collect();
    let handler = format!("{}/handler.wsgi", layout::ETC);
    let settings = json!({"handler": handler, "working_directory": *plan.working_directory, "python_path": path});
    (["sh", "-c", RUN, &settings.to_string()].map(String::from).to_vec(), STARTUP.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn processes_know_the_words_that_they_are_called_by() {
        let known = crate::runtime::protocol::testing::example("words", "pipe");
        for word in [WORD, crate::render::coverage::WORD] {
            assert!(known.as_array().unwrap().contains(&word.into()), "{word}");
        }
    }

    #[test]
    fn no_file_of_it_is_forgotten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("images/profile");
        let names = |directory: &Path| -> Vec<String> {
            let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
            entries.filter(|path| path.is_file()).map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
        };
        let mut there = names(&root);
        there.extend(names(&root.join("parity_profile")));
        there.sort();
        let mut known: Vec<String> = PROGRAMS.iter().map(|(name, _)| *name).chain(["startup.py"]).map(String::from).collect();
        known.sort();
        assert_eq!(there, known);
        assert!(session(100.0).iter().all(|argument| argument.len() < 100_000), "the kernel takes no longer arguments");
    }
}
