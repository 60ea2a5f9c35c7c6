//! What is done at a server, whoever runs it, and what becomes of it.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Args, Context};
use crate::error::{Kind, Result};
use crate::events::{Event, Report};
use crate::requests::Marks;
use crate::session::Interrupts;
use crate::smoke::PROBES;
use crate::smoke::check::Check;
use crate::smoke::client::{Base, Client};
use crate::smoke::command;
use crate::smoke::front_page;
use crate::smoke::journal::Journal;
use crate::smoke::outcome::{Image, Outcome, Suite, What};
use crate::smoke::redact::Redactor;
use crate::smoke::report::human_lines;
use crate::smoke::run::{Before, Chosen, Exchange, Rules, Runner, skipped};
use crate::smoke::select::{Choice, Selection};
use crate::ui::{Format, Ui};
use crate::units::Secret;

/// Why no probe works on a deployment that is only reached over the network.
const ELSEWHERE: &str = "it needs a server that parity runs: without --url it starts one";

/// Checks, probes and tests that were asked for, and their outcomes so far.
pub struct Job<'a> {
    ui: &'a Ui,
    args: &'a Args,
    interrupts: &'a Interrupts,
    /// Outcomes are shown as they come.
    live: bool,
    checks: Vec<Check>,
    /// Nobody wrote any.
    front_page_only: bool,
    selection: Selection,
    redactor: Redactor,
    /// Requests are recorded.
    marks: Option<Marks>,
    begun: Instant,
    suite: RefCell<Suite>,
    exchanges: RefCell<Vec<Exchange>>,
}

impl<'a> Job<'a> {
    /// Reads the checks and what was chosen of them.
    pub fn new(context: &Context<'a>, args: &'a Args, format: Format, interrupts: &'a Interrupts) -> Result<Self> {
        let config = context.config(&args.server)?;
        let mut checks = config.smoke;
        let front_page_only = checks.is_empty();
        if front_page_only {
            checks.push(Check::front_page());
        }
        let off = config.smoke_skip.map(|off| off.value.into_iter().map(|name| (name, off.origin.to_string())).collect::<Vec<_>>());
        let selection = Selection::new(&checks, &args.only, &args.skip, &off.unwrap_or_default())?;
        let mut secrets: Vec<Secret> = config.env.into_iter().map(|(_, secret)| secret.value).collect();
        if let Some(url) = &args.url {
            secrets.extend(Base::parse(url)?.secrets());
        }
        let redactor = Redactor::new(&secrets);
        let live = format == Format::Human;
        Ok(Self {
            ui: context.ui,
            args,
            interrupts,
            live,
            checks,
            front_page_only,
            selection,
            redactor,
            marks: args.server.switches_on("record").then(Marks::default),
            begun: Instant::now(),
            suite: RefCell::default(),
            exchanges: RefCell::default(),
        })
    }

    /// Everything that can be done at a deployment.
    pub async fn elsewhere(&self, url: &str) -> Result<()> {
        self.check(url, None).await?;
        // Nobody expects them here who did not name them.
        for name in PROBES.into_iter().filter(|name| self.args.only.iter().any(|only| only == name)) {
            self.add(Outcome::skipped(name, What::Probe, ELSEWHERE));
        }
        self.tests(url).await
    }

    /// Runs the checks. The journal is where the server's log arrives.
    ///
    /// # Errors
    /// A URL that is none; [`Kind::Interrupted`].
    pub async fn check(&self, url: &str, journal: Option<&Journal>) -> Result<()> {
        self.check_after(url, journal, None).await
    }

