//! Containers: what is there, and making, stopping and removing them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bollard::models::{ContainerCreateBody, ContainerStateStatusEnum, HostConfig, Mount, MountType, PortBinding, ResourcesUlimits};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::connect::{Engine, Flavour};
use super::error::{explain, status};
use super::labels::label;
use crate::error::{Failure, Kind, Result};
use crate::units::layout;

/// The port inside every container.
pub const PORT: &str = "8000/tcp";

/// Whoever creates a container starts it within that time, or was killed in between.
const STARTING: Duration = Duration::from_secs(5);

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

/// All that a container is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub name: String,
    pub image: String,
    /// Arguments for the image's entry point.
    pub command: Vec<String>,
    /// `NAME=value`; values are the application's secrets.
    pub env: Vec<String>,
    pub labels: Vec<(String, String)>,
    /// `uid:gid`.
    pub user: String,
    /// The project's directory on the host and in the container; `None`: it is uploaded, or in the image.
    pub bind: Option<(String, String)>,
    /// Directories in memory, which belong to the user.
    pub tmpfs: Vec<String>,
    pub working_directory: String,
    /// Address and port on the host; port 0 takes a free one. `None`: nothing listens.
    pub publish: Option<(String, u16)>,
    /// Another port, the same in the container and on the loopback address of the host: a debugger's.
    pub debug_port: Option<u16>,
    pub network: Option<String>,
    /// Other containers' servers may listen in its network, to take over from its own.
    pub lends_network: bool,
    /// The container in whose network its server listens, instead of one of its own that is published.
    pub joins: Option<String>,
}

impl Engine {
    /// The container of that name, if there is one.
    pub async fn observe(&self, name: &str) -> Result<Option<Observed>> {
        let mut tries = PASSING_TRIES;
        loop {
            match self.api.inspect_container(name, None::<InspectContainerOptions>).await {
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
            found.network_settings = match self.api.inspect_container(lender, None::<InspectContainerOptions>).await {
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

    async fn observe_labelled(&self, label: &str) -> Result<Vec<Observed>> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let list = self.api.list_containers(Some(options)).await.map_err(|error| explain(&error, "cannot ask the engine what runs"))?;
        let mut all = Vec::new();
        for id in list.into_iter().filter_map(|container| container.id) {
            all.extend(self.observe(&id).await?);
        }
        Ok(all)
    }

    /// Creates a container; it does not run yet. Returns its id.
    pub async fn create(&self, wish: &Wish) -> Result<String> {
        let options = CreateContainerOptionsBuilder::default().name(&wish.name).build();
        match self.api.create_container(Some(options), self.body(wish)).await {
            Ok(created) => Ok(created.id),
            Err(error) if status(&error) == Some(409) => {
                Err(explain(&error, &format!("another `parity` is starting `{}` at this moment", wish.name))
                    .hint("wait for it, then type the command again"))
            }
            Err(error) => {
                let failure = explain(&error, "cannot create the container");
                let missing = wish.network.as_ref().filter(|_| failure.causes.iter().any(|cause| cause.contains("network")));
                Err(match missing {
                    Some(network) => failure.hint(format!(
                        "is there a network `{network}`? `docker network ls` lists them; a compose project's is named `<project>_default`"
                    )),
                    None => failure,
                })
            }
        }
    }

    /// Starts a container that was created.
    ///
    /// # Errors
    /// `Kind::PortTaken` when somebody else has the port.
    pub async fn start(&self, id: &str, wish: &Wish) -> Result<()> {
        match self.api.start_container(id, None::<StartContainerOptions>).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let mut failure = explain(&error, "cannot start the container");
                let said = failure.causes.join("\n");
                if failure.kind == Kind::PortTaken
                    && let Some((address, port)) = &wish.publish
                {
                    failure.message = format!("port {port} is taken on {address}");
                    // The engine's words are about its own parts.
                    failure.causes.clear();
                    failure = failure.hint("take another: `--port 8001`, or any free one: `--port 0`");
                } else if said.contains("network") && said.contains("not found") {
                    let network = wish.network.as_deref().unwrap_or_default();
                    failure = failure.hint(format!("is there a network `{network}`? `docker network ls` lists them"));
                } else if said.contains("bind source path does not exist") || said.contains("mounts denied") {
                    failure = failure.hint(
                        "the engine cannot see this directory: share it in Docker Desktop's settings, or use an engine on this machine",
                    );
                }
                Err(failure)
            }
        }
    }

    /// Stops a container, politely for `seconds`, then by force. One that is gone is fine.
    pub async fn stop(&self, id: &str, seconds: u32) -> Result<()> {
        let options = StopContainerOptionsBuilder::default().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
        gone_is_fine(self.api.stop_container(id, Some(options)).await, "cannot stop the container")
    }

    /// Stops a container, politely for `seconds`, and starts it again.
    pub async fn restart(&self, id: &str, seconds: u32) -> Result<()> {
        let options = RestartContainerOptionsBuilder::default().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
        self.api.restart_container(id, Some(options)).await.map_err(|error| explain(&error, "cannot restart the container"))
    }

    /// Has Apache finish its requests and end.
    pub async fn drain(&self, id: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::default().signal("SIGWINCH").build();
        gone_is_fine(self.api.kill_container(id, Some(options)).await, "cannot signal the container")
    }

    /// Gives a container another name.
    pub async fn rename(&self, id: &str, name: &str) -> Result<()> {
        let options = RenameContainerOptionsBuilder::default().name(name).build();
        self.api.rename_container(id, options).await.map_err(|error| explain(&error, "cannot rename the container"))
    }

    /// Kills a container at once. One that is gone or stopped is fine.
    pub async fn kill(&self, id: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        gone_is_fine(self.api.kill_container(id, Some(options)).await, "cannot kill the container")
    }

    /// Removes a container with its anonymous volumes, running or not.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        gone_is_fine(self.api.remove_container(id, Some(options)).await, "cannot remove the container")
    }

