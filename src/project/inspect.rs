//! Everything that is found, put together.

use std::path::Path;

use super::callable::{self, What};
use super::django::{self, Site};
use super::tree::{self, Tree};
use super::{
    Django, Environment, Framework, Project, Requirements, Wanted, Writes, choose, flask, python_version, requirements, search, services,
    writes,
};
use crate::error::{Failure, Kind, Result};
use crate::units::{Callable, EntryPoint, Origin, Sourced};

/// Reads a project directory. No code of the project is run and no process is started.
///
/// Fails for a directory that cannot be read and for files of requirements that are malformed; a project in which no
/// entry point is found is not a failure here, see [`Project::choose`].
pub fn inspect(root: &Path, wanted: &Wanted) -> Result<Project> {
    let tree = Tree::scan(root)?;
    let sites = django::sites(&tree, &wanted.environment, &wanted.hooks);
    let mut looked_for: Vec<String> = Vec::new();
    let candidates = match &wanted.app {
        Some(app) => vec![Sourced::default(app.clone())],
        None => candidates(&tree, &sites, &wanted.environment, &mut looked_for),
    };
    let candidates = only_wsgi(&tree, &sites, candidates, &mut looked_for);
    if let ([], Some(_), Some(asgi)) = (&candidates[..], &wanted.app, looked_for.last()) {
        return Err(choose::asgi(asgi));
    }
    let entry = if let [one] = &candidates[..] { Some(&one.value) } else { None };
    let entry_file = entry.and_then(|entry| file_of(&tree, &sites, entry));
    let site = site_of(&sites, entry_file.as_deref());

    let mut remarks = site.map(|site| site.remarks.clone()).unwrap_or_default();
    let (framework, statics) = framework(&tree, site, entry, entry_file.as_deref());
    let python_path = python_path(&tree, site, entry_file.as_deref());
    let home = site.map(|site| site.home.clone()).or_else(|| python_path.first().map(|path| path.value.clone())).unwrap_or_default();
    let found = match &wanted.requirements {
        Some(files) => {
            let (requirements, locals) = requirements::given(&tree, files, &wanted.groups)?.unzip();
            requirements::Found { requirements, locals: locals.unwrap_or_default(), remarks: Vec::new() }
        }
        None => requirements::find(&tree, &home, &wanted.groups)?,
    };
    let missing = match (&found.requirements, &wanted.requirements) {
        (None, None) => nothing_installs(&tree, framework.as_ref(), site, &found.remarks),
        _ => None,
    };
    let told = !found.remarks.is_empty() || wanted.requirements.is_some() || missing.is_some();
    if missing.is_none() {
        remarks.extend(found.remarks.iter().cloned());
    }
    remarks.extend(missing_framework(&tree, framework.as_ref(), found.requirements.as_ref()).filter(|_| !told));
    let python = python_version::find(&tree, &home, &mut remarks)?;
    remarks.extend(tree.links().iter().cloned());
    let writes = match (site, framework.as_ref().map(|framework| &framework.value), entry) {
        (Some(site), ..) => site.writes.clone(),
        (None, Some(Framework::Flask), Some(entry)) => {
            flask::application_file(&tree, entry_file.as_deref()).map(|(file, _)| writes::of_flask(&tree, &file, entry)).unwrap_or_default()
        }
        _ => Writes::default(),
    };
    let services = match wanted.without_services {
        true => None,
        false => services::find(root, &wanted.compose, &mut remarks),
    };
    let requirements::Found { requirements, locals, .. } = found;
    Ok(Project {
        candidates,
        looked_for,
        framework,
        requirements,
        locals,
        python,
        statics,
        python_path,
        services,
        writes,
        missing,
        remarks,
    })
}

/// What is said of a file that only PasteDeploy reads.
pub(super) const OF_PASTE_DEPLOY: &str = " is there, and only PasteDeploy makes an application of it";

/// What is said of a module that begins to serve by itself; the lines of a module that does not follow.
pub(super) const OF_OWN_SERVER: &str = " starts a server of its own: ";

