//! From the command line to a settled plan: what `up`, `build`, `config` and others have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::flags::ServerFlags;
use crate::config::{self, Config, Sources};
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{Plan, Profile, left_out, settle};
use crate::project::contents::{Contents, Purpose, Selection, survey};
use crate::project::{self, Wanted};
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
    /// Things the user should know about the project.
    pub remarks: Vec<String>,
}

impl Settled {
    /// What of the project goes into images.
    pub fn selection(&self) -> Selection {
        Selection {
            purpose: Purpose::Image,
            include: self.plan.image.include.as_ref().map(|include| include.value.clone()).unwrap_or_default(),
            configuration: self.environment_files.clone(),
        }
    }

    /// The same for those who only tell: that no image could be built is a remark.
    pub fn look_through(&mut self) {
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
        let wanted = Wanted {
            app: config.app.as_ref().map(|app| app.value.clone()),
            requirements: config.requirements.as_ref().map(|files| files.value.clone()),
            groups: config.groups.as_ref().map(|groups| groups.value.clone()).unwrap_or_default(),
        };
        let project = project::inspect(&self.root, &wanted)?;
        let remarks = project.remarks.clone();
        let secrets = config.env.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
        let env_files = config.env_file.iter().flat_map(|files| &files.value);
        let environment_files = config::FILES.into_iter().chain(env_files.map(String::as_str)).map(String::from).collect();
        let build_ca = match &config.image.build_ca {
            Some(file) => Some(self.root.join(&file.value)),
            None => self.environment.get("SSL_CERT_FILE").filter(|file| !file.is_empty()).map(PathBuf::from),
        };
        let plan = settle(self.root.clone(), config, project, profile)?;
        Ok(Settled { plan, secrets, environment_files, build_ca, remarks })
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
