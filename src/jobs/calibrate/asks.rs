//! A run in which nothing but a judge is asked: the answers are there.

use std::path::{Path, PathBuf};

use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::domain::port::Clock;
use crate::domain::suite::CassetteMode;
use crate::jobs::JobError;
use crate::jobs::begin::{Draft, make};
use crate::jobs::programs;
use crate::jobs::run::{CassetteChoice, Prepared, cassette, unset_variables};
use crate::jobs::suite::secrets;
use crate::jobs::takeover::Given;
use crate::jobs::wiring::Calls;
use crate::load::dataset::Selected;
use crate::load::suite::Loaded;

/// How a judge is asked.
pub(super) struct Asks<'a> {
    /// A suite of which it is the only scorer.
    pub(super) loaded: Loaded,
    /// Recorded replies.
    pub(super) cassette: &'a CassetteChoice,
    /// Refuse to start programs.
    pub(super) no_exec: bool,
    /// Further certificates to trust.
    pub(super) ca_bundle: Option<PathBuf>,
    /// Where runs are kept.
    pub(super) runs_dir: &'a Path,
    /// Where this one stands.
    pub(super) folder: &'a Path,
}

impl Asks<'_> {
    /// Makes the run of these cases and of what is given about them. Calls nothing.
    pub(super) fn prepare(
        self,
        cases: &[Case],
        given: Box<dyn Given>,
        clock: &dyn Clock,
    ) -> Result<Prepared, JobError> {
        let loaded = self.loaded;
        let cassette = cassette(self.cassette, &loaded);
        let mut draft = Draft::new(Vec::new(), false);
        if !matches!(cassette, Some((CassetteMode::Replay, _))) {
            if self.no_exec {
                programs::refuse(&loaded, Calls::JudgesOnly)?;
            }
            unset_variables(&loaded, Calls::JudgesOnly)?;
            let notes = programs::notes(&loaded.suite, Calls::JudgesOnly, self.runs_dir);
            draft.notes.extend(notes);
        }
        draft.rescored = true;
        draft.take_over = Some(given);
        let secrets = secrets(&loaded.suite);
        let place = (self.folder, clock.unix_ms());
        let mut prepared = make(draft, loaded, place, &cassette, secrets, &mut |_, take| {
            let mut hasher = String::new();
            for case in cases {
                hasher.push_str(&case.digest().to_string());
            }
            let mut selected = Selected::of_digest(Digest::of(hasher.as_bytes()));
            for case in cases {
                selected.add(case);
                take(case.clone()).map_err(|error| JobError::Store(error.to_string()))?;
            }
            selected.total = selected.count;
            Ok(selected)
        })?;
        prepared.no_exec = self.no_exec;
        Ok(prepared.ready(cassette, self.ca_bundle))
    }
}
