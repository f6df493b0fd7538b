//! The only currency of this module: a number that carries its interval, its sizes and its method.

use super::undefined::Undefined;

/// A level of confidence, strictly between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// 90 %, two-sided: its ends are the one-sided 95 % bounds that gates use.
    pub const NINETY: Self = Self(0.90);
    /// 95 %, two-sided: the default everywhere.
    pub const NINETY_FIVE: Self = Self(0.95);

    /// A level between 0 and 1, both excluded; `None` otherwise.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level, such as 0.95.
    #[must_use]
    pub const fn level(self) -> f64 {
        self.0
    }

    /// The error allowed on both sides together: one minus the level.
    #[must_use]
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The upper quantile's probability, (1 + level) / 2: 0.975 at 95 %.
    #[must_use]
    pub fn upper(self) -> f64 {
        f64::midpoint(1.0, self.0)
    }
}

/// How an interval, or the lack of one, came about; its [`name`](Method::name) stands in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Method {
    /// Wilson score interval of a proportion.
    Wilson,
    /// Wilson score interval with an effective sample size and a t quantile.
    WilsonClustered,
    /// Equal-tailed Jeffreys interval.
    Jeffreys,
    /// Clopper-Pearson "exact" interval.
    ClopperPearson,
    /// Agresti-Coull interval.
    AgrestiCoull,
    /// Mean with t quantile and CR1 standard error.
    T,
    /// Mean with t quantile and CR0 standard error, for comparing with papers.
    TCr0,
    /// Order statistics of a sample.
    OrderStatistic,
    /// Fieller's interval of a ratio of means.
    Fieller,
    /// Bias-corrected and accelerated bootstrap.
    Bca,
    /// Percentile bootstrap.
    Percentile,
    /// Newcombe's hybrid score interval of a paired difference (his method 10).
    NewcombePaired,
    /// Newcombe's hybrid score interval of two independent proportions (his method 10 of the companion paper).
    Newcombe,
    /// Welch's interval of two independent means.
    Welch,
    /// Mean of paired differences with t quantile and CR1 standard error.
    PairedT,
    /// All paired differences are zero: the bound on an unseen difference.
    ZeroDifferences,
    /// Normal interval from an asymptotic variance.
    Asymptotic,
    /// Student's interval from what each item adds to a figure (delta method).
    Linearised,
    /// DeLong's variance of an area under the ROC curve, on the log-odds scale.
    DeLong,
    /// Fisher's z transform of a correlation.
    FisherZ,
    /// Fisher's z transform with the variance of Bonett and Wright.
    BonettWright,
    /// Rogan-Gladen correction with its three-source delta variance.
    RoganGladen,
    /// Prediction-powered inference, lambda fixed at 1.
    Ppi,
    /// Prediction-powered inference with estimated lambda.
    PpiPlusPlus,
    /// Raw difference of two judged rates, divided by Youden's J.
    CorrectedDifference,
    /// Asymptotic confidence sequence, valid at every look.
    ConfidenceSequence,
    /// The point is all that is claimed.
    PointOnly,
}

impl Method {
    /// The name under which reports and JSON know the method.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::WilsonClustered => "wilson-clustered",
            Self::Jeffreys => "jeffreys",
            Self::ClopperPearson => "clopper-pearson",
            Self::AgrestiCoull => "agresti-coull",
            Self::T => "t",
            Self::TCr0 => "t-cr0",
            Self::OrderStatistic => "order-statistic",
            Self::Fieller => "fieller",
            Self::Bca => "bca",
            Self::Percentile => "percentile",
            Self::NewcombePaired => "newcombe-paired",
            Self::Newcombe => "newcombe",
            Self::Welch => "welch",
            Self::PairedT => "paired-t",
            Self::ZeroDifferences => "zero-differences",
            Self::Asymptotic => "asymptotic",
            Self::Linearised => "linearised",
            Self::DeLong => "delong",
            Self::FisherZ => "fisher-z",
            Self::BonettWright => "bonett-wright",
            Self::RoganGladen => "rogan-gladen",
            Self::Ppi => "ppi",
            Self::PpiPlusPlus => "ppi++",
            Self::CorrectedDifference => "corrected-difference",
            Self::ConfidenceSequence => "confidence-sequence",
            Self::PointOnly => "point",
        }
    }
}

/// A warning that travels with an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Flag {
    /// 5 to 19 top units: a clustered standard error is itself unreliable.
    FewClusters,
    /// Fewer than 10 cases.
    FewCases,
    /// Some resamples had no value and were dropped.
    DroppedResamples,
    /// Youden's J below 0.3: the correction leans on little.
    WeakJudge,
    /// A uncorrected value lay outside its scale.
    OutsideScale,
    /// The length control looks beyond the lengths that were seen.
    Extrapolated,
}

