use std::time::{Duration, Instant};

use super::*;
use crate::plan::{BuildHook, OnError, Reload, WatchAction, WatchRule};
use crate::project::{Django, Framework, PipOptions, Requirements, StaticRoot};
use crate::render::testing::{alias, django, flask};
use crate::units::{Callable, EntryPoint, Origin, Sourced};

mod properties;

/// A plan with rules of the user's, one a line of parity.yaml.
fn watching(mut plan: Plan, rules: &[(&str, WatchAction)]) -> Plan {
    let rule = |(line, (path, action)): (usize, &(&str, WatchAction))| {
        Sourced::new(
            WatchRule { path: (*path).to_owned(), action: action.clone() },
            Origin::File { path: "parity.yaml".into(), line: line + 1 },
        )
    };
    plan.reload = Some(Reload {
        origin: Origin::Default,
        watch: rules.iter().enumerate().map(rule).collect(),
        on_error: Sourced::default(OnError::Show),
        standby: Sourced::default(true),
        preload: Sourced::default(true),
        sync: Sourced::default(false),
        polling: Sourced::default(false),
    });
    plan
}

fn rules(plan: &Plan) -> Rules {
    Rules::new(plan, &["parity.yaml".into(), ".env".into()], &[])
}

fn ignoring(files: &[(&str, &str)]) -> Rules {
    let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Rules::new(&django(), &[], &files)
}

/// An application that has not done anything with any file.
fn nothing() -> Touched {
    Touched::default()
}

fn imported(path: &str) -> Touched {
    Touched { imported: [path.to_owned()].into(), ..Touched::default() }
}

/// Checks what each path means while no file has been touched.
fn check(rules: &Rules, expected: &[(Action, &[&str])]) {
    for (action, paths) in expected {
        for path in *paths {
            let verdict = rules.verdict(path, false, &nothing());
            assert_eq!(verdict.action, *action, "{path}: {}", verdict.cause);
        }
    }
}

#[test]
fn what_a_build_hook_reads_builds_the_image_anew() {
    let mut plan = django();
    let reads = Some(vec!["./vendor/".into(), "tools/make.sh".into()]);
    plan.image.build_hooks = vec![Sourced::default("make".into()), Sourced::default(BuildHook { run: "make it".into(), reads })];
    let rules = rules(&plan);
    check(&rules, &[(Action::Rebuild, &["vendor/a/b.py", "tools/make.sh"]), (Action::Reload, &["mysite/views.py", "vendored.py"])]);
    assert_eq!(cause(&rules, "tools/make.sh"), "the build hook `make it` reads it");
    assert_eq!(rules.verdict("tools", true, &nothing()).action, Action::Rebuild);
}

fn cause(rules: &Rules, path: &str) -> String {
    rules.verdict(path, false, &nothing()).cause
}

#[test]
fn the_users_first_matching_rule_decides() {
    let rules = rules(&watching(
        django(),
        &[
            ("*.md", WatchAction::Exec("make docs".into())),
            ("/data/keep/", WatchAction::Rebuild),
            ("data/", WatchAction::Ignore),
            ("./scripts", WatchAction::Reconfigure),
            ("*.txt", WatchAction::Reload),
            (".env", WatchAction::Ignore),
        ],
    ));
    check(
        &rules,
        &[
            (Action::Exec("make docs".into()), &["README.md", "data/a.md", ".git/x.md", "node_modules/a/b.md"]),
            (Action::Rebuild, &["data/keep/a.txt"]),
            (Action::Ignore, &["data/a.txt", "shop/data/models.py", ".env", "more/data/keep/a.txt", "data"]),
            (Action::Reconfigure, &["scripts/a.py", "scripts"]),
            (Action::Reload, &["a.txt", "requirements.txt", "more/scripts/b.py"]),
        ],
    );
    assert_eq!(cause(&rules, "data/a.txt"), "the rule `data/` in parity.yaml:3");
    // What is gone may have been a directory.
    assert_eq!(rules.verdict("data/keep", true, &nothing()).action, Action::Rebuild);
}

