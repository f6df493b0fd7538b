//! A judge that answers with a probability of pass: is it as often right as it says?

use super::bootstrap::{Plan, Statistic, bca};
use super::distribution::normal_quantile;
use super::estimate::{Confidence, Estimate, Interval, Method, Scale, Size};
use super::mean::mean;
use super::proportion::wilson;
use super::ranks::mid_ranks;
use super::resampled::Sums;
use super::sample::{Sample, Units};
use super::undefined::Undefined;

/// Bins of the expected calibration error.
pub const BINS: usize = 10;

/// One bin of stated probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Items in it.
    pub n: usize,
    /// Mean of what the judge stated, where the bin is to be drawn; 0 where empty.
    pub stated: f64,
    /// Share that people passed, with Wilson's interval; [`Undefined::NoCases`] where empty.
    pub passed: Result<Estimate, Undefined>,
}

fn checked(stated: &[f64], passed: &[bool]) -> Result<(), Undefined> {
    if stated.len() != passed.len() {
        return Err(Undefined::Mismatched);
    }
    if stated.is_empty() {
        return Err(Undefined::NoCases);
    }
    if stated.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(Undefined::OutOfRange);
    }
    Ok(())
}

fn number(passed: bool) -> f64 {
    f64::from(u8::from(passed))
}

fn bin_of(stated: f64) -> usize {
    ((stated * BINS as f64) as usize).min(BINS - 1)
}

/// Mean of (stated - passed)^2 (Brier 1950): 0 is perfect, 0.25 a coin that says one half. Student's interval of that
/// mean as [`mean()`] gives it, with CR1 where `groups` names the cluster of each item.
///
/// # Errors
/// [`Undefined::NoCases`], [`Undefined::Mismatched`]; [`Undefined::OutOfRange`] for a probability outside 0..1.
pub fn brier(
    stated: &[f64],
    passed: &[bool],
    groups: Option<&[u32]>,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    checked(stated, passed)?;
    let squares: Vec<f64> = stated
        .iter()
        .zip(passed)
        .map(|(p, &y)| (p - number(y)).powi(2))
        .collect();
    let sample = Sample::new(&squares);
    let sample = groups.map_or(sample, |groups| sample.with_groups(groups));
    mean(&sample, confidence, Some(Scale::UNIT))
}

/// [`BINS`] bins of equal width, each open on the right, 1 in the last. The intervals assume independent items.
///
/// # Errors
/// As [`brier`].
pub fn reliability(
    stated: &[f64],
    passed: &[bool],
    confidence: Confidence,
) -> Result<Vec<ReliabilityBin>, Undefined> {
    checked(stated, passed)?;
    let mut bins = [(0_u64, 0.0, 0_u64); BINS];
    for (&p, &y) in stated.iter().zip(passed) {
        let bin = &mut bins[bin_of(p)];
        bin.0 += 1;
        bin.1 += p;
        bin.2 += u64::from(y);
    }
    Ok(bins
        .into_iter()
        .map(|(n, sum, passes)| ReliabilityBin {
            n: n as usize,
            stated: if n > 0 { sum / n as f64 } else { 0.0 },
            passed: wilson(passes, n, confidence),
        })
        .collect())
}

/// Expected calibration error: |passed - stated| of the bins of [`reliability`], averaged over items (Naeini et al.
/// 2015), with the BCa interval over top units; `units` holds the unit of each item.
///
/// Depends on the bins and, being made of absolute values, comes out too high with few items, most of all where the
/// truth is near 0: the interval leans the same way and says that the judge is off by *about* so much, never that it is
/// not off. The bins themselves say more. A resample costs the units, whatever the items.
///
/// # Errors
/// As [`brier`]; [`Undefined::Mismatched`] for units that are not parallel to the items.
pub fn expected_calibration_error(
    stated: &[f64],
    passed: &[bool],
    units: &Units,
    plan: &Plan,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    bca(
        &calibration_statistic(stated, passed, units)?,
        plan,
        confidence,
    )
}

