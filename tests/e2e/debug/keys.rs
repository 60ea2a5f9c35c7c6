//! What the keys do, at a prompt and elsewhere.

use super::{Debugged, PROMPT};
use crate::common::pty::{CTRL_C, CTRL_D, CTRL_P, ENTER, TAB};

#[test]
fn ctrl_c_at_a_prompt_gives_a_fresh_one() {
    let mut debugged = Debugged::stops(&[]);
    let asked = debugged.ask_and_stop("/here");
    debugged.terminal.type_text("p half of a li");
    debugged.terminal.shows("half of a li");
    for _ in 0..3 {
        debugged.terminal.type_text(CTRL_C);
        debugged.terminal.shows(PROMPT);
        // Pressed twice, and nothing between, it ends the session.
        debugged.terminal.type_text("x");
        debugged.terminal.shows("x");
    }
    debugged.terminal.type_text(CTRL_C);
    debugged.terminal.shows(PROMPT);
    debugged.says("p secret", "'seen by breakpoint()'");
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}

#[test]
fn ctrl_c_stops_what_runs() {
    let mut debugged = Debugged::stops(&[]);
    for (path, sign, end) in [("/loop", "in the loop", "out of the loop"), ("/doze", "round 3", "awake")] {
        for _ in 0..2 {
            let asked = debugged.ask(path);
            debugged.terminal.shows(sign);
            debugged.terminal.type_text(CTRL_C);
            let place = debugged.stops_at(&format!("GET {path}"));
            assert!(place.contains("app.py(") && place.contains(&format!("{}()", &path[1..])), "{place}");
            debugged.says("p 'rounds', rounds >= 0", "('rounds', True)");
            debugged.says("n", "-> ");
            assert!(!asked.is_answered());
            debugged.terminal.enter("!go_on = False");
            debugged.terminal.shows(PROMPT);
            debugged.goes_on();
            asked.answer().ok().has(end);
        }
    }
    debugged.get("/").ok();
    debugged.end();
}

#[test]
fn a_loop_that_was_stopped_goes_on_and_is_stopped_again() {
    let mut debugged = Debugged::stops(&[]);
    let asked = debugged.ask("/doze");
    for _ in 0..3 {
        debugged.terminal.shows("round ");
        debugged.terminal.type_text(CTRL_C);
        debugged.stops_at("GET /doze");
        debugged.goes_on();
    }
    debugged.terminal.shows("round ");
    debugged.terminal.type_text(CTRL_C);
    debugged.stops_at("GET /doze");
    debugged.terminal.enter("q");
    asked.answer().has("given up");
    debugged.get("/").ok();
    debugged.end();
}

#[test]
fn ctrl_c_during_a_command() {
    let mut debugged = Debugged::stops(&[]);
    let asked = debugged.ask_and_stop("/here");
    for _ in 0..2 {
        debugged.terminal.enter("print('begun'); [None for _ in iter(int, 1)]");
        debugged.terminal.shows("\nbegun\n");
        debugged.terminal.type_text(CTRL_C);
        debugged.terminal.shows("*** KeyboardInterrupt");
        debugged.terminal.shows(PROMPT);
    }
    debugged.says("p secret", "'seen by breakpoint()'");
    debugged.goes_on();
    asked.answer().ok();
    debugged.get("/").ok();
    debugged.end();
}

#[test]
fn ctrl_c_where_nothing_runs() {
    let mut debugged = Debugged::stops(&[]);
    debugged.get("/").ok();
    debugged.terminal.type_text(CTRL_C);
    debugged.stops_at("nothing runs");
    debugged.says("p 6 * 7", "42");
    debugged.says("p application.__module__", "'app'");
    debugged.goes_on();
    debugged.get("/").ok();
    let asked = debugged.ask_and_stop("/here");
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}

#[test]
fn quitting_where_nothing_runs() {
    let mut debugged = Debugged::stops(&[]);
    debugged.terminal.type_text(CTRL_C);
    debugged.stops_at("nothing runs");
    debugged.terminal.enter("q");
    debugged.terminal.end().exits(0);
    debugged.project.nothing_is_left();
}

#[test]
fn quitting_and_ctrl_d_end_one_request() {
    let mut debugged = Debugged::stops(&["--break", "app:count"]);
    for path in ["/count", "/here"] {
        for keys in [&["q", ENTER].concat(), CTRL_D] {
            let asked = debugged.ask_and_stop(path);
            debugged.terminal.type_text(keys);
            let answer = asked.answer();
            assert_eq!(answer.status, 500, "{answer}");
            answer.has("given up in the debugger");
        }
    }
    // After an exception there is nothing left to give up.
    for keys in [&["q", ENTER].concat(), CTRL_D] {
        let asked = debugged.ask_and_stop("/fail");
        debugged.terminal.type_text(keys);
        assert_eq!(asked.answer().status, 500);
    }
    debugged.get("/").ok();
    debugged.end();
}

