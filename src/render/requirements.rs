//! How each kind of requirements is installed into the virtual environment, by the tool it belongs to.

use super::packages::{variable, word};
use super::quote::{ShellWord, refuse};
use crate::error::Result;
use crate::plan::ImagePlan;
use crate::project::{Needs, PipOptions, Requirements};
use crate::units::layout;

/// The steps, which run in a directory that holds the project's requirement files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Install {
    /// What pip installs beside the virtual environment first.
    pub tools: Vec<&'static str>,
    /// Shell commands, quoted.
    pub commands: Vec<String>,
    /// Files of parity's own in that directory.
    pub files: Vec<(String, String)>,
}

/// What `pyproject.toml` and the project's own packages list, for pip and uv.
const LISTED: &str = "parity-requirements.txt";
/// Where the tools of other lock files export to.
const EXPORTED: &str = "/tmp/requirements.txt";

// All is compiled at the end, with fixed times.
const PIP: &str = "/opt/tools/bin/pip --python /opt/venv/bin/python install --disable-pip-version-check --no-compile";
const UV: &str = "env UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy";
/// uv in pip's place, which looks for the best version in all indexes.
pub(super) const UV_PIP: &str = "env UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_INDEX_STRATEGY=unsafe-best-match /opt/tools/bin/uv pip install --python /opt/venv/bin/python";

/// # Errors
/// Names that the commands cannot hold.
pub fn install(image: &ImagePlan) -> Result<Install> {
    let locals = &image.locals;
    let mut install = Install::default();
    let Some(requirements) = image.requirements.as_ref().map(|found| &found.value) else { return Ok(install) };
    install.tools.push("uv");
    let mut listed = Vec::new();
    for package in &locals.packages {
        if let Needs::Listed(lines) = &package.needs {
            listed.extend(lines.iter().filter(|line| !listed.contains(*line)).cloned().collect::<Vec<_>>());
        }
    }
    match requirements {
        Requirements::Files { paths, options: asked, .. } => {
            install.commands = of_files(&options("requirements", "-r", paths)?, asked, &listed, image)?;
        }
        Requirements::PyProject { dependencies } => {
            listed.splice(0..0, dependencies.iter().filter(|line| !listed.contains(line)).cloned().collect::<Vec<_>>());
            install.commands = of_files("", &PipOptions::default(), &listed, image)?;
        }
        Requirements::Package => install.commands = of_files("", &PipOptions::default(), &listed, image)?,
        // `--inexact`: mod_wsgi, which the lock does not know, stays.
        Requirements::UvLock { groups, extras } => install.commands.push(format!(
            "{UV} UV_PROJECT_ENVIRONMENT=/opt/venv /opt/tools/bin/uv sync --frozen --inexact --no-install-project --no-install-workspace \
             --no-install-local --no-dev --python /opt/venv/bin/python{}{}",
            options("groups", "--group", groups)?,
            options("groups", "--extra", extras)?
        )),
        Requirements::PyLock { path } => {
            install.commands.push(format!("{UV_PIP} --preview -r {}", ShellWord::new("requirements", path)?));
        }
        Requirements::PoetryLock { groups, extras } => {
            install.tools.extend(["poetry", "poetry-plugin-export"]);
            install.commands.push(format!(
                "/opt/tools/bin/poetry export --format requirements.txt --output {EXPORTED}{}{}",
                options("groups", "--with", groups)?,
                options("groups", "--extras", extras)?
            ));
            install.commands.push(exported());
        }
        Requirements::PipfileLock { groups } => {
            install.tools.push("pipenv");
            let categories = ["packages".to_owned()].into_iter().chain(groups.iter().cloned()).collect::<Vec<_>>().join(" ");
            let categories = ShellWord::new("groups", &categories)?;
            install.commands.push(format!("/opt/tools/bin/pipenv requirements --categories {categories} >{EXPORTED}"));
            install.commands.push(exported());
        }
    }
    if !listed.is_empty() {
        install.files.push((LISTED.into(), lines(&listed)?));
    }
    if matches!(requirements, Requirements::UvLock { .. }) && !locals.archives.is_empty() {
        let files = locals.archives.iter().map(|path| Ok(word(&format!("./{path}"))?.to_string())).collect::<Result<Vec<_>>>()?;
        install.commands.push(format!("{UV_PIP} --no-deps {}", files.join(" ")));
    }
    Ok(install)
}