impl Flag {
    /// The name under which reports and JSON know the flag.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FewClusters => "few-clusters",
            Self::FewCases => "few-cases",
            Self::DroppedResamples => "dropped-resamples",
            Self::WeakJudge => "weak-judge",
            Self::OutsideScale => "outside-scale",
            Self::Extrapolated => "extrapolated",
        }
    }
}

/// The two ends of an interval. An end that the data cannot bound is `None`, never infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Interval {
    /// An interval with both ends.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self {
            low: Some(low),
            high: Some(high),
        }
    }

    /// Both ends, where there are two.
    #[must_use]
    pub fn ends(self) -> Option<(f64, f64)> {
        Some((self.low?, self.high?))
    }

    /// The same interval, cut to a scale.
    #[must_use]
    pub fn cut(self, scale: Scale) -> Self {
        Self {
            low: self.low.map(|end| end.clamp(scale.low, scale.high)),
            high: self.high.map(|end| end.clamp(scale.low, scale.high)),
        }
    }

    /// Whether zero lies outside; an open end reaches as far as it has to.
    #[must_use]
    pub fn excludes_zero(self) -> bool {
        self.low.is_some_and(|end| end > 0.0) || self.high.is_some_and(|end| end < 0.0)
    }
}

/// The declared range of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// The scale of rates, 0 to 1.
    pub const UNIT: Self = Self {
        low: 0.0,
        high: 1.0,
    };

    /// A scale from `low` to `high`; `None` unless both are finite and `low < high`.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Option<Self> {
        (low.is_finite() && high.is_finite() && low < high).then_some(Self { low, high })
    }

    /// Lowest value.
    #[must_use]
    pub const fn low(self) -> f64 {
        self.low
    }

    /// Highest value.
    #[must_use]
    pub const fn high(self) -> f64 {
        self.high
    }

    /// Width: highest less lowest value.
    #[must_use]
    pub fn range(self) -> f64 {
        self.high - self.low
    }
}

/// How much was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Cases with at least one scored trial, or pairs, or labelled items.
    pub cases: usize,
    /// Scored trials; equal to `cases` where nothing was repeated.
    pub trials: usize,
    /// Independent top units: clusters, else cases.
    pub units: usize,
}

impl Size {
    /// `cases` independent cases of one trial each.
    #[must_use]
    pub const fn cases(cases: usize) -> Self {
        Self {
            cases,
            trials: cases,
            units: cases,
        }
    }
}

/// A number with everything needed to know how far to believe it.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate itself; always finite.
    pub point: f64,
    /// Where the truth may lie, or why that cannot be said.
    pub interval: Result<Interval, Undefined>,
    /// Two-sided level of the interval, such as 0.95.
    pub confidence: f64,
    /// Cases (pairs, items) that the point is computed from.
    pub n: usize,
    /// Scored trials behind them.
    pub trials: usize,
    /// Independent top units among them.
    pub clusters: usize,
    /// How the interval was made.
    pub method: Method,
    /// Standard error of the point, where the method has one.
    pub std_error: Option<f64>,
    /// Warnings, in ascending order, each at most once.
    pub flags: Vec<Flag>,
}

impl Estimate {
    /// An estimate without standard error or flags.
    pub(crate) fn new(
        point: f64,
        interval: Result<Interval, Undefined>,
        confidence: Confidence,
        size: Size,
        method: Method,
    ) -> Self {
        Self {
            point,
            interval,
            confidence: confidence.level(),
            n: size.cases,
            trials: size.trials,
            clusters: size.units,
            method,
            std_error: None,
            flags: Vec::new(),
        }
    }

    /// The same with its standard error; one that is not finite is dropped.
    pub(crate) fn with_std_error(mut self, std_error: f64) -> Self {
        self.std_error = std_error.is_finite().then_some(std_error);
        self
    }

    /// The same with one flag more.
    pub(crate) fn with_flag(mut self, flag: Flag) -> Self {
        if let Err(place) = self.flags.binary_search(&flag) {
            self.flags.insert(place, flag);
        }
        self
    }

    /// The same with a flag if the condition holds.
    pub(crate) fn flag_if(self, condition: bool, flag: Flag) -> Self {
        if condition {
            self.with_flag(flag)
        } else {
            self
        }
    }

    /// Lower end of the interval, if it has one.
    #[must_use]
    pub fn low(&self) -> Option<f64> {
        self.interval.ok().and_then(|interval| interval.low)
    }

    /// Upper end of the interval, if it has one.
    #[must_use]
    pub fn high(&self) -> Option<f64> {
        self.interval.ok().and_then(|interval| interval.high)
    }
}

