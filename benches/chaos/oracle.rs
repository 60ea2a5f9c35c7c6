//! What must be true after each step: the server answers with the code on disk or a terminal tells of the error, the next command works,
//! and nothing is left of what has ended.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::containers::{self, Container};
use crate::images::too_many;
use crate::project::{KEEP_IMAGES, Project};
use crate::stage::{Faults, Stage};
use crate::walk::{Engine, Expected, World};

/// For the code on disk to be served, also by a server that is started for it, on a machine that has other things to do.
const SERVED: Duration = Duration::from_secs(30);
/// For what has ended to be gone: a server that takes over from another has a name of its own until it has.
const GONE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(15);
/// Of one question to the server.
const ANSWER: Duration = Duration::from_secs(3);
/// For `parity status`, which asks the engine once or twice.
const STATUS: Duration = Duration::from_secs(15);
/// For images that are too many to be removed, by whoever has started the server or by the next `parity up`.
const REMOVED: Duration = Duration::from_secs(5);
const UP: Duration = Duration::from_secs(40);
/// A file is left when nobody has touched it for so long: no command takes longer.
const LEFT: Duration = Duration::from_secs(60);
/// A session that serves what is saved grows no further than this beyond its first step.
const GROWTH_KIB: u64 = 24 << 10;
const GROWTH_FILES: usize = 16;
/// Sessions that may be opened for one answer: each may end because of what the step did.
const MOST_SESSIONS: u32 = 4;

/// The largest growth of a session that was seen, in KiB and open files.
#[derive(Debug, Default, Clone, Copy)]
pub struct Growth {
    pub memory: u64,
    pub files: usize,
}

/// Looks at everything. `Err` is the campaign's own trouble.
pub fn judge(stage: &mut Stage, world: &World, growth: &mut Growth) -> Result<Faults> {
    let mut faults = stage.reap();
    let expected = world.expected();
    if expected == Expected::Nothing {
        if world.engine == Engine::Cut {
            faults.extend(status_fails(stage)?);
        }
        return Ok(faults);
    }
    faults.extend(answers(stage, world, expected)?);
    faults.extend(status_works(stage)?);
    faults.extend(nothing_left(stage)?);
    // A container that ends would still have its image.
    if faults.is_empty() && world.may_start() && matches!(expected, Expected::Page { .. }) {
        faults.extend(images_left(stage)?);
    }
    faults.extend(grown(stage, growth));
    faults.extend(stage.reap());
    Ok(faults)
}

fn answers(stage: &mut Stage, world: &World, expected: Expected) -> Result<Faults> {
    let begun = Instant::now();
    let mut faults = Vec::new();
    let mut opened = 0;
    loop {
        faults.extend(stage.reap());
        if stage.sessions.is_empty() {
            let is_certain = matches!(expected, Expected::Page { .. } | Expected::Shown(..));
            if opened > 1 && !(world.may_start() && is_certain) {
                // They have said why. The first may have met a server that was ending because of the step.
                return Ok(faults);
            }
            if opened == MOST_SESSIONS {
                faults.push(format!("{opened} sessions have ended, one after the other"));
                return Ok(faults);
            }
            opened += 1;
            stage.open_session()?;
        }
        let answer = ask(stage.port);
        let is_right = match (expected, &answer) {
            (Expected::Page { page, parts }, Ok((200, body))) => *body == format!("page {page} parts {parts}"),
            (Expected::Shown(fault, number), answer) => {
                let told = Project::told_by(fault, number);
                // Where no process lives long enough, nobody answers.
                !matches!(answer, Ok((200, _))) && stage.sessions.iter().any(|session| session.news().contains(&told))
            }
            // A process that may not even enter the project is started again and again, and nobody answers.
            (Expected::Anything, Err(_)) => stage.sessions.iter().any(|session| session.news().contains("Permission denied")),
            (Expected::Anything, Ok((status, _))) => *status == 200 || *status >= 500,
            _ => false,
        };
        if is_right {
            return Ok(faults);
        }
        if begun.elapsed() > SERVED {
            faults.push(format!("{expected:?} is expected, but there is {answer:?} after {SERVED:?}"));
            return Ok(faults);
        }
        sleep(PAUSE);
    }
}

/// Status and body of the front page.
pub fn ask(port: u16) -> std::result::Result<(u16, String), String> {
    let get = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = String::from_utf8_lossy(&get().map_err(|error| error.to_string())?).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    // The length, where it comes in a chunk.
    Ok((status, body.lines().find(|line| line.starts_with("page ")).unwrap_or(&body).to_owned()))
}

