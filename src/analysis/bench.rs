//! A suite and its record, looked at together: which metrics there are, and what stands behind them.

use crate::domain::suite::{Gate, Suite};
use crate::domain::units::millis;

use super::figure::Chance;
use super::metric::{Known, Metric, Of, of_known, parse};
use super::record::Record;
use super::side::{Side, View};
use super::success::Rule;

/// A suite and its record.
pub(crate) struct Bench<'a> {
    pub(crate) suite: &'a Suite,
    pub(crate) record: &'a Record,
    pub(crate) success: Option<Rule>,
    pub(crate) chance: Chance,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(suite: &'a Suite, record: &'a Record, chance: Chance) -> Self {
        Self {
            suite,
            record,
            success: Rule::of(suite, record),
            chance,
        }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View {
            record: self.record,
            success: self.success.as_ref(),
            deadline_ms: self.suite.limits.deadline.map(millis),
            first_try_only: false,
            by_people: false,
        }
    }

    pub(crate) fn scorers(&self) -> &[Known] {
        &self.record.shape().scorers
    }

    /// A target's side of a metric over some cases (`None`: all).
    pub(crate) fn side(&self, metric: &Metric, target: usize, cases: Option<&[u32]>) -> Side {
        self.view().side(metric, target, cases)
    }

    /// The scorers that are judges and have a say in a metric, by index.
    pub(crate) fn judges_of(&self, metric: &Metric) -> Vec<usize> {
        match (metric.scorer(), &self.success) {
            (Some(scorer), _) if self.scorers()[scorer].judged => vec![scorer],
            (None, Some(success)) if metric.is_of_success() => success.judges(self.record),
            _ => Vec::new(),
        }
    }

    /// A metric by its name. Names were checked when the suite was loaded.
    pub(crate) fn metric(&self, name: &str) -> Option<Metric> {
        parse(name, self.scorers()).ok()
    }

    pub(crate) fn metric_of(&self, gate: &Gate) -> Option<Metric> {
        self.metric(&gate.metric)
    }

    /// The primary metric.
    pub(crate) fn primary(&self) -> Option<Metric> {
        self.metric(&self.suite.primary)
    }

    /// Metrics that are shown, in the order of display.
    pub(crate) fn shown(&self) -> Vec<Metric> {
        let mut metrics = self.rates();
        let times = [
            "latency_p50_ms",
            "latency_p90_ms",
            "latency_p95_ms",
            "latency_p99_ms",
            "latency_mean_ms",
            "first_token_p50_ms",
            "first_token_p95_ms",
            "waited_mean_ms",
            "cost_usd",
            "cost_per_success",
            "tokens_in",
            "tokens_out",
        ];
        metrics.extend(times.iter().filter_map(|name| self.metric(name)));
        self.with_named(metrics)
    }

    /// Metrics that are compared besides the primary: rates and scores, the two usual percentiles, costs, and what the suite
    /// itself names. The fewer, the less each p is adjusted.
    pub(crate) fn compared(&self) -> Vec<Metric> {
        let mut metrics = self.rates();
        metrics.retain(|metric| {
            !matches!(metric.of, Of::PassAt(_)) && metric.has_direction(self.scorers())
        });
        let usual = [
            "latency_p50_ms",
            "latency_p95_ms",
            "cost_usd",
            "cost_per_success",
            "tokens_out",
        ];
        metrics.extend(usual.iter().filter_map(|name| self.metric(name)));
        self.with_named(metrics)
    }

    /// Metrics of a slice: rates, scores and the mean cost; percentiles of few trials say little.
    pub(crate) fn sliced(&self) -> Vec<Metric> {
        let mut metrics = self.rates();
        metrics.extend(self.metric("cost_usd"));
        if let Some(primary) = self.primary() {
            push(&mut metrics, primary);
        }
        metrics
    }

    /// Success, every scorer's metrics, and several tries where there are repeats.
    fn rates(&self) -> Vec<Metric> {
        let mut metrics: Vec<Metric> = self.metric("success_rate").into_iter().collect();
        for at in 0..self.scorers().len() {
            // The cases' own checks are no column where no case has any.
            if at + 1 == self.scorers().len() && !self.record.has_checks() {
                continue;
            }
            for metric in of_known(at, self.scorers()) {
                push(&mut metrics, metric);
            }
        }
        let repeats = self.suite.repeats;
        if repeats > 1 && self.success.is_some() {
            let tries = [format!("pass^{repeats}"), format!("pass@{repeats}")];
            metrics.extend(tries.iter().filter_map(|name| self.metric(name)));
        }
        metrics
    }

    /// With the metrics that gates, `primary` and `noise` name.
    fn with_named(&self, mut metrics: Vec<Metric>) -> Vec<Metric> {
        let gates = self.suite.gates.iter().map(|gate| gate.metric.as_str());
        let noise = self.suite.noise.iter().map(|(name, _)| name.as_str());
        let named = gates.chain(noise).chain([self.suite.primary.as_str()]);
        for name in named {
            if let Some(metric) = self.metric(name) {
                push(&mut metrics, metric);
            }
        }
        metrics
    }

    /// The metrics that a baseline file keeps: the primary and each gated one.
    pub(crate) fn kept(&self) -> Vec<Metric> {
        let mut metrics: Vec<Metric> = self.primary().into_iter().collect();
        for gate in &self.suite.gates {
            if let Some(metric) = self.metric_of(gate) {
                push(&mut metrics, metric);
            }
        }
        metrics
    }
}

fn push(metrics: &mut Vec<Metric>, metric: Metric) {
    if metrics.iter().all(|known| known.name != metric.name) {
        metrics.push(metric);
    }
}

/// Whether a metric is worth a line even where nothing has a value: rates and scores say why there is none.
pub(crate) fn always_shown(metric: &Metric) -> bool {
    matches!(
        metric.of,
        Of::Success | Of::Passes(_) | Of::Value(_) | Of::Keeps(..)
    )
}
