//! The screen of an audit: a line a probe, the worst first in the eye by its word; then what to do.

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
    let digest: String = found.digest.chars().take(6).collect();
    let judge = format!("{} by {} ({digest})", found.judge, found.model);
    let heading = [judge.as_str(), &found.scale, &found.outputs].join(" · ");
    screen.paragraph(Ink::Bold, &heading);
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
    let words = match code {
        0 => "no probe of --fail-on fails",
        6 => "a probe of --fail-on was not measured",
        _ => "a probe of --fail-on fails",
    };
    screen.paragraph(Ink::Bold, &format!("exit {code}: {words}"));
    screen.finish()
}

fn probe(screen: &mut Screen, row: &Row) {
    let ink = match row.standing {
        Standing::Ok => Ink::Good,
        Standing::Unclear => Ink::Warn,
        Standing::Fails => Ink::Bad,
        Standing::NotMeasured => Ink::Dim,
    };
    let name = format!("{:NAME$}", row.probe.name());
    let at = Place {
        indent: 0,
        hang: HANG,
        below: 4,
    };
    let mut text = row.found.clone();
    if let Some(figure) = &row.figure {
        let shown = match (row.probe, figure) {
            (Probe::Order | Probe::Letters, Figure::Estimate(lost)) => {
                format!("{} lost", format::difference(row.unit, lost))
            }
            _ => format::figure(row.unit, figure, Some(row.bar)),
        };
        text = format!("{shown}, {text}; bar: {}", bar(row));
    }
    let labels = [(name.as_str(), Ink::Bold), (row.standing.words(), ink)];
    screen.entry(at, &labels, (&text, Ink::Plain));
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
fn bar(row: &Row) -> String {
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
