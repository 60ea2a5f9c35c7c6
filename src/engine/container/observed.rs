//! What the engine has of parity's containers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bollard::models::{ContainerStateStatusEnum, ContainerSummary};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{LogStart, PORT};
use crate::engine::connect::Engine;
use crate::engine::error::{explain, status};
use crate::engine::labels::label;
use crate::error::{Failure, Kind, Result};
use crate::units::signal;

/// Whoever creates a container starts it within that time, or was killed in between.
const STARTING: Duration = Duration::from_secs(5);

/// The exit code of what a signal ended is its number, and this.
const KILLED_BY: i64 = 128;

/// How long an answer that cannot be read is taken for a passing one, in steps.
const PASSING_TRIES: u32 = 40;
const PASSING: Duration = Duration::from_millis(50);

/// A container of parity's as the engine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    pub id: String,
    pub name: String,
    pub state: State,
    /// Digest of the plan that it was made from.
    pub plan: String,
    pub owner: Option<String>,
    pub project: String,
    pub profile: String,
    /// Slots take turns in serving what is saved.
    pub reloads: bool,
    /// The view of root's project that it has instead of the project itself.
    pub view: Option<PathBuf>,
    /// The directory of this machine that static files are mounted over.
    pub static_directory: Option<PathBuf>,
    /// The container whose network its server listens in; `None`: its own.
    pub network: Option<String>,
    /// The engine's networks that it is in.
    pub networks: Vec<String>,
    /// `http://127.0.0.1:8000`, when it runs and is published, itself or by the container whose network it is in.
    pub url: Option<String>,
    pub image: String,
    /// When it was made.
    pub created: Option<OffsetDateTime>,
    /// When it was last started, RFC 3339.
    pub started: Option<String>,
    /// When it last ended, RFC 3339.
    pub finished: Option<String>,
    pub exit_code: Option<i64>,
    /// The kernel has ended one of its processes since memory ran out.
    pub out_of_memory: bool,
}

/// What a container is doing, as far as parity cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Paused,
    /// Not started yet: somebody is about to.
    Created,
    /// Exited, dead or being removed.
    Stopped,
}

impl Engine {
    /// The container of that name, if there is one.
    pub async fn observe(&self, name: &str) -> Result<Option<Observed>> {
        let mut tries = PASSING_TRIES;
        loop {
            match self.answer(self.api.inspect_container(name, None::<InspectContainerOptions>)).await {
                Ok(found) => return self.with_port(found).await.map(Some),
                Err(error) if status(&error) == Some(404) => return Ok(None),
                // Podman has a name of its own for the moment in which a container has ended and is not cleared up yet.
                Err(bollard::errors::Error::JsonDataError { .. }) if tries > 0 => {
                    tries -= 1;
                    tokio::time::sleep(PASSING).await;
                }
                Err(error) => return Err(explain(&error, "cannot ask the engine what runs")),
            }
        }
    }

    /// The port of a server in another container's network is published by that one.
    async fn with_port(&self, mut found: bollard::models::ContainerInspectResponse) -> Result<Observed> {
        let labels = found.config.as_ref().and_then(|config| config.labels.as_ref());
        if let Some(lender) = labels.and_then(|labels| labels.get(label::NETWORK)) {
            found.network_settings = match self.answer(self.api.inspect_container(lender, None::<InspectContainerOptions>)).await {
                Ok(lender) if lender.state.as_ref().is_some_and(|state| state.running == Some(true)) => lender.network_settings,
                Ok(_) => None,
                Err(error) if status(&error) == Some(404) => None,
                Err(error) => return Err(explain(&error, "cannot ask the engine what runs")),
            };
        }
        Ok(observed(found))
    }

