//! An answer arrives: status, cookies, charset, refresh, expiry, then the object itself.

use std::time::{Duration, Instant, SystemTime};

use super::super::headers::{self, Media, header};
use super::super::object::{Body, Object};
use super::super::parse::{self, Delivery};
use super::super::screen::{Cause, Content, Screen};
use super::super::uri;
use super::{Answer, Failure, Flight, Handset, host};

impl Handset {
    /// Shows what came for the request `id`; answers to abandoned requests change nothing.
    pub(crate) fn handle_answer(
        &mut self,
        now: Instant,
        date: SystemTime,
        id: u64,
        answer: Result<Answer, Failure>,
    ) {
        let Some(flight) = self.flight.take_if(|flight| flight.id == id) else { return };
        match answer {
            Ok(answer) => self.read(now, date, &flight, answer),
            Err(failure) => {
                if matches!(failure, Failure::OldTls(_)) {
                    self.report(format!("{failure}: {}", uri::redacted(&flight.url)));
                }
                let text = failure.screen_text();
                self.message(&flight, text, None, None, Some(failure.to_string()));
            }
        }
        if self.flight.is_none()
            && let Some(url) = self.pushed_next.take()
        {
            self.get(now, &url, Cause::Push, false);
        }
    }

    fn read(&mut self, now: Instant, date: SystemTime, flight: &Flight, answer: Answer) {
        let model = self.identity.model;
        if let Some(host) = host(&flight.url) {
            for (_, value) in
                answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            {
                if let Some(problem) = self.jar.set(&host, value, now, date) {
                    self.report(problem);
                }
            }
        }
        if let Some(problem) = headers::judge_length(&answer.headers, model) {
            self.report(problem);
        }
        if headers::is_too_large(&answer.body) {
            self.report(format!("the answer has {} bytes", answer.body.len()));
            self.message(flight, "Data too large!", Some(&answer), None, None);
            return;
        }
        if answer.status != 200 {
            self.report(format!("status {} where an object is due with 200", answer.status));
            let text = match answer.status {
                404 => "File Not Found",
                503 => "Server Busy!",
                _ => "HTTP Error [8]",
            };
            self.message(flight, text, Some(&answer), None, None);
            return;
        }
        let decoded = headers::decode(header(&answer.headers, "content-type"), &answer.body);
        for violation in decoded.violations {
            self.report(violation);
        }
        if header(&answer.headers, "transfer-encoding").is_some()
            && headers::judge_length(&answer.headers, model).is_some()
        {
            // An HTTP/1.0 stack takes the chunk sizes for text.
            self.message(flight, "XML Error [4]", Some(&answer), None, None);
            return;
        }
        let undecodable = decoded.text.is_none();
        let text = decoded.text.unwrap_or_default();
        match decoded.media {
            Media::Audio => self.event("audio", format!("{} bytes", answer.body.len())),
            Media::Png => self.show_content(now, date, flight, &answer, Content::Picture, ""),
            Media::Unknown => self.message(flight, "XML Error [4]", Some(&answer), None, None),
            Media::PlainText => {
                self.judge_secrets(&text, &answer);
                let content = Content::Plain(self.blanked(&text));
                self.show_content(now, date, flight, &answer, content, &text);
            }
            Media::Xml if undecodable => {
                self.message(flight, "XML Error [4]", Some(&answer), None, None);
            }
            Media::Xml => {
                self.judge_secrets(&text, &answer);
                let parsed = parse::parse(&text, model, Delivery::Pull);
                for violation in parsed.violations {
                    self.report(violation);
                }
                match parsed.object {
                    Ok(Object::Page(page)) => {
                        let content = Content::Page(page);
                        self.show_content(now, date, flight, &answer, content, &text);
                    }
                    Ok(Object::Execute(items)) => self.execute_fetched(now, &items),
                    Ok(Object::Status { .. } | Object::FromPhone(_)) => {
                        self.message(flight, "XML Error [4]", Some(&answer), None, None);
                    }
                    Err(refusal) => {
                        let xml = self.blanked(&text);
                        self.message(flight, refusal.screen_text(), Some(&answer), Some(xml), None);
                    }
                }
            }
        }
    }

