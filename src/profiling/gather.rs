//! Adds up what the processes say: lines of JSON, written by `images/profile/parity_profile`.
//!
//! The application runs as the profiler's user and can write in its name, so nothing in a line is more than data: numbers that refer to
//! nothing are passed over, and there is a limit to all that is kept.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::model::{Function, Key, Node, Process, Profile, Weight};
use super::place::place;
use super::requests::{Requests, Seen};

/// Bytes of a line.
const MOST_OF_A_LINE: usize = 16 << 20;
const MOST_PROCESSES: usize = 1_000;
const MOST_NODES: usize = 1_000_000;
const MOST_FUNCTIONS: usize = 200_000;
const MOST_ROUTES: usize = 2_000;
const MOST_CHARACTERS: usize = 1_000;
/// No sample stands for more than an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Begun {
        pid: u32,
        #[serde(rename = "begun")]
        _begun: f64,
        python: String,
        states: bool,
        #[serde(default)]
        inside: Option<String>,
    },
    News(Box<News>),
    Collecting {
        collecting: bool,
    },
}

type Count = (u32, u32, u64, u64, u64, u64, u64, u64);

#[derive(Debug, Deserialize)]
struct News {
    pid: u32,
    /// Number, file, name, line.
    codes: Vec<(u32, String, String, u32)>,
    /// Number, parent, code, line.
    nodes: Vec<(u32, u32, u32, u32)>,
    routes: Vec<(u32, String)>,
    /// Node, route, samples, and microseconds on a CPU, waiting, waiting for the GIL, for a CPU; the number of a recorded request, or 0.
    counts: Vec<Count>,
    /// Recorded requests that have ended: their numbers, and what the server calls them.
    ended: Vec<(u64, String)>,
    ticks: u64,
    active: u64,
    requests: u64,
    cut: u64,
}

/// A process' numbers of what the profile has.
#[derive(Debug, Default)]
struct Known {
    process: u32,
    codes: HashMap<u32, u32>,
    nodes: HashMap<u32, u32>,
    routes: HashMap<u32, u32>,
}

/// A profile that grows.
#[derive(Debug)]
pub struct Gathering {
    profile: Profile,
    known: BTreeMap<u32, Known>,
    functions: HashMap<Function, u32>,
    nodes: HashMap<(u32, u32, u32), u32>,
    routes: HashMap<String, u32>,
    requests: Requests,
    /// Another command profiles the server.
    pub is_busy: bool,
}

impl Gathering {
    pub fn new(rate: f64) -> Self {
        Self {
            profile: Profile::new(rate),
            known: BTreeMap::new(),
            functions: HashMap::new(),
            nodes: HashMap::new(),
            routes: HashMap::new(),
            requests: Requests::default(),
            is_busy: false,
        }
    }

    /// Processes that are profiled, or have been.
    pub fn processes(&self) -> usize {
        self.profile.processes.len()
    }

    /// What was seen of recorded requests that have ended since the last time.
    pub fn ended_requests(&mut self) -> Vec<Seen> {
        self.requests.ended()
    }

    pub fn finish(self) -> Profile {
        self.profile
    }

    /// Takes a line in. What is none is passed over.
    pub fn feed(&mut self, line: &[u8]) {
        if line.len() > MOST_OF_A_LINE {
            return;
        }
        match serde_json::from_slice(line) {
            Ok(Line::Begun { pid, _begun, python, states, inside }) if self.profile.processes.len() < MOST_PROCESSES => {
                let process = self.profile.processes.len() as u32;
                let inside = inside.map(cut);
                self.profile.processes.push(Process { pid, python: cut(python), states, inside, ..Process::default() });
                self.known.insert(pid, Known { process, nodes: [(0, 0)].into(), ..Known::default() });
            }
            Ok(Line::News(news)) => self.news(*news),
            Ok(Line::Collecting { collecting }) => self.is_busy |= !collecting,
            _ => {}
        }
    }

    fn news(&mut self, news: News) {
        let Some(mut known) = self.known.remove(&news.pid) else { return };
        for (number, file, name, line) in news.codes {
            if let Some(function) = self.function(file, name, line) {
                known.codes.insert(number, function);
            }
        }
        for (number, parent, code, line) in news.nodes {
            if let (Some(parent), Some(function)) = (known.nodes.get(&parent), known.codes.get(&code))
                && let Some(node) = self.node(*parent, *function, line)
            {
                known.nodes.insert(number, node);
            }
        }
        for (number, route) in news.routes {
            if let Some(route) = self.route(route) {
                known.routes.insert(number, route);
            }
        }
        for (node, route, samples, cpu, wait, gil, queue, request) in news.counts {
            if let (Some(node), Some(route)) = (known.nodes.get(&node), known.routes.get(&route))
                && [cpu, wait, gil, queue].iter().all(|part| *part < LONGEST)
            {
                let key = Key { node: *node, route: *route, process: known.process };
                let weight = Weight { samples, cpu, wait, gil, queue };
                *self.profile.counts.entry(key).or_default() += weight;
                self.requests.add((known.process, request), *node, weight);
            }
        }
        for (request, server_id) in news.ended {
            self.requests.end((known.process, request), server_id, &self.profile);
        }
        let process = &mut self.profile.processes[known.process as usize];
        process.ticks = process.ticks.saturating_add(news.ticks);
        process.active = process.active.saturating_add(news.active);
        process.requests = process.requests.saturating_add(news.requests);
        self.profile.cut = self.profile.cut.saturating_add(news.cut);
        self.known.insert(news.pid, known);
    }

