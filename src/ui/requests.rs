//! Requests as lines: `14:02:07  GET   /polls/3/                200    12 ms`.

use anstyle::{AnsiColor, Style};
use time::{OffsetDateTime, UtcOffset};

use super::Verbosity;
use crate::logs::Request;
use crate::units::quantity;

/// So many that came at the same moment are shown one by one; of more there is a line for all.
const MOST_AT_ONCE: usize = 10;
/// Of so many, those that failed are shown beside that line.
const MOST_FAILED: usize = 3;
/// Columns.
const NARROWEST_PATH: usize = 24;
const WIDEST_PATH: usize = 48;
/// All but the path: the time, the method, the status and how long it took.
const BESIDE_PATH: usize = 8 + 2 + 7 + 1 + 2 + 3 + 2 + 8;
/// Terminals that are as wide have the size as well.
const WIDE: usize = 100;

/// How requests are shown.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Of the terminal.
    pub columns: usize,
    /// Of the clock on the wall.
    pub offset: UtcOffset,
}

/// The lines for requests that came at about the same moment. Static files that are there are told with `--verbose` only.
pub fn lines(requests: &[Request], layout: Layout, verbosity: Verbosity) -> Vec<String> {
    if verbosity == Verbosity::Quiet {
        return Vec::new();
    }
    let is_shown = |request: &&Request| request.by_application || request.status >= 400 || verbosity == Verbosity::Verbose;
    let shown: Vec<&Request> = requests.iter().filter(is_shown).collect();
    if shown.len() <= MOST_AT_ONCE {
        return shown.iter().map(|request| line(request, layout)).collect();
    }
    let failed = shown.iter().filter(|request| request.status >= 500).take(MOST_FAILED);
    failed.map(|request| line(request, layout)).chain([summary(&shown, layout)]).collect()
}

fn line(request: &Request, layout: Layout) -> String {
    let dim = Style::new().dimmed();
    let style = if request.by_application { Style::new() } else { dim };
    let status = if request.by_application { of_status(request.status) } else { dim };
    let is_wide = layout.columns >= WIDE;
    let width = layout.columns.saturating_sub(BESIDE_PATH + if is_wide { 10 } else { 0 }).clamp(NARROWEST_PATH, WIDEST_PATH);
    let path = fitted(&request.path, width);
    let took = quantity::micros(request.micros);
    let size = if is_wide { format!("  {:>8}", quantity::bytes(request.bytes)) } else { String::new() };
    let gone = if request.aborted { "  client disconnected" } else { "" };
    format!(
        "{dim}{}{dim:#}  {style}{:<7} {path}{style:#}  {status}{}{status:#}  {dim}{took:>8}{size}{gone}{dim:#}",
        clock(request.at, layout.offset),
        request.method,
        request.status,
    )
}

/// `14:02:07  412 requests  200: 400, 404: 12  slowest 31 ms`
fn summary(requests: &[&Request], layout: Layout) -> String {
    let dim = Style::new().dimmed();
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for request in requests {
        *statuses.entry(request.status).or_default() += 1;
    }
    let statuses: Vec<String> = statuses
        .into_iter()
        .map(|(status, count)| {
            let style = of_status(status);
            format!("{style}{status}{style:#}: {count}")
        })
        .collect();
    let slowest = requests.iter().map(|request| request.micros).max().unwrap_or_default();
    format!(
        "{dim}{}{dim:#}  {} requests  {}  {dim}slowest {}{dim:#}",
        clock(requests.first().map_or(0, |request| request.at), layout.offset),
        requests.len(),
        statuses.join(", "),
        quantity::micros(slowest),
    )
}

fn of_status(status: u16) -> Style {
    let color = match status {
        ..300 => AnsiColor::Green,
        300..400 => AnsiColor::Cyan,
        400..500 => AnsiColor::Yellow,
        _ => return Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
    };
    Style::new().fg_color(Some(color.into()))
}

fn clock(at: i64, offset: UtcOffset) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.div_euclid(1_000_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let at = at.checked_to_offset(offset).unwrap_or(at);
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// Padded, or with its middle left out: the beginning and the end of a path say most.
fn fitted(path: &str, width: usize) -> String {
    let length = path.chars().count();
    if length <= width {
        return format!("{path:<width$}");
    }
    let end = (width - 1) / 2;
    let start: String = path.chars().take(width - 1 - end).collect();
    let rest: String = path.chars().skip(length - end).collect();
    format!("{start}…{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, status: u16, micros: u64) -> Request {
        let (method, path) = (method.to_owned(), path.to_owned());
        Request { at: 1_795_801_382_000_000, method, path, status, micros, bytes: 5120, by_application: true, aborted: false }
    }

    fn shown(requests: &[Request], columns: usize, verbosity: Verbosity) -> Vec<String> {
        let lines = lines(requests, Layout { columns, offset: UtcOffset::UTC }, verbosity);
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn they_stand_below_each_other() {
        let all = [
            request("GET", "/", 200, 400),
            request("POST", "/polls/3/vote/", 302, 12_345),
            request("OPTIONS", &format!("/{}end", "long/".repeat(20)), 500, 4_200_000),
        ];
        let [first, second, third] = &shown(&all, 80, Verbosity::Normal)[..] else { panic!() };
        assert!(first.starts_with("17:43:02  GET     /  ") && first.ends_with("  200    0.4 ms"), "{first}");
        assert!(second.ends_with("  302     12 ms") && third.ends_with("  500     4.2 s"), "{second}\n{third}");
        assert!(third.contains("/long/") && third.contains('…') && third.contains("long/end"), "{third}");
        let lengths: Vec<usize> = [first, second, third].map(|line| line.chars().count()).into();
        assert_eq!(lengths, [lengths[0]; 3]);
        assert!(lengths[0] <= 80, "{lengths:?}");
        assert!(shown(&all, 120, Verbosity::Normal)[0].ends_with("  200    0.4 ms    5.1 kB"));
        assert!(shown(&all, 0, Verbosity::Normal)[0].contains("  200"));
    }

    #[test]
    fn static_files_only_with_verbose_or_where_they_are_missing() {
        let of_apache = |status| Request { by_application: false, ..request("GET", "/static/a.css", status, 100) };
        let all = [of_apache(200), of_apache(304), of_apache(404)];
        assert_eq!(shown(&all, 80, Verbosity::Normal).len(), 1);
        assert_eq!(shown(&all, 80, Verbosity::Verbose).len(), 3);
        assert_eq!(shown(&all, 80, Verbosity::Quiet).len(), 0);
    }

    #[test]
    fn many_at_once_are_one_line_and_the_failed_ones() {
        let mut all = vec![request("GET", "/", 200, 1000); 400];
        all.extend(vec![request("GET", "/broken", 500, 31_000); 12]);
        let lines = shown(&all, 80, Verbosity::Normal);
        assert_eq!(lines.len(), 4);
        assert!(lines[0].contains("/broken") && lines[3].ends_with("412 requests  200: 400, 500: 12  slowest 31 ms"), "{lines:#?}");
        assert_eq!(shown(&vec![request("GET", "/", 200, 1); MOST_AT_ONCE], 80, Verbosity::Normal).len(), MOST_AT_ONCE);
    }

    #[test]
    fn a_client_that_went_away_is_told() {
        let gone = Request { aborted: true, ..request("GET", "/", 200, 1000) };
        assert!(shown(&[gone], 80, Verbosity::Normal)[0].ends_with("client disconnected"));
    }
}
