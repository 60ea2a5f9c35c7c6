//! The user's terminal, lent to a command in the container: raw while it runs, as before afterwards.

use std::io::IsTerminal;
use std::sync::Once;

use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Puts the terminal into raw mode; dropping it restores the former mode. A panic restores it as well,
/// since the drop would not run with `panic = "abort"`.
#[derive(Debug)]
pub struct Raw {
    before: Termios,
}

impl Raw {
    /// `None` when stdin is no terminal.
    pub fn enter() -> Option<Self> {
        Self::enter_with(|_| {})
    }

    /// The same, but what this process prints by itself still begins each line at the left.
    pub fn enter_beside_a_log() -> Option<Self> {
        Self::enter_with(|modes| modes.output_modes.insert(OutputModes::OPOST | OutputModes::ONLCR))
    }

    fn enter_with(change: impl FnOnce(&mut Termios)) -> Option<Self> {
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        restore_on_panic(before.clone());
        let mut raw = before.clone();
        raw.make_raw();
        change(&mut raw);
        tcsetattr(&stdin, OptionalActions::Now, &raw).ok()?;
        Some(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Sets the terminal back before a panic is told.
pub fn restore_on_panic(before: Termios) {
    static HOOK: Once = Once::new();
    HOOK.call_once(move || {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
            former(panic);
        }));
    });
}

/// Are both ends of the conversation a person's?
pub fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Columns and rows of the terminal.
pub fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some((size.ws_col, size.ws_row))
}
