//! Charts as SVG, drawn from plain values: no crate, no script, no style but classes.
//!
//! Each drawing is one `<svg role="img">` with a title and, for those who do not see it, the same in words. Colours come from the
//! page's stylesheet by class and never carry a meaning alone: forms, patterns and words say it too. A drawing has the same width
//! whatever it shows and a page scales it to its room; rows and points beyond a bound are left out, which it says. A figure that is
//! undefined stands as words in its row, and no place is ever computed from what is no number.
//!
//! | drawing | shows |
//! | --- | --- |
//! | [`intervals()`] | figures of targets or slices, with a line across at a baseline or bar |
//! | [`differences()`] | candidate minus baseline by metric, with 0 and what counts as the same |
//! | [`distributions()`] | scores by target |
//! | [`scatter()`], [`cumulative()`] | latency and cost of each trial; which share was done by when |
//! | [`flips()`] | cases by how they ended on both sides |
//! | [`matrix()`], [`reliability()`] | a judge against people; its stated probabilities against theirs |
//! | [`shares()`] | parts of a whole, such as pairs in both orders |

mod axis;
mod canvas;
mod differences;
mod distribution;
mod ecdf;
mod flips;
mod intervals;
mod matrix;
mod reliability;
mod scatter;
mod shares;
mod strip;

#[cfg(test)]
mod example;
#[cfg(test)]
mod hostile;

pub use canvas::Shape;
pub use differences::{DifferenceRow, Differences, differences};
pub use distribution::{Distributions, Values, distributions};
pub use ecdf::{Cumulative, Series, cumulative};
pub use flips::{Flips, flips};
pub use intervals::{IntervalRow, Intervals, intervals, intervals_within, signed_intervals};
pub use matrix::{Matrix, matrix};
pub use reliability::{Bin, Reliability, reliability};
pub use scatter::{Points, Scatter, scatter};
pub use shares::{Part, ShareRow, Shares, shares};
pub use strip::{Look, Tone};
