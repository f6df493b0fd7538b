//! The page as a whole.

use serde_json::Value as Json;

use crate::analysis::findings::{Findings, Flipped};
use crate::domain::case::Input;
use crate::domain::message::{Message, Role};
use crate::funnel::html;
use crate::report::content;
use crate::report::examples::{self, Book, book, rendered, rendered_with, rows};
use crate::report::{Casebook, Frame, case_list, case_page, served_page};

fn page(findings: &Findings, frame: &Frame) -> String {
    let (head, rows) = rows();
    rendered("html", findings, &head, &rows, frame)
}

/// What stands between two marks, the first time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text
        .split_once(from)
        .unwrap_or_else(|| panic!("{from}\n{text}"));
    rest.split_once(to).unwrap_or_else(|| panic!("{to}")).0
}

fn data(page: &str) -> Json {
    let island = between(
        page,
        "<script type=\"application/json\" id=\"data\">",
        "</script>",
    );
    serde_json::from_str(island).expect("the island is JSON")
}

/// The small run whose lists of changed cases are about cases that are there.
fn small() -> Findings {
    let mut findings = examples::support();
    findings.comparisons[0].flipped = Flipped {
        gained: vec!["c003".into()],
        lost: vec!["c001".into()],
        ..Flipped::default()
    };
    findings
}

/// The page without what is a file of its own, with drawings by their titles only and with one case in full.
fn in_short(page: &str) -> String {
    let style = between(page, "<style>", "</style>");
    let mut short = page.replacen(style, "...", 1);
    let (before, script) = short.rsplit_once("<script>").expect("a script");
    let (_, after) = script.split_once("</script>").expect("its end");
    short = format!("{before}<script>...</script>{after}");
    while let Some(from) = short.find("<svg") {
        let to = short[from..].find("</svg>").expect("its end") + from + "</svg>".len();
        let title = between(&short[from..to], "-title\">", "</title>").to_owned();
        short.replace_range(from..to, &format!("(drawing: {title})"));
    }
    let policy = between(&short, "Content-Security-Policy\" content=\"", "\"").to_owned();
    let mut named = String::new();
    for part in policy.split('\'') {
        named.push_str(if part.starts_with("sha256-") {
            "sha256-..."
        } else {
            part
        });
        named.push('\'');
    }
    short = short.replace(&policy, named.trim_end_matches('\''));
    let island = between(&short, "id=\"data\">", "</script>").to_owned();
    let mut data = data(page);
    data["details"].as_array_mut().expect("details").truncate(1);
    let pretty = serde_json::to_string_pretty(&data).expect("JSON");
    short.replace(&island, &format!("\n{pretty}\n"))
}

#[test]
fn a_page_leads_with_the_finding_and_ends_with_how_it_was_made() {
    let frame = examples::support_frame();
    insta::assert_snapshot!(in_short(&page(&small(), &frame)));
}

#[test]
fn everything_that_another_report_says_is_on_the_page() {
    for (name, findings) in examples::all() {
        let frame = examples::frame(name);
        let page = page(&findings, &frame);
        let mut wanted: Vec<String> = Vec::new();
        wanted.extend(content::headline(&findings).into_iter().skip(1));
        wanted.extend(content::alarms(&findings).into_iter().map(|(_, text)| text));
        wanted.extend(content::notes(&findings).into_iter().map(|(_, text)| text));
        wanted.extend(findings.differences.iter().cloned());
        wanted.extend(findings.warnings.iter().cloned());
        wanted.extend(
            findings
                .gates
                .iter()
                .flat_map(|gate| [gate.gate.clone(), gate.why.clone()]),
        );
        for verdict in content::verdicts(&findings) {
            wanted.push(content::sentence(verdict.primary));
            wanted.extend(content::judged(verdict.primary));
            wanted.extend(content::footing(verdict.primary));
            wanted.extend(content::quiet(&verdict));
            wanted.extend(verdict.notable.iter().map(|one| content::adjusted(one)));
        }
        if findings.targets.iter().any(|target| !target.not_evaluated) {
            let (figures, without) = content::figures(&findings);
            wanted.extend(figures.iter().map(|row| row.label.clone()));
            let cells = figures.into_iter().flat_map(|row| row.cells);
            wanted.extend(cells.flat_map(|cell| [cell.point, cell.interval]));
            wanted.extend(without);
        }
        wanted.extend(
            frame
                .next
                .iter()
                .flat_map(|step| [step.command.clone(), step.why.clone()]),
        );
        wanted.extend(frame.exit.map(|(code, why)| format!("exit {code}: {why}")));
        wanted.extend([findings.run.id.clone(), findings.run.status.clone()]);
        wanted.extend(findings.run.digests.values().cloned());
        for text in wanted {
            assert!(page.contains(&*html(&text)), "{name} does not say: {text}");
        }
    }
}

