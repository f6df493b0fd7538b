//! Executes programs that models wrote, behind what walls the system has.
//!
//! Which walls hold is tried once, before anything is executed: a namespace of its own for processes, network and files by `bwrap`, else
//! by `unshare`, else none. Inside, `runner.py` confines the program by what the kernel offers to any process: a filter of system calls
//! (no further process, no connection, no signal to others, no change of permissions), Landlock (no file outside its own folder and the
//! interpreter), and limits of memory, processor time, open files and the size of a file. What is missing is never hidden: [`Sandbox::gaps`] names it.
//!
//! The program starts in an empty folder of its own that is removed afterwards, with an empty environment but `PATH` and `HOME`, no
//! input, and outputs that nobody reads. What the runner says is a line, and no program can say it in its place: it has no way to the
//! runner's output.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::child::{Patience, Starter};
use super::conversation::hear_within;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Answer, Call, CodeCall, Program};

/// What confines a program and says how it ended.
const RUNNER: &str = include_str!("runner.py");

/// The oldest interpreter that runs it.
const OLDEST: (u32, u32) = (3, 9);

/// The most bytes of what the runner says.
const OUTPUT_CAP: u64 = 16 << 10;

/// How long a trial of walls may take; the runner's own start on a busy machine is the longest part.
const TRIAL: Duration = Duration::from_secs(20);

/// The most bytes that a program can write in all, where its folder is in memory.
const FOLDER_BYTES: &str = "67108864";

/// Where programs are executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// The outer wall with its arguments, then the interpreter: what stands before the runner's own.
    command: Vec<String>,
    outer: Outer,
    walls: Walls,
}

/// The outer wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outer {
    Bubblewrap,
    Unshare,
    None,
}

/// What the runner says of the walls around the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Walls {
    /// System calls are filtered.
    calls: bool,
    /// Files outside are out of reach.
    files: bool,
}

/// Why nothing can be executed here.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The interpreter is not there, or too old.
    #[error(
        "python3 cannot be started ({0}); install Python 3.9 or later and put it on PATH, or replay a cassette"
    )]
    NoPython(String),
    /// The interpreter does not execute the simplest program.
    #[error("python3 does not execute a program that does nothing: {0}")]
    Broken(String),
}

/// Where the interpreter is.
#[derive(Debug, Deserialize)]
struct Interpreter {
    file: String,
    version: (u32, u32),
    folders: Vec<String>,
}

const WHERE: &str = "import json, os, sys; print(json.dumps({'file': os.path.realpath(sys.executable), 'version': sys.version_info[:2], \
                     'folders': sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix})}))";

/// A program that needs what most do.
const SIMPLEST: &str = "import collections, heapq, itertools, json, math, random, re\n";

impl Sandbox {
    /// Finds the interpreter and tries which walls hold. Starts some short processes; not to be called from within a runtime.
    ///
    /// # Errors
    /// That there is no interpreter, or none that works.
    pub fn find() -> Result<Self, SandboxError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| SandboxError::Broken(error.to_string()))?;
        runtime.block_on(find())
    }

    /// What holds a program, in words: `bwrap, a filter of system calls, Landlock`.
    #[must_use]
    pub fn words(&self) -> String {
        let outer = match self.outer {
            Outer::Bubblewrap => Some("bwrap"),
            Outer::Unshare => Some("unshare"),
            Outer::None => None,
        };
        let calls = self.walls.calls.then_some("a filter of system calls");
        let files = self.walls.files.then_some("Landlock");
        let limits = Some("limits of time, memory and files");
        let walls: Vec<&str> = [outer, calls, files, limits]
            .into_iter()
            .flatten()
            .collect();
        walls.join(", ")
    }

    /// What a program could do here that it should not, in words; empty where all walls hold.
    #[must_use]
    pub fn gaps(&self) -> Vec<&'static str> {
        let network = self.outer != Outer::None || self.walls.calls;
        let processes = self.walls.calls;
        let files = self.outer == Outer::Bubblewrap || self.walls.files;
        // Landlock knows nothing of them.
        let marks = self.outer == Outer::Bubblewrap || self.walls.calls || !files;
        let disk = self.outer == Outer::Bubblewrap;
        [
            (network, "reach the network"),
            (
                processes,
                "start processes, and signal those of the same user",
            ),
            (files, "read and change files of the same user"),
            (
                marks,
                "change permissions and times of files of the same user",
            ),
            (
                disk,
                "write more files than there is room for, while its time lasts",
            ),
        ]
        .into_iter()
        .filter_map(|(holds, gap)| (!holds).then_some(gap))
        .collect()
    }

    /// What is started for a program, in a folder of its own.
    fn program(&self, folder: &Path) -> Program {
        let words = ["-I", "-B", "-X", "utf8", "-c", RUNNER];
        Program {
            command: self
                .command
                .iter()
                .cloned()
                .chain(words.map(str::to_owned))
                .collect(),
            folder: folder.to_owned(),
            environment: Vec::new(),
            output_cap: OUTPUT_CAP,
            workers: None,
            told_of_ends: false,
        }
    }
}

