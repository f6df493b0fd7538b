//! A judge of pairs: both orders, and the other output.

use super::fences::{attacks, obedient, shown_nonce};
use super::*;

const PAIR: &str = "{{ input }}\n\nOne:\n{{ output_a }}\n\nTwo:\n{{ output_b }}";

/// A judge that compares two outputs.
fn pairwise(change: &Json, options: Options) -> Arc<Judge> {
    let mut file = front();
    file.as_object_mut().unwrap().remove("scale");
    file["mode"] = json!("pairwise");
    for (key, value) in change.as_object().unwrap() {
        file[key] = value.clone();
    }
    Judge::new(decode_with(&file, PAIR).unwrap(), options).unwrap()
}

fn expecting(output: &str, expected: Json) -> Seen {
    let mut seen = seen("q", output);
    Arc::make_mut(&mut seen.case).expected = Some(expected);
    seen
}

fn verdict(letter: &str) -> Result<Reply, Fault> {
    said(&json!({"reasoning": "so", "verdict": letter}).to_string())
}

#[test]
fn a_pair_is_asked_about_in_both_orders_and_names_no_config() {
    let judge = pairwise(&json!({}), Options::default());
    let seen = expecting("OURS", json!(["THEIRS", "never shown"]));
    let asked = judge.ask(&seen).unwrap();
    assert_eq!((asked.len(), judge.votes()), (2, 2));
    assert_eq!(asked.iter().map(|q| q.vote).collect::<Vec<_>>(), [0, 1]);
    let places = |at: usize| {
        let text = &asked[at].messages.last().unwrap().content;
        let of = |text: &str, what: &str| text.find(what).unwrap();
        (of(text, "OURS"), of(text, "THEIRS"))
    };
    let (ours, theirs) = places(0);
    assert!(ours < theirs);
    let (ours, theirs) = places(1);
    assert!(theirs < ours);
    for question in &asked {
        let whole: String = question
            .messages
            .iter()
            .map(|m| m.content.as_str())
            .collect();
        assert!(!whole.contains("config-blue") && !whole.contains("case-7"));
        assert!(!whole.contains("never shown"));
        let (_, schema) = question.format.clone().unwrap();
        let offered = &schema["properties"]["verdict"]["enum"];
        assert_eq!(*offered, json!(["a", "b", "tie"]));
    }
    let decided = pairwise(&json!({"ties": false}), Options::default());
    let (_, schema) = decided.ask(&seen).unwrap().remove(0).format.unwrap();
    assert_eq!(schema["properties"]["verdict"]["enum"], json!(["a", "b"]));
    assert_ne!(judge.prompt_digest(), decided.prompt_digest());
}

#[test]
fn a_preference_counts_only_where_both_orders_agree() {
    let judge = pairwise(&json!({"pass": ">= 0.5"}), Options::default());
    let seen = expecting("o", json!("e"));
    let read =
        |first: &str, second: &str| judge.read("j", &seen, &[verdict(first), verdict(second)]);
    for (first, second, value, depends) in [
        ("a", "b", 1.0, false),
        ("b", "a", 0.0, false),
        ("tie", "tie", 0.5, false),
        ("a", "a", 0.5, true),
        ("b", "b", 0.5, true),
        ("a", "tie", 0.5, true),
    ] {
        let score = read(first, second);
        assert_eq!(score.value, Value::Number(value), "{first} {second}");
        assert_eq!(score.pass, Some(value >= 0.5));
        let vote = &score.asked.as_ref().unwrap().details["votes"][0];
        assert_eq!(vote["order_dependent"], depends);
        let both = orders(&score).unwrap();
        assert_eq!((both.len(), both[0].depends_on_order()), (1, depends));
    }
    assert_eq!(
        judge.measure(),
        Measure::Number {
            scale: Some((0.0, 1.0)),
            pass: Some(">= 0.5".into())
        }
    );
    let undeclared = pairwise(&json!({}), Options::default());
    assert_eq!(
        undeclared
            .read("j", &seen, &[verdict("a"), verdict("b")])
            .pass,
        None
    );
}

