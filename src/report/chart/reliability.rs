//! A judge that states a probability of pass, against how often people passed such outputs.

use super::axis::{Axis, Span, is_drawable};
use super::canvas::{Anchor, BELOW_AXIS, Canvas, LEFT, RIGHT, Shape};
use super::strip::left_out;
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;

/// Most bins that are drawn.
const MOST_BINS: usize = 20;
/// Height of the plot.
const HEIGHT: f64 = 260.0;
/// Room for the words of the axis that points up.
const ASIDE: f64 = 40.0;

/// The bins of a judge's stated probabilities.
#[derive(Debug, Clone, Copy)]
pub struct Reliability<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The bins; empty ones are not drawn.
    pub bins: &'a [Bin],
}

/// One bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// Items in it.
    pub n: u64,
    /// Mean of what the judge stated.
    pub stated: f64,
    /// Share that people passed.
    pub passed: Figure,
}

/// The drawing: what the judge stated across, what people passed up, a diagonal where both are the same.
#[must_use]
pub fn reliability(plot: &Reliability<'_>) -> String {
    let mut canvas = Canvas::default();
    let is_shown = |bin: &&Bin| bin.n > 0 && is_drawable(bin.stated);
    let bins: Vec<&Bin> = plot.bins.iter().filter(is_shown).take(MOST_BINS).collect();
    if bins.is_empty() {
        left_out(&mut canvas, 14.0, "there is nothing to draw");
        return canvas.finish(plot.id, plot.title, "there is nothing to draw", 20.0);
    }
    let (top, bottom) = (24.0, 24.0 + HEIGHT);
    let unit = Some((0.0, 1.0));
    let across = Axis::covering(
        [0.0, 1.0],
        unit,
        Span {
            from: LEFT + ASIDE,
            to: RIGHT - 12.0,
        },
    );
    let up = Axis::covering(
        [0.0, 1.0],
        unit,
        Span {
            from: bottom,
            to: top,
        },
    );
    let mut words = Vec::new();
    canvas.text("muted", (LEFT, 12.0), Anchor::Start, "people pass (up)", 24);
    if let (Some(across), Some(up)) = (across, up) {
        let span = across.span();
        canvas.axis_aside(&up, [span.from, span.to], &up.labels(Unit::Rate));
        canvas.axis_below(&across, bottom, &across.labels(Unit::Rate));
        canvas.line("zero", [span.from, bottom, span.to, top]);
        for bin in bins {
            words.push(put(&mut canvas, (&across, &up), bin));
        }
    }
    let mut y = bottom + BELOW_AXIS;
    canvas.text(
        "muted",
        (RIGHT, y + 10.0),
        Anchor::End,
        "judge states (across)",
        30,
    );
    y += 16.0;
    let note =
        "the number at a mark: its items; on the diagonal the judge is as often right as it says";
    let (first, second) = note.split_once("; ").unwrap_or((note, ""));
    for said in [first, second] {
        left_out(&mut canvas, y + 12.0, said);
        y += 16.0;
    }
    canvas.finish(plot.id, plot.title, &words.join("; "), y + 2.0)
}

fn put(canvas: &mut Canvas, (across, up): (&Axis, &Axis), bin: &Bin) -> String {
    let stated = format!("{:.0} %", 100.0 * bin.stated);
    let said = format::figure(Unit::Rate, &bin.passed, None);
    let words = format!("where it states {stated}, people pass {said} of {}", bin.n);
    let (Some(x), Figure::Estimate(passed)) = (across.place(bin.stated), &bin.passed) else {
        return words;
    };
    let Some(y) = up.place(passed.point) else {
        return words;
    };
    let ends = [passed.low, passed.high].map(|end| end.and_then(|end| up.place(end)));
    if let [Some(low), Some(high)] = ends {
        canvas.line("interval accent", [x, low, x, high]);
        for end in [low, high] {
            canvas.line("interval accent", [x - 4.0, end, x + 4.0, end]);
        }
    }
    canvas.mark("accent", Shape::Circle, (x, y), 4.0);
    // Beside the mark, on the side that has room.
    let (at, anchor) = match x + 30.0 > RIGHT {
        true => (x - 8.0, Anchor::End),
        false => (x + 8.0, Anchor::Start),
    };
    let below = if passed.point < 0.05 { -5.0 } else { 4.0 };
    canvas.text("count", (at, y + below), anchor, &bin.n.to_string(), 8);
    words
}

#[cfg(test)]
mod tests {
    use super::super::example::{estimate, undefined};
    use super::*;

    fn bin(n: u64, stated: f64, passed: Figure) -> Bin {
        Bin { n, stated, passed }
    }

    fn drawn(bins: &[Bin]) -> String {
        reliability(&Reliability {
            id: "curve",
            title: "stated and passed",
            bins,
        })
    }

    #[test]
    fn bins_with_their_intervals_and_counts() {
        let page = drawn(&[
            bin(12, 0.05, estimate(0.08, 0.01, 0.35)),
            bin(0, 0.0, undefined("no cases")),
            bin(30, 0.97, estimate(0.8, 0.63, 0.9)),
        ]);
        insta::assert_snapshot!(page.replace("><", ">\n<"));
    }

    #[test]
    fn nothing_and_no_numbers_are_no_trouble() {
        assert!(drawn(&[]).contains("there is nothing to draw"));
        assert!(drawn(&[bin(3, f64::NAN, undefined("x"))]).contains("there is nothing to draw"));
        let page = drawn(&[
            bin(3, 0.5, undefined("no cases")),
            bin(1, 1.0, estimate(f64::NAN, 0.0, 1.0)),
        ]);
        assert!(
            !page.contains("<circle") && !page.contains("\"NaN"),
            "{page}"
        );
    }
}
