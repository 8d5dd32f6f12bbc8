//! What the display shows right now, and how it is told to a script.
//!
//! Pure data with two readings: the row of soft keys and the JSON of a script line. Hidden fields and
//! cookie values never get into that JSON.

use serde::Serialize;
use serde_json::{Value, json};

use super::headers::{Headers, Refresh};
use super::model::{Heading, Kind, Model};
use super::object::{Body, Page, SoftKey};
use super::softkeys::{self, Slot};
use super::uri;

/// What brought a screen up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// Nothing yet, or the application window closed.
    Idle,
    /// The service key.
    Service,
    /// A URL opened by hand.
    Open,
    /// A soft key or a hard key of the page.
    Key,
    /// A chosen menu item.
    Select,
    /// The fields of an input object.
    Submit,
    /// Update or Next.
    Update,
    /// The page's own timer.
    Refresh,
    /// Back.
    Back,
    /// A push, directly or by the URL it named.
    Push,
    /// An execute object that was fetched.
    Execute,
}

/// What fills the display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// No application window.
    Closed,
    /// An object.
    Page(Box<Page>),
    /// Plain text, without title and prompt.
    Plain(String),
    /// A picture by itself.
    Picture,
    /// The phone's own words, such as `XML Error [4]`.
    Message(String),
}

/// The display and everything a user changed on it.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// Counts contents shown, from 0 for the closed window at the start.
    pub(crate) number: u64,
    pub(crate) cause: Cause,
    pub(crate) content: Content,
    /// Where it was fetched; `None` for pushed objects.
    pub(crate) url: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Headers,
    pub(crate) refresh: Option<Refresh>,
    /// Whether Back may come here.
    pub(crate) keep: bool,
    /// The body as decoded, secrets blanked.
    pub(crate) xml: Option<String>,
    /// What went wrong behind a message of the phone.
    pub(crate) failure: Option<String>,
    /// Name of the menu item chosen last: the title of a text without one.
    pub(crate) chosen: Option<String>,
    /// Highlighted menu item, directory entry or field, from 0.
    pub(crate) highlight: usize,
    /// What stands in the fields of an input object.
    pub(crate) fields: Vec<String>,
    /// First drawn line of a long body.
    pub(crate) scroll: usize,
    /// How often More was pressed.
    pub(crate) more: usize,
}

impl Screen {
    /// The display without an application window.
    pub(crate) fn closed(number: u64) -> Self {
        Self {
            number,
            cause: Cause::Idle,
            content: Content::Closed,
            url: None,
            status: None,
            headers: Vec::new(),
            refresh: None,
            keep: false,
            xml: None,
            failure: None,
            chosen: None,
            highlight: 0,
            fields: Vec::new(),
            scroll: 0,
            more: 0,
        }
    }

    /// The object on display.
    pub(crate) fn page(&self) -> Option<&Page> {
        match &self.content {
            Content::Page(page) => Some(page),
            _ => None,
        }
    }

    /// Whether an application window is open.
    pub(crate) fn is_open(&self) -> bool {
        self.content != Content::Closed
    }

    /// Title and prompt as this model shows them.
    pub(crate) fn heading(&self, model: &Model) -> (Option<String>, Option<String>) {
        let Some(page) = self.page() else { return (None, None) };
        let title = match (&page.title, page.kind) {
            (None, Kind::Text) => self.chosen.clone(),
            (title, _) => title.clone(),
        };
        let prompt = page.prompt.clone();
        match model.heading {
            Heading::InsteadOfTitle => match prompt.filter(|prompt| !prompt.is_empty()) {
                Some(prompt) => (None, Some(prompt)),
                None => (title, None),
            },
            Heading::BelowTitle | Heading::AboveKeys => (title, prompt),
        }
    }

    /// All soft keys: the page's own, else the phone's.
    pub(crate) fn keys(&self, model: &Model) -> Vec<SoftKey> {
        let has_refresh_url = self.refresh.as_ref().is_some_and(|refresh| refresh.url.is_some());
        match &self.content {
            Content::Closed => Vec::new(),
            Content::Page(page) if !page.soft_keys.is_empty() => page.soft_keys.clone(),
            Content::Page(page) => softkeys::default_keys(model, Some(page.kind), has_refresh_url),
            _ => softkeys::default_keys(model, None, has_refresh_url),
        }
    }

    /// The visible row of soft keys.
    pub(crate) fn slots(&self, model: &Model) -> Vec<Slot> {
        softkeys::visible(model, &self.keys(model), self.more)
    }

