//! What is told of a tuning while it goes on: a head for each stage, a line for each candidate.

use super::content::counted;
use super::screen::{Ink, Place, Screen};
use super::tuning::{left_out, words};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;
use crate::analysis::tuning::{Cost, Tried};

/// Columns before what is told of a candidate.
const HANG: usize = 24;

/// A stage of a tuning begins.
#[must_use]
pub fn tuning_stage(text: &str, width: usize) -> String {
    let mut screen = Screen::new(width, false);
    screen.paragraph(Ink::Plain, text);
    screen.finish().trim_end().to_owned()
}

/// The optimiser replied: so many replies were known, and what the others cost.
#[must_use]
pub fn tuning_written(by: &str, known: u64, cost: &Cost, width: usize) -> String {
    let mut text = spent(cost);
    if known > 0 {
        text.push_str(&format!(
            "; {} known from earlier",
            counted(known, "proposal")
        ));
    }
    line(by, &text, width)
}

/// A candidate was tried: its figure where candidates are chosen, with its interval, and what asking cost.
#[must_use]
pub fn tuning_tried(
    tried: &Tried,
    agreement: Option<(&str, &Figure)>,
    cost: &Cost,
    width: usize,
) -> String {
    let text = match (&tried.failed, agreement) {
        (Some(why), _) => format!("came to nothing: {why}"),
        (None, None) => "came to nothing".to_owned(),
        (None, Some((name, figure))) => {
            let mut text = match figure {
                Figure::Estimate(_) => {
                    format!(
                        "{} {}",
                        words(name),
                        format::figure(Unit::Score, figure, None)
                    )
                }
                Figure::Undefined { undefined, .. } => {
                    format!("{} undefined: {undefined}", words(name))
                }
            };
            if let Some(dev) = &tried.dev {
                text.push_str(&left_out(&dev.scored));
            }
            text
        }
    };
    line(&tried.name, &format!("{text}; {}", spent(cost)), width)
}

fn spent(cost: &Cost) -> String {
    let mut text = match cost.calls {
        0 => "no calls".to_owned(),
        calls => counted(calls, "call"),
    };
    if cost.usd > 0.0 {
        text.push_str(&format!(", ${:.4}", cost.usd));
    }
    text
}

fn line(name: &str, text: &str, width: usize) -> String {
    let mut screen = Screen::new(width, false);
    let at = Place {
        indent: 2,
        hang: HANG,
        below: 6,
    };
    screen.entry(at, &[(name, Ink::Plain)], (text, Ink::Plain));
    screen.finish().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(name: &str, failed: Option<&str>) -> Tried {
        Tried {
            name: name.into(),
            origin: "rewrite",
            digest: None,
            dev: None,
            failed: failed.map(str::to_owned),
        }
    }

    #[test]
    fn a_candidate_is_a_line_with_what_it_reached_and_what_it_cost() {
        let cost = Cost {
            calls: 64,
            usd: 0.0123,
        };
        let none = Figure::Undefined {
            undefined: "no variation".into(),
            n: 64,
        };
        assert_eq!(
            tuning_tried(
                &tried("form text", None),
                Some(("cohen_kappa", &none)),
                &cost,
                100
            ),
            "  form text             kappa undefined: no variation; 64 calls, $0.0123"
        );
        let free = Cost::default();
        assert_eq!(
            tuning_tried(
                &tried("rewrite 1.1", Some("no body\u{1b}[2J")),
                None,
                &free,
                100
            ),
            "  rewrite 1.1           came to nothing: no body\u{241b}[2J; no calls"
        );
        assert_eq!(
            tuning_written("writer", 2, &free, 100),
            "  writer                no calls; 2 proposals known from earlier"
        );
    }
}
