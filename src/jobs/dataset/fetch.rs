//! One file into the cache: from its address, in as many tries as there is progress, or from this machine; then checked, unpacked and
//! put in its place, whole or not at all.
//!
//! What came of a download that was cut stays as `NAME.partial`, with `NAME.partial.json` saying of which version of which address it
//! is: the next try, also of a later process, asks for the rest. Where the server has another version by now, or knows no ranges, it
//! begins anew.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::jobs::JobError;
use crate::load::benchmarks::pulled::sha256_of;
use crate::store::durable;
use crate::wire::download::{Began, DownloadError, Downloads, Taker, Wanted};

/// Tries that bring nothing new end it.
const BARREN: u32 = 2;

/// Where a file comes from.
pub(super) enum Source {
    /// An address.
    Address(String),
    /// A file of this machine.
    File(PathBuf),
}

impl Source {
    /// As it is recorded: an address without its query, which may be a secret.
    pub(super) fn recorded(&self) -> String {
        match self {
            Self::Address(address) => {
                let bare = address.split(['?', '#']).next();
                bare.unwrap_or_default().to_owned()
            }
            Self::File(path) => path.file_name().map_or_else(String::new, |name| {
                format!("file {}", name.to_string_lossy())
            }),
        }
    }

    /// Whether what it names is packed.
    pub(super) fn is_packed(&self) -> bool {
        self.recorded().ends_with(".gz")
    }
}

/// How files are fetched.
pub(super) struct Fetching<'a> {
    pub(super) downloads: &'a Downloads,
    pub(super) hosts: Vec<String>,
    /// The most bytes of a file, as it comes and unpacked.
    pub(super) most: u64,
    pub(super) tell: &'a mut dyn FnMut(String),
}

/// A file that came and was put in its place.
pub(super) struct Came {
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) kept_sha256: String,
}

/// Of what the bytes of a partial file are.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Partial {
    address: String,
    validator: String,
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}

fn lost(path: &Path, error: &io::Error) -> JobError {
    JobError::Store(format!("cannot write {}: {error}", path.display()))
}

impl Fetching<'_> {
    /// Fetches a file to `path`; `wanted` is the digest that it must have.
    pub(super) async fn fetch(
        &mut self,
        source: &Source,
        path: &Path,
        wanted: Option<(&str, &str)>,
    ) -> Result<Came, JobError> {
        let partial = beside(path, ".partial");
        match source {
            Source::Address(address) => self.download(address, &partial).await?,
            Source::File(file) => self.copy(file, &partial)?,
        }
        let sha256 = sha256_of(&partial).map_err(|error| lost(&partial, &error))?;
        if let Some((wanted, by)) = wanted
            && wanted != sha256
        {
            forget(&partial);
            return Err(JobError::Refused(format!(
                "{} is not the file that is meant: its sha256 is {sha256}, {by} says {wanted}; nothing was kept. If its authors changed it and the new one is wanted: --relock; a file of your own is named as `path` in the suite",
                source.recorded()
            )));
        }
        let bytes = fs::metadata(&partial).map_err(|error| lost(&partial, &error))?;
        let kept_sha256 = if source.is_packed() {
            let unpacked = beside(path, ".unpacked");
            let made = self.unpack(&partial, &unpacked, source);
            if made.is_err() {
                // The error is what matters; a part of a file is of no use.
                let _ = fs::remove_file(&unpacked);
            }
            made?;
            let digest = sha256_of(&unpacked).map_err(|error| lost(&unpacked, &error))?;
            fs::rename(&unpacked, path).map_err(|error| lost(path, &error))?;
            forget(&partial);
            digest
        } else {
            fs::rename(&partial, path).map_err(|error| lost(path, &error))?;
            forget(&partial);
            sha256.clone()
        };
        if let Some(folder) = path.parent() {
            durable::sync_dir(folder).map_err(|error| lost(path, &error))?;
        }
        Ok(Came {
            sha256,
            bytes: bytes.len(),
            kept_sha256,
        })
    }

    async fn download(&mut self, address: &str, partial: &Path) -> Result<(), JobError> {
        let mut barren = 0;
        loop {
            let known = known(address, partial);
            let mut wanted = Wanted {
                address: address.to_owned(),
                most: self.most,
                hosts: self.hosts.clone(),
                ..Wanted::default()
            };
            if let Some((from, validator)) = known {
                wanted.from = from;
                wanted.validator = Some(validator);
            }
            let mut keeping = Keeping {
                partial,
                address,
                from: wanted.from,
                file: None,
                came: 0,
                tell: &mut *self.tell,
            };
            let fetched = self.downloads.fetch(&wanted, &mut keeping).await;
            let kept = keeping.finish();
            let error = match fetched {
                Ok(()) => return kept.map(drop).map_err(|error| lost(partial, &error)),
                Err(error) => error,
            };
            let progress = kept.is_ok_and(|came| came > 0);
            match error {
                DownloadError::Cut { .. } if progress => barren = 0,
                DownloadError::Cut { .. } if barren + 1 < BARREN => barren += 1,
                error => return Err(self.failed(error, partial)),
            }
            (self.tell)("the connection was cut; going on".to_owned());
        }
    }

    fn failed(&self, error: DownloadError, partial: &Path) -> JobError {
        let there = fs::metadata(partial).map_or(0, |found| found.len());
        let next = match &error {
            DownloadError::Kept(error) => return lost(partial, error),
            DownloadError::Cut { .. } if there > 0 => format!(
                "{there} bytes are kept; the same command goes on from there, or take a copy that you have: --from FILE|DIR|URL"
            ),
            DownloadError::Cut { .. } => {
                "offline? Take a copy that you have: --from FILE|DIR|URL".to_owned()
            }
            DownloadError::Status {
                status: 404 | 410, ..
            } => "it is not there (any more): --from FILE|DIR|URL names another place".to_owned(),
            DownloadError::Status {
                status: 401 | 403, ..
            } => "it is behind a gate: fetch it by hand, then --from FILE".to_owned(),
            DownloadError::Status { .. } => "try again later, or --from FILE|DIR|URL".to_owned(),
            DownloadError::TooLarge { .. } => {
                forget(partial);
                "nothing was kept; if it may be so large: --max-size".to_owned()
            }
            DownloadError::Address(_) | DownloadError::Redirect(_) => {
                return JobError::NotEvaluated(error.to_string());
            }
        };
        JobError::NotEvaluated(format!("{error}; {next}"))
    }

    fn copy(&self, from: &Path, partial: &Path) -> Result<(), JobError> {
        let cannot = |error: io::Error| {
            JobError::problem(
                from.display().to_string(),
                format!("cannot be read: {error}"),
            )
        };
        // A pipe would keep us waiting at its opening.
        let about = fs::metadata(from).map_err(cannot)?;
        if !about.is_file() {
            return Err(JobError::problem(
                from.display().to_string(),
                "a regular file is wanted",
            ));
        }
        if about.len() > self.most {
            return Err(JobError::NotEvaluated(format!(
                "{} is over {} bytes; if it may be so large: --max-size",
                from.display(),
                self.most
            )));
        }
        let file = File::open(from).map_err(cannot)?;
        let write = || -> io::Result<()> {
            let mut to = File::create(partial)?;
            io::copy(&mut file.take(self.most), &mut to)?;
            to.sync_all()
        };
        write().map_err(|error| lost(partial, &error))
    }

    /// Unpacks under the bound: a few packed bytes may say a great many.
    fn unpack(&self, packed: &Path, to: &Path, source: &Source) -> Result<(), JobError> {
        let file = File::open(packed).map_err(|error| lost(packed, &error))?;
        let mut reader = MultiGzDecoder::new(BufReader::new(file)).take(self.most + 1);
        let mut out = File::create(to).map_err(|error| lost(to, &error))?;
        let mut piece = vec![0; 1 << 16];
        let mut all = 0_u64;
        loop {
            let count = match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    forget(packed);
                    return Err(JobError::Refused(format!(
                        "{} cannot be unpacked: {error}; nothing was kept",
                        source.recorded()
                    )));
                }
            };
            all += count as u64;
            if all > self.most {
                forget(packed);
                return Err(JobError::Refused(format!(
                    "{} unpacks to over {} bytes; nothing was kept. If it may be so large: --max-size",
                    source.recorded(),
                    self.most
                )));
            }
            out.write_all(&piece[..count])
                .map_err(|error| lost(to, &error))?;
        }
        out.sync_all().map_err(|error| lost(to, &error))
    }
}

