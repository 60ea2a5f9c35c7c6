//! The settings of the project and its image: everything in the file that is not the server's.

use super::Config;
use super::hooks;
use super::record;
use super::reload;
use super::rule;
use super::setting::{self, Setting};
use super::value::{Given, Mismatch, Part, Shape, Value};
use crate::units::{Origin, Sourced};

const fn setting(key: &'static str, shape: Shape, help: &'static str) -> Setting {
    Setting { key, help, shape, ..Setting::FREE }
}

/// Every setting that is not the server's, in the order of the documentation.
pub const PROJECT_SETTINGS: &[Setting] = &[
    setting("app", Shape::One, "The WSGI entry point: `module:callable`, `module:factory()` or a script's path."),
    setting("python", Shape::One, "The version of Python.").ruled(&rule::PYTHON_VERSION),
    setting("requirements", Shape::List, "Files to install instead of those found.").ruled(&rule::PATH),
    setting("groups", Shape::List, "Extras and dependency groups to install as well.").ruled(&rule::GROUP),
    setting("image.base", Shape::One, "The image that everything is built on.").ruled(&rule::IMAGE),
    setting("image.packages", Shape::List, "Debian packages in the image.").ruled(&rule::PACKAGE),
    setting("image.build-packages", Shape::List, "Debian packages that only building the requirements needs.").ruled(&rule::PACKAGE),
    setting("image.repository", Shape::One, "Where built images are pulled from and pushed to.").ruled(&rule::REPOSITORY),
    setting("image.build-ca", Shape::One, "A CA bundle on this machine that is used while building.").ruled(&rule::PATH),
    setting("image.mod-wsgi", Shape::One, "The version of mod_wsgi.").ruled(&rule::MOD_WSGI_VERSION),
    setting("hooks.build", Shape::Commands, "Commands that are steps of the image build.").ruled(&rule::COMMAND),
    setting("hooks.release", Shape::Commands, "Commands that run once before a deployment: `parity release`.").ruled(&rule::COMMAND),
    setting("hooks.start", Shape::Commands, "Commands that run before Apache starts, in each container.").ruled(&rule::COMMAND),
    setting("hook-timeout", Shape::One, "Seconds that each of these commands may take; 0 for any time.").ruled(&rule::SECONDS_OR_NEVER),
    setting("include", Shape::List, "What images would do without, and is wanted in them: patterns as in .gitignore.")
        .ruled(&rule::PATTERN),
    setting("env", Shape::Pairs, "The application's environment. A name without a value is passed through.").named(&rule::ENV_NAME),
    setting("build-env", Shape::Pairs, "The same for the build alone: for build hooks, collectstatic and what is installed.")
        .named(&rule::ENV_NAME),
    setting("env-file", Shape::List, "Files with the application's environment, `.env` by default.").ruled(&rule::PATH),
    setting("writable", Shape::List, "Directories that the application writes to in production: of the project, or absolute.")
        .ruled(&rule::WRITABLE),
    setting(
        "writable-content",
        Shape::One,
        "What they hold when `parity smoke` starts: nothing (`empty`), or what the image has there (`image`).",
    ),
    setting("network", Shape::One, "An existing network to join.").ruled(&rule::NETWORK),
    setting("services", Shape::One, "The services of a Compose file: `join` their network, `start` them as well, or `ignore` them."),
    setting("timeout", Shape::One, "Seconds to wait for the first answer.").ruled(&rule::SECONDS),
    setting("keep-images", Shape::One, "Images that have served before and are kept; older ones are removed.").ruled(&rule::IMAGES),
    setting("health-check", Shape::One, "The URL path that the image's HEALTHCHECK asks for; it must be answered below 500.")
        .ruled(&rule::URL_PATH),
    setting("request-log", Shape::One, "Whether `parity up` shows each request that is answered."),
    setting("static-files", Shape::One, "`false`: Apache does not serve the project's static files."),
    setting("reload-on-changes", Shape::One, "Serve code as soon as it is saved."),
    setting("watch", Shape::Rules, "What a change of some files means, before parity's own rules. The first that matches decides."),
    setting("on-error", Shape::One, "While saved code cannot be imported: show what failed, or keep serving the code before it."),
    setting("standby", Shape::One, "Keep processes ready that load saved code at once."),
    setting("preload", Shape::One, "Let those import third-party modules ahead of time."),
    setting("sync", Shape::One, "Upload the project into the container's memory instead of mounting it."),
    setting("watch-polling", Shape::One, "Look for changes every half second instead of being told by the system."),
    setting("record", Shape::One, "Record each request with its answer, for `parity requests` and `parity replay`."),
    setting("record-keep", Shape::Pairs, "How much of that is kept: `requests` and `bytes`. The oldest goes first."),
    setting("record-body-limit", Shape::One, "Of a body that is larger, its size and digest are kept."),
    setting("record-redact", Shape::List, "Names of further fields whose values are not shown: of headers, cookies, forms and JSON.")
        .ruled(&rule::LINE),
    setting("record-locals", Shape::One, "Record the variables of an exception's frames as well."),
    setting("record-secrets", Shape::One, "`false`: passwords, tokens and cookies are not stored either; a replay goes without them."),
    setting(
        "smoke",
        Shape::Checks,
        "What `parity smoke` checks: requests and what is expected of their answers, or files with such lists.",
    ),
    setting("smoke-skip", Shape::List, "Checks and probes that `parity smoke` leaves out.").ruled(&rule::LINE),
    setting("compare-ignore", Shape::List, "Headers, cookies, fields and elements that `parity compare` leaves out.").ruled(&rule::LINE),
];

