//! Findings as they occur, written by hand: what screens and files are tried on.

use std::collections::BTreeMap;

use crate::analysis::findings::{
    Comparison, Design, Estimate, Figure, Finding, Findings, Flipped, GateFindings, GateOutcome,
    JudgeFindings, RunFacts, SCHEMA_VERSION, Slice, TargetFindings, Unit,
};
use crate::domain::event::Spent;

use super::{Frame, NextStep};

mod book;
mod calibrated;
mod parts;
mod rows;

pub(super) use book::{Book, book};
use calibrated::{calibrated, stale};
use parts::*;
pub(super) use rows::{rendered, rendered_with, rows};

/// Two targets, three repeats, gates of every outcome, one of them failed: the screen of the design.
pub(super) fn support() -> Findings {
    let mut prod = target(
        "prod",
        480,
        vec![
            ("success_rate", of(Unit::Rate, rate(88.8, 84.6, 92.0, 160))),
            ("cites-policy", of(Unit::Rate, rate(95.0, 91.9, 97.0, 160))),
            ("helpful >= 4", judged(rate(91.2, 87.4, 94.0, 160))),
            ("helpful", of(Unit::Score, mean(4.412, 4.331, 4.493, 160))),
            ("pass^3", of(Unit::Rate, rate(79.4, 72.5, 84.9, 160))),
            (
                "latency_p50_ms",
                of(Unit::Milliseconds, mean(1_214.0, 1_150.0, 1_290.0, 160)),
            ),
            (
                "latency_p90_ms",
                of(Unit::Milliseconds, mean(2_100.0, 2_000.0, 2_300.0, 160)),
            ),
            (
                "latency_p95_ms",
                of(Unit::Milliseconds, mean(2_900.0, 2_610.0, 3_340.0, 160)),
            ),
            (
                "cost_usd",
                of(Unit::Usd, mean(0.000_91, 0.000_88, 0.000_94, 160)),
            ),
            (
                "cost_per_success",
                of(Unit::Usd, mean(0.001_03, 0.000_98, 0.001_09, 160)),
            ),
            ("tokens_out", of(Unit::Tokens, mean(96.2, 93.0, 99.4, 160))),
        ],
    );
    prod.retried = 3;
    let mut next = target(
        "next",
        480,
        vec![
            (
                "success_rate",
                of(
                    Unit::Rate,
                    Estimate {
                        coverage: 478.0 / 480.0,
                        trials: 478,
                        worst: Some(0.879),
                        best: Some(0.8812),
                        ..rate(88.1, 83.9, 91.4, 160)
                    },
                ),
            ),
            ("cites-policy", of(Unit::Rate, rate(95.4, 92.4, 97.3, 160))),
            ("helpful >= 4", judged(rate(90.2, 86.2, 93.2, 160))),
            ("helpful", of(Unit::Score, mean(4.374, 4.290, 4.458, 160))),
            ("pass^3", of(Unit::Rate, rate(76.9, 69.8, 82.7, 158))),
            (
                "latency_p50_ms",
                of(Unit::Milliseconds, mean(1_482.0, 1_400.0, 1_560.0, 160)),
            ),
            (
                "latency_p90_ms",
                of(Unit::Milliseconds, mean(4_100.0, 3_800.0, 4_700.0, 160)),
            ),
            (
                "latency_p95_ms",
                of(Unit::Milliseconds, mean(5_210.0, 4_630.0, 6_870.0, 160)),
            ),
            (
                "cost_usd",
                of(Unit::Usd, mean(0.001_16, 0.001_12, 0.001_21, 160)),
            ),
            (
                "cost_per_success",
                of(Unit::Usd, mean(0.001_32, 0.001_25, 0.001_40, 160)),
            ),
            (
                "tokens_out",
                of(Unit::Tokens, mean(121.0, 117.0, 125.0, 160)),
            ),
        ],
    );
    next.completed = 478;
    next.errors = counts(&[("timed_out", 2)]);
    next.agent_failures = counts(&[("deadline", 1), ("crashed", 3)]);
    next.retried = 12;
    next.cut_by_length = 5;
    next.missing_rate = 2.0 / 480.0;
    let mut primary = comparison(
        "success_rate",
        rate(-0.6, -4.9, 3.6, 160),
        "Unclear: -0.6 points [-4.9, +3.6], 160 cases; to see 3 points takes about 640 cases (480 more).",
    );
    primary.flipped = Flipped {
        gained: ids(&[3, 12, 20, 58, 71, 90, 104, 133, 150]),
        lost: ids(&[17, 44, 51, 62, 77, 81, 99, 120, 121, 140, 158]),
        ..Flipped::default()
    };
    let secondary = |metric: &str, finding, sentence: &str| Comparison {
        role: "secondary".into(),
        finding: Some(finding),
        adjustment: "holm".into(),
        tests: 7,
        ..comparison(metric, mean(268.0, 190.0, 346.0, 160), sentence)
    };
    let mut undecided = gate(
        "success_rate drop <= 3 points",
        "success_rate",
        GateOutcome::Undecided,
        0,
        "at worst 4.1 points lower (95 % sure), allowed 3.0; about 510 cases would tell",
    );
    undecided.cause = Some("precision".into());
    undecided.needs_n = Some(510);
    Findings {
        schema_version: SCHEMA_VERSION,
        run: run("support-agent", "20261122-095841-support-agent-7f3a"),
        design: design(160, 3),
        targets: vec![prod, next],
        comparisons: vec![
            primary,
            secondary(
                "cites-policy",
                Finding::Same,
                "NEXT and PROD are the same in cites-policy within 3 points: +0.4 [-1.9, +2.7] (90 %), 160 cases.",
            ),
            secondary(
                "helpful >= 4",
                Finding::Unclear,
                "Unclear: helpful >= 4 -1.0 points [-5.1, +3.1], 160 cases.",
            ),
            secondary(
                "latency_p50_ms",
                Finding::Worse,
                "NEXT is worse than PROD: latency_p50_ms +268 ms [+190, +346] (x 1.22), 160 cases, p < 0.0001.",
            ),
        ],
        judges: ["prod", "next"]
            .map(|target| JudgeFindings {
                scorer: "helpful".into(),
                target: target.into(),
                digest: "4be19a0c33f7d2e84be19a0c33f7d2e8".into(),
                model: "qwen3:8b".into(),
                calibration: "uncalibrated".into(),
                conclusion: None,
                certificate: None,
                metric: Some("helpful >= 4".into()),
                raw: Figure::Estimate(rate(91.2, 87.4, 94.0, 160)),
                corrected: None,
                method: "none".into(),
                why: Some("the suite names no `labels` of this run's outputs for helpful; it has no certificate".into()),
                unscored: BTreeMap::new(),
                orders: None,
            })
            .into(),
        gates: vec![
            gate(
                "success_rate >= 85 %",
                "success_rate",
                GateOutcome::Passed,
                0,
                "88.1 % [83.9, 91.4]",
            ),
            undecided,
            gate(
                "latency_p95_ms <= 4 s",
                "latency_p95_ms",
                GateOutcome::Failed,
                100,
                "5.21 s [4.63, 6.87]",
            ),
        ],
        quarantine: vec![],
        differences: vec![],
        warnings: vec![
            "undecided: success_rate drop <= 3 points: at worst 4.1 points lower (95 % sure), allowed 3.0; about 510 cases would tell".into(),
        ],
    }
}

