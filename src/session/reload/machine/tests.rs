mod progress;

use proptest::prelude::*;

use super::super::agent::{Loaded, Said};
use super::{Effect, Input, Machine, Outcome};

fn loaded(generation: u64) -> Loaded {
    Loaded { generation, ..Loaded::default() }
}

fn ready(keep: bool, in_place: bool) -> Machine {
    let mut machine = Machine::new(keep, in_place, false);
    assert_eq!(machine.step(Input::Agent(Said::Hello(loaded(1)))), []);
    machine
}

fn changed(file: &str) -> Input {
    Input::Changed(file.into())
}

fn prepare(generation: u64, files: &[&str]) -> Effect {
    Effect::Prepare { generation, files: files.iter().map(|file| (*file).to_owned()).collect() }
}

#[test]
fn one_save() {
    let mut machine = ready(false, false);
    // It is loaded at once; requests go there when no more comes.
    assert_eq!(machine.step(changed("a.py")), [prepare(2, &["a.py"])]);
    assert_eq!(machine.step(Input::Settled), [Effect::Commit { generation: 2 }]);
    let outcome = Outcome { generation: 2, files: vec!["a.py".into()], error: None, served: true, again: false, newer: false };
    assert_eq!(machine.step(Input::Agent(Said::Serving(loaded(2)))), [Effect::Tell(outcome)]);
    assert!(machine.is_idle());
}

#[test]
fn what_may_be_all_is_served_before_it_is_sure() {
    let mut machine = ready(false, false);
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Soon), [Effect::Commit { generation: 2 }]);
    let told = |generation, file: &str| {
        Effect::Tell(Outcome { generation, files: vec![file.into()], error: None, served: true, again: false, newer: false })
    };
    assert_eq!(machine.step(Input::Agent(Said::Serving(loaded(2)))), [told(2, "a.py")]);
    // It was not all: the rest is another reload, which waits until it is.
    assert_eq!(machine.step(changed("b.py")), [prepare(3, &["b.py"])]);
    assert_eq!(machine.step(Input::Agent(Said::Loaded(loaded(3)))), []);
    assert_eq!(machine.step(Input::Settled), [Effect::Commit { generation: 3 }]);
    assert_eq!(machine.step(Input::Agent(Said::Serving(loaded(3)))), [told(3, "b.py")]);
    assert!(machine.is_idle());
}

#[test]
fn several_processes_serve_it_only_when_all_have_loaded_the_same() {
    // Whether it is sure that nothing more changes, or only probable.
    for quiet in [Input::Soon, Input::Settled] {
        let mut machine = Machine::new(false, false, true);
        machine.step(Input::Agent(Said::Hello(loaded(1))));
        machine.step(changed("a.py"));
        assert_eq!(machine.step(quiet), []);
        assert_eq!(machine.step(Input::Agent(Said::Loaded(loaded(2)))), [Effect::Commit { generation: 2 }]);
    }
    // One that read the file before another save, and one that read it after.
    let mut machine = Machine::new(false, false, true);
    machine.step(Input::Agent(Said::Hello(loaded(1))));
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Settled), []);
    machine.step(changed("a.py"));
    let divided = Loaded { stale: vec!["a.py".into()], divided: true, ..loaded(2) };
    assert_eq!(machine.step(Input::Agent(Said::Loaded(divided))), []);
    assert_eq!(machine.step(Input::Settled), [Effect::Discard { generation: 2 }, prepare(3, &["a.py"])]);
    // Without standby processes nothing is loaded before requests go there.
    let mut machine = Machine::new(false, true, true);
    machine.step(Input::Agent(Said::Hello(loaded(1))));
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Settled), [prepare(2, &["a.py"]), Effect::Commit { generation: 2 }]);
}

