//! From the command line to a settled plan: what `up`, `build`, `config` and others have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::flags::ServerFlags;
use crate::config::{self, Config, Sources};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::indexes::{self, Indexes};
use crate::plan::{Plan, Profile, ServicesMode, left_out, lock, settle};
use crate::project::contents::{Contents, Purpose, Selection, survey};
use crate::project::{self, ComposeEnvironment, Django, Environment, Framework, StaticRoot, Wanted, Writes};
use crate::session::image::{BuildSecrets, How};
use crate::units::{Callable, EntryPoint, Origin, Secret, Sourced, files, layout};

/// Everything that is known before an engine is asked.
#[derive(Debug)]
pub struct Settled {
    pub plan: Plan,
    /// The application's environment. Only the engine may see the values.
    pub secrets: Vec<(String, Secret)>,
    /// The project's files that hold such values.
    pub environment_files: Vec<String>,
    /// Those of them that `env-file` names, or the usual one.
    pub env_files: Vec<String>,
    /// What commands of a build see, and no image has.
    pub build_secrets: BuildSecrets,
    /// The project's files with credentials in them.
    pub credential_files: Vec<String>,
    /// Names that are to be passed on from an environment which has none of them.
    pub absent: Vec<Sourced<String>>,
    /// The CA bundle for builds: `image.build-ca`, or `SSL_CERT_FILE`.
    pub build_ca: Option<PathBuf>,
    /// How requests are recorded and shown.
    pub record: config::Record,
    /// What the application was found to write into the project.
    pub writes: Writes,
    /// Why no image can be built that would serve.
    pub missing: Option<Failure>,
    /// Things the user should know about the project.
    pub remarks: Vec<String>,
}

impl Settled {
    /// What of the project goes into images.
    pub fn selection(&self) -> Selection {
        Selection {
            purpose: Purpose::Image,
            include: self.plan.image.include.as_ref().map(|include| include.value.clone()).unwrap_or_default(),
            // The first build writes the lock: what is built after it is the same.
            configuration: self.environment_files.iter().chain(&self.credential_files).cloned().chain([lock::FILE.to_owned()]).collect(),
        }
    }

    /// The same for those who only tell: that no image could be built is a remark.
    pub fn look_through(&mut self) {
        self.remarks.extend(self.missing.iter().map(|missing| format!("{}; {}", missing.message, missing.hints.join("; "))));
        if let Err(failure) = self.survey() {
            let why = failure.causes.last().map(|cause| format!(" ({cause})")).unwrap_or_default();
            let hint = failure.hints.first().map(|hint| format!("; {hint}")).unwrap_or_default();
            self.remarks.push(format!("{}{why}{hint}", failure.message));
        }
    }

    /// Looks through the whole project: what of it no image has is a difference where the project itself is run, and links that
    /// lead out of it are worth a remark, however deep they are.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn survey(&mut self) -> Result<Contents> {
        let contents = survey(&self.plan.root, &self.selection())?;
        if !self.plan.profile.is_baked() {
            let uploaded = self.plan.reload.as_ref().is_some_and(|reload| *reload.sync);
            self.plan.differences.extend(left_out(&contents, uploaded));
        }
        for (entry, target) in contents.leading_out() {
            let remark = project::link_remark(&entry.path, target);
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
        Ok(contents)
    }
}

