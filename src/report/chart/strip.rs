//! A figure as people compare them by eye: its point on a line, its interval around it, and what it is held against.

use super::axis::{Axis, is_drawable};
use super::canvas::{Anchor, COLUMNS, Canvas, LEFT, RIGHT, Shape};
use crate::analysis::findings::{Estimate, Figure};
use unicode_width::UnicodeWidthStr;

/// Most rows of a drawing; the others are counted below it.
pub(super) const MOST_ROWS: usize = 30;
/// From the top of a row to its line.
const TO_LINE: f64 = 25.0;
/// Height of a row.
pub(super) const ROW: f64 = 40.0;
/// Half the height of what stands across a line.
const HALF: f64 = 7.0;
/// About how wide a column of a name is, which is bold, and one of other words.
const NAME_COLUMN: f64 = 7.2;
const COLUMN: f64 = 6.6;
/// From a name to the words below it.
const SECOND_LINE: f64 = 15.0;

/// How a row's mark looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Its form.
    pub shape: Shape,
    /// Its meaning, where it has one.
    pub tone: Tone,
}

impl Look {
    /// A disc in the colour of the text.
    pub const PLAIN: Self = Self {
        shape: Shape::Circle,
        tone: Tone::Plain,
    };
}

/// What a mark means; words beside it always say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing more.
    Plain,
    /// What a drawing is about.
    Accent,
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// Beside the point.
    Muted,
}

impl Tone {
    /// Its class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Muted => "muted",
        }
    }
}

/// The head of a row: its name to the left and its figure in words to the right, below it where one line is too short for both.
/// Answers how much lower the row then begins.
pub(super) fn head(canvas: &mut Canvas, top: f64, name: &str, words: &str) -> f64 {
    let wide = name.width() as f64 * NAME_COLUMN + words.width() as f64 * COLUMN;
    let below = match wide + COLUMN > RIGHT - LEFT {
        true => SECOND_LINE,
        false => 0.0,
    };
    let room = ((RIGHT - LEFT) / NAME_COLUMN) as usize;
    canvas.text("name", (LEFT, top + 12.0), Anchor::Start, name, room);
    let at = (RIGHT, top + 12.0 + below);
    canvas.text("value", at, Anchor::End, words, COLUMNS);
    below
}

/// In place of a line: why there is none.
pub(super) fn nothing(canvas: &mut Canvas, top: f64, why: &str) {
    let why = format!("not drawn: {why}");
    canvas.text(
        "muted",
        (LEFT + 10.0, top + TO_LINE + 4.0),
        Anchor::Start,
        &why,
        COLUMNS,
    );
}

/// What a figure is held against: lines across at these values, and a shaded band between two.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Against<'a> {
    /// Values with the class of their line.
    pub(super) rules: &'a [(f64, &'static str)],
    /// The band.
    pub(super) band: Option<(f64, f64)>,
}

/// The line of a row: the axis, what the figure is held against, interval and point. Why not, where there is nothing to draw.
pub(super) fn line(
    canvas: &mut Canvas,
    axis: &Axis,
    top: f64,
    figure: &Figure,
    look: Look,
    against: Against<'_>,
) {
    let y = top + TO_LINE;
    let estimate = match figure {
        Figure::Undefined { undefined, .. } => return nothing(canvas, top, undefined),
        Figure::Estimate(estimate) => estimate,
    };
    let Some(point) = drawable(estimate.point).and_then(|point| axis.place(point)) else {
        return nothing(canvas, top, "its value lies beyond every drawing");
    };
    if let Some((low, high)) = against.band
        && let (Some(low), Some(high)) = (axis.place(low), axis.place(high))
    {
        canvas.rect("band", [low, y - HALF, high - low, 2.0 * HALF]);
    }
    let span = axis.span();
    canvas.line("grid", [span.from, y, span.to, y]);
    for (value, class) in against.rules {
        if let Some(x) = axis.place(*value) {
            canvas.line(class, [x, y - HALF, x, y + HALF]);
        }
    }
    interval(canvas, axis, y, estimate, look.tone);
    canvas.mark(look.tone.class(), look.shape, (point, y), 4.0);
}

fn drawable(value: f64) -> Option<f64> {
    is_drawable(value).then_some(value)
}

/// The interval; an end that is open runs to the end of the axis without a cap.
fn interval(canvas: &mut Canvas, axis: &Axis, y: f64, estimate: &Estimate, tone: Tone) {
    let ends = [estimate.low, estimate.high];
    if ends == [None, None] {
        return;
    }
    let span = axis.span();
    let place = |end: Option<f64>| end.and_then(drawable).and_then(|end| axis.place(end));
    let [low, high] = ends.map(place);
    let class = format!("interval {}", tone.class());
    canvas.line(
        &class,
        [low.unwrap_or(span.from), y, high.unwrap_or(span.to), y],
    );
    for x in [low, high].into_iter().flatten() {
        canvas.line(&class, [x, y - 4.0, x, y + 4.0]);
    }
}

/// All values that a figure's drawing needs room for.
pub(super) fn extent(figure: &Figure) -> impl Iterator<Item = f64> + use<> {
    let estimate = figure.estimate();
    let values = estimate.map(|one| [Some(one.point), one.low, one.high]);
    values.into_iter().flatten().flatten()
}

/// Below the rows: what is left out.
pub(super) fn left_out(canvas: &mut Canvas, y: f64, words: &str) {
    canvas.text("muted", (LEFT, y), Anchor::Start, words, COLUMNS + 4);
}
