//! The linearised corrected mean: what each item adds to it, and the variance that follows.

use super::ppi::{Labelled, Lambda, MANY_LABELS, SmallSample, Unlabelled};
use super::sample::{FEW_UNITS, MIN_UNITS, Units};
use super::undefined::Undefined;

/// What one item adds to the corrected mean around its value: the linearisation that all variances come from.
pub(super) struct Influence {
    /// The corrected mean.
    pub(super) point: f64,
    /// What each labelled item adds.
    pub(super) labelled: Vec<f64>,
    /// What each unlabelled item adds.
    pub(super) unlabelled: Vec<f64>,
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(super) fn squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

/// Variance of the judge's values over all items.
fn pooled_variance(labelled: &Labelled<'_>, unlabelled: &Unlabelled<'_>) -> f64 {
    let all = || labelled.judge.iter().chain(unlabelled.judge);
    let n = (labelled.judge.len() + unlabelled.judge.len()) as f64;
    let mean = all().sum::<f64>() / n;
    all().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// lambda of a simple random sample: cov(Y, f)/((1 + n/N) var f), covariance over the labels, variance over all items.
pub(super) fn plain_lambda(labelled: &Labelled<'_>, unlabelled: &Unlabelled<'_>) -> f64 {
    let (n, big_n) = (labelled.human.len() as f64, unlabelled.judge.len() as f64);
    let (y, f) = (average(labelled.human), average(labelled.judge));
    let covariance: f64 = labelled
        .human
        .iter()
        .zip(labelled.judge)
        .map(|(a, b)| (a - y) * (b - f))
        .sum::<f64>()
        / n;
    let variance = pooled_variance(labelled, unlabelled);
    if variance > 0.0 {
        covariance / ((1.0 + n / big_n) * variance)
    } else {
        0.0
    }
}

pub(super) fn plain(
    labelled: &Labelled<'_>,
    unlabelled: &Unlabelled<'_>,
    lambda: f64,
) -> Influence {
    let (n, big_n) = (labelled.human.len() as f64, unlabelled.judge.len() as f64);
    let rest: Vec<f64> = labelled
        .human
        .iter()
        .zip(labelled.judge)
        .map(|(y, f)| y - lambda * f)
        .collect();
    let (rectifier, judged) = (average(&rest), average(unlabelled.judge));
    Influence {
        point: lambda * judged + rectifier,
        labelled: rest.iter().map(|r| (r - rectifier) / n).collect(),
        unlabelled: unlabelled
            .judge
            .iter()
            .map(|f| lambda * (f - judged) / big_n)
            .collect(),
    }
}

/// Drawn with known probabilities: the judge's mean runs over *all* items, since those left over are no random sample,
/// and the labels weigh 1/probability (Hajek). Returns the influences of people's mean and of the judge's error.
fn weighted_parts(
    labelled: &Labelled<'_>,
    unlabelled: &Unlabelled<'_>,
    weights: &[f64],
) -> [Influence; 2] {
    let total: f64 = weights.iter().sum();
    let all = (labelled.judge.len() + unlabelled.judge.len()) as f64;
    let mean = |values: &[f64]| values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
    let (y, f) = (mean(labelled.human), mean(labelled.judge));
    let f_all = labelled.judge.iter().chain(unlabelled.judge).sum::<f64>() / all;
    let people = Influence {
        point: y,
        labelled: labelled
            .human
            .iter()
            .zip(weights)
            .map(|(v, w)| w * (v - y) / total)
            .collect(),
        unlabelled: vec![0.0; unlabelled.judge.len()],
    };
    let error = Influence {
        point: f - f_all,
        labelled: labelled
            .judge
            .iter()
            .zip(weights)
            .map(|(v, w)| w * (v - f) / total - (v - f_all) / all)
            .collect(),
        unlabelled: unlabelled
            .judge
            .iter()
            .map(|v| -(v - f_all) / all)
            .collect(),
    };
    [people, error]
}

/// lambda under unequal probabilities: the slope of Y on f, covariance by weight over the labels, variance over all items.
/// Any lambda is valid; this one leans on as few labels as the plain one does, where the one of least estimated variance
/// would flatter itself.
fn weighted_lambda(labelled: &Labelled<'_>, unlabelled: &Unlabelled<'_>, weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let mean = |values: &[f64]| values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
    let (y, f) = (mean(labelled.human), mean(labelled.judge));
    let pairs = labelled.human.iter().zip(labelled.judge).zip(weights);
    let covariance = pairs.map(|((a, b), w)| w * (a - y) * (b - f)).sum::<f64>() / total;
    let variance = pooled_variance(labelled, unlabelled);
    if variance > 0.0 {
        (covariance / variance).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

pub(super) fn weighted(
    labelled: &Labelled<'_>,
    unlabelled: &Unlabelled<'_>,
    weights: &[f64],
    lambda: Lambda,
) -> (Influence, f64) {
    let [people, error] = weighted_parts(labelled, unlabelled, weights);
    let lambda = match lambda {
        Lambda::Fixed(lambda) => lambda,
        Lambda::Tuned => weighted_lambda(labelled, unlabelled, weights),
    };
    let less = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - lambda * b).collect();
    let joined = Influence {
        point: people.point - lambda * error.point,
        labelled: less(&people.labelled, &error.labelled),
        unlabelled: less(&people.unlabelled, &error.unlabelled),
    };
    (joined, lambda)
}

/// Variance of the corrected mean and the degrees of freedom of its quantile; infinite for the normal one.
pub(super) struct Spread {
    pub(super) variance: f64,
    pub(super) df: f64,
    pub(super) units: usize,
    pub(super) few: bool,
}

/// The spread of independent items. In a small sample each label's part is divided by the root of 1 less its share of
/// all weight (HC2: MacKinnon and White 1985), which without weights is the divisor n - 1, and the degrees of freedom
/// are those of a sum of squares that weigh w^2, (sum w^2)^2 / sum w^4, less 1 (Satterthwaite 1946).
fn alone(
    influence: &Influence,
    weights: Option<&[f64]>,
    small: SmallSample,
) -> Result<Spread, Undefined> {
    let (n, big_n) = (influence.labelled.len(), influence.unlabelled.len() as f64);
    let (total, effective) = weights.map_or((n as f64, n as f64), |weights| {
        let fourths: f64 = weights.iter().map(|w| w.powi(4)).sum();
        (weights.iter().sum(), squares(weights).powi(2) / fourths)
    });
    let student = small == SmallSample::ByLabels && effective < MANY_LABELS as f64;
    if student && n < 2 {
        return Err(Undefined::OneCase);
    }
    let (own, other) = if student {
        let share = |place: usize| weights.map_or(1.0, |weights| weights[place]) / total;
        let parts = influence.labelled.iter().enumerate();
        (
            parts.map(|(place, v)| v * v / (1.0 - share(place))).sum(),
            squares(&influence.unlabelled) * big_n / (big_n - 1.0).max(1.0),
        )
    } else {
        (squares(&influence.labelled), squares(&influence.unlabelled))
    };
    Ok(Spread {
        variance: own + other,
        df: if student {
            effective - 1.0
        } else {
            f64::INFINITY
        },
        units: influence.labelled.len() + influence.unlabelled.len(),
        few: false,
    })
}

pub(super) fn spread(
    influence: &Influence,
    labelled: &Labelled<'_>,
    unlabelled: &Unlabelled<'_>,
    small: SmallSample,
) -> Result<Spread, Undefined> {
    let n = influence.labelled.len();
    let factor = |count: usize| {
        if count > 1 {
            count as f64 / (count as f64 - 1.0)
        } else {
            1.0
        }
    };
    let Some((here, there)) = labelled.groups.zip(unlabelled.groups) else {
        return alone(influence, labelled.weights, small);
    };
    // A cluster may hold labelled and unlabelled items; what they share must add up before it is squared.
    let ids: Vec<u32> = here.iter().chain(there).copied().collect();
    let units = Units::of(&ids);
    let values = influence
        .labelled
        .iter()
        .chain(&influence.unlabelled)
        .copied();
    let (mut own, mut other) = (vec![0.0; units.count()], vec![0.0; units.count()]);
    let mut has_label = vec![false; units.count()];
    let mut has_other = vec![false; units.count()];
    for (place, (value, &unit)) in values.zip(units.of_cases()).enumerate() {
        let unit = unit as usize;
        if place < n {
            own[unit] += value;
            has_label[unit] = true;
        } else {
            other[unit] += value;
            has_other[unit] = true;
        }
    }
    let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
    let (labelled_units, other_units) = (count(&has_label), count(&has_other));
    if labelled_units < MIN_UNITS {
        return Err(Undefined::FewUnits {
            have: labelled_units,
            need: MIN_UNITS,
        });
    }
    let (a, b) = (factor(labelled_units).sqrt(), factor(other_units).sqrt());
    let joined: f64 = own
        .iter()
        .zip(&other)
        .map(|(u, v)| (a * u + b * v).powi(2))
        .sum();
    Ok(Spread {
        variance: joined,
        df: labelled_units as f64 - 1.0,
        units: units.count(),
        few: labelled_units < FEW_UNITS,
    })
}
