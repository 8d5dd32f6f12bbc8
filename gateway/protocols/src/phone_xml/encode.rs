//! Objects to bytes: in schema order, cut to the limits, escaped once.

use std::borrow::Cow;

use quick_xml::escape::escape;

use super::{
    APPLICATION_ID_CHARACTERS_MAX, Charset, EXECUTE_ITEMS_MAX, Execute, INPUT_ITEMS_MAX, Input,
    MENU_ITEMS_MAX, MENU_NAME_CHARACTERS_MAX, Menu, Object, PhoneError, Response, SOFT_KEYS_MAX,
    Screen, TEXT_CHARACTERS_MAX, Text, URL_CHARACTERS_MAX, WORD_CHARACTERS_MAX, cut, shown,
};

/// Room for a usual page, so that it is written without moving.
const PAGE_BYTES: usize = 2_048;

/// Writes an object with its declaration. What is longer than the schema allows is cut on a
/// character boundary; what the character set lacks is written as [`shown`] says.
pub fn encode(object: &Object, charset: Charset) -> Vec<u8> {
    let mut pen = Pen { page: String::with_capacity(PAGE_BYTES), charset };
    // A line feed after the declaration is all the white space there is: old phones take only 512
    // bytes of a push.
    pen.put(&["<?xml version=\"1.0\" encoding=\"", charset.name(), "\"?>\n"]);
    match object {
        Object::Text(text) => pen.text(text),
        Object::Menu(menu) => pen.menu(menu),
        Object::Input(input) => pen.input(input),
        Object::Execute(execute) => pen.execute(execute),
        Object::Response(response) => pen.response(response),
        Object::Error(error) => pen.error(error),
    }
    charset.bytes(pen.page)
}

/// Writes elements, whose names are ours; what stands in them is escaped by the library.
struct Pen {
    page: String,
    charset: Charset,
}

impl Pen {
    fn put(&mut self, parts: &[&str]) {
        for part in parts {
            self.page.push_str(part);
        }
    }

