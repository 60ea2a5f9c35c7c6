//! Saves that come faster than the application can be imported: a session and its container by the millisecond.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{Effect, Input, Machine, Outcome};
use crate::runtime::protocol::{Loaded, Said};
use crate::watch::{Burst, Change, Limits};

/// Milliseconds. An editor's save is over by then, and has been seen to.
const SETTLED_WITHIN: u64 = 30;
/// The same of saves without a pause.
const CAPPED_WITHIN: u64 = 530;

/// How long things take, in milliseconds.
#[derive(Debug, Clone)]
struct Pace {
    import: u64,
    /// From the order to end until the successor stands by: Apache looks once a second.
    start: u64,
    /// When in the import each process of a slot reads the file.
    reads: Vec<u64>,
    /// Between two saves.
    gaps: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Way {
    keep: bool,
    in_place: bool,
    several: bool,
    /// Each fifth version cannot be imported.
    mistakes: bool,
}

#[derive(Debug, Clone)]
enum Slot {
    Standby,
    Starting {
        until: u64,
    },
    /// The version that each process has read.
    Loading {
        begun: u64,
        read: Vec<u32>,
    },
    Loaded {
        read: Vec<u32>,
    },
}

#[derive(Debug, Clone, Copy)]
struct Reload {
    generation: u64,
    slot: Option<usize>,
    wanted: bool,
    committed: bool,
    reported: bool,
}

/// As `the agent in the container` and Apache do it.
#[derive(Debug)]
struct World {
    way: Way,
    pace: Pace,
    machine: Machine,
    now: u64,
    epoch: Instant,
    /// The version that was on disk, each millisecond.
    disk: Vec<u32>,
    burst: Burst,
    slots: Vec<Slot>,
    active: usize,
    reload: Option<Reload>,
    told: Vec<(Outcome, u32)>,
}

impl World {
    fn new(way: Way, pace: Pace) -> Self {
        let loaded = Slot::Loaded { read: vec![0; pace.reads.len()] };
        let slots = if way.in_place { vec![loaded] } else { vec![loaded, Slot::Standby, Slot::Standby] };
        let mut machine = Machine::new(way.keep, way.in_place, way.several);
        machine.step(Input::Agent(Said::Hello(Loaded { generation: 1, ..Loaded::default() })));
        let burst = Burst::new(Limits::default());
        Self { way, pace, machine, now: 0, epoch: Instant::now(), disk: vec![0], burst, slots, active: 0, reload: None, told: Vec::new() }
    }

    fn on_disk(&self) -> u32 {
        self.disk.last().copied().unwrap_or_default()
    }

    fn instant(&self) -> Instant {
        self.epoch + Duration::from_millis(self.now)
    }

    fn is_broken(&self, read: &[u32]) -> bool {
        self.way.mistakes && read.iter().any(|version| version % 5 == 3)
    }

    fn step(&mut self, input: Input) {
        for effect in self.machine.step(input) {
            match effect {
                Effect::Prepare { generation, .. } => {
                    self.reload = Some(Reload { generation, slot: None, wanted: false, committed: false, reported: false });
                }
                Effect::Commit { generation } => {
                    self.reload.iter_mut().filter(|reload| reload.generation == generation).for_each(|reload| reload.wanted = true);
                }
                Effect::Discard { generation } => self.discard(generation),
                Effect::Tell(outcome) => self.told.push((outcome, self.on_disk())),
                Effect::StartAgent | Effect::TellRecovered => unreachable!("it does not die"),
            }
        }
    }

    fn discard(&mut self, generation: u64) {
        let Some(reload) = self.reload.take_if(|reload| reload.generation == generation && !reload.committed) else { return };
        if let Some(slot) = reload.slot {
            self.end(slot);
        }
    }

    fn end(&mut self, slot: usize) {
        self.slots[slot] = Slot::Starting { until: self.now + self.pace.start };
    }

    fn end_all_but_active(&mut self) {
        for slot in 0..self.slots.len() {
            if slot != self.active && matches!(self.slots[slot], Slot::Loading { .. } | Slot::Loaded { .. }) {
                self.end(slot);
            }
        }
    }

    /// A millisecond passes.
    fn tick(&mut self, saves: bool) {
        self.now += 1;
        self.disk.push(self.on_disk() + u32::from(saves));
        if saves {
            self.burst.add(Change { path: "a.py".into(), gone: false }, self.instant());
            self.step(Input::Changed("a.py".into()));
        }
        if self.burst.soon().is_some_and(|soon| soon <= self.instant()) {
            self.burst.take_soon();
            self.step(Input::Soon);
        }
        if self.burst.take(self.instant(), false).is_some() {
            self.step(Input::Settled);
        }
        self.go_on();
        let said = self.agent();
        said.into_iter().for_each(|said| self.step(Input::Agent(said)));
    }

    /// Apache and the processes.
    fn go_on(&mut self) {
        let (now, disk, pace) = (self.now, self.on_disk(), &self.pace);
        for slot in &mut self.slots {
            match slot {
                Slot::Starting { until } if *until <= now => *slot = Slot::Standby,
                Slot::Loading { begun, read } => {
                    read.extend(pace.reads.iter().skip(read.len()).filter(|at| *begun + **at <= now).map(|_| disk));
                    if *begun + pace.import <= now {
                        *slot = Slot::Loaded { read: read.clone() };
                    }
                }
                _ => {}
            }
        }
    }

