//! Where the authors of benchmarks publish their files.
//!
//! An address stands here only where the benchmark's authors, or a scorer that the field holds against theirs, name it; a digest only
//! where it was computed from the whole original file. Everything else is recorded when it is first pulled. Benchmarks without a row
//! are behind a gate, made by a program of their own, or in a form that is not read.

/// What a file of a benchmark is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Its rows are the cases.
    Cases,
    /// What is right, beside the questions.
    Answers,
    /// Rows that are asked nobody: examples for prompts.
    Examples,
}

/// A published file.
#[derive(Debug, Clone, Copy)]
pub struct PlaceFile {
    /// Its path in the cache, once unpacked.
    pub name: &'static str,
    /// Where it is.
    pub address: &'static str,
    /// SHA-256 of the file as published, in hex; `None`: nobody here has seen the original whole.
    pub sha256: Option<&'static str>,
    /// What it is for.
    pub role: Role,
}

/// A benchmark's own public place.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The benchmark.
    pub benchmark: &'static str,
    /// Its files.
    pub files: &'static [PlaceFile],
    /// Hosts that serve the files of this place: redirects to them are followed.
    pub hosts: &'static [&'static str],
    /// What one should know of this place's file; empty: nothing.
    pub note: &'static str,
}

const fn cases(name: &'static str, address: &'static str) -> PlaceFile {
    file(Role::Cases, name, address)
}

const fn file(role: Role, name: &'static str, address: &'static str) -> PlaceFile {
    PlaceFile {
        name,
        address,
        sha256: None,
        role,
    }
}

/// Where the hub of models and datasets keeps large files.
const HUB: &[&str] = &[
    "cdn-lfs.huggingface.co",
    "cdn-lfs.hf.co",
    "cdn-lfs-us-1.hf.co",
    "cas-bridge.xethub.hf.co",
];

macro_rules! bfcl {
    ($name:literal) => {
        concat!(
            "https://raw.githubusercontent.com/ShishirPatil/gorilla/main/berkeley-function-call-leaderboard/bfcl_eval/data/",
            $name
        )
    };
}