/// Requirement files, what is listed elsewhere, and what builds of the project's own packages say, all together.
fn of_files(files: &str, asked: &PipOptions, listed: &[String], image: &ImagePlan) -> Result<Vec<String>> {
    let listed = if listed.is_empty() { String::new() } else { format!(" -r {LISTED}") };
    let (mut built, mut versions) = (String::new(), Vec::new());
    for package in &image.locals.packages {
        let Needs::Built { file, extras } = &package.needs else { continue };
        // uv asks the build, whichever of its files it is given.
        let file = word(&format!("{}/{file}", layout::APP))?;
        built += &format!(" -r {file}{}", options("requirements", "--extra", extras)?);
        // What it needs does not depend on which version it is.
        versions.extend(variable(package, "0")?.map(|variable| format!("export {variable}")));
    }
    let files = format!("{files}{listed}");
    if asked.only_pip.is_some() {
        let with_pip = (!files.is_empty()).then(|| format!("{PIP}{files}"));
        versions.extend(with_pip.into_iter().chain((!built.is_empty()).then(|| format!("{UV_PIP}{built}"))));
        return Ok(versions);
    }
    let pre = if asked.pre { " --prerelease allow" } else { "" };
    let hosts = options("requirements", "--allow-insecure-host", &asked.trusted_hosts)?;
    let all = format!("{files}{built}");
    versions.extend((!all.is_empty()).then(|| format!("{UV_PIP}{pre}{hosts}{all}")));
    Ok(versions)
}

/// What another tool exports, without directories of the project.
fn exported() -> String {
    let archive = r"\.\(whl\|zip\|tgz\|tar\.[a-z0-9]*\)\( \|;\|$\)";
    let paths = [r"\(-e \)\?\([^ ]* @ \)\?file:", r"\(-e \)\?\.\{1,2\}\(\/\|$\| \|\[\)", r"\(-e \)\?[^ :@;]*\/", r"-e [^:]*$"];
    let scripts: String = paths.iter().map(|path| format!(" -e '/^{path}/{{/{archive}/!d}}'")).collect();
    format!("sed -i{scripts} {EXPORTED}; {UV_PIP} -r {EXPORTED}")
}

fn options(setting: &str, option: &str, values: &[String]) -> Result<String> {
    values
        .iter()
        .map(|value| Ok(format!(" {option} {}", one_line(setting, value).and_then(|value| ShellWord::new(setting, value))?)))
        .collect()
}

/// A Dockerfile's command is one line, and a name that starts with `-` would be an option.
fn one_line<'a>(setting: &str, value: &'a str) -> Result<&'a str> {
    if value.chars().any(char::is_control) || value.starts_with('-') || value.is_empty() {
        return Err(refuse(setting, value, "is not a usable name"));
    }
    Ok(value)
}

