//! `score`: changed scorers on a run's transcripts, or a benchmark's rule on outputs that somebody has.

use super::args::Score;
use super::failure::exit;
use super::next::{Again, latest};
use super::reports::Wanted;
use super::run::{carry_out, cassette};
use super::screen::Screen;
use super::{Done, print};
use crate::funnel::terminal;
use crate::jobs::{
    JobError, Rescore, ScoreOutputs, Selection, SystemClock, rescore, score_outputs,
};
use crate::report;

pub(crate) fn run(verb: Score, screen: &Screen) -> Done {
    let Some(run) = verb.run.clone() else {
        return outputs(verb, screen);
    };
    let wanted = Wanted::of(&verb.reports)?;
    let again = Again::of_score(&verb);
    let order = Rescore {
        run,
        suite: verb.suite,
        selection: Selection {
            profile: verb.profile,
            concurrency: verb.concurrency,
            ..Selection::default()
        },
        ca_bundle: verb.answers.ca_bundle.clone(),
        cassette: cassette(verb.answers),
        runs_dir: verb.place.runs_dir,
        no_exec: verb.trust.no_exec,
        allow_exec: verb.execution.allow_exec,
    };
    let prepared = rescore(&order, &SystemClock)?;
    for note in &prepared.notes {
        screen.note(&terminal(note));
    }
    let address = latest(prepared.id(), &order.runs_dir);
    carry_out(prepared, (address, &again), &wanted, screen)
}

/// Outputs by a benchmark's rule.
fn outputs(verb: Score, screen: &Screen) -> Done {
    let given = verb.outputs;
    // The definition of the arguments wants both.
    let (Some(benchmark), Some(outputs)) = (verb.benchmark, given.outputs) else {
        return Err(JobError::Usage(
            "name a run, or --benchmark with --outputs".to_owned(),
        ));
    };
    let as_json = match verb.reports.format.as_deref() {
        None | Some("terminal") => false,
        Some("json") => true,
        Some(other) => {
            return Err(JobError::Usage(format!(
                "--format {other} is for runs; outputs of a benchmark are told as terminal or json"
            )));
        }
    };
    let found = score_outputs(&ScoreOutputs {
        benchmark,
        convention: given.convention,
        cases: given.cases,
        outputs,
        id: given.id,
        output: given.output,
        verdicts: given.verdicts,
        allow_exec: verb.execution.allow_exec,
    })?;
    let text = if as_json {
        let text = serde_json::to_string_pretty(&found)
            .map_err(|error| JobError::Unexpected(error.to_string()))?;
        text + "\n"
    } else {
        report::outputs(&found.heading, &found.summary, found.unit)
    };
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}
