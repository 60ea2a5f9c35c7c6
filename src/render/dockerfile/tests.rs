use super::*;
use crate::plan::Suite;
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
    assert_eq!(lines_with(&dockerfile, "PIP_CERT="), 2);
    assert_eq!(lines_with(&dockerfile, "--mount=type=bind,source=ca.crt"), 2);
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
fn debian_brings_its_python_and_other_images_their_own() {
    let mut plan = testing::flask();
    plan.image.base = Sourced::default(Base::Debian { suite: Suite::Bookworm });
    assert!(render(&plan, &options()).unwrap().contains("python3 libpython3.11"));
    plan.image.base = Sourced::default(Base::Reference("python:3.12-slim".into()));
    let other = render(&plan, &options()).unwrap();
    assert!(!other.contains("libpython") && !other.contains("python3-dev"));
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
    assert_eq!(names(&plan), ["Dockerfile", "parity/entrypoint", "parity/collectstatic.py", "requirements/requirements/base.txt"]);
    plan.profile = Profile::Production;
    assert_eq!(
        names(&plan)[4..],
        ["etc/httpd.conf", "etc/handler.wsgi", "etc/start.sh", "etc/startup.py", "etc/started.py", "etc/health.py"]
    );
    let outside = Options { requirement_files: vec![("../x".into(), vec![])], ..options.clone() };
    assert!(context_files(&plan, &outside).is_err());
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