/// Every place that is known.
pub static PLACES: &[Place] = &[
    Place {
        benchmark: "gsm8k",
        files: &[
            PlaceFile {
                sha256: Some("3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14"),
                ..cases(
                    "test.jsonl",
                    "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl",
                )
            },
            file(
                Role::Examples,
                "train.jsonl",
                "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/train.jsonl",
            ),
        ],
        hosts: &[],
        note: "",
    },
    Place {
        benchmark: "math",
        files: &[cases(
            "test.jsonl",
            "https://huggingface.co/datasets/HuggingFaceH4/MATH-500/resolve/main/test.jsonl",
        )],
        hosts: HUB,
        note: "MATH-500: the 500 problems of the test set that are usually asked; the 5,000 are no longer at their authors' place",
    },
    Place {
        benchmark: "mmlu_pro",
        files: &[
            cases(
                "test-00000-of-00001.parquet",
                "https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro/resolve/main/data/test-00000-of-00001.parquet",
            ),
            file(
                Role::Examples,
                "validation-00000-of-00001.parquet",
                "https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro/resolve/main/data/validation-00000-of-00001.parquet",
            ),
        ],
        hosts: HUB,
        note: "Parquet: a build with `--features parquet` reads it",
    },
    Place {
        benchmark: "mmlu",
        files: &[cases(
            "mmlu.csv",
            "https://openaipublic.blob.core.windows.net/simple-evals/mmlu.csv",
        )],
        hosts: &[],
        note: "the questions as OpenAI's simple-evals asks them",
    },
    Place {
        benchmark: "gpqa",
        files: &[cases(
            "gpqa_diamond.csv",
            "https://openaipublic.blob.core.windows.net/simple-evals/gpqa_diamond.csv",
        )],
        hosts: &[],
        note: "the 198 of the diamond set as OpenAI's simple-evals asks them; its authors ask not to put questions where a crawler finds them",
    },
    Place {
        benchmark: "truthfulqa",
        files: &[cases(
            "mc_task.json",
            "https://raw.githubusercontent.com/sylinrl/TruthfulQA/main/data/mc_task.json",
        )],
        hosts: &[],
        note: "",
    },
    Place {
        benchmark: "simpleqa",
        files: &[cases(
            "simple_qa_test_set.csv",
            "https://openaipublic.blob.core.windows.net/simple-evals/simple_qa_test_set.csv",
        )],
        hosts: &[],
        note: "",
    },
    Place {
        benchmark: "ifeval",
        files: &[cases(
            "input_data.jsonl",
            "https://raw.githubusercontent.com/google-research/google-research/master/instruction_following_eval/data/input_data.jsonl",
        )],
        hosts: &[],
        note: "",
    },
    Place {
        benchmark: "bfcl",
        files: &[
            cases(
                "BFCL_v4_simple_python.json",
                bfcl!("BFCL_v4_simple_python.json"),
            ),
            cases("BFCL_v4_multiple.json", bfcl!("BFCL_v4_multiple.json")),
            cases("BFCL_v4_parallel.json", bfcl!("BFCL_v4_parallel.json")),
            cases(
                "BFCL_v4_parallel_multiple.json",
                bfcl!("BFCL_v4_parallel_multiple.json"),
            ),
            cases(
                "BFCL_v4_irrelevance.json",
                bfcl!("BFCL_v4_irrelevance.json"),
            ),
            cases(
                "BFCL_v4_simple_java.json",
                bfcl!("BFCL_v4_simple_java.json"),
            ),
            cases(
                "BFCL_v4_simple_javascript.json",
                bfcl!("BFCL_v4_simple_javascript.json"),
            ),
            file(
                Role::Answers,
                "possible_answer/BFCL_v4_simple_python.json",
                bfcl!("possible_answer/BFCL_v4_simple_python.json"),
            ),
            file(
                Role::Answers,
                "possible_answer/BFCL_v4_multiple.json",
                bfcl!("possible_answer/BFCL_v4_multiple.json"),
            ),
            file(
                Role::Answers,
                "possible_answer/BFCL_v4_parallel.json",
                bfcl!("possible_answer/BFCL_v4_parallel.json"),
            ),
            file(
                Role::Answers,
                "possible_answer/BFCL_v4_parallel_multiple.json",
                bfcl!("possible_answer/BFCL_v4_parallel_multiple.json"),
            ),
            file(
                Role::Answers,
                "possible_answer/BFCL_v4_simple_java.json",
                bfcl!("possible_answer/BFCL_v4_simple_java.json"),
            ),
            file(
                Role::Answers,
                "possible_answer/BFCL_v4_simple_javascript.json",
                bfcl!("possible_answer/BFCL_v4_simple_javascript.json"),
            ),
        ],
        hosts: &[],
        note: "version 4, the categories of one turn that are not live",
    },
    Place {
        benchmark: "squad",
        files: &[cases(
            "validation-00000-of-00001.parquet",
            "https://huggingface.co/datasets/rajpurkar/squad/resolve/main/plain_text/validation-00000-of-00001.parquet",
        )],
        hosts: HUB,
        note: "version 1.1; Parquet: a build with `--features parquet` reads it",
    },
    Place {
        benchmark: "drop",
        files: &[cases(
            "drop_v0_dev.jsonl",
            "https://openaipublic.blob.core.windows.net/simple-evals/drop_v0_dev.jsonl.gz",
        )],
        hosts: &[],
        note: "the questions as OpenAI's simple-evals asks them",
    },
    Place {
        benchmark: "halueval",
        files: &[cases(
            "general_data.json",
            "https://raw.githubusercontent.com/RUCAIBox/HaluEval/main/data/general_data.json",
        )],
        hosts: &[],
        note: "",
    },
    Place {
        benchmark: "humaneval",
        files: &[PlaceFile {
            sha256: Some("b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef"),
            ..cases(
                "HumanEval.jsonl",
                "https://raw.githubusercontent.com/openai/human-eval/master/data/HumanEval.jsonl.gz",
            )
        }],
        hosts: &[],
        note: "",
    },
    Place {
        benchmark: "advbench",
        files: &[cases(
            "harmful_behaviors.csv",
            "https://raw.githubusercontent.com/llm-attacks/llm-attacks/main/data/advbench/harmful_behaviors.csv",
        )],
        hosts: &[],
        note: "",
    },
];

/// The place of a benchmark.
#[must_use]
pub fn place(benchmark: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.benchmark == benchmark)
}

impl PlaceFile {
    /// Its name where it is published.
    #[must_use]
    pub fn published(&self) -> &'static str {
        self.address.rsplit('/').next().unwrap_or(self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_address_is_public_and_a_name_stays_in_the_cache() {
        let mut seen = BTreeSet::new();
        for place in PLACES {
            assert!(seen.insert(place.benchmark), "{} twice", place.benchmark);
            assert!(place.files.iter().any(|file| file.role == Role::Cases));
            let mut names = BTreeSet::new();
            for file in place.files {
                assert!(names.insert(file.name), "{} twice", file.name);
                assert!(file.address.starts_with("https://"), "{}", file.address);
                assert!(!file.address.contains(['?', '#', '@']), "{}", file.address);
                assert!(!file.name.contains("..") && !file.name.starts_with('/'));
                let packed = file.published().strip_suffix(".gz");
                let published = packed.unwrap_or(file.published());
                assert!(file.name.ends_with(published), "{}", file.address);
                if let Some(digest) = file.sha256 {
                    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                    assert!(digest.len() == 64 && digest.bytes().all(hex), "{digest}");
                }
            }
        }
    }
}