    fn word<'t>(&self, text: &'t str, characters_max: usize) -> Cow<'t, str> {
        match shown(text, self.charset) {
            Cow::Borrowed(shown) => Cow::Borrowed(cut(shown, characters_max)),
            Cow::Owned(shown) => Cow::Owned(cut(&shown, characters_max).to_owned()),
        }
    }

    fn put_word(&mut self, text: &str, characters_max: usize) {
        // Nearly every text needs no change at all: one look instead of four.
        if text.len() <= characters_max && text.bytes().all(is_plain) {
            self.page.push_str(text);
            return;
        }
        let word = self.word(text, characters_max);
        self.put_kept(&escape(&*word), &['\r']);
    }

    fn attribute(&mut self, name: &str, text: &str, characters_max: usize) {
        self.put(&[" ", name, "=\""]);
        let word = self.word(text, characters_max);
        self.put_kept(&escape(&*word), &['\t', '\n', '\r']);
        self.page.push('"');
    }

    /// Writes `text` with the white space that a reader would change as references, so that it
    /// arrives as it is (XML 1.0, sections 2.11 and 3.3.3).
    fn put_kept(&mut self, text: &str, white_space: &[char]) {
        for part in text.split_inclusive(white_space) {
            match part.char_indices().next_back() {
                Some((end, last)) if white_space.contains(&last) => {
                    self.page.push_str(part.get(..end).unwrap_or_default());
                    self.put(&["&#", &u32::from(last).to_string(), ";"]);
                }
                _ => self.page.push_str(part),
            }
        }
    }

    fn open(&mut self, name: &'static str) {
        self.put(&["<", name, ">"]);
    }

    fn close(&mut self, name: &'static str) {
        self.put(&["</", name, ">"]);
    }

    fn leaf(&mut self, name: &'static str, text: &str, characters_max: usize) {
        self.open(name);
        self.put_word(text, characters_max);
        self.close(name);
    }

    /// The root's beginning and what all screens have in common.
    fn root(&mut self, name: &'static str, screen: &Screen) {
        self.put(&["<", name]);
        if let Some(id) = &screen.application_id {
            self.attribute("appId", id, APPLICATION_ID_CHARACTERS_MAX);
        }
        self.page.push('>');
        if let Some(title) = &screen.title {
            self.leaf("Title", title, WORD_CHARACTERS_MAX);
        }
        if let Some(prompt) = &screen.prompt {
            self.leaf("Prompt", prompt, WORD_CHARACTERS_MAX);
        }
        for key in screen.soft_keys.iter().take(SOFT_KEYS_MAX) {
            self.open("SoftKeyItem");
            self.leaf("Name", &key.name, WORD_CHARACTERS_MAX);
            self.leaf("Position", &key.position.to_string(), WORD_CHARACTERS_MAX);
            self.leaf("URL", &key.url, URL_CHARACTERS_MAX);
            self.close("SoftKeyItem");
        }
    }

    fn text(&mut self, text: &Text) {
        self.root("CiscoIPPhoneText", &text.screen);
        self.leaf("Text", &text.text, TEXT_CHARACTERS_MAX);
        self.close("CiscoIPPhoneText");
    }

    fn menu(&mut self, menu: &Menu) {
        self.root("CiscoIPPhoneMenu", &menu.screen);
        for item in menu.items.iter().take(MENU_ITEMS_MAX) {
            self.open("MenuItem");
            self.leaf("Name", &item.name, MENU_NAME_CHARACTERS_MAX);
            self.leaf("URL", &item.url, URL_CHARACTERS_MAX);
            self.close("MenuItem");
        }
        self.close("CiscoIPPhoneMenu");
    }

    fn input(&mut self, input: &Input) {
        self.root("CiscoIPPhoneInput", &input.screen);
        self.put(&["<URL", if input.post { " method=\"post\"" } else { "" }, ">"]);
        self.put_word(&input.url, URL_CHARACTERS_MAX);
        self.close("URL");
        for item in input.items.iter().take(INPUT_ITEMS_MAX) {
            self.open("InputItem");
            self.leaf("DisplayName", &item.label, WORD_CHARACTERS_MAX);
            self.leaf("QueryStringParam", &item.parameter, WORD_CHARACTERS_MAX);
            self.leaf("InputFlags", item.flags.letters(), WORD_CHARACTERS_MAX);
            if let Some(default) = &item.default {
                self.leaf("DefaultValue", default, WORD_CHARACTERS_MAX);
            }
            self.close("InputItem");
        }
        self.close("CiscoIPPhoneInput");
    }

    fn execute(&mut self, execute: &Execute) {
        self.open("CiscoIPPhoneExecute");
        for item in execute.items.iter().take(EXECUTE_ITEMS_MAX) {
            self.put(&["<ExecuteItem"]);
            let priority = item.priority.number().to_string();
            self.attribute("Priority", &priority, WORD_CHARACTERS_MAX);
            self.attribute("URL", &item.url, URL_CHARACTERS_MAX);
            self.put(&["/>"]);
        }
        self.close("CiscoIPPhoneExecute");
    }

    fn response(&mut self, response: &Response) {
        self.open("CiscoIPPhoneResponse");
        for item in response.items.iter().take(EXECUTE_ITEMS_MAX) {
            self.put(&["<ResponseItem"]);
            if let Some(status) = item.status {
                self.attribute("Status", &status.to_string(), WORD_CHARACTERS_MAX);
            }
            self.attribute("Data", &item.data, URL_CHARACTERS_MAX);
            self.attribute("URL", &item.url, URL_CHARACTERS_MAX);
            self.put(&["/>"]);
        }
        self.close("CiscoIPPhoneResponse");
    }

    fn error(&mut self, error: &PhoneError) {
        self.put(&["<CiscoIPPhoneError"]);
        if let Some(number) = error.number {
            self.attribute("Number", &number.to_string(), WORD_CHARACTERS_MAX);
        }
        if error.text.is_empty() {
            self.put(&["/>"]);
        } else {
            self.page.push('>');
            self.put_word(&error.text, URL_CHARACTERS_MAX);
            self.close("CiscoIPPhoneError");
        }
    }
}

/// What stands in an element's text as it is, in every character set.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n') && !matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')
}