#[test]
fn history_completion_and_other_alphabets() {
    let mut debugged = Debugged::stops(&[]);
    let asked = debugged.ask_and_stop("/here");
    debugged.says("p 'one', 1 + 1", "('one', 2)");
    debugged.says("p \"ä→\", len(\"ä→\")", "('ä→', 2)");
    debugged.terminal.type_text(CTRL_P);
    debugged.terminal.type_text(CTRL_P);
    debugged.terminal.type_text(ENTER);
    debugged.terminal.shows("('one', 2)");
    debugged.terminal.shows(PROMPT);

    debugged.terminal.type_text("p secr");
    debugged.terminal.type_text(TAB);
    debugged.terminal.shows("p secret");
    debugged.terminal.type_text(ENTER);
    debugged.terminal.shows("'seen by breakpoint()'");
    debugged.terminal.shows(PROMPT);
    debugged.terminal.type_text("p environ.setd");
    debugged.terminal.type_text(TAB);
    debugged.terminal.shows("setdefault");
    debugged.terminal.type_text(ENTER);
    debugged.terminal.shows("built-in method setdefault");
    debugged.terminal.shows(PROMPT);

    debugged.terminal.type_text(CTRL_D);
    asked.answer();
    // What was typed at one prompt is there at the next.
    let asked = debugged.ask_and_stop("/here");
    debugged.terminal.type_text(CTRL_P);
    debugged.terminal.shows("p environ.setdefault");
    debugged.terminal.type_text(CTRL_C);
    debugged.terminal.shows(PROMPT);
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}

#[test]
fn several_lines_are_pasted() {
    let mut debugged = Debugged::stops(&[]);
    let asked = debugged.ask_and_stop("/here");
    debugged.terminal.type_text("for i in range(2):\r    print('round', i)\r\r");
    debugged.terminal.shows("round 0\n");
    debugged.terminal.shows("round 1\n");
    debugged.terminal.shows(PROMPT);
    debugged.terminal.type_text("x = 20\ry = 22\rp x + y\r");
    debugged.terminal.shows("\n42\n");
    debugged.terminal.shows(PROMPT);
    // As terminals paste.
    debugged.terminal.type_text("\x1b[200~p 'pasted'\x1b[201~");
    debugged.terminal.type_text(ENTER);
    debugged.terminal.shows("\n'pasted'\n");
    debugged.terminal.shows(PROMPT);
    debugged.goes_on();
    asked.answer().ok();
    debugged.end();
}

#[test]
fn a_window_changes_its_size() {
    let mut debugged = Debugged::stops(&[]);
    debugged.terminal.resize(100, 30);
    let asked = debugged.ask_and_stop("/here");
    for (columns, rows) in [(40, 10), (200, 60), (120, 40)] {
        debugged.terminal.resize(columns, rows);
        debugged.says("p 'still', 'here'", "('still', 'here')");
    }
    debugged.terminal.type_text("p sec");
    debugged.terminal.shows("p sec");
    debugged.terminal.resize(160, 50);
    debugged.terminal.type_text("ret\r");
    debugged.terminal.shows("'seen by breakpoint()'");
    debugged.terminal.shows(PROMPT);
    debugged.goes_on();
    asked.answer().ok();

    let asked = debugged.ask("/doze");
    debugged.terminal.shows("round 3");
    debugged.terminal.resize(80, 24);
    debugged.terminal.type_text(CTRL_C);
    debugged.stops_at("GET /doze");
    debugged.terminal.enter("q");
    asked.answer();
    debugged.end();
}

#[test]
fn another_request_waits_for_the_one_at_the_prompt() {
    let mut debugged = Debugged::stops(&[]);
    let first = debugged.ask_and_stop("/here");
    let second = debugged.ask("/");
    let third = debugged.ask("/fail");
    debugged.says("p secret", "'seen by breakpoint()'");
    assert!(!first.is_answered() && !second.is_answered() && !third.is_answered());
    debugged.goes_on();
    first.answer().ok();
    // The two come in any order.
    debugged.stops_at("GET /fail");
    debugged.goes_on();
    second.answer().ok().has("hello");
    assert_eq!(third.answer().status, 500);
    debugged.end();
}
