//! YAML as a tree of texts with their places.
//!
//! Built from the parser's events without recursion, so no document can exhaust the stack; aliases are
//! refused, so none can grow either.

use std::collections::HashMap;

use serde_yaml::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::source::{Source, Spot};
use super::value::Given;
use crate::error::{Failure, Result};

/// More than any setting needs.
const DEEPEST: usize = 24;
const MOST_NODES: usize = 60_000;

/// A value and where it is.
#[derive(Clone)]
pub(super) struct Node {
    pub value: Content,
    pub spot: Spot,
    /// Written without quotes, so that a number or a flag may be meant where both that and a text are possible.
    pub bare: bool,
}

#[derive(Clone)]
pub(super) enum Content {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone)]
pub(super) struct Key {
    pub name: String,
    pub spot: Spot,
}

impl Node {
    /// An item or a pair, counted from 0.
    pub fn part(&self, at: usize) -> Option<Part<'_>> {
        match &self.value {
            Content::List(items) => items.get(at).map(|node| Part { name: node.spot, value: node.spot, node }),
            Content::Map(pairs) => pairs.get(at).map(|(key, node)| Part { name: key.spot, value: node.spot_below(key), node }),
            Content::Null | Content::Text(_) => None,
        }
    }

    /// Nothing has no place: its name is shown instead.
    pub fn spot_below(&self, key: &Key) -> Spot {
        if matches!(self.value, Content::Null) { key.spot } else { self.spot }
    }

    pub fn given(&self) -> Given {
        match &self.value {
            Content::Null => Given::Null,
            Content::Text(text) => Given::Text(text.clone()),
            Content::List(items) => Given::List(items.iter().map(Node::given).collect()),
            Content::Map(pairs) => Given::Map(pairs.iter().map(|(key, value)| (key.name.clone(), value.given())).collect()),
        }
    }
}

/// An item of a list or a pair of a map.
pub(super) struct Part<'a> {
    /// An item has no name: it is its value's place.
    pub name: Spot,
    /// Nothing has no place: it is its name's.
    pub value: Spot,
    pub node: &'a Node,
}

/// A list or map that is not finished.
enum Open {
    List { spot: Spot, items: Vec<Node> },
    Map { spot: Spot, pairs: Vec<(Key, Node)>, lines: HashMap<String, usize>, key: Option<Key> },
}

/// Reads a document. An empty one is `Null`.
pub(super) fn parse(source: &Source) -> Result<Node> {
    let mut builder = Builder { source, open: Vec::new(), root: None, documents: 0, nodes: 0 };
    for event in Parser::new_from_str(&source.text) {
        let (event, span) = event.map_err(|why| syntax(source, &why))?;
        builder.event(event, spot(span))?;
    }
    Ok(builder.root.unwrap_or(Node { value: Content::Null, spot: Spot { line: 1, column: 1, width: 1 }, bare: true }))
}

fn spot(span: Span) -> Spot {
    let (start, end) = (span.start, span.end);
    let width = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
    Spot { line: start.line().max(1), column: start.col() + 1, width: width.max(1) }
}

