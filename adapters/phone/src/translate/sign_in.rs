//! The sign-in form, which asks only for what is missing, and the choices that may follow it.

use std::fmt;

use domain::DeviceName;
use protocols::phone_xml::{
    Input, InputFlags, InputItem, MENU_ITEMS_MAX, Menu, MenuItem, Object, Text, cut,
};

use super::keys::{Key, Keys, screen};
use super::{Page, Scene, ScreenName};
use crate::link::{service_url, sign_in_url};
use crate::prefill::Prefill;

/// A form to show.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// The agent id: what is known of it.
    pub(crate) id: Field,
    /// The line: what is known of it.
    pub(crate) extension: Field,
    /// Whether the password is known; it is kept under `kept` then.
    pub(crate) has_password: bool,
    /// The number of a remote phone that was given before.
    pub(crate) mobile: Option<String>,
    /// Under which handle the rest is kept.
    pub(crate) kept: Option<String>,
}

impl fmt::Debug for Form {
    /// Neither who it is nor the handle.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Form");
        shown.field("has_password", &self.has_password).finish_non_exhaustive()
    }
}

/// What is known of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Field {
    /// Nothing: it is asked for.
    #[default]
    Missing,
    /// This, and it is not asked for.
    Known(String),
    /// This, to be looked over once more.
    Again(String),
}

/// The form, with one line of notice where there is something to say. A phone that shows no forms
/// gets the notice alone, and so does every phone while nobody signs in at phones (PHN-15).
pub(crate) fn form(scene: &Scene<'_>, form: &Form, notice: Option<String>) -> Page {
    let client = scene.client;
    let texts = client.texts;
    let by_provider = scene.settings.identity.single_sign_on;
    let takes_pin = by_provider && scene.settings.phone_service.single_sign_on_pin;
    if by_provider && !takes_pin {
        let keys = Keys { leave: Some(Key::exit(client)), ..Keys::default() };
        let screen = screen(client, &texts.text("sign-in-title"), None, keys);
        let why = texts.text("problem-single-sign-on");
        let text = notice.map_or_else(|| why.clone(), |notice| format!("{notice}\n{why}"));
        let object = Object::Text(Text { screen, text });
        return Page { name: ScreenName::SignIn, object, refresh: None };
    }
    if !client.model.shows_forms {
        let keys = Keys { leave: Some(Key::exit(client)), ..Keys::default() };
        let screen = screen(client, &texts.text("sign-in-title"), None, keys);
        let text = notice.unwrap_or_else(|| texts.text("problem-form"));
        let object = Object::Text(Text { screen, text });
        return Page { name: ScreenName::SignIn, object, refresh: None };
    }
    let mut items = Vec::new();
    let mut ask = |label: &str, parameter: &str, flags, default: Option<&String>| {
        items.push(InputItem {
            label: texts.text(label),
            parameter: parameter.to_owned(),
            flags,
            default: default.cloned(),
        });
    };
    let mut known = Vec::new();
    match &form.id {
        Field::Missing => ask("field-id", "id", InputFlags::Text, None),
        Field::Again(id) => ask("field-id", "id", InputFlags::Text, Some(id)),
        Field::Known(id) => known.push(("id", id.as_str())),
    }
    match &form.extension {
        Field::Missing => ask("field-extension", "extension", InputFlags::Telephone, None),
        Field::Again(line) => {
            ask("field-extension", "extension", InputFlags::Telephone, Some(line));
        }
        Field::Known(line) => known.push(("extension", line.as_str())),
    }
    if !form.has_password && takes_pin {
        ask("field-pin", "password", InputFlags::HiddenNumeric, None);
    } else if !form.has_password {
        ask("field-password", "password", InputFlags::HiddenText, None);
    }
    if scene.settings.phone_service.mobile_agents {
        ask("field-mobile", "mobile", InputFlags::Telephone, form.mobile.as_ref());
    }
    // What is kept needs no second place, so that the URL stays within its limit.
    let url = match &form.kept {
        Some(handle) => sign_in_url(scene.base, scene.device, &[("kept", handle)]),
        None => sign_in_url(scene.base, scene.device, &known),
    };
    let keys = Keys {
        leave: Some(Key::exit(client)),
        main: Some(Key::new(client, "key-sign-in", "SoftKey:Submit")),
        others: vec![Key::new(client, "key-erase", "SoftKey:<<")],
    };
    let prompt = notice.clone().unwrap_or_else(|| texts.text("sign-in-prompt"));
    let mut screen = screen(client, &texts.text("sign-in-title"), Some(&prompt), keys);
    // Where only the prompt is shown, the notice matters more than the title.
    if client.model.prompt_only && notice.is_some() {
        screen.prompt = notice;
    }
    let object = Object::Input(Input { screen, url, post: client.post, items });
    Page { name: ScreenName::SignIn, object, refresh: None }
}

impl From<Prefill> for Form {
    fn from(prefill: Prefill) -> Self {
        let field = |value: Option<String>| value.map_or(Field::Missing, Field::Known);
        Self { id: field(prefill.id), extension: field(prefill.extension), ..Self::default() }
    }
}

/// Asks which of several phones with the line the agent uses.
pub(crate) fn devices(scene: &Scene<'_>, phones: &[DeviceName], kept: &str) -> Page {
    let items = phones.iter().take(MENU_ITEMS_MAX).map(|phone| {
        let device = scene.settings.devices.get(phone);
        let called = device.and_then(|device| device.description.as_deref());
        let values = [("kept", kept), ("device", phone.as_str())];
        (called.unwrap_or(phone.as_str()).to_owned(), values)
    });
    let items = items.map(|(name, values)| MenuItem {
        name: cut(&name, scene.client.label_characters).to_owned(),
        url: sign_in_url(scene.base, scene.device, &values),
    });
    choice(scene, "device-title", "device-prompt", items.collect(), kept)
}

/// Asks how a mobile agent's remote phone is connected.
pub(crate) fn mobile_modes(scene: &Scene<'_>, kept: &str) -> Page {
    let modes = [("mobile-call-by-call", "call"), ("mobile-nailed", "nailed")];
    let items = modes.map(|(text, mode)| MenuItem {
        name: cut(&scene.client.texts.text(text), scene.client.label_characters).to_owned(),
        url: sign_in_url(scene.base, scene.device, &[("kept", kept), ("mode", mode)]),
    });
    choice(scene, "mobile-title", "mobile-prompt", items.into(), kept)
}

fn choice(scene: &Scene<'_>, title: &str, prompt: &str, items: Vec<MenuItem>, kept: &str) -> Page {
    let client = scene.client;
    let again = service_url(scene.base, scene.device, &[("kept", kept)]);
    let keys = Keys {
        leave: Some(Key::exit(client)),
        main: Some(Key::new(client, "key-select", "SoftKey:Select")),
        others: vec![Key::new(client, "key-back", again)],
    };
    let prompt = client.texts.text(prompt);
    let screen = screen(client, &client.texts.text(title), Some(&prompt), keys);
    let object = Object::Menu(Menu { screen, items });
    Page { name: ScreenName::Choice, object, refresh: None }
}
