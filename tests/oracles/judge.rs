//! Oracles of correcting, mapping and admitting a judge.

use evenhand::stats::distribution::normal_quantile;
use evenhand::stats::{
    Alignment, Confidence, Detection, Isotonic, Labelled, Lambda, Linear, Sample, SmallSample,
    Unlabelled, alt_test, closeness, ppi, rogan_gladen,
};
use serde_json::{Value, json};

use super::labels::{classes, columns, human_and_judge, human_means, numbers, split, table};
use super::sheet::{Case, Sheet, entries, float, text};

const CONF: Confidence = Confidence::NINETY_FIVE;

pub(crate) fn rogan_gladen_cases() {
    let Some((mut sheet, file)) = Sheet::open("rogan_gladen") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let (human, judge) = human_and_judge(entry);
        let ((labels, _), (verdicts, judged)) = (split(&human), split(&judge));
        let passes = |side: &[f64]| side.iter().map(|&v| v == 1.0).collect::<Vec<bool>>();
        let detection = Detection::of(&passes(&labels), &passes(&verdicts)).expect("counts");
        let found = rogan_gladen(&detection, &Sample::new(&judged), CONF).expect("a correction");
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        case.count("labelled", labels.len());
        case.count("unlabelled", judged.len());
        case.number(
            "tpr",
            detection.true_positive_rate(CONF).expect("a rate").point,
        );
        case.number(
            "tnr",
            detection.true_negative_rate(CONF).expect("a rate").point,
        );
        case.point("raw_judge_rate_unlabelled", Ok(found.raw));
        case.number(
            "human_rate_labelled",
            labels.iter().sum::<f64>() / labels.len() as f64,
        );
        case.point("youden_j", Ok(found.youden_j));
        case.number("rogan_gladen_unclipped", found.unclipped);
        case.number("rogan_gladen_delta_se", found.std_error);
        // The claimed interval is cut to 0..1; the oracle's is not.
        let half = normal_quantile(0.975) * found.std_error;
        let uncut = [found.unclipped - half, found.unclipped + half];
        case.numbers("rogan_gladen_delta_ci95", &uncut);
        assert_eq!(
            found.estimate.is_ok(),
            (0.0..=1.0).contains(&found.unclipped)
        );
        if let Ok(estimate) = found.estimate {
            assert_eq!(estimate.low(), Some(uncut[0].max(0.0)));
            assert_eq!(estimate.high(), Some(uncut[1].min(1.0)));
        }
        case.number("rogan_gladen_judgy", found.unclipped.min(1.0));
        case.leave_out(
            "judgy_bootstrap_ci95_seed0_B5000",
            "another library's seed, and an interval that is too narrow",
        );
    }
    sheet.finish();
}

pub(crate) fn ppi_cases() {
    let Some((mut sheet, file)) = Sheet::open("ppi") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let (human, judge) = human_and_judge(entry);
        let ((labels, _), (verdicts, judged)) = (split(&human), split(&judge));
        let labelled = Labelled {
            human: &labels,
            judge: &verdicts,
            weights: None,
            groups: None,
        };
        let unlabelled = Unlabelled {
            judge: &judged,
            groups: None,
        };
        let with = |lambda| {
            ppi(
                &labelled,
                &unlabelled,
                lambda,
                SmallSample::Never,
                CONF,
                None,
            )
            .expect("a mean")
        };
        let (only, plain, tuned) = (
            with(Lambda::Fixed(0.0)),
            with(Lambda::Fixed(1.0)),
            with(Lambda::Tuned),
        );
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        case.count("labelled", labels.len());
        case.count("unlabelled", judged.len());
        case.number("alpha", CONF.alpha());
        case.number("classical_mean", only.estimate.point);
        case.ends("classical_ci", &only.estimate);
        case.number(
            "judge_only_mean_unlabelled",
            judged.iter().sum::<f64>() / judged.len() as f64,
        );
        case.number("ppi_mean_lambda1", plain.estimate.point);
        case.ends("ppi_ci_lambda1", &plain.estimate);
        case.number("ppi_plus_mean", tuned.estimate.point);
        case.ends("ppi_plus_ci", &tuned.estimate);
        case.number("ppi_plus_lambda_implied", tuned.lambda);
        let ratio = tuned.estimate.std_error.expect("an error")
            / only.estimate.std_error.expect("an error");
        case.number("ppi_plus_ci_width_over_classical", ratio);
    }
    sheet.finish();
}

/// Human cells and the judge of one alternative annotator test.
pub(crate) struct People {
    pub(crate) cells: Vec<Option<f64>>,
    pub(crate) annotators: Vec<String>,
    pub(crate) judge: Vec<Option<f64>>,
}

