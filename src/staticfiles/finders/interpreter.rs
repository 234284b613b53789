//! The Python interpreter that a Django project runs on, and the one question that it is asked:
//! where apps are. It runs `find_apps.py` and believes nothing that it says but folders. Where the last
//! answer is [remembered](super::remembered) it runs nothing.
//!
//! Standard input has an entry of INSTALLED_APPS a line. In what it prints, the line that begins with
//! `storehouse-apps:` goes on with a JSON object: `python`, how the interpreter shows itself,
//! `apps`, for each entry an object with its `folder` or the `problem` with it, `ignore`, the
//! `ignore_patterns` of the project's StaticFilesConfig or a text that says why they are not known, and
//! `evidence`, what the answer rests on, if that can be told.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, SystemTime},
};

use serde::Deserialize;
use serde_json::Value as Json;
use storehouse_storage::{Error, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::timeout,
};

use super::{
    answer::{Answer, Evidence},
    remembered::Question,
};
use crate::{settings::Settings, staticfiles::support::parallel::on_the_blocking_pool};

const SCRIPT: &str = concat!(include_str!("looked_at.py"), include_str!("find_apps.py"));
/// As in the script.
const MARK: &str = "storehouse-apps:";
/// A cold start on a slow network disk takes some seconds; an interpreter that waits for something
/// takes for ever.
const PATIENCE: Duration = Duration::from_secs(60);
/// Thousands of apps have an answer of a few hundred kilobytes.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// How much of what it said a message quotes, in characters.
const QUOTED: usize = 200;

/// What to start, where, and how long to wait for it.
#[derive(Debug)]
pub(super) struct Interpreter {
    program: PathBuf,
    /// Apps in it are found first, as those beside a manage.py are.
    folder: PathBuf,
    patience: Duration,
}

impl Interpreter {
    /// The interpreter in PYTHON, in the folder of the settings file.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            program: settings.python(),
            folder: settings.folder().to_owned(),
            patience: PATIENCE,
        }
    }

    /// Tells where these apps are: from memory, or by asking.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub(super) async fn find_apps(&self, names: &[&str]) -> Result<Answer> {
        let (program, folder) = (self.program.clone(), self.folder.clone());
        let owned: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let recalling = on_the_blocking_pool(move || {
            let question = Question::new(&program, &folder, SCRIPT, &owned);
            let known = question.as_ref().and_then(Question::recall);
            (question, known)
        });
        let (question, known) = recalling.await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let asked = SystemTime::now();
        let answer = self.ask(names).await?;
        on_the_blocking_pool(move || {
            if let Some(question) = question {
                question.remember(&answer, asked);
            }
            answer
        })
        .await
    }

    /// Asks where these apps are.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) if it cannot be
    /// started, fails, does not answer in time or not in this form. The problem reads on after its
    /// name.
    async fn ask(&self, names: &[&str]) -> Result<Answer> {
        let mut child = Command::new(&self.program)
            .args(["-c", SCRIPT])
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let error = Error::from_io(error);
                Error::configuration(format!("cannot be started: {}", error.problem()))
                    .with_source(error)
            })?;
        let question = names.join("\n");
        match timeout(self.patience, exchange(&mut child, &question)).await {
            Ok(said) => said?.answer(names.len()),
            Err(_) => {
                // If it cannot be killed it has ended.
                let _ = child.kill().await;
                Err(Error::configuration(format!(
                    "did not answer in {:?}",
                    self.patience
                )))
            }
        }
    }
}

/// What a process said until its end.
struct Said {
    out: String,
    err: String,
    ended: String,
    succeeded: bool,
}

async fn exchange(child: &mut Child, question: &str) -> Result<Said> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ask = async move {
        if let Some(mut stdin) = stdin {
            // One that does not listen shows in its answer.
            let _ = stdin.write_all(question.as_bytes()).await;
        }
    };
    let (_, out, err, ended) =
        futures::future::join4(ask, read(stdout), read(stderr), child.wait()).await;
    let ended = ended.map_err(Error::from_io)?;
    Ok(Said {
        out,
        err,
        ended: ended.to_string(),
        succeeded: ended.success(),
    })
}

/// Reads to the end, or to the limit; then the pipe is closed, which ends who writes on.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before an error may hold the answer.
        let _ = pipe.take(MOST_BYTES).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Said {
    fn answer(&self, count: usize) -> Result<Answer> {
        let line = self
            .out
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(MARK));
        if let Some(answer) = line.and_then(|line| parse(line, count)) {
            return Ok(answer);
        }
        let problem = match self.succeeded {
            true => format!(
                "answered {}, which is not what was asked; is it Python?",
                quoted(self.out.trim())
            ),
            false => {
                let last = self.err.trim_end().lines().next_back().unwrap_or_default();
                format!("ended with {}: {}", self.ended, quoted(last))
            }
        };
        Err(Error::configuration(problem))
    }
}

/// Reads an answer; `None` if it is not as the module says, with `count` apps.
fn parse(line: &str, count: usize) -> Option<Answer> {
    let answer: Json = serde_json::from_str(line).ok()?;
    let apps = answer.get("apps")?.as_array()?.iter().map(app);
    let apps: Vec<_> = apps.collect::<Option<_>>()?;
    let python = answer.get("python")?.as_str()?;
    (apps.len() == count).then(|| Answer {
        python: Some(harmless(python)),
        apps,
        ignore: answer.get("ignore").and_then(ignore),
        evidence: answer
            .get("evidence")
            .and_then(|evidence| Evidence::deserialize(evidence).ok()),
    })
}

fn app(answer: &Json) -> Option<Result<PathBuf, String>> {
    let text = |key: &str| answer.get(key).and_then(Json::as_str);
    match (text("folder"), text("problem")) {
        (Some(folder), _) => Some(Ok(PathBuf::from(folder))),
        (None, Some(problem)) => Some(Err(harmless(problem))),
        (None, None) => None,
    }
}

fn ignore(answer: &Json) -> Option<Result<Vec<String>, String>> {
    match answer {
        Json::Array(patterns) => {
            let patterns = patterns.iter().filter_map(Json::as_str);
            Some(Ok(patterns.map(str::to_owned).collect()))
        }
        Json::String(problem) => Some(Err(harmless(problem))),
        _ => None,
    }
}

/// A text from outside that cannot move the cursor or start a line.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\'' | '\\' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    shown
}

/// The beginning of a text from outside, with no control characters.
fn quoted(text: &str) -> String {
    let beginning: String = text.chars().take(QUOTED).collect();
    let dots = if beginning.len() < text.len() {
        "…"
    } else {
        ""
    };
    format!("{beginning:?}{dots}")
}

#[cfg(test)]
#[path = "interpreter_tests.rs"]
mod tests;
