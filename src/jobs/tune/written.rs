//! The new judge's file, beside the present one's.

use std::path::{Path, PathBuf};

use super::diff::unified;
use super::session::Session;
use crate::analysis::tuning::Tuning;
use crate::jobs::JobError;
use crate::jobs::calibrate::Variant;
use crate::store::durable;

/// Files beside the present judge's that are tried before giving up.
const MOST_FILES: u32 = 1_000;

impl Session<'_> {
    /// Writes the new judge beside the present one, never over a file.
    pub(super) fn write(
        &self,
        old: &Variant,
        new: &Variant,
        tuning: &mut Tuning,
    ) -> Result<(), JobError> {
        let named = self.variants.named();
        let is_file = named.contains(['/', '\\', '.']);
        let beside = match is_file {
            true => PathBuf::from(named),
            false => PathBuf::from(format!("{named}.md")),
        };
        let stem = beside
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for nth in 1..=MOST_FILES {
            let name = match nth {
                1 => format!("{stem}.tuned.md"),
                _ => format!("{stem}.tuned-{nth}.md"),
            };
            let named_new = beside.with_file_name(name);
            let folder = self.variants.folder();
            let path = match folder == Path::new(".") {
                true => named_new.clone(),
                false => folder.join(&named_new),
            };
            match std::fs::read_to_string(&path) {
                // The same was found before.
                Ok(text) if text == new.text => {}
                Ok(_) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    durable::write_new(&path, new.text.as_bytes()).map_err(|error| {
                        JobError::Store(format!("cannot write {}: {error}", path.display()))
                    })?;
                }
                Err(_) => continue,
            }
            let new_name = named_new.display().to_string();
            tuning.diff = Some(unified((named, &old.text), (&new_name, &new.text)));
            tuning.written = Some(path.display().to_string());
            tuning.advice.push(format!(
                "read the diff; to use it, name `{new_name}` in the suite, then let `evenhand judge calibrate` write its certificate: that is no further look"
            ));
            return Ok(());
        }
        Err(JobError::Store(format!(
            "there are {MOST_FILES} tuned judges beside `{named}` already; remove some"
        )))
    }
}
