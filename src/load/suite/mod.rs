//! A suite file into a [`Suite`]: all its faults at once, each at its place.
//!
//! Layers, lowest first: the defaults written into the decoders, the file, a profile, flags. The profiles that are *not* chosen are
//! decoded too, so that a fault in one shows before the day it is needed. The resolved tree (one value, without profiles, with texts
//! from other files in place, and with `${NAME}` where a secret goes) is what a run keeps: [`from_resolved`] reads it again.

mod asking;
mod dataset;
mod gates;
mod judges;
mod layers;
mod limits;
mod names;
mod panels;
mod quarantine;
mod references;
mod rest;
mod scorers;
mod secrets;
mod targets;
mod whole;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::decode::{Problem, Problems, describe_with, read_with};
use crate::domain::kind::Kind;
use crate::domain::port::TargetPlan;
use crate::domain::suite::Suite;
use crate::domain::tree::{Node, Value};
use crate::score::benchmark::{KIND, rule};

use super::{text, yaml};
pub use layers::{Inlined, Layers};
pub use rest::rest;
use scorers::JudgeText;
use whole::Context;

/// The tables that are handed down, because `load` knows no kind of target.
#[derive(Debug, Clone, Copy)]
pub struct Kinds {
    /// The kinds of targets.
    pub targets: &'static [Kind<Arc<dyn TargetPlan>>],
    /// How a scorer that is the user's own program is started: its options stand among the scorer's own.
    pub program: &'static Kind<Arc<dyn TargetPlan>>,
    /// The kinds of models that turn texts into vectors.
    pub embedders: &'static [Kind<Arc<dyn TargetPlan>>],
    /// What executes code that the agent wrote, for a scorer that needs it: the suite does not name it.
    pub executor: &'static Kind<Arc<dyn TargetPlan>>,
}

/// A suite that was read, and all that a run keeps of it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Decoded.
    pub suite: Suite,
    /// The tree after profile, flags and files put in place, secrets by their variables' names, list prices written out.
    pub resolved: Json,
    /// The file, verbatim.
    pub text: String,
    /// The file as the user named it: what problems are reported under.
    pub path: PathBuf,
    /// The folder it stands in: paths in it are relative to this one.
    pub folder: PathBuf,
    /// Texts that came from files of their own.
    pub inlined: Vec<Inlined>,
    /// What is no fault but should be said.
    pub warnings: Vec<Problem>,
}

/// Reads a suite with its layers.
///
/// # Errors
/// Every problem of the suite, its profiles and its judges, sorted by file and place. Whether it agrees with its cases is another
/// question ([`agree`](super::agree)), which [`rest`] lets one ask of a faulty suite too.
pub fn read(path: &Path, layers: &Layers, kinds: &Kinds) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Problems::new(path.display().to_string());
    let (tree, base) = match layered(path, layers, kinds, &mut problems) {
        Ok(layered) => layered,
        Err(unreadable) => {
            problems.extend(unreadable);
            return Err(problems.sorted());
        }
    };
    let reduced = !layers.targets.is_empty();
    let decoded = decode(
        tree,
        reduced,
        (&base.named, &base.folder),
        kinds,
        &mut problems,
    );
    match (decoded, problems.count()) {
        (Some(decoded), 0) => Ok(base.loaded(decoded)),
        (_, 0) => Err(vec![text::problem(
            &base.named,
            crate::domain::tree::Span::default(),
            "the suite cannot be read, and no place in it could be blamed",
        )]),
        _ => Err(problems.sorted()),
    }
}

/// A suite's file, before it is decoded.
struct Base {
    named: String,
    text: String,
    path: PathBuf,
    folder: PathBuf,
    warnings: Vec<Problem>,
}

impl Base {
    fn loaded(self, (suite, mut resolved, inlined): (Suite, Json, Vec<Inlined>)) -> Loaded {
        write_prices(&suite, &mut resolved);
        Loaded {
            suite,
            resolved,
            text: self.text,
            path: self.path,
            folder: self.folder,
            inlined,
            warnings: self.warnings,
        }
    }
}