#[test]
fn a_pair_with_an_order_that_cannot_be_read_is_unscored_and_never_a_tie() {
    let judge = pairwise(
        &json!({"ties": false, "pass": ">= 0.5"}),
        Options::default(),
    );
    let seen = expecting("o", json!("e"));
    let down = || Err(Fault::new(FaultKind::TimedOut, "60 s"));
    for (first, second, cause) in [
        (verdict("tie"), verdict("b"), Unscored::Unreadable),
        (verdict("a"), said("b is better"), Unscored::Unreadable),
        (verdict("a"), verdict("a or b"), Unscored::Unreadable),
        (verdict("a"), said(""), Unscored::Refused),
        (down(), verdict("b"), Unscored::Unavailable),
    ] {
        let score = judge.read("j", &seen, &[first, second]);
        assert_eq!(score.value, Value::Unscored(cause));
        assert_eq!(score.passes(), None);
        let both = orders(&score).unwrap()[0];
        assert!(both.joined().is_none() && !both.depends_on_order());
    }
    assert!(judge.read("j", &seen, &[verdict("a")]).is_unscored());
    assert!(judge.read("j", &seen, &[]).is_unscored());
}

#[test]
fn votes_of_a_pair_are_two_questions_each_and_their_mean_counts() {
    let options = Options {
        votes: 3,
        ..Options::default()
    };
    let judge = pairwise(&json!({}), options);
    let seen = expecting("o", json!("e"));
    assert_eq!((judge.ask(&seen).unwrap().len(), judge.votes()), (6, 6));
    let replies = ["a", "b", "a", "a", "tie", "?"].map(verdict);
    let score = judge.read("j", &seen, &replies);
    assert_eq!(
        score.value,
        Value::Number(0.75),
        "one win, one tie, one unread"
    );
    assert_eq!(orders(&score).unwrap().len(), 3);
    let replies = ["a", "b", "a", "?", "tie", "?"].map(verdict);
    assert!(
        judge.read("j", &seen, &replies).is_unscored(),
        "one of three is too few"
    );
}

#[test]
fn the_other_output_is_a_template_and_must_say_something() {
    let template =
        |text: &str| Template::parse(text, crate::domain::tree::Span::default()).unwrap();
    let with = |text: &str| {
        let options = Options {
            against: Some(template(text)),
            ..Options::default()
        };
        pairwise(&json!({}), options)
    };
    let asked = with("as {{ id }} said").ask(&seen("q", "a")).unwrap();
    assert!(
        asked[0]
            .messages
            .last()
            .unwrap()
            .content
            .contains("as case-7 said")
    );
    assert!(
        with(" ")
            .ask(&seen("q", "a"))
            .unwrap_err()
            .contains("is empty")
    );
    assert!(
        with("{{ nothing }}")
            .ask(&seen("q", "a"))
            .unwrap_err()
            .contains("cannot be rendered")
    );
    let default = pairwise(&json!({}), Options::default());
    assert!(default.needs_expected() && !with("x").needs_expected());
    assert!(
        default
            .ask(&seen("q", "a"))
            .unwrap_err()
            .contains("no `expected`")
    );
    assert_ne!(default.prompt_digest(), with("x").prompt_digest());
    let options = Options {
        against: Some(template("x")),
        ..Options::default()
    };
    let alone = Judge::new(decode_with(&front(), BODY).unwrap(), options).unwrap_err();
    assert_eq!(alone.key(), "against");
}

#[test]
fn neither_output_of_a_pair_can_leave_its_fence() {
    let judge = pairwise(&json!({}), Options::default());
    for attack in attacks() {
        for (ours, theirs) in [
            (attack.as_str(), "plain"),
            ("plain", attack.as_str()),
            (&attack, &attack),
        ] {
            for question in judge.ask(&expecting(ours, json!(theirs))).unwrap() {
                let nonce = shown_nonce(&question.messages);
                assert_eq!(obedient(&question.messages, &nonce), None);
                let last = &question.messages.last().unwrap().content;
                assert_eq!(last.matches(&nonce).count(), 7, "three fences, named once");
            }
        }
    }
}
