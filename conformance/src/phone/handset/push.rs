//! A push that passed authentication: run it, and say in the phone's own terms what became of it.

use std::time::Instant;

use super::super::object::{Body, ExecuteItem, Object};
use super::super::parse::Refusal;
use super::super::screen::{Cause, Content, Screen};
use super::super::uri::{self, Uri};
use super::Handset;

/// What the phone answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PushReply {
    /// `CiscoIPPhoneResponse`, one item for each pushed one.
    Items(Vec<ReplyItem>),
    /// `CiscoIPPhoneError` with this number: 1 parse error, 4 authentication.
    Error(u8),
}

/// One `ResponseItem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplyItem {
    pub(crate) url: String,
    /// 0 success, 1 invalid URI, 6 internal.
    pub(crate) status: u8,
    pub(crate) data: String,
}

impl PushReply {
    /// The body of the answer.
    pub(crate) fn to_xml(&self) -> String {
        let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
        match self {
            Self::Error(number) => format!("{head}<CiscoIPPhoneError Number=\"{number}\"/>"),
            Self::Items(items) => {
                let items: String = items
                    .iter()
                    .map(|item| {
                        format!(
                            "<ResponseItem Status=\"{}\" Data=\"{}\" URL=\"{}\"/>",
                            item.status,
                            escaped(&item.data),
                            escaped(&item.url)
                        )
                    })
                    .collect();
                format!("{head}<CiscoIPPhoneResponse>{items}</CiscoIPPhoneResponse>")
            }
        }
    }

    /// One word for reports: `success`, `error 4`, or the worst item's status.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Error(number) => format!("error {number}"),
            Self::Items(items) => match items.iter().map(|item| item.status).max() {
                None | Some(0) => "success".to_owned(),
                Some(status) => format!("status {status}"),
            },
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Handset {
    /// Runs a pushed object.
    pub(crate) fn handle_push(
        &mut self,
        now: Instant,
        object: Result<Object, Refusal>,
        xml: &str,
    ) -> PushReply {
        let success =
            |url: &str| ReplyItem { url: url.to_owned(), status: 0, data: "Success".to_owned() };
        match object {
            Err(_) | Ok(Object::FromPhone(_)) => PushReply::Error(1),
            Ok(Object::Status { text }) => {
                self.status_line = Some(text);
                self.tell_screen();
                PushReply::Items(vec![success("")])
            }
            Ok(Object::Page(page)) => {
                let fields = match &page.body {
                    Body::Input { items, .. } => {
                        items.iter().map(|item| item.default_value.clone()).collect()
                    }
                    _ => Vec::new(),
                };
                if let Some(url) = self.screen.url.clone().filter(|_| self.screen.keep) {
                    self.history.leave(&url);
                }
                self.flight = None;
                self.refresh_at = None;
                self.show(Screen {
                    cause: Cause::Push,
                    content: Content::Page(page),
                    xml: Some(xml.to_owned()),
                    fields,
                    ..Screen::closed(0)
                });
                PushReply::Items(vec![success("")])
            }
            Ok(Object::Execute(items)) => PushReply::Items(self.execute(now, &items, Cause::Push)),
        }
    }

    /// Runs the items of a fetched execute object; nobody is told what became of them.
    pub(super) fn execute_fetched(&mut self, now: Instant, items: &[ExecuteItem]) {
        for reply in self.execute(now, items, Cause::Execute) {
            if reply.status != 0 {
                self.event("refused", format!("{}: {:?}", reply.data, uri::redacted(&reply.url)));
            }
        }
    }

    fn execute(&mut self, now: Instant, items: &[ExecuteItem], cause: Cause) -> Vec<ReplyItem> {
        let mut pages = 0;
        items.iter().map(|item| self.execute_item(now, item, cause, &mut pages)).collect()
    }

    fn execute_item(
        &mut self,
        now: Instant,
        item: &ExecuteItem,
        cause: Cause,
        pages: &mut u8,
    ) -> ReplyItem {
        let reply = |status: u8, data: &str| ReplyItem {
            url: item.url.clone(),
            status,
            data: data.to_owned(),
        };
        match Uri::follow(&item.url, self.identity.model) {
            Err(_) => reply(1, "Invalid URI"),
            Ok(Uri::SoftKey(_) | Uri::Notify { .. } | Uri::QueryStringParam(_)) => {
                reply(1, "Invalid URI")
            }
            Ok(Uri::Http(url)) => {
                *pages += 1;
                if *pages > 1 {
                    return reply(1, "More than one http URL");
                }
                self.execute_page(now, url, item.priority, cause);
                reply(0, "Success")
            }
            Ok(_) => match self.run(now, &item.url, cause) {
                Ok(()) => reply(0, "Success"),
                Err(problem) => reply(6, &problem),
            },
        }
    }

    fn execute_page(&mut self, now: Instant, url: String, priority: u8, cause: Cause) {
        match priority {
            0 if self.flight.is_some() => self.pushed_next = Some(url),
            0 => self.get(now, &url, cause, false),
            _ if self.is_idle() => self.get(now, &url, cause, false),
            1 => self.pushed_when_idle = Some((url, cause)),
            _ => self.event("push_dropped", "priority 2 on a phone that is not idle"),
        }
    }
}
