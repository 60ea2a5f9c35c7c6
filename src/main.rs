//! The `parity` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    parity::commands::main()
}
