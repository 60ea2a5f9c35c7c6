//! One request with all that is known of it.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::body::{self, Nature};
use super::har;
use super::list::{millis, when};
use super::model::{Body, Headers, Raised, Redacted, Statement, media_type};
use crate::units::{layout, quantity};

/// Lines of a body that are shown unless the whole is wanted.
const MOST_LINES: usize = 60;
const MOST_WIDTH: usize = 2000;
const MOST_STATEMENTS: usize = 30;
/// Fewer samples do not say where the time of a request went.
pub const FEW_SAMPLES: u64 = 10;
/// Frames whose variables are shown.
const MOST_FRAMES: usize = 3;
/// Characters of the bar of timings.
const BAR: u64 = 40;

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The project on this machine, for paths in tracebacks.
    pub host: Option<&'a Path>,
    /// Bodies and statements to their end.
    pub whole: bool,
    /// How often a profiler has looked at it; `None`: never.
    pub samples: Option<u64>,
}

/// For people.
pub fn text(exchange: &Redacted, view: &View<'_>) -> String {
    let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| format!("{status} {}", exchange.reason));
    let mut lines = vec![format!(
        "#{}  {} {}  {}  {}",
        exchange.id,
        exchange.method,
        exchange.target,
        status.trim_end(),
        quantity::micros(exchange.timings.total)
    )];
    let mut about = vec![when(exchange.began)];
    if exchange.imported {
        about.push("from a HAR file".into());
    } else {
        about.push(format!("process {}", exchange.pid));
        about.extend(exchange.slot.as_ref().map(|slot| format!("group {slot}")));
    }
    if !exchange.complete && !exchange.imported {
        about.push("the answer broke off".into());
    }
    if exchange.scrubbed {
        about.push("a value of `env` was in it, and is not stored".into());
    }
    if exchange.without_secrets {
        about.push("its secrets are not stored (record-secrets: false)".into());
    }
    lines.push(about.join(", "));
    lines.push(String::new());
    lines.push(format!("> {} {} {}", exchange.method, exchange.target, exchange.protocol));
    passed(&mut lines, '>', &exchange.request_headers, &exchange.request_body, view);
    lines.push(String::new());
    lines.push(format!("< {} {}", exchange.protocol, status.trim_end()));
    passed(&mut lines, '<', &exchange.response_headers, &exchange.response_body, view);
    if let Some(error) = &exchange.error {
        lines.push(String::new());
        lines.push("exception".into());
        let traceback = traceback(error, view.host);
        lines.extend(traceback.trim_end().lines().map(|line| format!("  {line}")));
        variables(&mut lines, error, view);
    }
    if !exchange.log.is_empty() {
        lines.push(String::new());
        log(&mut lines, exchange, view);
    }
    if !exchange.statements.is_empty() {
        lines.push(String::new());
        statements(&mut lines, exchange, view);
    }
    if !exchange.templates.is_empty() {
        lines.push(String::new());
        lines.push(format!("templates: {}", templates(&exchange.templates)));
    }
    if !exchange.imported {
        lines.push(String::new());
        timings(&mut lines, exchange);
    }
    lines.extend(view.samples.map(|count| match count {
        FEW_SAMPLES.. => format!("profile: {count} samples (`parity requests open` shows its flame graph)"),
        count => format!("profile: {count} samples, too few to say where its time went"),
    }));
    lines.join("\n")
}

fn passed(lines: &mut Vec<String>, mark: char, headers: &Headers, body: &Body, view: &View<'_>) {
    lines.extend(headers.iter().map(|(name, value)| format!("{mark} {name}: {value}")));
    if body.size == 0 && body.content.as_ref().is_none_or(Vec::is_empty) {
        return;
    }
    lines.push(mark.to_string());
    let pretty = body.content.as_deref().and_then(body::text).map(|text| pretty(text, Nature::of(headers)));
    let Some(text) = pretty else {
        let kind = media_type(headers);
        let of = if kind.is_empty() { String::new() } else { format!(" of {kind}") };
        let why = if body.content.is_some() { String::new() } else { format!(": {}", har::missing(body)) };
        lines.push(format!("{mark} ({}{of}{why})", quantity::bytes(body.size)));
        return;
    };
    let all = text.lines().count();
    let most = if view.whole { usize::MAX } else { MOST_LINES };
    for line in text.lines().take(most) {
        let cut: String = if view.whole { line.to_owned() } else { line.chars().take(MOST_WIDTH).collect() };
        let more = if cut.len() < line.len() { "…" } else { "" };
        lines.push(format!("{mark} {cut}{more}"));
    }
    if all > most {
        lines.push(format!("{mark} … {} more lines (--whole)", all - most));
    }
}

/// A body as people read it.
pub fn pretty(text: &str, nature: Nature) -> String {
    match nature {
        Nature::Json => match serde_json::from_str::<Value>(text) {
            Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_else(|_| text.to_owned()),
            Err(_) => text.to_owned(),
        },
        Nature::Form => {
            let fields = url::form_urlencoded::parse(text.as_bytes());
            fields.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join("\n")
        }
        _ => text.to_owned(),
    }
}

