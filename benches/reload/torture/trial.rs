//! One application that runs, and what happens when its files are saved.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::follow::Follow;
use super::{Application, Seen};
use crate::http::{Connection, address};
use crate::patience::{self, spread};
use crate::session::Session;
use crate::source::{FIRST, Save, Source, tokens};
use crate::workplace::Workplace;
use crate::{Result, torture::applications};

const LOCK: &str = "parity.lock";
/// Until it serves for the first time; the image may have to be built for that.
const STARTED: Duration = Duration::from_secs(600);
/// Nobody waits longer for what was saved.
const DEADLINE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(4);
/// For so long an older answer may follow, or an error.
const AFTER: Duration = Duration::from_millis(700);
const POLL_AFTER: Duration = Duration::from_millis(20);
/// Between two saves, in milliseconds.
const SETTLED: (u64, u64) = (1500, 2500);

/// What parity says of saved code that is served.
const SERVING: &str = "→ serving in";

/// Dropping it leaves no container and no copy.
#[derive(Debug)]
pub struct Trial {
    address: SocketAddr,
    /// The files with a number, relative to the project.
    places: Vec<(String, Source)>,
    /// The number that was saved last, which is also how many saves there were.
    number: u32,
    /// Lines that the terminal had when it served for the first time.
    started: usize,
    last: Instant,
    seen: Seen,
    // In the order of dropping: who serves, then what is served.
    follow: Follow,
    _session: Session,
    work: Workplace,
}

/// What an answer was.
enum Answer {
    /// With all numbers that are in the page.
    Page(BTreeSet<u32>),
    Failure(String),
}

impl Trial {
    /// Starts `parity up --reload-on-changes` with these flags on a copy of the application.
    pub fn start(application: &Application, flags: &[&str], lock: Option<&str>) -> Result<Self> {
        let work = applications::lay_out(application)?;
        if let Some(lock) = lock {
            work.write(LOCK, lock)?;
        }
        let places = places(&work.root)?;
        // Lines of requests tell nothing of saves.
        let mut session = Session::start(&work, &[flags, &["--no-request-log"]].concat())?;
        let follow = Follow::of(session.log())?;
        let (_, url) = session.container_within(&work, STARTED)?;
        let mut trial = Self {
            address: address(&url)?,
            places,
            number: 0,
            started: 0,
            last: Instant::now(),
            seen: Seen::default(),
            follow,
            _session: session,
            work,
        };
        trial.ready()?;
        Ok(trial)
    }

    /// What the copy's base is locked to.
    pub fn lock(&self) -> Result<String> {
        Ok(fs::read_to_string(self.work.root.join(LOCK))?)
    }

    fn ready(&mut self) -> Result<()> {
        let told = |line: &str| line.starts_with("serving") || line.starts_with("error");
        let line = patience::until(STARTED, || self.follow.find(0, told))?.map(|(_, line)| line);
        let said = || self.follow.from(0).join(" | ");
        match line {
            Some(line) if line.starts_with("serving") => {}
            _ => return Err(format!("it does not serve: {}", said()).into()),
        }
        match self.ask() {
            Answer::Page(numbers) if numbers == self.saved() => {}
            Answer::Page(numbers) => return Err(format!("it answers {numbers:?} before anything was saved").into()),
            Answer::Failure(what) => return Err(format!("it does not answer: {what}: {}", said()).into()),
        }
        self.started = self.follow.len();
        self.last = Instant::now();
        Ok(())
    }

    /// The numbers that are in its files, all of which a fresh page has: one that has the last only may have others of old code.
    fn saved(&self) -> BTreeSet<u32> {
        self.places.iter().map(|(_, source)| source.saved()).collect()
    }

    /// Leaves it alone after the last save.
    pub fn settle(&self, save: usize) -> Result<()> {
        patience::sleep(spread(save, SETTLED.0, SETTLED.1).saturating_sub(self.last.elapsed()))
    }

