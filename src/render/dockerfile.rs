//! The Dockerfile and everything else that an image is built from, except the project itself.

use serde::Serialize;

use super::packages::{self, PREFIX, Packages};
use super::quote::{EnvValue, RunCommand, ShellWord, refuse};
use super::requirements::{self, Install};
use super::{PORT, coverage, profile_files, start, template};
use crate::error::Result;
use crate::plan::{Base, BuildHook, CollectStatic, HOOK_TIMEOUT, Plan, Profile};
use crate::project::{LocalPackage, Needs};
use crate::units::{Sourced, layout};
use secrets::Delivery;

pub mod secrets;
mod writable;

/// The stage that `parity up` runs.
pub const RUNTIME: &str = "runtime";
/// The stage that is deployed. It needs the project's files below `app/` in the build context.
pub const PRODUCTION: &str = "production";

/// The stage with a debugger of the user's choice.
pub const DEBUGGER: &str = "debugger";

/// The stage that is deployed, with coverage.py.
pub const COVERAGE: &str = "coverage";
/// The version whose ways [`crate::runtime`] knows.
pub const COVERAGE_PY: &str = "coverage==7.17.5";

/// What a build needs that the plan does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The base image as it was settled: `debian@sha256:…`, `parity/base:…`.
    pub base: String,
    /// A CA bundle for the network of this build. Only commands that load something see it, and no layer holds it.
    pub build_ca: Option<Vec<u8>>,
    /// A debugger's package for [`DEBUGGER`]; without one there is no such stage.
    pub debugger: Option<String>,
    /// Is there a stage [`COVERAGE`]?
    pub coverage: bool,
    /// The project's requirement files, by their paths relative to the project.
    pub requirement_files: Vec<(String, Vec<u8>)>,
    /// How secrets reach the build.
    pub delivery: Delivery,
    /// What stands for their values where a changed one must run commands again.
    pub keys: Keys,
    /// A digest of the files that each build hook sees.
    pub hook_files: Vec<String>,
    /// What the metadata of the project's own packages is made from, by paths relative to the project.
    pub packages: Vec<(String, Vec<u8>)>,
    /// The same of those packages alone whose build says what they need.
    pub built: Vec<(String, Vec<u8>)>,
    /// Versions that come from version control, by the packages' directories.
    pub versions: Vec<(String, String)>,
}

/// Digests that tell values apart and do not tell them: nobody can compute them who has only the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Of what build hooks run again for: `build-env`.
    pub hooks: String,
    /// Of all that is in the environment of the build.
    pub environment: String,
}

/// pip, uv and what is built on requests each look elsewhere for it.
const CA_ENVIRONMENT: &str = "; ca=/etc/ssl/certs/ca-certificates.crt; export PIP_CERT=$ca SSL_CERT_FILE=$ca REQUESTS_CA_BUNDLE=$ca";

#[derive(Debug, Serialize)]
struct View<'a> {
    port: u16,
    base: String,
    runtime_packages: String,
    packages: String,
    builder_packages: &'static str,
    build_packages: String,
    python: &'static str,
    mod_wsgi: String,
    mounts: String,
    /// What a command that installs packages does first.
    prepare: String,
    tools: String,
    install: Vec<String>,
    has_files: bool,
    /// Builds of the project's own packages say what those need.
    asks_builds: bool,
    own: Option<Packages>,
    prefix: &'static str,
    /// Makes the virtual environment the same for the same packages.
    tidy: String,
    build_hooks: Vec<String>,
    production: bool,
    /// Gives directories of the project to the server's user, with all that is in them.
    give_away: Option<writable::GivenAway>,
    make_ready: RunCommand,
    environment: Vec<(&'a str, EnvValue)>,
    volumes: Option<String>,
    debugger: Option<String>,
    coverage: Option<Measuring>,
    collect_static: Option<String>,
    fixed_time: u64,
    /// What tells whether the server is well.
    health: RunCommand,
    /// Seconds from a container's start, hooks included, in which it need not be.
    health_start: u32,
}

/// What measures, and where.
#[derive(Debug, Serialize)]
struct Measuring {
    package: &'static str,
    tool: &'static str,
    data: &'static str,
    /// A tree with the file that has Python programs measured which the application starts, and that file's text.
    site: &'static str,
    hook: &'static str,
}

