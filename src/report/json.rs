//! Everything as JSON: the findings as they are, pretty-printed, under a published schema.

use std::io::{self, Write};

use super::Material;

/// The JSON Schema (2020-12) of the `json` report, as it is published.
#[must_use]
pub fn schema() -> &'static str {
    include_str!("../../reports/report.schema.json")
}

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, material.findings)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::analysis::findings::{Figure, Findings};
    use crate::report::{Frame, examples, kind};

    fn rendered(findings: &Findings) -> Value {
        let (head, rows) = examples::rows();
        let mut out = Vec::new();
        let material = Material {
            findings,
            head: &head,
            rows: &mut rows.into_iter(),
            cases: &mut examples::Book::default(),
            frame: &Frame::default(),
        };
        kind("json").unwrap().render(material, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    /// What the schema says against a value; empty where it agrees.
    fn faults(value: &Value) -> String {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        let schema = serde_json::from_str(schema()).unwrap();
        compiler.add_resource("report.json", schema).unwrap();
        let index = compiler.compile("report.json", &mut schemas).unwrap();
        let checked = schemas.validate(value, index);
        checked.map_or_else(|fault| fault.to_string(), |()| String::new())
    }

    #[test]
    fn every_example_keeps_to_the_schema() {
        for (name, findings) in examples::all() {
            assert_eq!(faults(&rendered(&findings)), "", "{name}");
        }
    }

    #[test]
    fn the_schema_says_no() {
        let good = rendered(&examples::support());
        type Break = fn(&mut Value);
        let breaks: &[(&str, Break)] = &[
            ("a version to come", |it| it["schema_version"] = json!(2)),
            ("a status of its own", |it| {
                it["run"]["status"] = json!("done")
            }),
            ("a point that is none", |it| {
                it["targets"][0]["metrics"]["success_rate"]["point"] = Value::Null;
            }),
            ("a word that is no finding", |it| {
                it["comparisons"][0]["finding"] = json!("maybe");
            }),
            ("no coverage", |it| {
                let metric = it["targets"][0]["metrics"]["success_rate"].as_object_mut();
                metric.unwrap().remove("coverage");
            }),
            ("an exit code that no gate asks for", |it| {
                it["gates"][0]["effect"] = json!(7)
            }),
        ];
        for (what, break_it) in breaks {
            let mut bad = good.clone();
            break_it(&mut bad);
            assert_ne!(faults(&bad), "", "{what}");
        }
    }

    #[test]
    fn the_core_that_other_programs_rely_on_is_there() {
        let report = rendered(&examples::support());
        let has = |pointer: &str| assert!(report.pointer(pointer).is_some(), "{pointer}");
        for key in [
            "id", "suite", "status", "resumed", "seed", "digests", "spent",
        ] {
            has(&format!("/run/{key}"));
        }
        let counts = [
            "id",
            "trials",
            "completed",
            "errors",
            "stopped",
            "unscored",
            "agent_failures",
        ];
        for key in counts.into_iter().chain(["metrics", "slices"]) {
            has(&format!("/targets/0/{key}"));
        }
        let estimate = [
            "point",
            "low",
            "high",
            "confidence",
            "n",
            "trials",
            "clusters",
            "coverage",
        ];
        for key in estimate
            .into_iter()
            .chain(["worst", "best", "method", "flags"])
        {
            has(&format!("/targets/0/metrics/success_rate/{key}"));
        }
        let compared = [
            "baseline",
            "candidate",
            "metric",
            "pairs",
            "difference",
            "test",
            "p",
        ];
        for key in compared
            .into_iter()
            .chain(["p_adjusted", "finding", "needs_n"])
        {
            has(&format!("/comparisons/0/{key}"));
        }
        has("/comparisons/0/flipped/gained/0");
        has("/comparisons/0/flipped/lost/0");
        for key in [
            "scorer",
            "target",
            "digest",
            "calibration",
            "raw",
            "corrected",
        ] {
            has(&format!("/judges/0/{key}"));
        }
        for key in ["gate", "target", "observed", "outcome", "effect", "why"] {
            has(&format!("/gates/0/{key}"));
        }
        has("/gates/1/cause");
        has("/gates/1/needs_n");
        let alone = rendered(&examples::alone());
        let without = &alone["targets"][0]["metrics"]["cost_usd"];
        assert_eq!(without["undefined"], "no price is known");
        assert_eq!(without["n"], 0);
        let slices = rendered(&examples::quickstart());
        assert!(
            slices
                .pointer("/targets/0/slices/arithmetic/success_rate/point")
                .is_some()
        );
    }

    #[test]
    fn figures_are_written_with_all_their_digits() {
        let mut findings = examples::alone();
        if let Figure::Estimate(estimate) = &mut findings.targets[0].metrics[0].1.figure {
            estimate.point = 0.1 + 0.2;
        }
        let report = rendered(&findings);
        assert_eq!(
            report["targets"][0]["metrics"]["success_rate"]["point"],
            0.1 + 0.2
        );
    }
}
