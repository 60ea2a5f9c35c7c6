//! From the command line to a settled plan: what `up`, `build`, `config` and others have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::flags::ServerFlags;
use crate::config::{self, Config, Sources};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{Plan, Profile, settle};
use crate::project::{self, Wanted, Writes};
use crate::units::{EntryPoint, Secret, Sourced};

/// Everything that is known before an engine is asked.
#[derive(Debug)]
pub struct Settled {
    pub plan: Plan,
    /// The application's environment. Only the engine may see the values.
    pub secrets: Vec<(String, Secret)>,
    /// The project's files that hold such values.
    pub environment_files: Vec<String>,
    /// The CA bundle for builds: `image.build-ca`, or `SSL_CERT_FILE`.
    pub build_ca: Option<PathBuf>,
    /// What the application was found to write into the project.
    pub writes: Writes,
    /// Things the user should know about the project.
    pub remarks: Vec<String>,
}

impl Context<'_> {
    /// Reads the configuration and the project and settles the plan.
    pub fn settle(&self, flags: &ServerFlags, profile: Profile) -> Result<Settled> {
        let mut config = self.config(flags)?;
        if let Some(app) = &mut config.app {
            app.value = existing(&self.root, app)?;
        }
        let wanted = Wanted {
            app: config.app.as_ref().map(|app| app.value.clone()),
            requirements: config.requirements.as_ref().map(|files| files.value.clone()),
            groups: config.groups.as_ref().map(|groups| groups.value.clone()).unwrap_or_default(),
        };
        let project = project::inspect(&self.root, &wanted)?;
        let (mut remarks, writes) = (project.remarks.clone(), project.writes.clone());
        are_directories(&self.root, config.writable.as_ref())?;
        let secrets = config.env.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
        let env_files = config.env_file.iter().flat_map(|files| &files.value);
        let environment_files = config::FILES.into_iter().chain(env_files.map(String::as_str)).map(String::from).collect();
        let build_ca = match &config.image.build_ca {
            Some(file) => Some(self.root.join(&file.value)),
            None => self.environment.get("SSL_CERT_FILE").filter(|file| !file.is_empty()).map(PathBuf::from),
        };
        let plan = settle(self.root.clone(), config, project, profile)?;
        remarks.extend(plan.writable.iter().filter(|directory| profile.is_baked() && plan.holds_code(directory)).map(writes_code));
        Ok(Settled { plan, secrets, environment_files, build_ca, writes, remarks })
    }

    pub fn config(&self, flags: &ServerFlags) -> Result<Config> {
        let environment: &BTreeMap<String, String> = &self.environment;
        config::load(&Sources { root: &self.root, environment, flags: flags.given() })
    }

    /// Says what was remarkable about the project.
    pub fn remark(&self, settled: &Settled) {
        for text in &settled.remarks {
            self.ui.report(Event::Warning { text: text.clone(), hint: None });
        }
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
    let EntryPoint::Script { path, callable } = &app.value else { return Ok(app.value.clone()) };
    if root.join(path).is_file() {
        return Ok(app.value.clone());
    }
    if let Some(module) = path.strip_suffix(".wsgi").filter(|module| root.join(module.replace('.', "/")).join("wsgi.py").is_file()) {
        return Ok(EntryPoint::Module { module: format!("{module}.wsgi"), callable: callable.clone() });
    }
    Err(Failure::new(Kind::Project, format!("there is no file {path} in {}", root.display()))
        .cause(format!("`app` names it ({})", app.origin))
        .hint("write a path inside the project, or a module: `app: mysite.wsgi:application`"))
}
