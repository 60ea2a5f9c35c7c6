//! Every `httpd.conf` that parity renders, also from hostile values, is taken by the real Apache of an image that it built.

use std::fs;
use std::path::Path;

use parity::config::{Given, SETTINGS, Server};
use parity::plan::{Alias, Base, Health, ImagePlan, Plan, Profile, ServicesMode, Suite, WritableContent};
use parity::render;
use parity::units::{Callable, EntryPoint, Origin, Sourced};

use crate::engine;
use crate::project::base;

/// Texts that mean something in one of the places a value may get to.
const HOSTILE: [&str; 14] = [
    "plain",
    "two words",
    "\"",
    "a\" Include \"/etc/passwd",
    "'single' \"double\"",
    "ends in \\",
    "\\\" \\\\",
    "${PATH} ${PARITY_DOLLAR} ${",
    "%{HTTP_HOST} %{x",
    "<Directory /> </VirtualHost>",
    "# comment",
    "$1 %1 100%",
    "line\nInclude /etc/passwd",
    "é*?[x] {}",
];

fn plan() -> Plan {
    Plan {
        profile: Profile::Up,
        name: "shop".into(),
        root: "/srv/shop".into(),
        app: Sourced::default(EntryPoint::Module { module: "app".into(), callable: Callable::Object("app".into()) }),
        framework: None,
        image: ImagePlan {
            base: Sourced::default(Base::Debian { suite: Suite::Trixie }),
            python: Sourced::default("3.13".into()),
            mod_wsgi: Sourced::default("6.1.1".into()),
            requirements: None,
            locals: parity::project::Locals::default(),
            packages: None,
            build_packages: None,
            build_hooks: Vec::new(),
            include: None,
            repository: None,
        },
        server: Server::default(),
        aliases: Vec::new(),
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
        hook_timeout: Sourced::default(600),
        request_log: Some(Sourced::default(true)),
        keep_images: Sourced::default(3),
        health: Health { path: Sourced::default("/".into()), host: Sourced::default("localhost".into()) },
        timeout: Sourced::default(60),
        reload: None,
        record: None,
        differences: Vec::new(),
    }
}

/// Settings without which another one is not rendered.
fn give_way(plan: &mut Plan, key: &str) {
    let server = &mut plan.server;
    match key {
        "access-log-format" => server.access_log.value = true,
        "auth-group-script" | "auth-group" | "auth-type" => {
            server.auth_user_script.value = Some("users.py".into());
            server.auth_group_script.value = Some("groups.py".into());
        }
        "server-alias" | "allow-localhost" => server.server_name.value = Some("www.example.com".into()),
        "directory-index" | "directory-listing" | "mount-point" => server.document_root.value = Some("htdocs".into()),
        _ => {}
    }
}

/// Each setting with each text, in each shape that the setting reads, as far as it is not refused before.
fn configurations() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for setting in SETTINGS {
        // They are files, which Apache wants to find; a directory without them is no question of syntax.
        if ["include-file", "rewrite-rules"].contains(&setting.key) {
            continue;
        }
        for text in HOSTILE.into_iter().chain(["0", "1", "70000", "4294967295", "true", "404", "http://a/", "debug"]) {
            let text = Given::Text(text.to_owned());
            let as_url = Given::Text(format!("/{}", show(&text)));
            let pairs = [("404", &text), ("/x", &text), (show(&text), &text), (show(&as_url), &as_url)];
            let maps = pairs.map(|(key, value)| Given::Map(vec![(key.to_owned(), value.clone())]));
            let with_message = Given::Text(format!("{} %M", show(&text)));
            for given in
                [text.clone(), with_message, as_url.clone(), Given::List(vec![text.clone(), as_url.clone()])].into_iter().chain(maps)
            {
                let mut plan = plan();
                give_way(&mut plan, setting.key);
                if plan.server.set(setting.key, &given, Origin::Default).is_ok()
                    && let Ok(text) = render::httpd::render(&plan)
                {
                    all.push((format!("{}: {given:?}", setting.key), text));
                }
            }
        }
    }
    for text in HOSTILE {
        let mut plan = plan();
        plan.working_directory.value = format!("/app/{text}");
        plan.python_path = vec![Sourced::default(format!("/app/{text}"))];
        plan.aliases =
            ["", "/"].map(|end| Sourced::default(Alias { url: format!("/{text}{end}"), path: format!("/app/{text}{end}") })).to_vec();
        all.extend(render::httpd::render(&plan).map(|rendered| (format!("paths: {text:?}"), rendered)));
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all.dedup_by(|a, b| a.1 == b.1);
    all
}

fn show(given: &Given) -> &str {
    match given {
        Given::Text(text) => text,
        _ => unreachable!("only texts are made here"),
    }
}

/// Has the Apache of an image read each file; returns the names and complaints of those it refuses.
fn refused_by_apache(image: &str, directory: &Path) -> Vec<String> {
    let script = "while read -r root; do mkdir -p \"$root\"; done </given/roots; rm /given/roots
        for file in /given/*; do /usr/sbin/apache2 -t -f $file >/tmp/out 2>&1 || { echo $file; grep -v AH00112 /tmp/out; }; done; true";
    engine::run_in(image, script, directory).lines().map(str::to_owned).collect()
}

#[test]
fn apache_takes_whatever_is_rendered() {
    let configurations = configurations();
    let distinct_settings: std::collections::BTreeSet<_> = configurations.iter().filter_map(|(name, _)| name.split(':').next()).collect();
    assert!(distinct_settings.len() > SETTINGS.len() / 2, "hardly anything was rendered: {distinct_settings:?}");
    let directory = tempfile::tempdir().unwrap();
    for (number, (_, text)) in configurations.iter().enumerate() {
        fs::write(directory.path().join(format!("{number:05}")), text).unwrap();
    }
    // Apache wants to find a document-root.
    let roots = configurations.iter().flat_map(|(_, text)| text.lines()).filter_map(|line| line.strip_prefix("DocumentRoot "));
    let roots: String = roots.map(|quoted| shlex::split(&quoted.replace("${PARITY_DOLLAR}", "\\$")).unwrap()[0].clone() + "\n").collect();
    fs::write(directory.path().join("roots"), roots).unwrap();
    // One that must be refused shows that the test can fail.
    fs::write(directory.path().join("broken"), "NoSuchDirective\n").unwrap();
    let mut refused = refused_by_apache(&base().image, directory.path());
    let broken = refused.iter().position(|line| line == "/given/broken").expect("Apache takes anything");
    refused.truncate(broken);
    let named: Vec<String> = refused
        .into_iter()
        .map(|line| match line.strip_prefix("/given/").and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => configurations[number].0.clone(),
            None => format!("    {line}"),
        })
        .collect();
    assert!(named.is_empty(), "{}", named.join("\n"));
}
