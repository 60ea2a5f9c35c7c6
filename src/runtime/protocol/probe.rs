//! What `parity smoke` asks the validator by headers of a request, and what that answers by headers of its own.

/// The header of a request. The application sees nothing of it.
pub const ASKS: &str = "Parity-Probe";
/// What it says: which process and thread answer?
pub const WHO: &str = "1";
/// What reached the application?
pub const SEE: &str = "see";

/// It is answered with this status, without the application.
pub fn answer(status: u16) -> String {
    format!("answer {status}")
}

/// Headers of the answer, in small letters: the ids of its process and thread, and, as JSON, what reached the application.
pub const PROCESS: &str = "parity-process";
pub const THREAD: &str = "parity-thread";
pub const SAW: &str = "parity-saw";
