//! The `evenhand` binary: wires the command line to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match evenhand::wire::launch::child_main(std::env::args_os()) {
        Some(code) => code,
        None => evenhand::cli::main(),
    }
}
