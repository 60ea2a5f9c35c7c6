//! `.env` files, in the syntax of dotenvy.
//!
//! Read here rather than by that crate, because its errors quote the line with the secret in it, it forgets
//! line numbers, and it replaces `$NAME` from the environment of the command. Here `${NAME}` and `$NAME`
//! stand for variables set earlier in the same file only, and a `$NAME` that is not one stays as it is: it is
//! most likely part of a password.

use std::iter::Peekable;
use std::str::Chars;

/// A variable of the file.
pub(super) struct Variable {
    pub name: String,
    pub value: String,
    pub line: usize,
}

/// Why a line was refused, without quoting it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub line: usize,
    pub what: &'static str,
    pub hint: Option<&'static str>,
}

const QUOTE: &str = "put the value in single quotes, between which everything stays as it is";

/// Reads a file's text. The last line of a name wins.
pub(super) fn parse(text: &str) -> Result<Vec<Variable>, Refused> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, found: Vec::new() };
    while reader.rest.peek().is_some() {
        reader.entry()?;
    }
    Ok(reader.found)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    found: Vec<Variable>,
}

impl Reader<'_> {
    /// One line, or several if a quoted value spans them.
    fn entry(&mut self) -> Result<(), Refused> {
        self.blanks();
        if self.end_of_line() {
            return Ok(());
        }
        let line = self.line;
        let mut name = self.name()?;
        self.blanks();
        if name == "export" && self.rest.peek() != Some(&'=') {
            name = self.name()?;
            self.blanks();
        }
        if self.rest.next_if_eq(&'=').is_none() {
            return Err(self.refused("a line must be `NAME=value`", None));
        }
        self.blanks();
        let value = self.value()?;
        if value.contains('\0') {
            return Err(self.refused("a value cannot contain NUL", None));
        }
        self.found.push(Variable { name, value, line });
        Ok(())
    }

    fn name(&mut self) -> Result<String, Refused> {
        let name = self.word();
        // What follows shows a name such as `my-name`, which is not one.
        let ends = self.rest.peek().is_none_or(|c| c.is_whitespace() || *c == '=');
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !ends {
            return Err(self.refused("a line must be `NAME=value`, the name of letters, digits and `_`", None));
        }
        Ok(name)
    }

    fn word(&mut self) -> String {
        std::iter::from_fn(|| self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_')).collect()
    }

    fn value(&mut self) -> Result<String, Refused> {
        let mut value = String::new();
        // A `#` ends a value where it begins and after a blank: `A=#x` is empty, `A=b#c` is not.
        if self.end_of_line() {
            return Ok(value);
        }
        while let Some(c) = self.rest.next() {
            match c {
                '\n' => {
                    self.line += 1;
                    break;
                }
                '\r' if self.rest.peek() == Some(&'\n') => {}
                '\'' => self.single_quoted(&mut value)?,
                '"' => self.double_quoted(&mut value)?,
                '\\' => self.escaped(&mut value)?,
                '$' => self.substituted(&mut value)?,
                c if c.is_whitespace() => {
                    // Spaces inside a value are its own, as docker compose and python-dotenv have it.
                    let mut blanks = String::from(c);
                    while let Some(more) = self.rest.next_if(|c| c.is_whitespace() && *c != '\n') {
                        blanks.push(more);
                    }
                    if self.end_of_line() {
                        break;
                    }
                    value.push_str(&blanks);
                }
                c => value.push(c),
            }
        }
        Ok(value)
    }

    fn single_quoted(&mut self, value: &mut String) -> Result<(), Refused> {
        let begun = self.line;
        loop {
            match self.next_quoted(begun)? {
                '\'' => return Ok(()),
                c => value.push(c),
            }
        }
    }

    fn double_quoted(&mut self, value: &mut String) -> Result<(), Refused> {
        let begun = self.line;
        loop {
            match self.next_quoted(begun)? {
                '"' => return Ok(()),
                '\\' => self.escaped(value)?,
                '$' => self.substituted(value)?,
                c => value.push(c),
            }
        }
    }

    fn next_quoted(&mut self, begun: usize) -> Result<char, Refused> {
        let c = self.rest.next().ok_or(Refused { line: begun, what: "a quote is not closed", hint: None })?;
        self.line += usize::from(c == '\n');
        Ok(c)
    }

    fn escaped(&mut self, value: &mut String) -> Result<(), Refused> {
        match self.rest.next() {
            Some('n') => value.push('\n'),
            Some(c @ ('\\' | '\'' | '"' | '$' | ' ')) => value.push(c),
            _ => return Err(self.refused("only \\n, \\\\, \\', \\\", \\$ and a blank may follow a backslash", Some(QUOTE))),
        }
        Ok(())
    }

    fn substituted(&mut self, value: &mut String) -> Result<(), Refused> {
        if self.rest.next_if_eq(&'{').is_some() {
            let name = self.word();
            let known = self.lookup(&name);
            return match (self.rest.next(), known) {
                (Some('}'), Some(known)) => {
                    value.push_str(&known);
                    Ok(())
                }
                _ => Err(self.refused("`${…}` must name a variable that is set above in this file", Some(QUOTE))),
            };
        }
        let name = self.word();
        match self.lookup(&name) {
            Some(known) => value.push_str(&known),
            None => {
                value.push('$');
                value.push_str(&name);
            }
        }
        Ok(())
    }

    fn lookup(&self, name: &str) -> Option<String> {
        self.found.iter().rev().find(|variable| variable.name == name).map(|variable| variable.value.clone())
    }

    fn blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace() && *c != '\n').is_some() {}
    }

    /// Takes the end of a line, with the comment before it. `false`: there is something else.
    fn end_of_line(&mut self) -> bool {
        if self.rest.peek() == Some(&'#') {
            while self.rest.next_if(|c| *c != '\n').is_some() {}
        }
        match self.rest.peek() {
            None => true,
            Some('\n') => {
                self.rest.next();
                self.line += 1;
                true
            }
            Some(_) => false,
        }
    }

    fn refused(&self, what: &'static str, hint: Option<&'static str>) -> Refused {
        Refused { line: self.line, what, hint }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().map(|variable| (variable.name, variable.value)).collect()
    }

    fn one(line: &str) -> String {
        read(line).pop().expect("a variable").1
    }

    #[test]
    fn reads_what_people_write() {
        for (line, value) in [
            ("A=b", "b"),
            ("A = b # comment", "b"),
            ("export A='b c'", "b c"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=\"b\\nc\"\r\n", "b\nc"),
            ("A='b\nc'\n", "b\nc"),
            ("A='$b \\c'", "$b \\c"),
            ("A=django-insecure-$x7=!@", "django-insecure-$x7=!@"),
            ("export=1", "1"),
            ("A=b ", "b"),
            ("A=hello  big world # said", "hello  big world"),
        ] {
            assert_eq!(one(line), value, "{line:?}");
        }
        assert_eq!(one("HOST=db\nURL=pg://${HOST}/$HOST\n"), "pg://db/db");
        let lines: Vec<_> = parse("# c\nA='\n\n'\n\nB=1").unwrap().iter().map(|variable| variable.line).collect();
        assert_eq!(lines, [2, 6]);
    }

    #[test]
    fn refuses_with_the_line() {
        for (text, line) in
            [("A=1\nno", 2), ("A-B=1", 1), ("\n\nA='x\ny", 3), ("A=\\d", 1), ("A=${NOPE}", 1), ("1A=x", 1), ("A=\0", 1), ("A=b ", 0)]
        {
            assert_eq!(parse(text).err().map_or(0, |why| why.line), line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }

        /// Substitution aside, the two agree on everything that this takes.
        #[test]
        fn means_what_it_means_to_dotenvy(lines in proptest::collection::vec("(export )?[A-C_][A-C0-9]{0,2} ?= ?([a-c#=.]|\"[a-c '#\n]*\"|'[a-c \"#\n]*'|\\\\[n$\"]){0,6}( #x)?", 0..5)) {
            let text = lines.join("\n") + "\n";
            let theirs: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
            if let (Ok(ours), Ok(theirs)) = (parse(&text), theirs) {
                let ours: Vec<_> = ours.into_iter().map(|variable| (variable.name, variable.value)).collect();
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
