//! What the flight recorder is told of phones: which page was asked for, what was pressed, what it was answered with
//! or pushed. No link, cookie, password or handle, and nothing of what a form holds but the id of an agent there is.

use domain::{AgentId, DeviceName};
use engine::recorder::{CLAIMED, Link as Sort, Note, Way};
use engine::surface::Request;

use crate::link::{Link, Press};
use crate::push::Way as PushWay;
use crate::translate::ScreenName;
use crate::{Phone, PushReason};

impl Phone {
    /// A link of a session was followed.
    pub(crate) fn note_link(&self, request: &Request, device: &DeviceName, link: Link) {
        let (kind, reason) = match link {
            Link::Home => ("asks for home", None),
            Link::Call => ("asks for call", None),
            Link::Reasons(_) => ("asks for reasons", None),
            Link::Press(Press::Ready) => ("pressed ready", None),
            Link::Press(Press::NotReady(reason)) => ("pressed not ready", reason),
            Link::Press(Press::WrapUp(reason)) => ("pressed wrap-up reason", Some(reason)),
            Link::Press(Press::SignOut(reason)) => ("pressed sign-out", reason),
        };
        self.note_asked(request, Some(device), kind, |note| {
            if let Some(reason) = reason {
                note.text("reason", reason);
            }
        });
    }

    /// A link was followed that leads nowhere.
    pub(crate) fn note_no_link(&self, request: &Request, device: Option<&DeviceName>) {
        self.note_asked(request, device, "followed a link that is no longer good", |_| {});
    }

    /// The service was opened, or its form sent.
    pub(crate) fn note_opened(
        &self,
        request: &Request,
        device: &DeviceName,
        submitted: bool,
        id: Option<&str>,
    ) {
        let kind = if submitted { "sent the sign-in form" } else { "opened the service" };
        self.note_asked(request, Some(device), kind, |note| {
            // What is typed there may be anything, a password among it, and proves nothing yet.
            let id = id.and_then(|id| id.parse::<AgentId>().ok());
            if let Some(id) = id.filter(|id| self.port.settings().agents.contains_key(id)) {
                note.text(CLAIMED, id);
            }
        });
    }

    /// What a request was answered with.
    pub(crate) fn note_answered(
        &self,
        request: &Request,
        device: Option<&DeviceName>,
        page: ScreenName,
        problem: Option<&str>,
    ) {
        self.port.recorder().note(Sort::Phone, Way::Out, "page", |note| {
            told_device(note, device);
            note.text("page", page.name());
            if let Some(problem) = problem {
                note.text("problem", problem).text("reference", &request.reference);
            }
        });
    }

    /// A phone was told to open a page.
    pub(crate) fn note_pushed(&self, device: &DeviceName, way: PushWay, reason: PushReason) {
        self.port.recorder().note(Sort::Push, Way::Out, "show", |note| {
            let way = match way {
                PushWay::Channel => "sip",
                PushWay::Web => "web",
            };
            note.device(device).text("way", way).text("result", reason.name());
        });
    }

    /// A phone asked whether a push is ours.
    pub(crate) fn note_asked_back(&self, request: &Request, device: Option<&DeviceName>, is: &str) {
        self.port.recorder().note(Sort::Push, Way::In, "asks whether a push is ours", |note| {
            told_device(note, device);
            note.peer(request.peer.address).text("result", is);
        });
    }

    fn note_asked(
        &self,
        request: &Request,
        device: Option<&DeviceName>,
        kind: &str,
        tell: impl FnOnce(&mut Note),
    ) {
        self.port.recorder().note(Sort::Phone, Way::In, kind, |note| {
            note.peer(request.peer.address);
            told_device(note, device);
            tell(note);
        });
    }
}

fn told_device(note: &mut Note, device: Option<&DeviceName>) {
    if let Some(device) = device {
        note.device(device);
    }
}
