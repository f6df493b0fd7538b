//! How often do the intervals hold the truth? Measured by drawing from label sets whose truth is known.
//!
//! ```text
//! cargo run --release --example coverage [-- FOLDER [RUNS]]
//! ```
//!
//! `FOLDER` holds the label sets (`pandalm/labels.csv`, `summeval/labels.csv`, ...); by default the folder beside the
//! repository. Every population is the whole set: items, or clusters whole, are drawn from it with replacement, so that
//! its own figure is the truth that a 95 % interval should hold in 95 % of the draws. Seeded: two runs print the same.

#![expect(clippy::print_stdout, reason = "the table is what the example is for")]

use std::error::Error;
use std::path::{Path, PathBuf};

use evenhand::stats::{
    Alignment, Confidence, Confusion, Count, Detection, Draws, Estimate, Labelled, Level, Plan,
    Ratings, Sample, Scale, Seed, Undefined, Units, Unlabelled, Weights, alt_test, cohen_kappa,
    corrected_difference, fieller, gwet, kappa_statistic, majority, newcombe, ppi_plus_plus, rate,
    rogan_gladen,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CONF: Confidence = Confidence::NINETY_FIVE;
const SIZES: [usize; 3] = [20, 50, 200];
/// Items that only the judge reads, in the corrections.
const JUDGED: usize = 1_000;

/// A population of items, each with people's and the judge's value, and its cluster.
struct Population {
    name: &'static str,
    items: Vec<Item>,
    clusters: Vec<Vec<usize>>,
}

#[derive(Clone)]
struct Item {
    human: f64,
    judge: f64,
    /// What several people said, where they did.
    people: Vec<Option<f64>>,
    cluster: u32,
}

fn draw(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

/// Names of the columns, and the rows.
type Cells = (Vec<String>, Vec<Vec<String>>);

fn read(folder: &Path, file: &str) -> Result<Cells, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(folder.join(file).join("labels.csv"))?;
    let names = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader
        .records()
        .map(|row| row.map(|row| row.iter().map(str::to_owned).collect()))
        .collect::<Result<_, _>>()?;
    Ok((names, rows))
}

impl Population {
    /// Rows of a file; `value` turns a row's (people, judge) cells into an item's values, or leaves the row out.
    fn read(
        folder: &Path,
        file: &str,
        name: &'static str,
        columns: (&[&str], &str, &str),
        keep: impl Fn(&[String], &[String]) -> bool,
        value: impl Fn(&[Option<f64>], f64) -> Option<(f64, f64)>,
    ) -> Result<Self, Box<dyn Error>> {
        let (names, rows) = read(folder, file)?;
        let place = |column: &str| {
            names
                .iter()
                .position(|n| n == column)
                .ok_or(format!("no column {column}"))
        };
        let people: Vec<usize> = columns
            .0
            .iter()
            .map(|c| place(c))
            .collect::<Result<_, _>>()?;
        let (judge, cluster) = (place(columns.1)?, place(columns.2)?);
        let number = |cell: &str| match cell {
            "" => None,
            "tie" | "unknown" => Some(0.0),
            "Negative" => Some(1.0),
            "Positive" => Some(2.0),
            cell => cell.parse().ok(),
        };
        let mut seen = std::collections::BTreeMap::new();
        let mut items = Vec::new();
        for row in rows.iter().filter(|row| keep(&names, row)) {
            let cells: Vec<Option<f64>> = people.iter().map(|&p| number(&row[p])).collect();
            let Some((human, verdict)) = number(&row[judge]).and_then(|v| value(&cells, v)) else {
                continue;
            };
            let next = seen.len() as u32;
            let cluster = *seen.entry(row[cluster].clone()).or_insert(next);
            items.push(Item {
                human,
                judge: verdict,
                people: cells,
                cluster,
            });
        }
        let mut clusters = vec![Vec::new(); seen.len()];
        for (place, item) in items.iter().enumerate() {
            clusters[item.cluster as usize].push(place);
        }
        Ok(Self {
            name,
            items,
            clusters,
        })
    }

    fn some(&self, rng: &mut ChaCha8Rng, n: usize) -> Vec<&Item> {
        (0..n)
            .map(|_| &self.items[draw(rng, self.items.len())])
            .collect()
    }

    /// Clusters drawn whole; each draw is a cluster of its own.
    fn some_clusters(&self, rng: &mut ChaCha8Rng, n: usize) -> (Vec<&Item>, Vec<u32>) {
        let mut items = Vec::new();
        let mut groups = Vec::new();
        for group in 0..n as u32 {
            for &place in &self.clusters[draw(rng, self.clusters.len())] {
                items.push(&self.items[place]);
                groups.push(group);
            }
        }
        (items, groups)
    }

    fn mean(&self, value: impl Fn(&Item) -> f64) -> f64 {
        self.items.iter().map(value).sum::<f64>() / self.items.len() as f64
    }
}

fn values(items: &[&Item], value: impl Fn(&Item) -> f64) -> Vec<f64> {
    items.iter().map(|item| value(item)).collect()
}

fn agrees(item: &Item) -> f64 {
    f64::from(u8::from(item.human == item.judge))
}

/// Share of the people whose label the judge gave too: a rate with repeats.
fn agrees_with_each(item: &Item) -> f64 {
    let said: Vec<f64> = item.people.iter().flatten().copied().collect();
    said.iter().filter(|&&label| label == item.judge).count() as f64 / said.len() as f64
}

fn detection(items: &[&Item]) -> Detection {
    let passes = |value: fn(&Item) -> f64| {
        items
            .iter()
            .map(|item| value(item) == 1.0)
            .collect::<Vec<bool>>()
    };
    Detection::of(&passes(|item| item.human), &passes(|item| item.judge)).unwrap_or_default()
}

fn table(items: &[&Item], classes: usize) -> Option<Confusion> {
    let side = |value: fn(&Item) -> f64| {
        items
            .iter()
            .map(|item| value(item) as u32)
            .collect::<Vec<u32>>()
    };
    Confusion::of(&side(|item| item.human), &side(|item| item.judge), classes).ok()
}

/// Counts how often an interval held the truth.
struct Tally {
    runs: u32,
    seed: u64,
}

impl Tally {
    fn line(
        &mut self,
        method: &str,
        population: &str,
        n: usize,
        truth: f64,
        mut estimate: impl FnMut(&mut ChaCha8Rng) -> Result<Estimate, Undefined>,
    ) {
        self.seed += 1;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let (mut held, mut defined, mut width) = (0_u32, 0_u32, 0.0);
        for _ in 0..self.runs {
            let found = estimate(&mut rng).and_then(|estimate| estimate.interval);
            if let Some((low, high)) = found.ok().and_then(|interval| interval.ends()) {
                defined += 1;
                width += high - low;
                held += u32::from(low <= truth && truth <= high);
            }
        }
        let share = 100.0 * f64::from(held) / f64::from(defined.max(1));
        let undefined = 100.0 * f64::from(self.runs - defined) / f64::from(self.runs);
        let mark = if (93.0..=97.0).contains(&share) {
            ""
        } else {
            " *"
        };
        println!(
            "{method:<22} {population:<28} {n:>5}  {share:>5.1} %{mark:<2}  {:>7.3}  {undefined:>5.1} %",
            width / f64::from(defined.max(1)),
        );
    }
}

fn rates(tally: &mut Tally, pandalm: &Population, accuracy: f64) {
    for n in SIZES {
        tally.line("wilson", pandalm.name, n, accuracy, |rng| {
            rate(&Sample::new(&values(&pandalm.some(rng, n), agrees)), CONF)
        });
    }
    let repeated = pandalm.mean(agrees_with_each);
    for n in SIZES {
        tally.line(
            "wilson-clustered",
            "pandalm, 3 repeats",
            n,
            repeated,
            |rng| {
                rate(
                    &Sample::new(&values(&pandalm.some(rng, n), agrees_with_each))
                        .with_trials(3 * n),
                    CONF,
                )
            },
        );
    }
    for n in SIZES {
        tally.line("wilson-clustered", "pandalm, topics", n, accuracy, |rng| {
            let (items, groups) = pandalm.some_clusters(rng, n);
            rate(
                &Sample::new(&values(&items, agrees)).with_groups(&groups),
                CONF,
            )
        });
    }
}

fn kappas(
    tally: &mut Tally,
    populations: [(&Population, Weights, usize); 2],
) -> Result<(), Undefined> {
    for (population, weights, classes) in populations {
        let all: Vec<&Item> = population.items.iter().collect();
        let whole = table(&all, classes).ok_or(Undefined::NoCases)?;
        let truth = cohen_kappa(&whole, weights, CONF)?.point;
        for n in SIZES {
            tally.line("kappa, asymptotic", population.name, n, truth, |rng| {
                let table = table(&population.some(rng, n), classes).ok_or(Undefined::NoCases)?;
                cohen_kappa(&table, weights, CONF)
            });
        }
        for n in SIZES {
            let mut few = Tally {
                runs: tally.runs.min(400),
                seed: tally.seed + 1_000,
            };
            few.line("kappa, bca clusters", population.name, n, truth, |rng| {
                let (items, groups) = population.some_clusters(rng, n);
                let side = |value: fn(&Item) -> f64| {
                    items.iter().map(|i| value(i) as u32).collect::<Vec<u32>>()
                };
                let (human, judge) = (side(|item| item.human), side(|item| item.judge));
                let kappa = kappa_statistic(&human, &judge, classes, Units::of(&groups), weights)?;
                let plan = Plan {
                    resamples: 1_000,
                    ..Plan::new(Seed::derive(rng.next_u64(), &[]))
                };
                Draws::of(&kappa, &plan).map(|draws| draws.bca(&kappa, CONF))
            });
        }
    }
    Ok(())
}

/// Agreement beyond chance of two and of three annotators, with the interval that what each item adds gives.
fn agreements(tally: &mut Tally, two: &Population, classes: usize, scale: &Population) {
    type Figure = fn(&Confusion) -> Result<Estimate, Undefined>;
    let figures: [(&str, Figure); 3] = [
        ("gwet ac1", |table| gwet(table, Weights::Identity, CONF)),
        ("mcc", |table| table.mcc(CONF)),
        ("macro f1", |table| {
            table.macro_scores(CONF).map(|scores| scores.f1)
        }),
    ];
    for (name, figure) in figures {
        let whole: Vec<&Item> = two.items.iter().collect();
        let of = |items: &[&Item]| figure(&table(items, classes).ok_or(Undefined::NoCases)?);
        let Ok(truth) = of(&whole) else { continue };
        for n in SIZES {
            tally.line(name, two.name, n, truth.point, |rng| of(&two.some(rng, n)));
        }
    }
    let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    for (name, population, level) in [
        ("alpha, nominal", two, Level::Nominal),
        ("alpha, ordinal", scale, Level::Ordinal),
        ("alpha, interval", scale, Level::Interval(&values)),
    ] {
        let of = |items: &[&Item]| {
            let cells: Vec<Option<u32>> = items
                .iter()
                .flat_map(|item| item.people.iter().map(|label| label.map(|v| v as u32)))
                .collect();
            Ratings::new(&cells, 3, 6)?.alpha(level, CONF)
        };
        let whole: Vec<&Item> = population.items.iter().collect();
        let Ok(truth) = of(&whole) else { continue };
        for n in SIZES {
            tally.line(name, population.name, n, truth.point, |rng| {
                of(&population.some(rng, n))
            });
        }
    }
}

/// Length as the cost and the judge's preference as the success.
fn ratios(tally: &mut Tally, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(folder.join("alpacaeval-length/preferences.csv"))?;
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row?;
        if row[0].ends_with("verbose") {
            let preference: f64 = row[4].parse()?;
            rows.push((row[2].parse::<f64>()?, row[3].parse::<f64>()?, preference));
        }
    }
    for (name, pick) in [
        (
            "alpacaeval, 88 % succeed",
            (|r: &(f64, f64, f64)| (r.0, f64::from(u8::from(r.2 < 1.5)))) as fn(&_) -> _,
        ),
        ("alpacaeval, 12 % succeed", |r| {
            (r.1, f64::from(u8::from(r.2 >= 1.5)))
        }),
    ] {
        let all: Vec<(f64, f64)> = rows.iter().map(pick).collect();
        let truth = all.iter().map(|r| r.0).sum::<f64>() / all.iter().map(|r| r.1).sum::<f64>();
        for n in SIZES {
            tally.line("fieller", name, n, truth, |rng| {
                let (cost, success): (Vec<f64>, Vec<f64>) =
                    (0..n).map(|_| all[draw(rng, all.len())]).unzip();
                fieller(&Sample::new(&cost), &success, CONF)
            });
        }
    }
    Ok(())
}

