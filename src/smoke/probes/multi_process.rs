//! `multi-process`: state that lives in one process only. The same is asked of each process, with the same cookies.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::ask::{Answer, Ask};
use crate::logs::{self, Record};
use crate::smoke::outcome::Finding;

/// Requests that are asked, at most.
const MOST: usize = 10;
/// Answers of each process that tell something.
const ENOUGH: usize = 4;
/// Times that they are asked, until enough of each has come.
const TRIES: usize = 12;
/// Requests at a time, at most.
const MOST_TOGETHER: usize = 64;
const PATIENCE: Duration = Duration::from_secs(15);

/// The answers of each process to one request, in order.
pub type Answers = BTreeMap<u32, Vec<Answer>>;

/// Asks each request until each process has answered it often enough.
pub async fn look(address: &str, requests: &[Ask], processes: usize) -> Vec<(Ask, Answers)> {
    let mut all = Vec::new();
    for ask in requests.iter().take(MOST) {
        let mut ask = ask.clone();
        // A session that the first answer begins goes on with the others.
        if ask.header("cookie").is_none()
            && let Some(cookies) = ask.send(address, PATIENCE).await.ok().and_then(|answer| answer.cookies())
        {
            ask = ask.with("Cookie", cookies);
        }
        let mut answers = Answers::new();
        for attempt in 0..TRIES {
            // More at a time than there are processes, and ever more: one process that is quick enough answers them all.
            let together = (processes << (attempt + 1)).min(MOST_TOGETHER);
            for answer in join_all((0..together).map(|_| ask.send(address, PATIENCE))).await.into_iter().flatten() {
                if let Some(process) = answer.process() {
                    answers.entry(process).or_default().push(answer);
                }
            }
            if answers.len() >= processes && answers.values().all(|answers| answers.len() >= ENOUGH) {
                break;
            }
        }
        all.push((ask, answers));
    }
    all
}

