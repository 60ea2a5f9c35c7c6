//! `--profile`: the way of running that a plan is settled for.

use crate::plan::{Debug, Profile};

/// Which one, by the name of the command that runs it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// As deployed
    Production,
    /// As `parity up` runs it
    #[default]
    Up,
    /// As `parity debug` runs it
    Debug,
    /// As `parity smoke` checks it
    Smoke,
    /// As `parity coverage` measures it
    Coverage,
    /// As `parity profile` runs it
    Profile,
}

impl From<Which> for Profile {
    fn from(which: Which) -> Self {
        match which {
            Which::Production => Profile::Production,
            Which::Up => Profile::Up,
            Which::Debug => Profile::Debug(Debug::default()),
            Which::Smoke => Profile::Smoke,
            Which::Coverage => Profile::Coverage,
            Which::Profile => Profile::Profiler,
        }
    }
}
