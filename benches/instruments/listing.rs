//! A store with many requests: how soon they are listed and shown, what memory a session has that records them, and large HAR files.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use parity::requests::{Body, Exchange, Keep, Raised, Recorded, Statement, Store};

use crate::load::{CONNECTIONS, End, load};
use crate::options::Options;
use crate::page::Page;
use crate::peers::PROJECTS;
use crate::program::{self, mebibytes};
use crate::record::RECORDED;
use crate::server::{Server, workplace};
use crate::stats::{Samples, Table};
use crate::workplace::Workplace;
use crate::{Result, files, patience, state};

/// They take milliseconds, so many fit in.
const TIMES: usize = 5;
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(50);
/// Until what was recorded is stored.
const STORED: Duration = Duration::from_secs(3);
const KEEP: &str = "record-keep: {requests: 1000000, bytes: 8 GB}\n";
/// Stored in one step.
const AT_ONCE: usize = 500;

pub fn run(options: &Options) -> Result<()> {
    recorded(options)?;
    listed(options)?;
    files::imported(options)
}

/// The session's memory while that many requests are recorded.
fn recorded(options: &Options) -> Result<()> {
    let server = Server::start(RECORDED, &PROJECTS[0], KEEP)?;
    let process = server.process().ok_or("the session has no process")?;
    load(server.address, "/", CONNECTIONS, End::Count(100))?;
    patience::sleep(STORED)?;
    let start = program::memory(process).ok_or("the session has ended")?;
    let begun = Instant::now();
    let (answers, mut middle) = std::thread::scope(|scope| -> Result<_> {
        let clients = scope.spawn(|| load(server.address, "/", CONNECTIONS, End::Count(options.count)).map_err(|error| error.to_string()));
        let mut middle = Samples::default();
        while !clients.is_finished() {
            middle.push(program::memory(process).map_or(0.0, |memory| memory.now as f64));
            patience::sleep(LOOK)?;
        }
        Ok((clients.join().map_err(|_| "a client panicked")??, middle))
    })?;
    let took = begun.elapsed();
    patience::sleep(STORED)?;
    let end = program::memory(process).ok_or("the session has ended")?;
    middle.push(end.now as f64);
    let list = server.run(&["requests", "--format", "json"])?;
    println!("### The session's memory while {} requests are recorded (MiB)\n", options.count);
    let mut table = Table::new(&["", "start", "p50", "maximum", "afterwards", "requests/s", "stored", "not 200"]);
    table.row([
        "parity up --record, Flask".to_owned(),
        mebibytes(start.now),
        mebibytes(middle.percentile(50.0) as u64),
        mebibytes(end.most),
        mebibytes(end.now),
        format!("{:.0}", answers.asked() as f64 / took.as_secs_f64()),
        // The first hundred, and what asked whether it is ready.
        list.lines().count().to_string(),
        answers.failures(),
    ]);
    table.print();
    Ok(())
}

/// Commands and the page over a store that the crate has written.
fn listed(options: &Options) -> Result<()> {
    let work = workplace(&PROJECTS[0], "", KEEP)?;
    let bytes = fill(&work, options.count)?;
    println!("### A store of {} requests, {} MiB (ms)\n", options.count, mebibytes(bytes));
    let middle = (options.count / 2).to_string();
    let commands: [(&str, &[&str]); 8] = [
        ("parity requests", &["requests"]),
        ("parity requests --status 5xx", &["requests", "--status", "5xx"]),
        ("parity requests --status 599, of which there is none", &["requests", "--status", "599"]),
        ("parity requests --path '/orders/7*'", &["requests", "--path", "/orders/7*"]),
        ("parity requests --slower-than 500", &["requests", "--slower-than", "500"]),
        ("parity requests --grep needle, which one has", &["requests", "--grep", "needle-in-it"]),
        ("parity requests show, of the middle", &["requests", "show", &middle]),
        ("parity requests --format json, all", &["requests", "--format", "json"]),
    ];
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "bytes"]);
    for (title, arguments) in commands {
        let (mut samples, mut size) = (Samples::default(), 0);
        for _ in 0..options.rounds * TIMES {
            let begun = Instant::now();
            size = work.run(arguments)?.len();
            samples.push_time(begun.elapsed());
            patience::sleep(Duration::ZERO)?;
        }
        table.samples(title, &samples, 1, [size.to_string()]);
    }
    let mut page = Page::open(&work)?;
    let details = format!("/api/requests/{middle}");
    let after = format!("/api/requests?after={}", options.count.saturating_sub(10));
    for (title, path) in [
        ("page: the list", "/api/requests?after=0"),
        ("page: what is new", &after),
        ("page: details", &details),
        ("page: search for a text", "/api/search?text=needle-in-it"),
    ] {
        let (mut samples, mut size) = (Samples::default(), 0);
        for _ in 0..options.rounds * TIMES {
            let begun = Instant::now();
            size = page.get(path)?;
            samples.push_time(begun.elapsed());
        }
        table.samples(title, &samples, 1, [size.to_string()]);
    }
    table.print();
    Ok(())
}

