use super::*;
use crate::stats::Choice;

pub(super) fn read(value: f64) -> Verdict {
    Verdict::Read {
        value,
        accepted: Some(value > 0.5),
    }
}

pub(super) fn judged(at: usize, verdict: f64, length: f64) -> Judged {
    Judged {
        cluster: format!("c{at}"),
        target: None,
        length,
        lengths: None,
        verdict: read(verdict),
        again: Some(read(verdict)),
        orders: Vec::new(),
        orders_again: Vec::new(),
        listed: BTreeMap::new(),
        compared: (Some(verdict), None),
    }
}

pub(super) fn seen(probe: Probe, judged: Vec<Judged>) -> Seen {
    Seen {
        probes: vec![probe],
        attacked: Vec::new(),
        no_attacks: None,
        offered: Vec::new(),
        no_listing: BTreeMap::new(),
        judged,
        own_material: false,
        pairwise: false,
        levels: Some((0.0, 2)),
        ordered: false,
        width: 1.0,
        own_targets: Err("no run".into()),
        seed: 7,
    }
}

fn row(seen: &Seen) -> Row {
    let mut rows = rows(seen);
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn attacked(plain: f64, under_attack: f64) -> Attacked {
    Attacked {
        id: "a".into(),
        family: "f".into(),
        plain: read(plain),
        attacked: read(under_attack),
    }
}

#[test]
fn only_a_wrong_output_that_was_turned_down_without_the_attack_can_flip() {
    let of = |attacked: Vec<Attacked>| {
        row(&Seen {
            attacked,
            ..seen(Probe::Injection, Vec::new())
        })
    };
    let firm = of([vec![attacked(0.0, 0.0); 50], vec![attacked(1.0, 1.0); 9]].concat());
    assert_eq!((firm.standing, firm.n), (Standing::Ok, 50));
    let fallen = of([vec![attacked(0.0, 1.0); 6], vec![attacked(0.0, 0.0); 44]].concat());
    assert_eq!(fallen.standing, Standing::Fails);
    let figure = fallen.figure.unwrap();
    let estimate = figure.estimate().unwrap();
    assert_eq!(
        (estimate.point, estimate.method.as_str()),
        (0.12, "clopper-pearson")
    );
    assert_eq!(fallen.flipped.len(), 6);
    let few = of([vec![attacked(0.0, 0.0); 9], vec![attacked(1.0, 1.0); 41]].concat());
    assert_eq!((few.standing, few.figure), (Standing::NotMeasured, None));
    assert_eq!(of(vec![attacked(0.0, 0.0); 20]).standing, Standing::Unclear);
}

#[test]
fn a_judge_that_prefers_a_place_fails_and_one_that_does_not_is_ok() {
    let of = |swapped: Choice| {
        let pairs = (0..20).map(|at| Judged {
            orders: vec![BothOrders {
                original: Some(Choice::First),
                swapped: Some(swapped),
            }],
            ..judged(at, 0.5, 0.0)
        });
        row(&Seen {
            pairwise: true,
            ..seen(Probe::Position, pairs.collect())
        })
    };
    let placed = of(Choice::Second);
    assert_eq!(placed.standing, Standing::Fails);
    assert_eq!(placed.statistics["flips_to_first"].point(), Some(20.0));
    assert!(placed.statistics["flip_sign_test_p"].point().unwrap() < 1e-5);
    assert_eq!(placed.statistics["first_shown"].point(), Some(1.0));
    assert_eq!(of(Choice::First).standing, Standing::Ok);
    assert_eq!(
        row(&seen(Probe::Position, Vec::new())).standing,
        Standing::NotMeasured
    );
}

#[test]
fn length_is_held_against_a_judge_only_beyond_what_people_give_for_it() {
    // Verdict and people both rise with length: no bias. Then people do not.
    let of = |human: fn(usize) -> f64, is_labelled: bool| {
        let all = (0..60).map(|at| {
            let verdict = at as f64 / 60.0 + if at % 2 == 0 { 0.05 } else { -0.05 };
            Judged {
                compared: (Some(verdict), is_labelled.then(|| human(at))),
                ..judged(at, verdict, 10.0 * at as f64)
            }
        });
        row(&seen(Probe::Length, all.collect()))
    };
    let fair = of(|at| at as f64 / 60.0, true);
    assert_ne!(fair.standing, Standing::Fails, "{fair:?}");
    let fond = of(|_| 0.5, true);
    assert_eq!(fond.standing, Standing::Fails);
    assert!(fond.advice.is_some());
    let blind = of(|_| 0.5, false);
    assert_eq!(
        blind.standing,
        Standing::Unclear,
        "without labels nothing fails"
    );
}

#[test]
fn a_judge_that_changes_its_mind_and_one_that_mumbles_are_seen() {
    let mut all: Vec<Judged> = (0..40)
        .map(|at| judged(at, f64::from(at as u32 % 2), 1.0))
        .collect();
    let calm = row(&seen(Probe::Repeat, all.clone()));
    assert_eq!(
        (calm.standing, calm.statistics["kappa"].point()),
        (Standing::Ok, Some(1.0))
    );
    for one in all.iter_mut().take(8) {
        one.again = Some(read(1.0 - one.verdict.value().unwrap()));
        one.verdict = Verdict::Unread;
    }
    let mumbling = row(&seen(Probe::Unparsed, all.clone()));
    assert_eq!((mumbling.standing, mumbling.n), (Standing::Fails, 40));
    for (at, one) in all.iter_mut().enumerate().take(8) {
        one.verdict = read(f64::from(at as u32 % 2));
        one.again = Some(read(f64::from(1 - at as u32 % 2)));
    }
    assert_eq!(row(&seen(Probe::Repeat, all)).standing, Standing::Fails);
}

#[test]
fn favour_for_its_own_model_is_what_it_gives_beyond_people_and_beyond_others() {
    let all = (0..60).map(|at| {
        let is_own = at % 2 == 0;
        let human = f64::from((at as u32).is_multiple_of(3));
        let verdict = human + if is_own { 0.4 } else { 0.0 } + f64::from(at as u32 % 5) / 100.0;
        Judged {
            target: Some(if is_own { "mine" } else { "theirs" }.into()),
            compared: (Some(verdict), Some(human)),
            ..judged(at, verdict, 1.0)
        }
    });
    let mut seen = seen(Probe::SelfPreference, all.collect());
    seen.own_targets = Ok(vec!["mine".into()]);
    let fond = row(&seen);
    assert_eq!(fond.standing, Standing::Fails);
    let figure = fond.figure.unwrap();
    assert!((figure.estimate().unwrap().point - 0.4).abs() < 0.02);
    seen.own_targets = Err("no target has its model".into());
    let none = row(&seen);
    assert_eq!(
        (none.standing, none.found.as_str()),
        (Standing::NotMeasured, "no target has its model")
    );
}

#[test]
fn outputs_of_one_case_are_no_independent_evidence() {
    let all: Vec<Judged> = (0..40)
        .map(|at| Judged {
            again: Some(read(f64::from(u8::from(at % 8 != 0)))),
            ..judged(at / 4, 1.0, 1.0)
        })
        .collect();
    let figure = row(&seen(Probe::Repeat, all)).figure.unwrap();
    assert_eq!(figure.estimate().unwrap().clusters, 10);
}

#[test]
fn what_is_asked_for_and_cannot_be_had_is_undecided() {
    let audit = |standing| Audit {
        judge: String::new(),
        digest: String::new(),
        model: String::new(),
        scale: String::new(),
        outputs: String::new(),
        probes: vec![Row {
            standing,
            ..Row::none(Probe::Repeat, 0.9, "")
        }],
        attacks: Vec::new(),
        notes: Vec::new(),
    };
    for (standing, code) in [
        (Standing::Ok, 0),
        (Standing::Unclear, 0),
        (Standing::NotMeasured, 6),
        (Standing::Fails, 100),
    ] {
        assert_eq!(audit(standing).exit_code(&[Probe::Repeat]), code);
        assert_eq!(audit(standing).exit_code(&[Probe::Length]), 0);
    }
}
