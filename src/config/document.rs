//! From the tree of a file to the settings that it sets.

use super::advice::{self, Level};
use super::entry::{Entry, Place};
use super::setting::{self, Setting};
use super::source::Source;
use super::yaml::{Content, Key, Node, quoted};
use crate::error::{Failure, Result};

/// What a file says, in its order.
pub(super) fn entries(source: &Source, root: Node) -> Result<Vec<Entry<'_>>> {
    let pairs = match root.value {
        Content::Null => return Ok(Vec::new()),
        Content::Map(pairs) => pairs,
        Content::Text(_) | Content::List(_) => {
            return Err(source
                .doubtful_failure(root.spot, "settings are expected here")
                .hint("write each as `name: value`, for instance `processes: 2`"));
        }
    };
    let mut entries = Vec::new();
    for (key, node) in pairs {
        match Level::of(&key.name) {
            Some(group) => nested(source, group, &key, node, &mut entries)?,
            None => match setting::find(&key.name).filter(|_| !key.name.contains('.')) {
                Some(setting) => entries.push(entry(source, setting, &key, node)),
                None => return Err(unknown(source, Level::Top, &key)),
            },
        }
    }
    Ok(entries)
}

/// `image:` and `hooks:`.
fn nested<'a>(source: &'a Source, level: Level, key: &Key, node: Node, entries: &mut Vec<Entry<'a>>) -> Result<()> {
    match node.value {
        Content::Null => Ok(()),
        Content::Map(pairs) => {
            for (inner, node) in pairs {
                match setting::find(&format!("{}.{}", key.name, inner.name)) {
                    Some(setting) => entries.push(entry(source, setting, &inner, node)),
                    None => return Err(unknown(source, level, &inner)),
                }
            }
            Ok(())
        }
        Content::Text(_) | Content::List(_) => {
            let names: Vec<_> = level.names().map(|name| format!("`{name}`")).collect();
            Err(source.failure(node.spot, &format!("`{}` holds settings of its own: {}", key.name, names.join(", "))))
        }
    }
}

fn entry<'a>(source: &'a Source, setting: &'static Setting, key: &Key, node: Node) -> Entry<'a> {
    let spot = match &node.value {
        // The start of a list or map on lines of its own says less than its name.
        Content::List(_) | Content::Map(_) => key.spot,
        Content::Null | Content::Text(_) => node.spot_below(key),
    };
    Entry { setting, given: node.given(), place: Place::File { source, spot, node } }
}

fn unknown(source: &Source, level: Level, key: &Key) -> Failure {
    let hints = advice::unknown_setting(level, &key.name);
    let failure = source.doubtful_failure(key.spot, &format!("unknown setting {}", quoted(&key.name)));
    hints.into_iter().fold(failure, Failure::hint)
}
