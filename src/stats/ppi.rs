//! Prediction-powered inference: a mean that people label in part and a judge reads whole.

use super::distribution::{normal_quantile, normal_two_sided, t_quantile, t_two_sided};
use super::estimate::{
    Confidence, Estimate, Flag, Interval, Method, Scale, Size, Test, TestMethod,
};
use super::influence::{plain, plain_lambda, spread, squares, weighted};
use super::proportion::rate;
use super::sample::Sample;
use super::undefined::Undefined;

/// Labels from which on the normal quantile and divisors n stand in for Student's and n - 1.
pub const MANY_LABELS: usize = 50;

/// Items that people labelled, with what the judge said of them.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    /// People's values.
    pub human: &'a [f64],
    /// The judge's values for the same items.
    pub judge: &'a [f64],
    /// 1/probability with which each item was drawn for labelling; `None` for a simple random sample.
    pub weights: Option<&'a [f64]>,
    /// Cluster of each item, in one numbering with the unlabelled ones.
    pub groups: Option<&'a [u32]>,
}

/// Items that only the judge read.
#[derive(Clone, Copy, Debug)]
pub struct Unlabelled<'a> {
    /// The judge's values.
    pub judge: &'a [f64],
    /// Cluster of each item, where the labelled ones have such.
    pub groups: Option<&'a [u32]>,
}

/// How much the judge is listened to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lambda {
    /// As much as lowers the variance most, 0 to 1: PPI++.
    Tuned,
    /// As told, 0 to 1: 1 is plain PPI, 0 labels only.
    Fixed(f64),
}

/// Which quantile and divisor the interval takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmallSample {
    /// Student's t and n - 1 below [`MANY_LABELS`] labels or with clusters, else normal and n.
    ByLabels,
    /// Always normal and n, as in the papers.
    Never,
}

/// A corrected mean and the weight that the judge got.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// The corrected mean.
    pub estimate: Estimate,
    /// Weight of the judge; 0 where the labels alone decided.
    pub lambda: f64,
    /// Degrees of freedom of the interval's quantile, infinite for the normal one; `None` where there is no interval or the
    /// labels alone decided.
    pub df: Option<f64>,
}

impl Corrected {
    /// The test of a corrected mean (a difference, then) against 0, two-sided, by the quantile of its interval.
    ///
    /// # Errors
    /// [`Undefined::NoVariation`] where the labels alone decided or there is no spread to hold it against; the interval's own
    /// reason where that is undefined.
    pub fn against_zero(&self) -> Result<Test, Undefined> {
        self.estimate.interval?;
        let (df, se) = self
            .df
            .zip(self.estimate.std_error.filter(|se| *se > 0.0))
            .ok_or(Undefined::NoVariation)?;
        let statistic = self.estimate.point / se;
        let p = if df.is_finite() {
            t_two_sided(statistic, df)
        } else {
            normal_two_sided(statistic)
        };
        let test = Test::new(TestMethod::PpiPlusPlus, p).with_statistic(statistic);
        Ok(match df.is_finite() {
            true => test.with_df(df),
            false => test,
        })
    }
}

fn checked(labelled: &Labelled<'_>, unlabelled: &Unlabelled<'_>) -> Result<(), Undefined> {
    let n = labelled.human.len();
    let parallel = labelled.judge.len() == n
        && labelled.weights.is_none_or(|w| w.len() == n)
        && labelled.groups.is_none_or(|g| g.len() == n)
        && unlabelled
            .groups
            .is_none_or(|g| g.len() == unlabelled.judge.len())
        && labelled.groups.is_some() == unlabelled.groups.is_some();
    if !parallel {
        return Err(Undefined::Mismatched);
    }
    if n == 0 || unlabelled.judge.is_empty() {
        return Err(Undefined::NoCases);
    }
    let mut values = labelled
        .human
        .iter()
        .chain(labelled.judge)
        .chain(unlabelled.judge);
    if values.any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if labelled
        .weights
        .is_some_and(|weights| weights.iter().any(|&w| !(w.is_finite() && w >= 1.0)))
    {
        return Err(Undefined::OutOfRange);
    }
    Ok(())
}

