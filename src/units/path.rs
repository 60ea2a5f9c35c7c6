//! Absolute paths of a container, as text.

/// Is a path that of a directory, or of something below it? Both are without a slash at the end.
pub fn is_at_or_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_alike_are_different() {
        assert!(is_at_or_below("/app", "/app") && is_at_or_below("/app/media", "/app"));
        assert!(!is_at_or_below("/application", "/app") && !is_at_or_below("/app", "/app/media"));
    }
}