#[test]
fn configuration_is_known_whatever_is_ignored() {
    let mut plan = django();
    plan.image.requirements = Some(Sourced::detected(
        Requirements::Files {
            paths: vec!["requirements/production.txt".into()],
            includes: vec!["requirements/base.txt".into()],
            options: PipOptions::default(),
        },
        "requirements/production.txt",
    ));
    plan.working_directory = Sourced::default("/app/site".into());
    plan.server.include_file.value = vec!["deploy/extra.conf".into(), "/app/deploy/more/*.conf".into(), "/etc/other.conf".into()];
    plan.server.rewrite_rules.value = Some("./deploy/rewrite.rules".into());
    plan.server.auth_user_script.value = Some("deploy/users.py".into());
    let environment = ["parity.yaml", "./prod.env"].map(String::from);
    let rules = Rules::new(&plan, &environment, &[(".gitignore".into(), "*\n".into())]);
    check(
        &rules,
        &[
            (
                Action::Reconfigure,
                &[
                    "parity.yaml",
                    "parity.yml",
                    "parity.override.yaml",
                    "pyproject.toml",
                    "site/Pipfile",
                    ".flaskenv",
                    "shop/.gitignore",
                    ".dockerignore",
                    "manage.py",
                    "site/manage.py",
                    // These come before what was found.
                    "requirements.txt",
                    "site/requirements.txt",
                    "uv.lock",
                    "pylock.prod.toml",
                ],
            ),
            (Action::Restart, &["prod.env"]),
            (Action::Replace, &["deploy/extra.conf", "deploy/more/a.conf", "deploy/rewrite.rules", "deploy/users.py"]),
            (
                Action::Rebuild,
                &[
                    "requirements/production.txt",
                    "requirements/base.txt",
                    "./requirements//base.txt",
                    ".python-version",
                    "site/runtime.txt",
                    "parity.lock",
                ],
            ),
            (Action::Ignore, &["requirements/dev.txt", ".env", "other/parity.yaml", "deploy/other.conf", "venv/.gitignore"]),
        ],
    );
    assert_eq!(cause(&rules, "requirements/base.txt"), "requirements/base.txt is installed in the image");
    // With a directory goes what was in it.
    assert_eq!(rules.verdict("requirements", true, &nothing()).action, Action::Rebuild);
    assert_eq!(rules.verdict("deploy", true, &nothing()).action, Action::Replace);
    assert_eq!(rules.verdict("require", true, &nothing()).action, Action::Ignore);
}

#[test]
fn a_file_may_become_configuration() {
    let mut plan = flask();
    plan.image.requirements = None;
    let none = Rules::new(&plan, &["parity.yaml".into()], &[]);
    check(
        &none,
        &[
            (Action::Restart, &[".env"]),
            (Action::Reconfigure, &["requirements.txt", "requirements-prod.txt", "requirements/base.txt", "poetry.lock", "manage.py"]),
            (Action::Ignore, &["docs/requirements.txt", "notes.txt", "shop/requirements/base.txt"]),
        ],
    );
    plan.image.requirements = Some(Sourced::new(
        Requirements::Files { paths: vec!["deploy/pip.txt".into()], includes: Vec::new(), options: PipOptions::default() },
        Origin::File { path: "parity.yaml".into(), line: 2 },
    ));
    let told = Rules::new(&plan, &["parity.yaml".into(), "a.env".into()], &[]);
    check(&told, &[(Action::Ignore, &["requirements.txt", "uv.lock"]), (Action::Rebuild, &["deploy/pip.txt"])]);
    // Not parity's, so the application may read it.
    check(&told, &[(Action::Reload, &[".env", ".env.local", "prod.env"]), (Action::Ignore, &[".env.example", "environment"])]);
}

#[test]
fn what_is_loaded_is_reloaded() {
    let rules = ignoring(&[(".gitignore", "generated/\n*.json\n")]);
    let paths = ["generated/pb2.py", "data.json", "venv/lib/x.py", "shop.db", "media/x", "static/x.css"];
    for path in paths {
        assert_ne!(rules.verdict(path, false, &nothing()).action, Action::Reload, "{path}");
        assert_eq!(rules.verdict(path, true, &imported(path)).action, Action::Reload, "{path}");
    }
    // What the application opens counts as much; what it writes never does, unless a rule says so.
    for path in paths.iter().copied().chain(["a.conf", "b.zcml", "shop/models.py", "noending"]) {
        let opened = Touched { opened: [path.to_owned()].into(), ..nothing() };
        assert_eq!(rules.verdict(path, false, &opened).action, Action::Reload, "{path}");
        let written = Touched { written: [path.to_owned()].into(), ..opened };
        let verdict = rules.verdict(path, false, &written);
        assert_eq!((verdict.action, verdict.cause.as_str()), (Action::Ignore, "the application writes it itself"), "{path}");
        let insisting = self::rules(&watching(django(), &[(path, WatchAction::Reload)]));
        assert_eq!(insisting.verdict(path, false, &written).basis, Basis::Rule, "{path}");
    }
    let all =
        |path: &str| Touched { imported: [path.to_owned()].into(), opened: [path.to_owned()].into(), written: [path.to_owned()].into() };
    assert_eq!(rules.verdict("parity.lock", false, &all("parity.lock")).action, Action::Rebuild);
    // A directory that was moved away.
    assert_eq!(rules.verdict("shop", true, &imported("shop/models.py")).action, Action::Reload);
    assert_eq!(rules.verdict("sessions/abc", true, &nothing()).action, Action::Ignore);
    assert_eq!(rules.verdict("shop/templates", true, &nothing()).action, Action::Reload);
    assert_eq!(rules.verdict("shop/templates", false, &nothing()).action, Action::Ignore);
}

