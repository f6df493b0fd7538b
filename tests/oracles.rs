//! Every golden figure of the oracle files, walked case by case and key by key.
//!
//! The files lie beside the repository (or where `EVENHAND_SHARED` points); where they are absent each test says so and
//! passes. `cargo test --test oracles -- --nocapture` prints how many cases and keys each file had, and which keys were
//! left out, with the reason. A key that is neither compared nor left out fails its test.

#[path = "oracles/agreement.rs"]
mod agreement;
#[path = "oracles/correlation.rs"]
mod correlation;
#[path = "oracles/honesty.rs"]
mod honesty;
#[path = "oracles/judge.rs"]
mod judge;
#[path = "oracles/labels.rs"]
mod labels;
#[path = "oracles/one_sample.rs"]
mod one_sample;
#[path = "oracles/paired.rs"]
mod paired;
#[path = "oracles/preference.rs"]
mod preference;
#[path = "oracles/resampling.rs"]
mod resampling;
#[path = "oracles/sheet.rs"]
mod sheet;

#[test]
fn oracle_distributions() {
    one_sample::distributions();
}

#[test]
fn oracle_proportions() {
    one_sample::proportions();
}

#[test]
fn oracle_passk() {
    one_sample::passk();
}

#[test]
fn oracle_multiplicity() {
    one_sample::multiplicity();
}

#[test]
fn oracle_power() {
    one_sample::power();
}

#[test]
fn oracle_paired() {
    paired::paired();
}

#[test]
fn oracle_agreement_nominal() {
    agreement::nominal_cases();
}

#[test]
fn oracle_agreement_ordinal() {
    agreement::ordinal_cases();
}

#[test]
fn oracle_inline_small() {
    agreement::inline_small();
}

#[test]
fn oracle_multirater() {
    agreement::multirater();
}

#[test]
fn oracle_binary_rates() {
    agreement::binary_rates();
}

#[test]
fn oracle_correlation() {
    correlation::cases();
}

#[test]
fn oracle_rogan_gladen() {
    judge::rogan_gladen_cases();
}

#[test]
fn oracle_ppi() {
    judge::ppi_cases();
}

#[test]
fn oracle_alt_test() {
    judge::alt_test_cases();
}

#[test]
fn oracle_calibration_map() {
    judge::calibration_map();
}

#[test]
fn oracle_position_bias() {
    preference::position_cases();
}

#[test]
fn oracle_bradley_terry() {
    preference::bradley_terry_cases();
}

#[test]
fn oracle_length_control() {
    preference::length_cases();
}

#[test]
fn oracle_bootstrap() {
    resampling::bootstrap();
}

#[test]
fn oracle_sequential() {
    resampling::sequential();
}

#[test]
fn oracle_edge_cases() {
    honesty::edge_cases();
}

#[test]
fn oracle_published_reproductions() {
    honesty::published_reproductions();
}

#[test]
fn oracle_simulations() {
    honesty::simulations();
}
