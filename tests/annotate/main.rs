//! `annotate`: labels given by hand are durable when they are called saved, blind until they are given, and what `judge calibrate` reads.

#[expect(dead_code, reason = "no report is read here")]
#[path = "../support/cli.rs"]
mod cli;

mod deciding;
mod files;
mod fitting;
mod terminal;

#[cfg(feature = "serve")]
mod blinding;
#[cfg(feature = "serve")]
#[expect(dead_code, reason = "not all of the browser is needed here")]
#[path = "../support/browser.rs"]
mod browser;
#[cfg(feature = "serve")]
mod chromium;
#[cfg(feature = "serve")]
mod durability;
#[cfg(feature = "serve")]
mod page;

use serde_json::{Value as Json, json};

use cli::Desk;

/// So many outputs to be labelled, as JSON lines; their names say where they stand.
fn outputs(count: usize) -> String {
    let line = |at: usize| {
        let output = json!({"item": format!("item-{at:03}"), "input": format!("question {}", words(at)), "output": format!("reply {}", words(at))});
        format!("{output}\n")
    };
    (0..count).map(line).collect()
}

/// A text of its own for each place, which does not tell the place.
fn words(at: usize) -> String {
    const WORDS: [&str; 10] = [
        "oak", "elm", "ash", "fir", "yew", "box", "bay", "fig", "gum", "nut",
    ];
    let digits = (at * 7_919 + 13) % 1_000;
    format!(
        "{} {} {}",
        WORDS[digits / 100],
        WORDS[digits / 10 % 10],
        WORDS[digits % 10]
    )
}

/// The rows of a labels file.
fn rows(desk: &Desk, name: &str) -> Vec<Json> {
    desk.read(name)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a row of JSON"))
        .collect()
}
