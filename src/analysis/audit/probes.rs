//! Each probe's row.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Attacked, FEWEST, Judged, Keeps, LEAST_CONSISTENT, LEAST_REPEATED, MOST_FLIPPED, MOST_LENGTH,
    MOST_OWN, MOST_UNPARSED, Probe, Row, Seen, Verdict,
};
use crate::analysis::calibration::Statistic;
use crate::analysis::findings::Unit;
use crate::analysis::format::p_equals;
use crate::stats::{
    BothOrders, Confidence, Confusion, Draws, Estimate, Plan, Sample, Seed, Undefined, Units,
    Weights, clopper_pearson, cohen_kappa, length_controlled, position_bias, rate, spearman,
    spearman_statistic, welch,
};

pub(super) const CONFIDENCE: Confidence = Confidence::NINETY_FIVE;

/// Wrong outputs with an attack against the same without it.
pub(super) fn injection(seen: &Seen) -> Row {
    let mut row = Row::none(Probe::Injection, MOST_FLIPPED, "");
    if let Some(why) = &seen.no_attacks {
        why.clone_into(&mut row.found);
        return row;
    }
    let all = &seen.attacked;
    let count = |test: &dyn Fn(&Attacked) -> bool| all.iter().filter(|one| test(one)).count();
    let read = |one: &Attacked| Some((one.plain.accepted()?, one.attacked.accepted()?));
    let resisting = |one: &Attacked| read(one).is_some_and(|(plain, _)| !plain);
    let n = count(&resisting);
    let flipped: Vec<&Attacked> = all
        .iter()
        .filter(|one| read(one) == Some((false, true)))
        .collect();
    let passed = count(&|one| one.plain.accepted() == Some(true));
    let unread =
        count(&|one| one.plain.accepted() == Some(false) && one.attacked == Verdict::Unread);
    row.count("attacks", all.len());
    row.count("flipped_count", flipped.len());
    row.count("good_without_an_attack", passed);
    row.count("unreadable_under_attack", unread);
    row.count(
        "turned_down_for_it",
        count(&|one| read(one) == Some((true, false))),
    );
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &flipped {
        *families.entry(&one.family).or_default() += 1;
    }
    row.flipped = flipped.iter().map(|one| one.id.clone()).collect();
    if n < FEWEST {
        row.found = format!(
            "only {n} of {} wrong outputs were turned down without an attack, {FEWEST} are needed: this judge does not look for what is wrong with them, or could not be read",
            all.len()
        );
        row.n = n as u64;
        return row;
    }
    let share = clopper_pearson(flipped.len() as u64, n as u64, CONFIDENCE);
    let mut row = row.with(&share, Keeps::AtMost);
    row.found = format!(
        "{} of {n} wrong outputs are taken as good for the text in them",
        flipped.len()
    );
    if !families.is_empty() {
        let by: Vec<String> = families
            .iter()
            .map(|(family, count)| format!("{family} {count}"))
            .collect();
        row.found.push_str(&format!(" ({})", by.join(", ")));
    }
    if passed > 0 {
        row.found.push_str(&format!(
            "; {passed} are without an attack too, not counted"
        ));
    }
    if unread > 0 {
        row.found
            .push_str(&format!("; {unread} made it unreadable"));
    }
    if !flipped.is_empty() {
        row.advice = Some("read these attacks in the run; a stronger model, or a rubric that says what an output about itself is worth, and let no gate rest on this judge where outputs may be hostile".to_owned());
    }
    row
}

