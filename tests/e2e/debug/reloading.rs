//! Saved code and breakpoints: they stay where they were, by the text of their lines.

use std::time::{Duration, Instant};

use super::{Asked, Debugged, PATIENCE, PROMPT, READY, ask, line_of};
use crate::common::pty::{CTRL_D, Terminal};
use crate::project::TestProject;

const LINE: &str = "total += number";

/// Saves the application with lines before everything else in it, and waits until that is served.
fn save(project: &TestProject, terminal: &mut Terminal, before: &str, app: &str) {
    project.write("app.py", &format!("{before}{app}"));
    terminal.shows("app.py → serving in");
    terminal.shows("\n");
}

/// Stops in the loop of `/count` at its third round, where the line is now, and goes on.
#[track_caller]
fn stops_where_the_line_is(terminal: &mut Terminal, project: &TestProject, asked: Asked) {
    terminal.shows("# stopped: GET /count\n");
    let place = terminal.shows(PROMPT);
    assert!(place.contains(&format!("app.py({})count()", line_of(project, "app.py", LINE))), "{place}");
    terminal.enter("p number, total");
    terminal.shows("(2, 1)");
    terminal.shows(PROMPT);
    terminal.enter("c");
    terminal.shows("\n");
    asked.answer().ok().has("total 6");
}

/// Ctrl-D where nothing is stopped.
#[track_caller]
fn end(terminal: Terminal, project: &TestProject) {
    terminal.type_text(CTRL_D);
    terminal.end().exits(0);
    project.nothing_is_left();
}

#[test]
fn breakpoints_survive_each_save() {
    let project = TestProject::copy("stops");
    let at = format!("app.py:{} if number == 2", line_of(&project, "app.py", LINE));
    let app = project.read("app.py");
    let Debugged { mut terminal, project, url } = Debugged::of(project, &["--reload-on-changes", "--break", &at]);
    let asked = ask(&url, "/count");
    stops_where_the_line_is(&mut terminal, &project, asked);
    for lines in 1..=3 {
        save(&project, &mut terminal, &"# more\n".repeat(lines), &app);
        let asked = ask(&url, "/count");
        stops_where_the_line_is(&mut terminal, &project, asked);
    }
    // A line that is gone is said, and it is a breakpoint again when it is back.
    save(&project, &mut terminal, "", &app.replace(LINE, "total = total + number"));
    let begun = Instant::now();
    while !terminal.shown().contains("its line is gone: total += number") {
        assert!(begun.elapsed() < PATIENCE, "{}", terminal.shown());
        std::thread::sleep(Duration::from_millis(10));
    }
    ask(&url, "/count").answer().ok().has("total 6");
    save(&project, &mut terminal, "# back\n", &app);
    let asked = ask(&url, "/count");
    stops_where_the_line_is(&mut terminal, &project, asked);
    end(terminal, &project);
}

#[test]
fn one_that_is_set_at_a_prompt_survives_as_well() {
    let mut debugged = Debugged::stops(&["--reload-on-changes"]);
    let app = debugged.project.read("app.py");
    let asked = debugged.ask_and_stop("/here");
    debugged.says(&format!("b {}, number == 2", line_of(&debugged.project, "app.py", LINE)), "Breakpoint 1 at");
    debugged.goes_on();
    asked.answer().ok();
    let Debugged { mut terminal, project, url } = debugged;
    save(&project, &mut terminal, "# one\n# two\n", &app);
    let asked = ask(&url, "/count");
    stops_where_the_line_is(&mut terminal, &project, asked);
    end(terminal, &project);
}

#[test]
fn what_is_told_at_a_prompt_does_not_cover_it() {
    let mut debugged = Debugged::stops(&["--reload-on-changes"]);
    let app = debugged.project.read("app.py");
    let asked = debugged.ask_and_stop("/fail?old");
    debugged.terminal.type_text("p wan");
    debugged.terminal.shows("p wan");
    save(&debugged.project, &mut debugged.terminal, "# new\n", &app);
    // With what was typed.
    debugged.terminal.shows("(Pdb) p wan");
    debugged.terminal.enter("ted");
    debugged.terminal.shows("'old'");
    debugged.terminal.shows(PROMPT);
    debugged.goes_on();
    assert_eq!(asked.answer().status, 500);
    debugged.end();
}

#[test]
fn all_that_is_saved_at_a_prompt_is_served() {
    let mut debugged = Debugged::stops(&["--reload-on-changes"]);
    let app = debugged.project.read("app.py");
    let asked = debugged.ask_and_stop("/fail?old");
    // More often than there are processes ready: those that come meanwhile are needed.
    for lines in 1..=5 {
        save(&debugged.project, &mut debugged.terminal, &"# new\n".repeat(lines), &app);
    }
    debugged.goes_on();
    assert_eq!(asked.answer().status, 500);
    debugged.end();
}

#[test]
fn they_survive_in_a_server_that_was_joined() {
    let project = TestProject::copy("stops");
    let app = project.read("app.py");
    let (mut session, url) = project.foreground(&["--reload-on-changes"]);
    let at = format!("app.py:{} if number == 2", line_of(&project, "app.py", LINE));
    let mut terminal = project.parity(&["debug", "--attach", "--break", &at]).in_terminal();
    terminal.be_patient(PATIENCE);
    terminal.shows(READY);
    for lines in 0..3 {
        if lines > 0 {
            project.write("app.py", &format!("{}{app}", "# more\n".repeat(lines)));
            session.next(|line| line.contains("app.py → serving in"));
        }
        let asked = ask(&url, "/count");
        stops_where_the_line_is(&mut terminal, &project, asked);
    }
    terminal.type_text(CTRL_D);
    terminal.end().exits(0);
    ask(&url, "/count").answer().ok().has("total 6");
    session.interrupt();
    session.end().exits(0);
    project.nothing_is_left();
}
