//! IFEval: instructions that a program can check (Zhou et al. 2023, "Instruction-Following Evaluation for Large Language Models").
//!
//! A row names some of 25 kinds of instructions with their options. `strict` checks the response as it is; `loose` passes an instruction that
//! any of eight readings of the response follows: without its first line, its last, both, and each of these without asterisks. A blank
//! reading follows nothing. The benchmark reports the share of prompts whose instructions are all followed ([`Marking::verdict`]) and the share
//! of instructions ([`Convention::followed`]).
//!
//! The benchmark's own scorer leans on three things that are written anew here, and may therefore differ: a sentence splitter that was
//! trained on newspapers (`sentences`), a tokeniser (`words`) and a language detector (`language`). Where an option is missing, it draws one at
//! random; here such an instruction is unscored.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Marking, Verdict, python};

mod checks;
mod instruction;
mod keywords;
mod language;
mod sentences;
mod words;

use instruction::Instruction;

/// A row of `input_data.jsonl`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The instructions, as `group:name`.
    pub instruction_id_list: Vec<String>,
    /// The options of each, in the same order.
    pub kwargs: Vec<Map<String, Value>>,
}

/// How the response is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// As it is.
    Strict,
    /// In any of eight ways.
    Loose,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("strict", Self::Strict), ("loose", Self::Loose)];
}

/// The response as it is, without its first line, its last, both; and these without asterisks.
fn readings(response: &str) -> Vec<String> {
    let after_first = response.split_once('\n').map_or("", |(_, rest)| rest);
    let before_last = response.rsplit_once('\n').map_or("", |(rest, _)| rest);
    let inner = after_first.rsplit_once('\n').map_or("", |(rest, _)| rest);
    let plain = [
        response.to_owned(),
        python::strip(after_first).to_owned(),
        python::strip(before_last).to_owned(),
        python::strip(inner).to_owned(),
    ];
    let bare: Vec<String> = plain.iter().map(|text| text.replace('*', "")).collect();
    plain.into_iter().chain(bare).collect()
}

impl Convention {
    /// Whether each instruction of the row is followed, in the row's order; or why that cannot be said.
    #[must_use]
    pub fn followed(self, row: &Row, output: &str) -> Vec<Result<bool, String>> {
        let readings = match self {
            Self::Strict => vec![output.to_owned()],
            Self::Loose => readings(output),
        };
        row.instruction_id_list
            .iter()
            .enumerate()
            .map(|(place, id)| {
                let options = row
                    .kwargs
                    .get(place)
                    .ok_or_else(|| format!("`kwargs` has no entry for `{id}`"))?;
                let instruction = Instruction::decode(id, options)?;
                for reading in &readings {
                    if !python::strip(reading).is_empty() && instruction.is_followed(reading)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
            .collect()
    }
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        if row.instruction_id_list.is_empty() {
            return Verdict::unscored("the row has no instructions");
        }
        let found = self.followed(row, output);
        let named = || row.instruction_id_list.iter().zip(&found);
        if let Some((id, Err(why))) = named().find(|(_, followed)| followed.is_err()) {
            return Verdict::unscored(format!("{id}: {why}"));
        }
        let broken: Vec<&str> = named()
            .filter(|(_, followed)| **followed == Ok(false))
            .map(|(id, _)| id.as_str())
            .collect();
        let verdict =
            Verdict::pass(broken.is_empty()).of_parts(found.len() - broken.len(), found.len());
        if broken.is_empty() {
            verdict
        } else {
            verdict.because(format!("not followed: {}", broken.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ids: &str, kwargs: &str) -> Row {
        serde_json::from_str(&format!(
            r#"{{"key": 1, "prompt": "?", "instruction_id_list": {ids}, "kwargs": {kwargs}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn the_loose_reading_passes_over_lines_and_asterisks() {
        let row = row(
            r#"["punctuation:no_comma", "startend:quotation"]"#,
            "[{}, {}]",
        );
        let output = "Sure, here it is:\n\"*all is well*\"";
        let followed = |by: Convention| by.followed(&row, output);
        assert_eq!(followed(Convention::Strict), [Ok(false), Ok(false)]);
        assert_eq!(followed(Convention::Loose), [Ok(true), Ok(true)]);
        let verdict = Convention::Strict.verdict(&row, output);
        assert_eq!(verdict.passed(), Some(false));
        assert_eq!(
            verdict.detail.as_deref(),
            Some("not followed: punctuation:no_comma, startend:quotation")
        );
        assert_eq!(Convention::Loose.verdict(&row, output).passed(), Some(true));
    }

    #[test]
    fn a_blank_response_follows_nothing() {
        let row = row(r#"["punctuation:no_comma"]"#, "[{}]");
        assert_eq!(
            Convention::Strict.verdict(&row, " \n").passed(),
            Some(false)
        );
        assert_eq!(Convention::Loose.verdict(&row, "").passed(), Some(false));
    }

    #[test]
    fn what_cannot_be_checked_is_unscored() {
        for (ids, kwargs) in [
            (r#"["no:such_thing"]"#, "[{}]"),
            (r#"["punctuation:no_comma"]"#, "[]"),
            (r#"["length_constraints:number_words"]"#, "[{}]"),
            ("[]", "[]"),
        ] {
            let verdict = Convention::Strict.verdict(&row(ids, kwargs), "words");
            assert_eq!(verdict.passed(), None, "{ids}");
        }
    }
}
