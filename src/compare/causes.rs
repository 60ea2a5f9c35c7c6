//! Why something differs, where that is known; and what differs in the same way in several answers, told once.

use std::collections::HashMap;

use super::judge::Difference;
use super::lines::Line;
use crate::plan;
use crate::requests::Redacted;

/// Why something differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cause {
    /// One side does not answer.
    NoAnswer,
    /// One side fails.
    Fails,
    /// A page of a framework that shows exceptions.
    DebugPage(&'static str),
    /// A page that the application has not made.
    ServerPage,
    /// A header of the server's.
    Server,
    /// Times are apart by as much.
    Zone(String),
    /// The same in another order.
    Order,
    /// What `parity diff` declares: its word for it, and why it is so.
    Declared { what: String, why: String },
}

impl Cause {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::NoAnswer => "no answer on one side".into(),
            Self::Fails => "an error on one side".into(),
            Self::DebugPage(framework) => format!("the debug page of {framework}, on one side: DEBUG is on there"),
            Self::ServerPage => "an error page of the server, on one side: the request does not come to the application there".into(),
            Self::Server => "the server sends it, not the application".into(),
            Self::Zone(shift) => format!("another time zone: {shift}"),
            Self::Order => "the same in another order, as a set has it in each process: `sorted()` makes it one".into(),
            Self::Declared { what, why } => format!("declared by `parity diff` as `{what}`, {why}"),
        }
    }

    /// For programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::Fails => "error",
            Self::DebugPage(_) => "debug-page",
            Self::ServerPage => "server-page",
            Self::Server => "server",
            Self::Zone(_) => "time-zone",
            Self::Order => "order",
            Self::Declared { .. } => "declared",
        }
    }
}

/// Headers that servers and proxies add.
const OF_SERVERS: [&str; 6] = ["server", "via", "alt-svc", "accept-ranges", "content-encoding", "x-cache"];

/// Whose is a header?
pub fn of_header(what: &str) -> Option<Cause> {
    what.strip_prefix("header ").filter(|name| OF_SERVERS.contains(name)).map(|_| Cause::Server)
}

/// Is one of two a page that tells?
pub fn of_pages(one: &str, other: &str) -> Option<Cause> {
    let (debug, debug_of_other) = (debug_page(one), debug_page(other));
    if debug.is_some() != debug_of_other.is_some() {
        return debug.or(debug_of_other).map(Cause::DebugPage);
    }
    (is_servers(one) != is_servers(other)).then_some(Cause::ServerPage)
}

/// The same of two answers with another status.
pub fn of_status(one: &Redacted, other: &Redacted) -> Option<Cause> {
    let text = |answer: &Redacted| String::from_utf8_lossy(answer.response_body.content.as_deref().unwrap_or_default()).into_owned();
    of_pages(&text(one), &text(other))
}

/// What the system says to whoever writes in production's project, as Python shows it.
const READ_ONLY: &str = "[Errno 30] Read-only file system: '/app";
/// How the row shows that tells where the project can be written.
const WRITING: &str = "mounts: can be written: /app";

/// The declared difference that lines come from, where each of them says so itself: a field that has the name of a variable which a
/// row names, or the system's own words for what can only be read. Names that may mean anything else are nobody's.
pub fn declared(lines: &[&Line], rows: &[plan::Difference]) -> Option<Cause> {
    let row_of =
        |line: &&Line| rows.iter().find(|row| row.signs.iter().any(|sign| line.place.as_deref().is_some_and(|place| names(sign, place))));
    let of_names = || {
        let row = row_of(lines.first()?)?;
        lines.iter().all(|line| row_of(line) == Some(row)).then_some(row)
    };
    let of_writing = || {
        let row = rows.iter().find(|row| row.signs.iter().any(|sign| sign == WRITING))?;
        lines.iter().any(|line| line.shown.contains(READ_ONLY)).then_some(row)
    };
    let row = of_names().or_else(of_writing)?;
    Some(Cause::Declared { what: row.what.clone(), why: row.cause.clone() })
}

/// Is the last field of a path the variable of a sign, such as `request: mod_wsgi.process_group`?
fn names(sign: &str, place: &str) -> bool {
    let Some(name) = sign.strip_prefix("request: ").or_else(|| sign.strip_prefix("environment: ")) else { return false };
    // A pattern stands for any name, and a plain word may be any field.
    !name.contains('*') && name.contains(['.', '_']) && place.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

fn debug_page(page: &str) -> Option<&'static str> {
    let has = |text: &str| page.contains(text);
    if has("<code>DEBUG = True</code>") {
        Some("Django")
    } else if has("Werkzeug Debugger") || has("__debugger__") {
        Some("Werkzeug")
    } else {
        None
    }
}