/// The tree of a suite with its layers on top; notes what is wrong with the file as a whole, its profiles and the layers.
fn layered(
    path: &Path,
    layers: &Layers,
    kinds: &Kinds,
    problems: &mut Problems,
) -> Result<(Node, Base), Option<Problem>> {
    let named = path.display().to_string();
    let text = text::read(path, &named).map_err(Some)?;
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let Some(mut tree) = yaml::parse(&text, 1, problems) else {
        return Err(None);
    };
    yaml::note_duplicates(&tree, problems);
    let mut warnings = Vec::new();
    secrets::check(&tree, problems, &named, &mut warnings);

    let profiles = layers::profiles(&mut tree, problems);
    for profile in &profiles {
        if layers.profile.as_ref() != Some(&profile.name) {
            let merged = layers::with_profile(&tree, profile);
            decode(merged, false, (&named, &folder), kinds, problems);
        }
    }
    if let Some(name) = &layers.profile
        && let Some(profile) = layers::chosen(name, &profiles, problems)
    {
        tree = layers::with_profile(&tree, profile);
    }
    for (path, value) in &layers.overrides {
        layers::set(&mut tree, path, value.clone());
    }
    layers::keep_targets(&mut tree, &layers.targets, problems);
    let base = Base {
        named,
        text,
        path: path.to_path_buf(),
        folder,
        warnings,
    };
    Ok((tree, base))
}

/// Decodes a merged tree; notes what is wrong with it.
fn decode(
    mut tree: Node,
    reduced: bool,
    (named, folder): (&str, &Path),
    kinds: &Kinds,
    problems: &mut Problems,
) -> Option<(Suite, Json, Vec<Inlined>)> {
    let mut found = Problems::new(named);
    let inlined = layers::inline(&mut tree, folder, &mut found);
    default_scorer(&mut tree);
    let judges = |named: &str| scorers::judge_beside(folder, named);
    let suite = decode_tree(&tree, reduced, &judges, kinds, &mut found);
    problems.extend(
        found
            .sorted()
            .into_iter()
            .map(|problem| named_text(problem, &inlined)),
    );
    suite.map(|suite| (suite, tree.to_json(), inlined))
}

/// Puts the rule of the dataset's benchmark into a suite without `scorers`: the resolved suite says what scored.
fn default_scorer(tree: &mut Node) {
    let named = tree.get("dataset").and_then(|node| node.get("benchmark"));
    let Some(Value::Scalar { text, .. }) = named.map(|node| &node.value) else {
        return;
    };
    let scores = rule(text).is_some_and(|rule| !rule.reads_a_grader);
    if scores && tree.get("scorers").is_none() {
        let scorer = json!([{"id": text, "kind": KIND, "name": text}]);
        tree.set("scorers", Node::from_json(&scorer));
    }
}

/// A problem in a text from a file of its own stands where the suite names the file: the file is said as well.
fn named_text(mut problem: Problem, inlined: &[Inlined]) -> Problem {
    let text = inlined.iter().find(|text| text.span == problem.span);
    if let Some(Inlined { path, .. }) = text {
        problem.message.push_str(&format!(" (the text of {path})"));
    }
    problem
}

fn decode_tree(
    tree: &Node,
    reduced: bool,
    judges: &scorers::JudgeTexts<'_>,
    kinds: &Kinds,
    problems: &mut Problems,
) -> Option<Suite> {
    let elsewhere = RefCell::new(Vec::new());
    let context = Context {
        kinds,
        judges,
        reduced,
        elsewhere: &elsewhere,
    };
    let suite = read_with(tree, problems, &mut |fields| {
        whole::decode(fields, &context)
    });
    problems.extend(elsewhere.into_inner());
    suite
}

