//! The log of requests that `parity up` shows: what Apache writes of each, and the program that passes it on.

use crate::plan::Plan;
use crate::runtime;

/// The program's name in `/etc/parity`.
const PROGRAM: &str = "request_log.py";

/// What Apache starts and writes to. It starts another one where that ends.
pub const COMMAND: &str = "|/opt/venv/bin/python -I -S -E /etc/parity/request_log.py";

/// Microseconds since 1970, status, that of an answer that came before it (see `httpd::twice`), microseconds that it took, bytes of the body, the state of the connection after it, the handler, and
/// the method and the path, which Apache escapes and which may be long. Without the query, which may have secrets.
/// [`crate::logs::Request`] reads it.
pub const FORMAT: &str = r"%{usec}t\t%>s\t%{parity-answered}n\t%D\t%B\t%X\t%R\t%m\t%U";

/// The files for `/etc/parity`, by name.
pub fn files(plan: &Plan) -> Option<(String, String)> {
    plan.logs_requests().then(|| (PROGRAM.into(), runtime::REQUEST_LOG.into()))
}
