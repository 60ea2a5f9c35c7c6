//! Reaching the agent in the container. The loop listens meanwhile: an engine may take that question about a container that is
//! ending, and never answer.

use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;

use super::Current;
use super::agent::Agent;
use super::session::Work;
use crate::error::Result;
use crate::session::upload;

/// How long the first attempts may take; after that it is said, and tried less often.
const AGENT_PAUSE: Duration = Duration::from_millis(300);

/// An attempt under way, and how many have failed before it.
pub struct Connecting<'a> {
    failed: u32,
    pub started: LocalBoxFuture<'a, Result<Agent>>,
}

impl Work<'_> {
    pub(super) fn connect(&mut self, current: &Current) {
        let Some((_, failed)) = self.start_agent.take() else { return };
        let (engine, id) = (self.place.engine, current.id.clone());
        let uploaded = upload::is_wanted(&self.plan).then(|| self.plan.clone());
        let started = async move {
            // What was saved while nobody could be told.
            if let Some(plan) = uploaded {
                upload::upload(engine, &id, &plan).await?;
            }
            Agent::start(engine, &id).await
        };
        self.connecting = Some(Connecting { failed, started: Box::pin(started) });
    }

    pub(super) fn connected(&mut self, started: Result<Agent>) {
        let Some(Connecting { failed, .. }) = self.connecting.take() else { return };
        match started {
            Ok(agent) => {
                self.revival.started(Instant::now());
                self.agent = Some(agent);
            }
            // The log's end says that the container is gone; the loop sees to that.
            Err(_) => self.start_agent = Some((Instant::now() + AGENT_PAUSE * (failed + 1).min(10), failed + 1)),
        }
    }
}