/// What variables held, of the innermost frames.
fn variables(lines: &mut Vec<String>, error: &Raised, view: &View<'_>) {
    let shown = if view.whole { error.locals.len() } else { MOST_FRAMES.min(error.locals.len()) };
    for frame in &error.locals[error.locals.len() - shown..] {
        if frame.locals.is_empty() {
            continue;
        }
        let place = on_host(&format!("\"{}\", line {}", frame.file, frame.line), view.host);
        lines.push(String::new());
        lines.push(format!("variables of {} in {place}", frame.function));
        lines.extend(frame.locals.iter().map(|(name, text)| format!("  {name} = {text}")));
    }
    let hidden = error.locals.len() - shown;
    if hidden > 0 {
        lines.push(format!("  … {hidden} outer frames (--whole)"));
    }
}

/// What the application wrote to the log; the last lines are those next to whatever happened.
fn log(lines: &mut Vec<String>, exchange: &Redacted, view: &View<'_>) {
    lines.push("log".into());
    let most = if view.whole { usize::MAX } else { MOST_LINES };
    let hidden = exchange.log.len().saturating_sub(most);
    if hidden > 0 || exchange.more_log > 0 {
        let more = if hidden > 0 { " (--whole)" } else { "" };
        lines.push(format!("  … {} earlier lines{more}", hidden as u64 + exchange.more_log));
    }
    lines.extend(exchange.log[hidden..].iter().map(|line| format!("  {}", on_host(line, view.host))));
}

/// Each name once, with how often it is there.
fn templates(names: &[String]) -> String {
    let mut all: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, times)) => *times += 1,
            None => all.push((name, 1)),
        }
    }
    let one = |(name, times): (&str, usize)| if times > 1 { format!("{name} ({times}×)") } else { name.to_owned() };
    all.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The traceback of an exception, with paths of the project on this machine.
pub fn traceback(error: &Raised, host: Option<&Path>) -> String {
    on_host(&error.traceback, host)
}

/// A text with paths in quotes, as Python writes them.
pub fn on_host(text: &str, host: Option<&Path>) -> String {
    match host {
        Some(root) => text.replace(&format!("\"{}/", layout::APP), &format!("\"{}/", root.display())),
        None => text.to_owned(),
    }
}

/// A statement, how often it was sent, and how long that took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated<'s> {
    pub sql: &'s str,
    pub times: usize,
    pub micros: u64,
}

/// Statements in the order in which each was first sent.
pub fn repeated(statements: &[Statement]) -> Vec<Repeated<'_>> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all: Vec<Repeated<'_>> = Vec::new();
    for Statement { sql, micros, .. } in statements {
        match known.get(sql.as_str()) {
            Some(at) => {
                all[*at].times += 1;
                all[*at].micros += micros;
            }
            None => {
                known.insert(sql, all.len());
                all.push(Repeated { sql, times: 1, micros: *micros });
            }
        }
    }
    all
}

/// Those that are there several times are one line.
fn statements(lines: &mut Vec<String>, exchange: &Redacted, view: &View<'_>) {
    let all = repeated(&exchange.statements);
    let total: u64 = exchange.statements.iter().map(|statement| statement.micros).sum();
    let count = exchange.statements.len() as u64 + exchange.more_statements;
    let word = if count == 1 { "statement" } else { "statements" };
    lines.push(format!("{count} SQL {word}, {}", quantity::micros(total)));
    let most = if view.whole { usize::MAX } else { MOST_STATEMENTS };
    for Repeated { sql, times, micros } in all.iter().take(most) {
        let times = if *times > 1 { format!("{times}× ") } else { String::new() };
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = if view.whole { sql.clone() } else { sql.chars().take(200).collect() };
        let more = if cut.len() < sql.len() { "…" } else { "" };
        lines.push(format!("  {times}{}  {cut}{more}", quantity::micros(*micros)));
    }
    if all.len() > most {
        lines.push(format!("  … {} more (--whole)", all.len() - most));
    }
}

fn timings(lines: &mut Vec<String>, exchange: &Redacted) {
    let time = exchange.timings;
    let sql: u64 = exchange.statements.iter().map(|statement| statement.micros).sum::<u64>().min(time.total);
    let whole = (time.queue + time.total).max(1);
    let part = |micros: u64| usize::try_from(micros * BAR / whole).unwrap_or(0);
    let bar = format!("{}{}{}", "░".repeat(part(time.queue)), "▓".repeat(part(sql)), "█".repeat(part(time.total - sql)));
    let mut parts = vec![format!("░ queue {}", quantity::micros(time.queue)), format!("█ application {}", quantity::micros(time.total))];
    if sql > 0 {
        parts.push(format!("▓ of that SQL {}", quantity::micros(sql)));
    }
    parts.push(format!("processor {}", quantity::micros(time.cpu)));
    if time.gil >= 100 {
        parts.push(format!("waiting for the interpreter {}", quantity::micros(time.gil)));
    }
    lines.push(format!("{bar}  {}", parts.join(", ")));
}

