//! The services beside the application: started if that is asked for, by Compose itself, and reached in their networks.
//!
//! The engine knows what there is. Where nothing runs there may be no network, and then nothing is joined. What was started is left running:
//! the next run has its data.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::Interrupts;
use crate::engine::container::Observed;
use crate::engine::{ComposeProject, Engine, Group};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{Joined, Plan, Profile, ServicesMode};
use crate::project::Services;

const STAGE: &str = "services";
/// A service gets so long to be healthy or not, where Compose does not wait for it itself.
const HEALTHY: Duration = Duration::from_secs(300);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(200);
/// Lines of Compose's output that a failure shows.
const TAIL: usize = 12;
/// Compose, under the names that it is installed by.
const COMPOSE: [&[&str]; 4] = [&["docker", "compose"], &["docker-compose"], &["podman", "compose"], &["podman-compose"]];

/// Makes the services ready that a plan names, and completes it with the networks to join. One that is set by hand is all there is.
///
/// # Errors
/// Services that do not start, and the engine's failures.
pub async fn join(engine: &Engine, plan: &mut Plan, interrupts: &Interrupts, report: &dyn Report) -> Result<()> {
    let Some(services) = plan.services.clone() else { return Ok(()) };
    let look = || engine.compose_project(&services.directory, &services.project);
    let mut found = interrupts.or(look()).await?;
    // What a release finds is the deployment's own.
    let starts = plan.services_mode.value == ServicesMode::Start && plan.profile != Profile::Release;
    if starts && services.started().any(|name| !found.running.contains(name)) {
        interrupts.or(start(engine, &services, report)).await?;
        found = interrupts.or(look()).await?;
    }
    if plan.network.is_some() {
        return Ok(());
    }
    plan.joined = interrupts.or(networks(engine, &services, found)).await?;
    if !plan.joined.is_empty() {
        let names = plan.joined.iter().map(|joined| joined.name.as_str()).collect::<Vec<_>>().join(", ");
        report.report(Event::Note { text: format!("joining {names}, the network of {} ({})", services.label(), services.file) });
    }
    Ok(())
}

/// Completes a plan with those networks of its services that a container is in.
pub async fn of_container(engine: &Engine, plan: &mut Plan, container: &Observed) {
    let Some(services) = plan.services.clone().filter(|_| plan.network.is_none()) else { return };
    let look = async { networks(engine, &services, engine.compose_project(&services.directory, &services.project).await?).await };
    // It is for hints alone.
    plan.joined = look.await.unwrap_or_default();
    plan.joined.retain(|joined| container.networks.contains(&joined.name));
}

/// Those of its networks that are there.
async fn networks(engine: &Engine, services: &Services, found: ComposeProject) -> Result<Vec<Joined>> {
    let mut joined = Vec::new();
    for network in found.networks.into_iter().filter(|network| services.networks.contains(&network.key)) {
        joined.push(Joined { name: network.name, internal: network.internal });
    }
    for name in services.external.values() {
        if let Some(network) = engine.network(name).await? {
            joined.push(Joined { name: network.name, internal: network.internal });
        }
    }
    Ok(joined)
}

async fn start(engine: &Engine, services: &Services, report: &dyn Report) -> Result<()> {
    let names: Vec<&str> = services.started().collect();
    let Some(compose) = installed(engine, &services.started_in).await else {
        report.report(Event::Warning {
            text: format!("`services: start` needs Compose, which is not installed: {} may not run", names.join(", ")),
            hint: Some("install Docker's plugin `docker-compose-plugin` (Debian: `docker-compose`), or start them yourself".into()),
        });
        return Ok(());
    };
    let begun = Instant::now();
    let (id, title) = (STAGE.to_owned(), format!("services {}", names.join(", ")));
    report.report(Event::StageStarted { id: id.clone(), title: title.clone() });
    let waits = waits(engine, compose, &services.started_in).await;
    let arguments: Vec<&str> = ["up", "-d"].into_iter().chain(waits.then_some("--wait")).chain(names.iter().copied()).collect();
    let program = compose.join(" ");
    let typed = format!("{program} {}", arguments.join(" "));
    let more = format!("`{program} ps` and `{program} logs` say more; `services: join` starts none");
    let ran = run(engine, compose, &arguments, &services.started_in, report).await;
    if matches!(ran, Ok(None)) && !waits {
        let healthy = until_healthy(engine, services, &names, report).await;
        if let Err(failure) = healthy {
            report.report(Event::StageFailed { id, title, took: begun.elapsed() });
            return Err(failure.hint(more));
        }
    }
    let took = begun.elapsed();
    match ran {
        Ok(None) => {
            report.report(Event::StageDone { id, title, detail: Some("started, and left running".into()), took });
            Ok(())
        }
        Ok(Some(said)) => {
            report.report(Event::StageFailed { id, title, took });
            Err(Failure::new(Kind::Other, format!("`{typed}` failed"))
                .cause(format!("`services: start` has it start the services of {}", services.file))
                .details(said)
                .hint(more))
        }
        Err(error) => {
            report.report(Event::StageFailed { id, title, took });
            Err(Failure::new(Kind::Other, format!("cannot run `{typed}`")).caused_by(&error))
        }
    }
}

