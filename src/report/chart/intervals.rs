//! Figures below one another on one axis: targets of a run, slices of a target.

use super::axis::{Axis, Span};
use super::canvas::{Anchor, BELOW_AXIS, COLUMNS, Canvas, LEFT, RIGHT};
use super::strip::{Against, Look, MOST_ROWS, ROW, extent, head, left_out, line};
use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;

/// Figures of one unit.
#[derive(Debug, Clone, Copy)]
pub struct Intervals<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The unit of all figures.
    pub unit: Unit,
    /// The figures.
    pub rows: &'a [IntervalRow<'a>],
    /// A value to compare with, such as the baseline's or a bar, and its words.
    pub rule: Option<(f64, &'a str)>,
    /// Figures of drawings beside it: all have the same axis.
    pub beside: &'a [&'a Figure],
}

/// One figure.
#[derive(Debug, Clone, Copy)]
pub struct IntervalRow<'a> {
    /// Whose it is.
    pub name: &'a str,
    /// The figure.
    pub figure: &'a Figure,
    /// How its mark looks.
    pub look: Look,
}

/// The drawing: a row for each figure with its name, its words and its interval, a line across all rows at the rule.
#[must_use]
pub fn intervals(plot: &Intervals<'_>) -> String {
    drawing(plot, plot.rule.as_slice(), false)
}

/// The same with lines across at two ends between which figures should lie.
#[must_use]
pub fn intervals_within(plot: &Intervals<'_>, rules: &[(f64, &str); 2]) -> String {
    drawing(plot, rules, false)
}

/// The same of figures that are differences: signed, in points where they are of rates.
#[must_use]
pub fn signed_intervals(plot: &Intervals<'_>) -> String {
    drawing(plot, plot.rule.as_slice(), true)
}