#[test]
fn leftovers_of_tools_are_ignored() {
    let ignored = [
        ".git/HEAD",
        ".git/index.py",
        "sub/.hg/store",
        ".svn/a.py",
        "shop/__pycache__/models.cpython-313.pyc",
        "templates/__pycache__/a.html",
        ".venv/lib/python3.13/site-packages/django/__init__.py",
        "node_modules/lodash/index.html",
        "shop.egg-info/SOURCES.py",
        ".pytest_cache/README.py",
        ".idea/workspace.yaml",
        "htmlcov/index.html",
        "models.pyc",
        ".coverage",
        ".coverage.host.1234.py",
        "shop/models.py~",
        "shop/.models.py.swp",
        "shop/.#models.py",
        "shop/#models.py#",
        "templates/4913",
        "templates/sedAbC123",
        "templates/.goutputstream-X1Y2Z3",
        "templates/index.html.tmp",
        "models.py___jb_tmp___",
        "templates/db.sqlite3",
        "templates/db.sqlite3-journal",
        "templates/x.db-wal",
        "var/Data.fs",
        "var/Data.fs.lock",
        "templates/debug.log",
        "templates/.DS_Store",
    ];
    let plan = django();
    check(
        &rules(&plan),
        &[
            (Action::Ignore, &ignored),
            (Action::Reload, &["shop/journal.py", "templates/sediment", "templates/a-wal.html", "templates/shader.fs.html"]),
        ],
    );
    for directory in [".git", "a/.venv", "venv/lib", "node_modules", "x.egg-info", "__pycache__"] {
        assert!(rules(&plan).skips(directory), "{directory}");
    }
    for directory in ["", ".", "shop", "env", "static", "media", "..", ".github"] {
        assert!(!rules(&plan).skips(directory), "{directory}");
    }
}

#[test]
fn rules_open_and_close_directories() {
    let said = [
        ("/data/", WatchAction::Ignore),
        ("node_modules/ours/dist/*.js", WatchAction::Reload),
        ("*.html", WatchAction::Reload),
        ("/late/", WatchAction::Ignore),
    ];
    let rules = rules(&watching(django(), &said));
    for (directory, skipped) in [
        ("data", true),
        ("data/deep", true),
        // An earlier rule may want something of it.
        ("late", false),
        ("node_modules", false),
        ("node_modules/ours", false),
        ("node_modules/ours/dist/more", false),
        ("node_modules/other", true),
        ("web/node_modules", true),
        (".venv", true),
    ] {
        assert_eq!(rules.skips(directory), skipped, "{directory}");
    }
}

#[test]
fn static_files_are_served_or_collected() {
    let mut plan = django();
    let site = Django {
        allowed_host: None,
        manage_py: "manage.py".into(),
        settings_module: None,
        static_url: Some("static/".into()),
        static_root: StaticRoot::Inside("static/root".into()),
        static_dirs: vec!["assets".into()],
        staticfiles: true,
        kept_static: None,
    };
    plan.framework = Some(Sourced::default(Framework::Django(site)));
    plan.collect_static.as_mut().unwrap().value.target = "/app/static/root".into();
    plan.aliases.push(alias("/all/", "/app"));
    let rules = Rules::new(&plan, &[], &[(".gitignore".into(), "dist/\n".into())]);
    check(
        &rules,
        &[
            (Action::Served, &["media/photo.jpg", "media/page.html", "robots.txt"]),
            (
                Action::Collect,
                &["static/a.css", "shop/static/shop/x.html", "assets/a.scss", "assets/templates/a.html", "shop/static/dist/app.js"],
            ),
            (Action::Ignore, &["static/root/a.css", "robots.txt.old", "static.css", "shop/dist/app.js", "mediation/a.jpg"]),
            (Action::Reload, &["media/tools.py", "shop/static/make.py", "shop/templates/static/base.html"]),
        ],
    );
    check(&self::rules(&flask()), &[(Action::Served, &["static/a.css"]), (Action::Ignore, &["shop/static/a.css"])]);
    plan.collect_static = None;
    check(&Rules::new(&plan, &[], &[]), &[(Action::Ignore, &["shop/static/a.css"])]);
    plan.server.document_root.value = Some("htdocs".into());
    check(&Rules::new(&plan, &[], &[]), &[(Action::Served, &["htdocs/index.html"])]);
}

