//! Faults that are made on purpose: an oracle that does not see them would see none of parity's either.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::containers::{self, docker};
use crate::oracle::{self, Growth};
use crate::stage::Stage;
use crate::walk::World;

/// What is wrong on purpose, and a word of how the oracle tells it.
const EXPECTED: [(&str, &str); 6] = [
    ("an image too many", "images that do not serve"),
    ("a container that does not run", "is left, created"),
    ("a view that no container has", " views for "),
    ("a process that nobody waits for", "process "),
    ("a file that is left", "files are left"),
    ("code that is not what is on disk", "is expected, but there is"),
];

/// Makes each of them, and looks whether the oracle tells it.
pub fn check(seed: u64, port: u16, lock: &str) -> Result<()> {
    let mut world = World::default();
    let mut stage = Stage::set(seed, port, lock, &world)?;
    let told = told(&mut stage, &mut world);
    let cleared = stage.clear(&world);
    stage.remove_images()?;
    cleared?;
    let told = told?;
    let unseen: Vec<&str> =
        EXPECTED.into_iter().filter(|(_, word)| !told.iter().any(|fault| fault.contains(word))).map(|(what, _)| what).collect();
    for fault in &told {
        println!("seen: {fault}");
    }
    if unseen.is_empty() { Ok(()) } else { Err(format!("not seen: {}", unseen.join(", ")).into()) }
}

fn told(stage: &mut Stage, world: &mut World) -> Result<Vec<String>> {
    let mut growth = Growth::default();
    let before = oracle::judge(stage, world, &mut growth)?;
    if !before.is_empty() {
        return Err(format!("nothing is wrong yet, but: {}", before.join("; ")).into());
    }
    // Names of the image that runs: `parity up` does not remove that.
    let server = containers::server(&stage.root(), &stage.name)?.ok_or("nothing serves")?;
    let names: Vec<String> = (0..2).map(|number| format!("localhost/{}:up-{number:016x}", stage.name)).collect();
    names.iter().try_for_each(|name| docker(&["tag", &server.image, name]).map(drop))?;
    let mut told = oracle::judge(stage, world, &mut growth)?;
    names.iter().try_for_each(|name| docker(&["rmi", name]).map(drop))?;

    let label = format!("dev.parity.project={}", stage.root());
    docker(&["create", "--label", &label, "--name", &format!("{}-seeded", stage.name), &server.image])?;
    let view = format!("/run/parity/{}.seeded", stage.name);
    fs::create_dir_all(&view)?;
    // More views than containers.
    fs::create_dir_all(format!("{view}.2"))?;
    fs::create_dir_all(format!("{view}.3"))?;
    let mark = stage.mark();
    let mut process = Left(Command::new("sleep").arg("600").env_clear().envs(mark.split_once('=')).stdin(Stdio::null()).spawn()?);
    let file = stage.project.home.join("seeded");
    fs::write(&file, "")?;
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    fs::File::options().write(true).open(&file)?.set_times(fs::FileTimes::new().set_modified(past))?;
    // A save that nothing tells of.
    world.page += 1;
    told.extend(oracle::judge(stage, world, &mut growth)?);
    process.end();
    Ok(told)
}

struct Left(Child);

impl Left {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        self.end();
    }
}