fn drawing(plot: &Intervals<'_>, rules: &[(f64, &str)], is_signed: bool) -> String {
    let mut canvas = Canvas::default();
    let rows = &plot.rows[..plot.rows.len().min(MOST_ROWS)];
    let span = Span {
        from: LEFT + 10.0,
        to: RIGHT - 10.0,
    };
    let limits = (plot.unit == Unit::Rate && !is_signed).then_some((0.0, 1.0));
    let figures = rows.iter().map(|row| row.figure);
    let values = figures.chain(plot.beside.iter().copied()).flat_map(extent);
    let values_of_rules = rules.iter().map(|rule| rule.0);
    let axis = Axis::covering(values.chain(values_of_rules.clone()), limits, span);
    let mut words = Vec::new();
    let mut y = 2.0;
    for (value, said) in rules.iter().filter(|_| axis.is_some()) {
        let shown = match is_signed {
            true => format::margin(plot.unit, *value),
            false => format::bar(plot.unit, *value),
        };
        let said = format!("line across: {said} {shown}");
        canvas.text("muted", (RIGHT, y + 12.0), Anchor::End, &said, COLUMNS);
        words.push(said);
        y += 18.0;
    }
    let rules: Vec<(f64, &'static str)> = values_of_rules.map(|value| (value, "zero")).collect();
    let against = Against {
        rules: &rules,
        band: None,
    };
    for row in rows {
        let mut said = match row.figure {
            Figure::Estimate(estimate) if is_signed => format::difference(plot.unit, estimate),
            Figure::Estimate(estimate) => format::estimate(plot.unit, estimate, None),
            Figure::Undefined { .. } => "undefined".to_owned(),
        };
        if let Some(why) = row.figure.estimate().and_then(format::no_interval) {
            said = format!("{said} {why}");
        }
        y += head(&mut canvas, y, row.name, &said);
        match &axis {
            Some(axis) => line(&mut canvas, axis, y, row.figure, row.look, against),
            None => super::strip::nothing(&mut canvas, y, why(row.figure)),
        }
        words.push(match row.figure {
            Figure::Estimate(_) => format!("{}: {said}", row.name),
            Figure::Undefined { undefined, .. } => format!("{}: {said}: {undefined}", row.name),
        });
        y += ROW;
    }
    if let Some(axis) = &axis {
        let labels = match is_signed {
            true => axis.signed_labels(plot.unit),
            false => axis.labels(plot.unit),
        };
        canvas.axis_below(axis, y, &labels);
        y += BELOW_AXIS;
    }
    let hidden = plot.rows.len() - rows.len();
    if hidden > 0 || rows.is_empty() {
        let said = match hidden {
            0 => "there is nothing to draw".to_owned(),
            hidden => format!("and {hidden} more that are not drawn"),
        };
        left_out(&mut canvas, y + 14.0, &said);
        words.push(said);
        y += 20.0;
    }
    canvas.finish(plot.id, plot.title, &words.join("; "), y)
}

fn why(figure: &Figure) -> &str {
    match figure {
        Figure::Undefined { undefined, .. } => undefined,
        Figure::Estimate(_) => "its value lies beyond every drawing",
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::{estimate, open, undefined};
    use super::super::{Shape, Tone};
    use super::*;
    use crate::analysis::findings::Estimate;

    fn rows<'a>(figures: &'a [(&'a str, Figure)]) -> Vec<IntervalRow<'a>> {
        figures
            .iter()
            .map(|(name, figure)| IntervalRow {
                name,
                figure,
                look: Look::PLAIN,
            })
            .collect()
    }

    fn drawn(figures: &[(&str, Figure)], rule: Option<(f64, &str)>) -> String {
        intervals(&Intervals {
            id: "targets",
            title: "success_rate by target",
            unit: Unit::Rate,
            rows: &rows(figures),
            rule,
            beside: &[],
        })
    }

    #[test]
    fn targets_beside_their_baseline() {
        let figures = [
            ("prod", estimate(0.888, 0.846, 0.92)),
            ("next", estimate(0.881, 0.839, 0.914)),
            ("broken", undefined("no cases")),
            ("long", open(0.7, Some(0.6), None)),
        ];
        let mut rows = rows(&figures);
        rows[1].look = Look {
            shape: Shape::Square,
            tone: Tone::Accent,
        };
        insta::assert_snapshot!(
            intervals(&Intervals {
                id: "targets",
                title: "success_rate by target",
                unit: Unit::Rate,
                rows: &rows,
                rule: Some((0.888, "baseline prod")),
                beside: &[],
            })
            .replace("><", ">\n<")
        );
    }

    #[test]
    fn a_name_and_a_figure_that_do_not_fit_on_a_line_have_two() {
        let short = drawn(&[("prod", estimate(0.5, 0.4, 0.6))], None);
        assert!(
            short.contains(r#"class="label value" x="430" y="14""#),
            "{short}"
        );
        let name = "a-rather-long-tag-name-that-goes-on-and-on-and-on";
        let long = drawn(&[(name, estimate(0.5, 0.4, 0.6))], None);
        assert!(
            long.contains(r#"class="label value" x="430" y="29""#),
            "{long}"
        );
        assert!(long.contains(&format!(">{name}<")), "{long}");
    }

    #[test]
    fn a_figure_without_an_interval_says_why() {
        let alone = Estimate {
            no_interval: Some("one case only".into()),
            ..estimate(0.5, 0.4, 0.6).estimate().unwrap().clone()
        };
        let alone = Estimate {
            low: None,
            high: None,
            ..alone
        };
        let page = drawn(&[("a", Figure::Estimate(alone))], None);
        assert!(page.contains("(no interval: one case only)"), "{page}");
    }

    #[test]
    fn drawings_beside_one_another_share_their_axis() {
        let (low, high) = (estimate(0.1, 0.0, 0.2), estimate(0.9, 0.8, 1.0));
        let of = |figure: &Figure| {
            let figures = [("a", figure.clone())];
            let plot = Intervals {
                id: "x",
                title: "t",
                unit: Unit::Rate,
                rows: &rows(&figures),
                rule: None,
                beside: &[&low, &high],
            };
            let page = intervals(&plot);
            let ticks = page.split("class=\"label tick\"").skip(1);
            ticks
                .map(|one| one.split(['>', '<']).nth(1).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&low), of(&high));
    }

    #[test]
    fn nothing_one_point_and_the_whole_range_are_drawn_as_well() {
        assert!(drawn(&[], None).contains("there is nothing to draw"));
        let alone = drawn(&[("a", undefined("no cases"))], Some((0.5, "bar")));
        assert!(alone.contains("not drawn: no cases"), "{alone}");
        assert!(!alone.contains("<circle"), "{alone}");
        let whole = drawn(&[("a", estimate(0.5, 0.0, 1.0))], None);
        assert!(
            whole.contains(r#"x1="20" y1="27" x2="420" y2="27""#),
            "{whole}"
        );
        let equal = drawn(
            &[
                ("a", estimate(1.0, 1.0, 1.0)),
                ("b", estimate(1.0, 1.0, 1.0)),
            ],
            None,
        );
        assert_eq!(equal.matches("<circle").count(), 2);
    }

    #[test]
    fn rows_beyond_the_most_are_counted() {
        let figures: Vec<(&str, Figure)> =
            (0..1_000).map(|_| ("a", estimate(0.5, 0.4, 0.6))).collect();
        let drawn = drawn(&figures, None);
        assert!(drawn.contains("and 970 more that are not drawn"), "{drawn}");
        assert!(drawn.len() < 40_000, "{}", drawn.len());
    }
}
