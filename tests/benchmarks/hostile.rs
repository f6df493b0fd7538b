//! Outputs that nobody would write: no rule panics, and each answers the same twice.

use evenhand::score::benchmark::{
    Marking, Verdict, advbench, bfcl, drop, gaia, gsm8k, halueval, ifeval, injection, letters,
    math, mmlu_pro, ruler, simpleqa, squad, truthfulqa,
};
use proptest::prelude::*;
use serde_json::json;

/// The verdicts of some conventions on an output, for a row of their benchmark.
fn each<M: Marking + Copy>(
    conventions: &[(&str, M)],
    row: &serde_json::Value,
    output: &str,
) -> Vec<Verdict> {
    let row: M::Row = serde_json::from_value(row.clone()).expect("a row of the benchmark");
    conventions
        .iter()
        .map(|(_, by)| by.verdict(&row, output))
        .collect()
}

/// Every instruction of IFEval, with options that any text may meet.
fn instructions() -> serde_json::Value {
    let all = [
        ("keywords:existence", json!({"keywords": ["a", "é+"]})),
        (
            "keywords:frequency",
            json!({"keyword": "a", "frequency": 2, "relation": "at least"}),
        ),
        (
            "keywords:forbidden_words",
            json!({"forbidden_words": ["rock", "é"]}),
        ),
        (
            "keywords:letter_frequency",
            json!({"letter": "İ", "let_frequency": 2, "let_relation": "at least"}),
        ),
        ("language:response_language", json!({"language": "de"})),
        (
            "length_constraints:number_sentences",
            json!({"num_sentences": 2, "relation": "at least"}),
        ),
        (
            "length_constraints:number_paragraphs",
            json!({"num_paragraphs": 2}),
        ),
        (
            "length_constraints:number_words",
            json!({"num_words": 2, "relation": "less than"}),
        ),
        (
            "length_constraints:nth_paragraph_first_word",
            json!({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "a"}),
        ),
        (
            "detectable_content:number_placeholders",
            json!({"num_placeholders": 1}),
        ),
        (
            "detectable_content:postscript",
            json!({"postscript_marker": "P.P.S"}),
        ),
        (
            "detectable_format:number_bullet_lists",
            json!({"num_bullets": 1}),
        ),
        ("detectable_format:constrained_response", json!({})),
        (
            "detectable_format:number_highlighted_sections",
            json!({"num_highlights": 1}),
        ),
        (
            "detectable_format:multiple_sections",
            json!({"section_spliter": "PART", "num_sections": 1}),
        ),
        ("detectable_format:json_format", json!({})),
        ("detectable_format:title", json!({})),
        ("combination:two_responses", json!({})),
        (
            "combination:repeat_prompt",
            json!({"prompt_to_repeat": "é"}),
        ),
        ("startend:end_checker", json!({"end_phrase": "é"})),
        (
            "change_case:capital_word_frequency",
            json!({"capital_frequency": 1, "capital_relation": "at least"}),
        ),
        ("change_case:english_capital", json!({})),
        ("change_case:english_lowercase", json!({})),
        ("punctuation:no_comma", json!({})),
        ("startend:quotation", json!({})),
    ];
    assert_eq!(all.len(), 25);
    let (ids, options): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    json!({"instruction_id_list": ids, "kwargs": options})
}

