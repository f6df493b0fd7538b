//! Oracles of the bootstrap and of looking early.

use evenhand::stats::distribution::binomial_two_sided_half;
use evenhand::stats::{
    Confidence, Confusion, Draws, Estimate, Plan, Seed, Statistic, TableStatistic, Units, Weights,
    acceleration, anytime_p, confidence_sequence_of, kappa_statistic, pearson_statistic,
    sign_e_value, tuned_rho,
};
use serde_json::{Value, json};

use super::labels::{both, classes, coded, human_means, numbers, table};
use super::sheet::{Case, Sheet, entries, float, text, whole};

const CONF: Confidence = Confidence::NINETY_FIVE;

pub(crate) fn bootstrap() {
    let Some((mut sheet, file)) = Sheet::open("bootstrap") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let table = table(entry);
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        let judge = text(entry, "judge");
        match text(entry, "statistic") {
            "pearson" => {
                let pairs = human_means(&table)
                    .into_iter()
                    .zip(numbers(&table.column(judge)));
                let (x, y): (Vec<f64>, Vec<f64>) = pairs.filter_map(|(h, j)| h.zip(j)).unzip();
                let units = Units::singles(x.len());
                compare(
                    &mut case,
                    entry,
                    &pearson_statistic(&x, &y, units).expect("a statistic"),
                );
            }
            kind => {
                let (human, judge) = both(&table, text(entry, "human"), judge);
                let known = classes(&[&human, &judge]);
                let (h, j) = (coded(&human, &known), coded(&judge, &known));
                let units = || Units::singles(h.len());
                if kind == "cohen_kappa" {
                    let kappa = kappa_statistic(&h, &j, known.len(), units(), Weights::Identity);
                    compare(&mut case, entry, &kappa.expect("a statistic"));
                } else {
                    let share =
                        |table: &Confusion| Some(table.agreeing() as f64 / table.items() as f64);
                    let accuracy = TableStatistic::new(&h, &j, known.len(), units(), share);
                    compare(&mut case, entry, &accuracy.expect("a statistic"));
                }
            }
        }
    }
    sheet.finish();
}

fn compare(case: &mut Case<'_>, entry: &Value, statistic: &impl Statistic) {
    assert_eq!(statistic.size().cases as f64, float(entry, "n"));
    case.against(
        "point",
        statistic.point().expect("a point"),
        &entry["point"],
    );
    let found = acceleration(&statistic.leave_one_out()).expect("an acceleration");
    case.against(
        "bca_acceleration_jackknife",
        found,
        &entry["bca_acceleration_jackknife"],
    );
    let draws = Draws::of(statistic, &Plan::new(Seed::derive(1, &["oracle"]))).expect("draws");
    // A figure that counts items moves in steps of 1/n: one step is allowed.
    let step = if text(entry, "statistic") == "accuracy" {
        1.0 / float(entry, "n")
    } else {
        0.0
    };
    for (key, estimate) in [
        ("percentile", draws.percentile(CONF)),
        ("BCa", draws.bca(statistic, CONF)),
    ] {
        if let Some(mut inner) = case.inner(key) {
            interval(&mut inner, &estimate, step);
        }
    }
}

/// Ends within three times the seed range of the mean, and never closer than 0.01.
fn interval(inner: &mut Case<'_>, estimate: &Estimate, step: f64) {
    let (low, high) = estimate
        .interval
        .expect("an interval")
        .ends()
        .expect("two ends");
    for (end, got) in [("low", low), ("high", high)] {
        let mean = inner
            .take(&format!("{end}_mean"))
            .and_then(|v| v.as_f64())
            .expect("a mean");
        let range = inner.take(&format!("{end}_range")).expect("a range");
        let width = range[1].as_f64().expect("an end") - range[0].as_f64().expect("an end");
        let allowed = (3.0 * width).max(0.01).max(step + 1e-9);
        inner.near(&format!("{end}_mean"), got, mean, allowed);
    }
}

pub(crate) fn sequential() {
    let Some((mut sheet, file)) = Sheet::open("sequential") else {
        return;
    };
    for entry in entries(&file, "asymptotic_cs") {
        let n = whole(entry, "n") as usize;
        let rho = tuned_rho(whole(entry, "optimised_for_n") as usize, CONF).expect("a rho");
        let found = confidence_sequence_of(float(entry, "mean"), float(entry, "sd"), n, rho, CONF)
            .expect("an interval");
        let (low, high) = found.ends().expect("two ends");
        let mut case = sheet.case(
            format!("{entry}"),
            &json!({ "rho": entry["rho"], "interval": entry["expect"] }),
        );
        case.number("rho", rho);
        case.numbers("interval", &[low, high]);
    }
    for entry in entries(&file, "sign_e_value_uniform_mixture") {
        let (wins, n) = (whole(entry, "wins"), whole(entry, "n_discordant"));
        let e = sign_e_value(wins, n).expect("a value");
        let mut case = sheet.case(format!("{entry}"), &entry["expect"]);
        case.number("e", e);
        case.number("anytime_p", anytime_p(e));
        case.number("fixed_n_p_for_contrast", binomial_two_sided_half(wins, n));
    }
    sheet.finish();
}