    /// Saves the next file and asks until that is served, and a little longer.
    pub fn save(&mut self, how: Save) -> Result<()> {
        let before = self.follow.len();
        let count = self.places.len();
        let (name, source) = &mut self.places[self.number as usize % count];
        let name = name.clone();
        self.number += 1;
        let saved = Instant::now();
        source.save_as(self.number, how)?;
        let wanted = self.saved();
        let mut fresh = None;
        let (mut stale, mut failed) = (Vec::new(), Vec::new());
        while fresh.map_or(saved.elapsed() < DEADLINE, |fresh: Instant| fresh.elapsed() < AFTER) {
            let asked = Instant::now();
            match self.ask() {
                Answer::Page(numbers) if numbers == wanted => {
                    fresh.get_or_insert_with(Instant::now);
                }
                Answer::Page(numbers) => {
                    let told = self.follow.find(before, |line| line.contains(SERVING) && line.contains(&name));
                    if fresh.is_some() || told.is_some_and(|(when, _)| when < asked) {
                        stale.push(format!("{numbers:?} for {wanted:?}"));
                    }
                }
                Answer::Failure(what) => failed.push(what),
            }
            self.seen.answers += 1;
            patience::sleep(if fresh.is_some() { POLL_AFTER } else { POLL })?;
        }
        self.last = Instant::now();
        self.seen.saves += 1;
        self.seen.times.push_time(fresh.map_or(DEADLINE, |fresh| fresh - saved));
        self.note(&name, &stale, &failed, fresh.is_none());
        Ok(())
    }

    fn note(&mut self, name: &str, stale: &[String], failed: &[String], never: bool) {
        let wrongs = &mut self.seen.wrongs;
        wrongs.stale.add(stale.len() as u64);
        wrongs.failed.add(failed.len() as u64);
        wrongs.never.add(u64::from(never));
        let number = self.number;
        if let Some(first) = stale.first() {
            wrongs.what.push(format!("save {number}, {name}: {} stale answers, the first {first}", stale.len()));
        }
        if let Some(first) = failed.first() {
            wrongs.what.push(format!("save {number}, {name}: {} failed answers, the first {first}", failed.len()));
        }
        if never {
            wrongs.what.push(format!("save {number}, {name}: never served"));
        }
    }

    /// One GET on a new connection.
    fn ask(&self) -> Answer {
        match Connection::open(self.address).and_then(|mut connection| connection.get("/")) {
            Ok((200, page)) => match tokens(&page) {
                numbers if numbers.is_empty() => Answer::Failure("a page without a number".into()),
                numbers => Answer::Page(numbers),
            },
            Ok((status, page)) => Answer::Failure(format!("HTTP {status}{}", title(&page))),
            Err(error) => Answer::Failure(error.kind().to_string()),
        }
    }

    /// Stops it.
    pub fn end(mut self) -> Seen {
        self.seen.modules = self.modules();
        // Of a traceback, its last line.
        let said = self.follow.from(self.started).into_iter().filter(|line| !line.starts_with(' ') && !self.is_usual(line));
        self.seen.said = grouped(said);
        self.seen.clone()
    }

    /// Modules before and after the import of the application in the process that answers.
    fn modules(&self) -> Option<(u32, u32)> {
        let (_, page) = Connection::open(self.address).and_then(|mut connection| connection.get("/modules")).ok()?;
        let text = String::from_utf8(page).ok()?;
        let (before, after) = text.split_once(' ')?;
        Some((before.parse().ok()?, after.parse().ok()?))
    }

    /// Does the line say that one of the files that are saved here is served?
    fn is_usual(&self, line: &str) -> bool {
        let Some((files, _)) = line.split_once(SERVING) else { return line.is_empty() };
        files.trim_start_matches('↻').split(',').all(|file| self.places.iter().any(|(name, _)| name == file.trim()))
    }
}

/// Of parity's page for code that cannot be imported.
fn title(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page);
    let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    title.map(|(title, _)| format!(", {title}")).unwrap_or_default()
}

/// All files with a number, the entry first.
fn places(root: &Path) -> Result<Vec<(String, Source)>> {
    let mut found = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                todo.push(path);
            } else if fs::read_to_string(&path).is_ok_and(|text| text.contains(FIRST)) {
                found.push(path);
            }
        }
    }
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    found.sort_by_key(|path| (!path.ends_with("wsgi.py"), name(path)));
    found.into_iter().map(|path| Ok((name(&path), Source::of(path)?))).collect()
}

/// The same lines but for their numbers are told once, with how often they came.
fn grouped(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut groups: Vec<(String, String, usize)> = Vec::new();
    for line in lines {
        let key: String = line.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        match groups.iter_mut().find(|(known, _, _)| *known == key) {
            Some((_, _, times)) => *times += 1,
            None => groups.push((key, line, 1)),
        }
    }
    groups.into_iter().map(|(_, line, times)| if times == 1 { line } else { format!("{line} ({times} times)") }).collect()
}
