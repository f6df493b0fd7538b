//! Scorers that ask a model: the judge's file, the model it asks, and the suite's own options for both.

use std::sync::Arc;

use serde_json::json;

use crate::domain::decode::{Fields, Problems, Shape, Text};
use crate::domain::digest::Digest;
use crate::domain::port::Scorer;
use crate::domain::suite::{JudgeSource, LabelsSource, ScorerSpec, TargetSpec};
use crate::judge::{self, Judge, JudgeFile};
use crate::load::judge_file;

use super::scorers::{JUDGE, head};
use super::targets::Target;
use super::whole::Context;

/// A judge with the model it asks.
pub(super) struct Asker {
    pub(super) judge: Arc<Judge>,
    /// Nameless: its name is that of the scorer, or its place in a panel.
    pub(super) model: TargetSpec,
    pub(super) source: JudgeSource,
}

/// Reads a scorer that is one judge.
pub(super) fn decode(fields: &mut Fields<'_>, context: &Context<'_>) -> Option<ScorerSpec> {
    let id = head(fields);
    let asker = asker(fields, context);
    let (id, asker) = (id?, asker?);
    let model = TargetSpec {
        id: id.clone(),
        ..asker.model
    };
    Some(ScorerSpec {
        digest: digest(&asker.judge, &model),
        id,
        kind: JUDGE,
        scorer: asker.judge,
        model: Some(model),
        judge: Some(asker.source),
        others: Vec::new(),
    })
}

/// Reads a judge, its model and what the suite says of both.
pub(super) fn asker(fields: &mut Fields<'_>, context: &Context<'_>) -> Option<Asker> {
    let named = fields.required("judge", "a built-in judge's name, or a judge's file", Text);
    let shape = Target {
        table: context.kinds.targets,
        model: true,
    };
    let model = fields.optional(
        "model",
        "the model it asks, as a target's options; default: that of the judge's file, never the target's own",
        shape,
    );
    let labels = labels(fields);
    let options = judge::options(fields);
    let (file, mut source) = read_file(fields, context, &named?)?;
    source.labels = labels;
    let model_written = fields
        .node()
        .is_some_and(|node| node.get("model").is_some());
    let model = match (model, &file.file.model) {
        (None, Some(node)) if !model_written => {
            let mut problems = Problems::new(file.name.as_str());
            let model = shape.read(node, &mut problems);
            context.elsewhere.borrow_mut().extend(problems.sorted());
            model
        }
        (None, None) if !model_written => {
            fields.problem(
                "judge",
                format!(
                    "`model` is missing: the judge `{}` names none, and a judge never silently asks the target's own",
                    source.named
                ),
            );
            None
        }
        (model, _) => model,
    };
    let judge = match Judge::new(file.file, options?) {
        Ok(judge) => judge,
        Err(error) => {
            fields.problem(error.key(), error.to_string());
            return None;
        }
    };
    let model = model?;
    if judge.wants_logprobs() && !model.plan.offers_logprobs() {
        fields.problem(
            "model",
            format!(
                "`verdict: logprob` reads the probabilities of tokens, which `{}` does not offer; use `verdict: json-schema` or `text`, or a model of another kind",
                model.kind
            ),
        );
        return None;
    }
    Some(Asker {
        judge,
        model,
        source,
    })
}

/// The labels of the run's outputs. They change no verdict and are no part of the judge's identity.
fn labels(fields: &mut Fields<'_>) -> Option<LabelsSource> {
    let path = fields.optional(
        "labels",
        "people's labels of this run's outputs: what the judge says is corrected by them",
        Text,
    )?;
    let node = fields.node().and_then(|node| node.get("labels"));
    Some(LabelsSource {
        path,
        span: node.map(|node| node.span).unwrap_or_default(),
    })
}

/// A judge's file, and how messages call it.
struct Read {
    file: JudgeFile,
    name: String,
}

