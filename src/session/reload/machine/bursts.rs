//! What was saved while the application was being loaded: burst by burst, as it may have been read in the middle of one.

use std::collections::{BTreeSet, HashSet};

/// Changed files, those that belong together together.
#[derive(Debug, Default)]
pub struct Bursts {
    over: Vec<BTreeSet<String>>,
    going_on: BTreeSet<String>,
}

impl Bursts {
    pub fn add(&mut self, file: String) {
        self.going_on.insert(file);
    }

    /// What has come until now belongs together.
    pub fn settle(&mut self) {
        if !self.going_on.is_empty() {
            self.over.push(std::mem::take(&mut self.going_on));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.over.is_empty() && self.going_on.is_empty()
    }

    /// All files, each once.
    pub fn files(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.over.iter().flatten().chain(&self.going_on).collect();
        all.into_iter().cloned().collect()
    }

    /// May what was loaded have one file of a burst from before it and another from after it? `read`: the files that it was
    /// loaded from; `stale`: those of them that are not on disk any more as they were read. A single file is always of one
    /// moment, also where it was saved again and again.
    pub fn are_torn(&self, read: &[String], stale: &[String]) -> bool {
        if !self.over.iter().any(|burst| burst.len() > 1) {
            return false;
        }
        let (read, stale): (HashSet<&String>, HashSet<&String>) = (read.iter().collect(), stale.iter().collect());
        let mut several = 0;
        self.over.iter().any(|burst| {
            let of_it: Vec<bool> = burst.iter().filter(|file| read.contains(file)).map(|file| stale.contains(file)).collect();
            several += u32::from(of_it.len() > 1);
            // Which of two bursts made a file stale cannot be known.
            several > 1 || (of_it.contains(&true) && of_it.contains(&false))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bursts(of: &[&[&str]]) -> Bursts {
        let mut bursts = Bursts::default();
        for burst in of {
            burst.iter().for_each(|file| bursts.add((*file).to_owned()));
            bursts.settle();
        }
        bursts
    }

    #[test]
    fn what_was_read_on_both_sides_of_a_burst_is_torn() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let torn = |of: &[&[&str]], stale: &[&str]| bursts(of).are_torn(&names(&["a", "b", "c"]), &names(stale));
        assert!(torn(&[&["a", "b"]], &["a"]));
        assert!(!torn(&[&["a", "b"]], &["a", "b"]), "all of it is from before");
        assert!(!torn(&[&["a", "b"]], &[]), "all of it is from after");
        assert!(!torn(&[&["a", "x"]], &["a"]), "nobody imports the other");
        assert!(!torn(&[&["a"], &["b"], &["a"]], &["a"]), "each was saved alone");
        assert!(torn(&[&["a", "b"], &["a", "b"]], &["a", "b"]), "between the two of them");
    }

    #[test]
    fn all_files_once() {
        let mut bursts = bursts(&[&["b", "a"], &["a"]]);
        bursts.add("c".to_owned());
        assert_eq!(bursts.files(), ["a", "b", "c"]);
    }
}
