//! What an audit says in words, and its screen: a line a probe, the worst first in the eye by its word; then what to do.

use super::screen::{Ink, Place, Screen};
use crate::analysis::audit::{Audit, Probe, Row, Standing};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;

/// Columns before a probe's word, and before its text.
const NAME: usize = 17;
const HANG: usize = 31;
/// Most attacks that are named.
const MOST_NAMED: usize = 8;

/// The screen.
#[must_use]
pub fn audit_screen(found: &Audit, code: u8, width: usize, color: bool) -> String {
    let mut screen = Screen::new(width, color);
    screen.paragraph(Ink::Bold, &heading(found).join(" · "));
    screen.gap();
    for row in &found.probes {
        probe(&mut screen, row);
    }
    let advice: Vec<(&str, &str)> = found
        .probes
        .iter()
        .filter_map(|row| Some((row.probe.name(), row.advice.as_deref()?)))
        .collect();
    if !advice.is_empty() {
        screen.gap();
    }
    for (name, text) in advice {
        let at = Place {
            indent: 0,
            hang: NAME,
            below: 4,
        };
        screen.entry(at, &[(name, Ink::Dim)], (text, Ink::Plain));
    }
    for note in &found.notes {
        screen.gap();
        screen.paragraph(Ink::Warn, note);
    }
    screen.gap();
    screen.paragraph(Ink::Bold, &exit(code));
    screen.finish()
}

/// Which judge, on which scale, asked about what.
pub(super) fn heading(found: &Audit) -> [String; 3] {
    let digest: String = found.digest.chars().take(6).collect();
    let judge = format!("{} by {} ({digest})", found.judge, found.model);
    [judge, found.scale.clone(), found.outputs.clone()]
}

/// How the process ends, and why.
pub(super) fn exit(code: u8) -> String {
    let words = match code {
        0 => "no probe of --fail-on fails",
        6 => "a probe of --fail-on was not measured",
        _ => "a probe of --fail-on fails",
    };
    format!("exit {code}: {words}")
}

/// How a standing is emphasised.
pub(super) fn ink(standing: Standing) -> Ink {
    match standing {
        Standing::Ok => Ink::Good,
        Standing::Unclear => Ink::Warn,
        Standing::Fails => Ink::Bad,
        Standing::NotMeasured => Ink::Dim,
    }
}

/// What a probe found.
pub(super) fn text(row: &Row) -> String {
    match &row.figure {
        None => row.found.clone(),
        Some(figure) => {
            let shown = match (row.probe, figure) {
                (Probe::Order | Probe::Letters, Figure::Estimate(lost)) => {
                    format!("{} lost", format::difference(row.unit, lost))
                }
                _ => format::figure(row.unit, figure, Some(row.bar)),
            };
            format!("{shown}, {}; bar: {}", row.found, bar(row))
        }
    }
}

fn probe(screen: &mut Screen, row: &Row) {
    let name = format!("{:NAME$}", row.probe.name());
    let at = Place {
        indent: 0,
        hang: HANG,
        below: 4,
    };
    let ended = (row.standing.words(), ink(row.standing));
    let labels = [(name.as_str(), Ink::Bold), ended];
    screen.entry(at, &labels, (&text(row), Ink::Plain));
    if !row.flipped.is_empty() {
        let more = row.flipped.len().saturating_sub(MOST_NAMED);
        let named = row.flipped.iter().take(MOST_NAMED);
        let mut list = named.map(String::as_str).collect::<Vec<_>>().join(", ");
        if more > 0 {
            list.push_str(&format!(" and {more} more"));
        }
        let below = Place { below: HANG, ..at };
        screen.entry(below, &[], (&list, Ink::Plain));
    }
}

/// The bar in words.
pub(super) fn bar(row: &Row) -> String {
    let value = match row.unit {
        Unit::Rate => format!("{:.0} %", 100.0 * row.bar),
        _ => format!("{:.2}", row.bar),
    };
    match row.probe {
        Probe::Order | Probe::Letters => format!("at most {:.0} points", 100.0 * row.bar),
        Probe::Injection | Probe::Unparsed | Probe::SelfPreference => format!("at most {value}"),
        Probe::Position | Probe::Repeat => format!("at least {value}"),
        Probe::Length => format!("within {value} of 0"),
    }
}
