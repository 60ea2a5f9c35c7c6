//! A secret that nobody guesses.

use std::fmt;
use std::fs::File;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Failure, Kind, Result};

const BYTES: usize = 32;

/// Text for a URL. `Debug` hides it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; BYTES];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut bytes))
            .map_err(|error| Failure::new(Kind::Other, "cannot make a token").caused_by(&error))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Is it that? The time that this takes says nothing about it.
    pub fn is(&self, raw: &str) -> bool {
        let (known, raw) = (self.0.as_bytes(), raw.as_bytes());
        known.len() == raw.len() && known.iter().zip(raw).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
    }

    /// For a link, and for who has shown a ticket.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert!(one.is(one.expose()) && !one.is(other.expose()) && !one.is("") && !one.is(&one.expose()[1..]));
        assert!(!format!("{one:?}").contains(one.expose()));
    }
}
