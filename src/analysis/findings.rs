//! What a run, or a comparison, says: the one value that every report renders and every exit code follows from.
//!
//! Its shape is the machine-readable result (`evenhand schema report`): fields are only added within a schema version.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::event::{LimitReached, Spent};
use crate::domain::suite::Budget;

/// The version of the shape below.
pub const SCHEMA_VERSION: u32 = 1;

/// What a run, or a comparison of two, says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// About the run itself; the only part in which a resumed run may differ from an uninterrupted one.
    pub run: RunFacts,
    /// What was measured and by which rule.
    pub design: Design,
    /// Each target by itself, in the suite's order.
    pub targets: Vec<TargetFindings>,
    /// Candidates against the baseline, the primary metric first.
    pub comparisons: Vec<Comparison>,
    /// Judges with the state of their calibration.
    pub judges: Vec<JudgeFindings>,
    /// Gates in the suite's order.
    pub gates: Vec<GateFindings>,
    /// Cases in quarantine: no figure, comparison or gate counts them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<QuarantineFindings>,
    /// What differs between the two runs of a comparison, in words; empty where there is one run, or nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// What a reader must know before the numbers, worst first.
    pub warnings: Vec<String>,
}

/// A case in quarantine, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantineFindings {
    /// The case's id.
    pub case: String,
    /// The last day of it.
    pub until: String,
    /// Why.
    pub why: String,
    /// What came of its trials, by target in the suite's order.
    pub results: Vec<QuarantineResult>,
}

/// What came of a quarantined case's trials of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantineResult {
    /// The target's id.
    pub target: String,
    /// Its trials = `passed` + `failed` + `missing`.
    pub trials: u64,
    /// Successes.
    pub passed: u64,
    /// No successes, the agent's own failures among them.
    pub failed: u64,
    /// Errored, stopped, unscored, or without a rule that decides.
    pub missing: u64,
}

/// About the run itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFacts {
    /// The run's id (its directory's name); for two runs the candidate's.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// `complete`, `incomplete`, `interrupted`, `running`.
    pub status: String,
    /// Whether any process resumed it.
    pub resumed: bool,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// Wall time of all its processes, in seconds.
    pub took_s: f64,
    /// The run's seed.
    pub seed: u64,
    /// Digests by name: `dataset`, `suite`, `target:ID`, `judge:ID`.
    pub digests: BTreeMap<String, String>,
    /// What was spent.
    pub spent: Spent,
    /// What the run might spend in all.
    #[serde(skip_serializing_if = "Budget::is_none")]
    pub budget: Budget,
    /// The limit that stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitReached>,
    /// Whether replies came from a cassette, and which: `replayed from cassette.jsonl`.
    pub source: Option<String>,
    /// The run's directory as the user would name it.
    pub directory: String,
    /// The run that it was made from, if it was made from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentFacts>,
}

/// The run that a run was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ParentFacts {
    /// Its id.
    pub id: String,
    /// Trials that were taken over, with their latency and cost of then.
    pub reused_trials: u64,
    /// Trials of the run in all.
    pub trials: u64,
    /// Scores that were taken over.
    pub reused_scores: u64,
    /// Whether only scores were made anew and no target was called (`score`).
    pub rescored: bool,
    /// `failed`, `errored` or `changed`: only such cases were run, and no gate is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
}

impl RunFacts {
    /// The choice of cases, where the run is one of only some that were chosen by how they stood: then its gates decide nothing.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        self.parent.as_ref()?.only.as_deref()
    }
}

/// What was measured and by which rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Design {
    /// Selected cases.
    pub cases: u64,
    /// Repeats of each.
    pub repeats: u32,
    /// Clusters, where the suite declares them.
    pub clusters: Option<u64>,
    /// The success expression used: `checks and helpful >= 4`; `None`: success is undefined.
    pub success: Option<String>,
    /// The primary metric.
    pub primary: String,
    /// The baseline: a target's id or a file; `None` where there is nothing to compare with.
    pub baseline: Option<String>,
    /// `max_error_rate`.
    pub max_error_rate: f64,
}

/// A figure with how sure one may be, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Figure {
    /// A figure.
    Estimate(Estimate),
    /// No figure.
    Undefined {
        /// Why, in words.
        undefined: String,
        /// Cases that there were.
        n: u64,
    },
}

