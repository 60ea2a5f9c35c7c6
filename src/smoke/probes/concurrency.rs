//! `concurrency`: the same requests one after the other and then many at a time. What was stable must stay so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use super::ask::{Answer, Ask, Lost};
use crate::smoke::outcome::Finding;

/// Requests that are asked, at most.
const MOST: usize = 12;
/// At the same time, at most.
const WIDEST: usize = 16;
/// Requests in all while there are many at a time.
const TOTAL: usize = 240;
/// New ones are begun for so long.
const BUDGET: Duration = Duration::from_secs(6);
/// Before something that has become slow is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// Much longer than anything took before means that it never ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// One answer, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which of the requests.
    pub request: usize,
    pub got: Result<Answer, Lost>,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// One after the other, before.
    pub before: Vec<Sample>,
    /// The same afterwards, as often as before or oftener.
    pub after: Vec<Sample>,
    /// Many at a time, in the order in which they were begun.
    pub together: Vec<Sample>,
    /// Lines of the log that tell of a crash.
    pub crashes: Vec<String>,
}

impl Seen {
    fn alone(&self) -> impl Iterator<Item = &Sample> {
        self.before.iter().chain(&self.after)
    }
}

/// Asks: every process is met alone before and after.
pub async fn look(address: &str, requests: &[Ask], processes: usize, threads: usize) -> Seen {
    let requests = &requests[..requests.len().min(MOST)];
    let rounds = if processes == 1 { 3 } else { (4 * processes).min(12) };
    let mut seen = Seen::default();
    alone(address, requests, rounds, &mut seen.before).await;
    let slowest = seen.before.iter().filter_map(|sample| sample.got.as_ref().ok()).map(|answer| answer.took).max().unwrap_or_default();
    let width = (2 * processes * threads).clamp(4, WIDEST);
    let patience = PATIENCE + slowest * u32::try_from(width).unwrap_or(1);
    let begun = Instant::now();
    let hangs = AtomicBool::new(false);
    let total = (requests.len() * width * 2).min(TOTAL);
    seen.together = stream::iter(0..total)
        .take_while(|_| std::future::ready(begun.elapsed() < BUDGET && !hangs.load(Ordering::Relaxed)))
        .map(|number| {
            let hangs = &hangs;
            async move {
                let request = number % requests.len();
                let got = requests[request].send(address, patience).await;
                hangs.fetch_or(got == Err(Lost::TimedOut), Ordering::Relaxed);
                Sample { request, got }
            }
        })
        .buffer_unordered(width)
        .collect()
        .await;
    if !hangs.into_inner() {
        alone(address, requests, rounds, &mut seen.after).await;
        // What the machine has to do meanwhile passes; what has grown stays.
        if (0..requests.len()).any(|request| slowed(&seen, request).is_some()) {
            tokio::time::sleep(PAUSE).await;
            alone(address, requests, rounds, &mut seen.after).await;
        }
    }
    seen
}

async fn alone(address: &str, requests: &[Ask], rounds: usize, samples: &mut Vec<Sample>) {
    for _ in 0..rounds {
        for (request, ask) in requests.iter().enumerate() {
            samples.push(Sample { request, got: ask.send(address, PATIENCE).await });
        }
    }
}

/// What is wrong, and what is only worth a remark.
pub fn judge(requests: &[Ask], seen: &Seen) -> (Vec<Finding>, Vec<Finding>) {
    let baselines = baselines(seen.alone());
    let of_threads = of_threads(seen);
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    for (request, ask) in requests.iter().enumerate() {
        let mine = || seen.together.iter().filter(move |sample| sample.request == request);
        if !seen.alone().any(|sample| sample.request == request && sample.got.is_ok()) {
            continue;
        }
        let failing_alone = seen.alone().any(|sample| sample.request == request && failed(&sample.got));
        let failed_now: Vec<_> = mine().filter(|sample| failed(&sample.got)).collect();
        if let (Some(first), false) = (failed_now.first(), failing_alone) {
            wrong.push(failure(ask, first, failed_now.len(), mine().count()));
        }
        let different: Vec<_> =
            mine().filter_map(|sample| Some((baselines.get(&key(sample)?)?.as_ref()?, sample.got.as_ref().ok()?, sample))).collect();
        let count = different.len();
        let different: Vec<_> = different
            .into_iter()
            .filter(|(alone, now, _)| now.status < 500 && content(alone) != content(now))
            .filter(|(.., sample)| thread(sample).is_none_or(|thread| of_threads[&thread].len() > 1))
            .collect();
        if let Some((alone, now, _)) = different.first() {
            wrong.push(
                Finding::new(format!("{ask}: {} of {count} answers differ when many are asked at a time", different.len()))
                    .details([format!("alone:    {}", alone.shown()), format!("together: {}", now.shown())])
                    .hint("requests share what they change: keep it in the request, in a `threading.local()`, or behind a lock"),
            );
        }
        remarks.extend(slowed(seen, request).map(|(before, after)| growing(ask, before, after, seen.together.len())));
    }
    if !seen.crashes.is_empty() {
        wrong.push(Finding::new("a process of the server crashed while many requests were asked").details(&seen.crashes).hint(
            "an extension module is not safe for threads, or not for sub-interpreters: `threads: 1` with more `processes` keeps it apart",
        ));
    }
    (wrong, remarks)
}

