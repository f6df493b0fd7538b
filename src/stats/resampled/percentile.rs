//! Percentiles of values that stand in top units.

use std::ops::Range;

use crate::stats::alike::{Beyond, Reduced};
use crate::stats::bootstrap::Statistic;
use crate::stats::estimate::Size;
use crate::stats::quantile::{Place, place};
use crate::stats::undefined::Undefined;

/// A percentile (type 7) over values that stand in top units: trials in their cases, or cases in their clusters.
pub struct Percentile {
    /// (value, unit), ascending by value.
    sorted: Vec<(f64, u32)>,
    q: f64,
    size: Size,
}

impl Percentile {
    /// The q-quantile of `values`, value i standing in unit `units[i]`. Infinite values (missing trials filled in) may
    /// occur; a resample that leans on one has no value. Both sides of a comparison must number the same units alike.
    ///
    /// # Errors
    /// [`Undefined::NoCases`], [`Undefined::NotFinite`] for NaN, [`Undefined::Mismatched`] for units that are not
    /// parallel, [`Undefined::OutOfRange`] for a unit not below the count or q outside 0..1.
    pub fn new(values: &[f64], units: &[u32], size: Size, q: f64) -> Result<Self, Undefined> {
        if values.len() != units.len() {
            return Err(Undefined::Mismatched);
        }
        if values.is_empty() {
            return Err(Undefined::NoCases);
        }
        if values.iter().any(|v| v.is_nan()) {
            return Err(Undefined::NotFinite);
        }
        if !(0.0..=1.0).contains(&q) || units.iter().any(|&unit| unit as usize >= size.units) {
            return Err(Undefined::OutOfRange);
        }
        let mut sorted: Vec<(f64, u32)> =
            values.iter().copied().zip(units.iter().copied()).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self { sorted, q, size })
    }
}

impl Statistic for Percentile {
    fn size(&self) -> Size {
        self.size
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let count = |&(_, unit): &(f64, u32)| weights[unit as usize] as usize;
        let place = place(self.sorted.iter().map(count).sum(), self.q)?;
        walk(&self.sorted, 0, &place, weights).flatten()
    }

    /// Units without a value near the percentile count only by how many of their values lie below it.
    fn likeness(&self) -> Option<Vec<u64>> {
        let near = self.near();
        let mut keys = vec![0_u64; self.size.units];
        for (at, (_, unit)) in self.sorted.iter().enumerate() {
            let key = &mut keys[*unit as usize];
            if near.contains(&at) {
                *key |= TOLD_APART | u64::from(*unit);
            } else if *key & TOLD_APART == 0 {
                *key += if at < near.start { BELOW } else { 1 };
            }
        }
        for (unit, key) in keys.iter_mut().enumerate() {
            if *key & TOLD_APART != 0 {
                *key = TOLD_APART | unit as u64;
            }
        }
        Some(keys)
    }

    fn reduced(&self, representatives: &[u32]) -> Option<Box<dyn Reduced + '_>> {
        let near = self.near();
        let mut group_of = vec![NONE; self.size.units];
        for (group, unit) in representatives.iter().enumerate() {
            group_of[*unit as usize] = group as u32;
        }
        let mut reduced = ReducedPercentile {
            values: vec![(0, 0); representatives.len()],
            near: Vec::with_capacity(near.len()),
            q: self.q,
        };
        for (at, (value, unit)) in self.sorted.iter().enumerate() {
            let group = group_of[*unit as usize];
            if group == NONE {
                continue;
            }
            let (below, all) = &mut reduced.values[group as usize];
            *all += 1;
            *below += u32::from(at < near.start);
            if near.contains(&at) {
                reduced.near.push((*value, group));
            }
        }
        Some(Box::new(reduced))
    }
}

/// Stands for no group.
const NONE: u32 = u32::MAX;
/// Marks the key of a unit that is alike to no other.
const TOLD_APART: u64 = 1 << 63;
/// One value below, in a key.
const BELOW: u64 = 1 << 32;
/// How far from the percentile values are told apart, in standard deviations of the rank on which a resample's percentile falls. One
/// resample in some millions falls outside, and costs what all cost without this.
const REACH: f64 = 5.0;

