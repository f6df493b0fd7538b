//! `annotate`: people label outputs, in a browser or at prompts.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::args::Place;
use super::failure::exit;
use super::judge::grades;
use super::labels::How;
use super::prompts;
use super::screen::Screen;
use super::{Done, print};
use crate::analysis::annotation::question::{Class, Question};
use crate::funnel::terminal;
use crate::jobs::{self, Annotated, Ask, Export, ExportKind, JobError, Session, SystemClock};
use crate::report::{confusion_table, label_stats_screen, labelled, shell_word};

/// Label outputs by hand, blind.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("asked"))]
#[command(after_help = "\
Keys:  digits answer (of pairs: a, b and =) · space skips · u undoes · c critique · f flag
       ? rubric · q quit
Saved: each answer is on the disk before it is called saved; the same command goes on where it ended
Blind: no target, score, order or other annotator's label is sent before the answer

Exits: 0 ended · 2 no such run, target or judge · 3 a file is broken · 4 nothing to label
       7 labels could not be written · 130/143 interrupted (what was saved is saved)")]
pub(crate) struct Annotate {
    /// Outputs to label: a run (a path, latest, the beginning of its id), or a CSV or JSONL file that holds them.
    #[arg(value_name = "RUN|FILE")]
    source: String,
    /// Who labels: a name or a code. Asked for on a terminal.
    #[arg(long, value_name = "NAME")]
    annotator: Option<String>,
    /// Label by this judge's rubric and scale: a built-in judge, a judge's file, or a scorer of the run.
    #[arg(long, value_name = "JUDGE", group = "asked")]
    judge: Option<String>,
    /// Ask for a grade of this scale.
    #[arg(long, value_name = "LOW..HIGH", value_parser = grades, group = "asked")]
    scale: Option<(i64, i64)>,
    /// Ask for one of these classes.
    #[arg(
        long,
        value_name = "CLASS,CLASS..",
        value_delimiter = ',',
        group = "asked"
    )]
    classes: Vec<String>,
    /// Ask which of two outputs is better; of a run, those of two targets.
    #[arg(long, group = "asked")]
    pairwise: bool,
    /// With --pairwise: one must be better.
    #[arg(long, requires = "pairwise", conflicts_with_all = ["judge", "scale", "classes"])]
    no_ties: bool,
    /// The labels file to write (.jsonl or .csv), others' labels in it stay; default: SUITE.labels.jsonl here, or beside FILE.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// How many outputs: of a run about 20, of a file all, unless said.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// How outputs of a run are drawn, as by `labels pick`.
    #[arg(long, value_name = "HOW", default_value = "random")]
    strategy: How,
    /// By whose verdicts, as for `labels pick`; repeatable.
    #[arg(long, value_name = "ID")]
    scorer: Vec<String>,
    /// Only outputs of this target; repeatable. With --pairwise: the two, `a` first.
    #[arg(long, value_name = "ID")]
    target: Vec<String>,
    /// The seed of draw, order and sides; default: the run's, for a file 0.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show this share of the outputs a second time, unannounced, to see whether you agree with yourself.
    #[arg(long, value_name = "PERCENT", value_parser = share, default_value = "0%")]
    repeats: f64,
    /// Decide what annotators differ on; their labels stay, what stands in the end goes to a file of its own.
    #[arg(long, conflicts_with_all = ["count", "strategy", "scorer", "repeats"])]
    adjudicate: bool,
    /// Ask at prompts on this terminal instead of in a browser.
    #[arg(long)]
    terminal: bool,
    /// The port of the local page; default: any that is free.
    #[arg(long, value_name = "N", conflicts_with = "terminal")]
    port: Option<u16>,
    /// Write what is to be labelled as tasks (`label-studio=FILE`), or the labels (`csv=FILE`), and end. Repeatable.
    #[arg(
        long,
        value_name = "KIND=FILE",
        value_parser = exported,
        conflicts_with_all = ["annotator", "repeats", "adjudicate", "terminal", "port"]
    )]
    export: Vec<Export>,
    /// Replace files that --export finds.
    #[arg(long, requires = "export")]
    force: bool,
    #[command(flatten)]
    place: Place,
}

/// As many classes as a labels file may hold.
const MOST_CLASSES: usize = 50;

/// Reads `10%` or `0.1`.
fn share(text: &str) -> Result<f64, String> {
    let wanted = || format!("`{text}` is no share from 0% to 100%");
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share: f64 = number.trim().parse().map_err(|_| wanted())?;
    let share = share / unit;
    (0.0..=1.0)
        .contains(&share)
        .then_some(share)
        .ok_or_else(wanted)
}

