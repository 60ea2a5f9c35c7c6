//! What the user types while a server runs in the foreground: `r`, `o`, `q`.

use std::io::Read;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::terminal::restore_on_panic;
use crate::session::reload::Key;

/// What can be typed.
pub const HELP: &str = "r reloads, o opens the browser, q quits";

/// Keys come one by one and are not shown; Ctrl-C and Ctrl-Z do what they always do. Dropping it restores the terminal.
#[derive(Debug)]
pub struct Hush {
    before: Termios,
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
        let hush = Self { before };
        hush.apply();
        Some(hush)
    }

    fn apply(&self) {
        let mut modes = self.before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &modes);
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Keys as they are typed, as long as the guard lives; `None` where nobody types.
pub fn read() -> Option<(mpsc::Receiver<Key>, std::sync::Arc<Hush>)> {
    let hush = std::sync::Arc::new(Hush::enter()?);
    let (sender, keys) = mpsc::channel(8);
    again_after_a_stop(&hush);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = [0; 64];
        loop {
            // Whoever comes after this process must not lose what is typed then: nothing is read unless it is there.
            let ready = poll(&mut [PollFd::new(&std::io::stdin(), PollFlags::IN)], None);
            if ready.is_err() {
                continue;
            }
            let Ok(count @ 1..) = stdin.read(&mut buffer) else { return };
            for key in buffer[..count].iter().filter_map(|byte| key_of(*byte)) {
                if sender.blocking_send(key).is_err() {
                    return;
                }
            }
        }
    });
    Some((keys, hush))
}

fn key_of(byte: u8) -> Option<Key> {
    match byte {
        b'r' | b'R' => Some(Key::Reload),
        b'o' | b'O' => Some(Key::Open),
        b'q' | b'Q' => Some(Key::Quit),
        _ => None,
    }
}

/// After Ctrl-Z and `fg` the shell has set the terminal back.
fn again_after_a_stop(hush: &std::sync::Arc<Hush>) {
    let hush = std::sync::Arc::downgrade(hush);
    let Ok(mut continued) = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())) else { return };
    tokio::spawn(async move {
        while continued.recv().await.is_some() {
            let Some(hush) = hush.upgrade() else { return };
            if tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == getpgrp()) {
                hush.apply();
            }
        }
    });
}
