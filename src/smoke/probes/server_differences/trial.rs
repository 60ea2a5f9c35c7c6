//! The kinds of requests that are tried, each beside a plain one that differs in nothing but that.

use crate::runtime::protocol::probe;
use crate::smoke::probes::ask::Ask;

/// A path that no application has: what matters is what gets there.
pub const NOWHERE: &str = "/parity-probe";

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trial {
    EncodedSlash,
    DoubleSlash,
    DotSegments,
    EncodedDots,
    Nul,
    Chunked,
    LargeBody,
    Head,
    Trace,
    Authorization,
    Proxy,
    Underscore,
    Repeated,
    NoContent,
    NotModified,
    AfterError,
}

pub const TRIALS: [Trial; 16] = [
    Trial::EncodedSlash,
    Trial::DoubleSlash,
    Trial::DotSegments,
    Trial::EncodedDots,
    Trial::Nul,
    Trial::Chunked,
    Trial::LargeBody,
    Trial::Head,
    Trial::Trace,
    Trial::Authorization,
    Trial::Proxy,
    Trial::Underscore,
    Trial::Repeated,
    Trial::NoContent,
    Trial::NotModified,
    Trial::AfterError,
];

impl Trial {
    /// Most development servers do the same: of interest to those whose checks meet it.
    pub fn is_common(self) -> bool {
        self == Trial::Underscore
    }

    /// What it is about, in a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Trial::EncodedSlash => "`%2F`",
            Trial::DoubleSlash => "`//`",
            Trial::DotSegments => "`/../`",
            Trial::EncodedDots => "`/%2e%2e/`",
            Trial::Nul => "`%00`",
            Trial::Chunked => "chunked bodies",
            Trial::LargeBody => "large bodies",
            Trial::Head => "HEAD",
            Trial::Trace => "TRACE",
            Trial::Authorization => "`Authorization`",
            Trial::Proxy => "`Proxy` headers",
            Trial::Underscore => "headers with `_`",
            Trial::Repeated => "repeated headers",
            Trial::NoContent => "answers with 204",
            Trial::NotModified => "answers with 304",
            Trial::AfterError => "connections after a 500",
        }
    }
}

/// The requests of a trial: one without what it tries, and one with it. `page` is a request that the application answers,
/// `limit` the largest body.
pub fn requests(trial: Trial, page: &Ask, limit: u64) -> (Ask, Ask) {
    let below = |rest: &str| Ask { path: format!("{}{rest}", page.path.trim_end_matches('/')), ..page.clone() };
    let post = Ask { method: "POST".into(), ..page.clone() }.with("Content-Type", "text/plain");
    let plain_post = Ask { body: b"x".to_vec(), ..post.clone() };
    // What the validator answers, as an application might.
    let answer = |status: u16| page.clone().with(probe::ASKS, probe::answer(status));
    let (plain, tried) = match trial {
        Trial::EncodedSlash => (below("/a-b"), below("/a%2Fb")),
        Trial::DoubleSlash => (below("/a"), below("//a")),
        Trial::DotSegments => (below("/b"), below("/a/../b")),
        Trial::EncodedDots => (below("/b"), below("/a/%2e%2e/b")),
        Trial::Nul => (below("/a-b"), below("/a%00b")),
        Trial::Chunked => (plain_post, Ask { body: b"1\r\nx\r\n0\r\n\r\n".to_vec(), ..post.with("Transfer-Encoding", "chunked") }),
        // Refused by its head, or not at all: no such body is ever sent.
        Trial::LargeBody => (plain_post, post.with("Content-Length", (limit + 1).to_string()).with("Expect", "100-continue")),
        Trial::Head => (page.clone(), Ask { method: "HEAD".into(), ..page.clone() }),
        Trial::Trace => (page.clone(), Ask { method: "TRACE".into(), ..page.clone() }),
        Trial::Authorization => {
            let plain = page.clone().without("authorization");
            (plain.clone(), plain.with("Authorization", "Bearer parity-probe"))
        }
        Trial::Proxy => (page.clone(), page.clone().with("Proxy", "parity-probe").with("Proxy-Authorization", "Bearer parity-probe")),
        Trial::Underscore => (page.clone(), page.clone().with("Parity_Underscore", "1")),
        Trial::Repeated => (page.clone(), page.clone().with("Parity-Repeated", "1").with("Parity-Repeated", "2")),
        Trial::NoContent => (answer(200), answer(204)),
        Trial::NotModified => (answer(200), answer(304)),
        Trial::AfterError => (answer(200), answer(500).with("Connection", "keep-alive")),
    };
    (seeing(plain), seeing(tried))
}

/// The requests of which one is hoped to reach the application, wherever it is mounted: without anything, then as the checks
/// ask. Somebody may want a password or another name of the host first.
pub fn pages<'a>(mount: &str, answered: impl Iterator<Item = &'a Ask>) -> Vec<Ask> {
    const MOST: usize = 6;
    let nowhere = Ask::get(format!("{mount}{NOWHERE}"));
    let mut all = vec![nowhere.clone()];
    for ask in answered {
        let path = ask.path.split('?').next().unwrap_or_default().to_owned();
        for path in [nowhere.path.clone(), path] {
            let page = Ask { path, headers: ask.headers.clone(), ..Ask::get("") };
            if !all.contains(&page) {
                all.push(page);
            }
        }
    }
    all.truncate(MOST);
    all
}

/// The same, and the validator says what reached the application.
pub fn seeing(ask: Ask) -> Ask {
    if ask.header(probe::ASKS).is_some() { ask } else { ask.with(probe::ASKS, probe::SEE) }
}
