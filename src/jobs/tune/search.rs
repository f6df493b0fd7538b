//! What is tried in place of the present judge: other forms of its verdict, rewrites, examples and a threshold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::examples::{self, Known};
use super::rewrite::{Disagreement, prompt, proposal, with_body, with_key};
use super::session::{Candidate, Halt, Session};
use super::told::TuneStep;
use crate::analysis::calibration::{Scale, Sheet};
use crate::analysis::split::Part;
use crate::analysis::tuning::{
    Parts, Slices, at_threshold, differing, front, labelled, said, slices, threshold,
};
use crate::jobs::calibrate::Variant;
use crate::judge::Form;

impl Session<'_> {
    /// The present judge.
    pub(super) fn first(&mut self, mut present: Variant) -> Result<(), Halt> {
        let items = self.seen();
        let before = self.cost();
        self.stage(match &self.parts {
            Some(parts) => format!(
                "the present judge, on {} items of train and dev; the figures are of dev's {}, and optimistic",
                items.len(),
                parts.only(&self.base, &[Part::Dev]).items.len()
            ),
            None => format!(
                "the present judge, on all {} items; figures of labels that choose are optimistic",
                items.len()
            ),
        });
        self.ask(&mut present, &items)?;
        self.enough(&present, &items)?;
        let sheet = labelled(&self.variants.sheet(&present)?);
        self.put(
            "present",
            self.variants.name().to_owned(),
            Ok((present, sheet)),
            before,
        );
        Ok(())
    }

    /// The present text, answering in the other ways that its scale allows.
    pub(super) fn forms(&mut self) -> Result<(), Halt> {
        let Some((present, sheet)) = self.present() else {
            return Ok(());
        };
        let (_, own) = present.manner();
        let mut forms = vec![("json-schema", Form::JsonSchema), ("text", Form::Text)];
        if sheet.scale == Scale::PassFail {
            forms.push(("logprob", Form::Logprob));
        }
        self.stage("other forms of its verdict".to_owned());
        for (word, form) in forms {
            if form != own && !self.is_out {
                let text = with_key(&present.text, "verdict", &json!(word));
                self.try_text("form", format!("form {word}"), &text)?;
            }
        }
        Ok(())
    }

    /// Rounds of rewriting: each proposal goes on from a judge of the front.
    pub(super) fn rewrites(&mut self) -> Result<(), Halt> {
        let each = self.order.candidates as usize;
        for round in 0..self.order.rounds as usize {
            if self.is_out {
                break;
            }
            let alive: Vec<&Candidate> = self.alive().collect();
            let at: Vec<Slices> = alive
                .iter()
                .filter_map(|one| one.alive.as_ref())
                .map(|(_, sheet)| slices(&self.only(sheet, &[Part::Dev])))
                .collect();
            let front = front(&at);
            let mut parents = Vec::new();
            for nth in 0..each {
                let place = front.get((round * each + nth) % front.len().max(1));
                let Some((variant, sheet)) = place.and_then(|at| alive[*at].alive.clone()) else {
                    continue;
                };
                let wrong = disagreements(&self.only(&sheet, &[Part::Train]));
                if !wrong.is_empty() {
                    parents.push((nth, variant, wrong));
                }
            }
            if parents.is_empty() {
                self.notes.push(format!(
                    "rewriting ended before round {}: on train the judges it would go on from err nowhere, so that there is nothing to learn from",
                    round + 1
                ));
                break;
            }
            let prompts: Vec<(String, String)> = parents
                .iter()
                .map(|(nth, parent, wrong)| {
                    let name = format!("rewrite {}.{}", round + 1, nth + 1);
                    // Counted over all rounds: a later one may go on from the same judge, and is to find another way.
                    let place = round * each + nth + 1;
                    (name, prompt(&parent.text, parent.manner().0, wrong, place))
                })
                .collect();
            self.stage(format!(
                "round {} of {}, written by {}",
                round + 1,
                self.order.rounds,
                self.order.optimizer
            ));
            let answers = self.replies(&prompts)?;
            for ((name, _), (_, parent, _)) in prompts.into_iter().zip(&parents) {
                let none = || Err("the optimiser gave no answer".to_owned());
                let found = answers
                    .get(&name)
                    .map_or_else(none, |reply| proposal(reply));
                match found {
                    Err(why) => self.put("rewrite", name, Err(why), self.cost()),
                    Ok((body, question)) => {
                        let mut text = with_body(&parent.text, &body);
                        if let Some(question) = question {
                            text = with_key(&text, "question", &json!(question));
                        }
                        if !self.is_out {
                            self.try_text("rewrite", name, &text)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What the optimiser replies to these prompts; what it replied before is not asked again.
    fn replies(&mut self, prompts: &[(String, String)]) -> Result<BTreeMap<String, String>, Halt> {
        let writer = &self.order.optimizer;
        let mut answers = self.variants.answered(writer, prompts)?;
        let known = answers.len() as u64;
        let open = prompts
            .iter()
            .filter(|(name, _)| !answers.contains_key(name));
        let open: Vec<(String, String)> = open.cloned().collect();
        let before = self.cost();
        if !open.is_empty() {
            let budget = self.left()?;
            let prepared = self.variants.put(writer, &open, &budget, self.clock)?;
            let ran = self.run(prepared, 0)?;
            answers.extend(self.variants.answers(&ran)?);
        }
        let step = TuneStep::Written {
            by: self.order.optimizer.clone(),
            known,
            cost: self.since(before),
        };
        self.host.tell(&step);
        Ok(answers)
    }

    /// Examples and a threshold for the best so far.
    pub(super) fn refine(&mut self) -> Result<(), Halt> {
        self.stage("examples from train, and a threshold where one can be fitted".to_owned());
        if let (Some(parts), Some((best, sheet)), false) =
            (self.parts.clone(), self.best(), self.is_out)
        {
            let (examples, leaking) = self.examples(&parts, &sheet);
            if leaking > 0 {
                self.notes.push(format!(
                    "{leaking} train items are no examples: dev or test holds the same output, or nearly"
                ));
            }
            if !examples.is_empty() {
                let text = with_key(&best.text, "examples", &json!(examples));
                self.try_text("examples", format!("examples {}", examples.len()), &text)?;
            }
        }
        if let Some((best, sheet)) = self.best()
            && let Some(fitted) = threshold(&sheet)
        {
            let text = with_key(&best.text, "pass", &json!(format!(">= {fitted}")));
            // It asks as before: what it would say follows from what was stated.
            let found = match self.variants.variant(&text) {
                Err(why) => Err(format!("it cannot be read: {why}")),
                Ok(variant) => match self.same(&variant) {
                    Some(same) => Err(format!("it is the same judge as `{same}`")),
                    None => Ok((variant, at_threshold(&sheet, fitted))),
                },
            };
            self.put(
                "threshold",
                format!("threshold {fitted}"),
                found,
                self.cost(),
            );
        }
        Ok(())
    }

    /// Examples from train, and how many were left out.
    fn examples(&self, parts: &Parts, sheet: &Sheet) -> (Vec<serde_json::Value>, usize) {
        let train = parts.only(sheet, &[Part::Train]);
        let wrong: BTreeSet<String> = differing(&train).into_iter().map(|one| one.item).collect();
        let mut known = Vec::new();
        for (item, said) in said(&train) {
            // A mean of grades is none of the grades.
            let Some(texts) = self
                .variants
                .texts(&item.id)
                .filter(|_| !said.contains('.'))
            else {
                continue;
            };
            known.push(Known {
                texts,
                verdict: said,
                critique: item.words.critiques.first().cloned(),
                is_wrong: wrong.contains(&item.id),
            });
        }
        let held = parts.only(sheet, &[Part::Dev, Part::Test]);
        let held: Vec<_> = held
            .items
            .iter()
            .filter_map(|item| self.variants.texts(&item.id))
            .collect();
        examples::choose(&known, &held)
    }
}

/// Where judge and people say different things, in the order of the labels.
fn disagreements(sheet: &Sheet) -> Vec<Disagreement> {
    differing(sheet)
        .into_iter()
        .map(|one| Disagreement {
            input: one.words.input,
            output: one.words.output,
            people: one.people,
            critiques: one.words.critiques,
            judge: one.judge,
            reason: one.words.reason,
        })
        .collect()
}
