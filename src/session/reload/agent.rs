//! The agent in the container: a command that stays open for the session, a line of JSON each way ([`crate::runtime::protocol`]).
//!
//! It carries out reloads (`images/runtime/parity_runtime/reload/agent` says how); what to do is decided in [`super::machine`].
//!
//! The application has the agent's user and can write in its name (`docs/security.md`): a line has a limit, and few are kept.

use std::time::Duration;

use bollard::container::LogOutput;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::engine::Engine;
use crate::engine::exec::Command;
use crate::error::Result;
use crate::runtime::protocol::{self, MAX_LINE_BYTES, Message, Order, Said};
use crate::runtime::{self};

/// Messages that nobody has heard yet; the agent waits then.
const MAX_UNHEARD: usize = 256;
/// Bytes of what it writes to stderr that are kept: the end of a traceback.
const MAX_ERROR_BYTES: usize = 4096;

/// What comes from the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Said(Said),
    /// A line that is no message, and why.
    Unreadable(String),
    /// It has ended with this on its stderr.
    Broken(String),
}

/// The open command. Dropping it ends the agent.
#[derive(Debug)]
pub struct Agent {
    orders: mpsc::UnboundedSender<Order>,
    heard: mpsc::Receiver<Heard>,
}

/// How it is started; a word behind it makes it do one thing and end.
pub fn argv(word: Option<&str>) -> Vec<String> {
    runtime::program(&["agent"].into_iter().chain(word).collect::<Vec<_>>())
}

impl Agent {
    /// Starts the agent and asks what there is.
    ///
    /// # Errors
    /// The engine's, a container that does not run among them.
    pub async fn start(engine: &Engine, container: &str) -> Result<Self> {
        let command = Command { argv: argv(None), tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
        let mut running = engine.exec(container, &command).await?;
        let (orders, mut wanted) = mpsc::unbounded_channel::<Order>();
        let (tell, heard) = mpsc::channel(MAX_UNHEARD);
        tokio::spawn(async move {
            let (mut lines, mut pace) = (Lines::default(), Pace::default());
            let mut errors = Tail::default();
            loop {
                tokio::select! {
                    order = wanted.recv() => {
                        let Some(order) = order else { break };
                        let line = order.to_text() + "\n";
                        if running.input.write_all(line.as_bytes()).await.is_err() || running.input.flush().await.is_err() {
                            // It has ended; why is still to be read.
                            wanted.close();
                        }
                    }
                    piece = running.output.next() => match piece {
                        Some(Ok(LogOutput::StdOut { message } | LogOutput::Console { message })) => {
                            for heard in lines.feed(&message) {
                                if let Some(end) = pace.is_too_fast(Instant::now()) {
                                    tokio::time::sleep_until(end).await;
                                }
                                if tell.send(heard).await.is_err() {
                                    return;
                                }
                            }
                        }
                        Some(Ok(LogOutput::StdErr { message })) => errors.add(&message),
                        Some(Ok(LogOutput::StdIn { .. })) => {}
                        Some(Err(_)) | None => {
                            if let Some(text) = errors.text() {
                                let _ = tell.send(Heard::Broken(text)).await;
                            }
                            break;
                        }
                    }
                }
            }
            let _ = running.input.shutdown().await;
        });
        let agent = Self { orders, heard };
        agent.tell(Order::Hello);
        Ok(agent)
    }

    /// Sends an order. Whether it arrives shows in what the agent says, or in its end.
    pub fn tell(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// What comes from the agent next; `None` when it has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }
}

/// Messages in a second; a burst of saves has some dozens. The agent waits then, as all else in the session would.
const MAX_MESSAGES: u32 = 500;
const WINDOW: Duration = Duration::from_secs(1);

/// Holds up whoever says too much.
#[derive(Debug, Default)]
struct Pace {
    begun: Option<Instant>,
    messages: u32,
}

impl Pace {
    /// Counts a message. Where there were too many, when the next second begins.
    fn is_too_fast(&mut self, now: Instant) -> Option<Instant> {
        let begun = self.begun.filter(|begun| now < *begun + WINDOW);
        if begun.is_none() {
            *self = Self { begun: Some(now), messages: 0 };
        }
        self.messages += 1;
        begun.filter(|_| self.messages > MAX_MESSAGES).map(|begun| begun + WINDOW)
    }
}

/// What engines say in place of a program that they could not start, as its container is ending.
const REFUSALS: [&str; 3] = ["OCI runtime exec failed", "cannot exec in a ", "exec failed: "];

fn read(line: &[u8]) -> Heard {
    protocol::read(line).map_or_else(
        |why| {
            let text = String::from_utf8_lossy(line);
            match REFUSALS.iter().any(|refusal| text.starts_with(refusal)) {
                true => Heard::Broken(text.trim_end().to_owned()),
                false => Heard::Unreadable(why.to_string()),
            }
        },
        Heard::Said,
    )
}

/// Puts lines together from pieces.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    /// The line that has begun is too long, and none.
    skips: bool,
}

impl Lines {
    fn feed(&mut self, piece: &[u8]) -> Vec<Heard> {
        let mut found = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if !self.skips {
                self.begun.extend_from_slice(part);
            }
            self.skips |= self.begun.len() > MAX_LINE_BYTES;
            if part.ends_with(b"\n") {
                found.push(match self.skips {
                    true => Heard::Unreadable(format!("a line of more than {MAX_LINE_BYTES} bytes")),
                    false => read(&self.begun),
                });
                (self.begun, self.skips) = (Vec::new(), false);
            } else if self.skips {
                self.begun = Vec::new();
            }
        }
        found
    }
}

