//! `report`: a run's reports again. Only shows: its exit code never speaks of the gates.

use super::Done;
use super::args::Report;
use super::failure::exit;
use super::next::address;
use super::reports::Wanted;
use super::screen::Screen;
use crate::jobs::{open_run, tell};
use crate::report::Frame;

pub(crate) fn run(verb: &Report, screen: &Screen) -> Done {
    let wanted = Wanted::of(&verb.reports)?;
    let told = tell(open_run(&verb.run, &verb.place.runs_dir)?)?;
    let frame = Frame {
        run: address(&told.findings.run.id, &verb.place.runs_dir),
        ..Frame::default()
    };
    wanted.write(&told, &[], frame, screen)?;
    Ok(exit::DONE)
}
