//! BuildKit's and Podman's build progress, told as a few stages.
//!
//! BuildKit names each step `[stage 2/4] RUN …`; the steps of one stage of the Dockerfile are one line for the user.

use std::collections::BTreeMap;
use std::time::Instant;

use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;

use crate::events::{Event, Report};
use crate::units::Redactor;

/// What the user reads for each stage of the Dockerfile.
const TITLES: [(&str, &str); 11] = [
    ("runtime-base", "Apache and Python"),
    ("builder", "mod_wsgi and requirements"),
    ("prepared", "virtual environment"),
    ("deployed", "virtual environment to be deployed"),
    ("own-packages", "the project's own packages"),
    ("deployed-packages", "the project's own packages, to be deployed"),
    ("requirements", "requirements"),
    ("runtime", "image"),
    ("project", "project"),
    ("production", "production image"),
    (EXPORT, "layers of the image"),
];

/// Lines of output kept of each step, for when it fails.
const KEPT: usize = 200;

/// Follows one build.
#[derive(Debug, Default)]
pub struct Progress {
    steps: BTreeMap<String, Step>,
    stages: BTreeMap<String, Stage>,
    /// Of plain output: the names of stages by their numbers, and a line that is not complete.
    names: BTreeMap<String, Option<String>>,
    partial: String,
    /// The last lines of all steps: Podman works on several stages at once, and does not say whose a line is.
    tail: Vec<String>,
    /// Steps that really ran, that is, were not cached.
    pub worked: usize,
    hidden: Redactor,
}

#[derive(Debug, Default)]
struct Step {
    name: String,
    stage: Option<String>,
    done: bool,
    cached: bool,
    failed: Option<String>,
    output: Vec<String>,
    partial: String,
}

#[derive(Debug)]
struct Stage {
    started: Instant,
    /// All of its steps are known.
    complete: bool,
    done: bool,
}

/// What is known of a step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// `[builder 3/4] RUN …`
    pub step: String,
    /// The last lines that it wrote.
    pub output: Vec<String>,
}

impl Progress {
    /// Progress in whose output some values are not shown.
    pub fn hiding(hidden: Redactor) -> Self {
        Self { hidden, ..Self::default() }
    }

    /// Takes in one status message of BuildKit's.
    pub fn buildkit(&mut self, status: StatusResponse, report: &dyn Report) {
        for vertex in status.vertexes {
            let step = self.steps.entry(vertex.digest).or_default();
            if step.name.is_empty() {
                step.stage = stage_of(&vertex.name).map(String::from);
                step.name = vertex.name;
            }
            if vertex.started.is_some()
                && let Some(stage) = step.stage.clone()
            {
                begin_stage(&mut self.stages, &stage, true, report);
            }
            step.cached |= vertex.cached;
            if vertex.completed.is_some() && !step.done {
                step.done = true;
                self.worked += usize::from(!step.cached && step.stage.as_deref().is_some_and(|stage| stage != EXPORT));
            }
            if !vertex.error.is_empty() {
                step.failed = Some(vertex.error);
            }
        }
        for log in status.logs {
            let Some(step) = self.steps.get_mut(&log.vertex) else { continue };
            for line in step.take(&log.msg, &self.hidden) {
                if let Some(stage) = &step.stage {
                    report.report(Event::StageProgress { id: stage.clone(), text: line });
                }
            }
        }
        self.finish_stages(report);
    }

    fn finish_stages(&mut self, report: &dyn Report) {
        for (name, stage) in &mut self.stages {
            let mut steps = self.steps.values().filter(|step| step.stage.as_ref() == Some(name));
            if stage.done || !stage.complete || !steps.clone().all(|step| step.done && step.failed.is_none()) {
                continue;
            }
            stage.done = true;
            let cached = steps.all(|step| step.cached);
            report.report(Event::StageDone {
                id: name.clone(),
                title: title(name).into(),
                detail: cached.then(|| "cached".into()),
                took: stage.started.elapsed(),
            });
        }
    }