    /// What the container wrote, and on as long as it runs if `follow`.
    pub fn logs(&self, id: &str, follow: bool, from: LogStart) -> impl Stream<Item = Result<Output>> + Send + use<> {
        let options = LogsOptionsBuilder::default().follow(follow).stdout(true).stderr(true);
        let options = match from {
            LogStart::Beginning => options.tail("all"),
            LogStart::LastLines(lines) => options.tail(&lines.to_string()),
            // Engines cut by whole seconds; the rest is done here, by the time in front of each line.
            LogStart::After(moment) => options.since(i32::try_from(moment.unix_timestamp()).unwrap_or(0)).timestamps(true),
        };
        let moment = if let LogStart::After(moment) = from { Some(moment) } else { None };
        async_stream(self.api.clone(), id.to_owned(), options.build()).filter_map(move |piece| {
            std::future::ready(match (piece, moment) {
                (Ok(piece), Some(moment)) => piece.after(moment).map(Ok),
                (piece, _) => Some(piece),
            })
        })
    }

    /// Engines give a tmpfs the mode of the directory that it covers, and root, whatever mode is asked for: the user must own it.
    fn tmpfs_options(&self, directory: &str, user: &str) -> String {
        let whose = match (self.flavour, user.split_once(':')) {
            // Podman knows no `uid=`, and Docker no `U`.
            (Flavour::Podman, _) => ",U".to_owned(),
            (Flavour::Docker, Some((uid, gid))) => format!(",uid={uid},gid={gid}"),
            (Flavour::Docker, None) => format!(",uid={user}"),
        };
        // A project that is uploaded may have compiled modules in it.
        let exec = if directory == layout::APP { ",exec" } else { "" };
        format!("rw,nosuid,nodev{exec},mode=1777{whose}")
    }

    /// Podman's own defaults can be above what the machine allows, and then nothing starts.
    pub(super) fn ulimits(&self) -> Option<Vec<ResourcesUlimits>> {
        let limit = |name: &str| ResourcesUlimits { name: Some(name.into()), soft: Some(4096), hard: Some(4096) };
        (self.flavour == Flavour::Podman).then(|| vec![limit("nofile"), limit("nproc")])
    }

