//! What the user types while a server runs in the foreground: `r`, `R`, `o`, `w`, `d`, `p`, `c`, `q`.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::terminal::restore_on_panic;
use crate::session::reload::Key;

/// Keys come one by one and are not shown; Ctrl-C and Ctrl-Z do what they always do. Dropping it restores the terminal.
#[derive(Debug)]
pub struct Hush {
    before: Termios,
    /// The debugger has the terminal.
    lent: AtomicBool,
}

impl Hush {
    /// `None` when stdin is no terminal, or another command's at the moment (`parity up &`).
    fn enter() -> Option<Self> {
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        if tcgetpgrp(&stdin).ok()? != getpgrp() {
            return None;
        }
        restore_on_panic(before.clone());
        let hush = Self { before, lent: AtomicBool::new(false) };
        hush.apply();
        Some(hush)
    }

    fn apply(&self) {
        let mut modes = self.before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &modes);
    }

    fn restore(&self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }

    /// `parity debug --attach` in this terminal, until it ends. What it cannot do it says itself.
    fn lend_to_debugger(&self, root: &Path) {
        let Ok(parity) = std::env::current_exe() else { return };
        self.lent.store(true, Ordering::SeqCst);
        self.restore();
        let _ = Command::new(parity).args(["debug", "--attach", "--project"]).arg(root).status();
        self.apply();
        self.lent.store(false, Ordering::SeqCst);
    }
}

/// `parity profile` or `coverage` with `--attach` beside the server: what it finds it says in this terminal, when it is ended.
#[derive(Debug)]
struct Attached {
    command: &'static str,
    child: Option<Child>,
}

impl Attached {
    fn new(command: &'static str) -> Self {
        Self { command, child: None }
    }

    /// Begins, or ends what has begun.
    fn press(&mut self, root: &Path) {
        let running = self.child.take().and_then(|mut child| matches!(child.try_wait(), Ok(None)).then_some(child));
        match running {
            Some(running) => {
                if let Some(pid) = i32::try_from(running.id()).ok().and_then(Pid::from_raw) {
                    let _ = kill_process(pid, Signal::INT);
                }
                self.child = Some(running);
            }
            None => {
                let Ok(parity) = std::env::current_exe() else { return };
                let arguments = [self.command, "--attach", "--ended-by-key", "--project"];
                self.child = Command::new(parity).args(arguments).arg(root).stdin(Stdio::null()).spawn().ok();
            }
        }
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        self.restore();
    }
}

/// What is typed, until it is dropped.
#[derive(Debug)]
pub struct Typed {
    pub keys: mpsc::Receiver<Key>,
    /// The recorder is to be turned on or off.
    pub turns: mpsc::Receiver<()>,
    _hush: Arc<Hush>,
}

/// Keys as they are typed; `None` where nobody types. `root`: the project that `d` debugs, `p` profiles and `c` measures.
pub fn read(root: &Path) -> Option<Typed> {
    let hush = Arc::new(Hush::enter()?);
    let (sender, keys) = mpsc::channel(8);
    let (turn, turns) = mpsc::channel(1);
    again_after_a_stop(&hush);
    let (terminal, root) = (Arc::downgrade(&hush), PathBuf::from(root));
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = [0; 64];
        let mut page = None;
        let (mut profiler, mut coverage) = (Attached::new("profile"), Attached::new("coverage"));
        loop {
            // Whoever comes after this process must not lose what is typed then: nothing is read unless it is there.
            let ready = poll(&mut [PollFd::new(&std::io::stdin(), PollFlags::IN)], None);
            if ready.is_err() {
                continue;
            }
            let Ok(count @ 1..) = stdin.read(&mut buffer) else { return };
            for byte in &buffer[..count] {
                match (byte, terminal.upgrade()) {
                    (_, None) => return,
                    (b'w' | b'W', _) => page = open_page(page, &root),
                    (b'd' | b'D', Some(terminal)) => terminal.lend_to_debugger(&root),
                    // One that was not seen to yet is enough.
                    (b'R', Some(_)) => drop(turn.try_send(())),
                    (b'p' | b'P', Some(_)) => profiler.press(&root),
                    (b'c' | b'C', Some(_)) => coverage.press(&root),
                    (byte, _) => {
                        if key_of(*byte).is_some_and(|key| sender.blocking_send(key).is_err()) {
                            return;
                        }
                    }
                }
            }
        }
    });
    Some(Typed { keys, turns, _hush: hush })
}

/// `parity requests open` beside this one: it opens the browser again for each byte that it is sent, and ends when nobody can send any.
fn open_page(page: Option<Child>, root: &Path) -> Option<Child> {
    if let Some(mut page) = page {
        if page.stdin.as_mut().is_some_and(|stdin| stdin.write_all(b"w").is_ok()) {
            return Some(page);
        }
        let _ = page.wait();
    }
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.args(["requests", "open", "--on-demand", "--project"]).arg(root).stdin(Stdio::piped());
    // The link is for this terminal, and not for whoever reads the server's URL from stdout.
    command.stdout(std::io::stderr().as_fd().try_clone_to_owned().ok()?);
    command.spawn().ok()
}

fn key_of(byte: u8) -> Option<Key> {
    match byte {
        b'r' => Some(Key::Reload),
        b'o' | b'O' => Some(Key::Open),
        b'q' | b'Q' => Some(Key::Quit),
        _ => None,
    }
}

/// After Ctrl-Z and `fg` the shell has set the terminal back.
fn again_after_a_stop(hush: &Arc<Hush>) {
    let hush: Weak<Hush> = Arc::downgrade(hush);
    let Ok(mut continued) = signal(SignalKind::from_raw(Signal::CONT.as_raw())) else { return };
    tokio::spawn(async move {
        while continued.recv().await.is_some() {
            let Some(hush) = hush.upgrade() else { return };
            if !hush.lent.load(Ordering::SeqCst) && tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == getpgrp()) {
                hush.apply();
            }
        }
    });
}
