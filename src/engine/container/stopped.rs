//! Was a container that ended asked to? Its state does not tell: the exit code is the same where the engine kills what did not stop in
//! time. The engine's events do.

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use time::OffsetDateTime;

use crate::engine::connect::Engine;

/// Events so long before the question are looked at.
const BEFORE: Duration = Duration::from_secs(60);
/// The engine's clock may be behind: then it would wait for the end of the time that was asked about.
const PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// Has somebody stopped a container (`docker stop`) in the last minute, but for the last second? `None`: the engine does not say.
    pub async fn was_stopped(&self, id: &str) -> Option<bool> {
        let filters = HashMap::from([("container", vec![id]), ("event", vec!["stop", "kill", "die"])]);
        let now = OffsetDateTime::now_utc();
        let options = EventsOptionsBuilder::default()
            .since(&(now - BEFORE).unix_timestamp().to_string())
            .until(&now.unix_timestamp().to_string())
            .filters(&filters)
            .build();
        let mut actions = Vec::new();
        let read = async {
            let mut events = Box::pin(self.api.events(Some(options)));
            while let Some(Ok(event)) = events.next().await {
                actions.extend(event.action);
            }
        };
        let _ = tokio::time::timeout(PATIENCE, read).await;
        (!actions.is_empty()).then(|| actions.iter().any(|action| action == "stop"))
    }
}
