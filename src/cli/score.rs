//! `score`: changed scorers on a run's transcripts.

use super::Done;
use super::args::Score;
use super::next::{Again, latest};
use super::reports::Wanted;
use super::run::{carry_out, cassette};
use super::screen::Screen;
use crate::funnel::terminal;
use crate::jobs::{Rescore, Selection, SystemClock, rescore};

pub(crate) fn run(verb: Score, screen: &Screen) -> Done {
    let wanted = Wanted::of(&verb.reports)?;
    let again = Again::of_score(&verb);
    let order = Rescore {
        run: verb.run,
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
    };
    let prepared = rescore(&order, &SystemClock)?;
    for note in &prepared.notes {
        screen.note(&terminal(note));
    }
    let address = latest(prepared.id(), &order.runs_dir);
    carry_out(prepared, (address, &again), &wanted, screen)
}