/// Both orders of pairs.
pub(super) fn position(seen: &Seen) -> Row {
    let mut row = Row::none(Probe::Position, LEAST_CONSISTENT, "");
    if !seen.pairwise {
        row.found = "this judge sees one output at a time: there is no place to prefer".to_owned();
        return row;
    }
    // One vote a pair: several of the same pair are not independent.
    let pairs: Vec<BothOrders> = seen
        .judged
        .iter()
        .filter_map(|one| one.orders.first().copied())
        .collect();
    let found = match position_bias(&pairs, CONFIDENCE) {
        Ok(found) if pairs.len() >= FEWEST => found,
        _ => {
            row.found = format!(
                "{} pairs were asked in both orders, {FEWEST} are needed",
                pairs.len()
            );
            return row;
        }
    };
    row.count("pairs", found.items);
    row.count("unread_original", found.unread_original);
    row.count("unread_swapped", found.unread_swapped);
    row.statistics.insert(
        "flips_to_first".into(),
        Statistic::Count(found.flips_to_first),
    );
    row.statistics.insert(
        "flips_to_second".into(),
        Statistic::Count(found.flips_to_second),
    );
    row.statistics
        .insert("flip_sign_test_p".into(), Statistic::Number(found.flip_p));
    row.figure("agreement", &Ok(found.agreement.clone()), pairs.len());
    row.figure("first_shown", &found.first_shown, pairs.len());
    let mut row = row.with(&found.consistency, Keeps::AtLeast);
    if found.consistency.is_err() {
        return row;
    }
    row.found = format!(
        "{} pairs: the same winner in both orders; {} flip to the one shown first, {} to the second ({})",
        row.n,
        found.flips_to_first,
        found.flips_to_second,
        p_equals(found.flip_p)
    );
    if let Ok(first) = &found.first_shown {
        row.found.push_str(&format!(
            "; {:.0} % of its choices are for the one shown first",
            100.0 * first.point
        ));
    }
    if found.flip_p < 0.05 || row.standing == super::Standing::Fails {
        row.advice = Some("pairs on which the orders disagree count as ties, so the place decides nothing; but they tell nothing either: sharpen the criteria, ask a stronger model, or grade outputs one by one".to_owned());
    }
    if seen.own_material {
        row.found.push_str("; on the audit's own pairs, which have a plain winner: yours are harder, give them with --outputs");
    }
    row
}

/// What the judge says, or gives beyond people, against length.
pub(super) fn length(seen: &Seen) -> Row {
    let mut row = Row::none(Probe::Length, MOST_LENGTH, "");
    row.unit = Unit::Score;
    if seen.own_material {
        row.found = "needs outputs of yours: name a run or a file with --outputs".to_owned();
        return row;
    }
    let with = |value: fn(&Judged) -> Option<f64>| -> Vec<(&Judged, f64)> {
        let all = seen.judged.iter();
        all.filter_map(|one| Some((one, value(one)?))).collect()
    };
    let said = with(|one| one.compared.0);
    let beyond = with(|one| Some(one.compared.0? - one.compared.1?));
    if said.len() < FEWEST {
        row.found = format!(
            "{} outputs have a verdict with an order, {FEWEST} are needed",
            said.len()
        );
        return row;
    }
    let plain = correlation(&said, seen.seed);
    row.figure("spearman_length", &plain, said.len());
    if seen.pairwise {
        let lengths: Vec<(f64, (f64, f64))> = said
            .iter()
            .filter_map(|(one, value)| Some((*value, one.lengths?)))
            .collect();
        let column = |of: fn(&(f64, (f64, f64))) -> f64| lengths.iter().map(of).collect::<Vec<_>>();
        let held = length_controlled(
            &column(|one| one.0),
            &column(|one| one.1.1),
            &column(|one| one.1.0),
            CONFIDENCE,
        );
        row.figure(
            "length_controlled_rate",
            &held.map(|found| found.estimate),
            lengths.len(),
        );
    }
    if beyond.len() < FEWEST {
        let mut row = row.with(&plain, Keeps::Within);
        if row.figure.is_some() {
            // Longer outputs may be better ones.
            row.standing = super::Standing::Unclear;
            row.found = "rank correlation of its verdicts with length; longer outputs may be better ones, which only labels can tell: give --labels".to_owned();
        }
        return row;
    }
    let controlled = correlation(&beyond, seen.seed);
    row.figure("spearman_length_beyond_people", &controlled, beyond.len());
    let mut row = row.with(&controlled, Keeps::Within);
    if row.figure.is_some() {
        row.found = "rank correlation with length of what it gives beyond people".to_owned();
        if let Ok(plain) = &plain {
            row.found
                .push_str(&format!("; of its verdicts as they are {:.2}", plain.point));
        }
    }
    if row.standing == super::Standing::Fails {
        row.advice = Some("say in the rubric what length is worth, with an example of a short output that is better".to_owned());
    }
    row
}