/// Does it wait itself until services are healthy? Compose 1 does not, nor does every podman-compose.
async fn waits(engine: &Engine, compose: &[&str], directory: &Path) -> bool {
    let mut help = command(engine, compose, &["up", "--help"], directory);
    let said = help.stderr(Stdio::null()).output().await;
    said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains("--wait"))
}

/// Waits until services run and are healthy, by what the engine says of them.
async fn until_healthy(engine: &Engine, services: &Services, names: &[&str], report: &dyn Report) -> Result<()> {
    let begun = Instant::now();
    loop {
        let found = engine.compose_project(&services.directory, &services.project).await?;
        let waited: Vec<&str> = names.iter().copied().filter(|name| !found.running.contains(*name)).collect();
        if waited.is_empty() {
            return Ok(());
        }
        let failed = |name: &str| Failure::new(Kind::Other, format!("the service {name} of {} does not become ready", services.file));
        if let Some((name, status)) = waited.iter().copied().find_map(|name| Some((name, found.broken.get(name)?))) {
            return Err(failed(name).cause(status.clone()));
        }
        if begun.elapsed() > HEALTHY {
            return Err(failed(waited[0]).cause(format!("it is neither healthy nor unhealthy after {} seconds", HEALTHY.as_secs())));
        }
        report.report(Event::StageProgress { id: STAGE.into(), text: format!("waiting for {}", waited.join(", ")) });
        tokio::time::sleep(PAUSE).await;
    }
}

/// Compose's command, where it is installed.
async fn installed(engine: &Engine, directory: &Path) -> Option<&'static [&'static str]> {
    for compose in COMPOSE {
        let mut version = command(engine, compose, &["version"], directory);
        version.stdout(Stdio::null()).stderr(Stdio::null());
        if matches!(version.status().await, Ok(status) if status.success()) {
            return Some(compose);
        }
    }
    None
}

fn command(engine: &Engine, compose: &[&str], arguments: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(compose[0]);
    command.args(&compose[1..]).args(arguments).current_dir(directory).stdin(Stdio::null());
    // In its own group, so that a Ctrl-C at the terminal is ours to handle, and all of it can be ended.
    command.process_group(0).kill_on_drop(true);
    if engine.is_local() {
        command.env("DOCKER_HOST", &engine.endpoint.host);
    }
    command
}

/// Runs Compose. Returns the end of its output where it fails.
async fn run(
    engine: &Engine,
    compose: &[&str],
    arguments: &[&str],
    directory: &Path,
    report: &dyn Report,
) -> std::io::Result<Option<Vec<String>>> {
    let mut command = command(engine, compose, arguments, directory);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let group = Group::of(&child);
    let (out, err) = (child.stdout.take().expect("stdout is piped"), child.stderr.take().expect("stderr is piped"));
    let (_, said) = tokio::join!(tail(out, report), tail(err, report));
    let status = child.wait().await?;
    group.ended();
    Ok((!status.success()).then_some(said))
}

/// The last lines, each of which is told as it comes.
async fn tail(output: impl AsyncRead + Unpin, report: &dyn Report) -> Vec<String> {
    let mut lines = BufReader::new(output).split(b'\n');
    let mut tail = Vec::new();
    while let Ok(Some(line)) = lines.next_segment().await {
        let text = anstream::adapter::strip_str(&String::from_utf8_lossy(&line)).to_string();
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        if text.is_empty() {
            continue;
        }
        report.report(Event::StageProgress { id: STAGE.into(), text: text.clone() });
        tail.push(text);
        if tail.len() > TAIL {
            tail.remove(0);
        }
    }
    tail
}
