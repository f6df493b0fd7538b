//! What annotators did, line by line, and what stands after it.
//!
//! The rule: of all lines by one annotator about one output (its repeat is another), the later one wins; to undo is such a line, which
//! says nothing. So a log that is only ever appended to can be taken up after any of its lines.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::deck::{Card, Item};
use crate::domain::label::{Label, Preference, Said, Subject, Texts};

/// What was done with a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// It was labelled.
    Said(Said),
    /// It was put aside.
    Skipped,
    /// What was done before is undone.
    Undone,
    /// Something is wrong with it, or no longer. No label changes by it.
    Flagged(bool),
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// The annotator.
    pub by: String,
    /// The output.
    pub subject: Subject,
    /// Whether the card was a repeat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// What was done.
    pub did: Did,
    /// When (RFC 3339).
    pub at: String,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Which output of a pair was shown first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Preference>,
    /// Reasons in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critique: Option<String>,
    /// The rubric that was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric_version: Option<String>,
    /// With which probability the output was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Outputs that share it are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What was shown. Only labels keep it.
    #[serde(default)]
    pub texts: Texts,
}

/// Whose card it is about.
pub type Key = (String, Subject, bool);

/// What stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// The last line about each card, with its place in the log.
    latest: BTreeMap<Key, (usize, Act)>,
    /// How often a card was put aside.
    skips: BTreeMap<Key, u32>,
    flagged: BTreeSet<Key>,
    /// Cards that have a label that the log does not know.
    elsewhere: BTreeSet<Key>,
    lines: usize,
}

/// How far an annotator is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cards that are labelled.
    pub done: usize,
    /// Cards that were put aside and are not labelled.
    pub skipped: usize,
    /// All cards.
    pub total: usize,
}

impl Kept {
    /// Takes the next line of the log.
    pub fn take(&mut self, act: Act) {
        let key = (act.by.clone(), act.subject.clone(), act.again);
        self.lines += 1;
        match act.did {
            Did::Flagged(true) => {
                self.flagged.insert(key);
                return;
            }
            Did::Flagged(false) => {
                self.flagged.remove(&key);
                return;
            }
            Did::Skipped => *self.skips.entry(key.clone()).or_default() += 1,
            Did::Undone => {
                // A card that was put aside by mistake was not.
                if let Some((_, before)) = self.latest.get(&key)
                    && before.did == Did::Skipped
                    && let Some(skips) = self.skips.get_mut(&key)
                {
                    *skips = skips.saturating_sub(1);
                }
            }
            Did::Said(_) => {}
        }
        self.latest.insert(key, (self.lines, act));
    }

    /// A card has a label that the log does not know: it counts as labelled until the log says something of it.
    pub fn labelled_elsewhere(&mut self, key: Key) {
        self.elsewhere.insert(key);
    }

    /// Whether a card has a label.
    #[must_use]
    pub fn is_labelled(&self, key: &Key) -> bool {
        match self.latest.get(key) {
            Some((_, act)) => matches!(act.did, Did::Said(_)),
            None => self.elsewhere.contains(key),
        }
    }

    /// Whether the log has a line about a card.
    #[must_use]
    pub fn knows(&self, key: &Key) -> bool {
        self.latest.contains_key(key)
    }

    /// The label of a card, if it has one.
    #[must_use]
    pub fn label(&self, key: &Key) -> Option<&Act> {
        let (_, act) = self.latest.get(key)?;
        matches!(act.did, Did::Said(_)).then_some(act)
    }

    /// Whether this holds of everything that stands as said, by whomever.
    #[must_use]
    pub fn all_said(&self, holds: impl Fn(&Said) -> bool) -> bool {
        self.latest.values().all(|(_, act)| match &act.did {
            Did::Said(said) => holds(said),
            Did::Skipped | Did::Undone | Did::Flagged(_) => true,
        })
    }

    /// Whether something is wrong with a card.
    #[must_use]
    pub fn is_flagged(&self, key: &Key) -> bool {
        self.flagged.contains(key)
    }

    /// The names of what an annotator flagged, in order.
    #[must_use]
    pub fn flagged_by(&self, by: &str) -> BTreeSet<String> {
        let own = self.flagged.iter().filter(|(one, ..)| one == by);
        own.map(|(_, subject, _)| subject.name()).collect()
    }

