//! `.netrc`: credentials by host. A build gets those that it needs and no others.

/// The entries for hosts that are meant, as such a file. `default`, which is for any host, is not among them.
pub(super) fn of_hosts(text: &str, is_meant: impl Fn(&str) -> bool) -> String {
    let mut words = without_macros(text).into_iter().peekable();
    let mut out = String::new();
    while let Some(word) = words.next() {
        if word != "machine" {
            continue;
        }
        let Some(host) = words.next() else { break };
        let mut entry = format!("machine {host}");
        while let Some(name @ ("login" | "user" | "account" | "password")) = words.peek().map(String::as_str) {
            let name = name.to_owned();
            words.next();
            let Some(value) = words.next() else { break };
            entry += &format!(" {name} {value}");
        }
        if is_meant(&host) {
            out += &entry;
            out.push('\n');
        }
    }
    out
}

/// The words of a file, quoted ones as they are written, without comments and macros, which go up to an empty line.
fn without_macros(text: &str) -> Vec<String> {
    let (mut words, mut in_macro) = (Vec::new(), false);
    for line in text.lines() {
        in_macro = in_macro && !line.trim().is_empty();
        if in_macro || line.trim_start().starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            if word == "macdef" {
                in_macro = true;
                break;
            }
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant() {
        let text = "# mine\nmachine a.example login me password \"p#ss\"\nmachine b.example\n  login you\n  password two\n\
                    macdef init\nmachine a.example password three\n\nmachine a.example.org password four\ndefault login anonymous password five\n";
        assert_eq!(of_hosts(text, |host| host == "a.example"), "machine a.example login me password \"p#ss\"\n");
        assert_eq!(of_hosts(text, |host| host == "b.example"), "machine b.example login you password two\n");
        assert_eq!(of_hosts(text, |_| true).lines().count(), 3);
        assert_eq!(of_hosts("machine", |_| true), "");
        assert_eq!(of_hosts("machine x login", |_| true), "machine x\n");
    }
}
