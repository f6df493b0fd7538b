//! Oracles that need no data file: distributions, proportions, tries, many tests, power.

use evenhand::stats::distribution as d;
use evenhand::stats::{
    Confidence, Count, Estimate, Goal, PairedTable, Tries, Undefined, VarianceSplit, agresti_coull,
    benjamini_hochberg, benjamini_yekutieli, clopper_pearson, holm, jeffreys, newcombe,
    pairs_needed, pass_at_k, pass_hat_k, smallest_difference, wilson,
};
use serde_json::{Value, json};

use super::sheet::{Sheet, entries, float, floats, whole};

pub(crate) fn distributions() {
    let Some((mut sheet, file)) = Sheet::open("distributions") else {
        return;
    };
    type Function = fn(&[f64]) -> f64;
    let kinds: [(&str, Function); 8] = [
        ("norm_ppf", |a| d::normal_quantile(a[0])),
        ("norm_sf", |a| d::normal_sf(a[0])),
        ("t_ppf", |a| d::t_quantile(a[1], a[0])),
        ("t_sf_two_sided", |a| d::t_two_sided(a[1], a[0])),
        ("beta_ppf", |a| d::beta_quantile(a[0], a[1], a[2])),
        ("chi2_sf", |a| d::chi2_sf(a[1], a[0])),
        ("binom_two_sided_half", |a| {
            d::binomial_two_sided_half(a[0] as u64, a[1] as u64)
        }),
        ("f_sf", |a| d::f_sf(a[2], a[0], a[1])),
    ];
    let known: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    for name in file.as_object().expect("an object").keys() {
        assert!(
            known.contains(&name.as_str()) || ["rows", "by", "tolerance"].contains(&name.as_str()),
            "{name}"
        );
    }
    for (name, function) in kinds {
        for row in entries(&file, name) {
            let row = floats(row);
            let (want, arguments) = row.split_last().expect("a row");
            let mut case = sheet.case(format!("{name}{arguments:?}"), &json!({ name: want }));
            case.number(name, function(arguments));
        }
    }
    sheet.finish();
}

const NO_WALD: &str = "not offered: its 20/20 is [1, 1]";

pub(crate) fn proportions() {
    let Some((mut sheet, file)) = Sheet::open("proportions") else {
        return;
    };
    type Interval = fn(u64, u64, Confidence) -> Result<Estimate, Undefined>;
    let kinds: [(&str, Interval); 4] = [
        ("wilson", wilson),
        ("agresti_coull", agresti_coull),
        ("jeffreys", jeffreys),
        ("clopper_pearson", clopper_pearson),
    ];
    for entry in entries(&file, "single") {
        let (k, n) = (whole(entry, "k"), whole(entry, "n"));
        let confidence = Confidence::new(float(entry, "confidence")).expect("a level");
        let mut case = sheet.case(
            format!("{k}/{n} at {}", confidence.level()),
            &entry["expect"],
        );
        for (name, interval) in kinds {
            case.ends(name, &interval(k, n, confidence).expect("an interval"));
        }
        case.leave_out("wald", NO_WALD);
    }
    for entry in entries(&file, "two_independent") {
        let first = Count {
            successes: whole(entry, "k1"),
            n: whole(entry, "n1"),
        };
        let second = Count {
            successes: whole(entry, "k2"),
            n: whole(entry, "n2"),
        };
        let mut case = sheet.case(format!("{first:?} {second:?}"), &entry["expect"]);
        let found = newcombe(second, first, Confidence::NINETY_FIVE).expect("a difference");
        case.ends("newcombe_hybrid_score", &found.estimate);
        case.leave_out(
            "agresti_caffo",
            "not offered: Newcombe's interval is the one for independent rates",
        );
        case.leave_out("wald", NO_WALD);
    }
    for entry in entries(&file, "mcnemar") {
        let table = PairedTable {
            both: whole(entry, "n11"),
            gained: whole(entry, "n10"),
            lost: whole(entry, "n01"),
            neither: whole(entry, "n00"),
        };
        let mut case = sheet.case(format!("{table:?}"), &entry["expect"]);
        let found = table
            .difference(Confidence::NINETY_FIVE)
            .expect("a difference");
        case.number("exact_p", table.mcnemar_exact().p);
        case.number("exact_p_statsmodels", table.mcnemar_exact().p);
        case.number("diff", found.point);
        case.ends("newcombe_paired_method10", &found);
        if table.gained.abs_diff(table.lost) == 0 {
            case.leave_out(
                "chi2_cc",
                "no difference at all: the library corrects it away from zero, or divides by zero",
            );
        } else {
            let corrected = table.mcnemar_corrected();
            case.numbers(
                "chi2_cc",
                &[corrected.statistic.expect("a statistic"), corrected.p],
            );
        }
    }
    sheet.finish();
}

