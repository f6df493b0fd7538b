//! `scorers`: rules by their rows of the table, and judges with their file and model.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::analysis::metric;
use crate::domain::decode::{Fields, Problems, Shape, Text, describe_with, read_with, unknown};
use crate::domain::digest::Digest;
use crate::domain::kind::Kind;
use crate::domain::port::Scorer;
use crate::domain::suite::{Pace, ScorerSpec, TargetSpec};
use crate::domain::tree::Node;
use crate::judge;
use crate::load::text;
use crate::score::{ASKING, Asking, CHECKS, KINDS};

use super::names::Id;
use super::panels::PANEL;
use super::targets::{Named, only, read_named, row_of};
use super::whole::Context;

/// A judge's file.
pub(super) struct JudgeText {
    /// How messages call it.
    pub(super) file: String,
    /// What it says.
    pub(super) text: String,
}

/// Where the texts of judges come from, by their names in the suite.
pub(super) type JudgeTexts<'a> = dyn Fn(&str) -> Result<JudgeText, String> + 'a;

/// The word in `kind:` of a scorer that asks a model.
pub(super) const JUDGE: &str = "judge";

/// Keys that every kind has.
const SHARED: &[&str] = &["id", "kind"];

/// A built-in judge's text, or that of the file beside the suite.
pub(super) fn judge_beside(folder: &Path, named: &str) -> Result<JudgeText, String> {
    if let Some(text) = judge::builtin(named) {
        return Ok(JudgeText {
            file: format!("built-in judge {named}"),
            text: text.to_owned(),
        });
    }
    let looks_like_a_path = named.contains(['/', '\\', '.']);
    if !looks_like_a_path {
        let known: Vec<&str> = judge::BUILTIN.iter().map(|judge| judge.name).collect();
        let hint = unknown("built-in judge", named, &known);
        return Err(format!("{hint} (a path has an ending: `{named}.md`)"));
    }
    let path = folder.join(named);
    let file = path.display().to_string();
    match text::read(&path, &file) {
        Ok(text) => Ok(JudgeText { file, text }),
        Err(problem) => Err(format!("{file}: {}", problem.message)),
    }
}

/// The list of scorers: each on its own, so that a faulty one does not hide what is wrong with the others or with those who name it.
pub(super) struct Scorers<'a>(pub(super) &'a Context<'a>);

impl Shape for Scorers<'_> {
    type Output = Named<ScorerSpec>;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        read_named(node, &One(self.0), "scorer", problems)
    }

    fn schema(&self) -> Json {
        json!({"type": "array", "items": One(self.0).schema()})
    }
}

/// One scorer.
struct One<'a>(&'a Context<'a>);

impl Shape for One<'_> {
    type Output = ScorerSpec;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<ScorerSpec> {
        let kind = node.get("kind").and_then(|kind| match &kind.value {
            crate::domain::tree::Value::Scalar { text, .. } => Some(text.as_str()),
            _ => None,
        });
        if kind == Some(JUDGE) && node.get(PANEL).is_some() {
            return read_with(node, problems, &mut |fields| {
                super::panels::decode(fields, self.0)
            });
        }
        if kind == Some(JUDGE) {
            return read_with(node, problems, &mut |fields| {
                super::judges::decode(fields, self.0)
            });
        }
        let asking = |row: &&Asking| kind == Some(row.kind.name);
        if let Some(row) = ASKING.iter().find(asking) {
            return read_with(node, problems, &mut |fields| {
                super::asking::decode(fields, self.0, row)
            });
        }
        let others: Vec<&str> = ASKING
            .iter()
            .map(|row| row.kind.name)
            .chain([JUDGE])
            .collect();
        match row_of(KINDS, &others, "kind of scorer", node, problems) {
            Some(row) => read_with(node, problems, &mut |fields| {
                rule(fields, Some(row), self.0)
            }),
            // Without its kind the other keys mean nothing: only the shared ones are looked at.
            None => {
                let shared = only(node, SHARED);
                read_with(&shared, problems, &mut |fields| rule(fields, None, self.0))
            }
        }
    }

    fn schema(&self) -> Json {
        let rules = KINDS.iter().map(|row| {
            let mut schema = describe_with(&mut |fields| {
                rule(fields, Some(row), self.0);
            });
            schema["properties"]["kind"] = json!({"const": row.name, "description": row.summary});
            schema
        });
        let asking = ASKING.iter().map(|row| {
            let mut schema = describe_with(&mut |fields| {
                super::asking::decode(fields, self.0, row);
            });
            schema["properties"]["kind"] =
                json!({"const": row.kind.name, "description": row.kind.summary});
            schema
        });
        let mut judge = describe_with(&mut |fields| {
            super::judges::decode(fields, self.0);
        });
        judge["properties"]["kind"] = json!({"const": JUDGE, "description": "asks a model"});
        let mut panel = describe_with(&mut |fields| {
            super::panels::decode(fields, self.0);
        });
        panel["properties"]["kind"] =
            json!({"const": JUDGE, "description": "asks several judges, each its model"});
        let kinds: Vec<Json> = rules.chain(asking).chain([judge, panel]).collect();
        json!({"anyOf": kinds})
    }
}

