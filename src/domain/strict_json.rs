//! JSON from strangers, read strictly: a key given twice is an error (serde_json alone would silently take the last one), and numbers
//! are compared by their value, however they are spelled.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

/// Why a text is not strict JSON.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StrictError(#[from] serde_json::Error);

impl StrictError {
    /// The same for a text of one line that has a place of its own: `expected value at column 7`.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        self.to_string()
            .replace(" at line 1 column ", " at column ")
    }
}

/// Reads one JSON value that is the whole text; no object in it may hold a key twice.
pub fn parse(text: &str) -> Result<Json, StrictError> {
    Ok(serde_json::from_str::<Strict>(text).map(|strict| strict.0)?)
}

/// Whether two values are equal, numbers by value (`1` and `1.0` are one number) and objects in any key order.
#[must_use]
pub fn equal(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(a), Json::Number(b)) => equal_numbers(a, b),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| equal(x, y))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, x)| b.get(key).is_some_and(|y| equal(x, y)))
        }
        _ => one == two,
    }
}

#[expect(clippy::float_cmp, reason = "equality is what is asked for")]
fn equal_numbers(a: &Number, b: &Number) -> bool {
    let whole = |n: &Number| {
        n.as_i64()
            .map(i128::from)
            .or_else(|| n.as_u64().map(i128::from))
    };
    match (whole(a), whole(b)) {
        (Some(x), Some(y)) => x == y,
        _ => matches!((a.as_f64(), b.as_f64()), (Some(x), Some(y)) if x == y),
    }
}

struct Strict(Json);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Number::from_f64(number)
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Strict(value) = entries.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_given_twice_is_refused_at_any_depth() {
        let error = parse(r#"{"a": [{"b": 1, "b": 2}]}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`b` is given twice"), "{error}");
        assert_eq!(
            parse(r#"{"a": [{"b": 1}, {"b": null}]}"#).unwrap(),
            json!({"a": [{"b": 1}, {"b": null}]})
        );
    }

    #[test]
    fn what_json_does_not_have_is_refused() {
        for text in ["", "NaN", "1e999", "{\"a\": 1", "{} {}", "'a'", "[1,]"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(200_000)).is_err());
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(equal(
            &json!({"a": 1, "b": [2.0]}),
            &json!({"b": [2], "a": 1.0})
        ));
        assert!(!equal(
            &json!(9_007_199_254_740_993_u64),
            &json!(9_007_199_254_740_992_u64)
        ));
        assert!(!equal(&json!("1"), &json!(1)));
        assert!(!equal(&json!([1]), &json!([1, 2])));
    }
}
