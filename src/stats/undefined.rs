//! Why a number or an interval could not be given.

/// The reason why an estimate, or only its interval, does not exist.
///
/// Every function of [`crate::stats`] that cannot answer returns one of these; none returns NaN. The text of
/// each is short enough to stand in a report in place of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undefined {
    /// Nothing was observed: an empty sample, or a table whose cells are all zero.
    #[error("no cases")]
    NoCases,
    /// A single observation carries a point but says nothing of its spread.
    #[error("one case only")]
    OneCase,
    /// All observations are alike, so their spread, or a figure standardised by it, does not exist.
    #[error("no variation")]
    NoVariation,
    /// The denominator of a ratio is zero or not distinguishable from it.
    #[error("too few successes")]
    TooFewSuccesses,
    /// Youden's J is not above 0: the judge's verdicts say nothing about people's, and nothing can be divided by it.
    #[error("the judge carries no information")]
    NoInformation,
    /// A corrected value came out beyond its scale and may not be claimed; it is shown beside this reason.
    #[error("the corrected value lies outside its scale")]
    OutsideScale,
    /// Fewer independent top units (clusters, else cases) than the method needs.
    #[error("too few independent units: {have}, at least {need} needed")]
    FewUnits {
        /// Units in the data.
        have: usize,
        /// Units that the method needs.
        need: usize,
    },
    /// Fewer observations of one kind than the method needs.
    #[error("too few labels: {have}, at least {need} needed")]
    FewLabels {
        /// Labels in the data.
        have: usize,
        /// Labels that the method needs.
        need: usize,
    },
    /// A rank that an order-statistic interval needs lies outside the sample, at both ends.
    #[error("too few values for this percentile")]
    TooFewValues,
    /// The percentile falls on a value filled in as infinite.
    #[error("falls on a missing value")]
    Unbounded,
    /// More than 5 % of the resamples had no value of the statistic.
    #[error("{dropped} of {resamples} resamples had no value")]
    Resamples {
        /// Resamples without a value.
        dropped: u32,
        /// Resamples drawn.
        resamples: u32,
    },
    /// The interval has no closed form; the bootstrap gives one.
    #[error("by bootstrap only")]
    NoClosedForm,
    /// One group never lost to the other, so that no finite strengths (or no finite curve) fit.
    #[error("no finite fit: one side never loses")]
    NoFiniteStrength,
    /// `k` attempts were asked for where fewer trials exist.
    #[error("{k} tries asked of {n} trials")]
    MoreTriesThanTrials {
        /// Tries asked for.
        k: u64,
        /// Trials there are.
        n: u64,
    },
    /// A value was NaN or infinite, or so large that sums or squares of such values are.
    #[error("a value is not a finite number")]
    NotFinite,
    /// A value lies outside the range that the method is made for.
    #[error("a value lies outside its range")]
    OutOfRange,
    /// Two inputs that must run in parallel have different lengths.
    #[error("inputs differ in length")]
    Mismatched,
}

/// Refuses pairs of which nothing can be said: of unlike number, none at all, or with a value that is no number.
pub(super) fn finite_pairs(x: &[f64], y: &[f64]) -> Result<(), Undefined> {
    if x.len() != y.len() {
        return Err(Undefined::Mismatched);
    }
    if x.is_empty() {
        return Err(Undefined::NoCases);
    }
    if x.iter().chain(y).any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    Ok(())
}
