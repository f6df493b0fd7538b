//! Other texts of a suite's judge, asked about the labelled outputs as a calibration asks the present one: through the same engine, so
//! that verdicts are journaled, known ones are not paid for again, and the suite's budget holds over all of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::judge::{AtHand, open, parse, pretty, read};
use super::known::Known;
use super::live::{Desk, FOLDER, Order, begin, identity, of_labels, scale, sources};
use super::outputs::Labelled;
use super::walk::{Step, walk};
use crate::analysis::calibration::Sheet;
use crate::domain::digest::Digest;
use crate::domain::event::Spent;
use crate::domain::instrument::LabelScale;
use crate::domain::port::Clock;
use crate::domain::score::Score;
use crate::domain::suite::{Budget, CassetteMode};
use crate::domain::usable::Usable;
use crate::jobs::JobError;
use crate::jobs::run::{CassetteChoice, Prepared, Ran, cassette};
use crate::judge::Form;
use crate::load::labels::sheet::{Join, join};
use crate::load::labels::verdicts::Verdicts;
use crate::load::labels::{digest, file};
use crate::load::suite::Loaded;
use crate::store::entries::Entry;
use crate::store::run::RunDir;

/// A judge's text, with the identity that it has in the suite.
#[derive(Clone)]
pub(in crate::jobs) struct Variant {
    judge: AtHand,
    /// The file's text.
    pub(in crate::jobs) text: String,
    /// What it said so far.
    given: Verdicts,
    /// Why the first output without a verdict has none.
    pub(in crate::jobs) why: Option<String>,
}

impl Variant {
    /// Prompt, model and parameters.
    pub(in crate::jobs) fn identity(&self) -> Digest {
        self.judge.identity
    }

    /// What it is asked at the end, and how it answers.
    pub(in crate::jobs) fn manner(&self) -> (&str, Form) {
        (self.judge.file.question(), self.judge.file.form())
    }

    /// The bars that its file sets.
    pub(in crate::jobs) fn usable(&self) -> Option<Usable> {
        self.judge.instrument.usable
    }
}

/// A suite's judge with the labels it is held against.
pub(in crate::jobs) struct Variants {
    pub(super) desk: Desk,
    labelled: Vec<Labelled>,
    pub(super) order: Order,
}

impl Variants {
    /// Opens judge and labels. Calls nothing.
    pub(in crate::jobs) fn open(mut order: Order) -> Result<(Self, Variant), JobError> {
        let judge = open(&order.judge, &order.asking, &order.runs_dir)?;
        if !judge.spec().others.is_empty() {
            return Err(JobError::Usage(format!(
                "`{}` is a panel of several judges, and one judge is tuned at a time; name a suite in which the member stands alone",
                order.judge
            )));
        }
        // Several runs share it: what one recorded must not be refused to the next.
        if let Some((CassetteMode::Record, path)) = cassette(&order.cassette, &judge.loaded) {
            order.cassette = CassetteChoice::Use(CassetteMode::Fill, path);
        }
        let speaks = judge.instrument.scale.clone();
        let grades = speaks.grades();
        let labels_path = order.labels.clone().unwrap_or_default();
        let labels = file::read(&labels_path, grades).map_err(JobError::Invalid)?;
        let named = labels_path.display().to_string();
        let scale = scale(&speaks, &labels).map_err(|message| of_labels(&named, message))?;
        let text = judge
            .spec()
            .judge
            .as_ref()
            .map(|source| source.text.clone());
        let text = text.unwrap_or_default();
        let mut desk = Desk {
            labels,
            labels_path,
            scale,
            of: order.of,
            positive: order.positive.clone(),
            clusters: BTreeMap::new(),
            outputs: BTreeMap::new(),
            subjects: Vec::new(),
            given: Verdicts::new(),
            verdicts_file: named.clone(),
            judge,
        };
        let (sources, _) = sources(&order, &desk)?;
        desk.clusters = sources.clusters();
        let labelled = sources.gather(&desk.labels, &named, &desk.judge)?;
        if labelled.is_empty() {
            return Err(JobError::NothingToRun(format!(
                "{named}: there is no label; label some outputs first"
            )));
        }
        desk.outputs = labelled
            .iter()
            .map(|one| (one.subject.clone(), one.texts()))
            .collect();
        let present = Variant {
            judge: desk.judge.clone(),
            text,
            given: Verdicts::new(),
            why: None,
        };
        let all = Self {
            desk,
            labelled,
            order,
        };
        Ok((all, present))
    }

