//! A benchmark's own files into the cache.
//!
//! A digest that stands in the table must be met. Any other is recorded in the lock file when the file is first pulled, and must be met
//! from then on: that says that nothing changed since, and is marked as such.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::fetch::{Came, Fetching, Source};
use super::named::cache;
use crate::jobs::JobError;
use crate::load::benchmarks::places::{Place, Role, place};
use crate::load::benchmarks::pulled::{
    INDEX, Index, LockFile, Locked, Pin, PulledFile, key, sha256_of,
};
use crate::load::benchmarks::{Benchmark, find};
use crate::report::Fact;
use crate::store::durable;
use crate::wire::download::Downloads;

/// How long others may keep us from writing the lock file.
const LONGEST_TURN: Duration = Duration::from_secs(10);

/// What is to be pulled.
#[derive(Debug, Clone)]
pub struct Pull {
    /// The benchmark's name.
    pub benchmark: String,
    /// A file, a folder or an address in place of the benchmark's own place.
    pub from: Option<String>,
    /// Where pulled files are kept; `None`: as the environment says.
    pub cache: Option<PathBuf>,
    /// The lock file.
    pub lock: PathBuf,
    /// Record the digests that come now, whatever the lock file says.
    pub relock: bool,
    /// Hosts that redirects may lead to, besides those of the place.
    pub hosts: Vec<String>,
    /// The most bytes of a file.
    pub most: u64,
    /// Certificates in PEM that are trusted besides the system's.
    pub ca_bundle: Option<PathBuf>,
}

/// What was pulled.
#[derive(Debug, Clone, Serialize)]
pub struct Pulled {
    /// The benchmark.
    pub benchmark: &'static str,
    /// The licence of its data.
    pub licence: &'static str,
    /// What one should know of it.
    pub note: Option<&'static str>,
    /// The folder of its files.
    pub folder: PathBuf,
    /// The lock file.
    pub lock: PathBuf,
    /// The files.
    pub files: Vec<PulledOne>,
}

/// One file of them.
#[derive(Debug, Clone, Serialize)]
pub struct PulledOne {
    /// What is known of it.
    #[serde(flatten)]
    pub file: PulledFile,
    /// It was there already and is whole.
    pub was_there: bool,
}

impl Pulled {
    /// What is said of it on a screen.
    #[must_use]
    pub fn told(&self) -> Vec<Fact> {
        let mut told = vec![Fact::new("licence", self.licence)];
        told.extend(self.note.map(|note| Fact::new("note", note)));
        for one in &self.files {
            let file = &one.file;
            let how = match one.was_there {
                true => "was there already",
                false => "pulled",
            };
            told.push(Fact::new(
                "file",
                format!(
                    "{}, {} bytes, {how}, from {}",
                    file.name, file.bytes, file.from
                ),
            ));
            told.push(Fact::new(
                "sha256",
                format!("{} ({})", file.sha256, file.pin.words()),
            ));
        }
        told.push(Fact::whole("kept in", self.folder.display().to_string()));
        let unpinned = self.files.iter().any(|one| one.file.pin == Pin::FirstUse);
        let why = match unpinned {
            true => ": commit it, so that the same bytes are meant everywhere",
            false => "",
        };
        told.push(Fact::new(
            "lock file",
            format!("{}{why}", self.lock.display()),
        ));
        told
    }
}

/// One file that is wanted.
struct Job {
    name: String,
    role: Role,
    source: Source,
    /// The digest of the table.
    pinned: Option<&'static str>,
}

