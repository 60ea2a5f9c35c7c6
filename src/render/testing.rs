//! Plans for tests.

use crate::config::{Given, SETTINGS, Server};
use crate::plan::{Alias, Base, CollectStatic, Health, ImagePlan, OnError, Plan, Profile, Reload, ServicesMode, Suite, WritableContent};
use crate::project::{Locals, PipOptions, Requirements};
use crate::units::{Callable, EntryPoint, Origin, Sourced};

/// A Flask project that says nothing about its server.
pub fn flask() -> Plan {
    Plan {
        profile: Profile::Up,
        name: "shop".into(),
        root: "/home/ada/shop".into(),
        app: module("app", "app"),
        framework: None,
        image: ImagePlan {
            base: Sourced::default(Base::Debian { suite: Suite::Trixie }),
            python: Sourced::default("3.13".into()),
            mod_wsgi: Sourced::default("6.1.1".into()),
            requirements: Some(Sourced::default(Requirements::Files {
                paths: vec!["requirements.txt".into()],
                includes: Vec::new(),
                options: PipOptions::default(),
            })),
            locals: Locals::default(),
            packages: None,
            build_packages: None,
            build_hooks: Vec::new(),
            include: None,
            repository: None,
        },
        server: Server::default(),
        aliases: vec![alias("/static/", "/app/static")],
        collect_static: None,
        release_hooks: Vec::new(),
        start_hooks: Vec::new(),
        working_directory: Sourced::default("/app".into()),
        python_path: Vec::new(),
        env_names: Vec::new(),
        build_env_names: Vec::new(),
        contract: Vec::new(),
        writable: Vec::new(),
        writable_content: Sourced::default(WritableContent::Empty),
        network: None,
        services: None,
        services_mode: Sourced::default(ServicesMode::default()),
        joined: Vec::new(),
        timeout: Sourced::default(60),
        hook_timeout: Sourced::default(600),
        request_log: None,
        keep_images: Sourced::default(3),
        health: Health { path: Sourced::default("/".into()), host: Sourced::default("localhost".into()) },
        reload: None,
        record: None,
        differences: Vec::new(),
    }
}

/// Saved code is served, as it is by default.
pub fn reload() -> Reload {
    Reload {
        origin: Origin::Default,
        watch: Vec::new(),
        on_error: Sourced::default(OnError::Show),
        standby: Sourced::default(true),
        preload: Sourced::default(true),
        sync: Sourced::default(false),
        polling: Sourced::default(false),
    }
}

/// A Django project with static files and a hook.
pub fn django() -> Plan {
    Plan {
        name: "mysite".into(),
        app: module("mysite.wsgi", "application"),
        aliases: vec![alias("/static/", "/var/lib/parity/static"), alias("/media/", "/app/media"), alias("/robots.txt", "/app/robots.txt")],
        collect_static: Some(Sourced::default(CollectStatic {
            manage_py: "/app/manage.py".into(),
            settings_module: Some("mysite.settings".into()),
            target: "/var/lib/parity/static".into(),
            override_root: true,
        })),
        start_hooks: vec![Sourced::default("python manage.py migrate".into())],
        ..flask()
    }
}

pub fn module(module: &str, object: &str) -> Sourced<EntryPoint> {
    Sourced::default(EntryPoint::Module { module: module.into(), callable: Callable::Object(object.into()) })
}

pub fn alias(url: &str, path: &str) -> Sourced<Alias> {
    Sourced::default(Alias { url: url.into(), path: path.into() })
}

