//! `view`: a run's page in the browser, for runs of any size and while they go on. Only shows: its exit code never speaks of the gates.

use super::Done;
use super::args::View;
use super::screen::Screen;
use crate::jobs::JobError;

#[cfg(feature = "serve")]
pub(crate) fn run(verb: &View, screen: &Screen) -> Done {
    use super::failure::exit;
    use crate::jobs::{open_run, run_pages};
    use crate::report::labelled;
    use crate::serve::{Limits, Server};

    let unexpected = |error: &dyn std::fmt::Display| JobError::Unexpected(error.to_string());
    let run = open_run(&verb.run, &verb.place.runs_dir)?;
    let name = run.id().to_owned();
    let pages = run_pages(run)?;
    let server = Server::bind(verb.port).map_err(|error| JobError::Usage(error.to_string()))?;
    let text = labelled("open      ", &server.url(), screen.width.max(120));
    super::print(screen, text.as_bytes())?;
    screen.note(&format!(
        "run {name}: that address works once, in one browser on this machine; Ctrl-C ends it"
    ));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| JobError::Unexpected(format!("the runtime cannot start: {error}")))?;
    let stop = async {
        // Being told to end is how it ends: nothing is interrupted.
        super::run::signalled().await;
    };
    runtime
        .block_on(server.run(pages, Limits::default(), stop))
        .map_err(|error| unexpected(&error))?;
    Ok(exit::DONE)
}

#[cfg(not(feature = "serve"))]
pub(crate) fn run(_: &View, _: &Screen) -> Done {
    Err(JobError::Usage(
        "this evenhand was built without its local pages (feature `serve`); `evenhand report RUN --report html=FILE` writes the page"
            .to_owned(),
    ))
}
