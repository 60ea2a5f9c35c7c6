//! Where things are inside every image and container that parity makes.

/// The project: production's `COPY` puts it here, `parity up` bind-mounts it here.
pub const APP: &str = "/app";
/// Generated configuration: `httpd.conf`, `handler.wsgi`, `start.sh`.
pub const ETC: &str = "/etc/parity";
/// What Apache writes while it runs: pid file and daemon sockets (a tmpfs).
pub const RUN: &str = "/run/parity";
/// The virtual environment with mod_wsgi and the project's requirements.
pub const VENV: &str = "/opt/venv";
/// parity's own files in the image: the start script and the mod_wsgi module.
pub const OPT: &str = "/opt/parity";
/// HOME where nobody says otherwise: the only directory that each container can write.
pub const HOME: &str = "/tmp";
/// Where static files are collected when the project's `STATIC_ROOT` is not usable (a tmpfs in development).
pub const STATIC: &str = "/var/lib/parity/static";

/// When what a build adds was changed last, as far as images say: 1980-01-01, the earliest that every archive format can say.
pub const FIXED_TIME: u64 = 315_532_800;
