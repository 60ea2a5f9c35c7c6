//! JUnit's XML, as Jenkins, GitLab and others read it: a case for each request.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Comparison, title, told};
use crate::compare::side::Compared;
use crate::units::visible;

pub fn render(comparison: &Comparison) -> String {
    let mut report = Report::new("parity compare");
    report.set_time(comparison.took);
    let mut suite = TestSuite::new(format!("{} and {}", comparison.first, comparison.second));
    suite.set_time(comparison.took);
    suite.add_test_cases(comparison.requests.iter().map(case));
    report.add_test_suite(suite);
    // Writing into memory does not fail.
    report.to_string().unwrap_or_default()
}

fn case(request: &Compared) -> TestCase {
    let status = match &request.skipped {
        _ if request.differs() => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let what: Vec<&str> = request.differences.iter().map(|difference| difference.what.as_str()).collect();
            status.set_message(visible(&what.join(", ")));
            status.set_type("difference");
            status.set_description(visible(&request.differences.iter().flat_map(told).collect::<Vec<_>>().join("\n")));
            status
        }
        Some(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(visible(why));
            status
        }
        None => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(visible(&title(request)), status);
    case.set_classname("parity.compare");
    case.set_time(request.took);
    case
}