/// How many processes have answered at all.
pub fn processes(seen: &[(Ask, Answers)]) -> usize {
    let mut all: Vec<u32> = seen.iter().flat_map(|(_, answers)| answers.keys().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// Where one process answers, and another one cannot have what the application takes for itself at import: what it says.
pub fn one_cannot_import(records: &[Record]) -> Option<Finding> {
    let record = records.iter().find(|record| logs::import_failure(record).is_some())?;
    let said = record.lines.iter().rev().map(|line| line.text.trim()).find(|text| !text.is_empty())?;
    Some(
        Finding::new("only one of them can import the application")
            .details([said])
            .hint("what only one process can have, a port, a lock, a file, is taken when it is first needed, or by a program of its own"),
    )
}

/// What differs between processes and not inside of them.
pub fn judge(seen: &[(Ask, Answers)]) -> Vec<Finding> {
    seen.iter().filter_map(|(ask, answers)| of_one(ask, answers)).collect()
}

fn of_one(ask: &Ask, answers: &Answers) -> Option<Finding> {
    let enough: BTreeMap<u32, &[Answer]> =
        answers.iter().filter(|(_, answers)| answers.len() >= ENOUGH).map(|(process, answers)| (*process, answers.as_slice())).collect();
    if enough.len() < 2 {
        return None;
    }
    let (text, few) = if own_answers(&enough) {
        ("each process has an answer of its own", 1)
    } else if counts(&enough) {
        ("each process counts by itself", ENOUGH)
    } else {
        return None;
    };
    let shown = enough.iter().take(3).map(|(process, answers)| {
        let few: Vec<_> = answers.iter().take(few).map(Answer::shown).collect();
        format!("process {process}: {}", few.join(", "))
    });
    Some(
        Finding::new(format!("{ask}: {text}"))
            .details(shown)
            .hint("a module's variables are one process's own: keep it in a database, a cache server or a signed cookie"),
    )
}

/// Each process always says the same, and not all of them the same.
fn own_answers(answers: &BTreeMap<u32, &[Answer]>) -> bool {
    let processes: Vec<u32> = answers.keys().copied().collect();
    let mut said: Vec<String> = Vec::new();
    for answers in answers.values() {
        let mut bodies = answers.iter().map(|answer| without_processes(answer, &processes));
        let first = bodies.next().unwrap_or_default();
        if bodies.any(|body| body != first) {
            return false;
        }
        said.push(first);
    }
    said.iter().any(|body| *body != said[0])
}

/// Each process goes through numbers, or other answers, that another one goes through as well.
fn counts(answers: &BTreeMap<u32, &[Answer]>) -> bool {
    let texts: Vec<Vec<String>> = answers.values().map(|answers| answers.iter().map(text).collect()).collect();
    if !texts.iter().all(|said| all_different(said)) {
        return false;
    }
    if let Some(numbers) = the_number_that_varies(&texts) {
        // One that they share has gaps in each, where the others have counted; unless one came after the other.
        let apart = numbers.windows(2).all(|two| two[0].last() < two[1].first() || two[1].last() < two[0].first());
        let no_gaps = |numbers: &[u64]| numbers.windows(2).all(|two| two[1] == two[0] + 1);
        let mut all: Vec<u64> = numbers.concat();
        all.sort_unstable();
        return numbers.iter().all(|numbers| no_gaps(numbers)) && !(apart && no_gaps(&all));
    }
    texts.iter().enumerate().any(|(at, one)| {
        texts[..at].iter().any(|other| {
            let common = one.iter().filter(|text| other.contains(text)).count();
            common >= ENOUGH.max(one.len().min(other.len()) * 2 / 3)
        })
    })
}

/// Where all answers are one text but for one number: that number, for each process in order.
fn the_number_that_varies(texts: &[Vec<String>]) -> Option<Vec<Vec<u64>>> {
    let parts: Vec<Vec<Vec<&str>>> = texts.iter().map(|said| said.iter().map(|text| split_numbers(text)).collect()).collect();
    let first = parts.first()?.first()?;
    let all = || parts.iter().flatten();
    if all().any(|parts| parts.len() != first.len()) {
        return None;
    }
    let mut varying = (0..first.len()).filter(|at| all().any(|parts| parts[*at] != first[*at]));
    let (at, None) = (varying.next()?, varying.next()) else { return None };
    parts
        .iter()
        .map(|said| {
            let mut numbers: Vec<u64> = said.iter().map(|parts| parts[at].parse().ok()).collect::<Option<_>>()?;
            numbers.sort_unstable();
            Some(numbers)
        })
        .collect()
}

/// A text in pieces, each all digits or without any.
fn split_numbers(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts
}

fn all_different(said: &[String]) -> bool {
    said.iter().enumerate().all(|(at, body)| !said[..at].contains(body))
}

fn text(answer: &Answer) -> String {
    format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
}

/// What a process says about itself is no state.
fn without_processes(answer: &Answer, processes: &[u32]) -> String {
    let text = text(answer);
    let is_process = |part: &str| part.parse().is_ok_and(|number| processes.contains(&number));
    split_numbers(&text).into_iter().map(|part| if is_process(part) { "PID" } else { part }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(of: &[(u32, &[&str])]) -> Answers {
        let answer = |body: &&str| Answer { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec(), took: Duration::ZERO };
        of.iter().map(|(process, bodies)| (*process, bodies.iter().map(answer).collect())).collect()
    }

    fn judged(of: &[(u32, &[&str])]) -> Vec<String> {
        judge(&[(Ask::get("/x"), answers(of))]).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn a_cache_in_a_global_is_found() {
        assert_eq!(judged(&[(7, &["a"; 4]), (8, &["a"; 4])]), [""; 0]);
        assert_eq!(judged(&[(7, &["a"; 4]), (8, &["b"; 4])]), ["GET /x: each process has an answer of its own"]);
    }

    #[test]
    fn an_import_that_only_one_can_do_is_told_by_its_last_line() {
        use crate::logs::{Line, RecordKind};
        let raised = |first: &str| Record {
            lines: vec![Line::dimmed(first), "Traceback (most recent call last):".into(), "OSError: Address already in use".into()],
            ..Record::new(RecordKind::Traceback, [""; 0])
        };
        let import = raised("Unable to execute Python script file '/etc/parity/handler.wsgi'.");
        let found = one_cannot_import(&[Record::new(RecordKind::Application, ["hello"]), import]).unwrap();
        assert_eq!(found.details, ["OSError: Address already in use"]);
        assert_eq!(one_cannot_import(&[raised("Exception on / [GET]")]), None);
    }

    #[test]
    fn a_counter_in_a_global_is_found() {
        assert_eq!(judged(&[(7, &["1", "2", "3", "4"]), (8, &["1", "2", "3", "4"])]), ["GET /x: each process counts by itself"]);
        assert_eq!(judged(&[(7, &["2", "3", "4", "5"]), (8, &["1", "2", "3", "4"])]), ["GET /x: each process counts by itself"]);
        assert_eq!(judged(&[(7, &["80", "81", "83", "82"]), (8, &["n 1", "n 2", "n 3", "n 4"])]), [""; 0]);
        assert_eq!(
            judged(&[(7, &["n 80", "n 81", "n 83", "n 82"]), (8, &["n 1", "n 2", "n 3", "n 4"])]),
            ["GET /x: each process counts by itself"]
        );
        // One that they share never says the same twice.
        assert_eq!(judged(&[(7, &["1", "3", "4", "8"]), (8, &["2", "5", "6", "7"])]), [""; 0]);
        assert_eq!(judged(&[(7, &["1", "2", "3", "4"]), (8, &["5", "6", "7", "8"])]), [""; 0]);
    }

    #[test]
    fn what_changes_by_itself_and_who_answers_are_no_state() {
        assert_eq!(judged(&[(7, &["x1", "x2", "x3", "x4"]), (8, &["y1", "y2", "y3", "y4"])]), [""; 0]);
        assert_eq!(judged(&[(7, &["12:00", "12:00", "12:01", "12:01"]), (8, &["12:00", "12:00", "12:01", "12:01"])]), [""; 0]);
        assert_eq!(judged(&[(71, &["I am 71"; 4]), (82, &["I am 82"; 4])]), [""; 0]);
        assert_eq!(judged(&[(7, &["a"; 4]), (8, &["b"; 1])]), [""; 0]);
    }
}
