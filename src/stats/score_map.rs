//! Maps from a judge's score to what people would have given: monotone or straight, and how good they are.

use super::undefined::{Undefined, finite_pairs};

/// A monotone map, fitted by pooling adjacent violators.
#[derive(Clone, Debug, PartialEq)]
pub struct Isotonic {
    /// Score and mapped value, ascending in both.
    knots: Vec<(f64, f64)>,
}

impl Isotonic {
    /// Least-squares fit that never falls (Ayer et al. 1955): for items by score, neighbours that fall are averaged.
    ///
    /// Fit on one half of the labels and judge it on the other. Wants about 100 labels.
    ///
    /// # Errors
    /// [`Undefined::NoCases`], [`Undefined::NotFinite`], [`Undefined::Mismatched`].
    pub fn fit(judge: &[f64], human: &[f64]) -> Result<Self, Undefined> {
        finite_pairs(judge, human)?;
        let mut pairs: Vec<(f64, f64)> = judge.iter().copied().zip(human.iter().copied()).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        // Blocks of (sum, count, scores in it); equal scores first become one.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        let mut scores = Vec::new();
        for level in pairs.chunk_by(|a, b| a.0 == b.0) {
            scores.push(level[0].0);
            let mut block = (
                level.iter().map(|p| p.1).sum::<f64>(),
                level.len() as f64,
                1,
            );
            while let Some(&(sum, count, levels)) = blocks.last() {
                if sum / count <= block.0 / block.1 {
                    break;
                }
                blocks.pop();
                block = (block.0 + sum, block.1 + count, block.2 + levels);
            }
            blocks.push(block);
        }
        let values = blocks
            .iter()
            .flat_map(|&(sum, count, levels)| std::iter::repeat_n(sum / count, levels));
        Ok(Self {
            knots: scores.into_iter().zip(values).collect(),
        })
    }

    /// Mapped value of a score: straight between the fitted ones, the nearest end beyond them.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        let place = self.knots.partition_point(|knot| knot.0 < score);
        match (
            place.checked_sub(1).map(|i| self.knots[i]),
            self.knots.get(place),
        ) {
            (_, Some(&(x, y))) if x == score => y,
            (Some((x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (score - x0) / (x1 - x0),
            (None, Some(&(_, y))) | (Some((_, y)), None) => y,
            // A fitted map has a knot.
            (None, None) => score,
        }
    }

    /// Fitted scores and their values, ascending.
    #[must_use]
    pub fn knots(&self) -> &[(f64, f64)] {
        &self.knots
    }
}

/// A straight map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Change of people's value with one unit of score.
    pub slope: f64,
    /// People's value at score 0.
    pub intercept: f64,
}

impl Linear {
    /// Least squares. Wants about 30 labels.
    ///
    /// # Errors
    /// As [`Isotonic::fit`]; [`Undefined::NoVariation`] where all scores are alike.
    pub fn fit(judge: &[f64], human: &[f64]) -> Result<Self, Undefined> {
        finite_pairs(judge, human)?;
        let n = judge.len() as f64;
        let (mx, my) = (judge.iter().sum::<f64>() / n, human.iter().sum::<f64>() / n);
        let xx: f64 = judge.iter().map(|x| (x - mx).powi(2)).sum();
        if xx <= (1e-14 * mx.abs()).powi(2) * n {
            return Err(Undefined::NoVariation);
        }
        let xy: f64 = judge
            .iter()
            .zip(human)
            .map(|(x, y)| (x - mx) * (y - my))
            .sum();
        let slope = xy / xx;
        Ok(Self {
            slope,
            intercept: my - slope * mx,
        })
    }

    /// Mapped value of a score.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        self.slope.mul_add(score, self.intercept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_fall_are_averaged() {
        let map = Isotonic::fit(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!(
            map.knots(),
            [(1.0, 1.0), (2.0, 2.5), (3.0, 2.5), (4.0, 4.0)]
        );
        assert_eq!(map.apply(3.5), 3.25);
        assert_eq!(
            (map.apply(-9.0), map.apply(99.0), map.apply(2.0)),
            (1.0, 4.0, 2.5)
        );
    }

    #[test]
    fn equal_scores_are_one_level_whatever_their_order() {
        let there = Isotonic::fit(&[2.0, 1.0, 2.0], &[1.0, 5.0, 3.0]).unwrap();
        assert_eq!(there.knots(), [(1.0, 3.0), (2.0, 3.0)]);
        let back = Isotonic::fit(&[2.0, 2.0, 1.0], &[3.0, 1.0, 5.0]).unwrap();
        assert_eq!(there, back);
    }

    #[test]
    fn a_line_needs_two_scores_and_a_map_one() {
        assert_eq!(
            Linear::fit(&[2.0, 2.0], &[1.0, 3.0]),
            Err(Undefined::NoVariation)
        );
        assert_eq!(
            Isotonic::fit(&[2.0, 2.0], &[1.0, 3.0]).unwrap().apply(7.0),
            2.0
        );
        assert_eq!(Isotonic::fit(&[], &[]).err(), Some(Undefined::NoCases));
        let line = Linear::fit(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0]).unwrap();
        assert_eq!(
            (line.slope, line.intercept, line.apply(10.0)),
            (2.0, 1.0, 21.0)
        );
    }
}
