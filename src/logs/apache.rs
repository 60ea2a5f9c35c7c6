//! Apache's error and access logs, line by line.

use std::sync::LazyLock;

use regex::Regex;

use super::RecordKind;
use super::text::unescape;

/// Apache cuts what it logs at `MAX_STRING_LEN`, 8192 bytes.
const LONGEST: usize = 8190;

/// mod_wsgi's words before the traceback of a script that could not be executed, in 5.x and 6.x.
pub const IMPORT_FAILED: &[&str] = &[
    "Unable to execute Python script file",
    "Failed to exec Python script file",
    "Could not read or compile WSGI script",
    "Could not read/compile source file",
    "when doing exec of Python script file",
    "Unable to import handler via Python module reference",
];

/// The same without a traceback: there is no application, or no Python.
pub const NOTHING_TO_RUN: &[&str] = &[
    "does not contain WSGI application",
    "Target WSGI script not found or unable to stat",
    "Python initialisation failed",
    "Python child initialisation failed",
];

/// Words of mod_wsgi that a traceback follows.
const BEFORE_TRACEBACK: &[&str] = &[
    "Unable to execute Python script file",
    "Failed to exec Python script file",
    "Could not read or compile WSGI script",
    "Could not read/compile source file",
    "Unable to import handler via Python module reference",
    "when doing exec of Python script file",
    super::deaths::TOO_LATE,
    "exception raised",
    "Exception occurred",
];

/// What Apache and mod_wsgi always say; none of it is news to somebody who started or stopped the server.
const NOISE: &[&str] = &[
    // Start-up.
    "AH00558", // no ServerName
    "AH00557", // no name for this host
    "AH00489", // event: configured
    "AH00292", // worker: configured
    "AH00163", // prefork: configured
    "AH00094", // command line
    "AH00687", // negotiated protocols
    // Stopping and graceful restarts, by MPM: event, worker, prefork.
    "AH00491", "AH00492", "AH00493", "AH00494", "AH00295", "AH00296", "AH00297", "AH00298", "AH00169", "AH00170", "AH00171", "AH00173",
    // A child that did not end in time is killed by Apache when it stops.
    "AH00045", "AH00046",
];

/// mod_wsgi, when Apache has refused what it was reading of a body, and answered: a line of the configuration says of which, and why.
const READ_FAILED: &str = "Request data read error when proxying data to daemon process: Unknown error -102";

/// Lines of mod_wsgi's `info` level that explain why a process was replaced.
const TELLING: &[&str] =
    &["timer expired", "limit exceeded", "Exceeded CPU", "terminated by signal", "RequestTimeout", "executing file", "called from"];

static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<micros>\d{6}))? \d{4}\] ",
        r"\[(?:(?P<module>\w*):)?(?P<level>emerg|alert|crit|error|warn|notice|info|debug|trace\d)\] ",
        r"(?:\[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\] )?",
        r"(?:\w+\.[ch]p?p?\(\d+\): )?",
        r"(?P<status>\(\d+\)[^:\[\]]{1,100}: )?",
        r"(?:\[(?P<who>client|remote) (?P<peer>[^\] ]+)\] ?)?",
    ))
});
static SCRIPT: LazyLock<Regex> = LazyLock::new(|| regex(r"^\[script [^\]]*\](?: |$)"));
static REFERER: LazyLock<Regex> = LazyLock::new(|| regex(r", referer: \S+$"));
static CODE: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:WSGI\d{4}: |mod_wsgi \(pid=\d+)"));
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:\(\d+\)[^:]{1,100}: )?(?:(?:apache2|httpd): )?(?:AH\d{5}: |Syntax error on line|Could not open configuration file|no listening sockets available)",
    )
});
static ACCESS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?:\S+:\d+ )?\S+ \S+ .{1,256}? \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"\\]*(?:\\.[^"\\]*)*" \d{3} (?:\d+|-)(?: |$)"#,
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant, compiled by the tests")
}

/// A line of the error log, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub speaker: Speaker,
    /// The message, unescaped.
    pub text: String,
    pub pid: u32,
    /// 0 where the server has no threads.
    pub tid: u64,
    /// What lines of one report have in common beside process and thread.
    pub context: Context,
    /// Microseconds since midnight, in the server's own words.
    pub at: Option<u64>,
}