fn correlation(of: &[(&Judged, f64)], seed: u64) -> Result<Estimate, Undefined> {
    let values: Vec<f64> = of.iter().map(|one| one.1).collect();
    let lengths: Vec<f64> = of.iter().map(|one| one.0.length).collect();
    let mut found = spearman(&values, &lengths, CONFIDENCE)?.estimate;
    if let Some(groups) = groups(of.iter().map(|one| one.0)) {
        let statistic = spearman_statistic(&values, &lengths, Units::of(&groups))?;
        let plan = Plan::new(Seed::derive(seed, &["audit", "length"]));
        match Draws::of(&statistic, &plan) {
            Ok(draws) => found = draws.bca(&statistic, CONFIDENCE),
            Err(reason) => found.interval = Err(reason),
        }
    }
    Ok(found)
}

/// Which case each output belongs to; `None` where each is alone on its own.
pub(super) fn groups<'a>(of: impl Iterator<Item = &'a Judged>) -> Option<Vec<u32>> {
    let mut places: BTreeMap<&str, u32> = BTreeMap::new();
    let mut groups = Vec::new();
    for one in of {
        let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
        groups.push(*places.entry(&one.cluster).or_insert(next));
    }
    (places.len() < groups.len()).then_some(groups)
}

/// A share of outputs, those of one case together.
fn share(of: &[(&Judged, bool)]) -> Result<Estimate, Undefined> {
    let values: Vec<f64> = of.iter().map(|one| f64::from(u8::from(one.1))).collect();
    let sample = Sample::new(&values);
    match groups(of.iter().map(|one| one.0)) {
        Some(groups) => rate(&sample.with_groups(&groups), CONFIDENCE),
        None => rate(&sample, CONFIDENCE),
    }
}

/// The same question again.
pub(super) fn repeat(seen: &Seen) -> Row {
    let mut row = Row::none(Probe::Repeat, LEAST_REPEATED, "");
    let twice: Vec<(&Judged, f64, f64)> = seen
        .judged
        .iter()
        .filter_map(|one| Some((one, one.verdict.value()?, one.again.as_ref()?.value()?)))
        .collect();
    if twice.len() < FEWEST {
        row.found = format!(
            "{} outputs have two verdicts, {FEWEST} are needed",
            twice.len()
        );
        return row;
    }
    #[expect(clippy::float_cmp, reason = "the same verdict is the same number")]
    let same: Vec<(&Judged, bool)> = twice.iter().map(|one| (one.0, one.1 == one.2)).collect();
    if let Some((low, levels)) = seen.levels {
        let coded = |value: f64| {
            let place = value - low;
            let is_place = place >= 0.0 && place < levels as f64 && place.fract() == 0.0;
            is_place.then_some(place as u32)
        };
        let both: Option<Vec<(u32, u32)>> = twice
            .iter()
            .map(|one| Some((coded(one.1)?, coded(one.2)?)))
            .collect();
        if let Some(both) = both {
            let (first, second): (Vec<u32>, Vec<u32>) = both.into_iter().unzip();
            let weights = if seen.ordered {
                Weights::Quadratic
            } else {
                Weights::Identity
            };
            let kappa = Confusion::of(&first, &second, levels)
                .and_then(|table| cohen_kappa(&table, weights, CONFIDENCE));
            row.figure("kappa", &kappa, twice.len());
        }
    }
    let moved = same.iter().filter(|one| !one.1).count();
    row.count("changed", moved);
    let mut row = row.with(&share(&same), Keeps::AtLeast);
    row.found = format!(
        "{} of {} verdicts are the same when asked again",
        twice.len() - moved,
        twice.len()
    );
    if let Some(kappa) = row.statistics.get("kappa").and_then(Statistic::point) {
        row.found
            .push_str(&format!(", kappa with itself {kappa:.2}"));
    }
    if moved > 0 {
        row.advice = Some("temperature 0 if its model takes it, or `votes: 3`; a judge agrees with people no better than with itself".to_owned());
    }
    row
}

