#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evenhand_fuzz::funnels::ci_command(data));
