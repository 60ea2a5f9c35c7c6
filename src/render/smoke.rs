//! The validator's files. The `smoke` profile has them, and no image does.

use crate::plan::{Plan, Profile};

/// Is the application looked at between the server and it?
pub fn is_validated(plan: &Plan) -> bool {
    plan.profile == Profile::Smoke
}

/// The files for `/etc/parity`, by name.
pub fn files(plan: &Plan) -> Vec<(String, String)> {
    if !is_validated(plan) {
        return Vec::new();
    }
    [
        ("validated.wsgi", include_str!("../../images/smoke/validated.wsgi")),
        ("validator.py", include_str!("../../images/smoke/validator.py")),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

#[cfg(test)]
mod tests {
    use crate::plan::{Plan, Profile};
    use crate::render::{profile_files, testing};

    #[test]
    fn a_smoke_container_has_productions_files_but_for_the_validator() {
        let files = |profile| profile_files(&Plan { profile, ..testing::django() }).unwrap();
        let (production, smoke) = (files(Profile::Production), files(Profile::Smoke));
        for (name, text) in &production {
            let (_, here) = smoke.iter().find(|(have, _)| have == name).unwrap();
            assert_eq!(&here.replace("validated.wsgi", "handler.wsgi"), text, "{name} differs");
        }
        let more: Vec<_> = smoke.iter().skip(production.len()).map(|(name, _)| name.as_str()).collect();
        assert_eq!(more, ["validated.wsgi", "validator.py"]);
    }
}
