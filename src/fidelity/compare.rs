//! What differs between two servers, one thing at a time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Seen;
use super::nature::is_by_nature;

/// The section whose lists are compared by the order of what both have.
const ORDER: &str = "order";
/// The one that says something of what both have: that they have it is another one's.
const LOADERS: &str = "loaders";

/// Something that the application sees, and sees otherwise in production.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub section: String,
    pub name: String,
    /// `None`: it is not there.
    pub production: Option<Value>,
    pub here: Option<Value>,
}

impl Observation {
    /// `imported before: json`, as [`crate::plan::Difference::signs`] have it.
    pub fn place(&self) -> String {
        format!("{}: {}", self.section, self.name)
    }
}

/// All that differs, but for what does so by nature with each run.
pub fn compare(production: &Seen, here: &Seen) -> Vec<Observation> {
    let none = BTreeMap::new();
    let sections: BTreeSet<&String> = production.0.keys().chain(here.0.keys()).collect();
    let mut found = Vec::new();
    for section in sections {
        let (there, here) = (production.0.get(section).unwrap_or(&none), here.0.get(section).unwrap_or(&none));
        for name in there.keys().chain(here.keys()).collect::<BTreeSet<_>>() {
            let (production, here) = match (section.as_str(), there.get(name), here.get(name)) {
                (ORDER, Some(one), Some(other)) => {
                    let (one, other) = common(one, other);
                    (Some(one), Some(other))
                }
                (LOADERS, None, _) | (LOADERS, _, None) => continue,
                (_, one, other) => (one.cloned(), other.cloned()),
            };
            let observation = Observation { section: section.clone(), name: name.clone(), production, here };
            if observation.production != observation.here && !is_by_nature(&observation.place()) {
                found.push(observation);
            }
        }
    }
    found
}

/// Of two lists what both have, each in its order, from where they part.
fn common(one: &Value, other: &Value) -> (Value, Value) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (one, other) = (list(one), list(other));
    let text = |value: &Value| value.to_string();
    let (in_one, in_other): (BTreeSet<_>, BTreeSet<_>) = (one.iter().map(text).collect(), other.iter().map(text).collect());
    let both = |list: &[Value]| -> Vec<Value> {
        list.iter().filter(|value| in_one.contains(&text(value)) && in_other.contains(&text(value))).cloned().collect()
    };
    let (one, other) = (both(&one), both(&other));
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    (one[same..].into(), other[same..].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Seen {
        Seen::parse(text.as_bytes()).unwrap()
    }

    fn places(production: &str, here: &str) -> Vec<String> {
        compare(&seen(production), &seen(here)).iter().map(Observation::place).collect()
    }

    #[test]
    fn what_is_there_on_one_side_or_is_something_else() {
        let production = r#"{"process": {"Umask": "0022", "cwd": "/app"}, "request": {"a": "1", "REMOTE_PORT": "1"}}"#;
        let here = r#"{"process": {"Umask": "0002", "cwd": "/app"}, "request": {"b": "1", "REMOTE_PORT": "2"}, "import": {"main": true}}"#;
        assert_eq!(places(production, here), ["import: main", "process: Umask", "request: a", "request: b"]);
        assert_eq!(places(here, here), Vec::<String>::new());
    }

    #[test]
    fn a_module_that_one_side_lacks_is_told_once() {
        let there = r#"{"imported": {"json": true}, "loaders": {"json": "a", "shop": "a"}}"#;
        let here = r#"{"loaders": {"shop": "b"}}"#;
        assert_eq!(places(there, here), ["imported: json", "loaders: shop"]);
    }

    #[test]
    fn an_order_is_that_of_what_both_have() {
        assert_eq!(places(r#"{"order": {"x": ["a", "b", "d"]}}"#, r#"{"order": {"x": ["c", "a", "b", "d"]}}"#), Vec::<String>::new());
        let differing = compare(&seen(r#"{"order": {"x": ["a", "b", "c"]}}"#), &seen(r#"{"order": {"x": ["a", "c", "e", "b"]}}"#));
        assert_eq!(differing[0].production, Some(serde_json::json!(["b", "c"])));
        assert_eq!(differing[0].here, Some(serde_json::json!(["c", "b"])));
    }
}
