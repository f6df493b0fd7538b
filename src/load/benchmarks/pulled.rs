//! Files of benchmarks that were pulled: where they are kept, and whether they are what was pulled.
//!
//! The cache holds a folder for each benchmark, with its files and `pulled.json`, which says of each where it came from and what it
//! weighs. A file is read only while it is still the one that was pulled. Beside a suite, `evenhand-datasets.lock` says which bytes its
//! owners mean: others are refused there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::places::Role;

/// The file of digests beside a suite, or where a pull is started.
pub const LOCK: &str = "evenhand-datasets.lock";
/// What says which files were pulled.
pub const INDEX: &str = "pulled.json";
/// The most of an index or a lock that is read.
const MOST: u64 = 1 << 20;

/// Where pulled files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// How a digest came to be the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    /// It stands in the table: computed from the original.
    Pinned,
    /// It was recorded when the file was first pulled: it says that nothing changed since, and nothing about the first time.
    FirstUse,
}

impl Pin {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::FirstUse => "unpinned, first use",
        }
    }
}

/// A file that was pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledFile {
    /// Its path in the benchmark's folder.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it came from; an address without what stands behind its `?`.
    pub from: String,
    /// SHA-256 of what came, in hex.
    pub sha256: String,
    /// Bytes that came.
    pub bytes: u64,
    /// SHA-256 of the file as it is kept, in hex: another one where it came packed.
    pub kept_sha256: String,
    /// How sure the digest is.
    pub pin: Pin,
}

/// What was pulled of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The layout of this file.
    pub version: u32,
    /// The benchmark.
    pub benchmark: String,
    /// Its files.
    pub files: Vec<PulledFile>,
}

/// An entry of the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// SHA-256 of the file as published, in hex.
    pub sha256: String,
    /// How sure it is.
    pub pin: Pin,
    /// Where it came from.
    pub from: String,
}

/// The lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockFile {
    /// The layout of this file.
    pub version: u32,
    /// By benchmark and file: `gsm8k/test.jsonl`.
    pub files: BTreeMap<String, Locked>,
}

impl Default for LockFile {
    fn default() -> Self {
        Self {
            version: 1,
            files: BTreeMap::new(),
        }
    }
}

impl LockFile {
    /// Reads a lock file; one that is not there is empty.
    ///
    /// # Errors
    /// It is there and cannot be read, in words.
    pub fn read(path: &Path) -> Result<Self, String> {
        let found: Option<Self> = read_json(path)?;
        match found {
            Some(lock) if lock.version != 1 => Err(format!(
                "{} has version {}; this program reads 1",
                path.display(),
                lock.version
            )),
            found => Ok(found.unwrap_or_default()),
        }
    }
}

impl Cache {
    /// A cache at a folder.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The cache that the environment names: `EVENHAND_CACHE_DIR`, else `evenhand` in `XDG_CACHE_HOME`, else in `~/.cache`.
    ///
    /// # Errors
    /// The environment names no folder.
    pub fn of_environment() -> Result<Self, String> {
        Self::of(&|name| std::env::var_os(name).map(PathBuf::from))
    }

    fn of(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
        // A relative one is to be ignored, says the specification of these folders.
        let absolute = |name: &str| set(name).filter(|path| path.is_absolute());
        set("EVENHAND_CACHE_DIR")
            .or_else(|| Some(absolute("XDG_CACHE_HOME")?.join("evenhand")))
            .or_else(|| Some(absolute("HOME")?.join(".cache").join("evenhand")))
            .map(Self::at)
            .ok_or_else(|| {
                "no folder for pulled files is known: set EVENHAND_CACHE_DIR, XDG_CACHE_HOME or HOME"
                    .to_owned()
            })
    }

    /// The folder of a benchmark.
    #[must_use]
    pub fn folder(&self, benchmark: &str) -> PathBuf {
        self.root.join("datasets").join(benchmark)
    }

    /// What was pulled of a benchmark; `None`: nothing.
    ///
    /// # Errors
    /// The index is there and cannot be read, in words.
    pub fn index(&self, benchmark: &str) -> Result<Option<Index>, String> {
        let path = self.folder(benchmark).join(INDEX);
        let found: Option<Index> =
            read_json(&path).map_err(|why| format!("{why}; {}", again(benchmark)))?;
        match found {
            Some(index) if index.version != 1 => Err(format!(
                "{} is of another version of this program; {}",
                path.display(),
                again(benchmark)
            )),
            found => Ok(found),
        }
    }

