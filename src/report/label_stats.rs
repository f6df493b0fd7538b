//! The screen of `labels stats`.

use super::content::counted;
use super::screen::{Ink, Screen};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format::{difference, figure, p_equals};
use crate::analysis::label_stats::{Annotator, LabelStats};

/// Columns before the texts.
const HANG: usize = 12;
/// Pairs of annotators that are named.
const NAMED: usize = 10;

/// The screen.
#[must_use]
pub fn label_stats_screen(file: &str, found: &LabelStats, width: usize, color: bool) -> String {
    let mut screen = Screen::new(width, color);
    let counts = &found.counts;
    let title = format!(
        "{file} · {} as `{}` of {} by {}",
        counted(counts.labels, "label"),
        found.column,
        counted(counts.outputs, "output"),
        counted(found.annotators.len() as u64, "annotator")
    );
    screen.paragraph(Ink::Bold, &title);
    screen.gap();
    let mut parts = vec![format!(
        "{} with one label, {} with two, {} with more",
        counts.one, counts.two, counts.more
    )];
    if counts.ties > 0 {
        parts.push(format!("{} tie: they have no majority", counts.ties));
    }
    entry(&mut screen, "outputs", &parts.join("; "));
    if !found.values.is_empty() {
        entry(&mut screen, "said", &listed(found.values.iter()));
    }
    if found.annotators.len() > 1 {
        let alpha = match found.pairs.is_empty() {
            true => "nobody labelled an output that somebody else did".to_owned(),
            false => format!("alpha {}", whole(Unit::Score, &found.alpha)),
        };
        entry(&mut screen, "agreement", &alpha);
        let name = match found.column.as_str() {
            "rating" => "concordance",
            _ => "kappa",
        };
        for pair in found.pairs.iter().take(NAMED) {
            let line = format!(
                "{} and {}: {name} {}, {} in common",
                pair.annotators[0],
                pair.annotators[1],
                whole(Unit::Score, &pair.agreement),
                counted(pair.outputs, "output")
            );
            entry(&mut screen, "", &line);
        }
        if found.pairs.len() > NAMED {
            entry(
                &mut screen,
                "",
                &format!("and {} more pairs", found.pairs.len() - NAMED),
            );
        }
    }
    for (version, rubric) in &found.rubrics {
        let mut line = format!("{version}: {}", counted(rubric.labels, "label"));
        if let Some(same) = &rubric.same {
            line += &format!(
                "; two of an output say the same in {}",
                figure(Unit::Rate, same, None)
            );
        }
        entry(&mut screen, "rubric", &line);
    }
    if let Some(across) = &found.across_rubrics {
        let line = format!(
            "across versions two labels of an output say the same in {}",
            figure(Unit::Rate, across, None)
        );
        entry(&mut screen, "", &line);
    }
    for note in &found.notes {
        entry(&mut screen, "note", note);
    }
    screen.gap();
    for (name, one) in &found.annotators {
        annotator(&mut screen, name, one, &found.column);
    }
    screen.finish()
}

/// A figure; one without an interval says why it has none.
fn whole(unit: Unit, found: &Figure) -> String {
    let shown = figure(unit, found, None);
    let why = found
        .estimate()
        .and_then(|estimate| estimate.no_interval.as_deref());
    match why {
        Some(why) => format!("{shown} (no interval: {why})"),
        None => shown,
    }
}

fn entry(screen: &mut Screen, label: &str, text: &str) {
    screen.beside(HANG, label, text, Ink::Plain);
}

fn listed<'a>(values: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    let each: Vec<String> = values
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    each.join(", ")
}

fn annotator(screen: &mut Screen, name: &str, one: &Annotator, column: &str) {
    let mut parts = vec![counted(one.labels, "label")];
    let is_rating = column == "rating";
    if let Some(mean) = &one.mean {
        let (words, unit) = match column {
            "rating" => ("mean", Unit::Score),
            "preference" => ("a of those that are no tie", Unit::Rate),
            _ => ("pass", Unit::Rate),
        };
        parts.push(format!("{words} {}", whole(unit, mean)));
    } else if !one.values.is_empty() {
        parts.push(listed(one.values.iter()));
    }
    if let Some(same) = &one.consistency {
        parts.push(format!(
            "says the same again in {}",
            figure(Unit::Rate, same, None)
        ));
    }
    if let Some(seconds) = &one.seconds {
        parts.push(format!(
            "median {} s a label",
            figure(Unit::Score, seconds, None)
        ));
    }
    entry(screen, name, &parts.join("; "));
    if let Some(drift) = &one.drift {
        let unit = if is_rating { Unit::Score } else { Unit::Rate };
        let change = match &drift.difference {
            Figure::Estimate(estimate) => difference(unit, estimate),
            Figure::Undefined { undefined, .. } => format!("undefined: {undefined}"),
        };
        let p = drift
            .p
            .map_or_else(String::new, |p| format!(", {}", p_equals(p)));
        let line = format!(
            "second half by time against the first: `{}` {change}{p}",
            drift.of
        );
        entry(screen, "", &line);
    }
}
