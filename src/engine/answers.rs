//! The lines in which an engine tells of long work.

use bollard::errors::Error;
use futures_util::{Stream, StreamExt, future};

/// A stream without bollard's complaint about its end: where the line break behind the last message comes by itself, it takes that for
/// the beginning of another one. A connection that broke is told in other words, and stays.
pub(super) fn to_the_end<T>(answers: impl Stream<Item = Result<T, Error>>) -> impl Stream<Item = Result<T, Error>> {
    answers.take_while(|answer| future::ready(!answer.as_ref().is_err_and(is_end)))
}

/// As tokio-util's `FramedRead` has it, for a stream that ended in order with something left.
fn is_end(error: &Error) -> bool {
    matches!(error, Error::IOError { err } if err.to_string() == "bytes remaining on stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_complaint_about_the_end_is_left_out() {
        let error = |text: &str| Err(Error::IOError { err: std::io::Error::other(text.to_owned()) });
        let read = |items: Vec<Result<u8, Error>>| to_the_end(futures_util::stream::iter(items)).map(|item| item.ok()).collect::<Vec<_>>();
        assert_eq!(read(vec![Ok(1), Ok(2), error("bytes remaining on stream")]).await, [Some(1), Some(2)]);
        assert_eq!(read(vec![Ok(1), error("connection reset by peer")]).await, [Some(1), None]);
    }
}
