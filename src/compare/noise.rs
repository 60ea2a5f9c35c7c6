//! What an application answers differently anyhow: found by its other answers to the same request, and left out of what is compared
//! with somebody else's answer.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::lines::Line;

/// For one comparison of two bodies.
const DIFF_PATIENCE: Duration = Duration::from_millis(500);
/// Pairs of lines of one changed part that are tried with each other.
const MOST_PAIRS: usize = 200_000;
/// Of a longer line no part is told from another.
const LONGEST_LINE: usize = 20_000;

/// Whose other answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The same server's.
    Same,
    /// That of another one, started from the same image with the same data. What differs in its order alone is no noise: it is a set
    /// that somebody writes, and another order in each process.
    Twin,
}

/// An answer, and what of it is noise.
#[derive(Debug)]
pub struct Baseline {
    lines: Vec<Line>,
    masks: Vec<Mask>,
    /// Before each line and after the last: others may be there.
    gaps: Vec<bool>,
}

/// What of a line is noise.
#[derive(Debug, Clone, Default)]
struct Mask {
    /// All of it: it may be missing.
    whole: bool,
    /// Its times are far from each other.
    moments: bool,
    /// Some of its words.
    parts: Option<Parts>,
}

#[derive(Debug, Clone)]
struct Parts {
    words: Vec<bool>,
    /// Before each word and after the last.
    gaps: Vec<bool>,
}

/// A line that is in one answer only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    Gone(&'a Line),
    Added(&'a Line),
}

impl<'a> Change<'a> {
    pub fn line(&self) -> &'a Line {
        match self {
            Self::Gone(line) | Self::Added(line) => line,
        }
    }
}

impl Baseline {
    pub fn new(lines: Vec<Line>) -> Self {
        let count = lines.len();
        Self { lines, masks: vec![Mask::default(); count], gaps: vec![false; count + 1] }
    }

    /// Takes what differs in another answer for noise.
    pub fn learn(&mut self, other: &[Line], from: From) {
        let hunks = hunks(&self.lines, other);
        let moved = if from == From::Twin { moved(&self.lines, other, &hunks) } else { HashSet::new() };
        for (tag, here, there) in hunks {
            if tag == DiffTag::Equal {
                for (at, now) in here.zip(there) {
                    self.masks[at].moments |= !self.lines[at].shape.has_same_moments(&other[now].shape);
                }
                continue;
            }
            let is_moved = |line: &Line| moved.contains(line.shape.text.as_str());
            let is_order = has_same_words(&self.lines[here.clone()], &other[there.clone()])
                || (self.lines[here.clone()].iter().all(is_moved) && other[there.clone()].iter().all(is_moved));
            if from == From::Twin && is_order {
                continue;
            }
            if here.len() == there.len() {
                for (at, now) in here.zip(there) {
                    let parts = parts(&self.lines[at].shape.text, &other[now].shape.text);
                    self.masks[at].add(parts);
                }
                continue;
            }
            for at in here.clone() {
                self.masks[at].whole = true;
            }
            if !there.is_empty() {
                self.gaps[here.start..=here.end].fill(true);
            }
        }
    }

    /// What differs in somebody else's answer and is no noise.
    pub fn changes<'a>(&'a self, other: &'a [Line]) -> Vec<Change<'a>> {
        let mut changes = Vec::new();
        for (tag, here, there) in hunks(&self.lines, other) {
            if tag == DiffTag::Equal {
                for (at, now) in here.zip(there) {
                    if !self.matches(at, &other[now]) {
                        changes.extend([Change::Gone(&self.lines[at]), Change::Added(&other[now])]);
                    }
                }
                continue;
            }
            self.hunk(here, &other[there], &mut changes);
        }
        changes
    }

