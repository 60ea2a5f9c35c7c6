//! Exchanges for tests.

use super::model::{Body, Exchange, Timings};

/// A GET that was answered, changed.
pub fn exchange(change: impl FnOnce(&mut Exchange)) -> Exchange {
    let mut exchange = Exchange {
        id: 7,
        began: 1_790_000_000_123_456,
        method: "GET".into(),
        target: "/polls/3/?page=2".into(),
        origin: "http://127.0.0.1:8000".into(),
        protocol: "HTTP/1.1".into(),
        request_headers: vec![("Accept".into(), "*/*".into())],
        status: Some(200),
        reason: "OK".into(),
        response_headers: vec![("Content-Type".into(), "text/plain".into())],
        response_body: body(b"hello"),
        complete: true,
        timings: Timings { total: 12_400, cpu: 8_000, queue: 300, gil: 0 },
        pid: 31,
        ..Exchange::default()
    };
    change(&mut exchange);
    exchange
}

pub fn body(content: &[u8]) -> Body {
    Body { size: content.len() as u64, content: Some(content.to_vec()), ..Body::default() }
}