/// The verdicts of every rule on an output.
fn verdicts(output: &str) -> Vec<Verdict> {
    let function = |kind: &str, items: &str| {
        let types = json!({"type": kind, "items": {"type": items}});
        json!({"function": {"name": "f", "parameters": {"properties": {"a": types}}}, "ground_truth": [{"f": {"a": [[1]]}}]})
    };
    let call = json!([{"f": {"a": output}}]).to_string();
    let calls = |language, row: serde_json::Value| {
        let by = |category| bfcl::Convention {
            version: bfcl::Version::Fourth,
            category,
            language,
            dots_as_underscores: false,
        };
        let conventions: Vec<(&str, bfcl::Convention)> = bfcl::Category::NAMES
            .iter()
            .map(|(name, category)| (*name, by(*category)))
            .collect();
        [output, call.as_str()]
            .into_iter()
            .flat_map(|output| each(&conventions, &row, output))
            .collect::<Vec<_>>()
    };
    let targets = json!({"a": 1, "b": 0});
    [
        each(
            gsm8k::Convention::NAMES,
            &json!({"answer": "#### 1"}),
            output,
        ),
        each(
            math::Convention::NAMES,
            &json!({"solution": "\\boxed{1}"}),
            output,
        ),
        each(
            math::Convention::NAMES,
            &json!({"solution": format!("\\boxed{{{output}}}")}),
            output,
        ),
        each(mmlu_pro::Convention::NAMES, &json!({"answer": "A"}), output),
        each(letters::Convention::NAMES, &json!({"Answer": "A"}), output),
        each(
            truthfulqa::Convention::NAMES,
            &json!({"mc0_targets": targets, "mc1_targets": targets, "order": [1, 0]}),
            output,
        ),
        each(
            squad::Convention::NAMES,
            &json!({"answers": {"text": ["a b"]}}),
            output,
        ),
        each(drop::Convention::NAMES, &json!({"ref_text": "a|1"}), output),
        each(ruler::Convention::NAMES, &json!({"outputs": ["é"]}), output),
        each(simpleqa::Convention::NAMES, &json!({}), output),
        each(
            &[("", gaia::Gaia)],
            &json!({"Final answer": "1, a"}),
            output,
        ),
        each(
            &[("", halueval::HaluEval)],
            &json!({"hallucination": "yes"}),
            output,
        ),
        each(&[("", advbench::AdvBench)], &json!({}), output),
        each(
            &[("", injection::Detector)],
            &json!({"label": "benign"}),
            output,
        ),
        each(
            &[("", injection::Canary)],
            &json!({"success": {"kind": "canary", "canary": "é"}}),
            output,
        ),
        each(ifeval::Convention::NAMES, &instructions(), output),
        calls(bfcl::Language::Python, function("array", "float")),
        calls(bfcl::Language::Java, function("ArrayList", "String")),
        calls(bfcl::Language::Java, function("HashMap", "any")),
        calls(bfcl::Language::JavaScript, function("array", "array")),
        calls(bfcl::Language::JavaScript, function("dict", "any")),
    ]
    .concat()
}

/// Pieces that the rules look for, and pieces that break texts.
const PIECES: &[&str] = &[
    "#### ",
    "-",
    "1,000",
    ".",
    "$",
    "\\boxed{",
    "\\frac",
    "\\sqrt",
    "\\text{ ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "Answer:",
    "answer is ",
    "A",
    "J",
    "I",
    "é",
    "İ",
    "ß",
    "漢",
    "\u{93f}",
    "\u{200b}",
    "🎈",
    "\u{0}",
    "\n",
    "\n\n",
    " ",
    "\t",
    "\"",
    "'",
    "*",
    "***",
    "******",
    "<<",
    ">>",
    "P. P. S",
    "Dr.",
    "U.S.",
    "...",
    "--",
    "?",
    "!",
    "Yes",
    "No",
    "```json",
    "new ArrayList<>(",
    "Arrays.asList(",
    "new Array(",
    "new HashMap<>() {{",
    "put(\"k\", 1)",
    "[[1], [2]]",
    ":",
    ",",
    "a",
    "the",
    "true",
    "1e999",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_pieces_makes_a_rule_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        let output = pieces.concat();
        prop_assert_eq!(verdicts(&output), verdicts(&output));
    }

    #[test]
    fn no_text_makes_a_rule_panic(output in "\\PC{0,40}") {
        prop_assert_eq!(verdicts(&output), verdicts(&output));
    }
}