    /// The screen as one JSON object for a script.
    pub(crate) fn to_json(&self, model: &Model) -> Value {
        let (shown_title, shown_prompt) = self.heading(model);
        let visible: Vec<Value> = self
            .slots(model)
            .iter()
            .enumerate()
            .filter(|(_, slot)| **slot != Slot::Empty)
            .map(|(index, slot)| {
                let url = match slot {
                    Slot::Key(key) => key.url.as_deref().map(uri::redacted),
                    Slot::More | Slot::Empty => None,
                };
                json!({"slot": index + 1, "name": slot.label(), "url": url})
            })
            .collect();
        let mut value = json!({
            "number": self.number,
            "cause": self.cause,
            "kind": self.kind_name(),
            "title": self.page().and_then(|page| page.title.clone()),
            "prompt": self.page().and_then(|page| page.prompt.clone()),
            "shown_title": shown_title,
            "shown_prompt": shown_prompt,
            "softkeys": visible,
            "url": self.url.as_deref().map(uri::redacted),
            "status": self.status,
            "refresh": self.refresh,
            "expires": super::headers::header(&self.headers, "expires"),
            "kept_in_history": self.keep,
            "headers": worth_checking(&self.headers),
            "failure": self.failure,
            "xml": self.xml,
        });
        let Some(members) = value.as_object_mut() else { return value };
        match &self.content {
            Content::Plain(text) | Content::Message(text) => {
                members.insert("text".into(), json!(text));
            }
            Content::Page(page) => {
                members.insert("app_id".into(), json!(page.app_id));
                members.insert("softkeys_all".into(), json!(page.soft_keys));
                if !page.keys.is_empty() {
                    members.insert("keys".into(), json!(page.keys));
                }
                self.body_json(&page.body, members);
            }
            Content::Closed | Content::Picture => {}
        }
        value
    }

    fn body_json(&self, body: &Body, members: &mut serde_json::Map<String, Value>) {
        match body {
            Body::Text(text) => {
                members.insert("text".into(), json!(text));
            }
            Body::Menu(items) => {
                members.insert("menu".into(), json!(items));
                members.insert("highlight".into(), json!(self.highlight + 1));
            }
            Body::Directory(entries) => {
                members.insert("directory".into(), json!(entries));
                members.insert("highlight".into(), json!(self.highlight + 1));
            }
            Body::Image(picture) => {
                members.insert("image".into(), json!(picture));
            }
            Body::Input { url, post, items } => {
                let inputs: Vec<Value> = items
                    .iter()
                    .zip(&self.fields)
                    .map(|(item, field)| {
                        let mut value = json!(item);
                        let shown = if item.flags.masked { masked(field) } else { field.clone() };
                        if let Some(members) = value.as_object_mut() {
                            members.insert("value".into(), json!(shown));
                        }
                        value
                    })
                    .collect();
                members.insert("inputs".into(), json!(inputs));
                members.insert("submit_url".into(), json!(uri::redacted(url)));
                members.insert("submit_method".into(), json!(if *post { "post" } else { "get" }));
                members.insert("highlight".into(), json!(self.highlight + 1));
            }
        }
    }

    fn kind_name(&self) -> Value {
        match &self.content {
            Content::Closed => json!("closed"),
            Content::Page(page) => json!(page.kind),
            Content::Plain(_) => json!("plain"),
            Content::Picture => json!("picture"),
            Content::Message(_) => json!("message"),
        }
    }
}

/// One asterisk for each character.
pub(crate) fn masked(field: &str) -> String {
    "*".repeat(field.chars().count())
}

/// Headers a test may want to look at; of cookies only the names.
fn worth_checking(headers: &Headers) -> Value {
    const NAMES: [&str; 9] = [
        "content-type",
        "content-length",
        "transfer-encoding",
        "refresh",
        "expires",
        "cache-control",
        "set-cookie",
        "connection",
        "location",
    ];
    let mut members = serde_json::Map::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if !NAMES.contains(&name.as_str()) {
            continue;
        }
        let value = match name.as_str() {
            "set-cookie" => value.split('=').next().unwrap_or_default().to_owned(),
            "refresh" | "location" => uri::redacted(value),
            _ => value.clone(),
        };
        match members.get(&name).and_then(Value::as_str) {
            Some(earlier) => {
                let both = format!("{earlier}, {value}");
                members.insert(name, json!(both));
            }
            None => {
                members.insert(name, json!(value));
            }
        }
    }
    Value::Object(members)
}