    /// The same; before each check something else is done.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn check_after(&self, url: &str, journal: Option<&Journal>, before: Option<Before<'_>>) -> Result<()> {
        let client = Client::new(Base::parse(url)?);
        self.suite.borrow_mut().url = self.redactor.clean(client.base().as_str());
        let chosen = self.chosen();
        let rules = Rules {
            jobs: self.args.jobs.into(),
            fail_fast: self.args.fail_fast,
            retry: Duration::from_secs(self.args.retry_timeout.into()),
        };
        let runner = Runner { client: &client, journal, redactor: &self.redactor, rules, before, marks: self.marks.as_ref() };
        let before = self.suite.borrow().outcomes.len();
        let run = async {
            let each = |mut outcome: Outcome, exchange: Option<Exchange>| {
                let status = exchange.as_ref().and_then(|exchange| exchange.status).filter(|_| self.front_page_only);
                let has_probes = self.args.url.is_none() && !self.args.no_probes;
                outcome.findings.extend(status.and_then(|status| front_page::remark(status, has_probes)));
                self.exchanges.borrow_mut().extend(exchange);
                self.add(outcome);
            };
            runner.run(&chosen, each).await;
            Ok(())
        };
        let done = self.interrupts.or(run).await;
        if done.is_err() {
            let known = self.suite.borrow().outcomes.len() - before;
            for chosen in chosen.iter().skip(known) {
                self.add(skipped(chosen.check, "interrupted"));
            }
        }
        done
    }

    fn chosen(&self) -> Vec<Chosen<'_>> {
        let each = self.checks.iter().map(|check| (check, self.selection.choice(&check.name)));
        let chosen = each.filter_map(|(check, choice)| match choice {
            Choice::Done => Some(Chosen { check, skip: None }),
            Choice::Skipped(reason) => Some(Chosen { check, skip: Some(reason) }),
            Choice::LeftOut => None,
        });
        chosen.collect()
    }

    /// Does the same at another server for what it brings about there, and tells nobody how it ends.
    ///
    /// # Errors
    /// A URL that is none.
    pub async fn rehearse(&self, url: &str) -> Result<Vec<Exchange>> {
        let client = Client::new(Base::parse(url)?);
        let rules = Rules { jobs: 1, fail_fast: false, retry: Duration::ZERO };
        let runner = Runner { client: &client, journal: None, redactor: &self.redactor, rules, before: None, marks: None };
        let mut exchanges = Vec::new();
        runner.run(&self.chosen(), |_, exchange| exchanges.extend(exchange)).await;
        Ok(exchanges)
    }

    /// Why a probe is not wanted, if it is not; `None` in it: it is not even mentioned.
    pub fn unwanted(&self, probe: &str) -> Option<Option<String>> {
        match self.selection.choice(probe) {
            Choice::LeftOut => Some(None),
            _ if self.has_stopped() => Some(Some("an earlier check failed (--fail-fast)".into())),
            _ if self.args.no_probes => Some(None),
            Choice::Skipped(reason) => Some(Some(reason)),
            Choice::Done => None,
        }
    }

    /// Runs the project's own tests, if there are any.
    ///
    /// # Errors
    /// [`Kind::Interrupted`].
    pub async fn tests(&self, url: &str) -> Result<()> {
        self.tests_with(url, &[]).await
    }

    /// The same, with more in their environment.
    ///
    /// # Errors
    /// [`Kind::Interrupted`].
    pub async fn tests_with(&self, url: &str, environment: &[(&str, &Path)]) -> Result<()> {
        if self.args.command.is_empty() {
            return Ok(());
        }
        if self.has_stopped() {
            self.add(Outcome::skipped(command::name(&self.args.command), What::Tests, "an earlier check failed (--fail-fast)"));
            return Ok(());
        }
        match command::run(&self.args.command, url, environment, self.live, self.interrupts).await {
            Ok(outcome) => self.add(outcome),
            Err(failure) if failure.kind == Kind::Interrupted => {
                self.add(Outcome::skipped(command::name(&self.args.command), What::Tests, "interrupted"));
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Takes an outcome in, whoever made it, and shows it.
    pub fn add(&self, outcome: Outcome) {
        let outcome = self.redactor.outcome(outcome);
        if self.live {
            for line in human_lines(&outcome) {
                self.ui.result(&line);
            }
        }
        self.suite.borrow_mut().outcomes.push(outcome);
    }

    /// Are there tests of the project's own to run?
    pub fn has_command(&self) -> bool {
        !self.args.command.is_empty()
    }

    /// What the checks have asked so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.borrow().clone()
    }

    /// The image that is checked, and from then on its further names.
    pub fn set_image(&self, image: Image) {
        self.suite.borrow_mut().image = Some(image);
    }

    /// Something was checked, and nothing failed.
    pub fn has_passed(&self) -> bool {
        let count = self.suite.borrow().count();
        count.passed > 0 && count.failed == 0
    }

    pub fn marks(&self) -> Option<&Marks> {
        self.marks.as_ref()
    }

    pub fn interrupts(&self) -> &Interrupts {
        self.interrupts
    }

    /// Does a failure decide what is done after it?
    pub fn waits_for_failures(&self) -> bool {
        self.args.fail_fast || self.args.keep_on_failure
    }

    /// Is the server left for somebody to look at?
    pub fn keeps(&self) -> bool {
        self.args.keep_on_failure && self.has_failed()
    }

    pub fn has_failed(&self) -> bool {
        self.suite.borrow().count().failed > 0
    }

    fn has_stopped(&self) -> bool {
        self.args.fail_fast && self.has_failed()
    }

    /// All outcomes, for the report.
    pub fn finish(&self) -> Suite {
        let recorded = self.marks.as_ref().map(Marks::count);
        let suite = Suite { recorded, took: self.begun.elapsed(), ..self.suite.borrow().clone() };
        let count = suite.count();
        if count.passed + count.failed == 0 && count.skipped > 0 {
            self.ui.report(Event::Warning { text: "nothing was checked: everything was skipped".into(), hint: None });
        }
        suite
    }
}
