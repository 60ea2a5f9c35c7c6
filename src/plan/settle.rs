//! Config and project become a plan. Pure: the same input gives the same plan.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use super::debugging;
use super::writable;
use super::{
    Alias, Base, CollectStatic, Health, ImagePlan, OnError, Plan, Profile, Record, Reload, ServicesMode, Suite, WritableContent,
    differences, lends_network,
};
use crate::config::{self, Config, Server};
use crate::error::{Failure, Kind, Result};
use crate::project::{Django, Framework, Project, PythonRequest, StaticRoot};
use crate::units::{Callable, EntryPoint, Origin, Sourced, layout};

/// The version of mod_wsgi that images get unless something else is asked for.
pub const MOD_WSGI: &str = "6.1.1";
/// The oldest Python, 3.N, that this version can be built for.
const OLDEST: u32 = 10;
/// Pythons that Debian has not, and the registry's images of Python have, the first preferred.
const FROM_REGISTRY: [&str; 3] = ["3.14", "3.12", "3.10"];
/// Seconds to wait for the first answer, unless something else is asked for.
pub const TIMEOUT: u32 = 60;
/// What is known of the Python of an image that was named.
pub const BASES_OWN: &str = "the base's own";
/// Seconds that a hook may take: a migration of a large database does.
pub const HOOK_TIMEOUT: u32 = 600;
/// For whoever goes back to a commit or a branch with other requirements.
const KEEP_IMAGES: u32 = 3;

/// Settles everything that a run of the project needs.
///
/// # Errors
/// `Kind::Project` without exactly one entry point, `Kind::BadFile` where settings contradict each other.
pub fn settle(root: PathBuf, config: Config, project: Project, profile: Profile) -> Result<Plan> {
    let app = match config.app.clone() {
        Some(app) => app,
        None => project.choose()?,
    };
    let app = app.map(|app| with_callable(app, &config.server.callable_object));
    let (base, python) = base_and_python(&config, project.python.as_ref())?;
    let working_directory = working_directory(&config, project.framework.as_ref());
    let python_path = python_path(&config, &project);
    let collect_static = collect_static(&config, project.framework.as_ref());
    let aliases = aliases(&config, &project, collect_static.as_ref());
    let name = name_of(&root);
    let health = health(&config, project.framework.as_ref());
    let reload = reload(profile, config.reload);
    let record = record(profile, &config.record)?;
    let lends = lends_network(reload.as_ref(), config.network.as_ref());
    let writable = config.writable.as_ref().map(writable::directories).unwrap_or_default();
    let (server, mut contract) = (config.server, Vec::new());
    contract.extend(contract_of(&server, reload.as_ref()));
    let collected = collect_static.as_ref().map(|collect| collect.target.as_str());
    let (server, differences) = match profile {
        Profile::Production | Profile::Release => (server, Vec::new()),
        Profile::Up => {
            let differences = differences::up(&server, collected, reload.as_ref(), lends, debugging::UNUSED);
            (server, differences)
        }
        Profile::Debug(debug) => {
            contract.extend(debugging::contract(debug));
            let patient = debugging::server(&server);
            let mut differences = differences::up(&patient, collected, reload.as_ref(), lends, debugging::debugger(debug));
            differences.extend(debugging::differences(&server, &patient));
            (patient, differences)
        }
        Profile::Profiler => {
            let published = published_anywhere(server, profile);
            let differences = differences::profiler(&published, collected);
            (published, differences)
        }
        Profile::Smoke => {
            let published = published_anywhere(server, profile);
            let differences = differences::smoke(&published);
            (published, differences)
        }
        Profile::Coverage => {
            let published = published_anywhere(server, profile);
            let differences = differences::coverage(&published);
            (published, differences)
        }
    };
    let mut differences = differences;
    if !config.hooks.release.is_empty() {
        differences.extend(differences::release(profile));
    }
    let mut plan = Plan {
        profile,
        name,
        root,
        app,
        framework: project.framework,
        image: ImagePlan {
            base,
            python,
            mod_wsgi: config.image.mod_wsgi.unwrap_or_else(|| Sourced::default(MOD_WSGI.into())),
            requirements: project.requirements.map(|found| match &config.requirements {
                Some(said) => Sourced::new(found.value, said.origin.clone()),
                None => found,
            }),
            locals: project.locals,
            packages: config.image.packages,
            build_packages: config.image.build_packages,
            build_hooks: config.hooks.build,
            include: config.include,
            repository: config.image.repository,
        },
        server,
        aliases,
        collect_static,
        release_hooks: config.hooks.release,
        start_hooks: config.hooks.start,
        working_directory,
        python_path,
        env_names: names(config.env),
        build_env_names: names(config.build_env),
        contract,
        writable,
        writable_content: config.writable_content.unwrap_or_else(|| Sourced::default(WritableContent::default())),
        network: config.network,
        services: project.services,
        services_mode: config.services.unwrap_or_else(|| Sourced::default(ServicesMode::default())),
        joined: Vec::new(),
        request_log: (profile == Profile::Up).then(|| config.request_log.unwrap_or_else(|| Sourced::default(true))),
        hook_timeout: config.hook_timeout.unwrap_or_else(|| Sourced::default(HOOK_TIMEOUT)),
        keep_images: config.keep_images.unwrap_or_else(|| Sourced::default(KEEP_IMAGES)),
        health,
        timeout: config.timeout.unwrap_or_else(|| Sourced::default(TIMEOUT)),
        reload,
        record,
        differences,
    };
    plan.differences.extend(differences::requests(&plan));
    plan.differences.extend(differences::packages(&plan));
    plan.differences.extend(differences::services(&plan));
    plan.differences.extend(differences::writing(&plan));
    plan.differences.extend(differences::recording(&plan));
    Ok(plan)
}

