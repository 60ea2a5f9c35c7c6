//! What holds for every path, whatever the rules are.

use proptest::prelude::*;

use super::*;

/// Names that mean something in one of the modules, and some that do not.
fn name() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        ".git",
        "__pycache__",
        "venv",
        "node_modules",
        "static",
        "templates",
        "media",
        "data",
        "shop",
        "models.py",
        "parity.yaml",
        ".env",
        ".gitignore",
        "requirements.txt",
        "manage.py",
        "a.html",
        "db.sqlite3",
        "README.md",
        "..",
        ".",
        "",
    ];
    prop_oneof![8 => prop::sample::select(KNOWN).prop_map(String::from), 1 => "[a-z.*!#\\[ ]{1,6}"]
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..5).prop_map(|parts| parts.join("/"))
}

fn pattern() -> impl Strategy<Value = String> {
    let around = (path(), prop::sample::select(&["", "/", "*", "**/"][..]), any::<bool>());
    prop_oneof![
        name(),
        around.prop_map(|(path, around, before)| if before { format!("{around}{path}") } else { format!("{path}{around}") })
    ]
}

fn action() -> impl Strategy<Value = WatchAction> {
    prop_oneof![Just(WatchAction::Reload), Just(WatchAction::Rebuild), Just(WatchAction::Ignore), Just(WatchAction::Exec("x".into()))]
}

fn touched() -> impl Strategy<Value = Touched> {
    let paths = || prop::collection::btree_set(path(), 0..4);
    (paths(), paths(), paths()).prop_map(|(imported, opened, written)| Touched { imported, opened, written })
}

proptest! {
    #[test]
    fn what_the_application_writes_never_reloads_it(path in path(), said in prop::collection::vec((pattern(), action()), 0..3), mut touched in touched(), gone: bool) {
        let said: Vec<_> = said.iter().map(|(pattern, action)| (pattern.as_str(), action.clone())).collect();
        let rules = rules(&watching(django(), &said));
        touched.written.extend(path::normalize(&path));
        let verdict = rules.verdict(&path, gone, &touched);
        prop_assert!(verdict.action != Action::Reload || verdict.basis == Basis::Rule, "{path}: {verdict:?}");
    }

    #[test]
    fn any_text_has_one_verdict(path in "(?s).{0,40}", text in "(?s).{0,40}", gone: bool, touched in touched()) {
        let rules = Rules::new(&django(), std::slice::from_ref(&path), &[(text.clone(), path.clone()), (".gitignore".into(), text.clone())]);
        let verdict = rules.verdict(&text, gone, &touched);
        prop_assert_eq!(&verdict, &rules.verdict(&text, gone, &touched));
        prop_assert!(!verdict.cause.is_empty());
        rules.skips(&text);
    }

    #[test]
    fn any_path_has_one_verdict(path in path(), ignored in prop::collection::vec(pattern(), 0..4), gone: bool, touched in touched()) {
        let verdict = || ignoring(&[(".gitignore", &ignored.join("\n"))]).verdict(&path, gone, &touched);
        prop_assert_eq!(verdict(), verdict());
    }

    #[test]
    fn a_rule_of_the_users_wins(path in path(), said in prop::collection::vec((pattern(), action()), 1..5), gone: bool, touched in touched()) {
        let said: Vec<_> = said.iter().map(|(pattern, action)| (pattern.as_str(), action.clone())).collect();
        let all = rules(&watching(django(), &said)).verdict(&path, gone, &touched);
        // Alone, each says whether it matches.
        let alone = said.iter().map(|one| rules(&watching(django(), std::slice::from_ref(one))).verdict(&path, gone, &touched));
        let first = alone.zip(1..).find(|(verdict, _)| verdict.cause.starts_with("the rule"));
        match first {
            Some((verdict, line)) => {
                prop_assert_eq!(all.action, verdict.action);
                let said_there = all.cause.ends_with(&format!(" in parity.yaml:{}", line));
                prop_assert!(said_there, "{}", all.cause);
            }
            None => prop_assert_eq!(all, rules(&django()).verdict(&path, gone, &touched)),
        }
    }

    #[test]
    fn what_is_skipped_is_ignored(directory in path(), below in path(), said in prop::collection::vec((pattern(), action()), 0..3), gone: bool) {
        let said: Vec<_> = said.iter().map(|(pattern, action)| (pattern.as_str(), action.clone())).collect();
        let rules = rules(&watching(django(), &said));
        let path = path::normalize(&directory).and_then(|directory| path::normalize(&format!("{directory}/./{below}")).filter(|path| path::is_below(path, &directory)));
        if let Some(path) = path.filter(|_| rules.skips(&directory)) {
            let verdict = rules.verdict(&path, gone, &nothing());
            prop_assert!(verdict.action == Action::Ignore || verdict.cause.starts_with("the rule"), "{path}: {verdict:?}");
        }
    }

    #[test]
    fn version_control_and_bytecode_never_matter(before in "([a-z]{1,4}/){0,2}", name in "\\.git|\\.hg|\\.svn|__pycache__", below in path(), ignored in pattern(), gone: bool) {
        prop_assume!(!below.contains(".."));
        let rules = ignoring(&[(".gitignore", &format!("!{ignored}\n")), (".dockerignore", &format!("!{ignored}\n"))]);
        let path = format!("{before}{name}/{below}");
        let everything = Touched { imported: [path.clone()].into(), opened: [path.clone()].into(), ..nothing() };
        let verdict = rules.verdict(&path, gone, &everything);
        prop_assert_eq!(verdict.action, Action::Ignore);
        let skipped = rules.skips(&(before + &name));
        prop_assert!(skipped);
    }
}
