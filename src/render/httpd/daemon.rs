//! The options of `WSGIDaemonProcess`.

use super::{Capacity, check, on_off};
use crate::error::{Failure, Kind, Result};
use crate::plan::{Ending, Plan, ending};
use crate::render::quote::{HttpdArg, refuse};
use crate::units::Origin;

/// Each option as it is written, in the order of mod_wsgi-express.
pub fn options(plan: &Plan) -> Result<Vec<(&'static str, String)>> {
    let server = &plan.server;
    let mut options = vec![("home", HttpdArg::new("working-directory", &plan.working_directory)?.to_string())];
    // `processes=` makes mod_wsgi say `wsgi.multiprocess`, even with one process: only where it was asked for.
    if *server.processes != 1 || !matches!(server.processes.origin, Origin::Default | Origin::Command(_)) {
        options.push(("processes", at_least_one("processes", *server.processes)?));
    }
    options.push(("threads", at_least_one("threads", *server.threads)?));
    if let Some(path) = python_path(plan)? {
        options.push(("python-path", path));
    }
    options.push(("python-eggs", "/tmp/python-eggs".into()));
    // The environment's own, which the entry point has checked: `env` may set them, and whoever runs the image.
    options.push(("lang", "${LANG}".into()));
    options.push(("locale", "${LC_ALL}".into()));
    let mut backlog = server.daemon_backlog.clone();
    if *server.slow_clients > 0 && backlog.origin == Origin::Default {
        // Whoever Apache has accepted must find a place in the queue, or is refused what others wait for.
        backlog.value =
            backlog.value.max(u32::try_from(Capacity::of(server).max_clients).map_or(MOST_BACKLOG, |clients| clients.min(MOST_BACKLOG)));
    }
    let Ending { graceful_timeout, shutdown_timeout } = ending(server, plan.reload.as_ref());
    for (name, setting, value) in [
        ("maximum-requests", "maximum-requests", &server.maximum_requests),
        ("listen-backlog", "daemon-backlog", &backlog),
        ("queue-timeout", "queue-timeout", &server.queue_timeout),
        ("socket-timeout", "socket-timeout", &server.socket_timeout),
        ("connect-timeout", "connect-timeout", &server.connect_timeout),
        ("request-timeout", "request-timeout", &server.request_timeout),
        ("interrupt-timeout", "interrupt-timeout", &server.interrupt_timeout),
        ("inactivity-timeout", "inactivity-timeout", &server.inactivity_timeout),
        ("startup-timeout", "startup-timeout", &server.startup_timeout),
        ("deadlock-timeout", "deadlock-timeout", &server.deadlock_timeout),
        ("graceful-timeout", "graceful-timeout", &graceful_timeout),
        ("eviction-timeout", "eviction-timeout", &server.eviction_timeout),
        ("restart-interval", "restart-interval", &server.restart_interval),
        ("cpu-time-limit", "cpu-time-limit", &server.cpu_time_limit),
        ("shutdown-timeout", "shutdown-timeout", &shutdown_timeout),
        ("response-socket-timeout", "response-socket-timeout", &server.response_socket_timeout),
    ] {
        options.push((name, check::int(setting, **value)?.to_string()));
    }
    for (name, value, least) in [
        ("send-buffer-size", &server.send_buffer_size, 512),
        ("receive-buffer-size", &server.receive_buffer_size, 512),
        ("header-buffer-size", &server.header_buffer_size, 8192),
        ("response-buffer-size", &server.response_buffer_size, 65536),
    ] {
        options.push((name, check::zero_or_from(name, **value, least)?.to_string()));
    }
    options.push(("server-metrics", on_off(*server.server_metrics).to_string()));
    Ok(options)
}

/// What `daemon-backlog` may be at most.
const MOST_BACKLOG: u32 = 65_535;
/// Most threads of one process: what Apache's event MPM and mod_wsgi both take.
const MOST: u32 = 20_000;

fn at_least_one(setting: &str, value: u32) -> Result<String> {
    if (1..=MOST).contains(&value) { Ok(value.to_string()) } else { Err(refuse(setting, &value.to_string(), "must be from 1 to 20000")) }
}

fn python_path(plan: &Plan) -> Result<Option<String>> {
    if plan.python_path.is_empty() {
        return Ok(None);
    }
    if let Some(path) = plan.python_path.iter().find(|path| path.contains(':')) {
        return Err(Failure::new(
            Kind::BadFile,
            format!("python-path: `{}` holds a `:`, which separates directories", path.escape_debug()),
        ));
    }
    let paths: Vec<&str> = plan.python_path.iter().map(|path| path.value.as_str()).collect();
    Ok(Some(HttpdArg::new("python-path", &paths.join(":"))?.to_string()))
}