/// Reads `KIND=FILE`.
fn exported(text: &str) -> Result<Export, String> {
    let kind = match text.split_once('=') {
        Some(("label-studio", file)) => Some((ExportKind::LabelStudio, file)),
        Some(("csv", file)) => Some((ExportKind::Csv, file)),
        _ => None,
    };
    match kind {
        Some((kind, file)) if !file.is_empty() => Ok(Export {
            kind,
            file: file.into(),
        }),
        _ => Err("`label-studio=FILE` or `csv=FILE` is wanted".to_owned()),
    }
}

pub(crate) fn run(verb: Annotate, screen: &Screen) -> Done {
    let mut order = jobs::Annotate {
        ask: ask(&verb)?,
        source: verb.source,
        runs_dir: verb.place.runs_dir,
        annotator: String::new(),
        labels: verb.labels,
        count: verb.count.and_then(|count| usize::try_from(count).ok()),
        strategy: verb.strategy.into(),
        scorers: verb.scorer,
        targets: verb.target,
        seed: verb.seed,
        repeats: verb.repeats,
        adjudicate: verb.adjudicate,
        key: String::new(),
    };
    if !verb.export.is_empty() {
        let written = jobs::export(&order, &verb.export, verb.force)?;
        let lines = written.iter().map(|(file, what)| {
            let text = format!("{}: {what}", file.display());
            labelled("wrote     ", &text, screen.width)
        });
        print(screen, lines.collect::<String>().as_bytes())?;
        return Ok(exit::DONE);
    }
    order.annotator = annotator(verb.annotator, screen)?;
    let code = match verb.terminal {
        true => at_prompts(&order, screen)?,
        false => in_a_browser(order, verb.port.unwrap_or(0), screen)?,
    };
    Ok(code)
}

/// What is asked.
fn ask(verb: &Annotate) -> Result<Ask, JobError> {
    if let Some(judge) = &verb.judge {
        return Ok(Ask::Judge(judge.clone()));
    }
    if let Some((low, high)) = verb.scale {
        return Ok(Ask::Question(Question::Grades { low, high }));
    }
    if verb.pairwise {
        let ties = !verb.no_ties;
        return Ok(Ask::Question(Question::Pair { ties }));
    }
    if verb.classes.is_empty() {
        return Ok(Ask::Question(Question::PassFail));
    }
    let mut classes: Vec<Class> = Vec::new();
    for name in verb.classes.iter().map(|name| name.trim()) {
        let is_twice = classes
            .iter()
            .any(|class| class.name.to_lowercase() == name.to_lowercase());
        if name.is_empty() || is_twice {
            return Err(JobError::Usage(format!(
                "--classes: `{name}` is empty or named twice"
            )));
        }
        classes.push(Class {
            name: name.to_owned(),
            meaning: String::new(),
        });
    }
    if !(2..=MOST_CLASSES).contains(&classes.len()) {
        return Err(JobError::Usage(format!(
            "--classes: from two classes to {MOST_CLASSES} are wanted"
        )));
    }
    Ok(Ask::Question(Question::Classes(classes)))
}

/// Who labels; asked for where somebody can answer.
fn annotator(named: Option<String>, screen: &Screen) -> Result<String, JobError> {
    let name = match named {
        Some(name) => name,
        None if std::io::stdin().is_terminal() => {
            screen.say("Who labels? A name or a code:");
            let mut line = String::new();
            std::io::stdin()
                .read_line(&mut line)
                .map_err(|error| JobError::Unexpected(format!("stdin: {error}")))?;
            line
        }
        None => {
            return Err(JobError::Usage(
                "who labels? name the annotator with --annotator NAME".to_owned(),
            ));
        }
    };
    let name = name.trim().to_owned();
    match name.is_empty() || name.chars().any(char::is_control) {
        true => Err(JobError::Usage(
            "--annotator: a name or a code in one line is wanted".to_owned(),
        )),
        false => Ok(name),
    }
}

/// What is said before the first card.
fn begin(session: &Session, screen: &Screen) {
    for note in session.notes() {
        screen.note(&terminal(&format!("note: {note}")));
    }
    let progress = session.progress();
    let what = match session.adjudicates() {
        true => "to decide",
        false => "to label",
    };
    let done = match progress.done {
        0 => String::new(),
        done => format!(", {done} done already"),
    };
    screen.note(&terminal(&format!(
        "{} {what}{done}; labels go to {}",
        progress.total,
        session.target().display()
    )));
}