/// The frame of a run that failed a gate.
pub(super) fn support_frame() -> Frame {
    Frame {
        reports: vec!["runs/20261122-095841-support-agent-7f3a/reports/report.json".into()],
        next: vec![NextStep {
            command: "evenhand judge calibrate helpfulness --labels labels.csv --suite suite.yaml"
                .into(),
            why: "20 labels start it, about 100 certify it".into(),
        }],
        exit: Some((100, "a gate failed".into())),
        ..Frame::default()
    }
}

/// What stands below the example of this name.
pub(super) fn frame(name: &str) -> Frame {
    let step = |command: &str, why: &str| NextStep {
        command: command.into(),
        why: why.into(),
    };
    let (reports, next, code, why) = match name {
        "quickstart" | "calibrated" | "stale" => (
            vec!["runs/20261122-101502-quickstart-19bd/reports/report.md".into()],
            vec![step(
                "evenhand show latest facts-07",
                "a case that large lost",
            )],
            0,
            "every gate passed",
        ),
        "alone" => (
            vec![],
            vec![step(
                "evenhand bless latest",
                "keeps this run as the baseline",
            )],
            0,
            "every gate passed",
        ),
        "interrupted" => (
            vec![],
            vec![step(
                "evenhand run suite.yaml --resume",
                "548 trials are left",
            )],
            130,
            "interrupted; all that was done is kept",
        ),
        "not_evaluated" | "nothing_at_all" => (
            vec![],
            vec![step(
                "evenhand run suite.yaml --retry errors",
                "once the endpoint answers; what was done is kept",
            )],
            5,
            "could not evaluate",
        ),
        _ => return support_frame(),
    };
    Frame {
        reports,
        next,
        exit: Some((code, why.into())),
        ..Frame::default()
    }
}

