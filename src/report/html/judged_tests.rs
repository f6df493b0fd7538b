//! The pages of a judge: the words of the screen, charts whose classes exist, and hostile text in every field.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use super::{audit_page, calibration_page, tuning_page};
use crate::analysis::audit::{
    AttackText, Attacked, Audit, Judged, Listed, Probe, Seen, Verdict, rows,
};
use crate::analysis::calibration::{
    self, CalibrateOptions, Calibration, Item, JudgeFacts, Reference, Scale, Sheet, calibrate,
};
use crate::analysis::figure::Chance;
use crate::analysis::tuning::{
    Cost, CrossValidated, Gap, Labels, Optimistic, Outcome, Scored, Tried, Tuning, concluded,
    hold_out,
};
use crate::domain::instrument::Listing;
use crate::domain::usable::Usable;
use crate::report::calibration::{self as words, JudgeTitle};
use crate::report::{audit as audit_words, tuning as tuning_words};
use crate::stats::{BothOrders, Choice};

/// What a browser would take for markup, a script, the end of an element or a turn of the line.
const HOSTILE: &str = "</div></article></svg></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"x ' & {{ 7 * 7 }} {% raw %} --> ]]> \r\n\u{202e}\u{1b}[2J\0";

const CHANCE: Chance = Chance {
    seed: 7,
    threads: NonZeroUsize::MIN,
};

/// 80 items of two annotators; the judge errs on some, cannot be read on two, and states a probability.
fn sheet(scale: Scale, text: &str) -> Sheet {
    let items = (0..80_usize).map(|at| {
        let human = (at % 2) as f64;
        let judge = if at % 9 == 0 { 1.0 - human } else { human };
        let verdict = match at {
            77 | 79 => calibration::Verdict::Unreadable,
            _ => calibration::Verdict::Read(judge),
        };
        let second = (at % 2 == 0 || at % 7 != 0).then_some(human);
        let mut item = Item::new(format!("{text}{at}"), vec![Some(human), second], verdict);
        item.target = Some(format!("{text}{}", at % 3));
        item.stated = Some(0.1 + 0.8 * judge);
        item.words.input = Some(text.to_owned());
        item.words.output = Some(text.repeat(1 + at % 5));
        item.words.reason = Some(text.to_owned());
        item.words.critiques = vec![text.to_owned(), text.to_owned()];
        item
    });
    Sheet {
        scale,
        of: Reference::Majority,
        annotators: vec![format!("{text}a"), format!("{text}b")],
        items: items.collect(),
        positive: None,
    }
}

fn found(scale: Scale, text: &str) -> Calibration {
    let options = CalibrateOptions {
        usable: Usable::default(),
        set_by_judge_file: true,
        look: 2,
        chance: CHANCE,
    };
    let mut found = calibrate(&sheet(scale, text), &options);
    found.judge = Some(JudgeFacts {
        name: text.to_owned(),
        digest: text.to_owned(),
        model: text.to_owned(),
    });
    found.labels.digest = Some(text.to_owned());
    found.warnings.push(text.to_owned());
    found.advice.push(text.to_owned());
    found
}

fn title(text: &str) -> JudgeTitle {
    JudgeTitle {
        name: text.to_owned(),
        labels: text.to_owned(),
    }
}

fn audited(text: &str) -> Audit {
    let said = |value: f64| Verdict::Read {
        value,
        accepted: Some(value >= 1.0),
    };
    let attacked = (0..20).map(|at| Attacked {
        id: format!("{text}{at}"),
        family: text.to_owned(),
        plain: said(0.0),
        attacked: said(f64::from(u8::from(at < 5))),
    });
    let judged = (0..40_u32).map(|at| Judged {
        cluster: at.to_string(),
        target: Some(format!("{text}{}", at % 2)),
        length: f64::from(at * 7 % 40),
        lengths: Some((f64::from(at), 20.0)),
        verdict: said(f64::from(at % 3)),
        again: Some(said(f64::from(at % 3 + u32::from(at == 5)))),
        orders: vec![BothOrders {
            original: Some(Choice::First),
            swapped: Some(if at % 4 == 0 {
                Choice::First
            } else {
                Choice::Second
            }),
        }],
        orders_again: Vec::new(),
        listed: [Listing::Reversed, Listing::Relettered]
            .map(|listing| {
                let listed = Listed {
                    verdict: said(f64::from((at + 1) % 3)),
                    orders: Vec::new(),
                };
                (listing, listed)
            })
            .into(),
        compared: (Some(f64::from(at % 3)), Some(f64::from(at % 2))),
    });
    let seen = Seen {
        probes: Probe::ALL.to_vec(),
        attacked: attacked.collect(),
        no_attacks: None,
        offered: vec![(format!("{text}a"), 0.0), (format!("{text}b"), 1.0)],
        no_listing: BTreeMap::new(),
        judged: judged.collect(),
        own_material: false,
        pairwise: true,
        levels: Some((0.0, 3)),
        ordered: true,
        width: 1.0,
        own_targets: Ok(vec![format!("{text}0")]),
        seed: 7,
    };
    let mut probes = rows(&seen);
    for row in &mut probes {
        row.advice = row.advice.take().map(|advice| advice + text);
    }
    Audit {
        judge: text.to_owned(),
        digest: text.to_owned(),
        model: text.to_owned(),
        scale: text.to_owned(),
        outputs: text.to_owned(),
        probes,
        notes: vec![text.to_owned()],
        attacks: vec![AttackText {
            id: text.to_owned(),
            family: text.to_owned(),
            input: text.to_owned(),
            right: text.to_owned(),
            output: text.to_owned(),
        }],
    }
}

