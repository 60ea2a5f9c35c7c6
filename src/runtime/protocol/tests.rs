//! Each message as both languages know it: `tests/protocol/*.json`, an example of each by channel and name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::testing::{example, examples};
use super::*;

/// Every message that Rust writes is the example, and there is no example beside.
#[track_caller]
fn writes(channel: &str, messages: &[(&str, String)]) {
    let examples = examples(channel);
    let names: BTreeSet<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
    let known: BTreeSet<&str> = messages.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, names, "messages of {channel}.json, and those of Rust");
    for (name, example) in &examples {
        let (_, text) = messages.iter().find(|(known, _)| known == name).unwrap();
        assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), example, "{channel}: {name}");
    }
}

fn name_of(order: &Order) -> &'static str {
    // A variant that is added here wants an example.
    match order {
        Order::Hello => "hello",
        Order::Prepare { unless_own: true, .. } => "prepare-unless-own",
        Order::Prepare { .. } => "prepare",
        Order::Commit { .. } => "commit",
        Order::Discard { .. } => "discard",
        Order::Put { .. } => "put",
        Order::Delete { .. } => "delete",
    }
}

#[test]
fn orders_are_those_that_the_agent_knows() {
    let files = |path: &str, digest: Option<&str>| [(path.to_owned(), digest.map(String::from))].into();
    let orders = [
        Order::Hello,
        Order::Prepare { generation: 7, files: files("app.py", Some("00ff")), unless_own: false },
        Order::Prepare { generation: 8, files: files("old.py", None), unless_own: true },
        Order::Commit { generation: 7 },
        Order::Discard { generation: 7 },
        Order::Put { path: "app.py".into(), data: "cHJpbnQoKQ==".into(), mode: 420 },
        Order::Delete { path: "old.py".into() },
    ];
    writes("agent-orders", &orders.map(|order| (name_of(&order), order.to_text())));
}

fn event_of(said: &Said) -> &'static str {
    match said {
        Said::Hello(_) => "hello",
        Said::Touched(_) => "touched",
        Said::Own { .. } => "own",
        Said::Begun { .. } => "begun",
        Said::Loaded(_) => "loaded",
        Said::Serving(_) => "serving",
        Said::Waiting { .. } => "waiting",
        Said::Unseen { .. } => "unseen",
        Said::Avoided(_) => "avoided",
        Said::Recovered { .. } => "recovered",
        Said::Refused { .. } => "refused",
        Said::Cut { .. } => "cut",
        Said::RestartWanted => "restart-wanted",
        Said::Memory { .. } => "memory",
        Said::Files(_) => "files",
    }
}

/// How many kinds of event there are: whoever adds one to [`event_of`] counts it here, and makes an example of it.
const EVENTS: usize = 15;

#[test]
fn events_are_those_that_the_agent_says() {
    let examples = examples("agent-events");
    assert_eq!(examples.len(), EVENTS, "examples in agent-events.json, and kinds of event in Rust");
    for (name, example) in examples {
        let said: Said = read(example.to_string().as_bytes()).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(event_of(&said), name);
    }
}

#[test]
fn what_an_event_has_is_kept() {
    let find = |name: &str| read::<Said>(example("agent-events", name).to_string().as_bytes()).unwrap();
    let Said::Serving(loaded) = find("serving") else { panic!() };
    assert_eq!((loaded.generation, loaded.pids.as_slice(), loaded.divided), (7, &[12, 13][..], true));
    assert_eq!((loaded.read, loaded.stale), (vec!["app.py".to_owned()], vec!["views.py".to_owned()]));
    assert!(loaded.error.unwrap().starts_with("Traceback"));
    let Said::Avoided(avoided) = find("avoided") else { panic!() };
    assert_eq!(avoided.avoided, [What::Module("numpy".into()), What::Standby]);
    let Said::Memory { slots } = find("memory") else { panic!() };
    assert_eq!(slots["g0"], Slot { kilobytes: 40_000, processes: 2, active: true, failing: false });
}

#[test]
fn settings_are_those_that_are_read() {
    let config = Config {
        slots: ["g0", "g1", "g2"].map(String::from).into(),
        processes: 2,
        preload: true,
        graceful_timeout: 15,
        project: "/app".into(),
        root: "/home/ada/shop".into(),
        script: None,
        package: Some("shop".into()),
        port: 8000,
    };
    let console = Console {
        breakpoints: vec![
            Breakpoint { at: "shop/views.py:42".into(), condition: Some("x > 1".into()) },
            Breakpoint { at: "shop.views:home".into(), condition: None },
        ],
        errors: true,
        attach: false,
        request: Some(Request { method: "POST".into(), path: "/cart".into(), data: Some("a=1".into()), headers: None }),
    };
    writes("settings", &[("reload", config.to_text()), ("console", console.to_text())]);
}

