//! Saved code whose import ends its process, or never ends: a failed reload, and the save that fixes it is served.

use super::Live;
use crate::project::TestProject;

const ENDS: &str = "import os\nos._exit(3)\n";
const HANGS: &str = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()\n";
/// How it did follows, unless Apache was faster than parity in asking.
const ENDED: &str = "ended while it imported the application";
const LATE: &str = "TimeoutError: the application was not imported within 2 seconds (startup-timeout)";

impl Live {
    #[track_caller]
    fn dies_and_is_fixed(&mut self, how: &str, failing: Option<u16>) {
        let cases = [(ENDS, ENDED), ("import ctypes\nctypes.string_at(0)\n", ENDED), (HANGS, LATE)];
        for (number, (code, error)) in cases.into_iter().enumerate() {
            self.project.write("first.py", code);
            self.session.next(|line| line.contains(error));
            self.told_failure("first.py", how);
            for _ in 0..3 {
                let page = self.get("/");
                match failing {
                    Some(status) => assert_eq!(page.has(error).status, status),
                    None => drop(page.ok()),
                }
            }
            self.save("first.py", &format!("TEXT = 'fixed-{number}'\n"));
            for _ in 0..4 {
                assert_eq!(self.text("/"), format!("fixed-{number} second\n"));
            }
        }
    }
}

#[test]
fn it_is_told_shown_and_fixed() {
    let mut live = Live::modules(&["--startup-timeout", "2"]);
    live.dies_and_is_fixed("fails", Some(500));
    let place = format!("  File \"{}/first.py\", line 4, in <module>", live.project.root.display());
    live.end().says(&[&place, "    lock.acquire()", "ended: exit code 3", "ended: SIGSEGV"]);
}

#[test]
fn the_last_good_code_of_two_processes_is_kept() {
    let mut live = Live::modules(&["--startup-timeout", "2", "--processes", "2", "--on-error", "keep"]);
    live.dies_and_is_fixed("fails; the last good code still serves", None);
    live.end();
}

#[test]
fn without_processes_that_stand_by() {
    let mut live = Live::modules(&["--startup-timeout", "2", "--no-standby"]);
    live.dies_and_is_fixed("fails", Some(500));
    live.end();
}

#[test]
fn no_process_is_started_again_and_again() {
    let mut live = Live::modules(&[]);
    live.project.write("first.py", ENDS);
    live.told_failure("first.py", "fails");
    live.get("/").has(ENDED);
    std::thread::sleep(std::time::Duration::from_secs(3));
    live.get("/").has(ENDED);
    live.save("first.py", "TEXT = 'fixed'\n");
    let ran = live.end();
    assert_eq!(ran.stderr.matches("ended: exit code 3").count(), 1, "{ran}");
}

#[test]
fn what_dies_from_the_start_is_fixed_by_a_save() {
    let project = TestProject::copy("modules");
    for (code, error) in [(ENDS, "its process ended (exit code 3)"), (HANGS, "was not imported within 2 seconds")] {
        project.write("first.py", code);
        let mut session = project.parity(&["up", "--reload-on-changes", "--port", "0", "--startup-timeout", "2"]).start();
        session.next(|line| line.contains(error));
        let url = session.url();
        assert_eq!(crate::http::Browser::at(&url).get("/").status, 500);
        project.write("first.py", "TEXT = 'fixed'\n");
        session.next(|line| line.contains("↻ first.py → serving in"));
        crate::http::Browser::at(&url).get("/").ok().has("fixed second");
        session.interrupt();
        session.end().exits(0);
        project.nothing_is_left();
    }
}
