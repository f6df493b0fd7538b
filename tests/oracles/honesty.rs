//! Degenerate input, answered as an honest tool should, and the figures that sources printed.

use evenhand::stats::{
    Alignment, Confidence, Confusion, Detection, Estimate, Level, PairedTable, Ratings, Sample,
    Undefined, Weights, Zeros, alt_test, cohen_kappa, differences, gwet, kendall, order_accuracy,
    paired_t, pearson, position_bias, rogan_gladen, spearman, wilcoxon,
};
use serde_json::{Value, json};

use super::judge::people;
use super::labels::{both, classes, coded};
use super::preference::{Judged, kappa};
use super::sheet::{Case, Sheet, Table, entries, float, floats, text};

const CONF: Confidence = Confidence::NINETY_FIVE;

/// One degenerate input and everything that is computed from it.
struct Edge {
    human: Vec<String>,
    judge: Vec<String>,
    x: Vec<f64>,
    y: Vec<f64>,
    table: Confusion,
    cells: Vec<Option<u32>>,
}

impl Edge {
    fn of(entry: &Value) -> Self {
        // A number 1 and a text "1" are one label.
        let texts = |key: &str| -> Vec<String> {
            let cells = entries(entry, key).iter();
            cells
                .map(|v| {
                    v.as_str()
                        .map_or_else(|| v.to_string(), |s| s.trim().to_owned())
                })
                .collect()
        };
        let (human, judge) = (texts("human"), texts("judge"));
        let (h, j): (Vec<&str>, Vec<&str>) = (
            human.iter().map(String::as_str).collect(),
            judge.iter().map(String::as_str).collect(),
        );
        let known = match entry.get("scale") {
            Some(scale) => scale
                .as_array()
                .expect("levels")
                .iter()
                .map(Value::to_string)
                .collect(),
            None => classes(&[&h, &j]),
        };
        let (hc, jc) = (coded(&h, &known), coded(&j, &known));
        let number = |side: &[&str]| side.iter().map(|v| v.parse().unwrap_or(0.0)).collect();
        Self {
            x: number(&h),
            y: number(&j),
            table: Confusion::of(&hc, &jc, known.len().max(2)).expect("a table"),
            cells: hc
                .iter()
                .zip(&jc)
                .flat_map(|(&h, &j)| [Some(h), Some(j)])
                .collect(),
            human,
            judge,
        }
    }

    fn kappa(&self) -> Result<Estimate, Undefined> {
        cohen_kappa(&self.table, Weights::Identity, CONF)
    }

    fn alpha(&self) -> Result<Estimate, Undefined> {
        Ratings::new(&self.cells, 2, self.table.classes())
            .and_then(|ratings| ratings.alpha(Level::Nominal, CONF))
    }

    fn correlations(&self) -> [Result<Estimate, Undefined>; 3] {
        [pearson, spearman, kendall]
            .map(|figure| figure(&self.x, &self.y, CONF).map(|c| c.estimate))
    }

    fn correlations_are(&self, reason: Undefined) {
        for found in self.correlations() {
            assert_eq!(found, Err(reason));
        }
    }

    fn wilson(&self, low: f64, high: f64) {
        let found = self.table.accuracy(CONF).expect("an accuracy");
        assert!((found.low().expect("an end") - low).abs() < 5e-5);
        assert!((found.high().expect("an end") - high).abs() < 5e-5);
    }
}

const SAYS: &str = "what another library answers, not what the product says";

pub(crate) fn edge_cases() {
    let Some((mut sheet, file)) = Sheet::open("edge_cases") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let name = text(entry, "case");
        let mut case = sheet.case(
            name,
            &json!({ "an_honest_tool_says": true, "reference_libraries_say": true }),
        );
        case.leave_out("reference_libraries_say", SAYS);
        let says = text(entry, "an_honest_tool_says");
        assert!(!says.is_empty());
        if entry.get("labels").is_some() {
            corrections(name, entry);
        } else if entry["human"]
            .as_array()
            .is_some_and(|h| h.iter().any(Value::is_null))
        {
            missing(entry);
        } else {
            agreement(name, entry);
        }
        // Reached only if every assertion of the case held.
        case.equal("an_honest_tool_says", &json!(true));
    }
    sheet.finish();
}

