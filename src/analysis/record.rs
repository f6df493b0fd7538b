//! A run read back: every trial as a few numbers in columns at its ordinal, never its texts.
//!
//! Lines of the journal may come in any order of arrival; columns make the order of arrival vanish. A trial takes about 60
//! bytes with its case and three scorers: texts are skipped while parsing, labels and tags are kept once, case ids as 64-bit
//! digests, times in microseconds. Columns that a run never fills are never made.

use std::collections::BTreeMap;

use crate::domain::case::Case;
use crate::domain::event::{Event, LimitReached, Spent};
use crate::domain::fault::FaultKind;
use crate::domain::message::Usage;
use crate::domain::plan::Extent;
use crate::domain::score::Measure;
use crate::domain::suite::{Budget, Comparison, Suite};
use crate::domain::transcript::Failure;

use super::column::{
    Column, NO_COUNT, NO_TIME, ScoreColumn, failure_of, fault_of, pack_time, unpack_time,
};
use super::flips::Orders;
use super::held::{Held, HumanValue};
use super::journal_line::{Finished, Line, ScoreRead, ValueRead, place};
use super::metric::{Known, known};
use super::roster::{HAS_CHECKS, QUARANTINED, TAG_SET};
use super::taken::Taken;

pub use super::column::Found;
pub use super::journal_line::{Batch, Reader};
pub use super::roster::Cases;

/// Why a line could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The line is not what its event says.
    #[error("a `{event}` line cannot be read: {message}")]
    Unreadable {
        /// The event's name.
        event: String,
        /// What the reader says.
        message: String,
    },
    /// The trial is none of this plan's.
    #[error("trial {ordinal} is beyond this run's plan of {trials} trials")]
    Beyond {
        /// The ordinal in the line.
        ordinal: u64,
        /// Trials planned.
        trials: u64,
    },
}

/// What a record's columns are made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Cases, variants, repeats and targets.
    pub extent: Extent,
    /// Target ids in the suite's order.
    pub targets: Vec<String>,
    /// Scorers, the cases' own `checks` last.
    pub scorers: Vec<Known>,
    /// Ids of cases in quarantine, each with its index in the suite's list.
    pub quarantine: BTreeMap<String, usize>,
}

impl Shape {
    /// The shape of a suite's run over so many cases.
    #[must_use]
    pub fn of(suite: &Suite, cases: u64) -> Self {
        Self {
            extent: Extent {
                cases,
                variants: 1,
                repeats: suite.repeats,
                targets: u32::try_from(suite.targets.len()).unwrap_or(u32::MAX),
            },
            targets: suite
                .targets
                .iter()
                .map(|target| target.id.clone())
                .collect(),
            scorers: known(&suite.scorers),
            quarantine: BTreeMap::new(),
        }
    }

    /// The same with the suite's quarantine as it stood at a moment (in milliseconds since 1970): when the run was made, so that a run
    /// says the same on every later day.
    #[must_use]
    pub fn at(mut self, suite: &Suite, unix_ms: u64) -> Self {
        let list = suite.quarantine.iter().enumerate();
        self.quarantine = list
            .filter(|(_, one)| one.holds(unix_ms))
            .map(|(at, one)| (one.case.clone(), at))
            .collect();
        self
    }
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Never started, or not heard of.
    Unknown,
    /// A complete reply.
    Answered,
    /// The agent's own failure.
    Failed(Failure),
    /// A fault of harness or endpoint.
    Errored(FaultKind),
    /// Never started, or ended by us.
    Stopped,
}

/// Whether a trial is still to be done (what `--resume` takes up).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// No outcome, or stopped: to be done.
    Unsettled,
    /// Answered, but these scorers have said nothing yet.
    NeedsScores(Vec<String>),
    /// Answered and scored by all, or failed by the agent's own doing.
    Settled,
    /// Errored: done again only by `--retry errors`.
    Errored,
    /// Answered, with these scorers unable to say: asked again only by `--retry unscored`.
    Unscored(Vec<String>),
}

