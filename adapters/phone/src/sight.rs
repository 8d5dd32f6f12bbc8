//! What an agent's phone shows now, for administrators (BYD-03).
//!
//! The page is made as the phone would be given it, by the code that makes it, out of what is so now; only its
//! URLs are replaced, since whoever has one of them may speak for the agent. What the phone itself has on its screen
//! is not asked: it may be behind, which is told beside it.

use std::cell::OnceCell;
use std::net::IpAddr;

use domain::{AgentSession, DeviceName, Timestamp};
use protocols::phone_xml::{Charset, InputItem, Menu, MenuItem, Object, Screen, SoftKey, encode};

use crate::client::Client;
use crate::translate::{self, Page, Scene, ScreenName, Shown, Shows};
use crate::{Phone, locked};

/// Stands for the part of a URL that opens something.
const HIDDEN: &str = "(hidden)";

/// A phone of an agent, and what it is given now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneSight {
    /// The phone.
    pub device: DeviceName,
    /// What it calls itself, where it does.
    pub model: Option<String>,
    /// Where it was last seen.
    pub address: IpAddr,
    /// When it was last given a page, or asked for something.
    pub shown_at: Timestamp,
    /// Whether what it shows is not what it would be given now.
    pub is_behind: bool,
    /// Whether its window was closed, so that it is left alone.
    pub is_closed: bool,
    /// Whether it began anew since it was given a page.
    pub is_lost: bool,
    /// Whether another adapter reaches it, so that pages are shown without its web server.
    pub has_channel: bool,
    /// The page.
    pub page: PhonePage,
}

/// A page as a phone is given it, without what its links open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhonePage {
    /// Which page: `home`, `call`, `reasons`.
    pub kind: &'static str,
    /// The line on top.
    pub title: Option<String>,
    /// The line that asks for something.
    pub prompt: Option<String>,
    /// The text, where it is one.
    pub text: Option<String>,
    /// What can be chosen, where it is a list.
    pub items: Vec<String>,
    /// The keys by their places.
    pub soft_keys: Vec<PhoneKey>,
    /// The object itself.
    pub xml: String,
}

/// A key of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneKey {
    /// Where it stands.
    pub position: i8,
    /// What it says.
    pub name: String,
}

impl Phone {
    /// The phones that show an agent's session, as this node knows it; mostly one.
    pub fn sights(&self, session: &AgentSession) -> Vec<PhoneSight> {
        let Some(doing) = self.doing(session) else { return Vec::new() };
        let Some(shown) = Shown::of(session, &doing) else { return Vec::new() };
        let settings = self.port.settings();
        let screens: Vec<_> = {
            let screens = locked(&self.screens);
            let devices = screens.of_agent(&session.agent).into_iter();
            let of_holder = devices.filter_map(|device| {
                let screen = screens.of(&device).filter(|it| it.holder == session.holder())?;
                let is_closed = screens.is_closed(&device);
                Some((device.clone(), screen.clone(), is_closed))
            });
            of_holder.collect()
        };
        let elsewhere = self.elsewhere();
        let shows = Shows::of(shown, &settings);
        let sight = |(device, screen, is_closed): (DeviceName, crate::activity::Screen, bool)| {
            let client = Client::again(screen.said(), &settings.phone_service, &self.library);
            let is_direct = screen.base == self.base;
            let page = {
                let scene = Scene {
                    client: &client,
                    base: &screen.base,
                    elsewhere: elsewhere.for_device(&device).filter(|_| is_direct),
                    device: &device,
                    settings: &settings,
                    key: &self.key,
                    now: self.port.now(),
                    links: OnceCell::new(),
                };
                let page = match screen.page {
                    ScreenName::Call => translate::call(&scene, shown),
                    ScreenName::Reasons(category) => translate::reasons(&scene, shown, category),
                    _ => translate::home(&scene, shown, None),
                };
                told(page)
            };
            PhoneSight {
                model: screen.said().model().map(str::to_owned),
                address: screen.address,
                shown_at: screen.fetched_at(),
                is_behind: !screen.shows.is_same(shows, screen.page == ScreenName::Call),
                is_closed,
                is_lost: screen.is_lost(),
                has_channel: self.port.channels().reaches(&device),
                page,
                device,
            }
        };
        screens.into_iter().map(sight).collect()
    }
}

fn told(page: Page) -> PhonePage {
    let kind = page.name.name();
    let object = without_links(page.object);
    let xml = String::from_utf8_lossy(&encode(&object, Charset::Utf8)).into_owned();
    let screen = object.screen().cloned().unwrap_or_default();
    let keys = screen.soft_keys.iter();
    let keys = keys.map(|key| PhoneKey { position: key.position, name: key.name.clone() });
    let mut soft_keys: Vec<_> = keys.collect();
    soft_keys.sort_by_key(|key| key.position);
    let (text, items) = match object {
        Object::Text(text) => (Some(text.text), Vec::new()),
        Object::Menu(menu) => (None, menu.items.into_iter().map(|item| item.name).collect()),
        Object::Input(form) => {
            let label = |item: InputItem| item.label;
            (None, form.items.into_iter().map(label).collect())
        }
        Object::Execute(_) | Object::Response(_) | Object::Error(_) => (None, Vec::new()),
    };
    PhonePage { kind, title: screen.title, prompt: screen.prompt, text, items, soft_keys, xml }
}

/// The same object, its URLs without the token by which whoever has them speaks for the agent.
fn without_links(object: Object) -> Object {
    let screen = |screen: Screen| {
        let keys = screen.soft_keys.into_iter();
        let soft_keys = keys.map(|key| SoftKey { url: hidden(&key.url), ..key }).collect();
        Screen { soft_keys, ..screen }
    };
    match object {
        Object::Text(mut text) => {
            text.screen = screen(text.screen);
            Object::Text(text)
        }
        Object::Menu(Menu { screen: around, items }) => {
            let items = items.into_iter();
            let items = items.map(|item| MenuItem { url: hidden(&item.url), ..item }).collect();
            Object::Menu(Menu { screen: screen(around), items })
        }
        Object::Input(mut form) => {
            form.screen = screen(form.screen);
            form.url = hidden(&form.url);
            Object::Input(form)
        }
        other @ (Object::Execute(_) | Object::Response(_) | Object::Error(_)) => other,
    }
}

/// A URL without its token; what a phone does by itself, `SoftKey:Select` for one, stays.
fn hidden(url: &str) -> String {
    if !url.starts_with("http") {
        return url.to_owned();
    }
    match url.split_once("/fippa/s/").and_then(|(base, rest)| Some((base, rest.split_once('/')?))) {
        Some((base, (_, page))) => format!("{base}/fippa/s/{HIDDEN}/{page}"),
        None => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byd_03_a_link_is_shown_without_what_it_opens() {
        let link = "https://gw-a.example:8445/fippa/s/AAAAc2VjcmV0/notready/7";
        let expected = "https://gw-a.example:8445/fippa/s/(hidden)/notready/7";
        assert_eq!(hidden(link), expected);
        assert_eq!(hidden("https://gw-a.example/fippa/SEP1/signin?id=1001"), HIDDEN);
        assert_eq!(hidden("SoftKey:Select"), "SoftKey:Select");
    }
}
