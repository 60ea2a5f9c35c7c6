//! What every command starts from: the project's directory, the environment, the terminal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::{Engine, connect};
use crate::error::{Failure, Kind, Result};
use crate::plan::Plan;
use crate::session::{Interrupts, container_name, services};
use crate::ui::Ui;

#[derive(Debug)]
pub struct Context<'a> {
    pub ui: &'a Ui,
    /// The project's directory, absolute, without symbolic links.
    pub root: PathBuf,
    /// The whole process environment. Variables that are not text are left out.
    pub environment: BTreeMap<String, String>,
}

impl<'a> Context<'a> {
    /// # Errors
    /// A directory that is not there.
    pub fn new(ui: &'a Ui, project: Option<PathBuf>) -> Result<Self> {
        let environment: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        let wanted = match project {
            Some(directory) => directory,
            None => {
                let here = std::env::current_dir().map_err(|error| {
                    Failure::new(Kind::Other, "the current directory cannot be read")
                        .caused_by(&error)
                        .hint("was it deleted? change to another one")
                })?;
                nearest(&here)
            }
        };
        let root = wanted.canonicalize().map_err(|error| {
            Failure::new(Kind::Usage, format!("the project's directory {} cannot be opened", wanted.display())).caused_by(&error)
        })?;
        if !root.is_dir() {
            return Err(
                Failure::new(Kind::Usage, format!("{} is not a directory", root.display())).hint("--project takes the project's directory")
            );
        }
        Ok(Self { ui, root, environment })
    }

    pub async fn engine(&self) -> Result<Engine> {
        connect(&self.environment).await
    }

    /// Completes a plan with what the engine knows of the services beside the application.
    pub async fn join_services(&self, engine: &Engine, plan: &mut Plan, interrupts: &Interrupts) -> Result<()> {
        services::join(engine, plan, interrupts, self.ui).await
    }

    /// The name of the project's container.
    pub fn container(&self) -> String {
        container_name(&crate::plan::name_of(&self.root), &self.root)
    }
}

/// The nearest directory upwards that has a parity.yaml, as `docker compose` and `cargo` look for theirs;
/// without one, the nearest that has Django's manage.py.
fn nearest(here: &Path) -> PathBuf {
    let with = |names: &[&str]| here.ancestors().find(|directory| names.iter().any(|name| directory.join(name).is_file()));
    with(&["parity.yaml", "parity.yml"]).or_else(|| with(&["manage.py"])).unwrap_or(here).to_path_buf()
}