/// A plan in which every setting of the server says something else than its default, with texts that try to break out.
pub fn everything() -> Plan {
    let mut plan = django();
    let hostile = r#"a "b" 'c' \ ${PATH} %{x} <x> $1 #"#;
    let text = |text: &str| Given::Text(text.into());
    let list = |items: &[&str]| Given::List(items.iter().copied().map(text).collect());
    let map = |pairs: &[(&str, &str)]| Given::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), text(value))).collect());
    let given = [
        ("port", text("9000")),
        ("host", text("0.0.0.0")),
        ("processes", text("4")),
        ("threads", text("15")),
        ("max-clients", text("200")),
        ("slow-clients", text("500")),
        ("limit-request-body", text("0")),
        ("maximum-requests", text("1000")),
        ("startup-timeout", text("16")),
        ("shutdown-timeout", text("6")),
        ("restart-interval", text("3600")),
        ("cpu-time-limit", text("600")),
        ("graceful-timeout", text("14")),
        ("eviction-timeout", text("13")),
        ("deadlock-timeout", text("61")),
        ("inactivity-timeout", text("900")),
        ("ignore-activity", list(&["/health"])),
        ("request-timeout", text("62")),
        ("interrupt-timeout", text("30")),
        ("connect-timeout", text("17")),
        ("socket-timeout", text("63")),
        ("queue-timeout", text("46")),
        ("header-timeout", text("18")),
        ("header-max-timeout", text("31")),
        ("header-min-rate", text("501")),
        ("body-timeout", text("19")),
        ("body-max-timeout", text("120")),
        ("body-min-rate", text("502")),
        ("server-backlog", text("511")),
        ("daemon-backlog", text("101")),
        ("send-buffer-size", text("4096")),
        ("receive-buffer-size", text("4097")),
        ("header-buffer-size", text("65536")),
        ("response-buffer-size", text("131072")),
        ("response-socket-timeout", text("20")),
        ("enable-sendfile", text("true")),
        ("map-head-to-get", text("off")),
        ("trace-enable", text("true")),
        ("callable-object", text("app")),
        ("application-group", text("shop")),
        ("mount-point", text("/shop")),
        ("document-root", text("htdocs [1]")),
        ("directory-index", text("index.html")),
        ("directory-listing", text("true")),
        ("allow-override", list(&["FileInfo", "Options=Indexes"])),
        ("error-document", map(&[("404", "/errors/404.html")])),
        ("error-override", text("true")),
        ("proxy-mount-point", map(&[("/api", "http://api:9000"), ("/v1.0/", "http://api:9000/v1/")])),
        ("trust-proxy-header", list(&["X-Forwarded-For", "X-Forwarded-Proto"])),
        ("trust-proxy", list(&["10.0.0.0/8", "fd00::1"])),
        ("keep-alive-timeout", text("5")),
        ("compress-responses", text("true")),
        ("server-name", text("www.example.com")),
        ("server-alias", list(&["*.example.net", "example.org"])),
        ("allow-localhost", text("true")),
        ("server-status", text("true")),
        ("server-metrics", text("true")),
        ("chunked-request", text("true")),
        ("http2", text("true")),
        ("setenv", map(&[("PLAIN", "value"), ("EMPTY", ""), ("HOSTILE", hostile)])),
        ("passenv", list(&["HOME"])),
        ("python-warnings", list(&["error::DeprecationWarning"])),
        ("locale", text("de_DE.UTF-8")),
        ("log-level", text("info wsgi:debug")),
        ("access-log", text("true")),
        ("access-log-format", text(r#"%h "%r" %>s %{User-agent}i \ ${PATH}"#)),
        ("error-log-format", text("[%t] [%l] %M ${PATH}")),
        ("include-file", list(&["conf/extra.conf"])),
        ("rewrite-rules", text("conf/rewrite.conf")),
        ("host-access-script", text("auth/hosts.py")),
        ("auth-user-script", text("auth/users.py")),
        ("auth-group-script", text("auth/groups.py")),
        ("auth-type", text("Digest")),
        ("auth-group", text("staff")),
        ("orphan-interpreter", text("true")),
        // Settled by the plan, not read from the settings by the renderer.
        ("url-alias", map(&[])),
        ("working-directory", text("src")),
        ("python-path", list(&["lib"])),
    ];
    for (key, value) in &given {
        let known = plan.server.set(key, value, Origin::Flag(format!("--{key}"))).unwrap_or_else(|wrong| panic!("{key}: {wrong}"));
        assert!(known, "there is no setting {key}");
    }
    // The settings' own rules refuse these; the renderer must not rely on it.
    plan.server.error_document.value.push(("503".into(), hostile.into()));
    plan.server.ignore_activity.value.push(hostile_url().into());
    plan.server.passenv.value.push(hostile.into());
    plan.server.python_warnings.value.push(hostile.into());
    let missing: Vec<_> = SETTINGS.iter().map(|setting| setting.key).filter(|key| !given.iter().any(|(given, _)| given == key)).collect();
    assert!(missing.is_empty(), "settings that this plan forgets: {missing:?}");
    plan.aliases.push(alias("/st*tic/[x]/", "/app/st*tic/[x] \"y\" ${PATH}"));
    plan.working_directory = Sourced::default("/app/src \"q\"".into());
    plan.python_path = vec![Sourced::default("/app/lib".into()), Sourced::default("/app/a b ${PATH}".into())];
    plan
}

fn hostile_url() -> &'static str {
    r#"/a "b" \ ${PATH} <x>"#
}
