//! What is compared: `production`, `up`, `running`, `ref:main`, `image:NAME`, a URL.

use crate::commands::production::reference;
use crate::smoke::client::Base;

/// One side, as it is written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The image of the project as it is now.
    Production,
    /// A server of its own as `parity up` has it.
    Up,
    /// The server that runs at this moment.
    Running,
    /// The image of another commit.
    Ref(String),
    Image(String),
    Url(String),
}

impl Target {
    /// Reads an argument.
    ///
    /// # Errors
    /// In words for clap.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "production" => return Ok(Self::Production),
            "up" => return Ok(Self::Up),
            "running" => return Ok(Self::Running),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("ref:") {
            return if name.is_empty() {
                Err("write a branch, tag or commit behind `ref:`".into())
            } else {
                Ok(Self::Ref(name.to_owned()))
            };
        }
        if let Some(image) = text.strip_prefix("image:") {
            return reference(image).map(Self::Image);
        }
        if text.contains("://") {
            return match Base::parse(text) {
                Ok(_) => Ok(Self::Url(text.to_owned())),
                Err(failure) => Err(failure.message),
            };
        }
        Err("write production, up, running, ref:GIT-REF, image:IMAGE or a URL".into())
    }

    /// Its name in a report; of a URL without a password.
    pub fn label(&self) -> String {
        match self {
            Self::Production => "production".into(),
            Self::Up => "up".into(),
            Self::Running => "running".into(),
            Self::Ref(name) => format!("ref:{name}"),
            Self::Image(image) => format!("image:{image}"),
            Self::Url(url) => Base::parse(url).map(|base| base.as_str().to_owned()).unwrap_or_default(),
        }
    }

    /// Is it a container of this machine, which nobody else's data are in?
    pub fn is_local(&self) -> bool {
        !matches!(self, Self::Url(_))
    }
}

/// Where the requests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    Recorded,
    Smoke,
    Har(std::path::PathBuf),
}

impl From {
    /// Reads an argument.
    ///
    /// # Errors
    /// In words for clap.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "recorded" => Ok(Self::Recorded),
            "smoke" => Ok(Self::Smoke),
            file if file.ends_with(".har") => Ok(Self::Har(file.into())),
            _ => Err("write recorded, smoke, or a HAR file: FILE.har".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared() {
        let label = |text: &str| Target::parse(text).map(|target| target.label());
        for text in ["production", "up", "running", "ref:feature/x", "image:example.com/app:1", "http://127.0.0.1:8000"] {
            assert_eq!(label(text).as_deref(), Ok(text));
        }
        assert_eq!(label("https://me:hush@example.com/app/").as_deref(), Ok("https://example.com/app"));
        for text in ["main", "ref:", "image:", "image:A B", "ftp://example.com", "http://", "", "Production"] {
            assert!(label(text).is_err(), "{text}");
        }
        assert!(!Target::parse("http://127.0.0.1:1").unwrap().is_local() && Target::Running.is_local());
        assert_eq!(From::parse("a/b.har"), Ok(From::Har("a/b.har".into())));
        assert!(From::parse("b.json").is_err());
    }
}
