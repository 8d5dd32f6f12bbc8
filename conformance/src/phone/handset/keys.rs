//! Keys and fields: soft keys by label and place, the phone's own keys, typing, the highlight.

use std::time::Instant;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::draw;
use super::super::object::{Body, SoftKey};
use super::super::screen::{Cause, Screen};
use super::super::softkeys::Slot;
use super::super::uri::{self, Uri};
use super::{Flight, Handset};

/// Everything but RFC 3986's unreserved characters is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as it stands in a query or a form.
pub(crate) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, ESCAPED).to_string()
}

impl Handset {
    /// Presses a soft key by label, without regard to case.
    pub(super) fn press(&mut self, now: Instant, label: &str) -> Result<(), String> {
        let keys = self.screen.keys(self.identity.model);
        match keys.iter().find(|key| key.name.eq_ignore_ascii_case(label)) {
            Some(key) => self.run_key(now, &key.clone()),
            None => {
                let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                Err(format!("no soft key {label:?} here; there are: {}", names.join(", ")))
            }
        }
    }

    /// Presses the soft key at a visible place.
    pub(super) fn press_slot(&mut self, now: Instant, place: usize) -> Result<(), String> {
        let slots = self.screen.slots(self.identity.model);
        match place.checked_sub(1).and_then(|index| slots.get(index)) {
            Some(Slot::Key(key)) => self.run_key(now, &key.clone()),
            Some(Slot::More) => {
                self.screen.more += 1;
                self.tell_screen();
                Ok(())
            }
            Some(Slot::Empty) => Err(format!("no soft key stands at place {place}")),
            None => Err(format!("place {place} does not exist, there are 1 to {}", slots.len())),
        }
    }

    fn run_key(&mut self, now: Instant, key: &SoftKey) -> Result<(), String> {
        if let Some(uri) = &key.url_down {
            self.run_down(now, uri)?;
        }
        let Some(uri) = &key.url else { return Ok(()) };
        let model = self.identity.model;
        let item_uri = self.highlighted_uri();
        let item = item_uri.as_deref().map(|uri| Uri::follow(uri, model));
        // What the page gave is within the limit; the phone's own addition may go beyond.
        match (Uri::follow(uri, model)?, item) {
            (Uri::Http(url), Some(Ok(Uri::QueryStringParam(pair)))) => {
                self.get(now, &uri::with_parameter(&url, &pair), Cause::Key, false);
                Ok(())
            }
            (Uri::QueryStringParam(pair), Some(Ok(Uri::Http(url)))) => {
                self.get(now, &uri::with_parameter(&url, &pair), Cause::Select, false);
                Ok(())
            }
            _ => self.run(now, uri, Cause::Key),
        }
    }

    /// Runs a `URLDown`, which takes internal URIs only.
    fn run_down(&mut self, now: Instant, uri: &str) -> Result<(), String> {
        if let Ok(Uri::Http(url)) = Uri::parse(uri) {
            self.event("refused", format!("URLDown {:?}", uri::redacted(&url)));
            return Ok(());
        }
        self.run(now, uri, Cause::Key)
    }

    fn highlighted_uri(&self) -> Option<String> {
        match &self.screen.page()?.body {
            Body::Menu(items) => items.get(self.screen.highlight)?.url.clone(),
            _ => None,
        }
    }

    /// Runs one of the phone's own keys.
    pub(super) fn own_soft_key(&mut self, now: Instant, name: &str) -> Result<(), String> {
        match name {
            "Exit" => self.close(now),
            "Back" | "Cancel" => match self.history.back() {
                Some(url) => self.get(now, &url, Cause::Back, false),
                None => self.close(now),
            },
            "Update" | "Next" => {
                let next = self.screen.refresh.as_ref().and_then(|refresh| refresh.url.clone());
                let in_place = next.is_none();
                match next.or_else(|| self.screen.url.clone()) {
                    Some(url) => self.get(now, &url, Cause::Update, in_place),
                    None => return Err("a pushed page cannot be fetched again".to_owned()),
                }
            }
            "Select" => return self.select(now, self.screen.highlight + 1),
            "Submit" => return self.submit(now),
            "<<" => return self.erase(),
            "Dial" | "EditDial" => {
                let Some(Body::Directory(entries)) = self.screen.page().map(|page| &page.body)
                else {
                    return Err(format!("SoftKey:{name} works in a directory only"));
                };
                let Some(entry) = entries.get(self.screen.highlight) else {
                    return Err("the directory is empty".to_owned());
                };
                let telephone = entry.telephone.clone();
                self.event(if name == "Dial" { "dial" } else { "edit_dial" }, telephone);
            }
            _ => self.event("soft_key", name),
        }
        Ok(())
    }