async fn find() -> Result<Sandbox, SandboxError> {
    let starter = Starter {
        launcher: None,
        patience: Patience::default(),
        ..Starter::default()
    };
    let interpreter = interpreter().await?;
    let mut last = String::new();
    for (outer, command) in candidates(&interpreter) {
        let sandbox = Sandbox {
            command,
            outer,
            walls: Walls {
                calls: false,
                files: false,
            },
        };
        match try_out(&starter, &sandbox).await {
            Ok(walls) => return Ok(Sandbox { walls, ..sandbox }),
            Err(why) => last = why,
        }
    }
    Err(SandboxError::Broken(last))
}

async fn interpreter() -> Result<Interpreter, SandboxError> {
    let none = |why: &dyn std::fmt::Display| SandboxError::NoPython(why.to_string());
    let started = tokio::process::Command::new("python3")
        .args(["-I", "-c", WHERE])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match tokio::time::timeout(TRIAL, started).await {
        Err(_) => return Err(none(&"it does not answer")),
        Ok(Err(error)) => return Err(none(&error)),
        Ok(Ok(output)) => output,
    };
    let found: Interpreter =
        serde_json::from_slice(&output.stdout).map_err(|_| none(&"it is no Python 3"))?;
    let (major, minor) = found.version;
    if found.version < OLDEST {
        return Err(none(&format!("it is version {major}.{minor}")));
    }
    Ok(found)
}

/// Outer walls with their interpreter, the best first.
fn candidates(interpreter: &Interpreter) -> Vec<(Outer, Vec<String>)> {
    let words =
        |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let python = || [interpreter.file.clone()];
    let mut places = words(&[
        "/usr",
        "/lib",
        "/lib64",
        "/bin",
        "/nix/store",
        "/etc/ld.so.cache",
        "/etc/localtime",
    ]);
    places.extend(interpreter.folders.iter().cloned());
    let bubblewrap = |options: &[&str]| {
        let mut command = words(&[
            "bwrap",
            "--unshare-user",
            "--unshare-pid",
            "--unshare-net",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--die-with-parent",
            "--cap-drop",
            "ALL",
        ]);
        for place in &places {
            command.extend(["--ro-bind-try".to_owned(), place.clone(), place.clone()]);
        }
        command.extend(words(&["--dev", "/dev"]));
        // What is not bound is memory: only the program's own folder, which has a bound, may be written to.
        command.extend(words(&["--remount-ro", "/dev"]));
        command.extend(words(options));
        command.extend(words(&["--tmpfs", "/tmp", "--remount-ro", "/"]));
        command.extend(words(&["--chdir", "/tmp", "--"]));
        command.extend(python());
        command
    };
    let mut unshare = words(&[
        "unshare",
        "--user",
        "--map-root-user",
        "--net",
        "--ipc",
        "--uts",
        "--pid",
        "--fork",
        "--kill-child",
        "--",
    ]);
    unshare.extend(python());
    // A folder in memory must have a bound, or it is no better than one on the disk.
    vec![
        (Outer::Bubblewrap, bubblewrap(&["--size", FOLDER_BYTES])),
        (Outer::Unshare, unshare),
        (Outer::None, python().to_vec()),
    ]
}

/// Whether a program comes to its end behind these walls, and what the runner says of its own.
async fn try_out(starter: &Starter, sandbox: &Sandbox) -> Result<Walls, String> {
    #[derive(Deserialize)]
    struct Said {
        verdict: String,
        detail: String,
        #[serde(flatten)]
        walls: Walls,
    }
    let code = CodeCall {
        program: SIMPLEST.to_owned(),
        time: TRIAL / 2,
        memory: 1 << 30,
        file: 1 << 20,
    };
    let answer = started(starter, sandbox, &code, TRIAL).await;
    let answer = answer.map_err(|fault| fault.message)?;
    let said: Said = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    match said.verdict.as_str() {
        "passed" => Ok(said.walls),
        other => Err(format!("{other}: {}", said.detail)),
    }
}

/// Executes a program behind walls.
pub(super) async fn execute(
    starter: &Starter,
    sandbox: &Sandbox,
    call: &Call,
    code: &CodeCall,
) -> Result<Answer, Fault> {
    started(starter, sandbox, code, call.timeout).await
}

