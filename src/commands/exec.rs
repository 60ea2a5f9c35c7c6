//! `parity exec -- CMD`

use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::context::Context;
use super::terminal::{self, Raw};
use crate::engine::Engine;
use crate::engine::exec::{Command, copy_output};
use crate::error::Result;
use crate::events::{Event, Report};
use crate::session::up::has_ended;
use crate::session::{Interrupts, siblings};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Without a terminal, even where there is one
    #[arg(short = 'T', long)]
    no_tty: bool,

    /// Another environment variable: NAME=value
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<String>,

    /// The command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let tty = !args.no_tty && terminal::interactive();
    run_in_container(context, Command { argv: args.command, tty, stdin: true, env: args.env, working_directory: None }).await
}

/// The exit code of what SIGKILL ends, as all of a container is when its server ends.
const KILLED: i64 = 137;

/// Runs a command in the project's container with this process's stdin, stdout and stderr. Returns its exit code.
pub async fn run_in_container(context: &Context<'_>, mut command: Command) -> Result<ExitCode> {
    let engine = context.engine().await?;
    let container = siblings::running(&engine, &context.root, &context.container()).await?;
    if command.tty
        && let Some(term) = context.environment.get("TERM")
    {
        command.env.push(format!("TERM={term}"));
    }
    let lent = lend_terminal(&engine, &container.id, &command, Raw::enter, None, CtrlC::IsTheCommands);
    // A terminal is given back also when a signal ends this. Ctrl-C is none there, but a key of the command's.
    let lent = if command.tty { Interrupts::listen()?.or(lent).await? } else { lent.await? };
    let Lent::Ended(code) = lent else { return Ok(ExitCode::SUCCESS) };
    if code == KILLED && has_ended(&engine, &container.id).await {
        context.ui.report(Event::Warning {
            text: "the command was ended with its server, which has been stopped or replaced".into(),
            hint: Some("`parity status` says what runs now: type it again there".into()),
        });
    }
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// What Ctrl-C is where the terminal is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CtrlC {
    /// A key like any other, as of `docker exec`.
    IsTheCommands,
    /// The same, but pressed twice it ends the loan, whatever the command does about it.
    TwiceEnds,
}

/// How a loan of the terminal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lent {
    /// The command ended, with that exit code.
    Ended(i64),
    /// Ctrl-C was pressed twice.
    Twice,
}

/// Ctrl-C as a terminal in raw mode sends it.
const CTRL_C: u8 = 3;
/// Two that are further apart are each for what runs at that moment.
const TWICE_WITHIN: Duration = Duration::from_secs(1);

/// Looks for Ctrl-C that is pressed twice, and nothing between.
#[derive(Debug, Default)]
struct Presses {
    last: Option<Instant>,
}

impl Presses {
    fn are_two(&mut self, typed: &[u8], now: Instant) -> bool {
        for key in typed {
            let before = std::mem::replace(&mut self.last, (*key == CTRL_C).then_some(now));
            if *key == CTRL_C && before.is_some_and(|before| now.duration_since(before) < TWICE_WITHIN) {
                return true;
            }
        }
        false
    }
}

/// Runs a command in a container with this process's stdin, stdout and stderr, and the terminal in the mode that `raw` puts
/// it into. `told`: something else was written to the terminal, and its prompt is to be drawn again.
pub async fn lend_terminal(
    engine: &Engine,
    container: &str,
    command: &Command,
    raw: fn() -> Option<Raw>,
    told: Option<&Notify>,
    ctrl_c: CtrlC,
) -> Result<Lent> {
    let mut running = engine.exec(container, command).await?;
    let raw = if command.tty { raw() } else { None };
    if command.tty {
        follow_size(engine, &running.id).await;
    }
    let id = running.id.clone();
    let mut input = running.input;
    let mut keys = read_stdin();
    let feed = async move {
        let mut presses = Presses::default();
        while let Some(bytes) = keys.recv().await {
            let written = async {
                input.write_all(&bytes).await?;
                input.flush().await
            };
            if ctrl_c == CtrlC::TwiceEnds && presses.are_two(&bytes, Instant::now()) {
                // A command that does not read holds nobody.
                let _ = tokio::time::timeout(TOGETHER, written).await;
                return Some(Lent::Twice);
            }
            if written.await.is_err() {
                return None;
            }
        }
        let _ = input.shutdown().await;
        std::future::pending().await
    };
    let ended = tokio::select! {
        copied = copy_output(&mut running.output) => copied.map(|()| None),
        fed = feed => Ok(fed),
        () = draw_again(engine, &id, told) => Ok(None),
    };
    drop(raw);
    match ended? {
        Some(ended) => Ok(ended),
        None => engine.exec_exit_code(&id).await.map(Lent::Ended),
    }
}

/// Several lines that come together are one occasion.
const TOGETHER: Duration = Duration::from_millis(20);

/// Has the command draw its prompt again whenever something was told: that is what it does when its window changes.
async fn draw_again(engine: &Engine, exec: &str, told: Option<&Notify>) {
    let Some(told) = told else { return std::future::pending().await };
    loop {
        told.notified().await;
        tokio::time::sleep(TOGETHER).await;
        if let Some((width, height)) = terminal::size() {
            engine.resize(exec, width, height + 1).await;
            engine.resize(exec, width, height).await;
        }
    }
}

/// Keeps the command's terminal as large as the user's.
async fn follow_size(engine: &Engine, exec: &str) {
    if let Some((width, height)) = terminal::size() {
        engine.resize(exec, width, height).await;
    }
    let Ok(mut resized) = signal(SignalKind::window_change()) else { return };
    let engine = engine.clone();
    let exec = exec.to_owned();
    tokio::spawn(async move {
        while resized.recv().await.is_some() {
            if let Some((width, height)) = terminal::size() {
                engine.resize(&exec, width, height).await;
            }
        }
    });
}

/// Reads stdin on a thread of its own: tokio's would hold the process until another key is pressed.
fn read_stdin() -> tokio::sync::mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = [0; 4096];
        while let Ok(read) = stdin.read(&mut buffer) {
            if read == 0 || sender.blocking_send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_presses_are_together_and_nothing_is_between() {
        let start = Instant::now();
        let two = |typed: &[(u64, &[u8])]| {
            let mut presses = Presses::default();
            typed.iter().any(|(at, keys)| presses.are_two(keys, start + Duration::from_millis(*at)))
        };
        assert!(
            two(&[(0, b"\x03"), (900, b"\x03")]) && two(&[(0, b"x\x03\x03")]) && two(&[(0, b"\x03"), (5000, b"\x03"), (5100, b"\x03")])
        );
        assert!(!two(&[(0, b"\x03"), (1000, b"\x03")]) && !two(&[(0, b"\x03c\r\x03")]) && !two(&[(0, b"\x03"), (10, b"p"), (20, b"\x03")]));
    }
}
