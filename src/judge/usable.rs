//! `usable` in a judge's file: bars of its own for a calibration to be held against. They are no part of what the judge is asked with,
//! and so no part of its identity.

use crate::domain::decode::{Fields, Real, Whole, object};
use crate::domain::usable::{Ceiling, Usable};

/// The most labels that a bar may ask for.
const MOST_LABELS: u64 = 1_000_000;

/// Reads the bars; one that is left out has its default.
pub(super) fn decode(fields: &mut Fields<'_>) -> Option<Usable> {
    let default = Usable::default();
    let share = || Real(0.0..=1.0);
    let kappa = fields.or(
        "kappa",
        "the least that agreement beyond chance must surely reach; default: 0.6",
        share(),
        default.kappa,
    );
    let rates = fields.or(
        "rates",
        "pass/fail: the least that both rates of being right must surely reach; default: 0.8",
        share(),
        default.rates,
    );
    let ceiling = fields
        .optional(
            "ceiling",
            "bars for labels of several annotators, who disagree themselves",
            object(ceiling),
        )
        .unwrap_or(default.ceiling);
    let min_labels = fields.or(
        "min_labels",
        "fewest labelled outputs; default: 50",
        Whole(1..=MOST_LABELS),
        default.min_labels as u64,
    );
    let min_class = fields.or(
        "min_class",
        "fewest labels of each class (pass, fail; each half of a scale); default: 20",
        Whole(1..=MOST_LABELS),
        default.min_class as u64,
    );
    let orders = fields.or(
        "orders",
        "pairwise: least share of pairs on which both orders agree; default: 0.7",
        share(),
        default.orders,
    );
    let unreadable = fields.or(
        "unreadable",
        "largest share of verdicts that could not be read; default: 0.05",
        share(),
        default.unreadable,
    );
    Some(Usable {
        kappa,
        rates,
        ceiling,
        min_labels: usize::try_from(min_labels).ok()?,
        min_class: usize::try_from(min_class).ok()?,
        orders,
        unreadable,
    })
}

fn ceiling(fields: &mut Fields<'_>) -> Option<Ceiling> {
    let default = Ceiling::default();
    let omega = fields.or(
        "omega",
        "least share of annotators against whom it holds its own; default: 0.5",
        Real(0.0..=1.0),
        default.omega,
    );
    let epsilon = fields.or(
        "epsilon",
        "the advantage granted to it: 0.2 where annotators are experts, 0.15 skilled, 0.1 a crowd; default: 0.2",
        Real(0.0..=1.0),
        default.epsilon,
    );
    let kappa = fields.or(
        "kappa",
        "the least agreement beyond chance then; default: 0.4",
        Real(0.0..=1.0),
        default.kappa,
    );
    Some(Ceiling {
        omega,
        epsilon,
        kappa,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::testing::{decode_with, front};
    use super::super::{Judge, Options};
    use super::*;
    use crate::domain::port::Scorer;

    const BODY: &str = "{{ input }} {{ output }}";

    fn with(usable: Json) -> Json {
        let mut front = front();
        front["usable"] = usable;
        front
    }

    #[test]
    fn bars_that_are_left_out_have_their_defaults() {
        assert_eq!(decode_with(&front(), BODY).unwrap().usable(), None);
        let said = json!({"kappa": 0.7, "ceiling": {"epsilon": 0.1}, "min_labels": 200});
        let usable = decode_with(&with(said), BODY).unwrap().usable();
        let default = Usable::default();
        let wanted = Usable {
            kappa: 0.7,
            ceiling: Ceiling {
                epsilon: 0.1,
                ..default.ceiling
            },
            min_labels: 200,
            ..default
        };
        assert_eq!(usable, Some(wanted));
    }

    #[test]
    fn bars_are_no_part_of_the_identity() {
        let judge = |front: &Json| {
            Judge::new(decode_with(front, BODY).unwrap(), Options::default()).unwrap()
        };
        let (plain, own) = (judge(&front()), judge(&with(json!({"orders": 0.9}))));
        assert_eq!(plain.prompt_digest(), own.prompt_digest());
        assert_eq!(own.instrument().unwrap().usable.unwrap().orders, 0.9);
        assert_eq!(plain.instrument().unwrap().usable, None);
    }

    #[test]
    fn every_bar_is_held_to_its_range_and_its_name() {
        for (usable, wanted) in [
            (json!({"kappa": 1.1}), "1.1 is out of range: 0 to 1"),
            (json!({"rates": -0.1}), "-0.1 is out of range: 0 to 1"),
            (json!({"orders": 70}), "70 is out of range: 0 to 1"),
            (json!({"unreadable": 2}), "2 is out of range: 0 to 1"),
            (
                json!({"unreadable": "5 %"}),
                "a number is wanted here, this is text",
            ),
            (json!({"min_labels": 0}), "0 is out of range: 1 to 1000000"),
            (json!({"min_labels": 1.5}), "a whole number is wanted here"),
            (json!({"min_class": -1}), "a whole number is wanted here"),
            (
                json!({"kapa": 0.7}),
                "unknown key `kapa`; did you mean `kappa`?",
            ),
            (
                json!({"ceiling": {"omga": 1}}),
                "unknown key `omga`; did you mean `omega`?",
            ),
            (
                json!({"ceiling": {"omega": 1.5}}),
                "1.5 is out of range: 0 to 1",
            ),
            (json!({"ceiling": 0.5}), "a map of keys is wanted here"),
            (json!(true), "a map of keys is wanted here"),
        ] {
            let said = decode_with(&with(usable.clone()), BODY)
                .map(|_| ())
                .unwrap_err();
            assert!(
                said.len() == 1 && said[0].contains(wanted),
                "{usable}: {said:?}"
            );
        }
    }
}
