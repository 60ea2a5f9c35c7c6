//! The command line without an engine: help, settings, what is understood of a project.

mod common;

use std::path::{Path, PathBuf};

use common::{Parity, Ran, copy_project, source_of};
use tempfile::TempDir;

/// A copy of a project; commands in it find no engine.
struct Copy {
    scratch: TempDir,
    root: PathBuf,
}

impl Copy {
    fn of(name: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap().join(name);
        copy_project(&source_of(name), &root);
        Self { scratch, root }
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.root.join(path), text).unwrap();
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        Parity::new(&self.root, self.scratch.path(), arguments).env("DOCKER_HOST", "unix:///nonexistent")
    }

    /// The lines of `parity config` that are not defaults, with single spaces.
    fn understood(&self) -> String {
        let ran = self.parity(&["config"]).ok();
        let lines = ran.stdout.lines().take_while(|line| !line.is_empty()).filter(|line| !line.ends_with("# default"));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
    }
}

fn parity(arguments: &[&str]) -> Ran {
    let nowhere = tempfile::tempdir().unwrap();
    Parity::new(nowhere.path(), nowhere.path(), arguments).run()
}

/// The commands that `parity --help` lists.
fn commands() -> Vec<String> {
    let help = parity(&["--help"]).exits(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next().map(String::from)).collect()
}

#[test]
fn every_command_has_help() {
    let commands = commands();
    assert!(commands.len() >= 12, "{commands:?}");
    for command in commands.iter().filter(|command| *command != "help") {
        for arguments in [&[command.as_str(), "--help"][..], &[command, "-h"], &["help", command]] {
            let ran = parity(arguments).exits(0);
            assert!(ran.stdout.contains(&format!("Usage: parity {command}")), "{ran}");
            assert_eq!(ran.stderr, "");
            assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{ran}");
        }
    }
    let long = parity(&["up", "--help"]).exits(0).stdout;
    for setting in ["--processes", "--request-timeout", "--url-alias", "--limit-request-body", "--timeout", "--reload-on-changes"] {
        assert!(long.contains(setting), "{setting} is not in the help");
    }
}

#[test]
fn version_and_exit_codes() {
    assert_eq!(parity(&["--version"]).exits(0).line(), concat!("parity ", env!("CARGO_PKG_VERSION")));
    let codes = parity(&["help", "exit-codes"]).exits(0).stdout;
    let numbers: Vec<u8> = codes.lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect();
    assert_eq!(numbers, (0..=17).chain([130]).collect::<Vec<u8>>());
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for arguments in [
        &["up", "--no-such-flag"][..],
        &["frobnicate"],
        &[],
        &["exec"],
        &["up", "--wait"],
        &["completions", "tcsh"],
        &["-q", "-v", "status"],
    ] {
        let ran = parity(arguments).exits(2);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{ran}");
    }
    parity(&["--project", "/no/such/directory", "config"]).exits(2).says(&["/no/such/directory"]);
    parity(&["--project", "/dev/null", "config"]).exits(2).says(&["is not a directory"]);
}

#[test]
fn a_profile_that_cannot_be_is_refused_before_anything_is_started() {
    let nowhere = tempfile::tempdir().unwrap();
    let none = nowhere.path().join("none.json");
    std::fs::write(&none, "{}").unwrap();
    let none = none.to_str().unwrap();
    for (arguments, code, said) in [
        (&["profile", "--", "-n", "5"][..], 2, "options come before the `--`"),
        (&["profile", "-n", "5"], 2, "but there is none to make"),
        (&["profile", "--as", "pstats", "--", "/"], 2, "--output profile.pstats"),
        (&["profile", "--compare", none, "--", "/"], 3, "it is not a profile that `parity profile --as json` wrote"),
        (&["profile", "--compare", none, "--fail-over", "much", "--", "/"], 2, "write a percentage such as 10%"),
        (&["profile", "--fail-over", "10%", "--", "/"], 2, "--compare"),
        (&["profile", "--startup", "--attach"], 2, "cannot be used with"),
        (&["profile", "--output", "x.html", "--", "/"], 2, "--as"),
    ] {
        parity(arguments).exits(code).says(&[said]);
    }
}