/// What a scorer of any kind has: its name, and its kind.
pub(super) fn head(fields: &mut Fields<'_>) -> Option<String> {
    let id = fields.required("id", "the scorer's name in this suite", ScorerId);
    fields.required("kind", "what the scorer does", Text);
    id
}

fn rule(
    fields: &mut Fields<'_>,
    row: Option<&'static Kind<Arc<dyn Scorer>>>,
    context: &Context<'_>,
) -> Option<ScorerSpec> {
    let id = head(fields);
    let row = row?;
    let scorer = (row.decode)(fields)?;
    let mut options = fields.node()?.to_json();
    if let Json::Object(map) = &mut options {
        map.remove("id");
    }
    let digest = Digest::of_json(&options);
    let id = id?;
    let model = match scorer.executes() {
        true => Some(executor(&id, digest, fields, context)?),
        false => None,
    };
    Some(ScorerSpec {
        id,
        kind: row.name,
        scorer,
        model,
        digest,
        judge: None,
        others: Vec::new(),
    })
}

/// What executes the agent's code for a scorer: as many programs at once as there are processors, since their time is that of the clock.
fn executor(
    id: &str,
    digest: Digest,
    fields: &mut Fields<'_>,
    context: &Context<'_>,
) -> Option<TargetSpec> {
    let row = context.kinds.executor;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Some(TargetSpec {
        id: id.to_owned(),
        kind: row.name,
        plan: (row.decode)(fields)?,
        price: None,
        concurrency: u32::try_from(processors).ok(),
        pace: Pace::default(),
        counts_as_failure: Vec::new(),
        digest,
    })
}

/// A name that no metric has, nor anything else that stands beside a scorer's score in a report.
struct ScorerId;

/// The key that stands beside the metrics of a tag: how many cases it has.
const CASES: &str = "cases";

impl Shape for ScorerId {
    type Output = String;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let id = Id.read(node, problems)?;
        let taken_by = match id.as_str() {
            CHECKS => "what the cases' own `checks` are called",
            CASES => "what the number of cases is called beside the metrics",
            _ if metric::parse(&id, &[]).is_ok() => "the name of a metric",
            _ => return Some(id),
        };
        problems.note(
            node.span,
            format!("`{id}` is {taken_by}; give the scorer another name"),
        );
        None
    }

    fn schema(&self) -> Json {
        Id.schema()
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::metric;
    use crate::load::suite::Layers;
    use crate::load::testing::Folder;

    fn said(scorer: &str) -> Vec<String> {
        let suite = format!(
            "version: 1\nsuite: s\ndataset: {{cases: [{{id: c, input: q}}]}}\ntargets: [{{id: a, kind: scripted}}]\nscorers:\n  - {scorer}\n"
        );
        let folder = Folder::new(&[("suite.yaml", &suite)]);
        folder.suite(&Layers::default()).err().unwrap_or_default()
    }

    #[test]
    fn a_scorer_takes_no_name_that_stands_beside_it_in_a_report() {
        let fixed = metric::list().into_iter().map(|(name, _)| name);
        let fixed = fixed.filter(|name| metric::parse(name, &[]).is_ok());
        let taken: Vec<&str> = fixed.chain(["pass@3", "checks", "cases"]).collect();
        assert!(
            taken.contains(&"success_rate") && taken.len() > 10,
            "{taken:?}"
        );
        for id in taken {
            let found = said(&format!("{{id: {id}, kind: exact}}"));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with(&format!("suite.yaml:6:10: `{id}` is "))
                    && found[0].ends_with("; give the scorer another name"),
                "{found:?}"
            );
        }
        assert_eq!(said("{id: success, kind: exact}"), Vec::<String>::new());
    }

    #[test]
    fn a_judge_takes_no_such_name_either() {
        let found =
            said("{id: cases, kind: judge, judge: helpfulness, model: {kind: chat, model: m}}");
        assert_eq!(
            found,
            [
                "suite.yaml:6:10: `cases` is what the number of cases is called beside the metrics; give the scorer another name"
            ]
        );
    }
}
