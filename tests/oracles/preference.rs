//! Oracles of pairwise preference: both orders, strengths of many systems, length.

use evenhand::stats::{
    BothOrders, Choice, Confidence, Confusion, Estimate, Match, Sample, Weights, bradley_terry,
    cohen_kappa, length_controlled, order_accuracy, position_bias, spearman, win_rate, wins_matrix,
};
use serde_json::Value;

use super::sheet::{FIT, Sheet, Table, entries, float, floats, text};

const CONF: Confidence = Confidence::NINETY_FIVE;

fn choice(cell: &str) -> Option<Choice> {
    match cell {
        "1" => Some(Choice::First),
        "2" => Some(Choice::Second),
        "" => None,
        other => panic!("{other}"),
    }
}

/// Kappa of two series of choices over the items where both are there.
pub(crate) fn kappa(a: &[Option<Choice>], b: &[Option<Choice>]) -> Option<f64> {
    let (a, b): (Vec<u32>, Vec<u32>) = a
        .iter()
        .zip(b)
        .filter_map(|(a, b)| a.zip(*b))
        .map(|(a, b)| (a as u32, b as u32))
        .unzip();
    let table = Confusion::of(&a, &b, 2).expect("two classes");
    cohen_kappa(&table, Weights::Identity, CONF)
        .ok()
        .map(|kappa| kappa.point)
}

/// Verdicts of one judge on one subset, and people's choices.
pub(crate) struct Judged {
    pub(crate) orders: Vec<BothOrders>,
    pub(crate) human: Vec<Choice>,
}

impl Judged {
    pub(crate) fn read(subset: &str, model: &str, strategy: &str) -> Self {
        let table = Table::read("llmbar/judgments.csv")
            .keep("subset", subset)
            .keep("judge_model", model)
            .keep("strategy", strategy);
        let column = |name: &str| {
            table
                .column(name)
                .into_iter()
                .map(choice)
                .collect::<Vec<_>>()
        };
        let orders = column("winner_original_order")
            .into_iter()
            .zip(column("winner_swapped_order"));
        Self {
            orders: orders
                .map(|(original, swapped)| BothOrders { original, swapped })
                .collect(),
            human: column("human")
                .into_iter()
                .map(|choice| choice.expect("a gold label"))
                .collect(),
        }
    }

    pub(crate) fn originals(&self) -> Vec<Option<Choice>> {
        self.orders.iter().map(|item| item.original).collect()
    }

    pub(crate) fn truth(&self) -> Vec<Option<Choice>> {
        self.human.iter().copied().map(Some).collect()
    }
}

pub(crate) fn position_cases() {
    let Some((mut sheet, file)) = Sheet::open("position_bias") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let judged = Judged::read(
            text(entry, "subset"),
            text(entry, "judge_model"),
            text(entry, "strategy"),
        );
        let found = position_bias(&judged.orders, CONF).expect("statistics");
        let right = order_accuracy(&judged.orders, &judged.human, CONF).expect("accuracies");
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        case.count("n", found.items);
        case.count("unparsed_original", found.unread_original);
        case.count("unparsed_swapped", found.unread_swapped);
        case.point("accuracy_original_unparsed_is_wrong", Ok(right.original));
        case.point("accuracy_swapped_unparsed_is_wrong", Ok(right.swapped));
        case.point("accuracy_average", Ok(right.average));
        case.point("accuracy_both_orders_right", Ok(right.both));
        case.point(
            "position_agreement_rate_unparsed_is_own_class",
            Ok(found.agreement),
        );
        case.point("position_consistent_of_parsed", found.consistency);
        case.point("first_shown_preference_rate", found.first_shown);
        case.number("flips_to_first", found.flips_to_first as f64);
        case.number("flips_to_second", found.flips_to_second as f64);
        case.number("flip_sign_test_p", found.flip_p);
        let swapped: Vec<Option<Choice>> = judged.orders.iter().map(|item| item.swapped).collect();
        for (key, kappa) in [
            (
                "cohen_kappa_human_vs_original_parsed_only",
                kappa(&judged.truth(), &judged.originals()),
            ),
            (
                "cohen_kappa_between_orders",
                kappa(&judged.originals(), &swapped),
            ),
        ] {
            match kappa {
                Some(kappa) => case.number(key, kappa),
                None => case.fault(format!("{key}: undefined")),
            }
        }
    }
    sheet.finish();
}

fn matches(votes: &str, models: &[&str], ties: bool) -> Vec<Match> {
    let table = Table::read("pandalm/labels.csv");
    let place = |name: &str| models.iter().position(|m| *m == name).expect("a model") as u32;
    let rows = table.column("pair").into_iter().zip(table.column(votes));
    rows.filter_map(|(pair, vote)| {
        let to_first = match vote {
            "1" => 1.0,
            "2" => 0.0,
            "tie" if ties => 0.5,
            _ => return None,
        };
        let (first, second) = models.iter().find_map(|m| {
            let rest = pair.strip_prefix(m)?.strip_prefix('_')?;
            models.contains(&rest).then_some((place(m), place(rest)))
        })?;
        Some(Match {
            first,
            second,
            to_first,
        })
    })
    .collect()
}

