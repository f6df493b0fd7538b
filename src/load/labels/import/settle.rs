//! What a field's values are, decided over all of them together: `yes` beside `maybe` is a class, alone with `no` it is pass and fail.

use serde_json::Value as Json;

use crate::domain::decode::Problem;
use crate::domain::label::{Preference, Said};
use crate::load::labels::entry::preference;
use crate::load::labels::rows::{Found, at, number};
use crate::load::labels::wide::pass;

/// A value as a tool wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A choice, a name.
    Text(String),
    /// A rating, a score.
    Number(f64),
    /// A yes or no.
    Bool(bool),
    /// One of two outputs.
    Preference(Preference),
}

impl Value {
    /// The value of a JSON scalar.
    pub(super) fn of(json: &Json) -> Option<Self> {
        match json {
            Json::Bool(truth) => Some(Self::Bool(*truth)),
            Json::Number(number) => number.as_f64().map(Self::Number),
            Json::String(_) => super::collect::id(json).map(Self::Text),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
            Self::Preference(Preference::A) => "a".to_owned(),
            Self::Preference(Preference::B) => "b".to_owned(),
            Self::Preference(Preference::Tie) => "tie".to_owned(),
        }
    }
}

/// The column of a labels file that values go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Grades and other numbers.
    Rating,
    /// Pass or fail.
    Pass,
    /// Which of two is better.
    Preference,
    /// Classes.
    Class,
}

impl Column {
    /// Its name in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rating => "rating",
            Self::Pass => "pass",
            Self::Preference => "preference",
            Self::Class => "class",
        }
    }

    fn said(self, value: &Value) -> Option<Said> {
        match (self, value) {
            (Self::Rating, Value::Number(number)) => Some(Said::Rating(*number)),
            (Self::Rating, Value::Text(text)) => number(text, false).map(Said::Rating),
            (Self::Pass, Value::Bool(truth)) => Some(Said::Pass(*truth)),
            (Self::Pass, Value::Text(_) | Value::Number(_)) => pass(&value.word()).map(Said::Pass),
            (Self::Preference, Value::Preference(preference)) => {
                Some(Said::Preference(*preference))
            }
            (Self::Preference, Value::Text(text)) => {
                let side = match text.to_ascii_lowercase().as_str() {
                    "left" => Some(Preference::A),
                    "right" => Some(Preference::B),
                    word => preference(word),
                };
                side.map(Said::Preference)
            }
            (Self::Class, value) => Some(Said::Class(value.word())),
            _ => None,
        }
    }
}

/// What values are where nobody says: pairs are preferences; truths, and words such as pass and no, are pass and fail; numbers are
/// ratings, 0 and 1 too; other texts are classes. Anything else is mixed, and has to be said.
fn looks(values: &[(u64, &Value)]) -> Option<Column> {
    let all = |fits: fn(&Value) -> bool| values.iter().all(|(_, value)| fits(value));
    let is_numeral = |text: &str| number(text, false).is_some();
    if all(|value| matches!(value, Value::Preference(_))) {
        Some(Column::Preference)
    } else if all(|value| matches!(value, Value::Bool(_)))
        || (values.iter().all(|(_, value)| matches!(value, Value::Text(text) if pass(text).is_some() && !is_numeral(text))))
    {
        Some(Column::Pass)
    } else if values.iter().all(|(_, value)| match value {
        Value::Number(_) => true,
        Value::Text(text) => is_numeral(text),
        Value::Bool(_) | Value::Preference(_) => false,
    }) {
        Some(Column::Rating)
    } else if all(|value| matches!(value, Value::Text(_))) {
        Some(Column::Class)
    } else {
        None
    }
}

/// The values of a field as labels say them.
pub(super) fn settle(
    named: &str,
    field: &str,
    values: &[(u64, &Value)],
    column: Option<Column>,
) -> Result<Vec<Said>, Vec<Problem>> {
    let Some(column) = column.or_else(|| looks(values)) else {
        let message = format!(
            "`{field}` holds values of different kinds; say which: rating, pass, preference, class"
        );
        return Err(vec![at("--as", 0, message)]);
    };
    let mut found = Found::default();
    let mut all = Vec::with_capacity(values.len());
    for (line, value) in values {
        match column.said(value) {
            Some(said) => all.push(said),
            None => {
                let word: String = value.word().chars().take(40).collect();
                let message = format!(
                    "`{field}`: `{word}` is no {}; take another field, or another --as",
                    column.name()
                );
                found.note(at(named, *line, message));
            }
        }
    }
    found.unless(named, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn settled(values: &[Value], column: Option<Column>) -> Result<Vec<Said>, String> {
        let values: Vec<(u64, &Value)> = (1..).zip(values).collect();
        settle("f", "quality", &values, column).map_err(|all| all[0].to_string())
    }

    #[test]
    fn values_are_told_by_all_of_them_together() {
        let column = |values: &[Value]| settled(values, None).unwrap()[0].column();
        assert_eq!(column(&[text("Yes"), text("no")]), "pass");
        assert_eq!(column(&[text("yes"), text("maybe")]), "class");
        assert_eq!(column(&[text("1"), text("0")]), "rating");
        assert_eq!(column(&[Value::Number(1.0), text("4.5")]), "rating");
        assert_eq!(column(&[Value::Bool(true)]), "pass");
        assert_eq!(column(&[Value::Preference(Preference::Tie)]), "preference");
        assert!(
            settled(&[text("good"), Value::Number(1.0)], None)
                .unwrap_err()
                .starts_with("--as: `quality` holds")
        );
    }

    #[test]
    fn what_is_said_to_be_there_is_taken_or_refused_by_its_line() {
        let zero_one = [Value::Number(1.0), text("0")];
        assert_eq!(
            settled(&zero_one, Some(Column::Pass)).unwrap(),
            [Said::Pass(true), Said::Pass(false)]
        );
        let sides = [text("Left"), text("b"), text("TIE")];
        let wanted = [Preference::A, Preference::B, Preference::Tie].map(Said::Preference);
        assert_eq!(settled(&sides, Some(Column::Preference)).unwrap(), wanted);
        assert_eq!(
            settled(&[Value::Number(4.0)], Some(Column::Class)).unwrap(),
            [Said::Class("4".into())]
        );
        let refused =
            settled(&[Value::Number(4.0), text("good")], Some(Column::Rating)).unwrap_err();
        assert_eq!(
            refused,
            "f:2: `quality`: `good` is no rating; take another field, or another --as"
        );
    }
}
