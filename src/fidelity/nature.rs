//! What differs from run to run, also between two runs of production.

use super::explain::is_like;

/// Each with its reason. Everything else that differs has to be declared.
const BY_NATURE: &[(&str, &str)] = &[
    ("environment: HOSTNAME", "the container's id"),
    ("request: HTTP_HOST", "each side is asked by the address that it has"),
    ("request: SERVER_NAME", "it is asked by its address"),
    ("request: SERVER_PORT", "it is asked by its address"),
    ("request: SERVER_ADDR", "the container's address"),
    ("request: REMOTE_ADDR", "the client's address, in a network of the engine's"),
    ("request: REMOTE_PORT", "any free port of the client's"),
    ("request: UNIQUE_ID", "of each request"),
    ("request: mod_wsgi.server_pid", "of each process"),
    ("request: mod_wsgi.connection_id", "of each connection"),
    ("request: mod_wsgi.request_id", "of each request"),
    ("request: mod_wsgi.thread_id", "whichever thread is free"),
    ("request: mod_wsgi.thread_requests", "how many it has had before"),
    ("request: mod_wsgi.total_requests", "how many there were before"),
    ("request: mod_wsgi.request_start", "a time"),
    ("request: mod_wsgi.queue_start", "a time"),
    ("request: mod_wsgi.daemon_start", "a time"),
    ("request: mod_wsgi.application_start", "a time"),
    ("request: mod_wsgi.script_start", "a time"),
    // Apache sets handlers of its own in its first process after it has started the first daemon processes: one that is started
    // later, in production as after a save, inherits them.
    ("signals: SIGSEGV", "whether the process is one of the first"),
    ("signals: SIGBUS", "whether the process is one of the first"),
    ("signals: SIGABRT", "whether the process is one of the first"),
    ("signals: SIGILL", "whether the process is one of the first"),
    ("signals: SIGFPE", "whether the process is one of the first"),
    ("signals: SIGWINCH", "whether the process is one of the first"),
];

pub(super) fn is_by_nature(place: &str) -> bool {
    BY_NATURE.iter().any(|(pattern, _)| is_like(place, pattern))
}