#[test]
fn completions_and_man_page() {
    let nowhere = tempfile::tempdir().unwrap();
    let bash = nowhere.path().join("parity.bash");
    std::fs::write(&bash, parity(&["completions", "bash"]).exits(0).stdout).unwrap();
    let checked = std::process::Command::new("bash").arg("-n").arg(&bash).output().expect("bash is there");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = parity(&["completions", shell]).exits(0).stdout;
        assert!(commands().iter().all(|command| script.contains(command)), "{shell}");
    }
    assert!(parity(&["completions", "man"]).exits(0).stdout.contains(".TH parity 1"));
}

#[test]
fn what_is_understood_of_each_project() {
    insta::assert_snapshot!(Copy::of("django").understood(), @r"
    app: mysite.wsgi:application # detected from WSGI_APPLICATION at mysite/settings/base.py:35 (manage.py)
    framework: Django # detected from manage.py:7
    requirements: requirements.txt # detected from requirements.txt
    hooks.start: python manage.py migrate --noinput # parity.yaml:3
    collectstatic: into /app/staticfiles # detected from manage.py:7
    static: /static/ → /app/staticfiles # detected from manage.py:7
    ");
    insta::assert_snapshot!(Copy::of("flask-factory").understood(), @r"
    app: shop:create_app() # detected from `create_app` at shop/__init__.py:6
    framework: Flask # detected from Flask(…) in shop/__init__.py
    requirements: requirements.txt # detected from requirements.txt
    static: /static/ → /app/shop/static # detected from Flask's static files at shop/__init__.py:7
    ");
    insta::assert_snapshot!(Copy::of("plain-wsgi").understood(), @r"
    app: hello.wsgi # detected from `application` at hello.wsgi:54
    framework: plain WSGI # detected from hello.wsgi
    ");
    insta::assert_snapshot!(Copy::of("isso").understood(), @r"
    app: isso.run:application # parity.yaml:1
    framework: plain WSGI # detected from isso.run:application
    requirements: requirements.txt # detected from requirements.txt
    hooks.start: mkdir -p /app/data # parity.yaml:6
    env.ISSO_SETTINGS: (hidden) # parity.yaml:3
    ");
}

#[test]
fn flags_are_stronger_than_the_environment_and_that_than_files() {
    let project = Copy::of("plain-wsgi");
    project.write("parity.yaml", "threads: 2\nprocesses: 2\nrequest-timeout: 22\nlog-level: info\n");
    project.write("parity.override.yaml", "processes: 3\nrequest-timeout: 33\nlog-level: info\n");
    let ran = project.parity(&["config", "--format", "json", "--log-level", "debug"]);
    let ran = ran.env("PARITY_REQUEST_TIMEOUT", "44").env("PARITY_LOG_LEVEL", "notice").ok();
    let [config] = ran.json().try_into().unwrap();
    let of = |key: &str| (config["plan"][key]["value"].as_str().unwrap(), config["plan"][key]["origin"].as_str().unwrap());
    assert_eq!(of("threads"), ("2", "parity.yaml:1"));
    assert_eq!(of("processes"), ("3", "parity.override.yaml:1"));
    assert_eq!(of("request-timeout"), ("44", "$PARITY_REQUEST_TIMEOUT"));
    assert_eq!(of("log-level"), ("debug", "--log-level"));

    project.parity(&["config"]).env("PARITY_THREDS", "7").run().exits(3).says(&["PARITY_THREDS", "PARITY_THREADS"]);
    project.parity(&["config", "--threads", "many"]).run().exits(2).says(&["threads"]);
}

#[test]
fn how_saved_code_is_served_is_shown() {
    let project = Copy::of("plain-wsgi");
    assert!(!project.understood().contains("reload"));
    project.write("parity.yaml", "watch:\n- {path: '*.md', action: ignore}\n- {path: /data/, action: reload}\nstandby: true\n");
    assert!(!project.understood().contains("watch"), "nothing is watched");
    let ran = project.parity(&["config", "--watch", "--on-error", "keep", "--no-preload"]).ok();
    let shown = ran.stdout.lines().skip_while(|line| !line.starts_with("reload-on-changes")).take(8);
    let shown: Vec<_> = shown.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    reload-on-changes: true # --reload-on-changes
    watch: *.md → ignore # parity.yaml:2
    watch: /data/ → reload # parity.yaml:3
    on-error: keep # --on-error
    standby: true # parity.yaml:4
    preload: false # --no-preload
    sync: false # default
    watch-polling: false # default
    ");
    let [config] = project.parity(&["config", "--reload-on-changes", "--format", "json"]).ok().json().try_into().unwrap();
    let rules: Vec<_> = config["plan"]["watch"].as_array().unwrap().iter().map(|rule| rule["value"].as_str().unwrap()).collect();
    assert_eq!(rules, ["*.md → ignore", "/data/ → reload"]);
    // Production has nothing to reload.
    let production = project.parity(&["config", "--production", "--reload-on-changes"]).ok();
    assert!(!production.stdout.contains("reload-on-changes"), "{production}");
    for (arguments, part) in [
        (&["--on-error", "kep"][..], "did you mean `keep`?"),
        (&["--sync=maybe"], "--sync must be true or false"),
        (&["--no-sync"], "--no-sync"),
    ] {
        project.parity(&[&["config"], arguments].concat()).run().exits(2).says(&[part]);
    }
    project.parity(&["config"]).env("PARITY_WATCH", "1").run().exits(3).says(&["PARITY_RELOAD_ON_CHANGES"]);
}

#[test]
fn what_differs_from_production() {
    let project = Copy::of("plain-wsgi");
    let rows = |arguments: &[&str]| -> String {
        let ran = project.parity(&[&["diff"], arguments].concat()).ok();
        let rows =
            ran.stdout.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | "));
        rows.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(rows(&["--port", "81"]), @r"
    WHAT | HERE | PRODUCTION | WHY
    project | bind-mounted from this machine | copied into the image | so that a restart runs what you saved
    configuration | the same files, given to the container when it starts | baked into the image at /etc/parity | so that a changed setting needs no build
    user | yours | www-data (33) | so that files the application creates belong to you
    port | published on 127.0.0.1:81 | 8000 in the container | so that nobody else can reach it
    your machine | `host.docker.internal` | unknown | so that the application reaches what runs beside it
    special files | set-user-id, set-group-id and devices are refused (EPERM) | set-user-id and set-group-id can be set | so that nothing in your project runs with your rights, whoever starts it
    debugger | a thread waits for `parity debug --attach`; until then requests go as in production | no way in | so that you can look at what went wrong
    request log | each request is logged to the container's output, by Apache and a program that batches the lines | none | so that you see what is asked for
    writing | all of the project can be written | read-only but for /tmp | so that what the application writes is where you can look at it
    ");
    insta::assert_snapshot!(rows(&["--reload-on-changes", "--processes", "2"]), @r"
    WHAT | HERE | PRODUCTION | WHY
    project | bind-mounted from this machine | copied into the image | so that what you save is served
    configuration | the same files, given to the container when it starts | baked into the image at /etc/parity | so that a changed setting needs no build
    user | yours | www-data (33) | so that files the application creates belong to you
    port | published on 127.0.0.1:8000 | 8000 in the container | so that nobody else can reach it
    your machine | `host.docker.internal` | unknown | so that the application reaches what runs beside it
    special files | set-user-id, set-group-id and devices are refused (EPERM) | set-user-id and set-group-id can be set | so that nothing in your project runs with your rights, whoever starts it
    reload | three groups of 2 processes; requests go to the one that has loaded the newest code | one group of 2 processes | so that what you save is served at once
    modules | parity's own modules are imported before, with those of Python that they need, such as `json` and `socket` | the application imports what it needs | so that processes know what they have loaded
    audit | a hook hears which files of the project are opened and written | no hook | so that a save of what the application has read is served
    import | by another thread, after the process has started | by the main thread, when the process starts | so that a process can be ready before the code is saved
    graceful-timeout | 60 | 15 | so that a save cuts off no request that could still be answered
    streams | cut off when their processes are needed for what you save | go on until they end | so that a response that never ends keeps no save from being served
    preload | third-party modules whose import depends on nothing of the project are imported before; `os.stat` and `os.environ` tell parity what depends on it, until the first save and then while the application is imported | imported when the application asks for them | so that a reload has little left to import
    read ahead | the bytecode of third-party modules is read before the application imports them | when the application imports them | so that a reload has little left to read
    bytecode | of the project's modules in memory, by their content | in `__pycache__` beside the sources, by their time and size | because Python compares whole seconds, and would take quick saves for old code
    import error | answered with a page that says what failed | answered with a bare 500 | so that you need not search the log
    listening | another server of this project may listen beside it (`ListenCoresBucketsRatio`), in the same network | Apache listens alone | so that changed settings and requirements are applied without refusing a connection
    process 1 | a shell that starts Apache, in the first container | Apache | so that the port stays there when another container's server takes over
    debugger | a thread waits for `parity debug --attach`; until then requests go as in production | no way in | so that you can look at what went wrong
    request log | each request is logged to the container's output, by Apache and a program that batches the lines | none | so that you see what is asked for
    writing | all of the project can be written | read-only but for /tmp | so that what the application writes is where you can look at it
    ");
    let other = rows(&["--reload-on-changes", "--sync", "--no-standby", "--on-error", "keep"]);
    for part in ["uploaded into the container's memory", "one group of 1 process, replaced", "by the last code that could be imported"] {
        assert!(other.contains(part), "{part}: {other}");
    }
    assert!(!other.contains("preload"), "{other}");
    let debug = rows(&["--profile", "debug", "--processes", "4"]);
    for part in ["processes | 1 | 4 | so that there is one request", "request-timeout | 0 | ", "debugger | "] {
        assert!(debug.contains(part), "{part}: {debug}");
    }
    assert_eq!(rows(&["--profile", "production"]), "WHAT | HERE | PRODUCTION | WHY");

    let [listed] = project.parity(&["diff", "--format", "json"]).ok().json().try_into().unwrap();
    let [config] = project.parity(&["config", "--format", "json"]).ok().json().try_into().unwrap();
    assert_eq!(listed, config["differences"]);
    assert_eq!(listed[0]["what"], "project");
}

#[test]
fn what_is_saved_is_watched_in_the_foreground_only() {
    let project = Copy::of("plain-wsgi");
    let up = |arguments: &[&str]| project.parity(&[&["up"], arguments].concat());
    let ran = up(&["-d", "--reload-on-changes"]).run().exits(2);
    ran.says(&["--reload-on-changes does not go with --detach", "`parity up --reload-on-changes` in a terminal of its own"]);
    // These get as far as the engine, which is not there.
    up(&["-d", "--reload-on-changes=false"]).run().exits(5);
    project.write("parity.yaml", "reload-on-changes: true\n");
    up(&["-d"]).run().exits(5).says(&["nothing watches what you save, so reload-on-changes (parity.yaml:1) is left out"]);
    let ran = up(&[]).env("PARITY_RELOAD_ON_CHANGES", "true").run().exits(5);
    assert!(!ran.stderr.contains("left out"), "{ran}");
}

#[test]
fn bad_files_are_refused_with_their_line() {
    let project = Copy::of("plain-wsgi");
    for (text, parts) in [
        ("app: hello.wsgi\nthreads: many\n", &["parity.yaml:2:10", "threads: many"][..]),
        ("threads: 1\nthreads: 2\n", &["parity.yaml:2", "threads"]),
        ("app: [\n", &["parity.yaml:"]),
        ("app: hello.wsgi\nport: 99999\n", &["parity.yaml:2", "99999"]),
        ("setenv: {\"A\\nInclude /etc/passwd\": x}\n", &["parity.yaml:1"]),
    ] {
        project.write("parity.yaml", text);
        project.parity(&["config"]).run().exits(3).says(parts);
    }
    // The parser neither runs out of stack nor of memory.
    let bomb: String = (1..20).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(","))).collect();
    for text in [format!("app: {}", "[".repeat(100_000)), format!("a0: &a0 [x]\n{bomb}")] {
        project.write("parity.yaml", &text);
        let ran = project.parity(&["config"]).run().exits(3).within(5);
        assert!(ran.stderr.len() < 4000, "the whole document is shown");
    }
}

#[test]
fn what_init_writes_means_the_same() {
    // Nobody has said where the application writes.
    let proposed = ["writable", "writable-content", "hooks.start"];
    for name in ["django", "flask-factory", "plain-wsgi"] {
        let project = Copy::of(name);
        let values = || {
            let [config] = project.parity(&["config", "--format", "json"]).ok().json().try_into().unwrap();
            let plan = config["plan"].as_object().unwrap().clone();
            let same = plan.into_iter().filter(|(key, _)| !proposed.contains(&key.as_str()));
            same.map(|(key, listed)| (key, listed["value"].clone())).collect::<Vec<_>>()
        };
        if name == "django" {
            // It is asked for twice before a file with hooks is replaced.
            project.parity(&["init"]).run().exits(2).says(&["there is a parity.yaml already", "--force"]);
            std::fs::remove_file(project.root.join("parity.yaml")).unwrap();
        }
        let before = values();
        let ran = project.parity(&["init"]).ok().says(&["wrote parity.yaml"]);
        assert_eq!(ran.stdout, "");
        assert_eq!(values(), before, "{name}");
        project.parity(&["init", "--force"]).ok();
    }
}

#[test]
fn init_proposes_where_the_application_writes() {
    for (name, lines) in [
        (
            "django-tutorial",
            ["writable: [.]   # the SQLite database at mysite/settings.py:48", "hooks: {start: [python manage.py migrate --noinput]}"],
        ),
        (
            "flask-tutorial",
            [
                "writable: [instance]   # flaskr/__init__.py",
                r#"hooks: {start: ["test -n \"$(ls instance)\" || flask --app flaskr init-db"]}"#,
            ],
        ),
        ("plain-wsgi", ["# writable: [media]", "# hooks: {release: "]),
    ] {
        let project = Copy::of(name);
        project.parity(&["init"]).ok();
        let written = std::fs::read_to_string(project.root.join("parity.yaml")).unwrap();
        for line in lines {
            assert!(written.contains(&format!("\n{line}")), "{line} is not in {written}");
        }
        // It can be read.
        project.parity(&["config"]).ok();
    }
}

#[test]
fn init_keeps_what_the_project_has_where_it_writes() {
    let project = Copy::of("django-tutorial");
    let settings = std::fs::read_to_string(project.root.join("mysite/settings.py")).unwrap();
    project.write("mysite/settings.py", &settings.replace("BASE_DIR / \"db.sqlite3\"", "BASE_DIR / \"data\" / \"db.sqlite3\""));
    std::fs::create_dir(project.root.join("data")).unwrap();
    let written = || {
        project.parity(&["init", "--force"]).ok();
        std::fs::read_to_string(project.root.join("parity.yaml")).unwrap()
    };
    // What holds the directory in a repository is of no use to the application.
    project.write("data/.gitkeep", "");
    project.write("data/db.sqlite3", "");
    let without = written();
    assert!(without.contains("\nwritable: [data]") && !without.contains("writable-content"), "{without}");
    project.write("data/rates.yaml", "vat: 20\n");
    let with = written();
    assert!(with.contains("\nwritable-content: image   # what `parity smoke` starts with: the image has data/rates.yaml\n"), "{with}");
    let rows = project.parity(&["diff", "--profile", "smoke"]).ok().stdout;
    assert!(!rows.contains("empty at first"), "{rows}");
}

#[test]
fn where_the_application_writes_is_part_of_the_plan() {
    let project = Copy::of("plain-wsgi");
    project.write("parity.yaml", "app: hello.wsgi\nwritable: [media, var/data, var]\n");
    let understood = project.understood();
    assert!(understood.contains("writable: media # parity.yaml:2\nwritable: var # parity.yaml:2\n"), "{understood}");
    let rows = |profile: &str| project.parity(&["diff", "--profile", profile]).ok().stdout;
    assert!(rows("up").contains("read-only but for media, var and /tmp"), "{}", rows("up"));
    assert!(rows("smoke").contains("media, var: in memory, empty at first"), "{}", rows("smoke"));
    let profiled = rows("profile");
    assert!(
        profiled.contains("all of the project can be written") && profiled.contains("a thread in each process) looks at"),
        "{profiled}"
    );
    project.parity(&["config", "--production"]).ok().says(&[]);
    project.write("parity.yaml", "app: hello.wsgi\nwritable: [.]\n");
    project.parity(&["config", "--production"]).ok().says(&["lets the application change its own code"]);
}

/// Every file below a directory, with its path.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(directory).unwrap().to_path_buf();
                all.push((inside, std::fs::read(path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn rendered_files_are_the_same_each_time_and_hold_no_secret() {
    let project = Copy::of("django");
    let secret = "s3cr3t-that-nobody-may-see";
    project.write(".env", &format!("FROM_FILE={secret}\n"));
    project.write("parity.override.yaml", &format!("env: {{IN_YAML: {secret}, PASSED:}}\n"));
    let config = |arguments: &[&str]| project.parity(&[&["config"], arguments].concat()).env("PASSED", secret).ok();
    let rendered = |to: &str| {
        let to = project.scratch.path().join(to);
        config(&["--render", to.to_str().unwrap()]);
        files(&to)
    };
    let first = rendered("first");
    assert_eq!(first, rendered("second"));
    let production = project.scratch.path().join("production");
    config(&["--production", "--render", production.to_str().unwrap()]);
    let names: Vec<&str> = first.iter().filter_map(|(path, _)| path.to_str()).collect();
    for name in ["Dockerfile", "httpd.conf", "handler.wsgi", "start.sh"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for (path, content) in first.into_iter().chain(files(&production)) {
        assert!(!String::from_utf8_lossy(&content).contains(secret), "{}", path.display());
    }
    for arguments in [&["--all"][..], &["--format", "json"], &["--verbose"], &["--production"]] {
        let ran = config(arguments);
        assert!(ran.stdout.contains("FROM_FILE") && ran.stdout.contains("IN_YAML") && ran.stdout.contains("PASSED"), "{ran}");
        assert!(!ran.to_string().contains(secret), "{ran}");
    }
}

#[test]
fn mistakes_about_coverage_are_told_before_an_engine_is_asked() {
    let project = Copy::of("flask-factory");
    for (arguments, part) in [
        (&["--report", "junit=a"][..], "html, lcov, xml, json, data, github"),
        (&["--report", "lcov"], "FORMAT=FILE"),
        (&["--fail-under", "101"], "from 0 to 100"),
        (&["--by-check"], "add `--report html=htmlcov`"),
        (&["--by-check", "--jobs", "2", "--report", "html=a"], "cannot be used with"),
        (&["--attach", "--only", "home"], "cannot be used with"),
        (&["--duration", "5"], "--attach"),
        (&["--also-tests"], "CMD"),
        (&["--changed-since", "no-such-branch"], "git knows no commit or branch no-such-branch"),
        (&["--changed-since=--output=a"], "git knows no commit or branch"),
    ] {
        project.parity(&[&["coverage"], arguments].concat()).run().exits(2).says(&[part]);
    }
    project.write("coverage.py", "");
    project.parity(&["coverage"]).run().exits(4).says(&["the project's own coverage.py", "rename it"]);
    let rows = project.parity(&["diff", "--profile", "coverage"]).ok().stdout;
    assert!(rows.contains("no line is measured") && !rows.contains("validator"), "{rows}");
}

#[test]
fn nothing_of_the_project_is_run_on_this_machine() {
    let project = Copy::of("flask-factory");
    let trap = project.scratch.path().join("trap");
    let spring = format!("open({trap:?}, 'w').close()\n");
    for file in ["shop/__init__.py", "shop/catalogue.py", "setup.py", "conftest.py", "sitecustomize.py"] {
        let text = std::fs::read_to_string(project.root.join(file)).unwrap_or_default();
        project.write(file, &format!("{spring}{text}"));
    }
    project.parity(&["config"]).ok();
    project.parity(&["init"]).ok();
    assert!(!trap.exists());
}
