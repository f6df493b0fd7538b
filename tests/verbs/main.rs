//! The verbs as a user meets them: the real binary, its files, its screens, its exit codes.

#[path = "../support/cli.rs"]
mod cli;

mod bless;
mod check;
mod compare;
mod exit_codes;
mod help;
mod numbers;
mod run;
mod screens;
mod show;
mod suite_problems;
mod suites;