/// A figure with how sure one may be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// The best estimate.
    pub point: f64,
    /// Lower end of the interval; `None`: undefined, see [`Estimate::no_interval`].
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The interval's level, 0.95 or 0.9.
    pub confidence: f64,
    /// Cases it rests on.
    pub n: u64,
    /// Trials it rests on.
    pub trials: u64,
    /// Independent top units: clusters, else cases.
    pub clusters: u64,
    /// Scored of planned trials.
    pub coverage: f64,
    /// The point if every missing trial had gone badly; `None` for unbounded metrics.
    pub worst: Option<f64>,
    /// The point if every missing trial had gone well.
    pub best: Option<f64>,
    /// The interval's method: `wilson`, `t` ...
    pub method: String,
    /// `few-clusters`, `few-cases`, `censored` ...
    pub flags: Vec<String>,
    /// For a rate of single trials: how many passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<u64>,
    /// Why there is no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_interval: Option<String>,
}

impl Figure {
    /// The estimate, if there is one.
    #[must_use]
    pub fn estimate(&self) -> Option<&Estimate> {
        match self {
            Self::Estimate(estimate) => Some(estimate),
            Self::Undefined { .. } => None,
        }
    }
}

/// What unit a metric has: how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 0 to 1; percent on the screen, differences in points.
    Rate,
    /// A score on its own scale.
    Score,
    /// Milliseconds.
    Milliseconds,
    /// USD.
    Usd,
    /// Tokens.
    Tokens,
}

/// One metric's figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricFigure {
    /// Its unit.
    pub unit: Unit,
    /// The figure; its fields stand beside `unit` in the JSON.
    #[serde(flatten)]
    pub figure: Figure,
    /// For a judged metric: `calibrated`, `stale`, `uncalibrated`; of several judges the least trustworthy state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<String>,
    /// For a judged metric over all cases: the figure corrected for the judge's error, or why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
}

/// A judged figure corrected for the judge's error.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Correction {
    /// `ppi++`: by labels of this run's outputs; `rogan-gladen`: by the judge's certificate; `none`.
    pub method: String,
    /// The corrected figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Labels that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<u64>,
    /// `ppi++`: how much the judge was listened to, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// `rogan-gladen`: how well the judge tells pass from fail, TPR + TNR - 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub youden_j: Option<f64>,
    /// What is assumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumes: Option<String>,
    /// `none`: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The other correction, where both hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Box<Correction>>,
    /// What a reader must know of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A difference of judged figures corrected for the judge's error.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CorrectedDifference {
    /// `ppi++`, `rogan-gladen`, `none`.
    pub method: String,
    /// Candidate minus baseline, 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Figure>,
    /// The same at 90 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference_90: Option<Figure>,
    /// The test: that of the raw difference for `rogan-gladen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Two-sided p.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// `ppi++`: pairs labelled on both sides; `rogan-gladen`: labels of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<u64>,
    /// `ppi++`: how much the judge was listened to, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// `rogan-gladen`: how well the judge tells pass from fail, TPR + TNR - 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub youden_j: Option<f64>,
    /// What is assumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumes: Option<String>,
    /// `none`: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The other correction, where both hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Box<CorrectedDifference>>,
}

/// What a judge's certificate says of the identity that judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CertificateSummary {
    /// The figure of agreement: `cohen_kappa`, `weighted_kappa_quadratic`, `lin_ccc`.
    pub agreement: String,
    /// Its value.
    pub point: Option<f64>,
    /// Its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Labelled outputs that it rests on.
    pub labels: u64,
    /// When it was made, RFC 3339 in UTC.
    pub made: String,
    /// The rule that decided the conclusion, with its numbers.
    pub rule: String,
    /// Both in words: `kappa 0.71 [0.62, 0.79], 120 labels`.
    pub words: String,
}

