//! Annotations of GitHub's workflows: at the lines that did not run.

use std::path::Path;

use super::{Report, ranges};

/// One for each group of lines. `prefix`: where the project is in its repository.
pub fn annotations(report: &Report, prefix: &Path) -> Vec<String> {
    let of_file = |(path, file): (&String, &super::File)| {
        let path = property(&prefix.join(path).display().to_string());
        let groups = ranges(&file.missing, &file.executed);
        let line = move |group: String| {
            let (first, last) = group.split_once('-').unwrap_or((&group, &group));
            let (noun, verb) = if first == last { ("line", "is") } else { ("lines", "are") };
            format!("::warning file={path},line={first},endLine={last},title=not covered::{noun} {group} {verb} not reached")
        };
        groups.into_iter().map(line).collect::<Vec<_>>()
    };
    report.files.iter().flat_map(of_file).collect()
}

/// What GitHub undoes. Nothing of a name can begin another command.
fn property(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    text.replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::File;

    #[test]
    fn one_for_each_group_of_lines() {
        let file = File { executed: [1, 4].into(), missing: [2, 3, 6].into(), ..File::default() };
        let report = Report { files: [("a\n::error,b.py".to_owned(), file)].into(), ..Report::default() };
        assert_eq!(
            annotations(&report, Path::new("web")),
            [
                "::warning file=web/a%0A%3A%3Aerror%2Cb.py,line=2,endLine=3,title=not covered::lines 2-3 are not reached",
                "::warning file=web/a%0A%3A%3Aerror%2Cb.py,line=6,endLine=6,title=not covered::line 6 is not reached",
            ]
        );
    }
}