/// The Dockerfile. The stages up to [`RUNTIME`] are the same for every profile.
///
/// # Errors
/// A value that cannot be written into a Dockerfile, with the name of its setting.
pub fn render(plan: &Plan, options: &Options) -> Result<String> {
    let image = &plan.image;
    let Install { tools, commands, files } = requirements::install(image)?;
    let own = packages::packages(plan, options)?;
    let production = plan.profile == Profile::Production;
    let debian = match &image.base.value {
        Base::Debian { suite } => Some(suite.python()),
        Base::Reference(_) => None,
    };
    template::render(
        "Dockerfile",
        &View {
            port: PORT,
            base: reference(&options.base)?,
            runtime_packages: runtime_packages(debian),
            packages: packages("image.packages", image.packages.as_ref().map(|given| given.value.as_slice()))?,
            builder_packages: match debian {
                Some(_) => "gcc libapr1-dev libaprutil1-dev libc6-dev libpython3-dev make python3-venv",
                None => "gcc libapr1-dev libaprutil1-dev libc6-dev make",
            },
            build_packages: packages("image.build-packages", image.build_packages.as_ref().map(|given| given.value.as_slice()))?,
            // An image with a Python of its own has it before Debian's on its PATH.
            python: if debian.is_some() { "/usr/bin/python3" } else { "python3" },
            mod_wsgi: version("image.mod-wsgi", &image.mod_wsgi)?,
            mounts: mounts(options),
            prepare: format!(
                "{}; export PIP_NO_INPUT=1; {}",
                if options.build_ca.is_some() { CA_ENVIRONMENT } else { "" },
                secrets::read(secrets::INDEXES)
            ),
            tools: tools.join(" "),
            install: commands,
            has_files: !options.requirement_files.is_empty() || !files.is_empty(),
            asks_builds: image.locals.packages.iter().any(|package| matches!(package.needs, Needs::Built { .. })),
            own,
            prefix: PREFIX,
            tidy: packages::tidy(packages::VENV),
            build_hooks: image.build_hooks.iter().enumerate().map(|(at, hook)| build_hook(at, hook, options)).collect::<Result<_>>()?,
            production,
            give_away: writable::give_away(plan)?,
            make_ready: writable::make_ready(plan)?,
            environment: environment(plan)?,
            volumes: writable::volumes(plan)?,
            fixed_time: layout::FIXED_TIME,
            health: RunCommand::of_words(
                "health-check",
                &["/opt/venv/bin/python", "-IS", "/etc/parity/health.py", &PORT.to_string(), &plan.health.path, &plan.health.host],
            )?,
            health_start: health_start(plan),
            coverage: options.coverage.then_some(Measuring {
                package: COVERAGE_PY,
                tool: coverage::TOOL,
                data: coverage::DATA,
                site: coverage::SITE,
                hook: coverage::HOOK,
            }),
            debugger: options.debugger.as_deref().map(package).transpose()?,
            collect_static: plan
                .collect_static
                .as_ref()
                .filter(|_| production)
                .map(|collect| collect_static(plan, collect, options))
                .transpose()?,
        },
    )
}

/// The build context, by path, except the project's own files for [`PRODUCTION`].
///
/// # Errors
/// As [`render`], and for [`PRODUCTION`] as [`profile_files`].
pub fn context_files(plan: &Plan, options: &Options) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![
        ("Dockerfile".to_owned(), render(plan, options)?.into_bytes()),
        ("parity/entrypoint".to_owned(), include_bytes!("../../images/entrypoint.sh").to_vec()),
        ("parity/collectstatic.py".to_owned(), include_bytes!("../../images/collectstatic.py").to_vec()),
    ];
    if plan.image.locals.packages.iter().any(LocalPackage::is_compiled_in_part) {
        files.push(("parity/compiled.py".to_owned(), include_bytes!("../../images/compiled.py").to_vec()));
    }
    files.extend(
        [("hooks", &options.keys.hooks), ("environment", &options.keys.environment)]
            .map(|(name, key)| (format!("keys/{name}"), key.clone().into_bytes())),
    );
    if let Some(bundle) = &options.build_ca {
        files.push(("ca.crt".into(), bundle.clone()));
    }
    for (path, content) in &options.requirement_files {
        files.push((format!("requirements/{}", inside("requirements", path)?), content.clone()));
    }
    for (directory, project) in [("packages", &options.packages), ("built", &options.built)] {
        for (path, content) in project {
            files.push((format!("{directory}/{}", inside("requirements", path)?), content.clone()));
        }
    }
    let install = requirements::install(&plan.image)?;
    files.extend(install.files.into_iter().map(|(name, content)| (format!("requirements/{name}"), content.into_bytes())));
    if plan.profile == Profile::Production {
        files.extend(profile_files(plan)?.into_iter().map(|(name, content)| (format!("etc/{name}"), content.into_bytes())));
    }
    Ok(files)
}

fn inside<'a>(setting: &str, path: &'a str) -> Result<&'a str> {
    let outside = path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..");
    if outside { Err(refuse(setting, path, "is not a path inside the project")) } else { Ok(path) }
}

/// A `FROM` reference: no spaces, variables or flags in it.
fn reference(base: &str) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:/@".contains(c);
    if base.is_empty() || base.starts_with('-') || !base.chars().all(allowed) {
        return Err(refuse("image.base", base, "is not the name of an image"));
    }
    Ok(base.to_owned())
}

