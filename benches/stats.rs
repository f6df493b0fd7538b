//! How long the heavy figures take, and how that grows with the data.
//!
//! Goals, on two cores: BCa with 10,000 resamples of 10,000 paired items in 0.5 s; alpha of 100,000 items by 5
//! annotators in 0.5 s; all agreement figures of 1,000,000 pairs in 1 s.

use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evenhand::stats::{
    Confidence, Confusion, Draws, Level, Plan, Ratings, Sample, Seed, Size, Sums, Units, Weights,
    alpha_statistic, bca, closeness, cohen_kappa, expected_calibration_error, gwet, gwet_statistic,
    kappa_statistic, kendall, lin_ccc, pearson, rate, sign_flip, spearman,
};

const CONF: Confidence = Confidence::NINETY_FIVE;

/// Numbers below `n` that look random and are always the same.
fn scrambled(count: usize, n: u64) -> impl Iterator<Item = u32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..count).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 33) % n) as u32
    })
}

fn plan() -> Plan {
    Plan::new(Seed::derive(7, &["bench"]))
        .with_threads(NonZeroUsize::new(2).expect("two is not zero"))
}

fn bca_of_a_paired_mean(c: &mut Criterion) {
    let mut group = c.benchmark_group("bca of a paired mean, 10,000 resamples");
    group.sample_size(10);
    for n in [100, 1_000, 10_000, 100_000] {
        let rows: Vec<[f64; 1]> = scrambled(n, 5).map(|v| [f64::from(v) - 2.0]).collect();
        let mean = Sums::new(rows, Size::cases(n), |sums: &[f64; 1], n| Some(sums[0] / n));
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::from_parameter(n), &mean, |b, mean| {
            b.iter(|| Draws::of(mean, &plan()).map(|draws| draws.bca(mean, CONF)));
        });
    }
    group.finish();
}

fn bca_of_kappa(c: &mut Criterion) {
    let mut group = c.benchmark_group("bca of kappa, 10,000 resamples");
    group.sample_size(10);
    for n in [100, 1_000] {
        let human: Vec<u32> = scrambled(n, 3).collect();
        let judge: Vec<u32> = scrambled(2 * n, 3).skip(n).collect();
        let kappa = kappa_statistic(&human, &judge, 3, Units::singles(n), Weights::Quadratic)
            .expect("labels are classes");
        group.bench_with_input(BenchmarkId::from_parameter(n), &kappa, |b, kappa| {
            b.iter(|| Draws::of(kappa, &plan()).map(|draws| draws.bca(kappa, CONF)));
        });
    }
    group.finish();
}

fn alpha(c: &mut Criterion) {
    let mut group = c.benchmark_group("alpha, 5 annotators");
    group.sample_size(10);
    for items in [1_000, 10_000, 100_000] {
        // One cell in five is empty.
        let cells: Vec<Option<u32>> = scrambled(items * 5, 25)
            .map(|v| (v < 20).then_some(v % 5))
            .collect();
        let ratings = Ratings::new(&cells, 5, 5).expect("full rows");
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        group.throughput(Throughput::Elements(items as u64));
        for (name, level) in [
            ("nominal", Level::Nominal),
            ("ordinal", Level::Ordinal),
            ("interval", Level::Interval(&values)),
        ] {
            group.bench_with_input(BenchmarkId::new(name, items), &ratings, |b, ratings| {
                b.iter(|| ratings.alpha(level, CONF))
            });
        }
    }
    group.finish();
}

