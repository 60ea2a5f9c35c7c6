//! How many connections Apache takes, as mod_wsgi-express works it out for its event MPM.

use serde::Serialize;

use crate::config::Server;

/// The numbers of the event MPM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capacity {
    pub max_clients: u64,
    pub server_limit: u64,
    pub start_servers: u64,
    pub threads_per_child: u64,
    pub min_spare_threads: u64,
    pub max_spare_threads: u64,
}

impl Capacity {
    pub fn of(server: &Server) -> Self {
        let workers = u64::from(*server.processes) * u64::from(*server.threads);
        let wanted = match *server.max_clients {
            Some(given) => workers.max(given.into()),
            // Room for requests that wait for a thread, and for static files.
            None => 10 + (workers * 3 / 2).max(10),
        };
        let threads_per_child = if wanted > 20 { wanted / (wanted / 20 + 1) } else { 10 };
        let server_limit = wanted.div_ceil(threads_per_child);
        Self {
            max_clients: server_limit * threads_per_child,
            server_limit,
            start_servers: (server_limit / 5).max(1),
            threads_per_child,
            min_spare_threads: threads_per_child.max(server_limit / 5 * threads_per_child),
            max_spare_threads: threads_per_child.max(server_limit * 3 / 5 * threads_per_child),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity(processes: u32, threads: u32, max_clients: Option<u32>) -> (u64, u64, u64, u64, u64, u64) {
        let mut server = Server::default();
        server.processes.value = processes;
        server.threads.value = threads;
        server.max_clients.value = max_clients;
        let c = Capacity::of(&server);
        (c.max_clients, c.server_limit, c.start_servers, c.threads_per_child, c.min_spare_threads, c.max_spare_threads)
    }

    /// Expected values: what mod_wsgi-express 6.1.1 computes for the same options.
    #[test]
    fn is_what_mod_wsgi_express_computes() {
        assert_eq!(capacity(1, 5, None), (20, 2, 1, 10, 10, 10));
        assert_eq!(capacity(1, 15, None), (32, 2, 1, 16, 16, 16));
        assert_eq!(capacity(4, 15, None), (112, 7, 1, 16, 16, 64));
        assert_eq!(capacity(8, 30, None), (380, 20, 4, 19, 76, 228));
        assert_eq!(capacity(1, 1, Some(5)), (10, 1, 1, 10, 10, 10));
        assert_eq!(capacity(2, 20, Some(200)), (216, 12, 2, 18, 36, 126));
    }
}
