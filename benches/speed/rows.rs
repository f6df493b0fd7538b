//! What is measured, row by row.

use std::process::Command;

use super::child::{self, Took};
use super::server::Server;
use super::suite::Desk;
use super::table::{Line, Unit, median, seconds, table};
use crate::Wish;

const MIB: f64 = 1_024.0;

/// Measures every row that is wished for.
pub(crate) fn measure(wish: &Wish) -> String {
    let mut bench = Bench {
        wish,
        lines: Vec::new(),
    };
    bench.start_up();
    bench.calls();
    bench.slow_calls();
    bench.findings();
    bench.page();
    bench.outputs();
    if wish.long {
        bench.million();
    }
    table(&bench.lines)
}

struct Bench<'a> {
    wish: &'a Wish,
    lines: Vec<Line>,
}

/// One kind of run over a chat server.
struct Calls {
    work: &'static str,
    cases: u64,
    judge: bool,
    concurrency: u64,
    rounds: u32,
}

/// What the rounds took, sorted.
struct Rounds {
    wall: Vec<f64>,
    cpu_per_case: Vec<f64>,
    peak: Vec<f64>,
    floor_wall: Option<f64>,
    floor_cpu_per_case: Option<f64>,
    most_at_once: Vec<f64>,
}

impl Bench<'_> {
    fn wants(&self, work: &str) -> bool {
        self.wish
            .only
            .as_deref()
            .is_none_or(|part| work.contains(part))
    }

    fn line(&mut self, line: Line) {
        // Shown as soon as it is there: some rows take minutes.
        #[expect(clippy::print_stderr, reason = "progress of a benchmark")]
        {
            eprint!(
                "{}",
                table(std::slice::from_ref(&line))
                    .lines()
                    .last()
                    .map_or(String::new(), |row| row.to_owned() + "\n")
            );
        }
        self.lines.push(line);
    }

    /// Whole processes that do little.
    fn start_up(&mut self) {
        let desk = Desk::new(&self.wish.program);
        let mut rows: Vec<(&str, f64, f64, Vec<&str>)> = vec![
            ("--version", 0.005, 0.002, vec!["--version"]),
            (
                "check quickstart",
                0.030,
                0.010,
                vec!["check", "quickstart"],
            ),
        ];
        let server = self.server();
        desk.chat(1, &server.url, 64, false);
        rows.push(("run of one case", 0.040, 0.015, vec!["run", "suite.yaml"]));
        for (work, must, aim, arguments) in rows {
            if !self.wants(work) {
                continue;
            }
            let once = || ended(child::run(&mut desk.evenhand(&arguments)), work);
            once();
            let walls = (0..self.wish.rounds * 6).map(|_| seconds(once().wall));
            let line = Line::new(work, "wall", Unit::Seconds, must, aim).with(walls);
            self.line(line);
        }
    }

    fn server(&self) -> Server {
        match &self.wish.server {
            Some(url) => Server::at(url),
            None => Server::start(0),
        }
    }

    /// Calls to a server that answers at once.
    fn calls(&mut self) {
        let server = self.server();
        let work = "10,000 cases, concurrency 64";
        if self.wants(work) {
            let rounds = self.rounds(
                &server,
                &Calls {
                    work,
                    cases: 10_000,
                    judge: false,
                    concurrency: 64,
                    rounds: self.wish.rounds,
                },
            );
            self.line(
                Line::new(work, "wall", Unit::Seconds, 1.0, 0.35)
                    .with(rounds.wall)
                    .above(rounds.floor_wall),
            );
            if let Some(floor) = rounds.floor_cpu_per_case {
                let line = Line::new(work, "CPU a case", Unit::Seconds, 5.0 * floor, 2.5 * floor);
                self.line(line.with(rounds.cpu_per_case).above(Some(floor)));
            }
            self.line(Line::new(work, "peak memory", Unit::Mib, 64.0, 32.0).with(rounds.peak));
        }
        let work = "1,000 cases with a judge call each";
        if self.wants(work) {
            let rounds = self.rounds(
                &server,
                &Calls {
                    work,
                    cases: 1_000,
                    judge: true,
                    concurrency: 64,
                    rounds: self.wish.rounds,
                },
            );
            self.line(
                Line::new(work, "wall", Unit::Seconds, 0.3, 0.12)
                    .with(rounds.wall)
                    .above(rounds.floor_wall),
            );
        }
    }

    /// Calls to a server that takes 200 ms.
    fn slow_calls(&mut self) {
        let (one, two) = (
            "2,000 cases at 200 ms, concurrency 500",
            "50,000 cases at 200 ms, 5,000 in flight",
        );
        if !self.wants(one) && !self.wants(two) {
            return;
        }
        let server = match &self.wish.slow {
            Some(url) => Server::at(url),
            None => Server::start(200),
        };
        if self.wants(one) {
            let rounds = self.rounds(
                &server,
                &Calls {
                    work: one,
                    cases: 2_000,
                    judge: false,
                    concurrency: 500,
                    rounds: self.wish.rounds,
                },
            );
            self.line(
                Line::new(one, "wall", Unit::Seconds, 1.1, 0.9)
                    .with(rounds.wall)
                    .above(rounds.floor_wall),
            );
        }
        if self.wants(two) {
            let rounds = self.rounds(
                &server,
                &Calls {
                    work: two,
                    cases: 50_000,
                    judge: false,
                    concurrency: 5_000,
                    rounds: self.wish.rounds.div_ceil(2),
                },
            );
            self.line(
                Line::new(two, "wall", Unit::Seconds, 5.0, 2.8)
                    .with(rounds.wall)
                    .above(rounds.floor_wall),
            );
            self.line(Line::new(two, "peak memory", Unit::Mib, 300.0, 200.0).with(rounds.peak));
            self.line(Line::shown(two, "most at once", Unit::Count).with(rounds.most_at_once));
        }
    }

    /// Floor and program in turns.
    fn rounds(&self, server: &Server, calls: &Calls) -> Rounds {
        let mut rounds = Rounds {
            wall: Vec::new(),
            cpu_per_case: Vec::new(),
            peak: Vec::new(),
            floor_wall: None,
            floor_cpu_per_case: None,
            most_at_once: Vec::new(),
        };
        let per_case = if calls.judge { 2 } else { 1 };
        let (mut floor_walls, mut floor_cpus) = (Vec::new(), Vec::new());
        for _ in 0..calls.rounds {
            let floor = ended(
                child::run(&mut floor(
                    &server.url,
                    calls.cases * per_case,
                    calls.concurrency,
                )),
                "floor",
            );
            floor_walls.push(seconds(floor.wall));
            floor_cpus.extend(floor.cpu.map(|cpu| seconds(cpu) / calls.cases as f64));
            let _ = server.most_at_once();
            // A folder of its own each time: runs that stand beside it are no part of the work.
            let desk = Desk::new(&self.wish.program);
            desk.chat(calls.cases, &server.url, calls.concurrency, calls.judge);
            let took = ended(
                child::run(&mut desk.evenhand(&["run", "suite.yaml"])),
                calls.work,
            );
            rounds
                .most_at_once
                .extend(server.most_at_once().map(|most| most as f64));
            rounds.wall.push(seconds(took.wall));
            rounds
                .cpu_per_case
                .extend(took.cpu.map(|cpu| seconds(cpu) / calls.cases as f64));
            rounds
                .peak
                .extend(took.peak_kib.map(|kib| kib as f64 / MIB));
        }
        for values in [&mut floor_walls, &mut floor_cpus] {
            values.sort_by(f64::total_cmp);
        }
        rounds.floor_wall = median(&floor_walls);
        rounds.floor_cpu_per_case = median(&floor_cpus);
        rounds
    }

    /// Reports and comparisons of runs that are there.
    fn findings(&mut self) {
        for (trials, must, aim) in [(10_000, 0.3, 0.1), (100_000, 2.0, 0.8)] {
            for repeats in [1, 5] {
                let name = |verb: &str| {
                    let spread = if repeats == 1 {
                        String::new()
                    } else {
                        format!(", {repeats} repeats")
                    };
                    format!("{verb} of {trials} trials{spread}")
                };
                if !self.wants(&name("report")) && !self.wants(&name("compare")) {
                    continue;
                }
                let desk = Desk::new(&self.wish.program);
                desk.recorded(trials / 2 / u64::from(repeats), repeats);
                ended(
                    child::run(&mut desk.evenhand(&["run", "suite.yaml"])),
                    "the run to report on",
                );
                for (verb, arguments) in [
                    ("report", ["report", "latest"]),
                    ("compare", ["compare", "latest"]),
                ] {
                    let work = name(verb);
                    if !self.wants(&work) {
                        continue;
                    }
                    let took: Vec<Took> = (0..self.wish.rounds)
                        .map(|_| ended(child::run(&mut desk.evenhand(&arguments)), &work))
                        .collect();
                    let walls = took.iter().map(|took| seconds(took.wall));
                    let peaks = took
                        .iter()
                        .filter_map(|took| Some(took.peak_kib? as f64 / MIB));
                    self.line(Line::new(&work, "wall", Unit::Seconds, must, aim).with(walls));
                    self.line(Line::new(&work, "peak memory", Unit::Mib, 200.0, 200.0).with(peaks));
                }
            }
        }
    }

    /// A run as a page of one file.
    fn page(&mut self) {
        let work = "report of 10000 trials as html";
        if !self.wants(work) {
            return;
        }
        let desk = Desk::new(&self.wish.program);
        desk.recorded(5_000, 1);
        ended(
            child::run(&mut desk.evenhand(&["run", "suite.yaml"])),
            "the run to report on",
        );
        let arguments = ["report", "latest", "--report", "html=page.html"];
        let walls: Vec<f64> = (0..self.wish.rounds)
            .map(|_| seconds(ended(child::run(&mut desk.evenhand(&arguments)), work).wall))
            .collect();
        self.line(Line::new(work, "wall", Unit::Seconds, 1.0, 0.5).with(walls));
        let mib = desk.size("page.html") as f64 / MIB / MIB;
        self.line(Line::new(work, "file", Unit::Mib, 9.5, 9.5).with([mib]));
    }

    /// Outputs that are there already, scored by a benchmark's rule.
    fn outputs(&mut self) {
        for (work, name, rows, must, aim) in [
            ("score 200,000 gsm8k outputs", "gsm8k", 200_000, 2.0, 1.0),
            (
                "score 200,000 mmlu_pro outputs",
                "mmlu_pro",
                200_000,
                2.0,
                1.0,
            ),
            ("score 541 ifeval outputs", "ifeval", 541, 0.2, 0.1),
        ] {
            if !self.wants(work) {
                continue;
            }
            let desk = Desk::new(&self.wish.program);
            desk.outputs(name, rows);
            let arguments = [
                "score",
                "--benchmark",
                name,
                "--cases",
                "rows.jsonl",
                "--outputs",
                "outputs.jsonl",
                "-q",
            ];
            let took: Vec<Took> = (0..self.wish.rounds)
                .map(|_| ended(child::run(&mut desk.evenhand(&arguments)), work))
                .collect();
            let walls = took.iter().map(|took| seconds(took.wall));
            self.line(Line::new(work, "wall", Unit::Seconds, must, aim).with(walls));
        }
    }

    /// The one row that takes minutes.
    fn million(&mut self) {
        let work = "1,000,000 cases, concurrency 64";
        if !self.wants(work) {
            return;
        }
        let server = self.server();
        let rounds = self.rounds(
            &server,
            &Calls {
                work,
                cases: 1_000_000,
                judge: false,
                concurrency: 64,
                rounds: 1,
            },
        );
        self.line(
            Line::shown(work, "wall", Unit::Seconds)
                .with(rounds.wall)
                .above(rounds.floor_wall),
        );
        self.line(Line::new(work, "peak memory", Unit::Mib, 128.0, 96.0).with(rounds.peak));
    }
}

fn floor(url: &str, calls: u64, at_once: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program's own path"));
    command.args(["--as-floor", url, &calls.to_string(), &at_once.to_string()]);
    command
}

/// What a process took that ended well; one that did not is no measurement.
fn ended(took: Took, work: &str) -> Took {
    assert_eq!(
        took.code,
        Some(0),
        "{work} did not end well:\n{}",
        took.stderr
    );
    took
}
