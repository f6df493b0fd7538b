//! Two figures of each trial against one another, such as latency and cost: a mark for each, for many a mark for each spot.

use std::collections::BTreeMap;

use super::axis::{Axis, Span, is_drawable};
use super::canvas::{Anchor, BELOW_AXIS, COLUMNS, Canvas, LEFT, RIGHT, Shape};
use super::ecdf::legend;
use super::strip::left_out;
use crate::analysis::findings::Unit;

/// Most series; the others are counted.
const MOST_SERIES: usize = 6;
/// Beyond so many points those in one spot share a mark.
const MOST_POINTS: usize = 400;
/// Spots across and up.
const SPOTS: (f64, f64) = (40.0, 24.0);
/// Height of the plot.
const HEIGHT: f64 = 230.0;
/// Room for the words of the axis that points up.
const ASIDE: f64 = 46.0;

/// Points of several targets.
#[derive(Debug, Clone, Copy)]
pub struct Scatter<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// What lies across, and its unit.
    pub across: (&'a str, Unit),
    /// What points up, and its unit.
    pub up: (&'a str, Unit),
    /// The targets.
    pub series: &'a [Points<'a>],
}

/// Points of one target: across, up.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// The target.
    pub name: &'a str,
    /// Its points, in any order.
    pub points: &'a [(f64, f64)],
}

