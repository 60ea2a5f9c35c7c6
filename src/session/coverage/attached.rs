//! coverage.py in the processes of a server that runs, as long as somebody wants it: what they have measured is combined and reported on
//! in their own container, which has the project's files as they are now.

use std::time::Duration;

use serde::Deserialize;

use super::{Measured, Places, Wanted, container, report};
use crate::coverage::Configuration;
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::render::coverage::{self as render, ATTACHED, ATTACHED_TOOL};
use crate::session::called::{Called, beside};
use crate::units::visible;

/// Until all processes are measured.
const BEGINNING: Duration = Duration::from_secs(20);
/// Seconds until they have written down the last.
const ENDING: u32 = 15;
/// Bytes of coverage.py.
const MOST_OF_TOOL: usize = 64 << 20;
const MOST_PROCESSES: usize = 10_000;

/// Where it is measured.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    pub engine: &'a Engine,
    pub plan: &'a Plan,
    pub container: &'a str,
}

/// Processes that are measured.
#[derive(Debug)]
pub struct Measuring<'a> {
    server: Server<'a>,
    called: Called,
    told: Told,
    /// The directory of this session in the container.
    directory: String,
}

/// What the container has said so far.
#[derive(Debug, Default)]
struct Told {
    called: usize,
    measured: usize,
    /// Why it did not begin in a process.
    failed: Option<String>,
    failures: usize,
    is_busy: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Collecting {
        collecting: bool,
    },
    Called {
        #[serde(rename = "called")]
        _pid: u32,
    },
    Measured {
        measured: bool,
    },
    Failed {
        failed: String,
    },
}

impl Told {
    fn feed(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Line::Collecting { collecting }) => self.is_busy |= !collecting,
            Ok(Line::Called { .. }) if self.called < MOST_PROCESSES => self.called += 1,
            Ok(Line::Measured { measured: true }) if self.measured < MOST_PROCESSES => self.measured += 1,
            Ok(Line::Failed { failed }) => {
                self.failures = self.failures.saturating_add(1);
                self.failed.get_or_insert(failed);
            }
            _ => {}
        }
    }

    /// Have all answered that were called?
    fn is_complete(&self) -> bool {
        self.is_busy || self.called > 0 && self.measured + self.failures >= self.called
    }
}

/// coverage.py, out of the image that has it.
///
/// # Errors
/// The engine's.
pub async fn tool(engine: &Engine, plan: &Plan, image: &str) -> Result<Vec<u8>> {
    let wish = container(plan, &format!("{}-{}", plan.name, std::process::id()), image, None);
    let id = engine.create(&wish).await?;
    let packed = async {
        engine.start(&id, &wish).await?;
        // What is compiled is for one Python, and cannot be loaded from the memory where it goes.
        let pack = ["tar", "-C", "/opt/debugger", "--exclude=*.so", "-cf", "-", "coverage"].map(String::from).to_vec();
        engine.ask(&id, pack, &[], MOST_OF_TOOL).await
    };
    let packed = packed.await;
    engine.remove(&id).await?;
    packed
}

impl<'a> Measuring<'a> {
    /// Returns when the processes of the server are measured. `tool`: coverage.py, as [`tool`] has packed it.
    ///
    /// # Errors
    /// They cannot be measured.
    pub async fn begin(server: Server<'a>, configuration: Option<&Configuration>, tool: &[u8]) -> Result<Self> {
        let Server { engine, container, .. } = server;
        let directory = format!("{ATTACHED}/{}", std::process::id());
        let script = "mkdir -p -m 700 \"$0\" && mkdir -p \"$0/tool\" \"$1/data\" && tar -x --no-same-owner -C \"$0/tool\"";
        let unpack = ["sh", "-c", script, ATTACHED, &directory].map(String::from).to_vec();
        engine.ask(container, unpack, tool, 0).await?;
        let argv = render::attached(configuration, &format!("{directory}/data"), ENDING);
        let called = Called::call(engine, container, argv).await?;
        let mut measuring = Self { server, called, told: Told::default(), directory };
        let begun = async { while !measuring.told.is_complete() && measuring.step().await {} };
        let _ = tokio::time::timeout(BEGINNING, begun).await;
        if measuring.told.is_busy {
            return Err(Failure::new(Kind::Other, "another `parity coverage --attach` measures this server").hint("end it there first"));
        }
        if measuring.told.measured == 0 {
            let failure = Failure::new(Kind::Other, "coverage.py did not begin in the server's processes");
            let why = measuring.told.failed.as_deref().map(visible).or_else(|| measuring.called.complaint());
            let failure = why.into_iter().fold(failure, Failure::cause);
            measuring.abandon().await;
            return Err(failure.hint("`parity coverage` without --attach measures a server of its own"));
        }
        Ok(measuring)
    }

    pub fn processes(&self) -> usize {
        self.told.measured
    }

    /// Goes on until that is over, or the server has ended: then there is no value.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        beside(work, async || self.step().await).await
    }

    /// Ends it, and reports on what was measured. Nothing of it is left in the container.
    ///
    /// # Errors
    /// The engine's; nothing was measured.
    pub async fn finish(mut self, wanted: &Wanted<'_>) -> Result<Measured> {
        self.end().await;
        let Server { engine, plan, container } = self.server;
        let places = Places {
            tool: ATTACHED_TOOL,
            data: &format!("{}/data", self.directory),
            work: &format!("{}/work", self.directory),
            given: &format!("{}/given", self.directory),
            is_attached: true,
        };
        let reported = report(engine, plan, container, &places, wanted).await;
        self.tidy().await;
        reported
    }

    /// Ends it without a report.
    pub async fn abandon(mut self) {
        self.end().await;
        self.tidy().await;
    }

    async fn end(&mut self) {
        self.called.hang_up().await;
        let rest = async { while self.step().await {} };
        let _ = tokio::time::timeout(Duration::from_secs(u64::from(ENDING) + 1), rest).await;
    }

    async fn tidy(&self) {
        let remove = ["rm", "-rf", ATTACHED].map(String::from).to_vec();
        // It is in the container's memory, and goes with that.
        let _ = self.server.engine.ask(self.server.container, remove, &[], 0).await;
    }

    /// Takes in what comes next. Returns whether more may come.
    async fn step(&mut self) -> bool {
        let Some(lines) = self.called.next().await else { return false };
        lines.iter().for_each(|line| self.told.feed(line));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_when_all_have_answered_that_were_called() {
        let mut told = Told::default();
        let mut feed = |line: &str| {
            told.feed(line.as_bytes());
            told.is_complete()
        };
        assert!(!feed(r#"{"collecting":true}"#));
        assert!(!feed(r#"{"called":7}"#));
        assert!(!feed(r#"{"called":8}"#));
        assert!(!feed(r#"{"pid":7,"measured":true}"#));
        assert!(!feed("no message"));
        assert!(feed(r#"{"pid":8,"failed":"Python 3.11"}"#));
        assert_eq!((told.measured, told.failed.as_deref()), (1, Some("Python 3.11")));
        let mut busy = Told::default();
        busy.feed(br#"{"collecting":false}"#);
        assert!(busy.is_complete() && busy.is_busy);
    }
}