#[test]
fn ignore_files_are_read_as_their_tools_read_them() {
    let rules = ignoring(&[
        (".gitignore", "*.yaml\n!keep.yaml\n/build/\nlogs\n!logs/a.py\n# comment\n\\#x.py\n[\n"),
        ("web/.gitignore", "!*.yaml\n/local.py\n"),
        (".dockerignore", "*\n!shop\n!web\n!conf\nshop/tests\n*.toml\n"),
    ]);
    check(
        &rules,
        &[
            (
                Action::Ignore,
                &[
                    "a.yaml",
                    "shop/a.yaml",
                    "build/x.py",
                    "logs/a.py",
                    "shop/logs/b.py",
                    "web/local.py",
                    "other.py",
                    "shop/tests/a.py",
                    "#x.py",
                ],
            ),
            (
                Action::Reload,
                &["shop/keep.yaml", "shop/build/x.py", "web/a.yaml", "web/sub/local.py", "shop/a.py", "web/b.py", "conf/a.toml"],
            ),
        ],
    );
    assert_eq!(cause(&rules, "shop/a.yaml"), ".gitignore names it");
    assert_eq!(cause(&rules, "web/local.py"), "web/.gitignore names it");
    assert_eq!(cause(&rules, "shop/tests/a.py"), ".dockerignore names it");
    assert_eq!(rules.verdict("build", true, &nothing()).cause, ".gitignore names it");
}

#[test]
fn the_rest_goes_by_its_kind() {
    let mut plan = flask();
    plan.app = Sourced::default(EntryPoint::Script { path: "deploy/hello.fcgi".into(), callable: Callable::Object("application".into()) });
    let rules = rules(&plan);
    let read = [
        "shop/models.py",
        "site.wsgi",
        "deploy/hello.fcgi",
        "shop/_fast.cpython-313-x86_64-linux-gnu.so",
        "shop/page.html",
        "PAGE.HTML",
        "mail.j2",
        "shop/templates/mail/welcome.txt",
        "jinja2/logo.svg",
        "locale/de/LC_MESSAGES/django.mo",
        "config.toml",
        "settings.ini",
        "schema.graphql",
    ];
    let passed_over = ["README.md", "data.json", "photo.jpg", "locale/de/LC_MESSAGES/django.po", "noending", "py", ".py/x", "templates"];
    check(&rules, &[(Action::Reload, &read), (Action::Ignore, &passed_over)]);
    check(&rules, &[(Action::Ignore, &["", ".", "..", "../x.py", "/etc/passwd.py"]), (Action::Reload, &["/app/x.py", "a/../b.py"])]);
    assert_eq!(cause(&rules, "README.md"), "nothing is known to read it; a `watch` rule can say otherwise");
    let basis = |path| rules.verdict(path, false, &nothing()).basis;
    for path in ["data.json", "etc/SITE.CONF", "site.zcml", "words.txt", "shop/prices.csv", "skin/page.pt"] {
        assert_eq!(basis(path), Basis::Unread, "{path}");
    }
    for path in
        ["README.txt", "package.json", "photo.jpg", "noending", "config.toml", "static/words.txt", "a.log", "docs/requirements-dev.txt"]
    {
        assert_eq!(basis(path), Basis::Known, "{path}");
    }
}

#[test]
fn a_thousand_paths_take_no_time() {
    let said = [("*.md", WatchAction::Ignore), ("/docs/", WatchAction::Ignore), ("locale/**/*.po", WatchAction::Reload)];
    let ignore =
        [".gitignore", "web/.gitignore", ".dockerignore"].map(|file| (file.to_owned(), "*.log\n/build/\n!keep\ndata/*\n".repeat(10)));
    let rules = Rules::new(&watching(django(), &said), &[], &ignore);
    let paths: Vec<_> = (0..1000).map(|n| format!("web/package{}/module{}/file{n}.{}", n % 7, n % 31, ["py", "json"][n % 2])).collect();
    let begun = Instant::now();
    let reloads = paths.iter().filter(|path| rules.verdict(path, false, &nothing()).action == Action::Reload).count();
    let took = begun.elapsed();
    assert_eq!(reloads, 500);
    // Milliseconds where it is measured; here only what would be a mistake in principle is one.
    assert!(took < Duration::from_secs(20), "{took:?}");
}
