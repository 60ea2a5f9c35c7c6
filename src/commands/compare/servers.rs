//! The servers that are compared, where parity runs them.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join, join_all, try_join_all};
use tokio::sync::{oneshot, watch};

use super::Args;
use super::target::Target;
use crate::commands::context::Context;
use crate::commands::production::Source;
use crate::commands::replay::running;
use crate::commands::settled::Settled;
use crate::config;
use crate::engine::Engine;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::plan::{Difference, Profile, lock};
use crate::project::contents::survey;
use crate::render::smoke::{Configuration, command};
use crate::session::copy::{Copy, copy};
use crate::session::image;
use crate::session::smoke::{Fate, Server, Start, Whose, with_server_of};
use crate::session::stage::stage;
use crate::session::worktree::Worktree;
use crate::session::{Interrupts, User, user_for};

/// A side before it is asked.
#[derive(Debug)]
pub enum Prepared {
    /// It runs already.
    There {
        url: String,
        /// It is the server of `parity up`, with the mount point in its URL.
        is_ours: bool,
        /// It is told that it is asked by a replay.
        records: bool,
    },
    Startable(Box<Startable>),
}

impl Prepared {
    /// What it does differently from production, where parity starts it.
    pub fn differences(&self) -> Option<&[Difference]> {
        match self {
            Self::There { .. } => None,
            Self::Startable(startable) => Some(&startable.settled.plan.differences),
        }
    }
}

/// What a server is started from.
#[derive(Debug)]
pub struct Startable {
    settled: Rc<Settled>,
    image: String,
    /// Empty: what its profile says.
    command: Vec<String>,
    user: User,
    /// Of `up`.
    copy: Option<Copy>,
    /// Names of images that go with it.
    repository: Option<String>,
    _worktree: Option<Worktree>,
}

/// What is needed to prepare and start them.
#[derive(Debug)]
pub struct Workshop<'a> {
    pub context: &'a Context<'a>,
    pub args: &'a Args,
    pub engine: Option<Engine>,
    pub interrupts: &'a Interrupts,
}

