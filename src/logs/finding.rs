//! What the validator of `parity smoke` says about the application.

use serde::{Deserialize, Serialize};

/// What such a line starts with, as those of the start script do.
const MARK: &str = "\x1eparity ";

/// Something between the server and the application that is not WSGI. `images/smoke/validator.py` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its kind: `body-not-bytes`.
    #[serde(rename = "wsgi")]
    pub kind: String,
    /// This server and most others get along with it.
    pub note: bool,
    /// Of the request.
    pub method: String,
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
    /// `/app/views.py:31`, or on this machine.
    pub place: Option<String>,
    /// The process that met it.
    pub pid: u32,
}

impl Finding {
    /// `None`: not such a line.
    pub fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line.strip_prefix(MARK)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_validators_lines_and_no_others() {
        let line = "\x1eparity {\"wsgi\":\"body\",\"note\":false,\"method\":\"GET\",\"path\":\"/\",\"text\":\"x\",\"place\":\"/app/a.py:3\",\"pid\":7}";
        let finding = Finding::read(line).unwrap();
        assert_eq!((finding.kind.as_str(), finding.place.as_deref(), finding.pid), ("body", Some("/app/a.py:3"), 7));
        assert_eq!(Finding::read("\x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"x\",\"state\":\"begin\"}"), None);
        assert_eq!(Finding::read(&line[1..]), None);
    }
}