    fn show_content(
        &mut self,
        now: Instant,
        date: SystemTime,
        flight: &Flight,
        answer: &Answer,
        content: Content,
        text: &str,
    ) {
        let model = self.identity.model;
        let mut refresh = None;
        if let Some(value) = header(&answer.headers, "refresh") {
            let (parsed, violations) = headers::parse_refresh(value, model);
            violations.into_iter().for_each(|violation| self.report(violation));
            refresh = parsed;
        }
        let expires = header(&answer.headers, "expires");
        let (keep, violations) = headers::may_be_kept(expires, date, model);
        violations.into_iter().for_each(|violation| self.report(violation));
        if keep && flight.secret {
            self.report(
                "the answer to a form with a hidden field is not expired: Back would send the \
                 hidden value again"
                    .to_owned(),
            );
        }
        self.judge_old_tls(flight, text);
        self.leave_for(flight);
        let fields = match &content {
            Content::Page(page) => match &page.body {
                Body::Input { items, .. } => {
                    items.iter().map(|item| item.default_value.clone()).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.refresh_at = refresh
            .as_ref()
            .filter(|refresh| refresh.seconds > 0)
            .map(|refresh| now + Duration::from_secs(refresh.seconds));
        self.show(Screen {
            cause: flight.cause,
            content,
            url: Some(flight.url.clone()),
            status: Some(answer.status),
            headers: answer.headers.clone(),
            refresh,
            keep: keep && !flight.post,
            xml: Some(self.blanked(text)),
            chosen: self.chosen.clone(),
            fields,
            ..Screen::closed(0)
        });
    }

    fn message(
        &mut self,
        flight: &Flight,
        text: &str,
        answer: Option<&Answer>,
        xml: Option<String>,
        failure: Option<String>,
    ) {
        self.leave_for(flight);
        self.refresh_at = None;
        self.show(Screen {
            cause: flight.cause,
            content: Content::Message(text.to_owned()),
            url: Some(flight.url.clone()),
            status: answer.map(|answer| answer.status),
            headers: answer.map(|answer| answer.headers.clone()).unwrap_or_default(),
            xml,
            failure,
            ..Screen::closed(0)
        });
    }

    /// Puts the page on display into the history if the new one takes its place for good.
    fn leave_for(&mut self, flight: &Flight) {
        if !self.screen.keep || flight.in_place || flight.cause == Cause::Back {
            return;
        }
        if let Some(url) = self.screen.url.clone().filter(|url| *url != flight.url) {
            self.history.leave(&url);
        }
    }

    /// PHN-03: what was typed into a hidden field, or prefilled, never comes back.
    fn judge_secrets(&mut self, text: &str, answer: &Answer) {
        let echoed = |secret: &String| {
            text.contains(secret.as_str())
                || answer.headers.iter().any(|(_, value)| value.contains(secret.as_str()))
        };
        if self.long_secrets().any(echoed) {
            self.report("the answer holds the password that was typed or prefilled".to_owned());
        }
    }

    /// The text without passwords.
    fn blanked(&self, text: &str) -> String {
        self.long_secrets().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// Shorter ones are found everywhere by chance.
    fn long_secrets(&self) -> impl Iterator<Item = &String> {
        self.secrets.iter().filter(|secret| secret.chars().count() >= 4)
    }

    /// A phone reached over plain HTTP because its TLS is too old cannot follow a link to HTTPS.
    fn judge_old_tls(&mut self, flight: &Flight, text: &str) {
        let model = self.identity.model;
        if model.age == super::super::model::Age::Old
            && flight.url.starts_with("http://")
            && text.contains("https://")
        {
            self.report(format!(
                "{} was reached over http and cannot follow the https URL in this page",
                model.name
            ));
        }
    }
}
