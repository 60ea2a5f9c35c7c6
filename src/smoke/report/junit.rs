//! JUnit's XML, as Jenkins, GitLab and others read it.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{finding_lines, message, whole};
use crate::smoke::outcome::{Outcome, Status, Suite, What};

pub fn render(suite: &Suite) -> String {
    let mut report = Report::new("parity smoke");
    report.set_time(suite.took);
    for (what, name) in [(What::Check, "checks"), (What::Probe, "probes"), (What::Tests, "tests")] {
        let cases: Vec<_> = suite.outcomes.iter().filter(|outcome| outcome.what == what).map(case).collect();
        if cases.is_empty() {
            continue;
        }
        let mut group = TestSuite::new(name);
        group.set_time(suite.outcomes.iter().filter(|outcome| outcome.what == what).map(|outcome| outcome.took).sum());
        group.add_test_cases(cases);
        if let Some(image) = &suite.image {
            let digests = image.digests.iter().map(|digest| Property::new("digest", digest.as_str()));
            group.add_properties([Property::new("image", image.id.as_str())].into_iter().chain(digests));
        }
        report.add_test_suite(group);
    }
    // Writing into memory does not fail.
    report.to_string().unwrap_or_default()
}

fn case(outcome: &Outcome) -> TestCase {
    let status = match &outcome.status {
        Status::Passed => TestCaseStatus::success(),
        Status::Skipped(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
        Status::Failed => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(message(outcome));
            status.set_type(match outcome.what {
                What::Check => "check",
                What::Probe => "probe",
                What::Tests => "tests",
            });
            status.set_description(whole(outcome).join("\n"));
            status
        }
    };
    let mut case = TestCase::new(outcome.name.as_str(), status);
    case.set_classname("parity.smoke");
    case.set_time(outcome.took);
    if !outcome.has_failed() && !outcome.findings.is_empty() {
        case.set_system_out(outcome.findings.iter().flat_map(finding_lines).collect::<Vec<_>>().join("\n"));
    }
    case
}