    /// Takes in a piece of Podman's plain output: `[2/4] STEP 1/3: FROM … AS builder`, what the step writes, and
    /// `--> Using cache …` where it had nothing to do.
    pub fn plain(&mut self, text: &str, report: &dyn Report) {
        self.partial.push_str(text);
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            match plain_step(line.trim_end()) {
                Some(begun) => self.begin_plain(&begun, report),
                None => self.continue_plain(&line, report),
            }
        }
    }

    fn begin_plain(&mut self, begun: &PlainStep, report: &dyn Report) {
        self.end_plain();
        self.finish_stages(report);
        let from = begun.command.starts_with("FROM ");
        if from {
            let name = begun.command.split_once(" AS ").map(|(_, name)| name.trim()).filter(|name| is_shown(name));
            self.names.insert(begun.stage.into(), name.map(String::from));
        }
        // A stage that waits for another has begun before it, and goes on after it.
        let stage = self.names.get(begun.stage).cloned().flatten();
        let name = format!("[{}] {}", stage.as_deref().unwrap_or_default(), begun.command);
        // The names of steps count up, so that they keep their order.
        let id = format!("{:08}", self.steps.len());
        self.steps.insert(id, Step { name, stage: stage.clone(), cached: from, ..Step::default() });
        if let Some(stage) = stage.filter(|_| !from) {
            begin_stage(&mut self.stages, &stage, begun.last, report);
            report.report(Event::StageProgress { id: stage, text: begun.command.to_owned() });
        }
    }

    fn continue_plain(&mut self, line: &str, report: &dyn Report) {
        let Some(mut step) = self.steps.last_entry() else { return };
        let step = step.get_mut();
        step.cached |= line.starts_with("--> Using cache");
        for line in step.take(line.as_bytes(), &self.hidden) {
            let stage = step.stage.clone().unwrap_or_default();
            self.tail.push(line.clone());
            report.report(Event::StageProgress { id: stage, text: line });
        }
        self.tail.drain(..self.tail.len().saturating_sub(KEPT));
    }

    fn end_plain(&mut self) {
        if let Some(mut step) = self.steps.last_entry().filter(|step| !step.get().done) {
            let step = step.get_mut();
            step.done = true;
            self.worked += usize::from(!step.cached && step.stage.as_deref().is_some_and(|stage| stage != EXPORT));
        }
    }

    /// A plain build has come to its good end, which its output does not say.
    pub fn plain_done(&mut self, report: &dyn Report) {
        self.end_plain();
        self.finish_stages(report);
    }

    /// The step that failed, once the build has with this error.
    pub fn broken(&mut self, error: &str) -> Option<Broken> {
        if let Some(step) = self.steps.values_mut().find(|step| step.failed.is_some() && !step.name.is_empty()) {
            step.output.extend(Some(self.hidden.clean(&std::mem::take(&mut step.partial))).filter(|rest| !rest.is_empty()));
            return Some(Broken { step: step.name.clone(), output: step.output.clone() });
        }
        // Podman names the step in its error: `building at STEP "RUN …"`, a quote or backslash in the command escaped.
        // Steps begin alike, so the one that goes on longest as the error does is meant.
        let said = error.split_once("STEP \"").map_or("", |(_, said)| said);
        let alike = |step: &Step| {
            let command = step.name.split_once("] ").map_or("", |(_, command)| command);
            let command = command.replace('\\', r"\\").replace('"', "\\\"");
            command.bytes().zip(said.bytes()).take_while(|(one, other)| one == other).count()
        };
        let named = self.steps.values().filter(|step| alike(step) > "RUN ".len()).max_by_key(|step| alike(step));
        let step = named.or_else(|| self.steps.values().rev().find(|step| !step.done))?;
        self.tail.extend(Some(self.hidden.clean(&std::mem::take(&mut self.partial))).filter(|rest| !rest.trim().is_empty()));
        Some(Broken { step: step.name.clone(), output: std::mem::take(&mut self.tail) })
    }

    /// Reports every stage that was begun and not done as failed.
    pub fn fail(&mut self, report: &dyn Report) {
        for (name, stage) in self.stages.iter_mut().filter(|(_, stage)| !stage.done) {
            stage.done = true;
            report.report(Event::StageFailed { id: name.clone(), title: title(name).into(), took: stage.started.elapsed() });
        }
    }
}

impl Step {
    /// Adds output; returns the lines that it completed. A carriage return starts a line anew, as on a terminal.
    fn take(&mut self, bytes: &[u8], hidden: &Redactor) -> Vec<String> {
        self.partial.push_str(&String::from_utf8_lossy(bytes));
        let mut lines = Vec::new();
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            let line = hidden.clean(line.trim_end().rsplit('\r').next().unwrap_or_default());
            if !line.trim().is_empty() {
                self.output.push(line.clone());
                lines.push(line);
            }
        }
        if self.output.len() > KEPT {
            self.output.drain(..self.output.len() - KEPT);
        }
        lines
    }
}

/// What comes behind all steps: the image's layers are written.
const EXPORT: &str = "export";

/// `builder` of `[builder 2/4] RUN …`.
fn stage_of(name: &str) -> Option<&str> {
    if name == "exporting to image" {
        return Some(EXPORT);
    }
    let inside = name.strip_prefix('[')?.split_once(']')?.0;
    Some(inside.split_once(' ')?.0).filter(|stage| is_shown(stage))
}

/// The base has a line of its own by the time of the build.
fn is_shown(stage: &str) -> bool {
    !["internal", "base"].contains(&stage)
}

/// A line of Podman's that says which step begins.
#[derive(Debug, PartialEq, Eq)]
struct PlainStep<'a> {
    /// `2/4`; nothing where there is only one.
    stage: &'a str,
    /// Is it the last of its stage?
    last: bool,
    command: &'a str,
}