struct Builder<'a> {
    source: &'a Source,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, spot: Spot) -> Result<()> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(self
                        .refuse(spot, "a second document begins here")
                        .hint("remove the `---` line: there is one document in the file"));
                }
                Ok(())
            }
            Event::Scalar(text, style, _, tag) => {
                let is_text = self.tag(spot, tag.as_deref())?;
                let bare = style == ScalarStyle::Plain && !is_text;
                let is_null = bare && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null { Content::Null } else { Content::Text(text.into_owned()) };
                self.close(Node { value, spot, bare })
            }
            Event::SequenceStart(_, _, tag) => {
                self.tag(spot, tag.as_deref())?;
                self.open(spot, Open::List { spot, items: Vec::new() })
            }
            Event::MappingStart(_, _, tag) => {
                self.tag(spot, tag.as_deref())?;
                self.open(spot, Open::Map { spot, pairs: Vec::new(), lines: HashMap::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { spot, items }) => self.close(Node { value: Content::List(items), spot, bare: false }),
                Some(Open::Map { spot, pairs, .. }) => self.close(Node { value: Content::Map(pairs), spot, bare: false }),
                None => Ok(()),
            },
            Event::Alias(_) | Event::UnresolvedAlias(_) => Err(self
                .refuse(spot, "YAML's aliases (`*name`) are not taken here")
                .hint("write the value out, or quote it if it is meant to begin with `*`")),
            _ => Ok(()),
        }
    }

    /// Is the value tagged as text? Other tags are refused.
    fn tag(&self, spot: Spot, tag: Option<&Tag>) -> Result<bool> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema_tag("str") => Ok(true),
            Some(_) => {
                Err(self.refuse(spot, "YAML's tags (`!name`) are not taken here").hint("quote the value if it is meant to begin with `!`"))
            }
        }
    }

    fn open(&mut self, spot: Spot, open: Open) -> Result<()> {
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(self.refuse(spot, "a name is expected here, not a list or map").hint("quote a value that begins with `{` or `[`"));
        }
        if self.open.len() >= DEEPEST {
            return Err(self.refuse(spot, "this is nested too deeply"));
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node) -> Result<()> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(self.refuse(node.spot, "there are too many values in this file"));
        }
        let failure = match self.open.last_mut() {
            None => {
                self.root = Some(node);
                return Ok(());
            }
            Some(Open::List { items, .. }) => {
                items.push(node);
                return Ok(());
            }
            Some(Open::Map { pairs, key, lines, .. }) => match (key.take(), node.value) {
                (Some(key), value) => {
                    pairs.push((key, Node { value, ..node }));
                    return Ok(());
                }
                (None, Content::Text(name)) => match lines.insert(name.clone(), node.spot.line) {
                    None => {
                        *key = Some(Key { name, spot: node.spot });
                        return Ok(());
                    }
                    Some(line) => format!("{} is set twice, first on line {line}", quoted(&name)),
                },
                (None, _) => "a name is expected here".to_owned(),
            },
        };
        Err(self.refuse(node.spot, &failure))
    }

    fn refuse(&self, spot: Spot, what: &str) -> Failure {
        self.source.doubtful_failure(spot, what)
    }
}

