//! `parity debug`

use std::process::ExitCode;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::sync::{Notify, mpsc, oneshot};

use super::context::Context;
use super::exec::{CtrlC, Lent, lend_terminal};
use super::flags::ServerFlags;
use super::requests::Requests;
use super::terminal::{self, Raw};
use super::up::inputs;
use crate::engine::Engine;
use crate::engine::container::{State, not_running};
use crate::engine::exec::Command;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{Debug, Profile, Tool};
use crate::project;
use crate::replay;
use crate::requests::withheld;
use crate::runtime::protocol::{BUSY, Breakpoint, Console, Message, Request};
use crate::session::image::{self, How};
use crate::session::reload::{Following, Key};
use crate::session::siblings::{self, Role};
use crate::session::up::{Foreground, Up, has_ended, up};
use crate::session::{Interrupts, is_alive, user_for};
use crate::ui::Ui;
use crate::units::layout;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Debug what runs already: the next exception or breakpoint in any of its processes
    #[arg(long, conflicts_with_all = ["no_debugger", "debugger_startup", "build"])]
    attach: bool,

    /// Open a prompt where an exception is raised, and at breakpoints; on unless --no-debugger is given
    #[arg(long)]
    enable_debugger: bool,

    /// One process and one thread, without the debugger
    #[arg(long, conflicts_with = "enable_debugger")]
    no_debugger: bool,

    /// Open a prompt before the application is imported
    #[arg(long, conflicts_with = "no_debugger")]
    debugger_startup: bool,

    /// Stop there: FILE:LINE, FILE:FUNCTION or MODULE:FUNCTION, with a condition `FILE:LINE if CONDITION`
    #[arg(short, long = "break", value_name = "PLACE", conflicts_with = "no_debugger")]
    breakpoints: Vec<String>,

    /// Stop at breakpoints only, not where an exception is raised
    #[arg(long, conflicts_with = "no_debugger")]
    no_post_mortem: bool,

    /// Make this request as soon as the application is there: `/path`, or `POST /path`
    #[arg(long, value_name = "[METHOD] PATH", conflicts_with = "path")]
    request: Option<String>,

    /// The body of that request
    #[arg(long, value_name = "TEXT")]
    data: Option<String>,

    /// Make this recorded request as soon as the application is there: `parity requests` lists them
    #[arg(long, value_name = "ID", conflicts_with_all = ["request", "path", "data", "no_debugger", "dap"])]
    replay: Option<i64>,

    /// The debugger that has the terminal; one that Python does not come with gets an image of its own
    #[arg(long, value_name = "NAME", default_value = "pdb", conflicts_with_all = ["no_debugger", "attach"])]
    debugger: Debugger,

    /// Wait for an IDE on a port of this machine, by the debug adapter protocol, instead of opening a prompt
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "5678", conflicts_with_all = ["no_debugger", "attach", "breakpoints"])]
    dap: Option<u16>,

    /// With --dap: write .vscode/launch.json, unless there is one
    #[arg(long, requires = "dap")]
    write_launch_json: bool,

    /// Build the image even if it is there
    #[arg(long)]
    build: bool,

    #[command(flatten)]
    server: ServerFlags,

    /// The path to ask for, as with --request
    #[arg(last = true, value_name = "URL-PATH")]
    path: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Debugger {
    Pdb,
    Ipdb,
    Pudb,
}

impl Args {
    fn profile(&self) -> Debug {
        let tool = match self.debugger {
            Debugger::Pdb => Tool::Pdb,
            Debugger::Ipdb => Tool::Ipdb,
            Debugger::Pudb => Tool::Pudb,
        };
        Debug { without_debugger: self.no_debugger, startup: self.debugger_startup, tool, dap: self.dap }
    }