/// Reads a suite from the resolved tree that a run keeps. `judges` answers the text of a judge's file by its name in the suite.
///
/// # Errors
/// Every problem, without places: the tree has none.
pub fn from_resolved(
    resolved: &Json,
    judges: &dyn Fn(&str) -> Option<String>,
    kinds: &Kinds,
) -> Result<Suite, Vec<Problem>> {
    let mut problems = Problems::new("the run's suite");
    let judges = |named: &str| match judges(named) {
        Some(text) => Ok(JudgeText {
            file: named.to_owned(),
            text,
        }),
        None => Err(format!("the run keeps no text of the judge `{named}`")),
    };
    // A run may hold fewer targets than its suite's gates name (`--target`).
    let suite = decode_tree(
        &Node::from_json(resolved),
        true,
        &judges,
        kinds,
        &mut problems,
    );
    match (suite, problems.count()) {
        (Some(suite), 0) => Ok(suite),
        _ => Err(problems.sorted()),
    }
}

/// The text of a judge by its name: a built-in one's, or that of the file beside `folder`.
///
/// # Errors
/// Why there is none, with what may have been meant.
pub fn judge_beside(folder: &Path, named: &str) -> Result<String, String> {
    scorers::judge_beside(folder, named).map(|judge| judge.text)
}

/// Writes the list prices that were used into the resolved tree, so that a run keeps its costs when the list changes.
fn write_prices(suite: &Suite, resolved: &mut Json) {
    let used = |price: Option<crate::domain::price::Price>| price.map(|price| json!(price));
    for (index, target) in suite.targets.iter().enumerate() {
        put_price(
            resolved.pointer_mut(&format!("/targets/{index}")),
            used(target.price),
        );
    }
    for (index, scorer) in suite.scorers.iter().enumerate() {
        for (at, model) in scorer.models().enumerate() {
            let place = match scorer.others.is_empty() {
                true => format!("/scorers/{index}/model"),
                false => format!("/scorers/{index}/panel/{at}/model"),
            };
            put_price(resolved.pointer_mut(&place), used(model.price));
        }
    }
}

fn put_price(place: Option<&mut Json>, price: Option<Json>) {
    if let (Some(Json::Object(map)), Some(price)) = (place, price) {
        map.entry("price").or_insert(price);
    }
}

