//! What the tests of this floor share: a kind of target, because the real ones stand beside this floor, and folders of files.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::domain::decode::{
    Anything, Fields, List, MapOf, Problem, Real, Templated, Text, WithEnv,
};
use crate::domain::kind::Kind;
use crate::domain::port::{Parts, Target, TargetPlan};
use crate::domain::price::Price;
use crate::domain::template::Template;

use super::suite::{Kinds, Layers, Loaded};

#[derive(Debug)]
struct Plan {
    model: Option<String>,
    templates: Vec<Template>,
    logprobs: bool,
}

impl TargetPlan for Plan {
    fn endpoint(&self) -> String {
        "nowhere".into()
    }
    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
    fn templates(&self) -> Vec<&Template> {
        self.templates.iter().collect()
    }
    fn offers_logprobs(&self) -> bool {
        self.logprobs
    }
    fn names(&self) -> Vec<&str> {
        if self.logprobs {
            Vec::new()
        } else {
            vec!["token"]
        }
    }
    fn listed_price(&self) -> Option<Price> {
        (self.model.as_deref() == Some("listed")).then_some(Price {
            input: 1.0,
            output: 2.0,
            cached: None,
        })
    }
    fn build(&self, _: &Parts) -> Result<Rc<dyn Target>, String> {
        Err("this plan is only for reading suites".into())
    }
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    let model = fields.optional("model", "the model", Text);
    fields.optional("base_url", "the address", WithEnv);
    fields.optional("api_key", "the key", WithEnv);
    fields.optional("params", "parameters", MapOf(Anything));
    let system = fields.optional("system", "instructions", Templated);
    let prompt = fields.optional("prompt", "the prompt", Templated);
    Some(Arc::new(Plan {
        model,
        templates: system.into_iter().chain(prompt).collect(),
        logprobs: true,
    }))
}

fn silent(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    fields.optional("model", "the model", Text);
    let system = fields.optional("system", "instructions", Templated);
    Some(Arc::new(Plan {
        model: None,
        templates: system.into_iter().collect(),
        logprobs: false,
    }))
}

fn scripted(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    fields.optional("accuracy", "share of right answers", Real(0.0..=1.0));
    fields.optional("wrong", "a wrong answer", Templated);
    fields.optional("latency_ms", "how long an answer takes", MapOf(Real::any()));
    decode(fields)
}

static TABLE: &[Kind<Arc<dyn TargetPlan>>] = &[
    Kind {
        name: "chat",
        summary: "a model",
        example: "{model: m}",
        decode,
    },
    Kind {
        name: "silent",
        summary: "a model that tells no probabilities, and knows a name of its own",
        example: "{}",
        decode: silent,
    },
    Kind {
        name: "scripted",
        summary: "a stand-in",
        example: "{}",
        decode: scripted,
    },
];

fn program(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    fields.required("command", "the program", List(Text));
    Some(Arc::new(Plan {
        model: None,
        templates: Vec::new(),
        logprobs: false,
    }))
}

static PROGRAM: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "command",
    summary: "a program",
    example: "{command: [a]}",
    decode: program,
};

static EMBEDDERS: &[Kind<Arc<dyn TargetPlan>>] = &[Kind {
    name: "embeddings",
    summary: "a model",
    example: "{model: m}",
    decode,
}];

pub(super) const KINDS: Kinds = Kinds {
    targets: TABLE,
    program: &PROGRAM,
    embedders: EMBEDDERS,
    executor: &PROGRAM,
};

/// A folder with files in it, gone when dropped.
#[derive(Debug)]
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Reads `suite.yaml`.
    pub(super) fn suite(&self, layers: &Layers) -> Result<Loaded, Vec<String>> {
        super::suite::read(&self.at("suite.yaml"), layers, &KINDS).map_err(|all| self.short(all))
    }

    /// Problems without the folder's own name.
    pub(super) fn short(&self, problems: Vec<Problem>) -> Vec<String> {
        let prefix = format!("{}/", self.path().display());
        problems
            .into_iter()
            .map(|problem| problem.to_string().replace(&prefix, ""))
            .collect()
    }
}
