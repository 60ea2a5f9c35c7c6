//! Which fields hold secrets, by their names.

/// In any name that has one of these in it, written in whichever way.
const PARTS: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "authkey",
    "signature",
    "session",
    "csrf",
    "xsrf",
    "credential",
    "authorization",
    "cookie",
    "bearer",
    "jwt",
];
/// Names that are no part of others.
const WHOLE: [&str; 6] = ["sig", "pin", "otp", "pass", "auth", "xauth"];

/// The names of fields with secrets: parity's own, and those of `record-redact`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    more: Vec<String>,
}

impl Names {
    pub fn new(more: &[String]) -> Self {
        Self { more: more.iter().map(|name| plain(name)).filter(|name| !name.is_empty()).collect() }
    }

    /// Is the value of a header, a cookie, a field of a form or of JSON, or a variable of that name secret?
    pub fn is_secret(&self, name: &str) -> bool {
        let name = plain(name);
        let name = name.as_str();
        PARTS.iter().any(|part| name.contains(part)) || WHOLE.contains(&name) || self.more.iter().any(|more| name == more)
    }
}

/// Letters and digits alone: `X-Api-Key`, `api_key` and `apiKey` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_whichever_way_it_is_written() {
        let names = Names::new(&["Kontonummer".into(), "-".into()]);
        for name in ["Cookie", "Set-Cookie", "HTTP_COOKIE", "Authorization", "Proxy-Authorization", "X-API-Key", "apiKey", "user[password]"]
        {
            assert!(names.is_secret(name), "{name}");
        }
        for name in ["csrfmiddlewaretoken", "X-CSRFToken", "sessionid", "access_token", "sig", "konto-nummer", "aws.secret.access.key"] {
            assert!(names.is_secret(name), "{name}");
        }
        for name in ["author", "name", "design", "spin", "monkey", "", "-"] {
            assert!(!names.is_secret(name), "{name}");
        }
    }
}
