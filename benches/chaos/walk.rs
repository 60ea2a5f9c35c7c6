//! The walk: which step comes next, what the world is after it, and what must be true then. Pure: a seed decides all of it, and nothing
//! that is observed changes it, so a fault is found again by its seed and its number.

use crate::random::Random;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save {
    InPlace,
    /// Under another name first, as editors do.
    Rename,
    /// Every module at once.
    Burst,
    /// With the time that the file had before; it has the same length as well.
    SameTime,
    /// As if from years ago.
    Past,
    /// As if from years ahead.
    Future,
}

/// What is wrong with the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Syntax,
    Raises,
    /// The import ends its process.
    Exits,
    /// The file has nothing in it, as after a save on a full disk.
    Empty,
}

/// What a file of parity's is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    Empty,
    Garbage,
    Half,
    Fifo,
    Directory,
}

/// Who gets SIGKILL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// A terminal's `parity`: the first, or the last that was opened.
    FirstTerminal,
    LastTerminal,
    Agent,
    /// The daemon process that serves, or any of them.
    Daemon,
    ApacheParent,
    ApacheChild,
}

/// What is done to the container behind parity's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    Kill,
    Stop,
    Remove,
    Restart,
    /// For so many milliseconds, with a save meanwhile.
    Pause(u64),
    /// Paused, and then somebody types `parity down`.
    PauseAndDown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Open,
    /// Its socket is gone, with all connections.
    Cut,
    /// It takes questions and does not answer.
    Stalled,
}

/// A command in a terminal of its own, which ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    Status,
    Config,
    Doctor,
    Restart,
    Down,
    Build,
    UpDetached,
    Smoke,
    Logs,
    Exec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Save(Save),
    Break(Fault),
    Mend,
    /// `git switch`, after a commit or with what was not committed thrown away.
    Switch {
        commit: bool,
    },
    Kill(Victim),
    Docker(Behind),
    FillDisk,
    FreeDisk,
    /// A module without any permission, or the whole project.
    Forbid {
        all: bool,
    },
    Allow,
    DamageLock(Damage),
    MendLock,
    DamageYaml(Damage),
    MendYaml,
    /// Other settings of the server: another container takes over.
    ChangeYaml,
    /// Another build hook: an image is built, and another container takes over.
    ChangeImage,
    Engine(Engine),
    /// The clock of the next terminal, and of those that run: days ahead or back.
    Clock(i64),
    OpenTerminal,
    OpenLog,
    /// Ctrl-C in the nth terminal, so many milliseconds after a save; perhaps once more.
    Interrupt {
        terminal: u64,
        after: u64,
        twice: bool,
    },
    /// Somebody types a command; perhaps Ctrl-C so many milliseconds later, and once more.
    Type {
        command: Typed,
        interrupted: Option<u64>,
        twice: bool,
    },
}

impl Step {
    /// Does no request fail while it is served?
    pub fn loses_nothing(self) -> bool {
        match self {
            Step::Save(_) | Step::Switch { .. } | Step::OpenLog => true,
            Step::Break(fault) => fault != Fault::Exits,
            Step::Type { command, .. } => matches!(command, Typed::Status | Typed::Config | Typed::Doctor | Typed::Logs | Typed::Exec),
            _ => false,
        }
    }

    /// The row of the table that it is counted in.
    pub fn kind(self) -> String {
        match self {
            Step::Type { command, interrupted: None, .. } => format!("type {command:?}"),
            Step::Type { command, .. } => format!("type {command:?}, Ctrl-C"),
            Step::Interrupt { .. } => "Ctrl-C".into(),
            Step::Docker(Behind::Pause(_)) => "docker pause, unpause".into(),
            Step::Docker(behind) => format!("docker {behind:?}"),
            Step::Switch { .. } => "git switch".into(),
            Step::Forbid { .. } => "chmod 000".into(),
            Step::Clock(_) => "clock jump".into(),
            step => format!("{step:?}").replace(['(', ')'], " ").trim().to_owned(),
        }
        .to_lowercase()
    }
}

/// What is on disk and around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The number that the page says, and that of its other modules.
    pub page: u32,
    pub parts: u32,
    /// What is committed on each of two branches.
    pub committed: [(u32, u32); 2],
    pub branch: usize,
    /// The last number that was given out.
    pub last: u32,
    /// What is wrong with the code, and the number that its message has.
    pub fault: Option<(Fault, u32)>,
    pub full: bool,
    pub forbidden: bool,
    pub lock: Option<Damage>,
    pub yaml: Option<Damage>,
    pub threads: u32,
    /// What the image is built with.
    pub image: u32,
    pub engine: Engine,
    /// Days that the terminals' clocks are away.
    pub clock: i64,
    pub terminals: u32,
}

