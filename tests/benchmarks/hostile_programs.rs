//! Programs that mean harm: harness and machine stay whole, and none of them is right. Each is bounded by itself, too: where a wall is
//! missing, a fork bomb makes 64 processes and ends.
//!
//! `cargo test --test benchmarks hostile_programs -- --nocapture` prints each program with what became of it.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::cli::{Desk, Said};
use crate::executed::{python, scored};

#[expect(clippy::print_stdout, reason = "the list is what is looked for")]
fn say(line: &str) {
    println!("{line}");
}

/// What stands after the function, which itself is right.
fn row(name: &str, program: &str) -> Value {
    json!({"task_id": name, "prompt": "def f():\n    return 0\n", "entry_point": "f",
           "test": "def check(f):\n    assert f() == 0\n", "completion": program})
}

fn rows(programs: &[(&str, String)]) -> String {
    let rows = programs
        .iter()
        .map(|(name, program)| row(name, program).to_string());
    rows.collect::<Vec<_>>().join("\n")
}

const BY_ITSELF: &[&str] = &[
    "humaneval",
    "--convention",
    "completion",
    "--outputs",
    "programs.jsonl",
];

/// What must hold, so that a program may be tried at all.
#[derive(Clone, Copy, PartialEq)]
enum Wall {
    /// Nothing: the program bounds itself, or limits do.
    None,
    /// The filter of system calls.
    Calls,
    /// Files outside are out of reach.
    Files,
    /// Its folder is bounded.
    Folder,
}