/// The JSON Schema of a suite, from the decoders that read it.
pub(super) fn schema(kinds: &Kinds) -> Json {
    let elsewhere = RefCell::new(Vec::new());
    let judges = |_: &str| Err(String::new());
    let context = Context {
        kinds,
        judges: &judges,
        reduced: false,
        elsewhere: &elsewhere,
    };
    describe_with(&mut |fields| {
        whole::decode(fields, &context);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::suite::{Baseline, CassetteMode, DecideOn, Noise, OnUnclear, Rule};
    use crate::load::testing::{Folder, KINDS};
    use std::time::Duration;

    const WHOLE: &str = r#"version: 1
suite: support-agent
seed: 7
dataset:
  path: [cases.jsonl, more.csv]
  fields: {input: question, expected: answer}
  select: {limit: 200, shuffle: true, tags: [refunds], ids: [c1, 17]}
  cluster: conversation_id
targets:
  - id: prod
    kind: chat
    model: listed
    api_key: ${OPENAI_API_KEY}
    system: {file: v1.md}
    prompt: "{{ input }}"
    limits: {concurrency: 4, rpm: 500, tpm: 200000}
  - id: next
    kind: chat
    model: other
    price: {input: 0.15, output: 0.60}
    counts_as_failure: [timed_out]
scorers:
  - {id: cites-policy, kind: contains, any: ["30 days", "{{ expected }}"]}
  - {id: short, kind: length, max_words: 100}
repeats: 3
limits: {concurrency: 8, timeout: 30s, deadline: 5m, attempts: 2, max_error_rate: 0.1, budget_usd: 5.00, budget_tokens: 900000, budget_calls: 10000, budget_time: 2h}
success: [cites-policy, checks]
baseline: next
primary: pass^3
noise: {success_rate: 0.03, latency_p95_ms: 10%}
gates:
  - {metric: success_rate, min: 85%, decide_on: bound}
  - {metric: success_rate, against: baseline, max_drop: 0.03}
  - {metric: latency_p95_ms, max: 4s}
  - {metric: cost_usd, against: baseline, max_rise: 10%}
  - {metric: "pass^3", min: 0.6, tags: [refunds], target: prod}
on_unclear: fail
allow_uncalibrated: true
cassette: {file: cassette.jsonl, mode: fill}
profiles:
  ci: {limits: {concurrency: 2}, dataset: {select: {limit: 50}}}
"#;

    fn whole() -> Folder {
        Folder::new(&[("suite.yaml", WHOLE), ("v1.md", "You are kind.\n")])
    }

    #[test]
    fn every_key_of_a_suite_is_read() {
        let folder = whole();
        let loaded = folder.suite(&Layers::default()).unwrap();
        let suite = &loaded.suite;
        assert_eq!(
            (suite.name.as_str(), suite.seed, suite.repeats),
            ("support-agent", 7, 3)
        );
        assert_eq!(suite.dataset.sources.len(), 2);
        assert_eq!(suite.dataset.select.limit, Some(200));
        assert_eq!(suite.dataset.select.ids, ["c1", "17"]);
        assert_eq!(suite.dataset.cluster.as_deref(), Some("conversation_id"));
        assert_eq!(
            suite.targets[0].plan.templates()[0].source(),
            "You are kind.\n"
        );
        assert_eq!(suite.targets[0].concurrency, Some(4));
        let pace = suite.targets[0].pace;
        assert_eq!((pace.rpm, pace.tpm), (Some(500), Some(200_000)));
        let budget = suite.limits.budget;
        assert_eq!((budget.usd, budget.tokens), (Some(5.0), Some(900_000)));
        assert_eq!(
            (budget.calls, budget.time),
            (Some(10_000), Some(Duration::from_secs(7_200)))
        );
        assert_eq!(suite.targets[0].price.unwrap().input, 1.0);
        assert_eq!(suite.targets[1].counts_as_failure.len(), 1);
        assert_eq!(suite.limits.deadline, Some(Duration::from_secs(300)));
        assert_eq!(suite.limits.concurrency, 8);
        assert_eq!(suite.success.as_ref().unwrap().len(), 2);
        assert_eq!(suite.baseline, Baseline::Target(1));
        assert_eq!(suite.primary, "pass^3");
        assert_eq!(
            suite.noise,
            [
                ("success_rate".to_owned(), Noise::Absolute(0.03)),
                ("latency_p95_ms".to_owned(), Noise::Relative(0.1))
            ]
        );
        let rules: Vec<Rule> = suite.gates.iter().map(|gate| gate.rule).collect();
        assert_eq!(
            rules,
            [
                Rule::Min(0.85),
                Rule::MaxDrop(0.03),
                Rule::Max(4000.0),
                Rule::MaxRiseShare(0.1),
                Rule::Min(0.6)
            ]
        );
        assert_eq!(suite.gates[0].decide_on, DecideOn::Bound);
        assert_eq!(suite.on_unclear, OnUnclear::Fail);
        assert_eq!(suite.cassette.as_ref().unwrap().mode, CassetteMode::Fill);
        assert_eq!(loaded.text, WHOLE);
    }

    #[test]
    fn a_short_suite_has_the_documented_defaults() {
        let folder = Folder::new(&[(
            "suite.yaml",
            "version: 1\nsuite: s\ndataset: {path: c.jsonl}\ntargets: [{id: a, kind: scripted}]\n",
        )]);
        let suite = folder.suite(&Layers::default()).unwrap().suite;
        assert_eq!((suite.seed, suite.repeats), (0, 1));
        assert_eq!(suite.limits, crate::domain::suite::Limits::default());
        assert_eq!(suite.baseline, Baseline::None);
        assert_eq!(suite.primary, "success_rate");
        assert_eq!(suite.on_unclear, OnUnclear::Point);
        assert!(suite.success.is_none() && !suite.allow_uncalibrated);
    }

    #[test]
    fn a_profile_and_flags_lie_over_the_file() {
        let folder = whole();
        let layers = Layers {
            profile: Some("ci".into()),
            overrides: vec![
                ("seed".into(), Node::scalar("9", true)),
                ("dataset.select.limit".into(), Node::scalar("5", true)),
            ],
            targets: vec!["prod".into()],
        };
        let loaded = folder.suite(&layers).unwrap();
        assert_eq!(loaded.suite.limits.concurrency, 2);
        assert_eq!(loaded.suite.seed, 9);
        assert_eq!(loaded.suite.dataset.select.limit, Some(5));
        assert_eq!(loaded.suite.targets.len(), 1);
        assert_eq!(loaded.suite.baseline, Baseline::None);
        assert!(loaded.resolved.get("profiles").is_none());
        let unknown = Layers {
            profile: Some("cii".into()),
            ..Layers::default()
        };
        assert_eq!(
            folder.suite(&unknown).unwrap_err(),
            ["--profile: unknown profile `cii`; did you mean `ci`?"]
        );
    }

    #[test]
    fn the_resolved_tree_reads_back_as_the_same_suite() {
        let folder = whole();
        let loaded = folder.suite(&Layers::default()).unwrap();
        let text = serde_json::to_string(&loaded.resolved).unwrap();
        let again =
            from_resolved(&serde_json::from_str(&text).unwrap(), &|_| None, &KINDS).unwrap();
        let first = &loaded.suite;
        assert_eq!(again.targets[0].digest, first.targets[0].digest);
        assert_eq!(again.targets[0].price, first.targets[0].price);
        assert_eq!(again.scorers[0].digest, first.scorers[0].digest);
        assert_eq!(again.baseline, first.baseline);
        assert_eq!(again.limits, first.limits);
        let rules = |suite: &Suite| suite.gates.iter().map(|gate| gate.rule).collect::<Vec<_>>();
        assert_eq!(rules(&again), rules(first));
        assert!(text.contains("${OPENAI_API_KEY}"));
    }

    #[test]
    fn a_digest_changes_with_the_prompt_and_not_with_name_price_or_pace() {
        let digest = |target: &str| {
            let text =
                format!("version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{target}]\n");
            let folder = Folder::new(&[("suite.yaml", &text)]);
            folder.suite(&Layers::default()).unwrap().suite.targets[0].digest
        };
        let first = digest("{id: a, kind: chat, prompt: x, model: m}");
        let renamed = "{kind: chat, id: b, model: m, prompt: x, limits: {concurrency: 2}, price: {input: 1, output: 1}}";
        assert_eq!(digest(renamed), first);
        assert_ne!(digest("{id: a, kind: chat, prompt: y, model: m}"), first);
    }

    #[test]
    fn eight_planted_faults_are_all_reported_with_place_and_suggestion() {
        let folder = Folder::new(&[(
            "suite.yaml",
            r#"version: 1
suite: faulty
repeets: 3
dataset: {path: cases.jsonl, select: {limt: 5}}
targets:
  - {id: prod, kind: chatt}
  - {id: next, kind: chat, timeout: 5s}
  - {id: next, kind: chat, model: x, model: y}
scorers:
  - {id: cites, kind: contains, any: ["{{ open"]}
  - {id: good, kind: exact}
limits: {timeout: 60}
success: [god]
baseline: prd
gates:
  - {metric: sucess_rate, min: 0.8}
  - {metric: success_rate, min: 85}
"#,
        )]);
        assert_eq!(
            folder.suite(&Layers::default()).unwrap_err(),
            [
                "suite.yaml:3:1: unknown key `repeets`; did you mean `repeats`?",
                "suite.yaml:4:39: unknown key `limt`; did you mean `limit`?",
                "suite.yaml:6:22: unknown kind of target `chatt`; did you mean `chat`?",
                "suite.yaml:7:28: unknown key `timeout`; known here: api_key, base_url, counts_as_failure, id, kind, limits, model, params, price, prompt, system",
                "suite.yaml:8:10: the target `next` is declared twice; give each its own id",
                "suite.yaml:8:38: `model` is given twice; keep one",
                "suite.yaml:10:39: template: syntax error: unexpected end of input, expected end of variable block in its line 1",
                "suite.yaml:12:19: a duration with its unit (`250ms`, `60s`, `5m`) is wanted here, this is a number",
                "suite.yaml:13:11: unknown scorer `god`; did you mean `good`?",
                "suite.yaml:14:11: unknown target `prd`; did you mean `prod`? (a baseline file's name has an ending: `baseline.jsonl`)",
                "suite.yaml:16:14: unknown metric `sucess_rate`; did you mean `success_rate`?",
                "suite.yaml:17:33: `success_rate` is a rate from 0 to 1: write 0.85 or 85%, not 85",
            ]
        );
    }

    #[test]
    fn keys_of_later_versions_are_refused_by_name() {
        let folder = Folder::new(&[(
            "suite.yaml",
            "version: 1\nsuite: s\ndataset: {path: c.jsonl}\ntargets: [{id: a, kind: chat, limits: {concurrency: 5}}]\n\
             variants: [typos]\nstop_early: true\n",
        )]);
        let said = folder.suite(&Layers::default()).unwrap_err();
        for key in ["variants", "stop_early"] {
            let wanted = format!("`{key}` is not supported by this version yet");
            assert!(
                said.iter().any(|line| line.contains(&wanted)),
                "{key}: {said:?}"
            );
        }
        assert_eq!(said.len(), 2, "{said:?}");
    }

    #[test]
    fn money_is_capped_only_where_every_price_is_known() {
        let said_of = |targets: &str, limits: &str| {
            let text = format!(
                "version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{targets}]\nlimits: {limits}\n"
            );
            let folder = Folder::new(&[("suite.yaml", &text)]);
            folder.suite(&Layers::default()).err().unwrap_or_default()
        };
        let unknown = "{id: a, kind: chat, model: m}";
        let said = said_of(unknown, "{concurrency: 4, budget_usd: 5}");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("suite.yaml:5:38: money cannot be capped while the price of target `a` is unknown; give it a `price"),
            "{said:?}"
        );
        let known = "{id: a, kind: chat, model: m, price: {input: 0, output: 0}}";
        assert_eq!(said_of(known, "{budget_usd: 5}"), [""; 0]);
        assert_eq!(
            said_of("{id: a, kind: chat, model: listed}", "{budget_usd: 5}"),
            [""; 0]
        );
        assert_eq!(said_of(unknown, "{budget_tokens: 5}"), [""; 0]);
        for (limits, why) in [
            ("{budget_usd: 0}", "an amount above zero"),
            ("{budget_usd: five}", "a number is wanted"),
            ("{budget_calls: 0}", "out of range"),
            ("{budget_time: 60}", "a duration with its unit"),
            ("{rpm: 500}", "`rpm` belongs in the `limits` of a target"),
        ] {
            let said = said_of(known, limits).join("\n");
            assert!(said.contains(why), "{limits}: {said}");
            assert!(!said.contains('\n'), "{limits}: {said}");
        }
    }

    #[test]
    fn gates_that_cannot_mean_anything_are_refused() {
        let said_of = |gate: &str| {
            let text = format!(
                "version: 1\nsuite: s\ndataset: {{path: c.jsonl}}\ntargets: [{{id: a, kind: chat}}]\nrepeats: 2\n\
                 scorers: [{{id: ok, kind: exact}}]\ngates: [{gate}]\n"
            );
            let folder = Folder::new(&[("suite.yaml", &text)]);
            folder.suite(&Layers::default()).unwrap_err().join("\n")
        };
        for (gate, why) in [
            (
                "{metric: pass^3, min: 0.5}",
                "needs 3 repeats of each case and `repeats` is 2",
            ),
            ("{metric: ok}", "a gate needs one rule"),
            ("{metric: ok, min: 0.5, max: 0.9}", "one gate has one rule"),
            (
                "{metric: ok, max_drop: 0.03}",
                "needs something to hold against",
            ),
            (
                "{metric: ok, min: 0.5, against: baseline}",
                "is held against nothing",
            ),
            ("{metric: latency_p95_ms, max_drop: 5}", "use `max_rise`"),
            ("{metric: ok, max_rise: 0.1}", "use `max_drop`"),
            ("{metric: ok, max_drop: 3%}", "write 0.03 for 3 points"),
            ("{metric: cost_usd, max: 4s}", "is no time"),
            ("{metric: cost_usd, max: 4%}", "a share means nothing here"),
            ("{metric: ok >= 1, min: 0.5}", "yields no number"),
            ("{metric: ok, min: 0.5, target: b}", "unknown target `b`"),
            ("{min: 0.5}", "`metric` is missing"),
            ("{metric: ok, min: lots}", "a number, a share"),
        ] {
            let said = said_of(gate);
            assert!(said.contains(why), "{gate}: {said}");
        }
    }

    #[test]
    fn what_refers_to_a_faulty_part_is_not_blamed_as_well() {
        let folder = Folder::new(&[(
            "suite.yaml",
            "version: 1\nsuite: s\ndataset: {path: c.jsonl}\ntargets: [{id: a, kind: chatt}]\n\
             scorers: [{id: ok, kind: exakt}]\nsuccess: [ok]\nbaseline: a\n\
             gates: [{metric: ok, min: 0.5, target: a}]\n",
        )]);
        assert_eq!(folder.suite(&Layers::default()).unwrap_err().len(), 2);
    }

    #[test]
    fn a_fault_in_a_profile_shows_though_it_is_not_chosen() {
        let folder = Folder::new(&[(
            "suite.yaml",
            "version: 1\nsuite: s\ndataset: {path: c.jsonl}\ntargets: [{id: a, kind: chat}]\n\
             profiles:\n  ci: {limits: {concurency: 2}}\n  local: {suite: t}\n",
        )]);
        assert_eq!(
            folder.suite(&Layers::default()).unwrap_err(),
            [
                "suite.yaml:6:17: unknown key `concurency`; did you mean `concurrency`?",
                "suite.yaml:7:11: a profile may not change `suite`",
            ]
        );
    }

    #[test]
    fn a_suite_in_json_is_read_with_places_too() {
        let folder = Folder::new(&[(
            "suite.yaml",
            "{\n  \"version\": 1,\n  \"suite\": \"s\",\n  \"dataset\": {\"path\": \"c.jsonl\"},\n\t\"targets\": [{\"id\": \"a\", \"kind\": \"chat\", \"modle\": \"m\"}]\n}\n",
        )]);
        assert_eq!(
            folder.suite(&Layers::default()).unwrap_err(),
            ["suite.yaml:5:42: unknown key `modle`; did you mean `model`?"]
        );
    }

    #[test]
    fn a_fault_in_a_text_of_its_own_names_its_file() {
        let folder = Folder::new(&[
            (
                "suite.yaml",
                "version: 1\nsuite: s\ndataset: {path: c.jsonl}\ntargets: [{id: a, kind: chat, system: {file: p.md}}]\n",
            ),
            ("p.md", "one\n{{ two"),
        ]);
        let said = folder.suite(&Layers::default()).unwrap_err();
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("suite.yaml:4:39: template:"),
            "{said:?}"
        );
        assert!(said[0].ends_with("line 2 (the text of p.md)"), "{said:?}");
    }

    #[test]
    fn an_unknown_version_says_which_is_known() {
        let folder = Folder::new(&[(
            "suite.yaml",
            "version: 2\nsuite: s\ndataset: {cases: []}\ntargets: [{id: a, kind: chat}]\n",
        )]);
        assert_eq!(
            folder.suite(&Layers::default()).unwrap_err(),
            ["suite.yaml:1:10: version `2` is not known; this program reads version 1"]
        );
    }

    #[test]
    fn the_schema_names_every_key_and_lets_texts_stand_in_files() {
        let schema = schema(&KINDS);
        for key in [
            "version", "suite", "dataset", "targets", "scorers", "gates", "profiles", "cassette",
        ] {
            assert!(schema["properties"][key].is_object(), "{key}");
        }
        let chat = &schema["properties"]["targets"]["items"]["anyOf"][0];
        assert_eq!(chat["properties"]["kind"]["const"], "chat");
        assert_eq!(
            chat["properties"]["system"]["anyOf"][1]["required"][0],
            "file"
        );
        let gate = &schema["properties"]["gates"]["items"]["properties"];
        assert!(
            gate["max_drop"].is_object() && gate["tags"].is_object(),
            "{gate}"
        );
    }
}
