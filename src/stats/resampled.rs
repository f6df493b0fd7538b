//! The figures that the bootstrap resamples: functions of sums, percentiles, and two sides of either.

mod percentile;
mod sides;
mod sums;

pub use percentile::Percentile;
pub use sides::{Contrast, TwoSides};
pub(super) use sums::WideSums;
pub use sums::{Sums, ratio_of_sums, unit_rows};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Confidence;
    use crate::stats::bootstrap::{Draws, Plan, Statistic};
    use crate::stats::estimate::Size;
    use crate::stats::random::Seed;
    use crate::stats::sample::Units;
    use crate::stats::undefined::Undefined;

    /// A statistic whose units are never drawn together.
    struct OneByOne<S>(S);

    impl<S: Statistic> Statistic for OneByOne<S> {
        fn size(&self) -> Size {
            self.0.size()
        }
        fn weighted(&self, weights: &[u32]) -> Option<f64> {
            self.0.weighted(weights)
        }
    }

    #[test]
    fn drawing_units_together_gives_the_same_distribution() {
        // 1,200 units of up to three values on either side, some without any.
        let side = |salt: usize| {
            let (mut values, mut units) = (Vec::new(), Vec::new());
            for unit in 0..1_200_u32 {
                for repeat in 0..(unit as usize + salt) % 4 {
                    let mixed = (unit as usize * 7_919 + repeat * 104_729 + salt * 31) % 1_009;
                    values.push(mixed as f64 + f64::from(unit % 50));
                    units.push(unit);
                }
            }
            let size = Size {
                cases: 1_200,
                trials: values.len(),
                units: 1_200,
            };
            (values, units, size)
        };
        let percentile = |salt: usize, q: f64| {
            let (values, units, size) = side(salt);
            Percentile::new(&values, &units, size, q).unwrap()
        };
        let plan = Plan {
            resamples: 4_000,
            ..Plan::new(Seed::derive(1, &[]))
        };
        for q in [0.5, 0.95] {
            let both =
                || TwoSides::new(percentile(0, q), percentile(5, q), Contrast::Difference).unwrap();
            assert!(both().likeness().is_some());
            let together = Draws::of(&both(), &plan).unwrap();
            let alone = Draws::of(&OneByOne(both()), &plan).unwrap();
            assert_eq!(together.point(), alone.point());
            let together = together.percentile(Confidence::NINETY_FIVE);
            let alone = alone.percentile(Confidence::NINETY_FIVE);
            let (one, other) = (together.std_error.unwrap(), alone.std_error.unwrap());
            assert!((one / other - 1.0).abs() < 0.05, "{q}: {one} {other}");
            for (one, other) in [
                (together.low(), alone.low()),
                (together.high(), alone.high()),
            ] {
                let apart = (one.unwrap() - other.unwrap()).abs();
                assert!(
                    apart < 0.25 * alone.std_error.unwrap(),
                    "{q}: {one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn equal_rows_are_drawn_together() {
        let rows: Vec<[f64; 2]> = (0..1_000)
            .map(|unit| [0.25, f64::from(u8::from(unit % 5 > 0))])
            .collect();
        let ratio = || {
            Sums::new(rows.clone(), Size::cases(1_000), |sums: &[f64; 2], _| {
                Some(sums[0] / sums[1])
            })
        };
        let plan = Plan::new(Seed::derive(1, &[]));
        let together = Draws::of(&ratio(), &plan)
            .unwrap()
            .percentile(Confidence::NINETY_FIVE);
        let alone = Draws::of(&OneByOne(ratio()), &plan)
            .unwrap()
            .percentile(Confidence::NINETY_FIVE);
        let (one, other) = (together.std_error.unwrap(), alone.std_error.unwrap());
        assert!((one / other - 1.0).abs() < 0.05, "{one} {other}");
    }

    #[test]
    fn equal_sides_differ_by_nothing() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i % 13) + 1.0).collect();
        let units: Vec<u32> = (0..40).collect();
        let side = || Percentile::new(&values, &units, Size::cases(40), 0.5).unwrap();
        for contrast in [Contrast::Difference, Contrast::RelativeChange] {
            let both = TwoSides::new(side(), side(), contrast).unwrap();
            let draws = Draws::of(&both, &Plan::new(Seed::derive(1, &[]))).unwrap();
            assert_eq!((draws.point(), draws.test().p), (0.0, 1.0));
            assert_eq!(
                draws.percentile(Confidence::NINETY).interval,
                Err(Undefined::NoVariation)
            );
        }
    }

    #[test]
    fn swapping_the_sides_flips_the_sign() {
        let old: Vec<f64> = (0..40).map(|i| f64::from(i % 13)).collect();
        let new: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 17)).collect();
        let units = Units::singles(40);
        let one = vec![1.0; 40];
        let side = |values: &[f64]| ratio_of_sums(&units, values, &one, Size::cases(40)).unwrap();
        let plan = Plan::new(Seed::derive(1, &[]));
        let ahead = TwoSides::new(side(&old), side(&new), Contrast::Difference).unwrap();
        let behind = TwoSides::new(side(&new), side(&old), Contrast::Difference).unwrap();
        let (a, b) = (
            Draws::of(&ahead, &plan).unwrap(),
            Draws::of(&behind, &plan).unwrap(),
        );
        assert_eq!(a.point(), -b.point());
        assert_eq!(a.test().p, b.test().p);
        let (a, b) = (
            a.percentile(Confidence::NINETY_FIVE),
            b.percentile(Confidence::NINETY_FIVE),
        );
        assert!((a.low().unwrap() + b.high().unwrap()).abs() < 1e-12);
    }
}