fn read_file(
    fields: &mut Fields<'_>,
    context: &Context<'_>,
    named: &str,
) -> Option<(Read, JudgeSource)> {
    let text = match (context.judges)(named) {
        Ok(text) => text,
        Err(message) => {
            fields.problem("judge", message);
            return None;
        }
    };
    let mut problems = Problems::new(text.file.as_str());
    let file = judge_file::parse(&text.text, &mut problems);
    context.elsewhere.borrow_mut().extend(problems.sorted());
    let read = Read {
        file: file?,
        name: text.file,
    };
    let source = JudgeSource {
        named: named.to_owned(),
        text: text.text,
        labels: None,
    };
    Some((read, source))
}

/// The judge's identity, to which a calibration belongs: prompt, model, parameters, and how many votes make one judgement.
fn digest(judge: &Judge, model: &TargetSpec) -> Digest {
    Digest::of_json(&json!([
        judge.prompt_digest().map(|digest| digest.to_string()),
        model.digest.to_string(),
        judge.params(),
        judge.votes(),
    ]))
}

#[cfg(test)]
mod tests {
    use crate::domain::suite::Suite;
    use crate::load::suite::{Layers, from_resolved};
    use crate::load::testing::{Folder, KINDS};

    const JUDGE: &str = "---\nname: mine\nversion: 1\nmode: pointwise\nverdict: text\nscale: 1..5\npass: \">= 4\"\n---\n{{ input }} {{ output }}\n";

    fn read(scorer: &str, file: &str) -> Result<(Folder, crate::load::suite::Loaded), Vec<String>> {
        let text = format!(
            "version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{{id: a, kind: chat}}]\nscorers: [{scorer}]\n"
        );
        let folder = Folder::new(&[("suite.yaml", &text), ("mine.md", file)]);
        let loaded = folder.suite(&Layers::default())?;
        Ok((folder, loaded))
    }

    fn suite(scorer: &str, file: &str) -> Suite {
        read(scorer, file).unwrap().1.suite
    }

    #[test]
    fn a_judge_is_read_with_its_file_and_model_and_again_from_the_run() {
        let scorer = "{id: helpful, kind: judge, judge: mine.md, model: {kind: chat, model: listed}, votes: 3}";
        let (_folder, loaded) = read(scorer, JUDGE).unwrap();
        let first = &loaded.suite.scorers[0];
        assert_eq!(first.kind, "judge");
        assert_eq!(first.judge.as_ref().unwrap().text, JUDGE);
        assert_eq!(first.model.as_ref().unwrap().id, "helpful");
        assert_eq!(
            loaded.resolved["scorers"][0]["model"]["price"]["input"],
            1.0
        );
        let again = from_resolved(&loaded.resolved, &|_| Some(JUDGE.to_owned()), &KINDS).unwrap();
        assert_eq!(again.scorers[0].digest, first.digest);
        let lost = from_resolved(&loaded.resolved, &|_| None, &KINDS).unwrap_err();
        assert!(lost[0].message.contains("keeps no text"), "{lost:?}");
    }

    #[test]
    fn the_digest_is_that_of_prompt_model_parameters_and_votes() {
        let digest = |scorer: &str, file: &str| suite(scorer, file).scorers[0].digest;
        let plain = "{id: h, kind: judge, judge: mine.md, model: {kind: chat, model: m}}";
        let first = digest(plain, JUDGE);
        assert_eq!(digest(&plain.replace("id: h", "id: other"), JUDGE), first);
        assert_eq!(
            digest(plain, &JUDGE.replace("name: mine", "name: ours")),
            first
        );
        assert_ne!(digest(plain, &JUDGE.replace("}} {{", "}}, {{")), first);
        assert_ne!(digest(&plain.replace("model: m", "model: n"), JUDGE), first);
        assert_ne!(
            digest(&plain.replace("id: h", "id: h, votes: 3"), JUDGE),
            first
        );
        let params = plain.replace("id: h", "id: h, params: {temperature: 1}");
        assert_ne!(digest(&params, JUDGE), first);
    }

