//! pip's configuration file, as far as it says where packages are.

/// Settings and the variables that mean the same.
const SETTINGS: [(&str, &str); 4] = [
    ("index-url", "PIP_INDEX_URL"),
    ("extra-index-url", "PIP_EXTRA_INDEX_URL"),
    ("trusted-host", "PIP_TRUSTED_HOST"),
    ("no-index", "PIP_NO_INDEX"),
];

/// The variables of a file's text. What `[install]` says wins over `[global]`. A value may go on in indented lines.
pub(super) fn variables(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(bool, &str, String)> = Vec::new();
    let (mut section, mut open) = (String::new(), None);
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            if let Some(at) = open {
                let (_, _, value): &mut (bool, &str, String) = &mut found[at];
                value.push(' ');
                value.push_str(bare);
            }
            continue;
        }
        open = None;
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_lowercase();
            continue;
        }
        let Some((name, value)) = bare.split_once(['=', ':']).filter(|_| section == "global" || section == "install") else { continue };
        let name = name.trim().to_lowercase().replace('_', "-");
        if let Some((_, variable)) = SETTINGS.iter().find(|(setting, _)| *setting == name) {
            open = Some(found.len());
            found.push((section == "install", variable, value.trim().to_owned()));
        }
    }
    found.sort_by_key(|(is_install, ..)| *is_install);
    found.into_iter().map(|(_, name, value)| (name.to_owned(), value.trim().to_owned())).filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_values_of_several_lines() {
        let text = "[install]\nextra-index-url =\n    https://one.example\n    https://two.example\n\n; a comment\n[global]\n\
                    index_url: https://me:hush@all.example/simple\nextra-index-url = https://three.example\ncert = /etc/x.crt\n[list]\nno-index = 1\n";
        let expected = [
            ("PIP_INDEX_URL", "https://me:hush@all.example/simple"),
            ("PIP_EXTRA_INDEX_URL", "https://three.example"),
            ("PIP_EXTRA_INDEX_URL", "https://one.example https://two.example"),
        ];
        assert_eq!(variables(text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(variables("  x\n[\nindex-url\n[global]\nindex-url =\n"), []);
    }
}
