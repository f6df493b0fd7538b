//! How well a judge agrees with people: one figure that decides, and all the others by their usual names.

use crate::stats::{
    self, Confidence, Confusion, Detection, Draws, Estimate, Level, Ratings, Sample,
    TableStatistic, Undefined, Units, Weights, auc, bca, brier, closeness, cohen_kappa,
    expected_calibration_error, gwet, kappa_statistic, kendall, lin_ccc_statistic, pearson, rate,
    spearman, wilson,
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

    /// The figure's name for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Kappa(_) => "Cohen's kappa",
            Self::Weighted(_) => "quadratic weighted kappa",
            Self::Concordance => "Lin's concordance",
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
        Agreement::Weighted(classes) => kappa(
            pairs,
            low_of(sheet),
            classes,
            Weights::Quadratic,
            levels,
            chance,
        ),
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

/// The point of the figure that decides.
pub(super) fn point(sheet: &Sheet, pairs: &Pairs) -> Option<f64> {
    let level = Confidence::NINETY_FIVE;
    let kappa = |low: f64, classes: usize, weights: Weights| {
        let (human, judge) = pairs.coded(low, classes)?;
        let table = Confusion::of(&human, &judge, classes).ok()?;
        Some(cohen_kappa(&table, weights, level).ok()?.point)
    };
    match Agreement::of(sheet, pairs) {
        Agreement::Kappa(classes) => kappa(0.0, classes, Weights::Identity),
        Agreement::Weighted(classes) => kappa(low_of(sheet), classes, Weights::Quadratic),
        Agreement::Concordance => {
            let found = stats::lin_ccc(&pairs.human, &pairs.judge, level);
            found.ok().map(|found| found.point)
        }
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
    let point = stats::lin_ccc(&pairs.human, &pairs.judge, levels.shown)?;
    let statistic = lin_ccc_statistic(&pairs.human, &pairs.judge, pairs.units())?;
    Ok(resampled(&statistic, point, levels, chance, "lin_ccc"))
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
            point.method = stats::Method::Bca;
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
    let coded = |low: f64, classes: usize| -> Option<Coded<'_>> {
        let (human, judge) = pairs.coded(low, classes)?;
        let table = Confusion::of(&human, &judge, classes).ok()?;
        Some(Coded {
            human,
            judge,
            classes,
            table,
            pairs,
            levels,
            chance,
        })
    };
    match agreed.kind {
        Agreement::Kappa(classes) => {
            if let Some(coded) = coded(0.0, classes) {
                by_class(&coded, book);
            }
            if let Some(passes) = passes(sheet, pairs) {
                errors(&passes, pairs, levels, book);
            }
        }
        Agreement::Weighted(classes) => {
            let low = low_of(sheet);
            if let Some(coded) = coded(low, classes) {
                by_grade(&coded, low, book);
            }
            by_number(pairs, levels, chance, book);
        }
        Agreement::Concordance => by_number(pairs, levels, chance, book),
    }
    stated(sheet, pairs, levels, chance, book);
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

/// What the figures of one table share.
struct Coded<'a> {
    human: Vec<u32>,
    judge: Vec<u32>,
    classes: usize,
    table: Confusion,
    pairs: &'a Pairs,
    levels: Levels,
    chance: &'a Chance,
}

impl Coded<'_> {
    /// A figure of the table: in closed form, with clusters by resampling them.
    fn figure(
        &self,
        name: &str,
        of: fn(&Confusion, Confidence) -> Result<Estimate, Undefined>,
    ) -> Result<Estimate, Undefined> {
        let confidence = self.levels.shown;
        if self.pairs.groups.is_none() {
            return of(&self.table, confidence);
        }
        let point = move |table: &Confusion| of(table, confidence).ok().map(|found| found.point);
        let statistic = TableStatistic::new(
            &self.human,
            &self.judge,
            self.classes,
            self.pairs.units(),
            point,
        )?;
        drawn(&statistic, name, self.levels, self.chance)
    }

    /// Krippendorff's alpha of judge and people as two annotators.
    fn alpha(&self, name: &str, level: Level<'_>) -> Result<Estimate, Undefined> {
        let cells: Vec<Option<u32>> = self
            .human
            .iter()
            .zip(&self.judge)
            .flat_map(|(&human, &judge)| [Some(human), Some(judge)])
            .collect();
        let ratings = Ratings::new(&cells, 2, self.classes)?;
        alpha_of(
            ratings,
            level,
            self.pairs.groups.as_deref(),
            name,
            self.levels,
            self.chance,
        )
    }
}

