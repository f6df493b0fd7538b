//! `--report` of the verbs about judges: pages beside the screen, other kinds refused by name, and nothing asked in vain.

use std::path::Path;
use std::process::{Command, Output};

/// What would mark up a page, were it not shown as text.
const HOSTILE: &str = "<img src=x onerror=alert(1)></div><script>alert(1)</script>";

fn evenhand(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(["judge"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Labels of 240 items, and the verdicts of two judges of which the second is nearly always right.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut labels = "item,annotator,pass,input,output,critique\n".to_owned();
    let mut verdicts = "item,judge,pass\n".to_owned();
    let word = |passes: bool| if passes { "pass" } else { "fail" };
    for at in 0..240 {
        let human = at % 2 == 0;
        labels += &format!(
            "i{at},ann,{},question {at},{HOSTILE},{HOSTILE}\n",
            word(human)
        );
        for (judge, errs) in [("old", at % 4 == 3), ("new", at % 40 == 7)] {
            verdicts += &format!("i{at},{judge},{}\n", word(human != errs));
        }
    }
    std::fs::write(folder.path().join("labels.csv"), labels).expect("a file");
    std::fs::write(folder.path().join("verdicts.csv"), verdicts).expect("a file");
    folder
}

const FILES: [&str; 4] = ["--labels", "labels.csv", "--verdicts", "verdicts.csv"];

#[test]
fn a_calibration_is_written_as_a_page_beside_its_screen() {
    let folder = folder();
    let reports = [
        "--judge",
        "old",
        "--report",
        "html=page.html",
        "--report",
        "json=all.json",
    ];
    let ended = evenhand(
        folder.path(),
        &[&["calibrate"], &FILES[..], &reports].concat(),
    );
    let (screen, said) = (text(&ended.stdout), text(&ended.stderr));
    assert!(
        screen.contains("agreement   Cohen's kappa"),
        "{screen}{said}"
    );
    assert!(
        said.contains("report: page.html") && said.contains("report: all.json"),
        "{said}"
    );
    let page = std::fs::read_to_string(folder.path().join("page.html")).expect("a page");
    for part in [
        "<!doctype html>",
        "Content-Security-Policy",
        "<h1>Calibration of old</h1>",
        "id=\"chart-agreement-title\"",
        "id=\"chart-matrix-title\"",
        "data-kind=",
        "&lt;img src=x onerror=alert(1)&gt;",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(
        !page.contains("<img") && !page.contains("<script>alert"),
        "{page}"
    );
    let json = std::fs::read_to_string(folder.path().join("all.json")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&json).expect("json");
    let kappa = json["cohen_kappa"]["point"].as_f64().expect("a figure");
    assert!(
        page.contains(&format!("Cohen&#39;s kappa {kappa:.2} [")),
        "{page}"
    );
    let again = evenhand(
        folder.path(),
        &[
            &["calibrate"],
            &FILES[..],
            &["--judge", "old", "--format", "html"],
        ]
        .concat(),
    );
    assert_eq!(text(&again.stdout), page, "the same labels, the same page");
    assert_eq!(again.status.code(), ended.status.code());
}

#[test]
fn a_tuning_is_written_as_a_page() {
    let folder = folder();
    let reports = ["--report", "html=page.html", "--format", "json"];
    let ended = evenhand(folder.path(), &[&["tune"], &FILES[..], &reports].concat());
    let json: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("json");
    assert_eq!(json["outcome"], "improved", "{json}");
    let page = std::fs::read_to_string(folder.path().join("page.html")).expect("a page");
    for part in [
        "<span class=\"word good\">IMPROVED</span> new: on test",
        "id=\"chart-difference-title\"",
        "<bdi>new</bdi> <span class=\"word\">chosen</span>",
        "optimistic kappa",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_read() {
    let folder = folder();
    for (report, code, why) in [
        (
            "junit=x.xml",
            2,
            "`junit` is a report of runs and comparisons; what is said of a judge is written as terminal, json or html",
        ),
        (
            "htm=x.html",
            2,
            "unknown report `htm`; did you mean `html`?",
        ),
        ("html=", 2, "--report html= names no file"),
        ("html=gone/x.html", 7, "there is no folder gone"),
    ] {
        for verb in ["calibrate", "tune"] {
            let missing = ["--labels", "gone.csv", "--verdicts", "gone.csv"];
            let ended = evenhand(
                folder.path(),
                &[&[verb], &missing[..], &["--report", report]].concat(),
            );
            let said = text(&ended.stderr);
            assert_eq!(ended.status.code(), Some(code), "{verb} {report}: {said}");
            assert!(said.contains(why), "{verb} {report}: {said}");
        }
        let model = ["right", "--model", "{}", "--report", report];
        let ended = evenhand(folder.path(), &[&["audit"], &model[..]].concat());
        assert_eq!(
            ended.status.code(),
            Some(code),
            "audit {report}: {}",
            text(&ended.stderr)
        );
    }
}