    /// The pulled files of a benchmark that are for this, each held against its digest and against the lock file beside a suite.
    ///
    /// # Errors
    /// Nothing was pulled, or a file is not what was pulled or meant: with the command that helps.
    pub fn files(
        &self,
        benchmark: &str,
        role: Role,
        beside: &Path,
    ) -> Result<Vec<PathBuf>, String> {
        let Some(index) = self.index(benchmark)? else {
            return Err(format!(
                "the files of {benchmark} are not here yet; {}, or name a file as `path`",
                again(benchmark)
            ));
        };
        let lock = beside.join(LOCK);
        let locked = LockFile::read(&lock)?;
        let folder = self.folder(benchmark);
        let mut paths = Vec::new();
        for file in &index.files {
            let path = folder.join(&file.name);
            let found = sha256_of(&path)
                .map_err(|error| format!("{}: {error}; {}", path.display(), again(benchmark)))?;
            if found != file.kept_sha256 {
                return Err(format!(
                    "{} is not the file that was pulled any more (sha256 {found}, pulled was {}); {}",
                    path.display(),
                    file.kept_sha256,
                    again(benchmark)
                ));
            }
            if let Some(entry) = locked.files.get(&key(benchmark, &file.name))
                && entry.sha256 != file.sha256
            {
                return Err(format!(
                    "{} says sha256 {} for {}, the pulled one has {}; {}",
                    lock.display(),
                    entry.sha256,
                    key(benchmark, &file.name),
                    file.sha256,
                    again(benchmark)
                ));
            }
            if file.role == role {
                paths.push(path);
            }
        }
        Ok(paths)
    }
}

/// What to do where a pulled file is missing or wrong.
fn again(benchmark: &str) -> String {
    format!("pull them: evenhand dataset pull {benchmark}")
}

/// The name of a file in the lock file.
#[must_use]
pub fn key(benchmark: &str, name: &str) -> String {
    format!("{benchmark}/{name}")
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let mut text = String::new();
    let read = file.take(MOST).read_to_string(&mut text);
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    let parsed = serde_json::from_str(&text);
    parsed
        .map(Some)
        .map_err(|error| format!("{} is damaged: {error}", path.display()))
}

/// SHA-256 of a file, in hex.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        digest.update(&piece[..count]);
    }
    Ok(digest
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str, sha256: &str) -> String {
        serde_json::to_string(&Index {
            version: 1,
            benchmark: "b".into(),
            files: vec![PulledFile {
                name: name.into(),
                role: Role::Cases,
                from: "f".into(),
                sha256: sha256.into(),
                bytes: 3,
                kept_sha256: sha256.into(),
                pin: Pin::FirstUse,
            }],
        })
        .unwrap()
    }

    #[test]
    fn the_environment_names_the_cache_and_a_relative_home_is_none() {
        let of = |pairs: &[(&str, &str)]| {
            Cache::of(&|name| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| PathBuf::from(value))
            })
        };
        let all = [
            ("EVENHAND_CACHE_DIR", "c"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(of(&all), Ok(Cache::at("c")));
        assert_eq!(of(&all[1..]), Ok(Cache::at("/x/evenhand")));
        assert_eq!(of(&all[2..]), Ok(Cache::at("/h/.cache/evenhand")));
        assert!(of(&[("XDG_CACHE_HOME", "x"), ("HOME", "")]).is_err());
    }

    #[test]
    fn a_file_is_read_only_while_it_is_the_one_that_was_pulled_and_meant() {
        let (root, suite) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let cache = Cache::at(root.path());
        let said = cache.files("b", Role::Cases, suite.path()).unwrap_err();
        assert!(said.contains("evenhand dataset pull b"), "{said}");
        let folder = cache.folder("b");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("t.jsonl"), "abc").unwrap();
        // The digest that FIPS 180-2 gives for these three letters.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        std::fs::write(folder.join(INDEX), index("t.jsonl", abc)).unwrap();
        let found = cache.files("b", Role::Cases, suite.path()).unwrap();
        assert_eq!(found, [folder.join("t.jsonl")]);
        assert!(
            cache
                .files("b", Role::Examples, suite.path())
                .unwrap()
                .is_empty()
        );

        let lock = |sha256: &str| {
            let locked = format!(
                "{{\"version\": 1, \"files\": {{\"b/t.jsonl\": {{\"sha256\": \"{sha256}\", \"pin\": \"first_use\", \"from\": \"f\"}}}}}}"
            );
            std::fs::write(suite.path().join(LOCK), locked).unwrap();
        };
        lock(abc);
        assert!(cache.files("b", Role::Cases, suite.path()).is_ok());
        lock(&abc.replace('b', "c"));
        let said = cache.files("b", Role::Cases, suite.path()).unwrap_err();
        assert!(
            said.contains("evenhand-datasets.lock says sha256 ca78"),
            "{said}"
        );
        std::fs::write(folder.join("t.jsonl"), "abd").unwrap();
        let said = cache.files("b", Role::Cases, suite.path()).unwrap_err();
        assert!(
            said.contains("is not the file that was pulled any more"),
            "{said}"
        );
        std::fs::write(folder.join(INDEX), "{").unwrap();
        let said = cache.files("b", Role::Cases, suite.path()).unwrap_err();
        assert!(said.contains("is damaged"), "{said}");
    }
}
