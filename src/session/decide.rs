//! What a second `up` does about the first one. Pure: from what is seen and wished to a step with its cause.

use crate::engine::container::{Observed, State};

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Digest of all that the container would be made from.
    pub plan: &'a str,
    /// Replace what runs whatever it is (`--build`, `--force-recreate`).
    pub recreate: bool,
}

/// What is done about it, with the words for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is there.
    Create,
    /// What is there is of no use any more: remove it, then create.
    Replace { id: String, cause: String },
    /// The same server runs already, and nobody else looks after it: it is ours from now on.
    Adopt { id: String, cause: String },
    /// The same server runs, and another terminal looks after it: only watch.
    Watch { id: String, cause: String },
}

/// Decides. `owner_lives` tells whether the foreground command that started the container still runs.
pub fn decide(wish: Wish<'_>, found: Option<&Observed>, owner_lives: bool) -> Decision {
    let Some(found) = found else { return Decision::Create };
    let replace = |cause: &str| Decision::Replace { id: found.id.clone(), cause: cause.into() };
    match found.state {
        State::Created | State::Stopped | State::Paused if found.owner.is_some() && !owner_lives => {
            replace("removing what an earlier session left behind")
        }
        State::Created => replace("removing a server that was never started"),
        State::Stopped => replace("removing the stopped server"),
        State::Paused => replace("the running server is paused: replacing it"),
        State::Running if wish.recreate => replace("replacing the running server, as asked"),
        State::Running if found.plan != wish.plan => {
            replace("the settings, the environment or the image changed: replacing the running server")
        }
        State::Running if owner_lives => Decision::Watch {
            id: found.id.clone(),
            cause: "already running from another terminal: showing its log (Ctrl-C leaves it running)".into(),
        },
        State::Running if found.owner.is_some() => Decision::Adopt {
            id: found.id.clone(),
            cause: "found the server of a session that ended without stopping it: going on with it".into(),
        },
        State::Running => Decision::Adopt { id: found.id.clone(), cause: "already running in the background: nothing changed".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(state: State, plan: &str, owner: Option<&str>) -> Observed {
        Observed {
            id: "c".into(),
            name: "parity-x".into(),
            state,
            plan: plan.into(),
            owner: owner.map(Into::into),
            project: "/x".into(),
            profile: "up".into(),
            reloads: false,
            view: None,
            static_directory: None,
            network: None,
            networks: Vec::new(),
            url: None,
            image: "i".into(),
            created: None,
            started: None,
            finished: None,
            exit_code: None,
            out_of_memory: false,
        }
    }

    #[test]
    fn never_two_by_accident() {
        let wish = Wish { plan: "p", recreate: false };
        assert_eq!(decide(wish, None, false), Decision::Create);
        assert!(matches!(decide(wish, Some(&found(State::Running, "p", None)), false), Decision::Adopt { .. }));
        assert!(matches!(decide(wish, Some(&found(State::Running, "p", Some("o"))), true), Decision::Watch { .. }));
        assert!(matches!(decide(wish, Some(&found(State::Running, "p", Some("o"))), false), Decision::Adopt { .. }));
        assert!(matches!(decide(wish, Some(&found(State::Running, "q", None)), false), Decision::Replace { .. }));
        assert!(matches!(decide(wish, Some(&found(State::Stopped, "p", Some("o"))), false), Decision::Replace { .. }));
        assert!(matches!(decide(wish, Some(&found(State::Paused, "p", None)), false), Decision::Replace { .. }));
        let recreate = Wish { plan: "p", recreate: true };
        assert!(matches!(decide(recreate, Some(&found(State::Running, "p", None)), false), Decision::Replace { .. }));
    }
}
