//! Puts what a profiler has seen of recorded requests beside them in their store, in a thread of its own: requests come there from another
//! process, a moment after they have ended.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::profiling::{Seen, flamegraph};
use crate::requests::{Samples, Store};

/// Between two looks for requests that have been stored.
const STEP: Duration = Duration::from_millis(300);
/// A request that has not been stored by then is not recorded.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same for those that ended last, for which somebody waits.
const ENDING: Duration = Duration::from_secs(2);
/// Requests that wait, and bytes of their samples.
const MOST_WAITING: usize = 5_000;
const MOST_BYTES: usize = 32 << 20;
/// Calls in the flame graph of a request, those that take longest; fewer where their names are too long.
const MOST_CALLS: [usize; 3] = [2_000, 200, 0];
const MOST_OF_A_GRAPH: usize = 512 << 10;

type Running = (Sender<Vec<Seen>>, JoinHandle<Result<()>>);

/// Samples on their way to the store. Nothing is done before the first.
#[derive(Debug)]
pub struct Keeping {
    path: Option<PathBuf>,
    /// The last request before the profile began.
    after: i64,
    running: Option<Running>,
}

impl Keeping {
    /// `path`: where the project's requests are stored; `None`: nowhere.
    pub fn new(path: Option<PathBuf>) -> Self {
        let newest = |path: &PathBuf| Some(Store::find(path).ok()??.ends().ok()??.1);
        let after = path.as_ref().and_then(newest).unwrap_or_default();
        Self { path, after, running: None }
    }

    pub fn keep(&mut self, seen: Vec<Seen>) {
        let Some(path) = self.path.as_ref().filter(|_| !seen.is_empty()) else { return };
        if self.running.is_none() {
            let (sender, receiver) = channel();
            let (path, after) = (path.clone(), self.after);
            // Where there is no thread to be had, the profile goes on without.
            let thread = std::thread::Builder::new().name("samples".into()).spawn(move || run(&path, after, &receiver));
            self.running = thread.ok().map(|thread| (sender, thread));
        }
        if let Some((sender, _)) = &self.running {
            // It ends where the store cannot be written, and says so at the end.
            let _ = sender.send(seen);
        }
    }

    /// Returns when all is stored, or will not be any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn end(self) -> Result<()> {
        let Some((sender, thread)) = self.running else { return Ok(()) };
        drop(sender);
        tokio::task::spawn_blocking(move || thread.join()).await.map_or(Ok(()), |ended| ended.unwrap_or(Ok(())))
    }
}

/// Samples that wait for their requests.
#[derive(Default)]
struct Waiting {
    samples: BTreeMap<String, Samples>,
    /// In the order in which they came.
    order: VecDeque<(Instant, String)>,
}

impl Waiting {
    fn push(&mut self, Seen { server_id, profile }: Seen) {
        let count = profile.total().samples;
        let graphs = MOST_CALLS.iter().map(|most| flamegraph::data(&profile, None, *most).to_string());
        if let Some(graph) = graphs.into_iter().find(|graph| graph.len() <= MOST_OF_A_GRAPH) {
            self.order.push_back((Instant::now(), server_id.clone()));
            self.samples.insert(server_id, Samples { count, graph });
        }
    }

    /// Gives up those that have waited for too long, or are too many.
    fn forget(&mut self) {
        let mut bytes: usize = self.samples.values().map(|samples| samples.graph.len()).sum();
        while let Some((since, server_id)) = self.order.front() {
            let is_over = since.elapsed() > PATIENCE || self.samples.len() > MOST_WAITING || bytes > MOST_BYTES;
            if !is_over && self.samples.contains_key(server_id) {
                break;
            }
            bytes -= self.samples.remove(server_id).map_or(0, |samples| samples.graph.len());
            self.order.pop_front();
        }
    }
}

fn run(path: &Path, after: i64, seen: &Receiver<Vec<Seen>>) -> Result<()> {
    let mut waiting = Waiting::default();
    let mut ended: Option<Instant> = None;
    loop {
        match seen.recv_timeout(STEP) {
            Ok(seen) => seen.into_iter().for_each(|one| waiting.push(one)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if ended.is_none() => ended = Some(Instant::now()),
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(STEP),
        }
        if !waiting.samples.is_empty()
            && let Some(mut store) = Store::find(path)?
        {
            store.add_samples(after, &mut waiting.samples)?;
        }
        waiting.forget();
        if ended.is_some_and(|since| waiting.samples.is_empty() || since.elapsed() > ENDING) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::Profile;
    use crate::requests::{Exchange, Keep, Recorded};

    fn seen(server_id: &str) -> Seen {
        Seen { server_id: server_id.into(), profile: Profile::new(100.0) }
    }

    #[tokio::test]
    async fn a_request_that_is_stored_later_gets_its_samples() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("one.sqlite");
        let mut keeping = Keeping::new(Some(path.clone()));
        keeping.keep(vec![seen("one"), seen("never")]);
        std::thread::sleep(Duration::from_millis(50));
        let mut store = Store::open(&path).unwrap();
        let exchange = Exchange { server_id: Some("one".into()), ..Exchange::default() };
        store.insert(&[Recorded::new(exchange)], Keep::default()).unwrap();
        keeping.end().await.unwrap();
        let (count, graph) = store.flame_graph(1).unwrap().unwrap();
        assert_eq!((count, &graph["calls"][0][6]), (0, &0.into()));
        // Without a store nothing is made.
        Keeping::new(None).end().await.unwrap();
    }

    #[test]
    fn what_waits_has_an_end() {
        let mut waiting = Waiting::default();
        (0..MOST_WAITING + 5).for_each(|number| waiting.push(seen(&number.to_string())));
        waiting.samples.remove("7");
        waiting.forget();
        assert_eq!(waiting.samples.len(), MOST_WAITING);
        assert!(!waiting.samples.contains_key("0") && waiting.samples.contains_key("10"));
    }
}
