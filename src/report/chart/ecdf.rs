//! Which share of trials was done by when: a rising line for each target.

use super::axis::{Axis, Span, is_drawable};
use super::canvas::{Anchor, BELOW_AXIS, COLUMNS, Canvas, LEFT, RIGHT, Shape};
use super::strip::left_out;
use crate::analysis::findings::Unit;
use crate::analysis::format::{Rounding, Scale};

/// Most lines; the others are counted.
const MOST_SERIES: usize = 6;
/// Most steps of a line; of more values each so-many-th is drawn.
const MOST_STEPS: usize = 200;
/// Height of the plot.
const HEIGHT: f64 = 200.0;
/// Room for the words of the axis that points up.
const ASIDE: f64 = 36.0;

/// Times, or other values, of several targets.
#[derive(Debug, Clone, Copy)]
pub struct Cumulative<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The values' unit.
    pub unit: Unit,
    /// The targets.
    pub series: &'a [Series<'a>],
}

/// Values of one target, in any order.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The target.
    pub name: &'a str,
    /// Its values.
    pub values: &'a [f64],
    /// Trials that ended before their value was known, such as those cut by a deadline: their line never reaches the top.
    pub unknown: u64,
}

/// A line a series in the legend, above the plot; answers where the plot may begin.
pub(super) fn legend(canvas: &mut Canvas, names: &[&str], marks: bool) -> f64 {
    let mut y = 2.0;
    for (place, name) in names.iter().enumerate() {
        let class = format!("series s{}", place + 1);
        if marks {
            canvas.mark(&class, Shape::of(place), (LEFT + 10.0, y + 8.0), 3.5);
        } else {
            let class = format!("{class} stroke");
            canvas.line(&class, [LEFT, y + 8.0, LEFT + 26.0, y + 8.0]);
        }
        canvas.text(
            "",
            (LEFT + 34.0, y + 12.0),
            Anchor::Start,
            name,
            COLUMNS - 8,
        );
        y += 18.0;
    }
    y
}

/// The drawing: for each target the share of its trials with at most each value, every line in a pattern of its own.
#[must_use]
pub fn cumulative(plot: &Cumulative<'_>) -> String {
    let mut canvas = Canvas::default();
    let series = &plot.series[..plot.series.len().min(MOST_SERIES)];
    let names: Vec<&str> = series.iter().map(|one| one.name).collect();
    let mut y = legend(&mut canvas, &names, false);
    let (top, bottom) = (y + 10.0, y + 10.0 + HEIGHT);
    let sorted: Vec<Vec<f64>> = series.iter().map(|one| ascending(one.values)).collect();
    let ends = sorted
        .iter()
        .flat_map(|values| values.first().into_iter().chain(values.last()));
    let across = Axis::covering(
        ends.copied().chain([0.0]),
        None,
        Span {
            from: LEFT + ASIDE,
            to: RIGHT - 10.0,
        },
    );
    let up = Axis::covering(
        [0.0, 1.0],
        Some((0.0, 1.0)),
        Span {
            from: bottom,
            to: top,
        },
    );
    let mut words = Vec::new();
    let mut is_thinned = false;
    match (across, up) {
        (Some(across), Some(up)) if sorted.iter().any(|values| !values.is_empty()) => {
            let span = across.span();
            canvas.axis_aside(&up, [span.from, span.to], &up.labels(Unit::Rate));
            canvas.axis_below(&across, bottom, &across.labels(plot.unit));
            for (place, (one, values)) in series.iter().zip(&sorted).enumerate() {
                is_thinned |= values.len() > MOST_STEPS;
                let steps = steps(values, one.unknown);
                let mut points = Vec::new();
                let mut before = 0.0;
                for (value, share) in steps {
                    if let (Some(x), Some(low), Some(high)) =
                        (across.place(value), up.place(before), up.place(share))
                    {
                        points.extend([(x, low), (x, high)]);
                    }
                    before = share;
                }
                // A line stays where it is to the end of the plot.
                if let (Some(end), Some(y)) = (across.place(across.high()), up.place(before)) {
                    points.push((end, y));
                }
                canvas.path(&format!("series s{} stroke", place + 1), &points, false);
            }
            y = bottom + BELOW_AXIS;
        }
        _ => {
            canvas.text(
                "muted",
                (LEFT, y + 14.0),
                Anchor::Start,
                "there is nothing to draw",
                COLUMNS,
            );
            y += 20.0;
        }
    }
    for (one, values) in series.iter().zip(&sorted) {
        words.push(told(plot.unit, one, values));
    }
    if is_thinned {
        let said = format!("of many values about {MOST_STEPS} are drawn");
        left_out(&mut canvas, y + 12.0, &said);
        words.push(said);
        y += 18.0;
    }
    let hidden = plot.series.len() - series.len();
    if hidden > 0 {
        let said = format!("and {hidden} more targets that are not drawn");
        left_out(&mut canvas, y + 12.0, &said);
        words.push(said);
        y += 18.0;
    }
    canvas.finish(plot.id, plot.title, &words.join("; "), y)
}

