//! What the two ways of loading it come to. Pure.

use std::collections::BTreeSet;

use crate::logs::Paths;
use crate::runtime::protocol::load::{Loaded, Raised, Way};
use crate::smoke::outcome::Finding;

/// An import that takes longer is worth a remark, in seconds.
const LONG: f64 = 2.0;

/// What is wrong, and what is only worth a remark. `shell`: the names of the variables of whoever runs this.
pub fn judge(seen: &Loaded, shell: &BTreeSet<String>, paths: &Paths) -> (Vec<Finding>, Vec<Finding>) {
    let Loaded { server, development } = seen;
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    let at = |place: &Option<String>| place.as_deref().map(|place| paths.translate(place));
    if let Some(development) = development {
        let (found, more) = compared(server, development, paths);
        wrong.extend(found);
        remarks.extend(more);
    } else if let Some(error) = &server.error {
        wrong.push(Finding::new(format!("loading it fails: {}", words(error))).details(at(&error.place)));
    }
    for (done, verb, hint) in [
        (
            &server.threads,
            "starts the thread",
            "each process starts its own: start it when it is first needed, or run it as a program of its own",
        ),
        (
            &server.connections,
            "opens a connection to",
            "each process opens its own, and none starts while the other side is down: connect when it is first needed",
        ),
        (&server.listeners, "takes the address", "one process alone can have it: run what listens as a program of its own"),
        (&server.files, "writes", "several processes write to it at the same time: open it when it is needed, or log to stderr"),
        (&server.programs, "runs a program:", "each process runs it, at each start: `hooks: {start: […]}` runs it once"),
    ] {
        for done in done {
            let finding = Finding::new(format!("importing the application {verb} {}", done.what)).details(at(&done.place)).hint(hint);
            if done.own && !done.ended { wrong.push(finding) } else { remarks.push(finding) }
        }
    }
    if server.seconds > LONG {
        let slowest = server.slowest.iter().map(|slow| format!("{:6.2} s  {}", slow.seconds, slow.module));
        remarks.push(
            Finding::new(format!("importing the application takes {:.1} s in each process", server.seconds))
                .details(slowest)
                .hint("import what is slow inside the functions that need it"),
        );
    }
    for variable in server.variables.iter().filter(|variable| !variable.present && shell.contains(&variable.name)) {
        let name = &variable.name;
        remarks.push(
            Finding::new(format!("the code reads ${name} at import, which is set in your shell and not for the application"))
                .details(at(&variable.place))
                .hint(format!("pass it on with `env: {{{name}: }}` in parity.yaml, if it is meant for it")),
        );
    }
    (wrong, remarks)
}

