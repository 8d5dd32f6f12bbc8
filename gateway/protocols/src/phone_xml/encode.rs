//! Objects to bytes: in schema order, cut to the limits, escaped once.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

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
    let mut pen = Pen { writer: Writer::new(Vec::with_capacity(PAGE_BYTES)), charset };
    pen.put(Event::Decl(BytesDecl::new("1.0", Some(charset.name()), None)));
    // A line feed after the declaration is all the white space there is: old phones take only 512
    // bytes of a push.
    pen.put(Event::Text(BytesText::new("\n")));
    match object {
        Object::Text(text) => pen.text(text),
        Object::Menu(menu) => pen.menu(menu),
        Object::Input(input) => pen.input(input),
        Object::Execute(execute) => pen.execute(execute),
        Object::Response(response) => pen.response(response),
        Object::Error(error) => pen.error(error),
    }
    let text = String::from_utf8(pen.writer.into_inner()).unwrap_or_default();
    charset.bytes(text)
}

struct Pen {
    writer: Writer<Vec<u8>>,
    charset: Charset,
}

impl Pen {
    fn put(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("a vector takes every byte");
    }

    fn word<'t>(&self, text: &'t str, characters_max: usize) -> Cow<'t, str> {
        match shown(text, self.charset) {
            Cow::Borrowed(shown) => Cow::Borrowed(cut(shown, characters_max)),
            Cow::Owned(shown) => Cow::Owned(cut(&shown, characters_max).to_owned()),
        }
    }

    fn open(&mut self, name: &'static str) -> BytesEnd<'static> {
        self.put(Event::Start(BytesStart::new(name)));
        BytesEnd::new(name)
    }

    fn close(&mut self, end: BytesEnd<'static>) {
        self.put(Event::End(end));
    }

    fn leaf(&mut self, name: &'static str, text: &str, characters_max: usize) {
        self.leaf_with(name, BytesStart::new(name), text, characters_max);
    }

    fn leaf_with(
        &mut self,
        name: &'static str,
        element: BytesStart<'_>,
        text: &str,
        characters_max: usize,
    ) {
        let text = self.word(text, characters_max);
        self.put(Event::Start(element));
        self.put(Event::Text(BytesText::new(&text)));
        self.close(BytesEnd::new(name));
    }

    fn root(&mut self, name: &'static str, screen: &Screen) -> BytesEnd<'static> {
        let mut root = BytesStart::new(name);
        if let Some(id) = &screen.application_id {
            let id = self.word(id, APPLICATION_ID_CHARACTERS_MAX);
            root.push_attribute(("appId", id.as_ref()));
        }
        self.put(Event::Start(root));
        let end = BytesEnd::new(name);
        if let Some(title) = &screen.title {
            self.leaf("Title", title, WORD_CHARACTERS_MAX);
        }
        if let Some(prompt) = &screen.prompt {
            self.leaf("Prompt", prompt, WORD_CHARACTERS_MAX);
        }
        for key in screen.soft_keys.iter().take(SOFT_KEYS_MAX) {
            let end = self.open("SoftKeyItem");
            self.leaf("Name", &key.name, WORD_CHARACTERS_MAX);
            self.leaf("Position", &key.position.to_string(), WORD_CHARACTERS_MAX);
            self.leaf("URL", &key.url, URL_CHARACTERS_MAX);
            self.close(end);
        }
        end
    }

    fn text(&mut self, text: &Text) {
        let end = self.root("CiscoIPPhoneText", &text.screen);
        self.leaf("Text", &text.text, TEXT_CHARACTERS_MAX);
        self.close(end);
    }

    fn menu(&mut self, menu: &Menu) {
        let end = self.root("CiscoIPPhoneMenu", &menu.screen);
        for item in menu.items.iter().take(MENU_ITEMS_MAX) {
            let end = self.open("MenuItem");
            self.leaf("Name", &item.name, MENU_NAME_CHARACTERS_MAX);
            self.leaf("URL", &item.url, URL_CHARACTERS_MAX);
            self.close(end);
        }
        self.close(end);
    }

    fn input(&mut self, input: &Input) {
        let end = self.root("CiscoIPPhoneInput", &input.screen);
        let mut url = BytesStart::new("URL");
        if input.post {
            url.push_attribute(("method", "post"));
        }
        self.leaf_with("URL", url, &input.url, URL_CHARACTERS_MAX);
        for item in input.items.iter().take(INPUT_ITEMS_MAX) {
            let end = self.open("InputItem");
            self.leaf("DisplayName", &item.label, WORD_CHARACTERS_MAX);
            self.leaf("QueryStringParam", &item.parameter, WORD_CHARACTERS_MAX);
            self.leaf("InputFlags", item.flags.letters(), WORD_CHARACTERS_MAX);
            if let Some(default) = &item.default {
                self.leaf("DefaultValue", default, WORD_CHARACTERS_MAX);
            }
            self.close(end);
        }
        self.close(end);
    }

    fn execute(&mut self, execute: &Execute) {
        let end = self.open("CiscoIPPhoneExecute");
        for item in execute.items.iter().take(EXECUTE_ITEMS_MAX) {
            let url = self.word(&item.url, URL_CHARACTERS_MAX);
            let mut element = BytesStart::new("ExecuteItem");
            element.push_attribute(("Priority", item.priority.number().to_string().as_str()));
            element.push_attribute(("URL", url.as_ref()));
            self.put(Event::Empty(element));
        }
        self.close(end);
    }

    fn response(&mut self, response: &Response) {
        let end = self.open("CiscoIPPhoneResponse");
        for item in response.items.iter().take(EXECUTE_ITEMS_MAX) {
            let mut element = BytesStart::new("ResponseItem");
            if let Some(status) = item.status {
                element.push_attribute(("Status", status.to_string().as_str()));
            }
            let data = self.word(&item.data, URL_CHARACTERS_MAX);
            let url = self.word(&item.url, URL_CHARACTERS_MAX);
            element.push_attribute(("Data", data.as_ref()));
            element.push_attribute(("URL", url.as_ref()));
            self.put(Event::Empty(element));
        }
        self.close(end);
    }

    fn error(&mut self, error: &PhoneError) {
        let mut element = BytesStart::new("CiscoIPPhoneError");
        if let Some(number) = error.number {
            element.push_attribute(("Number", number.to_string().as_str()));
        }
        if error.text.is_empty() {
            self.put(Event::Empty(element));
        } else {
            self.leaf_with("CiscoIPPhoneError", element, &error.text, URL_CHARACTERS_MAX);
        }
    }
}
