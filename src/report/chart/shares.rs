//! A whole and its parts, in bars of equal length: how pairs end in both orders, what people say in each part of the labels.

use super::canvas::{Anchor, Canvas, LEFT, RIGHT};
use super::strip::{MOST_ROWS, Tone, head, left_out};

/// Height of a bar.
const BAR: f64 = 18.0;
/// A part narrower than this has no number in it.
const ROOM: f64 = 26.0;

/// Bars of parts.
#[derive(Debug, Clone, Copy)]
pub struct Shares<'a> {
    /// Names the drawing in its page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The bars.
    pub rows: &'a [ShareRow<'a>],
}

/// One bar.
#[derive(Debug, Clone, Copy)]
pub struct ShareRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its parts, from left to right.
    pub parts: &'a [Part<'a>],
}

/// One part of a bar.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What it is.
    pub words: &'a str,
    /// How many.
    pub count: u64,
    /// What it means.
    pub tone: Tone,
}

/// The drawing: for each row a bar in parts, each part with its number in it and its words below.
#[must_use]
pub fn shares(plot: &Shares<'_>) -> String {
    let mut canvas = Canvas::default();
    let rows = &plot.rows[..plot.rows.len().min(MOST_ROWS)];
    let mut words = Vec::new();
    let mut y = 2.0;
    for row in rows {
        let all: u64 = row.parts.iter().map(|part| part.count).sum();
        y += head(&mut canvas, y, row.name, &format!("{all}"));
        y += 20.0;
        let mut x = LEFT;
        let mut said = Vec::new();
        for part in row.parts {
            let wide = match all {
                0 => 0.0,
                all => (RIGHT - LEFT) * part.count as f64 / all as f64,
            };
            if part.count > 0 {
                let class = format!("part {}", part.tone.class());
                canvas.rect(&class, [x, y, wide, BAR]);
                if wide >= ROOM {
                    let at = (x + wide / 2.0, y + 13.0);
                    canvas.text("count", at, Anchor::Middle, &part.count.to_string(), 10);
                }
            }
            x += wide;
            said.push(format!("{} {}", part.words, part.count));
        }
        y += BAR + 4.0;
        for part in row.parts {
            let class = format!("part {}", part.tone.class());
            canvas.rect(&class, [LEFT, y + 3.0, 12.0, 10.0]);
            let line = format!("{}: {}", part.words, part.count);
            canvas.text("", (LEFT + 20.0, y + 12.0), Anchor::Start, &line, 60);
            y += 17.0;
        }
        y += 6.0;
        words.push(format!("{}: {}", row.name, said.join(", ")));
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
    use super::*;

    fn part(words: &str, count: u64, tone: Tone) -> Part<'_> {
        Part { words, count, tone }
    }

    fn drawn(parts: &[Part<'_>]) -> String {
        shares(&Shares {
            id: "orders",
            title: "both orders of pairs",
            rows: &[ShareRow {
                name: "pairs",
                parts,
            }],
        })
    }

    #[test]
    fn pairs_by_what_their_two_orders_say() {
        let page = drawn(&[
            part("the same winner in both orders", 31, Tone::Good),
            part("flip to the one shown first", 8, Tone::Bad),
            part("flip to the one shown second", 1, Tone::Accent),
            part("not read in both orders", 0, Tone::Muted),
        ]);
        insta::assert_snapshot!(page.replace("><", ">\n<"));
    }

    #[test]
    fn an_empty_bar_is_a_row_of_zeros() {
        let page = drawn(&[part("a", 0, Tone::Good)]);
        assert!(page.contains("a: 0"), "{page}");
        assert!(
            shares(&Shares {
                id: "x",
                title: "t",
                rows: &[]
            })
            .contains("there is nothing to draw")
        );
    }
}