/// Which test a p-value comes from; its [`name`](TestMethod::name) stands in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TestMethod {
    /// McNemar's exact test.
    McNemarExact,
    /// McNemar's test, mid-p.
    McNemarMidP,
    /// McNemar's chi-square test with continuity correction.
    McNemarCorrected,
    /// Paired t test, CR1 where clustered.
    PairedT,
    /// Sign-flip permutation of the mean, all flips.
    SignFlipExact,
    /// Sign-flip permutation of the mean, random flips.
    SignFlip,
    /// Wilcoxon signed ranks, zeros left out before ranking.
    Wilcoxon,
    /// Wilcoxon signed ranks, zeros ranked and then left out (Pratt).
    WilcoxonPratt,
    /// Sign test.
    Sign,
    /// Welch's t test of two independent samples.
    Welch,
    /// Two independent proportions: pooled score test.
    TwoProportions,
    /// Bootstrap over pairs.
    Bootstrap,
    /// All differences are zero.
    ZeroDifferences,
    /// Two one-sided tests for equivalence.
    Tost,
    /// Fisher's exact test of a 2 x 2 table.
    FisherExact,
    /// Two-sample Kolmogorov-Smirnov test.
    KolmogorovSmirnov,
    /// A corrected difference against 0, by the quantile of its interval.
    PpiPlusPlus,
}

impl TestMethod {
    /// The name under which reports and JSON know the test.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::McNemarExact => "mcnemar-exact",
            Self::McNemarMidP => "mcnemar-midp",
            Self::McNemarCorrected => "mcnemar-corrected",
            Self::PairedT => "paired-t",
            Self::SignFlipExact => "sign-flip-exact",
            Self::SignFlip => "sign-flip",
            Self::Wilcoxon => "wilcoxon",
            Self::WilcoxonPratt => "wilcoxon-pratt",
            Self::Sign => "sign",
            Self::Welch => "welch",
            Self::TwoProportions => "two-proportions",
            Self::Bootstrap => "bootstrap",
            Self::ZeroDifferences => "zero-differences",
            Self::Tost => "tost",
            Self::FisherExact => "fisher-exact",
            Self::KolmogorovSmirnov => "kolmogorov-smirnov",
            Self::PpiPlusPlus => "ppi++",
        }
    }
}

/// The outcome of a two-sided test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// p-value, 0 to 1.
    pub p: f64,
    /// Test statistic, where there is one and it is finite.
    pub statistic: Option<f64>,
    /// Degrees of freedom, where there are such.
    pub df: Option<f64>,
    /// Which test.
    pub method: TestMethod,
}

impl Test {
    /// A p-value, kept inside 0..1 against rounding.
    pub(crate) fn new(method: TestMethod, p: f64) -> Self {
        Self {
            p: p.clamp(0.0, 1.0),
            statistic: None,
            df: None,
            method,
        }
    }

    /// The same with its statistic.
    pub(crate) fn with_statistic(mut self, statistic: f64) -> Self {
        self.statistic = statistic.is_finite().then_some(statistic);
        self
    }

    /// The same with its degrees of freedom.
    pub(crate) const fn with_df(mut self, df: f64) -> Self {
        self.df = Some(df);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_outside_the_open_unit_interval_is_no_confidence() {
        for level in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(Confidence::new(level), None);
        }
        assert_eq!(Confidence::new(0.95), Some(Confidence::NINETY_FIVE));
    }

    #[test]
    fn an_open_end_excludes_nothing() {
        let open = Interval {
            low: Some(-1.0),
            high: None,
        };
        assert!(!open.excludes_zero());
        assert_eq!(open.ends(), None);
        assert!(Interval::new(0.1, 0.2).excludes_zero());
        assert!(Interval::new(-0.2, -0.1).excludes_zero());
    }

    #[test]
    fn flags_stay_sorted_and_unique() {
        let estimate = Estimate::new(
            0.5,
            Err(Undefined::OneCase),
            Confidence::NINETY,
            Size::cases(1),
            Method::T,
        )
        .with_flag(Flag::FewCases)
        .with_flag(Flag::FewClusters)
        .with_flag(Flag::FewCases);
        assert_eq!(estimate.flags, [Flag::FewClusters, Flag::FewCases]);
        assert_eq!(estimate.low(), None);
    }

    #[test]
    fn a_scale_must_have_a_width() {
        assert_eq!(Scale::new(1.0, 1.0), None);
        assert_eq!(Scale::new(0.0, f64::INFINITY), None);
        assert_eq!(Scale::new(1.0, 5.0).map(Scale::range), Some(4.0));
    }
}
