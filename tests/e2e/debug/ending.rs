//! However it ends: the terminal is as before, and nothing is left.

use bollard::query_parameters::KillContainerOptionsBuilder;
use rustix::process::Signal;

use super::Debugged;
use crate::common::Ran;
use crate::common::pty::CTRL_D;
use crate::engine;

/// Ends a session where a request is at a prompt, and one where nothing runs.
#[track_caller]
fn ends(code: i32, end: impl Fn(&Debugged)) {
    for stopped in [true, false] {
        let mut debugged = Debugged::stops(&[]);
        let asked = stopped.then(|| debugged.ask_and_stop("/here"));
        assert!(debugged.terminal.is_raw());
        end(&debugged);
        let ran: Ran = debugged.terminal.end().exits(code);
        debugged.project.nothing_is_left();
        assert!(!ran.stderr.contains("Traceback"), "{ran}");
        // It need not be answered, but it must end.
        asked.map(|asked| asked.thread.join().unwrap());
    }
}

#[test]
fn ctrl_d_where_nothing_is_stopped() {
    let debugged = Debugged::stops(&[]);
    assert!(debugged.terminal.is_raw());
    debugged.terminal.type_text(CTRL_D);
    let ran = debugged.terminal.end().exits(0).says(&["stopped"]);
    assert!(!ran.stderr.contains("Traceback"), "{ran}");
    debugged.project.nothing_is_left();
}

#[test]
fn signals() {
    for signal in [Signal::TERM, Signal::HUP] {
        ends(0, |debugged| debugged.terminal.signal(signal));
    }
}

#[test]
fn the_server_is_stopped_from_elsewhere() {
    ends(0, |debugged| drop(debugged.project.parity(&["down"]).ok()));
}

#[test]
fn the_container_is_killed() {
    ends(0, |debugged| {
        let [container] = debugged.project.containers().try_into().unwrap();
        engine::with(async |engine| {
            let options = KillContainerOptionsBuilder::default().signal("KILL").build();
            engine.api.kill_container(&container, Some(options)).await.unwrap();
        });
    });
}