    fn agent(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        let Some(mut reload) = self.reload else { return said };
        let generation = reload.generation;
        if reload.slot.is_none() {
            if self.way.in_place {
                if !reload.wanted {
                    return said;
                }
                self.end(0);
                (reload.slot, reload.committed) = (Some(0), true);
                said.push(Said::Begun { generation });
            } else if let Some(free) = self.slots.iter().position(|slot| matches!(slot, Slot::Standby)) {
                self.slots[free] = Slot::Loading { begun: self.now, read: Vec::new() };
                reload.slot = Some(free);
                said.push(Said::Begun { generation });
            }
        }
        if let Some(slot) = reload.slot {
            if self.way.in_place && matches!(self.slots[slot], Slot::Standby) {
                self.slots[slot] = Slot::Loading { begun: self.now, read: Vec::new() };
            }
            if reload.wanted && !reload.committed {
                (reload.committed, self.active) = (true, slot);
                self.end_all_but_active();
            }
            if let Slot::Loaded { read } = &self.slots[slot] {
                let read = read.clone();
                let loaded = Loaded {
                    generation,
                    error: self.is_broken(&read).then(|| "SyntaxError".to_owned()),
                    read: vec!["a.py".into()],
                    stale: read.iter().any(|version| *version != self.on_disk()).then(|| "a.py".to_owned()).into_iter().collect(),
                    divided: read.iter().any(|version| *version != read[0]),
                    ..Loaded::default()
                };
                if reload.committed {
                    self.reload = None;
                    self.end_all_but_active();
                    said.push(Said::Serving(loaded));
                    return said;
                }
                if !reload.reported {
                    reload.reported = true;
                    said.push(Said::Loaded(loaded));
                }
            }
        }
        self.reload = Some(reload);
        said
    }

    /// The oldest version that a request is answered by which comes now, at once or when the import is done.
    fn answered_by(&self) -> u32 {
        match &self.slots[self.active] {
            Slot::Loaded { read } | Slot::Loading { read, .. } => read.iter().min().copied().unwrap_or(self.on_disk()),
            // It reads what is there when it comes to it.
            Slot::Standby | Slot::Starting { .. } => self.on_disk(),
        }
    }

    fn bound(&self) -> u64 {
        let Pace { import, start, gaps, .. } = &self.pace;
        let settled = if gaps.iter().any(|gap| *gap < SETTLED_WITHIN) { CAPPED_WITHIN } else { SETTLED_WITHIN };
        settled
            + match (self.way.several, self.way.in_place) {
                // What the processes of a slot do not agree on is passed over once.
                (true, false) => 3 * import + 2 * start,
                // Each load begins with an end.
                (_, true) => 2 * (import + start),
                _ => 2 * import + start,
            }
    }
}

/// Plays it to the end.
fn play(way: Way, pace: Pace) -> Result<World, TestCaseError> {
    let mut world = World::new(way, pace.clone());
    let bound = world.bound();
    let mut next = pace.gaps.iter();
    let mut due = next.next().copied();
    let mut left = bound + SETTLED_WITHIN;
    while due.is_some() || left > 0 {
        let saves = due.is_some_and(|due| due <= 1);
        due = if saves { next.next().copied() } else { due.map(|due| due - 1) };
        left -= u64::from(due.is_none() && !saves && left > 0);
        world.tick(saves);
        let then = usize::try_from(world.now.saturating_sub(bound)).unwrap();
        let (is, should) = (world.answered_by(), world.disk[then]);
        prop_assert!(is >= should, "{} ms: {is} serves, and {should} was there {bound} ms ago: {world:?}", world.now);
    }
    Ok(world)
}

fn pace(processes: usize) -> impl Strategy<Value = Pace> {
    let gap = prop_oneof![1 => 1u64..10, 4 => 30u64..900, 1 => 900u64..4000];
    let steady = (1u64..900, 1usize..40).prop_map(|(gap, count)| vec![gap; count]);
    let gaps = prop_oneof![proptest::collection::vec(gap, 1..40), steady];
    (2u64..2000, 1u64..2000, gaps, proptest::collection::vec(0u64..2000, processes)).prop_map(|(import, start, gaps, reads)| {
        let mut reads: Vec<u64> = reads.into_iter().map(|at| at * (import - 1) / 2000).collect();
        reads.sort_unstable();
        Pace { import, start, reads, gaps }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// While saves go on, what serves is never older than two imports and the start of a standby; then the last one serves.
    #[test]
    fn what_serves_keeps_up(keep: bool, in_place: bool, mistakes: bool, pace in pace(1)) {
        let way = Way { keep, in_place, several: false, mistakes: mistakes && !keep };
        let world = play(way, pace)?;
        prop_assert!(world.machine.is_idle(), "{world:?}");
        prop_assert_eq!(world.answered_by(), world.on_disk());
        // Only what was on disk then was told as fresh, and nothing that fails as serving.
        let (last, before) = world.told.split_last().unwrap();
        prop_assert!(!last.0.newer && last.1 == world.on_disk(), "{:?}", world.told);
        prop_assert!(before.iter().all(|(outcome, _)| !outcome.newer || outcome.error.is_none()));
    }

    #[test]
    fn what_several_processes_serve_keeps_up(keep: bool, pace in pace(3)) {
        let world = play(Way { keep, in_place: false, several: true, mistakes: false }, pace)?;
        prop_assert!(world.machine.is_idle(), "{world:?}");
        prop_assert_eq!(world.answered_by(), world.on_disk());
    }
}

/// An import of 0.8 s, and a save each half a second.
#[test]
fn saves_faster_than_imports() {
    let pace = Pace { import: 800, start: 1200, reads: vec![790], gaps: vec![500; 30] };
    let world = play(Way { keep: false, in_place: false, several: false, mistakes: false }, pace).unwrap();
    let (fresh, older): (Vec<_>, Vec<_>) = world.told.iter().partition(|(outcome, _)| !outcome.newer);
    assert_eq!(fresh.len(), 1, "{:?}", world.told);
    assert!(older.len() >= 5, "{:?}", world.told);
}