    /// What an annotator did last that is not undone, of the cards at hand (output, repeat): a label, or a card put aside.
    #[must_use]
    pub fn last_of(&self, by: &str, is_at_hand: impl Fn(&Subject, bool) -> bool) -> Option<&Act> {
        let own = self.latest.values().filter(|(_, act)| act.by == by);
        let standing =
            own.filter(|(_, act)| act.did != Did::Undone && is_at_hand(&act.subject, act.again));
        standing.max_by_key(|(line, _)| *line).map(|(_, act)| act)
    }

    /// The labels that stand, in the order in which they were given. A repeat of what has no label any more is no label.
    #[must_use]
    pub fn labels(&self) -> Vec<Label> {
        let mut acts: Vec<&(usize, Act)> = self
            .latest
            .iter()
            .filter(|((by, subject, again), (_, act))| {
                let first = (by.clone(), subject.clone(), false);
                matches!(act.did, Did::Said(_)) && (!again || self.is_labelled(&first))
            })
            .map(|(_, act)| act)
            .collect();
        acts.sort_by_key(|(line, _)| *line);
        acts.into_iter().filter_map(|(_, act)| row(act)).collect()
    }

    /// The cards that are still to be labelled, in order: those not seen yet, then once more those that were put aside.
    ///
    /// A repeat is shown where its output was labelled when it was its turn; one of an output that was put aside is left out.
    #[must_use]
    pub fn open<'a>(&self, cards: &'a [Card], items: &[Item], by: &str) -> Vec<&'a Card> {
        let key = |card: &Card, again| (by.to_owned(), items[card.item].subject.clone(), again);
        let skips = |key: &Key| self.skips.get(key).copied().unwrap_or(0);
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for card in cards {
            let own = key(card, card.again);
            let first = key(card, false);
            if self.is_labelled(&own) || (card.again && skips(&first) > 0) {
                continue;
            }
            match skips(&own) {
                0 => now.push(card),
                1 => later.push(card),
                _ => {}
            }
        }
        now.extend(later);
        now
    }

    /// How far an annotator is with these cards.
    #[must_use]
    pub fn progress(&self, cards: &[Card], items: &[Item], by: &str) -> Progress {
        let mut progress = Progress {
            total: cards.len(),
            ..Progress::default()
        };
        for card in cards {
            let key = (by.to_owned(), items[card.item].subject.clone(), card.again);
            if self.is_labelled(&key) {
                progress.done += 1;
            } else if self.skips.get(&key).is_some_and(|skips| *skips > 0) {
                progress.skipped += 1;
            }
        }
        progress
    }
}

