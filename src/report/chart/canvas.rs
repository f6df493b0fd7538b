//! What charts are drawn on: SVG elements with classes, texts through the funnel, a title and the same in words.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::axis::Axis;
use crate::funnel::{html, terminal_line};

/// Width of every drawing, in its own units; a page scales it to its room.
pub(super) const WIDTH: f64 = 440.0;
/// Where drawings begin and end, sideways.
pub(super) const LEFT: f64 = 10.0;
/// The right end.
pub(super) const RIGHT: f64 = 430.0;
/// About how many columns of text are as wide as a drawing.
pub(super) const COLUMNS: usize = 64;
/// Columns of a tick's words beside an axis that points up.
const ASIDE_COLUMNS: usize = 7;
/// Most characters of the words for those who do not see the drawing.
const MOST_WORDS: usize = 4_000;
/// Height of the ticks' words below an axis.
pub(super) const BELOW_AXIS: f64 = 22.0;

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The form of a mark: what is told apart is told apart without colours too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle that points up.
    Triangle,
    /// A ring.
    Ring,
    /// A cross.
    Cross,
}

impl Shape {
    /// All, in the order in which series get theirs.
    pub const ALL: [Self; 6] = [
        Self::Circle,
        Self::Square,
        Self::Diamond,
        Self::Triangle,
        Self::Ring,
        Self::Cross,
    ];

    /// The shape of the series at this place; beyond the sixth they begin again.
    #[must_use]
    pub fn of(place: usize) -> Self {
        Self::ALL[place % Self::ALL.len()]
    }

    /// In words, for legends.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Square => "square",
            Self::Diamond => "diamond",
            Self::Triangle => "triangle",
            Self::Ring => "ring",
            Self::Cross => "cross",
        }
    }
}

/// A drawing under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Canvas {
    body: String,
}

/// A coordinate, to a tenth of a unit.
fn at(value: f64) -> String {
    // Places come from an axis, which has none for what is no number.
    debug_assert!(value.is_finite(), "a coordinate is {value}");
    let tenth = (value * 10.0).round() / 10.0 + 0.0;
    format!("{tenth}")
}

impl Canvas {
    /// A line from one point to another.
    pub(super) fn line(&mut self, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
        let [x1, y1, x2, y2] = [at(x1), at(y1), at(x2), at(y2)];
        self.put(format_args!(
            r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#
        ));
    }

