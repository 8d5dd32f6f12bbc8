//! XML to objects, as strict as the documents: every departure is reported, the grave ones refused.
//!
//! Two outcomes at once: the object as a phone would show it (or the phone's own error), and the
//! list of violations. Unknown elements, a missing required child and text that is not XML end in
//! `XML Error [4]`; an object the model lacks ends in `XML Error [5]`; wrong order and excess
//! length are reported, and what is too long is cut. Pure.

mod children;
mod pictures;

use roxmltree::Node;

use self::children::{Children, Particle, particles};
use super::limits;
use super::model::{Kind, Model};
use super::object::{
    Body, DirectoryEntry, ExecuteItem, InputFlags, InputItem, KeyItem, MenuItem, Object, Page,
    SoftKey,
};
use super::uri::{Place, Uri};

/// How an object reached the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Answer to a request of the phone.
    Pull,
    /// Body of a push.
    Push,
}

/// Attributes of a displayable root; all but the first two are events.
const ROOT_ATTRIBUTES: [&str; 6] = [
    "appId",
    "keypadTarget",
    "onAppFocusLost",
    "onAppFocusGained",
    "onAppMinimized",
    "onAppClosed",
];

/// Why there is nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not XML, or not an object of the documents.
    Unparsable,
    /// An object this model does not have.
    Unsupported,
}

impl Refusal {
    /// What the phone's screen says.
    pub(crate) fn screen_text(self) -> &'static str {
        match self {
            Self::Unparsable => "XML Error [4]",
            Self::Unsupported => "XML Error [5]",
        }
    }
}

/// The outcome of [`parse`].
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) object: Result<Object, Refusal>,
    pub(crate) violations: Vec<String>,
}

/// Reads one object for a phone of this model.
pub(crate) fn parse(xml: &str, model: &Model, delivery: Delivery) -> Parsed {
    let mut reader = Reader { model, violations: Vec::new() };
    let object = reader.document(xml, delivery);
    Parsed { object, violations: reader.violations }
}

struct Reader<'m> {
    model: &'m Model,
    violations: Vec<String>,
}

