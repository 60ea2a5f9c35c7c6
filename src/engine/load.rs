//! Loading an image from an archive of this machine.

use std::path::Path;

use bollard::query_parameters::ImportImageOptions;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;

use super::answers::to_the_end;
use super::connect::Engine;
use super::error::explain;
use crate::error::{Failure, Kind, Result};

/// Loads what an archive has, under the names in it.
///
/// # Errors
/// The engine's, and an archive that cannot be read.
pub(super) async fn load(engine: &Engine, archive: &Path) -> Result<()> {
    let file = tokio::fs::File::open(archive).await;
    let file = file.map_err(|error| Failure::new(Kind::Other, format!("cannot read {}", archive.display())).caused_by(&error))?;
    let pieces = futures_util::stream::unfold(file, |mut file| async move {
        let mut buffer = bytes::BytesMut::with_capacity(1 << 18);
        match file.read_buf(&mut buffer).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(buffer.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    });
    let mut answers =
        std::pin::pin!(to_the_end(engine.api.import_image(ImportImageOptions::default(), bollard::body_try_stream(pieces), None)));
    while let Some(answer) = answers.next().await {
        let answer = answer.map_err(|error| explain(&error, "cannot load an image into the engine"))?;
        if let Some(why) = answer.error_detail.and_then(|detail| detail.message) {
            return Err(Failure::new(Kind::Other, "cannot load an image into the engine").cause(why));
        }
    }
    Ok(())
}
