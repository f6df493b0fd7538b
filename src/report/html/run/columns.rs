//! What charts of single trials are drawn from: the numbers of each side, taken while the cases go by.

use crate::analysis::findings::{ScoreCell, TrialRow};

/// The trials of every side as numbers.
#[derive(Debug, Default)]
pub(super) struct Columns {
    sides: Vec<Column>,
    /// The baseline's place among them.
    base: usize,
    /// For each side how many cases of one trial ended how on the baseline's side and on its own.
    turns: Vec<Turns>,
}

/// Cases by how they ended on two sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Turns {
    pub(super) both: u64,
    pub(super) gained: u64,
    pub(super) lost: u64,
    pub(super) neither: u64,
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
    /// `baseline`: whom the others are held against; the first side where that is none of them.
    pub(super) fn new(sides: Vec<String>, scorers: usize, baseline: Option<&str>) -> Self {
        let base = sides
            .iter()
            .position(|side| Some(side.as_str()) == baseline);
        let column = |name| Column {
            name,
            scores: vec![(Vec::new(), 0); scorers],
            ..Column::default()
        };
        Self {
            base: base.unwrap_or(0),
            turns: vec![Turns::default(); sides.len()],
            sides: sides.into_iter().map(column).collect(),
        }
    }

    /// Takes a case in: its trials by side.
    pub(super) fn take_case(&mut self, rows: &[Vec<TrialRow>]) {
        for row in rows.iter().flatten() {
            self.take(row);
        }
        // Of several trials a case turns by degrees: no band shows that.
        let ended = |side: usize| match rows.get(side).map(Vec::as_slice) {
            Some([row]) if !row.quarantined => row.success,
            _ => None,
        };
        let Some(base) = ended(self.base) else {
            return;
        };
        for (side, turns) in self.turns.iter_mut().enumerate() {
            match (base, ended(side)) {
                (true, Some(true)) => turns.both += 1,
                (false, Some(true)) => turns.gained += 1,
                (true, Some(false)) => turns.lost += 1,
                (false, Some(false)) => turns.neither += 1,
                (_, None) => {}
            }
        }
    }

    /// How cases turned from the baseline to every other side, with both names.
    pub(super) fn turns(&self) -> impl Iterator<Item = (&str, &str, Turns)> {
        let base = self.base;
        let others = self.sides.iter().zip(&self.turns).enumerate();
        let baseline = self.sides.get(base).map_or("", |side| side.name.as_str());
        others
            .filter(move |(nth, _)| *nth != base)
            .map(move |(_, (side, turns))| (baseline, side.name.as_str(), *turns))
    }

    /// Takes a trial in. One of a case in quarantine counts nowhere.
    fn take(&mut self, row: &TrialRow) {
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
        let mut columns =
            Columns::new(vec!["prod".into(), "next".into()], head.scorers.len(), None);
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

    #[test]
    fn cases_of_one_trial_are_counted_by_how_they_ended_on_both_sides() {
        let (_, rows) = examples::rows();
        let row = |success: Option<bool>| TrialRow {
            success,
            quarantined: false,
            ..rows[0].clone()
        };
        let mut columns = Columns::new(vec!["a".into(), "b".into(), "c".into()], 0, Some("b"));
        let (yes, no) = (Some(true), Some(false));
        for (a, b) in [
            (yes, yes),
            (yes, no),
            (yes, no),
            (no, yes),
            (no, no),
            (None, no),
            (yes, None),
        ] {
            columns.take_case(&[vec![row(a)], vec![row(b)], vec![row(yes), row(no)]]);
        }
        let quarantined = TrialRow {
            quarantined: true,
            ..row(yes)
        };
        columns.take_case(&[vec![row(yes)], vec![quarantined], Vec::new()]);
        let turned: Vec<_> = columns.turns().collect();
        let counted = Turns {
            both: 1,
            gained: 2,
            lost: 1,
            neither: 1,
        };
        assert_eq!(turned, [("b", "a", counted), ("b", "c", Turns::default())]);
    }
}
