//! SAML responses by samael 0.0.22 and the program xmlsec1, beside what the gateway is to say of them.
//!
//! Each message of a folder that `jackfield-peers saml-messages` wrote is judged in a process that is ended
//! when it takes too long (`asked`); what comes out is compared with what the index expects and with the
//! differences that are known and explained (`differences`). Only a build with the feature `samael` has samael.

mod asked;
mod differences;
#[cfg(feature = "samael")]
mod service;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::saml::differences::Differences;

/// The differences that are known, as they are built in.
const DIFFERENCES: &str = include_str!("../saml-differences.json");

/// First argument of a process that judges one message.
pub(crate) const ONE: &str = "saml-one";

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Judge {
    Samael,
    Xmlsec1,
}

impl Judge {
    const ALL: [Self; 2] = [Self::Samael, Self::Xmlsec1];

    fn name(self) -> &'static str {
        match self {
            Self::Samael => "samael",
            Self::Xmlsec1 => "xmlsec1",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|judge| judge.name() == name)
    }

    fn is_built_in(self) -> bool {
        self != Self::Samael || cfg!(feature = "samael")
    }
}

/// What a judge says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// With whom it takes the message to prove, where it says so.
    Accepted(String),
    /// With the judge's words.
    Refused(String),
    /// It would read other files or addresses for this one.
    NotAsked,
    /// It took too long or ended without a word.
    NoAnswer,
}

impl Verdict {
    /// The word that stands in tables and in the list of differences.
    fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::NotAsked => "not asked",
            Self::NoAnswer => "no answer",
        }
    }
}

/// Who sent the messages, and whom they are for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parties<'a> {
    request_id: &'a str,
    service: &'a str,
    consumer: &'a str,
    /// The provider's metadata and certificate.
    metadata: PathBuf,
    certificate: PathBuf,
}

/// One line of the index.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    file: String,
    name: String,
    class: String,
    expected: String,
}

/// Judges a folder; an error is about the folder or the judges, not about the messages in it.
pub(crate) fn judge(folder: &Path, options: &[&str]) -> Result<(String, bool), String> {
    let options = Options::read(options)?;
    let parties = options.parties(folder)?;
    let list = match options.get("--differences") {
        Some(file) => read(Path::new(file))?,
        None => DIFFERENCES.to_owned(),
    };
    let known = Differences::read(&list)?;
    let messages = index(&read(&folder.join("index.json"))?)?;
    let judges: Vec<_> = match options.get("--only") {
        Some(name) => vec![Judge::named(name).ok_or_else(|| format!("no judge is called {name}"))?],
        None => Judge::ALL.into_iter().filter(|judge| judge.is_built_in()).collect(),
    };
    if let Some(absent) = judges.iter().find(|judge| !judge.is_built_in()) {
        return Err(format!("this program was built without {}", absent.name()));
    }
    let mut found = BTreeMap::new();
    for message in &messages {
        for &judge in &judges {
            let verdict = asked::ask(judge, &folder.join(&message.file), &parties)?;
            found.insert((judge, message.name.as_str()), verdict);
        }
    }
    let problems = known.compare(&judges, &found, &expectations(&messages));
    Ok((told(&messages, &judges, &found, &known, &problems), problems.is_empty()))
}

/// Judges one message by samael, in this process: what it prints is a verdict.
pub(crate) fn judge_one(message: &Path, options: &[&str]) -> Result<(String, bool), String> {
    let options = Options::read(options)?;
    let folder = options.get("--folder").ok_or("--folder is missing")?;
    let parties = options.parties(Path::new(folder))?;
    #[cfg(feature = "samael")]
    {
        let words = match service::judge(message, &parties)? {
            Ok(uids) => format!("accepted {uids}"),
            Err(words) => format!("refused {words}"),
        };
        Ok((words, true))
    }
    #[cfg(not(feature = "samael"))]
    {
        Err(format!("{} for {}: built without samael", message.display(), parties.service))
    }
}

fn expectations(messages: &[Message]) -> BTreeMap<&str, &str> {
    messages.iter().map(|it| (it.name.as_str(), it.expected.as_str())).collect()
}

