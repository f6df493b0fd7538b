//! How well a judge agrees with people: one figure that decides, and all the others by their usual names.

use crate::stats::{
    self, Confidence, Confusion, Detection, Draws, Estimate, Interval, Level, Method, Ratings, Sample, Statistic as _,
    TableStatistic, Undefined, Weights, auc, brier, closeness, cohen_kappa, expected_calibration_error, gwet, kendall,
    kappa_statistic, lin_ccc_statistic, paired_t, pearson, rate, spearman, wilson,
};

use super::super::figure::Chance;
use super::book::Book;
use super::sheet::{Pairs, Scale, Sheet};

/// Which figure of agreement decides (STATISTICS of judges): it belongs to the scale and is never chosen by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreement {
    /// Cohen's kappa of so many classes.
    Kappa(usize),
    /// Quadratic weighted kappa over a declared scale of so many whole grades.
    Weighted(usize),
    /// Lin's concordance: means of grades, and numbers without a scale.
    Concordance,
}

impl Agreement {
    /// The figure for a sheet.
    pub(super) fn of(sheet: &Sheet, pairs: &Pairs) -> Self {
        match sheet.scale {
            Scale::Grades { low, high } => {
                let classes = usize::try_from(high - low + 1).unwrap_or(usize::MAX);
                match pairs.coded(low as f64, classes) {
                    Some(_) => Self::Weighted(classes),
                    None => Self::Concordance,
                }
            }
            Scale::Number => Self::Concordance,
            Scale::PassFail | Scale::Classes(_) | Scale::Preference => {
                Self::Kappa(sheet.scale.classes().unwrap_or(2))
            }
        }
    }

    /// Its name among the statistics.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Kappa(_) => "cohen_kappa",
            Self::Weighted(_) => "weighted_kappa_quadratic",
            Self::Concordance => "lin_ccc",
        }
    }
}

/// A figure of agreement, with its interval and the bound that conclusions look at.
#[derive(Debug, Clone)]
pub(super) struct Agreed {
    pub(super) kind: Agreement,
    pub(super) estimate: Result<Estimate, Undefined>,
    /// Its one-sided lower bound at the error of this look.
    pub(super) bound: Option<f64>,
}

/// The levels at which a calibration is read: the interval that is shown, and the two-sided one whose ends are the one-sided bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Levels {
    pub(super) shown: Confidence,
    pub(super) bound: Confidence,
}

impl Levels {
    /// The levels of the k-th look at the same labels: error 0.1/(k(k + 1)), so that all looks together stay below 0.1.
    pub(super) fn of_look(look: u32) -> Self {
        let k = f64::from(look.max(1));
        let error = 0.1 / (k * (k + 1.0));
        let level = |error: f64| Confidence::new(1.0 - error).unwrap_or(Confidence::NINETY_FIVE);
        Self {
            shown: level(error),
            bound: level(2.0 * error),
        }
    }
}

/// The figure that decides.
pub(super) fn agreed(sheet: &Sheet, pairs: &Pairs, levels: Levels, chance: &Chance) -> Agreed {
    let kind = Agreement::of(sheet, pairs);
    let of = |kind: Agreement| match kind {
        Agreement::Kappa(classes) => kappa(pairs, 0.0, classes, Weights::Identity, levels, chance),
        Agreement::Weighted(classes) => {
            kappa(pairs, low_of(sheet), classes, Weights::Quadratic, levels, chance)
        }
        Agreement::Concordance => concordance(pairs, levels, chance),
    };
    let (estimate, bound) = match of(kind) {
        Ok((estimate, bound)) => (Ok(estimate), bound),
        Err(reason) => (Err(reason), None),
    };
    Agreed {
        kind,
        estimate,
        bound,
    }
}

fn low_of(sheet: &Sheet) -> f64 {
    match sheet.scale {
        Scale::Grades { low, .. } => low as f64,
        _ => 0.0,
    }
}

type Found = Result<(Estimate, Option<f64>), Undefined>;

