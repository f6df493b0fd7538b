//! Several judges as one scorer: a list of judges, each with its model, and the rule that makes one verdict of theirs.

use serde_json::{Value as Json, json};

use crate::domain::decode::{Fields, List, OneOf, Problems, Shape, describe_with, read_with};
use crate::domain::digest::Digest;
use crate::domain::port::Scorer;
use crate::domain::suite::{Member, ScorerSpec, TargetSpec};
use crate::domain::tree::Node;
use crate::judge::{Combine, Panel};

use super::judges::{Asker, asker};
use super::scorers::{JUDGE, head};
use super::whole::Context;

/// The key by which a judge's scorer is a panel.
pub(super) const PANEL: &str = "panel";

/// One member: a judge without a name of its own.
struct MemberShape<'a>(&'a Context<'a>);

impl Shape for MemberShape<'_> {
    type Output = Asker;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Asker> {
        read_with(node, problems, &mut |fields| asker(fields, self.0))
    }

    fn schema(&self) -> Json {
        describe_with(&mut |fields| {
            asker(fields, self.0);
        })
    }
}

/// Reads a scorer that is a panel.
pub(super) fn decode(fields: &mut Fields<'_>, context: &Context<'_>) -> Option<ScorerSpec> {
    let id = head(fields);
    let askers = fields.required(
        PANEL,
        "the judges, each with its `judge`, `model` and options",
        List(MemberShape(context)),
    );
    let combine = fields.required(
        "combine",
        "how their verdicts become one: majority (more pass than fail), mean (of their numbers), any-fail (one fail decides)",
        OneOf(Combine::WORDS),
    );
    let (id, askers, combine) = (id?, askers?, combine?);
    let judges = askers.iter().map(|asker| asker.judge.clone()).collect();
    let panel = match Panel::new(judges, combine) {
        Ok(panel) => panel,
        Err(error) => {
            fields.problem(PANEL, error.to_string());
            return None;
        }
    };
    let models: Vec<String> = askers
        .iter()
        .map(|asker| asker.model.digest.to_string())
        .collect();
    let prompts = panel.prompt_digest().map(|digest| digest.to_string());
    let mut members = (1..).zip(askers).map(|(nth, asker)| Member {
        model: TargetSpec {
            id: format!("{id}/{nth}"),
            ..asker.model
        },
        judge: asker.source,
    });
    let first = members.next()?;
    Some(ScorerSpec {
        digest: Digest::of_json(&json!([prompts, models])),
        kind: JUDGE,
        scorer: panel,
        model: Some(first.model),
        judge: Some(first.judge),
        others: members.collect(),
        id,
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::score::Measure;
    use crate::domain::suite::ScorerSpec;
    use crate::load::suite::{Layers, Loaded, from_resolved};
    use crate::load::testing::{Folder, KINDS};

    const YES: &str = "---\nname: yes\nversion: 1\nmode: pointwise\nverdict: text\nscale: pass/fail\n---\n{{ input }} {{ output }}\n";
    const FIVE: &str = "---\nname: five\nversion: 1\nmode: pointwise\nverdict: text\nscale: 1..5\npass: \">= 4\"\n---\n{{ input }} {{ output }}\n";
    const BOTH: &str = "{id: p, kind: judge, combine: majority, panel: [{judge: yes.md, model: {kind: chat, model: listed}}, {judge: five.md, model: {kind: chat, model: other}, votes: 3}]}";

    fn read(scorer: &str) -> Result<(Folder, Loaded), Vec<String>> {
        let text = format!(
            "version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{{id: a, kind: chat}}]\nscorers: [{scorer}]\n"
        );
        let loose = FIVE.replace("pass: \">= 4\"\n", "");
        let folder = Folder::new(&[
            ("suite.yaml", &text),
            ("yes.md", YES),
            ("five.md", FIVE),
            ("loose.md", &loose),
        ]);
        let loaded = folder.suite(&Layers::default())?;
        Ok((folder, loaded))
    }

    fn panel(scorer: &str) -> ScorerSpec {
        read(scorer).unwrap().1.suite.scorers.remove(0)
    }

    #[test]
    fn a_panel_is_read_with_all_its_members_and_again_from_the_run() {
        let (_folder, loaded) = read(BOTH).unwrap();
        let first = &loaded.suite.scorers[0];
        assert_eq!((first.kind, first.scorer.votes()), ("judge", 4));
        assert_eq!(
            (
                first.scorer.asks(0),
                first.scorer.asks(1),
                first.scorer.asks(2)
            ),
            (1, 3, 0)
        );
        assert_eq!(first.scorer.measure(), Measure::PassFail);
        let ids: Vec<&str> = first.models().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["p/1", "p/2"]);
        assert_eq!(first.model_names(), "listed + other");
        let judges: Vec<&str> = first.judges().map(|judge| judge.named.as_str()).collect();
        assert_eq!(judges, ["yes.md", "five.md"]);
        let price = loaded
            .resolved
            .pointer("/scorers/0/panel/0/model/price/input");
        assert_eq!(price.unwrap(), 1.0);
        let text = |named: &str| match named {
            "yes.md" => Some(YES.to_owned()),
            "five.md" => Some(FIVE.to_owned()),
            _ => None,
        };
        let again = from_resolved(&loaded.resolved, &text, &KINDS).unwrap();
        assert_eq!(again.scorers[0].digest, first.digest);
    }

    #[test]
    fn the_digest_covers_every_member_and_the_rule() {
        let first = panel(BOTH).digest;
        assert_eq!(panel(&BOTH.replace("id: p", "id: q")).digest, first);
        for (from, to) in [
            ("majority", "any-fail"),
            ("model: other", "model: another"),
            ("model: listed", "model: another"),
            ("votes: 3", "votes: 5"),
            ("votes: 3", "votes: 3, params: {temperature: 1}"),
            ("votes: 3", "votes: 3, combine: any-fail"),
        ] {
            assert_ne!(panel(&BOTH.replace(from, to)).digest, first, "{to}");
        }
    }

    #[test]
    fn money_is_capped_only_where_every_member_has_a_price() {
        let capped = format!("{BOTH}]\nlimits: {{budget_usd: 1.0}}\nsuccess: [p");
        let said = read(&capped).unwrap_err();
        assert!(
            said.iter()
                .any(|line| line.contains("the price of the model of `p/2` is unknown")),
            "{said:?}"
        );
        assert!(!said.iter().any(|line| line.contains("`p/1`")), "{said:?}");
    }

    #[test]
    fn what_is_no_panel_is_told_with_its_place() {
        let faulty = |from: &str, to: &str| read(&BOTH.replace(from, to)).map(|_| ()).unwrap_err();
        for (from, to, wanted) in [
            (
                "combine: majority, ",
                "",
                "`combine` is missing: how their verdicts become one",
            ),
            ("majority", "majorty", "did you mean `majority`?"),
            (
                "votes: 3",
                "vots: 3",
                "unknown key `vots`; did you mean `votes`?",
            ),
            ("votes: 3", "id: x", "unknown key `id`"),
            ("five.md", "loose.md", "`five` says neither pass nor fail"),
            ("majority", "mean", "`yes` is on 0..1, `five` on 1..5"),
            ("five.md", "sixx.md", "there is no such file"),
            (
                ", model: {kind: chat, model: other}",
                "",
                "`model` is missing",
            ),
            (
                "combine: majority",
                "combine: majority, judge: yes.md",
                "unknown key `judge`",
            ),
        ] {
            let said = faulty(from, to);
            assert!(
                said.iter().any(|line| line.contains(wanted)),
                "{to}: {said:?}"
            );
        }
        let lone = "{id: p, kind: judge, combine: majority, panel: [{judge: yes.md, model: {kind: chat}}]}";
        assert!(read(lone).unwrap_err()[0].contains("a panel has at least two judges"));
        assert!(
            read(&lone.replace("[{judge: yes.md, model: {kind: chat}}]", "yes.md")).unwrap_err()[0]
                .contains("a list is wanted here")
        );
    }
}
