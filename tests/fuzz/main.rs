//! Whatever parity.yaml says, it is refused or makes files that their readers take: Apache, a shell, Python. `make fuzz` has more cases than
//! `make test` (PROPTEST_CASES).

#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;
mod configuration;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "../e2e/engine.rs"]
mod engine;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "../e2e/http.rs"]
mod http;
#[allow(dead_code, reason = "each test binary uses its part")]
#[path = "../e2e/project.rs"]
mod project;

use std::fs;
use std::path::Path;

use configuration::{INJECTED, Rendered, Workplace, any_configuration};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

#[test]
fn fuzz_what_is_rendered_has_no_line_of_somebody_elses() {
    let work = Workplace::new();
    let mut accepted = 0_u64;
    let mut runner = TestRunner::new(Config { source_file: Some(file!()), ..Config::default() });
    let ran = runner.run(&any_configuration(), |text| {
        let Some(rendered) = work.render(&text) else { return Ok(()) };
        for (name, text) in &rendered.files {
            let injected = text.lines().find(|line| line.trim_start().starts_with(INJECTED));
            proptest::prop_assert!(injected.is_none(), "{name}: {injected:?}");
            proptest::prop_assert!(!text.contains('\0'), "{name}");
        }
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        accepted += u64::from(work.render(&any_configuration().new_tree(&mut runner).unwrap().current()).is_some());
    }
    assert!(accepted > 40, "hardly anything is accepted: {accepted} of 200");
}

/// Configurations whose files one container looks at.
const BATCH: usize = 2000;

#[test]
#[allow(clippy::print_stderr, reason = "how many there were is for whoever asks for more of them")]
fn fuzz_apache_a_shell_and_python_take_what_is_rendered() {
    // Apache takes its time: only a few among the other tests.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases as usize } else { 24 };
    let work = Workplace::new();
    let mut runner = TestRunner::default();
    let (mut tried, mut taken, mut refused) = (0, 0, Vec::new());
    while taken < cases {
        let mut batch = Vec::new();
        while batch.len() < BATCH.min(cases - taken) {
            let text = any_configuration().new_tree(&mut runner).unwrap().current();
            tried += 1;
            batch.extend(work.render(&text).filter(|rendered| rendered.is_self_contained).map(|rendered| (text, rendered)));
        }
        taken += batch.len();
        refused.extend(refused_of(&batch));
    }
    eprintln!("{taken} of {tried} configurations were accepted, and their files read");
    assert!(refused.is_empty(), "{} of {taken}:\n{}", refused.len(), refused.join("\n"));
}

/// What is refused of them by whoever reads it.
fn refused_of(batch: &[(String, Rendered)]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let mut roots = String::new();
    for (number, (_, rendered)) in batch.iter().enumerate() {
        for (name, text) in &rendered.files {
            let ending = name.rsplit('.').next().unwrap_or_default();
            fs::write(directory.path().join(format!("{number:05}-{}.{ending}", name.replace('/', "-"))), text).unwrap();
            let named = text.lines().filter_map(|line| line.strip_prefix("DocumentRoot ").filter(|_| ending == "conf"));
            roots.extend(named.map(|quoted| shlex::split(&quoted.replace("${PARITY_DOLLAR}", "\\$")).unwrap()[0].clone() + "\n"));
        }
    }
    fs::write(directory.path().join("roots"), roots).unwrap();
    // Those that must be refused show that the test can fail.
    for (name, text) in [("broken.conf", "NoSuchDirective\n"), ("broken.sh", "if\n"), ("broken.py", "(\n")] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let said = engine::run_in(&project::base().image, READERS, directory.path());
    let lines: Vec<&str> = said.lines().collect();
    for broken in ["/given/broken.conf", "/given/broken.sh", "/given/broken.py"] {
        assert!(lines.iter().any(|line| line.starts_with(broken)), "{broken} is taken: {said}");
    }
    let text_of = |line: &str| -> Option<&str> {
        let number: usize = Path::new(line.split(':').next()?).file_name()?.to_str()?.get(..5)?.parse().ok()?;
        batch.get(number).map(|(text, _)| text.as_str())
    };
    lines.iter().filter_map(|line| Some(format!("{line}\n{}", text_of(line)?))).collect()
}

/// Names each file that is refused, with what is said of it.
const READERS: &str = r#"
while read -r root; do mkdir -p "$root"; done </given/roots
for file in /given/*.conf; do
    /usr/sbin/apache2 -t -f "$file" >/tmp/out 2>&1 || echo "$file: $(grep -v AH00112 /tmp/out | tr '\n' ' ')"
done
for file in /given/*.sh; do sh -n "$file" 2>/tmp/out || echo "$file: $(tr '\n' ' ' </tmp/out)"; done
/opt/venv/bin/python -I - <<'END'
import glob
import warnings

# What Python warns of today it refuses one day.
warnings.simplefilter("error")
for file in sorted(glob.glob("/given/*.py") + glob.glob("/given/*.wsgi")):
    try:
        with open(file, "rb") as source:
            compile(source.read(), file, "exec", dont_inherit=True)
    except Exception as error:
        print(f"{file}: {error!r}")
END
"#;