/// One target by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetFindings {
    /// Its id.
    pub id: String,
    /// Planned trials = completed + errors + stopped.
    pub trials: u64,
    /// Answered, or failed by the agent.
    pub completed: u64,
    /// Errored trials by kind of fault.
    pub errors: BTreeMap<String, u64>,
    /// Never started, or ended by us.
    pub stopped: u64,
    /// Completed trials in which some scorer has no value.
    pub unscored: u64,
    /// The agent's own failures by kind, among the completed.
    pub agent_failures: BTreeMap<String, u64>,
    /// Trials that were taken over from an earlier run.
    #[serde(skip_serializing_if = "is_zero")]
    pub reused: u64,
    /// Trials that took more than one attempt.
    pub retried: u64,
    /// Success over the other trials alone, where there are both: what fails for a time is drawn anew more often than the rest, so
    /// that retries may shift a rate. Nothing is decided by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_without_retried: Option<Figure>,
    /// Answers that the token limit cut.
    pub cut_by_length: u64,
    /// Whether it gave not one complete reply: then no rate is printed and the exit code is 5.
    pub not_evaluated: bool,
    /// Missing of planned for the success of a trial: errored, stopped, or with a term unscored.
    pub missing_rate: f64,
    /// Metrics in the order of display.
    #[serde(serialize_with = "as_map")]
    pub metrics: Vec<(String, MetricFigure)>,
    /// The same by tag.
    pub slices: BTreeMap<String, Slice>,
}

/// A target's metrics over the cases of one tag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slice {
    /// Cases with the tag.
    pub cases: u64,
    /// Metrics in the order of display.
    #[serde(flatten, serialize_with = "as_map")]
    pub metrics: Vec<(String, MetricFigure)>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if wants a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn as_map<S: serde::Serializer>(
    pairs: &[(String, MetricFigure)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, figure)| (name, figure)))
}

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The candidate is better.
    Better,
    /// The candidate is worse.
    Worse,
    /// They differ by less than the noise threshold.
    Same,
    /// The data cannot say.
    Unclear,
}

/// One metric of a candidate against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The baseline's name.
    pub baseline: String,
    /// The candidate's name.
    pub candidate: String,
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// Whether more is better.
    pub more_is_better: bool,
    /// `primary`, `secondary`, or `slice` (exploration: no finding).
    pub role: String,
    /// The tag of a slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Cases scored on both sides.
    pub pairs: u64,
    /// Cases left out, by why: `only_baseline`, `only_candidate`, `changed`, `missing`, `quarantined`.
    pub left_out: BTreeMap<String, u64>,
    /// Candidate minus baseline, 95 %.
    pub difference: Figure,
    /// The same at 90 %: what `same` and non-inferiority look at.
    pub difference_90: Figure,
    /// Of a judged metric: the difference corrected for the judge's error, or why there is none. Where there is one `test`, `p`,
    /// `finding`, `needs_n` and `sentence` rest on it, while `difference` stays the judge's opinion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<CorrectedDifference>,
    /// What speaks against leaning on the judges behind it, where nothing corrects it for their error: `uncalibrated`, `stale`,
    /// `too few labels`, `not shown usable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<&'static str>,
    /// Candidate over baseline, for latency and cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// The test: `mcnemar-exact`, `paired-t`, `sign-flip`, `bootstrap`; empty where none applies.
    pub test: String,
    /// Two-sided p.
    pub p: Option<f64>,
    /// Adjusted for `tests` tests; equal to `p` for an unadjusted one.
    pub p_adjusted: Option<f64>,
    /// `none`, `holm`, `benjamini-hochberg`.
    pub adjustment: String,
    /// How many tests the adjustment counts.
    pub tests: u32,
    /// How it ended; `None` for slices.
    pub finding: Option<Finding>,
    /// Why, where the finding is unclear for a reason other than noise; or what to add ("a real difference, smaller than the threshold").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The noise threshold used, in the metric's unit.
    pub noise: Option<f64>,
    /// Pairs in all to see a true difference of `noise` with 80 % power.
    pub needs_n: Option<u64>,
    /// Cases that changed sides, for pass/fail metrics.
    pub flipped: Flipped,
    /// The finding as a sentence (STATISTICS 3).
    pub sentence: String,
    /// Checks that decide nothing: `wilcoxon_p`, `sign_test_p`.
    pub checks: BTreeMap<String, f64>,
}

impl Comparison {
    /// The difference that the finding rests on: the corrected one where there is one.
    #[must_use]
    pub fn decisive(&self) -> &Figure {
        let corrected = self.corrected.as_ref();
        let corrected = corrected.and_then(|corrected| corrected.difference.as_ref());
        corrected.unwrap_or(&self.difference)
    }

    /// The same at 90 %.
    #[must_use]
    pub fn decisive_90(&self) -> &Figure {
        let corrected = self.corrected.as_ref();
        let corrected = corrected.and_then(|corrected| corrected.difference_90.as_ref());
        corrected.unwrap_or(&self.difference_90)
    }
}

