//! BuildKit's and Podman's build progress, told as a few stages.
//!
//! BuildKit names each step `[stage 2/4] RUN …`; the steps of one stage of the Dockerfile are one line for the user.

use std::collections::BTreeMap;
use std::time::Instant;

use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;

use crate::events::{Event, Report};

/// What the user reads for each stage of the Dockerfile.
const TITLES: [(&str, &str); 5] = [
    ("runtime-base", "Apache and Python"),
    ("builder", "mod_wsgi and requirements"),
    ("requirements", "requirements"),
    ("runtime", "image"),
    ("production", "production image"),
];

/// Lines of output kept of each step, for when it fails.
const KEPT: usize = 200;

/// Follows one build.
#[derive(Debug, Default)]
pub struct Progress {
    steps: BTreeMap<String, Step>,
    stages: BTreeMap<String, Stage>,
    /// Steps that really ran, that is, were not cached.
    pub worked: usize,
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
    /// Takes in one status message of BuildKit's.
    pub fn buildkit(&mut self, status: StatusResponse, report: &dyn Report) {
        for vertex in status.vertexes {
            let step = self.steps.entry(vertex.digest).or_default();
            if step.name.is_empty() {
                step.stage = stage_of(&vertex.name).map(String::from);
                step.name = vertex.name;
            }
            if vertex.started.is_some()
                && let Some(stage) = &step.stage
                && !self.stages.contains_key(stage)
            {
                self.stages.insert(stage.clone(), Stage { started: Instant::now(), done: false });
                report.report(Event::StageStarted { id: stage.clone(), title: title(stage).into() });
            }
            step.cached |= vertex.cached;
            if vertex.completed.is_some() && !step.done {
                step.done = true;
                self.worked += usize::from(!step.cached && step.stage.is_some());
            }
            if !vertex.error.is_empty() {
                step.failed = Some(vertex.error);
            }
        }
        for log in status.logs {
            let Some(step) = self.steps.get_mut(&log.vertex) else { continue };
            for line in step.take(&log.msg) {
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
            if stage.done || !steps.clone().all(|step| step.done && step.failed.is_none()) {
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

    /// Takes in a piece of Podman's (or the classic builder's) plain output.
    pub fn plain(&mut self, text: &str, report: &dyn Report) {
        let step = self.steps.entry(String::new()).or_default();
        for line in step.take(text.as_bytes()) {
            if line.starts_with("STEP ") || line.starts_with("[") && line.contains("] STEP ") || line.starts_with("Step ") {
                step.name = line.clone();
                step.output.clear();
            }
            report.report(Event::StageProgress { id: PLAIN.into(), text: line });
        }
    }

    /// The step that failed, once the build has.
    pub fn broken(&mut self) -> Option<Broken> {
        let step = self.steps.values_mut().find(|step| step.failed.is_some() && !step.name.is_empty());
        let step = match step {
            Some(step) => step,
            None => self.steps.get_mut("")?,
        };
        if !step.partial.is_empty() {
            let rest = std::mem::take(&mut step.partial);
            step.output.push(rest);
        }
        Some(Broken { step: step.name.clone(), output: step.output.clone() })
    }

    /// Reports every stage that was begun and not done as failed.
    pub fn fail(&mut self, report: &dyn Report) {
        for (name, stage) in self.stages.iter_mut().filter(|(_, stage)| !stage.done) {
            stage.done = true;
            report.report(Event::StageFailed { id: name.clone(), title: title(name).into(), took: stage.started.elapsed() });
        }
    }
}

/// The one stage of a build whose engine does not tell stages apart.
pub const PLAIN: &str = "build";

impl Step {
    /// Adds output; returns the lines that it completed. A carriage return starts a line anew, as on a terminal.
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.partial.push_str(&String::from_utf8_lossy(bytes));
        let mut lines = Vec::new();
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            let line = line.trim_end().rsplit('\r').next().unwrap_or_default().to_owned();
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

/// `builder` of `[builder 2/4] RUN …`.
fn stage_of(name: &str) -> Option<&str> {
    let inside = name.strip_prefix('[')?.split_once(']')?.0;
    let stage = inside.split_once(' ')?.0;
    // The base has a line of its own by the time of the build.
    (!["internal", "base"].contains(&stage)).then_some(stage)
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
        assert_eq!(stage_of("exporting to image"), None);
    }

    #[test]
    fn output_is_cut_into_lines_wherever_it_was_split() {
        let mut step = Step::default();
        assert!(step.take(b"Collecting fl").is_empty());
        assert_eq!(step.take(b"ask\n 10 %\r 20 %\n"), ["Collecting flask", " 20 %"]);
    }
}
