//! Files of cases: a benchmark's own from its public place, what is in one, and another format of it.

mod convert;
mod fetch;
mod named;
mod pull;
mod show;
mod stats;

pub use convert::{Convert, Converted, Written as Format, convert};
pub use pull::{Pull, Pulled, PulledOne, pull};
pub use show::{
    BenchmarkShown, ColumnShown, DatasetShown, FileShown, PlaceShown, ShowDataset, show_dataset,
};
pub use stats::{StatsFound, StatsOf, dataset_stats};