impl Reader<'_> {
    fn report(&mut self, violation: impl Into<String>) {
        self.violations.push(violation.into());
    }

    fn refuse<T>(&mut self, violation: impl Into<String>) -> Result<T, Refusal> {
        self.violations.push(violation.into());
        Err(Refusal::Unparsable)
    }

    fn document(&mut self, xml: &str, delivery: Delivery) -> Result<Object, Refusal> {
        let document = match roxmltree::Document::parse(xml) {
            Ok(document) => document,
            Err(error) => return self.refuse(format!("the body is not well-formed XML: {error}")),
        };
        let root = document.root_element();
        let name = root.tag_name().name();
        if root.tag_name().namespace().is_some() {
            return self.refuse(format!("<{name}> is in a namespace, objects are in none"));
        }
        let Some(kind) = Kind::from_element(name) else {
            return self.refuse(format!("<{name}> is not an object of IP phone services"));
        };
        if !self.model.understands(kind) {
            self.report(format!("{} does not have <{name}>", self.model.name));
            return Err(Refusal::Unsupported);
        }
        match (kind, delivery) {
            (Kind::Status | Kind::StatusFile, Delivery::Pull) => {
                self.report(format!("<{name}> can only be pushed, not fetched"));
                Err(Refusal::Unsupported)
            }
            (Kind::Status | Kind::StatusFile, Delivery::Push) => self.status(root, kind),
            (Kind::Execute, _) => self.execute(root),
            (Kind::Response | Kind::Error, _) => {
                self.report(format!("<{name}> comes from phones, they are not given it"));
                Ok(Object::FromPhone(kind))
            }
            _ => self.page(root, kind).map(|page| Object::Page(Box::new(page))),
        }
    }

    fn page(&mut self, root: Node<'_, '_>, kind: Kind) -> Result<Page, Refusal> {
        let children = self.children(root, &ROOT_ATTRIBUTES, &particles(kind))?;
        let title = self.text(&children, "Title", limits::TITLE_CHARACTERS_MAX)?;
        let prompt = self.text(&children, "Prompt", limits::PROMPT_CHARACTERS_MAX)?;
        let (app_id, keypad_target, events) = self.root_attributes(root);
        let mut soft_keys = Vec::new();
        for node in children.all("SoftKeyItem").take(limits::SOFT_KEYS_MAX) {
            soft_keys.push(self.soft_key(node)?);
        }
        let mut keys = Vec::new();
        for node in children.all("KeyItem").take(limits::KEY_ITEMS_MAX) {
            keys.push(self.key_item(node)?);
        }
        let body = self.body(&children, kind)?;
        let page =
            Page { kind, title, prompt, soft_keys, keys, app_id, keypad_target, events, body };
        self.judge_page(&page);
        Ok(page)
    }

    /// Rules that need the whole page.
    fn judge_page(&mut self, page: &Page) {
        let mut seen = Vec::new();
        for key in &page.soft_keys {
            if seen.contains(&key.position) {
                self.report(format!("two soft keys stand at position {}", key.position));
            }
            seen.push(key.position);
            for uri in key.url.iter().chain(&key.url_down) {
                let problem = match Uri::parse(uri) {
                    Ok(Uri::SoftKey(name)) => soft_key_misuse(&name, page),
                    _ => None,
                };
                if let Some(problem) = problem {
                    self.report(problem);
                }
            }
        }
        if !page.soft_keys.is_empty() && !page.soft_keys.iter().any(leads_out) {
            self.report(
                "custom soft keys remove the phone's Exit, and none of these leads away from \
                 the page",
            );
        }
        if matches!(page.body, Body::Menu(_))
            && self.model.menu_needs_prompt()
            && page.prompt.as_deref().is_none_or(str::is_empty)
        {
            self.report(format!("{} draws a menu wrongly without a Prompt", self.model.name));
        }
    }

    fn body(&mut self, children: &Children<'_, '_>, kind: Kind) -> Result<Body, Refusal> {
        match kind {
            Kind::Text => {
                let text = self.text(children, "Text", limits::TEXT_CHARACTERS_MAX)?;
                Ok(Body::Text(text.unwrap_or_default()))
            }
            Kind::Input => self.input(children),
            Kind::Directory => self.directory(children),
            Kind::Image => {
                self.picture(children)?;
                let width = self.text(children, "Width", 8)?.unwrap_or_default();
                let height = self.text(children, "Height", 8)?.unwrap_or_default();
                Ok(Body::Image(format!("{width} x {height} pixels")))
            }
            Kind::ImageFile => {
                self.picture_file(children)?;
                Ok(Body::Image(self.url(children, "URL", Place::MenuItem)?.unwrap_or_default()))
            }
            Kind::GraphicMenu | Kind::GraphicFileMenu => {
                if kind == Kind::GraphicMenu {
                    self.picture(children)?;
                } else {
                    self.picture_file(children)?;
                    self.url(children, "URL", Place::MenuItem)?;
                }
                self.menu(children, kind)
            }
            _ => {
                self.icons(children, kind)?;
                self.menu(children, kind)
            }
        }
    }

    fn menu(&mut self, children: &Children<'_, '_>, kind: Kind) -> Result<Body, Refusal> {
        let (items_max, name_max) = match kind {
            Kind::Menu => (limits::MENU_ITEMS_MAX, limits::MENU_NAME_CHARACTERS_MAX),
            Kind::GraphicMenu => {
                (limits::GRAPHIC_MENU_ITEMS_MAX, limits::GRAPHIC_NAME_CHARACTERS_MAX)
            }
            Kind::GraphicFileMenu => {
                (limits::ICON_MENU_ITEMS_MAX, limits::GRAPHIC_NAME_CHARACTERS_MAX)
            }
            _ => (limits::ICON_MENU_ITEMS_MAX, limits::MENU_NAME_CHARACTERS_MAX),
        };
        let mut allowed = vec![Particle::optional("Name"), Particle::optional("URL")];
        match kind {
            Kind::IconMenu | Kind::IconFileMenu => allowed.push(Particle::optional("IconIndex")),
            Kind::GraphicFileMenu => allowed.push(Particle::optional("TouchArea")),
            _ => {}
        }
        let mut items = Vec::new();
        for node in children.all("MenuItem").take(items_max) {
            let item = self.children(node, &[], &allowed)?;
            let name = self.text(&item, "Name", name_max)?.unwrap_or_default();
            let lines = name.replace("\r\n", "\n").split(['\r', '\n']).count();
            if lines > limits::MENU_NAME_LINES_MAX {
                let most = limits::MENU_NAME_LINES_MAX;
                self.report(format!("MenuItem Name makes {lines} lines, at most {most} are shown"));
            }
            let url = self.url(&item, "URL", Place::MenuItem)?;
            self.number(&item, "IconIndex", 0, 9)?;
            if let Some(area) = item.first("TouchArea") {
                const CORNERS: [&str; 4] = ["X1", "Y1", "X2", "Y2"];
                self.children(area, &CORNERS, &[])?;
                for attribute in CORNERS {
                    if area.attribute(attribute).is_none_or(|n| n.parse::<u16>().is_err()) {
                        self.report(format!("TouchArea lacks a number in {attribute}"));
                    }
                }
            }
            items.push(MenuItem { name, url });
        }
        Ok(Body::Menu(items))
    }

    fn input(&mut self, children: &Children<'_, '_>) -> Result<Body, Refusal> {
        let Some(url) = self.url(children, "URL", Place::Submit)? else {
            return self.refuse("an input object has no URL to submit to");
        };
        let mut post = false;
        if let Some(method) = children.first("URL").and_then(|node| node.attribute("method")) {
            match method {
                "post" | "POST" => post = true,
                "get" | "GET" => {}
                _ => self.report(format!("URL method is {method:?}, only get and post exist")),
            }
            if !self.model.honours_post {
                let name = self.model.name;
                self.report(format!("{name} does not know the attribute method of URL"));
            }
        }
        let allowed = [
            Particle::optional("DisplayName"),
            Particle::required("QueryStringParam"),
            Particle::required("InputFlags"),
            Particle::optional("DefaultValue"),
        ];
        let word = limits::INPUT_WORD_CHARACTERS_MAX;
        let mut items: Vec<InputItem> = Vec::new();
        for node in children.all("InputItem").take(limits::INPUT_ITEMS_MAX) {
            let item = self.children(node, &[], &allowed)?;
            let display_name = self.text(&item, "DisplayName", word)?.unwrap_or_default();
            let parameter = self.text(&item, "QueryStringParam", word)?.unwrap_or_default();
            if parameter.is_empty() {
                return self.refuse("QueryStringParam is empty, 1 to 32 characters are required");
            }
            if items.iter().any(|other| other.query_string_param == parameter) {
                self.report(format!("two fields send the parameter {parameter:?}"));
            }
            let letters = self.text(&item, "InputFlags", 8)?.unwrap_or_default();
            let Some(flags) = InputFlags::parse(&letters) else {
                return self.refuse(format!(
                    "InputFlags is {letters:?}, it must be one of A, T, N, E, U, L, alone or with P"
                ));
            };
            let default_value = self.text(&item, "DefaultValue", word)?.unwrap_or_default();
            if flags.masked && !default_value.is_empty() {
                self.report(format!("the hidden field {parameter:?} has its value in the page"));
            }
            items.push(InputItem {
                display_name,
                query_string_param: parameter,
                flags,
                default_value,
            });
        }
        Ok(Body::Input { url, post, items })
    }

    fn directory(&mut self, children: &Children<'_, '_>) -> Result<Body, Refusal> {
        let allowed = [Particle::optional("Name"), Particle::optional("Telephone")];
        let word = limits::DIRECTORY_WORD_CHARACTERS_MAX;
        let mut entries = Vec::new();
        for node in children.all("DirectoryEntry").take(limits::DIRECTORY_ENTRIES_MAX) {
            let entry = self.children(node, &[], &allowed)?;
            entries.push(DirectoryEntry {
                name: self.text(&entry, "Name", word)?.unwrap_or_default(),
                telephone: self.text(&entry, "Telephone", word)?.unwrap_or_default(),
            });
        }
        Ok(Body::Directory(entries))
    }

    fn execute(&mut self, root: Node<'_, '_>) -> Result<Object, Refusal> {
        let children = self.children(root, &[], &particles(Kind::Execute))?;
        let mut items = Vec::new();
        for node in children.all("ExecuteItem").take(limits::EXECUTE_ITEMS_MAX) {
            self.children(node, &["URL", "Priority"], &[])?;
            let Some(url) = node.attribute("URL").filter(|url| !url.is_empty()) else {
                return self.refuse("an ExecuteItem has no URL");
            };
            let priority = match node.attribute("Priority") {
                None | Some("0") => 0,
                Some("1") => 1,
                Some("2") => 2,
                Some(other) => {
                    return self.refuse(format!("Priority is {other:?}, it must be 0, 1 or 2"));
                }
            };
            self.violations.extend(Uri::check(url, Place::Execute, self.model));
            items.push(ExecuteItem { url: url.to_owned(), priority });
        }
        let pages = items.iter().filter(|item| matches!(Uri::parse(&item.url), Ok(Uri::Http(_))));
        if pages.count() > 1 {
            self.report("an execute object has more than one http(s) URL");
        }
        Ok(Object::Execute(items))
    }

    fn soft_key(&mut self, node: Node<'_, '_>) -> Result<SoftKey, Refusal> {
        let allowed = [
            Particle::optional("Name"),
            Particle::required("Position"),
            Particle::optional("URL"),
            Particle::optional("URLDown"),
        ];
        let children = self.children(node, &[], &allowed)?;
        let name = self.text(&children, "Name", limits::SOFT_KEY_NAME_CHARACTERS_MAX)?;
        let written = self.text(&children, "Position", 8)?.unwrap_or_default();
        let Ok(position) = written.trim().parse::<i32>() else {
            return self.refuse(format!("soft key Position is {written:?}, not a number"));
        };
        let highest = self.model.soft_key_position_max;
        if position != -1 && !(1..=highest).contains(&position) {
            let model = self.model.name;
            self.report(format!("soft key Position is {position}, {model} has 1 to {highest}"));
        }
        let url = self.url(&children, "URL", Place::Key)?;
        let url_down = self.url(&children, "URLDown", Place::KeyDown)?;
        let name = name.unwrap_or_default();
        if url.is_none() && url_down.is_none() {
            self.report(format!("soft key {name:?} does nothing: it has neither URL nor URLDown"));
        }
        Ok(SoftKey { name, position, url, url_down })
    }

    fn key_item(&mut self, node: Node<'_, '_>) -> Result<KeyItem, Refusal> {
        let allowed =
            [Particle::required("Key"), Particle::optional("URL"), Particle::optional("URLDown")];
        let children = self.children(node, &[], &allowed)?;
        let key = self.text(&children, "Key", 16)?.unwrap_or_default();
        if !is_item_key(&key) {
            return self.refuse(format!("Key is {key:?}, which no object can take over"));
        }
        let url = self.url(&children, "URL", Place::Key)?;
        let url_down = self.url(&children, "URLDown", Place::KeyDown)?;
        Ok(KeyItem { key, url, url_down })
    }

    /// `appId`, `keypadTarget` and the events of a displayable root.
    fn root_attributes(
        &mut self,
        root: Node<'_, '_>,
    ) -> (Option<String>, Option<String>, Vec<(String, String)>) {
        let (mut app_id, mut target, mut events) = (None, None, Vec::new());
        for attribute in root.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            match name {
                "appId" => {
                    let length = value.chars().count();
                    let most = limits::APP_ID_CHARACTERS_MAX;
                    if !(1..=most).contains(&length) {
                        self.report(format!("appId has {length} characters, not 1 to {most}"));
                    }
                    app_id = Some(value.to_owned());
                }
                "keypadTarget" => {
                    if !matches!(value, "application" | "applicationCall" | "activeCall") {
                        self.report(format!("keypadTarget is {value:?}, which does not exist"));
                    }
                    target = Some(value.to_owned());
                }
                _ if ROOT_ATTRIBUTES.contains(&name) => {
                    if value.is_empty() {
                        self.report(format!("{name} is empty"));
                    }
                    self.violations.extend(Uri::check(value, Place::Event, self.model));
                    events.push((name.to_owned(), value.to_owned()));
                }
                // Reported with the children.
                _ => {}
            }
        }
        (app_id, target, events)
    }
}

