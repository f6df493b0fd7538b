//! The judge that is to be held against people, with the model it asks: as a suite uses it, or with a model named for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::domain::decode::{Problem, Problems, unknown};
use crate::domain::digest::Digest;
use crate::domain::instrument::Instrument;
use crate::domain::suite::{ScorerSpec, Suite};
use crate::jobs::JobError;
use crate::jobs::suite::{KINDS, Selection, open_suite};
use crate::judge::{JudgeFile, Mode};
use crate::load::judge_file;
use crate::load::suite::{Loaded, from_resolved, judge_beside};
use crate::store::certificate;

/// The id of the judge's scorer, where no suite gives it one.
const SCORER: &str = "judge";
/// The id of the target whose outputs are judged: they come from files, whoever made them.
pub(super) const LABELLED: &str = "labelled";
/// The column of the other output of a pair.
pub(super) const OTHER: &str = "output_b";

/// Where a judge's model, limits and prices come from.
#[derive(Debug, Clone)]
pub enum Asking {
    /// From the scorer of a suite that uses the judge.
    Suite {
        /// The suite's file.
        suite: PathBuf,
        /// The scorer, where several use the judge.
        scorer: Option<String>,
        /// A profile of the suite, and calls under way at once.
        selection: Selection,
    },
    /// From options as a target has them.
    Model {
        /// The options, in JSON.
        model: String,
        /// Calls under way at once.
        concurrency: Option<u32>,
    },
}

/// The judge at hand.
#[derive(Debug, Clone)]
pub(super) struct AtHand {
    /// A suite of its own: the judge is its only scorer, and no target of it is called.
    pub(super) loaded: Loaded,
    /// The suite that uses the judge, whose dataset may know the cases.
    pub(super) user: Option<Loaded>,
    /// The judge's file; of a panel the first member's.
    pub(super) file: JudgeFile,
    /// How it speaks, and the bars that its file sets.
    pub(super) instrument: Instrument,
    /// The identity that is certified. What a pairwise judge's outputs are held against is part of a scorer, and in a calibration always
    /// the labels' other output: so this is the identity of the scorer as the suite has it.
    pub(super) identity: Digest,
    /// The judge's name, for people and for names of files.
    pub(super) name: String,
    /// The labels that the suite's scorer names.
    pub(super) labels: Option<PathBuf>,
    /// Its certificate's file.
    pub(super) certificate: PathBuf,
}

impl AtHand {
    /// The judge as a scorer.
    pub(super) fn spec(&self) -> &ScorerSpec {
        &self.loaded.suite.scorers[0]
    }

    /// Its suite under the name of another job, each output asked about so often.
    pub(super) fn suite_of(&self, job: &str, repeats: u32) -> Loaded {
        let mut loaded = self.loaded.clone();
        let name = format!("{job}-{}", self.name);
        loaded.resolved["suite"] = json!(name);
        loaded.resolved["repeats"] = json!(repeats);
        loaded.suite.name = name;
        loaded.suite.repeats = repeats;
        loaded.text = pretty(&loaded.resolved);
        loaded
    }

    /// The models it asks, as people call them.
    pub(super) fn model(&self) -> String {
        let names = self.spec().models().map(|model| {
            let named = model.plan.model().map(str::to_owned);
            named.unwrap_or_else(|| model.plan.endpoint())
        });
        names.collect::<Vec<_>>().join(" + ")
    }
}

/// Opens the judge.
///
/// `judge` is a built-in judge's name, the path of a judge's file, or for a suite also the id of a scorer.
pub(super) fn open(judge: &str, asking: &Asking, runs_dir: &Path) -> Result<AtHand, JobError> {
    match asking {
        Asking::Suite {
            suite,
            scorer,
            selection,
        } => of_suite(judge, suite, scorer.as_deref(), selection, runs_dir),
        Asking::Model { model, concurrency } => of_model(judge, model, *concurrency),
    }
}