impl Workshop<'_> {
    /// Builds what there is to be built.
    pub async fn prepare(&self, target: &Target) -> Result<Prepared> {
        let Some(engine) = &self.engine else { return Ok(Self::elsewhere(target)) };
        let startable = match target {
            Target::Url(_) => return Ok(Self::elsewhere(target)),
            Target::Running => {
                let (url, records) = self.interrupts.or(running(self.context, "parity compare production up")).await?;
                return Ok(Prepared::There { url, is_ours: true, records });
            }
            Target::Production => self.production(engine, self.context, None).await?,
            Target::Image(reference) => {
                let image = image::existing(engine, reference, self.interrupts, self.context.ui).await?;
                self.baked(engine, self.context, image.id).await?
            }
            Target::Ref(name) => self.commit(engine, name).await?,
            Target::Up => self.up(engine).await?,
        };
        Ok(Prepared::Startable(Box::new(startable)))
    }

    fn elsewhere(target: &Target) -> Prepared {
        let url = if let Target::Url(url) = target { url.clone() } else { String::new() };
        Prepared::There { url, is_ours: false, records: false }
    }

    /// The image of a directory as it is now.
    async fn production(&self, engine: &Engine, context: &Context<'_>, worktree: Option<Worktree>) -> Result<Startable> {
        let image = Source::of(context, &self.args.server)?.image(context, engine, self.interrupts).await?;
        Ok(Startable { _worktree: worktree, ..self.baked(engine, context, image.id).await? })
    }

    /// The image of another commit, with the environment of this one.
    async fn commit(&self, engine: &Engine, name: &str) -> Result<Startable> {
        let worktree = Worktree::of(&self.context.root, name)?;
        let settled = self.context.settle(&self.args.server, Profile::Smoke)?;
        worktree.bring(config::FILES.into_iter().chain([lock::FILE]).chain(settled.env_files.iter().map(String::as_str)))?;
        self.context.ui.note(format!("ref:{name} is {}", worktree.commit.get(..12).unwrap_or(&worktree.commit)));
        let context = Context { ui: self.context.ui, root: worktree.root.clone(), environment: self.context.environment.clone() };
        let mut startable = self.production(engine, &context, Some(worktree)).await?;
        startable.repository = Some(image::repository(&startable.settled.plan));
        Ok(startable)
    }

    async fn baked(&self, engine: &Engine, context: &Context<'_>, image: String) -> Result<Startable> {
        let mut settled = context.settle(&self.args.server.without(&["port", "host"]), Profile::Smoke)?;
        // What is recorded is asked for of no server of a comparison.
        settled.plan.record = None;
        context.join_services(engine, &mut settled.plan, self.interrupts).await?;
        let command = command(&settled.plan, Configuration::Image)?;
        Ok(Startable { settled: Rc::new(settled), image, command, user: User::PRODUCTION, copy: None, repository: None, _worktree: None })
    }

    /// A server as `parity up` has it, with a copy of the project.
    async fn up(&self, engine: &Engine) -> Result<Startable> {
        let mut flags = self.args.server.without(&["port", "host"]);
        let fixed: [(&str, config::Given); 4] =
            [("port", "0".into()), ("host", "127.0.0.1".into()), ("reload-on-changes", false.into()), ("record", false.into())];
        for (key, given) in fixed {
            flags.push("parity compare", key, given);
        }
        let mut settled = self.context.settle(&flags, Profile::Up)?;
        self.context.join_services(engine, &mut settled.plan, self.interrupts).await?;
        let image = image::ensure(engine, &settled.plan, &settled.how(), self.interrupts, self.context.ui).await;
        let image = image.map_err(|failure| settled.explain(failure))?.reference;
        Self::with_copy(Startable {
            settled: Rc::new(settled),
            image,
            command: Vec::new(),
            user: User::PRODUCTION,
            copy: None,
            repository: None,
            _worktree: None,
        })
    }

    fn with_copy(startable: Startable) -> Result<Startable> {
        let copy = copy(&startable.settled.plan, &survey(&startable.settled.plan.root, &startable.settled.selection())?)?;
        let user = user_for(&copy.root);
        Ok(Startable { copy: Some(copy), user, ..startable })
    }

    /// What another server like it is started from: with a copy of its own, so that neither writes where the other reads.
    pub fn twin(&self, prepared: &Prepared) -> Result<Option<Prepared>> {
        let Prepared::Startable(first) = prepared else { return Ok(None) };
        let Startable { settled, image, command, user, copy, .. } = first.as_ref();
        let twin = Startable {
            settled: Rc::clone(settled),
            image: image.clone(),
            command: command.clone(),
            user: *user,
            copy: None,
            repository: None,
            _worktree: None,
        };
        let twin = if copy.is_some() { Self::with_copy(twin)? } else { twin };
        Ok(Some(Prepared::Startable(Box::new(twin))))
    }

    /// Lets some work be done with a server, if one is to be started, and removes it.
    pub async fn serve<T>(&self, prepared: Option<&Prepared>, work: impl AsyncFnOnce(Option<&Server>) -> Result<T>) -> Result<T> {
        let (Some(engine), Some(Prepared::Startable(startable))) = (&self.engine, prepared) else { return work(None).await };
        let Startable { settled, image, command, user, copy, .. } = startable.as_ref();
        let mut plan = settled.plan.clone();
        if let Some(copy) = copy {
            plan.root.clone_from(&copy.root);
        }
        let nothing = |_: String| -> LocalBoxFuture<'_, ()> { async {}.boxed_local() };
        let start = Start {
            engine,
            plan: &plan,
            secrets: &settled.secrets,
            image,
            command,
            interrupts: self.interrupts,
            report: self.context.ui,
            log: Arc::new(|_| ()),
            post_mortem: &nothing,
        };
        let project: &PathBuf = &self.context.root;
        let whose = Whose { command: "compare", project, user: *user };
        let done = with_server_of(&start, whose, async |server| Ok((work(Some(server)).await?, Fate::Remove)));
        Box::pin(done).await.map_err(|failure| settled.explain(failure))
    }

    /// Starts what is to be started, all at once, lets some work be done with the URLs of these, and removes them. They go by what they
    /// are called.
    pub async fn serve_all<T, const N: usize>(
        &self,
        servers: [(String, Option<&Prepared>); N],
        work: impl AsyncFnOnce([Option<String>; N]) -> Result<T>,
    ) -> Result<T> {
        let (ended, end) = watch::channel(false);
        let (ready, urls): (Vec<_>, Vec<_>) = (0..N).map(|_| oneshot::channel()).unzip();
        let serving = servers.into_iter().zip(ready).enumerate().map(async |(number, ((called, prepared), ready))| {
            let mut end = end.clone();
            let (is_up, up) = oneshot::channel::<()>();
            let serve = self.serve(prepared, async |server| {
                // Whoever waits is gone where another one has failed.
                let _ = (is_up.send(()), ready.send(server.map(|server| server.url.clone())));
                let _ = end.wait_for(|ended| *ended).await;
                Ok(())
            });
            if matches!(prepared, Some(Prepared::Startable(_))) {
                let starting = async { up.await.map_err(|_| Failure::new(Kind::Other, "it does not start")) };
                let (id, title) = (format!("server {number}"), format!("server of {called}"));
                Box::pin(join(serve, stage(self.context.ui, &id, &title, "answers", starting))).await.0
            } else {
                Box::pin(serve).await
            }
        });
        let working = async {
            let urls = try_join_all(urls).await;
            let done = match urls.map(<[Option<String>; N]>::try_from) {
                Ok(Ok(urls)) => Some(work(urls).await),
                // One does not start, and says why itself.
                _ => None,
            };
            let _ = ended.send(true);
            done
        };
        let (served, done) = join(join_all(serving), working).await;
        served.into_iter().collect::<Result<Vec<()>>>()?;
        done.unwrap_or_else(|| Err(Failure::new(Kind::Other, "a server was not started")))
    }

    /// Removes what was built for this comparison alone.
    pub async fn tidy(&self, prepared: &Prepared) {
        if let (Some(engine), Prepared::Startable(startable)) = (&self.engine, prepared)
            && let Some(repository) = &startable.repository
        {
            // What stays is the engine's cache, by which the next build of it is a matter of seconds.
            let _ = engine.remove_images(repository, |_| true).await;
        }
    }
}
