//! The table: what was measured beside what must be and what is aimed at.

use std::time::Duration;

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) work: String,
    pub(crate) what: &'static str,
    pub(crate) must: String,
    pub(crate) aim: String,
    /// Measured, one a round.
    pub(crate) values: Vec<f64>,
    pub(crate) unit: Unit,
    /// The bounds, in the same unit; `None`: shown only.
    pub(crate) bounds: Option<(f64, f64)>,
    /// The same figure of the floor, in the same unit.
    pub(crate) floor: Option<f64>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Mib,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Seconds if value < 0.000_2 => format!("{:.1} us", value * 1e6),
            Self::Seconds if value < 0.1 => format!("{:.1} ms", value * 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::Mib => format!("{value:.0} MiB"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

impl Line {
    /// A figure with its two bounds.
    pub(crate) fn new(work: &str, what: &'static str, unit: Unit, must: f64, aim: f64) -> Self {
        Self {
            work: work.to_owned(),
            what,
            must: unit.show(must),
            aim: unit.show(aim),
            values: Vec::new(),
            unit,
            bounds: Some((must, aim)),
            floor: None,
        }
    }

    /// A figure that is only shown.
    pub(crate) fn shown(work: &str, what: &'static str, unit: Unit) -> Self {
        Self {
            bounds: None,
            must: String::new(),
            aim: String::new(),
            ..Self::new(work, what, unit, 0.0, 0.0)
        }
    }

    pub(crate) fn with(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        self.values = values.into_iter().collect();
        self.values.sort_by(f64::total_cmp);
        self
    }

    pub(crate) fn above(mut self, floor: Option<f64>) -> Self {
        self.floor = floor;
        self
    }

    fn cells(&self) -> [String; 9] {
        let middle = median(&self.values);
        let show = |value: Option<f64>| value.map_or("-".to_owned(), |value| self.unit.show(value));
        let verdict = match (self.bounds, middle) {
            (Some((_, aim)), Some(value)) if value <= aim => "aim",
            (Some((must, _)), Some(value)) if value <= must => "must",
            (Some(_), Some(_)) => "MISSED",
            _ => "",
        };
        [
            self.work.clone(),
            self.what.to_owned(),
            self.must.clone(),
            self.aim.clone(),
            show(middle),
            show(self.values.first().copied()),
            self.floor
                .zip(middle)
                .map_or("-".to_owned(), |(floor, value)| {
                    format!("{} ({:.1} x)", self.unit.show(floor), value / floor)
                }),
            self.values.len().to_string(),
            verdict.to_owned(),
        ]
    }
}

/// The middle value; `None` of none.
pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len().max(1) - 1) / 2)?;
    Some((upper + lower) / 2.0)
}

/// Seconds as a number.
pub(crate) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// The lines in columns, as a Markdown table.
pub(crate) fn table(lines: &[Line]) -> String {
    let head = [
        "work", "figure", "must", "aim", "median", "best", "floor", "n", "holds",
    ]
    .map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(lines.iter().map(Line::cells));
    let widths: Vec<usize> = (0..9)
        .map(|column| {
            rows.iter()
                .map(|row| row[column].len())
                .max()
                .unwrap_or(0)
                .max(3)
        })
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!("| {cell:width$} "));
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                text.push_str(&format!("| {} ", "-".repeat(*width)));
            }
            text.push_str("|\n");
        }
    }
    text
}
