//! Running `parity` as its users do, in an environment that holds nothing but what a test put there.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod browser;
pub mod page;
pub mod pty;
pub mod server;
pub mod special_files;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// Long enough for anything but a build, on a machine that has other things to do as well.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Long enough for a base image and a build from nothing.
pub const BUILD_PATIENCE: Duration = Duration::from_secs(600);

/// What of the tests' own environment reaches `parity`: how to get at the engine and through the network.
const KEPT: [&str; 12] = [
    "PATH",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "DOCKER_CERT_PATH",
];

/// The directory of a project that the tests come with.
pub fn source_of(project: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(project)
}

/// Copies a project without what running it has left there.
pub fn copy_project(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let name = name.to_str().unwrap();
        if ["parity.lock", "__pycache__", "staticfiles", "data"].contains(&name) || name.contains(".sqlite3") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_project(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// One call of `parity`, before it is made.
#[derive(Debug)]
pub struct Parity {
    command: Command,
    words: String,
    input: Option<Vec<u8>>,
    terminal: bool,
    patience: Duration,
}

impl Parity {
    /// `parity ARGUMENTS` in a directory, with `home` as its home and its place for scratch files.
    pub fn new(directory: &Path, home: &Path, arguments: &[&str]) -> Self {
        Self::of(env!("CARGO_BIN_EXE_parity"), directory, home, arguments)
    }

    /// The same for a copy of the program.
    pub fn of(program: impl AsRef<OsStr>, directory: &Path, home: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(directory).env_clear().env("HOME", home).env("TMPDIR", home).env("LANG", "C.UTF-8");
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Self { command, words: format!("parity {}", arguments.join(" ")), input: None, terminal: false, patience: PATIENCE }
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Text for its standard input, which is empty otherwise.
    pub fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Somebody types at this.
    pub fn terminal(mut self, terminal: impl Into<Stdio>) -> Self {
        self.command.stdin(terminal);
        self.terminal = true;
        self
    }

    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// As another user; only root may.
    pub fn user(mut self, uid: u32) -> Self {
        self.command.uid(uid).gid(uid);
        self
    }

    /// Starts it and goes on.
    pub fn start(mut self) -> Session {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if !self.terminal {
            self.command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        }
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("`{}`: {error}", self.words));
        if let (Some(input), Some(mut stdin)) = (self.input, child.stdin.take()) {
            // A program that ends without reading is not this thread's business.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let out = Captured::read(child.stdout.take().unwrap());
        let err = Captured::read(child.stderr.take().unwrap());
        Session { child, words: self.words, patience: self.patience, begun: Instant::now(), out, err, read: 0 }
    }

    /// Runs it to its end.
    pub fn run(self) -> Ran {
        self.start().end()
    }

    /// Runs it to its end, which must be a good one.
    pub fn ok(self) -> Ran {
        self.run().exits(0)
    }
}

/// A `parity` that runs. It is killed when a test forgets it.
#[derive(Debug)]
pub struct Session {
    child: Child,
    words: String,
    patience: Duration,
    begun: Instant,
    out: Captured,
    err: Captured,
    /// How much of stderr `next` has gone past.
    read: usize,
}

impl Session {
    /// Waits until stdout holds what is looked for.
    #[track_caller]
    pub fn stdout_until<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> T {
        let found = self.out.until(self.patience, &find);
        found.unwrap_or_else(|| panic!("stdout never got that far{}", self.said()))
    }

    /// Waits until stderr says something.
    #[track_caller]
    pub fn says(&mut self, part: &str) {
        let found = self.err.until(self.patience, |text| text.contains(part).then_some(()));
        found.unwrap_or_else(|| panic!("never said `{part}`{}", self.said()));
    }

    /// Waits for a line on stderr behind those that this has found before. Returns all of it.
    #[track_caller]
    pub fn next(&mut self, find: impl Fn(&str) -> bool) -> String {
        let from = self.read;
        let found = self.err.until(self.patience, |text| {
            let mut start = from;
            for line in text.get(from..)?.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
                start += line.len();
                if find(line) {
                    return Some((start, line.trim_end().to_owned()));
                }
            }
            None
        });
        let (end, line) = found.unwrap_or_else(|| panic!("no such line on stderr behind byte {from}{}", self.said()));
        self.read = end;
        line
    }

    /// What stderr says until now behind what `next` has found.
    pub fn unread(&self) -> String {
        self.err.text().get(self.read..).unwrap_or_default().to_owned()
    }

    /// From now on.
    pub fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub fn stderr(&self) -> String {
        self.err.text()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the first line on stdout, as a script that reads the URL does.
    #[track_caller]
    pub fn url(&mut self) -> String {
        self.stdout_until(|text| text.split_once('\n').map(|(line, _)| line.to_owned()))
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap_or_else(|error| panic!("`{}` has ended already: {error}", self.words));
    }

    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        let asked = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(asked.elapsed() < self.patience, "no end after {:?}{}", self.begun.elapsed(), self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = self.begun.elapsed();
        let (stdout, stderr) = (self.out.whole(), self.err.whole());
        Ran { words: self.words.clone(), code: status.code(), stdout, stderr, took, ending: asked.elapsed() }
    }

    fn said(&self) -> String {
        format!(" in `{}`\n--- stdout\n{}\n--- stderr\n{}", self.words, self.out.text(), self.err.text())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A `parity` that has ended.
#[derive(Debug)]
pub struct Ran {
    words: String,
    /// `None` after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// From its start.
    pub took: Duration,
    /// From when the test began to wait for it.
    pub ending: Duration,
}

impl Ran {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code of {self}");
        self
    }

    /// stderr holds each of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not on stderr of {self}");
        }
        self
    }

    #[track_caller]
    pub fn within(self, seconds: u64) -> Self {
        assert!(self.took < Duration::from_secs(seconds), "took {:?}: {self}", self.took);
        self
    }

    /// It ended so soon after it was told to.
    #[track_caller]
    pub fn ends_within(self, limit: Duration) -> Self {
        assert!(self.ending < limit, "ended only after {:?}: {self}", self.ending);
        self
    }

    /// stdout, which must be one line and nothing else.
    #[track_caller]
    pub fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').filter(|line| !line.contains('\n') && !line.is_empty());
        line.unwrap_or_else(|| panic!("stdout is not one line: {self}"))
    }

    /// stdout as JSON Lines.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?} of {self}"));
        self.stdout.lines().map(parse).collect()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ({:?})\n--- stdout\n{}\n--- stderr\n{}", self.words, self.code, self.stdout, self.stderr)
    }
}

