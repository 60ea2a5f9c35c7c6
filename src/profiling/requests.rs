//! What was seen of each recorded request, until it has ended. Others are not told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Key, Node, Process, Profile, Weight};

/// Requests that are under way, and that wait for whoever stores them; beyond that the oldest are dropped.
const MOST: usize = 5_000;
/// Different stacks of one request; what is beyond is left out.
const MOST_STACKS: usize = 20_000;
/// Characters of what the server calls a request.
const LONGEST_ID: usize = 100;

/// A recorded request that has ended.
#[derive(Debug)]
pub struct Seen {
    /// What the server calls it: Apache's `%L`.
    pub server_id: String,
    /// Of this request alone.
    pub profile: Profile,
}

/// A process, and the number that it has given to a request.
type Number = (u32, u64);

#[derive(Debug, Default)]
pub(super) struct Requests {
    open: BTreeMap<Number, BTreeMap<u32, Weight>>,
    ended: Vec<Seen>,
}

impl Requests {
    /// A stack of a request was seen. Number 0 stands for all those that are not told apart.
    pub fn add(&mut self, number: Number, node: u32, weight: Weight) {
        if number.1 == 0 {
            return;
        }
        let stacks = self.open.entry(number).or_default();
        if stacks.len() < MOST_STACKS || stacks.contains_key(&node) {
            *stacks.entry(node).or_default() += weight;
        }
        if self.open.len() > MOST {
            self.open.pop_first();
        }
    }

    /// All that was seen of it is here now. Of a short one that may be nothing.
    pub fn end(&mut self, number: Number, server_id: String, profile: &Profile) {
        let stacks = self.open.remove(&number).unwrap_or_default();
        if self.ended.len() < MOST && server_id.len() <= LONGEST_ID {
            self.ended.push(Seen { server_id, profile: part(profile, &stacks) });
        }
    }

    pub fn ended(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.ended)
    }
}

/// A profile of these stacks alone.
fn part(whole: &Profile, stacks: &BTreeMap<u32, Weight>) -> Profile {
    let mut used = BTreeSet::new();
    for leaf in stacks.keys() {
        let mut at = *leaf;
        while at != 0 && used.insert(at) {
            at = whole.nodes[at as usize].parent;
        }
    }
    let mut part = Profile::new(whole.rate);
    let mut functions = BTreeMap::new();
    let mut nodes = BTreeMap::from([(0, 0)]);
    // In their order, so that a parent comes before its children.
    for number in used {
        let Node { parent, function, line } = whole.nodes[number as usize];
        let function = *functions.entry(function).or_insert_with(|| {
            part.functions.push(whole.functions[function as usize].clone());
            part.functions.len() as u32 - 1
        });
        nodes.insert(number, part.nodes.len() as u32);
        part.nodes.push(Node { parent: nodes[&parent], function, line });
    }
    part.routes.push(String::new());
    part.processes.push(Process { requests: 1, ..Process::default() });
    part.counts = stacks.iter().map(|(leaf, weight)| (Key { node: nodes[leaf], route: 0, process: 0 }, *weight)).collect();
    part
}
