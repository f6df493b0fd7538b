//! Candidate minus baseline, a row for each metric, each on an axis of its own around 0.

use super::axis::{Axis, Span};
use super::canvas::{BELOW_AXIS, Canvas, LEFT, RIGHT, Shape};
use super::strip::{Against, Look, MOST_ROWS, ROW, Tone, extent, head, left_out, line, nothing};
use crate::analysis::findings::{Figure, Finding, Unit};
use crate::analysis::format;

/// Differences of two sides.
#[derive(Debug, Clone, Copy)]
pub struct Differences<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows: `next minus prod`.
    pub title: &'a str,
    /// The differences.
    pub rows: &'a [DifferenceRow<'a>],
}

/// One metric's difference.
#[derive(Debug, Clone, Copy)]
pub struct DifferenceRow<'a> {
    /// The metric.
    pub name: &'a str,
    /// Its unit.
    pub unit: Unit,
    /// Candidate minus baseline.
    pub difference: &'a Figure,
    /// The margin within which both sides count as the same, in the metric's unit; `None`: there is none.
    pub margin: Option<f64>,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// How it ended; `None`: nothing is claimed.
    pub finding: Option<Finding>,
}

fn finding_words(finding: Option<Finding>) -> (&'static str, Tone) {
    match finding {
        Some(Finding::Better) => (", better", Tone::Good),
        Some(Finding::Worse) => (", worse", Tone::Bad),
        Some(Finding::Same) => (", same", Tone::Plain),
        Some(Finding::Unclear) => (", unclear", Tone::Muted),
        None => ("", Tone::Muted),
    }
}

/// The drawing: for each metric its difference in words, a line at 0, the margin shaded, interval and point.
#[must_use]
pub fn differences(plot: &Differences<'_>) -> String {
    let mut canvas = Canvas::default();
    let rows = &plot.rows[..plot.rows.len().min(MOST_ROWS)];
    let span = Span {
        from: LEFT + 10.0,
        to: RIGHT - 10.0,
    };
    let mut words = Vec::new();
    let mut y = 2.0;
    for row in rows {
        let (ended, tone) = finding_words(row.finding);
        let less = if row.more_is_better {
            ""
        } else {
            " (less is better)"
        };
        let name = format!("{}{less}", row.name);
        let shown = match row.difference {
            Figure::Estimate(estimate) => format::difference(row.unit, estimate),
            Figure::Undefined { .. } => "undefined".to_owned(),
        };
        y += head(&mut canvas, y, &name, &format!("{shown}{ended}"));
        let margin = row
            .margin
            .filter(|margin| margin.is_finite() && *margin > 0.0);
        let mut said = format!("{name}: {shown}{ended}");
        match row.difference {
            Figure::Undefined { undefined, .. } => {
                nothing(&mut canvas, y, undefined);
                said.push_str(&format!(", {undefined}"));
                y += ROW;
            }
            Figure::Estimate(_) => {
                let axis = Axis::around_zero(extent(row.difference).chain(margin), span);
                let look = Look {
                    shape: match row.finding {
                        Some(Finding::Better | Finding::Worse) => Shape::Diamond,
                        _ => Shape::Circle,
                    },
                    tone,
                };
                let against = Against {
                    rules: &[(0.0, "zero")],
                    band: margin.map(|margin| (-margin, margin)),
                };
                line(&mut canvas, &axis, y, row.difference, look, against);
                canvas.axis_below(&axis, y + ROW - 6.0, &axis.signed_labels(row.unit));
                y += ROW + BELOW_AXIS;
            }
        }
        if let Some(margin) = margin {
            said.push_str(&format!(
                "; the shaded band is what counts as the same: {}",
                format::margin(row.unit, margin)
            ));
        }
        words.push(said);
    }
    if rows.iter().any(|row| row.margin.is_some()) {
        left_out(
            &mut canvas,
            y + 12.0,
            "line: no difference; shaded: counts as the same",
        );
        y += 18.0;
    }
    let hidden = plot.rows.len() - rows.len();
    if hidden > 0 || rows.is_empty() {
        let said = match hidden {
            0 => "there is nothing to draw".to_owned(),
            hidden => format!("and {hidden} more that are not drawn"),
        };
        left_out(&mut canvas, y + 12.0, &said);
        words.push(said);
        y += 18.0;
    }
    canvas.finish(plot.id, plot.title, &words.join("; "), y)
}

#[cfg(test)]
mod tests {
    use super::super::example::{estimate, undefined};
    use super::*;

    fn row<'a>(name: &'a str, unit: Unit, difference: &'a Figure) -> DifferenceRow<'a> {
        DifferenceRow {
            name,
            unit,
            difference,
            margin: None,
            more_is_better: true,
            finding: None,
        }
    }

    #[test]
    fn each_metric_on_its_own_axis_around_zero() {
        let success = estimate(0.052, 0.0114, 0.0929);
        let latency = estimate(120.0, -80.0, 320.0);
        let none = undefined("no pairs");
        let rows = [
            DifferenceRow {
                margin: Some(0.03),
                finding: Some(Finding::Better),
                ..row("success_rate", Unit::Rate, &success)
            },
            DifferenceRow {
                more_is_better: false,
                finding: Some(Finding::Unclear),
                ..row("latency_p50_ms", Unit::Milliseconds, &latency)
            },
            row("cost_usd", Unit::Usd, &none),
        ];
        insta::assert_snapshot!(
            differences(&Differences {
                id: "difference",
                title: "next minus prod",
                rows: &rows,
            })
            .replace("><", ">\n<")
        );
    }

    #[test]
    fn no_difference_at_all_and_values_beyond_drawing_are_no_trouble() {
        let drawn = |figure: &Figure, margin| {
            differences(&Differences {
                id: "d",
                title: "t",
                rows: &[DifferenceRow {
                    margin,
                    ..row("m", Unit::Score, figure)
                }],
            })
        };
        let zero = drawn(&estimate(0.0, 0.0, 0.0), None);
        assert!(
            zero.contains("<circle") && zero.contains(r#"class="zero""#),
            "{zero}"
        );
        let huge = drawn(&estimate(1e300, 1e299, f64::INFINITY), Some(f64::NAN));
        assert!(
            huge.contains("its value lies beyond every drawing"),
            "{huge}"
        );
        assert!(!huge.contains("NaN") && !huge.contains("inf\""), "{huge}");
    }
}
