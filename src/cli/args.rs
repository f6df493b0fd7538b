//! What was typed.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::examples;

use crate::domain::decode::unknown;
use crate::jobs::Which;

/// Where runs are kept unless said otherwise.
pub(crate) const RUNS_DIR: &str = "runs";

/// Where the help puts what every verb takes.
const EVERYWHERE: &str = "With every verb";

/// An offline evaluation harness for AI agents that says how sure you may be.
#[derive(Debug, Parser)]
#[command(
    name = "evenhand",
    version,
    max_term_width = 100,
    propagate_version = false
)]
#[command(after_help = "\
Start:     evenhand init && evenhand run suite.yaml
In CI:     evenhand run suite.yaml --report junit=junit.xml --report markdown=comment.md
           (a GitHub job gets its summary, annotations and outputs by itself: --ci)
Exits:     0 gates passed · 2 arguments · 3 suite or dataset · 4 nothing to run
           5 could not evaluate · 6 undecided · 7 run directory or output
           100 a gate failed · 130/143 interrupted · 1 unexpected")]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct Cli {
    /// Less talk on stderr: no progress, no notes.
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,
    /// More talk on stderr; -vv and -vvv say more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = EVERYWHERE)]
    pub(crate) verbose: u8,
    /// Colours: auto is on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = EVERYWHERE)]
    pub(crate) color: ColorWhen,
    /// Hand results to a CI system: auto is the one whose environment is found.
    #[arg(long, global = true, value_name = "SYSTEM", default_value = "auto", help_heading = EVERYWHERE)]
    pub(crate) ci: CiWhen,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// Which CI system results are handed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiWhen {
    Auto,
    Github,
    Gitlab,
    None,
}

/// The command line as a tree, examples included: what is typed, completed and printed in manuals comes from it.
pub(crate) fn command() -> clap::Command {
    examples::put_into(Cli::command())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a suite that runs at once, to start from.
    Init(Init),
    /// Check a suite without calling anything: what would be called, the most it can cost, what it can show.
    Check(Check),
    /// Run a suite, judge the answers, compare its targets, and exit by its gates.
    Run(Box<Run>),
    /// Score a run by changed scorers, into a new run, or outputs of a benchmark; no target is called.
    Score(Box<Score>),
    /// Compare a baseline with a candidate: two runs, a run and a baseline file, two targets of a run, or a table.
    Compare(Compare),
    /// Hold a judge against people: is it usable, and what are its scores worth?
    Judge(super::judge::Judge),
    /// People's labels: take over a labelling tool's export, pick what to label next, look at who labelled how.
    Labels(super::labels::Labels),
    /// Label outputs by hand, blind: on a local page in the browser, or at prompts.
    Annotate(Box<super::annotate::Annotate>),
    /// Files of cases: pull a benchmark's own, look at one, convert one.
    Dataset(super::dataset::Dataset),
    /// Make a run the baseline: write the file that later runs are compared with.
    Bless(Bless),
    /// Show one case of a run: the prompt as sent, the reply, every score with its reason.
    Show(Show),
    /// List the runs.
    Runs(Runs),
    /// Write reports of a run again.
    Report(Report),
    /// Look at a run of any size in the browser, also while it is going on.
    View(View),
    /// Print a JSON Schema: of the suite file, of a case, of the report.
    Schema(Schema),
    /// Print what there is: targets, scorers, judges, reports, metrics, packs.
    List(List),
    /// Print what completes commands in a shell.
    Completions(Completions),
    /// Print manual pages, for packagers.
    #[command(hide = true)]
    Man(Man),
}

/// Write a suite that runs at once.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to write into.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Write out a built-in pack instead of the starter suite.
    #[arg(long, value_name = "NAME")]
    pub(crate) pack: Option<String>,
}

fn at_least_one(text: &str) -> Result<u64, String> {
    let wanted = || "a whole number from 1 is wanted".to_owned();
    text.parse().ok().filter(|n| *n > 0).ok_or_else(wanted)
}

