//! How long processes may take to end.

use super::Reload;
use crate::config::Server;
use crate::units::Sourced;

/// Seconds.
const DAY: u32 = 86_400;

/// Settings that are others where saved code is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub graceful_timeout: Sourced<u32>,
    pub shutdown_timeout: Sourced<u32>,
}

/// With each save a group finishes its requests; those may take as long as requests may. Without a standby the processes that serve are told
/// to end, and take as long for it as their requests do.
pub fn ending(server: &Server, reload: Option<&Reload>) -> Ending {
    let graceful_timeout = match reload {
        Some(_) => server.graceful_timeout.clone().map(|seconds| match *server.request_timeout {
            0 => DAY,
            request => seconds.max(request),
        }),
        None => server.graceful_timeout.clone(),
    };
    let shutdown_timeout = match reload {
        Some(reload) if !*reload.standby => graceful_timeout.clone(),
        _ => server.shutdown_timeout.clone(),
    };
    Ending { graceful_timeout, shutdown_timeout }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing;

    #[test]
    fn requests_may_finish_where_saved_code_is_served() {
        let seconds = |request: u32, reload: Option<&Reload>| {
            let mut server = Server::default();
            server.request_timeout.value = request;
            let Ending { graceful_timeout, shutdown_timeout } = ending(&server, reload);
            (*graceful_timeout, *shutdown_timeout)
        };
        let standby = testing::reload();
        let alone = Reload { standby: Sourced::default(false), ..testing::reload() };
        assert_eq!([seconds(60, None), seconds(60, Some(&standby)), seconds(60, Some(&alone))], [(15, 5), (60, 5), (60, 60)]);
        assert_eq!([seconds(0, Some(&standby)), seconds(1, Some(&standby))], [(DAY, 5), (15, 5)]);
    }
}
