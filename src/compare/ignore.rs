//! What is not compared: `compare-ignore` and `--ignore`.

/// Names of headers, cookies, fields of JSON, attributes and elements of HTML, and paths of JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    names: Vec<String>,
    /// `$.items[*].at`, with `[]` for any item.
    paths: Vec<String>,
}

impl Ignore {
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let (paths, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.starts_with('$'));
        let paths = paths.into_iter().map(|path| path.replace("[*]", "[]")).collect();
        Self { names: names.into_iter().map(|name| name.to_ascii_lowercase()).collect(), paths }
    }

    /// Is it one of the names? Letters' case means nothing.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// A field of JSON, by its name or its path: `$.items[0].at`.
    pub fn has_field(&self, name: &str, path: &str) -> bool {
        self.has(name) || (!self.paths.is_empty() && (self.paths.iter().any(|known| known == path || *known == any_item(path))))
    }
}

/// `$.items[].at` of `$.items[0].at`.
fn any_item(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        out += before;
        let digits = after.find(']').filter(|end| after[..*end].bytes().all(|byte| byte.is_ascii_digit()));
        out += if digits.is_some() { "[]" } else { "[" };
        rest = digits.map_or(after, |end| &after[end + 1..]);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        let ignore = Ignore::new(["X-Build", "$.a[*].b", "$.c[1]"].map(String::from));
        assert!(ignore.has("x-build") && !ignore.has("x-built"));
        assert!(ignore.has_field("b", "$.a[3].b") && ignore.has_field("x", "$.c[1]"));
        assert!(!ignore.has_field("b", "$.b") && !ignore.has_field("x", "$.c[2]"));
        assert!(!Ignore::default().has_field("", "$[0]"));
        assert_eq!(any_item("$.a[12][3].b[x]"), "$.a[][].b[x]");
    }
}
