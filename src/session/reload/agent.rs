//! The agent in the container: a command that stays open for the session, a line of JSON each way.
//!
//! It carries out reloads (`images/reload/agent.py` says how); what to do is decided in [`super::machine`].
//!
//! The application has the agent's user and can write in its name (`docs/security.md`): a line has a limit, few are kept, and paths
//! are those of files of the project or left out.

use std::collections::BTreeMap;

use bollard::container::LogOutput;
use futures_util::StreamExt;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::engine::exec::Command;
use crate::error::Result;

/// What the agent is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Order {
    Hello,
    /// Load the code on disk into a standby slot. `files` are those that changed, by the digest of what they hold now;
    /// `None`: gone. `unless_own`: there is nothing to do where the application has written all of them itself.
    #[serde(rename_all = "kebab-case")]
    Prepare {
        generation: u64,
        files: BTreeMap<String, Option<String>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unless_own: bool,
    },
    /// Send requests there.
    Commit {
        generation: u64,
    },
    Discard {
        generation: u64,
    },
    /// Write a file of the project; `data` is base64.
    Put {
        path: String,
        data: String,
        mode: u32,
    },
    Delete {
        path: String,
    },
}

/// What the agent says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub enum Said {
    Hello(Loaded),
    /// What the application has done with files of the project, as far as that has not been told yet.
    Touched(News),
    /// Nothing is loaded: the application has written all of these files itself.
    Own {
        generation: u64,
        #[serde(deserialize_with = "inside")]
        files: Vec<String>,
    },
    /// There is a slot for it, which loads: what is saved from now on it may not have.
    Begun {
        generation: u64,
    },
    /// The code was loaded into a slot that requests do not go to yet.
    Loaded(Loaded),
    /// It was loaded, and requests go there.
    Serving(Loaded),
    /// No standby process is ready.
    Waiting {
        generation: u64,
    },
    /// The container does not see these files as they were saved.
    Unseen {
        generation: u64,
        #[serde(deserialize_with = "inside")]
        files: Vec<String>,
    },
    /// The import failed, or was not to be trusted, in a process that stood by, and worked otherwise.
    Avoided(Avoided),
    /// What failed when it was told works by now.
    Recovered {
        generation: u64,
    },
    Refused {
        why: String,
    },
    /// Responses that were still going on in a slot that is needed again were cut off.
    Cut {
        responses: Vec<Response>,
    },
    /// Somebody asks for another container of the same.
    RestartWanted,
    #[serde(other)]
    Other,
}

/// What is not done any more from now on, so that saved code is imported as a fresh process imports it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Avoided {
    pub avoided: Vec<What>,
    /// What was wrong, in the words of Python or of `images/reload`.
    pub why: String,
    /// How long the other try took.
    pub millis: u64,
}

/// A part of what is done ahead of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Importing any module.
    Preload,
    /// Processes that stand by.
    Standby,
    /// The same, since only one process at a time can hold what the import needs.
    Held,
    /// Importing a module, or a package with all that is in it.
    #[serde(untagged)]
    Module(String),
}

impl Avoided {
    /// Does saved code take the place of what served before, from now on?
    pub fn in_place(&self) -> bool {
        self.avoided.iter().any(|what| matches!(what, What::Standby | What::Held))
    }
}

/// A response that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Response {
    /// The URL's path.
    pub path: String,
    /// Since it began.
    pub milliseconds: u64,
}

/// A slot with the application in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Loaded {
    pub generation: u64,
    /// The traceback that keeps the application, or Django's URLs, from being served.
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub pids: Vec<u32>,
    /// The project's files that were imported.
    #[serde(default, deserialize_with = "inside")]
    pub read: Vec<String>,
    /// Those of them that have changed since.
    #[serde(default, deserialize_with = "inside")]
    pub stale: Vec<String>,
    /// Its processes have read different things.
    #[serde(default)]
    pub divided: bool,
}

/// Files of the project, relative to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct News {
    /// Opened for reading.
    #[serde(deserialize_with = "inside")]
    pub opened: Vec<String>,
    #[serde(deserialize_with = "inside")]
    pub written: Vec<String>,
    /// Imported.
    #[serde(default, deserialize_with = "inside")]
    pub read: Vec<String>,
    /// Those that have changed since they were opened or imported.
    #[serde(default, deserialize_with = "inside")]
    pub stale: Vec<String>,
}

/// Paths of files below the project. What is no such path is nobody's here: it would be looked at on this machine.
fn inside<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    let mut paths = Vec::<String>::deserialize(deserializer)?;
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    paths.retain(|path| path.split('/').all(is_name));
    paths.truncate(MOST_PATHS);
    Ok(paths)
}

/// Files that one message names. No project has more that it imports.
const MOST_PATHS: usize = 100_000;
/// Bytes of a line: that of a large project, with room.
const MOST_OF_A_LINE: usize = 16 << 20;
/// Messages that nobody has heard yet; the agent waits then.
const MOST_UNHEARD: usize = 256;

/// The open command. Dropping it ends the agent.
#[derive(Debug)]
pub struct Agent {
    orders: mpsc::UnboundedSender<Order>,
    said: mpsc::Receiver<Said>,
}

/// How it is started; a word behind it makes it do one thing and end.
pub const ARGV: [&str; 4] = ["/opt/venv/bin/python", "-I", "-S", "/etc/parity/agent.py"];

