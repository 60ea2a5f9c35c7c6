//! Packages in directories of the project, in each of the ways in which projects name them.

use crate::common::BUILD_PATIENCE;
use crate::engine::{self, OwnImage};
use crate::http::Browser;
use crate::project::TestProject;

const WORKSPACE: &str = "[project]\nname = \"web\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"shared\"]\n\
                         [tool.uv.sources]\nshared = {workspace = true}\n[tool.uv.workspace]\nmembers = [\"libs/*\"]\n";
const UV_LOCK: &str = "version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n[manifest]\nmembers = [\"shared\", \"web\"]\n\
                       [[package]]\nname = \"shared\"\nversion = \"0.3\"\nsource = { editable = \"libs/shared\" }\n\
                       [[package]]\nname = \"web\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"shared\" }]\n\
                       [package.metadata]\nrequires-dist = [{ name = \"shared\", editable = \"libs/shared\" }]\n";
const PYLOCK: &str =
    "lock-version = \"1.0\"\ncreated-by = \"uv\"\n[[packages]]\nname = \"shared\"\ndirectory = { path = \"libs/shared\" }\n";
const PIPFILE: &str = r#"{"_meta": {"sources": []}, "default": {"shared": {"editable": true, "path": "libs/shared"}}, "develop": {}}"#;

fn served(project: &TestProject) -> String {
    let text = project.browse().get("/").ok().text();
    project.parity(&["down"]).ok();
    text
}

/// What a command prints in the image that would be deployed, outside of the project.
fn deployed(project: &TestProject, command: &str) -> String {
    let image = OwnImage(project.parity(&["build", "--production"]).patience(BUILD_PATIENCE).ok().line().to_owned());
    engine::run_in(&image.0, &format!("cd /; {command}"), project.scratch())
}

#[test]
fn each_tools_way_to_name_a_package_of_the_project() {
    let ways: [&[(&str, &str)]; 6] = [
        &[
            ("requirements.txt", "-r deps.txt\n-c constraints.txt\n"),
            ("deps.txt", "-e ./libs/shared\n"),
            ("constraints.txt", "shared==0.3\n"),
        ],
        &[("requirements.txt", "shared @ file:libs/shared ; python_version > '3'\n")],
        &[("pyproject.toml", WORKSPACE), ("uv.lock", UV_LOCK)],
        &[("pyproject.toml", WORKSPACE)],
        &[("pylock.toml", PYLOCK)],
        &[("Pipfile", "[packages]\nshared = {path = \"libs/shared\", editable = true}\n"), ("Pipfile.lock", PIPFILE)],
    ];
    for files in ways {
        let project = TestProject::copy("packages");
        files.iter().for_each(|(path, text)| project.write(path, text));
        assert_eq!(served(&project), "hello 0.3 greet\n", "{files:?}");
        let told = deployed(&project, "python -c 'import shared.words as w; print(w.__file__.startswith(\"/opt/venv/\"), w.HELLO)'; greet");
        assert_eq!(told, "True hello\nhello\n", "{files:?}");
    }
}

#[test]
fn a_save_of_a_package_is_served_and_builds_nothing() {
    let project = TestProject::copy("packages");
    project.write("requirements.txt", "./libs/shared\n");
    let (mut session, url) = project.foreground(&["--reload-on-changes"]);
    Browser::at(&url).get("/").ok().has("hello 0.3 greet");
    project.write("libs/shared/src/shared/words.py", "HELLO = \"good day\"\n");
    session.says("libs/shared/src/shared/words.py → serving");
    Browser::at(&url).get("/").ok().has("good day 0.3 greet");
    project.write("libs/shared/src/shared/more.py", "");
    project.parity(&["build"]).ok().says(&["nothing to build"]);
    let metadata = project.read("libs/shared/pyproject.toml").replace("0.3", "0.4");
    project.write("libs/shared/pyproject.toml", &metadata);
    session.be_patient(BUILD_PATIENCE);
    session.says("it says what shared (libs/shared) is installed as");
    Browser::at(&url).get("/").ok().has("good day 0.4 greet");
    let rows = project.parity(&["diff"]).ok().stdout;
    assert!(rows.contains("shared (libs/shared): editable, with the project's own files"), "{rows}");
    session.interrupt();
    session.end().exits(0);
}

