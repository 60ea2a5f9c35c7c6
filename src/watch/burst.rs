//! Changes that belong together: what one save, one "save all" or one `git checkout` writes, given out once it is quiet.
//!
//! Nothing here looks at a clock: the time is an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Change;

/// How long a burst may be and how quiet it must have become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// After the save of one file, for what can be undone at the price of doing it twice. The runtime's timer, which counts
    /// milliseconds, makes it one to two of them.
    pub soon: Duration,
    /// The quiet after a save. Editors write what belongs to it within 2 ms.
    pub quiet: Duration,
    /// The quiet after a larger burst. A checkout has gaps of 4 to 6 ms.
    pub long_quiet: Duration,
    /// From the first change on: a steady stream of saves must not put reloading off for ever.
    pub cap: Duration,
    /// The same while git works on the tree. A crashed git leaves its lock behind.
    pub held_cap: Duration,
    /// How soon to look again whether git still works.
    pub held_step: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            soon: Duration::from_micros(500),
            quiet: Duration::from_millis(8),
            long_quiet: Duration::from_millis(25),
            cap: Duration::from_millis(500),
            held_cap: Duration::from_secs(10),
            held_step: Duration::from_millis(15),
        }
    }
}

/// From so many files on that are there, a burst is not one save: a formatter or a "save all" may be behind it.
const MANY_FILES: usize = 3;
/// The same with those that are gone. Editors make and remove a few around each save: `4913`, `app.py~`, `.#app.py`.
const MANY_PATHS: usize = 6;

/// Collects the changes of a burst, each path once, as it was last.
#[derive(Debug, Default)]
pub struct Burst {
    limits: Limits,
    changes: Vec<Change>,
    /// Where in `changes` a path is.
    places: HashMap<String, usize>,
    /// How many of them are not gone.
    present: usize,
    /// When the first and the last change came. `None`: the burst is empty.
    times: Option<(Instant, Instant)>,
    /// It was due, and git held it back: not worth asking before.
    held_until: Option<Instant>,
    /// `soon` has been taken.
    hurried: bool,
}

impl Burst {
    /// An empty burst.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds a change. What is known of the path is replaced.
    pub fn add(&mut self, change: Change, now: Instant) {
        self.present += usize::from(!change.gone);
        match self.places.get(&change.path) {
            Some(&place) => {
                self.present -= usize::from(!self.changes[place].gone);
                self.changes[place] = change;
            }
            None => {
                self.places.insert(change.path.clone(), self.changes.len());
                self.changes.push(change);
            }
        }
        self.times = Some((self.times.map_or(now, |(first, _)| first), now));
    }

    /// Whether nothing has been added since the last `take`.
    pub fn is_empty(&self) -> bool {
        self.times.is_none()
    }

    /// When what is probably all of it, as it is one saved file, may be acted on already. It goes on, and is given out as if
    /// nobody had hurried.
    pub fn soon(&self) -> Option<Instant> {
        let (_, last) = self.times?;
        let lone = matches!(self.changes[..], [Change { gone: false, .. }]);
        (lone && !self.hurried).then_some(last + self.limits.soon)
    }

    /// Once in each burst.
    pub fn take_soon(&mut self) {
        self.hurried = true;
    }

    /// When to ask `take` next.
    pub fn due(&self) -> Option<Instant> {
        let (first, last) = self.times?;
        let quiet = if self.is_large() { self.limits.long_quiet } else { self.limits.quiet };
        let due = (last + quiet).min(first + self.limits.cap);
        Some(self.held_until.map_or(due, |held| due.max(held).min(first + self.limits.held_cap)))
    }

    /// The changes in the order in which their paths first appeared, and a new burst begins. `None`: not yet, as it is not
    /// due, or `held` as git works on the tree.
    pub fn take(&mut self, now: Instant, held: bool) -> Option<Vec<Change>> {
        let (first, _) = self.times?;
        if now < self.due()? {
            return None;
        }
        if held && now < first + self.limits.held_cap {
            self.held_until = Some(now + self.limits.held_step);
            return None;
        }
        let taken = std::mem::replace(self, Self::new(self.limits));
        Some(taken.changes)
    }

