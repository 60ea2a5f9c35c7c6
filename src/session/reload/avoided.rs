//! What is told when something that was done ahead of time was wrong for the application.

use crate::events::Event;
use crate::runtime::protocol::{Avoided, What};

/// Modules that are named; the others are counted.
const NAMED: usize = 3;

/// One line with its remedy.
pub fn warning(avoided: &Avoided) -> Event {
    let Avoided { avoided: whats, why, millis } = avoided;
    // What no module is to blame for has a star for a name.
    let why = why.split("; ").map(|one| one.strip_prefix("*: ").unwrap_or(one)).collect::<Vec<_>>().join("; ");
    let (text, setting) = match whats.first() {
        Some(What::Held) => (
            format!(
                "only one process can hold what the import needs ({why}): the one that served was ended first, and requests waited \
                 for {millis} ms; saved code replaces the running code from now on"
            ),
            "standby: false",
        ),
        Some(What::Standby) => (
            format!("the import failed in a process that stood by and works in a fresh one ({why}): none stands by from now on"),
            "standby: false",
        ),
        Some(What::Preload) | None => (
            format!("modules imported ahead of time are not right for this application ({why}): none is imported so from now on"),
            "preload: false",
        ),
        Some(What::Module(_)) => {
            (format!("imported ahead of time, {} would be wrong ({why}): not done from now on", names(whats)), "preload: false")
        }
    };
    Event::Warning { text, hint: Some(format!("`{setting}` in parity.yaml avoids the second try, which took {millis} ms")) }
}

fn names(whats: &[What]) -> String {
    let names: Vec<&str> = whats.iter().filter_map(|what| if let What::Module(name) = what { Some(name.as_str()) } else { None }).collect();
    match names.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", names[..NAMED].join(", ")),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_and_how_to_avoid_it() {
        let text = |json: &str| match warning(&serde_json::from_str(json).unwrap()) {
            Event::Warning { text, hint } => format!("{text}\n{}", hint.unwrap()),
            other => panic!("{other:?}"),
        };
        let said = text(r#"{"avoided": ["a", "b", "c", "d", "e"], "why": "it has read X", "millis": 900}"#);
        assert!(said.contains("a, b, c and 2 more would be wrong (it has read X)") && said.contains("`preload: false`"), "{said}");
        let said = text(r#"{"avoided": ["held"], "why": "BlockingIOError", "millis": 900}"#);
        assert!(said.contains("requests waited for 900 ms") && said.contains("`standby: false`"), "{said}");
        let said = text(r#"{"avoided": ["preload"], "why": "a: it has read X; *: more", "millis": 1}"#);
        assert!(said.contains("for this application (a: it has read X; more): none is imported so"), "{said}");
        assert!(text(r#"{"avoided": ["standby"], "why": "", "millis": 1}"#).contains("none stands by"));
    }
}