/// The request that a line belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    pub peer: Option<String>,
    /// mod_wsgi 6 marks what the application prints with the script's name, and does not mark its own reports.
    pub script: bool,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The application, through mod_wsgi's `sys.stderr`, `sys.stdout` or `wsgi.errors`; or mod_wsgi, a line of a traceback.
    Application,
    /// mod_wsgi, and a traceback follows.
    Announcement,
    Server(RecordKind),
}

impl Entry {
    /// Takes apart a line with the default prefix; `None` if it has none.
    pub fn read(line: &str) -> Option<Self> {
        let found = PREFIX.captures(line)?;
        let group = |name| found.name(name).map(|text| text.as_str());
        let number = |name| group(name).and_then(|text| text.parse::<u64>().ok());
        let at = number("hour")
            .zip(number("minute"))
            .zip(number("second"))
            .map(|((hour, minute), second)| ((hour * 60 + minute) * 60 + second) * 1_000_000 + number("micros").unwrap_or(0));
        let (module, level, from_client) = (group("module").unwrap_or(""), group("level")?, group("who") == Some("client"));

        let mut rest = &line[found.get(0)?.end()..];
        let script = SCRIPT.find(rest).filter(|_| module == "wsgi");
        if let Some(script) = script {
            rest = &rest[script.end()..];
        }
        // Only the processes that speak HTTP know the header; what daemons print ends as it was printed.
        if from_client && let Some(referer) = REFERER.find(rest) {
            rest = &rest[..referer.start()];
        }
        let mut text = unescape(rest).into_owned();
        if line.len() >= LONGEST && line.len() <= LONGEST + 2 {
            text.push_str(" … [cut by Apache]");
        }
        let speaker = speaker(module, level, from_client, &text);
        if let (Speaker::Server(_), Some(status)) = (speaker, group("status")) {
            text.insert_str(0, status);
        }
        Some(Self {
            speaker,
            text,
            pid: number("pid").and_then(|pid| pid.try_into().ok()).unwrap_or(0),
            tid: number("tid").unwrap_or(0),
            context: Context { peer: group("peer").map(str::to_owned), script: script.is_some() },
            at,
        })
    }
}

fn speaker(module: &str, level: &str, from_client: bool, text: &str) -> Speaker {
    if module == "wsgi" && level == "error" {
        if text.contains(READ_FAILED) {
            return Speaker::Server(RecordKind::Noise);
        }
        if CODE.is_match(text) {
            let announces = BEFORE_TRACEBACK.iter().any(|words| text.contains(words));
            return if announces { Speaker::Announcement } else { Speaker::Server(RecordKind::Error) };
        }
        // The application runs in daemons, whose lines say `remote`.
        return if from_client { Speaker::Server(RecordKind::Error) } else { Speaker::Application };
    }
    let noise = NOISE.iter().any(|code| text.starts_with(code));
    // Apache only notices that a process crashed; a user would call it an error.
    let crash =
        text.contains("exit signal Segmentation fault") || text.contains("exit signal Abort") || text.contains("exit signal Bus error");
    Speaker::Server(match level {
        _ if noise => RecordKind::Noise,
        _ if crash => RecordKind::Error,
        "emerg" | "alert" | "crit" | "error" => RecordKind::Error,
        "warn" => RecordKind::Warning,
        "notice" => RecordKind::Info,
        _ if TELLING.iter().any(|words| text.contains(words)) => RecordKind::Info,
        _ => RecordKind::Noise,
    })
}

/// What Apache prints without a prefix, before it has a log: the kind of such a line, `None` if it is not Apache's.
pub fn bare(line: &str) -> Option<RecordKind> {
    BARE.is_match(line).then(|| {
        let code = line.trim_start_matches("apache2: ").trim_start_matches("httpd: ");
        if NOISE.iter().any(|noise| code.starts_with(noise)) { RecordKind::Noise } else { RecordKind::Error }
    })
}

