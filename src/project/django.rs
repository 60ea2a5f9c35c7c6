//! Django sites: `manage.py`, the settings it names, and the WSGI application those name.

mod imported;

use super::commands;
use super::python::{Expr, Imported, StatementKind};
use super::settings::{self, Setting, Settings};
use super::tree::{self, Tree};
use super::value::{self, Value};
use super::writes::{self, Writes};
use super::{Django, Environment, StaticRoot};
use crate::units::{Callable, EntryPoint, Secret, Sourced};

const MODULE: &str = "DJANGO_SETTINGS_MODULE";
/// django-configurations: the class whose attributes the settings are.
const CONFIGURATION: &str = "DJANGO_CONFIGURATION";

/// A site that was found.
#[derive(Debug)]
pub(super) struct Site {
    /// The directory of `manage.py`, from which the site's modules are imported.
    pub home: String,
    pub facts: Sourced<Django>,
    pub entry: Option<Sourced<EntryPoint>>,
    /// What it writes into the project.
    pub writes: Writes,
    /// Things worth telling of its settings.
    pub remarks: Vec<String>,
}

/// The sites of a project: that in the root, else those one directory down.
pub(super) fn sites(tree: &Tree, environment: &Environment, hooks: &[Sourced<String>]) -> Vec<Site> {
    let is_manage = |file: &&str| tree::file_name(file) == "manage.py" && tree::depth(file) <= 1;
    let mut found: Vec<Site> = Vec::new();
    for file in tree.files().filter(is_manage) {
        if found.first().is_some_and(|site| site.home.is_empty()) {
            break;
        }
        found.extend(site(tree, environment, hooks, file));
    }
    found
}

fn site(tree: &Tree, environment: &Environment, hooks: &[Sourced<String>], manage_py: &str) -> Option<Site> {
    // Flask-Script's manage.py has the same name.
    if !tree.text(manage_py)?.to_ascii_lowercase().contains("django") {
        return None;
    }
    let home = tree::parent(manage_py).to_owned();
    let import_roots = [home.clone()];
    let scope = Scope { tree, environment, roots: &import_roots };
    let mut remarks = Vec::new();
    let managed = scope.managed(manage_py, hooks, &mut remarks).or_else(|| lone_settings(tree, &home));
    let (settings_module, place) = managed.map_or((None, manage_py.to_owned()), |named| (Some(named.value), named.place));
    let managed_class = scope.named(manage_py, CONFIGURATION);
    let loaded = settings_module.as_deref().and_then(|module| scope.load(module, managed_class.as_ref()));
    let entry = entry(tree, &home, settings_module.as_deref(), loaded.as_ref());

    // Under Apache it is wsgi.py that chooses the settings.
    let wsgi_file = entry.as_ref().and_then(|entry| match &entry.value {
        EntryPoint::Module { module, .. } => tree.module_file(&import_roots, module),
        EntryPoint::Script { path, .. } => Some(path.clone()),
        EntryPoint::Installed { .. } => None,
    });
    let served = wsgi_file.as_deref().and_then(|file| scope.served(file, entry.as_ref().map(|entry| &entry.value), &mut remarks));
    let served_class = wsgi_file.as_deref().and_then(|file| scope.named(file, CONFIGURATION)).or(managed_class.clone());
    let mut served_settings = None;
    if let (Some(managed), Some(served)) = (&settings_module, &served) {
        for (variable, managed, served) in [
            (MODULE, Some(managed), Some(served)),
            (CONFIGURATION, managed_class.as_ref().map(|class| &class.value), served_class.as_ref()),
        ] {
            let (Some(managed), Some(served)) = (managed, served) else { continue };
            if *managed != served.value {
                let remedy = if served.forced {
                    format!("let it use os.environ.setdefault, and set {variable} under `env:` in parity.yaml")
                } else {
                    format!("set {variable} under `env:` in parity.yaml to use one for both")
                };
                remarks.push(format!("manage.py uses {managed}, but {} serves {}: {remedy}", served.place, served.value));
            }
        }
        if *managed != served.value || managed_class != served_class {
            served_settings = scope.load(&served.value, served_class.as_ref());
        }
    }
    if settings_module.is_none() && served.is_none() {
        remarks.extend(scope.unnamed_remark(manage_py, &home));
    }
    let in_effect = served_settings.as_ref().or(loaded.as_ref());
    remarks.extend(in_effect.and_then(allowed_hosts_remark));
    if let (Some(module), Some(settings)) = (&settings_module, &loaded) {
        remarks.extend(classes_remark(module, managed_class.as_ref(), settings));
        remarks.extend(static_url_remark(settings));
    }

    let none = Settings::new();
    let loaded = loaded.as_ref().unwrap_or(&none);
    let facts = Django {
        manage_py: manage_py.to_owned(),
        settings_module,
        static_url: loaded.get("STATIC_URL").and_then(|setting| setting.value.text()).map(str::to_owned),
        static_root: static_root(&home, loaded.get("STATIC_ROOT")),
        static_dirs: static_dirs(&home, loaded.get("STATICFILES_DIRS")),
        allowed_host: in_effect.and_then(allowed_host),
        staticfiles: has_staticfiles(loaded),
        kept_static: loaded.get("STATIC_ROOT").and_then(|setting| kept_static(tree, &home, setting)),
    };
    let writes = writes::of_django(&home, in_effect.unwrap_or(&Settings::new()));
    Some(Site { home, writes, facts: Sourced::detected(facts, place), entry, remarks })
}

