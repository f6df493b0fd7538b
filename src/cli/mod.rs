//! Arguments, screen and exit codes. Reads what was typed, has a job do it, and shows what it answers.

mod annotate;
mod args;
mod audit;
mod bless;
mod bug;
mod check;
mod ci;
mod compare;
mod dataset;
mod examples;
mod failure;
mod init;
mod judge;
mod judge_reports;
mod labels;
mod list;
mod log;
mod manual;
mod next;
mod progress;
mod prompts;
mod report;
mod reports;
mod run;
mod runs;
mod score;
mod screen;
mod show;
mod tune;
mod view;

use std::process::ExitCode;

use clap::FromArgMatches;

use args::{CiWhen, Cli, Verb};
use ci::Ci;
use failure::exit;
use screen::Screen;

use crate::jobs::JobError;
use crate::report::Kind;

/// What a verb answers: its exit code, or why it could not be done.
type Done = Result<u8, JobError>;

/// The whole program: arguments in, exit code out.
#[must_use]
pub fn main() -> ExitCode {
    let variable = |name: &str| std::env::var_os(name);
    let mut command = args::command();
    let cli = command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|typed| {
            Cli::from_arg_matches(&typed).map_err(|error| error.format(&mut command))
        });
    let cli = match cli {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && Ci::new(CiWhen::Auto, variable).reads_commands() => {
            // What was typed comes back in the message, and may have come from a list of cases.
            screen::log_line(&error.render().to_string());
            return ExitCode::from(exit::USAGE);
        }
        Err(error) => {
            // Help and version are asked for and no errors. A stream that is gone has nobody to tell.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::USAGE
            } else {
                exit::DONE
            });
        }
    };
    let mut screen = Screen::new(cli.color, cli.quiet, Ci::new(cli.ci, variable));
    screen.verbose = cli.verbose > 0;
    log::begin(cli.verbose);
    bug::heed();
    ExitCode::from(bug::guard(&screen, || act(cli.verb, &screen)))
}

/// Does what a verb says, and answers its exit code.
fn act(verb: Verb, screen: &Screen) -> u8 {
    let done = match verb {
        Verb::Init(verb) => init::run(&verb, screen),
        Verb::Check(verb) => check::run(verb, screen),
        Verb::Run(verb) => run::run(*verb, screen),
        Verb::Score(verb) => score::run(*verb, screen),
        Verb::Compare(verb) => compare::run(verb, screen),
        Verb::Judge(verb) => judge::run(verb, screen),
        Verb::Labels(verb) => labels::run(verb, screen),
        Verb::Annotate(verb) => annotate::run(*verb, screen),
        Verb::Dataset(verb) => dataset::run(verb, screen),
        Verb::Bless(verb) => bless::run(verb, screen),
        Verb::Show(verb) => show::run(verb, screen),
        Verb::Runs(verb) => runs::run(&verb, screen),
        Verb::Report(verb) => report::run(&verb, screen),
        Verb::View(verb) => view::run(&verb, screen),
        Verb::Schema(verb) => list::schema(&verb, screen),
        Verb::List(verb) => list::run(&verb, screen),
        Verb::Completions(verb) => manual::completions(&verb, screen),
        Verb::Man(verb) => manual::man(&verb, screen),
    };
    done.unwrap_or_else(|error| failure::tell(screen, &error))
}

/// Prints on stdout; what cannot be written there is the harness's failure.
fn print(screen: &Screen, bytes: &[u8]) -> Result<(), JobError> {
    screen.print(bytes).map_err(JobError::Store)
}

/// Prints a report of this kind on stdout.
fn print_report(screen: &Screen, kind: &Kind, bytes: &[u8]) -> Result<(), JobError> {
    screen.print_report(kind, bytes).map_err(JobError::Store)
}