pub(crate) fn people(entry: &Value, judge: &str, numeric: bool) -> People {
    let table = table(entry);
    let annotators: Vec<String> = columns(&table, "human_")
        .into_iter()
        .filter(|name| name != "human_majority")
        .collect();
    let texts: Vec<Vec<&str>> = annotators
        .iter()
        .map(String::as_str)
        .chain([judge])
        .map(|name| table.column(name))
        .collect();
    let known = classes(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let value = |cell: &str| {
        if cell.is_empty() {
            None
        } else if numeric {
            cell.parse().ok()
        } else {
            known
                .iter()
                .position(|class| class == cell)
                .map(|place| place as f64)
        }
    };
    let rows = texts[0].len();
    let (judged, labels) = texts.split_last().expect("a judge");
    People {
        cells: (0..rows)
            .flat_map(|row| {
                labels
                    .iter()
                    .map(|column| value(column[row]))
                    .collect::<Vec<_>>()
            })
            .collect(),
        judge: judged.iter().map(|cell| value(cell)).collect(),
        annotators,
    }
}

pub(crate) fn alt_test_cases() {
    let Some((mut sheet, file)) = Sheet::open("alt_test") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let expect = &entry["expect"];
        let near = text(expect, "score") == "neg_rmse";
        let people = people(entry, text(entry, "judge"), near);
        let alignment = if near {
            Alignment::Near
        } else {
            Alignment::Same
        };
        let (epsilon, q) = (float(expect, "epsilon"), float(expect, "q"));
        let found = alt_test(
            &people.cells,
            people.annotators.len(),
            &people.judge,
            alignment,
            epsilon,
            q,
            CONF,
        )
        .expect("a test");
        let mut case = sheet.case(entry.to_string(), expect);
        case.number("epsilon", epsilon);
        case.number("q", q);
        case.equal("score", &json!(if near { "neg_rmse" } else { "accuracy" }));
        case.count("items_kept", found.items);
        case.number("winning_rate", found.winning_rate);
        case.number("advantage_probability", found.advantage_probability.point);
        case.equal("passes", &json!(found.passes()));
        let rows = case.take("per_rater").expect("raters");
        let rows = rows.as_array().expect("raters");
        assert_eq!(rows.len(), found.annotators.len(), "{}", case.name());
        for (row, one) in rows.iter().zip(&found.annotators) {
            assert_eq!(row["rater"], json!(people.annotators[one.annotator]));
            case.against("per_rater.n", one.items as f64, &row["n"]);
            case.against(
                "per_rater.rho_llm",
                one.judge_at_least.point,
                &row["rho_llm"],
            );
            case.against(
                "per_rater.rho_human",
                one.annotator_at_least.point,
                &row["rho_human"],
            );
            case.against(
                "per_rater.mean_diff",
                one.difference.point,
                &row["mean_diff"],
            );
            case.against("per_rater.p", one.p, &row["p"]);
            case.against(
                "per_rater.rejected_BY",
                f64::from(u8::from(one.rejected)),
                &json!(u8::from(row["rejected_BY"] == true)),
            );
            match one.t {
                Some(t) => case.against("per_rater.t", t, &row["t"]),
                None => case.fault(format!("{row}: no t")),
            }
        }
    }
    sheet.finish();
}

pub(crate) fn calibration_map() {
    let Some((mut sheet, file)) = Sheet::open("calibration_map") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let table = table(entry);
        let x: Vec<f64> = numbers(&table.column(text(entry, "x")))
            .into_iter()
            .map(|v| v.expect("a score"))
            .collect();
        let y: Vec<f64> = human_means(&table)
            .into_iter()
            .map(|v| v.expect("a mean"))
            .collect();
        let half = |values: &[f64], odd: usize| {
            values
                .iter()
                .skip(odd)
                .step_by(2)
                .copied()
                .collect::<Vec<f64>>()
        };
        let (fit_x, fit_y, test_x, test_y) = (half(&x, 0), half(&y, 0), half(&x, 1), half(&y, 1));
        let curve = Isotonic::fit(&fit_x, &fit_y).expect("a map");
        let line = Linear::fit(&fit_x, &fit_y).expect("a line");
        let mut case = sheet.case(entry.to_string(), &entry["expect"]);
        isotonic(&mut case, &curve);
        case.numbers("linear_slope_intercept", &[line.slope, line.intercept]);
        let against = |map: &dyn Fn(f64) -> f64| {
            let mapped: Vec<f64> = test_x.iter().map(|&v| map(v)).collect();
            closeness(&test_y, &mapped, None, CONF).expect("distances")
        };
        let (raw, bent, straight) = (
            against(&|v| v),
            against(&|v| curve.apply(v)),
            against(&|v| line.apply(v)),
        );
        case.number("test_mae_raw", raw.mean_absolute_error.point);
        case.number("test_mae_isotonic", bent.mean_absolute_error.point);
        case.number("test_mae_linear", straight.mean_absolute_error.point);
        case.number("test_bias_raw", raw.bias.point);
        case.number("test_bias_isotonic", bent.bias.point);
    }
    sheet.finish();
}

fn isotonic(case: &mut Case<'_>, curve: &Isotonic) {
    let Some(mut inner) = case.inner("isotonic_map") else {
        return;
    };
    for level in 1..=5 {
        inner.number(&level.to_string(), curve.apply(f64::from(level)));
    }
}