/// Labels only, where they leave no error to estimate: Wilson's interval for 0/1 labels, else no interval.
fn labels_only(labelled: &Labelled<'_>, confidence: Confidence) -> Result<Corrected, Undefined> {
    let sample = Sample::new(labelled.human);
    let sample = labelled
        .groups
        .map_or(sample, |groups| sample.with_groups(groups));
    let estimate = match rate(&sample, confidence) {
        Ok(estimate) => estimate,
        Err(_) => super::mean::mean(&sample, confidence, None)?,
    };
    Ok(Corrected {
        estimate,
        lambda: 0.0,
        df: None,
    })
}

/// Mean of people's values over all items, from a part of them labelled and all of them judged:
/// lambda mean(f unlabelled) + mean(Y - lambda f) (Angelopoulos et al. 2023, PPI and PPI++).
///
/// lambda = cov(Y, f)/((1 + n/N) var f), cut to 0..1, or as told; variance = lambda^2 var f/N + var(Y - lambda f)/n.
/// Valid whatever the judge, as long as the labelled items were drawn at random (or with the probabilities that
/// `weights` inverts) from the same items: then the worst judge costs nothing, and no judge biases. Below
/// [`MANY_LABELS`] labels Student's t with n - 1 and divisors n - 1 (with `weights` so many *effective* labels, fewer than
/// there are); with clusters CR1 variances and t(G - 1), where a
/// cluster's labelled and unlabelled parts count as one. `scale` cuts the interval. For a difference of two targets pass
/// the differences of people's and of the judge's values.
///
/// No error among the labels (all alike, or the judge never wrong): labels only, by Wilson, lambda 0, since a spread of
/// zero proves nothing.
///
/// # Errors
/// [`Undefined::NoCases`] where either set is empty; [`Undefined::Mismatched`]; [`Undefined::NotFinite`];
/// [`Undefined::OutOfRange`] for weights below 1 or a fixed lambda outside 0..1.
pub fn ppi(
    labelled: &Labelled<'_>,
    unlabelled: &Unlabelled<'_>,
    lambda: Lambda,
    small: SmallSample,
    confidence: Confidence,
    scale: Option<Scale>,
) -> Result<Corrected, Undefined> {
    checked(labelled, unlabelled)?;
    if let Lambda::Fixed(fixed) = lambda
        && !(0.0..=1.0).contains(&fixed)
    {
        return Err(Undefined::OutOfRange);
    }
    let (influence, weight) = match labelled.weights {
        Some(weights) => weighted(labelled, unlabelled, weights, lambda),
        None => {
            let weight = match lambda {
                Lambda::Fixed(fixed) => fixed,
                Lambda::Tuned => plain_lambda(labelled, unlabelled).clamp(0.0, 1.0),
            };
            (plain(labelled, unlabelled, weight), weight)
        }
    };
    let magnitude = labelled
        .human
        .iter()
        .chain(labelled.judge)
        .fold(0.0_f64, |most, v| most.max(v.abs()));
    let own_error = squares(&influence.labelled).sqrt();
    if own_error <= 1e-13 * magnitude {
        return labels_only(labelled, confidence);
    }
    let found = spread(&influence, labelled, unlabelled, small);
    let interval = found.as_ref().map_err(|&reason| reason).map(|found| {
        let quantile = if found.df.is_finite() {
            t_quantile(confidence.upper(), found.df)
        } else {
            normal_quantile(confidence.upper())
        };
        let half = quantile * found.variance.sqrt();
        let interval = Interval::new(influence.point - half, influence.point + half);
        scale.map_or(interval, |scale| interval.cut(scale))
    });
    let items = labelled.human.len() + unlabelled.judge.len();
    let size = Size {
        cases: items,
        trials: items,
        units: found.as_ref().map_or(items, |found| found.units),
    };
    let outside = scale.is_some_and(|s| influence.point < s.low() || influence.point > s.high());
    let point = scale.map_or(influence.point, |s| {
        influence.point.clamp(s.low(), s.high())
    });
    let method = if lambda == Lambda::Tuned {
        Method::PpiPlusPlus
    } else {
        Method::Ppi
    };
    let mut estimate = Estimate::new(point, interval, confidence, size, method)
        .flag_if(outside, Flag::OutsideScale);
    if let Ok(found) = &found {
        estimate = estimate
            .with_std_error(found.variance.sqrt())
            .flag_if(found.few, Flag::FewClusters);
    }
    Ok(Corrected {
        estimate,
        lambda: weight,
        df: found.ok().map(|found| found.df),
    })
}

