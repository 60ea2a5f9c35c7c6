//! Static files: Apache serves some from the project itself; Django collects others first.

use super::{Action, Verdict, kinds, path};
use crate::plan::Plan;
use crate::project::Framework;

#[derive(Debug)]
pub(super) struct Statics {
    /// Directories and files of the project that Apache serves, with their URL path.
    served: Vec<(String, String)>,
    collected: Option<Collected>,
}

/// What is collected, and into which directory, where that is in the project.
#[derive(Debug)]
struct Collected {
    from: Vec<String>,
    into: Option<String>,
}

impl Statics {
    pub fn new(plan: &Plan) -> Self {
        let root = plan.server.document_root.value.as_deref().map(|directory| (directory, "/"));
        let aliases = plan.aliases.iter().map(|alias| (alias.path.as_str(), alias.url.as_str())).chain(root);
        let served = aliases.filter_map(|(path, url)| Some((path::normalize(path)?, url.to_owned())));
        let collected = plan.collect_static.as_ref().map(|collect| Collected {
            from: match plan.framework.as_deref() {
                Some(Framework::Django(django)) => django.static_dirs.clone(),
                _ => Vec::new(),
            },
            into: path::normalize(&collect.target).filter(|path| !path.is_empty()),
        });
        // If the whole project is served, that says nothing about any file.
        Self { served: served.filter(|(path, _)| !path.is_empty()).collect(), collected }
    }

    pub fn verdict(&self, path: &str, gone: bool) -> Option<Verdict> {
        let target = self.collected.as_ref().and_then(|collected| collected.into.as_deref());
        if target.is_some_and(|target| path::is_below(path, target)) {
            return Some(Verdict::new(Action::Ignore, "static files are collected there"));
        }
        if kinds::is_python(path) {
            return None;
        }
        if let Some((_, url)) = self.served.iter().find(|(served, _)| path::is_below(path, served)) {
            return Some(Verdict::new(Action::Served, format!("Apache serves {url} from the project itself")));
        }
        let collected = self.collected.as_ref()?;
        let named = || path::directories(path, gone).find(|part| *part == "static" || kinds::holds_templates(part)) == Some("static");
        let is_collected = collected.from.iter().any(|from| path::is_below(path, from)) || named();
        is_collected.then(|| Verdict::new(Action::Collect, "it is a static file, and Django's are collected"))
    }
}