    /// The same, but one that is being started at this moment is given the time for it.
    pub async fn observe_started(&self, name: &str) -> Result<Option<Observed>> {
        let deadline = Instant::now() + STARTING;
        loop {
            let found = self.observe(name).await?;
            if found.as_ref().is_none_or(|found| found.state != State::Created) || Instant::now() > deadline {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every container that parity made, of all projects.
    pub async fn observe_all(&self) -> Result<Vec<Observed>> {
        self.observe_labelled(label::PROJECT).await
    }

    /// The containers of the project in a directory, whichever profile they run.
    pub async fn observe_project(&self, root: &Path) -> Result<Vec<Observed>> {
        self.observe_labelled(&format!("{}={}", label::PROJECT, root.display())).await
    }

    /// All containers with a label, those that do not run as well: `NAME` or `NAME=VALUE`.
    pub(in crate::engine) async fn labelled(&self, label: &str) -> Result<Vec<ContainerSummary>> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let list = self.answer(self.api.list_containers(Some(options))).await;
        list.map_err(|error| explain(&error, "cannot ask the engine what runs"))
    }

    async fn observe_labelled(&self, label: &str) -> Result<Vec<Observed>> {
        let list = self.labelled(label).await?;
        let mut all = Vec::new();
        for id in list.into_iter().filter_map(|container| container.id) {
            all.extend(self.observe(&id).await?);
        }
        Ok(all)
    }
}

impl Observed {
    /// The container whose network its server listens in, which may be its own.
    pub fn lender(&self) -> &str {
        self.network.as_deref().unwrap_or(&self.id)
    }

    /// The port of this machine that it is published on.
    pub fn port(&self) -> Option<u16> {
        let rest = self.url.as_ref()?.strip_prefix("http://")?;
        rest.split('/').next()?.rsplit_once(':')?.1.parse().ok()
    }

    /// How it ended: `exit code 3`, `SIGKILL, exit code 137`.
    pub fn how_it_ended(&self) -> Option<String> {
        let code = self.exit_code?;
        let signal = code.checked_sub(KILLED_BY).and_then(|number| signal::name(u32::try_from(number).ok()?));
        Some(match signal {
            Some("SIGKILL") if self.out_of_memory => format!("out of memory: SIGKILL by the kernel, exit code {code}"),
            Some(name) => format!("{name}, exit code {code}"),
            None => format!("exit code {code}"),
        })
    }

    /// Its log since it was last started: after the end of the run before, if there was one.
    pub fn log_of_this_run(&self) -> LogStart {
        let ended = self.finished.as_deref().and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
        // Engines give the year 1 for never.
        ended.filter(|at| at.unix_timestamp() > 0).map_or(LogStart::Beginning, LogStart::After)
    }
}

fn observed(found: bollard::models::ContainerInspectResponse) -> Observed {
    let config = found.config.unwrap_or_default();
    let mut labels = config.labels.unwrap_or_default();
    let mut take = |name: &str| labels.remove(name).filter(|value| !value.is_empty());
    let state = found.state.unwrap_or_default();
    let running = match state.status {
        Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::RESTARTING) => State::Running,
        Some(ContainerStateStatusEnum::PAUSED) => State::Paused,
        Some(ContainerStateStatusEnum::CREATED) => State::Created,
        _ => State::Stopped,
    };
    let network_settings = found.network_settings.unwrap_or_default();
    let networks = network_settings.networks.into_iter().flatten().map(|(name, _)| name).collect();
    let ports = network_settings.ports.unwrap_or_default();
    let binding = ports.get(PORT).and_then(|bindings| bindings.as_ref()?.first().cloned());
    let mount = take(label::MOUNT).filter(|path| path != "/").unwrap_or_default();
    let url = binding.filter(|_| running == State::Running).and_then(|binding| {
        let address = match binding.host_ip.as_deref() {
            None | Some("" | "0.0.0.0") => "127.0.0.1".to_owned(),
            Some(address) if address.contains(':') => format!("[{address}]"),
            Some(address) => address.to_owned(),
        };
        Some(format!("http://{address}:{}{}", binding.host_port?, mount.trim_end_matches('/')))
    });
    Observed {
        id: found.id.unwrap_or_default(),
        name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        state: running,
        plan: take(label::PLAN).unwrap_or_default(),
        owner: take(label::OWNER),
        project: take(label::PROJECT).unwrap_or_default(),
        reloads: take(label::RELOAD).is_some(),
        profile: take(label::PROFILE).unwrap_or_default(),
        view: take(label::VIEW).map(PathBuf::from),
        static_directory: take(label::STATIC).map(PathBuf::from),
        network: take(label::NETWORK),
        networks,
        url,
        image: config.image.unwrap_or_default(),
        created: found.created,
        started: state.started_at,
        finished: state.finished_at,
        exit_code: state.exit_code,
        out_of_memory: state.oom_killed.unwrap_or(false),
    }
}

/// The failure for a command that needs a running container.
pub fn not_running(name: &str) -> Failure {
    Failure::new(Kind::NotRunning, format!("{name} is not running")).hint("start it with `parity up`, or `parity up -d` in the background")
}
