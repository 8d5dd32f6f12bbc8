//! A push that passed authentication: run it, and say in the phone's own terms what became of it.

use std::time::Instant;

use super::super::object::{Body, ExecuteItem, Object};
use super::super::parse::Refusal;
use super::super::screen::{Cause, Content, Screen};
use super::super::uri::Uri;
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
            Ok(Object::Execute(items)) => {
                let mut pages = 0;
                let replies = items.iter().map(|item| self.pushed_item(now, item, &mut pages));
                PushReply::Items(replies.collect())
            }
        }
    }

    fn pushed_item(&mut self, now: Instant, item: &ExecuteItem, pages: &mut u8) -> ReplyItem {
        let reply = |status: u8, data: &str| ReplyItem {
            url: item.url.clone(),
            status,
            data: data.to_owned(),
        };
        match Uri::parse(&item.url) {
            Err(_) => reply(1, "Invalid URI"),
            Ok(Uri::SoftKey(_) | Uri::Notify { .. } | Uri::QueryStringParam(_)) => {
                reply(1, "Invalid URI")
            }
            Ok(Uri::Http(url)) => {
                *pages += 1;
                if *pages > 1 {
                    return reply(1, "More than one http URL");
                }
                self.pushed_page(now, url, item.priority);
                reply(0, "Success")
            }
            Ok(_) => match self.run(now, &item.url, Cause::Push) {
                Ok(()) => reply(0, "Success"),
                Err(problem) => reply(6, &problem),
            },
        }
    }

    fn pushed_page(&mut self, now: Instant, url: String, priority: u8) {
        match priority {
            0 if self.flight.is_some() => self.pushed_next = Some(url),
            0 => self.get(now, &url, Cause::Push, false),
            _ if self.is_idle() => self.get(now, &url, Cause::Push, false),
            1 => self.pushed_when_idle = Some(url),
            _ => self.event("push_dropped", "priority 2 on a phone that is not idle"),
        }
    }
}
