//! The container of a plan: what it is made from, and creating it so that nothing is left when that fails.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::owner;
use super::stop::tidy;
use super::up::Up;
use super::upload;
use crate::engine::container;
use crate::engine::{Engine, label, ownership};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{Plan, Profile, Store};
use crate::render;
use crate::units::layout;

/// Runs what production's image has to run before a deployment, if there is anything.
const RELEASE: [&str; 3] = ["sh", "-c", "[ ! -e /etc/parity/release.sh ] || exec sh /etc/parity/release.sh"];

/// Everything that the container is made from. Pure but for the digest's inputs, which are all in `up`.
pub fn wish(up: &Up<'_>, name: &str) -> Result<container::Wish> {
    let plan = up.plan;
    let is_baked = plan.profile.is_baked();
    let command = match plan.profile {
        // Who starts it says what it runs.
        Profile::Smoke | Profile::Coverage => Vec::new(),
        Profile::Release => RELEASE.map(String::from).to_vec(),
        _ => vec!["@FILES".into(), render::archive(&render::profile_files(plan)?)],
    };
    // Of a name that is there twice Python and C libraries take the first.
    let is_own = |name: &str| up.secrets.iter().any(|(own, _)| own == name);
    let contract = plan.contract.iter().filter(|(name, _)| !is_own(name));
    let mut env: Vec<String> = contract.map(|(name, value)| format!("{name}={value}")).collect();
    env.extend(up.secrets.iter().map(|(name, value)| format!("{name}={}", value.expose())));
    let mut tmpfs = vec![layout::RUN.to_owned(), "/tmp".to_owned()];
    // Where the code is in the image, so is what configures the server.
    tmpfs.extend((!is_baked).then(|| layout::ETC.to_owned()));
    // Where the code is in the image, so are the static files.
    tmpfs.extend(plan.collect_static.as_ref().filter(|_| !plan.profile.is_baked()).map(|collect| collect.target.clone()));
    let mut writable: Vec<String> = plan.stored(Store::Memory).map(String::from).collect();
    writable.extend(upload::is_wanted(plan).then(|| layout::APP.to_owned()));
    let (network, networks) = plan.networks();
    let mut wish = container::Wish {
        name: name.to_owned(),
        image: up.image.to_owned(),
        command,
        env,
        labels: Vec::new(),
        user: format!("{}:{}", up.user.uid, up.user.gid),
        bind: (!upload::is_wanted(plan) && !plan.profile.is_baked())
            .then(|| (plan.root.to_string_lossy().into_owned(), layout::APP.into())),
        tmpfs,
        writable,
        working_directory: layout::APP.into(),
        publish: (plan.profile != Profile::Release).then(|| (loopback(&plan.server.host.value), plan.server.port.value)),
        debug_port: match plan.profile {
            Profile::Debug(debug) => debug.dap,
            Profile::Production | Profile::Up | Profile::Smoke | Profile::Coverage | Profile::Profiler | Profile::Release => None,
        },
        network: network.map(String::from),
        networks: networks.into_iter().map(String::from).collect(),
        lends_network: plan.lends_network(),
        joins: None,
        volumes_of: None,
    };
    let digest: String = Sha256::digest(format!("{wish:?}").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut label = |name: &str, value: String| wish.labels.push((name.into(), value));
    label(label::VERSION, env!("CARGO_PKG_VERSION").into());
    label(label::PROJECT, plan.root.to_string_lossy().into_owned());
    label(label::PLAN, digest);
    label(label::PROFILE, plan.profile.name().into());
    label(label::MOUNT, plan.server.mount_point.value.clone());
    if let Some(directory) = static_directory(plan) {
        label(label::STATIC, directory.to_string_lossy().into_owned());
    }
    if plan.reload.is_some() {
        label(label::RELOAD, "true".into());
    }
    if !up.detach {
        label(label::OWNER, owner::me());
    }
    Ok(wish)
}

fn loopback(host: &str) -> String {
    if host == "localhost" { "127.0.0.1".into() } else { host.to_owned() }
}

/// A directory in memory can only be mounted over one that is there. An empty one is made on the host,
/// as the user's, and taken away afterwards.
fn make_mount_point(up: &Up<'_>) -> Result<()> {
    let Some(directory) = static_directory(up.plan) else { return Ok(()) };
    if directory.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(&directory)
        .and_then(|()| {
            if rustix::process::geteuid().is_root() && !up.user.roots_project {
                std::os::unix::fs::chown(&directory, Some(up.user.uid), Some(up.user.gid))
            } else {
                Ok(())
            }
        })
        .map_err(|error| {
            Failure::new(Kind::Other, format!("cannot make {}, where static files are mounted", directory.display())).caused_by(&error)
        })
}

/// The directory of this machine that static files are mounted over, if that is in the project.
pub fn static_directory(plan: &Plan) -> Option<PathBuf> {
    let target = &plan.collect_static.as_ref().filter(|_| !plan.profile.is_baked())?.target;
    let inside = target.strip_prefix(layout::APP)?.strip_prefix('/')?;
    Some(plan.root.join(inside))
}

/// A container that this command made, and its view of root's project.
#[derive(Debug)]
pub struct Created {
    pub id: String,
    pub view: Option<PathBuf>,
}

/// How often a free port is looked for: somebody else may take it before the engine does.
const PORT_TRIES: u32 = 3;

/// Creates and starts the container. One that cannot start is removed again. Where any port will do, that of the
/// server which it replaces is tried first.
pub async fn create(
    engine: &Engine,
    wish: &container::Wish,
    up: &Up<'_>,
    mut former_port: Option<u16>,
    report: &dyn Report,
) -> Result<Created> {
    if wish.bind.is_some() {
        make_mount_point(up)?;
    }
    let mut wish = wish.clone();
    let view = match own_view(engine, &wish, up) {
        Ok(view) => view,
        Err(why) => {
            let root = up.plan.root.display();
            report.report(Event::Warning {
                text: format!("{root} belongs to root, and the server does not run as root: the application cannot write there ({why})"),
                hint: Some(format!("`chown -R 1000 {root}`, or work as an ordinary user")),
            });
            None
        }
    };
    let mut unused = UnusedView(view.clone());
    if let (Some(view), Some((source, _))) = (&view, &mut wish.bind) {
        *source = view.to_string_lossy().into_owned();
        wish.labels.push((label::VIEW.into(), source.clone()));
    }
    let any_port = wish.publish.as_ref().is_some_and(|(_, port)| *port == 0) && engine.is_local() && wish.joins.is_none();
    let mut tries = if any_port { PORT_TRIES } else { 1 };
    let started = loop {
        tries -= 1;
        if any_port && let Some((address, port)) = &mut wish.publish {
            // Chosen here and not by the engine, which would choose another at each restart.
            *port = former_port.take().map_or_else(|| free_port(address), Some).unwrap_or(0);
        }
        match create_and_start(engine, &wish).await {
            Err(failure) if failure.kind == Kind::PortTaken && tries > 0 => {}
            other => break other,
        }
    };
    let started = match started {
        Ok(id) if upload::is_wanted(up.plan) => upload::upload(engine, &id, up.plan).await.map(|()| id),
        started => started,
    };
    match started {
        Ok(id) => {
            unused.0 = None;
            Ok(Created { id, view })
        }
        Err(failure) => {
            tidy(engine, &wish.name, view.as_deref(), static_directory(up.plan).as_deref()).await;
            Err(failure)
        }
    }
}

fn free_port(address: &str) -> Option<u16> {
    let listener = std::net::TcpListener::bind((address, 0)).ok()?;
    Some(listener.local_addr().ok()?.port())
}

/// A view goes with the attempt that it was made for: whoever gives that up half-way knows of none.
struct UnusedView(Option<PathBuf>);

impl Drop for UnusedView {
    fn drop(&mut self) {
        self.0.iter().for_each(|view| ownership::unmount(view));
    }
}

async fn create_and_start(engine: &Engine, wish: &container::Wish) -> Result<String> {
    let id = engine.create(wish).await?;
    if let Err(failure) = engine.start(&id, wish).await {
        engine.remove(&id).await?;
        return Err(failure);
    }
    Ok(id)
}

/// Root's project is mounted as the server's own.
fn own_view(engine: &Engine, wish: &container::Wish, up: &Up<'_>) -> std::io::Result<Option<PathBuf>> {
    if !up.user.roots_project || wish.bind.is_none() {
        return Ok(None);
    }
    if !engine.is_local() {
        return Err(std::io::Error::other("the engine is on another machine"));
    }
    let place = ownership::place(engine, &wish.name);
    ownership::mount(&up.plan.root, &place, up.user.uid, up.user.gid)?;
    Ok(Some(place))
}
