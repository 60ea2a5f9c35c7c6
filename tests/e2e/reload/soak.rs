//! Reloads in a row: what one leaves behind shows after many.

use std::time::Instant;

use super::Live;
use crate::common::PATIENCE;

/// What there is in between, when nothing is under way.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Of all slots.
    kilobytes: u64,
    /// Of the session.
    descriptors: usize,
    threads: usize,
    /// In the container.
    processes: u64,
    /// In the directory where slots and agent keep what they say to each other.
    files: u64,
    bytes: u64,
}

const COUNT: &str = "
import json, os
states = []
for pid in os.listdir('/proc'):
    if pid.isdigit() and int(pid) != os.getpid():
        try:
            states.append(open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0])
        except OSError:
            pass
files = [os.path.join(d, name) for d, _, names in os.walk('/run/parity') for name in names]
size = sum(os.lstat(file).st_size for file in files if os.path.lexists(file))
print(json.dumps([len(states), states.count('Z'), len(files), size]))
";

impl Sample {
    /// Waits until two slots stand by, and looks.
    #[track_caller]
    fn of(live: &Live) -> Self {
        let begun = Instant::now();
        loop {
            let [status] = live.project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
            let slots = status["slots"].as_array().unwrap();
            let count = |active: bool| slots.iter().filter(|slot| slot["active"] == active && slot["processes"] == 1).count();
            let states: Vec<u64> = serde_json::from_str(&live.python(COUNT)).unwrap();
            let [processes, zombies, files, bytes] = states.try_into().unwrap();
            if (count(true), count(false), zombies) == (1, 2, 0) {
                let proc = format!("/proc/{}", live.session.pid());
                let entries = |name: &str| std::fs::read_dir(format!("{proc}/{name}")).unwrap().count();
                let kilobytes = slots.iter().map(|slot| slot["kilobytes"].as_u64().unwrap()).sum();
                return Self { kilobytes, descriptors: entries("fd"), threads: entries("task"), processes, files, bytes };
            }
            assert!(begun.elapsed() < PATIENCE, "it does not come to rest: {status}, {zombies} zombies");
        }
    }
}

#[test]
fn nothing_grows_with_each_reload() {
    let reloads: u32 = std::env::var("PARITY_TEST_SOAK").map_or(40, |count| count.parse().unwrap());
    let mut live = Live::modules(&[]);
    let mut samples = Vec::new();
    for number in 1..=reloads {
        if number % 10 == 5 {
            live.project.write("second.py", "TEXT = \n");
            live.told_failure("second.py", "fails");
            assert_eq!(live.get("/").status, 500);
            live.save("second.py", "TEXT = 'second'\n");
        }
        live.save("first.py", &format!("TEXT = 'number-{number}'\n"));
        assert_eq!(live.text("/"), format!("number-{number} second\n"));
        if number % (reloads / 10).max(1) == 0 {
            samples.push(Sample::of(&live));
        }
    }
    // The first ones still fill what is filled once.
    let samples = &samples[2..];
    let (first, second) = samples.split_at(samples.len() / 2);
    let most = |half: &[Sample], of: fn(&Sample) -> u64| half.iter().map(of).max().unwrap();
    type Measure = (&'static str, fn(&Sample) -> u64, u64);
    let measures: [Measure; 6] = [
        ("kilobytes of memory", |sample| sample.kilobytes, 4000),
        ("file descriptors", |sample| sample.descriptors as u64, 3),
        ("threads", |sample| sample.threads as u64, 2),
        ("processes", |sample| sample.processes, 1),
        ("files", |sample| sample.files, 6),
        ("bytes", |sample| sample.bytes, 32 << 10),
    ];
    for (what, of, slack) in measures {
        let (before, after) = (most(first, of), most(second, of));
        assert!(after <= before + slack, "{what} grow from {before} to {after}: {samples:#?}");
    }
    live.end();
}
