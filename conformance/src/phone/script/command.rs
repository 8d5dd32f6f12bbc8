//! One line of a script, read: which command, with what.

use serde_json::{Map, Value};

use super::super::driver::Driver;
use super::super::handset::Command;
use super::super::object::Body;
use super::super::screen::{Content, Screen};
use super::super::web::Fault;
use super::headset::{self, HeadsetCondition, WAIT_HEADSET};
use crate::headset::machine::Command as HeadsetCommand;

/// Seconds a `wait` takes unless it says otherwise.
pub(super) const WAIT_SECONDS_DEFAULT: f64 = 10.0;
/// Seconds a `wait` may take at most.
pub(super) const WAIT_SECONDS_MAX: f64 = 86_400.0;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Step {
    Phone(Command),
    Fault(Option<Fault>),
    Raw { method: &'static str, url: String, headers: Vec<(String, String)>, body: Option<String> },
    Wait { condition: Condition, seconds: f64 },
    Headset(HeadsetCommand),
    HeadsetState,
    HeadsetDraw,
    WaitHeadset { condition: HeadsetCondition, seconds: f64 },
    Show,
    Draw,
    Exit,
}

/// What a `wait` waits for; all that is given must hold at once.
#[derive(Debug, Default)]
pub(super) struct Condition {
    title: Option<String>,
    prompt: Option<String>,
    text: Option<String>,
    kind: Option<String>,
    softkey: Option<String>,
    number_above: Option<u64>,
    pushes: Option<u64>,
    no_handshakes: Option<u64>,
    violations: Option<u64>,
}

impl Condition {
    /// Whether the phone is in the state waited for.
    pub(super) fn holds(&self, driver: &Driver) -> bool {
        let screen = driver.handset.screen();
        let model = driver.handset.identity().model;
        let page = screen.page();
        let holds = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|part| found.is_some_and(|text| text.contains(part)))
        };
        let title = page.and_then(|page| page.title.as_deref());
        let keys = screen.keys(model);
        // Whole, since "Not Ready" must not do for "Ready".
        self.title.as_deref().is_none_or(|wanted| title == Some(wanted))
            && holds(&self.prompt, page.and_then(|page| page.prompt.as_deref()))
            && holds(&self.text, text(screen).as_deref())
            && self.kind.as_deref().is_none_or(|wanted| kind(screen) == wanted)
            && self
                .softkey
                .as_deref()
                .is_none_or(|wanted| keys.iter().any(|key| key.name.eq_ignore_ascii_case(wanted)))
            && self.number_above.is_none_or(|number| screen.number > number)
            && self.pushes.is_none_or(|count| driver.pushes() >= count)
            && self.no_handshakes.is_none_or(|count| driver.no_handshakes() >= count)
            && self.violations.is_none_or(|count| driver.violations() >= count)
    }

    /// What there is instead, for people.
    pub(super) fn unmet(&self, driver: &Driver) -> String {
        let screen = driver.handset.screen();
        let title = screen.page().and_then(|page| page.title.clone()).unwrap_or_default();
        let text = text(screen).unwrap_or_default();
        format!(
            "waited in vain; on display: {} titled {title:?}, saying {text:?}; {} pushes so far",
            kind(screen),
            driver.pushes()
        )
    }
}

/// Everything readable in the body.
fn text(screen: &Screen) -> Option<String> {
    match &screen.content {
        Content::Plain(text) | Content::Message(text) => Some(text.clone()),
        Content::Page(page) => Some(match &page.body {
            Body::Text(text) | Body::Image(text) => text.clone(),
            Body::Menu(items) => {
                items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>().join("\n")
            }
            Body::Directory(entries) => {
                entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join("\n")
            }
            Body::Input { items, .. } => {
                items.iter().map(|item| item.display_name.as_str()).collect::<Vec<_>>().join("\n")
            }
        }),
        Content::Closed | Content::Picture => None,
    }
}

/// `Text`, `Menu` and so on for objects, with or without the common prefix in scripts.
fn kind(screen: &Screen) -> &'static str {
    match &screen.content {
        Content::Closed => "closed",
        Content::Plain(_) => "plain",
        Content::Picture => "picture",
        Content::Message(_) => "message",
        Content::Page(page) => page.kind.short_name(),
    }
}

/// Reads a line; the error comes with the command's name as far as it was understood.
pub(super) fn parse(line: &str, driver: &Driver) -> Result<(String, Step), (String, String)> {
    let unnamed = |error: String| ("?".to_owned(), error);
    let value: Value = serde_json::from_str(line).map_err(|error| unnamed(error.to_string()))?;
    let members = value.as_object().ok_or_else(|| unnamed("not a JSON object".to_owned()))?;
    let mut entries = members.iter();
    if let Some(conditions) = members.get(WAIT_HEADSET) {
        let step = headset::wait(members, conditions);
        let name = WAIT_HEADSET.to_owned();
        return step.map(|step| (name.clone(), step)).map_err(|error| (name, error));
    }
    let (Some((name, argument)), None) = (entries.next(), entries.next()) else {
        return Err(unnamed("a command is an object with one member".to_owned()));
    };
    let step = read(name, argument, driver.handset.screen());
    step.map(|step| (name.clone(), step)).map_err(|error| (name.clone(), error))
}