/// Krippendorff's alpha: in closed form, with clusters by resampling them.
pub(super) fn alpha_of(
    ratings: Ratings<'_>,
    level: Level<'_>,
    groups: Option<&[u32]>,
    name: &str,
    levels: Levels,
    chance: &Chance,
) -> Result<Estimate, Undefined> {
    match groups {
        None => ratings.alpha(level, levels.shown),
        Some(groups) => {
            let statistic = stats::alpha_statistic(ratings, level, Units::of(groups))?;
            drawn(&statistic, name, levels, chance)
        }
    }
}

fn by_class(coded: &Coded<'_>, book: &mut Book) {
    let (table, levels) = (&coded.table, coded.levels);
    book.estimate("accuracy", &accuracy(coded));
    book.estimate("base_rate", &table.base_rate(levels.shown));
    book.table("confusion_rows_human_cols_judge", table);
    let mut figure = |name: &str, of| book.estimate(name, &coded.figure(name, of));
    figure("balanced_accuracy", Confusion::balanced_accuracy);
    figure("mcc", Confusion::mcc);
    figure("macro_f1", |table, level| Ok(table.macro_scores(level)?.f1));
    figure("macro_precision", |table, level| {
        Ok(table.macro_scores(level)?.precision)
    });
    figure("macro_recall", |table, level| {
        Ok(table.macro_scores(level)?.recall)
    });
    figure("gwet_ac1", |table, level| {
        gwet(table, Weights::Identity, level)
    });
    let name = "krippendorff_alpha_nominal";
    book.estimate(name, &coded.alpha(name, Level::Nominal));
}

fn by_grade(coded: &Coded<'_>, low: f64, book: &mut Book) {
    book.estimate("exact_agreement", &accuracy(coded));
    book.table("confusion_rows_human_cols_judge", &coded.table);
    let linear = kappa(
        coded.pairs,
        low,
        coded.classes,
        Weights::Linear,
        coded.levels,
        coded.chance,
    );
    book.estimate("weighted_kappa_linear", &linear.map(|found| found.0));
    let mut figure = |name: &str, of| book.estimate(name, &coded.figure(name, of));
    figure("within_1", Confusion::within_one);
    figure("gwet_ac2_linear", |table, level| {
        gwet(table, Weights::Linear, level)
    });
    figure("gwet_ac2_quadratic", |table, level| {
        gwet(table, Weights::Quadratic, level)
    });
    let grades: Vec<f64> = (0..coded.classes).map(|at| low + at as f64).collect();
    for (name, level) in [
        ("krippendorff_alpha_nominal", Level::Nominal),
        ("krippendorff_alpha_ordinal", Level::Ordinal),
        ("krippendorff_alpha_interval", Level::Interval(&grades)),
    ] {
        book.estimate(name, &coded.alpha(name, level));
    }
}

/// A statistic with its BCa interval at the level shown.
fn drawn(
    statistic: &impl stats::Statistic,
    name: &str,
    levels: Levels,
    chance: &Chance,
) -> Result<Estimate, Undefined> {
    bca(
        statistic,
        &chance.plan(&["calibration", name]),
        levels.shown,
    )
}