    /// Connections that nobody has accepted yet when a server ends are given to the one that took over (Linux 5.14).
    fn sysctls(&self, wish: &Wish) -> Option<HashMap<String, String>> {
        let known =
            wish.lends_network && wish.joins.is_none() && self.is_local() && Path::new("/proc/sys/net/ipv4/tcp_migrate_req").exists();
        known.then(|| [("net.ipv4.tcp_migrate_req".to_owned(), "1".to_owned())].into())
    }

    fn body(&self, wish: &Wish) -> ContainerCreateBody {
        let debug_port = wish.debug_port.map(|port| {
            let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) };
            (format!("{port}/tcp"), Some(vec![binding]))
        });
        let published = wish.publish.as_ref().map(|(address, port)| {
            let binding = PortBinding { host_ip: Some(address.clone()), host_port: Some(port.to_string()) };
            (PORT.to_owned(), Some(vec![binding]))
        });
        let mounts = wish.bind.iter().map(|(source, target)| Mount {
            typ: Some(MountType::BIND),
            source: Some(source.clone()),
            target: Some(target.clone()),
            ..Mount::default()
        });
        let mut security = vec!["no-new-privileges".to_owned()];
        if Path::new("/sys/fs/selinux/enforce").exists() {
            // SELinux would hide the project; relabelling a user's files is not ours to do.
            security.push("label=disable".into());
        }
        let podman = self.flavour == Flavour::Podman;
        let own_network = wish.joins.is_none();
        let ports = published.into_iter().chain(debug_port);
        // A rootless Podman maps the user to root unless it is told to keep them.
        let keep_id = podman && self.is_rootless();
        let tmpfs = wish.tmpfs.iter().map(|directory| (directory.clone(), self.tmpfs_options(directory, &wish.user)));
        ContainerCreateBody {
            image: Some(wish.image.clone()),
            cmd: Some(wish.command.clone()),
            env: Some(wish.env.clone()),
            labels: Some(wish.labels.iter().cloned().collect()),
            user: Some(wish.user.clone()),
            working_dir: Some(wish.working_directory.clone()),
            exposed_ports: own_network
                .then(|| [PORT.to_owned()].into_iter().chain(wish.debug_port.map(|port| format!("{port}/tcp"))).collect()),
            host_config: Some(HostConfig {
                mounts: Some(mounts.collect()),
                tmpfs: Some(tmpfs.collect()),
                readonly_rootfs: Some(true),
                cap_drop: Some(vec!["ALL".into()]),
                security_opt: Some(security),
                port_bindings: own_network.then(|| ports.collect()),
                network_mode: match &wish.joins {
                    Some(lender) => Some(format!("container:{lender}")),
                    None => wish.network.clone(),
                },
                sysctls: self.sysctls(wish),
                userns_mode: keep_id.then(|| "keep-id".into()),
                ulimits: self.ulimits(),
                extra_hosts: (own_network && !podman).then(|| vec!["host.docker.internal:host-gateway".into()]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        }
    }
}

/// Where reading a log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStart {
    Beginning,
    LastLines(u32),
    /// What was written after a moment, by the engine's clock.
    After(OffsetDateTime),
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

    /// Its log since it was last started: after the end of the run before, if there was one.
    pub fn log_of_this_run(&self) -> LogStart {
        let ended = self.finished.as_deref().and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
        // Engines give the year 1 for never.
        ended.filter(|at| at.unix_timestamp() > 0).map_or(LogStart::Beginning, LogStart::After)
    }
}

impl Output {
    /// The line without the time in front of it; `None` if it was written before the moment.
    fn after(self, moment: OffsetDateTime) -> Option<Self> {
        let strip = |bytes: Bytes| {
            let end = bytes.iter().position(|byte| *byte == b' ')?;
            let time = std::str::from_utf8(&bytes[..end]).ok().and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok())?;
            (time > moment).then(|| bytes.slice(end + 1..))
        };
        match self {
            Output::Stdout(bytes) => strip(bytes).map(Output::Stdout),
            Output::Stderr(bytes) => strip(bytes).map(Output::Stderr),
        }
    }
}