fn corrections(tally: &mut Tally, populations: &[(&Population, Option<Scale>)]) {
    for &(population, scale) in populations {
        let truth = population.mean(|item| item.human);
        for n in SIZES {
            tally.line("ppi++", population.name, n, truth, |rng| {
                let (labels, rest) = (population.some(rng, n), population.some(rng, JUDGED));
                let (human, judge) = (values(&labels, |i| i.human), values(&labels, |i| i.judge));
                let judged = values(&rest, |i| i.judge);
                let labelled = Labelled {
                    human: &human,
                    judge: &judge,
                    weights: None,
                    groups: None,
                };
                let unlabelled = Unlabelled {
                    judge: &judged,
                    groups: None,
                };
                ppi_plus_plus(&labelled, &unlabelled, CONF, scale).map(|found| found.estimate)
            });
        }
        for n in SIZES {
            tally.line("ppi++, weighted", population.name, n, truth, |rng| {
                weighted(population, rng, n, scale)
            });
        }
        for n in SIZES {
            tally.line("ppi++, clusters", population.name, n, truth, |rng| {
                clustered(population, rng, n, scale)
            });
        }
    }
    for &(population, _) in populations
        .iter()
        .filter(|(_, scale)| *scale == Some(Scale::UNIT))
    {
        let truth = population.mean(|item| item.human);
        for n in SIZES {
            tally.line("rogan-gladen", population.name, n, truth, |rng| {
                let labels = detection(&population.some(rng, n));
                let judged = values(&population.some(rng, JUDGED), |i| i.judge);
                rogan_gladen(&labels, &Sample::new(&judged), CONF)?.estimate
            });
        }
    }
}