/// A run in columns.
#[derive(Debug, Clone)]
pub struct Record {
    shape: Shape,
    cases: Cases,
    /// State (3 bits), kind of failure or fault (4 bits), cut by its token limit (1 bit).
    states: Vec<u8>,
    attempts: Vec<u8>,
    latency: Column<u32>,
    first_token: Column<u32>,
    waited: Column<u32>,
    tokens_in: Column<u32>,
    tokens_out: Column<u32>,
    cost: Column<f64>,
    scores: Vec<ScoreColumn>,
    /// By scorer: what a pairwise judge's two orders said.
    orders: Vec<Column<u32>>,
    spent: Spent,
    said_spent: Spent,
    life: Life,
    taken: Taken,
    held: Held,
}

/// What the journal says of the run as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    /// When its first process began, in milliseconds since 1970 (UTC).
    pub started_ms: Option<u64>,
    /// Wall time of the processes that said when they ended, in milliseconds: all but those that were killed.
    pub took_ms: u64,
    /// Whether any process went on where another stopped.
    pub resumed: bool,
    /// The last process ended in order.
    pub finished: bool,
    /// The signal that stopped the last process.
    pub interrupted: Option<String>,
    /// The limit that stopped the last process; of several the last, in the words of all.
    pub limit: Option<LimitReached>,
    /// What the last process might spend, with all before it.
    pub budget: Budget,
    /// Some replies came from a cassette or a file.
    pub replayed: bool,
    /// What had changed when a process went on all the same.
    pub drift: Vec<String>,
    /// When the process under way began.
    since_ms: Option<u64>,
}

