//! Oracles of agreement: two annotators by class and by scale, many annotators, pass and fail.

use evenhand::stats::{
    Confidence, Confusion, Detection, Estimate, Level, Ratings, Undefined, Weights, agresti_coull,
    clopper_pearson, cohen_kappa, gwet, jeffreys, kappa_null_std_error,
};
use serde_json::{Value, json};

use super::correlation;
use super::labels::{both, classes, coded, columns, human_and_judge, table};
use super::sheet::{Case, Sheet, entries, float, text};

const CONF: Confidence = Confidence::NINETY_FIVE;
const ROUNDED: &str = "another library's rounded figure";
const OTHER_CHANCE: &str = "not offered: another definition of chance agreement";

pub(crate) fn nominal_cases() {
    let Some((mut sheet, file)) = Sheet::open("agreement_nominal") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let table = table(entry);
        let (human, judge) = both(&table, text(entry, "human"), text(entry, "judge"));
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        nominal(&mut case, &human, &judge);
    }
    sheet.finish();
}

fn nominal(case: &mut Case<'_>, human: &[&str], judge: &[&str]) {
    let classes: Vec<String> = case
        .take("labels")
        .expect("labels")
        .as_array()
        .expect("labels")
        .iter()
        .map(|label| label.as_str().expect("a label").to_owned())
        .collect();
    let (human, judge) = (coded(human, &classes), coded(judge, &classes));
    let table = Confusion::of(&human, &judge, classes.len()).expect("a table");
    let (k, n) = (table.agreeing(), table.items());
    case.number("n", n as f64);
    case.number("agree", k as f64);
    let accuracy = table.accuracy(CONF).expect("an accuracy");
    case.number("accuracy", accuracy.point);
    if let Some(mut inner) = case.inner("accuracy_ci95") {
        inner.ends("wilson", &accuracy);
        inner.ends(
            "agresti_coull",
            &agresti_coull(k, n, CONF).expect("an interval"),
        );
        inner.ends("jeffreys", &jeffreys(k, n, CONF).expect("an interval"));
        inner.ends(
            "clopper_pearson",
            &clopper_pearson(k, n, CONF).expect("an interval"),
        );
        inner.leave_out("wald", "not offered: its 20/20 is [1, 1]");
    }
    let kappa = cohen_kappa(&table, Weights::Identity, CONF).expect("a kappa");
    case.number("cohen_kappa", kappa.point);
    case.number(
        "cohen_kappa_se_asymptotic",
        kappa.std_error.expect("an error"),
    );
    case.number(
        "cohen_kappa_se_null",
        kappa_null_std_error(&table, Weights::Identity).expect("an error"),
    );
    case.ends("cohen_kappa_ci95_asymptotic", &kappa);
    let rows: Vec<Vec<u64>> = (0..classes.len())
        .map(|h| (0..classes.len()).map(|j| table.count(h, j)).collect())
        .collect();
    case.equal("confusion_rows_human_cols_judge", &json!(rows));
    case.point("mcc", table.mcc(CONF));
    let scores = table.macro_scores(CONF).expect("scores");
    case.point("macro_f1", Ok(scores.f1));
    case.point("macro_precision", Ok(scores.precision));
    case.point("macro_recall", Ok(scores.recall));
    case.point("balanced_accuracy", table.balanced_accuracy(CONF));
    let coefficient = gwet(&table, Weights::Identity, CONF).expect("a coefficient");
    case.ends_rounded("gwet_ac1_ci95_irrcac_rounded", &coefficient, 5);
    case.point("gwet_ac1", Ok(coefficient));
    case.point(
        "krippendorff_alpha_nominal",
        pair_alpha(&human, &judge, classes.len(), Level::Nominal),
    );
    let bias = table.marginal_bias(CONF).expect("a bias");
    if let Some(mut inner) = case.inner("bias_marginal") {
        for (class, bias) in classes.iter().zip(bias) {
            inner.point(class, Ok(bias));
        }
    }
    // Two annotators without gaps: Scott's pi is the kappa of Fleiss.
    let cells = pair_cells(&human, &judge);
    let ratings = Ratings::new(&cells, 2, classes.len()).expect("ratings");
    let fleiss = ratings.fleiss(CONF).expect("a kappa");
    case.ends_rounded("scott_pi_fleiss_ci95_irrcac_rounded", &fleiss, 5);
    if let Some(want) = case.take("scott_pi_fleiss") {
        let want = want.as_f64().expect("a number");
        case.near("scott_pi_fleiss", fleiss.point, want, 5e-6 + 1e-9);
    }
    case.leave_out("bennett_s", OTHER_CHANCE);
    case.leave_out("bennett_s_ci95_irrcac_rounded", ROUNDED);
}

