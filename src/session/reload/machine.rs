//! What to do about saved code, step by step. Pure: from what happens to what is to be done.
//!
//! The first change of a burst has the new code loaded into a standby slot at once; requests are sent there when the
//! burst is over, or probably is. A change that comes in between makes that slot old before it has served: it is given up
//! for another. One that comes later asks for another reload. What fails before the burst is over may be half of what is
//! being saved: it is not told until then.
//!
//! Saves may come faster than the application can be imported. One load is given up for what was saved meanwhile, so that
//! two saves in a row cost one import; the next is carried through. It serves although more was saved since, which is told,
//! and then what is on disk is loaded. So while saves go on, what serves is never older than two imports and the start of a
//! standby. What was loaded in the middle of a burst may be half of it, and is passed over, though not twice in a row.

mod bursts;

use self::bursts::Bursts;
use crate::runtime::protocol::{Loaded, Said};

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file changed that the application may have read.
    Changed(String),
    /// What has changed may well be all.
    Soon,
    /// Nothing more has changed for a moment.
    Settled,
    /// The user wants a reload.
    Asked,
    Agent(Said),
    AgentLost,
    /// Everything may have changed.
    Doubt,
}

/// Something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Load what is on disk; `files` are known to have changed.
    Prepare {
        generation: u64,
        files: Vec<String>,
    },
    Commit {
        generation: u64,
    },
    Discard {
        generation: u64,
    },
    /// Say how it went.
    Tell(Outcome),
    /// What failed serves, without another save.
    TellRecovered,
    StartAgent,
}

/// How a reload went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub generation: u64,
    pub files: Vec<String>,
    pub error: Option<String>,
    /// Is it this code that is served? Not where the last good code is kept.
    pub served: bool,
    /// It failed before this one already.
    pub again: bool,
    /// More was saved while this was loaded: it is served until that is.
    pub newer: bool,
}

/// After so many reloads in a row that were old when they were done, the next change is waited for.
const PATIENCE: u32 = 5;

#[derive(Debug)]
pub struct Machine {
    /// Keep serving the last code that could be imported.
    keep: bool,
    /// A slot is loaded only when requests go there.
    in_place: bool,
    /// A slot has several processes, each of which loads what is there when its turn comes. Requests go there when all have
    /// loaded the same: a save in between would divide them.
    several: bool,
    agent: bool,
    /// The newest generation that was asked for.
    generation: u64,
    phase: Phase,
    /// Changed since the last reload that was told.
    files: Vec<String>,
    /// Changed since the reload under way was asked for.
    since: Bursts,
    /// Something else than changed files asks for a reload that is yet to be ordered, or for the one that was ordered last.
    beyond: bool,
    ordered_beyond: bool,
    /// Generations that requests were sent to and that have not been heard of since, but for the newest.
    open: Vec<u64>,
    /// What serves although more has changed: that may turn out to be no reason for another reload.
    served: Option<Served>,
    /// Something changed that the reload under way may not have.
    dirty: bool,
    settled: bool,
    /// What is under way may serve before it is settled, if it is good.
    soon: bool,
    /// Saves have come faster than loads since nothing was left to do: what is under way is carried through.
    pressed: bool,
    /// What was loaded before this may have been half of a burst, and was passed over.
    passed_over: bool,
    /// What is served fails, which is told once it is settled.
    untold: Option<String>,
    failing: bool,
    /// What is served fails: there is nothing good to keep.
    serving_bad: bool,
    stale_in_a_row: u32,
}

/// How a reload went, and the files that it was for.
#[derive(Debug)]
struct Served {
    files: Vec<String>,
    error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Idle,
    Loading(Loading),
}

/// A slot that is being loaded, or has been.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Loading {
    /// How many of the changed files it was asked for with.
    files: usize,
    /// Requests go there, and wait.
    committed: bool,
    /// There was a slot for it: what is saved from now on it may not have.
    begun: bool,
    /// All of the burst that it was loaded for was there.
    whole: bool,
    /// It is loaded because the one before it was old when it was done. Requests do not wait for it.
    follows: bool,
    /// How that went, where requests do not go there yet.
    loaded: Option<Result<(), String>>,
    /// It may have half of what was saved meanwhile.
    torn: bool,
}

