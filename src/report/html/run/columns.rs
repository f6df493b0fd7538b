//! What charts of single trials are drawn from: the numbers of each side, taken while the cases go by.

use crate::analysis::findings::{ScoreCell, TrialRow};

/// The trials of every side as numbers.
#[derive(Debug, Default)]
pub(super) struct Columns {
    sides: Vec<Column>,
}

/// One side's trials.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// Milliseconds of every answer.
    pub(super) latencies: Vec<f64>,
    /// Trials that ended before they were answered.
    pub(super) cut: u64,
    /// Milliseconds and USD, where both are known.
    pub(super) costs: Vec<(f64, f64)>,
    /// Milliseconds and tokens written, where both are known.
    pub(super) tokens: Vec<(f64, f64)>,
    /// For each scorer its numbers, and how many trials have none.
    pub(super) scores: Vec<(Vec<f64>, u64)>,
}

impl Columns {
    pub(super) fn new(sides: Vec<String>, scorers: usize) -> Self {
        let column = |name| Column {
            name,
            scores: vec![(Vec::new(), 0); scorers],
            ..Column::default()
        };
        Self {
            sides: sides.into_iter().map(column).collect(),
        }
    }

    /// Takes a trial in. One of a case in quarantine counts nowhere.
    pub(super) fn take(&mut self, row: &TrialRow) {
        let side = self.sides.iter_mut().find(|one| one.name == row.target);
        let Some(side) = side.filter(|_| !row.quarantined) else {
            return;
        };
        match (row.state, row.latency_ms) {
            ("answered", Some(took)) => {
                side.latencies.push(took);
                side.costs.extend(row.cost_usd.map(|usd| (took, usd)));
                side.tokens
                    .extend(row.tokens.map(|(_, out)| (took, out as f64)));
            }
            ("failed", _) => side.cut += 1,
            _ => {}
        }
        for (column, score) in side.scores.iter_mut().zip(&row.scores) {
            match score {
                Some(ScoreCell::Number(value, _)) => column.0.push(*value),
                Some(ScoreCell::Unscored(_)) => column.1 += 1,
                _ => {}
            }
        }
    }

    /// The sides, in order.
    pub(super) fn sides(&self) -> &[Column] {
        &self.sides
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples;

    #[test]
    fn every_trial_counts_once_and_none_in_quarantine() {
        let (head, mut rows) = examples::rows();
        rows[0].quarantined = true;
        let mut columns = Columns::new(vec!["prod".into(), "next".into()], head.scorers.len());
        rows.iter().for_each(|row| columns.take(row));
        let [prod, next] = columns.sides() else {
            panic!("two sides");
        };
        assert_eq!(
            (prod.latencies.len(), prod.cut, prod.costs.len()),
            (4, 0, 4)
        );
        assert_eq!((next.latencies.len(), next.cut), (5, 1));
        assert_eq!(next.scores[1], (vec![4.5; 4], 1));
    }
}
