//! What must hold of estimates whatever the data.

use std::num::NonZeroUsize;

use evenhand::stats::{
    Confidence, Confusion, Contrast, Count, Detection, Draws, Estimate, Isotonic, Labelled, Level,
    PairedTable, Plan, Ratings, Sample, Scale, Seed, Size, Statistic, TableStatistic, Tries,
    TwoSides, Undefined, Units, Unlabelled, Weights, agresti_coull, alpha_statistic, auc,
    auc_statistic, bca, benjamini_hochberg, benjamini_yekutieli, brier, calibration_statistic,
    ceiling, clopper_pearson, closeness, cohen_kappa, fieller, fleiss_statistic, gwet,
    gwet_statistic, holm, kendall, lin_ccc, mean, newcombe, paired_t, pass_at_k, pass_hat_k,
    pearson, ppi_plus_plus, quantile, rate, ratio_of_sums, reliability, sign_flip, spearman,
    wilson,
};
use proptest::prelude::*;

/// The point lies in the interval, every end is finite, the point too.
fn holds_its_point(estimate: &Estimate) {
    assert!(estimate.point.is_finite());
    assert!(estimate.std_error.is_none_or(f64::is_finite));
    if let Ok(interval) = estimate.interval {
        for (end, below) in [(interval.low, true), (interval.high, false)] {
            let Some(end) = end else { continue };
            assert!(end.is_finite(), "{estimate:?}");
            assert!(
                if below {
                    end <= estimate.point
                } else {
                    end >= estimate.point
                },
                "{estimate:?}"
            );
        }
    }
}

fn close(a: Option<f64>, b: Option<f64>) {
    match (a, b) {
        (Some(a), Some(b)) => assert!(
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3),
            "{a} {b}"
        ),
        (a, b) => assert_eq!(a, b),
    }
}

fn alike(a: &Result<Estimate, Undefined>, b: &Result<Estimate, Undefined>) {
    match (a, b) {
        (Ok(a), Ok(b)) => {
            close(Some(a.point), Some(b.point));
            close(a.low(), b.low());
            close(a.high(), b.high());
            assert_eq!(
                (a.n, a.trials, a.clusters, a.method),
                (b.n, b.trials, b.clusters, b.method)
            );
        }
        (a, b) => assert_eq!(a.as_ref().err(), b.as_ref().err()),
    }
}

/// Cases of up to five trials and the cluster of each.
fn cases() -> impl Strategy<Value = Vec<(u8, u32)>> {
    prop::collection::vec((0..=5_u8, 0..12_u32), 0..60)
}

fn split(cases: &[(u8, u32)]) -> (Vec<f64>, Vec<u32>) {
    cases
        .iter()
        .map(|&(passed, group)| (f64::from(passed) / 5.0, group))
        .unzip()
}

