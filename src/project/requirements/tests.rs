use super::*;
use crate::project::testing::project;

type Files<'a> = &'a [(&'a str, &'a str)];

fn show(requirements: Option<&Requirements>) -> String {
    match requirements {
        None => "none".into(),
        Some(Requirements::UvLock { groups, extras }) => format!("uv {groups:?} {extras:?}"),
        Some(Requirements::PyLock { path }) => format!("pylock {path}"),
        Some(Requirements::PoetryLock { groups, extras }) => format!("poetry {groups:?} {extras:?}"),
        Some(Requirements::PipfileLock { groups }) => format!("pipenv {groups:?}"),
        Some(Requirements::Files { paths, includes }) => format!("{paths:?} {includes:?}").replace('"', ""),
        Some(Requirements::PyProject { dependencies }) => format!("project {dependencies:?}").replace('"', ""),
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
    let cases: [(Files<'_>, &str); 22] = [
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
        (&[("setup.py", "")], "the dependencies in setup.py are not read"),
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
    let given =
        |files: &[&str]| given(&tree, &groups(files), &[]).map(|found| show(found.as_deref())).unwrap_or_else(|failure| failure.message);
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