/// A line as a row of a labels file; `None` where it says nothing.
fn row(act: &Act) -> Option<Label> {
    let Did::Said(said) = &act.did else {
        return None;
    };
    Some(Label {
        subject: act.subject.clone(),
        by: act.by.clone(),
        said: Some(said.clone()),
        critique: act.critique.clone(),
        rubric_version: act.rubric_version.clone(),
        at: Some(act.at.clone()),
        seconds: act.seconds,
        side: act.side,
        probability: act.probability,
        repeat_of: act.again.then(|| act.subject.name()),
        cluster: act.cluster.clone(),
        stated: None,
        texts: act.texts.clone(),
        line: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::annotation::deck::Deal;

    fn items(count: usize) -> Vec<Item> {
        let item = |at: usize| Item {
            subject: Subject::Item(format!("c{at}")),
            texts: Texts::default(),
            transcript: None,
            probability: None,
            cluster: None,
        };
        (0..count).map(item).collect()
    }

    fn cards(items: &[Item], repeats: f64) -> Vec<Card> {
        let deal = Deal {
            annotator: "ann",
            seed: 1,
            repeats,
            key: "k",
        };
        deal.cards(items)
    }

    fn act(items: &[Item], card: &Card, did: Did) -> Act {
        Act {
            by: "ann".into(),
            subject: items[card.item].subject.clone(),
            again: card.again,
            did,
            at: "2026-01-01T00:00:00Z".into(),
            seconds: Some(1.0),
            side: None,
            critique: None,
            rubric_version: None,
            probability: None,
            cluster: None,
            texts: Texts::default(),
        }
    }

    const PASS: Did = Did::Said(Said::Pass(true));
    const FAIL: Did = Did::Said(Said::Pass(false));

    #[test]
    fn the_later_line_wins_and_undoing_is_a_line_that_says_nothing() {
        let items = items(3);
        let cards = cards(&items, 0.0);
        let mut kept = Kept::default();
        for (card, did) in [(0, PASS), (1, PASS), (0, FAIL), (1, Did::Undone)] {
            kept.take(act(&items, &cards[card], did));
        }
        let labels = kept.labels();
        assert_eq!(labels.len(), 1);
        assert_eq!(labels[0].said, Some(Said::Pass(false)));
        assert_eq!(labels[0].subject, items[cards[0].item].subject);
        let open: Vec<&str> = kept
            .open(&cards, &items, "ann")
            .iter()
            .map(|card| card.token.as_str())
            .collect();
        assert_eq!(open, [cards[1].token.as_str(), cards[2].token.as_str()]);
        let others = kept.open(&cards, &items, "bob");
        assert_eq!(others.len(), 3, "what ann did is no label of bob's");
    }

    #[test]
    fn undo_goes_back_through_all_that_was_done() {
        let items = items(3);
        let cards = cards(&items, 0.0);
        let mut kept = Kept::default();
        kept.take(act(&items, &cards[0], PASS));
        kept.take(act(&items, &cards[1], Did::Skipped));
        kept.take(act(&items, &cards[2], FAIL));
        kept.take(act(&items, &cards[2], Did::Flagged(true)));
        for at in [2, 1, 0] {
            let last = kept.last_of("ann", |_, _| true).unwrap().clone();
            assert_eq!(last.subject, items[cards[at].item].subject);
            kept.take(act(&items, &cards[at], Did::Undone));
        }
        assert_eq!(kept.last_of("ann", |_, _| true), None);
        assert_eq!(kept.labels(), []);
        assert_eq!(kept.open(&cards, &items, "ann").len(), 3);
        assert_eq!(kept.flagged_by("ann").len(), 1, "a flag is no label");
        kept.take(act(&items, &cards[2], Did::Flagged(false)));
        assert_eq!(kept.flagged_by("ann").len(), 0);
    }

    #[test]
    fn what_is_put_aside_comes_once_more_at_the_end() {
        let items = items(3);
        let cards = cards(&items, 0.0);
        let mut kept = Kept::default();
        let open = |kept: &Kept| -> Vec<usize> {
            let open = kept.open(&cards, &items, "ann");
            open.iter().map(|card| card.item).collect()
        };
        let [one, two, three] = [0, 1, 2].map(|at| cards[at].item);
        kept.take(act(&items, &cards[0], Did::Skipped));
        assert_eq!(open(&kept), [two, three, one]);
        kept.take(act(&items, &cards[1], PASS));
        kept.take(act(&items, &cards[2], PASS));
        assert_eq!(open(&kept), [one]);
        kept.take(act(&items, &cards[0], Did::Skipped));
        assert_eq!(open(&kept), [] as [usize; 0]);
        let progress = kept.progress(&cards, &items, "ann");
        assert_eq!(
            progress,
            Progress {
                done: 2,
                skipped: 1,
                total: 3
            }
        );
    }

    #[test]
    fn a_repeat_is_a_row_of_its_own_and_goes_with_its_output() {
        let items = items(4);
        let cards = cards(&items, 0.25);
        assert_eq!(cards.len(), 5);
        let again = cards.iter().find(|card| card.again).unwrap();
        let first = cards.iter().find(|card| card.item == again.item).unwrap();
        let mut kept = Kept::default();
        kept.take(act(&items, first, PASS));
        kept.take(act(&items, again, FAIL));
        let labels = kept.labels();
        let name = items[again.item].subject.name();
        assert_eq!(labels[0].repeat_of, None);
        assert_eq!(labels[1].repeat_of, Some(name));
        kept.take(act(&items, first, Did::Undone));
        assert_eq!(kept.labels(), [], "a repeat of nothing would be refused");
        // Its output was put aside: it would come again and again at once.
        let mut kept = Kept::default();
        kept.take(act(&items, first, Did::Skipped));
        assert!(
            kept.open(&cards, &items, "ann")
                .iter()
                .all(|card| !card.again)
        );
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let items = items(1);
        let cards = cards(&items, 0.0);
        for did in [
            Did::Said(Said::Rating(4.0)),
            Did::Said(Said::Class("kind".into())),
            Did::Said(Said::Preference(Preference::Tie)),
            Did::Skipped,
            Did::Undone,
            Did::Flagged(true),
        ] {
            let act = act(&items, &cards[0], did);
            let text = serde_json::to_string(&act).unwrap();
            assert_eq!(serde_json::from_str::<Act>(&text).unwrap(), act, "{text}");
        }
    }
}
