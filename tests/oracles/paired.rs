//! Oracles of two sides of the same items.

use evenhand::stats::{
    Confidence, Count, Method, PairedTable, Sample, Zeros, differences, mean_cr0, newcombe,
    paired_t, pearson, sign_test, unpaired_std_error, wilcoxon,
};
use serde_json::{Value, json};

use super::sheet::{Case, Sheet, Table, entries, numbered, text};

/// Two series of scores and the cluster of every row.
struct Sides {
    a: Vec<f64>,
    b: Vec<f64>,
    clusters: Vec<u32>,
    binary: bool,
}

fn equal_to(truth: &[&str], judge: &[&str]) -> Vec<f64> {
    truth
        .iter()
        .zip(judge)
        .map(|(t, j)| f64::from(u8::from(t == j)))
        .collect()
}

fn pandalm(entry: &Value) -> Sides {
    let table = Table::read("pandalm/labels.csv");
    let majority = table.column("human_majority");
    let kept: Vec<usize> = (0..majority.len())
        .filter(|&i| !majority[i].is_empty())
        .collect();
    let pick = |name: &str| -> Vec<&str> {
        let column = table.column(name);
        kept.iter().map(|&i| column[i]).collect()
    };
    let truth = pick("human_majority");
    Sides {
        a: equal_to(&truth, &pick(text(entry, "a"))),
        b: equal_to(&truth, &pick(text(entry, "b"))),
        clusters: numbered(&pick("topic")),
        binary: true,
    }
}

fn llmbar(entry: &Value) -> Sides {
    let side = |key: &str| {
        let (model, strategy) = text(entry, key).split_once('/').expect("model/strategy");
        Table::read("llmbar/judgments.csv")
            .keep("judge_model", model)
            .keep("strategy", strategy)
    };
    let (a, b) = (side("a"), side("b"));
    // Both sides over the items that both judged, in the order of the first.
    let scores = |table: &Table, ids: &[&str]| -> Vec<f64> {
        let (all, truth, won) = (
            table.column("id"),
            table.column("human"),
            table.column("winner_original_order"),
        );
        ids.iter()
            .map(|id| {
                let row = all
                    .iter()
                    .position(|other| other == id)
                    .expect("an item of both");
                f64::from(u8::from(truth[row] == won[row]))
            })
            .collect()
    };
    let in_b = b.column("id");
    let (ids, subsets): (Vec<&str>, Vec<&str>) = a
        .column("id")
        .into_iter()
        .zip(a.column("subset"))
        .filter(|(id, _)| in_b.contains(id))
        .unzip();
    Sides {
        a: scores(&a, &ids),
        b: scores(&b, &ids),
        clusters: numbered(&subsets),
        binary: true,
    }
}

fn summeval(entry: &Value) -> Sides {
    let aspect = text(entry, "filter")
        .strip_prefix("aspect=")
        .expect("an aspect");
    let table = Table::read("summeval/labels.csv").keep("aspect", aspect);
    let number = |name: &str| -> Vec<f64> {
        table
            .column(name)
            .iter()
            .map(|cell| cell.parse().expect("a score"))
            .collect()
    };
    let people = [number("human_01"), number("human_02"), number("human_03")];
    let error = |key: &str| -> Vec<f64> {
        let name = text(entry, key)
            .trim_matches('|')
            .split(' ')
            .next()
            .expect("a judge");
        number(name)
            .iter()
            .enumerate()
            .map(|(i, score)| (score - people.iter().map(|p| p[i]).sum::<f64>() / 3.0).abs())
            .collect()
    };
    Sides {
        a: error("a"),
        b: error("b"),
        clusters: numbered(&table.column("id")),
        binary: false,
    }
}

pub(crate) fn paired() {
    let Some((mut sheet, file)) = Sheet::open("paired") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let sides = match text(entry, "file") {
            "pandalm/labels.csv" => pandalm(entry),
            "llmbar/judgments.csv" => llmbar(entry),
            "summeval/labels.csv" => summeval(entry),
            other => panic!("{other}"),
        };
        let name = format!(
            "{} {} {}",
            text(entry, "file"),
            text(entry, "a"),
            text(entry, "b")
        );
        let mut case = sheet.case(name, &entry["expect"]);
        numbers(&mut case, &sides);
        if sides.binary {
            pass_and_fail(&mut case, &sides);
        }
    }
    sheet.finish();
}