/// Two recorded models, one repeat, six tags, no gates that fail: the quickstart.
pub(super) fn quickstart() -> Findings {
    let slice = |cases: u64, ok: u64, low: f64, high: f64| {
        let mut estimate = passed(ok, cases, low, high);
        if cases < 10 {
            estimate.flags.push("few-cases".into());
        }
        Slice {
            cases,
            metrics: named(vec![("success_rate", of(Unit::Rate, estimate))]),
        }
    };
    let metrics = |ok: u64, low: f64, high: f64, judge: u64, p50: f64, p95: f64| {
        vec![
            ("success_rate", of(Unit::Rate, passed(ok, 180, low, high))),
            (
                "checks",
                of(Unit::Rate, passed(ok + 9, 180, low + 4.9, high + 4.1)),
            ),
            ("correct", judged(passed(judge, 180, low + 2.0, high + 3.0))),
            (
                "latency_p50_ms",
                of(Unit::Milliseconds, mean(p50, p50 * 0.95, p50 * 1.07, 180)),
            ),
            (
                "latency_p95_ms",
                of(Unit::Milliseconds, mean(p95, p95 * 0.9, p95 * 1.3, 180)),
            ),
            (
                "cost_usd",
                undefined(Unit::Usd, "no price is known for these models"),
            ),
            ("tokens_out", of(Unit::Tokens, mean(44.0, 41.0, 47.0, 180))),
        ]
    };
    let mut small = target("small", 180, metrics(104, 50.4, 64.8, 118, 402.0, 913.0));
    small.cut_by_length = 2;
    let mut large = target(
        "large",
        180,
        metrics(137, 69.3, 81.8, 141, 1_120.0, 2_480.0),
    );
    for (tag, cases, ok) in [
        ("arithmetic", 30, [14, 25]),
        ("extraction", 30, [19, 24]),
        ("facts", 36, [22, 27]),
        ("format", 30, [20, 23]),
        ("refusal", 8, [3, 6]),
        ("summary", 46, [26, 32]),
    ] {
        for (side, ok) in [&mut small, &mut large].into_iter().zip(ok) {
            let p = ok as f64 / cases as f64 * 100.0;
            let one = slice(cases, ok, (p - 17.0).max(0.0), (p + 14.0).min(100.0));
            side.slices.insert(tag.into(), one);
        }
    }
    let mut primary = Comparison {
        finding: Some(Finding::Better),
        test: "mcnemar-exact".into(),
        p: Some(0.000_02),
        p_adjusted: Some(0.000_02),
        needs_n: None,

        ..comparison(
            "success_rate",
            rate(18.3, 10.4, 25.9, 180),
            "LARGE is better than SMALL: success +18.3 points [+10.4, +25.9], 180 cases, p < 0.0001.",
        )
    };
    primary.baseline = "small".into();
    primary.candidate = "large".into();
    primary.flipped = Flipped {
        gained: (0..44)
            .map(|n| format!("arithmetic-{:02}", n + 1))
            .collect(),
        lost: vec!["facts-07".into(), "facts-31".into(), "summary-12".into()],
        ..Flipped::default()
    };
    let mut findings = Findings {
        run: run("quickstart", "20261122-101502-quickstart-19bd"),
        design: Design {
            success: Some("checks and correct".into()),
            baseline: Some("small".into()),
            ..design(180, 1)
        },
        targets: vec![small, large],
        comparisons: vec![primary],
        judges: vec![],
        quarantine: vec![],
        differences: vec![],
        warnings: vec![],
        gates: vec![GateFindings {
            target: "large".into(),
            ..gate(
                "success_rate >= 70 %",
                "success_rate",
                GateOutcome::Passed,
                0,
                "76.1 % [69.3, 81.8]",
            )
        }],
        ..support()
    };
    findings.judges = ["small", "large"]
        .map(|target| JudgeFindings {
            scorer: "correct".into(),
            target: target.into(),
            ..support().judges[0].clone()
        })
        .into();
    findings.run.source = Some("replayed from cassette.jsonl".into());
    findings.run.spent = Spent::default();
    findings
}

/// One target, no baseline, everything passes.
pub(super) fn alone() -> Findings {
    let metrics = vec![
        ("success_rate", of(Unit::Rate, passed(60, 60, 94.0, 100.0))),
        (
            "latency_p50_ms",
            of(Unit::Milliseconds, mean(12.4, 11.9, 13.1, 60)),
        ),
        (
            "latency_p95_ms",
            of(
                Unit::Milliseconds,
                Estimate {
                    high: None,
                    ..mean(31.0, 24.0, 0.0, 60)
                },
            ),
        ),
        ("cost_usd", undefined(Unit::Usd, "no price is known")),
    ];
    Findings {
        run: RunFacts {
            spent: Spent {
                usd: 0.0,
                calls: 60,
                ..Spent::default()
            },
            ..run("smoke", "20261122-120000-smoke-00aa")
        },
        design: Design {
            success: Some("checks".into()),
            baseline: None,
            ..design(60, 1)
        },
        targets: vec![target("agent", 60, metrics)],
        comparisons: vec![],
        judges: vec![],
        quarantine: vec![],
        differences: vec![],
        warnings: vec![],
        gates: vec![GateFindings {
            target: "agent".into(),
            ..gate(
                "success_rate >= 95 %",
                "success_rate",
                GateOutcome::Passed,
                0,
                "100 % [94, 100]",
            )
        }],
        ..support()
    }
}