fn pair_cells(human: &[u32], judge: &[u32]) -> Vec<Option<u32>> {
    let pairs = human.iter().zip(judge);
    pairs.flat_map(|(&h, &j)| [Some(h), Some(j)]).collect()
}

fn pair_alpha(
    human: &[u32],
    judge: &[u32],
    classes: usize,
    level: Level<'_>,
) -> Result<Estimate, Undefined> {
    let cells = pair_cells(human, judge);
    Ratings::new(&cells, 2, classes)?.alpha(level, CONF)
}

pub(crate) fn ordinal_cases() {
    let Some((mut sheet, file)) = Sheet::open("agreement_ordinal") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let table = table(entry);
        let (human, judge) = both(&table, text(entry, "human"), text(entry, "judge"));
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        ordinal(&mut case, &human, &judge);
    }
    sheet.finish();
}

const OBSERVED: &str =
    "takes observed labels for the scale, so that an unused level loses its distance";

fn ordinal(case: &mut Case<'_>, human: &[&str], judge: &[&str]) {
    let scale: Vec<String> = case
        .take("categories")
        .expect("a scale")
        .as_array()
        .expect("levels")
        .iter()
        .map(Value::to_string)
        .collect();
    let (human, judge) = (coded(human, &scale), coded(judge, &scale));
    let q = scale.len();
    let table = Confusion::of(&human, &judge, q).expect("a table");
    case.number("n", table.items() as f64);
    for (name, weights) in [
        ("linear", Weights::Linear),
        ("quadratic", Weights::Quadratic),
    ] {
        let kappa = cohen_kappa(&table, weights, CONF).expect("a kappa");
        case.number(&format!("weighted_kappa_{name}"), kappa.point);
        case.number(&format!("weighted_kappa_{name}_statsmodels"), kappa.point);
        case.ends(&format!("weighted_kappa_{name}_ci95_asymptotic"), &kappa);
        case.point(&format!("gwet_ac2_{name}"), gwet(&table, weights, CONF));
        case.leave_out(
            &format!("weighted_kappa_{name}_if_only_observed_labels"),
            OBSERVED,
        );
    }
    let values: Vec<f64> = scale
        .iter()
        .map(|level| level.parse().expect("a number"))
        .collect();
    for (name, level) in [
        ("nominal", Level::Nominal),
        ("ordinal", Level::Ordinal),
        ("interval", Level::Interval(&values)),
    ] {
        let alpha = pair_alpha(&human, &judge, q, level);
        case.point(&format!("krippendorff_alpha_{name}"), alpha);
    }
    case.number(
        "exact_agreement",
        table.accuracy(CONF).expect("an accuracy").point,
    );
    case.point("within_1", table.within_one(CONF));
}

pub(crate) fn inline_small() {
    let Some((mut sheet, file)) = Sheet::open("inline_small") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let texts = |key: &str| -> Vec<String> {
            entries(entry, key).iter().map(Value::to_string).collect()
        };
        let (human, judge) = (texts("human"), texts("judge"));
        let (h, j): (Vec<&str>, Vec<&str>) = human
            .iter()
            .map(String::as_str)
            .zip(judge.iter().map(String::as_str))
            .unzip();
        let mut case = sheet.case(format!("{} labels", h.len()), &entry["expect"]);
        if let Some(mut inner) = case.inner("nominal") {
            nominal(&mut inner, &h, &j);
        }
        if let Some(mut inner) = case.inner("ordinal") {
            ordinal(&mut inner, &h, &j);
        }
        if let Some(mut inner) = case.inner("binary_2_is_pass") {
            let passes = |side: &[&str]| side.iter().map(|&v| v == "2").collect::<Vec<bool>>();
            binary(&mut inner, &passes(&h), &passes(&j));
        }
        if let Some(mut inner) = case.inner("correlation") {
            let number = |side: &[&str]| {
                side.iter()
                    .map(|v| v.parse().expect("a number"))
                    .collect::<Vec<f64>>()
            };
            correlation::figures(&mut inner, &number(&h), &number(&j));
        }
    }
    sheet.finish();
}

