//! How fast the whole program is and how much memory it takes, beside what the bare HTTP client takes for the same calls.
//!
//!     cargo bench --bench speed                          all but the row of a million cases
//!     cargo bench --bench speed -- --long                with it: some minutes
//!     cargo bench --bench speed -- --only judge          rows whose name holds a text
//!     cargo bench --bench speed -- --program FILE        another binary than the one built for this, which has the tests' features
//!     cargo bench --bench speed -- --server URL          against a server that is there already; --slow URL for the rows at 200 ms
//!
//! The program is the built binary, run as a user runs it. Server and floor are this file once more, each in a process of its own,
//! so that their processor time is told apart; floor and program take turns, so that what else the machine does meets both.
//! What each row means: docs/speed.md.

#![expect(
    clippy::print_stdout,
    reason = "a benchmark's output is its table on stdout"
)]

mod speed {
    pub(crate) mod child;
    pub(crate) mod floor;
    pub(crate) mod rows;
    pub(crate) mod server;
    pub(crate) mod suite;
    pub(crate) mod table;
}

use speed::{floor, rows, server};

/// What was asked for on the command line.
pub(crate) struct Wish {
    /// Only rows whose name holds this.
    only: Option<String>,
    /// The million cases too.
    long: bool,
    /// How often a run is repeated; start-up is measured more often.
    rounds: u32,
    /// A server without latency that is there already.
    server: Option<String>,
    /// One that waits 200 ms.
    slow: Option<String>,
    /// The program to be measured; the one that cargo built for this benchmark otherwise.
    program: std::path::PathBuf,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut wish = Wish {
        only: None,
        long: false,
        rounds: 5,
        server: None,
        slow: None,
        program: env!("CARGO_BIN_EXE_evenhand").into(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .unwrap_or_else(|| panic!("{argument} wants a value"))
        };
        match argument.as_str() {
            // What cargo adds by itself.
            "--bench" => {}
            "--long" => wish.long = true,
            "--only" => wish.only = Some(value()),
            "--rounds" => wish.rounds = value().parse().expect("--rounds wants a number"),
            "--server" => wish.server = Some(value()),
            "--slow" => wish.slow = Some(value()),
            "--program" => {
                wish.program = std::path::absolute(value()).expect("a path to the program");
            }
            "--as-server" => {
                return server::serve(value().parse().expect("milliseconds of latency"));
            }
            "--as-floor" => {
                let url = value();
                let number = |text: String| text.parse().expect("a number of calls");
                return floor::run(&url, number(value()), number(value()));
            }
            other => panic!("{other} is none of --long --only --rounds --server --slow --program"),
        }
    }
    println!("{}", rows::measure(&wish));
}
