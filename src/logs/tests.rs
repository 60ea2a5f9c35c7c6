//! The reader as its users see it: bytes in, records out. The fixtures are what real servers wrote.

use proptest::prelude::*;

use super::*;
use crate::units::mutated::mutated;

const MOD_WSGI_5: &str = include_str!("fixtures/mod_wsgi-5.log");
const MOD_WSGI_6: &str = include_str!("fixtures/mod_wsgi-6.log");

fn reader() -> Reader {
    Reader::new(Paths::of_project("/home/ada/shop"))
}

fn read(text: &str) -> Vec<Record> {
    let mut reader = reader();
    let mut records = reader.feed(Stream::Stderr, text.as_bytes());
    records.extend(reader.flush());
    records
}

/// One line for each, `~` before dim ones, the hint after `>`.
fn show(records: &[Record]) -> String {
    let mut out = String::new();
    for record in records {
        for (at, line) in record.lines.iter().enumerate() {
            let kind = if at == 0 { format!("{:?}", record.kind) } else { String::new() };
            out.push_str(&format!("{kind:11} {}{}\n", if line.dim { "~" } else { "|" }, line.text.replace('\x1b', "␛")));
        }
        if let Some(hint) = &record.hint {
            out.push_str(&format!("{:11} > {hint}\n", ""));
        }
    }
    out
}

/// A line of a thread of a daemon, as mod_wsgi 6 reports.
fn said(tid: u32, text: &str) -> String {
    format!("[Mon Nov 23 13:54:43.100000 2026] [wsgi:error] [pid 13:tid {tid}] [remote 127.0.0.1:1] {text}\n")
}

/// A line that the application printed.
fn printed(tid: u32, text: &str) -> String {
    said(tid, &format!("[script /etc/parity/handler.wsgi] {text}"))
}

fn tracebacks(records: &[Record]) -> Vec<&Record> {
    records.iter().filter(|record| record.kind == RecordKind::Traceback).collect()
}