/// The drawing: each target with a form of its own; above a few hundred points those in one spot are one larger mark, which is said.
#[must_use]
pub fn scatter(plot: &Scatter<'_>) -> String {
    let mut canvas = Canvas::default();
    let series = &plot.series[..plot.series.len().min(MOST_SERIES)];
    let names: Vec<&str> = series.iter().map(|one| one.name).collect();
    let mut y = legend(&mut canvas, &names, true);
    let (top, bottom) = (y + 26.0, y + 26.0 + HEIGHT);
    let points = || series.iter().flat_map(|one| drawable(one.points));
    let from_zero = std::iter::once(0.0);
    let across = Axis::covering(
        points().map(|point| point.0).chain(from_zero.clone()),
        None,
        Span {
            from: LEFT + ASIDE,
            to: RIGHT - 6.0,
        },
    );
    let up = Axis::covering(
        points().map(|point| point.1).chain(from_zero),
        None,
        Span {
            from: bottom,
            to: top,
        },
    );
    let count = points().count();
    let mut words = vec![format!("{} across, {} up", plot.across.0, plot.up.0)];
    match (across, up) {
        (Some(across), Some(up)) if count > 0 => {
            canvas.text(
                "muted",
                (LEFT, top - 12.0),
                Anchor::Start,
                &format!("{} (up)", plot.up.0),
                30,
            );
            let span = across.span();
            canvas.axis_aside(&up, [span.from, span.to], &up.labels(plot.up.1));
            canvas.axis_below(&across, bottom, &across.labels(plot.across.1));
            for (place, one) in series.iter().enumerate() {
                let places: Vec<(f64, f64)> = drawable(one.points)
                    .filter_map(|(x, y)| Some((across.place(x)?, up.place(y)?)))
                    .collect();
                marks(&mut canvas, place, &places, count > MOST_POINTS);
            }
            y = bottom + BELOW_AXIS;
            let said = format!("{} (across)", plot.across.0);
            canvas.text("muted", (RIGHT, y + 10.0), Anchor::End, &said, 40);
            y += 16.0;
            if count > MOST_POINTS {
                let said =
                    format!("{count} trials: those in one spot share a mark, the larger the more");
                left_out(&mut canvas, y + 12.0, &said);
                words.push(said);
                y += 18.0;
            }
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
    for one in series {
        let drawn: Vec<(f64, f64)> = drawable(one.points).collect();
        words.push(format!(
            "{}: {} trials, {}, {}",
            one.name,
            drawn.len(),
            range(plot.across, drawn.iter().map(|point| point.0)),
            range(plot.up, drawn.iter().map(|point| point.1)),
        ));
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

fn drawable(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    let points = points.iter().copied();
    points.filter(|(x, y)| is_drawable(*x) && is_drawable(*y))
}

/// The marks of one series, at these places.
fn marks(canvas: &mut Canvas, place: usize, places: &[(f64, f64)], is_binned: bool) {
    let class = format!("series s{}", place + 1);
    if !is_binned {
        for at in places {
            canvas.mark(&class, Shape::of(place), *at, 3.5);
        }
        return;
    }
    let (wide, tall) = ((RIGHT - LEFT) / SPOTS.0, HEIGHT / SPOTS.1);
    let mut spots: BTreeMap<(u64, u64), (u64, f64, f64)> = BTreeMap::new();
    for (x, y) in places {
        let spot = spots
            .entry(((x / wide) as u64, (y / tall) as u64))
            .or_default();
        *spot = (spot.0 + 1, spot.1 + x, spot.2 + y);
    }
    for (count, x, y) in spots.into_values() {
        // Where its trials are on the average: no grid is seen that is not in the data.
        let many = count as f64;
        let size = 1.8 + many.log10().min(4.0);
        canvas.mark(&class, Shape::of(place), (x / many, y / many), size);
    }
}

/// From the least to the most of a series, in words.
fn range((name, unit): (&str, Unit), values: impl Iterator<Item = f64>) -> String {
    let ends = values.fold(None, |ends: Option<(f64, f64)>, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    });
    match ends {
        None => format!("no {name}"),
        Some((low, high)) => {
            let scale = crate::analysis::format::Scale::of(unit, high.abs().max(low.abs()), 100);
            let nearest = crate::analysis::format::Rounding::Nearest;
            let shown = |value| scale.with_unit(value, nearest, None);
            format!("{name} {} to {}", shown(low), shown(high))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(series: &[Points<'_>]) -> String {
        scatter(&Scatter {
            id: "latency-cost",
            title: "latency and cost of each trial",
            across: ("latency", Unit::Milliseconds),
            up: ("cost", Unit::Usd),
            series,
        })
    }

    #[test]
    fn each_trial_has_a_mark_in_its_targets_form() {
        let prod = [(350.0, 0.001), (1_200.0, 0.004)];
        let next = [(800.0, 0.002), (f64::NAN, 0.1), (900.0, f64::INFINITY)];
        insta::assert_snapshot!(
            drawn(&[
                Points {
                    name: "prod",
                    points: &prod
                },
                Points {
                    name: "next",
                    points: &next
                },
            ])
            .replace("><", ">\n<")
        );
    }

    #[test]
    fn many_trials_share_marks_and_the_drawing_says_so() {
        let points: Vec<(f64, f64)> = (0..50_000)
            .map(|at| (f64::from(at % 977), f64::from(at % 331) / 1e5))
            .collect();
        let page = drawn(&[Points {
            name: "prod",
            points: &points,
        }]);
        assert!(
            page.contains("50000 trials: those in one spot share a mark"),
            "{page}"
        );
        assert!(page.len() < 90_000, "{}", page.len());
    }

    #[test]
    fn a_tick_beside_an_axis_is_never_cut() {
        let page = scatter(&Scatter {
            id: "latency-tokens",
            title: "latency and tokens out of each trial",
            across: ("latency", Unit::Milliseconds),
            up: ("tokens out", Unit::Tokens),
            series: &[Points {
                name: "prod",
                points: &[(350.0, 160.0), (500.0, 12.0)],
            }],
        });
        assert!(
            page.contains(">200<") && !page.contains('\u{2026}'),
            "{page}"
        );
    }

    #[test]
    fn without_a_point_there_is_no_axis() {
        for points in [&[][..], &[(f64::NAN, 1.0)]] {
            let page = drawn(&[Points { name: "a", points }]);
            assert!(page.contains("there is nothing to draw"), "{page}");
            assert!(!page.contains("NaN"), "{page}");
        }
        assert!(drawn(&[]).contains("there is nothing to draw"));
        let one = drawn(&[Points {
            name: "a",
            points: &[(0.0, 0.0)],
        }]);
        assert_eq!(
            one.matches("<circle").count(),
            2,
            "one in the legend: {one}"
        );
    }
}