/// A line of a requirement file for each, none of which may be an option of pip.
fn lines(dependencies: &[String]) -> Result<String> {
    dependencies.iter().map(|dependency| Ok(format!("{}\n", one_line("pyproject.toml", dependency)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{LocalPackage, Locals};
    use crate::render::testing;
    use crate::units::Sourced;

    fn with(requirements: Requirements, locals: Locals) -> Result<Install> {
        install(&ImagePlan { requirements: Some(Sourced::default(requirements)), locals, ..testing::flask().image })
    }

    fn commands(requirements: Requirements) -> String {
        with(requirements, Locals::default()).unwrap().commands.join("\n")
    }

    fn files(paths: &[&str], options: PipOptions) -> Requirements {
        Requirements::Files { paths: paths.iter().map(|path| (*path).to_owned()).collect(), includes: vec![], options }
    }

    fn package(needs: Needs) -> LocalPackage {
        LocalPackage {
            directory: "libs/a".into(),
            name: None,
            marker: None,
            needs,
            compiles: crate::project::Compiles::Nothing,
            version_of: None,
        }
    }

    #[test]
    fn each_tool_is_called_as_it_wants() {
        let (groups, extras) = (vec!["prod".to_owned()], vec!["pg".to_owned()]);
        assert!(
            commands(files(&["requirements.txt", "it's.txt"], PipOptions::default())).ends_with(r" -r 'requirements.txt' -r 'it'\''s.txt'")
        );
        assert!(
            commands(Requirements::UvLock { groups: groups.clone(), extras: extras.clone() }).ends_with(" --group 'prod' --extra 'pg'")
        );
        assert!(commands(Requirements::PyLock { path: "pylock.toml".into() }).ends_with(" -r 'pylock.toml'"));
        assert!(commands(Requirements::PoetryLock { groups: groups.clone(), extras }).contains(" --with 'prod' --extras 'pg'\n"));
        assert!(commands(Requirements::PipfileLock { groups }).contains(" --categories 'packages prod' >"));
        assert_eq!(commands(Requirements::PyProject { dependencies: vec![] }), "");
        let nothing = ImagePlan { requirements: None, ..testing::flask().image };
        assert_eq!(install(&nothing).unwrap(), Install::default());
    }

    #[test]
    fn what_uv_does_not_read_in_a_file_it_is_told() {
        let asked = PipOptions { pre: true, trusted_hosts: vec!["a.example".into()], only_pip: None };
        let told = commands(files(&["r.txt"], asked));
        assert!(
            told.contains("uv pip install") && told.ends_with(" --prerelease allow --allow-insecure-host 'a.example' -r 'r.txt'"),
            "{told}"
        );
        let only_pip = PipOptions { only_pip: Some("--use-pep517".into()), ..PipOptions::default() };
        assert!(commands(files(&["r.txt"], only_pip)).starts_with("/opt/tools/bin/pip "));
    }

    #[test]
    fn what_the_projects_own_packages_need_is_installed_with_the_rest() {
        let listed = package(Needs::Listed(vec!["markupsafe ; python_version < '4'".into()]));
        let built = package(Needs::Built { file: "libs/a/setup.py".into(), extras: vec!["pg".into()] });
        let locals = Locals { packages: vec![listed, built, package(Needs::Locked)], archives: vec![] };
        let install = with(files(&["r.txt"], PipOptions::default()), locals.clone()).unwrap();
        assert_eq!(install.commands.len(), 1);
        assert!(install.commands[0].ends_with(" -r 'r.txt' -r parity-requirements.txt -r '/app/libs/a/setup.py' --extra 'pg'"));
        assert_eq!(install.files, [(LISTED.to_owned(), "markupsafe ; python_version < '4'\n".to_owned())]);
        let only_pip = PipOptions { only_pip: Some("-U".into()), ..PipOptions::default() };
        let both = with(files(&["r.txt"], only_pip), locals).unwrap().commands;
        assert!(both[0].contains("/pip ") && both[1].contains("uv pip") && both[1].ends_with("--extra 'pg'"), "{both:?}");
        let archives = Locals { packages: vec![], archives: vec!["vendor/x.whl".into()] };
        let locked = with(Requirements::UvLock { groups: vec![], extras: vec![] }, archives).unwrap();
        assert!(locked.commands[1].ends_with("--no-deps './vendor/x.whl'"), "{locked:?}");
    }

    #[test]
    fn names_are_no_options_and_no_lines() {
        for bad in ["--index-url=x", "a\nRUN b", ""] {
            assert!(with(files(&[bad], PipOptions::default()), Locals::default()).is_err(), "{bad:?}");
            assert!(with(Requirements::PyProject { dependencies: vec![bad.into()] }, Locals::default()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn of_an_export_the_projects_directories_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x.txt");
        let lines = "-i https://pypi.example/simple\nshared @ file:///build/libs/shared ; python_version >= \"3.11\"\n-e file:///build/libs/b\n-e ./libs/c\n-e libs/d\n./libs/e\nlibs/f[x]; m\n-e .\n-e g\n\
                     x @ file:///build/vendor/x-1.whl ; m\n./vendor/y.tar.gz\nflask==3.1 ; python_version >= \"3.11\" \\\n    --hash=sha256:0\n-e git+https://example.com/z#egg=z\n";
        std::fs::write(&file, lines).unwrap();
        let command = exported();
        let (sed, _) = command.split_once("; env").unwrap();
        let ran = std::process::Command::new("sh").args(["-c", &sed.replace(EXPORTED, file.to_str().unwrap())]).status().unwrap();
        assert!(ran.success());
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "-i https://pypi.example/simple\nx @ file:///build/vendor/x-1.whl ; m\n./vendor/y.tar.gz\nflask==3.1 ; python_version >= \"3.11\" \\\n    --hash=sha256:0\n-e git+https://example.com/z#egg=z\n"
        );
    }
}
