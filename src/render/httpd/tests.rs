use super::*;
use crate::plan::Profile;
use crate::render::testing;
use crate::units::Sourced;

fn with(change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = testing::flask();
    change(&mut plan);
    render(&plan).unwrap()
}

/// Why a setting is refused.
fn refused(change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = testing::flask();
    change(&mut plan);
    render(&plan).unwrap_err().message
}

#[test]
fn a_project_without_settings() {
    insta::assert_snapshot!(render(&testing::flask()).unwrap());
}

#[test]
fn a_django_project() {
    insta::assert_snapshot!(render(&testing::django()).unwrap());
}

#[test]
fn every_setting() {
    insta::assert_snapshot!(render(&testing::everything()).unwrap());
}

#[test]
fn every_setting_has_an_effect() {
    let full = testing::everything();
    let all = crate::render::profile_files(&full).unwrap();
    // The engine publishes one, the environment has the next; the plan settles the others.
    let elsewhere = ["host", "locale", "url-alias", "working-directory", "python-path"];
    let defaults = crate::config::Server::default().list();
    for (key, value, origin) in defaults {
        if elsewhere.contains(&key) {
            continue;
        }
        let mut plan = full.clone();
        let given = match (key, value.as_str()) {
            ("error-document" | "proxy-mount-point" | "setenv", _) => crate::config::Given::Null,
            (_, "[]") => crate::config::Given::List(Vec::new()),
            (_, "unset") => crate::config::Given::Null,
            _ => crate::config::Given::Text(value),
        };
        plan.server.set(key, &given, origin).unwrap();
        assert!(crate::render::profile_files(&plan).unwrap() != all, "{key} makes no difference");
    }
}

#[test]
fn aliases_are_tried_from_the_longest() {
    let text = with(|plan| {
        plan.aliases = vec![
            testing::alias("/static/", "/app/mine"),
            testing::alias("/static/admin/", "/app/admin/"),
            testing::alias("/static/", "/app/static"),
            testing::alias("/favicon.ico", "/app/favicon.ico"),
        ];
    });
    let aliases: Vec<_> = text.lines().filter(|line| line.starts_with("Alias ")).collect();
    assert_eq!(
        aliases,
        [r#"Alias "/static/admin/" "/app/admin/""#, r#"Alias "/static/" "/app/mine/""#, r#"Alias "/favicon.ico" "/app/favicon.ico""#]
    );
}

#[test]
fn the_status_page_is_shown_to_this_machine_only() {
    let status = |profile, host: &str| {
        let text = with(|plan| {
            plan.profile = profile;
            plan.server.server_status.value = true;
            plan.server.host.value = host.into();
        });
        text.lines().skip_while(|line| !line.contains("/server-status")).nth(2).unwrap().trim().to_owned()
    };
    assert_eq!(status(Profile::Up, "127.0.0.1"), "Require all granted");
    assert_eq!(status(Profile::Up, "0.0.0.0"), "Require local");
    assert_eq!(status(Profile::Production, "127.0.0.1"), "Require local");
}

#[test]
fn one_process_is_multiprocess_only_where_it_was_asked_for() {
    assert!(!with(|_| ()).contains("processes="));
    assert!(
        with(|plan| plan.server.processes = Sourced::new(1, crate::units::Origin::Flag("--processes".into()))).contains("processes=1 ")
    );
}

#[test]
fn says_what_is_wrong_with_a_setting() {
    assert_eq!(
        refused(|plan| plan.server.application_group.value = "%{RESOURCE}".into()),
        "application-group: `%{RESOURCE}` differs from request to request, but the application is imported before the first one"
    );
    assert_eq!(refused(|plan| plan.server.header_max_timeout.value = 5), "header-max-timeout: `5` is less than header-timeout, 15");
    assert_eq!(refused(|plan| plan.server.threads.value = 0), "threads: `0` must be from 1 to 20000");
    assert_eq!(
        refused(|plan| plan.server.include_file.value = vec!["../x".into()]),
        "include-file: `../x` leads outside the project by `..`"
    );
    assert_eq!(
        refused(|plan| plan.python_path = vec![Sourced::default("/app/a:b".into())]),
        "python-path: `/app/a:b` holds a `:`, which separates directories"
    );
    assert_eq!(
        refused(|plan| plan.server.setenv.value = vec![("A".into(), "b\nUser root".into())]),
        r"setenv: `b\nUser root` holds a line break or another control character, which cannot be written there"
    );
    assert!(refused(|plan| plan.server.server_name.value = Some("a b".into())).starts_with("server-name: "));
    assert!(refused(|plan| plan.server.auth_user_script.value = Some("x\0".into())).starts_with("auth-user-script: "));
    assert!(
        refused(|plan| plan.server.proxy_mount_point.value = vec![("/a".into(), "file:///etc".into())]).starts_with("proxy-mount-point: ")
    );
}
