//! However it ends: the terminal is as before, and nothing is left.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Debugged;
use crate::common::Ran;
use crate::common::pty::{CTRL_C, CTRL_D};
use crate::engine;

/// From the first key.
const TWICE_ENDS_WITHIN: Duration = Duration::from_millis(2500);

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
fn ctrl_c_twice_wherever_it_is_pressed() {
    for place in ["nothing", "/here", "/loop"] {
        let mut debugged = Debugged::stops(&[]);
        let asked = (place != "nothing").then(|| debugged.ask(place));
        match place {
            "/here" => drop(debugged.stops_at("GET /here")),
            "/loop" => drop(debugged.terminal.shows("in the loop")),
            _ => {}
        }
        let begun = Instant::now();
        for _ in 0..2 {
            debugged.terminal.type_text(CTRL_C);
            std::thread::sleep(Duration::from_millis(150));
        }
        debugged.terminal.end().exits(0);
        assert!(begun.elapsed() < TWICE_ENDS_WITHIN, "{place}: {:?}", begun.elapsed());
        debugged.project.nothing_is_left();
        asked.map(|asked| asked.thread.join().unwrap());
    }
}

#[test]
fn the_container_is_killed() {
    ends(11, |debugged| {
        let [container] = debugged.project.containers().try_into().unwrap();
        engine::kill(&container);
    });
}
