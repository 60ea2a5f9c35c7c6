//! Container paths become the host's, so that a terminal can open them.

use std::path::PathBuf;

use crate::units::layout;

/// Where the project is in the container and on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    /// Absolute, without a slash at the end: `/app`.
    pub container: String,
    /// Absolute.
    pub host: PathBuf,
}

impl Paths {
    pub fn new(container: impl Into<String>, host: impl Into<PathBuf>) -> Self {
        Self { container: container.into(), host: host.into() }
    }

    /// The project bind-mounted or copied to its place in every image.
    pub fn of_project(host: impl Into<PathBuf>) -> Self {
        Self::new(layout::APP, host)
    }

    /// Is this the project's own file, and not a library that was installed inside its directory?
    pub fn is_own(&self, path: &str) -> bool {
        self.inside(path).is_some_and(|rest| !rest.contains("/site-packages/"))
    }

    /// The host's path of a file of the project; other paths are as they are.
    pub fn translate(&self, path: &str) -> String {
        match self.inside(path) {
            Some(rest) => format!("{}{rest}", self.host().trim_end_matches('/')),
            None => path.to_owned(),
        }
    }

    /// Translates each path of the project that stands alone in a sentence: quoted, after a space, in brackets.
    pub fn translate_words(&self, text: &str) -> String {
        self.replace(text, |before| before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~'))))
    }

    /// Translates only where Python names a file: `File "/app/…"`, and `/app/x.py:3: DeprecationWarning` at the beginning.
    pub fn translate_python(&self, text: &str) -> String {
        let leading = self
            .inside(text)
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(path, after)| !path.contains(char::is_whitespace) && after.starts_with(|c: char| c.is_ascii_digit()));
        if leading {
            return self.translate(text);
        }
        match text.find("File \"") {
            Some(at) if self.inside(&text[at + 6..]).is_some() => {
                let (before, path) = text.split_at(at + 6);
                format!("{before}{}", self.translate(path))
            }
            _ => text.to_owned(),
        }
    }

    fn host(&self) -> String {
        self.host.display().to_string()
    }

    /// What comes after the project's directory in the container, with its slash.
    fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.container.as_str()).filter(|rest| rest.starts_with('/'))
    }

    fn replace(&self, text: &str, may_start_after: impl Fn(Option<char>) -> bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(self.container.as_str()) {
            let (before, here) = rest.split_at(at);
            out.push_str(before);
            let after = &here[self.container.len()..];
            let ends = after.chars().next().is_none_or(|c| matches!(c, '/' | '\'' | '"' | ')' | ' ' | ',' | ':'));
            if ends && may_start_after(out.chars().next_back()) {
                out.push_str(self.host().trim_end_matches('/'));
            } else {
                out.push_str(&self.container);
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Paths {
        Paths::of_project("/home/ada/shop")
    }

    #[test]
    fn only_the_project_is_translated() {
        assert_eq!(paths().translate("/app/mysite/views.py"), "/home/ada/shop/mysite/views.py");
        assert_eq!(paths().translate("/application/x.py"), "/application/x.py");
        assert!(!paths().is_own("/app/.venv/lib/python3.13/site-packages/x.py"));
    }

    #[test]
    fn in_sentences_and_in_pythons_words() {
        assert_eq!(
            paths().translate_words("script '/app/hello.wsgi' (path /app) /var/app/x /apple"),
            "script '/home/ada/shop/hello.wsgi' (path /home/ada/shop) /var/app/x /apple"
        );
        assert_eq!(paths().translate_python("/app/a.py:3: DeprecationWarning: x"), "/home/ada/shop/a.py:3: DeprecationWarning: x");
        assert_eq!(paths().translate_python(r#"  File "/app/a.py", line 3 in f"#), r#"  File "/home/ada/shop/a.py", line 3 in f"#);
        assert_eq!(paths().translate_python("GET /app/x: ok"), "GET /app/x: ok");
    }
}
