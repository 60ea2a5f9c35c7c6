//! `.env` files by the thousand, read by parity and by the programs whose reading it follows.

mod files;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use parity::dotenv::{self, Surroundings, compose};

/// What the environment has beside each file. `B` and `HOME` are names that files set as well.
const ENVIRONMENT: [(&str, &str); 3] = [("HOME", "/home/ada"), ("B", "of the environment"), ("EMPTY", "")];

/// How many files are read, unless this variable says so.
const FILES: (&str, usize) = ("PARITY_TEST_DOTENV_FILES", 1_000);

fn lookup(name: &str) -> Option<&'static str> {
    ENVIRONMENT.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Whether the environment hides what a file says: `override=False` of python-dotenv.
struct Around {
    hides: bool,
}

impl Surroundings for Around {
    fn over(&self, name: &str) -> Option<&str> {
        lookup(name).filter(|_| self.hides)
    }
    fn under(&self, name: &str) -> Option<&str> {
        lookup(name).filter(|_| !self.hides)
    }
    fn is_hidden(&self, _: &str) -> bool {
        false
    }
}

/// What python-dotenv made of a file: its variables, or nothing where it warned.
type Values = Option<BTreeMap<String, Option<String>>>;

#[test]
fn means_what_it_means_to_python_dotenv() {
    let count = std::env::var(FILES.0).map_or(FILES.1, |count| count.parse().expect("a number"));
    let texts = files::generate(count);
    let (mut read, mut refused) = (0, 0);
    for (text, [hidden, hiding]) in texts.iter().zip(python_dotenv(&texts)) {
        for (hides, theirs) in [(false, hidden), (true, hiding)] {
            let ours = dotenv::read(text, &Around { hides });
            match (ours, theirs) {
                (Ok(contents), Some(theirs)) => {
                    let ours: BTreeMap<_, _> =
                        contents.variables.into_iter().map(|variable| (variable.name, Some(variable.value))).collect();
                    let bare = |values: &BTreeMap<String, Option<String>>| values.values().filter(|value| value.is_none()).count();
                    assert!(bare(&theirs) <= contents.bare.len());
                    let theirs: BTreeMap<_, _> = theirs.into_iter().filter(|(_, value)| value.is_some()).collect();
                    assert_eq!(ours, theirs, "{text:?}");
                    read += 1;
                }
                (Err(_), None) => refused += 1,
                // No environment can have it, which python-dotenv finds out only when it is to put it there.
                (Err(why), Some(_)) => assert!(why.what.contains("NUL"), "{text:?}: {why:?}"),
                (Ok(contents), None) => panic!("python-dotenv warns of {text:?}, of which this makes {contents:?}"),
            }
        }
    }
    assert!(read > count && refused > count / 20, "the files are of few kinds: {read} read, {refused} refused");
}

/// What the real one reads, without and with `override=False`.
fn python_dotenv(texts: &[String]) -> Vec<[Values; 2]> {
    let mut reader = Command::new(python())
        .args(["-I", "-c", include_str!("read.py")])
        .env_clear()
        .envs(ENVIRONMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut stdin = reader.stdin.take().expect("it is a pipe");
    stdin.write_all(serde_json::to_string(texts).expect("texts are JSON").as_bytes()).expect("it reads");
    drop(stdin);
    let output = reader.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// A Python with python-dotenv, made once.
fn python() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-dotenv-1.2.2");
    let python = venv.join("bin/python");
    if !venv.join("done").exists() {
        let run = |program: &Path, arguments: &[&str]| {
            assert!(Command::new(program).args(arguments).status().expect("python3 is there").success(), "{arguments:?}");
        };
        run(Path::new("python3"), &["-m", "venv", "--clear", venv.to_str().expect("a plain path")]);
        run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "python-dotenv>=1.2.2,<2"]);
        fs::write(venv.join("done"), "").expect("it is writable");
    }
    python
}

/// `compose.json` was written by compose-go itself, of the first files that are generated here: each with the values, or null where
/// it refuses the file.
#[test]
fn means_to_compose_what_compose_says() {
    let recorded: Vec<(String, Option<BTreeMap<String, String>>)> = serde_json::from_str(include_str!("compose.json")).expect("it is JSON");
    assert!(recorded.len() >= 300);
    for (text, theirs) in recorded {
        let ours = compose::read(&text, &|name| lookup(name).map(str::to_owned)).ok();
        assert_eq!(ours.map(BTreeMap::from_iter), theirs, "{text:?}");
    }
}

/// Files for another reader to say what it makes of them: `PARITY_TEST_DOTENV_WRITE=FILE`.
#[test]
fn files_are_the_same_each_time() {
    assert_eq!(files::generate(50), files::generate(100)[..50]);
    if let Some(path) = std::env::var_os("PARITY_TEST_DOTENV_WRITE") {
        let count = std::env::var(FILES.0).map_or(FILES.1, |count| count.parse().expect("a number"));
        fs::write(path, serde_json::to_string(&files::generate(count)).expect("texts are JSON")).expect("it is writable");
    }
}
