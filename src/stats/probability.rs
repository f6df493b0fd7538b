//! A judge that answers with a probability of pass: is it as often right as it says?

use super::ranks::mid_ranks;
use super::undefined::Undefined;

/// Bins of the expected calibration error.
pub const BINS: usize = 10;

/// One bin of stated probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Items in it.
    pub n: usize,
    /// Mean of what the judge stated; 0 where empty.
    pub stated: f64,
    /// Share that people passed; 0 where empty.
    pub passed: f64,
}

fn checked(stated: &[f64], passed: &[bool]) -> Result<f64, Undefined> {
    if stated.len() != passed.len() {
        return Err(Undefined::Mismatched);
    }
    if stated.is_empty() {
        return Err(Undefined::NoCases);
    }
    if stated.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(Undefined::OutOfRange);
    }
    Ok(stated.len() as f64)
}

/// Mean of (stated - passed)^2 (Brier 1950): 0 is perfect, 0.25 a coin that says one half.
///
/// # Errors
/// [`Undefined::NoCases`], [`Undefined::Mismatched`]; [`Undefined::OutOfRange`] for a probability outside 0..1.
pub fn brier(stated: &[f64], passed: &[bool]) -> Result<f64, Undefined> {
    let n = checked(stated, passed)?;
    Ok(stated
        .iter()
        .zip(passed)
        .map(|(p, &y)| (p - f64::from(u8::from(y))).powi(2))
        .sum::<f64>()
        / n)
}

/// [`BINS`] bins of equal width, each open on the right, 1 in the last.
///
/// # Errors
/// As [`brier`].
pub fn reliability(stated: &[f64], passed: &[bool]) -> Result<Vec<ReliabilityBin>, Undefined> {
    checked(stated, passed)?;
    let mut bins = vec![
        ReliabilityBin {
            n: 0,
            stated: 0.0,
            passed: 0.0
        };
        BINS
    ];
    for (&p, &y) in stated.iter().zip(passed) {
        let bin = &mut bins[((p * BINS as f64) as usize).min(BINS - 1)];
        bin.n += 1;
        bin.stated += p;
        bin.passed += f64::from(u8::from(y));
    }
    for bin in bins.iter_mut().filter(|bin| bin.n > 0) {
        bin.stated /= bin.n as f64;
        bin.passed /= bin.n as f64;
    }
    Ok(bins)
}

/// Expected calibration error: |passed - stated| of the bins of [`reliability`], averaged over items (Naeini et al.
/// 2015). Depends on the bins and grows with few items; the bins themselves say more.
///
/// # Errors
/// As [`brier`].
pub fn expected_calibration_error(stated: &[f64], passed: &[bool]) -> Result<f64, Undefined> {
    let n = checked(stated, passed)?;
    let bins = reliability(stated, passed)?;
    Ok(bins
        .iter()
        .map(|bin| bin.n as f64 * (bin.passed - bin.stated).abs())
        .sum::<f64>()
        / n)
}

/// Chance that a passed item scores above a failed one, ties half (Mann and Whitney 1947; area under the ROC curve).
///
/// # Errors
/// [`Undefined::NoVariation`] where people passed all or none; [`Undefined::NoCases`], [`Undefined::NotFinite`],
/// [`Undefined::Mismatched`].
pub fn auc(scores: &[f64], passed: &[bool]) -> Result<f64, Undefined> {
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
    let ranks = mid_ranks(scores).0;
    let sum: f64 = ranks
        .iter()
        .zip(passed)
        .filter(|(_, y)| **y)
        .map(|(rank, _)| rank)
        .sum();
    Ok((sum - passes * (passes + 1.0) / 2.0) / (passes * fails))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judge_that_is_right_as_often_as_it_says_has_no_calibration_error() {
        let stated = [0.25, 0.25, 0.25, 0.25, 1.0, 0.0];
        let passed = [true, false, false, false, true, false];
        assert_eq!(expected_calibration_error(&stated, &passed), Ok(0.0));
        let bins = reliability(&stated, &passed).unwrap();
        assert_eq!((bins[2].n, bins[9].n, bins[0].n), (4, 1, 1));
        assert!((brier(&stated, &passed).unwrap() - 0.75 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn the_area_is_one_for_a_perfect_order_and_half_for_ties() {
        assert_eq!(auc(&[0.1, 0.9], &[false, true]), Ok(1.0));
        assert_eq!(auc(&[0.5, 0.5], &[false, true]), Ok(0.5));
        assert_eq!(auc(&[0.5, 0.6], &[true, true]), Err(Undefined::NoVariation));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        assert_eq!(brier(&[1.1], &[true]), Err(Undefined::OutOfRange));
        assert_eq!(brier(&[f64::NAN], &[true]), Err(Undefined::OutOfRange));
        assert_eq!(reliability(&[], &[]).err(), Some(Undefined::NoCases));
        assert_eq!(auc(&[0.1], &[]), Err(Undefined::Mismatched));
    }
}
