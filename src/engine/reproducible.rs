//! Images that do not tell when they were built, so that the same input has the same ID wherever and whenever it is built.
//!
//! Builders stamp each layer's files and each step with the time at which they were made, and those that can do without are
//! newer than the engines of many. So the image is taken out of the engine, gets other times, and is put back:
//!
//! - the image and its steps have `SOURCE_DATE_EPOCH`,
//! - so have the project's files, which Apache serves with that date,
//! - all else that a build adds has one fixed time, so that its layers are the same ones for every commit,
//! - Python's sources keep theirs, which their bytecode knows them by; parity sees to it that those are fixed already,
//! - the base's layers stay as they are.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use futures_util::StreamExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::connect::Engine;
use super::error::explain;
use super::load::load;
use crate::error::{Failure, Kind, Result};
use crate::units::{layout, scratch as scratch_directory};

/// What an image is made into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// Seconds since 1970.
    pub epoch: u64,
    /// Directories, beside the project's, with files that Apache serves: absolute.
    pub served: Vec<String>,
}

impl Engine {
    /// Gives an image the times of its source, and its name to what comes of that. `base` is the image that it was built on.
    ///
    /// # Errors
    /// The engine's, and those of the directory for temporary files.
    pub async fn retime(&self, image: &str, base: &str, times: &Times) -> Result<()> {
        let inspected =
            self.answer(self.api.inspect_image(base)).await.map_err(|error| explain(&error, "cannot ask the engine for its images"))?;
        let kept = inspected.root_fs.and_then(|fs| fs.layers).unwrap_or_default();
        let directory = scratch_directory::directory().map_err(|error| scratch(&error))?;
        let (exported, retimed) = (directory.path().join("exported.tar"), directory.path().join("image.tar"));
        self.export(image, &exported).await?;
        let (target, name, times) = (retimed.clone(), image.to_owned(), times.clone());
        let work = move || rewrite(&exported, &target, &name, &kept, &times);
        let done =
            tokio::task::spawn_blocking(work).await.map_err(|error| Failure::new(Kind::Other, "cannot read the image").cause(error))?;
        done.map_err(|error| scratch(&error))?;
        load(self, &retimed).await
    }

    async fn export(&self, image: &str, target: &Path) -> Result<()> {
        let mut file = BufWriter::new(File::create(target).map_err(|error| scratch(&error))?);
        let mut pieces = std::pin::pin!(self.api.export_image(image));
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| explain(&error, "cannot take the image out of the engine"))?;
            file.write_all(&piece).map_err(|error| scratch(&error))?;
        }
        file.flush().map_err(|error| scratch(&error))
    }
}

fn scratch(error: &io::Error) -> Failure {
    let kind = if error.kind() == io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Build };
    Failure::new(kind, "cannot give the image the times of its source")
        .caused_by(error)
        .hint("it is made in $TMPDIR (or /tmp), which needs room for it twice; without SOURCE_DATE_EPOCH it is not needed")
}

/// An archive as `docker save` makes it becomes another, under a name. Layers whose digests are in `kept` stay as they are.
fn rewrite(source: &Path, target: &Path, name: &str, kept: &[String], times: &Times) -> io::Result<()> {
    let mut archive = Parts::open(source)?;
    let manifest: Value = serde_json::from_slice(&archive.read("manifest.json")?)?;
    let text = |value: &Value| value.as_str().map(String::from).ok_or_else(|| io::Error::other("the image's manifest is not understood"));
    let mut config: Value = serde_json::from_slice(&archive.read(&text(&manifest[0]["Config"])?)?)?;
    let layers = manifest[0]["Layers"].as_array().cloned().unwrap_or_default();
    let mut out = tar::Builder::new(BufWriter::new(File::create(target)?));
    let (mut digests, mut names) = (Vec::new(), Vec::new());
    for (at, layer) in layers.iter().enumerate() {
        let stays = config["rootfs"]["diff_ids"][at].as_str().is_some_and(|digest| kept.iter().any(|kept| kept == digest));
        let mut rewritten = tempfile::tempfile_in(target.parent().unwrap_or(Path::new("/tmp")))?;
        let mut layer = archive.layer(&text(layer)?)?;
        if stays {
            io::copy(&mut layer, &mut rewritten)?;
        } else {
            retime_layer(layer, BufWriter::new(&mut rewritten), times)?;
        }
        let digest = digest_of(&mut rewritten)?;
        let file = format!("{digest}.tar");
        // A layer may be there twice.
        if !names.contains(&file) {
            append(&mut out, &file, rewritten.metadata()?.len(), &mut rewritten)?;
        }
        names.push(file);
        digests.push(format!("sha256:{digest}"));
    }
    let created = OffsetDateTime::from_unix_timestamp(times.epoch.try_into().unwrap_or(i64::MAX)).ok();
    let created = created.and_then(|at| at.format(&Rfc3339).ok()).ok_or_else(|| io::Error::other("no such time"))?;
    config["rootfs"]["diff_ids"] = json!(digests);
    config["created"] = json!(created);
    for step in config["history"].as_array_mut().into_iter().flatten() {
        step["created"] = json!(created);
    }
    let config = serde_json::to_vec(&config)?;
    let file = format!("{}.json", hex(&Sha256::digest(&config)));
    append(&mut out, &file, config.len() as u64, &mut &config[..])?;
    let manifest = serde_json::to_vec(&json!([{"Config": file, "RepoTags": [name], "Layers": names}]))?;
    append(&mut out, "manifest.json", manifest.len() as u64, &mut &manifest[..])?;
    out.into_inner()?.flush()
}