/// The table, then what is known of its differences, then what is wrong.
fn told(
    messages: &[Message],
    judges: &[Judge],
    found: &BTreeMap<(Judge, &str), Verdict>,
    known: &Differences,
    problems: &[String],
) -> String {
    let mut to = String::new();
    let width = messages.iter().map(|message| message.name.len()).max().unwrap_or_default() + 2;
    let class = messages.iter().map(|message| message.class.len()).max().unwrap_or_default() + 2;
    // Writing to a text cannot fail.
    let _ = write!(to, "{:<width$}{:<class$}{:<10}", "message", "class", "expected");
    for judge in judges {
        let _ = write!(to, "{:<11}", judge.name());
    }
    let _ = writeln!(to, "words");
    for message in messages {
        let Message { name, class: kind, expected, .. } = message;
        let _ = write!(to, "{name:<width$}{kind:<class$}{expected:<10}");
        let mut words = Vec::new();
        for &judge in judges {
            let Some(verdict) = found.get(&(judge, name.as_str())) else { continue };
            let differs = verdict.word() != expected;
            let mark = if differs { "*" } else { "" };
            let _ = write!(to, "{:<11}", format!("{}{mark}", verdict.word()));
            match verdict {
                Verdict::Refused(text) => words.push(format!("{}: {text}", judge.name())),
                Verdict::Accepted(uids) if differs && !uids.is_empty() => {
                    words.push(format!("{} takes uid {uids}", judge.name()));
                }
                Verdict::Accepted(_) | Verdict::NotAsked | Verdict::NoAnswer => {}
            }
            if differs && let Some(why) = known.why(judge, verdict, name) {
                words.push(format!("*{}: {why}", judge.name()));
            }
        }
        let _ = writeln!(to, "{}", words.join("; "));
    }
    for judge in Judge::ALL.into_iter().filter(|judge| !judges.contains(judge)) {
        let _ = writeln!(to, "{} was not asked", judge.name());
    }
    let count = found.len();
    let _ =
        writeln!(to, "{} messages, {count} verdicts, {} problems", messages.len(), problems.len());
    for problem in problems {
        let _ = writeln!(to, "problem: {problem}");
    }
    to
}

fn index(text: &str) -> Result<Vec<Message>, String> {
    let list: Value = serde_json::from_str(text).map_err(|error| format!("index.json: {error}"))?;
    let list = list.as_array().ok_or("index.json is no list")?;
    let message = |line: &Value| {
        let member = |name: &str| {
            let text = line.get(name).and_then(Value::as_str);
            text.map(str::to_owned).ok_or_else(|| format!("index.json: {line} has no {name}"))
        };
        let (file, name) = (member("file")?, member("name")?);
        let message =
            Message { file, name, class: member("class")?, expected: member("expected")? };
        match message.expected.as_str() {
            "accepted" | "refused" => Ok(message),
            other => Err(format!("index.json: {} is expected to be {other}", message.name)),
        }
    };
    let messages: Vec<_> = list.iter().map(message).collect::<Result<_, String>>()?;
    if messages.is_empty() { Err("index.json names no message".to_owned()) } else { Ok(messages) }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What follows the folder: names and values by turns.
struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    fn read(words: &[&'a str]) -> Result<Self, String> {
        let known = ["--request-id", "--sp", "--acs", "--only", "--differences", "--folder"];
        let pairs = words.chunks(2).map(|pair| match pair {
            [name, value] if known.contains(name) => Ok((*name, *value)),
            [name, ..] => Err(format!("{name} is no option here, or has no value")),
            [] => Err("nothing".to_owned()),
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    fn parties(&self, folder: &Path) -> Result<Parties<'a>, String> {
        let needed = |name| self.get(name).ok_or_else(|| format!("{name} is missing"));
        Ok(Parties {
            request_id: needed("--request-id")?,
            service: needed("--sp")?,
            consumer: needed("--acs")?,
            metadata: folder.join("idp.xml"),
            certificate: folder.join("idp.pem"),
        })
    }
}