#[test]
fn a_mistake_may_be_half_of_what_is_being_saved() {
    let bad = |generation| Loaded { error: Some("ImportError".into()), ..loaded(generation) };
    for keep in [false, true] {
        // Known before requests go there: they do not.
        let mut machine = ready(keep, false);
        machine.step(changed("a.py"));
        assert_eq!(machine.step(Input::Agent(Said::Loaded(bad(2)))), []);
        assert_eq!(machine.step(Input::Soon), []);
        machine.step(changed("b.py"));
        let effects = machine.step(Input::Settled);
        assert_eq!(effects[..2], [Effect::Discard { generation: 2 }, prepare(3, &["a.py", "b.py"])]);
    }
    // Known too late for that: it is not told.
    let mut machine = ready(false, false);
    machine.step(changed("a.py"));
    machine.step(Input::Soon);
    assert_eq!(machine.step(Input::Agent(Said::Serving(bad(2)))), []);
    assert_eq!(machine.step(changed("b.py")), [prepare(3, &["a.py", "b.py"])]);
    assert_eq!(machine.step(Input::Settled), [Effect::Commit { generation: 3 }]);
    let outcome =
        Outcome { generation: 3, files: vec!["a.py".into(), "b.py".into()], error: None, served: true, again: false, newer: false };
    assert_eq!(machine.step(Input::Agent(Said::Serving(loaded(3)))), [Effect::Tell(outcome)]);
    // Nothing mends it.
    machine.step(changed("a.py"));
    machine.step(Input::Soon);
    machine.step(Input::Agent(Said::Serving(bad(4))));
    assert!(matches!(&machine.step(Input::Settled)[..], [Effect::Tell(Outcome { generation: 4, error: Some(_), served: true, .. })]));
    assert!(machine.is_idle());
}

#[test]
fn the_last_good_code_is_kept_until_it_is_known_that_the_new_is() {
    let mut machine = ready(true, false);
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Soon), []);
    assert_eq!(machine.step(Input::Agent(Said::Loaded(loaded(2)))), [Effect::Commit { generation: 2 }]);
}

#[test]
fn a_second_file_makes_what_was_loaded_old() {
    let mut machine = ready(false, false);
    machine.step(changed("a.py"));
    assert_eq!(machine.step(changed("b.py")), []);
    assert_eq!(
        machine.step(Input::Settled),
        [Effect::Discard { generation: 2 }, prepare(3, &["a.py", "b.py"]), Effect::Commit { generation: 3 }]
    );
    // What is still said about the one that was given up changes nothing.
    assert_eq!(machine.step(Input::Agent(Said::Loaded(loaded(2)))), []);
}

#[test]
fn a_save_in_the_middle_of_a_reload() {
    let mut machine = ready(false, false);
    machine.step(changed("a.py"));
    machine.step(Input::Settled);
    machine.step(changed("a.py"));
    // Requests go to the second generation already, so it is not given up.
    assert_eq!(machine.step(Input::Settled), [prepare(3, &["a.py"]), Effect::Commit { generation: 3 }]);
    assert_eq!(machine.step(Input::Agent(Said::Serving(loaded(2)))), []);
    assert!(matches!(machine.step(Input::Agent(Said::Serving(loaded(3))))[..], [Effect::Tell(_)]));
}

#[test]
fn the_last_good_code_is_kept() {
    let mut machine = ready(true, false);
    let bad = |generation| Input::Agent(Said::Loaded(Loaded { error: Some("SyntaxError".into()), ..loaded(generation) }));
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Settled), []);
    let effects = machine.step(bad(2));
    assert_eq!(effects[0], Effect::Discard { generation: 2 });
    assert!(matches!(&effects[1], Effect::Tell(Outcome { served: false, again: false, .. })));
    machine.step(changed("a.py"));
    machine.step(Input::Settled);
    assert!(matches!(&machine.step(bad(3))[1], Effect::Tell(Outcome { again: true, .. })));
    machine.step(changed("a.py"));
    machine.step(Input::Settled);
    assert_eq!(machine.step(Input::Agent(Said::Loaded(loaded(4)))), [Effect::Commit { generation: 4 }]);
}