async fn started(
    starter: &Starter,
    sandbox: &Sandbox,
    code: &CodeCall,
    timeout: Duration,
) -> Result<Answer, Fault> {
    let folder = Folder::new()?;
    let program = sandbox.program(&folder.0);
    let line = json!({
        "program": code.program,
        "seconds": code.time.as_secs_f64(),
        "memory": code.memory,
        "file": code.file,
    });
    let path = std::env::var("PATH").map(|path| ("PATH".to_owned(), path));
    let start = Instant::now();
    let running = starter.start_with(&program, path.into_iter().collect())?;
    hear_within(running, start, timeout, line.to_string().as_bytes()).await
}

/// An empty folder, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    /// The most names that are tried.
    const NAMES: u32 = 10_000;

    fn new() -> Result<Self, Fault> {
        Self::within(&std::env::temp_dir())
    }

    fn within(above: &Path) -> Result<Self, Fault> {
        use std::os::unix::fs::DirBuilderExt;
        use std::sync::atomic::{AtomicU64, Ordering};
        static MADE: AtomicU64 = AtomicU64::new(0);
        let mut tries = 0;
        loop {
            tries += 1;
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("evenhand-code-{}-{number}", std::process::id());
            let path = above.join(name);
            let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
            match made {
                Ok(()) => return Ok(Self(path)),
                // One that is there may be anybody's: of a process of this number that was killed, say.
                Err(error)
                    if error.kind() == std::io::ErrorKind::AlreadyExists && tries < Self::NAMES => {
                }
                Err(error) => {
                    let message =
                        format!("{} cannot be made for a program: {error}", path.display());
                    return Err(Fault::new(FaultKind::Internal, message));
                }
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.0).is_err() {
            open_up(&self.0);
            if let Err(error) = std::fs::remove_dir_all(&self.0) {
                tracing::warn!("{} cannot be removed: {error}", self.0.display());
            }
        }
    }
}

/// Gives back to us what a program took from itself: folders that nobody may enter.
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        let _ = std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700));
        let inside = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let is_folder =
            |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        left.extend(inside.filter(is_folder).map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(outer: Outer, calls: bool, files: bool) -> Sandbox {
        Sandbox {
            command: Vec::new(),
            outer,
            walls: Walls { calls, files },
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(sandbox(Outer::Bubblewrap, true, false).gaps().is_empty());
        let none = sandbox(Outer::None, false, false);
        assert_eq!(none.gaps().len(), 4);
        assert_eq!(none.words(), "limits of time, memory and files");
        let disk = sandbox(Outer::Unshare, true, true);
        assert_eq!(disk.gaps().len(), 1);
        let no_calls = sandbox(Outer::Unshare, false, true);
        assert_eq!(
            no_calls.gaps()[1..],
            [
                "change permissions and times of files of the same user",
                "write more files than there is room for, while its time lasts",
            ]
        );
    }

    #[test]
    fn a_folder_that_is_there_already_is_anybodys_and_another_is_made() {
        let above = tempfile::tempdir().unwrap();
        let first = Folder::within(above.path()).ok().unwrap();
        let name = first.0.file_name().unwrap().to_str().unwrap().to_owned();
        let (stem, number) = name.rsplit_once('-').unwrap();
        let number: u64 = number.parse().unwrap();
        for next in number + 1..number + 50 {
            let left = above.path().join(format!("{stem}-{next}"));
            std::fs::create_dir(&left).unwrap();
            std::fs::write(left.join("left"), "x").unwrap();
        }
        let second = Folder::within(above.path()).ok().unwrap();
        assert_eq!(std::fs::read_dir(&second.0).unwrap().count(), 0);
        drop((first, second));
        assert_eq!(std::fs::read_dir(above.path()).unwrap().count(), 49);
    }

    /// The outer wall of a machine that lacks one of its tools must not be half a wall.
    #[test]
    fn behind_bubblewrap_nothing_but_the_programs_own_folder_can_be_written_to() {
        let interpreter = Interpreter {
            file: "/usr/bin/python3".to_owned(),
            version: (3, 9),
            folders: Vec::new(),
        };
        let (_, command) = candidates(&interpreter).swap_remove(0);
        let at = |words: &[&str]| {
            command
                .windows(words.len())
                .position(|part| part == words)
                .unwrap_or_else(|| panic!("{words:?} is not in {command:?}"))
        };
        assert!(at(&["--dev", "/dev"]) < at(&["--remount-ro", "/dev"]));
        assert!(at(&["--size", FOLDER_BYTES, "--tmpfs", "/tmp"]) < at(&["--remount-ro", "/"]));
    }

    #[test]
    fn a_folder_is_gone_whatever_was_left_in_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new().ok().unwrap();
        let path = folder.0.clone();
        let inside = path.join("a").join("b");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(inside.join("c"), "x").unwrap();
        let closed = std::fs::Permissions::from_mode(0o000);
        std::fs::set_permissions(path.join("a"), closed).unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