    fn hunk<'a>(&'a self, here: Range<usize>, other: &'a [Line], changes: &mut Vec<Change<'a>>) {
        let (mut at, mut now) = (here.start, 0);
        for (end, end_now) in self.matched(here.clone(), other).into_iter().chain([(here.end, other.len())]) {
            let lines = at..end;
            let may_have_others = self.gaps[at..=end].contains(&true) || lines.clone().any(|at| self.masks[at].whole);
            changes.extend(lines.filter(|at| !self.masks[*at].whole).map(|at| Change::Gone(&self.lines[at])));
            if !may_have_others {
                changes.extend(other[now..end_now].iter().map(Change::Added));
            }
            (at, now) = (end + 1, end_now + 1);
        }
    }

    /// The longest sequence of lines that go together.
    fn matched(&self, here: Range<usize>, other: &[Line]) -> Vec<(usize, usize)> {
        let (rows, columns) = (here.len(), other.len());
        if rows.saturating_mul(columns) > MOST_PAIRS {
            return Vec::new();
        }
        let width = columns + 1;
        let mut longest = vec![0_u32; (rows + 1) * width];
        let mut goes = vec![false; rows * columns];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                let together = self.matches(here.start + row, &other[column]);
                goes[row * columns + column] = together;
                longest[row * width + column] = if together {
                    longest[(row + 1) * width + column + 1] + 1
                } else {
                    longest[(row + 1) * width + column].max(longest[row * width + column + 1])
                };
            }
        }
        let (mut row, mut column, mut pairs) = (0, 0, Vec::new());
        while row < rows && column < columns {
            if goes[row * columns + column] {
                pairs.push((here.start + row, column));
                (row, column) = (row + 1, column + 1);
            } else if longest[(row + 1) * width + column] >= longest[row * width + column + 1] {
                row += 1;
            } else {
                column += 1;
            }
        }
        pairs
    }

    fn matches(&self, at: usize, other: &Line) -> bool {
        let (line, mask) = (&self.lines[at], &self.masks[at]);
        if let Some(parts) = &mask.parts {
            let comparable = line.shape.moments.len() == other.shape.moments.len() && !mask.moments;
            return parts.matches(&line.shape.text, &other.shape.text) && (!comparable || line.shape.has_same_moments(&other.shape));
        }
        line.shape.text == other.shape.text && (mask.moments || line.shape.has_same_moments(&other.shape))
    }
}

impl Mask {
    fn add(&mut self, parts: Option<Parts>) {
        let Some(new) = parts else {
            self.whole = true;
            return;
        };
        match &mut self.parts {
            Some(known) => {
                known.words.iter_mut().zip(new.words).for_each(|(known, new)| *known |= new);
                known.gaps.iter_mut().zip(new.gaps).for_each(|(known, new)| *known |= new);
            }
            none => *none = Some(new),
        }
    }
}

