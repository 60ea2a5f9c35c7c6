//! The address of what is checked.

use base64::Engine as _;
use url::Url;

use crate::error::{Failure, Kind, Result};
use crate::units::Secret;

/// What is asked: `https://user:password@host/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Without user, and without a slash at its end.
    url: String,
    origin: url::Origin,
    authorization: Option<String>,
}

impl Base {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`Kind::Usage`]: it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Failure::new(Kind::Usage, format!("`{}` cannot be asked: {why}", super::redact::Redactor::default().clean(text).escape_debug()))
                .hint("write a URL such as https://staging.example.com")
        };
        let mut url = Url::parse(text.trim()).map_err(|why| wrong(&why.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("it is not an http or https URL"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("a query belongs to a check"));
        }
        let authorization = (!url.username().is_empty()).then(|| {
            let decoded = |text: &str| form_decoded(text);
            let user = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user))
        });
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { origin: url.origin(), url: url.as_str().trim_end_matches('/').to_owned(), authorization })
    }

    /// What it is asked with and nobody else may know.
    pub fn secrets(&self) -> Vec<Secret> {
        let header = self.authorization.iter().filter_map(|header| header.strip_prefix("Basic "));
        let password = |encoded: &str| {
            let user = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
            String::from_utf8(user).ok()?.split_once(':').map(|(_, password)| Secret::new(password))
        };
        header.flat_map(|encoded| [Some(Secret::new(encoded)), password(encoded)]).flatten().collect()
    }

    /// Without user and password.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The header that goes with requests to this server, and to no other.
    pub fn authorization(&self, url: &Url) -> Option<&str> {
        self.authorization.as_deref().filter(|_| url.origin() == self.origin)
    }

    /// A path of this server, as it is; a whole URL is one already.
    pub fn join(&self, path: &str) -> String {
        if path.starts_with("http://") || path.starts_with("https://") { path.to_owned() } else { format!("{}{path}", self.url) }
    }
}

/// `%40` in a user's name is an `@`; a `+` is one.
fn form_decoded(text: &str) -> String {
    let escaped = text.replace('+', "%2B");
    url::form_urlencoded::parse(escaped.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_url_without_secrets() {
        let base = Base::parse("https://me:p%40ss+@example.com:8443/app/").unwrap();
        assert_eq!(base.as_str(), "https://example.com:8443/app");
        assert_eq!(base.join("/x?y=1"), "https://example.com:8443/app/x?y=1");
        let encoded = base.authorization.unwrap();
        assert_eq!(base64::engine::general_purpose::STANDARD.decode(&encoded[6..]).unwrap(), b"me:p@ss+");
        for text in ["example.com", "localhost:8000", "ftp://example.com", "http://", "https://me:hush@x/?q", ""] {
            let failure = Base::parse(text).unwrap_err();
            assert_eq!(failure.kind, Kind::Usage);
            assert!(!failure.message.contains("hush"), "{failure}");
        }
    }
}
