//! Hostile names and values in every drawing at once.

use proptest::prelude::*;

use super::example::{open, undefined};
use super::*;
use crate::analysis::findings::{Figure, Finding, Unit};

/// What a browser would take for markup, a script or a turn of the line.
const NAMES: &[&str] = &[
    "</text></svg><script>alert(1)</script>",
    "\" onload=\"alert(1)",
    "<!-- \u{202e}\u{1b}[2J\r\n\0 ]]>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<style>*{display:none}</style>",
];

fn every(name: &str, values: &[f64]) -> Vec<String> {
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    let figures: Vec<Figure> = vec![
        open(at(0), Some(at(1)), Some(at(2))),
        open(at(1), None, Some(at(0))),
        undefined(name),
    ];
    let units = [
        Unit::Rate,
        Unit::Score,
        Unit::Milliseconds,
        Unit::Usd,
        Unit::Tokens,
    ];
    let mut all = Vec::new();
    for unit in units {
        let rows: Vec<IntervalRow<'_>> = figures
            .iter()
            .zip(Shape::ALL)
            .map(|(figure, shape)| IntervalRow {
                name,
                figure,
                look: Look {
                    shape,
                    tone: Tone::Bad,
                },
            })
            .collect();
        let plot = Intervals {
            id: name,
            title: name,
            unit,
            rows: &rows,
            rule: Some((at(3), name)),
            beside: &[],
        };
        all.push(intervals(&plot));
        all.push(signed_intervals(&plot));
        all.push(intervals_within(&plot, &[(at(0), name), (at(3), name)]));
        let rows: Vec<DifferenceRow<'_>> = figures
            .iter()
            .map(|difference| DifferenceRow {
                name,
                unit,
                difference,
                margin: Some(at(3)),
                more_is_better: false,
                finding: Some(Finding::Worse),
            })
            .collect();
        all.push(differences(&Differences {
            id: name,
            title: name,
            rows: &rows,
        }));
        let rows = [Values {
            name,
            values,
            missing: 1,
        }];
        all.push(distributions(&Distributions {
            id: name,
            title: name,
            unit,
            scale: Some((at(0), at(1))),
            rows: &rows,
        }));
        let points: Vec<(f64, f64)> = values.iter().map(|x| (*x, at(2))).collect();
        let series = [Points {
            name,
            points: &points,
        }];
        let plot = Scatter {
            id: name,
            title: name,
            across: (name, unit),
            up: (name, unit),
            series: &series,
        };
        all.push(scatter(&plot));
        let series = [Series {
            name,
            values,
            unknown: 2,
        }];
        all.push(cumulative(&Cumulative {
            id: name,
            title: name,
            unit,
            series: &series,
        }));
    }
    let classes = vec![name.to_owned(), name.to_owned()];
    all.push(matrix(&Matrix {
        id: name,
        title: name,
        classes: &classes,
        counts: &[vec![1, 2], vec![3, 4]],
    }));
    let bins: Vec<Bin> = figures
        .iter()
        .map(|passed| Bin {
            n: 3,
            stated: at(0),
            passed: passed.clone(),
        })
        .collect();
    all.push(reliability(&Reliability {
        id: name,
        title: name,
        bins: &bins,
    }));
    all.push(flips(&Flips {
        id: name,
        title: name,
        sides: (name, name),
        both: 1,
        gained: 2,
        lost: 3,
        neither: 4,
    }));
    let parts = [Part {
        words: name,
        count: 3,
        tone: Tone::Good,
    }];
    all.push(shares(&Shares {
        id: name,
        title: name,
        rows: &[ShareRow {
            name,
            parts: &parts,
        }],
    }));
    all
}

/// A drawing is nothing but elements that we know, with attributes that we know, and numbers in its coordinates.
fn is_sound(drawn: &str) {
    let known = [
        "svg", "title", "desc", "line", "rect", "circle", "path", "text",
    ];
    let mut open = Vec::new();
    for part in drawn.split('<').skip(1) {
        let (tag, rest) = part.split_once('>').unwrap_or_else(|| panic!("{part}"));
        assert!(!rest.contains('>'), "{part}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{drawn}");
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        assert!(known.contains(&name), "{name:?} in {drawn}");
        if !tag.ends_with('/') {
            open.push(name);
        }
        for attribute in tag.split("\" ").filter_map(|one| one.rsplit_once('=')) {
            let name = attribute.0.rsplit(' ').next().unwrap_or_default();
            assert!(
                !name.starts_with("on") && name != "style" && name != "href",
                "{tag}"
            );
            let numeric = [
                "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height",
            ];
            if numeric.contains(&name) {
                let value = attribute.1.trim_matches(['"', '/']);
                let number: f64 = value.parse().unwrap_or_else(|_| panic!("{tag}"));
                assert!(number.is_finite() && number.abs() < 1e5, "{tag}");
            }
            if name == "d" {
                assert!(!attribute.1.contains(['N', 'i', 'e']), "{tag}");
            }
        }
    }
    assert!(open.is_empty(), "{drawn}");
    assert!(
        !drawn.contains(['\u{202e}', '\u{1b}', '\r', '\0']),
        "{drawn}"
    );
}

#[test]
fn no_name_marks_up_a_drawing() {
    for name in NAMES {
        for drawn in every(name, &[0.5, 0.4, 0.6, 0.1]) {
            is_sound(&drawn);
            let words = drawn.split("<desc").nth(1).unwrap_or_default();
            assert!(!words.is_empty(), "{drawn}");
        }
    }
}

#[test]
fn values_that_are_no_numbers_reach_no_coordinate() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e308,
        -1e308,
        5e-324,
        -0.0,
        0.0,
    ];
    for (place, _) in odd.iter().enumerate() {
        let mut values = odd.to_vec();
        values.rotate_left(place);
        every("a", &values).iter().for_each(|drawn| is_sound(drawn));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_values_make_a_sound_drawing(values in prop::collection::vec(any::<f64>(), 0..12)) {
        for drawn in every("a", &values) {
            is_sound(&drawn);
        }
    }
}
