//! Fleiss' kappa, for equal numbers of labels on every item.

use super::bootstrap::Statistic;
use super::estimate::{Confidence, Estimate, Size};
use super::linearised::linearised;
use super::ratings::Ratings;
use super::resampled::WideSums;
use super::sample::Units;
use super::undefined::Undefined;

/// What each item adds: whether every annotator labelled it, its agreement, and its share of each class.
fn rows(ratings: &Ratings<'_>) -> Result<Vec<f64>, Undefined> {
    if ratings.annotators() < 2 {
        return Err(Undefined::OneCase);
    }
    let m = ratings.annotators() as f64;
    let width = 2 + ratings.classes();
    let mut rows = vec![0.0; ratings.items() * width];
    for (row, slots) in ratings.rows().zip(rows.chunks_mut(width)) {
        if row.iter().any(Option::is_none) {
            continue;
        }
        for &label in row.iter().flatten() {
            slots[2 + label as usize] += 1.0;
        }
        let squares: f64 = slots[2..].iter().map(|count| count * count).sum();
        slots[0] = 1.0;
        slots[1] = (squares - m) / (m * (m - 1.0));
        for slot in &mut slots[2..] {
            *slot /= m;
        }
    }
    Ok(rows)
}

/// Agreement seen, shares of the classes, and agreement by chance.
fn figures(sums: &[f64]) -> Result<(f64, Vec<f64>, f64), Undefined> {
    let items = sums[0];
    if items == 0.0 {
        return Err(Undefined::NoCases);
    }
    let pi: Vec<f64> = sums[2..].iter().map(|sum| sum / items).collect();
    if pi.iter().filter(|&&share| share > 0.0).count() < 2 {
        return Err(Undefined::NoVariation);
    }
    let chance = pi.iter().map(|share| share * share).sum();
    Ok((sums[1] / items, pi, chance))
}

impl Ratings<'_> {
    /// Fleiss' kappa (Fleiss 1971) over the items that every annotator labelled: equal numbers of labels are what it is
    /// made for; with gaps take [`Ratings::alpha`]. Student's interval from what each item adds (delta method; the
    /// variance of Gwet 2008, which unlike that of Fleiss, Nee and Landis 1979 holds where there is agreement).
    ///
    /// Assumes independent items; with clusters take [`fleiss_statistic`] to [`super::bca`]. Perfect agreement, or one
    /// item: a point without interval. Fewer than 10 items: flagged.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without a complete item; [`Undefined::OneCase`] for a single annotator;
    /// [`Undefined::NoVariation`] where all labels are alike.
    pub fn fleiss(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let rows = rows(self)?;
        let width = 2 + self.classes();
        let mut sums = vec![0.0; width];
        for row in rows.chunks(width) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let (seen, pi, chance) = figures(&sums)?;
        let left = 1.0 - chance;
        let parts: Vec<(f64, u64)> = rows
            .chunks(width)
            .filter(|row| row[0] > 0.0)
            .map(|row| {
                let shares = row[2..].iter().zip(&pi);
                let by_chance = 2.0 * shares.map(|(share, pi)| share * pi).sum::<f64>();
                (row[1] / left - (1.0 - seen) / (left * left) * by_chance, 1)
            })
            .collect();
        Ok(linearised(
            (seen - chance) / left,
            &parts,
            -1.0,
            confidence,
            self.complete_size(parts.len()),
        ))
    }

    fn complete_size(&self, units: usize) -> Size {
        let items = self.complete_items();
        Size {
            cases: items,
            trials: items * self.annotators(),
            units,
        }
    }
}

/// [`Ratings::fleiss`]' point as a statistic over top units. A resample costs units times classes.
///
/// # Errors
/// [`Undefined::OneCase`] for a single annotator; [`Undefined::Mismatched`] for units that are not parallel to the items.
pub fn fleiss_statistic(
    ratings: Ratings<'_>,
    units: &Units,
) -> Result<impl Statistic + use<>, Undefined> {
    if units.of_cases().len() != ratings.items() {
        return Err(Undefined::Mismatched);
    }
    let (width, size) = (2 + ratings.classes(), ratings.complete_size(units.count()));
    Ok(WideSums::new(
        &rows(&ratings)?,
        width,
        units,
        size,
        |sums| {
            let (seen, _, chance) = figures(sums).ok()?;
            Some((seen - chance) / (1.0 - chance))
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn what_cannot_agree_has_no_kappa() {
        let alike = [Some(1); 4];
        let ratings = Ratings::new(&alike, 2, 2).unwrap();
        assert_eq!(ratings.fleiss(CONF), Err(Undefined::NoVariation));
        let alone = [Some(0), None, None, Some(1)];
        let ratings = Ratings::new(&alone, 2, 2).unwrap();
        assert_eq!(ratings.fleiss(CONF), Err(Undefined::NoCases));
        let single = Ratings::new(&alike, 1, 2).unwrap();
        assert_eq!(single.fleiss(CONF), Err(Undefined::OneCase));
        let statistic = fleiss_statistic(single, &Units::singles(4));
        assert_eq!(statistic.err(), Some(Undefined::OneCase));
    }

    #[test]
    fn four_items_of_two_give_the_kappa_worked_by_hand() {
        // Agreement 3/4; shares 1/2 and 1/2, so chance 1/2.
        let cells = [0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1].map(Some);
        let ratings = Ratings::new(&cells, 2, 2).unwrap();
        let found = ratings.fleiss(CONF).unwrap();
        assert_eq!((found.point, found.n, found.trials), (0.5, 8, 16));
        // With equal shares chance adds nothing: SE is that of the agreement over 1/2.
        let se = (0.75_f64 * 0.25 / 7.0).sqrt() / 0.5;
        assert!((found.std_error.unwrap() - se).abs() < 1e-15);
    }

    #[test]
    fn gaps_are_left_out_and_the_jackknife_agrees() {
        let cells: Vec<Option<u32>> = (0..600_u32)
            .flat_map(|item| {
                (0..3).map(move |who| {
                    let noise = (item * 7 + who * 5) % 13;
                    (noise < 12).then_some((item % 3 + u32::from(noise < 3)) % 3)
                })
            })
            .collect();
        let ratings = Ratings::new(&cells, 3, 3).unwrap();
        let found = ratings.fleiss(CONF).unwrap();
        assert_eq!(found.n, ratings.complete_items());
        assert!(found.n < 600);
        let statistic = fleiss_statistic(ratings, &Units::singles(600)).unwrap();
        assert!((statistic.point().unwrap() - found.point).abs() < 1e-14);
        let without: Vec<f64> = statistic.leave_one_out().into_iter().flatten().collect();
        let mean = without.iter().sum::<f64>() / 600.0;
        let squares: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
        let ratio = found.std_error.unwrap() / (squares * 599.0 / 600.0).sqrt();
        assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
    }
}