impl Context<'_> {
    /// Reads the configuration and the project and settles the plan.
    pub fn settle(&self, flags: &ServerFlags, profile: Profile) -> Result<Settled> {
        let mut config = self.config(flags)?;
        if let Some(app) = &mut config.app {
            app.value = existing(&self.root, app)?;
        }
        let of_shell = |name| self.environment.get(name).filter(|value| !value.is_empty()).cloned();
        let wanted = Wanted {
            app: config.app.as_ref().map(|app| app.value.clone()),
            requirements: config.requirements.as_ref().map(|files| files.value.clone()),
            groups: config.groups.as_ref().map(|groups| groups.value.clone()).unwrap_or_default(),
            environment: self.decisive(&config),
            hooks: config.hooks.commands(),
            compose: ComposeEnvironment { project_name: of_shell(project::COMPOSE_PROJECT_NAME), file: of_shell(project::COMPOSE_FILE) },
            without_services: config.services.as_ref().is_some_and(|mode| mode.value == ServicesMode::Ignore),
        };
        let project = project::inspect(&self.root, &wanted)?;
        let (mut remarks, writes) = (project.remarks.clone(), project.writes.clone());
        remarks.extend(config.remarks.iter().cloned());
        let missing = project.missing.clone();
        are_directories(&self.root, config.writable.as_ref())?;
        let secrets: Vec<_> = config.env.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
        let build_env = config.build_env.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
        let absent = config.absent.clone();
        let record = config.record.clone();
        let env_files = config.env_file.as_ref().map(|files| files.value.clone()).unwrap_or_default();
        let environment_files = config::FILES.into_iter().map(String::from).chain(env_files.clone()).collect();
        let build_ca = match &config.image.build_ca {
            Some(file) => Some(self.root.join(&file.value)),
            None => self.environment.get("SSL_CERT_FILE").filter(|file| !file.is_empty()).map(PathBuf::from),
        };
        let kept_static = match project.framework.as_ref().map(|framework| &framework.value) {
            Some(Framework::Django(Django { static_root: StaticRoot::Inside(directory), kept_static: Some(place), .. })) => {
                Some(hides_static(directory, place))
            }
            _ => None,
        };
        let plan = settle(self.root.clone(), config, project, profile)?;
        remarks.extend(kept_static.filter(|_| plan.collect_static.is_some()));
        remarks.extend(plan.writable.iter().filter(|directory| profile.is_baked() && plan.holds_code(directory)).map(writes_code));
        let installed = plan.image.requirements.as_ref().map(|found| found.files()).unwrap_or_default();
        let texts: Vec<_> = installed.iter().filter_map(|path| files::read_text_inside(&self.root, Path::new(path)).ok()).collect();
        let Indexes { variables: indexes, netrc } = indexes::find(&self.environment, &texts);
        let build_secrets = BuildSecrets { env: secrets.clone(), build_env, indexes, netrc, machine: machine() };
        let credential_files = indexes::files_with_credentials(&self.root, &installed);
        remarks.extend(credential_files.iter().filter(|_| profile.is_baked()).map(|file| {
            format!(
                "{} has credentials in it, so it is left out of the image: better keep them in PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, UV_INDEX or ~/.netrc, which \
                 reach the build and no image",
                file.escape_debug()
            )
        }));
        Ok(Settled {
            plan,
            secrets,
            environment_files,
            env_files,
            build_secrets,
            credential_files,
            absent,
            build_ca,
            record,
            writes,
            missing,
            remarks,
        })
    }

    /// The application's environment, and what the shell says of which Flask application is meant. As Flask has it, that is over `.env`.
    fn decisive(&self, config: &Config) -> Environment {
        const FLASK_APP: &str = "FLASK_APP";
        let mut environment: Environment = config.env.iter().cloned().collect();
        let is_from_file = |origin: &Origin| match origin {
            Origin::File { path, .. } => {
                config.env_file.iter().flat_map(|files| &files.value).any(|file| path.as_path() == Path::new(file))
            }
            _ => false,
        };
        if let Some(value) = self.environment.get(FLASK_APP).filter(|value| !value.is_empty())
            && environment.get(FLASK_APP).is_none_or(|known| is_from_file(&known.origin))
        {
            environment.insert(FLASK_APP.into(), Sourced::new(Secret::new(value.as_str()), Origin::Env(FLASK_APP.into())));
        }
        environment
    }

    pub fn config(&self, flags: &ServerFlags) -> Result<Config> {
        let environment: &BTreeMap<String, String> = &self.environment;
        config::load(&Sources { root: &self.root, environment, flags: flags.given() })
    }

    /// Says what was remarkable about the project.
    pub fn remark(&self, settled: &Settled) {
        self.remark_news(settled, &mut Vec::new());
    }

    /// The same, but for what is `told`: it stays said until it holds no more.
    pub fn remark_news(&self, settled: &Settled, told: &mut Vec<String>) {
        for text in settled.remarks.iter().filter(|text| !told.contains(text)) {
            self.ui.report(Event::Warning { text: text.clone(), hint: None });
        }
        told.clone_from(&settled.remarks);
    }
}

/// A text that only this machine has, and no image.
fn machine() -> Option<Secret> {
    let read = |path| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    ["/etc/machine-id", "/var/lib/dbus/machine-id"].into_iter().find_map(read).map(Secret::new)
}

