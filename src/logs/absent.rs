//! Files that the application looks for and does not find: those that a project has an example of, for each to make their own, and those
//! that are on this machine and not in the image.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{Paths, Record, Setting};
use crate::units::files;

/// What the name of an example has beside that of the file that is made of it.
const WORDS: [&str; 10] = ["example", "sample", "template", "tmpl", "tpl", "dist", "default", "skel", "local", "in"];
/// `.env-local` is an example where `.env` is looked for; `local_settings.py` is none of `settings.py`.
const OF_ENVIRONMENT_ONLY: &str = "local";
/// Names of a directory that are looked at.
const MOST_NAMES: usize = 10_000;

/// What to do about a module of the project that cannot be imported, `patchwork.settings.production`, if there is something to find.
pub fn module(name: &str, record: &Record, setting: &Setting, paths: &Paths) -> Option<String> {
    let file = format!("{}.py", name.replace('.', "/"));
    let mut roots = vec![paths.host.clone(), paths.host.join("src")];
    // `manage.py` and what `python-path` names may be further down: next to the code that asks for it.
    let asking =
        record.lines.iter().filter_map(|line| line.text.trim_start().strip_prefix("File \"")?.split('"').next().map(PathBuf::from));
    for file in asking.filter(|file| file.starts_with(&paths.host)) {
        let above = file.ancestors().skip(1).take_while(|directory| directory.starts_with(&paths.host)).map(Path::to_path_buf);
        roots.extend(above);
    }
    roots.iter().find_map(|root| file_at(&root.join(&file), setting, paths))
}

/// The same of a file, as the application has named it.
pub fn file(name: &str, setting: &Setting, paths: &Paths) -> Option<String> {
    let inside = match name.strip_prefix(paths.container.as_str()).filter(|_| !paths.container.is_empty()) {
        Some(rest) => rest.strip_prefix('/')?,
        None if name.starts_with('/') => return None,
        None => name,
    };
    file_at(&paths.host.join(inside), setting, paths)
}

/// How a variable gets its value where nothing says which environment there is, and a file shows what it should have.
pub fn variable(name: &str, paths: &Paths) -> Option<String> {
    if !paths.host.is_absolute() || paths.host.join(".env").exists() {
        return None;
    }
    let example = example(&paths.host, ".env")?;
    let text = files::read_text_inside(&paths.host, Path::new(&example)).ok()?;
    let sets = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().any(sets).then(|| {
        format!("{example} shows the variables that the application reads: `cp {} .env`, and look at the values", quoted(&example))
    })
}

fn file_at(wanted: &Path, setting: &Setting, paths: &Paths) -> Option<String> {
    let inside = wanted.strip_prefix(&paths.host).ok().filter(|inside| paths.host.is_absolute() && is_plain(inside))?.to_str()?;
    // Who writes the log may also make links, and is not to learn or show what is elsewhere on this machine.
    let directory = wanted.parent()?.canonicalize().ok()?;
    if !directory.starts_with(paths.host.canonicalize().ok()?) {
        return None;
    }
    if wanted.symlink_metadata().is_ok() {
        return setting.baked.then(|| {
            format!(
                "`{0}` is here and not in the image: `parity build --production --list` says why, and `include: [{0}]` in parity.yaml brings it there",
                inside.escape_debug()
            )
        });
    }
    let example = example(&directory, wanted.file_name()?.to_str()?)?;
    let beside = Path::new(inside).with_file_name(&example);
    let (from, to) = (beside.to_str()?, inside);
    Some(format!("the project has an example of it: `cp {} {}`, and look at what is in it", quoted(from), quoted(to)))
}

/// Does it lead further down only?
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// The name of a file in this directory that another is made of.
fn example(directory: &Path, wanted: &str) -> Option<String> {
    let names = fs::read_dir(directory).ok()?.take(MOST_NAMES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| is_example(name, wanted)).min_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)))
}

/// `config.py.tpl`, `config.example.py`, `example-config.py` and `config_sample.py` of `config.py`; `env.example` of `.env`.
fn is_example(name: &str, wanted: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_environment = wanted == ".env";
    let words = WORDS.iter().filter(|word| is_environment || **word != OF_ENVIRONMENT_ONLY);
    words.flat_map(|word| lower.match_indices(word).map(move |(at, _)| (at, at + word.len()))).any(|(from, until)| {
        let (before, behind) = (&name[..from], &name[until..]);
        let separates = |c: char| matches!(c, '.' | '-' | '_');
        let bare = match (before.strip_suffix(separates), behind.strip_prefix(separates)) {
            // The last part of a name, or one in the middle.
            (Some(before), _) if behind.is_empty() || behind.starts_with(separates) => format!("{before}{behind}"),
            (None, Some(behind)) if before.is_empty() => behind.to_owned(),
            _ => return false,
        };
        bare == wanted || is_environment && bare == "env"
    })
}