fn words(error: &Raised) -> String {
    format!("{}: {}", error.r#type, error.text)
}

/// What only one of the two meets.
fn compared(server: &Way, development: &Way, paths: &Paths) -> (Vec<Finding>, Vec<Finding>) {
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    let at = |place: &Option<String>| place.as_deref().map(|place| paths.translate(place));
    match (&server.error, &development.error) {
        (None, None) => {}
        (Some(error), None) => wrong.push(only(error, "mod_wsgi cannot load it, and a development server can").details(at(&error.place))),
        (None, Some(error)) => {
            let finding = only(error, "a development server cannot load it, and mod_wsgi can").details(at(&error.place));
            if is_cycle(error) { wrong.push(finding) } else { remarks.push(finding) }
        }
        (Some(error), Some(_)) => wrong.push(Finding::new(format!("loading it fails: {}", words(error))).details(at(&error.place))),
    }
    if server.error.is_some() || development.error.is_some() {
        return (wrong, remarks);
    }
    let files: BTreeSet<&String> = server.modules.values().collect();
    for (module, file) in development.modules.iter().filter(|(_, file)| !files.contains(file)) {
        wrong.push(
            Finding::new(format!("only a development server loads `{module}`"))
                .details([paths.translate(file)])
                .hint("what it registers is missing in production: import it where the application itself begins, in `AppConfig.ready()` or the WSGI module"),
        );
    }
    for variable in server.variables.iter().filter(|variable| !variable.present && development.set.contains(&variable.name)) {
        let name = &variable.name;
        wrong.push(
            Finding::new(format!("the code reads ${name} at import, which only a development server's start sets"))
                .details(at(&variable.place))
                .hint(format!("set it with `env: {{{name}: value}}` in parity.yaml, or in the module that reads it")),
        );
    }
    (wrong, remarks)
}

fn only(error: &Raised, what: &str) -> Finding {
    let hint = if is_cycle(error) {
        "modules import each other, and only one order of doing so works: import one of them inside the function that needs it"
    } else {
        "what differs is the path that modules are looked for on, the working directory, and what the start sets up"
    };
    Finding::new(format!("{what}: {}", words(error))).hint(hint)
}

fn is_cycle(error: &Raised) -> bool {
    error.text.contains("partially initialized module") || error.text.contains("circular import")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(server: &str, development: &str) -> (Vec<String>, Vec<String>) {
        let seen: Loaded = serde_json::from_str(&format!("{{\"server\": {server}, \"development\": {development}}}")).unwrap();
        let shell = ["API_KEY".to_owned()].into();
        let (wrong, remarks) = judge(&seen, &shell, &Paths::of_project("/home/ada/shop"));
        let texts = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.text).collect();
        (texts(wrong), texts(remarks))
    }

    #[test]
    fn both_alike_is_well() {
        let way = r#"{"error": null, "seconds": 0.2, "modules": {"app": "/app/app.py"}, "variables": [{"name": "HOME", "present": true, "place": null}]}"#;
        assert_eq!(judged(way, way), (vec![], vec![]));
        assert_eq!(judged(way, "null"), (vec![], vec![]));
    }

    #[test]
    fn work_at_import_is_wrong_where_the_project_does_it() {
        let (wrong, remarks) = judged(
            r#"{"seconds": 3, "slowest": [{"module": "pandas", "seconds": 2.5}],
                "threads": [{"what": "poller", "place": "/app/app.py:3", "own": true}, {"what": "x", "place": "/opt/x.py:1", "own": false}],
                "programs": [{"what": "git log", "place": null, "own": true, "ended": true}, {"what": "redis-server", "place": null, "own": true}]}"#,
            "null",
        );
        assert_eq!(wrong, ["importing the application starts the thread poller", "importing the application runs a program: redis-server"]);
        assert_eq!(remarks.len(), 3);
    }

    #[test]
    fn what_only_a_development_server_has_is_missing_in_production() {
        let (wrong, remarks) = judged(
            r#"{"modules": {"a": "/app/a.py"}, "variables": [{"name": "MODE", "present": false, "place": "/app/a.py:1"}, {"name": "API_KEY", "present": false, "place": null}]}"#,
            r#"{"modules": {"a": "/app/a.py", "signals": "/app/signals.py"}, "set": ["MODE", "DJANGO_SETTINGS_MODULE"]}"#,
        );
        assert_eq!(
            wrong,
            ["only a development server loads `signals`", "the code reads $MODE at import, which only a development server's start sets"]
        );
        assert_eq!(remarks, ["the code reads $API_KEY at import, which is set in your shell and not for the application"]);
    }

    #[test]
    fn a_cycle_that_one_way_meets_is_wrong() {
        let cycle = r#"{"error": {"type": "ImportError", "text": "cannot import name 'x' from partially initialized module 'y'", "place": "/app/y.py:1"}}"#;
        assert!(judged("{}", cycle).0[0].starts_with("a development server cannot load it, and mod_wsgi can: ImportError"));
        assert!(judged(cycle, "{}").0[0].starts_with("mod_wsgi cannot load it"));
        let missing = r#"{"error": {"type": "RuntimeError", "text": "manage.py check ended with 1", "place": null}}"#;
        assert_eq!(judged("{}", missing).0, [""; 0]);
    }
}
