//! Keeps secret values out of reports.

use super::outcome::{Finding, Outcome, Status};
use crate::logs::Record;
pub use crate::units::Redactor;

impl Redactor {
    pub fn record(&self, mut record: Record) -> Record {
        for line in &mut record.lines {
            line.text = self.clean(&line.text);
        }
        record.hint = record.hint.map(|hint| self.clean(&hint));
        record
    }

    pub fn finding(&self, finding: Finding) -> Finding {
        let clean = |text: &String| self.clean(text);
        Finding {
            text: self.clean(&finding.text),
            expected: finding.expected.as_ref().map(clean),
            actual: finding.actual.as_ref().map(clean),
            details: finding.details.iter().map(clean).collect(),
            hint: finding.hint.as_ref().map(clean),
        }
    }

    /// Everything of an outcome, whoever made it.
    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        let clean = |text: &String| self.clean(text);
        Outcome {
            name: self.clean(&outcome.name),
            status: match outcome.status {
                Status::Skipped(reason) => Status::Skipped(self.clean(&reason)),
                status => status,
            },
            findings: outcome.findings.into_iter().map(|finding| self.finding(finding)).collect(),
            log: outcome.log.into_iter().map(|record| self.record(record)).collect(),
            request: outcome.request.as_ref().map(clean),
            answer: outcome.answer.as_ref().map(clean),
            ..outcome
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::logs::RecordKind;
    use crate::smoke::outcome::What;
    use crate::units::Secret;

    #[test]
    fn nothing_of_an_outcome_is_left_out() {
        let hush = "hush-hush".to_owned();
        let finding = Finding {
            text: hush.clone(),
            expected: Some(hush.clone()),
            actual: Some(hush.clone()),
            details: vec![hush.clone()],
            hint: Some(hush.clone()),
        };
        let mut outcome = Outcome::failed(hush.clone(), What::Check, Duration::ZERO, vec![finding]);
        outcome.log = vec![Record { hint: Some(hush.clone()), ..Record::new(RecordKind::Error, [hush.clone()]) }];
        (outcome.request, outcome.answer) = (Some(hush.clone()), Some(hush.clone()));
        let redactor = Redactor::new(&[Secret::new(hush.clone())]);
        assert!(!format!("{:?}", redactor.outcome(outcome)).contains(&hush));
        let skipped = redactor.outcome(Outcome::skipped("a", What::Check, hush.clone()));
        assert_eq!(skipped.status, Status::Skipped("***".into()));
        assert!(!format!("{redactor:?}").contains(&hush));
    }
}