impl Settled {
    /// How images of it are built.
    pub fn how(&self) -> How {
        How {
            build_ca: self.build_ca.clone(),
            selection: self.selection(),
            secrets: self.build_secrets.clone(),
            missing: self.missing.clone(),
            ..How::default()
        }
    }

    /// A failure that may come from a value which was to be passed on and was not there.
    pub fn explain(&self, failure: Failure) -> Failure {
        let said = |name: &str| failure.hints.iter().chain(&failure.details).any(|text| text.contains(name));
        let missing: Vec<String> = self
            .absent
            .iter()
            .filter(|absent| said(absent))
            .map(|absent| {
                format!(
                    "{} passes {} on, but it is not set where this command was typed: `export {}=…`",
                    absent.origin, absent.value, absent.value
                )
            })
            .collect();
        missing.into_iter().fold(failure, Failure::hint)
    }
}

/// What is written to has to be a directory, so that a volume can take its place.
fn are_directories(root: &Path, writable: Option<&Sourced<Vec<String>>>) -> Result<()> {
    let Some(writable) = writable else { return Ok(()) };
    for name in writable.iter().filter(|name| !name.starts_with('/')) {
        let Ok(found) = root.join(name).symlink_metadata() else { continue };
        let (what, hint) = match found.file_type() {
            kind if kind.is_dir() => continue,
            kind if kind.is_symlink() => ("a symbolic link", "name the directory that it leads to"),
            _ => ("a file", "name the directory that it is in, and keep nothing else there"),
        };
        let failure =
            Failure::new(Kind::BadFile, format!("{}: `writable` names {}, which is {what}", writable.origin, name.escape_debug()));
        return Err(failure.hint(hint));
    }
    Ok(())
}

/// Where production has what is collected beside what the project has there, `parity up` has only the former.
fn hides_static(directory: &str, place: &str) -> String {
    format!(
        "STATIC_ROOT ({place}) is {directory}, where the project has files that git does not ignore: `parity up` serves what collectstatic \
         finds, and none of them. If they are what is deployed, write `static-files: false` and `url-alias: {{/static/: {directory}}}` to parity.yaml, \
         else have git ignore them",
        directory = directory.escape_debug()
    )
}

/// The warning for a directory in which the application's code is.
fn writes_code(directory: &Sourced<String>) -> String {
    format!(
        "`writable: [{}]` ({}) lets the application change its own code in production, and a volume that outlives a deployment keeps the old code: \
         keep data in a directory of its own, and name that",
        Plan::directory_name(directory).escape_debug(),
        directory.origin
    )
}

/// Checks that a script is there. `mysite.wsgi` without a callable may mean the module as well; the files decide.
fn existing(root: &Path, app: &Sourced<EntryPoint>) -> Result<EntryPoint> {
    let (path, callable) = match &app.value {
        EntryPoint::Script { path, callable } => (path, callable),
        // A path of this machine, or of the project as it is in the container.
        EntryPoint::Installed { path, callable } if path.starts_with('/') => {
            let in_container = Path::new(path).strip_prefix(layout::APP);
            let Ok(inside) = Path::new(path).strip_prefix(root).or(in_container) else { return Ok(app.value.clone()) };
            return existing(root, &Sourced::new(script(inside, callable), app.origin.clone()));
        }
        EntryPoint::Installed { .. } | EntryPoint::Module { .. } => return Ok(app.value.clone()),
    };
    if root.join(path).is_file() {
        return Ok(app.value.clone());
    }
    if let Some(module) = path.strip_suffix(".wsgi").filter(|module| root.join(module.replace('.', "/")).join("wsgi.py").is_file()) {
        return Ok(EntryPoint::Module { module: format!("{module}.wsgi"), callable: callable.clone() });
    }
    Err(Failure::new(Kind::Project, format!("there is no file {path} in {}", root.display()))
        .cause(format!("`app` names it ({})", app.origin))
        .hint("write a path inside the project, a module (`app: mysite.wsgi:application`), or a distribution's file (`app: dist:package/file.wsgi`)"))
}

fn script(path: &Path, callable: &Callable) -> EntryPoint {
    EntryPoint::Script { path: path.to_string_lossy().into_owned(), callable: callable.clone() }
}