fn numbers(case: &mut Case<'_>, sides: &Sides) {
    let conf = Confidence::NINETY_FIVE;
    let (a, b) = (Sample::new(&sides.a), Sample::new(&sides.b));
    let d = differences(&sides.b, &sides.a).expect("parallel sides");
    let sample = Sample::new(&d);
    let found = paired_t(&sample, conf, None).expect("a difference");
    let test = found.test.expect("a test");
    let se = found.estimate.std_error.expect("an error");
    case.count("n", d.len());
    case.number("mean_a", a.moments().expect("a mean").mean);
    case.number("mean_b", b.moments().expect("a mean").mean);
    case.number("mean_diff", found.estimate.point);
    case.number("se_diff_paired", se);
    case.number(
        "se_diff_unpaired",
        unpaired_std_error(&b, &a)
            .expect("sides")
            .expect("an error"),
    );
    let r = pearson(&sides.a, &sides.b, conf).expect("a correlation");
    case.number("correlation_a_b", r.estimate.point);
    case.leave_out("ci95_normal", "not offered: the t quantile is");
    case.ends("ci95_t", &found.estimate);
    case.number("paired_t", test.statistic.expect("t"));
    case.number("paired_t_p", test.p);
    let signs = |positive: bool| {
        d.iter()
            .filter(|&&v| if positive { v > 0.0 } else { v < 0.0 })
            .count()
    };
    case.count("nonzero_differences", signs(true) + signs(false));
    case.count("wins_a", signs(true));
    case.count("wins_b", signs(false));
    for (key, zeros) in [
        ("wilcoxon_wilcox_asymptotic", Zeros::LeftOut),
        ("wilcoxon_pratt_asymptotic", Zeros::Pratt),
    ] {
        let ranks = wilcoxon(&d, zeros).expect("ranks");
        if let Some(mut inner) = case.inner(key) {
            inner.number("W", ranks.statistic.expect("W"));
            inner.number("p", ranks.p);
        }
    }
    case.number("sign_test_p", sign_test(&d).expect("signs").p);
    let clustered = sample.with_groups(&sides.clusters);
    let moments = clustered.moments().expect("moments");
    case.count("clusters", moments.size.units);
    case.number("se_iid", se);
    let cr0 = mean_cr0(&clustered, conf, None).expect("a mean");
    assert_eq!(cr0.method, Method::TCr0);
    let (cr0, cr1) = (
        cr0.std_error.expect("an error"),
        moments.cr1().expect("an error"),
    );
    case.number("se_cluster_CR0", cr0);
    case.number("se_cluster_CR0_statsmodels", cr0);
    // statsmodels' factor is G/(G-1) x (N-1)/(N-k) with k = 1, which is G/(G-1).
    case.number("se_cluster_CR1_statsmodels", cr1);
    case.number("design_effect_CR0", (cr0 / se).powi(2));
}

fn pass_and_fail(case: &mut Case<'_>, sides: &Sides) {
    let conf = Confidence::NINETY_FIVE;
    let table = PairedTable::of(&sides.b, &sides.a).expect("a table");
    case.equal(
        "mcnemar_table",
        &json!([[table.both, table.gained], [table.lost, table.neither]]),
    );
    case.number("mcnemar_exact_p", table.mcnemar_exact().p);
    case.number("mcnemar_midp", table.mcnemar_mid_p().p);
    let corrected = table.mcnemar_corrected();
    case.numbers(
        "mcnemar_chi2_cc",
        &[corrected.statistic.expect("chi2"), corrected.p],
    );
    case.ends(
        "newcombe_paired_ci95_method10",
        &table.difference(conf).expect("a difference"),
    );
    let count = |side: &[f64]| Count {
        successes: side.iter().filter(|&&v| v == 1.0).count() as u64,
        n: side.len() as u64,
    };
    let found = newcombe(count(&sides.b), count(&sides.a), conf).expect("a difference");
    case.ends("newcombe_unpaired_ci95", &found.estimate);
}
