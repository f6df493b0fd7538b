//! Several judges as one scorer: each says its own, and a rule makes one verdict of what they say.
//!
//! A member that cannot be read is one voice less: more than half must be readable (STATISTICS 1). Under `any-fail` one readable fail
//! decides, and a pass needs them all. What each member said stays with the score.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::read::{Reading, Unread};
use super::scale::{PassRule, Scale};
use super::votes::{self, Count, Passes};
use super::{Combine, Judge, asked};
use crate::domain::digest::Digest;
use crate::domain::fault::Fault;
use crate::domain::instrument::{Instrument, LabelScale, Listing};
use crate::domain::port::{Question, Reply, Scorer, Seen};
use crate::domain::score::{Asked, Measure, Score, Unscored, Value};
use crate::domain::template::Template;

/// Why some judges are no panel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PanelError {
    /// One judge, or none.
    #[error("a panel has at least two judges; write a single one without `panel`")]
    TooFew,
    /// Members that say no pass, for a rule that counts passes.
    #[error(
        "`{0}` says neither pass nor fail, which this `combine` counts; declare `pass` in its file, or use `combine: mean`"
    )]
    NoPass(String),
    /// Members whose numbers cannot be added up.
    #[error("a mean wants numbers on one scale: `{first}` is on {one}, `{second}` on {other}")]
    Scales {
        /// The first member.
        first: String,
        /// Its scale.
        one: String,
        /// A later one.
        second: String,
        /// Its scale.
        other: String,
    },
    /// Members that name classes, which have no mean.
    #[error("`{0}` names classes, which have no mean; use `combine: majority` or `any-fail`")]
    Classes(String),
}

/// Several judges as one scorer. Members' questions go to the scorer's models in the members' order.
#[derive(Debug)]
pub struct Panel {
    members: Vec<Arc<Judge>>,
    combine: Combine,
    measure: Measure,
    rule: Option<PassRule>,
}

impl Panel {
    /// A panel of judges under a rule.
    ///
    /// # Errors
    /// [`PanelError`] where the rule cannot be held over what the members say.
    pub fn new(members: Vec<Arc<Judge>>, combine: Combine) -> Result<Arc<Self>, PanelError> {
        if members.len() < 2 {
            return Err(PanelError::TooFew);
        }
        let (measure, rule) = match combine {
            Combine::Mean => mean(&members)?,
            Combine::Majority | Combine::AnyFail => {
                if let Some(open) = members.iter().find(|one| !one.measure().decides()) {
                    return Err(PanelError::NoPass(open.name().to_owned()));
                }
                (Measure::PassFail, None)
            }
        };
        Ok(Arc::new(Self {
            members,
            combine,
            measure,
            rule,
        }))
    }

    fn count(&self) -> Count {
        match self.combine {
            Combine::Majority => Count::Majority(Passes::Half),
            Combine::AnyFail => Count::AnyFail(Passes::Half),
            Combine::Mean => Count::Mean(self.rule.clone()),
        }
    }

    /// A member's score as one voice.
    fn voice(&self, score: &Score) -> Result<Reading, Unread> {
        let grade = match (&score.value, self.combine) {
            (Value::Number(number), Combine::Mean) => Some(*number),
            _ => score.passes().map(|pass| f64::from(u8::from(pass))),
        };
        let text = || score.reason.clone().unwrap_or_default();
        match (grade, &score.value) {
            (Some(grade), _) => Ok(Reading {
                grade,
                rationale: text(),
                details: Json::Null,
            }),
            (None, Value::Unscored(cause)) => Err(Unread {
                cause: *cause,
                why: text(),
                details: Json::Null,
            }),
            (None, _) => Err(Unread {
                cause: Unscored::Broken,
                why: "a member said neither pass nor fail".into(),
                details: Json::Null,
            }),
        }
    }
}

