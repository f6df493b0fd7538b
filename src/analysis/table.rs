//! A plain table of two columns: a comparison for people who run elsewhere. A row is a case, an empty cell missing.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::Serialize;

use crate::domain::suite::Noise;
use crate::stats::{
    Confidence, Count, Estimate, PairedTable, Sample, Test, Undefined, Zeros, differences,
    newcombe, paired_t, sign_test, unpaired_std_error, wilcoxon,
};

use super::comparison::{Sides, draft};
use super::figure::{Chance, sample_of, shown};
use super::findings::{Comparison, Figure, Unit};
use super::metric::{Metric, Of};
use super::pairing::Pairing;
use super::side::{Side, Tally};

/// Two columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The baseline column's name.
    pub baseline: String,
    /// The candidate column's name.
    pub candidate: String,
    /// One row a case: both cells (`None`: empty) and the cluster, where there is such a column.
    pub rows: Vec<Row>,
}

/// One case of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The baseline's cell.
    pub baseline: Option<f64>,
    /// The candidate's cell.
    pub candidate: Option<f64>,
    /// The cluster's name.
    pub cluster: Option<String>,
}

/// What a table says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableFindings {
    /// The comparison with its finding.
    pub comparison: Comparison,
    /// Statistics by their usual names: `mcnemar_exact_p`, `se_diff_paired` ...
    #[serde(flatten)]
    pub statistics: BTreeMap<String, Statistic>,
}

/// A statistic of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Statistic {
    /// A number.
    Number(f64),
    /// A count.
    Count(u64),
    /// A figure with its interval.
    Figure(Figure),
}

/// How a table is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TableOptions {
    /// The noise threshold; `None`: 0.03 for rates, none for other numbers, whose scale is not known.
    pub noise: Option<f64>,
    /// The most missing cells of a column; above it the finding is unclear.
    pub max_error_rate: f64,
    /// The seed.
    pub seed: u64,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// Compares two columns. Columns of only 0 and 1 are rates.
#[must_use]
pub fn compare_table(table: &Table, options: &TableOptions) -> TableFindings {
    let values = table
        .rows
        .iter()
        .flat_map(|row| [row.baseline, row.candidate]);
    let binary = values.flatten().all(|value| value == 0.0 || value == 1.0);
    let metric = Metric {
        name: if binary { "rate" } else { "mean" }.to_owned(),
        // Only the scorer-free kinds of a value matter here: 0/1 or a number.
        of: if binary { Of::Passes(0) } else { Of::Value(0) },
        unit: if binary { Unit::Rate } else { Unit::Score },
        more_is_better: true,
        scale: binary.then_some((0.0, 1.0)),
    };
    let groups = groups(table);
    let side = |cell: fn(&Row) -> Option<f64>| Side {
        clustered: groups.is_some(),
        cases: (0_u32..)
            .zip(&table.rows)
            .map(|(case, row)| Tally {
                case,
                planned: 1,
                scored: u32::from(cell(row).is_some()),
                bad: 0,
                sum: cell(row).unwrap_or(0.0),
            })
            .collect(),
        groups: groups.clone().unwrap_or_default(),
        ..Side::default()
    };
    let (old, new) = (side(|row| row.baseline), side(|row| row.candidate));
    let default = binary.then_some(0.03);
    let sides = Sides {
        metric: &metric,
        baseline: &old,
        candidate: &new,
        pairing: &Pairing::within(0..table.rows.len()),
        names: (&table.baseline, &table.candidate),
        tag: None,
        noise: options.noise.or(default).map(Noise::Absolute),
        max_error_rate: options.max_error_rate,
        correct: &|_| None,
        judge: None,
    };
    let chance = Chance {
        seed: options.seed,
        threads: options.threads,
    };
    TableFindings {
        comparison: draft(&sides, &chance).decided("primary"),
        statistics: statistics(table, groups.as_deref(), binary),
    }
}

/// Clusters as numbers, in order of appearance; a row without one is its own.
fn groups(table: &Table) -> Option<Vec<u32>> {
    if table.rows.iter().all(|row| row.cluster.is_none()) {
        return None;
    }
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0;
    let groups = table.rows.iter().map(|row| {
        let fresh = next;
        let id = match row.cluster.as_deref() {
            Some(name) => *known.entry(name).or_insert(fresh),
            None => fresh,
        };
        next += u32::from(id == fresh);
        id
    });
    Some(groups.collect())
}