/// About n labels, an item that the judge puts above the middle being drawn three times as likely as one below.
fn weighted(
    population: &Population,
    rng: &mut ChaCha8Rng,
    n: usize,
    scale: Option<Scale>,
) -> Result<Estimate, Undefined> {
    let items = population.some(rng, JUDGED + n);
    let middle = population.mean(|item| item.judge);
    let above = population.mean(|item| f64::from(u8::from(item.judge > middle)));
    let low = n as f64 / items.len() as f64 / (1.0 + 2.0 * above);
    let (mut human, mut judge, mut weights, mut rest) = (vec![], vec![], vec![], vec![]);
    for item in items {
        let probability = if item.judge > middle { 3.0 * low } else { low };
        if f64::from(rng.next_u32()) < probability * f64::from(u32::MAX) {
            human.push(item.human);
            judge.push(item.judge);
            weights.push(1.0 / probability);
        } else {
            rest.push(item.judge);
        }
    }
    let labelled = Labelled {
        human: &human,
        judge: &judge,
        weights: Some(&weights),
        groups: None,
    };
    let unlabelled = Unlabelled {
        judge: &rest,
        groups: None,
    };
    ppi_plus_plus(&labelled, &unlabelled, CONF, scale).map(|found| found.estimate)
}

/// 60 clusters drawn whole, n of their items labelled at random, the rest judged only.
fn clustered(
    population: &Population,
    rng: &mut ChaCha8Rng,
    n: usize,
    scale: Option<Scale>,
) -> Result<Estimate, Undefined> {
    let (items, groups) = population.some_clusters(rng, 60);
    let mut order: Vec<usize> = (0..items.len()).collect();
    for place in 0..n {
        let other = place + draw(rng, items.len() - place);
        order.swap(place, other);
    }
    let (here, there) = order.split_at(n);
    let pick = |places: &[usize], value: fn(&Item) -> f64| {
        places.iter().map(|&p| value(items[p])).collect::<Vec<_>>()
    };
    let of = |places: &[usize]| places.iter().map(|&p| groups[p]).collect::<Vec<u32>>();
    let (human, judge, judged) = (
        pick(here, |i| i.human),
        pick(here, |i| i.judge),
        pick(there, |i| i.judge),
    );
    let (own, other) = (of(here), of(there));
    let labelled = Labelled {
        human: &human,
        judge: &judge,
        weights: None,
        groups: Some(&own),
    };
    let unlabelled = Unlabelled {
        judge: &judged,
        groups: Some(&other),
    };
    ppi_plus_plus(&labelled, &unlabelled, CONF, scale).map(|found| found.estimate)
}

