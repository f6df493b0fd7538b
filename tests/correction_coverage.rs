//! How often the interval of a corrected rate holds the truth, on real labels and a real judge's recorded verdicts.
//!
//! The population: pairs of answers of which people (three annotators, their majority) and the judge each named one better; "pass" is
//! that the first wins. Each draw takes, with replacement, some pairs with both and others with the judge's verdict alone, and asks
//! whether the interval holds the share in the whole population. `-- --nocapture` prints all of it.

use std::io::Write;
use std::path::PathBuf;

use evenhand::stats::{
    Confidence, Detection, Estimate, Labelled, Sample, Scale, Unlabelled, ppi_plus_plus, rate,
    rogan_gladen,
};

const LABELS: usize = 200;
const JUDGED_ONLY: usize = 700;
const DRAWS: usize = 500;

/// A line for whoever runs the tests.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The labels file, if it is here.
fn table() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = folder.join("data/calibration/pandalm/labels.csv");
    path.is_file().then_some(path)
}

/// What people and the judge said of each pair, 1 where the first answer wins; ties and unread verdicts are no part of it.
fn population(path: &PathBuf) -> Vec<(f64, f64)> {
    let mut reader = csv::Reader::from_path(path).expect("the table opens");
    let head = reader.headers().expect("it has a head").clone();
    let column = |name: &str| {
        let place = head.iter().position(|known| known == name);
        place.expect("the column is there")
    };
    let (people, judge) = (column("human_majority"), column("judge_gpt35"));
    let wins = |cell: &str| match cell {
        "1" => Some(1.0),
        "2" => Some(0.0),
        _ => None,
    };
    reader
        .records()
        .map(|row| row.expect("every row is read"))
        .filter_map(|row| wins(&row[people]).zip(wins(&row[judge])))
        .collect()
}

/// Whole numbers below a bound, the same on every machine: SplitMix64 (Steele, Lea and Flood 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u128::from(z ^ (z >> 31)) * bound as u128;
        usize::try_from(wide >> 64).expect("it is below the bound")
    }
}

/// How one way to state the rate did.
#[derive(Default)]
struct Tally {
    held: usize,
    stated: usize,
    width: f64,
}

impl Tally {
    fn add(&mut self, estimate: Option<&Estimate>, truth: f64) {
        let ends = estimate.and_then(|found| found.low().zip(found.high()));
        if let Some((low, high)) = ends {
            self.stated += 1;
            self.held += usize::from((low..=high).contains(&truth));
            self.width += high - low;
        }
    }

    fn coverage(&self) -> f64 {
        self.held as f64 / self.stated as f64
    }

    fn line(&self, name: &str) -> String {
        format!(
            "  {name:<14} covers {:>5.1} %, mean width {:.3} ({} of {DRAWS} draws)",
            100.0 * self.coverage(),
            self.width / self.stated as f64,
            self.stated
        )
    }
}

#[test]
fn the_corrected_interval_holds_the_truth_as_often_as_it_says_and_the_judges_own_does_not() {
    let Some(path) = table() else {
        say("no folder of real labels here; no interval was tried");
        return;
    };
    let population = population(&path);
    let truth = population.iter().map(|(human, _)| human).sum::<f64>() / population.len() as f64;
    let confidence = Confidence::NINETY_FIVE;
    let mut draw = Draw(7);
    let [mut raw, mut labels_only, mut ppi, mut gladen] = [(); 4].map(|()| Tally::default());
    for _ in 0..DRAWS {
        let mut pairs = |count: usize| -> (Vec<f64>, Vec<f64>) {
            (0..count)
                .map(|_| population[draw.below(population.len())])
                .unzip()
        };
        let (human, judge) = pairs(LABELS);
        let (_, judged) = pairs(JUDGED_ONLY);
        let whole: Vec<f64> = judge.iter().chain(&judged).copied().collect();
        raw.add(rate(&Sample::new(&whole), confidence).as_ref().ok(), truth);
        labels_only.add(rate(&Sample::new(&human), confidence).as_ref().ok(), truth);
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
        let found = ppi_plus_plus(&labelled, &unlabelled, confidence, Some(Scale::UNIT));
        ppi.add(found.ok().map(|found| found.estimate).as_ref(), truth);
        let passes =
            |values: &[f64]| -> Vec<bool> { values.iter().map(|one| *one > 0.5).collect() };
        let counts = Detection::of(&passes(&human), &passes(&judge)).expect("as many as labels");
        let found = rogan_gladen(&counts, &Sample::new(&judged), confidence);
        gladen.add(
            found.ok().and_then(|found| found.estimate.ok()).as_ref(),
            truth,
        );
    }
    say(&format!(
        "{} pairs, the first wins {:.1} %; {LABELS} labels and {JUDGED_ONLY} pairs that only the judge read, {DRAWS} draws:",
        population.len(),
        100.0 * truth
    ));
    for (name, tally) in [
        ("raw", &raw),
        ("labels only", &labels_only),
        ("ppi++", &ppi),
        ("rogan-gladen", &gladen),
    ] {
        say(&tally.line(name));
    }
    assert_eq!(ppi.stated, DRAWS);
    assert!(
        (0.93..=0.97).contains(&ppi.coverage()),
        "{}",
        ppi.coverage()
    );
    assert!(raw.coverage() < 0.90, "{}", raw.coverage());
    assert!(
        ppi.width < labels_only.width,
        "labels and judge know more than labels alone"
    );
}