/// For programs, with everything.
pub fn json(exchange: &Redacted) -> Value {
    json!({
        "id": exchange.id,
        "began": when(exchange.began),
        "method": exchange.method,
        "url": exchange.url(),
        "protocol": exchange.protocol,
        "request": {"headers": exchange.request_headers, "body": body_json(&exchange.request_body)},
        "status": exchange.status,
        "reason": exchange.reason,
        "response": {"headers": exchange.response_headers, "body": body_json(&exchange.response_body)},
        "error": exchange.error.as_ref().map(|error| json!({"type": error.kind, "text": error.text, "traceback": error.traceback, "locals": error.locals})),
        "complete": exchange.complete,
        "milliseconds": {
            "total": millis(exchange.timings.total),
            "cpu": millis(exchange.timings.cpu),
            "queue": millis(exchange.timings.queue),
            "gil": millis(exchange.timings.gil),
        },
        "environ": exchange.environ.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<serde_json::Map<_, _>>(),
        "statements": exchange.statements.iter().map(|statement| json!({
            "sql": statement.sql, "milliseconds": millis(statement.micros), "database": statement.database
        })).collect::<Vec<_>>(),
        "more-statements": exchange.more_statements,
        "templates": exchange.templates,
        "log": exchange.log,
        "more-log": exchange.more_log,
        "pid": exchange.pid,
        "slot": exchange.slot,
        "scrubbed": exchange.scrubbed,
        "without-secrets": exchange.without_secrets,
        "imported": exchange.imported,
    })
}

fn body_json(body: &Body) -> Value {
    let mut value = json!({"bytes": body.size});
    match body.content.as_deref().map(|content| (content, body::text(content))) {
        Some((_, Some(text))) => value["text"] = text.into(),
        Some((content, None)) => value["base64"] = STANDARD.encode(content).into(),
        None => value["missing"] = har::missing(body).into(),
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{Frame, Names, Recorded, Redaction, testing};

    #[test]
    fn one_request() {
        let statement = |sql: &str, micros| Statement { sql: sql.into(), micros, database: "sqlite".into() };
        let exchange = testing::exchange(|exchange| {
            exchange.method = "POST".into();
            exchange.request_headers = vec![("Content-Type".into(), "application/json".into()), ("Cookie".into(), "sessionid=abc".into())];
            exchange.request_body = testing::body(br#"{"a": 1, "password": "hush"}"#);
            exchange.status = Some(500);
            exchange.reason = "Internal Server Error".into();
            exchange.response_headers = vec![("Content-Type".into(), "image/png".into())];
            exchange.response_body = testing::body(b"\xff\0");
            exchange.error = Some(Raised {
                kind: "KeyError".into(),
                text: "'a'".into(),
                traceback: "Traceback (most recent call last):\n  File \"/app/polls/views.py\", line 3, in vote\nKeyError: 'a'\n".into(),
                locals: vec![
                    Frame { file: "/app/polls/urls.py".into(), line: 9, function: "serve".into(), locals: vec![] },
                    Frame {
                        file: "/app/polls/views.py".into(),
                        line: 3,
                        function: "vote".into(),
                        locals: vec![("row".into(), "{'id': 7}".into()), ("api_key".into(), "'hush'".into())],
                    },
                ],
            });
            exchange.statements = vec![statement("select 1", 2000), statement("select  2", 1000), statement("select 1", 3200)];
            exchange.slot = Some("g1".into());
            exchange.log = vec!["Internal Server Error".into(), "  File \"/app/polls/views.py\", line 3, token=hush".into()];
            exchange.more_log = 7;
            exchange.templates = ["base.html", "row.html", "row.html"].map(String::from).to_vec();
        });
        let shown = Redaction::new(Names::default()).exchange(&Recorded::new(exchange));
        insta::assert_snapshot!(text(&shown, &View { host: Some(Path::new("/home/ada/shop")), whole: false, samples: None }), @r#"
        #7  POST /polls/3/?page=2  500 Internal Server Error  12 ms
        2026-09-21T14:13:20.123Z, process 31, group g1

        > POST /polls/3/?page=2 HTTP/1.1
        > Content-Type: application/json
        > Cookie: sessionid=***
        >
        > {
        >   "a": 1,
        >   "password": "***"
        > }

        < HTTP/1.1 500 Internal Server Error
        < Content-Type: image/png
        <
        < (2 B of image/png)

        exception
          Traceback (most recent call last):
            File "/home/ada/shop/polls/views.py", line 3, in vote
          KeyError: 'a'

        variables of vote in "/home/ada/shop/polls/views.py", line 3
          row = {'id': 7}
          api_key = ***

        log
          … 7 earlier lines
          Internal Server Error
            File "/home/ada/shop/polls/views.py", line 3, token=***

        3 SQL statements, 6.2 ms
          2× 5.2 ms  select 1
          1.0 ms  select 2

        templates: base.html, row.html (2×)

        ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓███████████████████  ░ queue 0.3 ms, █ application 12 ms, ▓ of that SQL 6.2 ms, processor 8.0 ms
        "#);
    }
}