fn failed(got: &Result<Answer, Lost>) -> bool {
    got.as_ref().map_or(true, |answer| answer.status >= 500)
}

fn failure(ask: &Ask, first: &Sample, count: usize, of: usize) -> Finding {
    match &first.got {
        Err(Lost::TimedOut) => Finding::new(format!("{ask}: {count} of {of} requests got no answer when many were asked at a time"))
            .hint("two requests wait for each other: take locks in one order, and not while waiting for something else"),
        Err(lost) => Finding::new(format!("{ask}: {count} of {of} requests failed when many were asked at a time: {lost}"))
            .hint("`parity up` and the same requests show the log; a process that crashes names its extension module there"),
        Ok(answer) => Finding::new(format!("{ask}: {count} of {of} answers were errors when many were asked at a time"))
            .details([answer.shown()])
            .hint("alone it answers well: something that requests share is not safe for threads"),
    }
}

type Key = (usize, Option<u32>);

fn key(sample: &Sample) -> Option<Key> {
    Some((sample.request, sample.got.as_ref().ok()?.process()))
}

type Content<'a> = (u16, &'a [u8]);

fn content(answer: &Answer) -> Content<'_> {
    (answer.status, &answer.body)
}

type OfThread = (Key, u64);

fn thread(sample: &Sample) -> Option<OfThread> {
    Some((key(sample)?, sample.got.as_ref().ok()?.thread()?))
}

/// All that each thread has said to a request. One that always says the same has something of its own, its name or a
/// `threading.local()`, and mixes nothing up.
fn of_threads(seen: &Seen) -> BTreeMap<OfThread, BTreeSet<Content<'_>>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for sample in seen.alone().chain(&seen.together) {
        if let (Some(key), Ok(answer)) = (thread(sample), &sample.got) {
            all.entry(key).or_default().insert(content(answer));
        }
    }
    all
}

/// What each request is answered with by each process while nothing else is asked; `None` where that changes by itself.
fn baselines<'a>(alone: impl Iterator<Item = &'a Sample>) -> BTreeMap<Key, Option<&'a Answer>> {
    let mut all: BTreeMap<Key, Vec<&Answer>> = BTreeMap::new();
    for sample in alone {
        if let (Some(key), Ok(answer)) = (key(sample), &sample.got) {
            all.entry(key).or_default().push(answer);
        }
    }
    let stable = |answers: Vec<&Answer>| answers.len() > 1 && answers.iter().all(|answer| content(answer) == content(answers[0]));
    all.into_iter().map(|(key, answers)| (key, stable(answers.clone()).then(|| answers[0]))).collect()
}

/// How long a request took before and after, both asked one at a time, where even the quickest answer afterwards is much slower.
/// That an answer takes longer while many are asked says nothing: all of them want the machine.
fn slowed(seen: &Seen, request: usize) -> Option<(Duration, Duration)> {
    const ENOUGH: usize = 3;
    let took = |samples: &[Sample]| -> Vec<Duration> {
        let mine = samples.iter().filter(|sample| sample.request == request);
        mine.filter_map(|sample| Some(sample.got.as_ref().ok()?.took)).collect()
    };
    let (before, after) = (took(&seen.before), took(&seen.after));
    let (usual, quickest) = (median(&before), after.iter().min().copied().unwrap_or_default());
    let has_enough = before.len() >= ENOUGH && after.len() >= ENOUGH;
    (has_enough && quickest > usual * 3 && quickest > usual + Duration::from_millis(100)).then_some((usual, quickest))
}

fn growing(ask: &Ask, before: Duration, after: Duration, count: usize) -> Finding {
    let (before, after) = (before.as_millis(), after.as_millis());
    Finding::new(format!(
        "{ask}: answers take longer and longer: {before} ms at first, and {after} ms after {count} more requests, each asked alone"
    ))
    .hint("something grows with each request: a list in a module's variable, a file, a table that is read as a whole")
}