    /// What the program that has the terminal is told.
    fn console(&self, recorded: Option<Request>) -> Result<String> {
        let breakpoints: Vec<_> = self
            .breakpoints
            .iter()
            .map(|given| match given.split_once(" if ").or_else(|| given.split_once(',')) {
                Some((place, condition)) => Breakpoint { at: place.trim().into(), condition: Some(condition.trim().into()) },
                None => Breakpoint { at: given.trim().into(), condition: None },
            })
            .collect();
        let request = self.request.as_ref().or(self.path.as_ref()).map(|given| {
            let (method, path) = given.trim().split_once(' ').unwrap_or((if self.data.is_some() { "POST" } else { "GET" }, given.trim()));
            Request { method: method.into(), path: path.trim().into(), data: self.data.clone(), headers: None }
        });
        let request = request.or(recorded);
        if self.data.is_some() && request.is_none() {
            return Err(
                Failure::new(Kind::Usage, "--data is the body of a request, but there is none").hint("add `--request 'POST /path'`")
            );
        }
        Ok(Console { breakpoints, errors: !self.no_post_mortem, attach: self.attach, request }.to_text())
    }
}

/// Bytes of a body that the console takes with its arguments.
const MOST_BODY: u64 = 64 << 10;

/// A recorded request, for the console to make.
fn recorded(context: &Context<'_>, id: i64) -> Result<Request> {
    let requests = Requests::of(context, false)?;
    let recorded = requests.get(&requests.store()?, id)?;
    let exchange = recorded.expose();
    let refused = |cause: &str| Failure::new(Kind::Usage, format!("request {id} cannot be made in the debugger")).cause(cause);
    let body = &exchange.request_body;
    if body.size > MOST_BODY {
        return Err(refused("its body is larger than 64 KiB")
            .hint(format!("`parity debug --attach` in one terminal, and `parity replay {id}` in another")));
    }
    let content = match &body.content {
        Some(content) => content.as_slice(),
        None if body.size == 0 => &[],
        None => return Err(refused("its body was not kept: it is larger than record-body-limit")),
    };
    let nothing = withheld::Given::default();
    if let Some(missing) = withheld::told(exchange, &nothing) {
        context.ui.note(missing);
    }
    let kept =
        |name: &str, value: &str| if exchange.without_secrets { withheld::header(name, value, &nothing) } else { Some(value.to_owned()) };
    Ok(Request {
        method: exchange.method.clone(),
        path: exchange.target.clone(),
        data: (!content.is_empty()).then(|| STANDARD.encode(content)),
        headers: Some(replay::passed_on(exchange).filter_map(|(name, value)| Some((name.clone(), kept(name, value)?))).collect()),
    })
}

