#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evenhand_fuzz::files::benchmark_rows(data));