/// What must come of asking the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The code on disk.
    Page { page: u32, parts: u32 },
    /// An error, of which a terminal tells with this number.
    Shown(Fault, u32),
    /// The code on disk, what was served before, or an error that is shown: the disk is full or a file may not be read.
    Anything,
    /// Nothing is asked: there is no engine.
    Nothing,
}

/// Page numbers have three digits, so that each file keeps its length.
const FIRST: u32 = 100;
const NUMBERS: u32 = 900;
/// Terminals with `up` beside the first.
const MOST_TERMINALS: u32 = 3;

impl Default for World {
    fn default() -> Self {
        Self {
            page: FIRST,
            parts: FIRST,
            committed: [(FIRST, FIRST), (FIRST + 1, FIRST + 1)],
            branch: 0,
            last: FIRST + 1,
            fault: None,
            full: false,
            forbidden: false,
            lock: None,
            yaml: None,
            threads: 3,
            image: 0,
            engine: Engine::Open,
            clock: 0,
            terminals: 1,
        }
    }
}

impl World {
    /// The same code in a world where all is well again.
    pub fn calm(&self) -> Self {
        let Self { page, parts, committed, branch, last, threads, image, .. } = *self;
        Self { page, parts, committed, branch, last, threads, image, ..Self::default() }
    }

    /// Can a new `parity up` begin?
    pub fn may_start(&self) -> bool {
        self.lock.is_none() && self.yaml.is_none() && self.engine == Engine::Open
    }

    /// Might it fail for another reason, which it would tell?
    pub fn is_hindered(&self) -> bool {
        self.full || self.forbidden
    }

    pub fn expected(&self) -> Expected {
        match self.fault {
            _ if self.engine != Engine::Open => Expected::Nothing,
            _ if self.is_hindered() => Expected::Anything,
            Some((fault, number)) => Expected::Shown(fault, number),
            None => Expected::Page { page: self.page, parts: self.parts },
        }
    }

    fn number(&mut self) -> u32 {
        self.last = FIRST + (self.last + 1 - FIRST) % NUMBERS;
        self.last
    }

    /// Steps with a save in them have none where it would mend something.
    fn save_if_possible(&mut self) {
        if !self.is_hindered() && self.fault.is_none() {
            self.page = self.number();
        }
    }

    fn close_terminal(&mut self) {
        self.terminals = self.terminals.saturating_sub(1).max(1);
    }