/// [`expected_calibration_error`]'s point as a statistic over top units.
///
/// # Errors
/// As [`expected_calibration_error`].
pub fn calibration_statistic(
    stated: &[f64],
    passed: &[bool],
    units: &Units,
) -> Result<impl Statistic + use<>, Undefined> {
    checked(stated, passed)?;
    if units.of_cases().len() != stated.len() {
        return Err(Undefined::Mismatched);
    }
    // What a unit adds to passed - stated of each bin, and its items.
    let mut rows = vec![[0.0; BINS + 1]; units.count()];
    for ((&p, &y), &unit) in stated.iter().zip(passed).zip(units.of_cases()) {
        let row = &mut rows[unit as usize];
        row[bin_of(p)] += number(y) - p;
        row[BINS] += 1.0;
    }
    let size = Size {
        cases: stated.len(),
        trials: stated.len(),
        units: units.count(),
    };
    Ok(Sums::new(rows, size, |sums: &[f64; BINS + 1], _| {
        let off: f64 = sums[..BINS].iter().map(|sum| sum.abs()).sum();
        (sums[BINS] > 0.0).then(|| off / sums[BINS])
    }))
}

/// Passes and fails there are, if there are both.
fn both_kinds(scores: &[f64], passed: &[bool]) -> Result<(f64, f64), Undefined> {
    if scores.len() != passed.len() {
        return Err(Undefined::Mismatched);
    }
    if scores.is_empty() {
        return Err(Undefined::NoCases);
    }
    if scores.iter().any(|s| !s.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let passes = passed.iter().filter(|&&y| y).count() as f64;
    let fails = passed.len() as f64 - passes;
    if passes == 0.0 || fails == 0.0 {
        return Err(Undefined::NoVariation);
    }
    Ok((passes, fails))
}

/// Chance that a passed item scores above a failed one, ties half (Mann and Whitney 1947; area under the ROC curve), with
/// the interval of DeLong, DeLong and Clarke-Pearson (1988) on the log-odds scale, which keeps it inside 0..1.
///
/// The variance is that of each side's placements among the other side. Assumes independent items; with clusters take
/// [`auc_statistic`] to [`bca`]. A perfect order or its opposite, or one item of a kind: a point without interval.
///
/// # Errors
/// [`Undefined::NoVariation`] where people passed all or none; [`Undefined::NoCases`], [`Undefined::NotFinite`],
/// [`Undefined::Mismatched`].
pub fn auc(scores: &[f64], passed: &[bool], confidence: Confidence) -> Result<Estimate, Undefined> {
    let (passes, fails) = both_kinds(scores, passed)?;
    let ranks = mid_ranks(scores).0;
    let side = |kind: bool| -> (f64, f64) {
        let own: Vec<usize> = (0..scores.len()).filter(|&i| passed[i] == kind).collect();
        let own_ranks = mid_ranks(&own.iter().map(|&i| scores[i]).collect::<Vec<f64>>()).0;
        // Rank among all less rank among one's own kind: how many of the other kind lie below.
        let below: Vec<f64> = own
            .iter()
            .zip(own_ranks)
            .map(|(&i, rank)| ranks[i] - rank)
            .collect();
        let n = below.len() as f64;
        let sum = below.iter().sum::<f64>();
        let squares = below.iter().map(|v| (v - sum / n).powi(2)).sum::<f64>();
        (sum, squares / (n - 1.0))
    };
    let ((sum, of_passes), (_, of_fails)) = (side(true), side(false));
    let area = sum / (passes * fails);
    let size = Size::cases(scores.len());
    let interval_and_error = || {
        if passes < 2.0 || fails < 2.0 {
            return Err(Undefined::OneCase);
        }
        // Placements are counts of the other kind; as shares they have the variance over its square.
        let variance = of_passes / (fails * fails) / passes + of_fails / (passes * passes) / fails;
        if area <= 0.0 || area >= 1.0 || variance <= 0.0 {
            return Err(Undefined::NoVariation);
        }
        let se = variance.sqrt();
        let log_odds = (area / (1.0 - area)).ln();
        let half = normal_quantile(confidence.upper()) * se / (area * (1.0 - area));
        let share = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        let (low, high) = (share(log_odds - half), share(log_odds + half));
        Ok((Interval::new(low.min(area), high.max(area)), se))
    };
    let found = interval_and_error();
    let interval = found.map(|found| found.0);
    let estimate = Estimate::new(area, interval, confidence, size, Method::DeLong);
    Ok(match found {
        Ok((_, se)) => estimate.with_std_error(se),
        Err(_) => estimate,
    })
}

/// [`auc`]'s point as a statistic over top units. Scores are sorted once; a resample costs the items.
///
/// # Errors
/// As [`auc`]; [`Undefined::Mismatched`] for units that are not parallel to the items.
pub fn auc_statistic(
    scores: &[f64],
    passed: &[bool],
    units: &Units,
) -> Result<impl Statistic + use<>, Undefined> {
    both_kinds(scores, passed)?;
    if units.of_cases().len() != scores.len() {
        return Err(Undefined::Mismatched);
    }
    let mut sorted: Vec<(f64, u32, bool)> = scores
        .iter()
        .zip(units.of_cases())
        .zip(passed)
        .map(|((&score, &unit), &y)| (score, unit, y))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    Ok(Area {
        sorted,
        units: units.count(),
    })
}

struct Area {
    /// (score, unit, passed), ascending by score.
    sorted: Vec<(f64, u32, bool)>,
    units: usize,
}

impl Statistic for Area {
    fn size(&self) -> Size {
        Size {
            cases: self.sorted.len(),
            trials: self.sorted.len(),
            units: self.units,
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let (mut passes, mut fails, mut above) = (0_u64, 0_u64, 0.0);
        for tied in self.sorted.chunk_by(|a, b| a.0 == b.0) {
            let (mut here, mut there) = (0, 0);
            for &(_, unit, passed) in tied {
                let times = u64::from(weights[unit as usize]);
                *(if passed { &mut here } else { &mut there }) += times;
            }
            above += here as f64 * (fails as f64 + there as f64 / 2.0);
            passes += here;
            fails += there;
        }
        (passes > 0 && fails > 0).then(|| above / (passes as f64 * fails as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Seed;

    const CONF: Confidence = Confidence::NINETY_FIVE;

    fn plan() -> Plan {
        Plan {
            resamples: 2_000,
            ..Plan::new(Seed::derive(7, &["probability"]))
        }
    }

    fn many(n: u32) -> (Vec<f64>, Vec<bool>) {
        (0..n)
            .map(|i| {
                let stated = f64::from(i * 7 % 20) / 20.0;
                (stated, f64::from(i * 13 % 31) / 31.0 < 0.2 + 0.5 * stated)
            })
            .unzip()
    }

    #[test]
    fn a_judge_that_is_right_as_often_as_it_says_has_no_calibration_error() {
        let stated = [0.25, 0.25, 0.25, 0.25, 1.0, 0.0];
        let passed = [true, false, false, false, true, false];
        let units = Units::singles(6);
        let found = expected_calibration_error(&stated, &passed, &units, &plan(), CONF).unwrap();
        assert_eq!((found.point, found.n), (0.0, 6));
        assert!(matches!(
            found.interval,
            Err(Undefined::FewUnits { have: 6, .. })
        ));
        let bins = reliability(&stated, &passed, CONF).unwrap();
        assert_eq!((bins[2].n, bins[9].n, bins[0].n), (4, 1, 1));
        assert_eq!(bins[2].passed.as_ref().unwrap().point, 0.25);
        assert_eq!(bins[5].passed, Err(Undefined::NoCases));
        let score = brier(&stated, &passed, None, CONF).unwrap();
        assert!((score.point - 0.75 / 6.0).abs() < 1e-15);
        assert_eq!((score.n, score.method), (6, Method::T));
    }

    #[test]
    fn the_calibration_error_is_that_of_the_bins_and_has_an_interval() {
        let (stated, passed) = many(400);
        let units = Units::singles(400);
        let found = expected_calibration_error(&stated, &passed, &units, &plan(), CONF).unwrap();
        let bins = reliability(&stated, &passed, CONF).unwrap();
        let by_bins: f64 = bins
            .iter()
            .map(|bin| bin.n as f64 * (bin.passed.as_ref().unwrap().point - bin.stated).abs())
            .sum();
        assert!((found.point - by_bins / 400.0).abs() < 1e-14);
        assert!(found.low().unwrap() < found.point && found.point < found.high().unwrap());
    }

    #[test]
    fn clusters_widen_the_brier_score() {
        let (stated, passed) = many(60);
        // Every item four times over is no more than itself.
        let four = |v: &[f64]| v.iter().flat_map(|&p| [p; 4]).collect::<Vec<f64>>();
        let yes: Vec<bool> = passed.iter().flat_map(|&y| [y; 4]).collect();
        let groups: Vec<u32> = (0..60).flat_map(|g| [g; 4]).collect();
        let plain = brier(&stated, &passed, None, CONF).unwrap();
        let found = brier(&four(&stated), &yes, Some(&groups), CONF).unwrap();
        assert!((found.point - plain.point).abs() < 1e-14);
        assert!((found.low().unwrap() - plain.low().unwrap()).abs() < 1e-12);
        assert_eq!((found.n, found.clusters), (240, 60));
    }

    #[test]
    fn the_area_is_one_for_a_perfect_order_and_half_for_ties() {
        let area = |scores: &[f64], passed: &[bool]| auc(scores, passed, CONF).map(|e| e.point);
        assert_eq!(area(&[0.1, 0.9], &[false, true]), Ok(1.0));
        assert_eq!(area(&[0.5, 0.5], &[false, true]), Ok(0.5));
        assert_eq!(
            area(&[0.5, 0.6], &[true, true]),
            Err(Undefined::NoVariation)
        );
        let perfect = auc(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true], CONF).unwrap();
        assert_eq!(perfect.interval, Err(Undefined::NoVariation));
        let single = auc(&[0.1, 0.2, 0.15], &[false, false, true], CONF).unwrap();
        assert_eq!(
            (single.point, single.interval),
            (0.5, Err(Undefined::OneCase))
        );
    }

    #[test]
    fn delongs_error_is_that_of_all_pairs_worked_out() {
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.7];
        let passed = [false, false, true, true, true, false];
        let found = auc(&scores, &passed, CONF).unwrap();
        // Wins over the fails 0.1, 0.4, 0.7: 0.35 has 1, 0.8 has 3, 0.4 has 1.5.
        assert!((found.point - 5.5 / 9.0).abs() < 1e-15);
        // Shares of the fails below: 1/3, 1, 1/2; shares of the passes above: 1, 1/2, 1/3.
        let variance = |v: [f64; 3]| {
            let mean = v.iter().sum::<f64>() / 3.0;
            v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0
        };
        let se =
            (variance([1.0 / 3.0, 1.0, 0.5]) / 3.0 + variance([1.0, 0.5, 1.0 / 3.0]) / 3.0).sqrt();
        assert!((found.std_error.unwrap() - se).abs() < 1e-14);
    }

    #[test]
    fn the_resampled_area_is_the_area_and_varies_as_delong_says() {
        let (stated, passed) = many(300);
        let found = auc(&stated, &passed, CONF).unwrap();
        let statistic = auc_statistic(&stated, &passed, &Units::singles(300)).unwrap();
        let drawn = bca(&statistic, &plan(), CONF).unwrap();
        assert!((drawn.point - found.point).abs() < 1e-14);
        let ratio = drawn.std_error.unwrap() / found.std_error.unwrap();
        assert!((ratio - 1.0).abs() < 0.08, "{ratio}");
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let score = |p: f64| brier(&[p], &[true], None, CONF).err();
        assert_eq!(score(1.1), Some(Undefined::OutOfRange));
        assert_eq!(score(f64::NAN), Some(Undefined::OutOfRange));
        assert_eq!(reliability(&[], &[], CONF).err(), Some(Undefined::NoCases));
        assert_eq!(auc(&[0.1], &[], CONF), Err(Undefined::Mismatched));
        let short = calibration_statistic(&[0.1], &[true], &Units::singles(2));
        assert_eq!(short.err(), Some(Undefined::Mismatched));
    }
}