#[test]
fn without_standby_nothing_is_done_before_a_burst_is_over() {
    let mut machine = ready(true, true);
    assert_eq!(machine.step(changed("a.py")), []);
    assert_eq!(machine.step(Input::Settled), [prepare(2, &["a.py"]), Effect::Commit { generation: 2 }]);
}

#[test]
fn what_an_agent_left_undone_its_successor_does() {
    let mut machine = ready(false, false);
    machine.step(changed("a.py"));
    machine.step(Input::Settled);
    assert_eq!(machine.step(Input::AgentLost), [Effect::StartAgent]);
    assert_eq!(machine.step(changed("b.py")), []);
    assert_eq!(machine.step(Input::Settled), []);
    let effects = machine.step(Input::Agent(Said::Hello(loaded(2))));
    assert_eq!(effects, [prepare(3, &["a.py", "b.py"]), Effect::Commit { generation: 3 }]);
}

fn own(generation: u64, files: &[&str]) -> Input {
    Input::Agent(Said::Own { generation, files: files.iter().map(|file| (*file).to_owned()).collect() })
}

#[test]
fn what_the_application_writes_itself_is_forgotten() {
    for quiet in [Input::Soon, Input::Settled] {
        let mut machine = ready(false, false);
        assert_eq!(machine.step(changed("cache/1.py")), [prepare(2, &["cache/1.py"])]);
        machine.step(quiet);
        assert_eq!(machine.step(own(2, &["cache/1.py"])), []);
        machine.step(Input::Settled);
        assert!(machine.is_idle());
        // A save of the user's has the number that was not needed, and is not told with the other.
        assert_eq!(machine.step(changed("a.py")), [prepare(2, &["a.py"])]);
    }
}

#[test]
fn what_else_is_saved_meanwhile_is_loaded() {
    let mut machine = ready(false, false);
    machine.step(changed("cache/1.py"));
    assert_eq!(machine.step(changed("a.py")), []);
    assert_eq!(machine.step(own(2, &["cache/1.py"])), []);
    assert_eq!(machine.step(Input::Settled), [prepare(2, &["a.py"]), Effect::Commit { generation: 2 }]);
    // What was asked for, or is known to be old, is loaded whoever has written the files.
    let mut machine = ready(false, false);
    machine.step(Input::Asked);
    machine.step(changed("cache/1.py"));
    assert_eq!(machine.step(Input::Settled), [prepare(3, &["cache/1.py"]), Effect::Commit { generation: 3 }]);
    assert!(!machine.unless_own());
    // An error that is not told yet is not lost.
    let mut machine = ready(false, false);
    machine.step(changed("a.py"));
    machine.step(Input::Soon);
    machine.step(Input::Agent(Said::Serving(Loaded { error: Some("ImportError".into()), ..loaded(2) })));
    machine.step(changed("cache/1.py"));
    assert!(!machine.unless_own());
}

#[test]
fn what_an_import_writes_does_not_keep_its_outcome_from_being_told() {
    let told =
        Effect::Tell(Outcome { generation: 2, files: vec!["out.css".into()], error: None, served: true, again: false, newer: false });
    // The import of what the user has saved writes it once more, and is done before that is known, or not.
    let mut machine = ready(false, false);
    machine.step(changed("out.css"));
    machine.step(Input::Soon);
    machine.step(changed("out.css"));
    assert_eq!(machine.step(Input::Agent(Said::Serving(loaded(2)))), []);
    assert_eq!(machine.step(Input::Settled), [prepare(3, &["out.css"])]);
    assert!(machine.unless_own());
    assert_eq!(machine.step(own(3, &["out.css"])), [told]);
    assert!(machine.is_idle());

    let mut machine = ready(false, false);
    machine.step(changed("out.css"));
    machine.step(Input::Soon);
    machine.step(changed("out.css"));
    assert_eq!(machine.step(Input::Settled), [prepare(3, &["out.css"]), Effect::Commit { generation: 3 }]);
    // What has become of the second generation is not known any more, so the third is loaded all the same.
    assert_eq!(machine.step(own(3, &["out.css"])), [prepare(3, &["out.css"]), Effect::Commit { generation: 3 }]);
    assert!(!machine.unless_own());
    assert!(matches!(machine.step(Input::Agent(Said::Serving(loaded(3))))[..], [Effect::Tell(_)]));
    assert!(machine.is_idle());
}