/// Everything else that is asked of paired columns, over the rows with both cells.
fn statistics(table: &Table, groups: Option<&[u32]>, binary: bool) -> BTreeMap<String, Statistic> {
    let mut found = BTreeMap::new();
    let (mut old, mut new, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for (at, row) in table.rows.iter().enumerate() {
        if let (Some(before), Some(after)) = (row.baseline, row.candidate) {
            old.push(before);
            new.push(after);
            kept.extend(groups.map(|groups| groups[at]));
        }
    }
    let groups = groups.map(|_| kept.as_slice());
    found.insert("n".to_owned(), Statistic::Count(old.len() as u64));
    let Ok(d) = differences(&old, &new) else {
        return found;
    };
    let plain = Sample::new(&d);
    let mut number = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            found.insert(name.to_owned(), Statistic::Number(value));
        }
    };
    let p = |test: Result<Test, Undefined>| test.ok().map(|test| test.p);
    let moments = plain.moments().ok();
    number("mean_diff", moments.map(|moments| moments.mean));
    number("se_diff_paired", moments.and_then(|moments| moments.cr1()));
    let unpaired = unpaired_std_error(&Sample::new(&old), &Sample::new(&new));
    number("se_diff_unpaired", unpaired.ok().flatten());
    number("sign_test_p", p(sign_test(&d)));
    number("wilcoxon_p", p(wilcoxon(&d, Zeros::LeftOut)));
    number("wilcoxon_pratt_p", p(wilcoxon(&d, Zeros::Pratt)));
    let t = paired_t(&plain, Confidence::NINETY_FIVE, None);
    number(
        "paired_t_p",
        t.and_then(|found| found.test).ok().map(|test| test.p),
    );
    if let Some(groups) = groups {
        let clustered = sample_of(&d, d.len(), Some(groups)).moments().ok();
        number("se_cluster_CR0", clustered.map(|moments| moments.cr0));
        number(
            "se_cluster_CR1",
            clustered.and_then(|moments| moments.cr1()),
        );
    }
    if !binary {
        return found;
    }
    let Ok(pairs) = PairedTable::of(&old, &new) else {
        return found;
    };
    number("mcnemar_exact_p", Some(pairs.mcnemar_exact().p));
    number("mcnemar_midp", Some(pairs.mcnemar_mid_p().p));
    number("mcnemar_chi2_cc_p", Some(pairs.mcnemar_corrected().p));
    for (name, count) in [
        ("both", pairs.both),
        ("gained", pairs.gained),
        ("lost", pairs.lost),
        ("neither", pairs.neither),
    ] {
        found.insert(name.to_owned(), Statistic::Count(count));
    }
    let mut figure = |name: &str, estimate: Result<Estimate, Undefined>| {
        if let Ok(estimate) = estimate {
            let figure = Figure::Estimate(shown(&estimate));
            found.insert(name.to_owned(), Statistic::Figure(figure));
        }
    };
    let n = pairs.pairs();
    let before = Count {
        successes: pairs.both + pairs.lost,
        n,
    };
    let after = Count {
        successes: pairs.both + pairs.gained,
        n,
    };
    figure("newcombe_paired", pairs.difference(Confidence::NINETY_FIVE));
    let apart = newcombe(before, after, Confidence::NINETY_FIVE);
    figure("newcombe_unpaired", apart.map(|found| found.estimate));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::findings::Finding;

    fn table(counts: [(usize, f64, f64); 4]) -> Table {
        let rows = counts.iter().flat_map(|&(count, baseline, candidate)| {
            let row = Row {
                baseline: Some(baseline),
                candidate: Some(candidate),
                cluster: None,
            };
            std::iter::repeat_n(row, count)
        });
        Table {
            baseline: "old".into(),
            candidate: "new".into(),
            rows: rows.collect(),
        }
    }

    fn options() -> TableOptions {
        TableOptions {
            noise: None,
            max_error_rate: 0.05,
            seed: 1,
            threads: NonZeroUsize::MIN,
        }
    }

    fn number(found: &TableFindings, name: &str) -> f64 {
        match found.statistics.get(name) {
            Some(Statistic::Number(number)) => *number,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn a_table_of_rates_agrees_with_the_reference() {
        // Two judges held against the majority of people on 999 items; figures by scipy and statsmodels.
        let rows = [
            (552, 1.0, 1.0),
            (145, 0.0, 1.0),
            (115, 1.0, 0.0),
            (187, 0.0, 0.0),
        ];
        let found = compare_table(&table(rows), &options());
        for (name, want) in [
            ("mean_diff", 0.030_030_030_030_030_03),
            ("se_diff_paired", 0.016_120_738_630_243_5),
            ("se_diff_unpaired", 0.020_824_757_251_239_7),
            ("paired_t_p", 0.062_781_261_699_022_1),
            ("wilcoxon_p", 0.062_811_847_516_098_65),
            ("wilcoxon_pratt_p", 0.062_811_847_516_098_65),
            ("sign_test_p", 0.071_892_971_854_914_99),
            ("mcnemar_exact_p", 0.071_892_971_854_914_99),
            ("mcnemar_midp", 0.063_110_872_402_387_84),
            ("mcnemar_chi2_cc_p", 0.072_097_230_511_665_4),
        ] {
            let got = number(&found, name);
            assert!((got / want - 1.0).abs() < 1e-9, "{name}: {got}");
        }
        let paired = found.comparison.difference.estimate().unwrap();
        assert!((paired.low.unwrap() + 0.001_622_032_901_538_880_7).abs() < 1e-12);
        assert!((paired.high.unwrap() - 0.061_601_051_814_725_1).abs() < 1e-12);
        assert_eq!(found.comparison.finding, Some(Finding::Unclear));
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["n"], 999);
        assert_eq!(json["newcombe_unpaired"]["method"], "newcombe");
    }

    #[test]
    fn an_empty_cell_is_missing_and_clusters_hang_together() {
        let mut rows = table([
            (10, 1.0, 2.0),
            (10, 3.0, 3.5),
            (10, 2.0, 2.5),
            (10, 4.0, 5.0),
        ]);
        rows.rows[0].candidate = None;
        for (at, row) in rows.rows.iter_mut().enumerate() {
            row.cluster = Some(format!("k{}", at % 8));
        }
        let found = compare_table(&rows, &options());
        assert_eq!(found.comparison.pairs, 39);
        assert_eq!(found.comparison.left_out.get("missing"), Some(&1));
        assert_eq!(found.comparison.test, "paired-t");
        let estimate = found.comparison.difference.estimate().unwrap();
        assert_eq!(
            (estimate.clusters, estimate.flags.as_slice()),
            (8, &["few-clusters".to_owned()][..])
        );
        assert_eq!(found.comparison.noise, None);
        assert!(found.statistics.contains_key("se_cluster_CR1"));
        assert!(!found.statistics.contains_key("mcnemar_exact_p"));
    }
}
