//! How many connections Apache takes: as mod_wsgi-express works it out for its event MPM, and those of slow clients.
//!
//! A thread of Apache is held by a client that has sent half a request until `header-timeout` ends that. mod_wsgi-express has some twenty
//! threads for a small server, which one client can hold for good. There are more for slow clients, but not at rest: Apache starts
//! processes for them while there are some, twice as many each second. That they take no others' place in the application is up to its
//! own queue, which is as long.

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
        let express = Self {
            max_clients: server_limit * threads_per_child,
            server_limit,
            start_servers: (server_limit / 5).max(1),
            threads_per_child,
            min_spare_threads: threads_per_child.max(server_limit / 5 * threads_per_child),
            max_spare_threads: threads_per_child.max(server_limit * 3 / 5 * threads_per_child),
        };
        match u64::from(*server.slow_clients) {
            0 => express,
            slow => express.with(slow),
        }
    }

    /// With room for slow clients, in processes of at least so many threads that few are enough.
    fn with(self, slow: u64) -> Self {
        const THREADS: u64 = 64;
        let threads_per_child = self.threads_per_child.max(THREADS);
        let server_limit = (self.max_clients + slow).div_ceil(threads_per_child);
        let at_start = (self.start_servers * self.threads_per_child).div_ceil(threads_per_child);
        let min_spare_threads = self.min_spare_threads.max(threads_per_child);
        Self {
            max_clients: server_limit * threads_per_child,
            server_limit,
            start_servers: at_start,
            threads_per_child,
            min_spare_threads,
            max_spare_threads: self.max_spare_threads.max(min_spare_threads + threads_per_child),
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
        server.slow_clients.value = 0;
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

    #[test]
    fn slow_clients_come_on_top_and_cost_nothing_at_rest() {
        let of = |processes: u32, slow: u32| {
            let mut server = Server::default();
            server.processes.value = processes;
            server.slow_clients.value = slow;
            Capacity::of(&server)
        };
        let small = of(1, Server::default().slow_clients.value);
        assert_eq!((small.start_servers, small.threads_per_child, small.min_spare_threads, small.max_spare_threads), (1, 64, 64, 128));
        assert!(small.max_clients >= 1020 && small.server_limit == 16, "{small:?}");
        for (processes, slow) in [(1, 1), (4, 1000), (40, 5000), (1000, 100_000)] {
            let (with, without) = (of(processes, slow), of(processes, 0));
            assert!(with.max_clients >= without.max_clients + u64::from(slow), "{with:?}");
            assert!(with.min_spare_threads >= without.min_spare_threads && with.max_spare_threads >= without.max_spare_threads, "{with:?}");
            assert!(with.start_servers * with.threads_per_child >= without.start_servers * without.threads_per_child, "{with:?}");
        }
    }
}
