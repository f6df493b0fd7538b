//! The page of a calibration: may the judge be used, how well it agrees, how it errs, what its rates are worth, where people disagree.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{Data, Document, Section};
use super::judged::{Chart, Head, charts, entries, joined};
use super::template::{Html, fill};
use crate::analysis::calibration::{Calibration, Measure, Shift, Statistic};
use crate::analysis::findings::{Figure, Unit};
use crate::report::calibration::{self as words, JudgeTitle};
use crate::report::chart::{
    Bin, IntervalRow, Intervals, Look, Matrix, Part, Reliability, Shape, ShareRow, Shares, Tone,
    intervals, matrix, reliability, shares, signed_intervals,
};
use crate::report::said::Said;
use crate::report::screen::Ink;

/// The script that filters the list.
const SCRIPT: &str = include_str!("../../../reports/judge.js");
/// Most characters of a text in the list.
const TEXT: usize = 4_000;

/// The page.
#[must_use]
pub fn calibration_page(title: &JudgeTitle, found: &Calibration) -> String {
    let mut notes = words::warnings(found);
    notes.extend(Said::list("advice", &found.advice));
    let facts = [&title.name, &found.scale, &title.labels].map(String::as_str);
    let head = Head {
        what: format!("Calibration of {}", title.name),
        facts: facts.join(" · "),
        concluded: words::concluded(found),
        notes,
        exit: words::exit(found),
    };
    let rates = [entries(&words::rates(found)), charts(&rates(found))];
    let mut sections = vec![Section {
        id: "agreement",
        title: "Agreement with people",
        body: joined(&[
            entries(&[words::agreement(found), words::people(found)].concat()),
            charts(&agreement(found)),
        ]),
    }];
    let errs = joined(&[
        entries(&[words::errors(found), words::orders(found)].concat()),
        charts(&errors(found)),
    ]);
    if !errs.as_str().is_empty() {
        sections.push(Section {
            id: "errors",
            title: "Errors and bias",
            body: errs,
        });
    }
    if found.rates.is_some() {
        sections.push(Section {
            id: "rates",
            title: "What its rates are worth",
            body: joined(&rates),
        });
    }
    sections.extend([
        Section {
            id: "labels",
            title: "Labels",
            body: entries(&words::labels(found)),
        },
        Section {
            id: "disagreements",
            title: "Where people and the judge disagree",
            body: disagreements(found),
        },
        Section {
            id: "record",
            title: "How to get the same again",
            body: entries(&record(title, found)),
        },
    ]);
    Document {
        title: &format!("{}: calibration", title.name),
        head: head.html(),
        sections,
        script: Some(SCRIPT),
        data: Data::None,
    }
    .render()
}

fn figure<'a>(found: &'a Calibration, name: &str) -> Option<&'a Figure> {
    match found.statistics.get(name)? {
        Statistic::Figure(figure) => Some(figure),
        _ => None,
    }
}

/// The judge beside people's own ceiling, and class by class.
fn agreement(found: &Calibration) -> Vec<Chart> {
    let mut all = Vec::new();
    let named = [
        (found.agreement.as_str(), "judge with people"),
        ("human_ceiling", "people with one another"),
        ("judge_at_ceiling", "judge with the same people"),
    ];
    let mut rows: Vec<(String, &Figure)> = named
        .iter()
        .filter_map(|(key, name)| Some(((*name).to_owned(), figure(found, key)?)))
        .collect();
    let people = found.people.iter().flat_map(|facts| &facts.annotators);
    for one in people {
        rows.push((format!("{} with the others", one.annotator), &one.person));
    }
    let look = |place: usize| match place {
        0 | 2 => Look {
            shape: Shape::Diamond,
            tone: Tone::Accent,
        },
        _ => Look::PLAIN,
    };
    let rows: Vec<IntervalRow<'_>> = rows
        .iter()
        .enumerate()
        .map(|(place, (name, figure))| IntervalRow {
            name,
            figure,
            look: look(place),
        })
        .collect();
    let title = words::words(&found.agreement).to_owned();
    all.push(Chart {
        drawn: Html::drawn(intervals(&Intervals {
            id: "chart-agreement",
            title: &title,
            unit: Unit::Score,
            rows: &rows,
            rule: None,
            beside: &[],
        })),
        title,
    });
    if let Some(Statistic::Table(counts)) = found.statistics.get("confusion_rows_human_cols_judge")
    {
        let title = "what people say and what the judge says".to_owned();
        let classes = classes(found, counts.len());
        all.push(Chart {
            drawn: Html::drawn(matrix(&Matrix {
                id: "chart-matrix",
                title: &title,
                classes: &classes,
                counts,
            })),
            title,
        });
    }
    all
}

