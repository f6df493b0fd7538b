//! The look at the test part: which one it is, and its line in the labels' ledger, on the disk before a figure is computed.

use std::path::{Path, PathBuf};

use crate::analysis::split::Part;
use crate::domain::certificate::{Certificate, Look, place_of};
use crate::jobs::JobError;
use crate::jobs::calibrate::doubts;
use crate::jobs::report::timestamp;
use crate::store::{certificate, ledger};

/// The ledger of the labels, with the certificate of the judge that is tuned.
pub(super) struct Looks {
    path: PathBuf,
    ledger: ledger::Ledger,
    /// What the ledger cannot answer for.
    pub(super) doubts: Vec<String>,
}

/// A look that is about to be taken.
pub(super) struct Wanted<'a> {
    /// The judge's name.
    pub(super) judge: &'a str,
    /// The identity whose figures will be known.
    pub(super) digest: String,
    /// The labels' digest.
    pub(super) labels: &'a str,
    pub(super) seed: u64,
    /// Milliseconds since 1970 (UTC).
    pub(super) now: u64,
}

fn store(error: impl std::fmt::Display) -> JobError {
    JobError::Store(error.to_string())
}

impl Looks {
    /// Reads the ledger of a labels file, and what a judge's certificate knows of it.
    pub(super) fn read(labels: &Path, certificate: &Path, digest: &str) -> Result<Self, JobError> {
        let path = ledger::path_of(labels);
        let ledger = ledger::read(&path).map_err(store)?;
        let kept = certificate::read(certificate)
            .map_err(store)?
            .unwrap_or_else(|| Certificate::new(""));
        let mut doubts = doubts(&ledger, &kept, labels);
        if !ledger.looks.is_empty() && ledger.looks.iter().all(|look| look.labels != digest) {
            doubts.push(format!(
                "{}: none of its {} looks is at these labels as they are now: labels were added or changed since, or it is the ledger of another file; all of them count",
                path.display(),
                ledger.looks.len()
            ));
        }
        Ok(Self {
            path,
            ledger,
            doubts,
        })
    }

    /// The seed of the split: that of earlier tunings of these labels, by which no item of an earlier dev part gets into test.
    pub(super) fn seed(&self, wanted: Option<u64>) -> Result<u64, JobError> {
        let mut tuned = self.ledger.looks.iter().filter(|look| look.tuned);
        let known = tuned.find_map(|look| look.seed);
        match (wanted, known) {
            (Some(wanted), Some(known)) if wanted != known => Err(JobError::Usage(format!(
                "--seed {wanted}: these labels were parted with seed {known} before ({}), and another seed would put into test what judges were chosen on; leave --seed out, or tune on new labels",
                self.path.display()
            ))),
            (wanted, known) => Ok(known.or(wanted).unwrap_or(0)),
        }
    }

    /// Counts a look; answers which one it is.
    pub(super) fn count(&mut self, wanted: &Wanted<'_>) -> Result<u32, JobError> {
        let look = Look {
            at: timestamp(wanted.now),
            judge: wanted.judge.to_owned(),
            digest: wanted.digest.clone(),
            why: "tune".to_owned(),
            rows: Part::Test.name().to_owned(),
            tuned: true,
            seed: Some(wanted.seed),
            labels: wanted.labels.to_owned(),
            decided: true,
        };
        let (place, is_new) = place_of(&look, &self.ledger.looks);
        if is_new {
            ledger::append(&self.path, &self.ledger, &look).map_err(store)?;
        }
        Ok(place)
    }

    /// The ledger's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// What is said of a look that is not the first.
pub(super) fn used(look: u32, alpha: f64) -> Option<String> {
    (look > 1).then(|| {
        format!(
            "these labels are used {look} times: the interval and p allow an error of {alpha:.4} in place of 0.05"
        )
    })
}