fn agreement(name: &str, entry: &Value) {
    let edge = Edge::of(entry);
    match name {
        "judge constant, human varies" => {
            assert!(edge.kappa().expect("a kappa").point.abs() < 1e-12);
            assert_eq!(edge.table.mcc(CONF), Err(Undefined::NoVariation));
            edge.correlations_are(Undefined::NoVariation);
        }
        "both constant and equal" => {
            assert_eq!(edge.table.accuracy(CONF).expect("an accuracy").point, 1.0);
            edge.wilson(0.5101, 1.0);
            assert_eq!(edge.kappa(), Err(Undefined::NoVariation));
            assert_eq!(edge.table.mcc(CONF), Err(Undefined::NoVariation));
            assert_eq!(edge.alpha(), Err(Undefined::NoVariation));
            edge.correlations_are(Undefined::NoVariation);
        }
        "both constant and different" => {
            assert_eq!(edge.table.accuracy(CONF).expect("an accuracy").point, 0.0);
            assert_eq!(edge.kappa().expect("a kappa").point, 0.0);
            edge.correlations_are(Undefined::NoVariation);
        }
        "n = 1 agreeing" => {
            edge.wilson(0.2065, 1.0);
            assert_eq!(edge.kappa(), Err(Undefined::NoVariation));
            assert_eq!(edge.alpha(), Err(Undefined::NoVariation));
            assert_eq!(
                gwet(&edge.table, Weights::Identity, CONF),
                Err(Undefined::NoVariation)
            );
            edge.correlations_are(Undefined::FewUnits { have: 1, need: 3 });
        }
        "n = 2 opposite order" | "n = 2 same order" => {
            edge.correlations_are(Undefined::FewUnits { have: 2, need: 3 });
        }
        "n = 3 perfect" => {
            let found = pearson(&edge.x, &edge.y, CONF)
                .expect("a correlation")
                .estimate;
            assert_eq!(found.point, 1.0);
            assert_eq!(
                found.interval,
                Err(Undefined::FewUnits { have: 3, need: 4 })
            );
        }
        "disjoint categories" => {
            assert_eq!(edge.table.agreeing(), 0);
            assert_eq!(edge.kappa().expect("a kappa").point, 0.0);
            assert!(edge.table.classes_are_disjoint());
        }
        "type mismatch 1 vs '1'" => {
            let mixed = json!({ "human": [1, 2, 1, 2], "judge": entry["judge"] });
            assert_eq!(Edge::of(&mixed).table, edge.table);
            assert!((edge.kappa().expect("a kappa").point - 0.5).abs() < 1e-12);
        }
        "all identical ties in differences" => {
            let d = differences(&edge.x, &edge.y).expect("differences");
            let found = paired_t(&Sample::new(&d), CONF, None).expect("a difference");
            assert_eq!(found.estimate.interval, Err(Undefined::NoVariation));
            assert_eq!(found.estimate.std_error, Some(0.0));
            assert_eq!(wilcoxon(&d, Zeros::LeftOut).expect("a test").p, 1.0);
            let alike = PairedTable {
                both: 4,
                ..PairedTable::default()
            };
            assert_eq!(alike.mcnemar_exact().p, 1.0);
        }
        "perfect disagreement" => {
            assert!((edge.kappa().expect("a kappa").point + 1.0).abs() < 1e-12);
            assert_eq!(edge.table.mcc(CONF).map(|mcc| mcc.point), Ok(-1.0));
            let passes = |side: &[f64]| side.iter().map(|&v| v == 1.0).collect::<Vec<bool>>();
            let inverted = Detection::of(&passes(&edge.x), &passes(&edge.y)).expect("counts");
            assert_eq!(inverted.youden_j(CONF).map(|j| j.point), Ok(-1.0));
        }
        "kappa paradox (95% base rate)" => {
            assert!((edge.table.accuracy(CONF).expect("an accuracy").point - 0.9).abs() < 1e-12);
            assert!((edge.kappa().expect("a kappa").point + 0.052_631_578_947_368_36).abs() < 1e-9);
            assert!(
                (gwet(&edge.table, Weights::Identity, CONF)
                    .expect("a coefficient")
                    .point
                    - 0.8895)
                    .abs()
                    < 5e-5
            );
            assert_eq!(edge.table.base_rate(CONF).map(|rate| rate.point), Ok(0.95));
        }
        "constant difference" => {
            let d = differences(&edge.x, &edge.y).expect("differences");
            let found = paired_t(&Sample::new(&d), CONF, None).expect("a difference");
            assert_eq!(
                (found.estimate.point, found.estimate.std_error),
                (1.0, Some(0.0))
            );
            assert_eq!(found.test, Err(Undefined::NoVariation));
        }
        "empty input" => {
            assert_eq!(edge.table.accuracy(CONF), Err(Undefined::NoCases));
            assert_eq!(edge.kappa(), Err(Undefined::NoCases));
            edge.correlations_are(Undefined::NoCases);
        }
        "scale level never used (weighted kappa)" => {
            for (key, weights) in [
                ("linear_full_scale", Weights::Linear),
                ("quadratic_full_scale", Weights::Quadratic),
            ] {
                let found = cohen_kappa(&edge.table, weights, CONF)
                    .expect("a kappa")
                    .point;
                assert!((found - float(&entry["reference_libraries_say"], key)).abs() < 1e-9);
            }
        }
        other => panic!("{other} is not answered: {:?} {:?}", edge.human, edge.judge),
    }
}