/// What is said of an application that has none of the usual names; the line to write follows.
pub(super) const OF_OTHER_NAME: &str = " makes one of another name: ";
/// So many of them are told.
const MAX_OTHERS: usize = 5;

fn origin(found: &Sourced<EntryPoint>) -> &str {
    if let Origin::Detected(place) = &found.origin { place } else { "" }
}

type SearchIn = fn(&Tree, &Environment) -> search::Search;

fn candidates(tree: &Tree, sites: &[Site], environment: &Environment, looked_for: &mut Vec<String>) -> Vec<Sourced<EntryPoint>> {
    looked_for.push("manage.py of Django, here and one directory down, and the WSGI_APPLICATION of its settings".into());
    let found: Vec<_> = sites.iter().filter_map(|site| site.entry.clone().map(|entry| unique_in_project(site, entry))).collect();
    if !found.is_empty() {
        return found;
    }
    looked_for.extend(sites.iter().map(|site| {
        let settings =
            site.facts.settings_module.as_deref().map_or("it names no settings".into(), |name| format!("its settings are {name}"));
        format!("  {} is there, but {settings} and no WSGI application was found with them", site.facts.manage_py)
    }));
    let searches: [(&str, SearchIn); 2] = [
        ("*.wsgi, wsgi.py or application.py with `application` at module level, here and two directories down", search::application_files),
        (
            "app.py, wsgi.py, main.py or a package with `app`, `application`, `create_app()` or `make_app()`, here and two directories down",
            search::flask_files,
        ),
    ];
    for (words, search) in searches {
        looked_for.push(words.into());
        let search = search(tree, environment);
        for passed_over in search.passed_over.into_iter().map(|words| format!("  {words}")) {
            if !looked_for.contains(&passed_over) {
                looked_for.push(passed_over);
            }
        }
        if !search.found.is_empty() {
            return search.found;
        }
    }
    looked_for.extend(paste_deploy(tree).map(|file| format!("  {file}{OF_PASTE_DEPLOY}")));
    looked_for.extend(own_server(tree).map(|(file, lines)| format!("  {file}{OF_OWN_SERVER}{lines}")));
    looked_for
        .extend(search::others(tree).take(MAX_OTHERS).map(|found| format!("  {}{OF_OTHER_NAME}`app: {}`", origin(&found), found.value)));
    Vec::new()
}

/// The file by which PasteDeploy makes an application, as Pyramid and TurboGears have it: no module of Python's does.
fn paste_deploy(tree: &Tree) -> Option<&str> {
    let is_one = |file: &&str| {
        tree::depth(file) <= 1
            && file.ends_with(".ini")
            && file.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
            && tree.text(file).is_some_and(|text| {
                text.lines().any(|line| matches!(line.trim_end(), "[app:main]" | "[composite:main]" | "[pipeline:main]"))
            })
    };
    // `etc/zope.ini` is where Zope has it; those of tests are none to run.
    let files = tree.files().filter(is_one).filter(|file| !file.starts_with("test") && !file.starts_with("docs/"));
    files.min_by_key(|file| (tree::depth(file), !file.contains("prod")))
}

/// The module of a tutorial that has its framework's default application served, and the lines of a module for mod_wsgi.
fn own_server(tree: &Tree) -> Option<(&str, String)> {
    let files = tree.files().filter(|file| tree::depth(file) == 0 && file.ends_with(".py"));
    files.filter_map(|file| Some((file, lines_instead(file.strip_suffix(".py")?, &tree.text(file)?)?))).next()
}

/// Bottle's `run()` serves what `@route` has put into its default application, CherryPy's `quickstart(Root())` an object.
fn lines_instead(module: &str, text: &str) -> Option<String> {
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let calls = |name: &str| text.lines().any(|line| line.trim_start().starts_with(name));
    if !is_name(module) {
        return None;
    }
    if (text.contains("import bottle") || text.contains("from bottle import")) && (calls("run(") || calls("bottle.run(")) {
        return Some(format!("`import bottle, {module}` and `application = bottle.default_app()`"));
    }
    let (root, _) = text.split_once("cherrypy.quickstart(")?.1.split_once("()").filter(|(root, _)| is_name(root))?;
    Some(format!("`import cherrypy, {module}` and `application = cherrypy.Application({module}.{root}(), \"\")`"))
}