/// What a mean of these judges' numbers is, and which of it passes: by the members' rule where all have the same.
fn mean(members: &[Arc<Judge>]) -> Result<(Measure, Option<PassRule>), PanelError> {
    let mut found: Option<((f64, f64), Option<String>)> = None;
    for member in members {
        let (scale, pass) = match member.measure() {
            Measure::Label { .. } => return Err(PanelError::Classes(member.name().to_owned())),
            Measure::PassFail => ((0.0, 1.0), Some(PassRule::more_than_half().text)),
            Measure::Number { scale, pass } => (scale.unwrap_or((0.0, 1.0)), pass),
        };
        match &mut found {
            None => found = Some((scale, pass)),
            Some((known, _)) if *known != scale => {
                let words = |(low, high): (f64, f64)| format!("{low}..{high}");
                return Err(PanelError::Scales {
                    first: members[0].name().to_owned(),
                    one: words(*known),
                    second: member.name().to_owned(),
                    other: words(scale),
                });
            }
            Some((_, known)) if *known != pass => *known = None,
            Some(_) => {}
        }
    }
    let (scale, pass) = found.unzip();
    let rule = pass.flatten().and_then(|text| PassRule::parse(&text));
    let measure = Measure::Number {
        scale,
        pass: rule.as_ref().map(|rule| rule.text.clone()),
    };
    Ok((measure, rule))
}

impl Scorer for Panel {
    fn votes(&self) -> u32 {
        self.members.iter().map(|member| member.votes()).sum()
    }

    fn asks(&self, model: usize) -> u32 {
        self.members.get(model).map_or(0, |member| member.votes())
    }

    fn measure(&self) -> Measure {
        self.measure.clone()
    }

    fn templates(&self) -> Vec<&Template> {
        let members = self.members.iter();
        members.flat_map(|member| member.templates()).collect()
    }

    fn needs_expected(&self) -> bool {
        self.members.iter().any(|member| member.needs_expected())
    }

    fn score(&self, _: &str, _: &Seen) -> Option<Score> {
        None
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        let mut all = Vec::new();
        for (model, member) in self.members.iter().enumerate() {
            let questions = member
                .ask(seen)
                .map_err(|why| format!("{}: {why}", member.name()))?;
            all.extend(
                questions
                    .into_iter()
                    .map(|question| Question { model, ..question }),
            );
        }
        // Numbered through: two members may ask the same of the same model, and each is a voice of its own.
        for (vote, question) in (0..).zip(&mut all) {
            question.vote = vote;
        }
        Ok(all)
    }

    fn read(&self, id: &str, seen: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        let mut rest = replies;
        let mut voices = Vec::new();
        let mut kept = Vec::new();
        for member in &self.members {
            let asked = usize::try_from(member.votes()).unwrap_or(usize::MAX);
            let (own, others) = rest.split_at(asked.min(rest.len()));
            rest = others;
            let score = member.read(id, seen, own);
            let details = score.asked.as_ref().map(|asked| asked.details.clone());
            kept.push(json!({
                "judge": member.name(),
                "value": score.value,
                "reason": score.reason,
                "asked": details,
            }));
            voices.push(self.voice(&score));
        }
        let mut score = votes::combine(id, &Scale::PassFail, &self.count(), &voices);
        let mut details = votes::details(&Scale::PassFail, &voices);
        details["members"] = json!(kept);
        score.asked = Some(Asked {
            details,
            ..asked(replies)
        });
        score
    }

    fn prompt_digest(&self) -> Option<Digest> {
        let members: Vec<Json> = self
            .members
            .iter()
            .map(|member| {
                json!([
                    member.prompt_digest().map(|digest| digest.to_string()),
                    member.params(),
                    member.votes(),
                ])
            })
            .collect();
        let combine = self.combine.word();
        Some(Digest::of_json(
            &json!({"panel": members, "combine": combine}),
        ))
    }

