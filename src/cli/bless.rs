//! `bless`: a run becomes the baseline.

use super::args::Bless;
use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::funnel::terminal;
use crate::jobs;

pub(crate) fn run(verb: Bless, screen: &Screen) -> Done {
    let order = jobs::Bless {
        run: verb.run,
        target: verb.target,
        to: verb.to,
        force: verb.force,
    };
    let blessed = jobs::bless(&order, &verb.place.runs_dir)?;
    let path = blessed.path.display().to_string();
    let text = format!(
        "{} {}: {} cases of {} in {}\nnext   git add {}\n",
        if blessed.replaced {
            "replaced"
        } else {
            "wrote"
        },
        terminal(&path),
        blessed.cases,
        terminal(&blessed.target),
        blessed.run,
        terminal(&path)
    );
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}
