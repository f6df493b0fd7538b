//! What `init` writes: a small suite with its cases that runs at once, offline, and explains itself.

/// The text of `suite.yaml`.
pub const SUITE: &str = include_str!("starter/suite.yaml");

/// The text of `cases.jsonl`, which stands beside it.
pub const CASES: &str = include_str!("starter/cases.jsonl");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::agree::{Agreement, agree};
    use crate::load::dataset::plan_cases;
    use crate::load::suite::Layers;
    use crate::load::testing::Folder;

    fn folder(suite: &str) -> Folder {
        Folder::new(&[("suite.yaml", suite), ("cases.jsonl", CASES)])
    }

    #[test]
    fn the_starter_is_a_suite_without_fault() {
        let folder = folder(SUITE);
        let loaded = folder.suite(&Layers::default()).unwrap();
        assert_eq!(loaded.warnings, []);
        assert_eq!(loaded.suite.targets.len(), 2);
        let mut keep = |_| Ok(());
        let selected = plan_cases(&loaded.suite, "suite.yaml", folder.path(), &mut keep).unwrap();
        assert_eq!(selected.count, 20);
        let found = agree(&loaded.suite, "suite.yaml", &loaded.inlined, &selected);
        assert_eq!(found, Agreement::default());
    }

    #[test]
    fn its_judge_is_there_for_the_taking() {
        let with_judge = SUITE.replace("## ", "");
        let folder = folder(&with_judge);
        let suite = folder.suite(&Layers::default()).unwrap().suite;
        assert_eq!(suite.scorers[1].kind, "judge");
        assert!(suite.allow_uncalibrated);
    }

    #[test]
    fn nothing_in_it_is_called_over_a_network() {
        let folder = folder(SUITE);
        let suite = folder.suite(&Layers::default()).unwrap().suite;
        assert!(suite.targets.iter().all(|target| target.kind == "scripted"));
        assert!(suite.scorers.iter().all(|scorer| scorer.model.is_none()));
    }
}
