use super::secrets::Delivery;
use super::*;
use crate::plan::{BuildHook, Plan, Profile, Suite};
use crate::project::{Compiles, LocalPackage, Needs, VersionOf};
use crate::render::testing;
use crate::units::Sourced;

fn options() -> Options {
    Options { base: "parity/base:trixie".into(), ..Options::default() }
}

/// Instructions as an engine sees them: continuation lines joined.
fn instructions(dockerfile: &str) -> Vec<String> {
    dockerfile.replace("\\\n", "").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn lines_with(dockerfile: &str, part: &str) -> usize {
    instructions(dockerfile).iter().filter(|line| line.contains(part)).count()
}

#[test]
fn profiles_share_every_stage_up_to_runtime() {
    let mut plan = testing::django();
    let up = render(&plan, &options()).unwrap();
    plan.profile = Profile::Production;
    let production = render(&plan, &options()).unwrap();
    assert!(production.starts_with(&up));
    assert!(production.contains("/opt/parity/collectstatic.py"));
    assert!(!up.contains("collectstatic"));
}

#[test]
fn a_ca_is_seen_by_commands_that_load_and_stays_out_of_the_layers() {
    let plan = testing::flask();
    assert!(!render(&plan, &options()).unwrap().contains("ca.crt"));
    let with = Options { build_ca: Some(b"pem".to_vec()), ..options() };
    let dockerfile = render(&plan, &with).unwrap();
    assert_eq!(lines_with(&dockerfile, "PIP_CERT="), 3);
    assert_eq!(lines_with(&dockerfile, "--mount=type=bind,source=ca.crt"), 3);
    assert_eq!(lines_with(&dockerfile, "COPY ca.crt"), 0);
    assert!(context_files(&plan, &with).unwrap().iter().any(|(path, _)| path == "ca.crt"));
}

#[test]
fn hooks_and_packages_cannot_start_an_instruction() {
    let mut plan = testing::flask();
    let usual = instructions(&render(&plan, &options()).unwrap()).len();
    plan.image.build_hooks = vec![Sourced::default(r"echo \".into()), Sourced::default("cat <<X".into())];
    assert_eq!(instructions(&render(&plan, &options()).unwrap()).len(), usual + 2);
    plan.image.build_hooks = vec![Sourced::default("echo\nUSER root".into())];
    assert!(render(&plan, &options()).is_err());

    for name in ["libpq5;id", "-y", "a b", "", "$(id)", "a\nUSER root"] {
        let mut plan = testing::flask();
        plan.image.packages = Some(Sourced::default(vec![name.into()]));
        assert!(render(&plan, &options()).is_err(), "{name:?}");
    }
    for base in ["", "a b", "a\nRUN x", "--platform=x", "$BASE"] {
        assert!(render(&testing::flask(), &Options { base: base.into(), ..options() }).is_err(), "{base:?}");
    }
}

#[test]
fn what_is_written_belongs_to_the_server_and_is_a_volume() {
    let mut plan = Plan { profile: Profile::Production, ..testing::django() };
    let none = render(&plan, &options()).unwrap();
    assert!(!none.contains("VOLUME") && !none.contains("AS project") && none.contains("COPY app/ /app/"));
    let with = |plan: &Plan| instructions(&render(plan, &options()).unwrap());
    let said = |directories: &[&str]| directories.iter().map(|path| Sourced::default((*path).to_owned())).collect();
    plan.writable = said(&["/app/media", "/srv/a b"]);
    let lines = with(&plan);
    let has = |line: &str| assert!(lines.iter().any(|have| have == line), "{line} is not in {lines:#?}");
    has("FROM runtime AS project");
    let place = |lines: &[String]| lines.iter().find_map(|line| line.strip_prefix("COPY app/ ").map(str::to_owned)).unwrap();
    let given = place(&lines);
    has(&format!(r#"RUN ["/bin/sh","-ec","mkdir -p '{given}media'; chown -R 33:33 '{given}media'; chmod -R a+rwX '{given}media'"]"#));
    has(&format!("COPY --from=project {given} /app/"));
    has(r#"VOLUME ["/app/media","/srv/a b"]"#);
    let collected = lines.iter().position(|line| line.contains("collectstatic")).unwrap();
    assert!(lines[collected..].iter().any(|line| line.starts_with("VOLUME")), "what comes after it would be lost");
    // The code is written by its owner alone.
    plan.writable = said(&["/app"]);
    let lines = with(&plan);
    let all = place(&lines);
    let root = all.trim_end_matches('/');
    assert!(lines.iter().any(|line| line.ends_with(&format!(r#""mkdir -p '{root}'; chown -R 33:33 '{root}'"]"#))), "{lines:#?}");
    // BuildKit looks at the names and the content of what is copied, and not at its owner.
    assert!(all != given && all != "/app/", "{all} {given}");
    // Directories of the container alone need no copy of the project.
    plan.writable = said(&["/srv/data"]);
    assert!(!with(&plan).iter().any(|line| line.contains("AS project")));
    for hostile in ["/srv/$HOME", "/srv/a\nUSER root", "/srv/\"", "/srv/\\"] {
        plan.writable = said(&[hostile]);
        assert!(render(&plan, &options()).is_err(), "{hostile:?}");
    }
}

#[test]
fn every_process_of_what_is_deployed_has_the_environment_that_is_promised() {
    let mut plan = Plan { profile: Profile::Production, ..testing::django() };
    let contract = [("MOD_WSGI_EXPRESS", "true"), ("MOD_WSGI_SERVER_NAME", ""), ("MOD_WSGI_SERVER_ALIASES", "*.x.org x"), ("HOME", "/tmp")];
    plan.contract = contract.map(|(name, value)| (name.into(), value.into())).into();
    let environment = r#"ENV MOD_WSGI_EXPRESS="true" MOD_WSGI_SERVER_NAME="" MOD_WSGI_SERVER_ALIASES="*.x.org x" HOME="/tmp""#;
    assert!(render(&plan, &options()).unwrap().contains(&format!("{environment}\n")));
    plan.contract[3].1 = r#"a" PATH=$x \"#.into();
    assert!(render(&plan, &options()).unwrap().contains(
        r#"HOME="a\" PATH=\$x \\"
"#
    ));
    plan.contract[3].1 = "/tmp\nUSER root".into();
    assert!(render(&plan, &options()).is_err());
}

#[test]
fn hooks_see_what_they_read_and_the_environment() {
    let mut plan = testing::flask();
    let hook = |reads: &[&str]| BuildHook { run: "make".into(), reads: Some(reads.iter().copied().map(String::from).collect()) };
    plan.image.build_hooks = vec![Sourced::default("make".into()), Sourced::default(hook(&["vendor"])), Sourced::default(hook(&[]))];
    let with = Options { hook_files: ["a1", "b2", ""].map(String::from).into(), ..options() };
    let lines = |options: &Options| {
        let lines = instructions(&render(&plan, options).unwrap());
        let [one, two, three] = lines.into_iter().filter(|line| line.contains("\"make\"")).collect::<Vec<_>>().try_into().unwrap();
        [one, two, three]
    };
    let [all, some, none] = lines(&with);
    assert!(all.starts_with("RUN --mount=type=bind,source=app,target=/app,rw ") && all.ends_with(r#""make","a1"]"#), "{all}");
    assert!(some.contains("source=hooks/1,target=/app,rw") && some.ends_with(r#""make","b2"]"#), "{some}");
    assert!(!none.contains("/app") && none.ends_with(r#""make"]"#), "{none}");
    assert!([&all, &some, &none].iter().all(|line| line.contains("--mount=type=secret,id=environment,")));
    assert!(all.contains("--mount=type=bind,source=keys/hooks,"), "{all}");
    // An engine that knows no sessions has them in the context, and does not look into what is mounted.
    let keys = Keys { hooks: "k1".into(), environment: String::new() };
    let [all, ..] = lines(&Options { delivery: Delivery::Context, keys, ..with });
    assert!(all.contains("source=secrets/environment,") && !all.contains("type=secret") && all.ends_with(r#""a1k1"]"#), "{all}");
}

#[test]
fn what_is_collected_has_the_applications_own_values() {
    let mut plan = Plan { profile: Profile::Production, ..testing::django() };
    plan.contract = [("HOME", "/tmp"), ("LANG", "C")].map(|(name, value)| (name.into(), value.into())).into();
    plan.env_names = vec![Sourced::default("HOME".into())];
    let lines = instructions(&render(&plan, &options()).unwrap());
    let collect = lines.iter().find(|line| line.contains("collectstatic.py")).unwrap();
    assert!(
        collect.contains("id=environment") && collect.contains("source=keys/environment") && collect.contains("target=/tmp"),
        "{collect}"
    );
    assert!(collect.contains("'LANG=C'") && !collect.contains("'HOME=/tmp'"), "{collect}");
}

#[test]
fn debian_brings_its_python_and_other_images_their_own() {
    let mut plan = testing::flask();
    plan.image.base = Sourced::default(Base::Debian { suite: Suite::Bookworm });
    assert!(render(&plan, &options()).unwrap().contains("python3 libpython3.11 python3-distutils"));
    plan.image.base = Sourced::default(Base::Debian { suite: Suite::Trixie });
    // Its Python has none.
    assert!(!render(&plan, &options()).unwrap().contains("distutils"));
    plan.image.base = Sourced::default(Base::Reference("python:3.12-slim".into()));
    let other = render(&plan, &options()).unwrap();
    assert!(!other.contains("libpython") && !other.contains("python3-venv"));
}

#[test]
fn perl_goes_unless_a_package_of_the_user_may_need_it() {
    let mut plan = testing::flask();
    assert!(render(&plan, &options()).unwrap().contains("rm -rf /usr/share/perl/5*"));
    plan.image.packages = Some(Sourced::default(vec!["git".into(), "curl".into(), "git".into()]));
    let with = render(&plan, &options()).unwrap();
    assert!(!with.contains("perl") && with.contains("--no-install-recommends curl git;"));
}

#[test]
fn the_context_holds_what_the_dockerfile_copies() {
    let mut plan = testing::django();
    let options = Options { requirement_files: vec![("requirements/base.txt".into(), b"flask".to_vec())], ..options() };
    let names = |plan: &Plan| context_files(plan, &options).unwrap().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(
        names(&plan),
        [
            "Dockerfile",
            "parity/entrypoint",
            "parity/collectstatic.py",
            "keys/hooks",
            "keys/environment",
            "requirements/requirements/base.txt"
        ]
    );
    plan.profile = Profile::Production;
    assert_eq!(
        names(&plan)[6..],
        ["etc/httpd.conf", "etc/handler.wsgi", "etc/start.sh", "etc/startup.py", "etc/started.py", "etc/health.py"]
    );
    let outside = Options { requirement_files: vec![("../x".into(), vec![])], ..options.clone() };
    assert!(context_files(&plan, &outside).is_err());
}

#[test]
fn the_projects_own_packages_are_a_layer_of_their_own() {
    let package = |directory: &str, version_of| LocalPackage {
        directory: directory.into(),
        name: Some("my-shop".into()),
        marker: (directory == "libs/b").then(|| "python_version > \"3\"".into()),
        needs: Needs::Locked,
        compiles: if directory == "libs/c" { Compiles::Extensions } else { Compiles::Nothing },
        version_of,
    };
    let mut plan = testing::flask();
    plan.image.locals.packages = vec![package("", Some(VersionOf::SetuptoolsScm)), package("libs/b", None), package("libs/c", None)];
    let options =
        Options { versions: vec![(String::new(), "1.2".into())], packages: vec![("libs/b/setup.py".into(), vec![])], ..options() };
    let up = instructions(&render(&plan, &options).unwrap());
    let line = |lines: &[String], part: &str| lines.iter().find(|line| line.contains(part)).cloned().unwrap_or_default();
    let editable = line(&up, "--no-deps --prefix /opt/packages");
    assert!(
        editable.contains("; SETUPTOOLS_SCM_PRETEND_VERSION_FOR_MY_SHOP='1.2' env ") && editable.contains(" -e '/app'; env "),
        "{editable}"
    );
    assert!(editable.contains(" -e '/app/libs/b ; python_version > \"3\"' '/app/libs/c';"), "{editable}");
    assert!(up.contains(&"FROM prepared AS runtime".to_owned()) && !up.iter().any(|line| line.contains("COPY [")));
    plan.profile = Profile::Production;
    let production = instructions(&render(&plan, &options).unwrap());
    assert!(production.starts_with(&up));
    let added = &production[up.len()..];
    assert!(line(added, "COPY [").ends_with(r#"["app/libs/b/","/app/libs/b/"]"#), "{added:#?}");
    assert!(line(added, "--prefix").contains(" '/app/libs/b ; python_version"), "{added:#?}");
    assert!(added.contains(&"FROM deployed AS production".to_owned()));
    // What the build of the project itself has made is left of it.
    let mut in_part = plan.clone();
    in_part.image.locals.packages[0].compiles = Compiles::Extensions;
    let lines = instructions(&render(&in_part, &options).unwrap());
    let (install, left) = (
        line(&lines, "find . -type f >/tmp/sources"),
        "/opt/parity/compiled.py /opt/packages/lib/python3*/site-packages /tmp/sources; env",
    );
    assert!(install.contains("--prefix /opt/packages '/app'; /opt/venv/bin/python") && install.contains(left), "{install}");
    assert!(context_files(&in_part, &options).unwrap().iter().any(|(name, _)| name == "parity/compiled.py"));
    // Of the project itself the code is there in any case.
    plan.image.locals.packages.truncate(1);
    assert!(render(&plan, &options).unwrap().contains("FROM runtime AS production"));
    for hostile in ["libs/$HOME", "libs/*", "libs/a\nUSER root", "libs/a\"", "libs/<<X"] {
        plan.image.locals.packages = vec![package(hostile, None)];
        assert!(render(&plan, &options).is_err(), "{hostile:?}");
    }
}

#[test]
fn the_health_check_is_one_instruction_of_plain_words() {
    let mut plan = Plan { profile: Profile::Production, ..testing::django() };
    plan.health.path.value = "/a b$HOME'\"<<X".into();
    plan.health.host.value = "www.example.com".into();
    let dockerfile = render(&plan, &options()).unwrap();
    let check: Vec<_> = dockerfile.lines().filter(|line| line.starts_with("HEALTHCHECK")).collect();
    // Fifteen seconds for the import, and what the start hook may take.
    let words = r#"["/opt/venv/bin/python","-IS","/etc/parity/health.py","8000","/a b$HOME'\"\u003c\u003cX","www.example.com"]"#;
    assert_eq!(check, [format!("HEALTHCHECK --interval=30s --timeout=10s --start-period=615s CMD {words}")]);
    plan.health.path.value = "/\nUSER root".into();
    assert!(render(&plan, &options()).is_err());
    let up = Plan { profile: Profile::Up, ..testing::django() };
    assert!(!render(&up, &options()).unwrap().contains("HEALTHCHECK"), "what is mounted is looked at by whoever works on it");
}
