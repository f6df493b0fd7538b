//! What fuzzing feeds: one function for each reader of bytes that somebody else wrote, and one for each funnel. A function takes any
//! bytes, and panics where a promise is broken.
//!
//! `fuzz_targets/` holds a program for each of them, in the layout of cargo-fuzz; `fuzz/run` builds and runs them all, with or without
//! cargo-fuzz. `cargo test` in this folder feeds each with its seeds, cut and changed in every simple way.

pub mod files;
pub mod funnels;
pub mod readers;
pub mod replies;

/// A function that is fed bytes.
pub type Fed = fn(&[u8]);

/// Every function by the name of its program. Seeds stand in `seeds/`.
pub const ALL: &[(&str, Fed)] = &[
    ("journal", files::journal),
    ("baseline", files::baseline),
    ("cassette", files::cassette),
    ("dataset_jsonl", files::dataset_jsonl),
    ("dataset_csv", files::dataset_csv),
    ("dataset_json", files::dataset_json),
    ("recorded", files::recorded),
    ("suite_yaml", files::suite_yaml),
    ("judge_file", readers::judge_file),
    ("strict_json", readers::strict_json),
    ("template", readers::template),
    ("retry_after", readers::retry_after),
    ("sse", readers::sse),
    ("chat_reply", replies::chat),
    ("command_reply", replies::command),
    ("judge_reply", replies::judge),
    ("terminal", funnels::terminal),
    ("html", funnels::html),
    ("csv_cell", funnels::csv_cell),
    ("markdown", funnels::markdown),
    ("ci_command", funnels::ci_command),
    ("ci_variable", funnels::ci_variable),
    ("path_component", funnels::path_component),
    ("xml", funnels::xml),
    ("openmetrics_label", funnels::openmetrics_label),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ALL;

    /// The splitmix64 generator (Steele, Lea and Flood 2014).
    struct Draws(u64);

    impl Draws {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (word ^ (word >> 31)) as usize % bound.max(1)
        }
    }

    fn changed(seed: &[u8], draws: &mut Draws) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=draws.below(4) {
            let at = draws.below(bytes.len());
            match draws.below(6) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] ^= 1 << draws.below(8),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.insert(at, b"\0\n\r\"'{}[]<>:=-\xff\x1b`|"[draws.below(18)]),
                4 => bytes.extend_from_within(at..),
                _ => bytes.insert(at, draws.below(256) as u8),
            }
        }
        bytes
    }

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name);
        let entries = std::fs::read_dir(folder).expect("a target has seeds");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths
            .iter()
            .map(|path| std::fs::read(path).expect("a seed"))
            .collect()
    }

    #[test]
    fn every_target_takes_its_seeds_cut_and_changed() {
        for (name, feed) in ALL {
            let mut draws = Draws(7);
            feed(b"");
            for seed in seeds(name) {
                (0..=seed.len()).for_each(|end| feed(&seed[..end]));
                (0..400).for_each(|_| feed(&changed(&seed, &mut draws)));
            }
        }
    }

    #[test]
    fn every_target_has_a_program() {
        let manifest = include_str!("../Cargo.toml");
        for (name, ..) in ALL {
            assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), ALL.len());
    }
}
