//! Oracles of correlation and distance.

use evenhand::stats::{Confidence, auc, closeness, kendall, lin_ccc, pearson, spearman};
use serde_json::json;

use super::labels::{human_means, numbers, table};
use super::sheet::{Case, Sheet, Table, entries, text};

const CONF: Confidence = Confidence::NINETY_FIVE;

/// What all cases expect of two series; x is people's, y the judge's.
pub(crate) fn figures(case: &mut Case<'_>, x: &[f64], y: &[f64]) {
    case.count("n", x.len());
    let r = pearson(x, y, CONF).expect("a correlation");
    case.number("pearson_r", r.estimate.point);
    case.number("pearson_p", r.p.expect("a p"));
    case.ends("pearson_ci95_fisher_z", &r.estimate);
    let rho = spearman(x, y, CONF).expect("a correlation");
    case.number("spearman_rho", rho.estimate.point);
    case.number("spearman_p", rho.p.expect("a p"));
    case.ends("spearman_ci95_bonett_wright", &rho.estimate);
    let tau = kendall(x, y, CONF).expect("a correlation");
    case.number("kendall_tau_b", tau.estimate.point);
    case.number("kendall_p", tau.p.expect("a p"));
    let near = closeness(x, y, None, CONF).expect("distances");
    case.point("mae", Ok(near.mean_absolute_error));
    case.point("rmse", Ok(near.root_mean_square_error));
    case.point("mean_bias_judge_minus_human", Ok(near.bias));
    let limits = near.limits.expect("limits").map(|limit| limit.point);
    case.numbers("bland_altman_limits95", &limits);
    case.point("lin_ccc_population_variance", lin_ccc(x, y, CONF));
    case.leave_out(
        "kendall_tau_c",
        "not offered: tau-b is the one that allows for ties",
    );
}

pub(crate) fn cases() {
    let Some((mut sheet, file)) = Sheet::open("correlation") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let table = table(entry);
        if text(entry, "file") == "llmbar/ratings.csv" {
            let mut case = sheet.case(entry.to_string(), &entry["expect"]);
            ratings(&mut case, &table);
        } else if entry["level"] == "system" {
            let (x, y, text_level) = systems(
                &table,
                text(entry, "y").trim_start_matches("system means of "),
            );
            let mut case = sheet.case(entry.to_string(), &entry["expect"]);
            figures(&mut case, &x, &y);
            drop(case);
            let expect = json!({ "text_level_mean_kendall_tau_b": entry["text_level_mean_kendall_tau_b"],
                "texts_with_undefined_tau": entry["texts_with_undefined_tau"] });
            let mut case = sheet.case(entry.to_string(), &expect);
            let taus: Vec<f64> = text_level.iter().flatten().copied().collect();
            case.number(
                "text_level_mean_kendall_tau_b",
                taus.iter().sum::<f64>() / taus.len() as f64,
            );
            case.count("texts_with_undefined_tau", text_level.len() - taus.len());
        } else {
            let judge = numbers(&table.column(text(entry, "y")));
            let (x, y): (Vec<f64>, Vec<f64>) = human_means(&table)
                .into_iter()
                .zip(judge)
                .filter_map(|(h, j)| h.zip(j))
                .unzip();
            let mut case = sheet.case(entry.to_string(), &entry["expect"]);
            figures(&mut case, &x, &y);
        }
    }
    sheet.finish();
}

/// Two scores of a pair against people's choice: here the difference of scores stands first.
fn ratings(case: &mut Case<'_>, table: &Table) {
    let (one, two) = (
        numbers(&table.column("score_1")),
        numbers(&table.column("score_2")),
    );
    let truth = table.column("human");
    let rows: Vec<(f64, bool)> = (0..truth.len())
        .filter_map(|row| Some((one[row]? - two[row]?, truth[row] == "1")))
        .collect();
    let x: Vec<f64> = rows.iter().map(|row| row.0).collect();
    let passed: Vec<bool> = rows.iter().map(|row| row.1).collect();
    let y: Vec<f64> = passed.iter().map(|&p| f64::from(u8::from(p))).collect();
    case.point("auc", auc(&x, &passed, CONF));
    let n = x.len() as f64;
    let ties = x.iter().filter(|&&d| d == 0.0).count() as f64;
    let right = rows
        .iter()
        .filter(|(d, first)| if *first { *d > 0.0 } else { *d < 0.0 })
        .count() as f64;
    case.number("tie_rate", ties / n);
    case.number("accuracy_ties_half", (right + ties / 2.0) / n);
    figures(case, &x, &y);
}

/// System means of people and judge, and the rank correlation within every text.
fn systems(table: &Table, judge: &str) -> (Vec<f64>, Vec<f64>, Vec<Option<f64>>) {
    let people: Vec<f64> = human_means(table)
        .into_iter()
        .map(|v| v.expect("a mean"))
        .collect();
    let judged: Vec<f64> = numbers(&table.column(judge))
        .into_iter()
        .map(|v| v.expect("a score"))
        .collect();
    let groups = |name: &str| {
        let mut rows = std::collections::BTreeMap::<String, Vec<usize>>::new();
        for (row, group) in table.column(name).into_iter().enumerate() {
            rows.entry(group.to_owned()).or_default().push(row);
        }
        rows
    };
    let mean =
        |rows: &[usize], of: &[f64]| rows.iter().map(|&r| of[r]).sum::<f64>() / rows.len() as f64;
    let (x, y) = groups("system")
        .values()
        .map(|rows| (mean(rows, &people), mean(rows, &judged)))
        .unzip();
    let taus = groups("id")
        .values()
        .map(|rows| {
            let pick = |of: &[f64]| rows.iter().map(|&r| of[r]).collect::<Vec<f64>>();
            kendall(&pick(&people), &pick(&judged), CONF)
                .ok()
                .map(|tau| tau.estimate.point)
        })
        .collect();
    (x, y, taus)
}