impl Agent {
    /// Starts the agent and asks what there is.
    ///
    /// # Errors
    /// The engine's, a container that does not run among them.
    pub async fn start(engine: &Engine, container: &str) -> Result<Self> {
        let argv = ARGV.map(String::from).to_vec();
        let command = Command { argv, tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
        let mut running = engine.exec(container, &command).await?;
        let (orders, mut wanted) = mpsc::unbounded_channel::<Order>();
        let (say, said) = mpsc::channel(MOST_UNHEARD);
        tokio::spawn(async move {
            let mut lines = Lines::default();
            loop {
                tokio::select! {
                    order = wanted.recv() => {
                        let Some(order) = order else { break };
                        let Ok(mut line) = serde_json::to_vec(&order) else { continue };
                        line.push(b'\n');
                        if running.input.write_all(&line).await.is_err() || running.input.flush().await.is_err() {
                            break;
                        }
                    }
                    piece = running.output.next() => match piece {
                        Some(Ok(LogOutput::StdOut { message } | LogOutput::Console { message })) => {
                            for said in lines.feed(&message) {
                                if say.send(said).await.is_err() {
                                    return;
                                }
                            }
                        }
                        // What Python says when the agent breaks. The end of the channel tells the same.
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    }
                }
            }
            let _ = running.input.shutdown().await;
        });
        let agent = Self { orders, said };
        agent.tell(Order::Hello);
        Ok(agent)
    }

    /// Sends an order. Whether it arrives shows in what the agent says, or in its end.
    pub fn tell(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// What the agent says next; `None` when it has ended.
    pub async fn next(&mut self) -> Option<Said> {
        self.said.recv().await
    }
}

/// Puts lines together from pieces.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    /// The line that has begun is too long, and none.
    skips: bool,
}

impl Lines {
    fn feed(&mut self, piece: &[u8]) -> Vec<Said> {
        let mut found = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if !self.skips {
                self.begun.extend_from_slice(part);
            }
            self.skips |= self.begun.len() > MOST_OF_A_LINE;
            if part.ends_with(b"\n") {
                found.extend(serde_json::from_slice(&self.begun).ok().filter(|_| !self.skips));
                (self.begun, self.skips) = (Vec::new(), false);
            } else if self.skips {
                self.begun = Vec::new();
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_pieces() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(br#"{"did": "waiting", "gener"#), []);
        let said = lines.feed(b"ation\": 7, \"slot\": \"g1\"}\n{\"did\": \"news\"}\n{\"did\"");
        assert_eq!(said, [Said::Waiting { generation: 7 }, Said::Other]);
        assert_eq!(lines.feed(b": \"waiting\", \"generation\": 8}\n"), [Said::Waiting { generation: 8 }]);
    }

    /// What an agent says.
    const LINES: [&str; 4] = [
        r#"{"did": "hello", "generation": 3, "pids": [7, 8], "read": ["a.py", "b/c.py"], "stale": [], "divided": false}
{"did": "waiting", "generation": 4}
"#,
        r#"{"did": "touched", "opened": ["data/x.json"], "written": ["log.txt"], "read": [], "stale": []}
{"did": "own", "generation": 5, "files": ["a.py"]}
{"did": "restart-wanted"}
"#,
        r#"{"did": "serving", "generation": 6, "error": "Traceback\n  x", "pids": []}
{"did": "avoided", "avoided": ["preload", "numpy"], "why": "x", "millis": 12}
"#,
        r#"{"did": "cut", "responses": [{"path": "/events", "milliseconds": 640}]}
{"did": "unseen", "generation": 7, "files": ["../../etc/shadow", "/x", "c.py"]}
{"did": "news"}
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
            for said in whole {
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
            assert!(lines.begun.capacity() <= 2 * MOST_OF_A_LINE + piece.len());
        }
        assert_eq!(lines.feed(b"\n{\"did\": \"waiting\", \"generation\": 1}\n"), [Said::Waiting { generation: 1 }]);
    }

    #[test]
    fn only_paths_of_the_project_are_heard() {
        let mut lines = Lines::default();
        let paths = r#"["a.py", "../b.py", "/etc/shadow", "c/../../d", "", "c//d", "./e", "c/d.py", "nul\u0000"]"#;
        let said =
            lines.feed(format!("{{\"did\": \"touched\", \"opened\": {paths}, \"written\": {paths}, \"stale\": {paths}}}\n").as_bytes());
        let kept = vec!["a.py".to_owned(), "c/d.py".to_owned()];
        assert_eq!(said, [Said::Touched(News { opened: kept.clone(), written: kept.clone(), read: Vec::new(), stale: kept })]);
    }

    #[test]
    fn orders_are_lines_of_json() {
        let files = [("a.py".to_owned(), Some("00".to_owned())), ("b.py".to_owned(), None)].into();
        let line = serde_json::to_string(&Order::Prepare { generation: 2, files, unless_own: false }).unwrap();
        assert_eq!(line, r#"{"do":"prepare","generation":2,"files":{"a.py":"00","b.py":null}}"#);
        let line = serde_json::to_string(&Order::Prepare { generation: 3, files: BTreeMap::new(), unless_own: true }).unwrap();
        assert_eq!(line, r#"{"do":"prepare","generation":3,"files":{},"unless-own":true}"#);
    }
}