    fn function(&mut self, file: String, name: String, line: u32) -> Option<u32> {
        let (file, package) = place(&cut(file));
        let function = Function { name: cut(name), file, line, package };
        if let Some(known) = self.functions.get(&function) {
            return Some(*known);
        }
        let number = u32::try_from(self.profile.functions.len()).ok().filter(|number| (*number as usize) < MOST_FUNCTIONS)?;
        self.functions.insert(function.clone(), number);
        self.profile.functions.push(function);
        Some(number)
    }

    fn node(&mut self, parent: u32, function: u32, line: u32) -> Option<u32> {
        let number = u32::try_from(self.profile.nodes.len()).ok()?;
        if let Some(known) = self.nodes.get(&(parent, function, line)) {
            return Some(*known);
        }
        if self.profile.nodes.len() >= MOST_NODES {
            return None;
        }
        self.nodes.insert((parent, function, line), number);
        self.profile.nodes.push(Node { parent, function, line });
        Some(number)
    }

    fn route(&mut self, route: String) -> Option<u32> {
        let route = cut(route);
        if let Some(known) = self.routes.get(&route) {
            return Some(*known);
        }
        let number = u32::try_from(self.profile.routes.len()).ok().filter(|number| (*number as usize) < MOST_ROUTES)?;
        self.routes.insert(route.clone(), number);
        self.profile.routes.push(route);
        Some(number)
    }
}

/// A text of limited length, on one line.
fn cut(text: String) -> String {
    text.chars().take(MOST_CHARACTERS).map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::model::Package;

    fn fed(lines: &[&str]) -> Profile {
        let mut gathering = Gathering::new(100.0);
        lines.iter().for_each(|line| gathering.feed(line.as_bytes()));
        gathering.finish()
    }

    const BEGUN: &str = r#"{"pid": 7, "begun": 1.5, "python": "3.13.5", "switch": 0.005, "states": true}"#;

    fn news(pid: u32, counts: &str) -> String {
        format!(
            r#"{{"pid": {pid}, "codes": [[0, "/app/wsgi.py", "application", 3]], "nodes": [[1, 0, 0, 5], [2, 9, 0, 1]],
                "routes": [[0, "/"]], "counts": {counts}, "ended": [[5, "of-five"]], "ticks": 2, "active": 20000, "requests": 1, "cut": 0}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn processes_are_added_up() {
        let other = BEGUN.replace('7', "8");
        let profile =
            fed(&[BEGUN, &other, &news(7, "[[1, 0, 1, 10, 20, 30, 4, 0]]"), &news(8, "[[1, 0, 2, 1, 2, 3, 0, 0]]"), &news(7, "[]")]);
        assert!(profile.is_sound());
        assert_eq!(profile.functions.len(), 1);
        assert_eq!((profile.functions[0].file.as_str(), &profile.functions[0].package), ("wsgi.py", &Package::Project));
        assert_eq!(profile.nodes.len(), 2);
        assert_eq!(profile.total(), Weight { samples: 3, cpu: 11, wait: 22, gil: 33, queue: 4 });
        assert_eq!((profile.requests(), profile.processes.len()), (3, 2));
        assert!((profile.achieved() - 100.0).abs() < 1e-6);
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        let lines = ["nonsense", "{}", "[1]", r#"{"pid": -1}"#, r#"{"collecting": true}"#];
        assert_eq!(fed(&lines), Profile::new(100.0));
        // Of a process that has not begun; of nodes and routes that there are not.
        assert_eq!(fed(&[&news(9, "[[1, 0, 1, 10, 20, 30, 4, 0]]")]), Profile::new(100.0));
        let profile = fed(&[
            BEGUN,
            &news(7, "[[5, 0, 1, 1, 1, 1, 1, 0], [1, 5, 1, 1, 1, 1, 1, 0], [2, 0, 1, 1, 1, 1, 1, 0], [1, 0, 1, 99999999999, 0, 0, 0, 0]]"),
        ]);
        assert!(profile.is_sound() && profile.counts.is_empty());
        assert!(fed(&[r#"{"collecting": false}"#]).counts.is_empty());
    }
    #[test]
    fn a_recorded_request_has_a_profile_of_its_own() {
        let mut gathering = Gathering::new(100.0);
        let counts = "[[1, 0, 2, 10, 20, 30, 4, 5], [1, 0, 9, 1, 1, 1, 1, 6], [1, 0, 9, 1, 1, 1, 1, 0]]";
        [BEGUN, &news(7, counts), &news(8, counts)].iter().for_each(|line| gathering.feed(line.as_bytes()));
        let [seen] = <[Seen; 1]>::try_from(gathering.ended_requests()).unwrap();
        assert_eq!(seen.server_id, "of-five");
        assert!(seen.profile.is_sound());
        assert_eq!(seen.profile.total(), Weight { samples: 2, cpu: 10, wait: 20, gil: 30, queue: 4 });
        assert!(gathering.ended_requests().is_empty());
        assert_eq!(gathering.finish().total().samples, 20);
    }
}