    /// Chooses item `number` of a menu or directory, from 1.
    pub(super) fn select(&mut self, now: Instant, number: usize) -> Result<(), String> {
        let (count, chosen) = match self.screen.page().map(|page| &page.body) {
            Some(Body::Menu(items)) => {
                let item = number.checked_sub(1).and_then(|index| items.get(index));
                (items.len(), item.map(|item| (item.name.clone(), item.url.clone())))
            }
            Some(Body::Directory(entries)) => {
                let entry = number.checked_sub(1).and_then(|index| entries.get(index));
                let dial = |telephone: &str| Some(format!("Dial:{telephone}"));
                (entries.len(), entry.map(|entry| (entry.name.clone(), dial(&entry.telephone))))
            }
            _ => return Err("there is nothing to select here".to_owned()),
        };
        let Some((name, uri)) = chosen else {
            return Err(format!("item {number} does not exist, there are {count}"));
        };
        self.screen.highlight = number - 1;
        self.chosen = Some(name);
        match uri {
            Some(uri) => self.run(now, &uri, Cause::Select),
            None => Err(format!("item {number} leads nowhere")),
        }
    }

    /// Sends the fields where the input object wants them.
    fn submit(&mut self, now: Instant) -> Result<(), String> {
        let Some(Body::Input { url, post, items }) = self.screen.page().map(|page| &page.body)
        else {
            return Err("there is nothing to submit here".to_owned());
        };
        Uri::follow(url, self.identity.model)?;
        let pairs: Vec<String> = items
            .iter()
            .zip(&self.screen.fields)
            .map(|(item, field)| {
                format!("{}={}", encoded(&item.query_string_param), encoded(field))
            })
            .collect();
        let hidden: Vec<String> = items
            .iter()
            .zip(&self.screen.fields)
            .filter(|(item, field)| item.flags.masked && !field.is_empty())
            .map(|(_, field)| field.clone())
            .collect();
        // A password that equals something shown, such as the agent's ID, proves nothing by showing.
        let open: Vec<&String> = items
            .iter()
            .zip(&self.screen.fields)
            .filter(|(item, _)| !item.flags.masked)
            .map(|(_, field)| field)
            .collect();
        let new_secrets: Vec<String> = hidden
            .iter()
            .filter(|secret| !open.contains(secret) && !self.secrets.contains(secret))
            .cloned()
            .collect();
        let by_post = *post && self.identity.model.honours_post;
        let (url, body) = if by_post {
            (url.clone(), Some(pairs.join("&")))
        } else {
            let url = pairs.iter().fold(url.clone(), |url, pair| uri::with_parameter(&url, pair));
            (url, None)
        };
        let flight = Flight {
            id: 0,
            url,
            cause: Cause::Submit,
            post: by_post,
            secret: !by_post && !hidden.is_empty(),
            in_place: false,
        };
        self.secrets.extend(new_secrets);
        self.send(now, flight, body);
        Ok(())
    }

    /// Fills fields by parameter name; all are checked before any is changed.
    pub(super) fn type_fields(&mut self, fields: &[(String, String)]) -> Result<(), String> {
        let Some(Body::Input { items, .. }) = self.screen.page().map(|page| &page.body) else {
            return Err("there is no field here".to_owned());
        };
        let mut filled = self.screen.fields.clone();
        let mut focus = self.screen.highlight;
        for (parameter, text) in fields {
            let Some(index) = items.iter().position(|item| item.query_string_param == *parameter)
            else {
                let names: Vec<&str> =
                    items.iter().map(|item| item.query_string_param.as_str()).collect();
                return Err(format!(
                    "no field {parameter:?} here; there are: {}",
                    names.join(", ")
                ));
            };
            let mut typed = String::new();
            for character in text.chars() {
                match items.get(index).and_then(|item| item.flags.typed(character)) {
                    Some(character) => typed.push(character),
                    None => {
                        return Err(format!("field {parameter:?} does not take that character"));
                    }
                }
            }
            if let Some(field) = filled.get_mut(index) {
                *field = typed;
            }
            focus = index;
        }
        self.screen.fields = filled;
        self.screen.highlight = focus;
        self.tell_screen();
        Ok(())
    }

