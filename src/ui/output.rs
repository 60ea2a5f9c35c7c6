//! The two streams. All that is written passes here, and nothing that is written acts on the terminal but parity's own.

use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::units::terminal;

/// Where lines go, and whether somebody reads them.
#[derive(Debug, Clone)]
pub struct Output {
    /// Why the first line of the result could not be written that was not.
    lost: Arc<Mutex<Option<Error>>>,
    unread: watch::Sender<bool>,
    #[cfg(test)]
    pub kept: Arc<Mutex<String>>,
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            lost: Arc::default(),
            unread: watch::Sender::new(false),
            #[cfg(test)]
            kept: Arc::default(),
        }
    }
}

impl Output {
    /// A line of the command's result, on stdout.
    pub fn result(&self, line: &str) {
        if *self.unread.borrow() {
            return;
        }
        if let Err(error) = self.write(Stream::Stdout, &terminal::coloured(line)) {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            self.unread.send_replace(true);
        }
    }

    /// A line on stderr.
    pub fn aside(&self, line: &str) {
        let written = self.write(Stream::Stderr, &terminal::coloured(line));
        // There is nowhere to say that it cannot be written; that nobody reads may be a reason to end.
        if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.unread.send_replace(true);
        }
    }

    #[cfg(not(test))]
    fn write(&self, stream: Stream, line: &str) -> Result<()> {
        use std::io::Write;

        match stream {
            Stream::Stdout => {
                let mut stdout = anstream::stdout();
                writeln!(stdout, "{line}").and_then(|()| stdout.flush())
            }
            Stream::Stderr => writeln!(anstream::stderr(), "{line}"),
        }
    }

    #[cfg(test)]
    fn write(&self, _: Stream, line: &str) -> Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_str(line);
        kept.push('\n');
        Ok(())
    }

    pub fn is_unread(&self) -> bool {
        *self.unread.borrow()
    }

    /// Returns when nothing that is written arrives any more.
    pub fn until_unread(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut unread = self.unread.subscribe();
        async move {
            if unread.wait_for(|unread| *unread).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// # Errors
    /// What kept the result from being written. A reader that has gone (`| head`) has read what it wanted.
    pub fn written(&self) -> Result<()> {
        match self.lost.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}
