//! `start.sh`: what runs in the container before Apache, and then becomes Apache.

use serde::Serialize;

use super::debug;
use super::quote::{ShellWord, refuse};
use super::reload::FIRST;
use super::{takeover, template};
use crate::error::Result;
use crate::plan::{CollectStatic, Plan, Store};
use crate::units::Sourced;

/// The script's exit code after a hook failed; the hook's own is in the line before it.
pub const HOOK_FAILED: u8 = 90;
/// The script's exit code where the working directory is not there. mod_wsgi would let each request hang.
pub const NO_DIRECTORY: u8 = 91;
#[derive(Debug, Serialize)]
struct View {
    working_directory: ShellWord,
    hooks: Vec<Hook>,
    /// Directories of the project that production's image has.
    writable: Vec<ShellWord>,
    hook_failed: u8,
    no_directory: u8,
    /// What the file that requests are routed by says at first, where saved code is served.
    first: Option<&'static str>,
    /// It is told to end as production's image says.
    graceful: bool,
    /// The project is uploaded once the container runs.
    sync: bool,
    /// Another container's Apache may take over from this one's.
    takeover: Option<&'static str>,
    /// The debugger's console waits for its files.
    hooked: bool,
}

#[derive(Debug, Serialize)]
struct Release {
    working_directory: ShellWord,
    hooks: Vec<Hook>,
    hook_failed: u8,
    no_directory: u8,
    graceful: bool,
}

/// A program to run before Apache.
#[derive(Debug, Serialize)]
struct Hook {
    /// `release`, `start` or `collectstatic`.
    kind: &'static str,
    index: usize,
    /// The command for people, as a JSON text.
    json: ShellWord,
    argv: Vec<ShellWord>,
}

/// The script, for a POSIX shell.
///
/// # Errors
/// Hooks that hold NUL.
pub fn render(plan: &Plan) -> Result<String> {
    let mut hooks = Vec::new();
    // Production's image has them already.
    if let Some(collect) = plan.collect_static.as_ref().filter(|_| !plan.profile.is_baked()) {
        let argv: Vec<String> = collect_static(collect);
        hooks.push(Hook::new("collectstatic", 0, COLLECT_COMMAND, argv.iter().map(String::as_str))?);
    }
    // Elsewhere one container is all of a deployment.
    if !plan.profile.is_baked() {
        hooks.extend(shell_hooks("release", &plan.release_hooks)?);
    }
    hooks.extend(shell_hooks("start", &plan.start_hooks)?);
    let working_directory = ShellWord::new("working-directory", &plan.working_directory)?;
    template::render(
        "start.sh",
        &View {
            working_directory,
            hooks,
            writable: plan.stored(Store::Project).map(|directory| ShellWord::new("writable", directory)).collect::<Result<_>>()?,
            hook_failed: HOOK_FAILED,
            no_directory: NO_DIRECTORY,
            first: plan.reload.as_ref().map(|_| FIRST),
            graceful: plan.profile.is_baked(),
            sync: plan.reload.as_ref().is_some_and(|reload| *reload.sync),
            takeover: plan.lends_network().then_some(takeover::FILE),
            hooked: debug::is_hooked(plan),
        },
    )
}

/// `release.sh`: what runs once before a deployment. `None`: nothing does, or it is no deployment.
///
/// # Errors
/// Hooks that hold NUL.
pub fn release(plan: &Plan) -> Result<Option<String>> {
    let hooks = shell_hooks("release", &plan.release_hooks)?;
    if hooks.is_empty() || !plan.profile.is_baked() {
        return Ok(None);
    }
    let working_directory = ShellWord::new("working-directory", &plan.working_directory)?;
    let view = Release { working_directory, hooks, hook_failed: HOOK_FAILED, no_directory: NO_DIRECTORY, graceful: true };
    template::render("release.sh", &view).map(Some)
}

fn shell_hooks(kind: &'static str, commands: &[Sourced<String>]) -> Result<Vec<Hook>> {
    let hook = |(index, command): (usize, &Sourced<String>)| Hook::new(kind, index, command, ["/bin/sh", "-c", command.as_str()]);
    commands.iter().enumerate().map(hook).collect()
}

impl Hook {
    fn new<'a>(kind: &'static str, index: usize, command: &str, argv: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        if command.is_empty() {
            return Err(refuse("hooks", command, "is empty"));
        }
        Ok(Self {
            kind,
            index,
            json: ShellWord::new("hooks", &serde_json::Value::from(command).to_string())?,
            argv: argv.into_iter().map(|word| ShellWord::new("hooks", word)).collect::<Result<_>>()?,
        })
    }
}

/// How the collection of static files is called when people are told about it.
const COLLECT_COMMAND: &str = "python manage.py collectstatic --noinput";

