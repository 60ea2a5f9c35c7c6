//! What the check of the front page says where nobody wrote a check, and the application turns visitors away.

use super::outcome::Finding;

/// A remark on an answer that says nothing about the application. `probes`: they look at the same page.
pub fn remark(status: u16, probes: bool) -> Option<Finding> {
    let hint = match status {
        400 => {
            "a host name that it does not know is answered so by Django (`ALLOWED_HOSTS`) and others: name 127.0.0.1 there, or ask with `headers: {Host: …}`"
        }
        401 | 403 => "below `smoke:` in parity.yaml, a check asks with `headers`, or logs in first",
        404 => "below `smoke:` in parity.yaml, a check names a page that there is",
        402 | 405..=499 => "below `smoke:` in parity.yaml, a check asks for what visitors do",
        _ => return None,
    };
    let nothing = if probes { "nothing else was checked, and the probes saw nothing else" } else { "nothing else was checked" };
    Some(Finding::new(format!("`/` is answered with {status}: {nothing}")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_visitor_who_is_turned_away_saw_nothing() {
        assert_eq!(remark(200, true), None);
        assert_eq!(remark(302, true), None);
        assert_eq!(remark(401, true).unwrap().text, "`/` is answered with 401: nothing else was checked, and the probes saw nothing else");
        assert_eq!(remark(418, false).unwrap().text, "`/` is answered with 418: nothing else was checked");
        assert!(remark(400, true).unwrap().hint.unwrap().contains("ALLOWED_HOSTS"));
    }
}