    /// The next step.
    pub fn choose(&self, random: &mut Random) -> Step {
        let mut steps = Vec::new();
        let mut may = |weight, step| steps.push((weight, step));
        let damage = random.one(&[Damage::Empty, Damage::Garbage, Damage::Half, Damage::Fifo, Damage::Directory]);
        // A trouble lasts a few steps.
        if self.fault.is_some() && !self.full && !self.forbidden {
            may(40, Step::Mend);
        }
        if self.full {
            may(40, Step::FreeDisk);
        }
        if self.forbidden {
            may(40, Step::Allow);
        }
        if self.lock.is_some() {
            may(40, Step::MendLock);
        }
        if self.yaml.is_some() && !self.full {
            may(40, Step::MendYaml);
        }
        if self.engine != Engine::Open {
            may(60, Step::Engine(Engine::Open));
        }
        let can_write = !self.full && !self.forbidden;
        if can_write {
            if self.fault.is_none() {
                let save = [Save::InPlace, Save::Rename, Save::Burst, Save::SameTime, Save::Past, Save::Future];
                may(30, Step::Save(random.one(&save)));
                may(10, Step::Break(random.one(&[Fault::Syntax, Fault::Raises, Fault::Exits, Fault::Empty])));
            }
            may(6, Step::Switch { commit: self.fault.is_none() && random.below(2) == 0 });
        }
        let troubles = u32::from(self.full)
            + u32::from(self.forbidden)
            + u32::from(self.lock.is_some())
            + u32::from(self.yaml.is_some())
            + u32::from(self.engine != Engine::Open);
        if troubles < 2 {
            if !self.full {
                may(4, Step::FillDisk);
            }
            if !self.forbidden && !self.full && self.fault.is_none() {
                may(4, Step::Forbid { all: random.below(3) == 0 });
            }
            if can_write && self.lock.is_none() {
                may(4, Step::DamageLock(damage));
            }
            if can_write && self.yaml.is_none() {
                // An empty one is as good as none.
                may(4, Step::DamageYaml(if damage == Damage::Empty { Damage::Half } else { damage }));
            }
            if self.engine == Engine::Open {
                may(6, Step::Engine(random.one(&[Engine::Cut, Engine::Stalled])));
            }
        }
        if can_write && self.yaml.is_none() && self.fault.is_none() && self.engine == Engine::Open {
            may(5, Step::ChangeYaml);
            may(4, Step::ChangeImage);
        }
        let victims = [
            Victim::FirstTerminal,
            Victim::LastTerminal,
            Victim::Agent,
            Victim::Agent,
            Victim::Daemon,
            Victim::Daemon,
            Victim::ApacheParent,
            Victim::ApacheChild,
        ];
        may(16, Step::Kill(random.one(&victims)));
        if self.engine == Engine::Open {
            let pause = Behind::Pause(random.below(1200));
            let behind = [Behind::Kill, Behind::Stop, Behind::Remove, Behind::Restart, pause, pause, Behind::PauseAndDown];
            may(12, Step::Docker(random.one(&behind)));
        }
        may(3, Step::Clock(if self.clock == 0 { random.one(&[-400, -1, 1, 4000]) } else { 0 }));
        if self.terminals < MOST_TERMINALS && self.may_start() {
            may(8, Step::OpenTerminal);
        }
        if self.engine == Engine::Open {
            may(3, Step::OpenLog);
        }
        let twice = random.below(3) == 0;
        may(8, Step::Interrupt { terminal: random.below(u64::from(MOST_TERMINALS)), after: random.below(400), twice });
        let command = random.one(&[
            Typed::Status,
            Typed::Config,
            Typed::Doctor,
            Typed::Restart,
            Typed::Restart,
            Typed::Down,
            Typed::Build,
            Typed::UpDetached,
            Typed::Smoke,
            Typed::Logs,
            Typed::Exec,
        ]);
        let after = random.below(700);
        // One that waits for an engine that hangs is ended by who typed it; a log has no end.
        let endless = self.engine == Engine::Stalled || matches!(command, Typed::Logs);
        let interrupted = (endless || random.below(2) == 0).then_some(after);
        may(16, Step::Type { command, interrupted, twice: twice || self.engine == Engine::Stalled });
        random.weighted(&steps)
    }

    /// What a step makes of it.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Save(Save::Burst) => {
                self.page = self.number();
                self.parts = self.page;
            }
            Step::Save(_) | Step::Mend => {
                self.page = self.number();
                self.fault = None;
            }
            Step::Break(fault) => self.fault = Some((fault, self.number())),
            Step::Switch { commit } => {
                if commit {
                    self.committed[self.branch] = (self.page, self.parts);
                }
                self.branch = 1 - self.branch;
                (self.page, self.parts) = self.committed[self.branch];
                self.fault = None;
            }
            Step::FillDisk => self.full = true,
            Step::FreeDisk => self.full = false,
            Step::Forbid { .. } => self.forbidden = true,
            Step::Allow => self.forbidden = false,
            Step::DamageLock(damage) => self.lock = Some(damage),
            Step::MendLock => self.lock = None,
            Step::DamageYaml(damage) => self.yaml = Some(damage),
            Step::MendYaml => self.yaml = None,
            Step::ChangeYaml => self.threads = 3 + (self.threads + 1) % 3,
            Step::ChangeImage => self.image += 1,
            Step::Engine(engine) => self.engine = engine,
            Step::Clock(days) => self.clock = days,
            Step::OpenTerminal => self.terminals += 1,
            Step::Kill(Victim::FirstTerminal | Victim::LastTerminal) => self.close_terminal(),
            Step::Interrupt { .. } => {
                self.save_if_possible();
                self.close_terminal();
            }
            Step::Docker(Behind::Pause(_)) => self.save_if_possible(),
            // Every session of the server ends with it; the next one is opened by whoever goes on.
            Step::Docker(_) | Step::Kill(Victim::ApacheParent) => self.terminals = 1,
            Step::Type { command: Typed::Down, .. } => self.terminals = 1,
            Step::Kill(_) | Step::OpenLog | Step::Type { .. } => {}
        }
    }
}
