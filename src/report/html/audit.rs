//! The page of an audit: each probe with its figure and its bar, and the attacks that talked the judge over.

use serde::Serialize;

use super::document::{Data, Document, Section};
use super::judged::{Head, entries, tone};
use super::template::{Html, fill};
use crate::analysis::audit::{AttackText, Audit, Probe, Row, Standing};
use crate::analysis::calibration::Statistic;
use crate::report::audit as words;
use crate::report::chart::{
    IntervalRow, Intervals, Look, Part, Shape, ShareRow, Shares, Tone, intervals, intervals_within,
    shares,
};
use crate::report::said::Said;
use crate::report::screen::Ink;

/// The page; `code` is the exit code that `--fail-on` leads to.
#[must_use]
pub fn audit_page(found: &Audit, code: u8) -> String {
    let notes: Vec<Said> = found
        .notes
        .iter()
        .map(|note| Said::new("note", note, Ink::Warn))
        .collect();
    let (word, ink, rule) = concluded(found);
    let head = Head {
        what: format!("Audit of {}", found.judge),
        facts: words::heading(found).join(" · "),
        concluded: (word, ink, rule),
        notes,
        exit: words::exit(code),
    };
    let mut sections = vec![Section {
        id: "probes",
        title: "What it leans on besides merit",
        body: probes(found),
    }];
    if !found.attacks.is_empty() {
        sections.push(Section {
            id: "attacks",
            title: "Attacks that talked it over",
            body: attacks(&found.attacks),
        });
    }
    sections.push(Section {
        id: "record",
        title: "How to get the same again",
        body: entries(&record(found)),
    });
    Document {
        title: &format!("{}: audit", found.judge),
        head: head.html(),
        sections,
        script: None,
        data: Data::None,
    }
    .render()
}

/// The worst standing, whose probes follow it, then the others with theirs.
fn concluded(found: &Audit) -> (&'static str, Ink, String) {
    let order = [
        Standing::Fails,
        Standing::Unclear,
        Standing::NotMeasured,
        Standing::Ok,
    ];
    let of = |standing: Standing| {
        let rows = found.probes.iter();
        let names: Vec<&str> = rows
            .filter(|row| row.standing == standing)
            .map(|row| row.probe.name())
            .collect();
        (!names.is_empty()).then(|| (standing, names.join(", ")))
    };
    let mut ended = order.into_iter().filter_map(of);
    let (worst, mut rule) = ended
        .next()
        .unwrap_or((Standing::NotMeasured, "no probe".to_owned()));
    for (standing, names) in ended {
        rule.push_str(&format!("; {}: {names}", standing.words()));
    }
    (worst.words(), words::ink(worst), rule)
}

fn probes(found: &Audit) -> Html {
    #[derive(Serialize)]
    struct One<'a> {
        name: &'static str,
        word: &'static str,
        tone: &'static str,
        text: String,
        charts: Vec<Html>,
        flipped: String,
        advice: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct Values<'a> {
        probes: Vec<One<'a>>,
    }
    let probes = found.probes.iter().map(|row| One {
        name: row.probe.name(),
        word: row.standing.words(),
        tone: tone(words::ink(row.standing)),
        text: words::text(row),
        charts: charts(row),
        flipped: row.flipped.join(", "),
        advice: row.advice.as_deref(),
    });
    fill(
        include_str!("../../../reports/judge/probes.html"),
        Values {
            probes: probes.collect(),
        },
    )
}

/// The figure beside its bar; for pairs also how their two orders end.
fn charts(row: &Row) -> Vec<Html> {
    let mut all = Vec::new();
    if let Some(figure) = &row.figure {
        let title = format!("{}, with its bar", row.probe.name());
        let marks = match row.standing {
            Standing::Ok => (Shape::Circle, Tone::Good),
            Standing::Fails => (Shape::Diamond, Tone::Bad),
            Standing::Unclear | Standing::NotMeasured => (Shape::Ring, Tone::Plain),
        };
        let (shape, tone) = marks;
        let rows = [IntervalRow {
            name: row.probe.name(),
            figure,
            look: Look { shape, tone },
        }];
        let plot = Intervals {
            id: &format!("chart-{}", row.probe.name()),
            title: &title,
            unit: row.unit,
            rows: &rows,
            rule: Some((row.bar, "bar")),
            beside: &[],
        };
        all.push(Html::drawn(match row.probe {
            Probe::Length => intervals_within(&plot, &[(-row.bar, "bar"), (row.bar, "bar")]),
            _ => intervals(&plot),
        }));
    }
    all.extend(orders(row));
    all
}

/// A pairwise judge's pairs by what both orders say.
fn orders(row: &Row) -> Option<Html> {
    let count = |name: &str| match row.statistics.get(name) {
        Some(Statistic::Count(count)) => Some(*count),
        _ => None,
    };
    let (all, first, second) = (
        count("pairs")?,
        count("flips_to_first")?,
        count("flips_to_second")?,
    );
    let parts = [
        Part {
            words: "the same winner in both orders",
            count: row.n.saturating_sub(first + second),
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
        Part {
            words: "not read in both orders",
            count: all.saturating_sub(row.n),
            tone: Tone::Muted,
        },
    ];
    let rows = [ShareRow {
        name: "pairs",
        parts: &parts,
    }];
    Some(Html::drawn(shares(&Shares {
        id: "chart-orders",
        title: "pairs in both orders",
        rows: &rows,
    })))
}

fn attacks(attacks: &[AttackText]) -> Html {
    #[derive(Serialize)]
    struct One<'a> {
        id: &'a str,
        family: &'a str,
        input: &'a str,
        right: &'a str,
        output: &'a str,
    }
    #[derive(Serialize)]
    struct Values<'a> {
        attacks: Vec<One<'a>>,
    }
    let attacks = attacks.iter().map(|one| One {
        id: &one.id,
        family: &one.family,
        input: &one.input,
        right: &one.right,
        output: &one.output,
    });
    fill(
        include_str!("../../../reports/judge/attacks.html"),
        Values {
            attacks: attacks.collect(),
        },
    )
}

fn record(found: &Audit) -> Vec<Said> {
    let lines = [
        ("judge", found.judge.as_str()),
        ("identity", &found.digest),
        ("model", &found.model),
        ("scale", &found.scale),
        ("outputs", &found.outputs),
        ("evenhand", env!("CARGO_PKG_VERSION")),
    ];
    lines
        .into_iter()
        .map(|(label, text)| Said::new(label, text, Ink::Plain))
        .collect()
}
