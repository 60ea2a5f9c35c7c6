//! Whatever happens to a session and its container, in whatever order: nothing is ever stale, nothing gets stuck.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::super::{Effect, Input, Machine, Outcome};
use super::changed;
use crate::runtime::protocol::{Loaded, Said};

/// What can happen to a session.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// A save; some versions of the code cannot be imported.
    Save,
    /// The application writes a file of its own.
    Writes,
    Hurries,
    Settles,
    Asked,
    /// The agent gets on with what it was told.
    Works,
    AgentDies,
    /// Another one is there.
    AgentComes,
    /// The container is started again, with what is on disk.
    Restarts,
}

/// A container: what is on disk, what is served, and the agent at work. As `the agent in the container` does it.
#[derive(Debug, Default)]
struct World {
    disk: u64,
    served: u64,
    generation: u64,
    agent: bool,
    wants_agent: bool,
    reload: Option<Reload>,
    /// What it was told to load for nothing but the application's own files, and has not answered yet.
    own: VecDeque<(u64, Vec<String>)>,
    /// What was told, what was on disk then or is served, and whether more may have been about to be saved.
    told: Vec<(Outcome, u64, bool)>,
    saving: bool,
}

#[derive(Debug, Clone, Copy)]
struct Reload {
    generation: u64,
    version: Option<u64>,
    wanted: bool,
    committed: bool,
    reported: bool,
}

fn is_broken(version: u64) -> bool {
    version % 5 == 3
}

impl World {
    fn apply(&mut self, effects: Vec<Effect>, unless_own: bool) {
        for effect in effects {
            match effect {
                Effect::TellRecovered => {}
                Effect::StartAgent => self.wants_agent = true,
                Effect::Tell(outcome) => {
                    let version = if outcome.newer { self.served } else { self.disk };
                    self.told.push((outcome, version, self.saving));
                }
                // Orders to an agent that is gone are lost.
                _ if !self.agent => {}
                Effect::Prepare { generation, files } if unless_own && files == ["own"] => {
                    self.own.push_back((generation, files));
                }
                Effect::Prepare { generation, .. } => {
                    self.reload = Some(Reload { generation, version: None, wanted: false, committed: false, reported: false });
                }
                Effect::Commit { generation } => {
                    self.reload.iter_mut().filter(|reload| reload.generation == generation).for_each(|reload| reload.wanted = true);
                }
                Effect::Discard { generation } => {
                    self.reload = self.reload.filter(|reload| reload.generation != generation || reload.committed);
                }
            }
        }
    }

    fn say(&self, generation: u64, version: u64) -> Loaded {
        Loaded {
            generation,
            error: is_broken(version).then(|| "SyntaxError".to_owned()),
            stale: if version == self.disk { Vec::new() } else { vec!["a.py".into()] },
            ..Loaded::default()
        }
    }

    /// One step of the agent's; `None`: it has nothing to do.
    fn work(&mut self) -> Option<Said> {
        if let Some((generation, files)) = self.own.pop_front().filter(|_| self.agent) {
            return Some(Said::Own { generation, files });
        }
        let mut reload = self.reload.filter(|_| self.agent)?;
        if reload.wanted && !reload.committed {
            reload.committed = true;
            self.generation = reload.generation;
        }
        let said = match reload.version {
            None => {
                reload.version = Some(self.disk);
                Some(Said::Begun { generation: reload.generation })
            }
            Some(version) if reload.committed => {
                self.served = version;
                self.reload = None;
                return Some(Said::Serving(self.say(reload.generation, version)));
            }
            Some(version) if !reload.reported => {
                reload.reported = true;
                Some(Said::Loaded(self.say(reload.generation, version)))
            }
            Some(_) => None,
        };
        if reload.committed
            && let Some(version) = reload.version
        {
            self.served = version;
        }
        self.reload = Some(reload);
        said
    }

    fn hello(&mut self) -> Said {
        (self.agent, self.wants_agent, self.reload) = (true, false, None);
        self.own.clear();
        Said::Hello(self.say(self.generation, self.served))
    }
}

