//! `runs`: what there is to look at.

use super::args::Runs;
use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::funnel::terminal;
use crate::jobs;
use crate::report::runs_table;

pub(crate) fn run(verb: &Runs, screen: &Screen) -> Done {
    let dir = &verb.place.runs_dir;
    let lines = jobs::runs(dir, verb.limit)?;
    if lines.is_empty() {
        screen.note(&format!(
            "no runs in {}; make one: evenhand run SUITE",
            terminal(&dir.display().to_string())
        ));
    } else {
        print(
            screen,
            runs_table(&lines, screen.width, screen.color).as_bytes(),
        )?;
    }
    Ok(exit::DONE)
}