    /// The judge with another text.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub(in crate::jobs) fn variant(&self, text: &str) -> Result<Variant, String> {
        let words = |error: JobError| match error {
            JobError::Invalid(problems) => {
                let said: Vec<String> = problems.into_iter().map(|one| one.message).collect();
                said.join("; ")
            }
            other => other.to_string(),
        };
        let base = &self.desk.judge;
        let named = self.named();
        let file = parse(named, text).map_err(words)?;
        let own = BTreeMap::from([(named.to_owned(), text.to_owned())]);
        let suite = read(&base.loaded.resolved, &own, named).map_err(words)?;
        let instrument = suite.scorers[0].scorer.instrument();
        let instrument = instrument.unwrap_or_else(|| file.instrument());
        let kind = std::mem::discriminant::<LabelScale>;
        if kind(&instrument.scale) != kind(&base.instrument.scale) {
            return Err("it answers on another scale".to_owned());
        }
        let identity = match &base.user {
            None => suite.scorers[0].digest,
            Some(user) => {
                let mut texts: BTreeMap<String, String> = user
                    .suite
                    .scorers
                    .iter()
                    .flat_map(|scorer| scorer.judges())
                    .map(|judge| (judge.named.clone(), judge.text.clone()))
                    .collect();
                texts.insert(named.to_owned(), text.to_owned());
                let mut of = user.suite.scorers.iter();
                let at = of.position(|scorer| scorer.digest == base.identity);
                let whole = read(&user.resolved, &texts, named).map_err(words)?;
                at.and_then(|at| whole.scorers.get(at))
                    .map_or(suite.scorers[0].digest, |scorer| scorer.digest)
            }
        };
        let judge = AtHand {
            loaded: Loaded {
                suite,
                ..base.loaded.clone()
            },
            file,
            instrument,
            identity,
            ..base.clone()
        };
        Ok(Variant {
            judge,
            text: text.to_owned(),
            given: Verdicts::new(),
            why: None,
        })
    }

    /// The judge as the suite names it.
    pub(in crate::jobs) fn named(&self) -> &str {
        let source = self.desk.judge.spec().judge.as_ref();
        source.map_or(self.order.judge.as_str(), |source| source.named.as_str())
    }

    /// The judge's name, for people and for names of files.
    pub(in crate::jobs) fn name(&self) -> &str {
        &self.desk.judge.name
    }

    /// Its certificate's file.
    pub(in crate::jobs) fn certificate(&self) -> &Path {
        &self.desk.judge.certificate
    }

    /// The folder that the suite stands in.
    pub(in crate::jobs) fn folder(&self) -> &Path {
        &self.desk.judge.loaded.folder
    }

    /// What the suite lets a run spend.
    pub(in crate::jobs) fn budget(&self) -> Budget {
        self.desk.judge.loaded.suite.limits.budget
    }

    /// The suite's seed of random choices.
    pub(in crate::jobs) fn chance_seed(&self) -> u64 {
        self.desk.judge.loaded.suite.seed
    }

    /// The labels' digest.
    pub(in crate::jobs) fn digest(&self) -> Digest {
        digest(&self.desk.labels)
    }

    /// The texts of a labelled output that a judge is given, by their names in its file; `None` where it is given something that an
    /// example cannot hold.
    pub(in crate::jobs) fn texts(&self, item: &str) -> Option<BTreeMap<&'static str, String>> {
        let one = self
            .labelled
            .iter()
            .find(|one| one.subject.name() == item)?;
        let file = &self.desk.judge.file;
        if file.sees("transcript") {
            return None;
        }
        let accepted = one.case.accepted();
        let all = [
            ("input", Some(one.case.input.text().to_owned())),
            ("output", Some(one.transcript.output.clone())),
            ("expected", accepted.first().cloned()),
            ("context", Some(one.case.context.join("\n\n"))),
            ("output_a", one.texts().output_a),
            ("output_b", one.texts().output_b),
        ];
        let seen = all.into_iter().filter(|(name, _)| file.sees(name));
        seen.map(|(name, text)| Some((name, text?))).collect()
    }

    /// Makes the run that asks a variant about some of the outputs; `None`: it was asked about all of them.
    pub(in crate::jobs) fn ask(
        &self,
        variant: &Variant,
        items: &BTreeSet<String>,
        budget: &Budget,
        clock: &dyn Clock,
    ) -> Result<Option<Prepared>, JobError> {
        let labelled: Vec<Labelled> = self
            .labelled
            .iter()
            .filter(|one| items.contains(&one.subject.name()))
            .filter(|one| !variant.given.contains_key(&one.subject))
            .cloned()
            .collect();
        if labelled.is_empty() {
            return Ok(None);
        }
        let mut judge = variant.judge.clone();
        spend_at_most(&mut judge.loaded, budget);
        let folder = self.folder_of_runs();
        let mut known = Known::default();
        if !self.order.fresh {
            known.add_calibrations(&folder, identity(&judge))?;
        }
        let labels = &self.desk.labels_path;
        begin(
            &self.order,
            (&judge, labels),
            labelled,
            known,
            &folder,
            clock,
        )
        .map(Some)
    }

    /// Takes in what a run of [`Self::ask`] brought.
    pub(in crate::jobs) fn take(
        &self,
        variant: &mut Variant,
        items: &BTreeSet<String>,
        ran: &Ran,
    ) -> Result<(), JobError> {
        let mut scores: BTreeMap<String, Score> = BTreeMap::new();
        walk(&ran.run, &mut |place, step| {
            if let Step::Scored(line) = step
                && let Some(score) = line.scores.into_iter().next()
            {
                scores.insert(place.case.id.clone(), score);
            }
        })?;
        // A variant's verdicts are read as those of the present judge are: both speak on one scale.
        for one in &self.labelled {
            let name = one.subject.name();
            let said = scores.get(&name).filter(|_| items.contains(&name));
            let verdict = said.and_then(|score| self.desk.verdict(score));
            match (verdict, said) {
                (Some(verdict), _) => {
                    variant.given.insert(one.subject.clone(), verdict);
                }
                (None, Some(score)) if variant.why.is_none() => {
                    variant.why.clone_from(&score.reason);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How many of these outputs a variant has no verdict on.
    pub(in crate::jobs) fn missing(&self, variant: &Variant, items: &BTreeSet<String>) -> usize {
        let wanted = self.labelled.iter().map(|one| &one.subject);
        wanted
            .filter(|subject| items.contains(&subject.name()))
            .filter(|subject| !variant.given.contains_key(*subject))
            .count()
    }

    /// Labels and what a variant said so far.
    pub(in crate::jobs) fn sheet(&self, variant: &Variant) -> Result<Sheet, JobError> {
        let joined = join(&Join {
            labels: &self.desk.labels,
            file: &self.desk.labels_path.display().to_string(),
            verdicts: &variant.given,
            verdicts_file: &self.desk.verdicts_file,
            scale: Some(&self.desk.scale),
            of: self.desk.of,
            positive: self.desk.positive.as_deref(),
            clusters: &self.desk.clusters,
            outputs: &self.desk.outputs,
        })
        .map_err(JobError::Invalid)?;
        Ok(joined.sheet)
    }

    /// The share of outputs without a verdict that may be.
    pub(in crate::jobs) fn most_missing(&self) -> f64 {
        self.desk.judge.loaded.suite.limits.max_error_rate
    }

    pub(super) fn folder_of_runs(&self) -> PathBuf {
        self.order.runs_dir.join(FOLDER)
    }
}

/// Lets a run spend what is left of a budget.
pub(super) fn spend_at_most(loaded: &mut Loaded, budget: &Budget) {
    loaded.suite.limits.budget = *budget;
    // A suite without limits has no budget either.
    let Some(Json::Object(limits)) = loaded.resolved.get_mut("limits") else {
        return;
    };
    for (key, value) in [
        ("budget_usd", budget.usd.map(|usd| json!(usd))),
        ("budget_tokens", budget.tokens.map(|tokens| json!(tokens))),
        ("budget_calls", budget.calls.map(|calls| json!(calls))),
    ] {
        if let Some(value) = value {
            limits.insert(key.to_owned(), value);
        }
    }
    loaded.text = pretty(&loaded.resolved);
}

/// What a run spent, by the last of its journal's totals.
pub(in crate::jobs) fn spent(run: &RunDir) -> Result<Spent, JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let mut last = Spent::default();
    let mut entries = run.entries().map_err(|error| store(&error))?;
    while let Some(entry) = entries.next_entry().map_err(|error| store(&error))? {
        if let Entry::Event {
            name: "spent",
            json,
            ..
        } = entry
            && let Ok(line) = serde_json::from_str(json)
        {
            last = line;
        }
    }
    Ok(last)
}
