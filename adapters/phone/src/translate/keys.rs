//! Where keys and headings stand, by family.

use protocols::phone_xml::{Screen, SoftKey};

use crate::client::Client;
use crate::models::KeyOrder;

/// A key before it has a place.
pub(super) struct Key {
    name: String,
    url: String,
}

impl Key {
    pub(super) fn new(client: &Client<'_>, text: &str, url: impl Into<String>) -> Self {
        Self { name: client.texts.text(text), url: url.into() }
    }

    pub(super) fn exit(client: &Client<'_>) -> Self {
        Self::new(client, "key-exit", "SoftKey:Exit")
    }
}

/// The keys of a page. `leave` goes back or out and `main` does what the page is for; both stand
/// where the family's own pages have them.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) leave: Option<Key>,
    pub(super) main: Option<Key>,
    pub(super) others: Vec<Key>,
}

impl Keys {
    fn placed(self, order: KeyOrder) -> Vec<SoftKey> {
        let mut others = self.others.into_iter();
        let mut row: Vec<Key> = match order {
            KeyOrder::ExitFirst => self.leave.into_iter().chain(self.main).collect(),
            KeyOrder::SelectFirst => {
                let second = if self.leave.is_some() { others.next() } else { None };
                self.main.into_iter().chain(second).chain(self.leave).collect()
            }
        };
        row.extend(others);
        let positions = 1..;
        row.into_iter()
            .zip(positions)
            .map(|(key, position)| SoftKey { name: key.name, position, url: key.url })
            .collect()
    }
}

/// Title, prompt and keys. A family that shows only the prompt gets the title there, which says
/// where one is.
pub(super) fn screen(client: &Client<'_>, title: &str, prompt: Option<&str>, keys: Keys) -> Screen {
    let (title, prompt) = if client.model.prompt_only {
        (None, Some(title.to_owned()))
    } else {
        (Some(title.to_owned()), prompt.map(str::to_owned))
    };
    let soft_keys = keys.placed(client.model.key_order);
    Screen { application_id: None, title, prompt, soft_keys }
}