fn status_works(stage: &mut Stage) -> Result<Faults> {
    let mut status = stage.open("status")?;
    Ok(match status.ends_within(STATUS) {
        None => vec![format!("`parity status` takes longer than {STATUS:?}")],
        Some(ended) if ended.success() => Vec::new(),
        Some(ended) => {
            stage.screen = status.last_lines();
            vec![format!("`parity status`: {ended}")]
        }
    })
}

fn status_fails(stage: &mut Stage) -> Result<Faults> {
    let mut status = stage.open("status")?;
    let ended = status.ends_within(STATUS);
    let is_right = ended.is_some_and(|ended| ended.code() == Some(5)) && status.shown().contains("error: ");
    Ok(if is_right { Vec::new() } else { vec![format!("`parity status` without an engine: {ended:?}, {}", status.last_lines())] })
}

/// Until only what is needed is there, or the time is up.
fn nothing_left(stage: &mut Stage) -> Result<Faults> {
    let begun = Instant::now();
    loop {
        let found = containers::of(&stage.root())?;
        let mut faults = containers_left(&found, &stage.name, stage.is_attended || !stage.sessions.is_empty());
        let views = containers::views(&stage.name);
        if views.len() > found.len() {
            faults.push(format!("{} views for {} containers: {views:?}", views.len(), found.len()));
        }
        faults.extend(processes_left(stage));
        if faults.is_empty() || begun.elapsed() > GONE {
            let left = stage.project.leftovers(LEFT);
            if !left.is_empty() {
                faults.push(format!("files are left: {left:?}"));
            }
            return Ok(faults);
        }
        sleep(5 * PAUSE);
    }
}

/// Whoever was killed between its first answer and this leaves it to the next `parity up`.
fn images_left(stage: &mut Stage) -> Result<Faults> {
    if too_many_within(stage, REMOVED)?.is_none() {
        return Ok(Vec::new());
    }
    // The first may replace a server whose container still has one of them.
    for _ in 0..2 {
        let mut up = stage.open(&format!("up --detach --wait --port {}", stage.port))?;
        let ended = up.ends_within(UP);
        stage.screen = up.last_lines();
        if !ended.is_some_and(|ended| ended.success()) {
            return Ok(vec![format!("`{}` where images are to be removed: {ended:?}", up.words)]);
        }
        if too_many_within(stage, REMOVED)?.is_none() {
            return Ok(Vec::new());
        }
    }
    Ok(too_many_within(stage, REMOVED)?.into_iter().collect())
}

fn too_many_within(stage: &Stage, time: Duration) -> Result<Option<String>> {
    let begun = Instant::now();
    loop {
        let used: Vec<String> = containers::of(&stage.root())?.into_iter().map(|container| container.image).collect();
        let found = too_many(&containers::images(&stage.name)?, &used, KEEP_IMAGES);
        if found.is_none() || begun.elapsed() > time {
            return Ok(found);
        }
        sleep(5 * PAUSE);
    }
}

/// One that serves, and perhaps one that holds the port.
fn containers_left(found: &[Container], name: &str, is_attended: bool) -> Faults {
    let network = format!("{name}-network");
    let is_needed = |container: &Container| match container.state.as_str() {
        "running" => container.name == name || container.name == network,
        "exited" => container.name == name && !is_attended,
        _ => false,
    };
    found
        .iter()
        .filter(|container| !is_needed(container))
        .map(|container| format!("{} is left, {}", container.name, container.state))
        .collect()
}

fn processes_left(stage: &Stage) -> Faults {
    let marked = containers::marked(&stage.mark());
    let mut known: Vec<u32> = stage.sessions.iter().chain(&stage.logs).map(|terminal| terminal.pid()).collect();
    // Their children, however deep.
    while let Some((pid, ..)) = marked.iter().find(|(pid, parent, _)| known.contains(parent) && !known.contains(pid)) {
        known.push(*pid);
    }
    marked.iter().filter(|(pid, ..)| !known.contains(pid)).map(|(pid, _, command)| format!("process {pid} is left: {command}")).collect()
}

fn grown(stage: &mut Stage, growth: &mut Growth) -> Faults {
    let mut faults = Vec::new();
    for session in &mut stage.sessions {
        let Some((memory, files)) = session.size() else { continue };
        let Some((first_memory, first_files)) = session.first_size else {
            session.first_size = Some((memory, files));
            continue;
        };
        let (more_memory, more_files) = (memory.saturating_sub(first_memory), files.saturating_sub(first_files));
        growth.memory = growth.memory.max(more_memory);
        growth.files = growth.files.max(more_files);
        if more_memory > GROWTH_KIB || more_files > GROWTH_FILES {
            faults.push(format!("`{}` has grown by {more_memory} KiB and {more_files} open files", session.words));
            session.first_size = Some((memory, files));
        }
    }
    faults
}
