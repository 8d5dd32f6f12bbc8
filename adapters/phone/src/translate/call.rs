//! What came with a call (PHN-07).

use protocols::phone_xml::{Object, Text};

use super::keys::{Key, Keys, screen};
use super::shows::fields;
use super::{Page, Remark, Scene, ScreenName, Shown, duration, home};
use crate::link::Link;

/// The data of the call; without one, the home screen that says so.
pub(crate) fn call(scene: &Scene<'_>, shown: Shown<'_>) -> Page {
    if shown.presence.not_known_since.is_some() {
        return home(scene, shown, None);
    }
    let Some(call) = shown.presence.call() else {
        return home(scene, shown, Some(Remark::CallGone));
    };
    let texts = scene.client.texts;
    let mut lines = Vec::new();
    lines.extend(scene.call_line(shown));
    lines.extend(scene.queue_line(shown));
    let lasting = duration(scene.now, call.began_at);
    lines.push(texts.with("call-for", &[("duration", &lasting)]));
    lines.extend(scene.wrap_up_line(shown));
    let fields = fields(call, shown, scene.settings);
    lines.extend(fields.into_iter().map(|(label, value)| format!("{label}: {value}")));
    let url = scene.link(shown, Link::Call);
    let mut others = Vec::from_iter(scene.wrap_up_key(shown));
    others.push(scene.not_ready_key(shown));
    others.push(Key::new(scene.client, "key-refresh", url.clone()));
    let home = Key::new(scene.client, "key-home", scene.link(shown, Link::Home));
    let keys = Keys { leave: Some(home), main: None, others };
    let title = texts.text("call-title");
    let screen = screen(scene.client, &title, scene.call_line(shown).as_deref(), keys);
    let seconds = scene.settings.phone_service.home_refresh_seconds;
    Page {
        name: ScreenName::Call,
        object: Object::Text(Text { screen, text: lines.join("\n") }),
        refresh: Some((seconds, url)),
    }
}