/// The names of a table's classes, in its order.
fn classes(found: &Calibration, count: usize) -> Vec<String> {
    if let Some((low, _)) = found.scale.split_once("..")
        && let Ok(low) = low.parse::<i64>()
    {
        return (low..).take(count).map(|grade| grade.to_string()).collect();
    }
    let names = match found.scale.as_str() {
        "pass/fail" => vec!["fail", "pass"],
        "preference a/b/tie" => vec!["a", "b", "tie"],
        _ => Vec::new(),
    };
    let named = found.class_names.iter().map(String::as_str);
    let names: Vec<&str> = if names.is_empty() {
        named.collect()
    } else {
        names
    };
    let place = |at: usize| {
        names
            .get(at)
            .map_or_else(|| at.to_string(), ToString::to_string)
    };
    (0..count).map(place).collect()
}

/// Its stated probabilities, its two orders and where it leans.
fn errors(found: &Calibration) -> Vec<Chart> {
    let mut all = Vec::new();
    if !found.curve.is_empty() {
        let bins: Vec<Bin> = found
            .curve
            .iter()
            .map(|bin| Bin {
                n: bin.n,
                stated: bin.stated,
                passed: bin.passed.clone(),
            })
            .collect();
        let title = "stated probability of pass, and how often people pass".to_owned();
        all.push(Chart {
            drawn: Html::drawn(reliability(&Reliability {
                id: "chart-curve",
                title: &title,
                bins: &bins,
            })),
            title,
        });
    }
    all.extend(orders(found));
    for (by, title) in [
        ("target", "by whose output it is"),
        ("class", "by what people say"),
        ("length", "by length of the output"),
    ] {
        let slices: Vec<&Shift> = found.shifts.iter().filter(|one| one.by == by).collect();
        all.extend(leaning(by, title, &slices));
    }
    all
}

fn leaning(by: &str, title: &str, slices: &[&Shift]) -> Option<Chart> {
    let first = slices.first()?;
    let (what, signed) = match first.measure {
        Measure::JudgeMinusLabels => ("judge minus labels", true),
        Measure::SameVerdict => ("the same verdict", false),
    };
    let title = format!("{what}, {title} (exploration, not adjusted)");
    let names: Vec<String> = slices
        .iter()
        .map(|one| format!("{} (n {})", one.name, one.n))
        .collect();
    let rows: Vec<IntervalRow<'_>> = slices
        .iter()
        .zip(&names)
        .map(|(one, name)| IntervalRow {
            name,
            figure: &one.figure,
            look: Look::PLAIN,
        })
        .collect();
    let plot = Intervals {
        id: &format!("chart-{by}"),
        title: &title,
        unit: first.unit,
        rows: &rows,
        rule: signed.then_some((0.0, "as people do,")),
        beside: &[],
    };
    let drawn = match signed {
        true => signed_intervals(&plot),
        false => intervals(&plot),
    };
    Some(Chart {
        title,
        drawn: Html::drawn(drawn),
    })
}