fn happens() -> impl Strategy<Value = Vec<Happens>> {
    use Happens::*;
    let one = prop_oneof![
        6 => Just(Save), 3 => Just(Writes), 4 => Just(Hurries), 5 => Just(Settles), 1 => Just(Asked), 10 => Just(Works),
        1 => Just(AgentDies), 3 => Just(AgentComes), 1 => Just(Restarts)
    ];
    proptest::collection::vec(one, 0..80)
}

fn play(machine: &mut Machine, world: &mut World, event: Happens) {
    let input = match event {
        Happens::Save => {
            world.disk += 1;
            world.saving = true;
            changed("a.py")
        }
        Happens::Writes => changed("own"),
        Happens::Hurries => Input::Soon,
        Happens::Settles | Happens::Asked => {
            world.saving = false;
            if matches!(event, Happens::Asked) { Input::Asked } else { Input::Settled }
        }
        Happens::Works => match world.work() {
            Some(said) => Input::Agent(said),
            None => return,
        },
        Happens::AgentDies if world.agent => {
            (world.agent, world.reload) = (false, None);
            Input::AgentLost
        }
        Happens::AgentComes if world.wants_agent => Input::Agent(world.hello()),
        Happens::Restarts if world.agent => {
            (world.agent, world.reload, world.generation, world.served) = (false, None, 1, world.disk);
            Input::AgentLost
        }
        Happens::AgentDies | Happens::AgentComes | Happens::Restarts => return,
    };
    let effects = machine.step(input);
    world.apply(effects, machine.unless_own());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens: once nothing more is saved, what is on disk is served, or what is wrong with it has been told.
    #[test]
    fn never_stale_and_never_stuck(keep: bool, in_place: bool, several: bool, events in happens()) {
        let mut machine = Machine::new(keep, in_place, several);
        let mut world = World { generation: 1, wants_agent: true, ..World::default() };
        for event in events {
            play(&mut machine, &mut world, event);
        }
        play(&mut machine, &mut world, Happens::Settles);
        for _ in 0..50 {
            play(&mut machine, &mut world, Happens::AgentComes);
            play(&mut machine, &mut world, Happens::Works);
        }
        prop_assert!(machine.is_idle(), "stuck: {machine:?} {world:?}");
        let kept = keep && !in_place && is_broken(world.disk);
        if kept {
            prop_assert!(!is_broken(world.served) || world.served == world.disk, "{world:?}");
        } else {
            prop_assert_eq!(world.served, world.disk, "stale: {:?} {:?}", machine, world);
        }
        // Nothing that was told was untrue when it was told, or might have been fixed by the rest of the same save.
        for (outcome, disk, saving) in &world.told {
            prop_assert_eq!(outcome.error.is_some(), is_broken(*disk), "{:?}", outcome);
            prop_assert!(outcome.error.is_none() || !saving, "{:?}", outcome);
        }
    }

    /// However often the application writes its own files: nothing is loaded and nothing is told.
    #[test]
    fn own_files_never_cause_a_reload(keep: bool, in_place: bool, several: bool, events in happens()) {
        let mut machine = Machine::new(keep, in_place, several);
        let mut world = World { generation: 1, wants_agent: true, ..World::default() };
        play(&mut machine, &mut world, Happens::AgentComes);
        for event in events {
            let quiet = matches!(event, Happens::Writes | Happens::Hurries | Happens::Settles | Happens::Works);
            play(&mut machine, &mut world, if quiet { event } else { Happens::Writes });
            prop_assert!(world.reload.is_none(), "{machine:?}");
        }
        play(&mut machine, &mut world, Happens::Settles);
        while !world.own.is_empty() {
            play(&mut machine, &mut world, Happens::Works);
        }
        prop_assert!(machine.is_idle(), "{machine:?}");
        prop_assert_eq!((world.generation, world.told.len()), (1, 0));
    }
}
