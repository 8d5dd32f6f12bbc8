//! Bytes to objects: any order of children, attributes or children where phones and schema differ.

use super::tree::{self, Element};
use super::{
    APPLICATION_ID_CHARACTERS_MAX, BYTES_MAX, Charset, DEPTH_MAX, EXECUTE_ITEMS_MAX, Execute,
    ExecuteItem, INPUT_ITEMS_MAX, Input, InputFlags, InputItem, Kind, MENU_ITEMS_MAX,
    MENU_NAME_CHARACTERS_MAX, Menu, MenuItem, NODES_MAX, Object, PhoneError, Priority, Response,
    ResponseItem, SOFT_KEYS_MAX, Screen, SoftKey, TEXT_CHARACTERS_MAX, Text, URL_CHARACTERS_MAX,
    WORD_CHARACTERS_MAX, cut, shown,
};

/// An object that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The object, within the limits of the schema.
    pub object: Object,
    /// How many elements and attributes were left out: unknown, too many, or unusable.
    pub ignored: usize,
    /// How many texts were longer than the schema allows and were cut.
    pub shortened: usize,
}

/// Why bytes are no object. The peer is at fault in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Too many bytes.
    #[error("an object of {bytes} bytes is too large, at most {BYTES_MAX} are read")]
    TooLarge {
        /// How many came.
        bytes: usize,
    },
    /// Elements nested too deep.
    #[error("elements are nested more than {DEPTH_MAX} deep")]
    TooDeep,
    /// Too many elements and attributes.
    #[error("an object has more than {NODES_MAX} elements and attributes")]
    TooManyNodes,
    /// A document type, which objects do not have.
    #[error("an object with a document type is refused")]
    DocumentType,
    /// An entity that XML itself does not define.
    #[error("an object with an entity of its own is refused")]
    Entity,
    /// Neither UTF-8 nor ISO 8859-1, or not what the declaration says.
    #[error("an object is in an encoding other than the declared one, or in an unknown one")]
    Encoding,
    /// Not well-formed.
    #[error("an object is not well-formed XML")]
    Malformed,
    /// The root is no object that is read here.
    #[error("the root element is no known phone object")]
    UnknownObject,
    /// An object lacks what it cannot be without.
    #[error("a {parent} lacks {element}", parent = parent.element())]
    Missing {
        /// The object.
        parent: Kind,
        /// What it lacks.
        element: &'static str,
    },
}

/// Reads one object.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let root = tree::read(bytes)?;
    let kind = Kind::from_element(&root.name).ok_or(DecodeError::UnknownObject)?;
    let mut eye = Eye { ignored: 0, shortened: 0 };
    let object = match kind {
        Kind::Text => Object::Text(eye.text(&root)),
        Kind::Menu => Object::Menu(eye.menu(&root)),
        Kind::Input => Object::Input(eye.input(&root)?),
        Kind::Execute => Object::Execute(eye.execute(&root)?),
        Kind::Response => Object::Response(eye.response(&root)),
        Kind::Error => Object::Error(eye.error(&root)),
    };
    Ok(Decoded { object, ignored: eye.ignored, shortened: eye.shortened })
}

struct Eye {
    ignored: usize,
    shortened: usize,
}

impl Eye {
    /// Counts children and attributes that are not among these names.
    fn know(&mut self, element: &Element, children: &[&str], attributes: &[&str]) {
        let strange = element.children.iter().filter(|it| !children.contains(&it.name.as_str()));
        self.ignored += strange.count();
        let strange = element.attributes.iter().filter(|it| !attributes.contains(&it.0.as_str()));
        self.ignored += strange.count();
    }

    fn word(&mut self, text: &str, characters_max: usize) -> String {
        let shown = shown(text, Charset::Utf8);
        let short = cut(&shown, characters_max);
        self.shortened += usize::from(short.len() < shown.len());
        short.to_owned()
    }

    fn child(&mut self, parent: &Element, name: &str, characters_max: usize) -> Option<String> {
        let same = parent.children.iter().filter(|child| child.name == name).count();
        self.ignored += same.saturating_sub(1);
        parent.child(name).map(|child| self.word(&child.text, characters_max))
    }

    /// The first `count_max` children of that name that `read` makes something of.
    fn items<T>(
        &mut self,
        parent: &Element,
        name: &str,
        count_max: usize,
        read: impl Fn(&mut Self, &Element) -> Option<T>,
    ) -> Vec<T> {
        let mut items = Vec::new();
        for child in parent.children.iter().filter(|child| child.name == name) {
            match (items.len() < count_max).then(|| read(self, child)).flatten() {
                Some(item) => items.push(item),
                None => self.ignored += 1,
            }
        }
        items
    }