/// What decides a variable such as `DJANGO_SETTINGS_MODULE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    value: String,
    /// `manage.py:7`
    place: String,
    /// The file sets it whatever the environment has.
    forced: bool,
    /// Nothing but the source decides.
    certain: bool,
}

struct Scope<'a> {
    tree: &'a Tree,
    environment: &'a Environment,
    roots: &'a [String],
}

impl Scope<'_> {
    /// What a variable is once a script has run: what that sets, unless the environment has it already.
    fn named(&self, file: &str, variable: &str) -> Option<Named> {
        let set = set_by(self.tree, self.environment, file, variable);
        let given = self.environment.get(variable).filter(|_| !set.as_ref().is_some_and(|set| set.forced));
        // A module that is shown is one of the project's; anything else may be secret.
        let given = given.filter(|given| variable != MODULE || self.tree.module_file(self.roots, given.expose()).is_some());
        let named = |given: &Sourced<Secret>| Named {
            value: given.expose().to_owned(),
            place: given.origin.to_string(),
            forced: false,
            certain: true,
        };
        given.map(named).or(set)
    }

    /// The settings that the WSGI module serves, which those that are set before it are, unless it sets others in any case.
    fn served(&self, file: &str, entry: Option<&EntryPoint>, remarks: &mut Vec<String>) -> Option<Named> {
        let named = self.named(file, MODULE);
        let Some(EntryPoint::Module { module, .. }) = entry else { return named };
        if self.environment.contains_key(MODULE) || named.as_ref().is_some_and(|named| named.forced) {
            return named;
        }
        let Some(before) = self.set_before(module, MODULE) else { return named };
        if let Some(named) = named.filter(|named| named.value != before.value) {
            remarks.push(format!(
                "{} names {}, but {} is imported before it and sets {}, which is what is served: set {MODULE} under `env:` in parity.yaml, and in \
                 production",
                named.place, named.value, before.place, before.value
            ));
        }
        Some(before)
    }

    /// The settings of `manage.py`: those that it names itself, or a module that it imports, or commands, or the only `wsgi.py`.
    fn managed(&self, manage_py: &str, hooks: &[Sourced<String>], remarks: &mut Vec<String>) -> Option<Named> {
        let named = self.named(manage_py, MODULE);
        let is_there = |named: &Named| self.tree.module_file(self.roots, &named.value).is_some();
        if named.as_ref().is_some_and(is_there) {
            return named;
        }
        let imported = || self.imports(manage_py).iter().filter_map(|file| self.named(file, MODULE)).find(is_there);
        let served = || {
            let mut served =
                self.tree.files().filter(|file| tree::file_name(file) == "wsgi.py").filter_map(|file| self.named(file, MODULE));
            let first = served.find(is_there)?;
            served.all(|other| other.value == first.value).then_some(first)
        };
        imported().or_else(|| self.commanded(manage_py, hooks, remarks)).or_else(served).or(named)
    }

    /// The settings that command lines name; where those that are as good name others as well, a remark says so.
    fn commanded(&self, manage_py: &str, hooks: &[Sourced<String>], remarks: &mut Vec<String>) -> Option<Named> {
        let mut mentions = commands::settings(self.tree, tree::parent(manage_py), hooks);
        mentions.retain(|mention| self.tree.module_file(self.roots, &mention.module).is_some());
        let first = mentions.first()?.clone();
        if let Some(other) = mentions.iter().find(|mention| mention.rank == first.rank && mention.module != first.module) {
            remarks.push(format!(
                "{manage_py} names no settings, {} uses {} and {} uses {}: parity takes the former, unless {MODULE} is set under `env:` in parity.yaml",
                first.place, first.module, other.place, other.module
            ));
        }
        Some(Named { value: first.module, place: first.place, forced: false, certain: true })
    }

    /// The project's own modules that a script imports.
    fn imports(&self, file: &str) -> Vec<String> {
        let Some(module) = self.tree.module(file) else { return Vec::new() };
        let names = module.imports_as_program().into_iter().flat_map(|import| match &import.what {
            Imported::Name { name, .. } => vec![format!("{}.{name}", import.module), import.module.clone()],
            _ => vec![import.module.clone()],
        });
        names.filter_map(|name| self.tree.module_file(self.roots, &name)).collect()
    }

    /// Nothing names the settings, and Django would fail for that: what there is to choose from.
    fn unnamed_remark(&self, manage_py: &str, home: &str) -> Option<String> {
        let inner = |file: &str| {
            if home.is_empty() { Some(file.to_owned()) } else { file.strip_prefix(home)?.strip_prefix('/').map(str::to_owned) }
        };
        let module = |file: &str| {
            let inner = inner(file).filter(|inner| tree::file_name(tree::parent(inner)) == "settings" && tree::depth(inner) <= 2)?;
            let name =
                inner.strip_suffix(".py").filter(|name| name.chars().all(|c| c.is_alphanumeric() || "_/".contains(c)))?.replace('/', ".");
            let settings = self.load(&name, None)?;
            settings.contains_key("INSTALLED_APPS").then_some(format!("`{name}`"))
        };
        let names: Vec<String> = self.tree.files().filter_map(module).collect();
        let some = match &names[..] {
            [] => return None,
            [one] => one.clone(),
            [names @ .., last] => format!("{} or {last}", names.join(", ")),
        };
        Some(format!(
            "{manage_py} names no settings, so Django would start with none: write `env: {{{MODULE}: NAME}}` to parity.yaml, where NAME is {some}"
        ))
    }

    fn load(&self, module: &str, class: Option<&Named>) -> Option<Settings> {
        let settings = settings::load(self.tree, self.environment, self.roots, module)?;
        let of_class = class.and_then(|class| settings::of_class(&settings, &class.value, self.environment));
        Some(of_class.unwrap_or(settings))
    }
}

