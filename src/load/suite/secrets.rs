//! Secrets written into a suite: found before they are copied into a run.

use crate::domain::decode::Problem;
use crate::domain::decode::Problems;
use crate::domain::tree::{Node, Value};
use crate::load::text::problem;

/// Headers and keys that carry a secret.
const NAMES: &[&str] = &[
    "api_key",
    "api-key",
    "x-api-key",
    "authorization",
    "proxy-authorization",
    "cookie",
];

/// Values that are surely placeholders: local servers want *a* key.
const SHORT: usize = 16;

/// Notes values under the keys of secrets that name no `${VARIABLE}`. One that looks like a real key is a problem, for it would be
/// copied into every run; a short one, such as local servers want, is only warned of.
pub(super) fn check(
    node: &Node,
    problems: &mut Problems,
    named: &str,
    warnings: &mut Vec<Problem>,
) {
    match &node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items
            .iter()
            .for_each(|item| check(item, problems, named, warnings)),
        Value::Mapping(entries) => {
            for (key, item) in entries {
                let secret = NAMES.iter().any(|name| key.name.eq_ignore_ascii_case(name));
                match &item.value {
                    // A template's value comes from somewhere else: a column, or what was captured.
                    Value::Scalar { text, .. }
                        if secret && !text.contains("${") && !text.contains("{{") =>
                    {
                        if text.len() > SHORT || text.starts_with("sk-") {
                            problems.note(
                                item.span,
                                format!(
                                    "`{}` holds a secret in plain text, which every run would copy; name a variable: ${{NAME}}",
                                    key.name
                                ),
                            );
                        } else {
                            warnings.push(problem(
                                named,
                                item.span,
                                format!(
                                    "`{}` is written out and will stand in every run; if it is a secret, name a variable: ${{NAME}}",
                                    key.name
                                ),
                            ));
                        }
                    }
                    _ => check(item, problems, named, warnings),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_real_key_is_refused_and_a_placeholder_is_warned_of() {
        let node = Node::from_json(&json!({"targets": [
            {"api_key": "sk-abc"}, {"api_key": "${KEY}"}, {"api_key": "none"},
            {"headers": {"Authorization": "Bearer 0123456789abcdef"}},
            {"headers": {"authorization": "Bearer {{ token_that_was_captured }}"}},
        ]}));
        let (mut problems, mut warnings) = (Problems::new("s"), Vec::new());
        check(&node, &mut problems, "s", &mut warnings);
        let said = problems.sorted();
        assert_eq!(said.len(), 2);
        assert!(said.iter().all(|p| !p.message.contains("abc")), "{said:?}");
        assert_eq!(warnings.len(), 1);
    }
}