/// Those that are not known to speak another protocol; what those are is added to `looked_for`.
fn only_wsgi(tree: &Tree, sites: &[Site], candidates: Vec<Sourced<EntryPoint>>, looked_for: &mut Vec<String>) -> Vec<Sourced<EntryPoint>> {
    let is_wsgi = |candidate: &Sourced<EntryPoint>| {
        let (Callable::Object(name) | Callable::Factory(name)) = candidate.value.callable();
        let asgi = file_of(tree, sites, &candidate.value).and_then(|file| match callable::resolve(tree, &file, name)?.what {
            What::Asgi(framework) => Some(search::is_asgi(&file, &framework)),
            _ => None,
        });
        let is_wsgi = asgi.is_none();
        looked_for.extend(asgi.map(|words| format!("  {words}")));
        is_wsgi
    };
    candidates.into_iter().filter(is_wsgi).collect()
}

/// Two sites can both have a `mysite.wsgi`; the origin tells them apart.
fn unique_in_project(site: &Site, entry: Sourced<EntryPoint>) -> Sourced<EntryPoint> {
    let Sourced { value, origin } = entry;
    let from = match origin {
        Origin::Detected(from) => format!("{from} ({})", site.facts.manage_py),
        origin => origin.to_string(),
    };
    Sourced::detected(value, from)
}

/// The file of an entry point, if it is one of the project's; an installed package has none.
fn file_of(tree: &Tree, sites: &[Site], entry: &EntryPoint) -> Option<String> {
    match entry {
        EntryPoint::Script { path, .. } => tree::normalize(path).filter(|path| tree.is_file(path)),
        EntryPoint::Installed { .. } => None,
        EntryPoint::Module { module, .. } => {
            let mut roots = vec![String::new(), "src".to_owned()];
            roots.extend(sites.iter().map(|site| site.home.clone()));
            // Also from any directory that a file of that name is found in.
            let path = module.replace('.', "/");
            let ends = [format!("/{path}.py"), format!("/{path}/__init__.py")];
            roots.extend(tree.files().filter_map(|file| ends.iter().find_map(|end| file.strip_suffix(end.as_str()))).map(str::to_owned));
            tree.module_file(&roots, module)
        }
    }
}

/// The site that an entry point belongs to: the one that holds its file. Without an entry point, the only one.
fn site_of<'a>(sites: &'a [Site], entry_file: Option<&str>) -> Option<&'a Site> {
    match (sites, entry_file) {
        ([site], _) => Some(site),
        (sites, Some(file)) => sites.iter().find(|site| file.starts_with(&format!("{}/", site.home))),
        (_, None) => None,
    }
}

type FrameworkAndStatics = (Option<Sourced<Framework>>, Vec<Sourced<super::Static>>);

fn framework(tree: &Tree, site: Option<&Site>, entry: Option<&EntryPoint>, entry_file: Option<&str>) -> FrameworkAndStatics {
    if let Some(site) = site {
        return (Some(site.facts.clone().map(Framework::Django)), Vec::new());
    }
    let Some(entry) = entry else { return (None, Vec::new()) };
    if let Some((file, makes_application)) =
        flask::application_file(tree, entry_file).filter(|_| !entry_file.is_some_and(|file| is_plain(tree, file, entry)))
    {
        let statics = if makes_application { flask::statics(tree, &file) } else { None };
        let from = if makes_application { format!("Flask(…) in {file}") } else { format!("`import flask` in {file}") };
        return (Some(Sourced::detected(Framework::Flask, from)), statics.into_iter().collect());
    }
    (Some(Sourced::detected(Framework::Plain, entry.to_string())), Vec::new())
}

/// Is it a function of `environ`, by hand, with no Flask in whatever it imports?
fn is_plain(tree: &Tree, file: &str, entry: &EntryPoint) -> bool {
    let Callable::Object(name) = entry.callable() else { return false };
    callable::is_by_hand(tree, file, name) && !callable::reaches(tree, file, "flask")
}