    /// Types into the field that has the focus.
    pub(super) fn type_character(&mut self, character: char) -> Result<(), String> {
        let Some(Body::Input { items, .. }) = self.screen.page().map(|page| &page.body) else {
            return Err("there is no field here".to_owned());
        };
        let focus = self.screen.highlight;
        let Some(typed) = items.get(focus).and_then(|item| item.flags.typed(character)) else {
            return Err("this field does not take that character".to_owned());
        };
        if let Some(field) = self.screen.fields.get_mut(focus) {
            field.push(typed);
        }
        self.tell_screen();
        Ok(())
    }

    fn erase(&mut self) -> Result<(), String> {
        let focus = self.screen.highlight;
        let Some(field) = self.screen.fields.get_mut(focus) else {
            return Err("there is no field here".to_owned());
        };
        field.pop();
        self.tell_screen();
        Ok(())
    }

    /// Presses a hard key: the page's `KeyItem` first, then what the phone itself does.
    pub(super) fn hard_key(&mut self, now: Instant, key: &str) -> Result<(), String> {
        // Internal URIs and key items spell this one differently.
        let key = if key == "NavDwn" { "NavDown" } else { key };
        let taken = self
            .screen
            .page()
            .and_then(|page| page.keys.iter().find(|item| item.key == key))
            .map(|item| (item.url_down.clone(), item.url.clone()));
        if let Some((down, up)) = taken {
            if let Some(uri) = down {
                self.run_down(now, &uri)?;
            }
            return up.map_or(Ok(()), |uri| self.run(now, &uri, Cause::Key));
        }
        if let Some(place) = key.strip_prefix("Soft").and_then(|place| place.parse().ok()) {
            return self.press_slot(now, place);
        }
        let digit = match key {
            "KeyPadStar" => Some('*'),
            "KeyPadPound" => Some('#'),
            _ => key.strip_prefix("KeyPad").and_then(|digit| digit.chars().next()),
        };
        match key {
            "Services" => return self.services(now),
            "NavUp" => self.move_highlight(-1),
            "NavDown" => self.move_highlight(1),
            "NavBack" => return self.own_soft_key(now, "Back"),
            "NavSelect" => return self.nav_select(now),
            _ => match (digit, self.screen.page().map(|page| &page.body)) {
                (Some(digit), Some(Body::Input { .. })) => return self.type_character(digit),
                (Some(digit), Some(Body::Menu(_) | Body::Directory(_))) => {
                    if let Some(number) = digit.to_digit(10).filter(|number| *number > 0) {
                        self.highlight(usize::try_from(number - 1).unwrap_or(0));
                    }
                }
                _ if Uri::parse(&format!("Key:{key}")).is_ok() => self.event("key", key),
                _ => return Err(format!("{key:?} is not a key of this phone")),
            },
        }
        Ok(())
    }

    fn nav_select(&mut self, now: Instant) -> Result<(), String> {
        match self.screen.page().map(|page| &page.body) {
            Some(Body::Input { items, .. }) if self.screen.highlight + 1 < items.len() => {
                self.move_highlight(1);
                Ok(())
            }
            Some(Body::Input { .. }) => self.submit(now),
            _ => self.select(now, self.screen.highlight + 1),
        }
    }

    fn highlight(&mut self, index: usize) {
        if index < lines(&self.screen) {
            self.screen.highlight = index;
            self.tell_screen();
        }
    }

    /// Moves the highlight or the focus, or scrolls a text.
    pub(super) fn move_highlight(&mut self, steps: i32) {
        let moved = |from: usize| from.saturating_add_signed(isize::try_from(steps).unwrap_or(0));
        match lines(&self.screen) {
            0 => {
                let most = draw::scroll_max(self.identity.model, &self.screen);
                self.screen.scroll = moved(self.screen.scroll).min(most);
            }
            count => self.screen.highlight = moved(self.screen.highlight).min(count - 1),
        }
        self.tell_screen();
    }
}

/// How many lines the highlight can stand on; 0 where there is none.
fn lines(screen: &Screen) -> usize {
    match screen.page().map(|page| &page.body) {
        Some(Body::Menu(items)) => items.len(),
        Some(Body::Directory(entries)) => entries.len(),
        Some(Body::Input { items, .. }) => items.len(),
        _ => 0,
    }
}
