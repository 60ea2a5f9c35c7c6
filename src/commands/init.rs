//! `parity init`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::context::Context;
use super::flags::ServerFlags;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::{Plan, Profile};
use crate::project::contents::{Contents, Entry};
use crate::project::{self, Framework, Writes};
use crate::units::{Origin, files};

const FILE: &str = "parity.yaml";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Replace a file that is there
    #[arg(long)]
    force: bool,

    /// Write a CI workflow that runs `parity smoke`, instead of a parity.yaml
    #[arg(long, value_name = "SYSTEM", value_enum)]
    ci: Option<Ci>,
}

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ci {
    Github,
    Gitlab,
}

impl Ci {
    /// Where it looks for its configuration, and what is written there.
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Ci::Github => (".github/workflows/parity.yml", include_str!("../../templates/ci/github.yml")),
            Ci::Gitlab => (".gitlab-ci.yml", include_str!("../../templates/ci/gitlab.yml")),
        }
    }
}

pub fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    if let Some(ci) = args.ci {
        return workflow(context, ci, args.force);
    }
    let path = context.root.join(FILE);
    for name in [FILE, "parity.yml"] {
        if !args.force && context.root.join(name).exists() {
            return Err(Failure::new(Kind::Usage, format!("there is a {name} already"))
                .hint("`parity init --force` replaces it; `parity config` shows what it means"));
        }
    }
    if args.force && path.exists() {
        std::fs::remove_file(&path).map_err(|error| Failure::new(Kind::Other, format!("cannot replace {FILE}")).caused_by(&error))?;
    }
    let mut settled = context.settle(&ServerFlags::default(), Profile::Up)?;
    let contents = settled.survey()?;
    project::write(&context.root, FILE, &text(&settled.plan, &settled.writes, &contents))
        .map_err(|error| Failure::new(Kind::Other, format!("cannot write {FILE}")).caused_by(&error))?;
    context.ui.note(format!("wrote {FILE}: `parity config` shows what follows from it, `parity up` runs it"));
    Ok(ExitCode::SUCCESS)
}

fn workflow(context: &Context<'_>, ci: Ci, force: bool) -> Result<ExitCode> {
    let (name, text) = ci.file();
    let path = context.root.join(name);
    if !force && path.exists() {
        let failure = Failure::new(Kind::Usage, format!("there is a {name} already"));
        return Err(failure.hint(format!("`parity init --ci {} --force` replaces it", format!("{ci:?}").to_lowercase())));
    }
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| files::write(&path, text));
    written.map_err(|error| Failure::new(Kind::Other, format!("cannot write {name}")).caused_by(&error))?;
    context.ui.note(format!("wrote {name}: set PARITY_REPOSITORY and PARITY_VERSION as it says, and commit it"));
    Ok(ExitCode::SUCCESS)
}

/// What was found as settings, what might be wanted as comments.
fn text(plan: &Plan, writes: &Writes, contents: &Contents) -> String {
    let mut text = String::from("# How parity runs this project. All of it is optional; `parity config` shows what holds and why.\n\n");
    let because = |origin: &Origin| match origin {
        Origin::Detected(from) => format!("  # found in {from}"),
        _ => String::new(),
    };
    let _ = writeln!(text, "app: {}{}", quoted(&plan.app.value.to_string()), because(&plan.app.origin));
    let _ = writeln!(text, "python: {}{}", quoted(&plan.image.python.value), because(&plan.image.python.origin));
    text.push_str(
        "\n# The server, by mod_wsgi-express' names. Production's numbers belong here.\nprocesses: 1\nthreads: 5\n# request-timeout: 60\n# limit-request-body: 10485760\n# url-alias: {/media/: media}\n",
    );
    text.push_str("\n# image:\n#   packages: [libpq5]            # Debian packages that the application needs\n#   build-packages: [libpq-dev]   # and those that only compiling the requirements needs\n");
    writing(&mut text, plan, writes, contents);
    text.push_str("\n# env-file: .env      # the application's environment; never in an image, a log or `parity config`\n# env: {LOG_LEVEL: info}\n# network: mysite_default   # to reach a compose project's database\n");
    text
}

/// What the application writes to, and how that is made ready: settings where something was found, else comments.
fn writing(text: &mut String, plan: &Plan, writes: &Writes, contents: &Contents) {
    text.push_str("\n# What the application writes to. In production all else of the project is read-only.\n");
    let all: Vec<_> = writes.directories.iter().map(|directory| plain_or_quoted(&directory.value)).collect();
    let from: Vec<_> = writes.directories.iter().map(|directory| directory.origin.to_string().replace("detected from ", "")).collect();
    let _ = match &all[..] {
        [] => writeln!(text, "# writable: [media]"),
        all => writeln!(text, "writable: [{}]   # {}", all.join(", "), from.join(", ")),
    };
    if all.iter().any(|directory| directory == ".") {
        text.push_str("# `.` is the code as well: better keep what is written in a directory of its own, and name that.\n");
    } else if let Some(file) = writes.directories.iter().find_map(|directory| shipped(contents, &directory.value)) {
        let _ = writeln!(text, "writable-content: image   # what `parity smoke` starts with: the image has {}", one_line(&file));
    }
    let _ = match &writes.prepare {
        // What only this container has, nobody else can make ready.
        Some(command) => {
            writeln!(text, "hooks: {{start: [{}]}}   # run in the container before the server starts", plain_or_quoted(&command.value))
        }
        None => {
            let is_django = matches!(plan.framework.as_ref().map(|found| &found.value), Some(Framework::Django(_)));
            let command = if is_django { "python manage.py migrate --noinput" } else { "python setup_database.py" };
            writeln!(
                text,
                "# hooks: {{release: [{command}]}}   # once before a deployment: `parity release`; here before the server starts"
            )
        }
    };
}

/// A file of the project's that the application finds in a directory: no placeholder for git, and nothing that it has written itself.
fn shipped(contents: &Contents, directory: &str) -> Option<String> {
    let is_placeholder = |entry: &Entry| entry.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let found = contents.files().find(|(entry, _)| entry.path.starts_with(directory) && !entry.git_ignored && !is_placeholder(entry));
    found.map(|(entry, _)| entry.path.display().to_string())
}

/// A name in a comment.
fn one_line(name: &str) -> String {
    name.escape_debug().to_string()
}

/// Words that YAML cannot read otherwise stand as they are.
fn plain_or_quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ./-_".contains(c);
    let starts_plainly = value.starts_with(|c: char| c.is_ascii_lowercase() || c == '.');
    let is_word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&value);
    if starts_plainly && !is_word && value.chars().all(is_plain) { value.into() } else { quoted(value) }
}

/// YAML reads `3.10` as a number and `yes` as a flag; quotes make it text.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