pub async fn run(context: &Context<'_>, args: Args) -> Result<ExitCode> {
    if !args.no_debugger && args.dap.is_none() && !terminal::interactive() {
        return Err(Failure::new(Kind::Usage, "the debugger needs a terminal, and there is none")
            .hint("run `parity debug` in a terminal, not in a pipe or a script; `--no-debugger` does without a prompt"));
    }
    let recorded = args.replay.map(|id| recorded(context, id)).transpose()?;
    let console = args.console(recorded)?;
    if args.attach {
        return attach(context, &console).await;
    }
    let interrupts = Interrupts::listen()?;
    interrupts.also(context.ui.until_unread());
    let profile = Profile::Debug(args.profile());
    let mut settled = context.settle(&args.server, profile)?;
    context.remark(&settled);
    context.ui.note(settled.plan.summary());
    let engine = interrupts.or(context.engine()).await?;
    interrupts.or(leave_others_alone(context, &engine)).await?;
    context.join_services(&engine, &mut settled.plan, &interrupts).await?;
    let how = How { build: args.build, ..settled.how() };
    let package = if args.dap.is_some() { Some("debugpy") } else { args.profile().tool.package() };
    let image = match package {
        None => image::ensure(&engine, &settled.plan, &how, &interrupts, context.ui).await?,
        Some(package) => image::with_debugger(&engine, &settled.plan, package, &how, &interrupts, context.ui).await?,
    };
    let wish = Up {
        plan: &settled.plan,
        secrets: &settled.secrets,
        image: &image.reference,
        user: user_for(&context.root),
        detach: false,
        wait: false,
        recreate: true,
    };
    let replan = || {
        let mut anew = context.settle(&args.server, profile)?;
        anew.plan.join_as(&settled.plan);
        anew.plan.record.clone_from(&settled.plan.record);
        Ok(inputs(&anew))
    };
    let recording = context.recording(&settled)?;
    let following = settled.plan.reload.as_ref().map(|_| Following { inputs: inputs(&settled), replan: &replan });
    let (quit, mut keys) = mpsc::channel(1);
    if let Some(port) = args.dap {
        if settled.plan.reload.is_some() {
            return Err(Failure::new(Kind::Usage, "--dap does not go with --reload-on-changes")
                .cause("an IDE is connected to one process, and a reload brings another")
                .hint("use one or the other; `parity debug --reload-on-changes` keeps its breakpoints with pdb"));
        }
        launch_json(context, port, args.write_launch_json)?;
    }
    if args.no_debugger || args.dap.is_some() {
        let serve = Box::pin(up(&engine, &wish, Foreground { following, ..Foreground::default() }, &interrupts, context.ui));
        recording.beside(&engine, context.ui, None, serve).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (started, is_there) = oneshot::channel();
    let prompt = Beside { ui: context.ui, told: Notify::new() };
    let serve =
        up(&engine, &wish, Foreground { following, keys: Some(&mut keys), started: Some(started), kept: None }, &interrupts, &prompt);
    let serve = recording.beside(&engine, &prompt, None, Box::pin(serve));
    let debug = async {
        let Ok(container) = is_there.await else { return Ok(()) };
        let ended = match open_console(context, &engine, &container, &console, Some(&prompt.told)).await {
            Ok(Lent::Twice) => {
                interrupts.insist();
                Ok(())
            }
            Ok(Lent::Ended(0)) => Ok(()),
            // It ends with the server, which tells why.
            _ if has_ended(&engine, &container).await => std::future::pending().await,
            ended => ended.map(|_| ()),
        };
        let _ = quit.send(Key::Quit).await;
        ended
    };
    // The server's end is the end of both: it is not left before it is removed.
    tokio::pin!(serve);
    let ended = tokio::select! {
        served = &mut serve => return served.map(|()| ExitCode::SUCCESS),
        ended = debug => ended,
    };
    serve.await?;
    ended.map(|()| ExitCode::SUCCESS)
}

/// What happens is told above the prompt, which is drawn again.
struct Beside<'a> {
    ui: &'a Ui,
    told: Notify,
}

impl Report for Beside<'_> {
    fn report(&self, event: Event) {
        if self.ui.passes_over(&event) {
            return;
        }
        self.ui.clear_line();
        self.ui.report(event);
        self.told.notify_one();
    }
}

/// A container that has just begun has not unpacked its files yet. The console starts while Apache does.
const CONSOLE: &str = "\
echo $$ >\"/run/parity/$2\"
while [ ! -e /run/parity/unpacked ]; do sleep 0.01; done
exec /opt/venv/bin/python -I -S /etc/parity/run.py console \"$1\"
";

/// Ends the console when this command is no more, however it ended: an engine leaves a program with a terminal alone then, but
/// one without gets the end of its input.
const GUARD: &str = "\
cat >/dev/null
read -r pid <\"/run/parity/$1\" && grep -qs run.py \"/proc/$pid/cmdline\" && kill -HUP \"$pid\"
rm -f \"/run/parity/$1\"
";

const GUARDED_AFTER: Duration = Duration::from_secs(2);