/// Kappa with its asymptotic interval; with clusters by BCa over them.
fn kappa(
    pairs: &Pairs,
    low: f64,
    classes: usize,
    weights: Weights,
    levels: Levels,
    chance: &Chance,
) -> Found {
    let (human, judge) = pairs.coded(low, classes).ok_or(Undefined::OutOfRange)?;
    let table = Confusion::of(&human, &judge, classes)?;
    let shown = cohen_kappa(&table, weights, levels.shown)?;
    if table.agreeing() == table.items() {
        let bound = never_wrong(&table, levels.bound);
        return Ok((shown, bound));
    }
    if pairs.groups.is_none() {
        let bound = cohen_kappa(&table, weights, levels.bound)?.low();
        return Ok((shown, bound));
    }
    let statistic = kappa_statistic(&human, &judge, classes, pairs.units(), weights)?;
    Ok(resampled(&statistic, shown, levels, chance, "kappa"))
}

/// The lower bound of kappa for a judge that was never wrong: its asymptotic error is 0 at any n, which proves nothing. In its
/// place the share of disagreements that so many agreements still allow (Wilson), each counted as a whole one.
fn never_wrong(table: &Confusion, confidence: Confidence) -> Option<f64> {
    let n = table.items();
    let least = wilson(n, n, confidence).ok()?.low()?;
    let chance: f64 = table
        .human_totals()
        .iter()
        .map(|total| (*total as f64 / n as f64).powi(2))
        .sum();
    (chance < 1.0).then(|| (least - chance) / (1.0 - chance))
}

fn concordance(pairs: &Pairs, levels: Levels, chance: &Chance) -> Found {
    let point = stats::lin_ccc(&pairs.human, &pairs.judge)?;
    let statistic = lin_ccc_statistic(&pairs.human, &pairs.judge, pairs.units())?;
    let bare = Estimate {
        point,
        interval: Err(Undefined::NoClosedForm),
        confidence: levels.shown.level(),
        n: pairs.len(),
        trials: pairs.len(),
        clusters: pairs.units().count(),
        method: Method::Bca,
        std_error: None,
        flags: Vec::new(),
    };
    Ok(resampled(&statistic, bare, levels, chance, "lin_ccc"))
}

/// A statistic's BCa interval at both levels from the same draws; where none can be had the point with the reason.
fn resampled(
    statistic: &impl stats::Statistic,
    mut point: Estimate,
    levels: Levels,
    chance: &Chance,
    name: &str,
) -> (Estimate, Option<f64>) {
    match Draws::of(statistic, &chance.plan(&["calibration", name])) {
        Ok(draws) => (
            draws.bca(statistic, levels.shown),
            draws.bca(statistic, levels.bound).low(),
        ),
        Err(reason) => {
            point.interval = Err(reason);
            point.method = Method::Bca;
            (point, None)
        }
    }
}

/// Every figure of agreement that the scale has.
pub(super) fn figures(
    sheet: &Sheet,
    pairs: &Pairs,
    agreed: &Agreed,
    levels: Levels,
    chance: &Chance,
    book: &mut Book,
) {
    book.estimate(agreed.kind.key(), &agreed.estimate);
    match agreed.kind {
        Agreement::Kappa(classes) => {
            if let Some((human, judge)) = pairs.coded(0.0, classes) {
                by_class(&human, &judge, classes, pairs, levels, chance, book);
            }
            if let Some(passes) = passes(sheet, pairs) {
                errors(&passes, pairs, levels, book);
            }
        }
        Agreement::Weighted(classes) => {
            let low = low_of(sheet);
            if let Some((human, judge)) = pairs.coded(low, classes) {
                by_grade(&human, &judge, classes, low, pairs, levels, chance, book);
            }
            by_number(pairs, levels, chance, book);
        }
        Agreement::Concordance => by_number(pairs, levels, chance, book),
    }
    stated(sheet, pairs, book);
}

/// People's and the judge's passes, where values are pass and fail or one class counts as success.
pub(super) fn passes(sheet: &Sheet, pairs: &Pairs) -> Option<(Vec<bool>, Vec<bool>)> {
    let success = match (&sheet.scale, sheet.positive) {
        (Scale::PassFail, _) => 1.0,
        (Scale::Classes(_) | Scale::Preference, Some(class)) => class as f64,
        _ => return None,
    };
    let is = |column: &[f64]| column.iter().map(|value| *value == success).collect();
    Some((is(&pairs.human), is(&pairs.judge)))
}

