//! How values are spread: for each target a histogram, all on the same axes.

use std::collections::BTreeSet;

use super::axis::{Axis, Span, is_drawable};
use super::canvas::{Anchor, BELOW_AXIS, COLUMNS, Canvas, LEFT, RIGHT};
use super::strip::{head, left_out};
use crate::analysis::findings::Unit;
use crate::analysis::format;

/// Most histograms; the others are counted.
const MOST_ROWS: usize = 8;
/// Up to so many different values each has a bar of its own.
const MOST_DISTINCT: usize = 11;
/// Bins where there are more.
const BINS: usize = 20;
/// Half the width of the widest bar: so far from the ends of a drawing its axis begins and ends.
const INSET: f64 = 12.0;
/// Height of a histogram.
const HEIGHT: f64 = 44.0;

/// Values of several targets.
#[derive(Debug, Clone, Copy)]
pub struct Distributions<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The values' unit.
    pub unit: Unit,
    /// The ends of the scale, where one is declared.
    pub scale: Option<(f64, f64)>,
    /// The targets.
    pub rows: &'a [Values<'a>],
}

/// Values of one target, in any order.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The target.
    pub name: &'a str,
    /// Its values.
    pub values: &'a [f64],
    /// Trials without a value.
    pub missing: u64,
}

/// Bars: which values each holds, and where it is drawn.
struct Bars {
    edges: Vec<(f64, f64)>,
    places: Vec<(f64, f64)>,
}

impl Bars {
    /// A bar for each value where they are few, else bins of equal width.
    fn of(values: &BTreeSet<Ordered>, axis: &Axis) -> Self {
        if values.len() > MOST_DISTINCT {
            let width = (axis.high() - axis.low()) / BINS as f64;
            let edge = |at: usize| axis.low() + at as f64 * width;
            let edges: Vec<_> = (0..BINS).map(|at| (edge(at), edge(at + 1))).collect();
            let place = |(from, to): &(f64, f64)| Some((axis.place(*from)?, axis.place(*to)?));
            let places = edges.iter().filter_map(place).collect();
            return Self { edges, places };
        }
        let edges: Vec<_> = values.iter().map(|value| (value.0, value.0)).collect();
        let middles: Vec<f64> = values
            .iter()
            .filter_map(|value| axis.place(value.0))
            .collect();
        let gaps = middles.windows(2).map(|pair| pair[1] - pair[0]);
        let half = gaps.fold(INSET, |least, gap| least.min(gap * 0.4));
        let places = middles.iter().map(|middle| (middle - half, middle + half));
        Self {
            places: places.collect(),
            edges,
        }
    }

    /// How many values each holds; a value on an edge belongs to the upper bar.
    fn counts(&self, values: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.edges.len()];
        for value in values.iter().filter(|value| is_drawable(**value)) {
            let after = self.edges.partition_point(|(from, _)| from <= value);
            if let Some(count) = counts.get_mut(after.saturating_sub(1)) {
                *count += 1;
            }
        }
        counts
    }
}

/// A value in its order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A part of so many.
fn share(count: u64, all: u64) -> f64 {
    count as f64 / all.max(1) as f64
}

