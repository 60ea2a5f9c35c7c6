//! `parity build --production --list`: what would go into the image, and what stays out.

use serde_json::{Value, json};

use crate::commands::context::Context;
use crate::events::{Event, Report};
use crate::project::contents::suspicions::Suspicion;
use crate::project::contents::{Contents, What};
use crate::smoke::text::{count, size, visible};
use crate::ui::Table;

/// Shows it on stdout; what looks like a secret is a warning.
pub fn show(context: &Context<'_>, contents: &Contents, suspicions: &[Suspicion]) {
    if context.ui.is_json() {
        context.ui.result(&as_json(contents, suspicions).to_string());
        return;
    }
    context.ui.result(&text(contents));
    warn(context, suspicions);
}

/// A warning for each, and what to do about them once.
pub fn warn(context: &Context<'_>, suspicions: &[Suspicion]) {
    for (at, suspicion) in suspicions.iter().enumerate() {
        let hint = (at + 1 == suspicions.len())
            .then(|| "take it from the environment (`env-file`), or leave the file out by a line in .dockerignore".into());
        let text = format!("{suspicion}: whoever can pull the image could read it");
        context.ui.report(Event::Warning { text: visible(&text), hint });
    }
}

/// The line about files that git ignores, and that go in.
pub fn git_ignored(contents: &Contents) -> Option<String> {
    let ignored = contents.git_ignored()?;
    let (largest, bytes) = &ignored.largest;
    let what = if ignored.count == 1 {
        format!("{largest}, which git ignores, goes into the image ({})", size(*bytes as usize))
    } else {
        let all = count(ignored.count, "file", "files");
        format!(
            "{all} that git ignores go into the image ({}; the largest is {largest}, {})",
            size(ignored.bytes as usize),
            size(*bytes as usize)
        )
    };
    Some(visible(&format!("{what}: `parity build --production --list` shows what else does")))
}

fn text(contents: &Contents) -> String {
    let total: u64 = contents.files().map(|(_, bytes)| bytes).sum();
    let mut text = format!("What goes into the image: {}, {}\n", count(contents.files().count(), "file", "files"), size(total as usize));
    let mut files = Table::default();
    for entry in &contents.entries {
        let ignored = if entry.git_ignored { "git ignores it" } else { "" };
        let path = visible(&entry.path.display().to_string());
        match &entry.what {
            What::Directory => continue,
            What::File { bytes, .. } => files.row([size(*bytes as usize), path, ignored.to_owned()]),
            What::Link { target } => {
                files.row(["link".to_owned(), format!("{path} → {}", visible(&target.display().to_string())), ignored.to_owned()])
            }
        };
    }
    text += &files.to_string();
    if !contents.left_out.is_empty() {
        let mut left_out = Table::default();
        for left in &contents.left_out {
            left_out.row([visible(&left.path), left.rule.to_string()]);
        }
        text += &format!("\n\nWhat stays out (`include` brings files back):\n{left_out}");
    }
    text
}

fn as_json(contents: &Contents, suspicions: &[Suspicion]) -> Value {
    let files: Vec<Value> = contents
        .files()
        .map(|(entry, bytes)| json!({"path": entry.path.display().to_string(), "bytes": bytes, "git-ignored": entry.git_ignored}))
        .collect();
    let links = contents.entries.iter().filter_map(|entry| match &entry.what {
        What::Link { target } => Some(json!({"path": entry.path.display().to_string(), "target": target.display().to_string()})),
        What::Directory | What::File { .. } => None,
    });
    let left_out = contents.left_out.iter().map(|left| json!({"path": left.path, "rule": left.rule.to_string()}));
    let warnings = suspicions.iter().map(|found| json!({"path": found.path, "line": found.line, "text": found.to_string()}));
    json!({
        "bytes": contents.files().map(|(_, bytes)| bytes).sum::<u64>(),
        "files": files,
        "links": links.collect::<Vec<_>>(),
        "left-out": left_out.collect::<Vec<_>>(),
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::contents::{Entry, Kind, LeftOut, Rule};

    fn contents() -> Contents {
        let entry = |path: &str, what, git_ignored| Entry { path: path.into(), what, git_ignored };
        let file = |bytes| What::File { bytes, executable: false };
        Contents {
            root: "/home/ada/shop".into(),
            entries: vec![
                entry("lib", What::Link { target: "../lib".into() }, false),
                entry("shop.py", file(999), false),
                entry("static", What::Directory, false),
                entry("static/a\x1b[2J.js", file(1_234_567), true),
                entry("static/b.js", file(10), true),
            ],
            left_out: vec![
                LeftOut { path: ".git/".into(), rule: Rule::Kind(Kind::VersionControl) },
                LeftOut { path: "notes.txt".into(), rule: Rule::DockerIgnore(3) },
            ],
        }
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(text(&contents()));
        assert_eq!(
            git_ignored(&contents()).unwrap(),
            "2 files that git ignores go into the image (1.2 MB; the largest is static/a\\u{1b}[2J.js, 1.2 MB): \
             `parity build --production --list` shows what else does"
        );
        assert_eq!(git_ignored(&Contents::default()), None);
    }

    #[test]
    fn for_programs() {
        let suspicion = Suspicion { path: "shop.py".into(), line: Some(3), what: "a private key".into(), certain: true };
        let json = as_json(&contents(), &[suspicion]);
        assert_eq!(json["bytes"], 1_235_576);
        assert_eq!(json["files"][1]["git-ignored"], true);
        assert_eq!(json["links"][0]["target"], "../lib");
        assert_eq!(json["left-out"][1]["rule"], ".dockerignore:3");
        assert_eq!(json["warnings"][0]["text"], "shop.py:3 has a private key");
    }
}