/// What a script sets a variable to. A line without a condition decides; of several with one, the last.
fn set_by(tree: &Tree, environment: &Environment, file: &str, variable: &str) -> Option<Named> {
    let mut found: Option<Named> = None;
    settings::run_script(tree, environment, file, &mut |eval, statement, conditional| {
        let Some((value, assigned)) = setting_of(eval, &statement.kind, variable) else { return };
        let stands = found.as_ref().is_some_and(|known| known.certain && (conditional || !assigned));
        if let (Value::Str(value), false) = (value, stands) {
            let place = format!("{file}:{}", statement.line);
            found = Some(Named { value, place, forced: assigned && !conditional, certain: !conditional });
        }
    });
    found
}

/// The value that a statement gives a variable of the environment, and whether it does so in any case.
fn setting_of(eval: &dyn Fn(&Expr) -> Value, statement: &StatementKind, variable: &str) -> Option<(Value, bool)> {
    let is_environ = |expr: &Expr| eval(expr) == Value::Import("os.environ".into());
    let is_key = |key: &Expr| match eval(key) {
        Value::Str(key) => key == variable,
        Value::Import(name) => variable == MODULE && name == "django.conf.ENVIRONMENT_VARIABLE",
        _ => false,
    };
    match statement {
        StatementKind::SetItem { base, key, value } if is_environ(base) && is_key(key) => Some((eval(value), true)),
        StatementKind::Expr(Expr::Call { function, args, keywords }) => {
            let Expr::Attribute(base, method) = &**function else { return None };
            if !is_environ(base) {
                return None;
            }
            match method.as_str() {
                "setdefault" => {
                    let value = args.get(1).or(keywords.first().map(|(_, value)| value))?;
                    is_key(args.first()?).then(|| (eval(value), false))
                }
                "update" => {
                    let in_map = args.first().and_then(|map| eval(map).get(variable).cloned());
                    let named = || keywords.iter().find(|(name, _)| name == variable).map(|(_, value)| eval(value));
                    Some((in_map.or_else(named)?, true))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Settings in classes of which none is known to be used.
fn classes_remark(module: &str, class: Option<&Named>, settings: &Settings) -> Option<String> {
    let is_class = |setting: &Setting| matches!(setting.value, Value::Class(_));
    let from_configurations = settings.values().any(|setting| match &setting.value {
        Value::Import(name) => name.starts_with("configurations."),
        _ => false,
    });
    if !from_configurations || !settings.values().any(is_class) {
        return None;
    }
    Some(match class {
        None => format!(
            "the settings in {module} are classes of django-configurations and {CONFIGURATION} is set nowhere, so that static files are not served: \
             name the class under `env:` in parity.yaml, `env: {{{CONFIGURATION}: …}}`"
        ),
        Some(class) => format!(
            "{} names a class that {module} has not, as far as it can be read, so that static files are not served: `url-alias` in parity.yaml says \
             where they are",
            class.place
        ),
    })
}

fn has_staticfiles(settings: &Settings) -> bool {
    settings.get("INSTALLED_APPS").is_some_and(|apps| {
        let Value::List(apps) = &apps.value else { return false };
        apps.iter().any(|app| app.text().is_some_and(|app| app.starts_with("django.contrib.staticfiles")))
    })
}

/// Where `STATIC_URL` is not known, nothing is collected, and Apache serves nothing: pages come without their styles.
fn static_url_remark(settings: &Settings) -> Option<String> {
    let setting = settings.get("STATIC_URL").filter(|setting| setting.value == Value::Unknown && has_staticfiles(settings))?;
    Some(format!(
        "STATIC_URL ({}) cannot be read without running code, so static files are neither collected nor served: in parity.yaml add `python manage.py collectstatic \
         --noinput` to `hooks:` under `start:`, and write `url-alias: {{/static/: DIRECTORY}}` with that of STATIC_ROOT",
        setting.place
    ))
}

/// The only `settings` beside `manage.py`, if that does not name one.
fn lone_settings(tree: &Tree, home: &str) -> Option<Named> {
    let mut files = tree.files().filter(|file| {
        let inner = if home.is_empty() { Some(*file) } else { file.strip_prefix(home).and_then(|rest| rest.strip_prefix('/')) };
        inner.is_some_and(|inner| {
            inner == "settings.py" || inner.ends_with("/settings.py") && tree::depth(inner) == 1 || inner.ends_with("/settings/__init__.py")
        })
    });
    let file = files.next().filter(|_| files.next().is_none())?;
    // A package for several settings, of which the environment names one.
    if file.ends_with("/__init__.py") && tree.module(file).is_some_and(|module| module.statements.is_empty()) {
        return None;
    }
    let path = file.strip_prefix(home)?.trim_start_matches('/');
    let module = path.strip_suffix("/__init__.py").or(path.strip_suffix(".py"))?.replace('/', ".");
    Some(Named { value: module, place: file.to_owned(), forced: false, certain: true })
}

fn entry(tree: &Tree, home: &str, settings_module: Option<&str>, settings: Option<&Settings>) -> Option<Sourced<EntryPoint>> {
    let roots = [home.to_owned()];
    let module = |module: &str, name: &str, from: String| {
        let callable = Callable::Object(name.to_owned());
        Sourced::detected(EntryPoint::Module { module: module.to_owned(), callable }, from)
    };
    if let Some(setting) = settings.and_then(|settings| settings.get("WSGI_APPLICATION"))
        && let Some((name, object)) = setting.value.text().and_then(|text| text.rsplit_once('.'))
        && tree.module_file(&roots, name).is_some()
    {
        return Some(module(name, object, format!("WSGI_APPLICATION at {}", setting.place)));
    }
    // Beside the settings, `mysite/settings.py` or `config/settings/dev.py`: `mysite.wsgi`, `config.wsgi`.
    let mut package = settings_module?;
    while let Some((parent, _)) = package.rsplit_once('.') {
        package = parent;
        let name = format!("{package}.wsgi");
        if let Some(file) = tree.module_file(&roots, &name)
            && tree.module(&file).is_some_and(|module| module.names.contains_key("application"))
        {
            return Some(module(&name, "application", format!("{file}, beside {}", settings_module?)));
        }
    }
    None
}

fn static_root(home: &str, setting: Option<&Setting>) -> StaticRoot {
    let Some(setting) = setting else { return StaticRoot::Unset };
    if setting.conditional {
        return StaticRoot::Unknown;
    }
    match setting.value.text() {
        Some("") => StaticRoot::Unset,
        // Relative to the working directory, which is the project's root.
        Some(path) if !path.starts_with('/') => match tree::normalize(path) {
            Some(path) if home.is_empty() => StaticRoot::Inside(path),
            _ => StaticRoot::Unknown,
        },
        Some(path) => match value::inside_project(path) {
            Some(path) if !path.is_empty() => StaticRoot::Inside(path),
            Some(_) => StaticRoot::Unknown,
            None => StaticRoot::Outside(value::normalize(path)),
        },
        None if setting.value == Value::None => StaticRoot::Unset,
        None => StaticRoot::Unknown,
    }
}

/// What names the directory, if the project has files there.
fn kept_static(tree: &Tree, home: &str, setting: &Setting) -> Option<String> {
    let StaticRoot::Inside(directory) = static_root(home, Some(setting)) else { return None };
    let is_in = |file: &str| file.strip_prefix(directory.as_str()).is_some_and(|rest| rest.starts_with('/'));
    tree.files().any(is_in).then(|| setting.place.clone())
}

/// Each is a path, or a pair of a prefix and a path.
fn static_dirs(home: &str, setting: Option<&Setting>) -> Vec<String> {
    let Some(Value::List(directories)) = setting.map(|setting| &setting.value) else { return Vec::new() };
    let path = |directory: &Value| match directory {
        Value::List(pair) => pair.get(1).and_then(Value::text).map(str::to_owned),
        path => path.text().map(str::to_owned),
    };
    let inside = |path: String| match path.starts_with('/') {
        true => value::inside_project(&path),
        // Relative to the working directory, which is that of `manage.py`.
        false => tree::normalize(&tree::join(home, &path)),
    };
    directories.iter().filter_map(path).filter_map(inside).filter(|path| !path.is_empty()).collect()
}

/// The first host that is allowed, unless localhost is. `None` where that cannot be told.
fn allowed_host(settings: &Settings) -> Option<String> {
    let Value::List(hosts) = &settings.get("ALLOWED_HOSTS")?.value else { return None };
    let hosts: Option<Vec<&str>> = hosts.iter().map(Value::text).collect();
    let hosts = hosts?;
    let is_host = |host: &&&str| !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    let first = hosts.iter().find(is_host).filter(|_| !hosts.iter().any(|host| LOCAL.contains(host)))?;
    // `.example.com` is all of a domain.
    Some(first.trim_start_matches('.').to_owned())
}

/// What stands for this machine in `ALLOWED_HOSTS`.
const LOCAL: [&str; 4] = ["localhost", "127.0.0.1", "*", ".localhost"];

/// Django answers 400 to hosts that are not allowed, localhost included unless `DEBUG` is on and the list empty.
fn allowed_hosts_remark(settings: &Settings) -> Option<String> {
    let setting = settings.get("ALLOWED_HOSTS")?;
    let Value::List(hosts) = &setting.value else { return None };
    let hosts: Option<Vec<&str>> = hosts.iter().map(Value::text).collect();
    let hosts: Vec<&str> = hosts?.into_iter().filter(|host| !host.is_empty()).collect();
    let debug = settings.get("DEBUG").map_or(Some(false), |debug| debug.value.truth());
    let what = if hosts.is_empty() {
        if debug != Some(false) {
            return None;
        }
        "is empty and DEBUG is off"
    } else if hosts.iter().any(|host| LOCAL.contains(host)) {
        return None;
    } else {
        "has neither localhost nor 127.0.0.1"
    };
    let remedy = if setting.from_environment || setting.conditional {
        "it depends on the environment, so set its variable under `env:` in parity.yaml"
    } else {
        "add \"localhost\" and \"127.0.0.1\" to it"
    };
    Some(format!("ALLOWED_HOSTS ({}) {what}, so Django would answer 400 Bad Request here: {remedy}", setting.place))
}

#[cfg(test)]
mod tests;
