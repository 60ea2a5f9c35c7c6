//! `.env` files, read as python-dotenv reads them: an application that loads the file itself has the same values.
//!
//! A port of `parser.py`, `variables.py` and `resolve_variables` of python-dotenv 1.2
//! (<https://github.com/theskumar/python-dotenv>, BSD-3-Clause). What differs is what goes wrong: a statement that python-dotenv
//! warns of and leaves out is refused here, with its line and without its text, which may hold a secret.
//!
//! Docker Compose reads the same files by rules of its own, which are in [`compose`].

pub mod compose;
mod reader;
mod variables;

use std::collections::HashMap;

use reader::Reader;

/// A variable of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub value: String,
    /// The line that its statement begins at, counted from 1.
    pub line: usize,
}

/// A name and the line where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    pub name: String,
    pub line: usize,
}

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// In the order of the file, each name once.
    pub variables: Vec<Variable>,
    /// Names without `=`, which set nothing.
    pub bare: Vec<Mention>,
    /// `${NAME}` without a default, of which nothing is known: an empty text.
    pub unknown: Vec<Mention>,
}

/// Why a file was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: usize,
    pub what: String,
    pub hint: Option<&'static str>,
}

/// The variables that a `${NAME}` may stand for, beside those of the file.
pub trait Surroundings {
    /// One that hides the file's own.
    fn over(&self, name: &str) -> Option<&str>;
    /// One that the file's own hides.
    fn under(&self, name: &str) -> Option<&str>;
    /// Does the application have a variable of this name whose value cannot be known?
    fn is_hidden(&self, name: &str) -> bool;
}

/// One variable of a file, where nothing around it gives others. `None`: it is not there, or the file cannot be read as one.
pub fn variable(text: &str, name: &str) -> Option<Variable> {
    struct Nothing;
    impl Surroundings for Nothing {
        fn over(&self, _: &str) -> Option<&str> {
            None
        }
        fn under(&self, _: &str) -> Option<&str> {
            None
        }
        fn is_hidden(&self, _: &str) -> bool {
            false
        }
    }
    read(text, &Nothing).ok()?.variables.into_iter().find(|variable| variable.name == name)
}

/// Reads a file's text, which has no byte order mark any more. The last statement about a name wins.
///
/// # Errors
/// A statement that is none, or whose value cannot be known or be in an environment.
pub fn read(text: &str, around: &impl Surroundings) -> Result<Contents, Refused> {
    // As Python opens text files.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::new(&text);
    let mut contents = Contents::default();
    let mut known: HashMap<String, Option<Variable>> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    while let Some(statement) = reader.statement()? {
        let line = statement.line;
        let refused = |what: String| Refused { line, what, hint: None };
        // What no process can have in its environment.
        if statement.name.contains(['=', '\0']) {
            return Err(refused("a name cannot contain `=` or NUL".into()));
        }
        let value = match &statement.value {
            None => None,
            Some(value) if value.contains('\0') => return Err(refused("a value cannot contain NUL".into())),
            Some(value) => {
                let own = |name: &str| known.get(name).map(|variable| variable.as_ref().map(|variable| variable.value.as_str()));
                Some(variables::resolve(value, line, &own, around, &mut contents.unknown)?)
            }
        };
        if !known.contains_key(&statement.name) {
            order.push(statement.name.clone());
        }
        let variable = value.map(|value| Variable { name: statement.name.clone(), value, line });
        if variable.is_none() {
            contents.bare.push(Mention { name: statement.name.clone(), line });
        }
        known.insert(statement.name, variable);
    }
    contents.variables = order.iter().filter_map(|name| known.remove(name)?).collect();
    Ok(contents)
}

#[cfg(test)]
mod tests;
