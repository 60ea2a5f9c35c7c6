//! `tests/protocol/*.json`: an example of each message by channel and name, which the tests of both languages read.

use std::path::Path;

use serde_json::Value;

/// The examples of a channel: the name of each, and the message.
pub fn examples(channel: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/protocol/{channel}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let examples: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    examples.into_iter().collect()
}

pub fn example(channel: &str, name: &str) -> Value {
    let found = examples(channel).into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{channel}.json has no {name}")).1
}