/// Cases that changed sides; with repeats: whose share of passes rose or fell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Flipped {
    /// Case ids that the candidate gained, in dataset order.
    pub gained: Vec<String>,
    /// Case ids that it lost.
    pub lost: Vec<String>,
    /// The same as indices into the candidate's cases, before ids are put in.
    #[serde(skip)]
    pub gained_at: Vec<u64>,
    /// Indices of the lost.
    #[serde(skip)]
    pub lost_at: Vec<u64>,
}

/// A judge's scores for one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeFindings {
    /// The scorer's id.
    pub scorer: String,
    /// The target's id.
    pub target: String,
    /// The judge's identity: prompt, model, parameters.
    pub digest: String,
    /// The model that judged.
    pub model: String,
    /// `calibrated`, `stale`, `uncalibrated`.
    pub calibration: String,
    /// Of a calibrated judge: `usable`, `not_shown_usable`, `too_few_labels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// Of a calibrated judge: what its certificate says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateSummary>,
    /// The metric that `raw` and `corrected` are of; `None`: its classes have no pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The judge's opinion: its interval does not contain the judge's own error.
    pub raw: Figure,
    /// Corrected for the judge's measured error, where a correction is valid.
    pub corrected: Option<Figure>,
    /// How it was corrected, `ppi++` or `rogan-gladen`; `none` otherwise. More stands with the metric of the target.
    pub method: String,
    /// Why it is not corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Trials that it left unscored, by why.
    pub unscored: BTreeMap<String, u64>,
    /// For a pairwise judge: what its two orders show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<OrderFindings>,
}

/// What a pairwise judge's two orders show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderFindings {
    /// Pairs that were read in both orders, votes counted each.
    pub pairs: u64,
    /// Share of these whose two orders disagree: there the place decided, and the pair counts as a tie.
    pub flip_rate: Figure,
    /// Share of the verdicts for either output that went to the one shown first; 0.5 without a bias.
    pub first_shown: Figure,
}

/// How a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// The evidence cannot say.
    Undecided,
}

/// One gate for one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateFindings {
    /// The rule as the suite has it: `success_rate >= 85 %`, `success_rate drop <= 3 points`.
    pub gate: String,
    /// The metric.
    pub metric: String,
    /// The target.
    pub target: String,
    /// The metric's figure, or the difference for gates against the baseline.
    pub observed: Option<Figure>,
    /// Its unit.
    pub unit: Unit,
    /// How it ended.
    pub outcome: GateOutcome,
    /// Why undecided: `missing, precision, uncalibrated, stale, not_usable, no_baseline, few_units, few_pairs, few_cases`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The exit code that this gate asks for: 0, 6 or 100 (5 where it could not be evaluated).
    pub effect: u8,
    /// Cases that would tell, where more would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_n: Option<u64>,
    /// Cases in quarantine that it would be about.
    #[serde(skip_serializing_if = "is_zero")]
    pub quarantined: u64,
    /// The number that decided, as shown: `at worst 4.1 points lower (95 % sure), allowed 3.0`.
    pub why: String,
}

/// One trial as a row of the csv and junit reports, in ordinal order.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// The case's id.
    pub case: String,
    /// The target's id.
    pub target: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// `answered`, `failed`, `errored`, `stopped`.
    pub state: &'static str,
    /// The kind of failure or fault, where there is one.
    pub kind: Option<String>,
    /// Success; `None`: missing.
    pub success: Option<bool>,
    /// Each scorer's value as text; `None`: no value. In the order of [`RowHead::scorers`].
    pub scores: Vec<Option<ScoreCell>>,
    /// The agent's time in milliseconds.
    pub latency_ms: Option<f64>,
    /// USD.
    pub cost_usd: Option<f64>,
    /// Tokens in and out.
    pub tokens: Option<(u64, u64)>,
    /// Attempts made.
    pub attempts: u32,
    /// Whether the case is in quarantine: no figure counts the row.
    pub quarantined: bool,
}

/// A scorer's value in a row.
#[derive(Debug, Clone, PartialEq)]
pub enum ScoreCell {
    /// Pass or fail.
    Pass(bool),
    /// A number, with its pass where declared.
    Number(f64, Option<bool>),
    /// A class.
    Label(String),
    /// No value, though there should be one: why.
    Unscored(String),
}

/// The columns that rows share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowHead {
    /// The suite's name.
    pub suite: String,
    /// Scorer ids.
    pub scorers: Vec<String>,
    /// The dataset's file as the user would name it, where it is one file that has a relative path.
    pub file: Option<String>,
}
