//! Where a record ends: a line, a CSV row, an element of a JSON array. Looks at bytes and keeps none.

use super::records::MOST;
use crate::domain::quoting::Cell;

/// How a file's rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object a line.
    Lines,
    /// Comma-separated, with a head.
    Csv,
    /// One JSON array of objects.
    Array,
}

/// What a look at the next bytes says.
pub(super) struct Step {
    /// How many bytes it is about.
    pub(super) bytes: usize,
    /// They belong to a record.
    pub(super) keep: bool,
    /// The record is complete.
    pub(super) ends: bool,
    /// Line ends among the bytes.
    pub(super) lines: u64,
    /// The file is not what it should be.
    pub(super) wrong: Option<&'static str>,
}

impl Step {
    fn new(bytes: usize, keep: bool, ends: bool) -> Self {
        Self {
            bytes,
            keep,
            ends,
            lines: 0,
            wrong: None,
        }
    }

    fn over(self, lines: u64) -> Self {
        Self { lines, ..self }
    }
}

/// Finds where records end.
pub(super) enum Cut {
    Lines,
    Csv(Cell),
    Array(Element),
}

/// Where in a JSON array we are.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Element {
    /// Before `[`.
    Before,
    /// Between elements.
    Between,
    /// In one: how deep, in a text, after a backslash.
    In {
        depth: u32,
        quoted: bool,
        escaped: bool,
    },
    /// After `]`.
    After,
}

impl Cut {
    pub(super) fn new(format: Format) -> Self {
        match format {
            Format::Lines => Self::Lines,
            Format::Csv => Self::Csv(Cell::Begins),
            Format::Array => Self::Array(Element::Before),
        }
    }

    /// At the beginning of a record again.
    pub(super) fn restart(&mut self) {
        match self {
            Self::Lines => {}
            Self::Csv(cell) => *cell = Cell::Begins,
            Self::Array(element) => *element = Element::Between,
        }
    }

    pub(super) fn step(&mut self, chunk: &[u8]) -> Step {
        match self {
            Self::Lines => match chunk.iter().position(|byte| *byte == b'\n') {
                Some(at) => Step::new(at + 1, true, true).over(1),
                None => Step::new(chunk.len(), true, false),
            },
            Self::Csv(cell) => {
                let mut lines = 0;
                for (at, byte) in chunk.iter().enumerate() {
                    lines += u64::from(*byte == b'\n');
                    if matches!(byte, b'\n' | b'\r') && *cell != Cell::Quoted {
                        *cell = Cell::Begins;
                        return Step::new(at + 1, true, true).over(lines);
                    }
                    *cell = cell.after(*byte, b',');
                }
                Step::new(chunk.len(), true, false).over(lines)
            }
            Self::Array(element) => array_step(element, chunk),
        }
    }

    pub(super) fn at_end(&self) -> Result<(), &'static str> {
        match self {
            Self::Csv(Cell::Quoted) => Err(
                "a quote is opened in this row and not closed before the end of the file; close it, or double it (\"\") inside a cell",
            ),
            Self::Array(Element::Before) => {
                Err("the file is empty; a JSON dataset is an array of cases")
            }
            Self::Array(Element::Between | Element::In { .. }) => {
                Err("the file ends inside its array; it is cut off: restore it")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn too_long(&self) -> String {
        let most = MOST >> 20;
        match self {
            Self::Lines => format!(
                "this line is over {most} MiB, the rest was not read; write one case a line, with line ends between them"
            ),
            Self::Csv(Cell::Quoted) => format!(
                "a quote opened in this row is not closed within {most} MiB, the rest was not read; close it, or double it (\"\") inside a cell"
            ),
            Self::Csv(_) => format!("this row is over {most} MiB, the rest was not read; split it"),
            Self::Array(_) => {
                format!("this element is over {most} MiB, the rest was not read; split it")
            }
        }
    }
}

fn array_step(element: &mut Element, chunk: &[u8]) -> Step {
    let wrong = |message| Step {
        wrong: Some(message),
        ..Step::new(0, false, false)
    };
    match *element {
        Element::Before | Element::Between | Element::After => {
            let blank = |byte: &u8| {
                byte.is_ascii_whitespace() || (*element == Element::Between && *byte == b',')
            };
            let at = chunk
                .iter()
                .position(|byte| !blank(byte))
                .unwrap_or(chunk.len());
            if at > 0 {
                let lines = chunk[..at].iter().filter(|byte| **byte == b'\n').count();
                return Step::new(at, false, false).over(lines as u64);
            }
            match (*element, chunk[0]) {
                (Element::Before, b'[') => {
                    *element = Element::Between;
                    Step::new(1, false, false)
                }
                (Element::Before, b'{') => wrong(
                    "a JSON dataset is an array of cases, this is an object; for one object a line, name the file .jsonl",
                ),
                (Element::Before, _) => {
                    wrong("a JSON dataset is an array of cases: [{...}, {...}]")
                }
                (Element::Between, b']') => {
                    *element = Element::After;
                    Step::new(1, false, false)
                }
                (Element::Between, _) => {
                    *element = Element::In {
                        depth: 0,
                        quoted: false,
                        escaped: false,
                    };
                    Step::new(0, true, false)
                }
                _ => wrong("something stands behind the array's end; a JSON dataset is one array"),
            }
        }
        Element::In {
            mut depth,
            mut quoted,
            mut escaped,
        } => {
            let mut lines = 0;
            for (at, byte) in chunk.iter().enumerate() {
                lines += u64::from(*byte == b'\n');
                if quoted {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => quoted = false,
                        _ => {}
                    }
                    continue;
                }
                match byte {
                    b'"' => quoted = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 0 => {
                        depth -= 1;
                        if depth == 0 {
                            *element = Element::Between;
                            return Step::new(at + 1, true, true).over(lines);
                        }
                    }
                    // An element that is no object: it ends where the next begins.
                    b',' | b']' | b'}' if depth == 0 => {
                        *element = Element::Between;
                        let bytes = at.max(usize::from(*byte == b'}'));
                        return Step::new(bytes, true, true).over(lines);
                    }
                    _ => {}
                }
            }
            *element = Element::In {
                depth,
                quoted,
                escaped,
            };
            Step::new(chunk.len(), true, false).over(lines)
        }
    }
}
