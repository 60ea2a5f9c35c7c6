//! `parity` in a terminal, with somebody who types.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use super::{Captured, PATIENCE, Parity, Ran};

pub const ENTER: &str = "\r";
pub const TAB: &str = "\t";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_P: &str = "\x10";

/// Wide enough that no line of a test is broken.
const WIDTH: u16 = 240;

/// A terminal with a `parity` in it, which is killed when a test forgets it.
#[derive(Debug)]
pub struct Terminal {
    master: File,
    child: Child,
    words: String,
    patience: Duration,
    begun: Instant,
    shown: Captured,
    /// How much of what is shown `shows` has gone past.
    read: usize,
    modes: String,
}

impl Parity {
    /// Starts it in a terminal of its own, as a login shell would.
    #[allow(unsafe_code, reason = "a new process takes the terminal before it becomes `parity`")]
    pub fn in_terminal(mut self) -> Terminal {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        rustix::termios::tcsetwinsize(&master, size(WIDTH, 50)).unwrap();
        let modes = modes(&master);
        let stream = || Stdio::from(slave.try_clone().unwrap());
        self.command.env("TERM", "xterm").stdin(stream()).stdout(stream()).stderr(stream());
        // SAFETY: two system calls and nothing else between fork and exec.
        unsafe {
            self.command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            });
        }
        let child = self.command.spawn().unwrap_or_else(|error| panic!("`{}`: {error}", self.words));
        let master = File::from(master);
        // It ends when the last process with the terminal does.
        let shown = Captured::read(master.try_clone().unwrap());
        Terminal { master, child, words: self.words, patience: self.patience, begun: Instant::now(), shown, read: 0, modes }
    }
}

impl Terminal {
    /// Keys, as the terminal sends them.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        (&self.master).write_all(text.as_bytes()).unwrap_or_else(|error| panic!("{error}{}", self.said()));
    }

    /// A line and Enter. What is echoed of it is gone past.
    #[track_caller]
    pub fn enter(&mut self, line: &str) {
        self.type_text(line);
        self.shows(line);
        self.type_text(ENTER);
    }

    /// Waits for a text behind those that this has found before. Returns what came in between.
    #[track_caller]
    pub fn shows(&mut self, text: &str) -> String {
        self.shows_any(&[text])
    }

    /// The same for whichever of these comes first.
    #[track_caller]
    pub fn shows_any(&mut self, texts: &[&str]) -> String {
        let from = self.read;
        let found = self.shown.until(self.patience, |shown| {
            let shown = plain(shown);
            let rest = shown.get(from..)?;
            let (at, text) = texts.iter().filter_map(|text| Some((rest.find(text)?, text))).min()?;
            Some((from + at + text.len(), rest[..at].to_owned()))
        });
        let (end, between) = found.unwrap_or_else(|| panic!("{texts:?} was never shown behind byte {from}{}", self.said()));
        self.read = end;
        between
    }

    /// All that has been shown, without the terminal's own signs.
    pub fn shown(&self) -> String {
        plain(&self.shown.text())
    }

    /// What has been shown behind what `shows` has found.
    pub fn unread(&self) -> String {
        self.shown().get(self.read..).unwrap_or_default().to_owned()
    }

    /// From now on.
    pub fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Somebody drags at the window's corner.
    pub fn resize(&self, columns: u16, rows: u16) {
        rustix::termios::tcsetwinsize(&self.master, size(columns, rows)).unwrap();
    }

    /// Is it as it was before anything ran in it?
    #[track_caller]
    pub fn is_restored(&self) {
        assert_eq!(modes(&self.master), self.modes, "the terminal is not as before{}", self.said());
    }

    /// Is each key passed on as it is pressed?
    pub fn is_raw(&self) -> bool {
        modes(&self.master) != self.modes
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap_or_else(|error| panic!("`{}` has ended already: {error}", self.words));
    }

    #[track_caller]
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end. The terminal must be as it was before.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        let ran = self.wait();
        self.is_restored();
        ran
    }

    /// Waits for the end. Whatever became of the terminal.
    #[track_caller]
    pub fn wait(&mut self) -> Ran {
        let asked = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(asked.elapsed() < PATIENCE, "no end after {:?}{}", self.begun.elapsed(), self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = self.begun.elapsed();
        // One stream, as people see it.
        let shown = plain(&self.shown.whole());
        Ran { words: self.words.clone(), code: status.code(), stdout: String::new(), stderr: shown, took, ending: asked.elapsed() }
    }

    fn said(&self) -> String {
        format!(" in `{}`\n--- terminal\n{}\n---", self.words, self.shown())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

fn modes(terminal: impl std::os::fd::AsFd) -> String {
    format!("{:?}", rustix::termios::tcgetattr(terminal).unwrap())
}

/// A terminal's output without colours, movements and carriage returns. A sequence that has not come to its end is left out.
fn plain(output: &str) -> String {
    let mut text = String::with_capacity(output.len());
    let mut rest = output.chars();
    while let Some(sign) = rest.next() {
        match sign {
            '\x1b' => match rest.next() {
                // CSI: up to a letter.
                Some('[') => while rest.next().is_some_and(|sign| !('@'..='~').contains(&sign)) {},
                // OSC: up to BEL.
                Some(']') => while rest.next().is_some_and(|sign| sign != '\x07') {},
                _ => {}
            },
            '\r' | '\x07' => {}
            sign => text.push(sign),
        }
    }
    text
}