fn by_class(
    human: &[u32],
    judge: &[u32],
    classes: usize,
    pairs: &Pairs,
    levels: Levels,
    chance: &Chance,
    book: &mut Book,
) {
    let Ok(table) = Confusion::of(human, judge, classes) else {
        return;
    };
    book.estimate("accuracy", &accuracy(human, judge, pairs, levels));
    book.number("base_rate", table.base_rate().ok());
    book.table("confusion_rows_human_cols_judge", &table);
    let mut figure = |name: &str, of: fn(&Confusion) -> Option<f64>| {
        let found = TableStatistic::new(human, judge, classes, pairs.units(), of)
            .and_then(|statistic| drawn(&statistic, name, levels, chance));
        book.estimate(name, &found);
    };
    figure("balanced_accuracy", |table| table.balanced_accuracy().ok());
    figure("mcc", |table| table.mcc().ok());
    figure("macro_f1", |table| Some(table.macro_scores().ok()?.f1));
    figure("macro_precision", |table| Some(table.macro_scores().ok()?.precision));
    figure("macro_recall", |table| Some(table.macro_scores().ok()?.recall));
    figure("gwet_ac1", |table| gwet(table, Weights::Identity).ok());
    alpha(human, judge, classes, "krippendorff_alpha_nominal", Level::Nominal, pairs, levels, chance, book);
}

fn by_grade(
    human: &[u32],
    judge: &[u32],
    classes: usize,
    low: f64,
    pairs: &Pairs,
    levels: Levels,
    chance: &Chance,
    book: &mut Book,
) {
    let Ok(table) = Confusion::of(human, judge, classes) else {
        return;
    };
    book.estimate("exact_agreement", &accuracy(human, judge, pairs, levels));
    book.table("confusion_rows_human_cols_judge", &table);
    let linear = kappa(pairs, low, classes, Weights::Linear, levels, chance);
    book.estimate("weighted_kappa_linear", &linear.map(|found| found.0));
    let mut figure = |name: &str, of: fn(&Confusion) -> Option<f64>| {
        let found = TableStatistic::new(human, judge, classes, pairs.units(), of)
            .and_then(|statistic| drawn(&statistic, name, levels, chance));
        book.estimate(name, &found);
    };
    figure("within_1", |table| table.within_one().ok());
    figure("gwet_ac2_linear", |table| gwet(table, Weights::Linear).ok());
    figure("gwet_ac2_quadratic", |table| gwet(table, Weights::Quadratic).ok());
    let grades: Vec<f64> = (0..classes).map(|at| low + at as f64).collect();
    for (name, level) in [
        ("krippendorff_alpha_nominal", Level::Nominal),
        ("krippendorff_alpha_ordinal", Level::Ordinal),
        ("krippendorff_alpha_interval", Level::Interval(&grades)),
    ] {
        alpha(human, judge, classes, name, level, pairs, levels, chance, book);
    }
}

/// A statistic's BCa interval at the level shown.
fn drawn(
    statistic: &impl stats::Statistic,
    name: &str,
    levels: Levels,
    chance: &Chance,
) -> Result<Estimate, Undefined> {
    let draws = Draws::of(statistic, &chance.plan(&["calibration", name]))?;
    Ok(draws.bca(statistic, levels.shown))
}

/// Share of equal values, with Wilson's interval; with clusters by their spread.
fn accuracy(
    human: &[u32],
    judge: &[u32],
    pairs: &Pairs,
    levels: Levels,
) -> Result<Estimate, Undefined> {
    let hits: Vec<f64> = human
        .iter()
        .zip(judge)
        .map(|(human, judge)| f64::from(u8::from(human == judge)))
        .collect();
    let sample = Sample::new(&hits);
    match &pairs.groups {
        Some(groups) => rate(&sample.with_groups(groups), levels.shown),
        None => rate(&sample, levels.shown),
    }
}

/// The judge's two rates of being right, of the given columns, at a level.
pub(super) fn rates_of(
    (human, judge): &(Vec<bool>, Vec<bool>),
    pairs: &Pairs,
    confidence: Confidence,
) -> [Result<Estimate, Undefined>; 2] {
    [true, false].map(|class| {
        let kept: Vec<usize> = (0..human.len()).filter(|&at| human[at] == class).collect();
        let right: Vec<f64> = kept
            .iter()
            .map(|&at| f64::from(u8::from(judge[at] == class)))
            .collect();
        let groups: Option<Vec<u32>> = pairs
            .groups
            .as_ref()
            .map(|groups| kept.iter().map(|&at| groups[at]).collect());
        let sample = Sample::new(&right);
        match &groups {
            Some(groups) => rate(&sample.with_groups(groups), confidence),
            None => rate(&sample, confidence),
        }
    })
}