fn tuned(text: &str) -> Tuning {
    let test = |text| sheet(Scale::PassFail, text);
    let mut better = test("x");
    for item in &mut better.items {
        item.verdict = item.labels[0].map_or(item.verdict, calibration::Verdict::Read);
    }
    let held_out = hold_out(&better, &test("x"), None, 2, &CHANCE);
    let (outcome, rule) = concluded(&held_out, false);
    let scored = Scored {
        agreement: Some(0.9),
        right: Some(0.9),
        n: 40,
        unreadable: 1,
        unjudged: 0,
    };
    let tried = |name: String, failed: Option<String>| Tried {
        name,
        origin: "rewrite",
        digest: None,
        dev: failed.is_none().then(|| Optimistic::from(scored)),
        failed,
    };
    Tuning {
        schema_version: 1,
        outcome,
        rule: rule + text,
        present: format!("{text}old"),
        chosen: format!("{text}new"),
        scale: text.to_owned(),
        is_number: false,
        agreement: "cohen_kappa".to_owned(),
        seed: 7,
        labels: Labels {
            labelled: 80,
            digest: text.to_owned(),
            parts: [
                ("dev", [(text.to_owned(), 40)].into()),
                ("test", [(text.to_owned(), 40)].into()),
            ]
            .into(),
        },
        candidates: vec![
            tried(format!("{text}old"), None),
            tried(format!("{text}new"), None),
            tried(text.to_owned(), Some(text.to_owned())),
        ],
        gap: Some(Gap::between(&scored, &held_out.chosen)),
        held_out: Some(held_out),
        cross_validated: Some(CrossValidated {
            folds: 5,
            repeats: 5,
            chosen: scored,
            present: scored,
        }),
        spent: Some(Cost {
            calls: 12,
            usd: 0.5,
        }),
        written: Some(text.to_owned()),
        diff: Some(format!(
            "--- old\n+++ new\n@@ -1 +1 @@\n-{text}\n+{text}\n {text}\n"
        )),
        warnings: vec![text.to_owned()],
        advice: vec![text.to_owned()],
    }
}

fn pages(text: &str) -> [String; 5] {
    let scales = [
        Scale::PassFail,
        Scale::Classes(vec![format!("{text}no"), format!("{text}yes")]),
        Scale::Grades { low: 0, high: 4 },
    ];
    let [binary, classes, grades] =
        scales.map(|scale| calibration_page(&title(text), &found(scale, text)));
    [
        binary,
        classes,
        grades,
        audit_page(&audited(text), 100),
        tuning_page(&tuned(text), text),
    ]
}

/// The same of plain texts, made once.
fn plain() -> &'static [String; 5] {
    static PLAIN: LazyLock<[String; 5]> = LazyLock::new(|| pages("plain"));
    &PLAIN
}

/// What a browser makes of an escaped text.
fn parsed(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    text.replace("&#39;", "'")
        .replace("&#13;", "\r")
        .replace("&amp;", "&")
}

#[test]
fn a_page_says_what_the_screen_says() {
    let found = found(Scale::PassFail, "plain");
    let page = parsed(&calibration_page(&title("plain"), &found));
    let of = [
        words::labels,
        words::agreement,
        words::people,
        words::errors,
        words::orders,
        words::rates,
        words::warnings,
    ];
    let mut said: Vec<String> = of
        .iter()
        .flat_map(|of| of(&found))
        .map(|said| said.text)
        .collect();
    said.push(words::concluded(&found).2);
    said.push(words::exit(&found));
    assert!(said.len() > 8, "{said:?}");
    for text in &said {
        assert!(page.contains(text.as_str()), "{text}\n{page}");
    }
    let audit = audited("plain");
    let page = parsed(&audit_page(&audit, 100));
    for row in &audit.probes {
        assert!(page.contains(&audit_words::text(row)), "{row:?}\n{page}");
    }
    let tuning = tuned("plain");
    let page = parsed(&tuning_page(&tuning, "labels.csv"));
    let of = [
        tuning_words::parts,
        tuning_words::held_out,
        tuning_words::cross_validated,
        tuning_words::gap,
        tuning_words::warnings,
    ];
    for said in of.iter().flat_map(|of| of(&tuning)) {
        assert!(page.contains(&said.text), "{}\n{page}", said.text);
    }
    assert_eq!(tuning.outcome, Outcome::Improved, "{}", tuning.rule);
    assert!(page.contains("<ins>+plain</ins>") && page.contains("12 calls, $0.5000"));
}

