//! Which requests are meant: `--status 5xx --path '/api/*' --slower-than 200`.

use std::str::FromStr;

/// What a request must be to be listed. The store looks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub status: Option<Statuses>,
    /// The path, without the query; `*` is any text, `?` any character.
    pub path: Option<String>,
    /// In capitals.
    pub method: Option<String>,
    /// Microseconds.
    pub slower_than: Option<u64>,
    /// A text that is anywhere in it, in whichever case.
    pub text: Option<String>,
    /// The newest so many.
    pub last: Option<usize>,
    /// Those that came after the one with this number.
    pub after: Option<i64>,
}

/// `404`, `5xx`, `4xx,500`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    /// The first and the last of each group.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }
}

impl FromStr for Statuses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{}` is not a status: write 404, 5xx, or several with commas", text.escape_debug());
        let one = |part: &str| {
            let part = part.trim().to_ascii_lowercase();
            let (lowest, highest) = (part.replace('x', "0"), part.replace('x', "9"));
            let valid = part.len() == 3 && part.starts_with(|c| ('1'..='9').contains(&c));
            valid.then(|| Some((lowest.parse().ok()?, highest.parse().ok()?))).flatten().ok_or_else(wrong)
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

/// As SQLite's GLOB has it, where brackets are more than themselves.
pub fn glob(path: &str) -> String {
    path.chars().map(|c| if c == '[' { "[[]".to_owned() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_and_groups() {
        assert_eq!("5xx, 404".parse::<Statuses>().unwrap().ranges(), [(500, 599), (404, 404)]);
        for wrong in ["", "5", "xxx", "5000", "ok", "5xx,", "-5x"] {
            assert!(wrong.parse::<Statuses>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn brackets_are_themselves() {
        assert_eq!(glob("/a[1]/*"), "/a[[]1]/*");
    }
}