/// A candidate that people pass 10 points more often; the judge errs alike on both sides.
fn differences(tally: &mut Tally, population: &Population) {
    let (passed, failed): (Vec<&Item>, Vec<&Item>) =
        population.items.iter().partition(|item| item.human == 1.0);
    let base = passed.len() as f64 / population.items.len() as f64;
    for n in SIZES {
        tally.line("corrected-difference", population.name, n, 0.1, |rng| {
            let labels = detection(&population.some(rng, n));
            let side = |rate: f64, rng: &mut ChaCha8Rng| -> Count {
                let successes = (0..JUDGED)
                    .filter(|_| {
                        let pass = f64::from(rng.next_u32()) < rate * f64::from(u32::MAX);
                        let from = if pass { &passed } else { &failed };
                        from[draw(rng, from.len())].judge == 1.0
                    })
                    .count();
                Count {
                    successes: successes as u64,
                    n: JUDGED as u64,
                }
            };
            let (old, new) = (side(base, rng), side(base + 0.1, rng));
            corrected_difference(&newcombe(old, new, CONF)?.estimate, &labels, CONF)
        });
    }
}

/// How often route C calls a judge usable, beside whether it is so on the whole set.
fn route_c(runs: u32, populations: &[(&Population, f64)]) {
    println!("\nroute C: omega >= 0.5 and one-sided 95 % bound of kappa >= 0.40\n");
    println!(
        "{:<28} {:>5}  {:>8}  whole set",
        "population", "n", "usable"
    );
    for &(population, epsilon) in populations {
        let usable = |items: &[&Item], bound: bool| {
            let width = items[0].people.len();
            let cells: Vec<Option<f64>> = items
                .iter()
                .flat_map(|item| item.people.iter().copied())
                .collect();
            let judge: Vec<Option<f64>> = items.iter().map(|item| Some(item.judge)).collect();
            let omega = alt_test(&cells, width, &judge, Alignment::Same, epsilon, 0.05, CONF)
                .is_ok_and(|t| t.passes());
            let (human, verdict): (Vec<u32>, Vec<u32>) = items
                .iter()
                .filter_map(|item| {
                    let label = majority(item.people.iter().flatten().map(|&v| v as u32))?;
                    Some((label, item.judge as u32))
                })
                .unzip();
            let table = Confusion::of(&human, &verdict, 6).ok();
            let kappa = table
                .and_then(|table| cohen_kappa(&table, Weights::Identity, Confidence::NINETY).ok());
            let enough = kappa.is_some_and(|kappa| {
                if bound {
                    kappa.low() >= Some(0.4)
                } else {
                    kappa.point >= 0.4
                }
            });
            omega && enough
        };
        let all: Vec<&Item> = population.items.iter().collect();
        let truth = if usable(&all, false) {
            "usable"
        } else {
            "not usable"
        };
        for n in SIZES {
            let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
            let called = (0..runs)
                .filter(|_| usable(&population.some(&mut rng, n), true))
                .count();
            let share = 100.0 * called as f64 / f64::from(runs);
            println!("{:<28} {n:>5}  {share:>6.1} %  {truth}", population.name);
        }
    }
}