#[test]
fn a_project_that_has_only_a_setup_script() {
    let project = TestProject::copy("packages");
    let setup = "from setuptools import setup\nsetup(name='web', version='2.0', py_modules=['web'], install_requires=open('needs.txt').read().split(),\n\
                 entry_points={'console_scripts': ['shared-web=web:main'], 'paste.app_factory': ['main=web:main']})\n";
    project.write("setup.py", setup);
    project.write("needs.txt", "markupsafe\n");
    let app = "from importlib.metadata import entry_points, version\nimport markupsafe\n\
               def application(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
               points = [point.name for point in entry_points(group='paste.app_factory')]\n    return [f\"{version('web')} {points}\".encode()]\n";
    project.write("app.py", app);
    project.write("web.py", "def main():\n    print('web')\n");
    assert_eq!(served(&project), "2.0 ['main']");
    let told = deployed(&project, "python -c 'from importlib.metadata import version as v; print(v(\"web\"))'; shared-web");
    assert_eq!(told, "2.0\nweb\n");
}

#[test]
fn a_version_of_version_control_and_what_is_compiled() {
    let project = TestProject::copy("packages");
    let shared = project.read("libs/shared/pyproject.toml");
    let dynamic =
        shared.replace("\"hatchling\"]", "\"hatchling\", \"hatch-vcs\"]").replace("version = \"0.3\"\n", "dynamic = [\"version\"]\n");
    project.write("libs/shared/pyproject.toml", &format!("{dynamic}\n[tool.hatch.version]\nsource = \"vcs\"\n"));
    project.make_directory("libs/fast");
    let setup = "from setuptools import Extension, setup\nsetup(name='fast', version='1', ext_modules=[Extension('fast', ['fast.c'])])\n";
    let source = "#include <Python.h>\nstatic struct PyModuleDef def = {PyModuleDef_HEAD_INIT, \"fast\", NULL, -1, NULL};\n\
                  PyMODINIT_FUNC PyInit_fast(void) { PyObject *m = PyModule_Create(&def); PyModule_AddIntConstant(m, \"SEVEN\", 7); return m; }\n";
    project.write("libs/fast/setup.py", setup);
    project.write("libs/fast/fast.c", source);
    project.write("requirements.txt", "./libs/shared\n-e ./libs/fast\n");
    project.write(
        "app.py",
        &project.read("app.py").replace("import shared", "import fast, shared").replace("f\"{shared", "f\"{fast.SEVEN} {shared"),
    );
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "x"],
        &["tag", "v7.1"],
    ] {
        project.run("git", arguments);
    }
    assert_eq!(served(&project), "7 hello 7.1 greet\n");
    // Its code is in the image.
    project.write("libs/fast/fast.c", &source.replace("7)", "8)"));
    assert_eq!(served(&project), "8 hello 7.1 greet\n");
}

/// The project itself has an extension module: that is the image's, and its other code what is saved.
#[test]
fn a_project_that_is_compiled_in_part() {
    let project = TestProject::copy("packages");
    let setup = "from setuptools import Extension, setup\nsetup(name='web', version='2', package_dir={'': 'src'}, packages=['web'],\n\
                 entry_points={'console_scripts': ['tell=web.app:tell']}, ext_modules=[Extension('web._fast', ['src/web/_fast.c'])])\n";
    let source = "#include <Python.h>\nstatic struct PyModuleDef def = {PyModuleDef_HEAD_INIT, \"_fast\", NULL, -1, NULL};\n\
                  PyMODINIT_FUNC PyInit__fast(void) { PyObject *m = PyModule_Create(&def); PyModule_AddIntConstant(m, \"SEVEN\", 7); return m; }\n";
    let app = "from . import _fast\nWORD = 'one'\ndef tell():\n    print(__file__, WORD, _fast.SEVEN)\n\
               def application(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
               return [f'{WORD} {_fast.SEVEN} {__file__}'.encode()]\n";
    project.make_directory("src/web");
    for (path, text) in [
        ("setup.py", setup),
        ("src/web/__init__.py", ""),
        ("src/web/_fast.c", source),
        ("src/web/app.py", app),
        ("parity.yaml", "app: web.app\n"),
    ] {
        project.write(path, text);
    }
    let (mut session, url) = project.foreground(&["--reload-on-changes"]);
    Browser::at(&url).get("/").ok().has("one 7 /app/src/web/app.py");
    project.write("src/web/app.py", &app.replace("'one'", "'two'"));
    session.says("src/web/app.py → serving");
    Browser::at(&url).get("/").ok().has("two 7");
    project.parity(&["build"]).ok().says(&["nothing to build"]);
    project.write("src/web/_fast.c", &source.replace("7)", "8)"));
    session.be_patient(BUILD_PATIENCE);
    session.says("web (the project itself) is compiled from it in the image");
    session.next(|line| line.contains("serving"));
    Browser::at(&url).get("/").ok().has("two 8");
    session.interrupt();
    session.end().exits(0);
    assert_eq!(
        deployed(&project, "tell; python -c 'import importlib.metadata as m; print(m.version(\"web\"))'"),
        "/app/src/web/app.py two 8\n2\n"
    );
}

#[test]
fn what_a_package_cannot_be_is_said_before_the_build() {
    let project = TestProject::copy("packages");
    for (line, message) in [
        ("-e ./libs/gone", "requirements.txt:1: `-e ./libs/gone`: there is no libs/gone in the project"),
        ("../elsewhere", "requirements.txt:1: `../elsewhere` is outside the project, so the image cannot have it"),
        ("./libs", "requirements.txt:1: `./libs`: libs has neither a setup.py nor a pyproject.toml that builds it"),
    ] {
        project.write("requirements.txt", line);
        project.parity(&["build"]).run().exits(3).says(&[message]);
    }
}