/// Removes a partial file and what is known of it; they may not be there.
fn forget(partial: &Path) {
    let _ = fs::remove_file(partial);
    let _ = fs::remove_file(beside(partial, ".json"));
}

/// The bytes of an address that are there, and of which version.
fn known(address: &str, partial: &Path) -> Option<(u64, String)> {
    let there = fs::metadata(partial).ok()?.len();
    let text = fs::read_to_string(beside(partial, ".json")).ok()?;
    let about: Partial = serde_json::from_str(&text).ok()?;
    let same = about.address == Source::Address(address.to_owned()).recorded();
    (same && there > 0).then_some((there, about.validator))
}

/// Bytes on their way into a partial file.
struct Keeping<'a> {
    partial: &'a Path,
    address: &'a str,
    from: u64,
    file: Option<File>,
    came: u64,
    tell: &'a mut dyn FnMut(String),
}

impl Keeping<'_> {
    /// Waits until what came is on the disk, and answers how much it was.
    fn finish(self) -> io::Result<u64> {
        if let Some(file) = self.file {
            file.sync_all()?;
        }
        Ok(self.came)
    }
}

impl Taker for Keeping<'_> {
    fn begin(&mut self, began: &Began) -> io::Result<()> {
        for host in &began.hops {
            (self.tell)(format!("redirected to {host}"));
        }
        if began.is_open_ended {
            (self.tell)(
                "its server says neither how long the file is nor where it ends: whether all of it came cannot be told"
                    .to_owned(),
            );
        }
        if began.resumed {
            (self.tell)(match began.total {
                Some(total) => format!("going on at byte {} of {total}", self.from),
                None => format!("going on at byte {}", self.from),
            });
            self.file = Some(OpenOptions::new().append(true).open(self.partial)?);
            return Ok(());
        }
        if self.from > 0 {
            (self.tell)(
                "the file changed, or its server knows no ranges: from the beginning".to_owned(),
            );
        }
        forget(self.partial);
        self.file = Some(File::create(self.partial)?);
        if let Some(validator) = &began.validator {
            let about = Partial {
                address: Source::Address(self.address.to_owned()).recorded(),
                validator: validator.clone(),
            };
            let text = serde_json::to_string(&about)?;
            durable::replace(&beside(self.partial, ".json"), text.as_bytes())?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.came += bytes.len() as u64;
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }
}