fn level() -> impl Strategy<Value = Confidence> {
    (0.5..0.999_f64).prop_map(|level| Confidence::new(level).expect("inside"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn counted_rates_hold_their_point(n in 1..3000_u64, share in 0.0..=1.0_f64, confidence in level()) {
        let k = (n as f64 * share) as u64;
        for interval in [wilson, agresti_coull, clopper_pearson] {
            holds_its_point(&interval(k, n, confidence).expect("a rate"));
        }
        let (low, high) = wilson(k, n, confidence).expect("a rate").interval.expect("ends").ends().expect("two");
        prop_assert!(high - low > 0.0 && low >= 0.0 && high <= 1.0);
    }

    #[test]
    fn grouped_rates_and_means_hold_their_point(cases in cases(), confidence in level()) {
        let (values, groups) = split(&cases);
        let plain = Sample::new(&values).with_trials(values.len() * 5);
        for sample in [plain, plain.with_groups(&groups)] {
            for found in [rate(&sample, confidence), mean(&sample, confidence, Some(Scale::UNIT))] {
                if let Ok(estimate) = found {
                    holds_its_point(&estimate);
                } else {
                    prop_assert!(values.is_empty());
                }
            }
        }
    }

    #[test]
    fn permuting_the_cases_changes_nothing(cases in cases(), rotation in 0..60_usize) {
        let mut moved = cases.clone();
        moved.reverse();
        if !moved.is_empty() {
            let places = rotation % moved.len();
            moved.rotate_left(places);
        }
        let ((values, groups), (other_values, other_groups)) = (split(&cases), split(&moved));
        let here = Sample::new(&values).with_trials(values.len() * 5).with_groups(&groups);
        let there = Sample::new(&other_values).with_trials(values.len() * 5).with_groups(&other_groups);
        let confidence = Confidence::NINETY_FIVE;
        alike(&rate(&here, confidence), &rate(&there, confidence));
        alike(&mean(&here, confidence, None), &mean(&there, confidence, None));
        alike(&quantile(&*values, 0.9, confidence), &quantile(&*other_values, 0.9, confidence));
        let costs = |values: &[f64]| values.iter().map(|v| v * 0.3 + 0.1).collect::<Vec<_>>();
        let (a, b) = (costs(&values), costs(&other_values));
        alike(
            &fieller(&Sample::new(&a).with_groups(&groups), &values, confidence),
            &fieller(&Sample::new(&b).with_groups(&other_groups), &other_values, confidence),
        );
    }

    #[test]
    fn renaming_the_clusters_changes_nothing(cases in cases()) {
        let (values, groups) = split(&cases);
        let renamed: Vec<u32> = groups.iter().map(|g| u32::MAX - g * 7).collect();
        let (here, there) = (Sample::new(&values).with_groups(&groups), Sample::new(&values).with_groups(&renamed));
        prop_assert_eq!(rate(&here, Confidence::NINETY), rate(&there, Confidence::NINETY));
    }

    #[test]
    fn swapping_the_sides_of_a_table_flips_the_sign(
        both in 0..200_u64, gained in 0..60_u64, lost in 0..60_u64, neither in 0..200_u64, confidence in level()
    ) {
        let table = PairedTable { both, gained, lost, neither };
        prop_assert_eq!(table.mcnemar_exact(), table.swapped().mcnemar_exact());
        prop_assert_eq!(table.mcnemar_mid_p(), table.swapped().mcnemar_mid_p());
        if table.pairs() > 0 {
            let (here, there) = (
                table.difference(confidence).expect("pairs"),
                table.swapped().difference(confidence).expect("pairs"),
            );
            holds_its_point(&here);
            close(Some(here.point), Some(-there.point));
            close(here.low(), there.high().map(|end| -end));
            close(here.high(), there.low().map(|end| -end));
        }
    }

    #[test]
    fn swapping_paired_or_independent_sides_flips_the_sign(cases in cases(), n in 1..50_u64, k in 0..50_u64) {
        let (values, groups) = split(&cases);
        let d: Vec<f64> = values.iter().map(|v| v - 0.4).collect();
        let back: Vec<f64> = d.iter().map(|v| -v).collect();
        let (here, there) = (Sample::new(&d).with_groups(&groups), Sample::new(&back).with_groups(&groups));
        let confidence = Confidence::NINETY_FIVE;
        if let (Ok(a), Ok(b)) = (paired_t(&here, confidence, None), paired_t(&there, confidence, None)) {
            holds_its_point(&a.estimate);
            close(a.estimate.low(), b.estimate.high().map(|end| -end));
            close(a.test.ok().map(|t| t.p), b.test.ok().map(|t| t.p));
        }
        let seed = Seed::derive(1, &["flip"]);
        if let (Ok(a), Ok(b)) = (sign_flip(&here, &seed), sign_flip(&there, &seed)) {
            prop_assert_eq!(a.p, b.p);
            prop_assert!(a.p > 0.0);
        }
        let (one, two) = (Count { successes: k.min(n), n }, Count { successes: n / 3, n });
        let (a, b) = (newcombe(one, two, confidence).expect("counts"), newcombe(two, one, confidence).expect("counts"));
        close(a.estimate.low(), b.estimate.high().map(|end| -end));
        close(a.test.ok().map(|t| t.p), b.test.ok().map(|t| t.p));
    }

    #[test]
    fn percentiles_hold_their_point(values in prop::collection::vec(-1e6..1e6_f64, 1..400), q in 0.01..0.99_f64) {
        holds_its_point(&quantile(&*values, q, Confidence::NINETY_FIVE).expect("values"));
    }

    #[test]
    fn ratios_hold_their_point(pairs in prop::collection::vec((0.0..9.0_f64, 0..2_u8), 1..60)) {
        let (costs, passes): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(c, s)| (c, f64::from(s))).unzip();
        match fieller(&Sample::new(&costs), &passes, Confidence::NINETY_FIVE) {
            Ok(estimate) => holds_its_point(&estimate),
            Err(reason) => prop_assert_eq!(reason, Undefined::TooFewSuccesses),
        }
    }

    #[test]
    fn adjusted_p_values_are_no_smaller_and_keep_their_order(p in prop::collection::vec(0.0..=1.0_f64, 0..30)) {
        for adjust in [holm, benjamini_hochberg, benjamini_yekutieli] {
            let adjusted = adjust(&p).expect("p-values");
            for (i, (&raw, &new)) in p.iter().zip(&adjusted).enumerate() {
                prop_assert!(new >= raw * (1.0 - 1e-12) && new <= 1.0);
                for (j, &other) in p.iter().enumerate() {
                    prop_assert!(raw > other || adjusted[i] <= adjusted[j] * (1.0 + 1e-12));
                }
            }
        }
    }

    #[test]
    fn more_tries_find_more_and_keep_less(trials in 1..40_u64, share in 0.0..=1.0_f64) {
        let tries = Tries { trials, successes: (trials as f64 * share) as u64 };
        let at: Vec<f64> = (1..=trials).map(|k| pass_at_k(tries, k).expect("a value")).collect();
        let hat: Vec<f64> = (1..=trials).map(|k| pass_hat_k(tries, k).expect("a value")).collect();
        prop_assert!(at.windows(2).all(|w| w[0] <= w[1] + 1e-12) && hat.windows(2).all(|w| w[0] >= w[1] - 1e-12));
        prop_assert!(at.iter().chain(&hat).all(|p| (0.0..=1.0).contains(p)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn the_number_of_threads_changes_no_bootstrap(
        rows in prop::collection::vec((0.0..9.0_f64, 0.1..2.0_f64), 10..40), threads in 2..9_usize
    ) {
        let (above, below): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
        let units = Units::singles(rows.len());
        let size = Size::cases(rows.len());
        let one = vec![1.0; rows.len()];
        let ratio = ratio_of_sums(&units, &above, &below, size).expect("rows");
        let plain = ratio_of_sums(&units, &above, &one, size).expect("rows");
        let both = TwoSides::new(plain, ratio, Contrast::Difference).expect("equal units");
        let plan = Plan::new(Seed::derive(3, &["threads"]));
        let many = plan.with_threads(NonZeroUsize::new(threads).expect("above zero"));
        let (a, b) = (Draws::of(&both, &plan).expect("draws"), Draws::of(&both, &many).expect("draws"));
        prop_assert_eq!(a.bca(&both, Confidence::NINETY_FIVE), b.bca(&both, Confidence::NINETY_FIVE));
        prop_assert_eq!(a.percentile(Confidence::NINETY), b.percentile(Confidence::NINETY));
        prop_assert_eq!(a.test(), b.test());
        holds_its_point(&a.bca(&both, Confidence::NINETY_FIVE));
        prop_assert_eq!(both.size().units, rows.len());
    }

    #[test]
    fn the_number_of_threads_changes_no_resampled_agreement(
        rows in prop::collection::vec((prop::collection::vec(prop::option::of(0..3_u32), 3), 0..=20_u8, any::<bool>(), 0..15_u32), 20..40),
        threads in 2..9_usize,
    ) {
        let cells: Vec<Option<u32>> = rows.iter().flat_map(|row| row.0.iter()).copied().collect();
        let stated: Vec<f64> = rows.iter().map(|row| f64::from(row.1) / 20.0).collect();
        let passed: Vec<bool> = rows.iter().map(|row| row.2).collect();
        let groups: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let units = Units::of(&groups);
        let ratings = Ratings::new(&cells, 3, 3).expect("rows");
        let plan = Plan { resamples: 1_000, ..Plan::new(Seed::derive(3, &["agreement"])) };
        let many = plan.with_threads(NonZeroUsize::new(threads).expect("above zero"));
        fn same(statistic: Result<impl Statistic, Undefined>, plan: &Plan, many: &Plan) {
            let Ok(statistic) = statistic else { return };
            let found = bca(&statistic, plan, Confidence::NINETY_FIVE);
            assert_eq!(found, bca(&statistic, many, Confidence::NINETY_FIVE));
            found.iter().for_each(holds_its_point);
        }
        same(alpha_statistic(ratings, Level::Ordinal, units.clone()), &plan, &many);
        same(gwet_statistic(ratings, Weights::Linear, &units), &plan, &many);
        same(fleiss_statistic(ratings, &units), &plan, &many);
        same(calibration_statistic(&stated, &passed, &units), &plan, &many);
        same(auc_statistic(&stated, &passed, &units), &plan, &many);
        let human: Vec<u32> = passed.iter().map(|&y| u32::from(y)).collect();
        let judge: Vec<u32> = stated.iter().map(|&p| u32::from(p > 0.5)).collect();
        let mcc = |table: &Confusion| table.mcc(Confidence::NINETY).ok().map(|mcc| mcc.point);
        same(TableStatistic::new(&human, &judge, 2, units, mcc), &plan, &many);
    }
}

/// Labels of two annotators on a scale of four.
fn labels() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0..4_u32, 0..4_u32), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn agreement_does_not_depend_on_the_order_of_the_items(pairs in labels(), rotation in 0..60_usize) {
        let mut moved = pairs.clone();
        if !moved.is_empty() {
            let places = rotation % moved.len();
            moved.rotate_left(places);
        }
        let table = |pairs: &[(u32, u32)]| {
            let (h, j): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
            Confusion::of(&h, &j, 4).expect("classes")
        };
        prop_assert_eq!(table(&pairs), table(&moved));
        let numbers = |pairs: &[(u32, u32)]| -> (Vec<f64>, Vec<f64>) {
            pairs.iter().map(|&(h, j)| (f64::from(h), f64::from(j))).unzip()
        };
        let ((x, y), (u, v)) = (numbers(&pairs), numbers(&moved));
        for figure in [pearson, spearman, kendall] {
            let (a, b) = (figure(&x, &y, Confidence::NINETY), figure(&u, &v, Confidence::NINETY));
            prop_assert_eq!(a.as_ref().err(), b.as_ref().err());
            close(a.ok().map(|c| c.estimate.point), b.ok().map(|c| c.estimate.point));
        }
        alike(&lin_ccc(&x, &y, Confidence::NINETY), &lin_ccc(&u, &v, Confidence::NINETY));
    }

    #[test]
    fn agreement_stays_between_minus_one_and_one_and_is_the_same_from_both_sides(pairs in labels()) {
        let (h, j): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
        let (there, back) = (Confusion::of(&h, &j, 4).expect("classes"), Confusion::of(&j, &h, 4).expect("classes"));
        for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
            if let Ok(kappa) = cohen_kappa(&there, weights, Confidence::NINETY_FIVE) {
                holds_its_point(&kappa);
                prop_assert!((-1.0 - 1e-9..=1.0).contains(&kappa.point));
                let other = cohen_kappa(&back, weights, Confidence::NINETY_FIVE).expect("the same labels");
                close(Some(kappa.point), Some(other.point));
            }
            if let Ok(coefficient) = gwet(&there, weights, Confidence::NINETY_FIVE) {
                holds_its_point(&coefficient);
                prop_assert!(coefficient.point <= 1.0 + 1e-12);
                alike(&Ok(coefficient), &gwet(&back, weights, Confidence::NINETY_FIVE));
            }
        }
        alike(&there.mcc(Confidence::NINETY), &back.mcc(Confidence::NINETY));
        if let Ok(mcc) = there.mcc(Confidence::NINETY) {
            holds_its_point(&mcc);
            prop_assert!((-1.0..=1.0).contains(&mcc.point));
        }
        if let (Ok(here), Ok(turned)) = (there.macro_scores(Confidence::NINETY), back.macro_scores(Confidence::NINETY)) {
            // What is precision from one side is recall from the other.
            alike(&Ok(here.precision.clone()), &Ok(turned.recall));
            alike(&Ok(here.f1.clone()), &Ok(turned.f1));
            let balanced = there.balanced_accuracy(Confidence::NINETY).expect("items");
            let rates = [there.within_one(Confidence::NINETY), there.base_rate(Confidence::NINETY)].map(|rate| rate.expect("items"));
            for score in rates.iter().chain([&here.precision, &here.recall, &here.f1, &balanced]) {
                holds_its_point(score);
                prop_assert!((0.0..=1.0).contains(&score.point));
            }
            let (bias, turned) = (there.marginal_bias(Confidence::NINETY), back.marginal_bias(Confidence::NINETY));
            for (one, other) in bias.expect("items").iter().zip(turned.expect("items")) {
                holds_its_point(one);
                close(Some(one.point), Some(-other.point));
                close(one.low(), other.high().map(|end| -end));
            }
        }
    }

    #[test]
    fn swapping_judge_and_people_flips_the_bias(pairs in prop::collection::vec((-9.0..9.0_f64, -9.0..9.0_f64), 1..40)) {
        let (h, j): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let (there, back) = (closeness(&h, &j, None, Confidence::NINETY_FIVE), closeness(&j, &h, None, Confidence::NINETY_FIVE));
        let (there, back) = (there.expect("pairs"), back.expect("pairs"));
        close(Some(there.bias.point), Some(-back.bias.point));
        close(there.bias.low(), back.bias.high().map(|end| -end));
        prop_assert!(there.mean_absolute_error.point <= there.root_mean_square_error.point + 1e-12);
        for figure in [&there.bias, &there.mean_absolute_error, &there.root_mean_square_error].into_iter().chain(there.limits.iter().flatten()) {
            holds_its_point(figure);
        }
        if let Ok(ccc) = lin_ccc(&h, &j, Confidence::NINETY_FIVE) {
            holds_its_point(&ccc);
            alike(&Ok(ccc), &lin_ccc(&j, &h, Confidence::NINETY_FIVE));
        }
        let r = pearson(&h, &j, Confidence::NINETY_FIVE);
        close(
            r.as_ref().ok().map(|c| c.estimate.point),
            pearson(&j, &h, Confidence::NINETY_FIVE).ok().map(|c| c.estimate.point),
        );
        if let Ok(r) = r {
            holds_its_point(&r.estimate);
        }
    }

    #[test]
    fn perfect_agreement_is_one_and_alpha_never_exceeds_it(
        rows in prop::collection::vec(prop::collection::vec(prop::option::of(0..3_u32), 4), 1..30)
    ) {
        let cells: Vec<Option<u32>> = rows.iter().flatten().copied().collect();
        let ratings = Ratings::new(&cells, 4, 3).expect("full rows");
        let alike: Vec<Option<u32>> =
            rows.iter().flat_map(|row| row.iter().map(|cell| cell.map(|_| row.iter().flatten().copied().next().unwrap_or(0)))).collect();
        let agreed = Ratings::new(&alike, 4, 3).expect("full rows");
        for level in [Level::Nominal, Level::Ordinal, Level::Interval(&[1.0, 2.0, 5.0])] {
            if let Ok(alpha) = ratings.alpha(level, Confidence::NINETY_FIVE) {
                holds_its_point(&alpha);
                prop_assert!(alpha.point <= 1.0 + 1e-12);
            }
            if let Ok(alpha) = agreed.alpha(level, Confidence::NINETY_FIVE) {
                prop_assert!((alpha.point - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn agreement_of_many_does_not_depend_on_the_order_of_items_or_annotators(
        rows in prop::collection::vec(prop::collection::vec(prop::option::of(0..4_u32), 3), 1..40), rotation in 0..40_usize
    ) {
        let cells: Vec<Option<u32>> = rows.iter().flatten().copied().collect();
        let mut moved = rows.clone();
        moved.rotate_left(rotation % rows.len());
        let moved: Vec<Option<u32>> = moved.iter().flat_map(|row| row.iter().rev()).copied().collect();
        let (here, there) = (Ratings::new(&cells, 3, 4).expect("rows"), Ratings::new(&moved, 3, 4).expect("rows"));
        let confidence = Confidence::NINETY;
        for level in [Level::Nominal, Level::Ordinal, Level::Interval(&[1.0, 2.0, 5.0, 6.0])] {
            alike(&here.alpha(level, confidence), &there.alpha(level, confidence));
        }
        for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
            let found = here.gwet(weights, confidence);
            alike(&found, &there.gwet(weights, confidence));
            found.iter().for_each(holds_its_point);
        }
        let found = here.fleiss(confidence);
        alike(&found, &there.fleiss(confidence));
        found.iter().for_each(holds_its_point);
        let judge: Vec<Option<u32>> = rows.iter().map(|row| row[0]).collect();
        if let Ok(found) = ceiling(&here, &judge, Weights::Identity, confidence) {
            for figure in [&found.people, &found.judge, &found.distance] {
                holds_its_point(figure);
            }
        }
    }

    #[test]
    fn a_stated_probability_is_judged_alike_in_any_order(
        items in prop::collection::vec((0..=20_u8, any::<bool>()), 1..60), rotation in 0..60_usize
    ) {
        let split = |items: &[(u8, bool)]| -> (Vec<f64>, Vec<bool>) {
            items.iter().map(|&(stated, passed)| (f64::from(stated) / 20.0, passed)).unzip()
        };
        let mut moved = items.clone();
        moved.rotate_left(rotation % items.len());
        let ((p, y), (q, z)) = (split(&items), split(&moved));
        let confidence = Confidence::NINETY_FIVE;
        for (here, there) in [
            (brier(&p, &y, None, confidence), brier(&q, &z, None, confidence)),
            (auc(&p, &y, confidence), auc(&q, &z, confidence)),
        ] {
            alike(&here, &there);
            here.iter().for_each(holds_its_point);
        }
        // Passes and fails exchanged turn the order round.
        let turned: Vec<bool> = y.iter().map(|passed| !passed).collect();
        if let (Ok(here), Ok(there)) = (auc(&p, &y, confidence), auc(&p, &turned, confidence)) {
            close(Some(here.point), Some(1.0 - there.point));
            close(here.low(), there.high().map(|end| 1.0 - end));
        }
        let bins = reliability(&p, &y, confidence).expect("probabilities");
        prop_assert_eq!(bins.iter().map(|bin| bin.n).sum::<usize>(), items.len());
        bins.iter().flat_map(|bin| &bin.passed).for_each(holds_its_point);
    }

    #[test]
    fn counted_verdicts_hold_their_point(counts in prop::array::uniform4(0..60_u64), confidence in level()) {
        let [true_positive, false_negative, false_positive, true_negative] = counts;
        let labels = Detection { true_positive, false_negative, false_positive, true_negative };
        for found in [labels.precision(confidence), labels.f1(confidence), labels.youden_j(confidence)] {
            found.iter().for_each(holds_its_point);
        }
    }

    #[test]
    fn a_corrected_mean_holds_its_point_and_never_listens_to_the_judge_more_than_wholly(
        labels in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64, 1.0..9.0_f64), 1..60),
        rest in prop::collection::vec(0.0..1.0_f64, 1..60),
        weighted in any::<bool>(),
    ) {
        let human: Vec<f64> = labels.iter().map(|l| l.0).collect();
        let judge: Vec<f64> = labels.iter().map(|l| l.1).collect();
        let weights: Vec<f64> = labels.iter().map(|l| l.2).collect();
        let labelled =
            Labelled { human: &human, judge: &judge, weights: weighted.then_some(&weights[..]), groups: None };
        let unlabelled = Unlabelled { judge: &rest, groups: None };
        let found = ppi_plus_plus(&labelled, &unlabelled, Confidence::NINETY_FIVE, Some(Scale::UNIT)).expect("items");
        holds_its_point(&found.estimate);
        prop_assert!((0.0..=1.0).contains(&found.lambda));
        prop_assert!((0.0..=1.0).contains(&found.estimate.point));
    }

    #[test]
    fn an_isotonic_map_never_falls_and_keeps_the_mean(
        pairs in prop::collection::vec((0..6_u8, 0.0..5.0_f64), 1..60)
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (f64::from(x), y)).unzip();
        let map = Isotonic::fit(&x, &y).expect("pairs");
        prop_assert!(map.knots().windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1 + 1e-12));
        let mapped: f64 = x.iter().map(|&v| map.apply(v)).sum();
        prop_assert!((mapped - y.iter().sum::<f64>()).abs() < 1e-9);
    }
}
