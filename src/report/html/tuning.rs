//! The page of a tuning: what it comes to on labels that chose nothing, what was tried, and the new judge beside the present one.

use serde::Serialize;

use super::document::{Data, Document, Section};
use super::judged::{Chart, Head, charts, entries, joined};
use super::template::{Html, fill};
use crate::analysis::findings::{Finding, Unit};
use crate::analysis::tuning::Tuning;
use crate::report::chart::{
    DifferenceRow, Differences, IntervalRow, Intervals, Look, Shape, Tone, differences, intervals,
};
use crate::report::said::Said;
use crate::report::screen::Ink;
use crate::report::tuning as words;

/// Most candidates of the table; the others are counted.
const MOST_ROWS: usize = 100;

/// The page.
#[must_use]
pub fn tuning_page(tuning: &Tuning, labels: &str) -> String {
    let mut notes = words::warnings(tuning);
    notes.extend(Said::list("advice", &tuning.advice));
    let facts = [tuning.present.as_str(), &tuning.scale, labels];
    let head = Head {
        what: format!("Tuning of {}", tuning.present),
        facts: facts.join(" · "),
        concluded: words::concluded(tuning),
        notes,
        exit: words::exit(tuning),
    };
    let mut sections = Vec::new();
    if tuning.held_out.is_some() || tuning.cross_validated.is_some() {
        let said = [
            words::held_out(tuning),
            words::cross_validated(tuning),
            words::gap(tuning),
        ];
        sections.push(Section {
            id: "test",
            title: "On labels that chose nothing",
            body: joined(&[entries(&said.concat()), charts(&held_out(tuning))]),
        });
    }
    sections.push(Section {
        id: "tried",
        title: "What was tried",
        body: tried(tuning),
    });
    if let Some(diff) = &tuning.diff {
        sections.push(Section {
            id: "file",
            title: "The new judge",
            body: file(tuning, diff),
        });
    }
    sections.push(Section {
        id: "labels",
        title: "Labels",
        body: entries(&words::parts(tuning)),
    });
    sections.push(Section {
        id: "record",
        title: "How to get the same again",
        body: entries(&record(tuning, labels)),
    });
    Document {
        title: &format!("{}: tuning", tuning.present),
        head: head.html(),
        sections,
        script: None,
        data: Data::None,
    }
    .render()
}

/// Both judges on the test part, and the difference of how often each is right.
fn held_out(tuning: &Tuning) -> Vec<Chart> {
    let Some(found) = &tuning.held_out else {
        return Vec::new();
    };
    let chosen = format!("{} (chosen)", tuning.chosen);
    let present = format!("{} (present)", tuning.present);
    let rows = [
        IntervalRow {
            name: &chosen,
            figure: &found.chosen_agreement,
            look: Look {
                shape: Shape::Diamond,
                tone: Tone::Accent,
            },
        },
        IntervalRow {
            name: &present,
            figure: &found.present_agreement,
            look: Look::PLAIN,
        },
    ];
    let title = format!("{} with people, on test", words::words(&tuning.agreement));
    let agreement = Chart {
        drawn: Html::drawn(intervals(&Intervals {
            id: "chart-agreement",
            title: &title,
            unit: Unit::Score,
            rows: &rows,
            rule: None,
            beside: &[],
        })),
        title,
    };
    let (name, unit) = match tuning.is_number {
        true => ("nearer to people", Unit::Score),
        false => ("right more often", Unit::Rate),
    };
    let title = format!("{} against {}, item by item", tuning.chosen, tuning.present);
    let difference = Chart {
        drawn: Html::drawn(differences(&Differences {
            id: "chart-difference",
            title: &title,
            rows: &[DifferenceRow {
                name,
                unit,
                difference: &found.difference,
                margin: None,
                more_is_better: true,
                finding: found.improved.then_some(Finding::Better),
            }],
        })),
        title,
    };
    vec![agreement, difference]
}

fn tried(tuning: &Tuning) -> Html {
    #[derive(Serialize)]
    struct One<'a> {
        name: &'a str,
        place: &'static str,
        origin: &'static str,
        said: String,
    }
    #[derive(Serialize)]
    struct Values<'a> {
        head: String,
        rows: Vec<One<'a>>,
        hidden: usize,
    }
    let (came, failed) = words::ranked(tuning);
    let all: Vec<One<'_>> = came
        .into_iter()
        .chain(failed)
        .map(|one| One {
            name: &one.name,
            place: match () {
                () if one.name == tuning.present => "present",
                () if one.name == tuning.chosen => "chosen",
                () => "",
            },
            origin: one.origin,
            said: match &one.failed {
                Some(why) => format!("came to nothing: {why}"),
                None => words::reached_words(tuning, one),
            },
        })
        .collect();
    let before = all.len();
    let mut room = MOST_ROWS;
    let rows = all.into_iter().filter(|one| {
        let is_kept = room > 0 || !one.place.is_empty();
        room = room.saturating_sub(1);
        is_kept
    });
    let rows: Vec<One<'_>> = rows.collect();
    fill(
        include_str!("../../../reports/judge/candidates.html"),
        Values {
            head: words::tried_words(tuning),
            hidden: before - rows.len(),
            rows,
        },
    )
}

fn file(tuning: &Tuning, diff: &str) -> Html {
    #[derive(Serialize)]
    struct Line<'a> {
        sign: &'a str,
        text: &'a str,
    }
    #[derive(Serialize)]
    struct Values<'a> {
        head: String,
        lines: Vec<Line<'a>>,
    }
    let lines = diff.lines().map(|text| Line {
        sign: ["+", "-", "@"]
            .into_iter()
            .find(|sign| text.starts_with(sign))
            .unwrap_or(""),
        text,
    });
    fill(
        include_str!("../../../reports/judge/diff.html"),
        Values {
            head: words::beside(tuning),
            lines: lines.collect(),
        },
    )
}

fn record(tuning: &Tuning, labels: &str) -> Vec<Said> {
    let line = |label, text: &str| Said::new(label, text, Ink::Plain);
    let mut said = vec![
        line("present", &tuning.present),
        line("chosen", &tuning.chosen),
        line("labels", labels),
        line("", &tuning.labels.digest),
        line("seed", &tuning.seed.to_string()),
    ];
    if let Some(found) = &tuning.held_out {
        let look = super::judged::look(found.look, found.alpha);
        said.push(line("look", &look));
    }
    said.extend(words::spent(tuning));
    said.push(line("evenhand", env!("CARGO_PKG_VERSION")));
    said
}
