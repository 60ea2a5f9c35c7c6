//! The labels by which parity knows its own containers and images again.

/// Names of labels.
pub mod label {
    /// On everything that parity makes: its version.
    pub const VERSION: &str = "dev.parity.version";
    /// The project's directory on the host.
    pub const PROJECT: &str = "dev.parity.project";
    /// Digest of all that the container was made from; another digest means that it must be replaced.
    pub const PLAN: &str = "dev.parity.plan";
    /// Which profile of the plan it is: `up`.
    pub const PROFILE: &str = "dev.parity.profile";
    /// `host:pid:start` of the foreground command that owns the container; absent when it was detached.
    pub const OWNER: &str = "dev.parity.owner";
    /// Path of the URL at which the application is mounted.
    pub const MOUNT: &str = "dev.parity.mount-point";
    /// The directory in the project that static files are mounted over.
    pub const STATIC: &str = "dev.parity.static";
    /// The view of root's project that is mounted instead of the project itself.
    pub const VIEW: &str = "dev.parity.view";
    /// On a container whose slots take turns in serving what is saved.
    pub const RELOAD: &str = "dev.parity.reload";
    /// The container whose network, with its published port, this one's server listens in.
    pub const NETWORK: &str = "dev.parity.network";
    /// `base`, `runtime` or `production`, on images.
    pub const IMAGE: &str = "dev.parity.image";
    /// On images that are deployed: how their start script is called.
    pub const START: &str = "dev.parity.start";
}