#[test]
fn the_validator_is_understood() {
    let examples = examples("validator");
    assert_eq!(examples.len(), 1);
    for (name, example) in examples {
        let finding = Finding::read(&format!("{MARK}{example}")).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((finding.kind.as_str(), finding.place.as_deref(), finding.pid), ("body", Some("/app/a.py:3"), 7));
        // Nor is it one without its mark, or of a hook.
        assert_eq!(Finding::read(&example.to_string()), None);
    }
    assert_eq!(Finding::read("\x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"x\",\"state\":\"begin\"}"), None);
}

#[test]
fn how_the_application_is_loaded_is_understood() {
    let settings = load::Settings {
        handler: "/etc/parity/handler.wsgi".into(),
        working_directory: "/app".into(),
        python_path: vec!["/app".into()],
        framework: Some("django"),
        manage_py: Some("/app/manage.py".into()),
        app: Some("shop:application".into()),
        seconds: 60,
    };
    let examples = examples("smoke-load");
    let names: Vec<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["settings", "loaded"]);
    let [(_, example), (_, loaded)] = examples.as_slice() else { panic!() };
    assert_eq!(&serde_json::from_str::<Value>(&settings.to_text()).unwrap(), example);
    // The code may print what it likes before.
    let found = load::Loaded::find(&format!("{{}}\nhello\n{MARK}{loaded}\n")).unwrap().unwrap();
    let load::Way { threads, connections, programs, variables, set, modules, slowest, .. } = &found.server;
    assert_eq!((threads[0].what.as_str(), threads[0].own, connections[0].own, programs[0].ended), ("poller", true, false, true));
    assert_eq!((variables[0].present, set.contains("DJANGO_SETTINGS_MODULE"), modules.len(), slowest.len()), (false, true, 1, 1));
    assert_eq!(found.development.unwrap().error.unwrap().r#type, "ImportError");
    assert_eq!(load::Loaded::find("Traceback"), None);
    assert!(load::Loaded::find(&format!("{MARK}{{\"server\": {{}}}}")).unwrap().is_err());
}

/// Where no message is sent but a word, a header or a number.
#[test]
fn words_are_those_that_python_knows() {
    let modes = [(None, false), (None, true), (Some(5678), false), (Some(5678), true)];
    let modes: serde_json::Map<String, Value> =
        modes.into_iter().map(|(port, startup)| (debug_mode(port, startup), json!({"startup": startup, "port": port}))).collect();
    let header = |name: &str| name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<Vec<_>>().join("-");
    let answers = [200, 204, 304, 500].map(probe::answer);
    let says = [probe::PROCESS, probe::THREAD, probe::SAW].map(header);
    let words = json!({
        "version": VERSION,
        "mark": MARK,
        "console-busy": BUSY,
        "debug": {DEBUG_VARIABLE: modes},
        "probe": {
            "asks": probe::ASKS,
            "process": probe::WHO,
            "see": probe::SEE,
            "answers": answers,
            "says": says,
        },
    });
    // Of the others `render::reload` has the first line of the file that requests are routed by and the port, and Python those of the pipe.
    let known = examples("words").into_iter().filter(|(name, _)| !matches!(name.as_str(), "first" | "pipe" | "port"));
    assert_eq!(words, Value::Object(known.collect()));
}

#[test]
fn what_is_no_message_is_said_so() {
    let why = |line: &str| read::<Said>(line.as_bytes()).unwrap_err().to_string();
    assert_eq!(why("Traceback (most recent call last):"), "not JSON: Traceback (most recent call last):");
    assert_eq!(why(r#"{"did": "hello"}"#), r#"of no version of the protocol, and this is version 1: {"did": "hello"}"#);
    assert_eq!(
        why(r#"{"v": 2, "did": "waiting", "generation": 1}"#),
        r#"of version 2 of the protocol, and this is version 1: {"v": 2, "did": "waiting", "generation": 1}"#
    );
    assert!(why(r#"{"v": 1, "did": "dance"}"#).starts_with("unknown variant `dance`"));
    assert!(why(r#"{"v": 1, "did": "waiting"}"#).starts_with("missing field `generation`"));
    assert!(why(&"[".repeat(100_000)).starts_with("not JSON: [[["));
    assert!(why(&"x".repeat(100_000)).chars().count() < 200);
}

#[test]
fn only_paths_of_the_project_are_heard() {
    let paths = r#"["a.py", "../b.py", "/etc/shadow", "c/../../d", "", "c//d", "./e", "c/d.py", "nul\u0000"]"#;
    let line = format!("{{\"v\": 1, \"did\": \"touched\", \"opened\": {paths}, \"written\": {paths}, \"stale\": {paths}}}\n");
    let kept = vec!["a.py".to_owned(), "c/d.py".to_owned()];
    let news = News { opened: kept.clone(), written: kept.clone(), read: Vec::new(), stale: kept };
    assert_eq!(read::<Said>(line.as_bytes()), Ok(Said::Touched(news)));
}