/// Reads `failed` or `failed=RUN`.
fn only(text: &str) -> Result<(Which, Option<String>), String> {
    let (word, run) = match text.split_once('=') {
        Some((word, run)) => (word, Some(run.to_owned())),
        None => (text, None),
    };
    let known = Which::ALL.iter().find(|(known, _)| *known == word);
    match (known, run.as_deref()) {
        (_, Some("")) => Err(format!(
            "`{text}` names no run; leave the `=` out for the latest"
        )),
        (Some((_, which)), _) => Ok((*which, run)),
        (None, _) => {
            let known: Vec<&str> = Which::ALL.iter().map(|(known, _)| *known).collect();
            Err(unknown("choice", word, &known))
        }
    }
}

/// Which cases and targets of a suite are meant.
#[derive(Debug, Args, Default)]
pub(crate) struct Selection {
    /// Apply a profile of the suite.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// At most this many cases.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) limit: Option<u64>,
    /// Only this case; repeatable.
    #[arg(long = "case", value_name = "ID")]
    pub(crate) cases: Vec<String>,
    /// Only cases with this tag; repeatable, any of them.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only this target; repeatable.
    #[arg(long = "target", value_name = "ID")]
    pub(crate) targets: Vec<String>,
    /// How often each case is put to each target.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) repeats: Option<u32>,
    /// Seed of every random choice.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Calls under way at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) concurrency: Option<u32>,
}

/// How far a suite is trusted.
#[derive(Debug, Args, Default)]
pub(crate) struct Trust {
    /// Refuse a suite that starts programs of its own (a replayed one starts none).
    #[arg(long)]
    pub(crate) no_exec: bool,
}

/// Whether code that models wrote is executed. Nothing but this flag allows it: no suite, and no data.
#[derive(Debug, Args, Default)]
pub(crate) struct Execution {
    /// Execute code that models wrote where a benchmark asks for it (humaneval, mbpp); see SECURITY.md.
    #[arg(long, conflicts_with = "no_exec")]
    pub(crate) allow_exec: bool,
}

/// Where reports go.
#[derive(Debug, Args, Default)]
pub(crate) struct Reports {
    /// Write a report of a KIND that `evenhand list reports` names; FILE `-` is stdout. Repeatable.
    #[arg(long = "report", value_name = "KIND=FILE")]
    pub(crate) reports: Vec<String>,
    /// Print this report on stdout instead of the screen: short for --report KIND=-.
    #[arg(long, value_name = "KIND")]
    pub(crate) format: Option<String>,
}

/// Where runs are kept.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Where runs are kept.
    #[arg(long, value_name = "DIR", env = "EVENHAND_RUNS_DIR", default_value = RUNS_DIR)]
    pub(crate) runs_dir: PathBuf,
}

/// Check a suite without calling anything.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The suite file, or the name of a built-in pack.
    pub(crate) suite: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Take the spread between cases from this earlier run instead of assuming it; repeatable.
    #[arg(long, value_name = "RUN")]
    pub(crate) pilot: Vec<String>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Run a suite.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The suite file, or the name of a built-in pack.
    pub(crate) suite: PathBuf,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Go on where a run stopped: the latest of this suite, or RUN.
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "latest")]
    pub(crate) resume: Option<String>,
    /// Also do again the errored trials, or those that a scorer has no value for (implies --resume).
    #[arg(long, value_name = "WHAT")]
    pub(crate) retry: Vec<RetryWhat>,
    /// Take over what is unchanged since the latest run of the whole suite, or RUN; only the rest is called.
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "latest", conflicts_with_all = ["resume", "retry"])]
    pub(crate) reuse: Option<String>,
    /// Only cases that failed, errored or changed (one of these words) since the latest run, or RUN; decides no gate.
    #[arg(long, value_name = "WHAT[=RUN]", value_parser = only, conflicts_with_all = ["resume", "retry"])]
    pub(crate) only: Option<(Which, Option<String>)>,
    /// Resume although the suite, dataset, judges or targets have changed.
    #[arg(long)]
    pub(crate) allow_drift: bool,
    /// Start nothing more after N failed trials; --resume goes on.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) max_fail: Option<u64>,
    #[command(flatten)]
    pub(crate) answers: Answers,
    #[command(flatten)]
    pub(crate) trust: Trust,
    #[command(flatten)]
    pub(crate) execution: Execution,
    #[command(flatten)]
    pub(crate) reports: Reports,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Where replies come from.