impl Parts {
    /// Is the text the line but for what is noise?
    fn matches(&self, line: &str, text: &str) -> bool {
        // What is steady, from one noise to the next.
        let mut steady = vec![String::new()];
        for (at, word) in words(line).into_iter().enumerate() {
            if self.gaps[at] {
                steady.push(String::new());
            }
            if self.words[at] {
                steady.push(String::new());
            } else if let Some(last) = steady.last_mut() {
                last.push_str(word);
            }
        }
        if self.gaps.last() == Some(&true) {
            steady.push(String::new());
        }
        let (Some(first), Some(last)) = (steady.first(), steady.last()) else { return true };
        if steady.len() == 1 {
            return text == first;
        }
        let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
        for part in &steady[1..steady.len() - 1] {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

/// What of a line is not in another. `None`: nothing of it is.
fn parts(line: &str, other: &str) -> Option<Parts> {
    if line.len().max(other.len()) > LONGEST_LINE {
        return None;
    }
    let (here, there) = (words(line), words(other));
    let mut parts = Parts { words: vec![false; here.len()], gaps: vec![false; here.len() + 1] };
    for op in capture_diff_slices_deadline(Algorithm::Myers, &here, &there, Some(Instant::now() + DIFF_PATIENCE)) {
        let (tag, old, new) = op.as_tag_tuple();
        if tag != DiffTag::Equal {
            parts.words[old.clone()].fill(true);
            parts.gaps[old.start] |= !new.is_empty();
        }
    }
    Some(parts)
}

/// Words, and what is between them character by character. Each mark for something that is another each time is one.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

type Hunk = (DiffTag, Range<usize>, Range<usize>);

fn hunks(one: &[Line], other: &[Line]) -> Vec<Hunk> {
    let texts = |lines: &[Line]| lines.iter().map(|line| line.shape.text.clone()).collect::<Vec<_>>();
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &texts(one), &texts(other), Some(Instant::now() + DIFF_PATIENCE));
    ops.iter().map(similar::DiffOp::as_tag_tuple).collect()
}

/// Lines that one has at one place and the other at another, as often.
fn moved<'a>(one: &'a [Line], other: &'a [Line], hunks: &[Hunk]) -> HashSet<&'a str> {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for (tag, here, there) in hunks {
        if *tag != DiffTag::Equal {
            one[here.clone()].iter().for_each(|line| *counts.entry(&line.shape.text).or_default() += 1);
            other[there.clone()].iter().for_each(|line| *counts.entry(&line.shape.text).or_default() -= 1);
        }
    }
    counts.into_iter().filter(|(_, count)| *count == 0).map(|(text, _)| text).collect()
}

/// Do two have the same words in any order?
fn has_same_words(one: &[Line], other: &[Line]) -> bool {
    let all = |lines: &[Line]| {
        let texts = lines.iter().map(|line| line.shape.text.as_str());
        let mut all: Vec<String> = texts.flat_map(|text| words(text).into_iter().map(str::to_owned)).collect();
        all.retain(|word| word.chars().all(char::is_alphanumeric));
        all.sort_unstable();
        all
    };
    !one.is_empty() && all(one) == all(other)
}

/// Is what changed nothing but an order?
pub fn is_order(changes: &[Change<'_>]) -> bool {
    let lines = |gone: bool| {
        let wanted = changes.iter().filter_map(move |change| match change {
            Change::Gone(line) if gone => Some((*line).clone()),
            Change::Added(line) if !gone => Some((*line).clone()),
            _ => None,
        });
        wanted.collect::<Vec<Line>>()
    };
    let (mut gone, mut added) = (lines(true), lines(false));
    if !has_same_words(&gone, &added) {
        return false;
    }
    // The same line at another time is no other order.
    gone.sort_by(|one, other| one.shape.text.cmp(&other.shape.text));
    added.sort_by(|one, other| one.shape.text.cmp(&other.shape.text));
    let is_same_text = gone.iter().zip(&added).all(|(one, other)| one.shape.text == other.shape.text);
    !is_same_text || gone.iter().zip(&added).all(|(one, other)| one.shape.has_same_moments(&other.shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        text.lines().map(Line::plain).collect()
    }

    fn told(one: &str, again: &[(&str, From)], other: &str) -> Vec<String> {
        let mut baseline = Baseline::new(lines(one));
        for (text, from) in again {
            baseline.learn(&lines(text), *from);
        }
        let other = lines(other);
        let changes = baseline.changes(&other);
        let text = |change: &Change<'_>| match change {
            Change::Gone(line) => format!("-{}", line.shown),
            Change::Added(line) => format!("+{}", line.shown),
        };
        changes.iter().map(text).collect()
    }

    fn same(text: &str) -> [(&str, From); 1] {
        [(text, From::Same)]
    }

    #[test]
    fn without_noise_everything_is_told() {
        assert_eq!(told("a\nb\nc", &same("a\nb\nc"), "a\nx\nc\nd"), ["-b", "+x", "+d"]);
        assert_eq!(told("a\nb", &[], "a\nb"), Vec::<String>::new());
    }

    #[test]
    fn of_a_line_only_the_words_that_are_noise_are_left_out() {
        let none = Vec::<String>::new();
        assert_eq!(told("number 17 of 20", &same("number 94 of 20"), "number 5 of 20"), none);
        assert_eq!(told("number 17 of 20", &same("number 94 of 20"), "number 5 of 21"), ["-number 17 of 20", "+number 5 of 21"]);
        assert_eq!(told("number 17 of 20", &same("letter 94 of 20"), "digit xy of 20"), none);
        assert_eq!(told("a b", &same("a"), "x b"), ["-a b", "+x b"]);
        assert_eq!(told("x 17\ny 3", &same("x 94\ny 3"), "x 5\ny 4"), ["-y 3", "+y 4"]);
    }

    #[test]
    fn lines_that_come_and_go_are_noise() {
        let none = Vec::<String>::new();
        assert_eq!(told("a\nads\nb", &same("a\nb"), "a\nb"), none);
        assert_eq!(told("a\nb", &same("a\nads\nmore\nb"), "a\nother\nb"), none);
        assert_eq!(told("a\nb", &same("a\nads\nmore\nb"), "a\nb\nother"), ["+other"]);
    }

    #[test]
    fn times_that_are_another_each_time_are_noise() {
        assert_eq!(told("2020-01-01 10:00", &same("2021-01-01 12:00"), "2022-01-01 14:00"), Vec::<String>::new());
        assert_eq!(told("10:00", &same("10:00"), "12:00"), ["-10:00", "+12:00"]);
    }

    #[test]
    fn another_order_in_each_process_is_told() {
        let twin = |text| [("a, b, c\nx", From::Same), (text, From::Twin)];
        assert_eq!(told("a, b, c\nx", &twin("b, a, c\nx"), "c, b, a\nx"), ["-a, b, c", "+c, b, a"]);
        assert_eq!(told("a, b, c\nx", &twin("b, a, d\nx"), "c, b, a\nx"), Vec::<String>::new());
        let one = "[\na\nb\nc\n]";
        let changes = told(one, &[(one, From::Same), ("[\nb\nc\na\n]", From::Twin)], "[\nc\na\nb\n]");
        assert!(!changes.is_empty());
        let (one, other) = (lines("a\nb"), lines("b\na"));
        let baseline = Baseline::new(one);
        assert!(is_order(&baseline.changes(&other)));
        assert!(!is_order(&baseline.changes(&lines("b\nc"))));
        assert!(!is_order(&Baseline::new(lines("at 10:00")).changes(&lines("at 12:00"))));
    }

    #[test]
    fn large_parts_are_compared_in_time() {
        let many = |from: usize| (from..from + 5000).map(|number| format!("x{number}")).collect::<Vec<_>>().join("\n");
        assert_eq!(told(&many(0), &[], &many(10_000)).len(), 10_000);
    }
}
