mod progress;
mod world;

use super::{Effect, Input, Machine, Outcome};
use crate::runtime::protocol::{Loaded, Said};

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
    // Nothing fixes it.
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