/// A piece of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Stdout(Bytes),
    Stderr(Bytes),
}

fn async_stream(
    api: bollard::Docker,
    id: String,
    options: bollard::query_parameters::LogsOptions,
) -> impl Stream<Item = Result<Output>> + Send {
    use bollard::container::LogOutput;
    let (sender, receiver) = tokio::sync::mpsc::channel(256);
    tokio::spawn(async move {
        let mut stream = std::pin::pin!(api.logs(&id, Some(options)));
        while let Some(piece) = stream.next().await {
            let piece = match piece {
                Ok(LogOutput::StdErr { message }) => Ok(Output::Stderr(message)),
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message }) => {
                    Ok(Output::Stdout(message))
                }
                Err(error) => Err(explain(&error, "lost the container's log")),
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    futures_util::stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) })
}

fn gone_is_fine(result: Result<(), bollard::errors::Error>, what: &str) -> Result<()> {
    match result {
        Err(error) if !matches!(status(&error), Some(304 | 404 | 409)) => Err(explain(&error, what)),
        _ => Ok(()),
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
    let ports = found.network_settings.and_then(|network| network.ports).unwrap_or_default();
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
        url,
        image: config.image.unwrap_or_default(),
        created: found.created,
        started: state.started_at,
        finished: state.finished_at,
        exit_code: state.exit_code,
    }
}

/// The failure for a command that needs a running container.
pub fn not_running(name: &str) -> Failure {
    Failure::new(Kind::NotRunning, format!("{name} is not running")).hint("start it with `parity up`, or `parity up -d` in the background")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Endpoint;

    fn body(network: Option<&str>, joins: Option<&str>) -> (ContainerCreateBody, HostConfig) {
        let engine = Engine {
            api: bollard::Docker::connect_with_http("http://127.0.0.1:1", 1, bollard::API_DEFAULT_VERSION).unwrap(),
            flavour: Flavour::Docker,
            version: String::new(),
            api_version: (1, 41),
            architecture: String::new(),
            endpoint: Endpoint { host: "unix:///run/docker.sock".into(), because: String::new() },
        };
        let wish = Wish {
            name: "parity-x-0a1b2c3d".into(),
            image: "i".into(),
            command: Vec::new(),
            env: Vec::new(),
            labels: Vec::new(),
            user: "1000:1000".into(),
            bind: None,
            tmpfs: Vec::new(),
            working_directory: "/app".into(),
            publish: Some(("127.0.0.1".into(), 8000)),
            debug_port: Some(5678),
            network: network.map(Into::into),
            lends_network: true,
            joins: joins.map(Into::into),
        };
        let mut body = engine.body(&wish);
        let host = body.host_config.take().unwrap();
        (body, host)
    }

    #[test]
    fn a_server_in_anothers_network_has_no_port_of_its_own() {
        let (body_of_first, first) = body(Some("shop_default"), None);
        assert_eq!(first.network_mode.as_deref(), Some("shop_default"));
        let ports = first.port_bindings.unwrap();
        assert!(ports.contains_key(PORT) && ports.contains_key("5678/tcp") && body_of_first.exposed_ports.is_some());
        let knows = Path::new("/proc/sys/net/ipv4/tcp_migrate_req").exists();
        assert_eq!(first.sysctls.is_some(), knows);

        // Engines refuse all of these beside another container's network.
        let (body_of_next, next) = body(Some("shop_default"), Some("abc"));
        assert_eq!(next.network_mode.as_deref(), Some("container:abc"));
        assert_eq!((next.port_bindings, next.sysctls, next.extra_hosts, body_of_next.exposed_ports), (None, None, None, None));
        assert_eq!((next.cap_drop, next.readonly_rootfs), (Some(vec!["ALL".into()]), Some(true)));
    }
}
