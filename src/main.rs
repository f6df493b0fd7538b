//! The `evenhand` binary: wires the command line to the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// What one thread asks for another often gives back: connections are driven apart from cases, scores and the journal. The system's
/// allocator makes the two wait for one another (docs/speed.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match evenhand::wire::launch::child_main(std::env::args_os()) {
        Some(code) => code,
        None => evenhand::cli::main(),
    }
}
