//! Credentials in addresses: `https://user:password@host/`.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

/// What stands between `://` and `@`. `${NAME}` is a variable, which pip and others fill in.
static USER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/@:'"]*)(?P<password>:[^\s/@'"]*)?@"#).expect("a constant")
});

/// Are there credentials in the text of a file? A name alone is one only where there is nothing else that it could be, as a token.
pub fn has_credentials(text: &[u8]) -> bool {
    USER.captures_iter(text).any(|found| is_secret(&found))
}

/// The passwords and tokens in addresses, and those of a `.netrc`.
pub fn credentials_in(text: &str) -> Vec<String> {
    let of_address = |found: Captures| {
        let word = found.name("password").map_or_else(|| found["user"].to_vec(), |password| password.as_bytes()[1..].to_vec());
        is_secret(&found).then(|| String::from_utf8_lossy(&word).into_owned())
    };
    let mut found: Vec<String> = USER.captures_iter(text.as_bytes()).filter_map(of_address).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    found.extend(words.windows(2).filter(|pair| pair[0] == "password").map(|pair| pair[1].trim_matches('"').to_owned()));
    found
}

/// The same text without them.
pub fn without_credentials(text: &[u8]) -> Vec<u8> {
    let replace = |found: &Captures| {
        if is_secret(found) { [&found["scheme"], b"://@"].concat() } else { found[0].to_vec() }
    };
    USER.replace_all(text, replace).into_owned()
}

fn is_secret(found: &Captures) -> bool {
    let is_variable = |text: &[u8]| text.starts_with(b"${") && text.ends_with(b"}") || text.starts_with(b"%(");
    match found.name("password").map(|password| &password.as_bytes()[1..]) {
        Some(password) => !password.is_empty() && !is_variable(password),
        // `ssh://git@host` has no secret in it.
        None => {
            let user = &found["user"];
            !user.is_empty() && user != b"git" && !is_variable(user) && !found["scheme"].to_ascii_lowercase().ends_with(b"ssh")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_to_hide() {
        assert_eq!(credentials_in("https://me:hush@a.example https://token@b.example ssh://git@c.example"), ["hush", "token"]);
        assert_eq!(credentials_in("machine a.example login me password \"hush\"\n"), ["hush"]);
    }

    #[test]
    fn a_variable_is_none() {
        for (text, expected) in [
            ("--index-url https://me:hush@example.com/simple", true),
            ("x @ git+https://ghp_token@example.com/x.git", true),
            ("url = \"https://__token__:hush@example.com\"", true),
            ("--index-url https://example.com/simple", false),
            ("x @ git+ssh://git@example.com/x.git", false),
            ("x @ git+https://git@example.com/x.git", false),
            ("x @ git+https://${TOKEN}@example.com/x.git", false),
            ("--index-url https://${USER}:${PASSWORD}@example.com/", false),
            ("--index-url https://me:@example.com/", false),
            ("author@example.com, https://example.com/a@b", false),
        ] {
            assert_eq!(has_credentials(text.as_bytes()), expected, "{text}");
            let without = without_credentials(text.as_bytes());
            assert_eq!(without == text.as_bytes(), !expected, "{text}");
            assert!(!has_credentials(&without), "{}", String::from_utf8_lossy(&without));
        }
    }
}
