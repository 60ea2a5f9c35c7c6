//! `parity doctor`

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Mutex;

use super::context::Context;
use super::flags::ServerFlags;
use super::settled::Settled;
use crate::engine::container::State;
use crate::engine::{Engine, Flavour, bootstrap_tool};
use crate::error::{Failure, Kind, Result};
use crate::plan::{Base, Profile};
use crate::session::{Interrupts, image, user_for};
use crate::ui::Mark;

#[derive(Debug, clap::Args)]
pub struct Args {}

/// One answer.
#[derive(Debug)]
struct Finding {
    check: &'static str,
    mark: Mark,
    said: String,
    hints: Vec<String>,
    kind: Option<Kind>,
}

impl Finding {
    fn good(check: &'static str, said: impl Into<String>) -> Self {
        Self { check, mark: Mark::Good, said: said.into(), hints: Vec::new(), kind: None }
    }

    fn doubtful(check: &'static str, said: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, mark: Mark::Doubtful, said: said.into(), hints: vec![hint.into()], kind: None }
    }

    fn bad(check: &'static str, failure: Failure) -> Self {
        let why = failure.causes.last().map(|cause| format!(": {cause}")).unwrap_or_default();
        Self { check, mark: Mark::Bad, said: format!("{}{why}", failure.message), hints: failure.hints, kind: Some(failure.kind) }
    }
}

/// Free bytes below which a build may fail.
const LITTLE_DISK: u64 = 2 << 30;
/// For the container of a trial to be removed, once Ctrl-C was pressed.
const TRIAL_ENDS: Duration = Duration::from_secs(6);
/// Directories that a large project has; each costs a watch.
const FEW_WATCHES: u64 = 8192;

/// Ends with the exit code of the first thing that is bad.
pub async fn run(context: &Context<'_>, _args: Args) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let settled = context.settle(&ServerFlags::default(), Profile::Up);
    let trial = Arc::new(Mutex::new(()));
    let found = interrupts.or(async { Ok(of_engine(context, settled.as_ref().ok(), &trial).await) }).await;
    // Its container is removed first.
    let _ = tokio::time::timeout(TRIAL_ENDS, trial.lock()).await;
    let mut findings = found?;
    findings.push(disk(&context.root));
    findings.push(inotify());
    findings.extend(ca(context, settled.as_ref().ok()));
    project(settled, &mut findings);
    for finding in &findings {
        show(context, finding);
    }
    let code = findings.iter().find_map(|finding| finding.kind).map_or(0, Kind::exit_code);
    Ok(ExitCode::from(code))
}

/// What only the engine can tell. A trial holds the lock until nothing is left of it.
async fn of_engine(context: &Context<'_>, settled: Option<&Settled>, trial: &Arc<Mutex<()>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match context.engine().await {
        Ok(engine) => {
            findings.push(Finding::good("engine", format!("{} at {} ({})", engine.title(), engine.endpoint.host, engine.endpoint.because)));
            findings.push(api(&engine));
            findings.push(reach(&engine, settled, context, trial).await);
            if let Some(settled) = settled {
                findings.push(base(&engine, settled, context).await);
                findings.push(port(&engine, settled, context).await);
                findings.push(owner(context));
            }
        }
        Err(failure) => findings.push(Finding::bad("engine", failure)),
    }
    findings
}

fn show(context: &Context<'_>, finding: &Finding) {
    if context.ui.is_json() {
        let line = json!({"check": finding.check, "result": finding.mark.word(), "said": finding.said, "hints": finding.hints});
        context.ui.result(&line.to_string());
    } else {
        context.ui.marked(finding.mark, &format!("{}: {}", finding.check, finding.said), &finding.hints);
    }
}

fn api(engine: &Engine) -> Finding {
    let (major, minor) = engine.api_version;
    let said = format!("{major}.{minor}");
    let enough = engine.flavour == Flavour::Podman || engine.api_version >= (1, 41);
    if enough {
        Finding::good("API", said)
    } else {
        Finding::doubtful("API", said, "parity is tested with Docker 20.10 (API 1.41) and newer: update the engine")
    }
}

async fn reach(engine: &Engine, settled: Option<&Settled>, context: &Context<'_>, trial: &Arc<Mutex<()>>) -> Finding {
    const CHECK: &str = "bind mounts";
    let elsewhere =
        "`parity up` needs an engine that sees this directory: share it in Docker Desktop's settings, or `docker context use default`";
    if !engine.is_local() {
        let said = format!("the engine at {} may not see this machine's files, and its ports are not this machine's", engine.endpoint.host);
        return Finding::doubtful(CHECK, said, elsewhere);
    }
    // Only a container can tell, and only once there is an image for it.
    let image = settled.and_then(|settled| image::name(&settled.plan, &settled.how()).ok().flatten());
    let file = std::fs::read_dir(&context.root).ok().and_then(|mut files| files.next()?.ok()).map(|file| file.file_name());
    if let (Some(image), Some(file)) = (image, file.as_deref().and_then(|file| file.to_str()))
        && matches!(engine.has_image(&image).await, Ok(true))
    {
        let (engine, root, file) = (engine.clone(), context.root.clone(), file.to_owned());
        let under_way = Arc::clone(trial).lock_owned().await;
        // To its end, also where Ctrl-C ends the command.
        let seen = tokio::spawn(async move {
            let seen = engine.sees(&root, &file, &image).await;
            drop(under_way);
            seen
        });
        let lost = |error| Failure::new(Kind::Other, "the trial of bind mounts ended early").cause(error);
        return match seen.await.unwrap_or_else(|error| Err(lost(error))) {
            Ok(true) => Finding::good(CHECK, "a container sees the project's files"),
            Ok(false) => Finding::doubtful(CHECK, "a container does not see the project's files", elsewhere),
            Err(failure) => Finding::bad(CHECK, failure.hint(elsewhere)),
        };
    }
    Finding::good(CHECK, "the engine runs on this machine (tried for real once the image is built)")
}

