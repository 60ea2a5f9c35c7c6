//! Why there is no answer, in words.

use std::error::Error;
use std::io;

/// A request that got no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("nothing listens at {0}: the connection was refused")]
    Refused(String),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, String),
    #[error("no encrypted connection to {0}: {1}")]
    Tls(String, String),
    #[error("the server closed the connection without an answer")]
    Closed,
    #[error("the server closed the connection in the middle of the answer, after {0} of the body")]
    ClosedInBody(String),
    #[error("the answer is not HTTP: {0}")]
    Garbage(String),
    #[error("no answer within {0} s")]
    Hangs(u64),
    #[error("the answer did not end within {0} s; {1} of the body came")]
    HangsInBody(u64, String),
    #[error("more than {0} redirects, the last to {1}")]
    Redirects(usize, String),
    #[error("the redirect to `{0}` leads nowhere")]
    Nowhere(String),
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
}

impl Trouble {
    /// Why sending failed, or waiting for the head of the answer.
    pub fn of(why: &hyper_util::client::legacy::Error, host: &str) -> Self {
        let chain: Vec<&(dyn Error + 'static)> =
            std::iter::successors(Some(why as &(dyn Error + 'static)), |error| (*error).source()).collect();
        let io = chain.iter().find_map(|error| error.downcast_ref::<io::Error>());
        let last = chain.last().map(ToString::to_string).unwrap_or_default();
        if why.is_connect() {
            // The two steps before TLS; their errors have a type that is nobody else's to name.
            let before = |error: &&(dyn Error + 'static)| ["tcp connect error", "dns error"].contains(&error.to_string().as_str());
            return match io.map(io::Error::kind) {
                Some(io::ErrorKind::ConnectionRefused) => Self::Refused(host.into()),
                // Whoever listened has ended before it took the connection.
                Some(io::ErrorKind::ConnectionReset) if chain.iter().any(before) => Self::Closed,
                _ if chain.iter().any(before) => Self::Unreachable(host.into(), last),
                _ => Self::Tls(host.into(), last),
            };
        }
        match chain.iter().find_map(|error| error.downcast_ref::<hyper::Error>()) {
            Some(error) if error.is_parse() || error.is_parse_too_large() => Self::Garbage(last),
            Some(error) if error.is_user() => Self::Unsendable(last),
            _ => Self::Closed,
        }
    }

    /// Why reading the body failed.
    pub fn in_body(why: &hyper::Error, received: String) -> Self {
        if why.is_parse() { Self::Garbage(why.to_string()) } else { Self::ClosedInBody(received) }
    }
}
