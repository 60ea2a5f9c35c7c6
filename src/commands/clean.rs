//! `parity clean`

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use serde_json::json;
use time::OffsetDateTime;

use super::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::session::Interrupts;
use crate::session::clean::{self, Item, Scope, Sort};
use crate::smoke::text::count;
use crate::ui::Table;
use crate::units::quantity;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Those of every project on this engine, and base images
    #[arg(short, long)]
    all: bool,

    /// Show what would be removed
    #[arg(long)]
    dry_run: bool,

    /// Do not ask for confirmation
    #[arg(short, long, visible_alias = "yes", conflicts_with = "dry_run")]
    force: bool,
}

const AFTER_HELP: &str = "\
What runs, images that a container has, and images that you have named stay. The next `parity up`
builds what it needs again, mostly from the engine's build cache, which other builds share:
`docker builder prune` is for that.";

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let engine = interrupts.or(context.engine()).await?;
    let scope = if args.all { Scope::All } else { Scope::of(&context.root) };
    let found = interrupts.or(clean::look(&engine, &scope)).await?;
    let (going, kept): (Vec<Item>, Vec<Item>) =
        clean::decide(&found, &scope, OffsetDateTime::now_utc()).into_iter().partition(|item| item.kept.is_none());
    show_kept(context, &kept);
    if going.is_empty() {
        if !context.ui.is_json() {
            context.ui.note("nothing to remove");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        show(context, &going, "would-remove", "would remove");
        return Ok(ExitCode::SUCCESS);
    }
    if !args.force && !interrupts.or(ask(context, &going)).await? {
        context.ui.note("nothing was removed");
        return Ok(ExitCode::SUCCESS);
    }
    let mut removed = Vec::new();
    let mut failure = None;
    for item in going {
        match interrupts.or(clean::remove(&engine, &item)).await {
            Ok(()) => removed.push(item),
            Err(interrupted) if interrupted.kind == Kind::Interrupted => return Err(interrupted),
            // One that has come into use since stays, and the others go.
            Err(failed) => {
                let hint = failed.causes.first().cloned();
                context.ui.report(Event::Warning { text: failed.message.clone(), hint });
                failure = Some(failed);
            }
        }
    }
    show(context, &removed, "removed", "removed");
    match failure {
        Some(failed) => Err(Failure::new(Kind::Other, "could not remove everything")
            .cause(failed)
            .hint("what is in use stays; `parity clean` tries again")),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Asks on the terminal. Elsewhere nobody can answer.
async fn ask(context: &Context<'_>, going: &[Item]) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Kind::Usage, "cannot ask for confirmation: this is not a terminal")
            .hint("`parity clean --force` removes it, `--dry-run` shows what that would be"));
    }
    context.ui.aside(&format!("{}\n{}", table(going), sum(going, "would remove")));
    context.ui.aside("remove it? [y/N] ");
    let (answered, answer) = tokio::sync::oneshot::channel();
    // Not one of the runtime's threads: an answer that never comes must not hold the end.
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = std::io::stdin().lock().read_line(&mut line);
        let _ = answered.send(line);
    });
    let answer = answer.await.unwrap_or_default();
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn show(context: &Context<'_>, items: &[Item], action: &str, done: &str) {
    if context.ui.is_json() {
        items.iter().for_each(|item| context.ui.result(&as_json(item, action)));
        return;
    }
    if !items.is_empty() {
        context.ui.result(&table(items).to_string());
    }
    context.ui.note(sum(items, done));
}

fn show_kept(context: &Context<'_>, kept: &[Item]) {
    for item in kept {
        match (context.ui.is_json(), item.kept.as_deref()) {
            (true, _) => context.ui.result(&as_json(item, "kept")),
            (false, Some(why)) => context.ui.note(format!("kept {} {}: {why}", item.kind.word(), item.name)),
            (false, None) => {}
        }
    }
}

fn as_json(item: &Item, action: &str) -> String {
    let mut value = serde_json::to_value(item).unwrap_or_default();
    value["action"] = json!(action);
    value.to_string()
}

fn table(items: &[Item]) -> Table {
    let mut table = Table::default();
    table.row(["WHAT", "SIZE", "NAME"]);
    for item in items {
        table.row([item.kind.word().to_owned(), item.bytes.map_or("-".into(), quantity::bytes), item.name.clone()]);
    }
    table
}

/// `removed 2 containers, 3 images (1.2 GB at most: images share layers)`.
fn sum(items: &[Item], done: &str) -> String {
    let words = [
        (Sort::Container, "container", "containers"),
        (Sort::Image, "image", "images"),
        (Sort::View, "mount", "mounts"),
        (Sort::Temporary, "temporary directory or file", "temporary directories and files"),
    ];
    let of = |kind| items.iter().filter(|item| item.kind == kind).count();
    let parts: Vec<String> = words.iter().filter(|(kind, ..)| of(*kind) > 0).map(|(kind, one, many)| count(of(*kind), one, many)).collect();
    let bytes: u64 = items.iter().filter_map(|item| item.bytes).sum();
    let shared = if of(Sort::Image) > 0 { " at most: images share layers" } else { "" };
    match parts.is_empty() {
        true => format!("{done} nothing"),
        false => format!("{done} {} ({}{shared})", parts.join(", "), quantity::bytes(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::clean::Target;

    #[test]
    fn what_goes_is_shown_with_sizes() {
        let item = |kind, name: &str, bytes| Item { kind, name: name.into(), bytes, kept: None, what: Target::Names(Vec::new()) };
        let items = [
            item(Sort::Container, "parity-site-0a1b2c3d", Some(0)),
            item(Sort::Image, "localhost/parity:000000000000000a", Some(231_000_000)),
            item(Sort::Image, "localhost/parity:000000000000000b", Some(5_000_000_000)),
            item(Sort::View, "/run/parity/x", None),
        ];
        assert_eq!(
            table(&items).to_string(),
            "WHAT       SIZE      NAME\n\
             container  0 B       parity-site-0a1b2c3d\n\
             image      231.0 MB  localhost/parity:000000000000000a\n\
             image      5.0 GB    localhost/parity:000000000000000b\n\
             mount      -         /run/parity/x"
        );
        assert_eq!(sum(&items, "removed"), "removed 1 container, 2 images, 1 mount (5.2 GB at most: images share layers)");
        assert_eq!(sum(&items[..1], "would remove"), "would remove 1 container (0 B)");
        assert_eq!(
            as_json(&items[1], "removed"),
            r#"{"kind":"image","name":"localhost/parity:000000000000000a","bytes":231000000,"action":"removed"}"#
        );
    }
}