/// One of a program's output streams, read by a thread of its own.
#[derive(Debug)]
struct Captured {
    so_far: Arc<(Mutex<Output>, Condvar)>,
}

#[derive(Debug, Default)]
struct Output {
    bytes: Vec<u8>,
    ended: bool,
}

impl Captured {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let so_far: Arc<(Mutex<Output>, Condvar)> = Arc::default();
        let shared = Arc::clone(&so_far);
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1024];
            loop {
                let read = from.read(&mut buffer).unwrap_or(0);
                let mut output = shared.0.lock().unwrap();
                output.bytes.extend_from_slice(&buffer[..read]);
                output.ended = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { so_far }
    }

    /// Waits for something in it; `None` when it ended or the time was up before.
    fn until<T>(&self, patience: Duration, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut output = self.so_far.0.lock().unwrap();
        loop {
            let begun = Instant::now();
            if let Some(found) = find(&String::from_utf8_lossy(&output.bytes)) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if output.ended || left.is_zero() {
                return None;
            }
            // Of a flood a look at all of it takes long: whoever reads it has as long until the next one.
            let (took, length) = (begun.elapsed(), output.bytes.len());
            drop(output);
            std::thread::sleep(took.min(left));
            output = self.so_far.0.lock().unwrap();
            if output.bytes.len() == length && !output.ended {
                output = self.so_far.1.wait_timeout(output, left).unwrap().0;
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.so_far.0.lock().unwrap().bytes).into_owned()
    }

    /// All of it. The program has ended; a child of its own that holds the pipe open is not waited for.
    fn whole(&self) -> String {
        let output = self.so_far.0.lock().unwrap();
        let (output, _) = self.so_far.1.wait_timeout_while(output, Duration::from_secs(5), |output| !output.ended).unwrap();
        String::from_utf8_lossy(&output.bytes).into_owned()
    }
}