/// The different values, as many as tell whether there are few.
fn distinct(rows: &[Values<'_>]) -> BTreeSet<Ordered> {
    let mut found = BTreeSet::new();
    for value in rows.iter().flat_map(|row| row.values) {
        if is_drawable(*value) {
            found.insert(Ordered(*value + 0.0));
        }
        if found.len() > MOST_DISTINCT {
            break;
        }
    }
    found
}

/// The drawing: a histogram for each target below one another; a bar is as high as its share of the target's values, by the same
/// measure for all, so that targets with more and with fewer values can be compared.
#[must_use]
pub fn distributions(plot: &Distributions<'_>) -> String {
    let mut canvas = Canvas::default();
    let rows = &plot.rows[..plot.rows.len().min(MOST_ROWS)];
    let span = Span {
        from: LEFT + INSET,
        to: RIGHT - INSET,
    };
    let ends = plot.scale.into_iter().flat_map(|(low, high)| [low, high]);
    let values = rows.iter().flat_map(|row| row.values.iter().copied());
    let limits = (plot.unit == Unit::Rate).then_some((0.0, 1.0));
    let axis = Axis::covering(values.chain(ends), limits, span);
    let mut words = Vec::new();
    let mut y = 2.0;
    let known = distinct(rows);
    let highest = axis.as_ref().map_or(0.0, |axis| {
        let bars = Bars::of(&known, axis);
        let shares = rows.iter().flat_map(|row| {
            let counts = bars.counts(row.values);
            let all: u64 = counts.iter().sum();
            counts.into_iter().map(move |count| share(count, all))
        });
        shares.fold(0.0, f64::max)
    });
    for row in rows {
        let drawable = row
            .values
            .iter()
            .filter(|value| is_drawable(**value))
            .count();
        let mut said = format!("{drawable} values");
        let missing = row.missing + (row.values.len() - drawable) as u64;
        if missing > 0 {
            said.push_str(&format!(", {missing} without"));
        }
        y += head(&mut canvas, y, row.name, &said);
        let bottom = y + 18.0 + HEIGHT;
        if let (Some(axis), true) = (&axis, drawable > 0) {
            let bars = Bars::of(&known, axis);
            let counts = bars.counts(row.values);
            let all_counted: u64 = counts.iter().sum();
            let mut held = Vec::new();
            let all = bars.edges.iter().zip(&bars.places).zip(&counts);
            for ((edges, (left, right)), count) in all.filter(|(_, count)| **count > 0) {
                // One value among many must not vanish.
                let tall = (HEIGHT * share(*count, all_counted) / highest).max(1.5);
                let place = [*left, bottom - tall, right - left, tall];
                canvas.rect("mark bar accent", place);
                held.push(format!(
                    "{count} {}",
                    between(plot.unit, known.len(), *edges)
                ));
            }
            said.push_str(&format!(": {}", held.join(", ")));
        } else {
            canvas.text(
                "muted",
                (LEFT + 10.0, y + 30.0),
                Anchor::Start,
                "not drawn: no values",
                COLUMNS,
            );
        }
        words.push(format!("{}: {said}", row.name));
        y = bottom;
        match &axis {
            Some(axis) => {
                canvas.axis_below(axis, y, &axis.labels(plot.unit));
                y += BELOW_AXIS + 4.0;
            }
            None => y += 4.0,
        }
    }
    if highest > 0.0 {
        let highest = format::share(highest, 1.0);
        let said = format!("heights are shares of a row's values, the highest {highest}");
        left_out(&mut canvas, y + 12.0, &said);
        words.push(said);
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

/// What a bar holds, in words.
fn between(unit: Unit, distinct: usize, (from, to): (f64, f64)) -> String {
    let scale = crate::analysis::format::Scale::of(unit, from.abs().max(to.abs()), 0);
    match distinct <= MOST_DISTINCT {
        true => format!("at {}", scale.bar(f64::midpoint(from, to))),
        false => format!("from {} to {}", scale.bar(from), scale.bar(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(unit: Unit, scale: Option<(f64, f64)>, rows: &[Values<'_>]) -> String {
        distributions(&Distributions {
            id: "scores",
            title: "helpful by target",
            unit,
            scale,
            rows,
        })
    }

    fn of<'a>(name: &'a str, values: &'a [f64]) -> Values<'a> {
        Values {
            name,
            values,
            missing: 0,
        }
    }

    #[test]
    fn bars_are_as_high_as_their_shares() {
        let (many, few) = ([1.0, 1.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]);
        let page = drawn(Unit::Score, None, &[of("many", &many), of("few", &few)]);
        // Three of four are the highest bar of all; one of four is a third of that in either row.
        assert_eq!(page.matches("height=\"44\"").count(), 1, "{page}");
        assert_eq!(page.matches("height=\"14.7\"").count(), 5, "{page}");
        assert!(page.contains("the highest 75.0 %"), "{page}");
    }

    #[test]
    fn grades_have_a_bar_each() {
        let prod = [1.0, 3.0, 4.0, 4.0, 5.0, 5.0, 5.0, 5.0];
        let next = [4.0, 4.0, 4.0];
        let rows = [
            Values {
                missing: 2,
                ..of("prod", &prod)
            },
            of("next", &next),
            of("none", &[]),
        ];
        insta::assert_snapshot!(drawn(Unit::Score, Some((1.0, 5.0)), &rows).replace("><", ">\n<"));
    }

    #[test]
    fn many_values_are_binned_and_none_is_lost() {
        let values: Vec<f64> = (0..100_000).map(|at| f64::from(at) / 100_000.0).collect();
        let page = drawn(Unit::Rate, None, &[of("a", &values)]);
        assert_eq!(page.matches("mark bar").count(), 20);
        assert!(page.contains("5000 from 0 % to 5 %"), "{page}");
    }

    #[test]
    fn every_value_is_in_one_bar() {
        let values = [0.0, 0.5, 1.0, 1.0];
        let axis = Axis::covering(values, None, Span { from: 0.0, to: 1.0 }).unwrap();
        let bars = Bars::of(&distinct(&[of("a", &values)]), &axis);
        assert_eq!(bars.counts(&values), [1, 1, 2]);
        assert_eq!(bars.counts(&[f64::NAN, f64::INFINITY]), [0, 0, 0]);
    }

    #[test]
    fn no_value_one_value_and_no_number_are_no_trouble() {
        assert!(drawn(Unit::Score, None, &[]).contains("there is nothing to draw"));
        let nan = drawn(Unit::Score, None, &[of("a", &[f64::NAN, f64::INFINITY])]);
        assert!(
            nan.contains("0 values, 2 without") && !nan.contains("NaN"),
            "{nan}"
        );
        let one = drawn(Unit::Milliseconds, None, &[of("a", &[1_200.0])]);
        assert_eq!(one.matches("mark bar").count(), 1);
        assert!(one.contains("1 at 1.2 s"), "{one}");
    }
}