impl Record {
    /// An empty record. Columns take their room now, so that reading a journal never grows them.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let trials = usize::try_from(shape.extent.trials()).unwrap_or(usize::MAX);
        Self {
            cases: Cases::default(),
            states: vec![0; trials],
            attempts: vec![0; trials],
            latency: Column::new(NO_TIME),
            first_token: Column::new(NO_TIME),
            waited: Column::new(NO_TIME),
            tokens_in: Column::new(NO_COUNT),
            tokens_out: Column::new(NO_COUNT),
            cost: Column::new(f64::NAN),
            scores: shape
                .scorers
                .iter()
                .map(|scorer| ScoreColumn::new(&scorer.measure, trials))
                .collect(),
            orders: vec![Column::new(0); shape.scorers.len()],
            spent: Spent::default(),
            said_spent: Spent::default(),
            life: Life::default(),
            taken: Taken::default(),
            held: Held::default(),
            shape,
        }
    }

    /// Takes in the next case, in the plan's order (that of `cases.jsonl`).
    pub fn add_case(&mut self, case: &Case) {
        self.cases.add(case, &self.shape.quarantine);
    }

    /// Takes in all cases at once. They may be read while the journal is.
    pub fn set_cases(&mut self, cases: Cases) {
        self.cases = cases;
    }

    /// Takes in one line of the journal.
    ///
    /// # Errors
    /// [`RecordError`]; the record is as it was before.
    pub fn apply(&mut self, event: &str, json: &str) -> Result<(), RecordError> {
        let mut batch = Batch::default();
        Reader::of(&self.shape).read(&mut batch, event, json)?;
        self.take(batch);
        Ok(())
    }

    /// Takes in lines that were read, in the order of the journal.
    pub fn take(&mut self, batch: Batch) {
        let mut scores = batch.scores.iter();
        for line in batch.lines {
            match line {
                Line::Finished(line) => self.finish(&line, &batch.words),
                Line::Scored {
                    at,
                    is_reused,
                    count,
                } => {
                    for score in scores.by_ref().take(count) {
                        self.score(at, score, &batch.words, is_reused);
                    }
                }
                Line::Run(event) => self.live(*event),
            }
        }
    }

    /// Takes in what concerns the run as a whole.
    fn live(&mut self, event: Event) {
        match event {
            Event::RunStarted(line) => {
                let life = &mut self.life;
                life.started_ms.get_or_insert(line.at_ms);
                life.since_ms = Some(line.at_ms);
                life.resumed |= line.resumed;
                life.drift.extend(line.drift);
                life.finished = false;
                life.interrupted = None;
                life.limit = None;
                life.budget = line.budget;
            }
            Event::Spent(line) => self.said_spent = line,
            Event::LimitReached(line) => match &mut self.life.limit {
                Some(before) => {
                    before.limit = line.limit;
                    before.message = format!("{}; {}", before.message, line.message);
                }
                limit => *limit = Some(line),
            },
            Event::Interrupted(line) => {
                self.life.interrupted = Some(line.signal);
                self.end_process(line.at_ms);
            }
            Event::RunFinished(line) => {
                self.life.finished = true;
                if line.stopped == 0 {
                    // Reached in the last moment: it has stopped nothing.
                    self.life.limit = None;
                }
                self.end_process(line.at_ms);
            }
            // These are no business of the run as a whole.
            Event::TrialStarted(_)
            | Event::Tick(_)
            | Event::AttemptFailed(_)
            | Event::TrialFinished(_)
            | Event::Scored(_) => {}
        }
    }

    /// A process ended in order, or was stopped and had time to say so.
    fn end_process(&mut self, at_ms: u64) {
        if let Some(since) = self.life.since_ms.take() {
            self.life.took_ms += at_ms.saturating_sub(since);
        }
    }

    fn finish(&mut self, line: &Finished, words: &[String]) {
        let at = line.at;
        self.states[at] = line.state;
        self.attempts[at] = u8::try_from(line.attempts).unwrap_or(u8::MAX);
        let trials = self.states.len();
        // A time of exactly zero was not measured: a recorded answer without times.
        let measured = (line.timing.total_ms > 0.0).then_some(line.timing);
        self.latency.set(
            at,
            trials,
            measured.map(|timing| pack_time(timing.total_ms)),
        );
        self.first_token
            .set(at, trials, line.timing.first_token_ms.map(pack_time));
        self.waited.set(
            at,
            trials,
            measured.map(|timing| pack_time(timing.waited_ms)),
        );
        let count = |count: u64| u32::try_from(count).unwrap_or(NO_COUNT - 1);
        self.tokens_in
            .set(at, trials, line.usage.map(|usage| count(usage.input)));
        self.tokens_out
            .set(at, trials, line.usage.map(|usage| count(usage.output)));
        self.cost.set(at, trials, line.cost_usd);
        for column in &mut self.scores {
            column.set(at, Found::Nothing);
        }
        self.taken.note_trial(at, trials, line.is_reused);
        if let Some(model) = line.model.and_then(|model| words.get(model)) {
            let target = at % self.shape.targets.len().max(1);
            self.taken.note_model(target, model, line.is_reused);
        }
        self.life.replayed |= line.replayed && !line.is_reused;
        if !line.replayed && !line.is_reused {
            self.spent.usd += line.cost_usd.unwrap_or(0.0);
            self.spent.tokens += line.usage.unwrap_or_default();
            self.spent.calls += line.attempts as u64;
        }
    }

    fn score(&mut self, at: usize, score: &ScoreRead, words: &[String], is_reused: bool) {
        self.taken.scores += u64::from(is_reused);
        // A cassette's recorded costs were paid long ago; what was paid beside them stands in the `spent` totals.
        let is_paid = !self.life.replayed && !is_reused;
        if let Some(asked) = score.asked.as_ref().filter(|_| is_paid) {
            self.spent.usd += asked.cost_usd.unwrap_or(0.0);
            self.spent.tokens += asked.usage;
            self.spent.calls += u64::from(asked.attempts);
        }
        // A scorer that the suite no longer has says nothing about this shape.
        let Some(index) = score.scorer.filter(|index| *index < self.scores.len()) else {
            return;
        };
        let column = &mut self.scores[index];
        let found = match score.value {
            ValueRead::Found(found) => found,
            ValueRead::Label(word) => match words.get(word) {
                Some(label) => column.intern(label),
                None => Found::Nothing,
            },
        };
        column.set(at, found);
        let trials = self.states.len();
        self.orders[index].set(at, trials, score.orders);
    }

    /// What the columns are made for.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Cases taken in so far.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.cases.ids.len()
    }

    /// What the journal says of the run as a whole.
    #[must_use]
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// Takes in what is known of the run's judges besides the run.
    pub fn hold(&mut self, held: Held) {
        self.held = held;
    }

    /// What is known of the run's judges besides the run.
    #[must_use]
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// What of it was taken over from an earlier run.
    #[must_use]
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What was spent: by the trials and scores, or by the last total, whichever is more (a crash may have lost lines). What was
    /// reserved at the last total and is not known to be settled stays reserved.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let (lines, said) = (self.spent, self.said_spent);
        Spent {
            usd: lines.usd.max(said.usd),
            tokens: Usage {
                input: lines.tokens.input.max(said.tokens.input),
                cached: lines.tokens.cached.max(said.tokens.cached),
                output: lines.tokens.output.max(said.tokens.output),
                reasoning: lines.tokens.reasoning.max(said.tokens.reasoning),
            },
            calls: lines.calls.max(said.calls),
            reserved: said.reserved,
        }
    }

    /// Whether a trial is still to be done.
    #[must_use]
    pub fn settled(&self, ordinal: u64) -> Settled {
        let Ok(at) = place(ordinal, self.shape.extent.trials()) else {
            return Settled::Unsettled;
        };
        match self.state(at) {
            State::Unknown | State::Stopped => Settled::Unsettled,
            State::Errored(_) => Settled::Errored,
            // Its scores follow from the failure itself.
            State::Failed(_) => Settled::Settled,
            State::Answered => {
                let case = self.case_of(at);
                let which = |wanted: fn(Found) -> bool| -> Vec<String> {
                    (0..self.shape.scorers.len())
                        .filter(|&scorer| wanted(self.found(at, case, scorer)))
                        .map(|scorer| self.shape.scorers[scorer].id.clone())
                        .collect()
                };
                let open = which(|found| found == Found::Nothing);
                if !open.is_empty() {
                    return Settled::NeedsScores(open);
                }
                let unscored = which(|found| matches!(found, Found::Unscored(_)));
                if unscored.is_empty() {
                    Settled::Settled
                } else {
                    Settled::Unscored(unscored)
                }
            }
        }
    }

    // --- columns, by place -----------------------------------------------------------------------------------------------------

    /// How a trial ended.
    pub(crate) fn state(&self, at: usize) -> State {
        let (state, kind) = (self.states[at] & 0b111, (self.states[at] >> 3) & 0b1111);
        match state {
            1 => State::Answered,
            2 => State::Failed(failure_of(kind)),
            3 => State::Errored(fault_of(kind)),
            4 => State::Stopped,
            _ => State::Unknown,
        }
    }

    /// Whether the token limit cut the answer.
    pub(crate) fn is_cut(&self, at: usize) -> bool {
        self.states[at] >> 7 == 1
    }

    /// Attempts made, 255 and more as 255.
    pub(crate) fn attempts(&self, at: usize) -> u8 {
        self.attempts[at]
    }

    /// The agent's time in milliseconds.
    pub(crate) fn latency(&self, at: usize) -> Option<f64> {
        unpack_time(self.latency.get(at))
    }

    /// Time until the first token in milliseconds.
    pub(crate) fn first_token(&self, at: usize) -> Option<f64> {
        unpack_time(self.first_token.get(at))
    }

    /// Waiting in milliseconds.
    pub(crate) fn waited(&self, at: usize) -> Option<f64> {
        unpack_time(self.waited.get(at))
    }

    /// USD.
    pub(crate) fn cost(&self, at: usize) -> Option<f64> {
        Some(self.cost.get(at)).filter(|cost| !cost.is_nan())
    }

    /// Tokens in and out.
    pub(crate) fn tokens(&self, at: usize) -> Option<(u32, u32)> {
        let (read, written) = (self.tokens_in.get(at), self.tokens_out.get(at));
        (read != NO_COUNT && written != NO_COUNT).then_some((read, written))
    }

    /// What a scorer left for a trial of a case; `checks` applies only to cases that have some.
    pub(crate) fn found(&self, at: usize, case: usize, scorer: usize) -> Found {
        if !self.applies(case, scorer) {
            return Found::NotApplicable;
        }
        self.scores[scorer].get(at)
    }

    /// What the two orders of a pairwise judge's votes said of a trial; `None` where the scorer compared no pair that both orders could
    /// be read of.
    pub(crate) fn orders(&self, at: usize, scorer: usize) -> Option<Orders> {
        match self.orders[scorer].get(at) {
            0 => None,
            packed => Some(Orders::unpack(packed)),
        }
    }

    /// Whether a scorer looks at a case at all.
    pub(crate) fn applies(&self, case: usize, scorer: usize) -> bool {
        scorer + 1 != self.shape.scorers.len()
            || self
                .cases
                .tags
                .get(case)
                .is_some_and(|tags| tags & HAS_CHECKS != 0)
    }

    /// Whether any case has checks of its own.
    pub(crate) fn has_checks(&self) -> bool {
        self.cases.tags.iter().any(|tags| tags & HAS_CHECKS != 0)
    }

    /// The classes of a scorer, by their index in [`Found::Label`].
    #[must_use]
    pub fn labels(&self, scorer: usize) -> &[String] {
        &self.scores[scorer].labels
    }

    /// What people said of a trial in the place of a scorer's judge.
    pub(crate) fn human(&self, at: usize, scorer: usize) -> Found {
        let said = self.held.people(&self.shape.scorers[scorer].id);
        match said.and_then(|people| people.said.get(&(at as u64))) {
            None => Found::Nothing,
            Some(human) => match &human.value {
                HumanValue::Pass(pass) => Found::Pass(*pass),
                HumanValue::Rating(rating) => Found::Number(*rating),
                HumanValue::Class(class) => {
                    let mut labels = self.labels(scorer).iter();
                    let place = labels.position(|known| known == class);
                    let place = place.and_then(|place| u16::try_from(place).ok());
                    place.map_or(Found::Nothing, Found::Label)
                }
            },
        }
    }

    /// Whether a value keeps a rule or, without one, passes by the scorer's own declaration; `None` where neither says.
    pub(crate) fn passes(
        &self,
        scorer: usize,
        found: Found,
        rule: Option<(Comparison, f64)>,
    ) -> Option<bool> {
        match (found, &self.shape.scorers[scorer].measure) {
            (Found::Pass(pass), _) if rule.is_none() => Some(pass),
            // People may say pass or fail where the judge grades: that is its declared rule, and no other one.
            (Found::Pass(passes), Measure::Number { pass, .. }) => {
                let declared = Comparison::parse(pass.as_deref()?);
                (rule == declared).then_some(passes)
            }
            (Found::Number(value), Measure::Number { pass, .. }) => {
                let rule = rule.or_else(|| Comparison::parse(pass.as_deref()?));
                rule.map(|(comparison, bar)| comparison.holds(value, bar))
            }
            (Found::Label(class), Measure::Label { pass, .. })
                if rule.is_none() && !pass.is_empty() =>
            {
                let label = self.scores[scorer].labels.get(usize::from(class))?;
                Some(pass.contains(label))
            }
            _ => None,
        }
    }

    fn case_of(&self, at: usize) -> usize {
        let per_case = usize::try_from(self.shape.extent.per_case()).unwrap_or(usize::MAX);
        at / per_case.max(1)
    }

    /// The place of a trial of the case as written.
    pub(crate) fn at(&self, case: usize, repeat: usize, target: usize) -> usize {
        let extent = &self.shape.extent;
        (case * extent.variants as usize * extent.repeats as usize + repeat)
            * extent.targets as usize
            + target
    }

    /// Digests of a case's id and of its question and answer.
    pub(crate) fn case_digests(&self, case: usize) -> (u64, u64) {
        (self.cases.ids[case], self.cases.contents[case])
    }

    /// The cluster of every case; `None` where no case has one.
    pub(crate) fn clusters(&self) -> Option<&[u32]> {
        (!self.cases.clusters.is_empty()).then_some(&self.cases.clusters)
    }

    /// Clusters among the cases that count.
    pub(crate) fn cluster_count(&self) -> Option<u64> {
        let clusters = self.clusters()?;
        if self.cases.quarantined.is_empty() {
            return Some(u64::from(self.cases.next_cluster));
        }
        let counted = clusters.iter().enumerate();
        let counted = counted.filter(|(case, _)| !self.is_quarantined(*case));
        let distinct: std::collections::BTreeSet<u32> = counted.map(|(_, of)| *of).collect();
        Some(distinct.len() as u64)
    }

    /// Whether a case is in quarantine: neither planned nor missing.
    #[must_use]
    pub fn is_quarantined(&self, case: usize) -> bool {
        let tags = self.cases.tags.get(case);
        tags.is_some_and(|tags| tags & QUARANTINED != 0)
    }

    /// The cases in quarantine, by index, each with its entry in the suite's list.
    pub(crate) fn quarantined(&self) -> &[(u32, usize)] {
        &self.cases.quarantined
    }

    /// The cases that count, by index: all but those in quarantine.
    pub(crate) fn counted(&self) -> impl Iterator<Item = usize> {
        (0..self.cases()).filter(|case| !self.is_quarantined(*case))
    }

    /// Whether a case has one of these tags; with none named: yes.
    pub(crate) fn has_tag(&self, case: usize, tags: &[String]) -> bool {
        let set = self
            .cases
            .tags
            .get(case)
            .map(|set| (set & TAG_SET) as usize);
        let set = set.and_then(|set| self.cases.tag_sets.get(set));
        let known = |tag: &String| self.cases.tag_of.get(tag).copied();
        tags.is_empty()
            || set.is_some_and(|set| tags.iter().filter_map(known).any(|tag| set.contains(&tag)))
    }

    /// Every tag in order of first appearance.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.cases.tag_names
    }

    /// Cases with one of these tags that count, in order.
    pub(crate) fn cases_with(&self, tags: &[String]) -> Vec<u32> {
        let wanted: Vec<u32> = tags
            .iter()
            .filter_map(|tag| self.cases.tag_of.get(tag).copied())
            .collect();
        let sets: Vec<bool> = self
            .cases
            .tag_sets
            .iter()
            .map(|set| set.iter().any(|tag| wanted.contains(tag)))
            .collect();
        let with =
            |set: u32| set & QUARANTINED == 0 && sets.get((set & TAG_SET) as usize) == Some(&true);
        (0_u32..)
            .zip(&self.cases.tags)
            .filter(|(_, set)| with(**set))
            .map(|(case, _)| case)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{cases, pass, record, suite};

    #[test]
    fn a_line_that_is_not_what_its_event_says_changes_nothing() {
        let suite = suite(&["prod"], 1);
        let mut record = record(&suite, &cases(2), |_, _, _| Some(pass(true)));
        let before = record.settled(0);
        let error = record
            .apply("trial_finished", "{\"ordinal\":0}")
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a `trial_finished` line cannot be read: missing field")
        );
        let beyond = record
            .apply("scored", r#"{"ordinal":2,"scores":[]}"#)
            .unwrap_err();
        assert_eq!(
            beyond.to_string(),
            "trial 2 is beyond this run's plan of 2 trials"
        );
        assert_eq!(record.settled(0), before);
        record.apply("an_event_of_a_later_version", "{}").unwrap();
    }

    #[test]
    fn the_life_of_a_run_is_that_of_its_last_process() {
        let mut record = record(&suite(&["prod"], 1), &cases(1), |_, _, _| None);
        let mut apply = |event: &str, json: &str| record.apply(event, json).unwrap();
        apply(
            "run_started",
            r#"{"planned":1,"settled":0,"resumed":false,"at_ms":1000}"#,
        );
        apply(
            "limit_reached",
            r#"{"limit":"max_fail","message":"2 failed"}"#,
        );
        apply("run_finished", r#"{"settled":0,"stopped":1,"at_ms":3000}"#);
        apply(
            "run_started",
            r#"{"planned":1,"settled":0,"resumed":true,"at_ms":5000}"#,
        );
        apply("interrupted", r#"{"signal":"INT","at_ms":5500}"#);
        apply(
            "run_started",
            r#"{"planned":1,"settled":0,"resumed":true,"at_ms":9000}"#,
        );
        apply(
            "spent",
            r#"{"usd":0.5,"tokens":{"input":3,"output":4},"calls":2}"#,
        );
        let life = record.life();
        assert_eq!((life.started_ms, life.took_ms), (Some(1000), 2500));
        assert!(life.resumed && !life.finished);
        assert_eq!((&life.limit, &life.interrupted), (&None, &None));
        let mut apply = |event: &str, json: &str| record.apply(event, json).unwrap();
        apply("limit_reached", r#"{"limit":"breaker","message":"a"}"#);
        apply("limit_reached", r#"{"limit":"budget_usd","message":"b"}"#);
        apply("run_finished", r#"{"settled":0,"stopped":1,"at_ms":9500}"#);
        let limit = record.life().limit.clone().unwrap();
        assert_eq!(
            (limit.limit.as_str(), limit.message.as_str()),
            ("budget_usd", "a; b")
        );
        let end = r#"{"settled":1,"stopped":0,"at_ms":9500}"#;
        record.apply("run_finished", end).unwrap();
        assert_eq!(record.life().limit, None, "it has stopped nothing");
        assert_eq!(record.spent().calls, 2);
        assert!((record.spent().usd - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_clock_that_was_set_back_takes_no_time_away() {
        let mut record = record(&suite(&["prod"], 1), &cases(1), |_, _, _| None);
        let mut apply = |event: &str, at_ms: u64| {
            let more = if event == "run_started" {
                r#""planned":1,"resumed":false"#
            } else {
                r#""stopped":1"#
            };
            let json = format!(r#"{{"settled":0,{more},"at_ms":{at_ms}}}"#);
            record.apply(event, &json).unwrap();
        };
        apply("run_started", 90_000_000);
        apply("run_finished", 90_001_000);
        apply("run_started", 90_002_000);
        // An hour back.
        apply("run_finished", 86_402_000);
        apply("run_started", 5_000);
        apply("run_finished", 5_000);
        assert_eq!(record.life().took_ms, 1_000);
    }

    #[test]
    fn a_trial_takes_no_more_than_sixty_four_bytes_with_its_case() {
        use crate::analysis::fixture::scorer;
        let mut suite = suite(&["prod"], 1);
        let scale = Some((0.0, 1.0));
        suite.scorers.push(scorer("tone", Measure::PassFail));
        suite
            .scorers
            .push(scorer("style", Measure::Number { scale, pass: None }));
        let n = 2_000;
        let record = record(&suite, &cases(n), |_, _, _| {
            Some(pass(true).took(5.0).cost(0.1))
        });
        let held = record.states.capacity()
            + record.attempts.capacity()
            + record.latency.bytes()
            + record.first_token.bytes()
            + record.waited.bytes()
            + record.tokens_in.bytes()
            + record.tokens_out.bytes()
            + record.cost.bytes()
            + record.scores.iter().map(ScoreColumn::bytes).sum::<usize>()
            + record.cases.bytes();
        // Columns that this run never filled would add 4 (first token) and 8 (tokens).
        assert!(held + 12 * n <= 64 * n, "{} bytes a trial", held / n);
    }
}
