//! How long a server may take until it answers. Hooks have a time of their own: a migration that takes long is no application
//! that hangs.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What runs before the server, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Nothing does: the server starts, since then.
    Server(Instant),
    /// A hook, in words, since then.
    Hook(String, Instant),
}

/// Whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Late {
    Server,
    Hook(String),
}

/// Seconds that each may take; 0 is any time for a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub server: u32,
    pub hook: u32,
}

impl Patience {
    /// Returns when what runs has taken too long.
    pub async fn ends(self, mut before: watch::Receiver<Before>) -> Late {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        loop {
            let (until, late) = match &*before.borrow_and_update() {
                Before::Server(since) => (Some(*since + seconds(self.server)), Late::Server),
                Before::Hook(hook, since) => ((self.hook > 0).then(|| *since + seconds(self.hook)), Late::Hook(hook.clone())),
            };
            let over = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return late,
                changed = before.changed() => if changed.is_err() {
                    // Nobody reads the log any more, so nothing else will be told.
                    return std::future::pending().await;
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { server: 1, hook: 2 };

    async fn late_after(patience: Patience, steps: &[(u64, Before)]) -> (Late, Duration) {
        let begun = Instant::now();
        let (told, before) = watch::channel(Before::Server(begun));
        let tell = async {
            for (millis, step) in steps {
                tokio::time::sleep_until(begun + Duration::from_millis(*millis)).await;
                let now = Instant::now();
                told.send_replace(match step {
                    Before::Server(_) => Before::Server(now),
                    Before::Hook(hook, _) => Before::Hook(hook.clone(), now),
                });
            }
            std::future::pending().await
        };
        tokio::select! {
            late = patience.ends(before) => (late, begun.elapsed()),
            never = tell => never,
        }
    }

    fn hook() -> Before {
        Before::Hook("migrate".into(), Instant::now())
    }

    #[tokio::test]
    async fn a_hook_takes_nothing_of_the_servers_time() {
        let (late, took) = late_after(PATIENCE, &[(500, hook()), (1500, Before::Server(Instant::now()))]).await;
        assert_eq!(late, Late::Server);
        assert!(took >= Duration::from_millis(2450), "{took:?}");
    }

    #[tokio::test]
    async fn a_hook_has_its_own_limit_or_none() {
        let (late, took) = late_after(PATIENCE, &[(100, hook())]).await;
        assert_eq!(late, Late::Hook("migrate".into()));
        assert!(took >= Duration::from_millis(2050), "{took:?}");
        let any = Patience { hook: 0, ..PATIENCE };
        let limit = tokio::time::timeout(Duration::from_secs(3), late_after(any, &[(100, hook())])).await;
        assert!(limit.is_err());
    }
}
