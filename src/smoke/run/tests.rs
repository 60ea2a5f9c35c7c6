use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::smoke::client::Base;
use crate::units::Secret;

/// A server that answers with the status that its path says, and writes to its log what the query says a moment later.
async fn server(journal: Journal) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).await.unwrap();
            let head = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let (status, says) = path.split_once('?').unwrap_or((path, ""));
            let answer = format!("HTTP/1.1 {} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", &status[1..]);
            stream.write_all(answer.as_bytes()).await.unwrap();
            if !says.is_empty() {
                tokio::time::sleep(Duration::from_millis(60)).await;
                let kind = if says.contains("Error") { RecordKind::Traceback } else { RecordKind::Application };
                journal.push(Record::new(kind, [says.replace('+', " ")]));
            }
        }
    });
    url
}

fn checks(text: &str) -> Vec<Check> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("parity.yaml"), text).unwrap();
    let sources = crate::config::Sources { root: dir.path(), environment: &Default::default(), flags: Default::default() };
    crate::config::load(&sources).unwrap().smoke
}

async fn outcomes(text: &str) -> Vec<(Outcome, Option<Exchange>)> {
    let journal = Journal::default();
    let client = Client::new(Base::parse(&server(journal.clone()).await).unwrap());
    let redactor = Redactor::new(&[Secret::new("hush-hush")]);
    let runner = Runner {
        marks: None,
        before: None,
        client: &client,
        journal: Some(&journal),
        redactor: &redactor,
        rules: Rules { jobs: 1, fail_fast: false, retry: Duration::ZERO },
    };
    let checks = checks(text);
    let chosen: Vec<_> = checks.iter().map(|check| Chosen { check, skip: None }).collect();
    let mut all = Vec::new();
    runner.run(&chosen, |outcome, exchange| all.push((outcome, exchange))).await;
    all
}

#[tokio::test]
async fn the_log_of_that_very_request() {
    let all = outcomes(
        "
smoke:
- {name: saved, request: {path: '/200?saved+it'}, log: {present: [saved], absent: [Error]}}
- {name: silent, request: {path: /200}, log: {present: [saved]}}
- {name: loud, request: {path: '/200?KeyError:+hush-hush'}, log: {absent: ['Error: hush']}}
- {name: quiet again, request: {path: /200}, log: {absent: [Error]}}
- {name: broken, request: {path: '/500?KeyError:+hush-hush'}}
- {name: fine, request: {path: '/200?KeyError'}}
",
    );
    let all = all.await;
    let texts = |at: usize| all[at].0.findings.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>();
    assert_eq!((all[0].0.status.clone(), all[0].0.log.len()), (Status::Passed, 0));
    assert_eq!(texts(1), ["the log does not have `saved`"]);
    assert_eq!(texts(2), ["the log has `Error: hush`: `KeyError: ***`"]);
    assert_eq!(all[3].0.status, Status::Passed);
    // A failing check shows the log, whatever it looked for.
    assert_eq!(all[4].0.log, [Record::new(RecordKind::Traceback, ["KeyError: ***"])]);
    assert_eq!(all[5].0.status, Status::Passed);
}

#[tokio::test]
async fn a_failure_of_which_the_log_says_nothing_has_a_hint() {
    let all = outcomes("smoke:\n- {request: {path: /500}}\n- {request: {path: '/500?KeyError'}}\n- {request: {path: /404}}\n").await;
    let hints: Vec<_> = all.iter().map(|(outcome, _)| outcome.findings[0].hint.as_deref()).collect();
    assert_eq!(hints, [Some(UNEXPLAINED), None, None]);
}

#[tokio::test]
async fn what_was_sent_is_told() {
    let all = outcomes("smoke:\n- {request: {path: '/404?x', headers: {x-a: b}, cookies: {c: d}, json: [1]}}\n").await;
    let exchange = all[0].1.clone().unwrap();
    assert_eq!((exchange.status, exchange.passed, exchange.question.method.as_str()), (Some(404), false, "POST"));
    let header = |name: &str| exchange.question.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!([header("x-a"), header("cookie"), header("content-type")], [Some("b"), Some("c=d"), Some("application/json")]);
    assert_eq!(exchange.question.body, b"[1]");
}
