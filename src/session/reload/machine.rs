//! What to do about saved code, step by step. Pure: from what happens to what is to be done.
//!
//! The first change of a burst has the new code loaded into a standby slot at once; requests are sent there when the
//! burst is over, or probably is. A change that comes in between makes that slot old before it has served: it is given up
//! for another. One that comes later asks for another reload. What fails before the burst is over may be half of what is
//! being saved: it is not told until then.

use super::agent::{Loaded, Said};

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
    /// Those of them that changed since the reload under way began.
    since: Vec<String>,
    /// Something else than changed files asks for a reload.
    beyond: bool,
    /// Generations that requests were sent to and that have not been heard of since, but for the newest.
    open: Vec<u64>,
    /// How the last reload went, where that waits to be told until it is known whether what changed meanwhile matters.
    served: Option<Option<String>>,
    /// Something changed that the reload under way may not have.
    dirty: bool,
    settled: bool,
    /// What is under way may serve before it is settled, if it is good.
    soon: bool,
    /// What is served fails, which is told once it is settled.
    untold: Option<String>,
    failing: bool,
    /// What is served fails: there is nothing good to keep.
    serving_bad: bool,
    stale_in_a_row: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Idle,
    /// `loaded`: how that went, where requests do not go there yet.
    Loading {
        committed: bool,
        loaded: Option<Result<(), String>>,
    },
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
            since: Vec::new(),
            beyond: false,
            open: Vec::new(),
            served: None,
            dirty: false,
            settled: true,
            soon: false,
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
        !self.beyond
    }

    /// The generation that is being loaded.
    pub fn loading(&self) -> Option<u64> {
        (self.phase != Phase::Idle).then_some(self.generation)
    }

    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Changed(file) => {
                for files in [&mut self.files, &mut self.since] {
                    if !files.contains(&file) {
                        files.push(file.clone());
                    }
                }
                self.settled = false;
                self.stale_in_a_row = 0;
                self.changed(&mut effects);
            }
            Input::Soon => {
                self.soon = true;
                self.hurry(&mut effects);
            }
            Input::Settled => {
                self.settled = true;
                self.settle(&mut effects);
            }
            Input::Asked | Input::Doubt => {
                self.settled = true;
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

    fn changed(&mut self, effects: &mut Vec<Effect>) {
        match self.phase {
            // Without a standby nothing can be done before it is sure that no more will come.
            Phase::Idle if self.agent && !self.dirty && !self.in_place => self.prepare(effects),
            _ => self.dirty = true,
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
            self.go_on(effects);
        }
    }

    fn hurry(&mut self, effects: &mut Vec<Effect>) {
        let failed = matches!(self.phase, Phase::Loading { loaded: Some(Err(_)), .. });
        if self.agent && !self.dirty && !failed {
            self.go_on(effects);
        }
    }

    /// What is under way is old: starts with what is on disk now, and goes as far as is right.
    fn anew(&mut self, effects: &mut Vec<Effect>) {
        if let Phase::Loading { committed: false, .. } = self.phase {
            effects.push(Effect::Discard { generation: self.generation });
        }
        self.prepare(effects);
        if self.settled {
            self.go_on(effects);
        }
    }

    fn prepare(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Loading { committed: true, .. }) {
            self.open.push(self.generation);
        }
        self.generation += 1;
        // An error that waits to be told is told of what is loaded now.
        self.beyond |= self.untold.is_some();
        (self.dirty, self.soon, self.untold) = (false, false, None);
        self.since.clear();
        self.served = None;
        self.phase = Phase::Loading { committed: false, loaded: None };
        effects.push(Effect::Prepare { generation: self.generation, files: self.files.clone() });
    }

    /// Sends requests to what is being loaded. They wait for the import, unless it may turn out that they must not go there.
    fn go_on(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Loading { committed: false, loaded } = &self.phase else { return };
        let keep = self.keep && !self.serving_bad;
        match loaded {
            Some(Err(error)) if keep => {
                let error = error.clone();
                effects.push(Effect::Discard { generation: self.generation });
                self.phase = Phase::Idle;
                self.tell(Some(error), false, effects);
            }
            None if keep || self.several => {}
            _ => {
                self.phase = Phase::Loading { committed: true, loaded: None };
                effects.push(Effect::Commit { generation: self.generation });
            }
        }
    }

    fn heard(&mut self, said: Said, effects: &mut Vec<Effect>) {
        match said {
            Said::Hello(loaded) => {
                self.agent = true;
                self.phase = Phase::Idle;
                self.open.clear();
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
        if !matches!(self.phase, Phase::Loading { committed: false, .. }) {
            return;
        }
        self.beyond |= !loaded.stale.is_empty();
        self.dirty |= !loaded.stale.is_empty();
        self.phase = Phase::Loading { committed: false, loaded: Some(loaded.error.map_or(Ok(()), Err)) };
        if self.settled {
            self.settle(effects);
        } else if self.soon {
            self.hurry(effects);
        }
    }

    fn serving(&mut self, loaded: Loaded, effects: &mut Vec<Effect>) {
        let Phase::Loading { committed: true, .. } = self.phase else { return };
        self.phase = Phase::Idle;
        self.open.clear();
        if !loaded.stale.is_empty() {
            self.stale_in_a_row += 1;
            self.dirty = self.stale_in_a_row < PATIENCE;
            self.beyond |= self.dirty;
        }
        if self.dirty {
            let covered = loaded.stale.is_empty();
            self.beyond &= !covered;
            if self.settled {
                self.anew(effects);
            } else {
                self.prepare(effects);
            }
            // Told when it is true, which it is if what changed meanwhile is no reason for another.
            self.served = covered.then_some(loaded.error);
            return;
        }
        self.report(loaded.error, effects);
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
        let served = self.served.take();
        if self.dirty {
            if served.is_none() && !self.beyond {
                self.files.retain(|file| self.since.contains(file));
            }
            if self.settled {
                self.anew(effects);
            } else if !self.in_place {
                self.prepare(effects);
            }
            self.served = served;
        } else if let Some(error) = served {
            self.report(error, effects);
        } else {
            self.files.clear();
        }
    }

    fn report(&mut self, error: Option<String>, effects: &mut Vec<Effect>) {
        self.serving_bad = error.is_some();
        if self.serving_bad && !self.settled {
            self.untold = error;
        } else {
            self.tell(error, true, effects);
        }
    }

    fn tell(&mut self, error: Option<String>, served: bool, effects: &mut Vec<Effect>) {
        let again = std::mem::replace(&mut self.failing, error.is_some()) && error.is_some();
        // A file that changed since and has not settled is the next reload's.
        let files = std::mem::take(&mut self.files);
        self.beyond = false;
        effects.push(Effect::Tell(Outcome { generation: self.generation, files, error, served, again }));
    }
}

#[cfg(test)]
mod tests;