/// What can be drawn, in order.
fn ascending(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| is_drawable(*value))
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Values with the share of trials that have at most them; the first and the last value are always among them.
fn steps(values: &[f64], unknown: u64) -> Vec<(f64, f64)> {
    let all = values.len() as f64 + unknown as f64;
    let each = values.len().div_ceil(MOST_STEPS).max(1);
    let last = values.len().saturating_sub(1);
    values
        .iter()
        .enumerate()
        .filter(|(at, _)| at % each == 0 || *at == last)
        .map(|(at, value)| (*value, (at + 1) as f64 / all))
        .collect()
}

/// A series in words: its quarter, half and nine-tenths.
fn told(unit: Unit, one: &Series<'_>, values: &[f64]) -> String {
    let mut text = format!("{}: {} values", one.name, values.len());
    if let (Some(first), Some(last)) = (values.first(), values.last()) {
        let scale = Scale::of(unit, last.abs().max(first.abs()), 100);
        let shown = |value: &f64| scale.with_unit(*value, Rounding::Nearest, None);
        text.push_str(&format!(" from {} to {}", shown(first), shown(last)));
        if let Some(middle) = values.get(values.len() / 2) {
            text.push_str(&format!(", the middle one {}", shown(middle)));
        }
    }
    if one.unknown > 0 {
        text.push_str(&format!(", {} trials without a known value", one.unknown));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(series: &[Series<'_>]) -> String {
        cumulative(&Cumulative {
            id: "latency",
            title: "latency by target",
            unit: Unit::Milliseconds,
            series,
        })
    }

    fn of<'a>(name: &'a str, values: &'a [f64]) -> Series<'a> {
        Series {
            name,
            values,
            unknown: 0,
        }
    }

    #[test]
    fn each_target_rises_to_the_share_that_is_known() {
        let (prod, next) = ([400.0, 200.0, 800.0], [1_000.0]);
        let series = [
            of("prod", &prod),
            Series {
                unknown: 1,
                ..of("next", &next)
            },
        ];
        insta::assert_snapshot!(drawn(&series).replace("><", ">\n<"));
    }

    #[test]
    fn many_values_are_thinned_and_both_ends_stay() {
        let values: Vec<f64> = (0..100_000).map(f64::from).collect();
        let kept = steps(&values, 0);
        assert!(kept.len() <= MOST_STEPS + 1, "{}", kept.len());
        assert_eq!((kept[0].0, kept.last()), (0.0, Some(&(99_999.0, 1.0))));
        let page = drawn(&[of("a", &values)]);
        assert!(page.contains("of many values about 200 are drawn") && page.len() < 12_000);
    }

    #[test]
    fn no_values_and_no_numbers_are_no_trouble() {
        for values in [&[][..], &[f64::NAN, f64::NEG_INFINITY]] {
            let page = drawn(&[of("a", values)]);
            assert!(
                page.contains("there is nothing to draw") && !page.contains("NaN"),
                "{page}"
            );
        }
        assert!(drawn(&[of("a", &[0.0])]).contains("<path"));
        let seven: Vec<Series<'_>> = (0..7).map(|_| of("a", &[1.0, 1.0])).collect();
        assert!(drawn(&seven).contains("and 1 more targets that are not drawn"));
    }
}