#[test]
fn programs_that_mean_harm_are_held_and_never_right() {
    if !python() {
        return;
    }
    let desk = Desk::new(&[("programs.jsonl", &rows(&[("harmless", String::new())]))]);
    let (report, _) = scored(&desk, BY_ITSELF);
    let held_by = report["executed"]
        .as_str()
        .expect("what holds programs")
        .to_owned();
    let holds = |wall: Wall| match wall {
        Wall::None => true,
        Wall::Calls => held_by.contains("a filter of system calls"),
        Wall::Files => held_by.contains("bwrap") || held_by.contains("Landlock"),
        Wall::Folder => held_by.contains("bwrap"),
    };
    say(&format!("held by {held_by}"));
    desk.write("canary.txt", "sings");
    let canary = desk.path().join("canary.txt");
    let canary_text = format!("{:?}", canary.display().to_string());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    let home = std::env::var("HOME").unwrap_or_else(|_| "/root".to_owned());
    let connect = format!("import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)\n");
    let programs: Vec<(&str, Wall, String)> = [
        ("fork bomb", Wall::None, "import os\nfor _ in range(6):\n    os.fork()\nassert False\n".to_owned()),
        ("threads without end", Wall::None, "import threading, time\nfor _ in range(2000):\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\nassert False\n".to_owned()),
        ("output without end", Wall::None, "import sys\nwhile True:\n    sys.stdout.write('x' * 65536)\n    sys.stderr.write('y' * 65536)\n".to_owned()),
        ("loop without end", Wall::None, "while True:\n    pass\n".to_owned()),
        ("loop that catches everything", Wall::None, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n".to_owned()),
        ("memory without end", Wall::None, "held = []\nwhile True:\n    held.append(bytearray(1 << 26))\n".to_owned()),
        ("recursion without end", Wall::None, "import sys\nsys.setrecursionlimit(1 << 30)\ndef g():\n    return g()\ng()\n".to_owned()),
        ("kills its parent", Wall::None, "import os\nos.kill(os.getppid(), 9)\nassert False\n".to_owned()),
        ("kills its group", Wall::None, "import os\nos.killpg(0, 9)\nassert False\n".to_owned()),
        ("kills everything", Wall::Calls, "import os\nos.kill(-1, 9)\n".to_owned()),
        ("kills its runner by way of a pipe", Wall::Calls, signalled("os.getppid()")),
        ("kills itself", Wall::None, "import os\nos.kill(os.getpid(), 9)\n".to_owned()),
        ("reads our environment", Wall::None, "import os\nassert 'EVENHAND_CANARY' in os.environ\n".to_owned()),
        ("reads the environment of its runner", Wall::Files, "import os\nfor pid in ('self', str(os.getppid()), '1'):\n    try:\n        if b'CANARY' in open('/proc/%s/environ' % pid, 'rb').read():\n            break\n    except OSError:\n        pass\nelse:\n    raise OSError('none can be read')\n".to_owned()),
        ("deletes a file outside", Wall::Files, format!("import os\nos.remove({canary_text})\n")),
        ("reads a file outside", Wall::Files, format!("assert open({canary_text}).read() == 'sings'\n")),
        ("changes a file outside", Wall::Files, format!("open({canary_text}, 'a').write('!')\n")),
        ("lists our home", Wall::Files, format!("import os\nassert os.listdir({home:?})\n")),
        ("links to a file outside", Wall::Files, format!("import os\nos.symlink({canary_text}, 'here')\nopen('here').read()\n")),
        ("writes a huge file", Wall::None, "with open('big', 'wb') as file:\n    for _ in range(64):\n        file.write(bytes(1 << 20))\n".to_owned()),
        ("writes many files", Wall::Folder, "for at in range(100):\n    with open('part%d' % at, 'wb') as file:\n        file.write(bytes(1 << 20))\n".to_owned()),
        ("connects to a port", Wall::None, connect),
        ("opens a port", Wall::Calls, "import socket\nsocket.socket().bind(('127.0.0.1', 0))\n".to_owned()),
        ("leaves a daemon behind", Wall::None, "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(2)\n    os._exit(0)\nassert False\n".to_owned()),
        ("starts another program", Wall::None, "import subprocess\nsubprocess.run(['true'])\nassert False\n".to_owned()),
        ("becomes another program", Wall::Calls, "import os\nos.execv('/bin/true', ['true'])\n".to_owned()),
        ("takes what it closed from itself", Wall::None, "import os\nos.makedirs('a/b')\nos.chmod('a', 0)\nassert False\n".to_owned()),
        ("prints our verdict", Wall::None, "print('{\"verdict\": \"passed\", \"detail\": \"\", \"calls\": true, \"files\": true}', flush=True)\nraise SystemExit(0)\n".to_owned()),
        ("says it everywhere", Wall::None, "import os\nfor fd in range(64):\n    for word in (b'P', b'{\"verdict\": \"passed\"}\\n'):\n        try:\n            os.write(fd, word)\n        except OSError:\n            pass\nos._exit(0)\n".to_owned()),
        ("exits at once", Wall::None, "import sys\nsys.exit(0)\n".to_owned()),
        ("exits behind our back", Wall::None, "import os\nos._exit(0)\n".to_owned()),
        ("closes everything", Wall::None, "import os\nos.closerange(0, 64)\n".to_owned()),
        ("turns its outputs around", Wall::None, "import os\nfor fd in range(2, 64):\n    os.dup2(1, fd)\nos._exit(0)\n".to_owned()),
        ("puts other things into modules", Wall::None, "import os\nos._exit = lambda code: None\nos.write = lambda *given: 0\nos.read = lambda *given: b''\nraise ValueError('no')\n".to_owned()),
        ("fails in a way that fails", Wall::None, "class Worse(Exception):\n    def __str__(self):\n        raise SystemExit(0)\nraise Worse()\n".to_owned()),
    ]
    .into_iter()
    .collect();
    let (tried, left): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|(_, wall, _)| holds(*wall));
    let mut given: Vec<(&str, String)> = tried
        .into_iter()
        .map(|(name, _, program)| (name, program))
        .collect();
    given.push(("harmless", "    pass\n".to_owned()));
    desk.write("programs.jsonl", rows(&given));
    let mut words = vec![
        "score",
        "--allow-exec",
        "--format",
        "json",
        "--verdicts",
        "v.jsonl",
        "--benchmark",
    ];
    words.extend(BY_ITSELF);
    let mut command = desk.command(&words);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("EVENHAND_CANARY", "a secret of ours");
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    let pid = child.id();
    let said = Said::of(child.wait_with_output().expect("the binary ends")).ends(0);
    let report: Value = serde_json::from_str(&said.stdout).expect("a report");
    let verdicts: Vec<Value> = desk
        .read("v.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict"))
        .collect();
    assert_eq!(verdicts.len(), given.len());
    let mut right = Vec::new();
    for verdict in &verdicts {
        let name = verdict["id"].as_str().expect("a name");
        let end = verdict["detail"]
            .as_str()
            .or(verdict["unscored"].as_str())
            .unwrap_or_default();
        say(&format!("{name:<38} {end}"));
        if verdict["pass"] == json!(true) {
            right.push(name);
        }
    }
    for (name, ..) in &left {
        say(&format!("{name:<38} not tried: no wall that would hold it"));
    }
    assert_eq!(right, ["harmless"]);
    if holds(Wall::Calls) {
        assert_eq!(report["unscored"], json!({}), "nobody ended the runner");
    }
    assert_eq!(desk.read("canary.txt"), "sings");
    assert!(listener.accept().is_err(), "nobody connected");
    assert_eq!(left_behind(pid), Vec::<String>::new());
}

