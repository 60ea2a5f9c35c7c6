//! A profile as a file of parity's own, which `--compare` reads.

use serde::{Deserialize, Serialize};

use super::model::Profile;

const FORMAT: &str = "parity profile 1";

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    #[serde(flatten)]
    profile: &'a Profile,
}

#[derive(Deserialize)]
struct Format {
    format: String,
}

pub fn write(profile: &Profile) -> String {
    // Texts and numbers are all that is in it.
    serde_json::to_string(&Written { format: FORMAT, profile }).unwrap_or_default() + "\n"
}

/// # Errors
/// Why it is none.
pub fn read(text: &str) -> Result<Profile, String> {
    let is_none = "it is not a profile that `parity profile --as json` wrote".to_owned();
    let mut value: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let Format { format } = Format::deserialize(&value).map_err(|_| is_none.clone())?;
    if format != FORMAT {
        return Err(format!("its format is `{}`, and this version of parity reads `{FORMAT}`", format.escape_debug()));
    }
    value.as_object_mut().map(|object| object.remove("format"));
    let profile: Profile = serde_json::from_value(value).map_err(|error| format!("{is_none}: {error}"))?;
    if profile.is_sound() { Ok(profile) } else { Err(is_none) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::testing;

    #[test]
    fn what_is_written_is_read() {
        let profile = testing::shop();
        assert_eq!(read(&write(&profile)).unwrap(), profile);
        assert_eq!(read("{}").unwrap_err(), "it is not a profile that `parity profile --as json` wrote");
        assert!(read("no").unwrap_err().starts_with("it is not JSON"));
        assert!(read(r#"{"format": "parity profile 2"}"#).unwrap_err().contains("this version of parity reads"));
        // A node that is its own parent.
        let mut wrong = testing::shop();
        wrong.nodes[3].parent = 3;
        assert!(read(&write(&wrong)).is_err());
    }
}