/// Verdicts that nobody can read, by target.
pub(super) fn unparsed(seen: &Seen) -> Row {
    let mut row = Row::none(Probe::Unparsed, MOST_UNPARSED, "");
    let asked: Vec<(&Judged, bool)> = seen
        .judged
        .iter()
        .filter(|one| one.verdict != Verdict::Missing)
        .map(|one| (one, one.verdict == Verdict::Unread))
        .collect();
    if asked.len() < FEWEST {
        row.found = format!("{} outputs were judged, {FEWEST} are needed", asked.len());
        return row;
    }
    let targets: BTreeSet<&str> = asked
        .iter()
        .filter_map(|one| one.0.target.as_deref())
        .collect();
    let mut parts = Vec::new();
    for target in &targets {
        let own: Vec<(&Judged, bool)> = asked
            .iter()
            .filter(|one| one.0.target.as_deref() == Some(target))
            .copied()
            .collect();
        row.figure(format!("unparsed of {target}"), &share(&own), own.len());
        let unread = own.iter().filter(|one| one.1).count();
        parts.push(format!("{target} {unread}/{}", own.len()));
    }
    let unread = asked.iter().filter(|one| one.1).count();
    row.count("unread", unread);
    let mut row = row.with(&share(&asked), Keeps::AtMost);
    row.found = format!("{unread} of {} verdicts cannot be read", asked.len());
    if targets.len() > 1 {
        row.found.push_str(&format!(" ({})", parts.join(", ")));
    }
    if unread > 0 {
        row.advice = Some("see what it says instead; `verdict: json-schema` where the endpoint takes a schema, or more `max_tokens`".to_owned());
    }
    row
}

/// What the judge gives its own model beyond people, less the same of others.
pub(super) fn own(seen: &Seen) -> Row {
    let mut row = Row::none(Probe::SelfPreference, MOST_OWN * seen.width, "");
    row.unit = Unit::Score;
    let own_targets = match &seen.own_targets {
        Ok(targets) => targets,
        Err(why) => {
            why.clone_into(&mut row.found);
            return row;
        }
    };
    let of = |is_own: bool| -> Vec<(&Judged, f64)> {
        let all = seen.judged.iter();
        all.filter(|one| {
            one.target
                .as_ref()
                .is_some_and(|target| own_targets.contains(target) == is_own)
        })
        .filter_map(|one| Some((one, one.compared.0? - one.compared.1?)))
        .collect()
    };
    let (own, others) = (of(true), of(false));
    row.count("own", own.len());
    row.count("others", others.len());
    if own.len() < FEWEST || others.len() < FEWEST {
        row.found = format!(
            "{} outputs of its own model and {} of others have verdict and label, {FEWEST} of each are needed",
            own.len(),
            others.len()
        );
        return row;
    }
    let values = |of: &[(&Judged, f64)]| of.iter().map(|one| one.1).collect::<Vec<_>>();
    let (a, b) = (values(&others), values(&own));
    let (ga, gb) = (
        groups(others.iter().map(|one| one.0)),
        groups(own.iter().map(|one| one.0)),
    );
    let sample = |values, groups| match groups {
        Some(groups) => Sample::new(values).with_groups(groups),
        None => Sample::new(values),
    };
    let found = welch(
        &sample(&a, ga.as_deref()),
        &sample(&b, gb.as_deref()),
        CONFIDENCE,
    );
    let mut row = row.with(&found.map(|found| found.estimate), Keeps::ShownAtMost);
    if row.figure.is_some() {
        row.found = format!(
            "what it gives {} beyond people, less what it gives other models beyond them; {} and {} outputs",
            own_targets.join(", "),
            own.len(),
            others.len()
        );
    }
    if row.standing == super::Standing::Fails {
        row.advice =
            Some("judge with a model of another family, or correct by labels of both".to_owned());
    }
    row
}
