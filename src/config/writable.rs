//! What a directory that the application writes to begins with.

use super::value::{Given, Mismatch, Shape, Value, text};

/// What the directories of `writable` hold when `parity smoke` starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WritableContent {
    /// Nothing, as a new volume of most orchestrators.
    #[default]
    Empty,
    /// What the image has there, as a new volume of `docker run`.
    Image,
}

impl Value for WritableContent {
    const SHAPE: Shape = Shape::One;

    fn read(given: &Given) -> Result<Self, Mismatch> {
        match text(given) {
            Some("empty") => Ok(Self::Empty),
            Some("image") => Ok(Self::Image),
            _ => Err(Mismatch::one_of(&["empty", "image"], given)),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Empty => "empty".into(),
            Self::Image => "image".into(),
        }
    }
}
