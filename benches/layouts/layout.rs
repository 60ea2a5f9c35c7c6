//! The projects: one script each in `generators/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::workplace::Workplace;

const GENERATORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/layouts/generators");

/// What the scripts call, see the README beside them.
const WORDS: &str = r#"set -eu
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
tool() {
    python3 -m venv "$TOOLS"
    "$TOOLS/bin/pip" install -q "$@"
    PATH=$TOOLS/bin:$PATH
}
page() { printf '%s\n%s\n' "$1" "$2" >"$PAGE"; }
"#;

/// A way in which projects are laid out.
#[derive(Debug)]
pub struct Layout {
    pub name: String,
    script: PathBuf,
}

/// A project made that way.
#[derive(Debug)]
pub struct Made {
    pub work: Workplace,
    /// The path of the page that says [`before`](Self::BEFORE).
    pub path: String,
    /// The file in which that is written.
    pub file: String,
}

impl Made {
    pub const BEFORE: &str = "number-1";
    pub const AFTER: &str = "number-2";

    /// Saves what the page is to say from then on.
    pub fn save(&self) -> Result<()> {
        let text = std::fs::read_to_string(self.work.root.join(&self.file))?;
        self.work.write(&self.file, &text.replace(Self::BEFORE, Self::AFTER))
    }
}

impl Layout {
    pub fn make(&self) -> Result<Made> {
        let scratch = tempfile::tempdir()?;
        let work = Workplace::empty(&self.name)?;
        let page = scratch.path().join("page");
        let script = WORDS.to_owned() + &std::fs::read_to_string(&self.script)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(&work.root).env("TOOLS", scratch.path().join("tools")).env("PAGE", &page);
        let ran = shell.output()?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
        }
        let told = std::fs::read_to_string(page)?;
        let (path, file) = told.trim_end().split_once('\n').ok_or("the script does not call `page`")?;
        let made = Made { path: path.to_owned(), file: file.to_owned(), work };
        made.work.own()?;
        Ok(made)
    }
}

/// In the order of their names.
pub fn all() -> Result<Vec<Layout>> {
    let mut layouts = Vec::new();
    for entry in std::fs::read_dir(GENERATORS)? {
        let script = entry?.path();
        if script.extension().is_some_and(|extension| extension == "sh") {
            layouts.push(Layout { name: stem(&script), script });
        }
    }
    layouts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(layouts)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
