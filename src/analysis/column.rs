//! Columns: one small value a trial, read back as what it stands for.

use crate::domain::fault::FaultKind;
use crate::domain::score::{Measure, Unscored};
use crate::domain::transcript::Failure;

/// What a scorer left for a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found {
    /// Nothing yet.
    Nothing,
    /// No value, and none is due.
    NotApplicable,
    /// No value, though there should be one.
    Unscored(Unscored),
    /// Pass or fail.
    Pass(bool),
    /// A number.
    Number(f64),
    /// A class, by its index among the labels of its scorer.
    Label(u16),
}

/// One value a trial; made when the first value comes.
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    values: Vec<T>,
    empty: T,
}

impl<T: Copy> Column<T> {
    pub(crate) fn new(empty: T) -> Self {
        Self {
            values: Vec::new(),
            empty,
        }
    }

    pub(crate) fn get(&self, at: usize) -> T {
        self.values.get(at).copied().unwrap_or(self.empty)
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<T>()
    }

    pub(crate) fn set(&mut self, at: usize, trials: usize, value: Option<T>) {
        if self.values.is_empty() {
            if value.is_none() {
                return;
            }
            self.values = vec![self.empty; trials];
        }
        self.values[at] = value.unwrap_or(self.empty);
    }
}

/// No token count.
pub(crate) const NO_COUNT: u32 = u32::MAX;
/// No time.
pub(crate) const NO_TIME: u32 = u32::MAX;
/// From here on a time is kept in milliseconds instead of microseconds.
pub(crate) const COARSE: u32 = 1 << 31;

/// Milliseconds as 32 bits: microseconds up to 35 minutes, whole milliseconds beyond.
pub(crate) fn pack_time(ms: f64) -> u32 {
    let micros = (ms.max(0.0) * 1_000.0).round();
    if micros < f64::from(COARSE) {
        micros as u32
    } else {
        COARSE | (ms.round().min(f64::from(COARSE - 2)) as u32)
    }
}

pub(crate) fn unpack_time(packed: u32) -> Option<f64> {
    match packed {
        NO_TIME => None,
        coarse if coarse >= COARSE => Some(f64::from(coarse & !COARSE)),
        micros => Some(f64::from(micros) / 1_000.0),
    }
}

/// One scorer's values.
#[derive(Debug, Clone)]
pub(crate) struct ScoreColumn {
    values: ScoreValues,
    /// Classes seen, the declared ones first.
    pub(crate) labels: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum ScoreValues {
    /// Codes of [`code`].
    Codes(Vec<u8>),
    /// Numbers; what is none is a code in the payload of a NaN, which never leaves this module.
    Numbers(Vec<f64>),
    /// Codes, and class c as `FIRST_LABEL + c`.
    Labels(Vec<u16>),
}

/// Where class indices begin.
pub(crate) const FIRST_LABEL: u16 = 16;
/// The bits of a quiet NaN without payload.
pub(crate) const NAN: u64 = 0x7ff8_0000_0000_0000;

/// What is no number and no class, as a small number.
pub(crate) fn code(found: Found) -> Option<u8> {
    Some(match found {
        Found::Nothing => 0,
        Found::NotApplicable => 1,
        Found::Pass(false) => 2,
        Found::Pass(true) => 3,
        Found::Unscored(Unscored::Unreadable) => 4,
        Found::Unscored(Unscored::Refused) => 5,
        Found::Unscored(Unscored::Unavailable) => 6,
        Found::Unscored(Unscored::NoMajority) => 7,
        Found::Unscored(Unscored::Broken) => 8,
        Found::Number(_) | Found::Label(_) => return None,
    })
}

pub(crate) fn decode(code: u8) -> Found {
    match code {
        1 => Found::NotApplicable,
        2 => Found::Pass(false),
        3 => Found::Pass(true),
        4 => Found::Unscored(Unscored::Unreadable),
        5 => Found::Unscored(Unscored::Refused),
        6 => Found::Unscored(Unscored::Unavailable),
        7 => Found::Unscored(Unscored::NoMajority),
        8 => Found::Unscored(Unscored::Broken),
        _ => Found::Nothing,
    }
}

impl ScoreColumn {
    pub(crate) fn new(measure: &Measure, trials: usize) -> Self {
        let (values, labels) = match measure {
            Measure::PassFail => (ScoreValues::Codes(vec![0; trials]), Vec::new()),
            Measure::Number { .. } => (
                ScoreValues::Numbers(vec![f64::from_bits(NAN); trials]),
                Vec::new(),
            ),
            Measure::Label { classes, .. } => {
                (ScoreValues::Labels(vec![0; trials]), classes.clone())
            }
        };
        Self { values, labels }
    }