/// Directories beside the root that the entry point, and packages of a `src/` layout, are imported from.
fn python_path(tree: &Tree, site: Option<&Site>, entry_file: Option<&str>) -> Vec<Sourced<String>> {
    let mut paths: Vec<Sourced<String>> = Vec::new();
    let mut add = |path: &str, from: &str| {
        if !path.is_empty() && !paths.iter().any(|known| known.value == path) {
            paths.push(Sourced::detected(path.to_owned(), from));
        }
    };
    if let Some(site) = site {
        add(&site.home, &site.facts.manage_py);
    } else if let Some(file) = entry_file.filter(|file| file.ends_with(".py")) {
        add(&tree.importable(file).0, file);
    }
    let is_src_package = |file: &&str| file.starts_with("src/") && file.ends_with("/__init__.py") && tree::depth(file) == 2;
    if let Some(package) = tree.files().find(is_src_package).filter(|_| !tree.is_file("src/__init__.py")) {
        add("src", package);
    }
    paths
}

/// The failure for a framework that nothing installs, with what to write; `remarks` say why what is there is not used.
fn nothing_installs(tree: &Tree, framework: Option<&Sourced<Framework>>, site: Option<&Site>, remarks: &[String]) -> Option<Failure> {
    let requirement = match &framework?.value {
        Framework::Django(django) => django_requirement(tree, &[site.map_or("", |site| site.home.as_str()).to_owned()], django),
        Framework::Flask => "Flask".to_owned(),
        Framework::Plain => return None,
    };
    let failure = Failure::new(Kind::Project, format!("the project uses {requirement}, and nothing says what to install"));
    Some(
        match remarks {
            [] => failure.hint(format!("write a requirements.txt with all that it imports: its first line is `{requirement}`")),
            remarks => remarks.iter().fold(failure, |failure, remark| failure.hint(remark.clone())),
        }
        .hint("if the base or a build hook brings it, write `requirements: []` to parity.yaml"),
    )
}

/// Django, in the version that has written the settings.
fn django_requirement(tree: &Tree, roots: &[String], django: &Django) -> String {
    let file = django.settings_module.as_deref().and_then(|module| tree.module_file(roots, module));
    let text = file.and_then(|file| tree.text(&file)).unwrap_or_default();
    let version =
        text.lines().take(HEADER).find_map(|line| line.split_once("using Django ").or(line.split_once("docs.djangoproject.com/en/")));
    let version =
        version.map(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default().trim_end_matches('.'));
    match version.filter(|version| version.contains('.')) {
        Some(version) if version.matches('.').count() >= 2 => format!("Django~={version}"),
        Some(version) => format!("Django~={version}.0"),
        None => "Django".to_owned(),
    }
}

/// Lines at the beginning of a settings file in which its generator has left a comment.
const HEADER: usize = 15;

/// pip's files that do not name the framework, directly or by something that surely brings it along.
fn missing_framework(tree: &Tree, framework: Option<&Sourced<Framework>>, requirements: Option<&Sourced<Requirements>>) -> Option<String> {
    let (package, bring) = match &framework?.value {
        Framework::Django(_) => ("django", &["wagtail", "mezzanine", "netbox"][..]),
        Framework::Flask => ("flask", &["connexion", "dash", "superset", "airflow"][..]),
        Framework::Plain => return None,
    };
    let found = requirements?;
    let (texts, from): (Vec<String>, String) = match &found.value {
        Requirements::Files { paths, includes, .. } => {
            (paths.iter().chain(includes).filter_map(|path| tree.text(path)).collect(), paths.join(" and "))
        }
        Requirements::PyProject { dependencies } => (dependencies.clone(), "pyproject.toml".into()),
        _ => return None,
    };
    let names = requirements::pip_names(texts.iter().map(String::as_str))?;
    let is_brought = names.iter().any(|name| name.contains(package) || bring.iter().any(|other| name.contains(other)));
    (!is_brought).then(|| format!("the project uses {package}, but {from} does not list it: the application may fail to start"))
}

#[cfg(test)]
mod tests;