/// Missing labels are dropped in pairs; what was dropped is the caller's to count.
fn missing(entry: &Value) {
    let side = |key: &str| {
        entries(entry, key)
            .iter()
            .map(Value::as_f64)
            .collect::<Vec<_>>()
    };
    let (human, judge) = (side("human"), side("judge"));
    let used: Vec<(f64, f64)> = human
        .iter()
        .zip(&judge)
        .filter_map(|(h, j)| h.zip(*j))
        .collect();
    assert_eq!((used.len(), human.len()), (2, 4));
    // A missing value cannot slip in as a number.
    let filled: Vec<f64> = human.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    assert_eq!(
        pearson(&filled, &filled, CONF).err(),
        Some(Undefined::NotFinite)
    );
    let cells: Vec<Option<u32>> = human
        .iter()
        .zip(&judge)
        .flat_map(|(h, j)| [h.map(|v| v as u32), j.map(|v| v as u32)])
        .collect();
    let ratings = Ratings::new(&cells, 2, 2).expect("ratings");
    assert_eq!((ratings.labels(), ratings.pairable_items()), (6, 2));
    assert_eq!(
        ratings.alpha(Level::Nominal, CONF),
        Err(Undefined::NoVariation)
    );
}

fn corrections(name: &str, entry: &Value) {
    let passes = |key: &str| {
        floats(&entry[key])
            .iter()
            .map(|&v| v == 1.0)
            .collect::<Vec<bool>>()
    };
    let labels = Detection::of(&passes("labels"), &passes("preds")).expect("counts");
    let judged = floats(&entry["unlabelled"]);
    let found = rogan_gladen(&labels, &Sample::new(&judged), CONF);
    match name {
        "Rogan-Gladen with TPR+TNR <= 1" => assert_eq!(found.err(), Some(Undefined::NoInformation)),
        "Rogan-Gladen with one class only in the labels" => {
            assert_eq!(found.err(), Some(Undefined::FewLabels { have: 0, need: 1 }));
        }
        "Rogan-Gladen estimate outside 0..1" => {
            let found = found.expect("a value to show");
            assert!(
                (found.unclipped - float(&entry["reference_libraries_say"], "unclipped")).abs()
                    < 1e-9
            );
            assert_eq!(found.estimate, Err(Undefined::OutsideScale));
        }
        other => panic!("{other} is not answered"),
    }
}