/// Pulls the files of a benchmark; `tell` gets what happens on the way, a line each.
pub fn pull(order: &Pull, tell: &mut dyn FnMut(String)) -> Result<Pulled, JobError> {
    let benchmark = find(&order.benchmark).map_err(JobError::Usage)?;
    let place = place(benchmark.name);
    let jobs = jobs(order, benchmark, place, tell)?;
    let cache = cache(order.cache.as_ref())?;
    let folder = cache.folder(benchmark.name);
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        JobError::Store(format!("cannot write {}: {error}", path.display()))
    };
    durable::create_dirs(&folder).map_err(|error| cannot(&folder, &error))?;
    // The folder itself is locked, so that nothing is left behind; the lock ends with the process.
    let _held = held(&folder, benchmark.name)?;
    let lock = read_lock(&order.lock)?;
    let before = cache.index(benchmark.name).ok().flatten();
    let ca_bundle = match &order.ca_bundle {
        None => None,
        Some(path) => Some(fs::read(path).map_err(|error| {
            JobError::Usage(format!(
                "--ca-bundle: cannot read {}: {error}",
                path.display()
            ))
        })?),
    };
    let downloads = Downloads::new(ca_bundle.as_deref())
        .map_err(|error| JobError::Usage(format!("--ca-bundle: {error}")))?;
    let of_place = place.map_or(&[][..], |place| place.hosts);
    let hosts = of_place.iter().map(|host| (*host).to_owned());
    let mut fetching = Fetching {
        downloads: &downloads,
        hosts: hosts.chain(order.hosts.iter().cloned()).collect(),
        most: order.most,
        tell,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| JobError::Unexpected(format!("no runtime: {error}")))?;
    let (mut files, mut entries) = (Vec::new(), Vec::new());
    for job in &jobs {
        let path = folder.join(&job.name);
        let named = key(benchmark.name, &job.name);
        let locked = lock.files.get(&named).filter(|_| !order.relock);
        let wanted = match (locked, job.pinned) {
            (Some(locked), _) => Some((locked.sha256.as_str(), order.lock.display().to_string())),
            (None, Some(pinned)) if !order.relock => {
                Some((pinned, "the table of benchmarks".to_owned()))
            }
            _ => None,
        };
        let there = before
            .as_ref()
            .filter(|_| order.from.is_none() && !order.relock);
        let there = there
            .and_then(|index| index.files.iter().find(|file| file.name == job.name))
            .filter(|file| {
                wanted
                    .as_ref()
                    .is_none_or(|(digest, _)| *digest == file.sha256)
            })
            .filter(|file| sha256_of(&path).is_ok_and(|found| found == file.kept_sha256));
        let one = match there {
            Some(file) => PulledOne {
                file: file.clone(),
                was_there: true,
            },
            None => {
                (fetching.tell)(format!("{} from {}", job.name, job.source.recorded()));
                if let Some(above) = path.parent() {
                    durable::create_dirs(above).map_err(|error| cannot(above, &error))?;
                }
                let wanted = wanted.as_ref().map(|(digest, by)| (*digest, by.as_str()));
                let came = runtime.block_on(fetching.fetch(&job.source, &path, wanted))?;
                PulledOne {
                    file: pulled(job, came),
                    was_there: false,
                }
            }
        };
        let entry = Locked {
            sha256: one.file.sha256.clone(),
            pin: one.file.pin,
            from: one.file.from.clone(),
        };
        entries.push((named, entry));
        files.push(one);
    }
    let index = Index {
        version: 1,
        benchmark: benchmark.name.to_owned(),
        files: files.iter().map(|one| one.file.clone()).collect(),
    };
    write(&folder.join(INDEX), &index)?;
    runtime.block_on(record(&order.lock, entries, order.relock))?;
    Ok(Pulled {
        benchmark: benchmark.name,
        licence: benchmark.licence,
        note: place
            .map(|place| place.note)
            .filter(|note| !note.is_empty()),
        folder,
        lock: order.lock.clone(),
        files,
    })
}

fn pulled(job: &Job, came: Came) -> PulledFile {
    PulledFile {
        name: job.name.clone(),
        role: job.role,
        from: job.source.recorded(),
        pin: match job.pinned {
            Some(digest) if digest == came.sha256 => Pin::Pinned,
            _ => Pin::FirstUse,
        },
        sha256: came.sha256,
        bytes: came.bytes,
        kept_sha256: came.kept_sha256,
    }
}

fn read_lock(path: &Path) -> Result<LockFile, JobError> {
    LockFile::read(path).map_err(|why| JobError::problem(path.display().to_string(), why))
}

/// Puts entries into the lock file as it is by now: another benchmark may have been pulled in the meantime.
async fn record(
    path: &Path,
    entries: Vec<(String, Locked)>,
    over_others: bool,
) -> Result<(), JobError> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let _held = turn(above.unwrap_or(Path::new("."))).await?;
    let mut lock = read_lock(path)?;
    for (named, entry) in entries {
        if over_others {
            lock.files.insert(named, entry);
        } else {
            lock.files.entry(named).or_insert(entry);
        }
    }
    write(path, &lock)
}

/// The folder of a lock file, locked for the moment of writing; whoever has it has it for a moment too.
async fn turn(folder: &Path) -> Result<File, JobError> {
    let cannot = |error: &dyn std::fmt::Display| {
        JobError::Store(format!("cannot lock {}: {error}", folder.display()))
    };
    let file = File::open(folder).map_err(|error| cannot(&error))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if began.elapsed() < LONGEST_TURN => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(cannot(&error)),
        }
    }
}

fn write(path: &Path, what: &impl Serialize) -> Result<(), JobError> {
    let mut text = serde_json::to_string_pretty(what)
        .map_err(|error| JobError::Unexpected(error.to_string()))?;
    text.push('\n');
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    durable::replace(path, text.as_bytes())
        .map_err(|error| JobError::Store(format!("cannot write {}: {error}", path.display())))
}

