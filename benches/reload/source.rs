//! The file that is edited: its token is a number of eight digits, so each version is as long as the one before.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::Result;

/// How an editor saves.
#[derive(Debug, Clone, Copy)]
pub enum Save {
    /// A new file takes the place of the old one.
    Rename,
    /// The same file is written again.
    InPlace,
    /// The old file becomes a backup, a new one is written, the backup goes.
    Backup,
}

impl Save {
    pub fn words(self) -> &'static str {
        match self {
            Self::Rename => "a new file in place of the old one",
            Self::InPlace => "the same file written again",
            Self::Backup => "a new file beside a backup",
        }
    }
}

impl FromStr for Save {
    type Err = ();

    fn from_str(name: &str) -> std::result::Result<Self, ()> {
        match name {
            "rename" => Ok(Self::Rename),
            "in-place" => Ok(Self::InPlace),
            "backup" => Ok(Self::Backup),
            _ => Err(()),
        }
    }
}

/// The token as the sources of the repository have it.
pub const FIRST: &str = "00000000";
const BEFORE: &[u8] = b"token-";
const BEFORE_PROCESS: &[u8] = b"process-";

#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
    token: u32,
}

impl Source {
    pub fn of(path: PathBuf) -> Result<Self> {
        let text = fs::read_to_string(&path)?;
        Ok(Self { path, text, token: 0 })
    }

    /// The token that was saved last.
    pub fn saved(&self) -> u32 {
        self.token
    }

    /// The token that the next save writes.
    pub fn next(&self) -> u32 {
        self.token + 1
    }

    pub fn save(&mut self, how: Save) -> Result<()> {
        self.save_as(self.token + 1, how)
    }

    /// Saves it with this token.
    pub fn save_as(&mut self, token: u32, how: Save) -> Result<()> {
        self.token = token;
        let text = self.text.replace(FIRST, &format!("{:08}", self.token));
        let aside = self.path.with_extension("py~");
        match how {
            Save::Rename => {
                self.write(&aside, &text)?;
                fs::rename(&aside, &self.path)?;
            }
            Save::InPlace => fs::write(&self.path, text)?,
            Save::Backup => {
                fs::rename(&self.path, &aside)?;
                self.write(&self.path, &text)?;
                fs::remove_file(&aside)?;
            }
        }
        Ok(())
    }

    /// A new file belongs to whom its directory belongs, also when root saves.
    fn write(&self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text)?;
        let owner = fs::metadata(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(chown(path, Some(owner.uid()), Some(owner.gid()))?)
    }
}

/// All tokens in a page.
pub fn tokens(page: &[u8]) -> BTreeSet<u32> {
    let starts = (0..page.len()).filter(|&at| page[at..].starts_with(BEFORE));
    starts.filter_map(|at| token(page.get(at..at + BEFORE.len() + FIRST.len())?)).collect()
}

/// The token in a page.
pub fn token(page: &[u8]) -> Option<u32> {
    let at = page.windows(BEFORE.len()).rposition(|window| window == BEFORE)? + BEFORE.len();
    std::str::from_utf8(page.get(at..at + FIRST.len())?).ok()?.parse().ok()
}

/// The process that a page comes from, where it says that.
pub fn process(page: &[u8]) -> Option<u32> {
    let at = page.windows(BEFORE_PROCESS.len()).position(|window| window == BEFORE_PROCESS)? + BEFORE_PROCESS.len();
    let digits = page[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&page[at..at + digits]).ok()?.parse().ok()
}