pub(crate) fn multirater() {
    let Some((mut sheet, file)) = Sheet::open("multirater") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let table = table(entry);
        let names: Vec<String> = columns(&table, "human_")
            .into_iter()
            .filter(|name| name != "human_majority")
            .collect();
        let cells: Vec<Vec<&str>> = names.iter().map(|name| table.column(name)).collect();
        let numeric = text(entry, "level") == "numeric";
        let scale: Vec<String> = if numeric {
            (1..=5).map(|level| level.to_string()).collect()
        } else {
            let all: Vec<&[&str]> = cells.iter().map(Vec::as_slice).collect();
            classes(&all)
                .into_iter()
                .filter(|class| !class.is_empty())
                .collect()
        };
        let code = |cell: &str| {
            scale
                .iter()
                .position(|class| class == cell)
                .map(|place| place as u32)
        };
        let rows = cells[0].len();
        let flat: Vec<Option<u32>> = (0..rows)
            .flat_map(|row| {
                cells
                    .iter()
                    .map(move |column| code(column[row]))
                    .collect::<Vec<_>>()
            })
            .collect();
        let ratings = Ratings::new(&flat, names.len(), scale.len()).expect("ratings");
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        many(
            &mut case,
            &ratings,
            &names,
            numeric.then_some(&[1.0, 2.0, 3.0, 4.0, 5.0][..]),
        );
    }
    sheet.finish();
}

fn many(case: &mut Case<'_>, ratings: &Ratings<'_>, names: &[String], values: Option<&[f64]>) {
    case.count("items", ratings.items());
    case.count("raters", ratings.annotators());
    case.count("ratings", ratings.labels());
    case.count("items_with_2_or_more", ratings.pairable_items());
    case.count("complete_items", ratings.complete_items());
    case.point(
        "krippendorff_alpha_nominal",
        ratings.alpha(Level::Nominal, CONF),
    );
    case.point("gwet_ac1", ratings.gwet(Weights::Identity, CONF));
    if let Some(values) = values {
        case.point(
            "krippendorff_alpha_ordinal",
            ratings.alpha(Level::Ordinal, CONF),
        );
        case.point(
            "krippendorff_alpha_interval",
            ratings.alpha(Level::Interval(values), CONF),
        );
        case.point("gwet_ac2_quadratic", ratings.gwet(Weights::Quadratic, CONF));
        case.point("gwet_ac2_linear", ratings.gwet(Weights::Linear, CONF));
    }
    if case.has("fleiss_kappa_complete_items") {
        case.point("fleiss_kappa_complete_items", ratings.fleiss(CONF));
    }
    case.leave_out(
        "krippendorff_alpha_ratio",
        "not offered: no score here has a true zero",
    );
    case.leave_out("randolph_kappa_complete_items", OTHER_CHANCE);
    for key in [
        "irrcac_gwet_ac1_5dp",
        "irrcac_fleiss_5dp",
        "irrcac_gwet_ac2_quadratic_5dp",
    ] {
        case.leave_out(key, ROUNDED);
    }
    let Some(pairs) = case.take("pairwise_cohen_kappa") else {
        return;
    };
    for pair in pairs.as_array().expect("pairs") {
        let place = |i: usize| {
            names
                .iter()
                .position(|name| pair[i] == json!(name))
                .expect("a column")
        };
        let table = ratings.pair(place(0), place(1)).expect("a table");
        case.against("pairwise_cohen_kappa", table.items() as f64, &pair[2]);
        match cohen_kappa(&table, Weights::Identity, CONF) {
            Ok(kappa) => case.against("pairwise_cohen_kappa", kappa.point, &pair[3]),
            // Both annotators constant and equal: the library prints NaN.
            Err(_) if pair[3].as_f64().is_none() => {}
            Err(reason) => case.fault(format!("{pair}: {reason}")),
        }
    }
}

pub(crate) fn binary_rates() {
    let Some((mut sheet, file)) = Sheet::open("binary_rates") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let (human, judge) = human_and_judge(entry);
        let truth = human.iter().sum::<f64>() / human.len() as f64;
        assert!((truth - float(entry, "truth_mean_all_rows")).abs() < 1e-12);
        let passes = |side: &[f64]| side.iter().map(|&v| v == 1.0).collect::<Vec<bool>>();
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        binary(&mut case, &passes(&human), &passes(&judge));
    }
    sheet.finish();
}

fn binary(case: &mut Case<'_>, human: &[bool], judge: &[bool]) {
    let found = Detection::of(human, judge).expect("counts");
    let (tpr, tnr) = (
        found.true_positive_rate(CONF).expect("a rate"),
        found.true_negative_rate(CONF).expect("a rate"),
    );
    case.number("n", found.items() as f64);
    case.number("tp", found.true_positive as f64);
    case.number("fn", found.false_negative as f64);
    case.number("fp", found.false_positive as f64);
    case.number("tn", found.true_negative as f64);
    case.number("tpr", tpr.point);
    case.number("tnr", tnr.point);
    case.ends("tpr_wilson95", &tpr);
    case.ends("tnr_wilson95", &tnr);
    case.point("precision", found.precision(CONF));
    case.point("f1", found.f1(CONF));
    case.point("youden_j", found.youden_j(CONF));
    case.number("mcnemar_human_vs_judge_exact_p", found.same_rate().p);
}