/// Share of equal values, with Wilson's interval; with clusters by their spread.
fn accuracy(coded: &Coded<'_>) -> Result<Estimate, Undefined> {
    let hits: Vec<f64> = coded
        .human
        .iter()
        .zip(&coded.judge)
        .map(|(human, judge)| f64::from(u8::from(human == judge)))
        .collect();
    let sample = Sample::new(&hits);
    match &coded.pairs.groups {
        Some(groups) => rate(&sample.with_groups(groups), coded.levels.shown),
        None => rate(&sample, coded.levels.shown),
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
    // With clusters their closed forms would take items for independent.
    let or_bare = |figure: Result<Estimate, Undefined>| match (figure, &pairs.groups) {
        (Ok(mut figure), Some(_)) => {
            figure.interval = Err(Undefined::NoClosedForm);
            Ok(figure)
        }
        (figure, _) => figure,
    };
    book.estimate("precision", &or_bare(found.precision(levels.shown)));
    book.estimate("f1", &or_bare(found.f1(levels.shown)));
    book.estimate("youden_j", &or_bare(found.youden_j(levels.shown)));
    book.number("mcnemar_human_vs_judge_exact_p", Some(found.same_rate().p));
}

/// What numbers have: correlations, distances, the shift.
fn by_number(pairs: &Pairs, levels: Levels, chance: &Chance, book: &mut Book) {
    let (human, judge) = (&pairs.human, &pairs.judge);
    // With clusters a closed-form interval would take its items for independent: points with p left out.
    let clustered = pairs.groups.is_some();
    type Found = Result<stats::Correlation, Undefined>;
    let closed: [(&str, &str, Found); 3] = [
        (
            "pearson_r",
            "pearson_p",
            pearson(human, judge, levels.shown),
        ),
        (
            "spearman_rho",
            "spearman_p",
            spearman(human, judge, levels.shown),
        ),
        (
            "kendall_tau_b",
            "kendall_p",
            kendall(human, judge, levels.shown),
        ),
    ];
    for (name, p, found) in closed {
        match found {
            Err(reason) => book.estimate(name, &Err(reason)),
            Ok(found) => {
                let mut estimate = found.estimate;
                if clustered || estimate.interval == Err(Undefined::NoClosedForm) {
                    // What a closed form would say takes items for independent.
                    estimate.interval = Err(Undefined::NoClosedForm);
                    estimate = correlated(name, pairs, levels, chance).unwrap_or(estimate);
                }
                book.estimate(name, &Ok(estimate));
                if !clustered {
                    book.number(p, found.p.ok());
                }
            }
        }
    }
    let groups = pairs.groups.as_deref();
    if let Ok(found) = closeness(human, judge, groups, levels.shown) {
        book.estimate("mean_bias_judge_minus_human", &Ok(found.bias));
        book.estimate("mae", &Ok(found.mean_absolute_error));
        book.estimate("rmse", &Ok(found.root_mean_square_error));
        if let Ok([low, high]) = found.limits {
            book.numbers("bland_altman_limits95", vec![low.point, high.point]);
        }
    }
    let ccc = concordance(pairs, levels, chance).map(|found| found.0);
    book.estimate("lin_ccc", &ccc);
}

/// The most items whose ranks are resampled: each resample sorts them all again.
const MOST_RANKED: usize = 5_000;
/// The most items whose order is resampled pair by pair.
const MOST_ORDERED: usize = 500;

/// A correlation over clusters, or one without a closed form; `None` where there are too many items for its resampling.
fn correlated(name: &str, pairs: &Pairs, levels: Levels, chance: &Chance) -> Option<Estimate> {
    let (human, judge, units) = (&pairs.human, &pairs.judge, pairs.units());
    let most = match name {
        "pearson_r" => usize::MAX,
        "spearman_rho" => MOST_RANKED,
        _ => MOST_ORDERED,
    };
    if pairs.len() > most {
        return None;
    }
    match name {
        "pearson_r" => drawn(
            &stats::pearson_statistic(human, judge, units).ok()?,
            name,
            levels,
            chance,
        ),
        "spearman_rho" => drawn(
            &stats::spearman_statistic(human, judge, units).ok()?,
            name,
            levels,
            chance,
        ),
        _ => drawn(
            &stats::kendall_statistic(human, judge, units).ok()?,
            name,
            levels,
            chance,
        ),
    }
    .ok()
}

/// What the judge stated as P(pass) and what people say, where it stated one for every item.
pub(super) fn stated_of(sheet: &Sheet, pairs: &Pairs) -> Option<(Vec<f64>, Vec<bool>)> {
    let (human, _) = passes(sheet, pairs)?;
    let stated: Option<Vec<f64>> = pairs.at.iter().map(|&at| sheet.items[at].stated).collect();
    let stated = stated.filter(|stated| !stated.is_empty())?;
    Some((stated, human))
}

/// How far a stated P(pass) can be taken at its word.
fn stated(sheet: &Sheet, pairs: &Pairs, levels: Levels, chance: &Chance, book: &mut Book) {
    let Some((stated, human)) = stated_of(sheet, pairs) else {
        return;
    };
    let (groups, units) = (pairs.groups.as_deref(), pairs.units());
    book.estimate("brier", &brier(&stated, &human, groups, levels.shown));
    let plan = chance.plan(&["calibration", "ece"]);
    let ece = expected_calibration_error(&stated, &human, &units, &plan, levels.shown);
    book.estimate("ece", &ece);
    let area = match groups {
        None => auc(&stated, &human, levels.shown),
        Some(_) => stats::auc_statistic(&stated, &human, &units)
            .and_then(|statistic| drawn(&statistic, "auc", levels, chance)),
    };
    book.estimate("auc", &area);
}
