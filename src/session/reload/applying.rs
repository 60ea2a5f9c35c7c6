//! Applies what a changed setting or image asks for: the loop's part in a switch to another container.

use std::time::Instant;

use futures_util::future::LocalBoxFuture;

use super::machine::Input;
use super::session::{Work, machine_for};
use super::{Current, FIX_IT, Inputs, switch, takeover};
use crate::engine::container::{self, LogStart};
use crate::error::{Failure, Kind, Result};
use crate::events::Event;
use crate::session::follow::Follower;
use crate::session::image;
use crate::session::up::Place;

impl<'a> Work<'a> {
    /// Begins to make ready what the changed files ask for. What is being made ready from their former content is given up.
    pub(super) fn start_switch(&mut self, wanted: switch::Wanted, current: &Current) {
        let wanted = match self.wanted.take() {
            Some(before) => before.and(wanted),
            None => wanted,
        };
        self.wanted = Some(wanted.clone());
        self.unapplied = None;
        self.switching = Some(Box::pin(switch::make_ready(self.place, self.replan, current.clone(), self.plan.image.clone(), wanted)));
    }

    pub(super) async fn switched(
        &mut self,
        ready: Result<switch::Ready, switch::NotReady>,
        current: &mut Current,
        log: &mut Follower,
    ) -> Result<()> {
        let wanted = self.wanted.take();
        let mut ready = match ready {
            Ok(ready) => ready,
            Err(switch::NotReady { failure, .. }) if matches!(failure.kind, Kind::Interrupted | Kind::EngineLost) => return Err(failure),
            Err(switch::NotReady { failure, inputs }) => {
                // It may be fixed in a file that only the new configuration names.
                if let Some(inputs) = inputs {
                    self.watching.renew(&inputs);
                }
                // Code that is saved may be what it lacks.
                self.unapplied = wanted.filter(|_| matches!(failure.kind, Kind::App | Kind::Hook | Kind::NotReady));
                self.not_applied(failure);
                return Ok(());
            }
        };
        match std::mem::replace(&mut ready.step, switch::Step::Nothing) {
            switch::Step::Nothing => {
                let switch::Ready { inputs, wanted, begun, .. } = ready;
                self.adopt(inputs);
                self.reload_what_is_read(&wanted.files);
                if !wanted.quiet {
                    self.place.report.report(changed(wanted, "nothing to restart".into(), begun));
                }
            }
            switch::Step::TakeOver(next) => self.taken_over(ready, *next, current, log).await?,
            switch::Step::Replace(wish, image, why) => self.replaced(ready, (&wish, &image, why), current, log).await?,
        }
        Ok(())
    }

    fn not_applied(&self, failure: Failure) {
        let failure = failure.hint("the running server is unaffected; save the file again when it is fixed");
        self.place.report.report(Event::NotApplied { failure });
    }

    /// From now on this is what is served.
    fn adopt(&mut self, inputs: Inputs) {
        self.watching.renew(&inputs);
        (self.plan, self.secrets) = (inputs.plan, inputs.secrets);
    }

    async fn taken_over(&mut self, ready: switch::Ready, next: takeover::Next, current: &mut Current, log: &mut Follower) -> Result<()> {
        let url = current.url.clone();
        let retired = match takeover::take_over(self.place, next, &ready.inputs.plan, &self.plan, current, log).await {
            Ok(retired) => retired,
            Err(failure) if matches!(failure.kind, Kind::Interrupted | Kind::EngineLost) => return Err(failure),
            Err(failure) => {
                self.not_applied(failure);
                return Ok(());
            }
        };
        let Place { engine, name, report, .. } = self.place;
        self.retiring.push(Box::pin(retired.end(engine.clone(), name.to_owned(), report)));
        self.look_after_lender(current);
        self.adopt(ready.inputs);
        self.keep_images(current);
        self.restart_machine();
        if url != current.url {
            report.report(Event::Serving { url: current.url.clone(), took: None });
        }
        report.report(changed(ready.wanted, "switched, serving".into(), ready.begun));
        Ok(())
    }

    /// Removes images that have served before, but for some.
    fn keep_images(&self, current: &Current) {
        let (Place { engine, report, .. }, plan, image) = (self.place, self.plan.clone(), current.image.clone());
        self.retiring.push(Box::pin(async move { image::keep(engine, &plan, &image, report).await }));
    }

    /// Notices when the container goes that holds the port for the one that serves.
    pub(super) fn look_after_lender(&mut self, current: &Current) {
        let engine = self.place.engine;
        self.lender =
            current.network.clone().map(|id| -> LocalBoxFuture<'a, ()> { Box::pin(async move { takeover::ended(engine, &id).await }) });
    }

    /// The way in which connections are refused until the new server listens.
    async fn replaced(
        &mut self,
        ready: switch::Ready,
        (wish, image, why): (&container::Wish, &str, &str),
        current: &mut Current,
        log: &mut Follower,
    ) -> Result<()> {
        let (away, url) = (Instant::now(), current.url.clone());
        self.lender = None;
        let before = switch::Before { plan: &self.plan, secrets: &self.secrets };
        switch::switch(self.place, &ready, (wish, image), &before, current).await?;
        self.follow_log(current, log, LogStart::Beginning);
        let switch::Ready { inputs, wanted, begun, .. } = ready;
        self.adopt(inputs);
        self.restart_machine();
        let answered = self.answers(current, log).await?;
        if url != current.url {
            self.place.report.report(Event::Serving { url: current.url.clone(), took: None });
        }
        if let Some(failure) = answered {
            self.place.report.report(Event::Warning { text: failure.message, hint: Some(FIX_IT.into()) });
        }
        let done = format!("switched, away for {} ms because {why}, serving", away.elapsed().as_millis());
        self.place.report.report(changed(wanted, done, begun));
        Ok(())
    }

    /// Configuration that changes nothing for parity may change something for the application.
    fn reload_what_is_read(&mut self, files: &[String]) {
        let read: Vec<_> = files.iter().filter(|file| self.touched.reads(file) && !is_read_by_parity(file)).cloned().collect();
        if !read.is_empty() {
            self.saved = Instant::now();
            read.into_iter().for_each(|file| self.step(Input::Changed(file)));
            self.step(Input::Settled);
        }
    }

    /// Another container has another agent, which must be asked what there is.
    fn restart_machine(&mut self) {
        if let Some(reload) = &self.plan.reload {
            self.machine = machine_for(&self.plan, reload);
        }
        // Another configuration may have the application write other files.
        self.touched.written.clear();
        self.agent = None;
        self.connecting = None;
        self.start_agent = Some((Instant::now(), 0));
    }
}

fn changed(wanted: switch::Wanted, done: String, begun: Instant) -> Event {
    Event::Changed { files: wanted.files, done, cause: wanted.cause, took: Some(begun.elapsed()) }
}

/// Settings, WSGI modules and `manage.py` say how an application is to be served, which parity reads in them.
pub(super) fn is_read_by_parity(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    path.contains("settings") || matches!(name, "manage.py" | "wsgi.py")
}
