//! The settings of a reload, each with what it changes.

use std::fs;

use rustix::process::Signal;

use super::Live;
use crate::engine;
use crate::project::TestProject;

#[test]
fn with_fewer_processes_ready_or_other_eyes() {
    for flags in [
        &["--no-standby"][..],
        &["--no-preload"],
        &["--no-standby", "--no-preload"],
        &["--watch-polling"],
        &["--no-standby", "--processes", "2"],
        &["--no-preload", "--processes", "2"],
        &["--watch-polling", "--processes", "2"],
    ] {
        let mut live = Live::modules(flags);
        let processes = if flags.contains(&"2") { 2 } else { 1 };
        let mut before = live.pids(processes);
        for text in ["one", "two", "three"] {
            live.save("first.py", &format!("TEXT = '{text}'\n"));
            let pids = live.pids(processes);
            assert!(pids.is_disjoint(&before), "{flags:?}: {before:?} then {pids:?}");
            assert_eq!(live.text("/"), format!("{text} second\n"), "{flags:?}");
            before = pids;
        }
        live.project.write("first.py", "TEXT = \n");
        live.told_failure("first.py", "fails");
        assert_eq!(live.get("/").status, 500, "{flags:?}");
        live.save("first.py", "TEXT = 'fixed'\n");
        assert_eq!(live.text("/"), "fixed second\n", "{flags:?}");
        live.end();
    }
}

#[test]
fn uploaded_instead_of_mounted() {
    let mut live = Live::modules(&["--sync"]);
    let [id] = live.project.containers().try_into().unwrap();
    let mounts = engine::with(async |engine| engine.api.inspect_container(&id, None).await.unwrap().host_config.unwrap().binds);
    assert!(mounts.unwrap_or_default().is_empty(), "the project is mounted");
    assert_eq!(live.text("/"), "first second\n");

    live.save("first.py", "TEXT = 'saved'\n");
    assert_eq!(live.text("/"), "saved second\n");
    live.save("third.py", "TEXT = 'new'\n");
    live.save("first.py", "from third import TEXT\n");
    assert_eq!(live.text("/"), "new second\n");
    live.project.make_directory("extra/deep");
    live.save("extra/deep/words.py", "TEXT = 'deep'\n");
    live.save("extra/__init__.py", "from .deep.words import TEXT\n");
    assert_eq!(live.text("/lazy"), "deep\n");
    fs::remove_file(live.project.root.join("third.py")).unwrap();
    live.told_failure("third.py", "fails");
    live.get_as("/", "text/plain").has("No module named 'third'");
    live.save("first.py", "TEXT = 'without'\n");
    assert_eq!(live.text("/"), "without second\n");
    fs::remove_dir_all(live.project.root.join("extra")).unwrap();
    live.session.next(|line| line.contains("extra") && line.contains("→ serving in"));
    assert_eq!(live.get("/lazy").status, 500);

    // What is deleted while nobody is there to be told.
    live.save("third.py", "TEXT = 'back'\n");
    live.save("first.py", "from third import TEXT\n");
    live.session.signal(Signal::STOP);
    live.kill_agent();
    fs::remove_file(live.project.root.join("third.py")).unwrap();
    live.session.signal(Signal::CONT);
    live.session.next(|line| line.contains("third.py → fails") || line.contains("reload → fails"));
    live.save("first.py", "TEXT = 'without'\n");

    // Its memory is empty after a restart.
    assert_eq!(live.project.parity(&["restart"]).ok().line(), live.url);
    live.session.next(|line| line.contains("↻ parity restart → switched, serving in"));
    live.answers();
    live.eventually("/", "without second\n");
    live.save("first.py", "TEXT = 'at last'\n");
    assert_eq!(live.text("/"), "at last second\n");
    live.end();
}

#[test]
fn a_project_of_roots() {
    let Some(project) = TestProject::of_root("modules") else { return };
    let mut live = Live::of(project, &[]);
    for text in ["one", "two"] {
        live.save("first.py", &format!("TEXT = '{text}'\n"));
        assert_eq!(live.text("/"), format!("{text} second\n"));
    }
    // Another container of it has a view of its own.
    live.project.write("parity.yaml", "app: app:application\nthreads: 1\n");
    live.session.next(|line| line.contains("↻ parity.yaml → switched"));
    live.save("first.py", "TEXT = 'three'\n");
    assert_eq!(live.text("/"), "three second\n");
    live.end();
}

#[test]
fn what_is_there_is_shown() {
    let mut live = Live::modules(&["--processes", "2"]);
    live.save("first.py", "TEXT = 'saved'\n");
    let status = live.project.parity(&["status"]).ok().stdout;
    let rows: Vec<Vec<&str>> = status.lines().map(|line| line.split_whitespace().collect()).collect();
    let head =
        rows.iter().position(|row| row.first() == Some(&"NAME") && row.get(1) == Some(&"SLOT")).unwrap_or_else(|| panic!("{status}"));
    assert_eq!(rows[head], ["NAME", "SLOT", "STATE", "PROCESSES", "MEMORY"]);
    let slots = &rows[head + 1..];
    assert_eq!(slots.len(), 3, "{status}");
    assert_eq!(slots.iter().filter(|row| row[2] == "serving" && row[3] == "2").count(), 1, "{status}");

    let [status] = live.project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
    let slots = status["slots"].as_array().unwrap();
    assert_eq!(slots.iter().filter(|slot| slot["active"] == true).count(), 1, "{status}");
    for slot in slots.iter().filter(|slot| slot["processes"] != 0) {
        let kilobytes = slot["kilobytes"].as_u64().unwrap();
        assert!((1_000..200_000).contains(&kilobytes), "{status}");
    }

    // What differs from production is told wherever it is asked for, and only with a reload.
    for command in ["config", "diff"] {
        let with = live.project.parity(&[command, "--reload-on-changes"]).run();
        let without = live.project.parity(&[command]).run();
        for part in ["preload", "bytecode", "import error"] {
            assert!(with.stdout.contains(part), "{part} is not in {with}");
            assert!(!without.stdout.contains("answered with a page that says what failed"), "{without}");
        }
    }
    live.end();
}