/// Reads `[2/4] STEP 3/7: RUN pip …` and `STEP 3/7: RUN pip …`.
fn plain_step(line: &str) -> Option<PlainStep<'_>> {
    let (stage, rest) = line.strip_prefix('[').and_then(|numbered| numbered.split_once("] ")).unwrap_or(("", line));
    let (number, command) = rest.strip_prefix("STEP ")?.split_once(": ")?;
    let (number, count) = number.split_once('/')?;
    Some(PlainStep { stage, last: number == count, command })
}

fn begin_stage(stages: &mut BTreeMap<String, Stage>, stage: &str, complete: bool, report: &dyn Report) {
    if !stages.contains_key(stage) {
        report.report(Event::StageStarted { id: stage.to_owned(), title: title(stage).into() });
    }
    let stage = stages.entry(stage.to_owned()).or_insert_with(|| Stage { started: Instant::now(), complete: false, done: false });
    stage.complete |= complete;
}

fn title(stage: &str) -> &str {
    TITLES.iter().find(|(name, _)| *name == stage).map_or(stage, |(_, title)| title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_belong_to_the_stages_of_the_dockerfile() {
        assert_eq!(stage_of("[builder 2/4] RUN pip"), Some("builder"));
        assert_eq!(stage_of("[internal] load build definition"), None);
        assert_eq!(stage_of("exporting to image"), Some(EXPORT));
    }

    #[derive(Default)]
    struct Told(std::sync::Mutex<Vec<String>>);

    impl Report for Told {
        fn report(&self, event: Event) {
            self.0.lock().unwrap().push(match event {
                Event::StageStarted { id, .. } => format!("begin {id}"),
                Event::StageProgress { id, text } => format!("{id}: {text}"),
                Event::StageDone { id, detail, .. } => format!("end {id} {}", detail.unwrap_or_default()),
                Event::StageFailed { id, .. } => format!("fail {id}"),
                other => format!("{other:?}"),
            });
        }
    }

    /// The last stage begins before the one that it waits for.
    const PODMAN: [&str; 10] = [
        "[1/3] STEP 1/1: FROM localhost/parity-base:x AS base\n--> 111\n",
        "[3/3] STEP 1/3: FROM 111 AS runtime\n",
        "[2/3] STEP 1/2: FROM 111 AS builder\n[2/3] STEP 2/2: RUN set -e; pip ins",
        "tall flask\n",
        "--> Using cache 222\n--> 222\n",
        "[3/3] STEP 2/3: COPY --from=builder /a /a\n--> 333\n",
        "[3/3] STEP 3/3: RUN make it\n",
        "made\n",
        "[3/3] COMMIT localhost/parity:x\n",
        "--> 444\n",
    ];

    #[test]
    fn podmans_lines_are_stages_too() {
        let (told, mut progress) = (Told::default(), Progress::default());
        PODMAN.iter().for_each(|text| progress.plain(text, &told));
        progress.plain_done(&told);
        assert_eq!(progress.worked, 2);
        let told = told.0.into_inner().unwrap();
        let stages: Vec<&str> = told.iter().map(String::as_str).filter(|line| !line.contains(": ")).collect();
        assert_eq!(stages, ["begin builder", "end builder cached", "begin runtime", "end runtime "]);
        assert!(told.contains(&"runtime: made".to_owned()));
    }

    #[test]
    fn podmans_last_step_is_the_one_that_failed() {
        let (told, mut progress) = (Told::default(), Progress::default());
        PODMAN[..8].iter().for_each(|text| progress.plain(text, &told));
        progress.fail(&told);
        let broken = progress.broken("").unwrap();
        assert_eq!((broken.step.as_str(), broken.output.last().map(String::as_str)), ("[runtime] RUN make it", Some("made")));
        assert_eq!(told.0.into_inner().unwrap().last().map(String::as_str), Some("fail runtime"));
    }

    #[test]
    fn podman_may_be_at_another_stage_when_a_step_fails() {
        let (told, mut progress) = (Told::default(), Progress::default());
        let texts = [
            "[2/3] STEP 2/3: RUN set -e; pip install \"mod_wsgi\"\n",
            "[2/3] STEP 3/3: RUN set -e; pip install \"flask\"\n",
            "[3/3] STEP 1/3: FROM 111 AS runtime\n",
            "ERROR: no flask\n",
        ];
        texts.iter().for_each(|text| progress.plain(text, &told));
        let broken = progress.broken(r#"building at STEP "RUN set -e; pip install \"flask\"": exit status 1"#).unwrap();
        assert!(broken.step.contains("flask") && broken.output.contains(&"ERROR: no flask".to_owned()), "{broken:?}");
    }

    #[test]
    fn output_is_cut_into_lines_wherever_it_was_split() {
        let mut step = Step::default();
        let hidden = Redactor::new(&[crate::units::Secret::new("hush-hush")]);
        assert!(step.take(b"Collecting fl", &hidden).is_empty());
        assert_eq!(step.take(b"ask\n 10 %\r 20 %\n", &hidden), ["Collecting flask", " 20 %"]);
        assert_eq!(step.take(b"key hush-", &hidden).len() + step.take(b"hush\n", &hidden).len(), 1);
        assert_eq!(step.output.last().map(String::as_str), Some("key ***"));
    }
}
