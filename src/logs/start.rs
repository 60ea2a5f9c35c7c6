//! The start script's protocol: which hook begins, and how it ended.

use serde::{Deserialize, Serialize};

use crate::runtime::protocol::{MARK, VERSION};

/// A line of the start script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartLine {
    /// Which list of hooks: `start`.
    pub hook: String,
    /// Its place in the list, from 0.
    pub index: usize,
    /// The shell command line; the end of a hook need not repeat it.
    #[serde(default)]
    pub command: String,
    #[serde(flatten)]
    pub state: StartState,
}

/// Where the hook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StartState {
    Begin,
    End {
        /// The exit status; 128 and more for signals, as in a shell.
        status: i32,
        millis: u64,
    },
    /// Not a hook: another container's server has taken over from this one's, which has finished its requests.
    Retired,
}

impl StartLine {
    /// `None`: not such a line. Before the lines had a version, they said the same as with the first one.
    pub fn read(line: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            v: Option<u32>,
            #[serde(flatten)]
            line: StartLine,
        }
        let Versioned { v, line } = serde_json::from_str(line.strip_prefix(MARK)?).ok()?;
        matches!(v, None | Some(VERSION)).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::protocol::testing::example;

    #[test]
    fn reads_what_the_script_says() {
        let said = |name: &str| StartLine::read(&format!("{MARK}{}", example("start-script", name))).unwrap();
        assert_eq!((said("begin").state, said("begin").hook.as_str()), (StartState::Begin, "start"));
        assert_eq!(said("end").state, StartState::End { status: 0, millis: 120 });
        assert_eq!(said("retired").state, StartState::Retired);
        assert_eq!(StartLine::read("\x1eparity {\"v\":2,\"hook\":\"server\",\"index\":0,\"state\":\"retired\"}"), None);
    }

    #[test]
    fn reads_what_it_said_without_a_version() {
        let begin =
            StartLine::read("\x1eparity {\"hook\":\"start\",\"index\":0,\"command\":\"python manage.py migrate\",\"state\":\"begin\"}");
        assert_eq!(begin.unwrap().state, StartState::Begin);
        let end = StartLine::read("\x1eparity {\"hook\":\"start\",\"index\":0,\"state\":\"end\",\"status\":3,\"millis\":123}").unwrap();
        assert_eq!((end.state, end.command.as_str()), (StartState::End { status: 3, millis: 123 }, ""));
        let retired = StartLine::read("\x1eparity {\"hook\":\"server\",\"index\":0,\"state\":\"retired\"}");
        assert_eq!(retired.unwrap().state, StartState::Retired);
        assert_eq!(StartLine::read("parity {}"), None);
        assert_eq!(StartLine::read("\x1eparity {\"hook\":1}"), None);
    }
}
