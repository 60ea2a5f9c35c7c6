//! Processes of this machine, known again by what they leave.

use std::fs;

/// This process, for the name of a file: nothing else has it that runs or has run since the machine was started. `None`: the
/// system does not tell.
pub fn mark() -> Option<String> {
    let pid = std::process::id();
    Some(format!("{}-{pid}-{}", namespace()?, started(pid)?))
}

/// Has the process ended that has this mark? One whose end cannot be seen from here, as in another container, has not.
pub fn has_ended(mark: &str) -> bool {
    let mut parts = mark.split('-');
    let (Some(space), Some(pid), Some(start), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return false };
    let Ok(pid) = pid.parse::<u32>() else { return false };
    namespace().is_some_and(|here| here == space) && started(pid).is_none_or(|now| now != start)
}

/// When a process started, in the kernel's ticks; a number that was used before gets another time.
pub fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may have spaces in it; field 22 is the start.
    let state_and_on = stat.rsplit_once(')')?.1;
    let mut fields = state_and_on.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(String::from)
}

/// The namespace of process numbers that this process is in, by the kernel's number: `pid:[4026531836]`.
fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    let number: String = link.to_str()?.chars().filter(char::is_ascii_digit).collect();
    (!number.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_again_and_tells_an_end() {
        let mine = mark().unwrap();
        assert!(!has_ended(&mine));
        let (rest, start) = mine.rsplit_once('-').unwrap();
        assert!(has_ended(&format!("{rest}-{}", start.parse::<u64>().unwrap() + 1)));
        // Of another container, and nonsense.
        assert!(!has_ended("1-1-1") && !has_ended("x") && !has_ended(&format!("{mine}-1")));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(has_ended(&format!("{}-{pid}-1", mine.split('-').next().unwrap())));
    }
}