/// Writes that many requests; the bytes of the store.
fn fill(work: &Workplace, count: usize) -> Result<u64> {
    let path = store_of(work)?;
    let mut store = Store::open(&path)?;
    store.clear(&[])?;
    let keep = Keep { requests: u64::MAX >> 1, bytes: u64::MAX >> 1 };
    let all: Vec<usize> = (0..count).collect();
    for numbers in all.chunks(AT_ONCE) {
        let exchanges: Vec<_> = numbers.iter().map(|number| Recorded::new(exchange(*number, count))).collect();
        store.insert(&exchanges, keep)?;
    }
    drop(store);
    Ok(std::fs::metadata(path)?.len())
}

/// The store of a project, which is begun by an import.
fn store_of(work: &Workplace) -> Result<PathBuf> {
    let before = state::stores()?;
    let file = work.root.join("one.har");
    files::write(&file, &[files::entry(0, "x")])?;
    work.run(&["requests", "import", "one.har"])?;
    let new = state::stores()?.into_iter().find(|path| !before.contains(path));
    new.ok_or_else(|| "the import has made no store".into())
}

/// As an application with JSON has them: one in a hundred fails, and one has a text that no other has.
fn exchange(number: usize, count: usize) -> Exchange {
    let headers = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let fails = number % 100 == 7;
    let needle = if number == count / 3 { "needle-in-it" } else { "nothing" };
    let answer = format!("{{\"number\": {number}, \"what\": \"{needle}\", \"more\": \"{}\"}}", "abcdefgh ".repeat(150));
    let error =
        Raised { kind: "KeyError".into(), text: "'count'".into(), traceback: "  File \"shop/views.py\"\n".repeat(20), locals: Vec::new() };
    Exchange {
        began: 1_790_000_000_000_000 + number as i64 * 1000,
        method: if number.is_multiple_of(5) { "POST" } else { "GET" }.into(),
        target: format!("/orders/{}/?page={number}", number % 1000),
        origin: "http://127.0.0.1:8000".into(),
        protocol: "HTTP/1.1".into(),
        request_headers: headers(&[
            ("Accept", "application/json"),
            ("Accept-Language", "en"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("Cookie", "sessionid=0123456789abcdef0123456789abcdef; csrftoken=abcdef0123456789"),
        ]),
        status: Some(if fails { 500 } else { 200 }),
        reason: "OK".into(),
        response_headers: headers(&[("Content-Type", "application/json"), ("X-Frame-Options", "DENY"), ("Vary", "Cookie")]),
        response_body: Body { size: answer.len() as u64, content: Some(answer.into_bytes()), ..Body::default() },
        error: fails.then_some(error),
        complete: true,
        timings: parity::requests::model::Timings { total: 1000 + (number as u64 * 7919) % 600_000, cpu: 900, queue: 100, gil: 0 },
        statements: vec![Statement { sql: "SELECT id, name FROM orders WHERE id = ?".into(), micros: 300, database: "sqlite".into() }; 3],
        pid: 31,
        ..Exchange::default()
    }
}