/// A pairwise judge's pairs by what both orders say.
fn orders(found: &Calibration) -> Option<Chart> {
    let count = |name: &str| match found.statistics.get(name) {
        Some(Statistic::Count(count)) => Some(*count),
        _ => None,
    };
    let (first, second) = (count("flips_to_first")?, count("flips_to_second")?);
    let read = figure(found, "position_consistent_of_parsed")?
        .estimate()?
        .n;
    let parts = [
        Part {
            words: "the same winner in both orders",
            count: read.saturating_sub(first + second),
            tone: Tone::Good,
        },
        Part {
            words: "flip to the one shown first",
            count: first,
            tone: Tone::Bad,
        },
        Part {
            words: "flip to the one shown second",
            count: second,
            tone: Tone::Accent,
        },
    ];
    let title = "pairs in both orders".to_owned();
    let rows = [ShareRow {
        name: "pairs read in both orders",
        parts: &parts,
    }];
    Some(Chart {
        drawn: Html::drawn(shares(&Shares {
            id: "chart-orders",
            title: &title,
            rows: &rows,
        })),
        title,
    })
}

/// The judge's rates, raw and corrected.
fn rates(found: &Calibration) -> Vec<Chart> {
    let Some(rates) = &found.rates else {
        return Vec::new();
    };
    let named = [
        ("as the judge says", &rates.raw),
        ("by the labels alone", &rates.labels_only),
        ("both joined (PPI++)", &rates.ppi),
        ("by its two error rates (Rogan-Gladen)", &rates.rogan_gladen),
    ];
    let rows = named.map(|(name, figure)| IntervalRow {
        name,
        figure,
        look: Look::PLAIN,
    });
    let title = rates.of.clone();
    let drawn = intervals(&Intervals {
        id: "chart-rates",
        title: &title,
        unit: words::rate_unit(found),
        rows: &rows,
        rule: None,
        beside: &[],
    });
    vec![Chart {
        title,
        drawn: Html::drawn(drawn),
    }]
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.to_owned(),
    }
}

fn disagreements(found: &Calibration) -> Html {
    #[derive(Serialize)]
    struct Kind<'a> {
        words: &'a str,
        count: usize,
    }
    #[derive(Serialize)]
    struct Item<'a> {
        kind: usize,
        id: &'a str,
        said: String,
        has_texts: bool,
        input: Option<String>,
        output: Option<String>,
        reason: Option<String>,
        critiques: Vec<String>,
    }
    #[derive(Serialize)]
    struct Values<'a> {
        kinds: Vec<Kind<'a>>,
        items: Vec<Item<'a>>,
        total: u64,
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in &found.listed.items {
        *counts.entry(kind).or_default() += 1;
    }
    let places: Vec<&str> = counts.keys().copied().collect();
    let place = |kind: &str| places.iter().position(|one| *one == kind).unwrap_or(0);
    let items = found.listed.items.iter().map(|(kind, one)| Item {
        kind: place(kind),
        id: &one.item,
        said: words::disagreed(one),
        has_texts: one.input.is_some()
            || one.output.is_some()
            || one.reason.is_some()
            || !one.critiques.is_empty(),
        input: one.input.as_deref().map(cut),
        output: one.output.as_deref().map(cut),
        reason: one.reason.as_deref().map(cut),
        critiques: one.critiques.iter().map(|text| cut(text)).collect(),
    });
    fill(
        include_str!("../../../reports/judge/disagreements.html"),
        Values {
            items: items.collect(),
            kinds: counts
                .iter()
                .map(|(words, count)| Kind {
                    words,
                    count: *count,
                })
                .collect(),
            total: found.listed.total,
        },
    )
}

fn record(title: &JudgeTitle, found: &Calibration) -> Vec<Said> {
    let line = |label, text: &str| Said::new(label, text, Ink::Plain);
    let mut said = vec![line("judge", &title.name)];
    if let Some(judge) = &found.judge {
        said.push(line("identity", &judge.digest));
        said.push(line("model", &judge.model));
    }
    said.push(line("scale", &found.scale));
    said.push(line("people", &format!("the {} of their labels", found.of)));
    said.push(line("labels", &title.labels));
    if let Some(digest) = &found.labels.digest {
        said.push(line("", digest));
    }
    if let Some(drawn) = found.labels.drawn {
        said.push(line("drawn", drawn));
    }
    let look = super::judged::look(found.labels.look, found.alpha);
    said.push(line("look", &look));
    said.push(line("evenhand", env!("CARGO_PKG_VERSION")));
    said
}
