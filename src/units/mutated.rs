//! Texts for tests: real ones with something done to them, which come further into a reader than texts of any characters do.

use proptest::prelude::*;

/// Bytes that one edit takes out or repeats.
const MOST: usize = 40;

#[derive(Debug, Clone)]
enum Edit {
    Insert(&'static str),
    Repeat(&'static str, usize),
    Delete(usize),
    Again(usize),
    Swap(char),
}

/// One of the texts after a few edits, most of which put in one of the tokens.
pub(crate) fn mutated(texts: &'static [&'static str], tokens: &'static [&'static str]) -> impl Strategy<Value = String> {
    let token = || prop::sample::select(tokens);
    let edit = prop_oneof![
        4 => token().prop_map(Edit::Insert),
        1 => (token(), 2..MOST).prop_map(|(token, times)| Edit::Repeat(token, times)),
        2 => (1..MOST).prop_map(Edit::Delete),
        1 => (1..MOST).prop_map(Edit::Again),
        1 => any::<char>().prop_map(Edit::Swap),
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), edit), 0..8);
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut text = text.to_owned();
        for (at, edit) in edits {
            let at = text.floor_char_boundary(at.index(text.len() + 1));
            let end = |length: usize| text.floor_char_boundary((at + length).min(text.len()));
            match edit {
                Edit::Insert(token) => text.insert_str(at, token),
                Edit::Repeat(token, times) => text.insert_str(at, &token.repeat(times)),
                Edit::Delete(length) => text.replace_range(at..end(length), ""),
                Edit::Again(length) => {
                    let again = text[at..end(length)].to_owned();
                    text.insert_str(at, &again);
                }
                Edit::Swap(with) => {
                    let end = text[at..].chars().next().map_or(at, |found| at + found.len_utf8());
                    text.replace_range(at..end, with.encode_utf8(&mut [0; 4]));
                }
            }
        }
        text
    })
}