    fn is_large(&self) -> bool {
        self.present >= MANY_FILES || self.changes.len() >= MANY_PATHS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn change(path: &str, gone: bool) -> Change {
        Change { path: path.to_owned(), gone }
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_save_is_given_out_soon_and_a_checkout_when_it_is_over() {
        let start = Instant::now();
        let mut burst = Burst::new(Limits::default());
        assert_eq!((burst.due(), burst.take(start, false)), (None, None));
        burst.add(change("a.py", false), start);
        burst.add(change("a.py", false), start + ms(1));
        assert_eq!(burst.take(start + ms(8), false), None);
        assert_eq!(burst.take(start + ms(9), false), Some(vec![change("a.py", false)]));
        assert!(burst.is_empty());
        for (step, path) in (0..).zip(["a.py", "b.py", "c.py"]) {
            burst.add(change(path, false), start + ms(step));
        }
        assert_eq!(burst.take(start + ms(26), false), None);
        assert_eq!(burst.take(start + ms(27), false).map(|changes| changes.len()), Some(3));
    }

    #[test]
    fn what_an_editor_leaves_behind_makes_no_large_burst() {
        let start = Instant::now();
        let mut burst = Burst::new(Limits::default());
        for (path, gone) in
            [("4913", false), ("4913", true), ("a.py", true), ("a.py~", false), ("a.py", false), ("a.py~", true), (".#a.py", true)]
        {
            burst.add(change(path, gone), start);
        }
        assert_eq!(burst.due(), Some(start + ms(8)));
        let changes = burst.take(start + ms(8), false).unwrap();
        assert_eq!(changes, [change("4913", true), change("a.py", false), change("a.py~", true), change(".#a.py", true)]);
    }

    #[test]
    fn one_saved_file_may_be_acted_on_before_it_is_quiet() {
        let start = Instant::now();
        let mut burst = Burst::new(Limits::default());
        assert_eq!(burst.soon(), None);
        burst.add(change("a.py", true), start);
        assert_eq!(burst.soon(), None, "an editor writes it anew");
        burst.add(change("a.py", false), start + ms(1));
        assert_eq!(burst.soon(), Some(start + ms(1) + Limits::default().soon));
        burst.take_soon();
        burst.add(change("a.py", false), start + ms(5));
        assert_eq!((burst.soon(), burst.due()), (None, Some(start + ms(13))), "once, and the burst goes on");
        assert!(burst.take(start + ms(13), false).is_some());
        burst.add(change("a.py", false), start + ms(20));
        assert_eq!(burst.soon(), Some(start + ms(20) + Limits::default().soon));
        burst.add(change("b.py", false), start + ms(20));
        assert_eq!(burst.soon(), None, "there are more");
    }

    #[test]
    fn git_holds_it_but_not_for_ever() {
        let start = Instant::now();
        let mut burst = Burst::new(Limits::default());
        burst.add(change("a.py", false), start);
        assert_eq!(burst.take(start + ms(9), true), None);
        assert_eq!(burst.due(), Some(start + ms(24)), "no busy loop");
        assert_eq!(burst.take(start + ms(9_999), true), None);
        assert_eq!(burst.due(), Some(start + ms(10_000)));
        assert!(burst.take(start + ms(10_000), true).is_some());
        burst.add(change("a.py", false), start);
        assert_eq!(burst.take(start + ms(9), true), None);
        assert!(burst.take(start + ms(24), false).is_some());
    }

    /// What came out is what went in, each path once and as it was last.
    fn check(taken: &[Change], added: &[Change]) -> Result<(), TestCaseError> {
        let paths: HashSet<&str> = taken.iter().map(|change| change.path.as_str()).collect();
        prop_assert_eq!(paths.len(), taken.len(), "a path twice");
        prop_assert!(added.iter().all(|change| paths.contains(change.path.as_str())), "a path is lost");
        for change in taken {
            prop_assert_eq!(added.iter().rfind(|added| added.path == change.path), Some(change));
        }
        Ok(())
    }

    proptest! {
        /// Its user looks when it is due. Each step is a wait, then perhaps a change; meanwhile git works or does not.
        #[test]
        fn gives_every_path_out_once_a_burst_and_in_time(
            steps in prop::collection::vec((0u64..40, prop::option::of(("[a-h]", any::<bool>())), prop::bool::weighted(0.2)), 1..200)
        ) {
            let limits = Limits { cap: ms(100), held_cap: ms(300), ..Limits::default() };
            let mut burst = Burst::new(limits);
            let mut now = Instant::now();
            let (mut first, mut was_held) = (now, false);
            let mut added = Vec::new();
            for (wait, next, held) in steps.into_iter().chain([(1000, None, false)]) {
                let until = now + ms(wait);
                while let Some(due) = burst.due().filter(|due| *due <= until) {
                    prop_assert!(due >= now, "overdue");
                    now = due;
                    let cap = if was_held || held { limits.held_cap } else { limits.cap };
                    prop_assert!(now <= first + cap, "late");
                    match burst.take(now, held) {
                        Some(taken) => {
                            check(&taken, &added)?;
                            added.clear();
                        }
                        None => {
                            prop_assert!(held && burst.due() > Some(now), "stuck");
                            was_held = true;
                        }
                    }
                }
                now = until;
                if let Some((path, gone)) = next {
                    if burst.is_empty() {
                        (first, was_held) = (now, false);
                    }
                    added.push(change(&path, gone));
                    burst.add(change(&path, gone), now);
                }
                prop_assert_eq!(burst.is_empty(), added.is_empty());
            }
            prop_assert!(burst.is_empty());
        }

        /// However late one looks and whatever came before.
        #[test]
        fn what_is_due_stays_due(gaps in prop::collection::vec(0u64..8, 1..300), later in 0u64..10_000) {
            let mut burst = Burst::new(Limits::default());
            let first = Instant::now();
            let mut now = first;
            for (index, gap) in gaps.into_iter().enumerate() {
                burst.add(change(&format!("{}.py", index % 5), false), now);
                now += ms(gap);
            }
            let due = burst.due().unwrap();
            prop_assert!(due <= first + Limits::default().cap);
            prop_assert!(burst.take(due + ms(later), false).is_some());
        }
    }
}
