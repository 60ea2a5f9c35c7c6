//! The debugger: how soon its first prompt is there, and how long a key takes from the terminal to it and back.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;

use crate::Result;
use crate::docker::{Container, Original, free_port};
use crate::stats::{Samples, Table, ratio};
use crate::workplace::{Workplace, output};

const PROMPT: &str = "(Pdb) ";
const PATIENCE: Duration = Duration::from_secs(60);
/// Keys that are pressed at each prompt.
const KEYS: usize = 50;
/// A person does not press them faster.
const BETWEEN_KEYS: Duration = Duration::from_millis(20);

pub fn run(rounds: usize) -> Result<()> {
    let work = Workplace::of("plain-wsgi")?;
    work.run(&["up", "--detach", "--wait", "--port", "0", "--quiet"])?;
    let original = Original::of(&work)?;
    work.run(&["down"])?;
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..rounds {
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                let container = Container::named("debug");
                let screen = Screen::of(express(&original, &["run", "--interactive", "--tty"], &container.0)?)?;
                theirs.push_time(screen.shows(PROMPT, 0)?);
            } else {
                ours.push_time(Screen::of(parity(&work))?.first_prompt_and_end()?);
            }
        }
    }
    println!("## From the command to the first prompt, plain WSGI (ms)\n");
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "ratio p50", "round by round"]);
    table.samples("docker run -it … mod_wsgi-express --debugger-startup", &theirs, 0, []);
    let ratios = [ours.percentile(50.0) / theirs.percentile(50.0), ours.over(&theirs).percentile(50.0)];
    table.samples("parity debug --debugger-startup", &ours, 0, ratios.map(ratio));
    table.print();
    keys(&work, &original)
}

/// Both prompts are there at the same time, and keys are pressed in turn.
fn keys(work: &Workplace, original: &Original) -> Result<()> {
    let container = Container::named("attach");
    output(&mut express(original, &["run", "--detach", "--interactive", "--tty"], &container.0)?)?;
    let mut attach = Command::new("docker");
    attach.args(["attach", &container.0]);
    thread::sleep(Duration::from_secs(2));
    let theirs = Screen::of(attach)?;
    theirs.press("\r")?;
    theirs.shows(PROMPT, 0)?;
    let ours = Screen::of(parity(work))?;
    ours.shows(PROMPT, 0)?;
    let (mut here, mut there) = (Samples::default(), Samples::default());
    for _ in 0..KEYS {
        there.push_time(theirs.echo()?);
        here.push_time(ours.echo()?);
    }
    println!("## From a key to its echo at the prompt (ms)\n");
    let mut table = Table::new(&["", "n", "p50", "p90", "max", "beyond, p50"]);
    table.samples("docker attach", &there, 2, []);
    table.samples("parity debug", &here, 2, [format!("{:.2}", here.beyond(&there).percentile(50.0))]);
    table.print();
    ours.first_prompt_and_end().map(|_| ())
}

fn parity(work: &Workplace) -> Command {
    let mut command = work.parity(&["debug", "--debugger-startup", "--port", "0", "--quiet"]);
    command.env("TERM", "xterm");
    command
}

fn express(original: &Original, mode: &[&str], name: &str) -> Result<Command> {
    let flags = ["--tmpfs", "/express:rw,exec,nosuid,nodev,mode=1777"];
    let start = "mod_wsgi-express start-server hello.wsgi --server-root /express --port 8000 --debug-mode --enable-debugger --debugger-startup \
                 --log-to-terminal --httpd-executable /usr/sbin/apache2 --modules-directory /usr/lib/apache2/modules --mime-types /etc/mime.types";
    let start: Vec<String> = start.split_whitespace().map(String::from).collect();
    Ok(original.as_asked(mode, name, free_port()?.port(), &flags, &start))
}

/// A terminal with a program in it.
struct Screen {
    master: File,
    child: Child,
    begun: Instant,
    shown: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

impl Screen {
    #[allow(unsafe_code, reason = "a new process takes the terminal before it becomes the program")]
    fn of(mut command: Command) -> Result<Self> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(slave.try_clone()?)).stderr(Stdio::from(slave));
        // SAFETY: two system calls and nothing else between fork and exec.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            });
        }
        let begun = Instant::now();
        let child = command.spawn()?;
        let master = File::from(master);
        let shown: Arc<(Mutex<Vec<u8>>, Condvar)> = Arc::default();
        let (mut reader, shared) = (master.try_clone()?, Arc::clone(&shown));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if let Ok(mut shown) = shared.0.lock() {
                    shown.extend_from_slice(&buffer[..read]);
                }
                shared.1.notify_all();
            }
        });
        Ok(Self { master, child, begun, shown })
    }

    /// Waits for a text behind a byte of what is shown. The time since the program was started.
    fn shows(&self, text: &str, from: usize) -> Result<Duration> {
        let seen = self.shown.0.lock().map_err(|_| "the reader of the terminal panicked")?;
        let find = |seen: &mut Vec<u8>| !String::from_utf8_lossy(&seen[from.min(seen.len())..]).contains(text);
        let (seen, waited) = self.shown.1.wait_timeout_while(seen, PATIENCE, find).map_err(|_| "the reader of the terminal panicked")?;
        if waited.timed_out() {
            return Err(format!("{text:?} is not shown in\n{}", String::from_utf8_lossy(&seen)).into());
        }
        Ok(self.begun.elapsed())
    }

    fn press(&self, keys: &str) -> Result<()> {
        Ok((&self.master).write_all(keys.as_bytes())?)
    }

    /// The time from a key to its echo; the key is taken back.
    fn echo(&self) -> Result<Duration> {
        let from = self.shown.0.lock().map_err(|_| "the reader of the terminal panicked")?.len();
        let begun = Instant::now();
        self.press("x")?;
        self.shows("x", from)?;
        let took = begun.elapsed();
        self.press("\x7f")?;
        thread::sleep(BETWEEN_KEYS);
        Ok(took)
    }

    /// The time to the first prompt. The program is ended in the way that its users do it.
    fn first_prompt_and_end(mut self) -> Result<Duration> {
        let took = self.shows(PROMPT, 0)?;
        self.press("q\r")?;
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err("it does not end".into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(took)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