/// Has a pipe send the signal that ends everything to a process, as soon as something is written into it.
fn signalled(whom: &str) -> String {
    format!(
        "import os, fcntl\nout, into = os.pipe()\nfcntl.fcntl(out, 8, {whom})\nfcntl.fcntl(out, 10, 9)\nfcntl.fcntl(out, fcntl.F_SETFL, os.O_ASYNC)\nos.write(into, b'x')\nassert False\n"
    )
}

#[test]
fn where_no_namespace_holds_a_program_the_filter_keeps_it_from_what_is_outside() {
    use std::os::unix::fs::MetadataExt;
    if !python() {
        return;
    }
    let desk = Desk::new(&[("canary.txt", "sings")]);
    let canary = desk.path().join("canary.txt");
    let path = format!("{:?}", canary.display().to_string());
    let mut other = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .expect("another process of this user");
    let programs = [
        (
            "signals another process",
            signalled(&other.id().to_string()),
        ),
        (
            "opens a file to everybody",
            format!("import os\nos.chmod({path}, 0o777)\n"),
        ),
        (
            "turns back the time of a file",
            format!("import os\nos.utime({path}, (1, 1))\n"),
        ),
        (
            "gives a file away",
            format!("import os\nos.chown({path}, os.getuid(), os.getgid())\n"),
        ),
        (
            "cuts a file",
            format!("import os\nos.truncate({path}, 0)\n"),
        ),
        (
            "means to outlive its runner",
            "import ctypes\nassert ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0\n".to_owned(),
        ),
        (
            "wants more than its limits",
            "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))\n".to_owned(),
        ),
    ];
    desk.write("programs.jsonl", rows(&programs));
    // Nothing but the interpreter is found.
    let found = std::process::Command::new("python3")
        .args([
            "-I",
            "-c",
            "import os, sys; print(os.path.realpath(sys.executable))",
        ])
        .output()
        .expect("python3 starts");
    let interpreter = String::from_utf8(found.stdout).expect("its path");
    std::fs::create_dir(desk.path().join("bin")).expect("a folder");
    std::os::unix::fs::symlink(interpreter.trim(), desk.path().join("bin/python3"))
        .expect("a link");
    let mut words = vec!["score", "--allow-exec", "--format", "json", "--benchmark"];
    words.extend(BY_ITSELF);
    let mut command = desk.command(&words);
    command.env("PATH", desk.path().join("bin"));
    let before = std::fs::metadata(&canary).expect("it is there");
    let said = Said::of(command.output().expect("the binary starts")).ends(0);
    let after = std::fs::metadata(&canary).expect("it is there");
    let ended = other.try_wait().expect("a child of ours");
    other.kill().expect("a child of ours");
    other.wait().expect("a child of ours");
    let report: Value = serde_json::from_str(&said.stdout).expect("a report");
    let held_by = report["executed"].as_str().unwrap_or_default();
    if !held_by.contains("a filter of system calls") || held_by.contains("bwrap") {
        return say(&format!("held by {held_by}: nothing was tried"));
    }
    assert_eq!(report["passed"], json!(0), "{report}");
    assert_eq!(report["unscored"], json!({}));
    assert_eq!(ended, None, "another process is signalled by nobody");
    assert_eq!(
        (before.mode(), before.mtime(), before.len()),
        (after.mode(), after.mtime(), after.len())
    );
}

/// Processes that carry the mark of a program which that process started.
fn left_behind(pid: u32) -> Vec<String> {
    let mark = format!("EVENHAND_CHILD={pid}.");
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.chars().all(|one| one.is_ascii_digit()))
        .filter(|name| {
            let environment = std::fs::read(format!("/proc/{name}/environ")).unwrap_or_default();
            environment
                .windows(mark.len())
                .any(|part| part == mark.as_bytes())
        })
        .collect()
}

/// What no interpreter can keep from its own program, and the page says so: these are made against the tests and the runner themselves.
#[test]
fn what_is_made_against_the_tests_or_the_runner_itself_can_pass() {
    if !python() {
        return;
    }
    let programs = [
        ("equals everything", "class Any:\n    def __eq__(self, other):\n        return True\ndef f():\n    return Any()\n".to_owned()),
        ("reads the runner's own pipe", "import os\nos.write(4, b'P' + os.read(3, 64))\nos._exit(0)\n".to_owned()),
    ];
    let desk = Desk::new(&[("programs.jsonl", &rows(&programs))]);
    let (report, _) = scored(&desk, BY_ITSELF);
    assert_eq!(report["passed"], json!(2));
}