fn read(name: &str, argument: &Value, screen: &Screen) -> Result<Step, String> {
    let text = || argument.as_str().map(str::to_owned).ok_or("takes a string".to_owned());
    let yes = || argument.as_bool().ok_or("takes true or false".to_owned());
    let phone = |command| Ok(Step::Phone(command));
    match name {
        "services" => phone(Command::Services),
        "open" => phone(Command::Open(text()?)),
        "press" => phone(Command::Press(text()?)),
        "softkey" => phone(Command::SoftKey(count(argument)?)),
        "select" => phone(Command::Select(match argument.as_str() {
            Some(name) => item_number(screen, name)?,
            None => count(argument)?,
        })),
        "type" => phone(Command::Type(pairs(argument.as_object().ok_or("takes an object")?)?)),
        "key" => phone(Command::Key(text()?)),
        "move" => {
            let steps = argument.as_i64().and_then(|steps| i32::try_from(steps).ok());
            phone(Command::Move(steps.ok_or("takes a number")?))
        }
        "close" => phone(Command::Close),
        "busy" => phone(Command::Busy(yes()?)),
        "quiet" => phone(Command::Quiet(yes()?)),
        "fault" => match argument {
            Value::Null => Ok(Step::Fault(None)),
            _ => {
                let name = text()?;
                <Fault as clap::ValueEnum>::from_str(&name, false).map(Some).map(Step::Fault)
            }
        },
        "headset" => headset::command(&text()?),
        "headset_fault" => headset::fault(argument),
        "raw" => raw(argument.as_object().ok_or("takes an object")?),
        "wait" => wait(argument.as_object().ok_or("takes an object")?),
        "show" => Ok(Step::Show),
        "draw" => Ok(Step::Draw),
        "exit" => Ok(Step::Exit),
        _ => Err("there is no such command".to_owned()),
    }
}

fn count(argument: &Value) -> Result<usize, String> {
    argument
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| "takes a number from 1".to_owned())
}

fn item_number(screen: &Screen, wanted: &str) -> Result<usize, String> {
    let position = match screen.page().map(|page| &page.body) {
        Some(Body::Menu(items)) => items.iter().position(|item| item.name == wanted),
        Some(Body::Directory(entries)) => entries.iter().position(|entry| entry.name == wanted),
        _ => None,
    };
    position.map(|index| index + 1).ok_or_else(|| format!("there is no item {wanted:?} here"))
}

fn pairs(members: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    members
        .iter()
        .map(|(name, value)| match value.as_str() {
            Some(text) => Ok((name.clone(), text.to_owned())),
            None => Err(format!("{name:?} must be a string")),
        })
        .collect()
}

fn raw(members: &Map<String, Value>) -> Result<Step, String> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let method = match text("method").as_deref() {
        None | Some("GET") => "GET",
        Some("POST") => "POST",
        Some("HEAD") => "HEAD",
        Some("PUT") => "PUT",
        Some("DELETE") => "DELETE",
        Some(other) => return Err(format!("method {other:?} is not one a phone could send")),
    };
    let headers = match members.get("headers") {
        None => Vec::new(),
        Some(headers) => pairs(headers.as_object().ok_or("headers must be an object")?)?,
    };
    let url = text("url").ok_or("needs a url")?;
    Ok(Step::Raw { method, url, headers, body: text("body") })
}

fn wait(members: &Map<String, Value>) -> Result<Step, String> {
    let mut condition = Condition::default();
    let mut seconds = WAIT_SECONDS_DEFAULT;
    for (name, value) in members {
        let text = || value.as_str().map(str::to_owned).ok_or(format!("{name} takes a string"));
        let number = || value.as_u64().ok_or(format!("{name} takes a number"));
        match name.as_str() {
            "title" => condition.title = Some(text()?),
            "prompt" => condition.prompt = Some(text()?),
            "text" => condition.text = Some(text()?),
            "kind" => {
                let kind = text()?;
                let short = kind.strip_prefix("CiscoIPPhone").unwrap_or(&kind);
                condition.kind = Some(short.to_owned());
            }
            "softkey" => condition.softkey = Some(text()?),
            "number_above" => condition.number_above = Some(number()?),
            "pushes" => condition.pushes = Some(number()?),
            "no_handshakes" => condition.no_handshakes = Some(number()?),
            "violations" => condition.violations = Some(number()?),
            "seconds" => {
                seconds = value
                    .as_f64()
                    .filter(|seconds| (0.0..=WAIT_SECONDS_MAX).contains(seconds))
                    .ok_or(format!("seconds must be 0 to {WAIT_SECONDS_MAX}"))?;
            }
            _ => return Err(format!("cannot wait for {name:?}")),
        }
    }
    Ok(Step::Wait { condition, seconds })
}