/// The folder, locked.
fn held(folder: &Path, benchmark: &str) -> Result<File, JobError> {
    let cannot = |error: std::io::Error| {
        JobError::Store(format!("cannot lock {}: {error}", folder.display()))
    };
    let file = File::open(folder).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JobError::Store(format!(
            "another pull of {benchmark} is under way in {}; wait until it has ended",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// Which files are wanted, and from where.
fn jobs(
    order: &Pull,
    benchmark: &Benchmark,
    place: Option<&Place>,
    tell: &mut dyn FnMut(String),
) -> Result<Vec<Job>, JobError> {
    let of_place = |source: &dyn Fn(&'static str, &'static str) -> Source| -> Vec<Job> {
        let files = place.map_or(&[][..], |place| place.files).iter();
        files
            .map(|file| Job {
                name: file.name.to_owned(),
                role: file.role,
                source: source(file.address, file.published()),
                pinned: file.sha256,
            })
            .collect()
    };
    let Some(from) = &order.from else {
        return match place {
            Some(_) => Ok(of_place(&|address, _| Source::Address(address.to_owned()))),
            None => Err(JobError::Usage(format!(
                "no public place of {} is known (licence: {}); take the file that you have: --from FILE|DIR|URL",
                benchmark.name, benchmark.licence
            ))),
        };
    };
    let is_address = from.starts_with("http://") || from.starts_with("https://");
    if !is_address && from.contains("://") {
        return Err(JobError::Usage(format!(
            "--from: `{from}` is no address that is called; http:// or https://, a file or a folder"
        )));
    }
    if is_address && from.ends_with('/') {
        known(benchmark, place)?;
        return Ok(of_place(&|address, published| {
            Source::Address(format!("{from}{}", below(address, published)))
        }));
    }
    if is_address {
        let bare = from.split(['?', '#']).next().unwrap_or_default();
        let last = bare.rsplit('/').next().unwrap_or_default();
        return one(last, Source::Address(from.clone()), place).map(|job| vec![job]);
    }
    let path = PathBuf::from(from);
    if !path.is_dir() {
        let last = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        return one(last, Source::File(path.clone()), place).map(|job| vec![job]);
    }
    known(benchmark, place)?;
    let mut jobs =
        of_place(&|address, published| Source::File(path.join(below(address, published))));
    // A copy may have been unpacked; examples are no part of the benchmark itself.
    jobs.retain_mut(|job| {
        let unpacked = path.join(&job.name);
        let packed = matches!(&job.source, Source::File(file) if !file.is_file());
        if packed && unpacked.is_file() {
            // Its digest is not that of the published file.
            job.pinned = job.pinned.filter(|_| !job.source.is_packed());
            job.source = Source::File(unpacked);
        }
        let there = matches!(&job.source, Source::File(file) if file.is_file());
        there || job.role != Role::Examples
    });
    for left_out in parts_that_are_not_there(&mut jobs) {
        tell(format!("left out: {left_out} is not in {from}"));
    }
    let missing = jobs.iter().find_map(|job| match &job.source {
        Source::File(file) if !file.is_file() => Some(file.display().to_string()),
        _ => None,
    });
    match missing {
        None => Ok(jobs),
        Some(file) => Err(JobError::problem(
            file,
            format!(
                "there is no such file; {} has it under this name: put it there, or name one file",
                benchmark.name
            ),
        )),
    }
}

/// A benchmark of several parts may be copied in part: questions that are not there are taken out with their answers, and named; a
/// folder without any keeps all, to be complained of.
fn parts_that_are_not_there(jobs: &mut Vec<Job>) -> Vec<String> {
    let part = |job: &Job| job.name.rsplit('/').next().unwrap_or_default().to_owned();
    let is_there = |job: &Job| matches!(&job.source, Source::File(file) if file.is_file());
    let (there, gone): (Vec<&Job>, Vec<&Job>) = jobs
        .iter()
        .filter(|job| job.role == Role::Cases)
        .partition(|job| is_there(job));
    if there.is_empty() {
        return Vec::new();
    }
    let gone: Vec<String> = gone.into_iter().map(part).collect();
    jobs.retain(|job| !gone.contains(&part(job)));
    gone
}

/// A folder or a base address stands for the files of a place that is known.
fn known(benchmark: &Benchmark, place: Option<&Place>) -> Result<(), JobError> {
    match place {
        Some(_) => Ok(()),
        None => Err(JobError::Usage(format!(
            "which files {} has is not known; name one file: --from FILE|URL",
            benchmark.name
        ))),
    }
}

/// A published file's name below the folder of its benchmark.
fn below(address: &str, published: &str) -> String {
    match address.contains("/possible_answer/") {
        true => format!("possible_answer/{published}"),
        false => published.to_owned(),
    }
}

/// One file in place of all.
fn one(last: &str, source: Source, place: Option<&Place>) -> Result<Job, JobError> {
    let name = last.strip_suffix(".gz").unwrap_or(last);
    let plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    if name.is_empty() || name.starts_with('.') || !plain {
        return Err(JobError::Usage(format!(
            "--from: `{last}` can be no name of a file in the cache; letters, digits, `.`, `_` and `-`"
        )));
    }
    crate::load::dataset::known_format(name)
        .map_err(|why| JobError::Usage(format!("--from: {why}")))?;
    let same = place.and_then(|place| {
        let mut files = place.files.iter();
        files.find(|file| {
            file.role == Role::Cases && (file.published() == last || file.name == last)
        })
    });
    Ok(Job {
        name: name.to_owned(),
        role: Role::Cases,
        source,
        pinned: same.and_then(|file| file.sha256.filter(|_| file.published() == last)),
    })
}
