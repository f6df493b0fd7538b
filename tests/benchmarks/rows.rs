//! The benchmarks' own files, row by row: each is read, and its own gold answer is right.

use evenhand::score::benchmark::{Marking, bfcl, gsm8k, ifeval, mmlu_pro, truthfulqa};

use crate::tally::{Tally, json, lines};

#[test]
fn the_gold_answers_of_gsm8k_are_right() {
    let Some(rows) = lines::<gsm8k::Row>("gsm8k/test.jsonl") else {
        return;
    };
    let mut tally = Tally::new("gsm8k, its own answers by each convention");
    for (place, row) in rows.iter().enumerate() {
        for (name, by) in gsm8k::Convention::NAMES {
            let passed = by.verdict(row, &row.answer).passed();
            tally.item(format!("{name} {place}"), &passed, &Some(true));
        }
    }
    tally.finish(3 * 1_319);
}

#[test]
fn the_letters_of_mmlu_pro_are_right() {
    let Some(rows) = lines::<mmlu_pro::Row>("mmlu_pro/questions.jsonl") else {
        return;
    };
    let mut tally = Tally::new("mmlu-pro, its own letters by both levels");
    for (place, row) in rows.iter().enumerate() {
        for (name, by) in mmlu_pro::Convention::NAMES {
            let output = format!("The answer is ({}).", row.answer);
            tally.item(
                format!("{name} {place}"),
                &by.verdict(row, &output).passed(),
                &Some(true),
            );
        }
    }
    tally.finish(2 * 2_006);
}

#[test]
fn the_true_answers_of_truthfulqa_stand_first() {
    let Some(rows) = json::<Vec<truthfulqa::Row>>("truthfulqa/mc_task.json") else {
        return;
    };
    let mut tally = Tally::new("truthfulqa, letters of its own order");
    for (place, row) in rows.iter().enumerate() {
        for (name, by) in truthfulqa::Convention::NAMES {
            tally.item(
                format!("{name} {place}"),
                &by.verdict(row, "A").passed(),
                &Some(true),
            );
            let second = by.verdict(row, "Answer: B").passed();
            tally.item(format!("{name} {place} B"), &second, &Some(false));
        }
    }
    tally.finish(4 * 790);
}

#[test]
fn every_instruction_of_ifeval_can_be_checked() {
    let Some(rows) = lines::<ifeval::Row>("ifeval/input_data.jsonl") else {
        return;
    };
    let mut tally = Tally::new("ifeval, instructions of 541 prompts that can be checked");
    for (place, row) in rows.iter().enumerate() {
        for followed in ifeval::Convention::Strict.followed(row, "Any text.") {
            tally.item(place.to_string(), &followed.is_ok(), &true);
        }
    }
    tally.finish(834);
}

#[test]
fn an_empty_reply_is_right_where_no_function_of_bfcl_fits() {
    for (file, version) in [
        ("bfcl/v4/BFCL_v4_irrelevance.json", bfcl::Version::Fourth),
        (
            "bfcl/2024-08-11/questions/relevance.jsonl",
            bfcl::Version::First,
        ),
    ] {
        let Some(rows) = lines::<bfcl::Row>(file) else {
            return;
        };
        let by = bfcl::Convention {
            version,
            category: bfcl::Category::Relevance,
            language: bfcl::Language::Python,
            dots_as_underscores: false,
        };
        let mut tally = Tally::new(format!("bfcl, no call ({file})"));
        for (place, row) in rows.iter().enumerate() {
            tally.item(
                place.to_string(),
                &by.verdict(row, "").passed(),
                &Some(true),
            );
        }
        tally.finish(240);
    }
}
