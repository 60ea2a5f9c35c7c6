//! What the application may write to: `writable`.
//!
//! Where the code is in the image the project is read-only, so that a hole in the application cannot change the application.
//! What it writes to is declared, and is a volume in production.

use super::{Plan, Profile, Sourced, WritableContent};
use crate::units::{EntryPoint, layout, path};

/// Where a directory of [`Plan::writable`] keeps what is written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// In the project on this machine.
    Project,
    /// In memory, empty at first.
    Memory,
    /// In a volume, which begins with what the image has there.
    Volume,
}

/// The directories that are named, as they are in the container, without those that are in another one.
pub(super) fn directories(said: &Sourced<Vec<String>>) -> Vec<Sourced<String>> {
    let mut all: Vec<String> = said.iter().map(|path| in_container(path)).collect();
    all.sort();
    all.dedup();
    let is_inside = |directory: &String| all.iter().any(|other| other != directory && path::is_at_or_below(directory, other));
    all.iter().filter(|directory| !is_inside(directory)).map(|directory| Sourced::new(directory.clone(), said.origin.clone())).collect()
}

/// The setting's rule has no `..` in it.
fn in_container(said: &str) -> String {
    let parts = said.split('/').filter(|part| !part.is_empty() && *part != ".");
    let start = if said.starts_with('/') { "" } else { layout::APP };
    parts.fold(start.to_owned(), |path, part| path + "/" + part)
}

impl Plan {
    /// Where such a directory keeps what is written to it.
    pub fn store(&self, directory: &str) -> Store {
        let in_project = path::is_at_or_below(directory, layout::APP);
        match self.profile {
            Profile::Production | Profile::Release => Store::Volume,
            Profile::Up | Profile::Debug(_) | Profile::Profiler if in_project => Store::Project,
            Profile::Up | Profile::Debug(_) | Profile::Profiler => Store::Memory,
            Profile::Smoke | Profile::Coverage if *self.writable_content == WritableContent::Image || self.holds_code(directory) => {
                Store::Volume
            }
            Profile::Smoke | Profile::Coverage => Store::Memory,
        }
    }

    /// The directories that are kept in a way.
    pub fn stored(&self, store: Store) -> impl Iterator<Item = &str> {
        self.writable.iter().map(|directory| directory.value.as_str()).filter(move |directory| self.store(directory) == store)
    }

    /// Its name for people: as it is written in parity.yaml, relative to the project.
    pub fn directory_name(directory: &str) -> &str {
        match directory.strip_prefix(layout::APP) {
            Some("") => ".",
            Some(inside) => inside.strip_prefix('/').unwrap_or(directory),
            None => directory,
        }
    }

    /// Is something in there that the server does not start without?
    pub fn holds_code(&self, directory: &str) -> bool {
        let roots = || self.python_path.iter().map(|root| root.value.as_str());
        let code = match &self.app.value {
            EntryPoint::Installed { path, .. } => vec![path.clone()],
            EntryPoint::Script { path, .. } => vec![format!("{}/{path}", layout::APP)],
            EntryPoint::Module { module, .. } => {
                let top = module.split('.').next().unwrap_or_default();
                roots().chain([layout::APP]).map(|root| format!("{root}/{top}")).collect()
            }
        };
        let collected = self.collect_static.iter().flat_map(|collect| [collect.manage_py.as_str(), collect.target.as_str()]);
        let needed = code.iter().map(String::as_str).chain(roots()).chain([self.working_directory.as_str()]).chain(collected);
        needed.into_iter().any(|needed| path::is_at_or_below(needed, directory))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing;

    fn stores(profile: Profile, content: WritableContent) -> Vec<Store> {
        let mut plan = Plan { profile, writable_content: Sourced::default(content), ..testing::django() };
        plan.writable = ["/app", "/app/media", "/app/mysite", "/var/lib/shop"].map(|path| Sourced::default(path.into())).into();
        plan.writable.iter().map(|directory| plan.store(directory)).collect()
    }

    #[test]
    fn what_is_written_is_the_projects_own_or_goes_with_the_container() {
        use Store::{Memory, Project, Volume};
        use WritableContent::{Empty, Image};
        assert_eq!(stores(Profile::Up, Empty), [Project, Project, Project, Memory]);
        assert_eq!(stores(Profile::Production, Empty), [Volume; 4]);
        // An empty directory instead of the code would serve nothing.
        assert_eq!(stores(Profile::Smoke, Empty), [Volume, Memory, Volume, Memory]);
        assert_eq!(stores(Profile::Smoke, Image), [Volume; 4]);
    }

    #[test]
    fn a_directory_in_another_is_no_volume_of_its_own() {
        let said = ["var/data", "./media//", "/app/var", "media", "variable", "/var/lib/./shop/"].map(String::from);
        let found = directories(&Sourced::default(said.into()));
        assert_eq!(
            found.iter().map(|found| found.as_str()).collect::<Vec<_>>(),
            ["/app/media", "/app/var", "/app/variable", "/var/lib/shop"]
        );
        assert_eq!(
            found.iter().map(|found| Plan::directory_name(found)).collect::<Vec<_>>(),
            ["media", "var", "variable", "/var/lib/shop"]
        );
        assert_eq!(Plan::directory_name(&directories(&Sourced::default(vec!["./".into()]))[0]), ".");
        assert_eq!(Plan::directory_name("/application"), "/application");
    }
}