/// One load is given up for a newer save, or left to those who wait for it; the next is carried through.
#[test]
fn saves_that_come_faster_than_imports() {
    let mut machine = ready(false, false);
    let begun = |generation| Input::Agent(Said::Begun { generation });
    let serving = |generation, stale: &[&str]| {
        let stale = stale.iter().map(|file| (*file).to_owned()).collect();
        Input::Agent(Said::Serving(Loaded { read: vec!["a.py".into(), "b.py".into()], stale, ..loaded(generation) }))
    };
    machine.step(changed("a.py"));
    machine.step(Input::Settled);
    machine.step(begun(2));
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Settled), [prepare(3, &["a.py"]), Effect::Commit { generation: 3 }]);
    // It has not begun to read: that costs nothing.
    machine.step(changed("b.py"));
    assert_eq!(machine.step(Input::Settled), [prepare(4, &["a.py", "b.py"]), Effect::Commit { generation: 4 }]);
    machine.step(begun(4));
    machine.step(changed("b.py"));
    assert_eq!(machine.step(Input::Settled), []);
    let older = |generation, files: &[&str]| {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Effect::Tell(Outcome { generation, files, error: None, served: true, again: false, newer: true })
    };
    assert_eq!(machine.step(serving(4, &["b.py"])), [older(4, &["a.py", "b.py"]), prepare(5, &["b.py"])]);
    // Requests do not wait for it. It is whole, and serves although it is old.
    machine.step(begun(5));
    machine.step(changed("a.py"));
    assert_eq!(machine.step(Input::Settled), []);
    let read = |generation, stale: &[&str]| match serving(generation, stale) {
        Input::Agent(Said::Serving(loaded)) => Input::Agent(Said::Loaded(loaded)),
        _ => unreachable!(),
    };
    assert_eq!(machine.step(read(5, &["a.py"])), [Effect::Commit { generation: 5 }]);
    assert_eq!(machine.step(serving(5, &["a.py"])), [older(5, &["b.py"]), prepare(6, &["a.py"])]);
    // Two files are saved at once, and only one of them is read as it was before: once that is not served.
    for generation in [6, 7] {
        machine.step(begun(generation));
        machine.step(changed("a.py"));
        machine.step(changed("b.py"));
        assert_eq!(machine.step(Input::Settled), []);
        let effects = machine.step(read(generation, &["a.py"]));
        if generation == 6 {
            assert_eq!(effects, [Effect::Discard { generation }, prepare(7, &["a.py", "b.py"])]);
        } else {
            assert_eq!(effects, [Effect::Commit { generation }]);
        }
    }
    machine.step(serving(7, &["a.py"]));
    assert_eq!(machine.step(read(8, &[])), [Effect::Commit { generation: 8 }]);
    assert!(matches!(&machine.step(serving(8, &[]))[..], [Effect::Tell(Outcome { newer: false, .. })]));
    assert!(machine.is_idle());
}

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

/// A container: what is on disk, what is served, and the agent at work. As `images/reload/agent.py` does it.
#[derive(Debug, Default)]
struct World {
    disk: u64,
    served: u64,
    generation: u64,
    agent: bool,
    wants_agent: bool,
    reload: Option<Reload>,
    /// What it was told to load for nothing but the application's own files, and has not answered yet.
    own: std::collections::VecDeque<(u64, Vec<String>)>,
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
        // Nothing that was told was untrue when it was told, or might have been mended by the rest of the same save.
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