/// The front page, unless something else is asked for, by a name that the server and the application answer to.
fn health(config: &Config, framework: Option<&Sourced<Framework>>) -> Health {
    let front = format!("{}/", config.server.mount_point.trim_end_matches('/'));
    let path = config.health_check.clone().unwrap_or_else(|| Sourced::new(front, config.server.mount_point.origin.clone()));
    let host = match (&config.server.server_name.value, framework) {
        (Some(name), _) => Sourced::new(name.clone(), config.server.server_name.origin.clone()),
        (None, Some(Sourced { value: Framework::Django(Django { allowed_host: Some(host), .. }), origin })) => {
            Sourced::new(host.clone(), origin.clone())
        }
        (None, _) => Sourced::default("localhost".into()),
    };
    Health { path, host }
}

fn names<T>(env: Vec<(String, Sourced<T>)>) -> Vec<Sourced<String>> {
    env.into_iter().map(|(name, value)| Sourced::new(name, value.origin)).collect()
}

/// The server on any free port that nobody else can reach, unless the command line says which.
fn published_anywhere(mut server: Server, profile: Profile) -> Server {
    let origin = Origin::Command(profile.name().into());
    if !matches!(server.port.origin, Origin::Flag(_)) {
        server.port = Sourced::new(0, origin.clone());
    }
    if !matches!(server.host.origin, Origin::Flag(_)) {
        server.host = Sourced::new("127.0.0.1".into(), origin);
    }
    server
}

fn reload(profile: Profile, said: config::Reload) -> Option<Reload> {
    let or = |said: Option<Sourced<bool>>, default| said.unwrap_or_else(|| Sourced::default(default));
    let on_changes = said.on_changes.filter(|said| said.value && matches!(profile, Profile::Up | Profile::Debug(_)))?;
    let standby = or(said.standby, true);
    // There is nothing to preload into without processes that stand ready.
    let preload = if standby.value { or(said.preload, true) } else { standby.clone() };
    Some(Reload {
        origin: on_changes.origin,
        watch: said.watch,
        on_error: said.on_error.unwrap_or_else(|| Sourced::default(OnError::default())),
        standby,
        preload,
        sync: or(said.sync, false),
        polling: or(said.watch_polling, false),
    })
}

fn record(profile: Profile, said: &config::Record) -> Result<Option<Record>> {
    let Some(on) = said.on.clone().filter(|said| said.value) else { return Ok(None) };
    match &on.origin {
        // Each check is one of its requests: whoever wants them says so.
        Origin::Flag(_) if profile == Profile::Smoke => Ok(Some(Record { origin: on.origin, extent: said.extent() })),
        Origin::Flag(flag) if profile.is_baked() || profile == Profile::Profiler => {
            Err(Failure::new(Kind::Usage, format!("{flag} does not go with this command"))
                .cause("its server is run as production runs it, and records nothing")
                .hint("`parity up --record`, `parity debug --record` and `parity smoke --record` record requests"))
        }
        _ if profile.is_baked() || profile == Profile::Profiler => Ok(None),
        _ => Ok(Some(Record { origin: on.origin, extent: said.extent() })),
    }
}

