use std::fs;

use proptest::prelude::*;

use super::super::{self as config, OnError};
use super::*;

/// A project with some files.
struct Project {
    dir: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    flags: Flags,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Self { dir, environment: BTreeMap::new(), flags: Flags::default() }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    fn flag(mut self, flag: &str, key: &str, given: impl Into<Given>) -> Self {
        self.flags.push(flag, key, given);
        self
    }

    fn load(&self) -> Result<Config> {
        load(&Sources { root: self.dir.path(), environment: &self.environment, flags: self.flags.clone() })
    }

    fn config(&self) -> Config {
        self.load().unwrap()
    }

    /// The failure as a user would see it.
    fn failure(&self) -> String {
        let Err(failure) = self.load() else { return "it was taken".into() };
        [&[failure.message][..], &failure.details, &failure.causes, &failure.hints].concat().join("\n")
    }
}

fn yaml(text: &str) -> Project {
    Project::new(&[("parity.yaml", text)])
}

fn env(config: &Config) -> Vec<(&str, &str, String)> {
    config.env.iter().map(|(name, value)| (name.as_str(), value.expose(), value.origin.to_string())).collect()
}

#[test]
fn nothing_said_is_fine() {
    assert_eq!(Project::new(&[]).config(), Config::default());
    assert_eq!(yaml("# nothing\n").config(), Config { file: Some("parity.yaml".into()), ..Config::default() });
}

#[test]
fn reads_a_whole_file() {
    let config = yaml(
        "app: mysite.app\npython: 3.10\nrequirements: requirements/prod.txt\ngroups: [dev]\n\
         image:\n  base: debian:trixie\n  packages: [libpq5, libxml2]\n  mod-wsgi: 6.1.1\n\
         hooks:\n  build: make\n  start:\n    - python manage.py migrate\n    - echo \"a, b\"\n\
         network: blog_default\ntimeout: 20\nstatic-files: no\nprocesses: 4\nurl-alias:\n  /media/: media\n",
    )
    .config();
    assert_eq!(config.app.unwrap().to_string(), "mysite.app:application");
    assert_eq!(config.python, Some(Sourced::new("3.10".into(), Origin::File { path: "parity.yaml".into(), line: 2 })));
    assert_eq!(config.requirements.unwrap().value, ["requirements/prod.txt"]);
    assert_eq!(config.image.packages.as_ref().unwrap().value, ["libpq5", "libxml2"]);
    let hooks: Vec<_> = config.hooks.start.iter().map(|hook| format!("{} ({})", hook.value, hook.origin)).collect();
    assert_eq!(hooks, ["python manage.py migrate (parity.yaml:12)", "echo \"a, b\" (parity.yaml:13)"]);
    assert_eq!(config.timeout.unwrap().value, 20);
    assert!(!config.static_files.unwrap().value);
    assert_eq!(*config.server.processes, 4);
    assert_eq!(config.server.url_alias.value, [("/media/".into(), "media".into())]);
}

#[test]
fn later_sources_go_over_earlier_ones() {
    let config = Project::new(&[
        ("parity.yml", "processes: 2\nthreads: 2\nport: 1\nlimit-request-body: 5\ninclude-file: [a, b]\nsetenv: {A: 1, B: 2}\n"),
        ("parity.override.yaml", "threads: 3\nport: 2\ninclude-file: [c]\nsetenv: {B: 3}\n"),
    ])
    .variable("PARITY_PORT", "3")
    .variable("PARITY_SETENV", "C=4, D=5")
    .variable("PARITY_IMAGE_PACKAGES", "libpq5, libxml2,")
    .variable("PARITY_HOST", "")
    .flag("--port", "port", "4")
    .flag("--access-log", "access-log", true)
    .config();
    let said: Vec<_> = config.server.list().into_iter().filter(|(_, _, origin)| *origin != Origin::Default).collect();
    let said: Vec<_> = said.iter().map(|(key, value, origin)| format!("{key} = {value} ({origin})")).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    port = 4 (--port)
    processes = 2 (parity.yml:1)
    threads = 3 (parity.override.yaml:1)
    limit-request-body = 5 (parity.yml:4)
    setenv = {A: 1, B: 3, C: 4, D: 5} ($PARITY_SETENV)
    access-log = true (--access-log)
    include-file = [c] (parity.override.yaml:3)
    ");
    assert_eq!(config.image.packages.unwrap().value, ["libpq5", "libxml2"]);
}