fn pass(value: f64) -> f64 {
    f64::from(u8::from(value >= 4.0))
}

fn middle(cells: &[Option<f64>]) -> Option<f64> {
    let mut there: Vec<f64> = cells.iter().flatten().copied().collect();
    there.sort_by(f64::total_cmp);
    there.get(there.len() / 2).copied()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/calibration");
    let folder = arguments.next().map_or(beside, PathBuf::from);
    let runs: u32 = arguments.next().map_or(Ok(2_000), |runs| runs.parse())?;
    let three = ["human_1", "human_2", "human_3"];
    let experts = ["human_01", "human_02", "human_03"];
    let all = |_: &[String], _: &[String]| true;
    let aspect = |wanted: &'static str| {
        move |names: &[String], row: &[String]| {
            names
                .iter()
                .zip(row)
                .any(|(n, v)| n == "aspect" && v == wanted)
        }
    };
    let most =
        |cells: &[Option<f64>]| majority(cells.iter().flatten().map(|&v| v as u32)).map(f64::from);
    let pandalm = Population::read(
        &folder,
        "pandalm",
        "pandalm",
        (&three, "judge_gpt35", "topic"),
        all,
        |people, judge| Some((most(people)?, judge)),
    )?;
    let first = Population::read(
        &folder,
        "pandalm",
        "pandalm, 1 preferred",
        (&three, "judge_gpt35", "topic"),
        all,
        |people, judge| {
            let one = |v: f64| f64::from(u8::from(v == 1.0));
            Some((one(most(people)?), one(judge)))
        },
    )?;
    let coherent = Population::read(
        &folder,
        "summeval",
        "summeval coherence >= 4",
        (&experts, "judge_gpt_4o", "id"),
        aspect("coherence"),
        |people, judge| Some((pass(middle(people)?), pass(judge))),
    )?;
    let score = Population::read(
        &folder,
        "summeval",
        "summeval coherence, mean",
        (&experts, "judge_gpt_4o", "id"),
        aspect("coherence"),
        |people, judge| Some((people.iter().flatten().sum::<f64>() / 3.0, judge)),
    )?;
    let levels = Population::read(
        &folder,
        "summeval",
        "summeval coherence, levels",
        (&experts, "judge_gpt_4o", "id"),
        aspect("coherence"),
        |people, judge| Some((middle(people)?, judge)),
    )?;
    println!("95 % intervals, {runs} draws a line; * outside 93-97 %\n");
    println!(
        "{:<22} {:<28} {:>5}  {:>9}  {:>7}  undefined",
        "method", "population", "n", "held", "width"
    );
    let mut tally = Tally { runs, seed: 0 };
    rates(&mut tally, &pandalm, pandalm.mean(agrees));
    kappas(
        &mut tally,
        [
            (&pandalm, Weights::Identity, 3),
            (&levels, Weights::Quadratic, 6),
        ],
    )?;
    ratios(&mut tally, &folder)?;
    corrections(
        &mut tally,
        &[
            (&first, Some(Scale::UNIT)),
            (&coherent, Some(Scale::UNIT)),
            (&score, Scale::new(1.0, 5.0)),
        ],
    );
    differences(&mut tally, &first);
    agreements(&mut tally, &pandalm, 3, &levels);
    let ten: Vec<String> = (1..=10).map(|i| format!("human_{i:02}")).collect();
    let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
    let keep = |people: &[Option<f64>], judge: f64| Some((most(people).unwrap_or(0.0), judge));
    let weak = Population::read(
        &folder,
        "cebab-aspects",
        "cebab, mistral",
        (&ten, "judge_mistral_v03", "id"),
        all,
        keep,
    )?;
    let strong = Population::read(
        &folder,
        "cebab-aspects",
        "cebab, gpt-4o",
        (&ten, "judge_gpt_4o", "id"),
        all,
        keep,
    )?;
    let chat = Population::read(
        &folder,
        "mtbench-humans",
        "mtbench, gpt-4o",
        (&experts, "judge_gpt_4o", "id"),
        all,
        keep,
    );
    let mut sets = vec![(&weak, 0.1), (&strong, 0.1), (&pandalm, 0.2)];
    if let Ok(chat) = &chat
        && !chat.items.is_empty()
    {
        sets.push((chat, 0.2));
    }
    route_c(runs.min(1_000), &sets);
    Ok(())
}
