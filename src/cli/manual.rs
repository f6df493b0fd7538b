//! `completions` and `man`: what shells and manuals know of the command line, from the same tree that reads it.

use std::fs;
use std::path::Path;

use super::args::{Completions, Man, command};
use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::funnel::terminal;
use crate::jobs::JobError;

/// What the pages are a part of, at their foot.
const MANUAL: &str = "evenhand manual";

pub(crate) fn completions(verb: &Completions, screen: &Screen) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(verb.shell, &mut command(), "evenhand", &mut script);
    print(screen, &script)?;
    Ok(exit::DONE)
}

pub(crate) fn man(verb: &Man, screen: &Screen) -> Done {
    let Some(folder) = &verb.out else {
        for (_, page) in pages().into_iter().take(1) {
            let page = page.map_err(|error| JobError::Unexpected(error.to_string()))?;
            print(screen, &page)?;
        }
        return Ok(exit::DONE);
    };
    let fail = |path: &Path, error: std::io::Error| {
        JobError::Store(format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| fail(folder, error))?;
    let mut text = String::new();
    for (name, page) in pages() {
        let path = folder.join(name);
        page.and_then(|page| fs::write(&path, page))
            .map_err(|error| fail(&path, error))?;
        let path = path.display().to_string();
        text.push_str(&format!("wrote  {}\n", terminal(&path)));
    }
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

/// Every page with its file's name: the program's first, then one for each verb that is not hidden.
fn pages() -> Vec<(String, std::io::Result<Vec<u8>>)> {
    // The tree knows its full names ("evenhand-run") only once it is built.
    let mut whole = command().disable_help_subcommand(true);
    whole.build();
    let verbs = whole
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .cloned();
    let commands: Vec<clap::Command> = std::iter::once(whole.clone()).chain(verbs).collect();
    let name = |command: &clap::Command| {
        let name = command.get_display_name();
        format!("{}.1", name.unwrap_or_else(|| command.get_name()))
    };
    commands
        .iter()
        .map(|command| (name(command), page(command)))
        .collect()
}

fn page(command: &clap::Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone()).manual(MANUAL);
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(more) = command.get_after_help() {
        page.extend_from_slice(as_it_stands(&more.to_string()).as_bytes());
    }
    Ok(page)
}

/// The end of the help as a section of its own, its lines not filled: they stand in columns.
fn as_it_stands(text: &str) -> String {
    let mut section = ".SH EXAMPLES\n.nf\n".to_owned();
    for line in text.lines().filter(|line| *line != "Examples:") {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        let starts_request = line.starts_with(['.', '\'']);
        section.push_str(if starts_request { "\\&" } else { "" });
        section.push_str(&line);
        section.push('\n');
    }
    section + ".fi\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_examples_are_no_requests() {
        assert_eq!(
            as_it_stands("Examples:\n  a --b\n.TH x\n'a \\n"),
            ".SH EXAMPLES\n.nf\n  a \\-\\-b\n\\&.TH x\n\\&'a \\en\n.fi\n"
        );
    }
}
