use super::*;
use crate::project::testing::project;
use crate::project::{LocalPackage, Needs};

type Files<'a> = &'a [(&'a str, &'a str)];

fn show(requirements: Option<&Requirements>) -> String {
    match requirements {
        None => "none".into(),
        Some(Requirements::UvLock { groups, extras }) => format!("uv {groups:?} {extras:?}"),
        Some(Requirements::PyLock { path }) => format!("pylock {path}"),
        Some(Requirements::PoetryLock { groups, extras }) => format!("poetry {groups:?} {extras:?}"),
        Some(Requirements::PipfileLock { groups }) => format!("pipenv {groups:?}"),
        Some(Requirements::Files { paths, includes, .. }) => format!("{paths:?} {includes:?}").replace('"', ""),
        Some(Requirements::PyProject { dependencies }) => format!("project {dependencies:?}").replace('"', ""),
        Some(Requirements::Package) => "package".into(),
    }
}

fn groups(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn found(files: Files<'_>, wanted: &[&str]) -> Result<Found> {
    let dir = project(files);
    let tree = Tree::scan(dir.path())?;
    let found = find(&tree, "backend", &groups(wanted))?;
    for file in found.requirements.iter().flat_map(|requirements| requirements.files()) {
        assert!(tree.is_file(&file), "{file}");
    }
    Ok(found)
}

#[test]
fn the_order_of_files() {
    let project_table = ("pyproject.toml", "[project]\ndependencies = ['a']");
    let cases: [(Files<'_>, &str); 26] = [
        (&[("uv.lock", ""), project_table, ("requirements.txt", "")], "uv [] []"),
        (&[("pylock.toml", ""), ("poetry.lock", "")], "pylock pylock.toml"),
        (&[("pylock.prod.toml", ""), ("requirements.txt", "")], "pylock pylock.prod.toml"),
        (&[("pylock.a.toml", ""), ("pylock.b.toml", ""), ("requirements.txt", "")], "[requirements.txt] []"),
        (&[("poetry.lock", ""), project_table, ("requirements.txt", "")], "poetry [] []"),
        (&[("Pipfile.lock", "{}"), ("requirements.txt", "")], "pipenv []"),
        (&[("requirements.txt", "a"), project_table], "[requirements.txt] []"),
        (
            &[("requirements/base.txt", ""), ("requirements/production.txt", "-r base.txt")],
            "[requirements/production.txt] [requirements/base.txt]",
        ),
        (&[("requirements/base.txt", ""), ("requirements/dev.txt", "")], "[requirements/base.txt] []"),
        (&[("requirements/web.txt", ""), ("requirements/dev.txt", "")], "[requirements/web.txt] []"),
        (&[("requirements-prod.txt", ""), ("requirements-dev.txt", "")], "[requirements-prod.txt] []"),
        (&[("requirements-web.txt", ""), ("requirements-worker.txt", "")], "none"),
        (&[("requirements-dev.txt", "")], "none"),
        // Of a script, where the project itself says what it needs.
        (&[("requirements_migrations.txt", "psycopg2"), project_table], "project [a]"),
        (&[("requirements-web.txt", ""), ("requirements-worker.txt", ""), project_table], "[requirements-web.txt] []"),
        (&[("requirements/lint.txt", ""), ("requirements/scripts.txt", ""), project_table], "project [a]"),
        (&[("requirements-lock.txt", "a==1"), ("requirements-x.txt", ""), project_table], "[requirements-lock.txt] []"),
        (&[project_table], "project [a]"),
        (&[("pyproject.toml", "[project]\nname = 'x'\ndependencies = []")], "project []"),
        (&[("pyproject.toml", "[tool.black]\nline-length = 1")], "none"),
        (&[("backend/requirements.txt", "-r ../base.txt"), ("base.txt", "")], "[backend/requirements.txt] [base.txt]"),
        (&[("backend/requirements.txt", ""), ("requirements.txt", "")], "[requirements.txt] []"),
        (&[("backend/pylock.toml", "")], "pylock backend/pylock.toml"),
        (&[("other/requirements.txt", "")], "none"),
        (
            &[("requirements.txt", "-r a.txt"), ("a.txt", "-r requirements.txt\n-c c.txt"), ("c.txt", "")],
            "[requirements.txt] [a.txt, c.txt]",
        ),
        (&[("requirements.txt", "-r https://example.com/x.txt")], "[requirements.txt] []"),
    ];
    for (files, expected) in cases {
        let found = found(files, &[]).unwrap();
        assert_eq!(show(found.requirements.as_deref()), expected, "{files:?}");
    }
}

/// What is installed of the project: its packages with what they need, and archives.
fn locals(files: Files<'_>) -> String {
    let found = found(files, &[]).unwrap_or_else(|failure| panic!("{files:?}: {failure}"));
    let package = |package: &LocalPackage| {
        let needs = match &package.needs {
            Needs::Locked => "locked".to_owned(),
            Needs::Listed(lines) => lines.join(", "),
            Needs::Built { file, extras } => format!("by {file} {extras:?}").replace('"', ""),
        };
        let marker = package.marker.as_ref().map(|marker| format!(" if {marker}")).unwrap_or_default();
        format!("{}={}{marker} [{needs}]", package.name.as_deref().unwrap_or("?"), package.directory)
    };
    let packages: Vec<String> = found.locals.packages.iter().map(package).collect();
    format!("{} {}", packages.join(" "), found.locals.archives.join(" ")).trim().to_owned()
}

const SHARED: (&str, &str) = (
    "libs/shared/pyproject.toml",
    "[build-system]\nrequires = []\n[project]\nname = 'Shared'\ndependencies = ['a', 'core>1']\n[project.optional-dependencies]\nall = ['shared[x]']\nx = ['b ; m']\n",
);
const CORE: (&str, &str) = ("libs/core/setup.py", "setup(name='core')");

#[test]
fn packages_of_the_project_in_requirement_files() {
    let cases: [(Files<'_>, &str); 8] = [
        (&[("requirements.txt", "-e ./libs/shared"), SHARED], "shared=libs/shared [a, core>1]"),
        (
            &[("requirements.txt", "./libs/shared[all] ; n\nlibs/core\n"), SHARED, CORE],
            "shared=libs/shared if n [a ; n, b ; (m) and (n)] core=libs/core [by libs/core/setup.py []]",
        ),
        (&[("requirements.txt", "-r deps/a.txt"), ("deps/a.txt", "shared @ file:libs/shared"), SHARED], "shared=libs/shared [a, core>1]"),
        (&[("requirements.txt", "-r deps/a.txt"), ("deps/a.txt", "-e ../libs/shared"), SHARED], "shared=libs/shared [a, core>1]"),
        (&[("requirements.txt", "-e .[web]\nflask"), ("setup.py", "setup(name='shop')")], "shop= [by setup.py [web]]"),
        (&[("requirements.txt", "flask"), ("setup.py", "")], ""),
        (
            &[("requirements.txt", "./vendor/x.whl\n-f wheels"), ("vendor/x.whl", ""), ("wheels/y.whl", ""), ("wheels/notes", "")],
            "vendor/x.whl wheels/y.whl",
        ),
        (&[("setup.py", "setup(name='shop')")], "shop= [by setup.py []]"),
    ];
    for (files, expected) in cases {
        assert_eq!(locals(files), expected, "{files:?}");
    }
    for (line, message) in [
        ("-e ./gone", "requirements.txt:1: `-e ./gone`: there is no gone in the project"),
        ("../outside", "requirements.txt:1: `../outside` is outside the project, so the image cannot have it"),
        ("/srv/outside", "requirements.txt:1: `/srv/outside` is outside the project, so the image cannot have it"),
        ("./docs", "requirements.txt:1: `./docs`: docs has neither a setup.py nor a pyproject.toml that builds it"),
    ] {
        assert_eq!(found(&[("requirements.txt", line), ("docs/x.md", "")], &[]).unwrap_err().message, message);
    }
}

#[test]
fn packages_of_the_project_in_locks() {
    const UV: &str = r#"
[[package]]
name = "web"
source = { virtual = "." }
dependencies = [{ name = "flask" }, { name = "shared" }, { name = "wheel-one" }]
[package.dev-dependencies]
dev = [{ name = "core" }]
[[package]]
name = "flask"
source = { registry = "https://example.com" }
[[package]]
name = "shared"
source = { editable = "libs/shared" }
[[package]]
name = "core"
source = { directory = "libs/core" }
[[package]]
name = "wheel-one"
source = { path = "vendor/x.whl" }
"#;
    let wheel = ("vendor/x.whl", "");
    assert_eq!(locals(&[("uv.lock", UV), ("pyproject.toml", ""), SHARED, CORE, wheel]), "shared=libs/shared [locked] vendor/x.whl");
    let installed = UV.replace("virtual", "editable");
    let itself = ("pyproject.toml", "[project]\nname = 'web'\n[build-system]\nrequires = []");
    assert_eq!(locals(&[("uv.lock", &installed), itself, SHARED, CORE, wheel]), "web= [locked] shared=libs/shared [locked] vendor/x.whl");
    let pylock = "lock-version = '1.0'\n[[packages]]\nname = 'shared'\ndirectory = {path = 'libs/shared', editable = true}\n[[packages]]\nname = 'flask'\nversion = '3'\n";
    assert_eq!(locals(&[("pylock.toml", pylock), SHARED]), "shared=libs/shared [locked]");
    let without = locks::pylock_without_directories(pylock).unwrap();
    assert!(without.contains("flask") && !without.contains("shared"), "{without}");
    let poetry = "[[package]]\nname = 'shared'\ngroups = ['main']\n[package.source]\ntype = 'directory'\nurl = 'libs/shared'\n[[package]]\nname = 'core'\ngroups = ['dev']\n[package.source]\ntype = 'directory'\nurl = 'libs/core'\n";
    let plain = ("pyproject.toml", "[tool.poetry]\npackage-mode = false");
    assert_eq!(locals(&[("poetry.lock", poetry), plain, SHARED, CORE]), "shared=libs/shared [locked]");
    let itself = ("pyproject.toml", "[tool.poetry]\nname = 'my-shop'\n[build-system]\nrequires = []");
    assert_eq!(
        locals(&[("poetry.lock", poetry), itself, SHARED, ("my_shop/__init__.py", "")]),
        "shared=libs/shared [locked] my-shop= [locked]"
    );
    let pipfile =
        r#"{"default": {"shared": {"editable": true, "path": "./libs/shared"}, "flask": {}}, "develop": {"core": {"path": "libs/core"}}}"#;
    assert_eq!(locals(&[("Pipfile.lock", pipfile), SHARED, CORE]), "shared=libs/shared [locked]");
}

#[test]
fn packages_of_the_project_in_pyproject() {
    let with = |table: &str| {
        format!(
            "[build-system]\nrequires = []\nbuild-backend = 'hatchling.build'\n[project]\nname = 'web'\ndependencies = ['flask', 'shared']\n{table}"
        )
    };
    for sources in ["[tool.uv.sources]\nshared = {workspace = true}", "[tool.uv.sources]\nshared = {path = 'libs/shared', editable = true}"]
    {
        assert_eq!(locals(&[("pyproject.toml", &with(sources)), SHARED]), "shared=libs/shared [a, core>1] web= [locked]");
    }
    let several = "[build-system]\nrequires = []\n[project]\nname = 'web'\ndependencies = []\n";
    let files: Files<'_> = &[("pyproject.toml", several), ("one/__init__.py", ""), ("two/__init__.py", "")];
    assert_eq!(locals(files), "");
    assert!(found(files, &[]).unwrap().remarks[0].contains("does not choose between one and two"));
}

#[test]
fn wanted_groups_and_extras() {
    let table = "[project]\ndependencies = ['a']\n[project.optional-dependencies]\npg = ['psycopg']\n[dependency-groups]\ndev = ['b', {include-group = 'Te_st'}]\nte-st = ['c', 'a']\n";
    let project_table = ("pyproject.toml", table);
    let cases: [(Files<'_>, &[&str], &str); 5] = [
        (&[project_table], &["pg", "dev"], "project [a, psycopg, b, c]"),
        (&[project_table, ("uv.lock", "")], &["PG", "dev"], "uv [\"dev\"] [\"pg\"]"),
        (
            &[("poetry.lock", ""), ("pyproject.toml", "[tool.poetry.group.dev.dependencies]\n[tool.poetry.extras]\npg = []")],
            &["dev", "pg"],
            "poetry [\"dev\"] [\"pg\"]",
        ),
        (&[("Pipfile.lock", r#"{"_meta": {}, "default": {}, "develop": {}}"#)], &["dev"], "pipenv [\"develop\"]"),
        (
            &[("requirements.txt", ""), ("requirements-dev.txt", "-c c.txt"), ("c.txt", "")],
            &["dev"],
            "[requirements.txt, requirements-dev.txt] [c.txt]",
        ),
    ];
    for (files, wanted, expected) in cases {
        assert_eq!(show(found(files, wanted).unwrap().requirements.as_deref()), expected, "{files:?}");
    }
}

#[test]
fn failures_name_the_place() {
    let cases: [(Files<'_>, &[&str], &str); 10] = [
        (&[("requirements.txt", "a\n\n-r gone.txt")], &[], "requirements.txt:3: `-r gone.txt`: there is no file gone.txt in the project"),
        (&[("requirements/prod.txt", "-c ../c.txt")], &[], "requirements/prod.txt:1: `-c ../c.txt`: there is no file c.txt in the project"),
        (
            &[("requirements.txt", "-r ../x.txt")],
            &[],
            "requirements.txt:1: `-r ../x.txt` is outside the project, so the image cannot have it",
        ),
        (&[("requirements.txt", "-r /x.txt")], &[], "requirements.txt:1: `-r /x.txt` is outside the project, so the image cannot have it"),
        (&[("uv.lock", "")], &[], "uv.lock has no pyproject.toml beside it"),
        (&[("requirements.txt", "")], &["dev"], "groups: requirements.txt knows no group or extra `dev`"),
        (&[("uv.lock", ""), ("pyproject.toml", "")], &["dev"], "groups: uv.lock knows no group or extra `dev`"),
        (
            &[("pyproject.toml", "[project]\ndependencies = 'a'")],
            &[],
            "pyproject.toml: project.dependencies must be a list of requirements, as `[\"django>=5\"]`",
        ),
        (
            &[(
                "pyproject.toml",
                "[project]\ndependencies = []\n[dependency-groups]\na = [{include-group = 'b'}]\nb = [{include-group = 'a'}]",
            )],
            &["a"],
            "pyproject.toml: dependency-groups include each other in a circle: a -> b -> a",
        ),
        (&[("Pipfile.lock", "{")], &["dev"], "Pipfile.lock:1:1: it is not JSON"),
    ];
    for (files, wanted, message) in cases {
        assert_eq!(found(files, wanted).unwrap_err().message, message, "{files:?}");
    }
    let failure = found(&[("pyproject.toml", "[project]\nname = \n")], &[]).unwrap_err();
    assert!(failure.message.starts_with("pyproject.toml:2:8: "), "{}", failure.message);
    assert_eq!(failure.details, ["name = ", "       ^"]);
}

#[test]
fn remarks_say_what_to_do() {
    for (files, part) in [
        (&[("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.10'\ndjango = '*'")][..], "run `poetry lock`"),
        (&[("Pipfile", "[packages]")], "run `pipenv lock`"),
        (&[("environment.yml", "")], "the dependencies in environment.yml are not read"),
        (&[("backend/uv.lock", "")], "run parity with `--project backend`"),
        (&[("requirements-a.txt", ""), ("requirements-b.txt", "")], "`requirements: [requirements-a.txt]`"),
    ] {
        let remarks = found(files, &[]).unwrap().remarks;
        assert!(remarks.len() == 1 && remarks[0].contains(part), "{files:?} {remarks:?}");
    }
    assert!(found(&[("app.py", "")], &[]).unwrap().remarks.is_empty());
    assert_eq!(found(&[("requirements.txt", "")], &[]).unwrap().remarks, [""; 0]);
}

#[test]
fn files_that_the_user_gives() {
    let dir = project(&[
        ("requirements.txt", ""),
        ("deploy/reqs.in", "-c c.txt"),
        ("deploy/c.txt", ""),
        ("poetry.lock", ""),
        ("pyproject.toml", "[project]\ndependencies = ['a']"),
        ("sub/uv.lock", ""),
        ("sub/pylock.x.toml", ""),
    ]);
    let tree = Tree::scan(dir.path()).unwrap();
    let given = |files: &[&str]| {
        given(&tree, &groups(files), &[])
            .map(|found| show(found.map(|(found, _)| found.value).as_ref()))
            .unwrap_or_else(|failure| failure.message)
    };
    assert_eq!(given(&[]), "none");
    assert_eq!(given(&["./deploy/reqs.in", "requirements.txt"]), "[deploy/reqs.in, requirements.txt] [deploy/c.txt]");
    assert_eq!(given(&["poetry.lock"]), "poetry [] []");
    assert_eq!(given(&["pyproject.toml"]), "project [a]");
    assert_eq!(given(&["sub/pylock.x.toml"]), "pylock sub/pylock.x.toml");
    assert_eq!(given(&["sub/uv.lock"]), "requirements: sub/uv.lock must be in the project's root directory");
    assert_eq!(given(&["poetry.lock", "requirements.txt"]), "requirements: poetry.lock cannot be combined with other files");
    assert_eq!(given(&["gone.txt"]), "requirements: there is no file gone.txt in the project");
    assert_eq!(given(&["../x.txt"]), "requirements: `../x.txt` is outside the project");
}