/// A resample walks over all labels (alpha) or over units and classes (AC1, calibration error).
fn bca_of_agreement(c: &mut Criterion) {
    let mut group = c.benchmark_group("bca of agreement of 5, 10,000 resamples");
    group.sample_size(10);
    for items in [100, 1_000] {
        let cells: Vec<Option<u32>> = scrambled(items * 5, 25)
            .map(|v| (v < 20).then_some(v % 5))
            .collect();
        let ratings = Ratings::new(&cells, 5, 5).expect("full rows");
        let units = Units::singles(items);
        for (name, level) in [("nominal", Level::Nominal), ("ordinal", Level::Ordinal)] {
            let alpha = alpha_statistic(ratings, level, units.clone()).expect("parallel units");
            group.bench_with_input(BenchmarkId::new(name, items), &alpha, |b, alpha| {
                b.iter(|| bca(alpha, &plan(), CONF));
            });
        }
        let ac1 = gwet_statistic(ratings, Weights::Identity, &units).expect("parallel units");
        group.bench_with_input(BenchmarkId::new("ac1", items), &ac1, |b, ac1| {
            b.iter(|| bca(ac1, &plan(), CONF));
        });
        let stated: Vec<f64> = scrambled(items, 100).map(|v| f64::from(v) / 99.0).collect();
        let passed: Vec<bool> = scrambled(items, 3).map(|v| v > 0).collect();
        group.bench_function(BenchmarkId::new("calibration error", items), |b| {
            b.iter(|| expected_calibration_error(&stated, &passed, &units, &plan(), CONF));
        });
    }
    group.finish();
}

/// Everything that a calibration shows of two annotators on a scale of five.
fn all_figures(human: &[u32], judge: &[u32]) {
    let table = Confusion::of(human, judge, 5).expect("labels are classes");
    for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
        black_box((
            cohen_kappa(&table, weights, CONF).ok(),
            gwet(&table, weights, CONF).ok(),
        ));
    }
    black_box((
        table.accuracy(CONF).ok(),
        table.macro_scores(CONF).ok(),
        table.balanced_accuracy(CONF).ok(),
    ));
    black_box((
        table.mcc(CONF).ok(),
        table.within_one(CONF).ok(),
        table.marginal_bias(CONF).ok(),
    ));
    let cells: Vec<Option<u32>> = human
        .iter()
        .zip(judge)
        .flat_map(|(&h, &j)| [Some(h), Some(j)])
        .collect();
    let ratings = Ratings::new(&cells, 2, 5).expect("full rows");
    let values = [1.0, 2.0, 3.0, 4.0, 5.0];
    for level in [Level::Nominal, Level::Ordinal, Level::Interval(&values)] {
        black_box(ratings.alpha(level, CONF).ok());
    }
    let number = |side: &[u32]| {
        side.iter()
            .map(|&v| f64::from(v) + 1.0)
            .collect::<Vec<f64>>()
    };
    let (x, y) = (number(human), number(judge));
    black_box((
        pearson(&x, &y, CONF).ok(),
        spearman(&x, &y, CONF).ok(),
        kendall(&x, &y, CONF).ok(),
    ));
    black_box((
        closeness(&x, &y, None, CONF).ok(),
        lin_ccc(&x, &y, CONF).ok(),
    ));
}

fn agreement(c: &mut Criterion) {
    let mut group = c.benchmark_group("all agreement figures");
    group.sample_size(10);
    for n in [10_000, 100_000, 1_000_000] {
        let human: Vec<u32> = scrambled(n, 5).collect();
        let judge: Vec<u32> = human
            .iter()
            .zip(scrambled(n, 3))
            .map(|(h, d)| (h + d).min(5) % 5)
            .collect();
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(n),
            &(human, judge),
            |b, (human, judge)| {
                b.iter(|| all_figures(human, judge));
            },
        );
    }
    group.finish();
}

fn summaries(c: &mut Criterion) {
    let mut group = c.benchmark_group("one metric of a run");
    for n in [1_000, 100_000] {
        let values: Vec<f64> = scrambled(n, 4).map(|v| f64::from(v) / 3.0).collect();
        let groups: Vec<u32> = scrambled(n, n as u64 / 4).collect();
        group.bench_function(BenchmarkId::new("clustered rate", n), |b| {
            b.iter(|| {
                rate(
                    &Sample::new(black_box(&values))
                        .with_trials(3 * n)
                        .with_groups(&groups),
                    CONF,
                )
            });
        });
    }
    let d: Vec<f64> = scrambled(29, 7).map(|v| f64::from(v) - 2.5).collect();
    let seed = Seed::derive(7, &["flip"]);
    group.bench_function("sign flip of 29 pairs", |b| {
        b.iter(|| sign_flip(&Sample::new(black_box(&d)), &seed))
    });
    group.finish();
}

criterion_group!(
    benches,
    bca_of_a_paired_mean,
    bca_of_kappa,
    alpha,
    bca_of_agreement,
    agreement,
    summaries
);
criterion_main!(benches);