#[test]
fn a_page_asks_for_nothing_from_elsewhere() {
    for (name, findings) in examples::all() {
        let page = page(&findings, &examples::frame(name));
        for ask in [
            "http:",
            "https:",
            "src=",
            "url(",
            "@import",
            "xmlns",
            "=\"//",
            "<link rel=\"s",
        ] {
            assert!(!page.contains(ask), "{name}: {ask}");
        }
        for part in page.split("href=\"").skip(1) {
            assert!(
                part.starts_with('#') || part.starts_with("data:,\""),
                "{name}: {part:.40}"
            );
        }
        assert!(
            !page.contains(" style=\"") && !page.contains(" onclick"),
            "{name}"
        );
    }
}

#[test]
fn the_script_is_small_and_reads_no_text_as_markup() {
    let script = super::SCRIPT;
    assert!(script.len() < 30_000, "{}", script.len());
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "</script",
        "<!--",
    ] {
        assert!(!script.contains(word), "{word}");
    }
}

#[test]
fn changed_cases_come_first_and_each_is_there_in_full() {
    let data = data(&page(&small(), &Frame::default()));
    let ids: Vec<&str> = data["index"]["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .map(|one| one[0].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, ["c001", "c003", "c002", "c004"]);
    assert_eq!(data["details"].as_array().map(Vec::len), Some(4));
    let lost = &data["details"][0];
    assert_eq!(
        lost["command"],
        "evenhand show 20261122-095841-support-agent-7f3a c001 --full"
    );
    assert_eq!(lost["sides"][1][1]["word"], "NO SUCCESS");
    let scores = &lost["sides"][1][1]["scores"];
    assert_eq!(scores[1]["people"], "4");
    assert_eq!(
        scores[1]["said"][0]["text"],
        "It answers what was asked. Verdict: 4"
    );
    assert!(
        scores[1]["who"]
            .as_str()
            .expect("who")
            .contains("uncalibrated")
    );
}

#[test]
fn answers_are_held_against_the_baselines_wherever_it_stands() {
    let base = |baseline: &str| {
        let mut findings = small();
        findings.design.baseline = Some(baseline.into());
        data(&page(&findings, &Frame::default()))["index"]["base"].clone()
    };
    assert_eq!([base("prod"), base("next"), base("a file")], [0, 1, 0]);
}

#[test]
fn a_conversation_that_is_asked_stands_once_above_both_sides() {
    let mut book = book();
    let (_, detail) = &mut book.cases[0];
    detail.case.input = Input::Messages(vec![
        Message::new(Role::System, "You are a support agent."),
        Message::new(Role::User, "How long do I have to return a lamp?"),
    ]);
    let data = data(&of_long(&mut book));
    let details = data["details"].as_array().expect("details");
    let of_messages = |one: &&Json| one["asked"][0]["label"] == "input, system";
    let one = details.iter().find(of_messages).expect("the case");
    assert_eq!(one["asked"][1]["label"], "input, user");
    assert_eq!(one["sides"][0][0]["texts"][0]["label"], "reply");
}

#[test]
fn a_finding_stands_beside_the_difference_that_it_rests_on() {
    let mut all = examples::all().into_iter();
    let (name, findings) = all.find(|(name, _)| *name == "calibrated").expect("it is");
    let page = page(&findings, &examples::frame(name));
    let table = between(&page, "aria-label=\"Differences\"", "</table>");
    let rows: Vec<&str> = table.split("<tr").skip(2).collect();
    assert!(!rows[0].contains(">better<"), "{}", rows[0]);
    assert!(rows[0].contains("as the judge says"), "{}", rows[0]);
    assert!(rows[1].contains("<bdi>corrected</bdi>"), "{}", rows[1]);
    assert!(rows[1].contains(">better<"), "{}", rows[1]);
    assert!(page.contains(">success_rate, corrected</text>"));
}

#[test]
fn drawings_by_tag_that_stand_side_by_side_have_one_axis() {
    let page = page(&examples::quickstart(), &examples::frame("quickstart"));
    let ticks = |nth: usize| -> Vec<&str> {
        let chart = between(&page, &format!("id=\"chart-slices-{nth}-title\""), "</svg>");
        let ticks = chart.split("class=\"label tick\"").skip(1);
        ticks.map(|one| between(one, ">", "<")).collect()
    };
    assert!(ticks(0).len() > 2, "{:?}", ticks(0));
    assert_eq!(ticks(0), ticks(1));
}

#[test]
fn a_target_that_never_answered_fills_no_page_with_what_is_undefined() {
    let page = page(
        &examples::not_evaluated(),
        &examples::frame("not_evaluated"),
    );
    assert!(!page.contains("undefined, unclear"), "no chart of nothing");
}

/// A book of so many cases, of which the first few failed, each answer so long.
fn long(cases: usize, failed: usize, answer: usize) -> Book {
    let (plain, _) = (book().cases.remove(0), ());
    let mut long = book();
    long.cases = (0..cases)
        .map(|nth| {
            let (mut outline, mut detail) = plain.clone();
            outline.id = format!("case-{nth}");
            detail.case.id.clone_from(&outline.id);
            for (side, rows) in outline.rows.iter_mut().enumerate() {
                for row in rows {
                    row.success = Some(side == 0 || nth >= failed);
                }
            }
            for trial in detail.trials.iter_mut().flatten() {
                let finished = trial.finished.as_mut().expect("it was answered");
                finished.transcript.output = "<".repeat(answer);
            }
            (outline, detail)
        })
        .collect();
    long
}

fn of_long(book: &mut Book) -> String {
    let (head, rows) = rows();
    let findings = examples::support();
    rendered_with("html", (&findings, &head, &rows, &Frame::default()), book)
}

#[test]
fn of_many_cases_those_that_failed_are_listed_and_the_rest_is_counted() {
    let page = of_long(&mut long(5_001, 40, 3));
    let data = data(&page);
    assert_eq!(data["index"]["cases"].as_array().map(Vec::len), Some(40));
    assert_eq!(data["index"]["total"], 5_001);
    assert!(
        page.contains("Of 5001 cases this file lists 40 that changed, failed or are missing; 4961 more are left out."),
        "{}", between(&page, "id=\"cases-said\"", "<noscript>")
    );
    assert!(
        page.contains(
            "<code class=\"copy\">evenhand view 20261122-095841-support-agent-7f3a</code>"
        )
    );
    let all = of_long(&mut long(5_000, 40, 3));
    assert!(all.contains("5000 cases, those that changed or failed first."));
    assert!(!all.contains("left out."));
}

#[test]
fn a_page_stays_below_ten_megabytes_and_says_what_did_not_fit() {
    let page = of_long(&mut long(1_500, 7, 9_000));
    assert!(page.len() < 10_000_000, "{}", page.len());
    let data = data(&page);
    let whole = data["details"].as_array().expect("details").len();
    assert!(whole > 7 && whole < 1_500, "{whole}");
    let said = format!(
        "The texts of {} cases did not fit into this file.",
        1_500 - whole
    );
    assert!(page.contains(&said), "{said}");
    let reply = &data["details"][0]["sides"][0][0]["texts"];
    let reply = reply
        .as_array()
        .expect("texts")
        .iter()
        .find(|text| text["reply"] == true);
    assert_eq!(reply.expect("a reply")["more"], 1_000);
}

#[test]
fn a_served_page_holds_no_case_and_its_parts_come_one_by_one() {
    let (head, _) = rows();
    let (findings, frame) = (small(), Frame::default());
    let mut book = book();
    let page = served_page((&findings, &head, &frame), &mut book, None)
        .expect("a book in memory")
        .html;
    assert!(page.contains("connect-src 'self'"));
    assert_eq!(data(&page)["served"], true);
    assert!(!page.contains("within 14 days"));
    let list = case_list((&findings, &head), &mut book).expect("a book in memory");
    let list: Json = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list["cases"][0][0], "c001");
    let place = list["cases"][1][6].as_u64().expect("a place");
    let case = case_page((&findings, &frame), &mut book, place).expect("a book in memory");
    assert!(
        case.expect("a case")
            .contains("show 20261122-095841-support-agent-7f3a c003")
    );
    let beyond = case_page((&findings, &frame), &mut book, 4).expect("a book in memory");
    assert_eq!(beyond, None);
    assert_eq!(book.count(), 4);
}
