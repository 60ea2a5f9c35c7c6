//! Running a command in a container that runs already.

use std::io::{ErrorKind, Write};
use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::exec::{ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::connect::Engine;
use super::error::explain;
use crate::error::{Failure, Kind, Result};
use crate::units::visible;

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub argv: Vec<String>,
    /// With a terminal; stdout and stderr are one stream then.
    pub tty: bool,
    pub stdin: bool,
    pub env: Vec<String>,
    pub working_directory: Option<String>,
}

/// A command that runs.
pub struct Running {
    pub id: String,
    pub output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Ctrl-P, the engine's default first detach key, is history in every shell and in pdb.
const DETACH_KEYS: &str = "ctrl-^,ctrl-^";

/// Bytes that are kept of what a command prints.
const MOST_PRINTED: usize = 8 << 20;

/// Bytes of a mistake that are read.
const MOST_SAID: usize = 64 << 10;

impl Engine {
    pub async fn exec(&self, container: &str, command: &Command) -> Result<Running> {
        let config = ExecConfig {
            attach_stdin: Some(command.stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            detach_keys: command.tty.then(|| DETACH_KEYS.into()),
            tty: Some(command.tty),
            env: Some(command.env.clone()),
            cmd: Some(command.argv.clone()),
            working_dir: command.working_directory.clone(),
            ..ExecConfig::default()
        };
        let what = "cannot run the command in the container";
        let created = self.answer(self.api.create_exec(container, config)).await.map_err(|error| explain(&error, what))?;
        let start = StartExecOptions { detach: false, tty: command.tty, output_capacity: None };
        match self.answer(self.api.start_exec(&created.id, Some(start))).await.map_err(|error| explain(&error, what))? {
            StartExecResults::Attached { output, input } => Ok(Running { id: created.id, output, input }),
            StartExecResults::Detached => Err(Failure::new(Kind::Other, what)),
        }
    }

    /// Runs a command of parity's own, which takes no time: its exit code and what it printed.
    ///
    /// # Errors
    /// The engine's; `Kind::NotReady` when it does not end.
    pub async fn run(&self, container: &str, argv: Vec<String>) -> Result<(i64, String)> {
        let ran = tokio::time::timeout(self.patience, Box::pin(self.run_to_the_end(container, argv, &[]))).await;
        ran.unwrap_or_else(|_| {
            Err(Failure::new(Kind::NotReady, "a command in the container does not end")
                .cause(format!("it was waited for {} seconds", self.patience.as_secs()))
                .hint("`parity logs` shows what the server says; `parity restart` starts it again"))
        })
    }

    /// Runs a command with that input to its end, however long that takes: whoever calls this also listens to the user.
    pub async fn run_to_the_end(&self, container: &str, argv: Vec<String>, input: &[u8]) -> Result<(i64, String)> {
        let command = Command { argv, tty: false, stdin: !input.is_empty(), env: Vec::new(), working_directory: None };
        let Running { id, mut output, input: stdin } = self.exec(container, &command).await?;
        let read = async {
            let mut said = Vec::new();
            while let Some(piece) = output.next().await {
                said.extend_from_slice(&piece.map_err(|error| explain(&error, "lost the command's output"))?.into_bytes());
                // Its end says most; it may print without one.
                if said.len() > 2 * MOST_PRINTED {
                    said.drain(..said.len() - MOST_PRINTED);
                }
            }
            Ok(said)
        };
        let ((), said) = tokio::join!(feed(stdin, input), read);
        let code = self.exec_exit_code(&id).await?;
        Ok((code, String::from_utf8_lossy(&said?).into_owned()))
    }

    /// The same, of which nothing is trusted: of what it prints on stdout so many bytes, and what it says went wrong.
    ///
    /// # Errors
    /// A command that fails, with the last line of its stderr as the cause, and one that prints more.
    pub async fn ask(&self, container: &str, argv: Vec<String>, input: &[u8], most: usize) -> Result<Vec<u8>> {
        let failed = |why: String| Failure::new(Kind::Other, "cannot ask the server in the container").cause(why);
        let command = Command { argv, tty: false, stdin: !input.is_empty(), env: Vec::new(), working_directory: None };
        let Running { id, mut output, input: stdin } = self.exec(container, &command).await?;
        let read = async {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            while let Some(piece) = output.next().await {
                match piece.map_err(|error| explain(&error, "lost the command's output"))? {
                    LogOutput::StdErr { message } => err.extend(message.into_iter().take(MOST_SAID.saturating_sub(err.len()))),
                    other => out.extend(other.into_bytes()),
                }
                if out.len() > most {
                    return Err(failed(format!("it says more than {most} bytes")));
                }
            }
            Ok((out, err))
        };
        let ((), read) = tokio::join!(feed(stdin, input), read);
        let (out, err) = read?;
        match self.exec_exit_code(&id).await? {
            0 => Ok(out),
            _ => Err(failed(visible(String::from_utf8_lossy(&err).lines().last().unwrap_or("it says nothing")))),
        }
    }

    /// Sets the size of a command's terminal, in characters.
    pub async fn resize(&self, exec: &str, width: u16, height: u16) {
        // The command may have ended in between; its size does not matter then.
        let _ = self.answer(self.api.resize_exec(exec, ResizeExecOptions { height, width })).await;
    }

    /// The exit code of a command that ended.
    pub async fn exec_exit_code(&self, exec: &str) -> Result<i64> {
        let inspected =
            self.answer(self.api.inspect_exec(exec)).await.map_err(|error| explain(&error, "cannot ask how the command ended"))?;
        Ok(inspected.exit_code.unwrap_or(1))
    }
}

/// Gives a command its input.
async fn feed(mut stdin: Pin<Box<dyn AsyncWrite + Send>>, input: &[u8]) {
    // A command that ends without reading all of it is not for here to judge.
    let _ = stdin.write_all(input).await;
    let _ = stdin.shutdown().await;
}

/// Copies a command's output to this process's, until it ends.
pub async fn copy_output(output: &mut Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>) -> Result<()> {
    while let Some(piece) = output.next().await {
        let piece = piece.map_err(|error| explain(&error, "lost the command's output"))?;
        let written = match piece {
            LogOutput::StdErr { message } => std::io::stderr().write_all(&message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                let mut stdout = std::io::stdout();
                stdout.write_all(&message).and_then(|()| stdout.flush())
            }
        };
        match written {
            Ok(()) => {}
            // Nobody reads any more (`parity exec … | head`).
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => {
                let kind = if error.kind() == ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Other };
                return Err(Failure::new(kind, "the command's output cannot be written").caused_by(&error));
            }
        }
    }
    Ok(())
}
