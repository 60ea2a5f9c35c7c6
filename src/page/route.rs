//! What is asked for.

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use url::form_urlencoded;

use super::Refusal;
use crate::profiling::flamegraph;

/// A file of the page. There is nothing secret in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    pub kind: &'static str,
    pub text: &'static str,
}

static HTML: Asset = Asset { kind: "text/html; charset=utf-8", text: include_str!("../../templates/page/index.html") };
static CSS: Asset = Asset { kind: "text/css; charset=utf-8", text: include_str!("../../templates/page/page.css") };
static FLAME_CSS: Asset = Asset { kind: "text/css; charset=utf-8", text: flamegraph::STYLE };
static FLAME: Asset = Asset { kind: "text/javascript; charset=utf-8", text: flamegraph::SCRIPT };
static PROFILE: Asset = Asset { kind: "text/javascript; charset=utf-8", text: include_str!("../../templates/page/profile.js") };
static SCRIPT: Asset = Asset { kind: "text/javascript; charset=utf-8", text: include_str!("../../templates/page/page.js") };

#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    Asset(&'static Asset),
    /// The token for a ticket.
    Exchange,
    /// All that came after this one.
    List {
        after: i64,
    },
    /// Those that have this text anywhere in them, bodies too.
    Search {
        text: String,
    },
    Details(i64),
    Diff(i64, i64),
    Replay(i64),
}

pub fn route(asked: &Parts) -> Result<Route, Refusal> {
    let path = asked.uri.path();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let found = match *parts.as_slice() {
        [""] => Some(Route::Asset(&HTML)),
        ["page.css"] => Some(Route::Asset(&CSS)),
        ["flame.css"] => Some(Route::Asset(&FLAME_CSS)),
        ["flame.js"] => Some(Route::Asset(&FLAME)),
        ["profile.js"] => Some(Route::Asset(&PROFILE)),
        ["page.js"] => Some(Route::Asset(&SCRIPT)),
        ["api", "token"] => Some(Route::Exchange),
        ["api", "requests"] => Some(Route::List { after: number(asked, "after").unwrap_or(0) }),
        ["api", "search"] => parameter(asked, "text").map(|text| Route::Search { text }),
        ["api", "requests", id] => id.parse().ok().map(Route::Details),
        ["api", "requests", id, "replay"] => id.parse().ok().map(Route::Replay),
        ["api", "diff"] => number(asked, "one").zip(number(asked, "other")).map(|(one, other)| Route::Diff(one, other)),
        _ => None,
    };
    let found = found.ok_or(Refusal(StatusCode::NOT_FOUND, "there is no such page"))?;
    let method = if matches!(found, Route::Exchange | Route::Replay(_)) { Method::POST } else { Method::GET };
    (asked.method == method).then_some(found).ok_or(Refusal(StatusCode::METHOD_NOT_ALLOWED, "this is asked in another way"))
}

fn parameter(asked: &Parts, wanted: &str) -> Option<String> {
    let query = asked.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

fn number(asked: &Parts, wanted: &str) -> Option<i64> {
    parameter(asked, wanted)?.parse().ok()
}