/// Apache's own pages, and nginx'.
fn is_servers(page: &str) -> bool {
    let page = page.trim_start();
    page.starts_with("<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">") || page.contains("<hr><center>nginx")
}

/// What differs in the same way in several answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// The first of them.
    pub difference: &'a Difference,
    /// They are not all alike to the letter.
    pub varies: bool,
    /// Of the requests, counted from 0.
    pub requests: Vec<usize>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    /// A header or a cookie, by its name.
    What(&'a str),
    Cause(&'a str, &'a Cause),
    /// Fields of JSON, by their paths.
    Paths(&'a [String]),
    Lines(&'a str, &'a [String]),
}

impl<'a> Key<'a> {
    fn of(difference: &'a Difference) -> Self {
        let Difference { what, lines, paths, cause } = difference;
        match cause {
            _ if what.contains(' ') => Self::What(what),
            Some(cause) => Self::Cause(what, cause),
            None if !paths.is_empty() => Self::Paths(paths),
            None => Self::Lines(what, lines),
        }
    }
}

/// All differences of all requests, each told once, in the order in which they come.
pub fn groups<'a>(all: impl IntoIterator<Item = &'a [Difference]>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: HashMap<Key<'a>, usize> = HashMap::new();
    for (request, differences) in all.into_iter().enumerate() {
        for difference in differences {
            let at = *known.entry(Key::of(difference)).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(group) => {
                    group.varies |= group.difference.lines != difference.lines;
                    group.requests.push(request);
                }
                None => groups.push(Group { difference, varies: false, requests: vec![request] }),
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_tell() {
        let django = "<p>You’re seeing this error because you have <code>DEBUG = True</code> in your";
        assert_eq!(of_pages("<h1>Not Found</h1>", django), Some(Cause::DebugPage("Django")));
        assert_eq!(of_pages(django, django), None);
        assert_eq!(of_pages("<title>KeyError // Werkzeug Debugger</title>", "x"), Some(Cause::DebugPage("Werkzeug")));
        let apache = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>";
        assert_eq!(of_pages(apache, "not found"), Some(Cause::ServerPage));
        assert_eq!((of_header("header server"), of_header("header x-server"), of_header("body")), (Some(Cause::Server), None, None));
    }

    #[test]
    fn what_is_the_same_in_several_is_told_once() {
        let difference =
            |what: &str, line: &str, cause| Difference { what: what.into(), lines: vec![line.into()], paths: Vec::new(), cause };
        let at_price = |line: &str| Difference { paths: vec!["$.price".into()], ..difference("body", line, None) };
        let all = [
            vec![difference("header server", "- a", None), difference("body", "- x", None)],
            vec![],
            vec![difference("header server", "- b", None), difference("body", "- y", None), difference("body", "- x", None)],
            vec![difference("body", "- z", Some(Cause::Order))],
            vec![difference("body", "- z2", Some(Cause::Order))],
            vec![at_price("- 1")],
            vec![at_price("- 2")],
        ];
        let groups = groups(all.iter().map(Vec::as_slice));
        let told: Vec<_> = groups.iter().map(|group| (group.difference.lines[0].as_str(), group.varies, group.requests.clone())).collect();
        assert_eq!(
            told,
            [
                ("- a", true, vec![0, 2]),
                ("- x", false, vec![0, 2]),
                ("- y", false, vec![2]),
                ("- z", true, vec![3, 4]),
                ("- 1", true, vec![5, 6])
            ]
        );
    }

    #[test]
    fn a_line_that_names_a_variable_comes_from_the_row_that_declares_it() {
        let row = |what: &str, signs: &[&str]| plan::Difference {
            what: what.into(),
            cause: format!("so that {what}"),
            signs: signs.iter().map(|sign| (*sign).to_owned()).collect(),
            ..plan::Difference::default()
        };
        let rows = [
            row("validator", &["request: wsgi.input", "+imported: *"]),
            row("reload", &["request: PARITY_SLOT", "request: x"]),
            row("writing", &["mounts: can be written: /app"]),
        ];
        let field = |place: &str| Line::new(place, place, "1");
        let cause = |lines: &[&Line]| match declared(lines, &rows) {
            Some(Cause::Declared { what, .. }) => Some(what),
            _ => None,
        };
        let (input, slot, other) = (field("$.environ.wsgi.input"), field("$.environ.PARITY_SLOT"), field("$.environ.x"));
        assert_eq!(cause(&[&input, &input]).as_deref(), Some("validator"));
        assert_eq!(cause(&[&slot]).as_deref(), Some("reload"));
        // Two causes, a word that may mean anything, another name, and text that only mentions one.
        for lines in
            [&[&input, &slot][..], &[&input, &other], &[&other], &[&field("$.mywsgi.input")], &[&Line::plain("wsgi.input: 1")], &[]]
        {
            assert_eq!(cause(lines), None, "{lines:?}");
        }
        assert_eq!(cause(&[&Line::plain("[Errno 30] Read-only file system: '/app/a.db'")]).as_deref(), Some("writing"));
        assert_eq!(cause(&[&Line::plain("[Errno 30] Read-only file system: '/data/a.db'")]), None);
    }
}