/// The directory's name in the characters that every engine allows: lower case letters, digits and `-`.
pub fn name_of(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    let name: String = name.chars().take(40).collect();
    if name.is_empty() { "project".into() } else { name }
}

fn base_and_python(config: &Config, wanted: Option<&Sourced<PythonRequest>>) -> Result<(Sourced<Base>, Sourced<String>)> {
    let wanted = config.python.clone().map(|python| python.map(PythonRequest::Version)).or_else(|| wanted.cloned());
    if let Some(base) = &config.image.base {
        let parsed = parse_base(base);
        let python = match (&parsed, &wanted) {
            (Base::Debian { suite }, Some(wanted)) if !accepts(&wanted.value, suite.python()) => {
                return Err(Failure::new(
                    Kind::BadFile,
                    format!("{} has Python {}, but {} asks for {}", base.value, suite.python(), wanted.origin, words(&wanted.value)),
                )
                .hint("remove `image.base`, and parity takes a base that has this Python"));
            }
            (Base::Debian { suite }, _) => Sourced::new(suite.python().into(), base.origin.clone()),
            (Base::Reference(_), _) => Sourced::new(BASES_OWN.into(), base.origin.clone()),
        };
        return Ok((base.clone().map(|_| parsed), python));
    }
    let Some(wanted) = wanted else {
        return Ok((Sourced::default(Base::Debian { suite: Suite::Trixie }), Sourced::default(Suite::Trixie.python().into())));
    };
    let origin = wanted.origin.clone();
    for suite in [Suite::Trixie, Suite::Bookworm] {
        if accepts(&wanted.value, suite.python()) {
            return Ok((Sourced::new(Base::Debian { suite }, origin.clone()), Sourced::new(suite.python().into(), origin)));
        }
    }
    let minor = match &wanted.value {
        PythonRequest::Version(version) => Some(minor_of(version)),
        range @ PythonRequest::Range(_) => FROM_REGISTRY.into_iter().find(|version| accepts(range, version)).map(String::from),
    };
    let Some(version) = minor else {
        let failure = Failure::new(Kind::BadFile, format!("no Python that parity knows satisfies {} ({origin})", words(&wanted.value)));
        let failure = failure.hint("or name an image that has it: `image: {base: \"python:3.15-slim\"}`");
        return Err(with_pythons(failure, ""));
    };
    // An older mod_wsgi that is asked for may know it.
    if config.image.mod_wsgi.is_none() && number_of(&version) < OLDEST {
        let failure =
            Failure::new(Kind::BadFile, format!("Python {version} is older than mod_wsgi {MOD_WSGI} can use: it needs 3.{OLDEST}"));
        return Err(with_pythons(failure.cause(format!("`python` is {version} ({origin})")), &version));
    }
    let reference = format!("python:{version}-slim-trixie");
    Ok((Sourced::new(Base::Reference(reference), origin.clone()), Sourced::new(version, origin)))
}