/// Does Apache say the rest on the next line?
pub fn continues(line: &str) -> bool {
    line.starts_with("AH00526: ") || line.contains("Syntax error on line")
}

/// A line of the access log, in the common or combined format.
pub fn is_access(line: &str) -> bool {
    ACCESS.is_match(line)
}

/// Is it about parity's own script that imports modules ahead of time? Failing at that is no failure of the application.
pub fn is_preload(text: &str) -> bool {
    text.contains("/preload.py'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_the_application_printed() {
        let line = r#"[Mon Nov 23 13:54:43.662447 2026] [wsgi:error] [pid 13:tid 103] [remote 127.0.0.1:47422] [script /app/good.wsgi] h\xc3\xa9llo "quoted", referer: x"#;
        let entry = Entry::read(line).unwrap();
        assert_eq!((entry.speaker, entry.text.as_str()), (Speaker::Application, "héllo \"quoted\", referer: x"));
        assert_eq!((entry.pid, entry.tid, entry.at), (13, 103, Some(50_083_662_447)));
        assert_eq!(entry.context, Context { peer: Some("127.0.0.1:47422".into()), script: true });
    }

    #[test]
    fn lines_of_the_server() {
        let read = |line: &str| {
            let entry = Entry::read(&format!("[Mon Nov 23 13:54:43.662447 2026] {line}")).unwrap();
            (entry.speaker, entry.text)
        };
        assert_eq!(
            read(
                "[wsgi:error] [pid 14:tid 19] (104)Connection reset by peer: [client 127.0.0.1:4] [script /app/g.wsgi] WSGI0119: Unable to proxy., referer: http://x/"
            ),
            (Speaker::Server(RecordKind::Error), "(104)Connection reset by peer: WSGI0119: Unable to proxy.".into())
        );
        assert_eq!(
            read("[mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4.71 configured"),
            (Speaker::Server(RecordKind::Noise), "AH00489: Apache/2.4.71 configured".into())
        );
        assert_eq!(
            read("[core:notice] [pid 1:tid 1] AH00052: child pid 13 exit signal Segmentation fault (11)").0,
            Speaker::Server(RecordKind::Error)
        );
        assert_eq!(read("[wsgi:info] [pid 1:tid 1] mod_wsgi.c(12): Starting daemon process").0, Speaker::Server(RecordKind::Noise));
        assert_eq!(read("[ssl:warn] [pid 1] AH01909: x").0, Speaker::Server(RecordKind::Warning));
        assert_eq!(
            read("[wsgi:error] [pid 9:tid 1] [client 127.0.0.1:4] WSGI0126: Request data read error when proxying data to daemon process: Unknown error -102.").0,
            Speaker::Server(RecordKind::Noise)
        );
        // mod_wsgi 5 has no code here, but only Apache's own processes say `client`.
        assert_eq!(
            read("[wsgi:error] [pid 1:tid 2] [client 1.2.3.4:5] Truncated or oversized response headers received from daemon process 'g0': /app/x").0,
            Speaker::Server(RecordKind::Error)
        );
        assert_eq!(read("[wsgi:error] [pid 12] mod_wsgi (pid=12): Failed to exec Python script file '/app/x'.").0, Speaker::Announcement);
    }

    #[test]
    fn without_a_prefix() {
        assert_eq!(Entry::read("[Mon] hello"), None);
        assert_eq!(bare("AH00558: apache2: Could not reliably determine"), Some(RecordKind::Noise));
        assert_eq!(bare("(98)Address already in use: AH00072: make_sock: could not bind"), Some(RecordKind::Error));
        assert_eq!(bare("hello AH00558: "), None);
    }

    #[test]
    fn access_logs() {
        assert!(is_access(r#"127.0.0.1 - - [23/Nov/2026:13:54:38 +0000] "GET / HTTP/1.1" 200 3 "-" "Python-urllib/3.13""#));
        assert!(is_access(r#"localhost:80 ::1 - ada [23/Nov/2026:13:54:38 +0000] "GET /\"x HTTP/1.1" 304 -"#));
        assert!(!is_access(r#"I saw "GET / HTTP/1.1" 200 3"#));
    }
}
