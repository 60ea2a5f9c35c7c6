//! What is done about the services of a Compose file.

use super::value::{Given, Mismatch, Shape, Value, text};

/// How the application comes to the services beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServicesMode {
    /// The network of those that run is joined.
    #[default]
    Join,
    /// They are started first.
    Start,
    /// The Compose file is not looked at.
    Ignore,
}

impl Value for ServicesMode {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match text(given) {
            Some("join") => Ok(Self::Join),
            Some("start") => Ok(Self::Start),
            Some("ignore") => Ok(Self::Ignore),
            _ => Err(Mismatch::one_of(&["join", "start", "ignore"], given)),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Join => "join".into(),
            Self::Start => "start".into(),
            Self::Ignore => "ignore".into(),
        }
    }
}
