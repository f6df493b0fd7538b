//! RULER: words that an answer over a long text must hold (Hsieh et al. 2024, "RULER: What's the Real Context Size of Your Long-Context
//! Language Models?").

use serde::Deserialize;

use super::{Marking, Verdict, python};

/// A row of the benchmark's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// What must be found.
    pub outputs: Vec<String>,
}

/// What is asked of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The share of the words that it holds: retrieval, tracing, counting.
    All,
    /// Whether it holds any of them: questions.
    Part,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] = &[("all", Self::All), ("part", Self::Part)];
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        if row.outputs.is_empty() {
            return Verdict::unscored("the row's `outputs` are empty: nothing must be found");
        }
        // Control characters become line feeds, as in the benchmark's program.
        let answer: String = python::strip(output)
            .to_lowercase()
            .chars()
            .map(|letter| if letter < ' ' { '\n' } else { letter })
            .collect();
        let found = row
            .outputs
            .iter()
            .filter(|word| answer.contains(&word.to_lowercase()))
            .count();
        #[expect(clippy::cast_precision_loss, reason = "counts of words of one row")]
        match self {
            Self::All => Verdict::number(found as f64 / row.outputs.len() as f64),
            Self::Part => Verdict::pass(found > 0),
        }
        .because(format!("{found} of {} found", row.outputs.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        let row: Row = serde_json::from_str(r#"{"outputs": ["Éclair", "7421"]}"#).unwrap();
        assert_eq!(
            Convention::All.verdict(&row, "an éCLAIR").value(),
            Some(0.5)
        );
        assert_eq!(
            Convention::Part.verdict(&row, "an éCLAIR").passed(),
            Some(true)
        );
        assert_eq!(Convention::Part.verdict(&row, "none").passed(), Some(false));
        let none: Row = serde_json::from_str(r#"{"outputs": []}"#).unwrap();
        assert_eq!(Convention::All.verdict(&none, "x").value(), None);
    }
}
