//! HAR files: a large one, and some that are made to do harm.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::options::Options;
use crate::peers::PROJECTS;
use crate::program::{self, mebibytes};
use crate::server::workplace;
use crate::stats::Table;
use crate::workplace::Workplace;
use crate::{Result, patience};

const BEGIN: &str = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": ["#;
const END: &str = "]}}";
/// Bytes of an ordinary answer.
const ANSWER: usize = 50_000;

/// A file with these entries.
pub fn write(path: &Path, entries: &[String]) -> Result<()> {
    std::fs::write(path, [BEGIN, &entries.join(",\n"), END].concat())?;
    Ok(())
}

/// One request, which was answered with a text.
pub fn entry(number: usize, text: &str) -> String {
    let content = format!(r#"{{"size": {}, "mimeType": "text/plain", "text": "{text}"}}"#, text.len());
    with_content(number, &content, "")
}

fn with_content(number: usize, content: &str, more: &str) -> String {
    format!(
        r#"{{"startedDateTime": "2026-11-01T10:00:00.000Z", "time": 12.5, {more} "request": {{"method": "GET",
        "url": "http://127.0.0.1:8000/orders/{number}", "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": [{{"name": "Accept", "value": "*/*"}}], "queryString": [], "headersSize": -1, "bodySize": 0}},
        "response": {{"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": [{{"name": "Content-Type", "value": "text/plain"}}], "content": {content}, "redirectURL": "",
        "headersSize": -1, "bodySize": 0}}, "cache": {{}}, "timings": {{"send": 0, "wait": 12.5, "receive": 0}}}}"#
    )
}

pub fn imported(options: &Options) -> Result<()> {
    let work = workplace(&PROJECTS[0], "", "")?;
    let megabytes = options.megabytes;
    println!("### HAR files of {megabytes} MB imported (s, MiB)\n");
    let mut table = Table::new(&["", "MB", "s", "most memory", "exit code", "what it says"]);
    let kinds: [(&str, Write1); 5] = [
        ("answers of 50 kB", ordinary),
        ("a field that nobody knows, nested as deep as it is large", nested),
        ("one answer in base64", base64),
        ("one answer as text", text),
        ("one header field", header),
    ];
    for (title, make) in kinds {
        let path = work.root.join("large.har");
        let mut file = BufWriter::new(File::create(&path)?);
        make(&mut file, megabytes * 1_000_000)?;
        file.flush()?;
        drop(file);
        let size = std::fs::metadata(&path)?.len();
        let ran = import(&work)?;
        let said = ran.wrote.lines().collect::<Vec<_>>().join(" / ");
        table.row([
            title.to_owned(),
            (size / 1_000_000).to_string(),
            format!("{:.1}", ran.took.as_secs_f64()),
            mebibytes(ran.peak),
            ran.code.map_or_else(|| "killed".to_owned(), |code| code.to_string()),
            said.replace(&*work.root.to_string_lossy(), "…").chars().take(160).collect(),
        ]);
        std::fs::remove_file(path)?;
        patience::sleep(std::time::Duration::ZERO)?;
    }
    table.print();
    Ok(())
}

type Write1 = fn(&mut dyn Write, usize) -> Result<()>;

fn import(work: &Workplace) -> Result<program::Ran> {
    program::run(work.parity(&["requests", "import", "large.har"]))
}

fn ordinary(file: &mut dyn Write, bytes: usize) -> Result<()> {
    file.write_all(BEGIN.as_bytes())?;
    let text = "abcdefghi ".repeat(ANSWER / 10);
    for number in 0..bytes / ANSWER {
        let between = if number == 0 { "" } else { ",\n" };
        file.write_all([between, &entry(number, &text)].concat().as_bytes())?;
    }
    Ok(file.write_all(END.as_bytes())?)
}

fn nested(file: &mut dyn Write, bytes: usize) -> Result<()> {
    let (before, after) = around(r#""_deep": 0,"#, "0,");
    file.write_all(before.as_bytes())?;
    repeat(file, "[", bytes / 2)?;
    repeat(file, "]", bytes / 2)?;
    Ok(file.write_all(after.as_bytes())?)
}

fn base64(file: &mut dyn Write, bytes: usize) -> Result<()> {
    let one = with_content(0, r#"{"size": 1, "mimeType": "text/plain", "encoding": "base64", "text": "@"}"#, "");
    long(file, &one, "QUFB", bytes)
}

fn text(file: &mut dyn Write, bytes: usize) -> Result<()> {
    long(file, &entry(0, "@"), "abcd", bytes)
}

fn header(file: &mut dyn Write, bytes: usize) -> Result<()> {
    long(file, &entry(0, "x").replacen("*/*", "@", 1), "abcd", bytes)
}

/// One entry in which `@` is so many bytes.
fn long(file: &mut dyn Write, entry: &str, piece: &str, bytes: usize) -> Result<()> {
    let (before, after) = entry.split_once('@').unwrap_or((entry, ""));
    file.write_all([BEGIN, before].concat().as_bytes())?;
    repeat(file, piece, bytes / piece.len())?;
    Ok(file.write_all([after, END].concat().as_bytes())?)
}

/// A file with one entry with a field, up to and from a part of it.
fn around(field: &str, part: &str) -> (String, String) {
    let whole = [BEGIN, &with_content(0, r#"{"size": 1, "mimeType": "text/plain", "text": "x"}"#, field), END].concat();
    let at = whole.find(field).unwrap_or_default() + field.len() - part.len();
    (whole[..at].to_owned(), whole[at + 1..].to_owned())
}

fn repeat(file: &mut dyn Write, piece: &str, times: usize) -> Result<()> {
    const AT_ONCE: usize = 1 << 16;
    let many = piece.repeat(AT_ONCE);
    for _ in 0..times / AT_ONCE {
        file.write_all(many.as_bytes())?;
    }
    Ok(file.write_all(piece.repeat(times % AT_ONCE).as_bytes())?)
}
