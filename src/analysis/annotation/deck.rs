//! The cards that an annotator is dealt: every output once, in an order of chance that is their own, and some of them twice.
//!
//! Order, sides and repeats are decided by seed and annotator, so that they are the same after a restart. What a browser calls a card is
//! decided by a key besides, which it does not know: a token tells neither which output it is, nor whether it was there before.

use serde_json::json;

use crate::analysis::pick::number;
use crate::domain::digest::Digest;
use crate::domain::label::{Preference, Subject, Texts};

/// How many cards lie between an output and its repeat, at least; fewer where there are not so many.
const APART: usize = 5;

/// An output that may be labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub subject: Subject,
    /// What is shown of it.
    pub texts: Texts,
    /// All that was said and done, where that is shown. No labels file holds it.
    pub transcript: Option<String>,
    /// With which probability it was drawn.
    pub probability: Option<f64>,
    /// Outputs that share it are not independent.
    pub cluster: Option<String>,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The output, by its place among the items.
    pub item: usize,
    /// Whether it was there before: a second look, to see whether the annotator agrees with themselves.
    pub again: bool,
    /// What a browser calls it.
    pub token: String,
    /// Which output of a pair is shown first.
    pub first: Preference,
}

/// How cards are dealt.
#[derive(Debug, Clone, Copy)]
pub struct Deal<'a> {
    /// Who labels.
    pub annotator: &'a str,
    /// The seed of order, sides and repeats.
    pub seed: u64,
    /// Which share of the outputs is there twice, from 0 to 1.
    pub repeats: f64,
    /// What tokens are made with.
    pub key: &'a str,
}

impl Deal<'_> {
    /// The cards of these items, in order.
    #[must_use]
    pub fn cards(&self, items: &[Item]) -> Vec<Card> {
        let mut order: Vec<usize> = (0..items.len()).collect();
        let number = |at: usize, what: &str| self.number(what, &items[at].subject);
        order.sort_by(|one, other| {
            let by_chance = number(*one, "order").total_cmp(&number(*other, "order"));
            by_chance.then(one.cmp(other))
        });
        let apart = APART.min(order.len() / 2);
        // A repeat needs a card that it comes behind.
        let mut twice: Vec<usize> = (0..order.len().saturating_sub(apart)).collect();
        twice.sort_by(|one, other| {
            number(order[*one], "repeat").total_cmp(&number(order[*other], "repeat"))
        });
        let wanted = (self.repeats.clamp(0.0, 1.0) * items.len() as f64).round();
        twice.truncate(if order.len() > 1 { wanted as usize } else { 0 });
        let mut placed: Vec<(usize, usize, Card)> = order
            .iter()
            .enumerate()
            .map(|(place, &item)| (place, 0, self.card(items, item, false)))
            .collect();
        for place in twice {
            let nearest = place + apart;
            let room = order.len() - nearest;
            let by_chance = number(order[place], "place") * room as f64;
            let behind = (nearest + by_chance as usize).min(order.len() - 1);
            placed.push((behind, 1 + place, self.card(items, order[place], true)));
        }
        placed.sort_by_key(|(place, nth, _)| (*place, *nth));
        placed.into_iter().map(|(.., card)| card).collect()
    }

    fn card(&self, items: &[Item], item: usize, again: bool) -> Card {
        let subject = &items[item].subject;
        let token = Digest::of_json(&json!(["token", self.key, self.annotator, again, subject]));
        let side = self.number(if again { "side again" } else { "side" }, subject);
        Card {
            item,
            again,
            token: token.to_string(),
            first: if side < 0.5 {
                Preference::A
            } else {
                Preference::B
            },
        }
    }

    /// A number from 0 and below 1 that chance gave to an output for one purpose.
    fn number(&self, what: &str, subject: &Subject) -> f64 {
        number(&json!([
            "annotation",
            what,
            self.seed,
            self.annotator,
            subject
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize) -> Vec<Item> {
        let item = |at: usize| Item {
            subject: Subject::Item(format!("c{at:03}")),
            texts: Texts::default(),
            transcript: None,
            probability: None,
            cluster: None,
        };
        (0..count).map(item).collect()
    }

    fn deal(annotator: &str, repeats: f64) -> Deal<'_> {
        Deal {
            annotator,
            seed: 7,
            repeats,
            key: "k",
        }
    }

    #[test]
    fn every_output_is_there_once_and_its_repeat_later() {
        for (count, repeats) in [(0, 0.5), (1, 1.0), (2, 1.0), (7, 0.3), (60, 0.1), (60, 1.0)] {
            let items = items(count);
            let cards = deal("ann", repeats).cards(&items);
            for at in 0..count {
                let places = |again| {
                    let is_it = |card: &Card| card.item == at && card.again == again;
                    let found = cards.iter().enumerate().filter(|(_, card)| is_it(card));
                    found.map(|(place, _)| place).collect::<Vec<_>>()
                };
                let (first, again) = (places(false), places(true));
                assert_eq!(first.len(), 1);
                assert!(again.len() <= 1);
                if let Some(again) = again.first() {
                    assert!(
                        *again >= first[0] + 2,
                        "{count} {repeats} {first:?} {again}"
                    );
                }
            }
            let tokens: std::collections::BTreeSet<&str> =
                cards.iter().map(|card| card.token.as_str()).collect();
            assert_eq!(tokens.len(), cards.len());
        }
        let count = |repeats| deal("ann", repeats).cards(&items(60)).len();
        assert_eq!((count(0.0), count(0.1), count(1.0)), (60, 66, 115));
    }

    #[test]
    fn the_order_is_each_annotators_own_and_the_same_after_a_restart() {
        let items = items(40);
        let order = |deal: Deal<'_>| -> Vec<usize> {
            deal.cards(&items).iter().map(|card| card.item).collect()
        };
        let ann = order(deal("ann", 0.2));
        assert_eq!(ann, order(deal("ann", 0.2)));
        assert_ne!(ann, order(deal("bob", 0.2)));
        assert_ne!(
            ann,
            order(Deal {
                seed: 8,
                ..deal("ann", 0.2)
            })
        );
        assert_ne!(ann[..10], (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn neither_order_nor_tokens_say_where_an_output_stood() {
        // Spearman's rank correlation of place dealt and place in the file, and of the tokens' order and place: noise only.
        let count = 400;
        let items = items(count);
        let cards = deal("ann", 0.0).cards(&items);
        let mut by_token: Vec<&Card> = cards.iter().collect();
        by_token.sort_by(|one, other| one.token.cmp(&other.token));
        let rho = |places: Vec<usize>| {
            let squares: f64 = places
                .iter()
                .enumerate()
                .map(|(at, place)| (at as f64 - *place as f64).powi(2))
                .sum();
            let n = count as f64;
            1.0 - 6.0 * squares / (n * (n * n - 1.0))
        };
        let dealt = rho(cards.iter().map(|card| card.item).collect());
        let tokens = rho(by_token.iter().map(|card| card.item).collect());
        assert!(dealt.abs() < 0.2 && tokens.abs() < 0.2, "{dealt} {tokens}");
        let first = cards.iter().filter(|card| card.first == Preference::A);
        let share = first.count() as f64 / count as f64;
        assert!((0.4..0.6).contains(&share), "{share}");
        let other = Deal {
            key: "another",
            ..deal("ann", 0.0)
        };
        assert_ne!(other.cards(&items)[0].token, cards[0].token);
    }
}