    fn screen(&mut self, root: &Element, own: &[&str]) -> Screen {
        let mut known = vec!["Title", "Prompt", "SoftKeyItem"];
        known.extend(own);
        self.know(root, &known, &["appId"]);
        Screen {
            application_id: root
                .attribute("appId")
                .map(|id| self.word(id, APPLICATION_ID_CHARACTERS_MAX)),
            title: self.child(root, "Title", WORD_CHARACTERS_MAX),
            prompt: self.child(root, "Prompt", WORD_CHARACTERS_MAX),
            soft_keys: self.items(root, "SoftKeyItem", SOFT_KEYS_MAX, Self::soft_key),
        }
    }

    fn soft_key(&mut self, element: &Element) -> Option<SoftKey> {
        let position = element.child("Position")?.text.trim().parse().ok()?;
        self.know(element, &["Name", "Position", "URL"], &[]);
        Some(SoftKey {
            name: self.child(element, "Name", WORD_CHARACTERS_MAX).unwrap_or_default(),
            position,
            url: self.child(element, "URL", URL_CHARACTERS_MAX).unwrap_or_default(),
        })
    }

    fn text(&mut self, root: &Element) -> Text {
        Text {
            screen: self.screen(root, &["Text"]),
            text: self.child(root, "Text", TEXT_CHARACTERS_MAX).unwrap_or_default(),
        }
    }

    fn menu(&mut self, root: &Element) -> Menu {
        Menu {
            screen: self.screen(root, &["MenuItem"]),
            items: self.items(root, "MenuItem", MENU_ITEMS_MAX, |eye, item| {
                eye.know(item, &["Name", "URL"], &[]);
                Some(MenuItem {
                    name: eye.child(item, "Name", MENU_NAME_CHARACTERS_MAX).unwrap_or_default(),
                    url: eye.child(item, "URL", URL_CHARACTERS_MAX).unwrap_or_default(),
                })
            }),
        }
    }

    fn input(&mut self, root: &Element) -> Result<Input, DecodeError> {
        let screen = self.screen(root, &["URL", "InputItem"]);
        let missing = DecodeError::Missing { parent: Kind::Input, element: "URL" };
        let url = self.child(root, "URL", URL_CHARACTERS_MAX).ok_or(missing)?;
        let method = root.child("URL").and_then(|url| url.attribute("method"));
        let post = method.is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let items = self.items(root, "InputItem", INPUT_ITEMS_MAX, Self::input_item);
        Ok(Input { screen, url, post, items })
    }

    fn input_item(&mut self, element: &Element) -> Option<InputItem> {
        let flags = InputFlags::from_letters(element.child("InputFlags")?.text.trim())?;
        let parameter = self.child(element, "QueryStringParam", WORD_CHARACTERS_MAX)?;
        if parameter.is_empty() {
            return None;
        }
        let names = ["DisplayName", "QueryStringParam", "InputFlags", "DefaultValue"];
        self.know(element, &names, &[]);
        Some(InputItem {
            label: self.child(element, "DisplayName", WORD_CHARACTERS_MAX).unwrap_or_default(),
            parameter,
            flags,
            default: self.child(element, "DefaultValue", WORD_CHARACTERS_MAX),
        })
    }

    fn execute(&mut self, root: &Element) -> Result<Execute, DecodeError> {
        self.know(root, &["ExecuteItem"], &[]);
        let items = self.items(root, "ExecuteItem", EXECUTE_ITEMS_MAX, |eye, item| {
            eye.know(item, &[], &["URL", "Priority"]);
            let priority = match item.attribute("Priority").map(str::trim) {
                None | Some("0") => Priority::Now,
                Some("1") => Priority::WhenIdle,
                Some("2") => Priority::IfIdle,
                Some(_) => return None,
            };
            let url = eye.word(item.attribute("URL")?, URL_CHARACTERS_MAX);
            Some(ExecuteItem { url, priority })
        });
        if items.is_empty() {
            return Err(DecodeError::Missing { parent: Kind::Execute, element: "ExecuteItem" });
        }
        Ok(Execute { items })
    }

    fn response(&mut self, root: &Element) -> Response {
        self.know(root, &["ResponseItem"], &[]);
        let items = self.items(root, "ResponseItem", EXECUTE_ITEMS_MAX, |eye, item| {
            let names = ["Status", "Data", "URL"];
            eye.know(item, &names, &names);
            // Phones send attributes; the schema has elements.
            let [status, data, url] = names.map(|name| {
                let child = item.child(name).map(|child| child.text.as_str());
                item.attribute(name).or(child).unwrap_or_default()
            });
            Some(ResponseItem {
                status: status.trim().parse().ok(),
                data: eye.word(data, URL_CHARACTERS_MAX),
                url: eye.word(url, URL_CHARACTERS_MAX),
            })
        });
        Response { items }
    }

    fn error(&mut self, root: &Element) -> PhoneError {
        self.know(root, &[], &["Number"]);
        PhoneError {
            number: root.attribute("Number").and_then(|number| number.trim().parse().ok()),
            text: self.word(&root.text, URL_CHARACTERS_MAX),
        }
    }
}