fn at_prompts(order: &jobs::Annotate, screen: &Screen) -> Result<u8, JobError> {
    let mut session = Session::open(order, Box::new(SystemClock))?;
    begin(&session, screen);
    prompts::go(&mut session, std::io::stdin().lock(), screen)?;
    end(&session.end()?, &order.ask, screen)?;
    Ok(exit::DONE)
}

#[cfg(feature = "serve")]
fn in_a_browser(order: jobs::Annotate, port: u16, screen: &Screen) -> Result<u8, JobError> {
    use crate::jobs::annotation_pages;
    use crate::serve::{Limits, Server, secret};

    let unexpected = |error: &dyn std::fmt::Display| JobError::Unexpected(error.to_string());
    let order = jobs::Annotate {
        key: secret().map_err(|error| unexpected(&error))?,
        ..order
    };
    // Where the page cannot be served nothing is made either.
    let server = Server::bind(port).map_err(|error| JobError::Usage(error.to_string()))?;
    let session = Session::open(&order, Box::new(SystemClock))?;
    begin(&session, screen);
    let page = annotation_pages(session);
    print(
        screen,
        labelled("open      ", &server.url(), screen.width.max(120)).as_bytes(),
    )?;
    screen.note("that address works once, in one browser on this machine; `q` on the page or Ctrl-C ends it");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| JobError::Unexpected(format!("the runtime cannot start: {error}")))?;
    let mut code = exit::DONE;
    let stop = async {
        tokio::select! {
            () = page.quit() => {}
            asked = super::run::signalled() => code = asked.exit_code(),
        }
    };
    let pages = std::sync::Arc::clone(&page);
    runtime
        .block_on(server.run(pages, Limits::default(), stop))
        .map_err(|error| unexpected(&error))?;
    let ended = page.session().end()?;
    end(&ended, &order.ask, screen)?;
    Ok(code)
}

#[cfg(not(feature = "serve"))]
fn in_a_browser(_: jobs::Annotate, _: u16, _: &Screen) -> Result<u8, JobError> {
    Err(JobError::Usage(
        "this evenhand was built without its local pages (feature `serve`); add --terminal"
            .to_owned(),
    ))
}

/// What to do next, if there is something.
fn next(ended: &Annotated, ask: &Ask) -> Option<String> {
    if ended.open > 0 {
        let (left, all) = (ended.open, ended.progress.total);
        return Some(format!(
            "the same command goes on; {left} of {all} are left"
        ));
    }
    if ended.differing > 0 {
        return Some(format!(
            "annotators differ on {} of the outputs: --adjudicate decides them, in place of -n, --strategy and --repeats",
            ended.differing
        ));
    }
    let Ask::Judge(judge) = ask else {
        return None;
    };
    let judge = shell_word(judge)?;
    let labels = shell_word(&ended.file.display().to_string())?;
    Some(format!(
        "evenhand judge calibrate {judge} --labels {labels} --suite SUITE"
    ))
}

/// Says what the session comes to.
fn end(ended: &Annotated, ask: &Ask, screen: &Screen) -> Result<(), JobError> {
    let progress = ended.progress;
    let width = screen.width;
    let what = match ended.adjudicates {
        true => "decided",
        false => "labelled",
    };
    let mut text = labelled(
        "saved     ",
        &format!(
            "{}: {} of {} {what}, {} skipped",
            ended.file.display(),
            progress.done,
            progress.total,
            progress.skipped
        ),
        width,
    );
    if !ended.flagged.is_empty() {
        text += &labelled("flagged   ", &ended.flagged.join(", "), width);
    }
    for note in &ended.notes {
        text += &labelled("note      ", note, width);
    }
    if let Some(stats) = &ended.stats {
        text.push('\n');
        let labels = match ended.adjudicates {
            true => "before the decision".to_owned(),
            false => ended.file.display().to_string(),
        };
        text += &label_stats_screen(&labels, stats, width, screen.color);
    }
    for confusion in &ended.confusions {
        text.push('\n');
        text += &confusion_table(confusion);
    }
    if let Some(next) = next(ended, ask) {
        text.push('\n');
        text += &labelled("next      ", &next, width);
    }
    print(screen, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage_or_a_number() {
        assert_eq!(share("10%"), Ok(0.1));
        assert_eq!(share("0.25"), Ok(0.25));
        assert_eq!(share("100 %"), Ok(1.0));
        for wrong in ["101%", "-1%", "x", "", "%", "NaN"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