/// A setting's value and who set it, as a whole and part by part.
pub(super) trait Saying {
    fn given(&self) -> &Given;
    fn origin(&self) -> Origin;
    /// The origin of an item of a list or a pair of a map, counted from 0.
    fn origin_of(&self, at: usize) -> Origin;
}

impl Config {
    /// Sets one value of anything but `env`, which needs the environment. `Ok(false)`: there is no such setting.
    pub(super) fn apply(&mut self, key: &str, said: &impl Saying) -> Result<bool, Mismatch> {
        let (given, origin) = (said.given(), said.origin());
        let Some(setting) = setting::find(key) else { return Ok(false) };
        setting.check(given)?;
        match key {
            "app" => put(&mut self.app, given, origin)?,
            "python" => put(&mut self.python, given, origin)?,
            "requirements" => put(&mut self.requirements, given, origin)?,
            "groups" => put(&mut self.groups, given, origin)?,
            "image.base" => put(&mut self.image.base, given, origin)?,
            "image.packages" => put(&mut self.image.packages, given, origin)?,
            "image.build-packages" => put(&mut self.image.build_packages, given, origin)?,
            "image.repository" => put(&mut self.image.repository, given, origin)?,
            "image.build-ca" => put(&mut self.image.build_ca, given, origin)?,
            "image.mod-wsgi" => put(&mut self.image.mod_wsgi, given, origin)?,
            "hooks.build" => self.hooks.build = hooks::build(said)?,
            "hooks.release" => self.hooks.release = commands(said)?,
            "hooks.start" => self.hooks.start = commands(said)?,
            "include" => put(&mut self.include, given, origin)?,
            "env-file" => put(&mut self.env_file, given, origin)?,
            "writable" => put(&mut self.writable, given, origin)?,
            "writable-content" => put(&mut self.writable_content, given, origin)?,
            "network" => put(&mut self.network, given, origin)?,
            "services" => put(&mut self.services, given, origin)?,
            "hook-timeout" => put(&mut self.hook_timeout, given, origin)?,
            "request-log" => put(&mut self.request_log, given, origin)?,
            "keep-images" => put(&mut self.keep_images, given, origin)?,
            "health-check" => put(&mut self.health_check, given, origin)?,
            "timeout" => put(&mut self.timeout, given, origin)?,
            "static-files" => put(&mut self.static_files, given, origin)?,
            "reload-on-changes" => put(&mut self.reload.on_changes, given, origin)?,
            "smoke-skip" => put(&mut self.smoke_skip, given, origin)?,
            "compare-ignore" => put(&mut self.compare_ignore, given, origin)?,
            "watch" => self.reload.watch = reload::watch(said)?,
            "on-error" => put(&mut self.reload.on_error, given, origin)?,
            "standby" => put(&mut self.reload.standby, given, origin)?,
            "preload" => put(&mut self.reload.preload, given, origin)?,
            "record" => put(&mut self.record.on, given, origin)?,
            "record-keep" => put(&mut self.record.keep, given, origin)?,
            "record-body-limit" => {
                if *given != Given::Null {
                    record::body_limit(given)?;
                }
                put(&mut self.record.body_limit, given, origin)?;
            }
            "record-redact" => put(&mut self.record.redact, given, origin)?,
            "record-locals" => put(&mut self.record.locals, given, origin)?,
            "record-secrets" => put(&mut self.record.secrets, given, origin)?,
            "sync" => put(&mut self.reload.sync, given, origin)?,
            "watch-polling" => put(&mut self.reload.watch_polling, given, origin)?,
            _ => return self.server.set(key, given, origin),
        }
        Ok(true)
    }
}