    fn instrument(&self) -> Option<Instrument> {
        let joined = |of: fn(&Instrument) -> &str| {
            let all = self.members.iter().filter_map(|member| member.instrument());
            let words: Vec<String> = all.map(|one| of(&one).to_owned()).collect();
            words.join(" + ")
        };
        let even = || PassRule::even().rule;
        let pass = self.rule.as_ref().map(|rule| rule.rule);
        let scale = match (self.combine, self.members[0].label_scale()) {
            (Combine::Mean, LabelScale::Grades { low, high, .. }) => {
                LabelScale::Grades { low, high, pass }
            }
            (Combine::Mean, LabelScale::Preference { .. }) => LabelScale::Preference { pass },
            _ => LabelScale::PassFail {
                pass: pass.unwrap_or_else(even),
            },
        };
        Some(Instrument {
            name: joined(|one| &one.name),
            version: joined(|one| &one.version),
            scale,
            usable: None,
        })
    }

    /// Members without such a listing are asked as ever.
    fn listed(&self, how: Listing) -> Result<Arc<dyn Scorer>, String> {
        if how == Listing::Relettered {
            return Err("it is a panel; audit its members one by one".to_owned());
        }
        let mut others = Vec::with_capacity(self.members.len());
        let mut why = None;
        for member in &self.members {
            others.push(match member.otherwise(how) {
                Ok(other) => Arc::new(other),
                Err(reason) => {
                    why = why.or(Some(reason));
                    member.clone()
                }
            });
        }
        let same = others.iter().zip(&self.members);
        if same.into_iter().all(|(one, other)| Arc::ptr_eq(one, other)) {
            return Err(why.unwrap_or_default());
        }
        Ok(Arc::new(Self {
            members: others,
            combine: self.combine,
            measure: self.measure.clone(),
            rule: self.rule.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::testing::{decode_with, front};
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::fault::FaultKind;
    use crate::domain::transcript::Transcript;

    fn member(change: &Json, votes: u32) -> Arc<Judge> {
        let mut file = front();
        for (key, value) in change.as_object().unwrap() {
            file[key] = value.clone();
        }
        let file = decode_with(&file, "{{ input }} {{ output }}").unwrap();
        let options = Options {
            votes,
            ..Options::default()
        };
        Judge::new(file, options).unwrap()
    }

    fn yes_no() -> Arc<Judge> {
        member(&json!({"scale": "pass/fail", "name": "yes-no"}), 1)
    }

    fn graded() -> Arc<Judge> {
        member(&json!({"pass": ">= 4", "name": "graded"}), 1)
    }

    fn seen() -> Seen {
        Seen {
            case: Arc::new(Case::new("c", "q")),
            transcript: Arc::new(Transcript {
                output: "o".into(),
                ..Transcript::default()
            }),
        }
    }

    fn said(verdict: Json) -> Result<Reply, Fault> {
        Ok(Reply {
            text: json!({"reasoning": format!("it is {verdict}"), "verdict": verdict}).to_string(),
            ..Reply::default()
        })
    }

    fn down() -> Result<Reply, Fault> {
        Err(Fault::new(FaultKind::TimedOut, "60 s"))
    }

    #[test]
    fn each_member_asks_its_own_model_its_own_questions() {
        let panel = Panel::new(
            vec![yes_no(), member(&json!({"pass": ">= 4"}), 2)],
            Combine::Majority,
        );
        let panel = panel.unwrap();
        let asked = panel.ask(&seen()).unwrap();
        let places: Vec<(usize, u32)> = asked.iter().map(|q| (q.model, q.vote)).collect();
        assert_eq!(places, [(0, 0), (1, 1), (1, 2)]);
        assert_eq!(
            (panel.votes(), panel.asks(0), panel.asks(1), panel.asks(2)),
            (3, 1, 2, 0)
        );
        assert!(panel.is_judge());
    }

    #[test]
    fn the_rule_makes_one_verdict_and_every_member_is_kept() {
        let of = |combine| Panel::new(vec![yes_no(), graded(), yes_no()], combine).unwrap();
        let read =
            |combine, replies: [Result<Reply, Fault>; 3]| of(combine).read("p", &seen(), &replies);
        let majority = |replies| read(Combine::Majority, replies).value;
        let any = |replies| read(Combine::AnyFail, replies).value;
        let (yes, no) = (|| said(json!("pass")), || said(json!("fail")));
        assert_eq!(majority([yes(), said(json!(5)), no()]), Value::Pass(true));
        assert_eq!(majority([yes(), said(json!(3)), no()]), Value::Pass(false));
        assert_eq!(any([yes(), said(json!(5)), no()]), Value::Pass(false));
        assert_eq!(any([yes(), said(json!(5)), yes()]), Value::Pass(true));
        // What is missing is no voice: half of the readable ones is no majority, and a pass of all needs all.
        let tied = Value::Unscored(Unscored::NoMajority);
        assert_eq!(majority([yes(), down(), no()]), tied);
        assert_eq!(majority([yes(), down(), down()]), tied);
        assert_eq!(
            majority([down(), down(), down()]),
            Value::Unscored(Unscored::Unavailable)
        );
        assert_eq!(any([yes(), down(), yes()]), tied);
        assert_eq!(any([down(), down(), no()]), Value::Pass(false));
        assert_eq!(any([said(json!("maybe")), said(json!(5)), yes()]), tied);
        let score = read(Combine::Majority, [yes(), said(json!(2)), no()]);
        assert_eq!(score.reason.as_deref(), Some("it is 2"));
        let details = score.asked.unwrap().details;
        assert_eq!(details["members"][1]["judge"], "graded");
        assert_eq!(details["members"][1]["value"], json!({"number": 2.0}));
        assert_eq!(details["members"][1]["asked"]["votes"][0]["grade"], 2.0);
        assert_eq!(details["spread"], json!([0.0, 1.0]));
    }

    #[test]
    fn a_mean_wants_one_scale_and_passes_by_the_rule_of_all() {
        let same = Panel::new(vec![graded(), graded()], Combine::Mean).unwrap();
        let score = same.read("p", &seen(), &[said(json!(5)), said(json!(4))]);
        assert_eq!((score.value, score.pass), (Value::Number(4.5), Some(true)));
        let loose = member(&json!({"pass": ">= 3"}), 1);
        let differ = Panel::new(vec![graded(), loose], Combine::Mean).unwrap();
        let score = differ.read("p", &seen(), &[said(json!(5)), said(json!(4))]);
        assert_eq!((score.value, score.pass), (Value::Number(4.5), None));
        let share = Panel::new(vec![yes_no(), yes_no()], Combine::Mean).unwrap();
        let score = share.read("p", &seen(), &[said(json!("pass")), said(json!("fail"))]);
        assert_eq!((score.value, score.pass), (Value::Number(0.5), Some(false)));
        let mixed = Panel::new(vec![graded(), yes_no()], Combine::Mean).unwrap_err();
        assert!(matches!(mixed, PanelError::Scales { .. }));
        let open = member(&json!({}), 1);
        assert!(matches!(
            Panel::new(vec![yes_no(), open], Combine::AnyFail).unwrap_err(),
            PanelError::NoPass(_)
        ));
        assert_eq!(
            Panel::new(vec![yes_no()], Combine::Mean).unwrap_err(),
            PanelError::TooFew
        );
    }

    #[test]
    fn too_few_replies_are_nobodys_pass() {
        let panel = Panel::new(vec![yes_no(), graded()], Combine::AnyFail).unwrap();
        assert!(panel.read("p", &seen(), &[]).is_unscored());
        assert!(
            panel
                .read("p", &seen(), &[said(json!("pass"))])
                .is_unscored()
        );
    }

    #[test]
    fn a_panel_is_one_instrument() {
        let panel = Panel::new(vec![yes_no(), graded()], Combine::Majority).unwrap();
        let instrument = panel.instrument().unwrap();
        assert_eq!(instrument.name, "yes-no + graded");
        assert!(matches!(instrument.scale, LabelScale::PassFail { .. }));
        let means = Panel::new(vec![graded(), graded()], Combine::Mean).unwrap();
        let scale = means.instrument().unwrap().scale;
        assert_eq!(
            (scale.passes(4.0), scale.passes(3.5)),
            (Some(true), Some(false))
        );
    }
}
