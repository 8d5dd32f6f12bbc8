//! Lists of reasons: the first hundred that apply, each label cut to what the phone shows (PHN-06).

use domain::ReasonCategory;
use protocols::phone_xml::{MENU_ITEMS_MAX, Menu, MenuItem, Object, cut};

use super::keys::{Key, Keys, screen};
use super::{Page, Scene, ScreenName, Shown};
use crate::link::{Link, Press};

/// How long a list stays without a choice, at most.
const SECONDS_MAX: u32 = 300;

/// The reasons of one category that the agent may choose. A list left standing gives way to the home
/// screen before the inactivity time is over, since it fetches nothing by itself (PHN-20).
pub(crate) fn reasons(scene: &Scene<'_>, shown: Shown<'_>, category: ReasonCategory) -> Page {
    let title = match category {
        ReasonCategory::NotReady => "reasons-not-ready-title",
        ReasonCategory::WrapUp => "reasons-wrap-up-title",
        ReasonCategory::SignOut => "reasons-sign-out-title",
    };
    let offered = scene.settings.reasons_for(shown.agent(), category).take(MENU_ITEMS_MAX);
    let items = offered.map(|reason| {
        let press = match category {
            ReasonCategory::NotReady => Press::NotReady(Some(reason.code)),
            ReasonCategory::WrapUp => Press::WrapUp(reason.code),
            ReasonCategory::SignOut => Press::SignOut(Some(reason.code)),
        };
        MenuItem {
            name: cut(&reason.label, scene.client.label_characters).to_owned(),
            url: scene.link(shown, Link::Press(press)),
        }
    });
    let texts = scene.client.texts;
    let keys = Keys {
        leave: Some(Key::new(scene.client, "key-back", scene.link(shown, Link::Home))),
        main: Some(Key::new(scene.client, "key-select", "SoftKey:Select")),
        others: Vec::new(),
    };
    let prompt = texts.text("reasons-prompt");
    let screen = screen(scene.client, &texts.text(title), Some(&prompt), keys);
    let object = Object::Menu(Menu { screen, items: items.collect() });
    let seconds = match scene.settings.phone_service.inactivity_seconds {
        0 => SECONDS_MAX,
        inactivity => (inactivity / 4 * 3).min(SECONDS_MAX),
    };
    let refresh = Some((seconds, scene.link(shown, Link::Home)));
    Page { name: ScreenName::Reasons(category), object, refresh }
}