#[test]
fn a_calibration_shows_what_its_scale_has() {
    let [binary, classes, grades, audit, _] = plain();
    for id in [
        "chart-agreement",
        "chart-matrix",
        "chart-curve",
        "chart-target",
        "chart-class",
        "chart-rates",
    ] {
        let title = format!("id=\"{id}-title\"");
        assert!(binary.contains(&title), "{id}\n{binary}");
    }
    assert!(classes.contains(">plainyes</text>"), "{classes}");
    assert!(
        !classes.contains("chart-curve"),
        "nothing was stated of a class"
    );
    assert!(grades.contains("judge above people"), "{grades}");
    assert!(binary.contains("verdict unreadable (2)"), "{binary}");
    assert!(audit.contains("chart-orders-title") && audit.contains("chart-length-title"));
}

#[test]
fn the_same_findings_give_the_same_page() {
    assert_eq!(&pages("plain"), plain());
}

/// Every tag of a page with its attributes, outside style, script and policy.
fn tags(page: &str) -> Vec<(String, Vec<String>)> {
    let (_, body) = page.split_once("</head>").expect("a head");
    let mut tags = Vec::new();
    for part in body.split('<').skip(1) {
        let Some((tag, _)) = part.split_once('>') else {
            continue;
        };
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        let attributes = tag[name.len().min(tag.len())..].split('"').step_by(2);
        let names = attributes.map(|one| one.trim().trim_end_matches(['=', '/']).trim().to_owned());
        tags.push((
            name.to_owned(),
            names.filter(|name| !name.is_empty()).collect(),
        ));
    }
    tags
}

#[test]
fn no_text_marks_up_a_page() {
    let mut plain = BTreeSet::new();
    for page in self::plain() {
        plain.extend(tags(page));
    }
    for (page, of_plain) in pages(HOSTILE).iter().zip(self::plain()) {
        let scripts = |page: &str| page.matches("<script").count();
        assert_eq!(scripts(page), scripts(of_plain));
        for tag in tags(page) {
            // An undefined figure or an unknown place may drop a tag; no text may add one.
            assert!(plain.contains(&tag), "{tag:?}");
        }
        assert!(!page.contains(['\r', '\0']), "{page}");
        assert!(!page.contains("49 {%"), "a text is no template");
        let text = HOSTILE.replace('\0', "\u{fffd}");
        assert!(
            parsed(page).contains(&text),
            "the text shown is the text given"
        );
    }
    for (name, attributes) in &plain {
        for attribute in attributes {
            assert!(
                attribute != "style" && !attribute.starts_with("on"),
                "{name} {attribute}"
            );
        }
    }
}

#[test]
fn every_class_of_a_chart_has_a_style() {
    let style = include_str!("../../../reports/chart.css");
    let mut classes = BTreeSet::new();
    for page in plain() {
        for drawing in page.split("<svg").skip(1) {
            let drawing = drawing.split("</svg>").next().unwrap_or_default();
            let of = drawing
                .split("class=\"")
                .skip(1)
                .filter_map(|one| one.split('"').next());
            classes.extend(of.flat_map(str::split_whitespace).map(str::to_owned));
        }
    }
    assert!(classes.len() > 15, "{classes:?}");
    // These two only say what a mark is; how it looks stands at `mark`, `name` and `label`.
    for class in classes
        .iter()
        .filter(|class| !["plain", "value", "bar"].contains(&class.as_str()))
    {
        assert!(style.contains(&format!(".{class}")), "{class}");
    }
    for colour in ["#", "rgb", "hsl"] {
        assert!(!style.contains(colour), "colours are the page's: {colour}");
    }
}

#[test]
fn a_text_of_any_length_is_cut() {
    let mut found = found(Scale::PassFail, "plain");
    for (_, one) in &mut found.listed.items {
        one.output = Some("x".repeat(1_000_000));
    }
    let page = calibration_page(&title("plain"), &found);
    assert!(page.len() < 400_000, "{}", page.len());
}