async fn base(engine: &Engine, settled: &Settled, context: &Context<'_>) -> Finding {
    let name = match &settled.plan.image.base.value {
        Base::Debian { suite } => format!("debian:{}-slim", suite.name()),
        Base::Reference(name) => name.clone(),
    };
    if matches!(engine.has_image(&name).await, Ok(true)) {
        return Finding::good("base", format!("{name} is on the engine"));
    }
    let tool = bootstrap_tool(context.environment.get("PATH").map(String::as_str)).is_some();
    if engine.flavour == Flavour::Podman {
        let said = format!("Podman does not tell whether {name} can be pulled");
        return match &settled.plan.image.base.value {
            Base::Debian { suite } if tool => {
                Finding::good("base", format!("{said}; mmdebstrap is here and makes Debian {} from its packages if not", suite.name()))
            }
            _ => Finding::doubtful("base", said, format!("`podman pull {name}` shows it")),
        };
    }
    match engine.registry_has(&name).await {
        Ok(()) => Finding::good("base", format!("{name} can be pulled")),
        Err(failure) => match &settled.plan.image.base.value {
            Base::Debian { suite } if tool => Finding::good(
                "base",
                format!("no registry has {name} for us; mmdebstrap is here and makes Debian {} from its packages", suite.name()),
            ),
            Base::Debian { .. } => {
                Finding::bad("base", failure.hint("or let parity make it from Debian's packages: `sudo apt-get install mmdebstrap uidmap`"))
            }
            Base::Reference(_) => Finding::bad("base", failure),
        },
    }
}

async fn port(engine: &Engine, settled: &Settled, context: &Context<'_>) -> Finding {
    let server = &settled.plan.server;
    let running = engine.observe(&context.container()).await.ok().flatten().filter(|found| found.state == State::Running);
    if let Some(url) = running.and_then(|found| found.url) {
        return Finding::good("port", format!("this project runs at {url}"));
    }
    let (host, port) = (&server.host.value, server.port.value);
    match TcpListener::bind((host.as_str(), port)) {
        Ok(_) => Finding::good("port", format!("{port} is free on {host}")),
        Err(error) => {
            let failure = Failure::new(Kind::PortTaken, format!("{port} cannot be used on {host}")).cause(error);
            Finding::bad("port", failure.hint("take another: `parity up --port 8001`, or any free one: `--port 0`"))
        }
    }
}

fn owner(context: &Context<'_>) -> Finding {
    let user = user_for(&context.root);
    let whose = if user.roots_project { "; the project is root's, and is mounted as its own" } else { "" };
    Finding::good("user", format!("the application runs as {}:{}{whose}", user.uid, user.gid))
}

fn disk(root: &Path) -> Finding {
    let places = ["/var/lib/docker", "/var/lib/containers"].map(Path::new);
    let place = places.into_iter().find(|place| place.exists()).unwrap_or(root);
    match rustix::fs::statvfs(place) {
        Ok(stat) => {
            let free = stat.f_bavail * stat.f_frsize;
            let said = format!("{:.1} GiB free at {}", free as f64 / f64::from(1 << 30), place.display());
            if free >= LITTLE_DISK {
                Finding::good("disk", said)
            } else {
                Finding::doubtful(
                    "disk",
                    said,
                    "an image needs about 1 GiB while it is built: `docker system df` shows what fills the disk",
                )
            }
        }
        Err(error) => Finding::doubtful("disk", format!("cannot be told at {}: {error}", place.display()), "look by hand: `df -h`"),
    }
}

fn inotify() -> Finding {
    let limit = |name: &str| std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?.trim().parse::<u64>().ok();
    match (limit("max_user_watches"), limit("max_user_instances")) {
        (Some(watches), Some(instances)) if watches < FEW_WATCHES || instances < 16 => Finding::doubtful(
            "file watching",
            format!("the system allows {watches} watches and {instances} watchers"),
            "raise them: `sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`",
        ),
        (Some(watches), _) => Finding::good("file watching", format!("the system allows {watches} watches")),
        _ => Finding::good("file watching", "by this system's own means"),
    }
}

fn ca(context: &Context<'_>, settled: Option<&Settled>) -> Vec<Finding> {
    let Some(file) = settled.and_then(|settled| settled.build_ca.clone()) else {
        return vec![Finding::good("CA", "the base's own")];
    };
    let name = file.strip_prefix(&context.root).unwrap_or(&file).display().to_string();
    vec![match image::certificates(&file) {
        Ok(bundle) => {
            let count = String::from_utf8_lossy(&bundle).matches("CERTIFICATE-----").count() / 2;
            Finding::good("CA", format!("builds trust the {count} certificates of {name}"))
        }
        Err(failure) => Finding::bad("CA", failure),
    }]
}

fn project(settled: Result<Settled>, findings: &mut Vec<Finding>) {
    match settled {
        Ok(mut settled) => {
            settled.look_through();
            let app = &settled.plan.app;
            findings.push(Finding::good("project", format!("{} ({})", app.value, app.origin)));
            for remark in settled.remarks {
                findings.push(Finding { check: "project", mark: Mark::Doubtful, said: remark, hints: Vec::new(), kind: None });
            }
        }
        Err(failure) => findings.push(Finding::bad("project", failure)),
    }
}