fn of_suite(
    judge: &str,
    suite: &Path,
    scorer: Option<&str>,
    selection: &Selection,
    runs_dir: &Path,
) -> Result<AtHand, JobError> {
    let user = open_suite(suite, selection, runs_dir)?;
    let at = choose(judge, scorer, &user)?;
    let spec = &user.suite.scorers[at];
    let source = spec.judge.clone().ok_or_else(|| {
        JobError::Unexpected("a scorer that is no judge was chosen as one".to_owned())
    })?;
    let texts: BTreeMap<String, String> = spec
        .judges()
        .map(|judge| (judge.named.clone(), judge.text.clone()))
        .collect();
    let file = parse(&source.named, &source.text)?;
    let resolved = alone(&user.resolved, at, &source.named, file.mode());
    let identity = spec.digest;
    let labels = source.labels.as_ref();
    let labels = labels.map(|labels| match user.folder == Path::new(".") {
        true => PathBuf::from(&labels.path),
        false => user.folder.join(&labels.path),
    });
    let loaded = Loaded {
        text: pretty(&resolved),
        suite: read(&resolved, &texts, &user.path.display().to_string())?,
        resolved,
        path: user.path.clone(),
        folder: user.folder.clone(),
        inlined: Vec::new(),
        warnings: Vec::new(),
    };
    Ok(AtHand {
        labels,
        user: Some(user),
        ..at_hand(loaded, &source.named, file, identity)
    })
}

/// The scorer that uses the judge.
fn choose(judge: &str, scorer: Option<&str>, user: &Loaded) -> Result<usize, JobError> {
    let suite = &user.suite;
    let judges = || {
        let all = suite.scorers.iter().enumerate();
        all.filter_map(|(at, spec)| Some((at, spec, spec.judge.as_ref()?)))
    };
    let same_file = |named: &str| {
        let one = std::fs::canonicalize(judge).ok();
        one.is_some() && one == std::fs::canonicalize(user.folder.join(named)).ok()
    };
    let fits: Vec<(usize, &ScorerSpec)> = judges()
        .filter(|(_, spec, source)| {
            source.named == judge || spec.id == judge || same_file(&source.named)
        })
        .filter(|(_, spec, _)| scorer.is_none_or(|wanted| spec.id == wanted))
        .map(|(at, spec, _)| (at, spec))
        .collect();
    let path = user.path.display();
    match fits.as_slice() {
        [] => {
            let known: Vec<&str> = judges()
                .flat_map(|(_, spec, source)| [source.named.as_str(), spec.id.as_str()])
                .collect();
            if known.is_empty() {
                return Err(JobError::Usage(format!(
                    "{path} has no judge; name the model with --model, or a suite that uses `{judge}`"
                )));
            }
            let said = match scorer {
                Some(scorer) => format!("--scorer: no scorer `{scorer}` uses `{judge}`"),
                None => unknown("judge", judge, &known),
            };
            Err(JobError::Usage(format!(
                "{path}: {said}; it has {}",
                known.join(", ")
            )))
        }
        [first, others @ ..] => {
            if others.iter().any(|(_, spec)| spec.digest != first.1.digest) {
                let ids: Vec<&str> = fits.iter().map(|(_, spec)| spec.id.as_str()).collect();
                return Err(JobError::Usage(format!(
                    "{path}: several scorers use `{judge}`; name one with --scorer: {}",
                    ids.join(", ")
                )));
            }
            Ok(first.0)
        }
    }
}

/// Of a suite only what makes one of its judges ask as it asks there.
fn alone(resolved: &Json, at: usize, named: &str, mode: Mode) -> Json {
    let mut scorer = resolved
        .pointer(&format!("/scorers/{at}"))
        .cloned()
        .unwrap_or_default();
    if let Json::Object(scorer) = &mut scorer {
        scorer.remove("labels");
        if mode == Mode::Pairwise {
            match scorer.get_mut("panel").and_then(Json::as_array_mut) {
                Some(members) => members
                    .iter_mut()
                    .for_each(|member| member["against"] = json!(against())),
                None => {
                    scorer.insert("against".to_owned(), json!(against()));
                }
            }
        }
    }
    let mut own = frame(named, scorer);
    for key in ["seed", "limits", "cassette"] {
        if let Some(value) = resolved.get(key) {
            own[key] = value.clone();
        }
    }
    // An agent's deadline is no judge's.
    if let Some(Json::Object(limits)) = own.get_mut("limits") {
        limits.remove("deadline");
    }
    own
}

