//! What the `debug` profile does otherwise: one process, one thread, and nothing that is impatient.

use super::differences::Debugger;
use super::{Debug, Difference};
use crate::config::{Given, Server};
use crate::runtime::protocol;
use crate::units::Origin;

/// A day: longer than anybody looks at a prompt.
const PATIENT: &str = "86400";

/// Settings and what they are while somebody debugs. 0 turns a timeout off.
const SETTINGS: [(&str, &str, Why); 16] = [
    ("processes", "1", Why::Few),
    ("threads", "1", Why::Few),
    ("request-timeout", "0", Why::Patient),
    ("interrupt-timeout", "0", Why::Patient),
    ("inactivity-timeout", "0", Why::Patient),
    ("deadlock-timeout", "0", Why::Patient),
    ("startup-timeout", "0", Why::Patient),
    ("queue-timeout", "0", Why::Patient),
    ("cpu-time-limit", "0", Why::Patient),
    ("restart-interval", "0", Why::Patient),
    ("maximum-requests", "0", Why::Patient),
    ("socket-timeout", PATIENT, Why::Patient),
    ("connect-timeout", PATIENT, Why::Patient),
    ("response-socket-timeout", PATIENT, Why::Patient),
    ("graceful-timeout", PATIENT, Why::Patient),
    ("shutdown-timeout", "1", Why::Hasty),
];

#[derive(Debug, Clone, Copy)]
enum Why {
    Few,
    Patient,
    Hasty,
}

impl Why {
    fn words(self) -> &'static str {
        match self {
            Why::Few => "so that there is one request at a time to look at",
            Why::Patient => "so that a request at a prompt is not ended",
            Why::Hasty => "so that a request at a prompt does not hold up the end",
        }
    }
}

/// The server's settings while somebody debugs.
pub(super) fn server(production: &Server) -> Server {
    let mut server = production.clone();
    for (key, value, _) in SETTINGS {
        // Each is a number of the table of settings, which the tests check.
        let _ = server.set(key, &Given::from(value), Origin::Command("debug".into()));
    }
    server
}

/// Which of them production has otherwise, and what tells the application.
pub(super) fn differences(production: &Server, here: &Server) -> Vec<Difference> {
    let value = |server: &Server, key: &str| server.list().into_iter().find(|(known, ..)| *known == key).map(|(_, value, _)| value);
    let all = SETTINGS.iter().filter_map(|(key, _, why)| {
        let (production, here) = (value(production, key)?, value(here, key)?);
        let signs =
            [format!("server: WSGIDaemonProcess {key}")].into_iter().chain(places(key).iter().map(|place| (*place).to_owned())).collect();
        (production != here).then(|| Difference { what: (*key).to_owned(), production, here, cause: why.words().into(), signs })
    });
    let mode = Difference {
        what: "debug mode".into(),
        production: "not set".into(),
        here: "`MOD_WSGI_DEBUG_MODE` is set".into(),
        cause: "so that settings can tell, as under mod_wsgi-express".into(),
        signs: vec!["+environment: MOD_WSGI_DEBUG_MODE".into()],
    };
    all.chain([mode]).collect()
}

/// Where else such a setting is seen.
fn places(key: &str) -> &'static [&'static str] {
    match key {
        "processes" | "threads" => &[
            "request: wsgi.multi*",
            "threads: *",
            "server: ServerLimit *",
            "server: ThreadLimit *",
            "server: StartServers *",
            "server: MaxRequestWorkers *",
            "server: MinSpareThreads *",
            "server: MaxSpareThreads *",
            "server: ThreadsPerChild *",
        ],
        "socket-timeout" => &["server: Timeout *"],
        _ => &[],
    }
}

/// What `parity up` has of the debugger.
pub(super) const UNUSED: Debugger = Debugger {
    words: "a thread waits for `parity debug --attach`; until then requests go as in production",
    signs: &[
        "+imported before: /etc/parity/instruments.py",
        "+imported before: parity_runtime*",
        "server: WSGIImportScript /etc/parity/instruments.py *",
        "threads: all",
    ],
};

/// What somebody who debugs has of it.
pub(super) fn debugger(debug: Debug) -> Debugger {
    let words = match debug {
        Debug { without_debugger: true, .. } => return Debugger { words: "no way in", signs: &[] },
        Debug { dap: Some(_), .. } => "an IDE can join; the debugger is imported before the application, and requests are traced",
        Debug { .. } => {
            "exceptions and breakpoints open a prompt; the debugger is imported before the application, and requests are traced"
        }
    };
    let signs = &[
        "+environment: MOD_WSGI_DEBUGGER_ENABLED",
        "+environment: PARITY_DEBUG*",
        "+imported before: *",
        "imported: *",
        "order: *",
        "loaders: *",
        "python: trace",
        "python: breakpointhook",
        "server: WSGIImportScript /etc/parity/instruments.py *",
        "threads: *",
    ];
    Debugger { words, signs }
}

/// The environment that settings of applications ask for, as mod_wsgi-express has it, and what the debugger reads.
pub(super) fn contract(debug: Debug) -> Vec<(String, String)> {
    let mut contract = vec![("MOD_WSGI_DEBUG_MODE".to_owned(), "true".to_owned())];
    if !debug.without_debugger {
        contract.push(("MOD_WSGI_DEBUGGER_ENABLED".into(), "true".into()));
        let begin = protocol::debug_mode(debug.dap, debug.startup);
        contract.push(("PARITY_DEBUG".into(), begin));
        contract.extend(debug.tool.package().map(|tool| ("PARITY_DEBUGGER".to_owned(), tool.to_owned())));
    }
    contract
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_one() {
        let production = Server::default();
        let here = server(&production);
        for (key, value, _) in SETTINGS {
            let (_, have, origin) = here.list().into_iter().find(|(known, ..)| *known == key).unwrap();
            assert_eq!((have.as_str(), origin), (value, Origin::Command("debug".into())), "{key}");
        }
        assert!(differences(&production, &here).iter().any(|difference| difference.what == "request-timeout"));
    }
}