/// The end of a text.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn add(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
        let surplus = self.0.len().saturating_sub(MAX_ERROR_BYTES);
        self.0.drain(..surplus);
    }

    /// `None`: there is none.
    fn text(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_pieces() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(br#"{"v": 1, "did": "waiting", "gener"#), []);
        let heard = lines.feed(b"ation\": 7, \"slot\": \"g1\"}\nnews\n{\"v\": 1, \"did\"");
        assert_eq!(heard, [Heard::Said(Said::Waiting { generation: 7 }), Heard::Unreadable("not JSON: news".into())]);
        assert_eq!(lines.feed(b": \"waiting\", \"generation\": 8}\n"), [Heard::Said(Said::Waiting { generation: 8 })]);
    }

    #[test]
    fn what_an_engine_says_of_a_container_that_is_ending_is_why_the_agent_ended() {
        for said in ["cannot exec in a stopped state: unknown", "OCI runtime exec failed: exec failed: unable to start container process"] {
            assert_eq!(Lines::default().feed(format!("{said}\r\n").as_bytes()), [Heard::Broken(said.into())]);
        }
    }

    #[test]
    fn whoever_says_too_much_waits_for_the_next_second() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert!((0..MAX_MESSAGES).all(|_| pace.is_too_fast(start).is_none()));
        assert_eq!(pace.is_too_fast(start + Duration::from_millis(300)), Some(start + WINDOW));
        assert_eq!(pace.is_too_fast(start + WINDOW), None);
        // A session with a save each millisecond is not held up.
        let mut pace = Pace::default();
        assert!((0..10_000).all(|tenth| pace.is_too_fast(start + Duration::from_micros(tenth * 2100)).is_none()));
    }

    /// What an agent says.
    const LINES: [&str; 4] = [
        r#"{"v": 1, "did": "hello", "generation": 3, "pids": [7, 8], "read": ["a.py", "b/c.py"], "stale": [], "divided": false}
{"v": 1, "did": "waiting", "generation": 4}
"#,
        r#"{"v": 1, "did": "touched", "opened": ["data/x.json"], "written": ["log.txt"], "read": [], "stale": []}
{"v": 1, "did": "own", "generation": 5, "files": ["a.py"]}
{"v": 1, "did": "restart-wanted"}
"#,
        r#"{"v": 1, "did": "serving", "generation": 6, "error": "Traceback\n  x", "pids": []}
{"v": 1, "did": "avoided", "avoided": ["preload", "numpy"], "why": "x", "millis": 12}
"#,
        r#"{"v": 1, "did": "cut", "responses": [{"path": "/events", "milliseconds": 640}]}
{"v": 1, "did": "unseen", "generation": 7, "files": ["../../etc/shadow", "/x", "c.py"]}
{"v": 1, "did": "news"}
"#,
    ];
    const TOKENS: [&str; 18] = [
        "\"",
        "\\",
        "\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "-1",
        "1e999",
        "18446744073709551616",
        "\"../x\"",
        "\"/etc/shadow\"",
        "\"\\ud800\"",
        "\u{1b}",
        "\"did\": \"put\"",
    ];

    proptest::proptest! {
        #[test]
        fn fuzz_pieces_make_no_difference_and_paths_stay_inside(
            text in crate::units::mutated::mutated(&LINES, &TOKENS),
            cuts in proptest::collection::vec(1usize..60, 1..12),
        ) {
            let whole = Lines::default().feed(text.as_bytes());
            let (mut lines, mut said, mut rest, mut cut) = (Lines::default(), Vec::new(), text.as_bytes(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*cut.next().unwrap()));
                said.extend(lines.feed(now));
                rest = later;
            }
            proptest::prop_assert_eq!(&said, &whole);
            for heard in whole {
                let Heard::Said(said) = heard else { continue };
                let named = match said {
                    Said::Hello(loaded) | Said::Loaded(loaded) | Said::Serving(loaded) => [loaded.read, loaded.stale].concat(),
                    Said::Touched(news) => [news.opened, news.written, news.read, news.stale].concat(),
                    Said::Own { files, .. } | Said::Unseen { files, .. } => files,
                    _ => Vec::new(),
                };
                let is_inside = |path: &String| !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
                proptest::prop_assert!(named.iter().all(is_inside), "{:?}", named);
            }
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let mut lines = Lines::default();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..64 {
            assert_eq!(lines.feed(&piece), []);
            assert!(lines.begun.capacity() <= 2 * MAX_LINE_BYTES + piece.len());
        }
        let heard = lines.feed(b"\n{\"v\": 1, \"did\": \"waiting\", \"generation\": 1}\n");
        assert!(matches!(&heard[..], [Heard::Unreadable(_), Heard::Said(Said::Waiting { generation: 1 })]), "{heard:?}");
    }

    #[test]
    fn only_the_end_of_what_broke_it_is_kept() {
        let mut errors = Tail::default();
        assert_eq!(errors.text(), None);
        for _ in 0..1000 {
            errors.add(b"a line of it\n");
        }
        errors.add(b"OSError: that is it\n");
        let text = errors.text().unwrap();
        assert!(text.len() <= MAX_ERROR_BYTES && text.ends_with("OSError: that is it"), "{text}");
    }
}