/// Lends the terminal to the debugger's console in the container.
async fn open_console(context: &Context<'_>, engine: &Engine, container: &str, settings: &str, told: Option<&Notify>) -> Result<Lent> {
    let file = format!("console-{}", std::process::id());
    let guard = ["sh", "-c", GUARD, "guard", &file].map(String::from).to_vec();
    let guard = Command { argv: guard, tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
    let argv = ["sh", "-c", CONSOLE, "console", settings, &file].map(String::from).to_vec();
    let env = context.environment.get("TERM").map(|term| format!("TERM={term}")).into_iter().collect();
    let command = Command { argv, tty: true, stdin: true, env, working_directory: Some("/".into()) };
    let guarded = async {
        // In a session of its own somebody waits for the first prompt, and a server that is left behind is the next one's to remove.
        if told.is_some() {
            tokio::time::sleep(GUARDED_AFTER).await;
        }
        let _guard = engine.exec(container, &guard).await?;
        std::future::pending::<Result<Lent>>().await
    };
    tokio::select! {
        lent = lend_terminal(engine, container, &command, Raw::enter_beside_a_log, told, CtrlC::TwiceEnds) => lent,
        failed = guarded => failed,
    }
}

/// Joins a server that runs, whoever started it. It goes on when this ends.
async fn attach(context: &Context<'_>, console: &str) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let engine = interrupts.or(context.engine()).await?;
    let running = interrupts.or(engine.observe_project(&context.root)).await?.into_iter().filter(|found| found.state == State::Running);
    let running = running.filter(|found| siblings::role(&found.name) == Role::Server);
    // `parity up` before `parity smoke`, which runs under other names.
    let found = running.min_by_key(|found| found.name != context.container());
    let container = found.ok_or_else(|| not_running(&context.container()))?;
    if !matches!(container.profile.as_str(), "up" | "debug") {
        return Err(Failure::new(
            Kind::Usage,
            format!("{} runs the {} profile, which has no way in for a debugger", container.name, container.profile),
        )
        .hint("`parity up` and `parity debug` start servers that have one; no image has"));
    }
    // The terminal is given back also when a signal ends this.
    match interrupts.or(open_console(context, &engine, &container.id, console, None)).await? {
        Lent::Ended(BUSY) => Err(Failure::new(Kind::Other, "another terminal debugs this server").hint("leave it there with Ctrl-D first")),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A server that somebody looks after in another terminal is not taken away.
async fn leave_others_alone(context: &Context<'_>, engine: &Engine) -> Result<()> {
    let found = engine.observe_started(&context.container()).await?;
    let used = found.filter(|found| found.state == State::Running && found.owner.as_deref().is_some_and(is_alive));
    match used {
        None => Ok(()),
        Some(found) => Err(Failure::new(Kind::Other, format!("`parity {}` runs in another terminal", found.profile))
            .hint("debug what it runs with `parity debug --attach`, or end it there first")),
    }
}

/// VS Code's.
const LAUNCH: &str = ".vscode/launch.json";

/// Tells an IDE how to join, with the paths of this machine and of the container.
fn launch_json(context: &Context<'_>, port: u16, write: bool) -> Result<()> {
    let settings = json!({
        "version": "0.2.0",
        "configurations": [{
            "name": "parity debug",
            "type": "debugpy",
            "request": "attach",
            "connect": {"host": "127.0.0.1", "port": port},
            "pathMappings": [{"localRoot": "${workspaceFolder}", "remoteRoot": layout::APP}],
            "justMyCode": false,
        }],
    });
    let text = format!("{settings:#}\n");
    let path = context.root.join(LAUNCH);
    if !write {
        context.ui.note(format!(
            "an IDE joins at 127.0.0.1:{port}; for VS Code this is .vscode/launch.json (--write-launch-json writes it):\n{}",
            text.trim_end()
        ));
        return Ok(());
    }
    if path.exists() {
        return Err(
            Failure::new(Kind::Other, format!("{} is there already", path.display())).hint(format!("add this to it:\n{}", text.trim_end()))
        );
    }
    project::write(&context.root, LAUNCH, &text)
        .map_err(|error| Failure::new(Kind::Other, format!("cannot write {}", path.display())).caused_by(&error))?;
    context.ui.note(format!("wrote {}; an IDE joins at 127.0.0.1:{port}", path.display()));
    Ok(())
}