/// The two kinds of error of a judge that passes and fails.
fn errors(passes: &(Vec<bool>, Vec<bool>), pairs: &Pairs, levels: Levels, book: &mut Book) {
    let Ok(found) = Detection::of(&passes.0, &passes.1) else {
        return;
    };
    for (name, count) in [
        ("tp", found.true_positive),
        ("fn", found.false_negative),
        ("fp", found.false_positive),
        ("tn", found.true_negative),
    ] {
        book.count(name, count);
    }
    let [tpr, tnr] = rates_of(passes, pairs, levels.shown);
    book.estimate("tpr", &tpr);
    book.estimate("tnr", &tnr);
    book.number("precision", found.precision().ok());
    book.number("f1", found.f1().ok());
    book.number("youden_j", found.youden_j().ok());
    book.number("mcnemar_human_vs_judge_exact_p", Some(found.same_rate().p));
}

/// What numbers have: correlations, distances, the shift.
fn by_number(pairs: &Pairs, levels: Levels, chance: &Chance, book: &mut Book) {
    let (human, judge) = (&pairs.human, &pairs.judge);
    // With clusters a closed-form interval would take its items for independent: points with p left out.
    let clustered = pairs.groups.is_some();
    type Found = Result<stats::Correlation, Undefined>;
    let closed: [(&str, &str, Found); 3] = [
        ("pearson_r", "pearson_p", pearson(human, judge, levels.shown)),
        ("spearman_rho", "spearman_p", spearman(human, judge, levels.shown)),
        ("kendall_tau_b", "kendall_p", kendall(human, judge, levels.shown)),
    ];
    for (name, p, found) in closed {
        match found {
            Err(reason) => book.estimate(name, &Err(reason)),
            Ok(found) => {
                let mut estimate = found.estimate;
                if clustered || estimate.interval == Err(Undefined::NoClosedForm) {
                    estimate = correlated(name, pairs, levels, chance).unwrap_or(estimate);
                }
                book.estimate(name, &Ok(estimate));
                if !clustered {
                    book.number(p, Some(found.test.p));
                }
            }
        }
    }
    if let Ok(found) = closeness(human, judge) {
        book.number("mae", Some(found.mean_absolute_error));
        book.number("rmse", Some(found.root_mean_square_error));
        if let Some((low, high)) = found.limits.ok().and_then(Interval::ends) {
            book.numbers("bland_altman_limits95", vec![low, high]);
        }
    }
    let shift: Vec<f64> = human.iter().zip(judge).map(|(human, judge)| judge - human).collect();
    let sample = Sample::new(&shift);
    let sample = match &pairs.groups {
        Some(groups) => sample.with_groups(groups),
        None => sample,
    };
    let bias = paired_t(&sample, levels.shown, None).map(|found| found.estimate);
    book.estimate("mean_bias_judge_minus_human", &bias);
    let ccc = concordance(pairs, levels, chance).map(|found| found.0);
    book.estimate("lin_ccc", &ccc);
}

/// A correlation over clusters, or one without a closed form.
fn correlated(name: &str, pairs: &Pairs, levels: Levels, chance: &Chance) -> Option<Estimate> {
    let (human, judge, units) = (&pairs.human, &pairs.judge, pairs.units());
    match name {
        "pearson_r" => drawn(&stats::pearson_statistic(human, judge, units).ok()?, name, levels, chance),
        "spearman_rho" => drawn(&stats::spearman_statistic(human, judge, units).ok()?, name, levels, chance),
        _ => drawn(&stats::kendall_statistic(human, judge, units).ok()?, name, levels, chance),
    }
    .ok()
}

/// How far a stated P(pass) can be taken at its word.
fn stated(sheet: &Sheet, pairs: &Pairs, book: &mut Book) {
    let Some((human, _)) = passes(sheet, pairs) else {
        return;
    };
    let stated: Option<Vec<f64>> = pairs.at.iter().map(|&at| sheet.items[at].stated).collect();
    let Some(stated) = stated.filter(|stated| !stated.is_empty()) else {
        return;
    };
    book.number("brier", brier(&stated, &human).ok());
    book.number("ece", expected_calibration_error(&stated, &human).ok());
    book.number("auc", auc(&stated, &human).ok());
}
