//! `init`: a suite to start from.

use super::args::Init;
use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::funnel::terminal;
use crate::jobs;

pub(crate) fn run(verb: &Init, screen: &Screen) -> Done {
    let written = jobs::init(&verb.folder, verb.pack.as_deref())?;
    let mut text = String::new();
    for file in &written.files {
        text.push_str(&format!(
            "wrote  {}\n",
            terminal(&file.display().to_string())
        ));
    }
    text.push_str(&format!(
        "next   evenhand run {}\n",
        terminal(&written.suite.display().to_string())
    ));
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}