/// The program that collects static files, and its arguments.
pub fn collect_static(collect: &CollectStatic) -> Vec<String> {
    let target = if collect.override_root { collect.target.clone() } else { String::new() };
    let settings = collect.settings_module.clone().unwrap_or_default();
    ["python", "/opt/parity/collectstatic.py"].map(String::from).into_iter().chain([collect.manage_py.clone(), settings, target]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Profile;
    use crate::render::testing;
    use crate::runtime::protocol::MARK;
    use crate::runtime::protocol::testing::example;
    use crate::units::Sourced;

    #[test]
    fn becomes_apache_at_once_without_hooks() {
        insta::assert_snapshot!(render(&testing::flask()).unwrap(), @r#"
        # Written by parity. Prepares the container and becomes Apache.
        # What starts with the byte 0x1e is for parity, which runs this.

        # All of /etc/parity is there.
        : >/run/parity/unpacked
        # A container that is started again has what it had.
        [ ! -d /run/parity/importing ] || rm -rf /run/parity/importing
        cd '/app' || exit 91
        exec /usr/sbin/apache2 -f /etc/parity/httpd.conf -DFOREGROUND "$@"
        "#);
    }

    #[test]
    fn runs_hooks_in_order() {
        let mut plan = testing::django();
        plan.start_hooks.push(Sourced::default("echo 'it''s' \"done\"; exit 0".into()));
        let script = render(&plan).unwrap();
        let hooks: Vec<_> = script.lines().filter(|line| line.starts_with("hook ")).collect();
        assert_eq!(
            hooks,
            [
                r#"hook collectstatic 0 '"python manage.py collectstatic --noinput"' 'python' '/opt/parity/collectstatic.py' '/app/manage.py' 'mysite.settings' '/var/lib/parity/static'"#,
                r#"hook start 0 '"python manage.py migrate"' '/bin/sh' '-c' 'python manage.py migrate'"#,
                r#"hook start 1 '"echo '\''it'\'''\''s'\'' \"done\"; exit 0"' '/bin/sh' '-c' 'echo '\''it'\'''\''s'\'' "done"; exit 0'"#,
            ]
        );
        plan.profile = Profile::Production;
        assert!(!render(&plan).unwrap().contains("collectstatic"));
    }

    /// Runs the script for real, with Apache replaced by `echo`.
    fn run(hooks: &[&str]) -> (Option<i32>, String, String) {
        let mut plan = testing::flask();
        // Of which the script asks nothing of the container but Apache.
        plan.profile = Profile::Production;
        plan.working_directory.value = "/".into();
        plan.start_hooks = hooks.iter().map(|hook| Sourced::default((*hook).to_owned())).collect();
        let script = render(&plan).unwrap().replace("exec /usr/sbin/apache2", "exec echo apache2");
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    #[test]
    fn its_lines_are_json() {
        let [expected_begin, mut expected_end] = ["begin", "end"].map(|name| example("start-script", name));
        let (status, stdout, stderr) = run(&[expected_begin["command"].as_str().unwrap()]);
        assert_eq!((status, stdout.as_str()), (Some(0), "apache2 -f /etc/parity/httpd.conf -DFOREGROUND\n"));
        // What the hook prints is between its two lines.
        let [begin, a, b, directory, end]: [&str; 5] = stderr.lines().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((a, b, directory), ("a", "\\b", "/"));
        let lines: [serde_json::Value; 2] = [begin, end].map(|line| serde_json::from_str(line.strip_prefix(MARK).unwrap()).unwrap());
        assert_eq!(lines[0], expected_begin);
        assert!(lines[1]["millis"].is_u64());
        expected_end["millis"] = lines[1]["millis"].clone();
        assert_eq!(lines[1], expected_end);
    }

    #[test]
    fn a_release_comes_before_a_deployment_and_here_before_the_start() {
        let mut plan = testing::flask();
        assert_eq!(release(&Plan { profile: Profile::Production, ..plan.clone() }).unwrap(), None);
        plan.release_hooks = vec![Sourced::default("migrate".into())];
        plan.start_hooks = vec![Sourced::default("warm".into())];
        let called =
            |script: String| script.lines().filter(|line| line.starts_with("hook ")).map(|line| line[5..12].to_owned()).collect::<Vec<_>>();
        assert_eq!(called(render(&plan).unwrap()), ["release", "start 0"]);
        assert_eq!(release(&plan).unwrap(), None);
        plan.profile = Profile::Production;
        assert_eq!(called(render(&plan).unwrap()), ["start 0"]);
        let script = release(&plan).unwrap().unwrap();
        assert_eq!(called(script.clone()), ["release"]);
        assert!(!script.contains("apache2"));
    }

    #[test]
    fn a_failing_hook_ends_it() {
        let (status, stdout, stderr) = run(&["exit 3", "echo never"]);
        assert_eq!((status, stdout.as_str()), (Some(i32::from(HOOK_FAILED)), ""));
        assert!(stderr.lines().last().unwrap().contains(r#""state":"end","status":3,"#), "{stderr}");
    }

    /// Runs the script of a server that others may take over from, with another program in Apache's place.
    fn serve(apache: &str, directory: &std::path::Path) -> std::process::Child {
        let mut plan = testing::flask();
        plan.reload = Some(testing::reload());
        plan.working_directory.value = "/".into();
        let apache = format!("sh -c '{apache}' sh");
        let script = render(&plan).unwrap().replace("/run/parity", directory.to_str().unwrap()).replace("/usr/sbin/apache2", &apache);
        let stderr = std::process::Stdio::piped();
        std::process::Command::new("sh").args(["-c", &script]).stderr(stderr).spawn().unwrap()
    }

    #[test]
    fn the_shell_ends_as_apache_does_unless_another_server_has_taken_over() {
        use std::io::{BufRead, BufReader};

        let directory = tempfile::tempdir().unwrap();
        assert_eq!(serve("exit 7", directory.path()).wait().unwrap().code(), Some(7));

        let mut stays = serve(&format!(": >{}/retired; exit 0", directory.path().display()), directory.path());
        let mut line = String::new();
        BufReader::new(stays.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(line.strip_prefix(MARK).unwrap()).unwrap();
        assert_eq!(said, example("start-script", "retired"));
        assert_eq!(stays.try_wait().unwrap(), None);
        let pid = rustix::process::Pid::from_child(&stays);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(stays.wait().unwrap().code(), Some(0));
    }
}