pub(crate) fn passk() {
    let Some((mut sheet, file)) = Sheet::open("passk") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let tries = Tries {
            trials: whole(entry, "n"),
            successes: whole(entry, "c"),
        };
        let k = whole(entry, "k");
        let mut expect = entry["expect"].clone();
        let exact: Vec<f64> = entries(&expect, "exact").iter().map(fraction).collect();
        expect["exact"] = json!(exact);
        let (at, hat) = (
            pass_at_k(tries, k).expect("a value"),
            pass_hat_k(tries, k).expect("a value"),
        );
        let mut case = sheet.case(format!("{tries:?} k {k}"), &expect);
        case.number("pass_at_k", at);
        case.number("pass_hat_k", hat);
        case.numbers("exact", &[at, hat]);
        case.leave_out("naive_plugin_pass_at_k", BIASED);
        case.leave_out("naive_plugin_pass_hat_k", BIASED);
    }
    sheet.finish();
}

const BIASED: &str = "not offered: biased";

fn fraction(value: &Value) -> f64 {
    let text = value.as_str().expect("a fraction");
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    above.parse::<f64>().expect("a number") / below.parse::<f64>().expect("a number")
}

pub(crate) fn multiplicity() {
    let Some((mut sheet, file)) = Sheet::open("multiplicity") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let p = floats(&entry["p"]);
        let mut case = sheet.case(format!("{p:?}"), &entry["expect"]);
        case.numbers("holm", &holm(&p).expect("adjusted"));
        case.numbers(
            "benjamini_hochberg",
            &benjamini_hochberg(&p).expect("adjusted"),
        );
        case.numbers(
            "benjamini_yekutieli",
            &benjamini_yekutieli(&p).expect("adjusted"),
        );
        case.leave_out("bonferroni", "not offered: Holm is never less sharp");
        case.leave_out(
            "hochberg",
            "not offered: it needs independence, Holm does not",
        );
    }
    sheet.finish();
}

pub(crate) fn power() {
    let Some((mut sheet, file)) = Sheet::open("power") else {
        return;
    };
    for entry in entries(&file, "questions_needed") {
        let split = VarianceSplit {
            between: float(entry, "var_of_conditional_mean_difference"),
            baseline: float(entry, "mean_conditional_variance_A"),
            candidate: float(entry, "mean_conditional_variance_B"),
        };
        let variance = split.variance(float(entry, "resamples_A"), float(entry, "resamples_B"));
        let goal = Goal::two_sided(float(entry, "alpha"), float(entry, "power")).expect("a goal");
        let mut case = sheet.case(format!("{entry}"), &entry["expect"]);
        let n = pairs_needed(goal, variance, float(entry, "delta")).expect("a number");
        case.number("n_questions", n);
        case.number("n_rounded_up", n.ceil());
        case.number(
            "mde_at_n_1000",
            smallest_difference(goal, variance, 1000.0).expect("a number"),
        );
    }
    for entry in entries(&file, "mde") {
        let goal = Goal::two_sided(float(entry, "alpha"), float(entry, "power")).expect("a goal");
        let variance = float(entry, "sd_of_paired_difference").powi(2);
        let mut case = sheet.case(format!("{entry}"), &entry["expect"]);
        case.number(
            "mde_normal",
            smallest_difference(goal, variance, float(entry, "n")).expect("a number"),
        );
        case.leave_out(
            "mde_t_statsmodels",
            "not offered: plans use normal quantiles, their variances being guesses",
        );
    }
    sheet.finish();
}
