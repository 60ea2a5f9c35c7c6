//! What is tried on each project, as its developer, its CI and its server would.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::http::{Connection, address};
use crate::layout::{Layout, Made};
use crate::session::Session;
use crate::workplace::output;
use crate::{Result, patience};

pub const COLUMNS: [&str; 5] = ["layout", "up (s, with the image)", "save (ms)", "smoke (s)", "production (s)"];

/// For an image of a project that nothing was built of before.
const BUILDING: Duration = Duration::from_secs(600);
const SERVING: Duration = Duration::from_secs(30);
const SAVED: Duration = Duration::from_secs(20);

type Step = std::result::Result<Duration, String>;

/// How long each step took, or why it failed.
#[derive(Debug)]
pub struct Trial([Option<Step>; 4]);

impl Trial {
    pub fn of(layout: &Layout) -> Self {
        let made = match layout.make() {
            Ok(made) => made,
            Err(error) => return Self([Some(Err(format!("not generated: {error}"))), None, None, None]),
        };
        let (up, save) = up_and_save(&made);
        Self([Some(up), save, Some(timed(|| smoke(&made))), Some(timed(|| production(&made)))])
    }

    pub fn cells(&self) -> impl Iterator<Item = String> {
        self.0.iter().enumerate().map(|(column, step)| match step {
            Some(Ok(took)) if column == 1 => took.as_millis().to_string(),
            Some(Ok(took)) => format!("{:.1}", took.as_secs_f64()),
            Some(Err(_)) => "**failed**".to_owned(),
            None => String::new(),
        })
    }

    pub fn failures(&self) -> impl Iterator<Item = String> {
        COLUMNS[1..].iter().zip(&self.0).filter_map(|(column, step)| Some(format!("{column}: {}", step.as_ref()?.as_ref().err()?)))
    }
}

fn timed(step: impl FnOnce() -> Result<()>) -> Step {
    let begun = Instant::now();
    step().map(|()| begun.elapsed()).map_err(|error| error.to_string())
}

fn up_and_save(made: &Made) -> (Step, Option<Step>) {
    let begun = Instant::now();
    let served = || -> Result<(Session, String)> {
        let mut session = Session::start(&made.work, &[])?;
        let (_, url) = session.container_within(&made.work, BUILDING)?;
        says(made, &url, Made::BEFORE, SERVING)?;
        Ok((session, url))
    };
    match served() {
        Ok((session, url)) => {
            let up = begun.elapsed();
            let save = timed(|| {
                made.save()?;
                says(made, &url, Made::AFTER, SAVED)
            });
            drop(session);
            (Ok(up), Some(save))
        }
        Err(error) => (Err(error.to_string()), None),
    }
}

/// With what `parity init` proposes: what the application writes and what comes before it is told once.
fn smoke(made: &Made) -> Result<()> {
    made.work.run(&["init"])?;
    made.work.own()?;
    output(&mut made.work.parity(&["smoke"])).map(|_| ())
}

/// Runs the very command that `parity build --production` says, at a port that is free.
fn production(made: &Made) -> Result<()> {
    let image = format!("localhost/parity-bench-layout:{}", std::process::id());
    let built = made.work.parity(&["build", "--production", &image]).output()?;
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    let line = said.lines().map(str::trim_start).find(|line| line.starts_with("docker run ")).ok_or_else(|| said.clone())?;
    let line = line.replace("127.0.0.1:8000:", "127.0.0.1::");
    let id = output(Command::new("sh").args(["-c", &line]).current_dir(&made.work.root))?.trim().to_owned();
    let answered = output(Command::new("docker").args(["port", &id]))
        .and_then(|ports| ports.lines().next().and_then(|line| line.rsplit(' ').next()).map(String::from).ok_or_else(|| "no port".into()))
        .and_then(|place| says(made, &format!("http://{place}"), Made::AFTER, SERVING));
    let log = output(Command::new("sh").args(["-c", "docker logs --tail 20 \"$0\" 2>&1", &id]));
    output(Command::new("docker").args(["rm", "--force", "--volumes", &id]))?;
    output(Command::new("docker").args(["rmi", "--force", &image]))?;
    answered.map_err(|error| format!("{error}\n{line}\n{}", log.unwrap_or_default()).into())
}

/// Until the page contains a text.
fn says(made: &Made, url: &str, text: &str, within: Duration) -> Result<()> {
    let address = address(url)?;
    let mut last = String::from("nothing");
    let said = patience::until(within, || {
        let (status, body) = Connection::open(address).and_then(|mut connection| connection.get(&made.path)).ok()?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let found = body.contains(text);
        last = format!("{status} {}", body.chars().take(300).collect::<String>());
        found.then_some(())
    })?;
    said.ok_or_else(|| format!("{} does not say {text}, but {last}", made.path).into())
}
