//! Calls as a tree of functions, without lines, as flame graphs show them.

use std::collections::HashMap;

use super::model::{Profile, Weight};

#[derive(Debug, Clone)]
pub struct Call {
    /// `None`: of the root.
    pub function: Option<u32>,
    /// It and all that it calls.
    pub total: Weight,
    pub own: Weight,
    pub children: Vec<usize>,
}

/// The first is the root.
pub fn calls(profile: &Profile) -> Vec<Call> {
    let new = |function| Call { function, total: Weight::default(), own: Weight::default(), children: Vec::new() };
    let mut calls = vec![new(None)];
    let mut known: HashMap<(usize, u32), usize> = HashMap::new();
    // Nodes by their number: a parent's comes first.
    let mut at = vec![0; profile.nodes.len()];
    let mut parents = vec![0];
    for (number, node) in profile.nodes.iter().enumerate().skip(1) {
        let parent = at[node.parent as usize];
        at[number] = *known.entry((parent, node.function)).or_insert_with(|| {
            calls.push(new(Some(node.function)));
            parents.push(parent);
            let call = calls.len() - 1;
            calls[parent].children.push(call);
            call
        });
    }
    for (key, weight) in &profile.counts {
        calls[at[key.node as usize]].own += *weight;
    }
    for call in (0..calls.len()).rev() {
        let own = calls[call].own;
        calls[call].total += own;
        if call > 0 {
            let total = calls[call].total;
            calls[parents[call]].total += total;
        }
    }
    // Nothing that was never seen: a stack that was cut off leaves some.
    for call in 0..calls.len() {
        let mut children = std::mem::take(&mut calls[call].children);
        children.retain(|child| calls[*child].total.samples > 0);
        calls[call].children = children;
    }
    calls
}
