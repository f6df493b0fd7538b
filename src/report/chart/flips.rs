//! How cases ended on both sides: from pass or fail under the baseline to pass or fail under the candidate.

use super::canvas::{Anchor, Canvas, LEFT, RIGHT};
use super::strip::left_out;

/// Height of all cases together.
const HEIGHT: f64 = 150.0;
/// Between what passes and what fails.
const GAP: f64 = 14.0;
/// Width of the blocks at both sides.
const BLOCK: f64 = 12.0;
/// Least height of what exists.
const LEAST: f64 = 1.5;

/// Cases by how they ended on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Flips<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The two sides' names, the baseline first.
    pub sides: (&'a str, &'a str),
    /// Pass on both sides.
    pub both: u64,
    /// Fail under the baseline, pass under the candidate.
    pub gained: u64,
    /// Pass under the baseline, fail under the candidate.
    pub lost: u64,
    /// Fail on both sides.
    pub neither: u64,
}

/// A band from a side's block to the other's: class, words, count, and where it begins and ends.
struct Band {
    class: &'static str,
    words: &'static str,
    count: u64,
    from: f64,
    to: f64,
}

/// The drawing: bands as wide as cases are many, from the baseline at the left to the candidate at the right.
#[must_use]
pub fn flips(plot: &Flips<'_>) -> String {
    let mut canvas = Canvas::default();
    let all = plot.both + plot.gained + plot.lost + plot.neither;
    if all == 0 {
        left_out(&mut canvas, 14.0, "there is nothing to draw");
        return canvas.finish(plot.id, plot.title, "there is nothing to draw", 20.0);
    }
    let tall = |count: u64| match count {
        0 => 0.0,
        count => (HEIGHT * count as f64 / all as f64).max(LEAST),
    };
    let top = 38.0;
    let [both, gained, lost, neither] = [plot.both, plot.gained, plot.lost, plot.neither].map(tall);
    let left_fail = top + both + lost + GAP;
    let right_fail = top + both + gained + GAP;
    let bands = [
        Band {
            class: "flow muted",
            words: "pass on both sides",
            count: plot.both,
            from: top,
            to: top,
        },
        Band {
            class: "flow bad",
            words: "lost: pass, then fail",
            count: plot.lost,
            from: top + both,
            to: right_fail,
        },
        Band {
            class: "flow good",
            words: "gained: fail, then pass",
            count: plot.gained,
            from: left_fail,
            to: top + both,
        },
        Band {
            class: "flow muted",
            words: "fail on both sides",
            count: plot.neither,
            from: left_fail + gained,
            to: right_fail + lost,
        },
    ];
    let (left, right) = (LEFT + 96.0, RIGHT - 96.0);
    for band in bands.iter().filter(|band| band.count > 0) {
        let tall = tall(band.count);
        let points = [
            (left + BLOCK, band.from),
            (right - BLOCK, band.to),
            (right - BLOCK, band.to + tall),
            (left + BLOCK, band.from + tall),
        ];
        canvas.path(band.class, &points, true);
    }
    let (baseline, candidate) = plot.sides;
    canvas.text("name", (left + BLOCK, 22.0), Anchor::End, baseline, 18);
    canvas.text("name", (right - BLOCK, 22.0), Anchor::Start, candidate, 18);
    for (x, at, anchor, count, words, from, tall) in [
        (
            left,
            left - 8.0,
            Anchor::End,
            plot.both + plot.lost,
            "pass",
            top,
            both + lost,
        ),
        (
            left,
            left - 8.0,
            Anchor::End,
            plot.gained + plot.neither,
            "fail",
            left_fail,
            gained + neither,
        ),
        (
            right - BLOCK,
            right + 8.0,
            Anchor::Start,
            plot.both + plot.gained,
            "pass",
            top,
            both + gained,
        ),
        (
            right - BLOCK,
            right + 8.0,
            Anchor::Start,
            plot.lost + plot.neither,
            "fail",
            right_fail,
            lost + neither,
        ),
    ] {
        canvas.rect("block", [x, from, BLOCK, tall]);
        let said = format!("{words} {count}");
        canvas.text("", (at, from + tall / 2.0 + 4.0), anchor, &said, 16);
    }
    let mut y = (left_fail + gained + neither).max(right_fail + lost + neither) + 12.0;
    let mut words = vec![format!("from {} to {}", plot.sides.0, plot.sides.1)];
    for band in &bands {
        canvas.rect(band.class, [LEFT, y + 3.0, 14.0, 10.0]);
        let said = format!("{}: {}", band.words, band.count);
        canvas.text("", (LEFT + 22.0, y + 12.0), Anchor::Start, &said, 40);
        words.push(said);
        y += 18.0;
    }
    canvas.finish(plot.id, plot.title, &words.join("; "), y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(both: u64, gained: u64, lost: u64, neither: u64) -> String {
        flips(&Flips {
            id: "flips",
            title: "prod to next",
            sides: ("prod", "next"),
            both,
            gained,
            lost,
            neither,
        })
    }

    #[test]
    fn bands_are_as_wide_as_cases_are_many() {
        insta::assert_snapshot!(drawn(166, 5, 9, 20).replace("><", ">\n<"));
    }

    #[test]
    fn none_all_alike_and_very_many_are_no_trouble() {
        assert!(drawn(0, 0, 0, 0).contains("there is nothing to draw"));
        let alike = drawn(20, 0, 0, 0);
        assert_eq!(alike.matches("<path").count(), 1, "{alike}");
        assert!(alike.contains("lost: pass, then fail: 0"));
        let many = drawn(1_000_000_000, 1, 0, 0);
        assert!(
            many.contains("gained: fail, then pass: 1"),
            "a single case is seen: {many}"
        );
        assert_eq!(many.matches("<path").count(), 2);
    }
}
