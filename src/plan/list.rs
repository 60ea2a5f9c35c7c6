//! A plan as settings with their origins, for `parity config`.

use super::Plan;
use crate::config::Value;
use crate::project::{Framework, LocalPackage, Requirements};
use crate::units::{Origin, Sourced};

/// One line of `parity config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As in `parity.yaml`, nested ones with a dot.
    pub key: String,
    pub value: String,
    pub origin: Origin,
}

/// Settings of the server that are always worth showing.
const ALWAYS: &[&str] = &["port", "host", "processes", "threads", "request-timeout", "limit-request-body", "log-level"];

impl Listed {
    /// A setting that nobody set and few ask for.
    pub fn is_untold(&self) -> bool {
        self.origin == Origin::Default
            && crate::config::SETTINGS.iter().any(|setting| setting.key == self.key)
            && !ALWAYS.contains(&self.key.as_str())
    }
}

impl Plan {
    /// One line about what is run: `mysite.wsgi:application (Django) on Python 3.13, 1 process with 5 threads`.
    pub fn summary(&self) -> String {
        let framework = self.framework.as_ref().map(|found| format!(" ({})", framework_name(&found.value))).unwrap_or_default();
        let count = |number: u32, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
        let processes = count(self.server.processes.value, "process", "processes");
        let threads = count(self.server.threads.value, "thread", "threads");
        format!("{}{framework}, Python {}, {processes} with {threads}", self.app.value, self.image.python.value)
    }

    /// Every value of the plan. Values of the application's environment are not in it, only their names.
    pub fn list(&self) -> Vec<Listed> {
        let mut list = Vec::new();
        let mut add = |key: &str, value: String, origin: &Origin| list.push(Listed { key: key.into(), value, origin: origin.clone() });
        add("app", self.app.value.to_string(), &self.app.origin);
        if let Some(framework) = &self.framework {
            add("framework", framework_name(&framework.value).into(), &framework.origin);
        }
        let image = &self.image;
        add("python", image.python.value.clone(), &image.python.origin);
        match &image.requirements {
            Some(requirements) => add("requirements", requirements_name(&requirements.value), &requirements.origin),
            None => add("requirements", "none".into(), &Origin::Default),
        }
        if let (false, Some(requirements)) = (image.locals.packages.is_empty(), &image.requirements) {
            let names: Vec<String> = image.locals.packages.iter().map(LocalPackage::label).collect();
            add("packages", names.join(", "), &requirements.origin);
        }
        add("image.base", image.base.value.name(), &image.base.origin);
        add("image.mod-wsgi", image.mod_wsgi.value.clone(), &image.mod_wsgi.origin);
        for (key, packages) in [("image.packages", &image.packages), ("image.build-packages", &image.build_packages)] {
            if let Some(packages) = packages {
                add(key, packages.value.join(" "), &packages.origin);
            }
        }
        if let Some(repository) = &image.repository {
            add("image.repository", repository.value.clone(), &repository.origin);
        }
        if let Some(include) = &image.include {
            add("include", include.value.join(" "), &include.origin);
        }
        for hook in &image.build_hooks {
            add("hooks.build", hook.value.to_string(), &hook.origin);
        }
        for (key, hooks) in [("hooks.release", &self.release_hooks), ("hooks.start", &self.start_hooks)] {
            for hook in hooks {
                add(key, hook.value.clone(), &hook.origin);
            }
        }
        if let Some(Sourced { value: collect, origin }) = &self.collect_static {
            add("collectstatic", format!("into {}", collect.target), origin);
        }
        for alias in &self.aliases {
            add("static", format!("{} → {}", alias.url, alias.path), &alias.origin);
        }
        add("working-directory", self.working_directory.value.clone(), &self.working_directory.origin);
        for directory in &self.python_path {
            add("python-path", directory.value.clone(), &directory.origin);
        }
        for (group, names) in [("env", &self.env_names), ("build-env", &self.build_env_names)] {
            for name in names {
                add(&format!("{group}.{}", name.value), "(hidden)".into(), &name.origin);
            }
        }
        for directory in &self.writable {
            add("writable", Self::directory_name(directory).into(), &directory.origin);
        }
        if !self.writable.is_empty() {
            add("writable-content", self.writable_content.value.show(), &self.writable_content.origin);
        }
        if let Some(network) = &self.network {
            add("network", network.value.clone(), &network.origin);
        }
        if let Some(services) = &self.services {
            add("services", self.services_mode.value.show(), &self.services_mode.origin);
            for service in &services.all {
                let origin = Origin::Detected(services.file.clone());
                add(&format!("services.{}", service.name), service.address(), &origin);
            }
        }
        add("timeout", self.timeout.value.to_string(), &self.timeout.origin);
        if let Some(shown) = &self.request_log {
            add("request-log", shown.value.to_string(), &shown.origin);
        }
        add("keep-images", self.keep_images.value.to_string(), &self.keep_images.origin);
        add("hook-timeout", self.hook_timeout.value.to_string(), &self.hook_timeout.origin);
        add("health-check", format!("{} of {}", self.health.path.value, self.health.host.value), &self.health.path.origin);
        if let Some(reload) = &self.reload {
            add("reload-on-changes", "true".into(), &reload.origin);
            for rule in &reload.watch {
                add("watch", rule.value.to_string(), &rule.origin);
            }
            add("on-error", reload.on_error.value.show(), &reload.on_error.origin);
            let switches =
                [("standby", &reload.standby), ("preload", &reload.preload), ("sync", &reload.sync), ("watch-polling", &reload.polling)];
            for (key, switch) in switches {
                add(key, switch.value.to_string(), &switch.origin);
            }
        }
        if let Some(record) = &self.record {
            add("record", "true".into(), &record.origin);
        }
        for (key, value, origin) in self.server.list() {
            if !["working-directory", "python-path"].contains(&key) {
                add(key, value, &origin);
            }
        }
        list
    }
}

fn framework_name(framework: &Framework) -> &'static str {
    match framework {
        Framework::Django(_) => "Django",
        Framework::Flask => "Flask",
        Framework::Plain => "plain WSGI",
    }
}

fn requirements_name(requirements: &Requirements) -> String {
    match requirements {
        Requirements::PyProject { dependencies } => format!("{} of pyproject.toml", dependencies.len()),
        Requirements::Files { paths, .. } => paths.join(" "),
        Requirements::Package => "those of its own package".into(),
        other => other.files().first().cloned().unwrap_or_default(),
    }
}