/// A text of the user in a message: on one line, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect::<String>().escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().count() > 60 {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn syntax(source: &Source, why: &ScanError) -> Failure {
    let at = why.marker();
    // The parser reports an unexpected end on the line behind the last one.
    let line = at.line().clamp(1, source.text.lines().count().max(1));
    let column = if line == at.line() { at.col() + 1 } else { source.line(line).chars().count() + 1 };
    let what = match why.kind() {
        ErrorKind::RecursionLimitExceeded => "this is nested too deeply".to_owned(),
        kind => format!("not valid YAML: {kind}"),
    };
    let failure = source.lost_failure(Spot { line, column, width: 1 }, &what);
    let content = source.line(line);
    let value = content.split_once(": ").map_or(content, |(_, value)| value).trim_start();
    if content.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t') {
        return failure.hint("indent with spaces: YAML does not take tabs");
    }
    match value.chars().next() {
        _ if *why.kind() == ErrorKind::RecursionLimitExceeded => failure,
        Some('[' | '{') => failure.hint("close each bracket, or put the value in single quotes if it is meant as text"),
        Some('"' | '\'') => failure.hint("close the quote; inside of single quotes, a quote is written twice"),
        Some('%' | '@' | '`' | '*' | '&' | '!') => failure.hint("put the value in single quotes: 'value'"),
        _ if value.contains(": ") => failure.hint("put the value in single quotes: 'value'"),
        _ => failure.hint("names that belong together begin in the same column, each as `name: value`"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Given> {
        parse(&Source { path: "parity.yaml".into(), text: text.into() }).map(|node| node.given())
    }

    fn shown(text: &str) -> String {
        let failure = read(text).expect_err("it is refused");
        [&[failure.message][..], &failure.details, &failure.hints].concat().join("\n")
    }

    #[test]
    fn scalars_stay_as_written() {
        let given = read("a: 3.10\nb: 0755\nc: yes\nd: 'null'\ne: ~\nf:\ng: |\n  x\n  y\nh: !!str null\ni: 1e3 # no\n").unwrap();
        let Given::Map(pairs) = given else { panic!("a map") };
        let texts: Vec<_> = pairs.into_iter().map(|(_, value)| value).collect();
        let expected = ["3.10", "0755", "yes", "null"].map(Given::from);
        assert_eq!(texts[..4], expected);
        assert_eq!(texts[4..6], [Given::Null, Given::Null]);
        assert_eq!(texts[6..], ["x\ny\n", "null", "1e3"].map(Given::from));
    }

    #[test]
    fn an_empty_document_is_null() {
        for text in ["", "\n\n", "# nothing yet\n", "---\n", "---\n...\n"] {
            assert_eq!(read(text).unwrap(), Given::Null, "{text:?}");
        }
    }

    #[test]
    fn says_where_it_is_not_yaml() {
        insta::assert_snapshot!(shown("processes: 2\nprocesses: 3\n"), @r"
        parity.yaml:2:1: `processes` is set twice, first on line 1
        2 | processes: 3
          | ^^^^^^^^^
        ");
        insta::assert_snapshot!(shown("image:\n\tbase: x\n").lines().last().unwrap(), @"indent with spaces: YAML does not take tabs");
        insta::assert_snapshot!(shown("a: 1\n---\nb: 2\n"), @r"
        parity.yaml:2:1: a second document begins here
        2 | ---
          | ^^^
        remove the `---` line: there is one document in the file
        ");
        assert!(shown("a: &x 1\nb: *x\n").starts_with("parity.yaml:2:4: YAML's aliases"));
        assert!(shown("a: !thing 1\n").contains("YAML's tags"));
        assert!(shown("? [a]\n: 1\n").contains("a name is expected here"));
        assert!(shown("a: [1, 2\n").starts_with("parity.yaml:1:"), "the end is on the last line");
    }

    #[test]
    fn hostile_documents_are_refused_at_once() {
        let deep = 100_000;
        let bomb: String = std::iter::once("a0: &a0 [x, x]\n".to_owned())
            .chain((1..40).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))))
            .collect();
        let documents = [
            "[".repeat(deep),
            "{a: ".repeat(deep),
            "- ".repeat(deep),
            "? ".repeat(deep),
            format!("a: {}{}", "[".repeat(deep), "]".repeat(deep)),
            (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
            "&a ".repeat(deep) + "*a",
            "!".repeat(deep),
            "a: \"".to_owned() + &"x".repeat(1_000_000),
            (0..deep).map(|n| format!("k{n}: 1\n")).collect(),
            format!("a: [{}]", "x,".repeat(400_000)),
            "--- \n".repeat(deep),
            bomb,
        ];
        for text in documents {
            let begun = Instant::now();
            // A small stack, so that recursion over the document would be noticed.
            let small = std::thread::Builder::new().stack_size(512 * 1024);
            let refused = small.spawn(move || (read(&text).is_err(), text)).unwrap().join().unwrap();
            assert!(refused.0, "{:.40}", refused.1);
            assert!(begun.elapsed() < Duration::from_secs(10), "{:.40}", refused.1);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn any_yaml_like_text_is_read_or_refused(text in "([-?:,\\[\\]{}#&*!|>'\"%@` \n\t~a-c0-2]|env|\r\n|---|<<: ){0,80}") {
            if let Err(failure) = read(&text) {
                prop_assert!(failure.message.starts_with("parity.yaml:"));
                prop_assert!(!failure.message.contains('\n'));
            }
        }

        #[test]
        fn a_quoted_text_comes_back(text in "[ -~\\u{a0}-\\u{2027}\\u{2030}-\\u{d7ff}\\u{e000}-\\u{fefe}\\u{1f300}-\\u{1faff}]{0,40}") {
            let given = read(&format!("a: '{}'\n", text.replace('\'', "''"))).unwrap();
            prop_assert_eq!(given, Given::Map(vec![("a".into(), Given::Text(text))]));
        }
    }
}