fn median(took: &[Duration]) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::protocol::probe;

    fn answer(status: u16, process: u32, body: &str) -> Result<Answer, Lost> {
        let headers = vec![(probe::PROCESS.to_owned(), process.to_string())];
        Ok(Answer { status, headers, body: body.into(), took: Duration::from_millis(5) })
    }

    fn samples(got: impl IntoIterator<Item = Result<Answer, Lost>>) -> Vec<Sample> {
        got.into_iter().map(|got| Sample { request: 0, got }).collect()
    }

    fn wrong(alone: &[Result<Answer, Lost>], together: &[Result<Answer, Lost>]) -> Vec<String> {
        let seen = Seen { before: samples(alone.to_vec()), together: samples(together.to_vec()), ..Seen::default() };
        judge(&[Ask::get("/x")], &seen).0.into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn what_was_stable_must_stay_so() {
        let stable = [answer(200, 1, "a"), answer(200, 1, "a")];
        assert_eq!(wrong(&stable, &stable), [""; 0]);
        assert_eq!(
            wrong(&stable, &[answer(200, 1, "a"), answer(200, 1, "b")]),
            ["GET /x: 1 of 2 answers differ when many are asked at a time"]
        );
    }

    #[test]
    fn what_changes_by_itself_may() {
        assert_eq!(wrong(&[answer(200, 1, "a"), answer(200, 1, "b")], &[answer(200, 1, "c")]), [""; 0]);
        // Another process may well say something else; that is for another probe.
        let alone = [answer(200, 1, "a"), answer(200, 1, "a"), answer(200, 2, "b"), answer(200, 2, "b")];
        assert_eq!(wrong(&alone, &[answer(200, 1, "a"), answer(200, 2, "b"), answer(200, 3, "c")]), [""; 0]);
    }

    #[test]
    fn what_a_thread_always_says_is_its_own() {
        let by = |thread: u64, body| {
            answer(200, 1, body).map(|mut answer| {
                answer.headers.push((probe::THREAD.into(), thread.to_string()));
                answer
            })
        };
        let alone = [by(7, "7"), by(7, "7")];
        assert_eq!(wrong(&alone, &[by(7, "7"), by(8, "8"), by(8, "8")]), [""; 0]);
        // A thread that was not met alone says what another one has.
        assert_eq!(wrong(&alone, &[by(8, "7"), by(8, "8")]).len(), 1);
        assert_eq!(wrong(&alone, &[by(7, "8")]).len(), 1);
    }

    #[test]
    fn errors_and_silence_count_only_if_they_are_new() {
        let well = [answer(200, 1, "a"), answer(200, 1, "a")];
        assert_eq!(wrong(&well, &[answer(500, 1, "x")]), ["GET /x: 1 of 1 answers were errors when many were asked at a time"]);
        assert_eq!(wrong(&[answer(500, 1, "x"), answer(500, 1, "x")], &[answer(500, 1, "y")]), [""; 0]);
        assert_eq!(wrong(&well, &[Err(Lost::TimedOut)]), ["GET /x: 1 of 1 requests got no answer when many were asked at a time"]);
        assert!(wrong(&well, &[Err(Lost::Closed)])[0].contains("closed without an answer"));
    }

    #[test]
    fn slower_and_slower_is_a_remark() {
        let took = |millis: &[u64]| {
            samples(millis.iter().map(|millis| answer(200, 1, "a").map(|answer| Answer { took: Duration::from_millis(*millis), ..answer })))
        };
        let remarks = |before: &[u64], together: &[u64], after: &[u64]| {
            let seen = Seen { before: took(before), together: took(together), after: took(after), crashes: Vec::new() };
            judge(&[Ask::get("/x")], &seen).1.into_iter().map(|finding| finding.text).collect::<Vec<_>>()
        };
        assert_eq!(
            remarks(&[40, 5, 5], &[5, 100, 300, 500], &[310, 300, 320]),
            ["GET /x: answers take longer and longer: 5 ms at first, and 300 ms after 4 more requests, each asked alone"]
        );
        // All of them want the machine, which has something else to do as well, for a while.
        assert_eq!(remarks(&[5, 5, 5], &[5, 5, 500, 500, 500], &[5, 5, 5]), [""; 0]);
        assert_eq!(remarks(&[5, 5, 5], &[500; 5], &[400, 500, 300, 6, 5, 5]), [""; 0]);
        assert_eq!(remarks(&[5, 5, 5], &[5; 5], &[]), [""; 0]);
        // Slow at all times.
        assert_eq!(remarks(&[500, 500, 500], &[9000; 5], &[900, 900, 900]), [""; 0]);
    }

    #[test]
    fn a_crash_is_wrong() {
        let seen = Seen { crashes: vec!["exit signal Segmentation fault".into()], ..Seen::default() };
        assert_eq!(judge(&[Ask::get("/x")], &seen).0.len(), 1);
    }
}
