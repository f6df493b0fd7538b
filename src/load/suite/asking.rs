//! Scorers that ask something outside, but judges: their own options, and those of the program or model that they ask.

use serde_json::Value as Json;

use crate::domain::decode::Fields;
use crate::domain::digest::Digest;
use crate::domain::suite::{Pace, ScorerSpec, TargetSpec};
use crate::score::{Asking, Whom};

use super::scorers::head;
use super::targets::Target;
use super::whole::Context;

/// Keys that do not decide a score: the name, and what has a digest of its own.
const OUTSIDE_DIGEST: &[&str] = &["id", "model"];

/// Reads one scorer.
pub(super) fn decode(
    fields: &mut Fields<'_>,
    context: &Context<'_>,
    row: &'static Asking,
) -> Option<ScorerSpec> {
    let id = head(fields);
    let scorer = (row.kind.decode)(fields);
    let asked = match row.whom {
        Whom::Program => {
            let plan = (context.kinds.program.decode)(fields);
            plan.map(|plan| TargetSpec {
                id: String::new(),
                kind: context.kinds.program.name,
                plan,
                price: None,
                concurrency: None,
                pace: Pace::default(),
                counts_as_failure: Vec::new(),
                digest: Digest::of(b""),
            })
        }
        Whom::Embedder => fields.required(
            "model",
            "the model that turns texts into vectors, with its `kind`",
            Target {
                table: context.kinds.embedders,
                model: true,
            },
        ),
    };
    let (id, asked) = (id?, asked?);
    let mut options = fields.node()?.to_json();
    if let Json::Object(map) = &mut options {
        map.retain(|key, _| !OUTSIDE_DIGEST.contains(&key.as_str()));
    }
    let digest = match row.whom {
        Whom::Program => Digest::of_json(&options),
        Whom::Embedder => Digest::of_json(&serde_json::json!([options, asked.digest.to_string()])),
    };
    Some(ScorerSpec {
        model: Some(TargetSpec {
            id: id.clone(),
            digest: match row.whom {
                Whom::Program => digest,
                Whom::Embedder => asked.digest,
            },
            ..asked
        }),
        id,
        kind: row.kind.name,
        scorer: scorer?,
        digest,
        judge: None,
        others: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::score::Measure;
    use crate::load::suite::{Layers, from_resolved};
    use crate::load::testing::{Folder, KINDS};

    fn read(scorer: &str) -> Result<crate::load::suite::Loaded, Vec<String>> {
        let text = format!(
            "version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{{id: a, kind: chat}}]\nscorers:\n  - {scorer}\n"
        );
        Folder::new(&[("suite.yaml", &text)]).suite(&Layers::default())
    }

    const PROGRAM: &str =
        "{id: own, kind: command, command: [./score], measure: number, scale: 0..1}";
    const COSINE: &str =
        "{id: near, kind: cosine, model: {kind: embeddings, model: m}, at_least: 0.8}";

    #[test]
    fn what_is_asked_is_read_with_the_scorer_and_again_from_the_run() {
        for (scorer, asked, decides) in [(PROGRAM, "command", false), (COSINE, "embeddings", true)]
        {
            let loaded = read(scorer).unwrap();
            let spec = &loaded.suite.scorers[0];
            let model = spec.model.as_ref().unwrap();
            assert_eq!((model.kind, model.id.as_str()), (asked, spec.id.as_str()));
            assert_eq!(spec.scorer.measure().decides(), decides);
            assert!(!spec.scorer.is_judge());
            let again = from_resolved(&loaded.resolved, &|_| None, &KINDS).unwrap();
            assert_eq!(again.scorers[0].digest, spec.digest);
        }
        let scale = match read(PROGRAM).unwrap().suite.scorers[0].scorer.measure() {
            Measure::Number { scale, .. } => scale,
            other => panic!("{other:?}"),
        };
        assert_eq!(scale, Some((0.0, 1.0)));
    }

    #[test]
    fn the_digest_is_that_of_the_options_and_of_what_is_asked() {
        let digest = |scorer: &str| read(scorer).unwrap().suite.scorers[0].digest;
        assert_eq!(
            digest(&PROGRAM.replace("id: own", "id: other")),
            digest(PROGRAM)
        );
        assert_ne!(
            digest(&PROGRAM.replace("./score", "./other")),
            digest(PROGRAM)
        );
        assert_ne!(digest(&COSINE.replace("0.8", "0.9")), digest(COSINE));
        assert_ne!(
            digest(&COSINE.replace("model: m", "model: n")),
            digest(COSINE)
        );
        let priced = COSINE.replace("model: m}", "model: m, price: {input: 1, output: 0}}");
        assert_eq!(digest(&priced), digest(COSINE));
    }

    #[test]
    fn faults_of_both_halves_are_told_together() {
        let said = read("{id: own, kind: command, comand: [x], measure: passes}").unwrap_err();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said.iter()
                .any(|line| line.contains("did you mean `command`?"))
        );
        assert!(
            said.iter()
                .any(|line| line.contains("did you mean `pass`?"))
        );
        let said = read("{id: near, kind: cosine, at_least: 2}").unwrap_err();
        assert!(
            said.iter().any(|line| line.contains("`model` is missing")),
            "{said:?}"
        );
        let said = read("{id: near, kind: cosine, model: {kind: chat}}").unwrap_err();
        assert!(said[0].contains("unknown kind of"), "{said:?}");
        let said = read("{id: near, kind: cosin}").unwrap_err();
        assert!(said[0].contains("did you mean `cosine`?"), "{said:?}");
    }
}