/// `3.12` of `3.12.4`. Images for each patch are made for the Debian of their day alone.
fn minor_of(version: &str) -> String {
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// 12 of `3.12`.
fn number_of(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

/// A failure to get a Python, with those that can be had, and the line to write.
pub fn with_pythons(failure: Failure, version: &str) -> Failure {
    let [trixie, bookworm] = [Suite::Trixie, Suite::Bookworm].map(Suite::python);
    // Code for an older Python has the best chance with the older one.
    let nearest = if (1..=number_of(bookworm)).contains(&number_of(version)) { bookworm } else { trixie };
    let mut failure = failure;
    failure.hints.insert(0, format!("write `python: \"{nearest}\"` in parity.yaml"));
    failure.hint(format!(
        "Debian's own Pythons, {trixie} (trixie) and {bookworm} (bookworm), need no registry; from a registry there are {} as `python:3.N-slim-trixie`",
        FROM_REGISTRY.join(", ")
    ))
}

/// `debian:trixie` and its slim variant are Debian itself, which parity can also make without a registry.
fn parse_base(reference: &str) -> Base {
    match reference {
        "debian:trixie" | "debian:trixie-slim" | "debian:13" | "debian:13-slim" => Base::Debian { suite: Suite::Trixie },
        "debian:bookworm" | "debian:bookworm-slim" | "debian:12" | "debian:12-slim" => Base::Debian { suite: Suite::Bookworm },
        other => Base::Reference(other.into()),
    }
}

/// Does a Python `3.N` answer to a request? A patch number that is asked for is not held against it:
/// distributions fix within a minor version.
fn accepts(request: &PythonRequest, minor: &str) -> bool {
    match request {
        PythonRequest::Version(version) => version == minor || version.strip_prefix(minor).is_some_and(|rest| rest.starts_with('.')),
        PythonRequest::Range(range) => {
            let (Ok(range), Ok(version)) = (VersionSpecifiers::from_str(range), Version::from_str(&format!("{minor}.2"))) else {
                return false;
            };
            range.contains(&version)
        }
    }
}

fn words(request: &PythonRequest) -> String {
    match request {
        PythonRequest::Version(version) => format!("Python {version}"),
        PythonRequest::Range(range) => format!("Python {range}"),
    }
}

fn working_directory(config: &Config, framework: Option<&Sourced<Framework>>) -> Sourced<String> {
    if let Some(directory) = &config.server.working_directory.value {
        return Sourced::new(inside(directory), config.server.working_directory.origin.clone());
    }
    if let Some(Sourced { value: Framework::Django(Django { manage_py, .. }), .. }) = framework
        && let Some((directory, _)) = manage_py.rsplit_once('/')
    {
        return Sourced::detected(inside(directory), manage_py.clone());
    }
    Sourced::default(layout::APP.into())
}

fn python_path(config: &Config, project: &Project) -> Vec<Sourced<String>> {
    let mut path: Vec<Sourced<String>> = Vec::new();
    let said = &config.server.python_path;
    let given = said.value.iter().flatten().map(|directory| Sourced::new(inside(directory), said.origin.clone()));
    let found = project.python_path.iter().cloned().map(|directory| directory.map(|d| inside(&d)));
    for directory in given.chain(found).chain([Sourced::default(layout::APP.into())]) {
        if !path.iter().any(|have| have.value == directory.value) {
            path.push(directory);
        }
    }
    path
}

/// A path of the project as it is in the container. Absolute paths are the container's own.
fn inside(path: &str) -> String {
    let path = path.trim_end_matches('/');
    if path.starts_with('/') {
        return path.into();
    }
    match path.trim_start_matches("./") {
        "" | "." => layout::APP.into(),
        path => format!("{}/{path}", layout::APP),
    }
}

fn collect_static(config: &Config, framework: Option<&Sourced<Framework>>) -> Option<Sourced<CollectStatic>> {
    if config.static_files.as_ref().is_some_and(|flag| !flag.value) {
        return None;
    }
    let Sourced { value: Framework::Django(django), origin } = framework? else { return None };
    if !django.staticfiles || url_path(django.static_url.as_deref()?).is_none() {
        return None;
    }
    let (target, override_root) = match &django.static_root {
        StaticRoot::Inside(directory) => (inside(directory), false),
        StaticRoot::Outside(directory) => (directory.clone(), false),
        StaticRoot::Unset | StaticRoot::Unknown => (layout::STATIC.into(), true),
    };
    let collect =
        CollectStatic { manage_py: inside(&django.manage_py), settings_module: django.settings_module.clone(), target, override_root };
    Some(Sourced::new(collect, origin.clone()))
}

/// `STATIC_URL` as a path with both slashes; `None` for a URL on another host.
fn url_path(url: &str) -> Option<String> {
    if url.contains("://") || url.starts_with("//") {
        return None;
    }
    let path = url.trim_matches('/');
    if path.is_empty() { None } else { Some(format!("/{path}/")) }
}

fn aliases(config: &Config, project: &Project, collect: Option<&Sourced<CollectStatic>>) -> Vec<Sourced<Alias>> {
    let said = &config.server.url_alias;
    let mut aliases: Vec<Sourced<Alias>> =
        said.value.iter().map(|(url, path)| Sourced::new(Alias { url: url.clone(), path: inside(path) }, said.origin.clone())).collect();
    if config.static_files.as_ref().is_some_and(|flag| !flag.value) {
        return aliases;
    }
    let mut add = |alias: Sourced<Alias>| {
        if !aliases.iter().any(|have| have.url.trim_matches('/') == alias.url.trim_matches('/')) {
            aliases.push(alias);
        }
    };
    if let (Some(collect), Some(Sourced { value: Framework::Django(django), .. })) = (collect, &project.framework)
        && let Some(url) = django.static_url.as_deref().and_then(url_path)
    {
        add(Sourced::new(Alias { url, path: collect.target.clone() }, collect.origin.clone()));
    }
    for found in &project.statics {
        add(found.clone().map(|found| Alias { url: found.url, path: inside(&found.directory) }));
    }
    aliases
}

/// The environment that mod_wsgi-express promises to applications, and what both they and commands in the container have.
fn contract_of(server: &Server, reload: Option<&Reload>) -> Vec<(String, String)> {
    let mut contract = vec![
        ("MOD_WSGI_EXPRESS".into(), "true".into()),
        ("MOD_WSGI_SERVER_NAME".into(), server.server_name.value.clone().unwrap_or_default()),
        ("MOD_WSGI_SERVER_ALIASES".into(), server.server_alias.value.join(" ")),
    ];
    if reload.is_some() {
        contract.push(("MOD_WSGI_RELOADER_ENABLED".into(), "true".into()));
    }
    // What a process has, and a command that is run in the container.
    contract.push(("HOME".into(), layout::HOME.into()));
    contract.extend(["LANG", "LC_ALL"].map(|name| (name.to_owned(), server.locale.value.clone())));
    contract
}

/// The entry point that a script's `callable-object` setting completes.
fn with_callable(app: EntryPoint, callable: &Sourced<String>) -> EntryPoint {
    match app {
        EntryPoint::Script { path, callable: Callable::Object(name) } if name == "application" && callable.origin != Origin::Default => {
            EntryPoint::Script { path, callable: Callable::Object(callable.value.clone()) }
        }
        EntryPoint::Installed { path, callable: Callable::Object(name) } if name == "application" && callable.origin != Origin::Default => {
            EntryPoint::Installed { path, callable: Callable::Object(callable.value.clone()) }
        }
        app => app,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(asked: Option<PythonRequest>, mod_wsgi: Option<&str>) -> Result<String> {
        let mut config = Config::default();
        config.image.mod_wsgi = mod_wsgi.map(|version| Sourced::default(version.to_owned()));
        let asked = asked.map(|request| Sourced::detected(request, "runtime.txt:1"));
        base_and_python(&config, asked.as_ref()).map(|(base, python)| format!("{} {}", base.value.name(), python.value))
    }

    #[test]
    fn the_base_has_the_python_that_is_asked_for() {
        let version = |text: &str| Some(PythonRequest::Version(text.into()));
        let range = |text: &str| Some(PythonRequest::Range(text.into()));
        for (asked, expected) in [
            (None, "debian:trixie 3.13"),
            (version("3.11.4"), "debian:bookworm 3.11"),
            (range(">=3.10"), "debian:trixie 3.13"),
            (range(">=3.10,<3.13"), "debian:bookworm 3.11"),
            (range("==3.12.*"), "python:3.12-slim-trixie 3.12"),
            // No image is made for a patch of its day and the Debian of ours.
            (version("3.10.2"), "python:3.10-slim-trixie 3.10"),
            (version("3.12"), "python:3.12-slim-trixie 3.12"),
        ] {
            assert_eq!(base(asked, None).unwrap(), expected);
        }
        assert_eq!(base(version("3.9.1"), Some("5.0.2")).unwrap(), "python:3.9-slim-trixie 3.9");
    }

    #[test]
    fn a_python_that_none_has_is_told_with_those_that_there_are() {
        let failure = base(Some(PythonRequest::Version("3.8.10".into())), None).unwrap_err();
        assert_eq!(failure.message, "Python 3.8 is older than mod_wsgi 6.1.1 can use: it needs 3.10");
        assert_eq!(failure.causes, ["`python` is 3.8 (detected from runtime.txt:1)"]);
        assert_eq!(failure.hints[0], "write `python: \"3.11\"` in parity.yaml");
        assert!(failure.hints[1].contains("3.13 (trixie) and 3.11 (bookworm)"), "{:?}", failure.hints);
        let failure = base(Some(PythonRequest::Range("<3.10".into())), None).unwrap_err();
        assert_eq!(failure.hints[0], "write `python: \"3.13\"` in parity.yaml");
    }
}