#[derive(Debug, Args, Default)]
pub(crate) struct Answers {
    /// Write every request and reply to FILE.
    #[arg(long, value_name = "FILE", group = "cassette")]
    pub(crate) record: Option<PathBuf>,
    /// Answer from FILE; never touch the network.
    #[arg(long, value_name = "FILE", group = "cassette")]
    pub(crate) replay: Option<PathBuf>,
    /// Answer from FILE; call and append what is missing.
    #[arg(long, value_name = "FILE", group = "cassette")]
    pub(crate) fill: Option<PathBuf>,
    /// Turn the suite's own cassette off: call the real endpoints.
    #[arg(long, group = "cassette")]
    pub(crate) live: bool,
    /// Trust the certificates in FILE too (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
}

/// Score a run by changed scorers, into a new run, or outputs of a benchmark; no target is called.
#[derive(Debug, Args)]
pub(crate) struct Score {
    /// The run: `latest`, `latest~1`, a path, or the beginning of its name.
    // Beside it `requires` does not hold: what is required may not be there.
    #[arg(
        required_unless_present = "benchmark",
        conflicts_with_all = ["benchmark", "outputs", "cases", "id", "output", "convention", "verdicts"]
    )]
    pub(crate) run: Option<String>,
    /// Score outputs by this public benchmark's own rule: `evenhand list benchmarks`.
    #[arg(
        long,
        value_name = "NAME",
        requires = "outputs",
        conflicts_with_all = ["suite", "profile", "concurrency", "cassette", "reports", "runs_dir", "no_exec", "ca_bundle"]
    )]
    pub(crate) benchmark: Option<String>,
    #[command(flatten)]
    pub(crate) outputs: BenchmarkOutputs,
    /// The suite that says how to score; default: the run's own, whose missing scores are asked for again.
    #[arg(long, value_name = "FILE")]
    pub(crate) suite: Option<PathBuf>,
    /// Apply a profile of the suite.
    #[arg(long, value_name = "NAME", requires = "suite")]
    pub(crate) profile: Option<String>,
    /// Calls under way at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) concurrency: Option<u32>,
    #[command(flatten)]
    pub(crate) answers: Answers,
    #[command(flatten)]
    pub(crate) trust: Trust,
    #[command(flatten)]
    pub(crate) execution: Execution,
    #[command(flatten)]
    pub(crate) reports: Reports,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What is scored by a benchmark's rule.
#[derive(Debug, Args)]
pub(crate) struct BenchmarkOutputs {
    /// The outputs (.jsonl, .csv, .json), a row each.
    #[arg(long, value_name = "FILE", requires = "benchmark")]
    pub(crate) outputs: Option<PathBuf>,
    /// The benchmark's own file; without it the outputs' rows have its fields, or it was pulled.
    #[arg(long, value_name = "FILE", requires = "benchmark")]
    pub(crate) cases: Option<PathBuf>,
    /// The field of an output's row that names its case; without one that is usual, its place does.
    #[arg(long, value_name = "FIELD", requires = "benchmark")]
    pub(crate) id: Option<String>,
    /// The field that holds the output, or a JSON pointer to it.
    #[arg(long, value_name = "FIELD", requires = "benchmark")]
    pub(crate) output: Option<String>,
    /// Which public way of scoring; default: the benchmark's first.
    #[arg(long, value_name = "NAME", requires = "benchmark")]
    pub(crate) convention: Option<String>,
    /// Write a line of JSON for each output.
    #[arg(long, value_name = "FILE", requires = "benchmark")]
    pub(crate) verdicts: Option<PathBuf>,
}