    pub(crate) fn get(&self, at: usize) -> Found {
        match &self.values {
            ScoreValues::Codes(codes) => decode(codes[at]),
            ScoreValues::Numbers(numbers) => {
                let number = numbers[at];
                if number.is_nan() {
                    decode((number.to_bits() & 0xff) as u8)
                } else {
                    Found::Number(number)
                }
            }
            ScoreValues::Labels(labels) => match labels[at].checked_sub(FIRST_LABEL) {
                Some(class) => Found::Label(class),
                None => decode(labels[at] as u8),
            },
        }
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        match &self.values {
            ScoreValues::Codes(codes) => codes.capacity(),
            ScoreValues::Numbers(numbers) => 8 * numbers.capacity(),
            ScoreValues::Labels(labels) => 2 * labels.capacity(),
        }
    }

    /// Keeps a value. One of another kind than the scorer's own measure says nothing that can be counted: it is broken.
    pub(crate) fn set(&mut self, at: usize, found: Found) {
        let broken = || code(Found::Unscored(Unscored::Broken)).unwrap_or(0);
        match &mut self.values {
            ScoreValues::Codes(codes) => codes[at] = code(found).unwrap_or_else(broken),
            ScoreValues::Numbers(numbers) => {
                numbers[at] = match found {
                    Found::Number(number) if number.is_finite() => number,
                    Found::Pass(_) => f64::from_bits(NAN | u64::from(broken())),
                    other => f64::from_bits(NAN | u64::from(code(other).unwrap_or_else(broken))),
                }
            }
            ScoreValues::Labels(labels) => {
                labels[at] = match found {
                    Found::Label(class) => class.saturating_add(FIRST_LABEL),
                    Found::Pass(_) => u16::from(broken()),
                    other => u16::from(code(other).unwrap_or_else(broken)),
                }
            }
        }
    }

    pub(crate) fn intern(&mut self, label: &str) -> Found {
        let at = self.labels.iter().position(|known| known == label);
        let at = at.unwrap_or_else(|| {
            self.labels.push(label.to_owned());
            self.labels.len() - 1
        });
        u16::try_from(at).map_or(Found::Unscored(Unscored::Broken), Found::Label)
    }
}

// --- kinds as small numbers ----------------------------------------------------------------------------------------------------

/// 0 is the deadline, fault kinds follow in the order of their table.
pub(crate) fn failure_code(name: &str) -> u8 {
    match Failure::from_name(name) {
        Some(Failure::Fault(kind)) => fault_code(kind) + 1,
        Some(Failure::Deadline) | None => 0,
    }
}

pub(crate) fn failure_of(code: u8) -> Failure {
    code.checked_sub(1)
        .map_or(Failure::Deadline, |kind| Failure::Fault(fault_of(kind)))
}

pub(crate) fn fault_code(kind: FaultKind) -> u8 {
    let at = FaultKind::ALL.iter().position(|(_, known)| *known == kind);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

pub(crate) fn fault_of(code: u8) -> FaultKind {
    FaultKind::ALL
        .get(usize::from(code))
        .map_or(FaultKind::Internal, |(_, kind)| *kind)
}