/// PPI++ as reports take it: lambda tuned, small samples by Student's t. See [`ppi`].
///
/// # Errors
/// As [`ppi`].
pub fn ppi_plus_plus(
    labelled: &Labelled<'_>,
    unlabelled: &Unlabelled<'_>,
    confidence: Confidence,
    scale: Option<Scale>,
) -> Result<Corrected, Undefined> {
    ppi(
        labelled,
        unlabelled,
        Lambda::Tuned,
        SmallSample::ByLabels,
        confidence,
        scale,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUMAN: [f64; 10] = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    const JUDGE: [f64; 10] = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];

    fn labelled(human: &'static [f64], judge: &'static [f64]) -> Labelled<'static> {
        Labelled {
            human,
            judge,
            weights: None,
            groups: None,
        }
    }

    fn unlabelled() -> Vec<f64> {
        (0..20).map(|i| f64::from(u8::from(i < 14))).collect()
    }

    fn shows(estimate: &Estimate, low: f64, high: f64) {
        assert!((estimate.low().unwrap() - low).abs() < 5e-7, "{estimate:?}");
        assert!(
            (estimate.high().unwrap() - high).abs() < 5e-7,
            "{estimate:?}"
        );
    }

    #[test]
    fn worked_example_ppi() {
        let judge = unlabelled();
        let rest = Unlabelled {
            judge: &judge,
            groups: None,
        };
        let labels = labelled(&HUMAN, &JUDGE);
        let conf = Confidence::NINETY_FIVE;
        let plain = ppi(
            &labels,
            &rest,
            Lambda::Tuned,
            SmallSample::Never,
            conf,
            None,
        )
        .unwrap();
        assert!((plain.lambda - 0.406_000).abs() < 5e-7, "{}", plain.lambda);
        assert!((plain.estimate.point - 0.640_600).abs() < 5e-7);
        shows(&plain.estimate, 0.375_325, 0.905_875);
        let small = ppi_plus_plus(&labels, &rest, conf, Some(Scale::UNIT)).unwrap();
        assert_eq!(small.lambda, plain.lambda);
        shows(&small.estimate, 0.318_665, 0.962_535);
        let only = super::super::proportion::wilson(6, 10, conf).unwrap();
        shows(&only, 0.312_674, 0.831_820);
        let raw = super::super::proportion::wilson(14, 20, conf).unwrap();
        shows(&raw, 0.481_027, 0.854_523);
    }

    #[test]
    fn a_test_against_zero_agrees_with_the_interval() {
        let judge = unlabelled();
        let rest = Unlabelled {
            judge: &judge,
            groups: None,
        };
        let labels = labelled(&HUMAN, &JUDGE);
        let conf = Confidence::NINETY_FIVE;
        let found = ppi_plus_plus(&labels, &rest, conf, None).unwrap();
        let test = found.against_zero().unwrap();
        assert_eq!((test.method.name(), test.df), ("ppi++", Some(9.0)));
        // The level at which the interval would just touch 0 is the p-value.
        let touching = Confidence::new(1.0 - test.p).unwrap();
        let low = ppi_plus_plus(&labels, &rest, touching, None).unwrap();
        assert!(low.estimate.low().unwrap().abs() < 1e-9, "{low:?}");
        let alike = labelled(&[1.0; 10], &JUDGE);
        let alone = ppi_plus_plus(&alike, &rest, conf, None).unwrap();
        assert_eq!(alone.against_zero(), Err(Undefined::NoVariation));
    }

    #[test]
    fn labels_without_error_decide_alone() {
        let judge = unlabelled();
        let rest = Unlabelled {
            judge: &judge,
            groups: None,
        };
        for (human, judged) in [(&[1.0; 10], &JUDGE), (&[1.0; 10], &[1.0; 10])] {
            let labels = Labelled {
                human,
                judge: judged,
                weights: None,
                groups: None,
            };
            let found =
                ppi_plus_plus(&labels, &rest, Confidence::NINETY_FIVE, Some(Scale::UNIT)).unwrap();
            assert_eq!(found.lambda, 0.0);
            assert_eq!(found.estimate.method, Method::Wilson);
            assert!(found.estimate.low().unwrap() < 1.0);
        }
    }

    #[test]
    fn equal_weights_listen_to_labels_and_judge_alike() {
        // Weight 3 on each of 10 labels among 30 items: the design of a simple random sample.
        let judge = unlabelled();
        let rest = Unlabelled {
            judge: &judge,
            groups: None,
        };
        let weights = [3.0; 10];
        let labels = Labelled {
            weights: Some(&weights),
            ..labelled(&HUMAN, &JUDGE)
        };
        let conf = Confidence::NINETY_FIVE;
        let found = ppi(
            &labels,
            &rest,
            Lambda::Fixed(0.6),
            SmallSample::Never,
            conf,
            None,
        )
        .unwrap();
        let all = (6.0 + 14.0) / 30.0;
        assert!((found.estimate.point - (0.6 + 0.6 * (all - 0.6))).abs() < 1e-12);
        let alone = ppi(
            &labels,
            &rest,
            Lambda::Fixed(0.0),
            SmallSample::Never,
            conf,
            None,
        )
        .unwrap();
        assert!((alone.estimate.std_error.unwrap() - (0.24_f64 / 10.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn clusters_of_one_item_are_no_clusters_but_for_the_factor() {
        let judge = unlabelled();
        let (here, there): (Vec<u32>, Vec<u32>) = ((0..10).collect(), (10..30).collect());
        let labels = Labelled {
            groups: Some(&here),
            ..labelled(&HUMAN, &JUDGE)
        };
        let rest = Unlabelled {
            judge: &judge,
            groups: Some(&there),
        };
        let conf = Confidence::NINETY_FIVE;
        let clustered = ppi_plus_plus(&labels, &rest, conf, None).unwrap();
        let plain = Unlabelled {
            judge: &judge,
            groups: None,
        };
        let alone = ppi_plus_plus(&labelled(&HUMAN, &JUDGE), &plain, conf, None).unwrap();
        assert!((clustered.estimate.low().unwrap() - alone.estimate.low().unwrap()).abs() < 1e-12);
        assert_eq!(clustered.estimate.flags, [Flag::FewClusters]);
        let four: Vec<u32> = here.iter().map(|i| i % 4).collect();
        let labels = Labelled {
            groups: Some(&four),
            ..labels
        };
        let few = ppi_plus_plus(&labels, &rest, conf, None).unwrap();
        assert_eq!(
            few.estimate.interval,
            Err(Undefined::FewUnits { have: 4, need: 5 })
        );
    }

    #[test]
    fn what_cannot_be_corrected_says_why() {
        let judge = unlabelled();
        let rest = Unlabelled {
            judge: &judge,
            groups: None,
        };
        let conf = Confidence::NINETY_FIVE;
        let none = labelled(&[], &[]);
        assert_eq!(
            ppi_plus_plus(&none, &rest, conf, None).err(),
            Some(Undefined::NoCases)
        );
        let fixed = ppi(
            &labelled(&HUMAN, &JUDGE),
            &rest,
            Lambda::Fixed(2.0),
            SmallSample::Never,
            conf,
            None,
        );
        assert_eq!(fixed.err(), Some(Undefined::OutOfRange));
        let weights = [0.5; 10];
        let odd = Labelled {
            weights: Some(&weights),
            ..labelled(&HUMAN, &JUDGE)
        };
        assert_eq!(
            ppi_plus_plus(&odd, &rest, conf, None).err(),
            Some(Undefined::OutOfRange)
        );
        let grouped = Labelled {
            groups: Some(&[0; 10]),
            ..labelled(&HUMAN, &JUDGE)
        };
        assert_eq!(
            ppi_plus_plus(&grouped, &rest, conf, None).err(),
            Some(Undefined::Mismatched)
        );
    }
}
