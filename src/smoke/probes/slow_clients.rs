//! A part of `concurrency`: clients that send half a request and then nothing. Others must be answered all the same.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::ask::Ask;
use crate::smoke::outcome::Finding;

/// More than mod_wsgi-express has threads for, and no load for anybody.
const HELD: usize = 200;
const HALF: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
/// For all of them to be there.
const OPENING: Duration = Duration::from_secs(2);
/// In which Apache starts processes for them, where it does.
const PATIENCE: Duration = Duration::from_secs(6);

/// How long somebody else waited for an answer meanwhile; `None`: in vain.
pub async fn look(address: &str) -> Option<Duration> {
    let open = (0..HELD).map(|_| async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(HALF).await.ok()?;
        Some(stream)
    });
    // Those who do not get in hold nobody up. They go when this ends.
    let _held = tokio::time::timeout(OPENING, join_all(open)).await;
    let begun = Instant::now();
    Ask::get("/").send(address, PATIENCE).await.ok().map(|_| begun.elapsed())
}

/// What is worth a remark.
pub fn judge(waited: Option<Duration>, slow_clients: u32, header_timeout: u32) -> Option<Finding> {
    let text = format!(
        "{HELD} clients that send half a request keep everybody else out, each for {header_timeout} seconds and as often as it likes"
    );
    waited.is_none().then(|| {
        Finding::new(text).hint(format!(
            "`slow-clients: {slow_clients}` leaves them too little room: 1000 is the default, and costs nothing until they come; or have a proxy \
             in front that waits for whole requests"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_waits_in_vain_is_told() {
        assert_eq!(judge(Some(Duration::from_secs(5)), 1000, 15), None);
        let told = judge(None, 0, 15).unwrap();
        assert!(told.text.contains("each for 15 seconds"), "{}", told.text);
    }
}
