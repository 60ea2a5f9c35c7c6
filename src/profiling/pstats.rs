//! What Python's `pstats` reads: a dictionary that is marshalled, of functions with their calls, times and callers.
//!
//! Samples stand for calls: nobody has counted those.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Profile, Weight};

/// Samples, own and cumulative time.
type Entry = (u64, u64, u64);

#[derive(Debug, Default)]
struct Function {
    of: Entry,
    callers: BTreeMap<u32, Entry>,
}

pub fn write(profile: &Profile) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (number, function) in functions(profile) {
        name(&mut out, profile, number);
        tuple(&mut out, 5);
        entry(&mut out, function.of);
        out.push(b'{');
        for (caller, of) in function.callers {
            name(&mut out, profile, caller);
            tuple(&mut out, 4);
            entry(&mut out, of);
        }
        out.push(b'0');
    }
    out.push(b'0');
    out
}

fn functions(profile: &Profile) -> BTreeMap<u32, Function> {
    let mut functions: BTreeMap<u32, Function> = BTreeMap::new();
    for (key, weight) in &profile.counts {
        let stack: Vec<u32> = profile.stack(key.node).iter().map(|node| node.function).collect();
        let Some(last) = stack.last() else { continue };
        for function in stack.iter().collect::<BTreeSet<_>>() {
            add(&mut functions.entry(*function).or_default().of, *weight, function == last);
        }
        let edge = |pair: &[u32]| (pair[0], pair[1]);
        let own = stack.windows(2).last().map(edge);
        for (caller, called) in stack.windows(2).map(edge).collect::<BTreeSet<_>>() {
            let of = functions.entry(called).or_default().callers.entry(caller).or_default();
            add(of, *weight, own == Some((caller, called)));
        }
    }
    functions
}

fn add((samples, own, total): &mut Entry, weight: Weight, is_own: bool) {
    *samples += weight.samples;
    *own += if is_own { weight.wall() } else { 0 };
    *total += weight.wall();
}

/// `(file, line, name)`
fn name(out: &mut Vec<u8>, profile: &Profile, number: u32) {
    let function = &profile.functions[number as usize];
    tuple(out, 3);
    text(out, &function.file);
    integer(out, function.line.into());
    text(out, &function.name);
}

/// Calls without and with recursion, own and cumulative seconds.
fn entry(out: &mut Vec<u8>, (samples, own, total): Entry) {
    integer(out, samples);
    integer(out, samples);
    for micros in [own, total] {
        out.push(b'g');
        out.extend((micros as f64 / 1e6).to_le_bytes());
    }
}

fn tuple(out: &mut Vec<u8>, length: u8) {
    out.extend([b')', length]);
}

fn integer(out: &mut Vec<u8>, value: u64) {
    out.push(b'i');
    out.extend(i32::try_from(value).unwrap_or(i32::MAX).to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'u');
    // A name has at most a thousand characters.
    out.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::testing;

    /// `cargo test` has a Python, as `tests/runtime.rs` needs one.
    #[test]
    fn python_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shop.pstats");
        std::fs::write(&path, write(&testing::shop())).unwrap();
        let script = "import pstats, sys; s = pstats.Stats(sys.argv[1]); s.strip_dirs().sort_stats('cumtime').print_stats(); s.print_callers()\n\
                      for key in sorted(s.stats): print(key, s.stats[key])";
        let ran = std::process::Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        assert!(said.contains("('views.py', 3, 'index') (10, 10, 0.0009, 0.001"), "{said}");
        assert!(
            said.contains("('__init__.py', 9, 'dumps') (1, 1, 0.0001, 0.0001, {('views.py', 3, 'index'): (1, 1, 0.0001, 0.0001)})"),
            "{said}"
        );
    }
}