/// Ctrl-C in the middle.
pub(super) fn interrupted() -> Findings {
    let mut findings = support();
    findings.run.status = "interrupted".into();
    for target in &mut findings.targets {
        target.completed -= 274;
        target.stopped = 274;
        target.missing_rate = 276.0 / 480.0;
        for (_, one) in &mut target.metrics {
            if let Figure::Estimate(estimate) = &mut one.figure {
                estimate.n = 69;
                estimate.coverage = 206.0 / 480.0;
                if one.unit == Unit::Rate {
                    (estimate.worst, estimate.best) = (Some(0.378), Some(0.949));
                }
            }
        }
    }
    findings.warnings = vec![
        "prod: 57.1 % of the trials are missing, allowed 5 %".into(),
        "next: 57.5 % of the trials are missing, allowed 5 % (2 timed out)".into(),
    ];
    findings.comparisons.truncate(1);
    findings.comparisons[0].pairs = 69;
    findings.comparisons[0].left_out = counts(&[("missing", 91)]);
    findings.comparisons[0].why = Some("more than 5 % of the trials are missing".into());
    findings.comparisons[0].sentence =
        "Unclear: -0.6 points [-7.2, +6.0], 69 cases; more than 5 % of the trials are missing."
            .into();
    findings.gates[0] = GateFindings {
        cause: Some("missing".into()),
        ..gate(
            "success_rate >= 85 %",
            "success_rate",
            GateOutcome::Undecided,
            6,
            "88 % [81, 93]; at worst 38 %, at best 95 %",
        )
    };
    findings.gates.truncate(1);
    findings
}

/// One endpoint that answered nothing, and one that missed too much.
pub(super) fn not_evaluated() -> Findings {
    let mut findings = support();
    let prod = &mut findings.targets[0];
    prod.completed = 422;
    prod.errors = counts(&[("rate_limited", 49), ("unavailable", 7)]);
    prod.unscored = 2;
    prod.missing_rate = 58.0 / 480.0;
    let next = &mut findings.targets[1];
    *next = TargetFindings {
        completed: 0,
        errors: counts(&[("unauthorized", 480)]),
        not_evaluated: true,
        missing_rate: 1.0,
        ..target(
            "next",
            480,
            vec![("success_rate", undefined(Unit::Rate, "no complete reply"))],
        )
    };
    findings.judges[0].unscored = counts(&[("verdict unreadable", 2)]);
    findings.warnings = vec![
        "prod: 12.1 % of the trials are missing, allowed 5 % (49 rate limited)".into(),
        "next was not evaluated: not one complete reply (480 unauthorized)".into(),
    ];
    findings.comparisons.clear();
    findings.gates = vec![GateFindings {
        observed: None,
        cause: Some("missing".into()),
        ..gate(
            "success_rate >= 85 %",
            "success_rate",
            GateOutcome::Undecided,
            5,
            "not evaluated",
        )
    }];
    findings
}

/// Nothing came back from anybody.
pub(super) fn nothing_at_all() -> Findings {
    let mut findings = not_evaluated();
    findings.targets[0] = TargetFindings {
        id: "prod".into(),
        errors: counts(&[("unavailable", 480)]),
        ..findings.targets[1].clone()
    };
    findings.judges.clear();
    findings.warnings[0] =
        "prod was not evaluated: not one complete reply (480 unavailable)".into();
    findings
}

/// Five targets with long names: too many for columns.
pub(super) fn crowd() -> Findings {
    let mut findings = support();
    let next = findings.targets[1].clone();
    for name in [
        "next-without-retrieval",
        "next-with-a-very-long-name-that-goes-on",
        "tiny",
    ] {
        findings.targets.push(TargetFindings {
            id: name.into(),
            ..next.clone()
        });
        let mut one = findings.comparisons[0].clone();
        one.candidate = name.into();
        findings.comparisons.push(one);
        findings.gates.push(GateFindings {
            target: name.into(),
            ..findings.gates[0].clone()
        });
    }
    findings
}

/// Every example with its name.
pub(super) fn all() -> Vec<(&'static str, Findings)> {
    vec![
        ("support", support()),
        ("quickstart", quickstart()),
        ("alone", alone()),
        ("interrupted", interrupted()),
        ("not_evaluated", not_evaluated()),
        ("nothing_at_all", nothing_at_all()),
        ("crowd", crowd()),
        ("calibrated", calibrated()),
        ("stale", stale()),
    ]
}
