//! A profile: calls as a tree, and how long each of its stacks was seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::place::UNSEEN;

/// What was seen of a server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Samples in a second that were asked for.
    pub rate: f64,
    pub functions: Vec<Function>,
    /// A node's parent comes before it; the first is the root, and has no function.
    pub nodes: Vec<Node>,
    pub routes: Vec<String>,
    pub processes: Vec<Process>,
    #[serde(with = "listed")]
    pub counts: BTreeMap<Key, Weight>,
    /// Stacks that were cut off: more were seen than are kept.
    pub cut: u64,
}

/// A stack of a route in a process, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub node: u32,
    pub route: u32,
    pub process: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Function {
    /// `Shop.total`, as Python calls it.
    pub name: String,
    /// Below the project's directory, or below the directory that packages are installed in.
    pub file: String,
    /// Where it begins.
    pub line: u32,
    pub package: Package,
}

/// Whose code it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Package {
    Project,
    /// A directory or module of site-packages.
    Library(String),
    /// A module of Python's own.
    Python(String),
}

impl Package {
    /// For people: what a folded table and a legend have.
    pub fn label(&self) -> String {
        match self {
            Package::Project => "project".into(),
            Package::Library(name) => name.clone(),
            Package::Python(name) => format!("{name} (Python)"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub parent: u32,
    pub function: u32,
    /// The line that ran, or called.
    pub line: u32,
}

/// A process that served.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// Its version.
    pub python: String,
    /// The kernel says which of its threads wait, and where.
    pub states: bool,
    /// What kept it from being read from beside, so that a thread of its own samples the others.
    #[serde(skip)]
    pub inside: Option<String>,
    pub ticks: u64,
    /// Microseconds in which there were requests.
    pub active: u64,
    /// Requests that ended.
    pub requests: u64,
}

/// Samples, and the time in microseconds that they stand for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    pub samples: u64,
    pub cpu: u64,
    /// For something else than the GIL: input and output, locks, sleep.
    pub wait: u64,
    /// Ready to run, but for the GIL.
    pub gil: u64,
    /// Ready to run, but no CPU was free.
    pub queue: u64,
}

impl Weight {
    pub fn wall(self) -> u64 {
        [self.wait, self.gil, self.queue].into_iter().fold(self.cpu, u64::saturating_add)
    }
}

impl std::ops::AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.samples = self.samples.saturating_add(other.samples);
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.wait = self.wait.saturating_add(other.wait);
        self.gil = self.gil.saturating_add(other.gil);
        self.queue = self.queue.saturating_add(other.queue);
    }
}

impl Profile {
    pub fn new(rate: f64) -> Self {
        Self { rate, nodes: vec![Node { parent: 0, function: u32::MAX, line: 0 }], ..Self::default() }
    }

    pub fn total(&self) -> Weight {
        let mut total = Weight::default();
        self.counts.values().for_each(|weight| total += *weight);
        total
    }

    /// The time of requests that ended before the profiler got the interpreter's lock, in microseconds.
    pub fn unseen(&self) -> u64 {
        let is_unseen = |node: u32| {
            let function = (node != 0).then(|| self.function(self.nodes[node as usize]));
            function.is_some_and(|function| function.package == Package::Library(UNSEEN.into()))
        };
        self.counts.iter().filter(|(key, _)| is_unseen(key.node)).map(|(_, weight)| weight.wall()).sum()
    }

    pub fn requests(&self) -> u64 {
        self.processes.iter().map(|process| process.requests).sum()
    }

    /// Samples in a second and process while there were requests; 0 where there were none.
    pub fn achieved(&self) -> f64 {
        let (ticks, active) = self.processes.iter().fold((0, 0), |(ticks, active), one| (ticks + one.ticks, active + one.active));
        if active == 0 { 0.0 } else { ticks as f64 * 1e6 / active as f64 }
    }

    /// The nodes of a stack, from the outermost call to the innermost.
    pub fn stack(&self, leaf: u32) -> Vec<Node> {
        let mut stack = Vec::new();
        let mut at = leaf;
        while at != 0 {
            let node = self.nodes[at as usize];
            stack.push(node);
            at = node.parent;
        }
        stack.reverse();
        stack
    }

    pub fn function(&self, node: Node) -> &Function {
        &self.functions[node.function as usize]
    }

    /// Does everything in it refer to something in it, and to nothing that comes later? What was read from a file may not.
    pub fn is_sound(&self) -> bool {
        let nodes = self.nodes.iter().enumerate().skip(1);
        !self.nodes.is_empty()
            && nodes.clone().all(|(number, node)| (node.parent as usize) < number && (node.function as usize) < self.functions.len())
            && self.counts.keys().all(|key| {
                (key.node as usize) < self.nodes.len()
                    && (key.route as usize) < self.routes.len()
                    && (key.process as usize) < self.processes.len()
            })
    }
}

/// Counts as a list, as the keys of JSON are texts.
mod listed {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Key, Weight};

    pub fn serialize<S: Serializer>(counts: &BTreeMap<Key, Weight>, serializer: S) -> Result<S::Ok, S::Error> {
        counts.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Key, Weight>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