/// For a shell, if need be.
fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
    if is_plain { path.to_owned() } else { format!("'{}'", path.escape_debug().to_string().replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::RecordKind;

    fn project(files: &[&str]) -> (tempfile::TempDir, Paths) {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "export SECRET_KEY=x\n# DEBUG\n").unwrap();
        }
        let paths = Paths::of_project(directory.path());
        (directory, paths)
    }

    #[test]
    fn names_of_examples() {
        for name in [
            "config.py.tpl",
            "config.example.py",
            "config.py-dist",
            "config_sample.py",
            "config-Default.py",
            "example_config.py",
            "sample.config.py",
            "config.py.in",
        ] {
            assert!(is_example(name, "config.py"), "{name}");
        }
        for name in ["config.py", "example.py", "my_config.example.py", "configexample.py", "config_local.py", "config.py.orig", "main.py"]
        {
            assert!(!is_example(name, "config.py"), "{name}");
        }
        for name in [".env.example", ".env-local", "env.sample", "example.env", ".env.dist"] {
            assert!(is_example(name, ".env"), "{name}");
        }
        for name in [".env", ".envrc", "environment.example", ".env.production"] {
            assert!(!is_example(name, ".env"), "{name}");
        }
    }

    #[test]
    fn a_module_that_the_project_has_an_example_of() {
        let (_kept, paths) =
            project(&["shop/settings/production.example.py", "config.py.tpl", "web/app/conf_sample.py", "web/app/__init__.py"]);
        let record = |file: &str| {
            let line = format!("  File \"{}/{file}\", line 1, in <module>", paths.host.display());
            Record::new(RecordKind::Traceback, ["Traceback (most recent call last):", line.as_str()])
        };
        let hint = |name: &str, file: &str| module(name, &record(file), &Setting::default(), &paths);
        assert_eq!(
            hint("shop.settings.production", "shop/wsgi.py").unwrap(),
            "the project has an example of it: `cp shop/settings/production.example.py shop/settings/production.py`, and look at what is in it"
        );
        assert!(hint("config", "app/__init__.py").unwrap().contains("`cp config.py.tpl config.py`"));
        assert!(hint("app.conf", "web/app/__init__.py").unwrap().contains("`cp web/app/conf_sample.py web/app/conf.py`"));
        assert_eq!(hint("app.conf", "wsgi.py"), None);
        assert_eq!(hint("yaml", "web/app/__init__.py"), None);
    }

    #[test]
    fn a_file_that_stayed_out_of_the_image() {
        let (_kept, paths) = project(&["shop/local_settings.py", "etc/site.ini.sample", "etc/my site.ini.sample"]);
        let here = Setting::default();
        let baked = Setting { baked: true, ..Setting::default() };
        let record = Record::new(RecordKind::Traceback, ["Traceback (most recent call last):"]);
        assert_eq!(module("shop.local_settings", &record, &here, &paths), None);
        let said = module("shop.local_settings", &record, &baked, &paths).unwrap();
        assert!(said.contains("is here and not in the image") && said.contains("`include: [shop/local_settings.py]`"), "{said}");
        assert!(file("/app/etc/site.ini", &here, &paths).unwrap().contains("`cp etc/site.ini.sample etc/site.ini`"));
        assert!(file("etc/my site.ini", &here, &paths).unwrap().contains("`cp 'etc/my site.ini.sample' 'etc/my site.ini'`"));
        assert_eq!((file("/etc/site.ini", &here, &paths), file("/application/site.ini", &here, &paths)), (None, None));
    }

    #[test]
    fn nothing_outside_of_the_project_is_looked_for() {
        let (kept, paths) = project(&["inner/app.py"]);
        fs::write(kept.path().join("config.py.tpl"), "").unwrap();
        std::os::unix::fs::symlink(kept.path(), kept.path().join("inner/out")).unwrap();
        let inner = Paths::of_project(paths.host.join("inner"));
        let baked = Setting { baked: true, ..Setting::default() };
        for name in ["../config.py", "out/config.py", "out/../config.py"] {
            assert_eq!(file(name, &baked, &inner), None, "{name}");
        }
    }

    #[test]
    fn a_variable_that_an_example_of_the_environment_has() {
        let (kept, paths) = project(&[".env-local"]);
        let said = variable("SECRET_KEY", &paths).unwrap();
        assert!(said.starts_with(".env-local shows") && said.contains("`cp .env-local .env`"), "{said}");
        assert_eq!((variable("DEBUG", &paths), variable("SECRET", &paths)), (None, None));
        fs::write(kept.path().join(".env"), "").unwrap();
        assert_eq!(variable("SECRET_KEY", &paths), None);
    }
}