/// Whether an object may take this key over (`KeyItem`).
pub(crate) fn is_item_key(key: &str) -> bool {
    matches!(
        key,
        "KeyPadStar"
            | "KeyPadPound"
            | "NavUp"
            | "NavDown"
            | "NavLeft"
            | "NavRight"
            | "NavSelect"
            | "NavBack"
            | "PushToTalk"
    ) || key.strip_prefix("KeyPad").is_some_and(|digit| {
        digit.len() == 1 && digit.chars().all(|character| character.is_ascii_digit())
    })
}

fn soft_key_misuse(name: &str, page: &Page) -> Option<String> {
    let fits = match name {
        "Submit" | "<<" => matches!(page.body, Body::Input { .. }),
        "Select" => matches!(page.body, Body::Menu(_) | Body::Directory(_)),
        "Dial" | "EditDial" => matches!(page.body, Body::Directory(_)),
        "Search" => false,
        _ => true,
    };
    let element = page.kind.short_name();
    (!fits).then(|| format!("SoftKey:{name} has no meaning in a CiscoIPPhone{element}"))
}

fn leads_out(key: &SoftKey) -> bool {
    key.url.iter().chain(&key.url_down).any(|uri| match Uri::parse(uri) {
        Ok(Uri::Http(_) | Uri::Init(_) | Uri::Key(_)) => true,
        Ok(Uri::SoftKey(name)) => matches!(name.as_str(), "Exit" | "Back" | "Cancel"),
        Ok(Uri::Other(text)) => text.starts_with("App:"),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
