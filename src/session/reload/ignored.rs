//! Saves that nothing is done about: always told to who wants to know everything, and once where the user may wait for something.

use std::collections::HashSet;

use crate::changes::{Basis, Verdict};
use crate::events::Event;
use crate::watch::Change;

#[derive(Debug, Default)]
pub struct Ignored {
    /// Files of which the rule to write has been told.
    hinted: HashSet<String>,
}

impl Ignored {
    /// What to say of it. `sure`: it is known what the application has opened.
    pub fn event(&mut self, change: &Change, verdict: Verdict, sure: bool) -> Event {
        let wanted = sure && !change.gone && verdict.basis == Basis::Unread && self.hinted.insert(change.path.clone());
        Event::Ignored { file: change.path.clone(), cause: verdict.cause, hint: wanted.then(|| rule(&change.path)) }
    }
}

/// `watch: [{path: /etc/site.conf, action: reload}]`
fn rule(path: &str) -> String {
    // Characters that mean something in a pattern stand for themselves after a backslash, and others would not be plain YAML.
    let escaped: String =
        path.chars().flat_map(|c| matches!(c, '*' | '?' | '[' | ']' | '\\').then_some('\\').into_iter().chain([c])).collect();
    let plain = escaped.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'));
    let path = if plain { format!("/{escaped}") } else { format!("'/{}'", escaped.replace('\'', "''")) };
    format!("if the application reads it, write to parity.yaml: `watch: [{{path: {path}, action: reload}}]`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Action;

    #[test]
    fn a_rule_is_told_once() {
        let mut ignored = Ignored::default();
        let verdict = |basis| Verdict { action: Action::Ignore, cause: "nothing is known to read it".into(), basis };
        let hint = |event| match event {
            Event::Ignored { hint, .. } => hint,
            other => panic!("{other:?}"),
        };
        let saved = |path: &str| Change { path: path.into(), gone: false };
        assert_eq!(hint(ignored.event(&saved("a.conf"), verdict(Basis::Unread), false)), None);
        assert_eq!(hint(ignored.event(&Change { gone: true, ..saved("a.conf") }, verdict(Basis::Unread), true)), None);
        assert_eq!(hint(ignored.event(&saved("a.log"), verdict(Basis::Known), true)), None);
        let told = hint(ignored.event(&saved("a.conf"), verdict(Basis::Unread), true)).unwrap();
        assert!(told.ends_with("`watch: [{path: /a.conf, action: reload}]`"), "{told}");
        assert_eq!(hint(ignored.event(&saved("a.conf"), verdict(Basis::Unread), true)), None);
        assert!(rule("it's [1].json").contains(r"{path: '/it''s \[1\].json', action: reload}"), "{}", rule("it's [1].json"));
    }
}