impl Machine {
    /// `keep`: bad code is not served; `in_place`: there are no standby slots; `several`: a slot has several processes.
    pub fn new(keep: bool, in_place: bool, several: bool) -> Self {
        Self {
            keep: keep && !in_place,
            in_place,
            several: several && !in_place,
            agent: false,
            generation: 0,
            phase: Phase::Idle,
            files: Vec::new(),
            since: Bursts::default(),
            beyond: false,
            ordered_beyond: false,
            open: Vec::new(),
            served: None,
            dirty: false,
            settled: true,
            soon: false,
            pressed: false,
            passed_over: false,
            untold: None,
            failing: false,
            serving_bad: false,
            stale_in_a_row: 0,
        }
    }

    /// Is nothing under way and nothing left to do?
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.agent && self.phase == Phase::Idle && !self.dirty && self.settled
    }

    /// Is there nothing to load where the application has written all files of the order itself?
    pub fn unless_own(&self) -> bool {
        !self.ordered_beyond
    }

    /// The generation that is being loaded.
    pub fn loading(&self) -> Option<u64> {
        (self.phase != Phase::Idle).then_some(self.generation)
    }

    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Changed(file) => {
                if !self.files.contains(&file) {
                    self.files.push(file.clone());
                }
                self.settled = false;
                self.stale_in_a_row = 0;
                self.changed(file, &mut effects);
            }
            Input::Soon => {
                self.soon = true;
                self.hurry(&mut effects);
            }
            Input::Settled => {
                self.settled = true;
                self.since.settle();
                self.settle(&mut effects);
            }
            Input::Asked | Input::Doubt => {
                self.settled = true;
                self.since.settle();
                self.stale_in_a_row = 0;
                (self.dirty, self.beyond) = (true, true);
                self.settle(&mut effects);
            }
            Input::Agent(said) => self.heard(said, &mut effects),
            Input::AgentLost => {
                self.agent = false;
                // Whatever was under way may have been carried out or not.
                self.dirty |= self.phase != Phase::Idle;
                self.phase = Phase::Idle;
                effects.push(Effect::StartAgent);
            }
        }
        effects
    }

    fn changed(&mut self, file: String, effects: &mut Vec<Effect>) {
        match self.phase {
            // Without a standby nothing can be done before it is sure that no more will come.
            Phase::Idle if self.agent && !self.dirty && !self.in_place => self.prepare(effects),
            _ => {
                self.dirty = true;
                self.since.add(file);
            }
        }
    }

    fn settle(&mut self, effects: &mut Vec<Effect>) {
        if !self.agent {
            return;
        }
        if self.dirty {
            self.anew(effects);
        } else if let Some(error) = self.untold.take() {
            self.tell(Some(error), true, effects);
        } else {
            if let Phase::Loading(loading) = &mut self.phase {
                loading.whole = true;
            }
            self.go_on(effects);
        }
    }

    fn hurry(&mut self, effects: &mut Vec<Effect>) {
        let failed = matches!(&self.phase, Phase::Loading(Loading { loaded: Some(Err(_)), .. }));
        if self.agent && !self.dirty && !failed {
            self.go_on(effects);
        }
    }

    /// More was saved than is under way: starts with what is on disk now, unless what is under way must be carried through.
    fn anew(&mut self, effects: &mut Vec<Effect>) {
        let follows = match &self.phase {
            Phase::Idle => self.pressed,
            Phase::Loading(loading) if !loading.begun => loading.follows,
            Phase::Loading(loading) => match &loading.loaded {
                Some(result) if loading.whole => return self.judge(result.is_ok(), loading.torn, effects),
                None if self.pressed => return,
                _ => std::mem::replace(&mut self.pressed, true),
            },
        };
        self.supersede(follows, effects);
    }

    /// What was loaded is whole, and old already. It serves until what is on disk does.
    fn judge(&mut self, good: bool, torn: bool, effects: &mut Vec<Effect>) {
        let keeps = self.keep && !self.serving_bad && !good;
        let passed_over = torn && !self.passed_over;
        self.pressed = true;
        if keeps || passed_over {
            self.passed_over = passed_over;
            self.supersede(true, effects);
        } else {
            self.commit(effects);
        }
    }

    fn supersede(&mut self, follows: bool, effects: &mut Vec<Effect>) {
        if let Phase::Loading(Loading { committed: false, .. }) = self.phase {
            effects.push(Effect::Discard { generation: self.generation });
        }
        self.prepare(effects);
        if let Phase::Loading(loading) = &mut self.phase {
            (loading.whole, loading.follows) = (self.settled, follows);
        }
        if self.settled {
            self.go_on(effects);
        }
    }

    fn prepare(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Loading(Loading { committed: true, .. })) {
            self.open.push(self.generation);
        }
        self.generation += 1;
        // An error that waits to be told is told of what is loaded now.
        self.ordered_beyond |= self.beyond || self.untold.is_some();
        self.beyond = false;
        (self.dirty, self.soon, self.untold) = (false, false, None);
        self.since = Bursts::default();
        self.phase = Phase::Loading(Loading {
            files: self.files.len(),
            committed: false,
            begun: false,
            whole: false,
            follows: false,
            loaded: None,
            torn: false,
        });
        effects.push(Effect::Prepare { generation: self.generation, files: self.files.clone() });
    }

    /// Sends requests to what is being loaded. They wait for the import, unless it may turn out that they must not go there.
    fn go_on(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Loading(Loading { committed: false, loaded, follows, .. }) = &self.phase else { return };
        let keep = self.keep && !self.serving_bad;
        match loaded {
            Some(Err(error)) if keep => {
                let error = error.clone();
                effects.push(Effect::Discard { generation: self.generation });
                self.rest();
                self.tell(Some(error), false, effects);
            }
            None if keep || self.several || (*follows && !self.in_place) => {}
            _ => self.commit(effects),
        }
    }

    fn commit(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Loading(loading) = &mut self.phase else { return };
        (loading.committed, loading.loaded) = (true, None);
        effects.push(Effect::Commit { generation: self.generation });
    }

    /// Nothing is left to do.
    fn rest(&mut self) {
        self.phase = Phase::Idle;
        (self.pressed, self.passed_over) = (false, false);
    }

    fn heard(&mut self, said: Said, effects: &mut Vec<Effect>) {
        match said {
            Said::Hello(loaded) => {
                self.agent = true;
                self.rest();
                self.open.clear();
                self.served = None;
                self.generation = loaded.generation;
                (self.failing, self.serving_bad) = (loaded.error.is_some(), loaded.error.is_some());
                // Saved while nobody watched, or while the former agent died.
                self.beyond |= !loaded.stale.is_empty();
                if self.files.is_empty() {
                    self.files = loaded.stale;
                }
                self.dirty |= self.beyond || !self.files.is_empty();
                if self.dirty && self.settled {
                    self.anew(effects);
                }
            }
            Said::Own { generation, .. } if generation == self.generation => self.own(effects),
            Said::Own { generation, .. } => self.open.retain(|open| *open != generation),
            Said::Begun { generation } if generation == self.generation => {
                if let Phase::Loading(loading) = &mut self.phase {
                    loading.begun = true;
                }
            }
            Said::Loaded(loaded) if loaded.generation == self.generation => self.loaded(loaded, effects),
            Said::Serving(loaded) if loaded.generation == self.generation => self.serving(loaded, effects),
            Said::Avoided(avoided) if avoided.in_place() => {
                (self.in_place, self.keep, self.several) = (true, false, false);
            }
            Said::Recovered { generation } if generation == self.generation && self.phase == Phase::Idle && self.failing => {
                (self.failing, self.serving_bad, self.untold) = (false, false, None);
                effects.push(Effect::TellRecovered);
            }
            _ => {}
        }
    }

    fn loaded(&mut self, loaded: Loaded, effects: &mut Vec<Effect>) {
        let Phase::Loading(loading) = &mut self.phase else { return };
        if loading.committed {
            return;
        }
        self.beyond |= !loaded.stale.is_empty();
        self.dirty |= !loaded.stale.is_empty();
        loading.begun = true;
        loading.torn = loaded.divided || self.since.are_torn(&loaded.read, &loaded.stale);
        loading.loaded = Some(loaded.error.map_or(Ok(()), Err));
        if self.settled {
            self.settle(effects);
        } else if self.soon {
            self.hurry(effects);
        }
    }

    fn serving(&mut self, loaded: Loaded, effects: &mut Vec<Effect>) {
        let Phase::Loading(Loading { committed: true, whole, files, .. }) = self.phase else { return };
        if !loaded.stale.is_empty() && !self.dirty {
            self.stale_in_a_row += 1;
            self.dirty = self.stale_in_a_row < PATIENCE;
        }
        self.serving_bad = loaded.error.is_some();
        self.open.clear();
        self.served = None;
        if loaded.stale.is_empty() {
            self.ordered_beyond = false;
        }
        if self.dirty {
            self.beyond |= !loaded.stale.is_empty();
            if loaded.stale.is_empty() {
                self.served = Some(Served { files: self.files.clone(), error: loaded.error });
            }
            (self.phase, self.pressed, self.passed_over) = (Phase::Idle, true, false);
            // What is saved already may fix an error, and half of a burst is not reported.
            if whole && !self.serving_bad && !self.since.is_empty() {
                self.tell_older(files, effects);
            }
            if self.settled {
                self.anew(effects);
            }
            return;
        }
        self.rest();
        self.report(loaded.error, effects);
    }

    /// It serves, and nothing newer is known.
    fn report(&mut self, error: Option<String>, effects: &mut Vec<Effect>) {
        self.serving_bad = error.is_some();
        if self.serving_bad && !self.settled {
            self.untold = error;
        } else {
            self.tell(error, true, effects);
        }
    }

    /// The application wrote what changed, or knows it: that was no reason for a reload.
    fn own(&mut self, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Idle {
            return;
        }
        // The number goes to the next one: this reload never was.
        self.generation -= 1;
        self.phase = Phase::Idle;
        // One before it is still under way, and would not be heard of any more.
        self.beyond |= !self.open.is_empty();
        self.dirty = self.beyond || !self.since.is_empty();
        if self.dirty {
            if self.served.is_none() && !self.beyond {
                self.files = self.since.files();
            }
            if self.settled {
                self.anew(effects);
            }
            return;
        }
        self.rest();
        match self.served.take() {
            Some(Served { files, error }) => {
                self.files = files;
                self.report(error, effects);
            }
            None => self.files.clear(),
        }
    }

    fn tell(&mut self, error: Option<String>, served: bool, effects: &mut Vec<Effect>) {
        let again = std::mem::replace(&mut self.failing, error.is_some()) && error.is_some();
        // A file that changed since and has not settled is the next reload's.
        let files = std::mem::take(&mut self.files);
        (self.ordered_beyond, self.served) = (false, None);
        effects.push(Effect::Tell(Outcome { generation: self.generation, files, error, served, again, newer: false }));
    }

    /// What serves is not what is on disk, but of a time when `known` files had changed. The others are told when they serve.
    fn tell_older(&mut self, known: usize, effects: &mut Vec<Effect>) {
        self.failing = false;
        let newer = self.since.files();
        let mut files = std::mem::replace(&mut self.files, newer);
        files.truncate(known);
        let outcome = Outcome { generation: self.generation, files, error: None, served: true, again: false, newer: true };
        effects.push(Effect::Tell(outcome));
    }
}

#[cfg(test)]
mod tests;
