//! `show`: one case of a run in full.

use super::args::Show;
use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::jobs;
use crate::report::{self, ShowFrame};

pub(crate) fn run(verb: Show, screen: &Screen) -> Done {
    let order = jobs::Show {
        run: verb.run,
        case: verb.case,
        targets: verb.targets,
    };
    let shown = jobs::show(&order, &verb.place.runs_dir)?;
    let frame = ShowFrame {
        width: screen.width,
        color: screen.color,
        full: verb.full,
        suite: shown.suite.name.clone(),
        repeats: shown.suite.repeats,
        calibration: shown.calibration.clone(),
    };
    let trials: Vec<report::Shown<'_>> = shown
        .trials
        .iter()
        .map(|trial| report::Shown {
            finished: trial.finished.as_ref(),
            target: &trial.target,
            repeat: trial.repeat,
            scores: &trial.scores,
            success: trial.success,
        })
        .collect();
    print(
        screen,
        report::show(&shown.case, &trials, &frame).as_bytes(),
    )?;
    Ok(exit::DONE)
}