pub(crate) fn published_reproductions() {
    let Some((mut sheet, file)) = Sheet::open("published_reproductions") else {
        return;
    };
    for entry in entries(&file, "cases") {
        let mut expect = entry.clone();
        let fields = expect.as_object_mut().expect("an object");
        for key in ["what", "match", "note"] {
            fields.remove(key);
        }
        let what = text(entry, "what");
        let mut case = sheet.case(what, &expect);
        match what.split([' ', ':']).next() {
            Some("LLMBar") => llmbar(&mut case, what),
            Some("AltTest") => alternative(&mut case, entry, what),
            _ => pandalm(&mut case, entry, what),
        }
    }
    sheet.finish();
}

fn llmbar(case: &mut Case<'_>, what: &str) {
    let [_, subset, model, strategy] = what.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{what}")
    };
    let judged = Judged::read(subset, model, strategy);
    let right = order_accuracy(&judged.orders, &judged.human, CONF).expect("accuracies");
    let orders = position_bias(&judged.orders, CONF).expect("statistics");
    case.number("published_average_accuracy", right.average.point);
    case.number("computed", right.average.point);
    case.number("computed_agreement", orders.agreement.point);
    let printed = case.take("published_agreement").expect("an agreement");
    let percent = printed
        .as_str()
        .expect("a text")
        .split("= ")
        .nth(1)
        .expect("a percentage")
        .trim_end_matches('%');
    let percent = json!(percent.parse::<f64>().expect("a number"));
    case.against(
        "published_agreement",
        100.0 * orders.agreement.point,
        &percent,
    );
    match kappa(&judged.truth(), &judged.originals()) {
        Some(kappa) => case.number("right_kappa_with_human", kappa),
        None => case.fault("no kappa"),
    }
    case.leave_out(
        "published_kappa_with_human_DO_NOT_TRUST",
        "wrong in the source, which reads every verdict but 0 and 1 as 0",
    );
}

fn alternative(case: &mut Case<'_>, entry: &Value, what: &str) {
    let (set, judge) = what
        .rsplit_once(": ")
        .expect("a data set")
        .1
        .split_once(' ')
        .expect("a judge");
    let (file, epsilon, near) = match set {
        "mtbench" => ("mtbench-humans", 0.2, false),
        "cebab_aspects" => ("cebab-aspects", 0.1, false),
        "10k_prompts" => ("prompts10k", 0.15, true),
        "summeval" => ("summeval", 0.2, true),
        other => panic!("{other}"),
    };
    let source = json!({ "file": format!("{file}/labels.csv") });
    let people = people(&source, &format!("judge_{}", judge.replace('-', "_")), near);
    let alignment = if near {
        Alignment::Near
    } else {
        Alignment::Same
    };
    let found = alt_test(
        &people.cells,
        people.annotators.len(),
        &people.judge,
        alignment,
        epsilon,
        0.05,
        CONF,
    )
    .expect("a test");
    let result = json!(if found.passes() { "PASSED" } else { "FAILED" });
    for key in ["published", "computed"] {
        // Printed to two decimals.
        let allowed = if key == "published" {
            0.005 + 1e-9
        } else {
            1e-9
        };
        let Some(mut inner) = case.inner(key) else {
            continue;
        };
        inner.near(
            "winning_rate",
            found.winning_rate,
            float(&entry[key], "winning_rate"),
            allowed,
        );
        inner.near(
            "advantage_probability",
            found.advantage_probability.point,
            float(&entry[key], "advantage_probability"),
            allowed,
        );
        inner.take("winning_rate");
        inner.take("advantage_probability");
        inner.equal("result", &result);
    }
}

fn pandalm(case: &mut Case<'_>, entry: &Value, what: &str) {
    let table = Table::read("pandalm/labels.csv");
    if let Some((a, b)) = what
        .rsplit_once(' ')
        .and_then(|(left, b)| Some((left.strip_suffix(" vs")?, b)))
    {
        let a = a.rsplit(' ').next().expect("an annotator");
        let (a, b) = both(&table, a, b);
        let known = classes(&[&a, &b]);
        let table =
            Confusion::of(&coded(&a, &known), &coded(&b, &known), known.len()).expect("a table");
        let found = cohen_kappa(&table, Weights::Identity, CONF)
            .expect("a kappa")
            .point;
        case.near("published", found, float(entry, "published"), 0.005);
        case.take("published");
        case.number("computed", found);
    } else if what.contains("label counts") {
        let majority = table.column("human_majority");
        let counts =
            ["tie", "1", "2"].map(|class| majority.iter().filter(|&&label| label == class).count());
        case.equal("published", &json!(counts));
        case.equal("computed", &json!(counts));
    } else {
        macro_f1(case, &table);
    }
}