    /// A rectangle: left, top, width, height.
    pub(super) fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4]) {
        self.shaded(class, [x, y, width, height], None);
    }

    /// A rectangle whose filling is only so opaque, 0 to 1.
    pub(super) fn shaded(
        &mut self,
        class: &str,
        [x, y, width, height]: [f64; 4],
        opacity: Option<f64>,
    ) {
        let [x, y, width, height] = [at(x), at(y), at(width.max(0.0)), at(height.max(0.0))];
        let opacity = opacity.map_or(String::new(), |share| {
            format!(r#" fill-opacity="{:.2}""#, share.clamp(0.0, 1.0))
        });
        self.put(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"{opacity}/>"#
        ));
    }

    /// A path through points; closed ones are filled.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)], is_closed: bool) {
        if points.is_empty() {
            return;
        }
        let mut way = String::new();
        for (place, (x, y)) in points.iter().enumerate() {
            let letter = if place == 0 { 'M' } else { 'L' };
            let _ = write!(way, "{letter}{} {}", at(*x), at(*y));
        }
        if is_closed {
            way.push('Z');
        }
        self.put(format_args!(r#"<path class="{class}" d="{way}"/>"#));
    }

    /// A mark of about so many units around its middle.
    pub(super) fn mark(&mut self, class: &str, shape: Shape, (x, y): (f64, f64), size: f64) {
        match shape {
            Shape::Circle | Shape::Ring => {
                let ring = if shape == Shape::Ring { " ring" } else { "" };
                let (x, y, r) = (at(x), at(y), at(size));
                self.put(format_args!(
                    r#"<circle class="mark {class}{ring}" cx="{x}" cy="{y}" r="{r}"/>"#
                ));
            }
            Shape::Square => self.rect(
                &format!("mark {class}"),
                [x - size, y - size, 2.0 * size, 2.0 * size],
            ),
            Shape::Diamond | Shape::Triangle => {
                let wide = size * 1.25;
                let points = match shape {
                    Shape::Diamond => {
                        vec![(x, y - wide), (x + wide, y), (x, y + wide), (x - wide, y)]
                    }
                    _ => vec![(x, y - wide), (x + wide, y + size), (x - wide, y + size)],
                };
                self.path(&format!("mark {class}"), &points, true);
            }
            Shape::Cross => {
                let class = format!("mark {class} cross");
                self.line(&class, [x - size, y - size, x + size, y + size]);
                self.line(&class, [x - size, y + size, x + size, y - size]);
            }
        }
    }

    /// A text of at most so many columns; longer ones are cut, and what shows nothing is made to show.
    pub(super) fn text(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        anchor: Anchor,
        text: &str,
        columns: usize,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let (x, y) = (at(x), at(y));
        let line = terminal_line(text, columns);
        let text = html(&line);
        let space = if class.is_empty() { "" } else { " " };
        self.put(format_args!(
            r#"<text class="label{space}{class}" x="{x}" y="{y}"{anchor}>{text}</text>"#
        ));
    }

    /// An axis below a plot: its line, its ticks and their words.
    pub(super) fn axis_below(&mut self, axis: &Axis, y: f64, labels: &[(f64, String)]) {
        let span = axis.span();
        self.line("axis", [span.from, y, span.to, y]);
        for (place, (tick, words)) in labels.iter().enumerate() {
            let Some(x) = axis.place(*tick) else {
                continue;
            };
            self.line("axis", [x, y, x, y + 4.0]);
            // Words at the ends would leave the drawing.
            let wide = words.width() as f64 * 3.0;
            let anchor = match () {
                () if x + wide > WIDTH => Anchor::End,
                () if x - wide < 0.0 => Anchor::Start,
                () => Anchor::Middle,
            };
            let is_last = place + 1 == labels.len();
            let (x, anchor) = match anchor {
                Anchor::End if is_last => (WIDTH - 1.0, Anchor::End),
                anchor => (x, anchor),
            };
            self.text("tick", (x, y + 15.0), anchor, words, 16);
        }
    }

    /// Lines across a plot at the ticks of an axis that points up, with their words to the left.
    pub(super) fn axis_aside(
        &mut self,
        axis: &Axis,
        [left, right]: [f64; 2],
        labels: &[(f64, String)],
    ) {
        for (tick, words) in labels {
            if let Some(y) = axis.place(*tick) {
                self.line("grid", [left, y, right, y]);
                // A unit that finds no room stands in the words of the axis.
                let words = match words.width() > ASIDE_COLUMNS {
                    true => words.split(' ').next().unwrap_or_default(),
                    false => words,
                };
                let at = (left - 4.0, y + 3.5);
                self.text("tick", at, Anchor::End, words, ASIDE_COLUMNS);
            }
        }
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
    }

    /// The drawing: `id` names it in its page, `title` and `words` say what it shows to whom it is read aloud.
    pub(super) fn finish(self, id: &str, title: &str, words: &str, height: f64) -> String {
        let id: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let line = |text: &str| {
            let short: String = text.chars().take(MOST_WORDS).collect();
            let cut = if short.len() < text.len() { " ..." } else { "" };
            let line = format!("{short}{cut}");
            html(&terminal_line(&line, usize::MAX)).into_owned()
        };
        let (title, words, height) = (line(title), line(words), at(height));
        let body = self.body;
        format!(
            r#"<svg class="chart" role="img" aria-labelledby="{id}-title {id}-words" viewBox="0 0 {WIDTH} {height}"><title id="{id}-title">{title}</title><desc id="{id}-words">{words}</desc>{body}</svg>"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_neither_mark_up_nor_turn_around() {
        let mut canvas = Canvas::default();
        canvas.text(
            "",
            (1.0, 2.0),
            Anchor::Start,
            "</text><script>\u{202e}x",
            60,
        );
        let drawn = canvas.finish("a b\"c", "<b>", "\"&\u{1b}", 10.0);
        assert!(
            !drawn.contains("<script") && !drawn.contains('\u{202e}'),
            "{drawn}"
        );
        assert!(
            drawn.contains("&lt;/text&gt;&lt;script&gt;&lt;U+202E&gt;x"),
            "{drawn}"
        );
        assert!(
            drawn.contains(r#"<title id="a-b-c-title">&lt;b&gt;</title>"#),
            "{drawn}"
        );
        assert!(drawn.contains("&quot;&amp;␛"), "{drawn}");
    }

    #[test]
    fn coordinates_are_short_and_never_minus_zero() {
        assert_eq!([at(-0.01), at(1.0 / 3.0), at(12.0)], ["0", "0.3", "12"]);
    }

    #[test]
    fn words_are_bounded() {
        let drawn = Canvas::default().finish("x", "t", &"w".repeat(1_000_000), 10.0);
        assert!(drawn.len() < 2 * MOST_WORDS, "{}", drawn.len());
    }
}
