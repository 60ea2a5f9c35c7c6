//! Processes that die, stop or are started again, on either side.

use std::time::Instant;

use bollard::query_parameters::RestartContainerOptions;
use rustix::process::Signal;

use super::Live;
use crate::common::PATIENCE;
use crate::engine;
use crate::http::Browser;
use crate::project::TestProject;

/// Python: finds processes in the container by the beginning of their command line.
const FIND: &str = "
import os, signal
def find(title):
    found = []
    for pid in os.listdir('/proc'):
        try:
            line = open(f'/proc/{pid}/cmdline', 'rb').read().decode() if pid.isdigit() else ''
        except OSError:
            continue
        if title in line.replace(chr(0), ' '):
            found.append(int(pid))
    return [pid for pid in found if pid != os.getpid()]
def kill(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    print(len(pids))
active = open('/run/parity/active').read().split()[0]
standby = [slot for slot in ('g0', 'g1', 'g2') if slot != active]
";

impl Live {
    /// Kills processes in the container: an expression for their list. Returns how many there were.
    #[track_caller]
    pub(super) fn kill_inside(&self, which: &str) -> usize {
        self.python(&format!("{FIND}\nkill({which})")).trim().parse().unwrap()
    }

    #[track_caller]
    pub(super) fn kill_agent(&self) {
        let begun = Instant::now();
        // It may still be on its way.
        while self.kill_inside("find('run.py agent')") == 0 {
            assert!(begun.elapsed() < PATIENCE, "there is no agent");
        }
    }
}

#[test]
fn the_process_that_serves_is_killed() {
    let mut live = Live::modules(&[]);
    for number in 0..3 {
        assert_eq!(live.kill_inside("find(f'(wsgi:{active})')"), 1);
        live.text("/");
        live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
        assert_eq!(live.text("/"), format!("number-{number} second\n"));
        // And once more, with nothing in between: what comes back is what was saved.
        assert_eq!(live.kill_inside("find(f'(wsgi:{active})')"), 1);
        assert_eq!(live.text("/"), format!("number-{number} second\n"));
    }
    live.end();
}

#[test]
fn the_processes_that_stand_by_are_killed() {
    let mut live = Live::modules(&[]);
    for number in 0..3 {
        assert!(live.kill_inside("[pid for slot in standby for pid in find(f'(wsgi:{slot})')]") > 0);
        live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
        assert_eq!(live.text("/"), format!("number-{number} second\n"));
    }
    // All of them.
    assert!(live.kill_inside("find('(wsgi:')") >= 1);
    live.save("first.py", "TEXT = 'all'\n");
    assert_eq!(live.text("/"), "all second\n");
    live.end();
}

#[test]
fn the_agent_is_killed() {
    let mut live = Live::modules(&[]);
    for number in 0..3 {
        live.kill_agent();
        live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
        assert_eq!(live.text("/"), format!("number-{number} second\n"));
    }
    // In the middle of a reload.
    live.project.write("second.py", "import time\ntime.sleep(1)\nTEXT = 'slow'\n");
    live.kill_agent();
    live.told("second.py");
    assert_eq!(live.text("/"), "number-2 slow\n");
    live.save("first.py", "TEXT = 'last'\n");
    assert_eq!(live.text("/"), "last slow\n");
    live.end();
}

#[test]
fn the_server_is_restarted_from_elsewhere() {
    let mut live = Live::modules(&[]);
    live.save("first.py", "TEXT = 'before'\n");
    for way in ["parity", "engine"] {
        // Saved and restarted at once: the new processes load what is there.
        live.project.write("second.py", &format!("TEXT = '{way}'\n"));
        if way == "parity" {
            assert_eq!(live.project.parity(&["restart"]).ok().line(), live.url);
        } else {
            let id = live.container();
            engine::with(async |engine| {
                let options = RestartContainerOptions { t: Some(1), ..RestartContainerOptions::default() };
                engine.api.restart_container(&id, Some(options)).await.unwrap();
            });
        }
        live.session.next(|line| match way {
            "parity" => line.contains("↻ parity restart → switched, serving in"),
            _ => line.contains("the server was restarted from elsewhere"),
        });
        live.answers();
        live.eventually("/", &format!("before {way}\n"));
        for text in ["before", "after", "before"] {
            live.project.write("first.py", &format!("TEXT = '{text}'\n"));
            live.session.next(|line| line.contains("first.py") && line.contains("→ serving in"));
            assert_eq!(live.text("/"), format!("{text} {way}\n"));
        }
    }
    live.end();
}

#[test]
fn the_session_sleeps_while_files_are_saved() {
    let mut live = Live::modules(&[]);
    live.save("first.py", "TEXT = 'awake'\n");
    live.session.signal(Signal::STOP);
    live.project.write("first.py", "TEXT = 'asleep'\n");
    live.project.write("second.py", "TEXT = 'too'\n");
    assert_eq!(live.text("/"), "awake second\n");
    live.session.signal(Signal::CONT);
    live.session.next(|line| line.contains("↻ first.py, second.py → serving in"));
    assert_eq!(live.text("/"), "asleep too\n");
    live.save("first.py", "TEXT = 'awake again'\n");
    assert_eq!(live.text("/"), "awake again too\n");
    live.end();
}

#[test]
fn the_next_session_finds_what_a_killed_one_left() {
    let live = Live::modules(&[]);
    let container = live.project.containers();
    live.session.signal(Signal::KILL);
    let Live { session, project, url } = live;
    assert_eq!(session.end().code, None);
    project.write("first.py", "TEXT = 'meanwhile'\n");
    assert_eq!(Browser::at(&url).get("/").ok().text(), "first second\n");

    let mut next = Live::of(project, &[]);
    assert_eq!((next.project.containers(), &next.url), (container, &url));
    next.session.says("found the server of a session that ended without stopping it");
    next.session.next(|line| line.contains("→ serving in"));
    assert_eq!(next.text("/"), "meanwhile second\n");
    next.save("first.py", "TEXT = 'afterwards'\n");
    assert_eq!(next.text("/"), "afterwards second\n");
    next.end();
}

#[test]
fn another_terminal_only_watches() {
    let mut live = Live::modules(&[]);
    let (mut other, url) = live.project.foreground(&["--reload-on-changes"]);
    assert_eq!(url, live.url);
    other.says("already running from another terminal");
    live.save("first.py", "TEXT = 'once'\n");
    assert_eq!(live.text("/"), "once second\n");
    other.interrupt();
    let ran = other.end().exits(0);
    assert!(!ran.stderr.contains('↻'), "{ran}");
    live.save("first.py", "TEXT = 'twice'\n");
    assert_eq!(live.text("/"), "twice second\n");
    live.end();
}

#[test]
fn it_ends_at_any_stage_and_leaves_nothing() {
    let slow = "import time\ntime.sleep(5)\nTEXT = 'slow'\n";
    // While the application is imported for the first time.
    let project = TestProject::copy("modules");
    project.write("first.py", &format!("print('begun', flush=True)\n{slow}"));
    let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0"]).start();
    session.says("begun");
    session.interrupt();
    session.end().exits(130);
    project.nothing_is_left();

    // While it is imported for a save, with a request that waits for it, and with none.
    for asks in [false, true] {
        let live = Live::modules(&[]);
        live.project.write("first.py", &format!("open('begun', 'w').close()\n{slow}"));
        while !live.project.has("begun") {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let url = live.url.clone();
        let request = asks.then(|| std::thread::spawn(move || Browser::at(&url).try_get("/")));
        std::fs::remove_file(live.project.root.join("begun")).unwrap();
        let ran = live.end();
        assert!(ran.ending.as_secs() < 5, "it took {:?}: {ran}", ran.ending);
        drop(request.map(std::thread::JoinHandle::join));
    }

    // While another container is made ready.
    let mut live = Live::modules(&[]);
    live.project.write("parity.yaml", "app: app:application\nhooks: {build: [sleep 600]}\n");
    live.session.next(|line| line.contains("… image"));
    let ran = live.end();
    assert!(ran.ending.as_secs() < 5, "it took {:?}: {ran}", ran.ending);
}

#[test]
fn down_from_elsewhere_ends_it() {
    let live = Live::modules(&[]);
    live.project.parity(&["down"]).ok();
    live.session.end().exits(0).says(&["stopped from elsewhere"]);
    live.project.nothing_is_left();
}