/// A printed figure that the released verdicts do not give, under either reading of those that could not be read.
fn macro_f1(case: &mut Case<'_>, table: &Table) {
    let human = table.column("human_majority");
    let scores = |judge: &str, unread: &'static str| {
        let read: Vec<&str> = table
            .column(judge)
            .into_iter()
            .map(|v| if v.is_empty() { unread } else { v })
            .collect();
        let known: Vec<String> = ["1", "2", "tie"].map(str::to_owned).to_vec();
        let mut all = known.clone();
        all.push("unread".to_owned());
        let table =
            Confusion::of(&coded(&human, &all), &coded(&read, &all), all.len()).expect("a table");
        // An answer that could not be read is a class of its own, but no class to average over.
        let f1 = table.macro_scores(CONF).expect("scores").f1.point * all.len() as f64
            / known.len() as f64;
        (f1, table.accuracy(CONF).expect("an accuracy").point)
    };
    let mut f1 = Vec::new();
    for judge in ["judge_gpt35", "judge_pandalm7b"] {
        for (name, unread) in [
            ("unparsed_is_own_class", "unread"),
            ("unparsed_is_tie", "tie"),
        ] {
            let found = scores(judge, unread);
            f1.push(found.0);
            case.only("computed_macro_f1", &format!("{judge}, {name}"), found.0);
            case.only("computed_accuracy", &format!("{judge}, {name}"), found.1);
        }
    }
    case.number("ratio_unparsed_is_own_class", f1[2] / f1[0]);
    case.number("ratio_unparsed_is_tie", f1[3] / f1[1]);
    case.emptied("computed_macro_f1");
    case.emptied("computed_accuracy");
    case.leave_out(
        "published",
        "not reproduced by the released verdicts, as the file says",
    );
}

/// What other programs measured by simulation cannot be compared figure by figure; the coverage example measures anew.
pub(crate) fn simulations() {
    let Some((mut sheet, file)) = Sheet::open("simulations") else {
        return;
    };
    let rows = &file["sampling_spread"]["rows"];
    let table = Table::read("pandalm/labels.csv");
    let (human, judge) = both(&table, "human_majority", "judge_gpt35");
    let known = classes(&[&human, &judge]);
    let table = Confusion::of(&coded(&human, &known), &coded(&judge, &known), known.len())
        .expect("a table");
    let kappa = cohen_kappa(&table, Weights::Identity, CONF).expect("a kappa");
    for row in rows.as_array().expect("rows") {
        let n = float(row, "labels");
        let ends = floats(&row["kappa_2.5_50_97.5"]);
        if n < 100.0 {
            continue;
        }
        // The asymptotic error, carried to n labels, against the spread of 2,000 draws.
        let expected = (ends[2] - ends[0]) / (2.0 * 1.96);
        let mut case = sheet.case(format!("{n} labels"), &json!({ "kappa_2.5_50_97.5": true }));
        let error = kappa.std_error.expect("an error") * (kappa.n as f64 / n).sqrt();
        case.near("kappa spread", error, expected, 0.1 * expected);
        case.take("kappa_2.5_50_97.5");
    }
    let others = [
        "sampling_spread.accuracy",
        "sampling_spread.pearson_coherence",
        "winners_curse",
        "correction_coverage",
    ];
    let mut expect = serde_json::Map::new();
    for key in others {
        expect.insert(key.to_owned(), json!(true));
    }
    let mut case = sheet.case("the rest", &Value::Object(expect));
    for key in others {
        case.leave_out(
            key,
            "simulated with other seeds: the coverage example measures it anew",
        );
    }
    drop(case);
    sheet.finish();
}