#[test]
fn points_at_what_is_wrong() {
    insta::assert_snapshot!(yaml("app: a:b\nproccesses: 4\n").failure(), @r"
    parity.yaml:2:1: unknown setting `proccesses`
    2 | proccesses: 4
      | ^^^^^^^^^^
    did you mean `processes`?
    ");
    insta::assert_snapshot!(yaml("image:\n  packages: [libpq5, -y]\n").failure(), @r"
    parity.yaml:2:22: an item of `image.packages` must be the name of a Debian package, as `libpq5` or `libpq5=17.5-1`, not `-y`
    2 |   packages: [libpq5, -y]
      |                      ^^
    ");
    insta::assert_snapshot!(yaml("url-alias:\n  media: media\n").failure(), @r"
    parity.yaml:2:3: a name in `url-alias` must be a URL path that starts with `/`, without spaces and quotes, not `media`
    2 |   media: media
      |   ^^^^^
    ");
    insta::assert_snapshot!(yaml("processes:\n").failure(), @r"
    parity.yaml:1:1: `processes` must be a whole number from 1 to 1000, not nothing
    1 | processes:
      | ^^^^^^^^^
    ");
    insta::assert_snapshot!(yaml("server:\n  processes: 2\n").failure(), @r"
    parity.yaml:1:1: unknown setting `server`
    1 | server:
      | ^^^^^^
    settings of the server stand at the top level, without a name above them
    ");
    for (text, message) in [
        ("processes: 0", "parity.yaml:1:12: `processes` must be a whole number from 1 to 1000, not `0`"),
        ("processes: [2]", "parity.yaml:1:1: `processes` must be a whole number from 1 to 1000, not a list"),
        ("port: 65536", "parity.yaml:1:7: `port` must be a whole number from 0 to 65535, not `65536`"),
        ("access-log: maybe", "parity.yaml:1:13: `access-log` must be true or false, not `maybe`"),
        ("image: debian", "parity.yaml:1:8: `image` holds settings of its own: `base`, `packages`"),
        ("image: {bass: x}", "parity.yaml:1:9: unknown setting `bass`"),
        ("image.base: x", "parity.yaml:1:1: unknown setting `image.base`"),
        ("- a", "parity.yaml:1:1: settings are expected here"),
        ("app: 'a:b(1)'", "parity.yaml:1:6: `app` must be `module:callable`"),
        ("hooks: {start: \"a\\nb\"}", "parity.yaml:1:16: `hooks.start` must be a command on one line, not `a\\nb`"),
        ("error-document: {200: /x}", "parity.yaml:1:18: a name in `error-document` must be a whole number from 400 to 599"),
        ("timeout: 0", "parity.yaml:1:10: `timeout` must be a whole number from 1"),
    ] {
        assert!(yaml(text).failure().starts_with(message), "{text}: {}", yaml(text).failure());
    }
}

#[test]
fn how_saved_code_is_served() {
    let project = yaml(
        "reload-on-changes: yes\non-error: keep\nsync: on\nwatch:\n\
         - {path: '*.md', action: ignore}\n\
         - path: /locale/**/*.po\n  action: exec\n  command: python manage.py compilemessages\n\
         - {action: rebuild, path: vendor/}\n",
    );
    let reload = project.flag("--no-standby", "standby", false).variable("PARITY_WATCH_POLLING", "1").config().reload;
    assert_eq!(reload.on_changes, Some(Sourced::new(true, Origin::File { path: "parity.yaml".into(), line: 1 })));
    assert_eq!(reload.on_error.unwrap().value, OnError::Keep);
    assert_eq!(reload.standby, Some(Sourced::new(false, Origin::Flag("--no-standby".into()))));
    assert_eq!((reload.preload, reload.sync.unwrap().value, reload.watch_polling.unwrap().value), (None, true, true));
    let rules: Vec<_> = reload.watch.iter().map(|rule| format!("{} ({})", rule.value, rule.origin)).collect();
    insta::assert_snapshot!(rules.join("\n"), @r"
    *.md → ignore (parity.yaml:5)
    /locale/**/*.po → exec python manage.py compilemessages (parity.yaml:6)
    vendor/ → rebuild (parity.yaml:9)
    ");
    let one = yaml("watch: {path: data/, action: ignore}\n").config().reload.watch;
    assert_eq!((one[0].value.path.as_str(), one[0].origin.to_string()), ("data/", "parity.yaml:1".to_owned()));
    let none = Project::new(&[("parity.yaml", "watch: {path: a, action: reload}"), ("parity.override.yaml", "watch:\n")]);
    assert_eq!(none.config().reload, config::Reload::default());
}

#[test]
fn points_at_what_is_wrong_in_a_rule() {
    insta::assert_snapshot!(yaml("watch:\n- path: '*.md'\n  action: relod\n").failure(), @r"
    parity.yaml:3:11: `action` in `watch` must be reload, rebuild, reconfigure, exec or ignore, not `relod`
    3 |   action: relod
      |           ^^^^^
    did you mean `reload`?
    ");
    insta::assert_snapshot!(yaml("watch: [{paht: '*.md', action: reload}]\n").failure(), @r"
    parity.yaml:1:10: a name in `watch` must be path, action or command, not `paht`
    1 | watch: [{paht: '*.md', action: reload}]
      |          ^^^^
    did you mean `path`?
    ");
    insta::assert_snapshot!(yaml("watch:\n  - path: '*.md'\n").failure(), @r"
    parity.yaml:2:5: an item of `watch` must be a map with `path` and `action`, not one with `path` only
    2 |   - path: '*.md'
      |     ^
    ");
    insta::assert_snapshot!(yaml("watch:\n  path: '*.po'\n  action: exec\n").failure(), @r"
    parity.yaml:1:1: `watch` must be a map with `path`, `action` and `command`, not one with `path` and `action` only
    1 | watch:
      | ^^^^^
    ");
    insta::assert_snapshot!(yaml("watch:\n- path: a\n  action: reload\n  command: make\n").failure(), @r"
    parity.yaml:4:3: a name in `watch` must be path or action (command goes with `action: exec`), not `command`
    4 |   command: make
      |   ^^^^^^^
    ");
    insta::assert_snapshot!(yaml("watch: true\n").failure(), @r"
    parity.yaml:1:8: `watch` must be a list of `{path: …, action: …}`, not `true`
    1 | watch: true
      |        ^^^^
    did you mean `reload-on-changes`?
    ");
    for (text, message) in [
        ("watch: ['*.md']", "parity.yaml:1:9: an item of `watch` must be a map with `path` and `action`, not `*.md`"),
        ("watch: [{path: '!a', action: ignore}]", "parity.yaml:1:16: `path` in `watch` must be a pattern as in .gitignore"),
        ("watch: [{path: [a], action: ignore}]", "parity.yaml:1:16: `path` in `watch` must be one line of text, not a list"),
        (
            "watch: [{path: a, action: }]",
            "parity.yaml:1:19: `action` in `watch` must be reload, rebuild, reconfigure, exec or ignore, not nothing",
        ),
        ("watch: [{path: a, action: exec, command: ' '}]", "parity.yaml:1:42: `command` in `watch` must be a command on one line"),
        ("watch: [{}]", "parity.yaml:1:9: an item of `watch` must be a map with `path` and `action`, not a map"),
        ("watch: '*.md'", "parity.yaml:1:8: `watch` must be a list of `{path: …, action: …}`, not `*.md`"),
        ("on-error: kep", "parity.yaml:1:11: `on-error` must be show or keep, not `kep`"),
        ("standby: maybe", "parity.yaml:1:10: `standby` must be true or false, not `maybe`"),
    ] {
        assert!(yaml(text).failure().starts_with(message), "{text}: {}", yaml(text).failure());
    }
    let variable = |value| Project::new(&[]).variable("PARITY_WATCH", value).failure();
    insta::assert_snapshot!(variable("true"), @r"
    $PARITY_WATCH is not taken: `watch` is a list of rules
    did you mean `PARITY_RELOAD_ON_CHANGES`?
    ");
    insta::assert_snapshot!(variable("*.md=ignore"), @r"
    $PARITY_WATCH is not taken: `watch` is a list of rules
    write `watch:` in parity.yaml, or in parity.override.yaml for your own machine
    ");
}

#[test]
fn names_the_variable_and_the_flag() {
    let project = || Project::new(&[]);
    insta::assert_snapshot!(project().variable("PARITY_PROCESSES", "many").failure(), @"$PARITY_PROCESSES must be a whole number from 1 to 1000, not `many`");
    insta::assert_snapshot!(project().variable("PARITY_PROCESES", "2").failure(), @r"
    unknown variable $PARITY_PROCESES
    did you mean `PARITY_PROCESSES`?
    ");
    let flag = project().flag("--processes", "processes", "0");
    assert_eq!(flag.load().unwrap_err().kind, Kind::Usage);
    insta::assert_snapshot!(flag.failure(), @"--processes must be a whole number from 1 to 1000, not `0`");
    for name in RESERVED {
        assert!(project().variable(name, "x").load().is_ok(), "{name}");
    }
}

const RESERVED: [&str; 8] =
    ["PARITY_URL", "PARITY_PROJECT", "PARITY_FORMAT", "PARITY_LOG", "PARITY_QUIET", "PARITY_VERBOSE", "PARITY_TEST_X", "PARITYX"];

#[test]
fn two_names_of_one_file_are_a_mistake() {
    let failure = Project::new(&[("parity.yaml", ""), ("parity.yml", "")]).failure();
    assert!(failure.starts_with("there are both parity.yaml and parity.yml"), "{failure}");
}

#[test]
fn the_environment_of_the_application() {
    let project = Project::new(&[
        (".env", "A=file\nB=file\n"),
        ("parity.yaml", "env:\n  B: base\n  C: 1.10\n  HOME:\n  ABSENT: ~\n"),
        ("parity.override.yaml", "env:\n  - C=own\n  - USER\n"),
    ])
    .variable("HOME", "/home/me")
    .variable("USER", "me")
    .variable("PARITY_ENV", "D=x=y");
    let config = project.config();
    assert_eq!(
        env(&config),
        [
            ("A", "file", ".env:1".to_owned()),
            ("B", "base", "parity.yaml:2".to_owned()),
            ("C", "own", "parity.override.yaml:2".to_owned()),
            ("HOME", "/home/me", "$HOME".to_owned()),
            ("USER", "me", "$USER".to_owned()),
            ("D", "x=y", "$PARITY_ENV".to_owned()),
        ]
    );
    assert_eq!(config.env_file.unwrap().value, [".env"]);
}

#[test]
fn the_build_has_an_environment_of_its_own() {
    let config = Project::new(&[("parity.yaml", "env: {A: 1, B:}\nbuild-env: {TOKEN:, GONE:, A: 2}\n")]).variable("TOKEN", "hush").config();
    let values =
        |env: &[(String, Sourced<Secret>)]| env.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect::<Vec<_>>();
    assert_eq!((values(&config.env), values(&config.build_env)), (vec!["A=1".into()], vec!["TOKEN=hush".into(), "A=2".into()]));
    let absent: Vec<_> = config.absent.iter().map(|absent| format!("{} ({})", absent.value, absent.origin)).collect();
    assert_eq!(absent, ["B (parity.yaml:1)", "GONE (parity.yaml:2)"]);
}

#[test]
fn build_hooks_say_what_they_read() {
    let config = Project::new(&[("parity.yaml", "hooks:\n  build:\n    - make it\n    - {run: cp a b, reads: [a]}\n")]).config();
    let hooks: Vec<_> = config.hooks.build.iter().map(|hook| format!("{} ({})", hook.value, hook.origin)).collect();
    assert_eq!(hooks, ["make it (parity.yaml:3)", "cp a b (reads [a]) (parity.yaml:4)"]);
    insta::assert_snapshot!(Project::new(&[("parity.yaml", "hooks:\n  build:\n    - {run: cp a b, reads: [../a]}\n")]).failure(), @r"
    parity.yaml:3:28: `reads` in `hooks.build` must be a list of paths inside the project
    3 |     - {run: cp a b, reads: [../a]}
      |                            ^
    ");
}

#[test]
fn env_files_are_named_or_the_usual_one() {
    let files = [(".env", "A=1\n"), ("a.env", "A=2\nB=1\n"), ("b.env", "B=2\n")];
    let with = |text| Project::new(&[&files[..], &[("parity.yaml", text)]].concat());
    assert_eq!(env(&with("env-file: [a.env, b.env]").config()).iter().map(|(_, value, _)| *value).collect::<String>(), "22");
    assert!(with("env-file: []").config().env.is_empty());
    let environment = Project::new(&[]);
    fs::create_dir(environment.dir.path().join(".env")).unwrap();
    assert_eq!(environment.config().env_file, None, "a virtual environment of that name");
    insta::assert_snapshot!(with("env-file:\n  - a.env\n  - none.env\n").failure(), @r"
    parity.yaml:3:5: there is no file `none.env`
    3 |   - none.env
      |     ^^^^^^^^
    paths are relative to the project's directory
    ");
    let failure = Project::new(&[]).variable("PARITY_ENV_FILE", "none.env").failure();
    assert!(failure.starts_with("$PARITY_ENV_FILE: there is no file `none.env`"), "{failure}");
}

#[test]
fn no_failure_tells_a_secret() {
    for (files, variables) in [
        (vec![("parity.yaml", "env:\n  A-B: hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  - A-B=hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  - hush hush\n")], vec![]),
        (vec![("parity.yaml", "env: hush hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: [hush]\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: {hush: hush}\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: *hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: !hush hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: \"hush\"hush\"\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: \"x\nhush: hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: @hush\n")], vec![]),
        (vec![("parity.yaml", "env:\n  A: hush: hush\n")], vec![]),
        (vec![("parity.yaml", "env: {A: \"hu\\0sh\"}\n")], vec![]),
        (vec![("parity.yaml", "\"env\": {A: hush\n")], vec![]),
        (vec![(".env", "A='hush")], vec![]),
        (vec![(".env", "hush hush")], vec![]),
        (vec![(".env", "A='hush'hush")], vec![]),
        (vec![], vec![("PARITY_ENV", "A-B=hush")]),
    ] {
        let mut project = Project::new(&files);
        project.environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let failure = project.failure();
        assert!(!failure.contains("hush") && failure != "it was taken", "{files:?} {variables:?}: {failure}");
    }
    let project = yaml("env: {A: hush}\n").variable("SECRET", "hush").flag("--env", "env", "B=hush");
    let sources = Sources { root: project.dir.path(), environment: &project.environment, flags: project.flags.clone() };
    let shown = format!("{:?} {:?} {:?}", project.config(), sources, project.config().server.list());
    assert!(!shown.contains("hush"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_file_is_read_or_refused(text in "(env|image|processes|hooks|setenv|url-alias|env-file|app|base|x)(: |:\n  |: \\[|: \\{)[a-z0-9:/.'\"\\[\\]{}\n -]{0,30}\n?") {
        if let Err(failure) = yaml(&text).load() {
            prop_assert_eq!(failure.kind, Kind::BadFile);
            prop_assert!(!failure.message.contains('\n'));
        }
    }

    #[test]
    fn a_text_comes_back_from_each_source(text in "[ -~äß€]{0,30}[!-~]") {
        let quoted = text.replace('\'', "''");
        let config = yaml(&format!("access-log-format: '{quoted}'\nsetenv: {{A: '{quoted}'}}\nenv: {{A: '{quoted}'}}\n"))
            .variable("PARITY_ERROR_LOG_FORMAT", &text)
            .config();
        prop_assert_eq!(config.server.access_log_format.value.as_ref(), Some(&text));
        prop_assert_eq!(config.server.error_log_format.value.as_ref(), Some(&text));
        prop_assert_eq!(&config.server.setenv.value[0].1, &text);
        prop_assert_eq!(config.env[0].1.expose(), &text);
    }

    #[test]
    fn a_control_character_is_refused(before in "[a-z]{0,5}", c in "\\p{Cc}", after in "[a-z]{1,5}") {
        let text: String = format!("{before}{c}{after}").chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
        for line in ["server-name: X", "setenv: {A: X}", "setenv: {X: a}", "include-file: [X]", "hooks: {start: X}", "app: X", "image: {base: X}"] {
            let written = line.replace('X', &format!("\"{text}\""));
            prop_assert!(yaml(&written).load().is_err(), "{}", written);
        }
    }
}