/// `null` takes back what was set before.
fn put<T: Value>(slot: &mut Option<Sourced<T>>, given: &Given, origin: Origin) -> Result<(), Mismatch> {
    *slot = Option::<T>::read(given)?.map(|value| Sourced::new(value, origin));
    Ok(())
}

fn commands(said: &impl Saying) -> Result<Vec<Sourced<String>>, Mismatch> {
    let commands = Vec::<String>::read(said.given())?;
    Ok(commands.into_iter().enumerate().map(|(at, command)| Sourced::new(command, said.origin_of(at))).collect())
}

/// The names of an environment, each with its value, if it has one, and its place in the list.
pub(super) fn environment(given: &Given) -> Result<Vec<(&str, Option<&str>)>, Mismatch> {
    setting::find("env").map_or(Ok(()), |setting| setting.check(given))?;
    let pairs = super::value::pairs(given)?;
    match pairs.iter().position(|(_, value)| value.is_some_and(|value| value.contains('\0'))) {
        // No process can have it in its environment.
        Some(at) => Err(Mismatch::whole("a text without NUL").at(Part::Item(at))),
        None => Ok(pairs),
    }
}

#[cfg(test)]
impl Config {
    /// Sets a value as a flag would, for tests.
    pub(super) fn set(&mut self, key: &str, given: &Given) -> Result<bool, Mismatch> {
        struct Flag<'a>(&'a Given);
        impl Saying for Flag<'_> {
            fn given(&self) -> &Given {
                self.0
            }
            fn origin(&self) -> Origin {
                Origin::Flag("--test".into())
            }
            fn origin_of(&self, _: usize) -> Origin {
                self.origin()
            }
        }
        self.apply(key, &Flag(given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_its_place() {
        for setting in setting::all().filter(|setting| !["env", "build-env", "smoke"].contains(&setting.key)) {
            let found = Config::default().set(setting.key, &Given::Null);
            // Refusing null is the business of the type; what matters is that somebody looked.
            assert!(matches!(found, Ok(true) | Err(_)), "{} goes nowhere", setting.key);
        }
        assert_eq!(Config::default().set("env", &Given::Null), Ok(false));
        assert_eq!(Config::default().set("nonsense", &Given::Null), Ok(false));
    }

    #[test]
    fn null_takes_a_value_back() {
        let mut config = Config::default();
        config.set("network", &"blog_default".into()).unwrap();
        config.set("network", &Given::Null).unwrap();
        assert_eq!(config.network, None);
        config.set("setenv", &"A=1".into()).unwrap();
        config.set("setenv", &Given::Null).unwrap();
        assert_eq!(config.server.setenv.value, []);
    }
}