pub(crate) fn bradley_terry_cases() {
    let Some((mut sheet, file)) = Sheet::open("bradley_terry") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let models: Vec<&str> = entries(entry, "models")
            .iter()
            .map(|m| m.as_str().expect("a name"))
            .collect();
        let half =
            wins_matrix(&matches(text(entry, "votes"), &models, true), models.len()).expect("wins");
        let expected: Vec<Vec<f64>> = entries(entry, "wins_matrix_ties_half")
            .iter()
            .map(floats)
            .collect();
        assert_eq!(half, expected);
        let dropped = wins_matrix(&matches(text(entry, "votes"), &models, false), models.len())
            .expect("wins");
        let (half, dropped) = (
            bradley_terry(&half, CONF).expect("strengths"),
            bradley_terry(&dropped, CONF).expect("strengths"),
        );
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        let points = |all: &[Estimate]| all.iter().map(|one| one.point).collect::<Vec<f64>>();
        let errors: Vec<f64> = half.log.iter().filter_map(|one| one.std_error).collect();
        case.numbers_within("strength_ties_dropped_mean0", &points(&dropped.log), FIT);
        case.numbers_within("strength_ties_half_mean0", &points(&half.log), FIT);
        case.numbers_within("strength_ties_half_se_mean0", &errors, FIT);
        case.numbers_within("elo_scale_ties_half", &points(&half.elo()), FIT);
        case.numbers_within("evalica_bt_log_mean0", &points(&half.log), FIT);
        case.leave_out(
            "elo_online_k4_in_file_order",
            "depends on the order of the comparisons",
        );
    }
    sheet.finish();
}

pub(crate) struct Lengths {
    pub(crate) preference: Vec<f64>,
    baseline: Vec<f64>,
    model: Vec<f64>,
}

impl Lengths {
    pub(crate) fn read(model: &str) -> Self {
        let table = Table::read("alpacaeval-length/preferences.csv").keep("model", model);
        let column = |name: &str| {
            let cells = table.column(name);
            cells
                .iter()
                .map(|cell| cell.parse().expect("a number"))
                .collect::<Vec<f64>>()
        };
        Self {
            preference: column("preference_1_to_2")
                .iter()
                .map(|p| p - 1.0)
                .collect(),
            baseline: column("len_baseline"),
            model: column("len_model"),
        }
    }
}

pub(crate) fn length_cases() {
    let Some((mut sheet, file)) = Sheet::open("length_control") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let rows = Lengths::read(text(entry, "model"));
        assert_eq!(rows.preference.len() as f64, float(entry, "n"));
        let found = win_rate(&Sample::new(&rows.preference), CONF).expect("a rate");
        let controlled =
            length_controlled(&rows.preference, &rows.baseline, &rows.model, CONF).expect("a rate");
        let mut case = sheet.case(text(entry, "model"), &entry["expect"]);
        let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        case.number("win_rate_percent", 100.0 * found.estimate.point);
        case.number(
            "standard_error",
            100.0 * found.estimate.std_error.expect("an error"),
        );
        case.count("n_wins", found.wins);
        case.count("n_wins_base", found.losses);
        case.number("discrete_win_rate", 100.0 * found.discrete.point);
        case.number("mean_length_model", average(&rows.model));
        case.number("mean_length_baseline", average(&rows.baseline));
        let longer: Vec<f64> = rows
            .model
            .iter()
            .zip(&rows.baseline)
            .map(|(m, b)| m - b)
            .collect();
        let rho = spearman(&rows.preference, &longer, CONF).expect("a correlation");
        case.number(
            "spearman_preference_vs_length_difference",
            rho.estimate.point,
        );
        case.within(
            "length_controlled_minimal_percent",
            100.0 * controlled.estimate.point,
            FIT,
        );
        case.within("glm_intercept", controlled.curve.intercept, FIT);
        case.within("glm_tanh_length_coefficient", controlled.curve.slope, FIT);
        published(
            entry,
            &found.estimate.point,
            found.wins,
            found.losses,
            found.ties,
        );
    }
    sheet.finish();
}

/// The repository's own raw figures, printed as text.
fn published(entry: &Value, rate: &f64, wins: usize, losses: usize, ties: usize) {
    let printed = |key: &str| {
        text(&entry["published"], key)
            .parse::<f64>()
            .expect("a number")
    };
    assert!((100.0 * rate - printed("win_rate")).abs() < 1e-9);
    assert_eq!(
        [wins as f64, losses as f64, ties as f64],
        [
            printed("n_wins"),
            printed("n_wins_base"),
            printed("n_draws")
        ]
    );
}
