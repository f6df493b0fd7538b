//! Records in, findings out: metrics, summaries, comparisons, gates.
//!
//! Journal lines become columns ([`record`]); a metric ([`metric`]) takes from them what every case contributes on one side
//! (`side`), from which its figure ([`figure`]), its comparison ([`comparison`]) and its gates ([`gate`]) follow.
//! [`analyse`] is the entry for a run and for two, [`table`] for plain columns, [`power`] for a plan; [`verdict`] is the exit
//! code. Everything is a pure function of journal, suite and seed; every statistic is [`crate::stats`]'.

pub mod analyse;
pub mod annotation;
pub mod audit;
pub mod baseline;
mod bench;
pub mod calibration;
mod column;
pub mod comparison;
mod contrast;
mod correction;
pub mod dataset;
pub mod doubt;
pub mod figure;
pub mod findings;
mod flips;
pub mod format;
pub mod gate;
pub mod held;
mod journal_line;
pub mod label_stats;
pub mod label_worth;
pub mod metric;
pub mod outputs;
mod pairing;
pub mod pick;
pub mod power;
pub mod quarantine;
pub mod record;
mod roster;
pub mod rows;
pub mod sentence;
mod side;
pub mod split;
mod standing;
mod success;
mod summary;
pub mod table;
pub mod taken;
pub mod tuning;
pub mod verdict;

#[cfg(test)]
mod across;
#[cfg(test)]
mod class_shares;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod states;
#[cfg(test)]
mod worked;