    #[test]
    fn labels_are_named_with_their_place_and_change_no_identity() {
        let plain = "{id: h, kind: judge, judge: mine.md, model: {kind: chat, model: m}}";
        let labelled = plain.replace("id: h", "id: h, labels: l.csv");
        let (bare, with) = (suite(plain, JUDGE), suite(&labelled, JUDGE));
        let source = |suite: &Suite| suite.scorers[0].judge.clone().unwrap().labels;
        assert_eq!(source(&bare), None);
        let named = source(&with).unwrap();
        assert_eq!((named.path.as_str(), named.span.line), ("l.csv", 5));
        assert_eq!(with.scorers[0].digest, bare.scorers[0].digest);
    }

    #[test]
    fn a_judge_never_silently_asks_the_targets_model() {
        let scorer = "{id: h, kind: judge, judge: mine.md}";
        let said = read(scorer, JUDGE).unwrap_err();
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("suite.yaml:5:39: `model` is missing"),
            "{said:?}"
        );
        let own = JUDGE.replace("scale:", "model: {kind: chat, model: m}\nscale:");
        let model = suite(scorer, &own).scorers[0].model.clone().unwrap();
        assert_eq!(model.plan.model(), Some("m"));
        let faulty = own.replace("model: m}", "modle: m}");
        assert_eq!(
            read(scorer, &faulty).unwrap_err(),
            ["mine.md:6:21: unknown key `modle`; did you mean `model`?"]
        );
    }

    #[test]
    fn faults_of_suite_and_judge_are_told_together() {
        let scorer = "{id: h, kind: judge, judge: mine.md, model: {kind: chat}, vots: 3, rubric: x, lables: l.csv}";
        let said = read(scorer, &JUDGE.replace("name: mine", "nam: mine")).unwrap_err();
        assert_eq!(said[0], "mine.md:2:1: `name` is missing: the judge's name");
        assert_eq!(
            said[1],
            "mine.md:2:1: unknown key `nam`; did you mean `name`?"
        );
        assert!(
            said[2].contains("unknown key `vots`; did you mean `votes`?"),
            "{said:?}"
        );
        assert!(
            said[3].contains("unknown key `lables`; did you mean `labels`?"),
            "{said:?}"
        );
        assert!(
            read(scorer, JUDGE)
                .unwrap_err()
                .iter()
                .any(|line| line.contains("has no place for a `rubric`"))
        );
    }

    #[test]
    fn an_unknown_judge_is_answered_with_a_suggestion() {
        let said = read(
            "{id: h, kind: judge, judge: helpfullness, model: {kind: chat}}",
            "",
        )
        .unwrap_err();
        assert_eq!(
            said,
            [
                "suite.yaml:5:39: unknown built-in judge `helpfullness`; did you mean `helpfulness`? (a path has an ending: `helpfullness.md`)"
            ]
        );
        let said = read(
            "{id: h, kind: judge, judge: none.md, model: {kind: chat}}",
            "",
        )
        .unwrap_err();
        assert_eq!(
            said,
            ["suite.yaml:5:39: none.md: there is no such file; check the path"]
        );
    }

    #[test]
    fn a_verdict_of_probabilities_wants_a_model_that_has_them() {
        let yes = JUDGE.replace("scale: 1..5\npass: \">= 4\"", "scale: pass/fail");
        let scorer = "{id: h, kind: judge, judge: mine.md, verdict: logprob, model: {kind: chat}}";
        assert!(read(scorer, &yes).is_ok());
        let said = read(&scorer.replace("chat", "silent"), &yes).unwrap_err();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("which `silent` does not offer; use `verdict: json-schema`"),
            "{said:?}"
        );
        assert!(
            read(
                &scorer.replace("chat", "silent").replace("logprob", "text"),
                &yes
            )
            .is_ok()
        );
    }

    #[test]
    fn a_success_term_may_compare_what_a_judge_says() {
        let scorer = "{id: h, kind: judge, judge: mine.md, model: {kind: chat}}";
        let text =
            format!("{scorer}]\nsuccess: [h >= 3, h, checks]\ngates: [{{metric: h>=3, min: 0.5}}");
        let suite = suite(&text, JUDGE);
        let terms: Vec<&str> = suite
            .success
            .as_ref()
            .unwrap()
            .iter()
            .map(|t| t.text.as_str())
            .collect();
        assert_eq!(terms, ["h >= 3", "h", "checks"]);
        assert_eq!(suite.gates[0].metric, "h >= 3");
    }

    const TONE: &str = "---\nname: tone\nversion: 1\nmode: classify\nverdict: text\nclasses:\n  kind: warm words\n  rude: an insult\npass: [kind]\n---\n{{ input }} {{ output }}\n";

    #[test]
    fn the_share_of_a_class_may_be_gated_where_classes_pass() {
        let with = |gate: &str, file: &str| {
            let scorer = "{id: tone, kind: judge, judge: mine.md, model: {kind: chat}}";
            let text = format!("{scorer}]\nsuccess: [tone]\ngates: [{{{gate}}}");
            read(&text, file).map(|(_, loaded)| loaded.suite.gates[0].metric.clone())
        };
        let rude = "metric: tone==rude, max: 5%";
        assert_eq!(with(rude, TONE).unwrap(), "tone == rude");
        let lone = TONE.replace("pass: [kind]\n", "");
        for (gate, file, wanted) in [
            (
                "metric: tone == rud, max: 0.05",
                TONE,
                "unknown class of `tone` `rud`; did you mean `rude`?",
            ),
            (
                "metric: tone >= 1, max: 0.05",
                TONE,
                "`tone` yields no number to compare",
            ),
            (
                "metric: tone == rude, max_drop: 0.05",
                TONE,
                "less of `tone == rude` is better; use `max_rise`",
            ),
            (
                "metric: tone == kind, max_rise: 0.05",
                TONE,
                "more of `tone == kind` is better; use `max_drop`",
            ),
            (
                "metric: tone == rude, max_rise: 5%",
                TONE,
                "`max_rise` is in points: write 0.05",
            ),
            (
                rude,
                lone.as_str(),
                "nothing says whether more or less of `tone == rude` is better",
            ),
        ] {
            let said = with(gate, file).unwrap_err();
            assert!(
                said.iter().any(|line| line.contains(wanted)),
                "{gate}: {said:?}"
            );
        }
    }

    #[test]
    fn faults_in_classes_stand_in_the_judges_own_lines() {
        let faulty = TONE
            .replace("rude: an insult", "\"r`de\": an insult")
            .replace("[kind]", "[kid]");
        let said = read(
            "{id: tone, kind: judge, judge: mine.md, model: {kind: chat}}",
            &faulty,
        )
        .unwrap_err();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("mine.md:8:11: `r`de` is no name of a class"),
            "{said:?}"
        );
    }

    const PREFERS: &str = "---\nname: prefers\nversion: 1\nmode: pairwise\nverdict: text\n---\n{{ input }} {{ output_a }} {{ output_b }}\n";

    #[test]
    fn a_pairwise_judge_is_held_against_a_text_of_the_case() {
        let scorer = "{id: better, kind: judge, judge: mine.md, model: {kind: chat}, against: '{{ last_release }}'}";
        let better = suite(scorer, PREFERS).scorers.remove(0);
        assert_eq!(better.scorer.votes(), 2);
        assert_eq!(better.scorer.templates()[0].source(), "{{ last_release }}");
        let other = scorer.replace("last_release", "before");
        assert_ne!(suite(&other, PREFERS).scorers[0].digest, better.digest);
        for (written, file, wanted) in [
            (
                "'{{ last_release }}'",
                JUDGE,
                "`against` is about judges of mode `pairwise`, and `mine` looks at one output alone",
            ),
            (
                "{target: a}",
                PREFERS,
                "holding one target against another is not supported by this version yet",
            ),
            ("'{{ open'", PREFERS, "template: "),
            ("[x]", PREFERS, "text is wanted here"),
        ] {
            let scorer = scorer.replace("'{{ last_release }}'", written);
            let said = read(&scorer, file).unwrap_err();
            assert!(
                said.iter().any(|line| line.contains(wanted)),
                "{written}: {said:?}"
            );
        }
    }
}