/// The name of a Python package, with a version if need be: `ipdb`, `debugpy==1.8.0`.
fn package(name: &str) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(allowed) {
        return Err(refuse("--debugger", name, "is not the name of a Python package"));
    }
    Ok(name.to_owned())
}

fn version(setting: &str, version: &str) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".+!-_".contains(c);
    if version.is_empty() || !version.chars().all(allowed) {
        return Err(refuse(setting, version, "is not a version"));
    }
    Ok(version.to_owned())
}

/// What Apache and Python need beyond the base; `debian` is the version of Debian's own Python, where that is used.
fn runtime_packages(debian: Option<&str>) -> String {
    let mut packages = "apache2-bin ca-certificates libnss-extrausers media-types tzdata".to_owned();
    if let Some(version) = debian {
        packages += &format!(" python3 libpython{version}");
        // Debian has this part of that Python's standard library in a package of its own.
        if version == "3.11" {
            packages += " python3-distutils";
        }
    }
    packages
}

/// Names of Debian packages, sorted: `libpq5`, `libpq5=15.3-0`, `libpq5/trixie-backports`.
fn packages(setting: &str, names: Option<&[String]>) -> Result<String> {
    let mut names = names.unwrap_or_default().to_vec();
    for name in &names {
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.:=~/".contains(c)) {
            return Err(refuse(setting, name, "is not the name of a Debian package"));
        }
    }
    names.sort();
    names.dedup();
    Ok(names.join(" "))
}

/// As long as everything before the first answer may take.
fn health_start(plan: &Plan) -> u32 {
    let or_long = |seconds: u32| if seconds == 0 { HOOK_TIMEOUT } else { seconds };
    let hooks = u32::try_from(plan.start_hooks.len()).unwrap_or(u32::MAX);
    or_long(*plan.server.startup_timeout).saturating_add(hooks.saturating_mul(or_long(*plan.hook_timeout))).min(LONGEST)
}

/// A day. Engines take no start period that is much longer.
const LONGEST: u32 = 86_400;

fn mounts(options: &Options) -> String {
    let cache = format!("--mount=type=cache,target=/root/.cache {}", options.delivery.indexes());
    match options.build_ca {
        Some(_) => format!("{cache} --mount=type=bind,source=ca.crt,target=/etc/ssl/certs/ca-certificates.crt"),
        None => cache,
    }
}

/// What each process of a deployed container has in its environment, whoever starts it: what settings ask for is the same there.
fn environment(plan: &Plan) -> Result<Vec<(&str, EnvValue)>> {
    plan.contract.iter().map(|(name, value)| Ok((name.as_str(), EnvValue::new(name, value)?))).collect()
}

/// Where the files are in the context that a build hook sees, if it sees some.
pub fn seen_by(at: usize, hook: &BuildHook) -> Option<String> {
    match &hook.reads {
        None => Some("app".into()),
        Some(reads) if reads.is_empty() => None,
        Some(_) => Some(format!("hooks/{at}")),
    }
}

/// A build hook: what it sees of the project is what it runs again for.
fn build_hook(at: usize, hook: &Sourced<BuildHook>, options: &Options) -> Result<String> {
    let project = seen_by(at, hook).map(|source| format!("--mount=type=bind,source={source},target=/app,rw ")).unwrap_or_default();
    let seen = options.hook_files.get(at).map_or("", String::as_str);
    of_project("hooks.build", &project, &hook.run, "hooks", &options.keys.hooks, seen, options)
}

/// A command of the project with the environment's values, which runs again when those do that `key` stands for.
fn of_project(setting: &str, mounts: &str, command: &str, key: &str, value: &str, seen: &str, options: &Options) -> Result<String> {
    // An engine without sessions does not look into what is mounted either.
    let seen = if options.delivery == Delivery::Context { format!("{seen}{value}") } else { seen.to_owned() };
    let command = RunCommand::prepared(setting, &secrets::read(secrets::ENVIRONMENT), command, &seen)?;
    Ok(format!("{mounts}{} {} {command}", options.delivery.environment(), secrets::key(key)))
}

/// The command that collects static files in the build, with the environment contract and the application's own variables.
fn collect_static(plan: &Plan, collect: &CollectStatic, options: &Options) -> Result<String> {
    const SETTING: &str = "collectstatic";
    let mut command = format!("cd {} && env", ShellWord::new(SETTING, &plan.working_directory)?);
    let is_own = |name: &str| plan.env_names.iter().chain(&plan.build_env_names).any(|own| own.value == name);
    for (name, value) in plan.contract.iter().filter(|(name, _)| !is_own(name)) {
        command += &format!(" {}", ShellWord::new(SETTING, &format!("{name}={value}"))?);
    }
    for word in start::collect_static(collect) {
        command += &format!(" {}", ShellWord::new(SETTING, &word)?);
    }
    // What settings leave in a cache is nobody's.
    of_project(SETTING, "--mount=type=tmpfs,target=/tmp ", &command, "environment", &options.keys.environment, "", options)
}

#[cfg(test)]
mod tests;
