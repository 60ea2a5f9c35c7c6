//! Other debuggers than pdb: they are there for the session, and not in the project's image.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, ask, line_of};
use crate::common::BUILD_PATIENCE;
use crate::common::pty::{CTRL_C, CTRL_D, Terminal};
use crate::engine;
use crate::project::TestProject;

/// Starts a session whose packages may have to be installed first.
fn start(project: &TestProject, flags: &[&str]) -> (Terminal, String) {
    let mut terminal = project.parity(&[&["debug", "--port", "0"], flags].concat()).patience(BUILD_PATIENCE).in_terminal();
    terminal.shows("http://");
    let url = format!("http://{}", terminal.shows("\n"));
    terminal.be_patient(PATIENCE);
    (terminal, url)
}

/// The image that a project's container is made from.
fn image_of(project: &TestProject) -> String {
    let [id] = project.containers().try_into().unwrap();
    engine::with(async |engine| engine.api.inspect_container(&id, None).await.unwrap().image.unwrap())
}

#[test]
fn ipdb_has_an_image_of_its_own() {
    let project = TestProject::copy("stops");
    let plain = {
        project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).ok();
        let image = image_of(&project);
        project.parity(&["down"]).ok();
        image
    };
    let (mut terminal, url) = start(&project, &["--debugger", "ipdb"]);
    terminal.shows(super::READY);
    assert_ne!(image_of(&project), plain);
    let asked = ask(&url, "/fail?7");
    terminal.shows("# stopped: GET /fail\n");
    terminal.shows("ipdb>");
    terminal.type_text("p wanted\r");
    terminal.shows("'7'");
    terminal.shows("ipdb>");
    terminal.type_text("c\r");
    assert_eq!(asked.answer().status, 500);
    terminal.type_text(CTRL_D);
    terminal.end().exits(0);
    project.nothing_is_left();

    // Nothing of it is where production is made from.
    project.parity(&["up", "-d", "--wait", "--port", "0"]).ok();
    assert_eq!(image_of(&project), plain);
    let looked = project.parity(&["exec", "--", "sh", "-c", "ls /opt/debugger; /opt/venv/bin/python -c 'import IPython'"]).run();
    assert_ne!(looked.code, Some(0), "{looked}");
    project.parity(&["down"]).ok();
}

#[test]
fn ipdb_works_without_a_home_and_ctrl_c_twice_ends_it() {
    let project = TestProject::copy("stops");
    project.write("parity.yaml", &format!("{}env: {{HOME: /nowhere}}\n", project.read("parity.yaml")));
    let (mut terminal, url) = start(&project, &["--debugger", "ipdb"]);
    terminal.shows(super::READY);
    let _asked = ask(&url, "/fail?7");
    terminal.shows("# stopped: GET /fail\n");
    terminal.shows("ipdb>");
    // The history of its prompts can be written.
    terminal.type_text("p wanted\r");
    terminal.shows("'7'");
    terminal.shows("ipdb>");
    let begun = Instant::now();
    terminal.type_text(CTRL_C);
    std::thread::sleep(Duration::from_millis(200));
    terminal.type_text(CTRL_C);
    terminal.end().exits(0);
    assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
    project.nothing_is_left();
}

#[test]
fn a_debugger_that_breaks_leaves_the_terminal_to_pdb() {
    let project = TestProject::copy("stops");
    project.write("ipdb.py", "raise RuntimeError('there is another ipdb')\n");
    let (mut terminal, url) = start(&project, &["--debugger", "ipdb"]);
    terminal.shows(super::READY);
    for path in ["/fail", "/here"] {
        let asked = ask(&url, path);
        terminal.shows(&format!("# stopped: GET {path}\n"));
        terminal.shows("ipdb does not work here (RuntimeError: there is another ipdb), so this is pdb\n");
        terminal.shows(super::PROMPT);
        terminal.type_text("c\r");
        asked.answer();
    }
    terminal.type_text(CTRL_D);
    terminal.end().exits(0);
    project.nothing_is_left();
}

/// An IDE, as far as it takes to stop somewhere.
struct Ide {
    read: BufReader<TcpStream>,
    write: TcpStream,
    sequence: u64,
}

impl Ide {
    fn join(port: u16) -> Self {
        let begun = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "nobody listens on {port}: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { read: BufReader::new(stream.try_clone().unwrap()), write: stream, sequence: 0 }
    }

    fn ask(&mut self, command: &str, arguments: Value) {
        self.sequence += 1;
        let body = json!({"seq": self.sequence, "type": "request", "command": command, "arguments": arguments}).to_string();
        write!(self.write, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    /// Waits for what a message is about: an event's name, or the command that is answered.
    #[track_caller]
    fn until(&mut self, kind: &str, name: &str) -> Value {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                assert!(self.read.read_line(&mut line).unwrap() > 0, "it hung up before {name}");
                match line.trim() {
                    "" => break,
                    line => length = line.strip_prefix("Content-Length: ").map_or(length, |text| text.parse().unwrap()),
                }
            }
            let mut body = vec![0; length];
            self.read.read_exact(&mut body).unwrap();
            let said: Value = serde_json::from_slice(&body).unwrap();
            if said["type"] == kind && (said["event"] == name || said["command"] == name) {
                return said;
            }
        }
    }
}

#[test]
fn an_ide_stops_at_a_line_of_this_machines_file() {
    let project = TestProject::copy("stops");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (terminal, url) = start(&project, &["--dap", &port.to_string(), "--write-launch-json"]);
    let launch: Value = serde_json::from_str(&project.read(".vscode/launch.json")).unwrap();
    let configuration = &launch["configurations"][0];
    assert_eq!(configuration["connect"]["port"], port);

    let mut ide = Ide::join(port);
    ide.ask("initialize", json!({"adapterID": "debugpy", "pathFormat": "path", "linesStartAt1": true}));
    ide.until("response", "initialize");
    // As the file for VS Code says it, with the folder's own path.
    let folder = project.root.to_str().unwrap();
    let arguments = configuration.to_string().replace("${workspaceFolder}", folder);
    ide.ask("attach", serde_json::from_str(&arguments).unwrap());
    ide.until("event", "initialized");
    let line = line_of(&project, "app.py", "total += number");
    let file = project.root.join("app.py");
    ide.ask("setBreakpoints", json!({"source": {"path": file}, "breakpoints": [{"line": line}]}));
    let set = ide.until("response", "setBreakpoints");
    assert_eq!(set["body"]["breakpoints"][0]["verified"], true, "{set}");
    ide.ask("configurationDone", json!({}));
    ide.until("response", "configurationDone");

    let asked = ask(&url, "/count");
    let thread = ide.until("event", "stopped")["body"]["threadId"].clone();
    ide.ask("stackTrace", json!({"threadId": thread}));
    let stack = ide.until("response", "stackTrace");
    let top = &stack["body"]["stackFrames"][0];
    assert_eq!((&top["source"]["path"], &top["line"]), (&json!(file), &json!(line)), "{stack}");
    assert!(!asked.is_answered());
    ide.ask("setBreakpoints", json!({"source": {"path": file}, "breakpoints": []}));
    ide.until("response", "setBreakpoints");
    ide.ask("continue", json!({"threadId": thread}));
    asked.answer().ok().has("total 6");
    ide.ask("disconnect", json!({"terminateDebuggee": false}));
    terminal.type_text(CTRL_C);
    terminal.end().exits(0);
    project.nothing_is_left();
}