/// What a pairwise judge's outputs are held against.
fn against() -> String {
    format!("{{{{ {OTHER} }}}}")
}

/// A suite whose only scorer this is.
fn frame(named: &str, scorer: Json) -> Json {
    json!({
        "version": 1,
        "suite": format!("calibrate-{}", stem(named)),
        "dataset": {"path": "cases.jsonl"},
        "targets": [{"id": LABELLED, "kind": "recorded", "path": "labels"}],
        "scorers": [scorer],
    })
}

fn of_model(judge: &str, model: &str, concurrency: Option<u32>) -> Result<AtHand, JobError> {
    let options: Json = serde_json::from_str(model).map_err(|error| {
        JobError::Usage(format!(
            "--model wants a model's options as JSON, such as {{\"kind\": \"chat\", \"base_url\": \"http://127.0.0.1:11434/v1\", \"model\": \"qwen3:8b\"}}: {error}"
        ))
    })?;
    let folder = Path::new(".");
    let text = judge_beside(folder, judge).map_err(JobError::Usage)?;
    let texts = BTreeMap::from([(judge.to_owned(), text.clone())]);
    let file = parse(judge, &text)?;
    let mut scorer = json!({"id": SCORER, "kind": "judge", "judge": judge, "model": options});
    let plain = read(&frame(judge, scorer.clone()), &texts, "--model")?;
    let identity = plain.scorers[0].digest;
    if file.mode() == Mode::Pairwise {
        scorer["against"] = json!(against());
    }
    let mut resolved = frame(judge, scorer);
    if let Some(concurrency) = concurrency {
        resolved["limits"] = json!({"concurrency": concurrency});
    }
    let suite = read(&resolved, &texts, "--model")?;
    let price = suite.scorers[0]
        .model
        .as_ref()
        .and_then(|model| model.price);
    if let (Some(price), Some(Json::Object(model))) =
        (price, resolved.pointer_mut("/scorers/0/model"))
    {
        model.entry("price").or_insert(json!(price));
    }
    let loaded = Loaded {
        text: pretty(&resolved),
        suite,
        resolved,
        path: PathBuf::from("--model"),
        folder: folder.to_path_buf(),
        inlined: Vec::new(),
        warnings: Vec::new(),
    };
    Ok(at_hand(loaded, judge, file, identity))
}

pub(super) fn parse(named: &str, text: &str) -> Result<JudgeFile, JobError> {
    let mut problems = Problems::new(named);
    match judge_file::parse(text, &mut problems) {
        Some(file) if problems.count() == 0 => Ok(file),
        _ => Err(JobError::Invalid(problems.sorted())),
    }
}

pub(super) fn read(
    resolved: &Json,
    judges: &BTreeMap<String, String>,
    file: &str,
) -> Result<Suite, JobError> {
    from_resolved(resolved, &|named| judges.get(named).cloned(), &KINDS).map_err(|problems| {
        let named = problems.into_iter().map(|problem| Problem {
            file: file.to_owned(),
            ..problem
        });
        JobError::faulty(named.collect())
    })
}

fn at_hand(loaded: Loaded, named: &str, file: JudgeFile, identity: Digest) -> AtHand {
    let instrument = loaded.suite.scorers[0].scorer.instrument();
    AtHand {
        instrument: instrument.unwrap_or_else(|| file.instrument()),
        certificate: certificate::path_of(named, &loaded.folder),
        name: stem(named),
        identity,
        labels: None,
        loaded,
        user: None,
        file,
    }
}

/// A judge's name without folders and ending.
fn stem(named: &str) -> String {
    let stem = Path::new(named).file_stem();
    stem.map_or_else(
        || named.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

pub(super) fn pretty(resolved: &Json) -> String {
    let mut text = serde_json::to_string_pretty(resolved).unwrap_or_default();
    text.push('\n');
    text
}
