//! A judge against people: how often which class met which.

use super::canvas::{Anchor, Canvas, LEFT, RIGHT};
use super::strip::left_out;

/// Most classes; of more those that occur most often are drawn.
const MOST_CLASSES: usize = 10;
/// Room for people's classes to the left.
const ASIDE: f64 = 110.0;
/// Height of a row.
const ROW: f64 = 34.0;
/// How opaque a cell is that holds its whole row: counts stay easy to read on it, in light and in dark.
const FULLEST: f64 = 0.4;
/// Widest a cell is.
const WIDEST: f64 = 100.0;

/// A table of classes.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The classes, in their order.
    pub classes: &'a [String],
    /// Counts by people's class (rows) and the judge's (columns).
    pub counts: &'a [Vec<u64>],
}

impl Matrix<'_> {
    fn count(&self, human: usize, judge: usize) -> u64 {
        let row = self.counts.get(human);
        row.and_then(|row| row.get(judge)).copied().unwrap_or(0)
    }

    /// The places of the classes that are drawn, in order.
    fn shown(&self) -> Vec<usize> {
        let classes = self.classes.len();
        let of = |class: usize| -> u64 {
            (0..classes)
                .map(|other| self.count(class, other) + self.count(other, class))
                .sum()
        };
        let mut places: Vec<usize> = (0..classes).collect();
        if classes > MOST_CLASSES {
            places.sort_by_key(|class| (std::cmp::Reverse(of(*class)), *class));
            places.truncate(MOST_CLASSES);
            places.sort_unstable();
        }
        places
    }
}

/// The drawing: people's classes down, the judge's across; the more of a row a cell holds, the fuller its colour, and cells of agreement
/// have a heavy frame.
#[must_use]
pub fn matrix(plot: &Matrix<'_>) -> String {
    let mut canvas = Canvas::default();
    let shown = plot.shown();
    if shown.is_empty() {
        left_out(&mut canvas, 14.0, "there is nothing to draw");
        return canvas.finish(plot.id, plot.title, "there is nothing to draw", 20.0);
    }
    let left = LEFT + ASIDE;
    let wide = ((RIGHT - left) / shown.len() as f64).min(WIDEST);
    let columns = (wide / 6.6) as usize;
    let mut words = Vec::new();
    canvas.text("muted", (LEFT, 14.0), Anchor::Start, "people (down)", 16);
    canvas.text("muted", (left, 14.0), Anchor::Start, "judge (across)", 20);
    for (place, class) in shown.iter().enumerate() {
        let x = left + (place as f64 + 0.5) * wide;
        canvas.text(
            "name",
            (x, 34.0),
            Anchor::Middle,
            &plot.classes[*class],
            columns,
        );
    }
    let mut y = 42.0;
    for human in &shown {
        canvas.text(
            "name",
            (left - 8.0, y + ROW / 2.0 + 4.0),
            Anchor::End,
            &plot.classes[*human],
            16,
        );
        let all: u64 = (0..plot.classes.len())
            .map(|judge| plot.count(*human, judge))
            .sum();
        for (place, judge) in shown.iter().enumerate() {
            let count = plot.count(*human, *judge);
            let share = if all == 0 {
                0.0
            } else {
                count as f64 / all as f64
            };
            let x = left + place as f64 * wide;
            let cell = [x + 1.0, y + 1.0, wide - 2.0, ROW - 2.0];
            let (class, said) = match human == judge {
                true => ("cell agrees", "and the judge too"),
                false => ("cell", ""),
            };
            canvas.shaded(class, cell, Some(FULLEST * share));
            let at = (x + wide / 2.0, y + ROW / 2.0 + 4.0);
            canvas.text("", at, Anchor::Middle, &count.to_string(), columns.max(3));
            let (human, judge) = (&plot.classes[*human], &plot.classes[*judge]);
            if count > 0 && said.is_empty() {
                words.push(format!("people say {human} and the judge {judge}: {count}"));
            } else if count > 0 {
                words.push(format!("people say {human} {said}: {count}"));
            }
        }
        y += ROW;
    }
    y += 4.0;
    let mut notes =
        vec!["heavy frame: both say the same; fuller colour: more of its row".to_owned()];
    let hidden = plot.classes.len() - shown.len();
    if hidden > 0 {
        let all: u64 = plot.counts.iter().flatten().sum();
        let drawn: u64 = shown
            .iter()
            .flat_map(|human| shown.iter().map(|judge| plot.count(*human, *judge)))
            .sum();
        notes.push(format!(
            "and {hidden} classes that are not drawn, with {} of {all} items",
            all - drawn
        ));
    }
    for said in notes {
        left_out(&mut canvas, y + 12.0, &said);
        words.push(said);
        y += 18.0;
    }
    canvas.finish(plot.id, plot.title, &words.join("; "), y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(classes: &[&str], counts: &[Vec<u64>]) -> String {
        let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
        matrix(&Matrix {
            id: "matrix",
            title: "people and the judge",
            classes: &classes,
            counts,
        })
    }

    #[test]
    fn pass_and_fail_against_people() {
        let page = drawn(&["fail", "pass"], &[vec![40, 3], vec![7, 50]]);
        insta::assert_snapshot!(page.replace("><", ">\n<"));
    }

    #[test]
    fn many_classes_leave_the_rarest_out_and_say_so() {
        let classes: Vec<String> = (0..40).map(|at| format!("c{at}")).collect();
        let names: Vec<&str> = classes.iter().map(String::as_str).collect();
        let mut counts = vec![vec![1; 40]; 40];
        counts[39][39] = 500;
        let page = drawn(&names, &counts);
        assert!(
            page.contains("and 30 classes that are not drawn, with 1500 of 2099 items"),
            "{page}"
        );
        assert!(page.contains(">c39</text>") && !page.contains(">c20</text>"));
    }

    #[test]
    fn an_empty_or_a_ragged_table_is_no_trouble() {
        assert!(drawn(&[], &[]).contains("there is nothing to draw"));
        let page = drawn(&["a", "b"], &[vec![0]]);
        assert_eq!(page.matches(">0</text>").count(), 4, "{page}");
    }
}