impl Percentile {
    /// The values near the percentile: on one of them the percentile of nearly every resample falls.
    fn near(&self) -> Range<usize> {
        let len = self.sorted.len();
        let Some(place) = place(len, self.q) else {
            return 0..len;
        };
        // What each unit adds to "values up to the percentile, less q times all values".
        let mut excess = vec![0.0; self.size.units];
        let mut values = vec![0_u32; self.size.units];
        for (at, (_, unit)) in self.sorted.iter().enumerate() {
            let up_to = f64::from(u8::from(at <= place.below));
            excess[*unit as usize] += up_to - self.q;
            values[*unit as usize] += 1;
        }
        let spread = excess.iter().map(|x| x * x).sum::<f64>().sqrt();
        let most = values.into_iter().max().unwrap_or(1) as usize;
        let reach = (REACH * spread) as usize + 8 * most;
        place.below.saturating_sub(reach)..(place.above + reach + 1).min(len)
    }
}

/// A percentile of which only the values near it are looked at one by one.
struct ReducedPercentile {
    /// Of each group: values below the near ones, and all.
    values: Vec<(u32, u32)>,
    /// (value, group), ascending by value.
    near: Vec<(f64, u32)>,
    q: f64,
}

impl Reduced for ReducedPercentile {
    fn weighted(&self, weights: &[u32]) -> Result<Option<f64>, Beyond> {
        let (mut below, mut all) = (0, 0);
        for ((of_below, of_all), &weight) in self.values.iter().zip(weights) {
            below += u64::from(*of_below) * u64::from(weight);
            all += u64::from(*of_all) * u64::from(weight);
        }
        let Some(place) = place(all as usize, self.q) else {
            return Ok(None);
        };
        walk(&self.near, below as usize, &place, weights).ok_or(Beyond)
    }
}

/// Walks sorted values, each as often as its unit was drawn, to the two ranks that matter, with `passed` values below the first.
/// `None` where a rank is not among them; within, `None` where the percentile is not finite.
fn walk(
    sorted: &[(f64, u32)],
    mut passed: usize,
    place: &Place,
    weights: &[u32],
) -> Option<Option<f64>> {
    if passed > place.below {
        return None;
    }
    let mut below = None;
    for (value, unit) in sorted {
        passed += weights[*unit as usize] as usize;
        if passed <= place.below {
            continue;
        }
        let below = *below.get_or_insert(*value);
        if passed > place.above {
            let value = if place.weight > 0.0 {
                (*value - below).mul_add(place.weight, below)
            } else {
                below
            };
            return Some(value.is_finite().then_some(value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::quantile_of_sorted;

    #[test]
    fn a_weighted_percentile_equals_that_of_the_repeated_values() {
        let values = [5.0, 1.0, 4.0, 2.0, 8.0];
        let units = [0, 1, 1, 2, 3];
        let size = Size {
            cases: 4,
            trials: 5,
            units: 4,
        };
        for q in [0.0, 0.3, 0.5, 0.9, 1.0] {
            let statistic = Percentile::new(&values, &units, size, q).unwrap();
            let mut repeated = vec![5.0, 5.0, 2.0, 8.0, 8.0, 8.0];
            repeated.sort_unstable_by(f64::total_cmp);
            let got = statistic.weighted(&[2, 0, 1, 3]).unwrap();
            assert!((got - quantile_of_sorted(&repeated, q).unwrap()).abs() < 1e-12);
        }
        let nothing = Percentile::new(&values, &units, size, 0.5).unwrap();
        assert_eq!(nothing.weighted(&[0, 0, 0, 0]), None);
    }

    #[test]
    fn a_percentile_on_a_filled_in_value_has_no_value() {
        let values = [1.0, f64::INFINITY];
        let size = Size::cases(2);
        let high = Percentile::new(&values, &[0, 1], size, 0.9).unwrap();
        assert_eq!(high.point(), None);
        assert_eq!(
            Percentile::new(&values, &[0, 2], size, 0.9).err(),
            Some(Undefined::OutOfRange)
        );
        assert_eq!(
            Percentile::new(&values, &[0], size, 0.9).err(),
            Some(Undefined::Mismatched)
        );
    }

    #[test]
    fn a_resample_outside_the_stretch_told_apart_is_noticed() {
        let values: Vec<f64> = (0..2_000).map(f64::from).collect();
        let units: Vec<u32> = (0..2_000).collect();
        let median = Percentile::new(&values, &units, Size::cases(2_000), 0.5).unwrap();
        let keys = median.likeness().unwrap();
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[999], keys[1_000]);
        assert_ne!(keys[0], keys[1_999]);
        let reduced = median.reduced(&[0, 999, 1_000, 1_999]).unwrap();
        assert_eq!(reduced.weighted(&[999, 1, 1, 999]), Ok(Some(999.5)));
        assert_eq!(reduced.weighted(&[1_500, 1, 1, 498]), Err(Beyond));
        assert_eq!(reduced.weighted(&[0, 0, 0, 0]), Ok(None));
    }
}