/// What `--retry` does again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryWhat {
    // Without docs of their own, as elsewhere: each would turn the help into its long form.
    Errors,
    Unscored,
}

/// Compare a baseline with a candidate.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The baseline (a run or a baseline file) and the candidate run; or one run, whose targets are compared.
    #[arg(value_name = "BASE] [CAND", num_args = 0..=2)]
    pub(crate) sides: Vec<String>,
    /// The target (or the table's column) that is the baseline.
    #[arg(long, value_name = "TARGET|COLUMN")]
    pub(crate) baseline: Option<String>,
    /// The target (or the table's column) that is the candidate.
    #[arg(long, value_name = "TARGET|COLUMN")]
    pub(crate) candidate: Option<String>,
    /// Compare two columns of a CSV or JSONL file: a row is a case.
    #[arg(long, value_name = "FILE", conflicts_with = "sides")]
    pub(crate) table: Option<PathBuf>,
    /// The table's column by which rows hang together.
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "table",
        conflicts_with = "sides"
    )]
    pub(crate) cluster: Option<String>,
    #[command(flatten)]
    pub(crate) reports: Reports,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Make a run the baseline.
#[derive(Debug, Args)]
pub(crate) struct Bless {
    /// The run: `latest`, `latest~1`, a path, or the beginning of its name.
    pub(crate) run: String,
    /// Its target; needed where it has several.
    #[arg(long, value_name = "ID")]
    pub(crate) target: Option<String>,
    /// The file; default: the one that the suite's `baseline` names.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Also if the run is worse than the present baseline.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Show one case of a run.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The run: `latest`, `latest~1`, a path, or the beginning of its name.
    pub(crate) run: String,
    /// The case's id.
    pub(crate) case: String,
    /// Only this target; repeatable.
    #[arg(long = "target", value_name = "ID")]
    pub(crate) targets: Vec<String>,
    /// Whole texts, however long.
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// List the runs.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// At most this many, newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Write reports of a run again.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The run: `latest`, `latest~1`, a path, or the beginning of its name.
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) reports: Reports,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Look at a run in the browser: the page of `--report html`, with every case, served on this machine alone.
#[derive(Debug, Args)]
#[command(after_help = "\
It listens on 127.0.0.1 only; the address that it prints works once, in one browser. Ctrl-C ends it.

Exits: 0 ended · 2 no such run, or the port is taken · 7 the run cannot be read")]
pub(crate) struct View {
    /// The run: `latest`, `latest~1`, a path, or the beginning of its name.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// The port to listen on; default: any that is free.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Print a JSON Schema.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Of what.
    pub(crate) of: SchemaOf,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    // Without docs of their own, here and below: each would turn the help into its long form.
    Suite,
    Case,
    Report,
}

/// Print what there is.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of what.
    pub(crate) of: ListOf,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOf {
    Targets,
    Scorers,
    Judges,
    Reports,
    Metrics,
    Packs,
    Benchmarks,
}

/// Print what completes commands in a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell.
    pub(crate) shell: Shell,
}

/// Print manual pages.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write the pages of the program and of each verb into DIR, instead of the program's to stdout.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn resume_takes_a_run_only_after_an_equals_sign() {
        let parse = |args: &[&str]| match Cli::try_parse_from(args).unwrap().verb {
            Verb::Run(run) => (run.resume, run.suite),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            parse(&["evenhand", "run", "--resume", "s.yaml"]),
            (Some("latest".into()), "s.yaml".into())
        );
        assert_eq!(
            parse(&["evenhand", "run", "s.yaml", "--resume=r1"]),
            (Some("r1".into()), "s.yaml".into())
        );
        assert_eq!(parse(&["evenhand", "run", "s.yaml"]).0, None);
    }

    #[test]
    fn global_flags_stand_before_or_after_the_verb() {
        for args in [["evenhand", "-v", "runs"], ["evenhand", "runs", "-v"]] {
            assert_eq!(Cli::try_parse_from(args).unwrap().verbose, 1);
        }
    }
}