fn append(out: &mut tar::Builder<BufWriter<File>>, name: &str, length: u64, data: &mut dyn Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o644);
    header.set_mtime(0);
    out.append_data(&mut header, name, data)
}

/// Where the files of an archive are in it.
struct Parts {
    file: File,
    places: HashMap<String, (u64, u64)>,
}

impl Parts {
    fn open(path: &Path) -> io::Result<Self> {
        let mut archive = tar::Archive::new(File::open(path)?);
        let (mut places, mut links) = (HashMap::new(), Vec::new());
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            let name = entry.path()?.to_string_lossy().into_owned();
            match entry.link_name()? {
                Some(target) => links.push((name, target.to_string_lossy().into_owned())),
                None => drop(places.insert(name, (entry.raw_file_position(), entry.size()))),
            }
        }
        // An engine links a layer that is there twice: `../other/layer.tar`.
        for (name, target) in links {
            let target = target.trim_start_matches("../");
            if let Some(place) = places.get(target).copied() {
                places.insert(name, place);
            }
        }
        Ok(Self { file: File::open(path)?, places })
    }

    fn part(&mut self, name: &str) -> io::Result<io::Take<&mut File>> {
        let (start, length) = *self.places.get(name).ok_or_else(|| io::Error::other(format!("the image has no {name}")))?;
        self.file.seek(SeekFrom::Start(start))?;
        Ok((&mut self.file).take(length))
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.part(name)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A layer, unpacked where the engine has packed it.
    fn layer(&mut self, name: &str) -> io::Result<Box<dyn Read + '_>> {
        let mut magic = [0; 2];
        let is_packed = self.part(name)?.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        let part = BufReader::new(self.part(name)?);
        Ok(if is_packed { Box::new(GzDecoder::new(part)) } else { Box::new(part) })
    }
}

/// Copies an archive, each entry as it is but for its time.
fn retime_layer(layer: impl Read, mut out: impl Write, times: &Times) -> io::Result<()> {
    let mut archive = tar::Archive::new(layer);
    // The path of the next entry, where it is too long for a header.
    let mut long = None;
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let mut header = entry.header().clone();
        let mut content = Vec::new();
        match header.entry_type() {
            EntryType::GNULongName => {
                entry.read_to_end(&mut content)?;
                long = Some(String::from_utf8_lossy(&content).trim_end_matches('\0').to_owned());
            }
            EntryType::XHeader => {
                entry.read_to_end(&mut content)?;
                long = path_of(&content).or(long);
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            _ => {
                let path = long.take().unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
                if let Some(time) = time_of(&path, times) {
                    header.set_mtime(time);
                    header.set_cksum();
                }
            }
        }
        out.write_all(header.as_bytes())?;
        let length = content.len() as u64 + {
            out.write_all(&content)?;
            io::copy(&mut entry, &mut out)?
        };
        let padding = (512 - length % 512) % 512;
        out.write_all(&[0; 512][..padding as usize])?;
    }
    // The end of an archive.
    out.write_all(&[0; 1024])?;
    out.flush()
}

/// The `path` among a PAX header's records, `LENGTH KEY=VALUE`.
fn path_of(records: &[u8]) -> Option<String> {
    let records = String::from_utf8_lossy(records);
    records.lines().find_map(|record| record.split_once(' ')?.1.strip_prefix("path=").map(String::from))
}

/// `None`: it keeps its own.
fn time_of(path: &str, times: &Times) -> Option<u64> {
    let path = format!("/{}", path.trim_start_matches("./").trim_matches('/'));
    let is_below =
        |directory: &str| path.strip_prefix(directory.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match path.ends_with(".py") {
        true => None,
        false if is_below(layout::APP) || times.served.iter().any(|directory| is_below(directory)) => Some(times.epoch),
        false => Some(layout::FIXED_TIME),
    }
}

fn digest_of(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    file.rewind()?;
    Ok(hex(&digest.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