#[test]
fn a_real_log_of_mod_wsgi_6() {
    let records = read(MOD_WSGI_6);
    let kinds = |kind| records.iter().filter(|record| record.kind == kind).count();
    // noimp twice, syntax, exit at import, deep, chain, group, two printed, recursion, exit, header.
    assert_eq!(kinds(RecordKind::Traceback), 12, "{}", show(&records));
    assert_eq!(kinds(RecordKind::Noise), 5);
    assert_eq!(kinds(RecordKind::Error), 5, "{}", show(&records));
    assert_eq!(
        records.iter().filter(|record| import_failure(record).is_some()).count(),
        7,
        "noimp twice, syntax, noapp, exit, missing, deep"
    );

    let of = |script: &str| records.iter().find(|record| record.lines[0].text.contains(script)).unwrap().clone();
    insta::assert_snapshot!(show(&[of("/noimp.wsgi"), of("/syntax.wsgi")]), @r#"
    Traceback   ~WSGI0109: Unable to execute Python script file '/home/ada/shop/noimp.wsgi'.
                ~WSGI0174: [script /home/ada/shop/noimp.wsgi] ModuleNotFoundError exception raised processing WSGI script '/home/ada/shop/noimp.wsgi' for main interpreter of daemon process 'g0'.
                |Traceback (most recent call last):
                |  File "/home/ada/shop/noimp.wsgi", line 1, in <module>
                |    import nothere_mod
                |ModuleNotFoundError: No module named 'nothere_mod'
                > add `nothere_mod` to the project's requirements; if it is the project's own, name its directory under `python-path:` in parity.yaml
    Traceback   ~WSGI0105: Could not read or compile WSGI script '/home/ada/shop/syntax.wsgi' for main interpreter of daemon process 'g0'.
                ~WSGI0174: [script /home/ada/shop/syntax.wsgi] SyntaxError exception raised processing WSGI script '/home/ada/shop/syntax.wsgi' for main interpreter of daemon process 'g0'.
                |  File "/home/ada/shop/syntax.wsgi", line 2
                |    x = (1 +* 2)
                |            ^
                |SyntaxError: invalid syntax
    "#);
}

#[test]
fn chained_exceptions_and_their_messages_stay_together() {
    let records = read(MOD_WSGI_6);
    let chain =
        tracebacks(&records).into_iter().find(|record| record.lines.iter().any(|line| line.text.contains("RuntimeError: boom"))).unwrap();
    insta::assert_snapshot!(show(std::slice::from_ref(chain)), @r#"
    Traceback   ~WSGI0174: [script /home/ada/shop/good.wsgi] RuntimeError exception raised processing WSGI script '/home/ada/shop/good.wsgi' for main interpreter of daemon process 'g0'.
                |Traceback (most recent call last):
                |  File "/home/ada/shop/good.wsgi", line 6, in application
                |    try: {}['x']
                |         ~~^^^^^
                |KeyError: 'x'
                |The above exception was the direct cause of the following exception:
                |Traceback (most recent call last):
                |  File "/home/ada/shop/good.wsgi", line 7, in application
                |    except KeyError as k: raise ValueError('first\nsecond line é') from k
                |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                |ValueError: first
                |second line é
                |During handling of the above exception, another exception occurred:
                |Traceback (most recent call last):
                |  File "/home/ada/shop/good.wsgi", line 8, in application
                |    except ValueError: raise RuntimeError('boom')
                |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^
                |RuntimeError: boom
    "#);
    assert!(import_failure(chain).is_none(), "it was raised by a request");
}

#[test]
fn exception_groups_and_what_the_application_printed() {
    let records = read(MOD_WSGI_6);
    let at = |text: &str| records.iter().position(|record| record.lines.iter().any(|line| line.text.contains(text))).unwrap();
    insta::assert_snapshot!(show(&records[at("Exception Group")..=at("Exception Group")]), @r#"
    Traceback   ~WSGI0174: [script /home/ada/shop/good.wsgi] ExceptionGroup exception raised processing WSGI script '/home/ada/shop/good.wsgi' for main interpreter of daemon process 'g0'.
                |  + Exception Group Traceback (most recent call last):
                |  |   File "/home/ada/shop/good.wsgi", line 10, in application
                |  |     raise ExceptionGroup('many',[ValueError('a'),TypeError('b')])
                |  | ExceptionGroup: many (2 sub-exceptions)
                |  +-+---------------- 1 ----------------
                |    | ValueError: a
                |    +---------------- 2 ----------------
                |    | TypeError: b
                |    +------------------------------------
    "#);
    insta::assert_snapshot!(show(&records[at("green")..=at("ERROR:root:logged")]), @r#"
    Application |héllo ␛[32mgreen␛[0m \x1b]0;title\x07 tab	back\slash "quoted"
    Application |stdout line
    Application |multi
    Application |
    Application |line
    Application |
    Application |via errors no newline more
    Traceback   |Traceback (most recent call last):
                |  File "/home/ada/shop/good.wsgi", line 18, in application
                |    try: 1/0
                |         ~^~
                |ZeroDivisionError: division by zero
    Application |after
    Application |ERROR:root:logged
    "#);
}

#[test]
fn a_real_log_of_mod_wsgi_5() {
    let records = read(MOD_WSGI_5);
    assert_eq!(tracebacks(&records).len(), 12, "{}", show(&records));
    assert_eq!(records.iter().filter(|record| import_failure(record).is_some()).count(), 7, "{}", show(&records));
    assert!(
        show(&records).contains("Error       |AH00052: child pid 12 exit signal Segmentation fault (11)\n            > a C extension"),
        "{}",
        show(&records)
    );
}

#[test]
fn a_real_access_log() {
    let records = reader().feed(Stream::Stdout, include_bytes!("fixtures/access.log"));
    assert!(records.len() == 17 && records.iter().all(|record| record.kind == RecordKind::Access), "{}", show(&records));
}

#[test]
fn frames_of_others_are_dimmed_and_those_of_the_import_machinery_dropped() {
    let log: String = [
        "WSGI0109: Unable to execute Python script file '/etc/parity/handler.wsgi'.",
        "WSGI0174: [script /etc/parity/handler.wsgi] KeyError exception raised processing WSGI script '/etc/parity/handler.wsgi' for main interpreter.",
        "Traceback (most recent call last):",
        "  File \"/etc/parity/handler.wsgi\", line 9, in <module>",
        "    module = importlib.import_module('mysite.wsgi')",
        "  File \"/usr/lib/python3.13/importlib/__init__.py\", line 88, in import_module",
        "    return _bootstrap._gcd_import(name[level:], package, level)",
        "           ~~~~~~~~~~~~~~~~~~~~~~^^^^^^",
        "  File \"<frozen importlib._bootstrap>\", line 1387, in _gcd_import",
        "  File \"/app/mysite/wsgi.py\", line 3, in <module>",
        "    django.setup()",
        "  File \"/opt/venv/lib/python3.13/site-packages/django/__init__.py\", line 24, in setup",
        "    apps.populate(settings.INSTALLED_APPS)",
        "    ~~~~~~~~~~~~~^^^^^^",
        "  [Previous line repeated 3 more times]",
        "  File \"<frozen os>\", line 717, in __getitem__",
        "KeyError: 'SECRET_KEY'",
    ]
    .iter()
    .map(|line| said(7, line))
    .collect();
    let records = read(&log);
    insta::assert_snapshot!(show(&records), @r#"
    Traceback   ~WSGI0109: Unable to execute Python script file '/etc/parity/handler.wsgi'.
                ~WSGI0174: [script /etc/parity/handler.wsgi] KeyError exception raised processing WSGI script '/etc/parity/handler.wsgi' for main interpreter.
                |Traceback (most recent call last):
                |  File "/home/ada/shop/mysite/wsgi.py", line 3, in <module>
                |    django.setup()
                ~  File "/opt/venv/lib/python3.13/site-packages/django/__init__.py", line 24, in setup
                ~    apps.populate(settings.INSTALLED_APPS)
                ~    ~~~~~~~~~~~~~^^^^^^
                ~  [Previous line repeated 3 more times]
                ~  File "<frozen os>", line 717, in __getitem__
                |KeyError: 'SECRET_KEY'
                > write `env: {SECRET_KEY: …}` in parity.yaml, or SECRET_KEY=… in `.env`
    "#);
    assert_eq!(import_failure(&records[0]), Some(ImportFailure::Raised));
}

#[test]
fn threads_may_interleave() {
    let lines =
        |name: &str| ["Traceback (most recent call last):".to_owned(), "  File \"/app/a.py\", line 1, in f".into(), format!("{name}: no")];
    let mut log = String::new();
    for (a, b) in lines("KeyError").iter().zip(&lines("ValueError")) {
        log.push_str(&printed(1, a));
        log.push_str(&printed(2, b));
    }
    log.push_str(&printed(1, "next"));
    let records = read(&log);
    insta::assert_snapshot!(show(&records), @r#"
    Traceback   |Traceback (most recent call last):
                |  File "/home/ada/shop/a.py", line 1, in f
                |KeyError: no
    Application |next
    Traceback   |Traceback (most recent call last):
                |  File "/home/ada/shop/a.py", line 1, in f
                |ValueError: no
    "#);
}

#[test]
fn a_busy_server_does_not_hold_a_traceback_back() {
    let mut log =
        printed(1, "Traceback (most recent call last):") + &printed(1, "  File \"/app/a.py\", line 1, in f") + &printed(1, "KeyError: 1");
    log.push_str(&printed(2, "at once"));
    assert_eq!(reader().feed(Stream::Stderr, log.as_bytes()).len(), 1);
    log.push_str(&printed(2, "later").replace("13:54:43.1", "13:54:43.4"));
    let kinds: Vec<_> = reader().feed(Stream::Stderr, log.as_bytes()).iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [RecordKind::Application, RecordKind::Traceback, RecordKind::Application]);
}

#[test]
fn a_traceback_without_the_servers_prefix() {
    let records = read(concat!(
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in f\n    x()\nKeyError: 'a'\n\n",
        "During handling of the above exception, another exception occurred:\n\n",
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 2, in f\nValueError\n\nbye\n",
    ));
    assert_eq!(
        records.iter().map(|record| (record.kind, record.lines.len())).collect::<Vec<_>>(),
        [(RecordKind::Traceback, 10), (RecordKind::Application, 1), (RecordKind::Application, 1),]
    );
}

#[test]
fn an_announcement_given_out_too_early_is_said_again_with_its_traceback() {
    let mut reader = reader();
    reader.feed(Stream::Stderr, said(1, "WSGI0109: Unable to execute Python script file '/app/a.wsgi'.").as_bytes());
    let early = reader.flush();
    assert!(early.len() == 1 && early[0].kind == RecordKind::Error && import_failure(&early[0]).is_none());
    for line in ["WSGI0174: ImportError exception raised processing WSGI script '/app/a.wsgi' for main interpreter.", "ImportError: x"] {
        assert_eq!(reader.feed(Stream::Stderr, said(1, line).as_bytes()), []);
    }
    let late = reader.flush();
    assert!(late.len() == 1 && import_failure(&late[0]).is_some(), "{late:?}");
}

/// A line of Apache's parent process, at mod_wsgi's level for it.
fn parent(text: &str) -> String {
    format!("[Mon Nov 23 13:54:43.100000 2026] [wsgi:info] [pid 1:tid 1] {text}\n")
}

#[test]
fn a_process_that_ends_while_it_imports_is_told_with_how() {
    let log = [
        parent("Loading WSGI script '/etc/parity/handler.wsgi' into main interpreter of daemon process 'parity'."),
        parent("Process 'parity' (pid=12) has died; deregistering and restarting it."),
        parent("Process 'parity' (pid=12) terminated by signal 3"),
        said(7, "mod_wsgi (pid=12): Process ended while it imported the application."),
    ];
    let records = read(&log.concat());
    insta::assert_snapshot!(show(&records[records.len() - 1..]), @r"
    Error       |process 12 ended while it imported the application: exit code 3
                > something ends the process while it is imported: look for os._exit(), or a library that calls exit()
    ");
    let ended = |how: Option<&str>| Some(ImportFailure::Ended { how: how.map(str::to_owned) });
    assert_eq!(import_failure(records.last().unwrap()), ended(Some("exit code 3")));
    let unknown = read(&log[3]);
    assert_eq!(import_failure(&unknown[0]), ended(None));
    // What the application prints is nobody's end.
    let printed = read(&printed(1, "Process ended while it imported the application"));
    assert_eq!(printed.iter().find_map(import_failure), None);
}

#[test]
fn an_import_that_was_late_is_told_with_its_stack() {
    let log = [
        "mod_wsgi (pid=12): Process ended: the application was not imported within 15 seconds (startup-timeout).",
        "Traceback (most recent call last):",
        "  File \"/app/wsgi.py\", line 3, in <module>",
        "    lock.acquire()",
        "TimeoutError: the application was not imported within 15 seconds (startup-timeout)",
    ]
    .map(|line| said(7, line));
    let records = read(&log.concat());
    insta::assert_snapshot!(show(&records), @r#"
    Traceback   ~mod_wsgi (pid=12): Process ended: the application was not imported within 15 seconds (startup-timeout).
                |Traceback (most recent call last):
                |  File "/home/ada/shop/wsgi.py", line 3, in <module>
                |    lock.acquire()
                |TimeoutError: the application was not imported within 15 seconds (startup-timeout)
                > the last line of the stack is where the import was: raise `startup-timeout` if it only needs longer
    "#);
    assert_eq!(import_failure(&records[0]), Some(ImportFailure::Late { seconds: "15".into() }));
    // Given out before its stack came, it is not told yet.
    let mut reader = reader();
    reader.feed(Stream::Stderr, log[0].as_bytes());
    assert_eq!(reader.flush().iter().find_map(import_failure), None);
}

#[test]
fn preloading_that_fails_is_no_import_failure() {
    let log = [
        "WSGI0110: Unable to execute Python script file '/etc/parity/preload.py'.",
        "Traceback (most recent call last):",
        "  File \"/etc/parity/preload.py\", line 1, in <module>",
        "ImportError: x",
    ]
    .map(|line| said(1, line))
    .concat();
    let records = read(&log);
    assert!(records.len() == 1 && import_failure(&records[0]).is_none());
}

#[test]
fn hooks_own_what_is_printed_while_they_run() {
    let mut reader = reader();
    let records = reader.feed(
        Stream::Stdout,
        concat!(
            "\x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"python manage.py migrate\",\"state\":\"begin\"}\n",
            "  Applying notes.0001_initial... OK\r\n",
            "  File \"/app/manage.py\", line 3, in <module>\n",
            "\x1eparity {\"hook\":\"start\",\"index\":0,\"state\":\"end\",\"status\":0,\"millis\":123}\n",
            "127.0.0.1 - - [23/Nov/2026:13:54:38 +0000] \"GET / HTTP/1.1\" 200 3\n",
        )
        .as_bytes(),
    );
    insta::assert_snapshot!(show(&records), @r#"
    Start       |python manage.py migrate
    Hook        |  Applying notes.0001_initial... OK
    Hook        |  File "/home/ada/shop/manage.py", line 3, in <module>
    Start       |python manage.py migrate
    Access      |127.0.0.1 - - [23/Nov/2026:13:54:38 +0000] "GET / HTTP/1.1" 200 3
    "#);
    let hook = records[1].hook.as_ref().unwrap();
    assert_eq!((hook.hook.as_str(), hook.index), ("start", 0));
    assert_eq!(records[3].hook.as_ref().unwrap().state, StartState::End { status: 0, millis: 123 });
}

#[test]
fn apaches_own_complaint_before_it_has_a_log() {
    let records = read("AH00526: Syntax error on line 3 of /etc/parity/httpd.conf:\nInvalid command 'Foo', perhaps misspelled\nhello\n");
    insta::assert_snapshot!(show(&records), @"
    Error       |AH00526: Syntax error on line 3 of /etc/parity/httpd.conf:
                |Invalid command 'Foo', perhaps misspelled
                > Apache does not know `Foo`: check `include-file`, and whether its module is loaded
    Application |hello
    ");
}

#[test]
fn an_endless_traceback_is_bounded() {
    let mut log = String::from("Traceback (most recent call last):\n");
    for number in 0..100_000 {
        log.push_str(&format!("  File \"/app/a.py\", line {number}, in f\n"));
    }
    log.push_str("RecursionError: x\n");
    let records = read(&log);
    assert_eq!(records.len(), 1);
    assert!(records[0].lines.len() < 500);
    assert_eq!(records[0].lines.last().unwrap().text, "RecursionError: x");
}

#[test]
fn records_are_json() {
    let record = Record { lines: vec!["a".into(), Line::dimmed("b")], ..Record::new(RecordKind::Traceback, [""]) };
    assert_eq!(serde_json::to_string(&record).unwrap(), r#"{"kind":"traceback","lines":[{"text":"a"},{"text":"b","dim":true}]}"#);
}

/// Lines such as servers, applications and adversaries write.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just("Traceback (most recent call last):".to_owned()),
        Just("  + Exception Group Traceback (most recent call last):".to_owned()),
        Just("  File \"/app/a.py\", line 3, in f".to_owned()),
        Just("  File \"/app/a.py\", line 3".to_owned()),
        Just("    x = 1".to_owned()),
        Just("  | ValueError: é".to_owned()),
        Just("ValueError: x".to_owned()),
        Just("During handling of the above exception, another exception occurred:".to_owned()),
        Just("WSGI0109: Unable to execute Python script file '/app/a.wsgi'.".to_owned()),
        Just("\x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"x\",\"state\":\"begin\"}".to_owned()),
        Just("\x1eparity {\"hook\":\"start\",\"index\":0,\"state\":\"end\",\"status\":0,\"millis\":1}".to_owned()),
        Just("AH00526: Syntax error on line 3 of x:".to_owned()),
        Just(String::new()),
        "\\PC{0,30}",
        "[a-z\\\\x\\[\\]:, \\x1b\\x07\\r0-9]{0,30}",
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    let line = (text, 0u32..4, any::<bool>(), end).prop_map(|(text, tid, script, end)| match tid {
        0 => format!("{text}{end}").into_bytes(),
        _ if script => printed(tid, &text).into_bytes(),
        _ => said(tid, &text).into_bytes(),
    });
    prop_oneof![8 => line, 1 => proptest::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    #[test]
    fn how_the_bytes_are_cut_makes_no_difference(
        lines in proptest::collection::vec((any::<bool>(), line()), 0..30),
        cuts in proptest::collection::vec(1usize..50, 1..20),
    ) {
        let stream = |stdout| if stdout { Stream::Stdout } else { Stream::Stderr };
        let (mut whole, mut pieces) = (reader(), reader());
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        let mut cut = cuts.iter().cycle();
        for (stdout, line) in &lines {
            expected.extend(whole.feed(stream(*stdout), line));
            let mut rest = &line[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*cut.next().unwrap()));
                got.extend(pieces.feed(stream(*stdout), now));
                rest = later;
            }
        }
        expected.extend(whole.flush());
        got.extend(pieces.flush());
        prop_assert_eq!(expected, got);
    }

    #[test]
    fn no_text_is_lost_and_none_controls_the_terminal(lines in proptest::collection::vec((0u32..4, line()), 0..40), quiet in 0usize..40) {
        let mut reader = reader();
        let mut records = Vec::new();
        let mut words = Vec::new();
        for (at, (tid, line)) in lines.into_iter().enumerate() {
            // Each line is followed by one that can be found again, on another thread or none.
            let word = format!("word{at}.");
            let marked = if tid == 0 { format!("{word}\n") } else { printed(tid, &word) };
            records.extend(reader.feed(Stream::Stderr, &line));
            if !line.ends_with(b"\n") {
                records.extend(reader.feed(Stream::Stderr, b"\n"));
            }
            records.extend(reader.feed(Stream::Stderr, marked.as_bytes()));
            words.push(word);
            if at == quiet {
                records.extend(reader.flush());
            }
        }
        records.extend(reader.flush());
        let all: Vec<&str> = records.iter().flat_map(|record| &record.lines).map(|line| line.text.as_str()).collect();
        for word in words {
            prop_assert_eq!(all.iter().filter(|text| text.contains(&word)).count(), 1, "{}", word);
        }
        for line in all {
            prop_assert!(!text::plain(line).chars().any(|c| c.is_control() && c != '\t'), "{:?}", line);
        }
    }

    #[test]
    fn fuzz_a_log_in_pieces_is_text_and_the_same(text in mutated(&LOGS, &TOKENS), cuts in proptest::collection::vec(1usize..200, 1..12)) {
        let (mut whole, mut pieces) = (reader(), reader());
        let mut expected = whole.feed(Stream::Stderr, text.as_bytes());
        let (mut got, mut rest, mut cut) = (Vec::new(), text.as_bytes(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*cut.next().unwrap()));
            got.extend(pieces.feed(Stream::Stderr, now));
            rest = later;
        }
        expected.extend(whole.flush());
        got.extend(pieces.flush());
        for line in expected.iter().flat_map(|record| &record.lines) {
            prop_assert!(!text::plain(&line.text).chars().any(|c| c.is_control() && c != '\t'), "{:?}", line.text);
        }
        prop_assert_eq!(expected, got);
    }
}

/// Parts of real logs.
const LOGS: [&str; 4] = [
    r#"[Mon Nov 23 13:54:43.635371 2026] [wsgi:error] [pid 13:tid 103] [remote 127.0.0.1:1] WSGI0174: [script /app/x.wsgi] KeyError exception raised processing WSGI script '/app/x.wsgi' for main interpreter of daemon process 'g0'.
[Mon Nov 23 13:54:43.635632 2026] [wsgi:error] [pid 13:tid 103] [remote 127.0.0.1:1] Traceback (most recent call last):
[Mon Nov 23 13:54:43.635753 2026] [wsgi:error] [pid 13:tid 103] [remote 127.0.0.1:1]   File "/app/x.wsgi", line 1, in <module>
[Mon Nov 23 13:54:43.635756 2026] [wsgi:error] [pid 13:tid 103] [remote 127.0.0.1:1]     import nothere
[Mon Nov 23 13:54:43.635758 2026] [wsgi:error] [pid 13:tid 103] [remote 127.0.0.1:1] ModuleNotFoundError: No module named 'nothere'
"#,
    r#"Traceback (most recent call last):
  File "/app/a.py", line 3, in f
    x = 1
ValueError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/opt/venv/lib/b.py", line 3
KeyError: 'x'
"#,
    "\x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"migrate\",\"state\":\"begin\"}\nOK\n\
     \x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"migrate\",\"state\":\"end\",\"status\":1,\"millis\":12}\n",
    r#"[Mon Nov 23 13:54:42.004995 2026] [core:notice] [pid 11:tid 11] AH00094: Command line: '/usr/sbin/apache2 -f x'
AH00526: Syntax error on line 3 of /etc/parity/httpd.conf:
Invalid command 'X'
[Mon Nov 23 13:54:43.1 2026] [wsgi:info] [pid 11:tid 11] WSGI0047: Process 'g0' has died, deregister and restart it.
"#,
];
const TOKENS: [&str; 18] = [
    "\n",
    "\r",
    "\r\n",
    "\x1b[31m",
    "\x1b]0;X\x07",
    "\x1b",
    "\x07",
    "\0",
    "\\x1b",
    "\\n",
    "[wsgi:error] ",
    "[pid 13:tid 103] ",
    "Traceback (most recent call last):\n",
    "  File \"/app/a.py\", line 3, in f\n",
    "\x1eparity ",
    "WSGI0174: ",
    "\u{9b}2J",
    "é",
];
