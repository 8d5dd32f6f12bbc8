//! What the service's answers do, and what is wrong with them.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::requests::{Purpose, Update, bare, seconds};
use super::{Fault, Headset, Moment};
use crate::headset::documents::{self, Discovery, Problems};
use crate::sip::event::milliseconds;

/// An HTTP answer, whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// An answer, or why there is none.
pub(crate) type Answered = Result<Answer, String>;

/// What discovery may be refused with, and everything else that is fetched.
const REFUSALS: [u16; 5] = [401, 403, 404, 429, 503];
/// What an update may be answered with.
const UPDATE_STATUSES: [u16; 10] = [200, 202, 400, 401, 403, 404, 409, 422, 429, 503];
/// What an event of the inventory may be answered with.
const EVENT_STATUSES: [u16; 7] = [202, 400, 401, 403, 404, 429, 503];

impl Headset {
    /// The answer to one of the machine's requests came, or none will.
    pub(crate) fn answered(&mut self, moment: Moment, id: u64, answered: Answered) {
        let Some(at) = self.pending.iter().position(|(each, ..)| *each == id) else { return };
        let (_, purpose, began) = self.pending.swap_remove(at);
        match purpose {
            Purpose::File { why } => self.filed(moment, why, answered),
            Purpose::Discovery { conditional, renews } => {
                if self.discovering == Some(id) {
                    self.discovering = None;
                    self.discovered(moment, conditional, renews, answered);
                }
            }
            Purpose::Configuration { refers, renewed } => {
                if self.configuring == Some(id) {
                    self.configuring = None;
                    self.configured(moment, refers, renewed, answered);
                }
            }
            Purpose::Update { update, secondary, repeat } => {
                self.updated(moment, began, update, secondary, repeat, answered);
            }
            Purpose::Inventory { body, event, secondary } => {
                self.counted(moment, body, event, secondary, answered);
            }
            Purpose::Template => self.templated(answered),
        }
        self.show();
    }

    /// The phone's file came; another URL in it is gone by at once.
    fn filed(&mut self, moment: Moment, why: &'static str, answered: Answered) {
        let read = answered.and_then(|answer| match answer.status {
            200 => Ok(documents::discovery_url_in(&answer.body)),
            status => Err(format!("the status {status}")),
        });
        match read {
            Err(words) => self.event(json!({"event": "no_file", "words": words})),
            Ok(Err(words)) => {
                self.violation(format!("the phone's file: {words}"));
                self.event(json!({"event": "no_file", "words": words}));
            }
            Ok(Ok(url)) => {
                let changed = self.in_file.as_ref() != Some(&url);
                self.event(json!({"event": "file", "url": bare(&url), "changed": changed}));
                self.in_file = Some(url);
                if changed {
                    self.discover(moment, why, true);
                }
            }
        }
    }

    fn discovered(&mut self, moment: Moment, conditional: bool, renews: bool, answered: Answered) {
        match self.read_discovery(moment, conditional, answered) {
            Ok(found) => {
                self.counts.discoveries += 1;
                self.event(json!({
                    "event": "discovered", "version": found.version,
                    "enabled": found.contact_centre.enabled, "mode": found.mode.name(),
                    "primary": found.contact_centre.primary,
                    "secondary": found.contact_centre.secondary,
                    "has_token": found.token.is_some(),
                }));
                let mode = found.mode;
                self.found = Some(found);
                self.set_mode(mode);
                if self.is_on() {
                    self.configure(moment, renews);
                }
                self.tell_inventory(moment);
                self.fetch_template(moment);
            }
            Err(words) => {
                self.counts.failed_discoveries += 1;
                self.found = None;
                self.set_mode(Default::default());
                self.event(json!({"event": "not_discovered", "words": words}));
            }
        }
        for update in std::mem::take(&mut self.waiting) {
            let state = update.state;
            if !self.send_update(moment, update, false, false) {
                self.event(json!({"event": "not_sent", "state": state.name(),
                    "words": "no service is known"}));
            }
        }
    }

    fn read_discovery(
        &mut self,
        moment: Moment,
        conditional: bool,
        answered: Answered,
    ) -> Result<Discovery, String> {
        let answer = answered?;
        let mut problems = Problems::new();
        let found = match (answer.status, self.found.clone()) {
            (304, Some(known)) if conditional => {
                if !answer.body.is_empty() {
                    problems.push("304 with a body".to_owned());
                }
                Ok(known)
            }
            (200, _) => {
                let content_type = answer.content_type.as_deref();
                let members = documents::object(content_type, &answer.body, &mut problems);
                let found = members.and_then(|members| {
                    let tag = answer.tag.as_deref();
                    let device = &self.setup.device;
                    documents::discovery(&members, device, tag, seconds(moment), &mut problems)
                });
                found.ok_or_else(|| "the answer cannot be gone by".to_owned())
            }
            (status, _) => {
                self.refusal(&answer, &mut problems);
                if status == 503 && answer.retry_after.is_none() {
                    problems.push("503 without Retry-After".to_owned());
                }
                Err(format!("the status {status}"))
            }
        };
        self.violations("discovery", problems);
        found
    }

    /// A status that is no success, with what its body has to tell.
    fn refusal(&self, answer: &Answer, problems: &mut Problems) -> Option<Map<String, Value>> {
        let members = documents::object(answer.content_type.as_deref(), &answer.body, problems);
        documents::answer(answer.status, &REFUSALS, members.as_ref(), problems);
        members
    }

    fn configured(&mut self, moment: Moment, refers: u64, renewed: bool, answered: Answered) {
        let answer = match answered {
            Err(words) => {
                return self.event(json!({"event": "no_configuration", "words": words}));
            }
            Ok(answer) => answer,
        };
        let mut problems = Problems::new();
        if answer.status != 200 {
            self.refusal(&answer, &mut problems);
            self.violations("configuration", problems);
            let words = format!("the status {}", answer.status);
            self.event(json!({"event": "no_configuration", "words": words}));
            if answer.status == 401 && !renewed && self.has_token() {
                self.discover(moment, "token", true);
            }
            return;
        }
        let content_type = answer.content_type.as_deref();
        let members = documents::object(content_type, &answer.body, &mut problems);
        let told = members.map(|members| documents::configuration(&members, &mut problems));
        self.violations("configuration", problems);
        let Some(told) = told else { return };
        self.counts.configurations += 1;
        self.set_mode(told.mode);
        self.base.mute_key = told.mute_key;
        self.default_reason = told.default_reason;
        // What a REFER told meanwhile is newer than what this answer was made of.
        if self.counts.refers == refers {
            (self.base.state, self.base.reason) = (told.state, told.reason);
            self.agent.clone_from(&told.agent);
            self.agent_problem.clone_from(&told.agent_problem);
        }
        self.event(json!({
            "event": "configured", "mode": told.mode.name(), "mute_button": told.mute_key.name(),
            "agent": told.agent, "agent_problem": told.agent_problem,
            "state": told.state.map(|state| state.name()), "reason": told.reason,
            "default_reason": told.default_reason,
        }));
    }

    fn updated(
        &mut self,
        moment: Moment,
        began: Instant,
        update: Update,
        secondary: bool,
        repeat: bool,
        answered: Answered,
    ) {
        let to = if secondary { "secondary" } else { "primary" };
        let took = milliseconds(moment.now.saturating_duration_since(began));
        let mut event = json!({
            "event": "update", "to": to, "state": update.state.name(), "reason": update.reason,
            "request_id": update.id, "repeat": repeat, "milliseconds": took,
        });
        let status = match answered {
            Err(words) => {
                add(&mut event, "failure", json!(words));
                None
            }
            Ok(answer) => {
                let mut problems = Problems::new();
                let content_type = answer.content_type.as_deref();
                let members = documents::object(content_type, &answer.body, &mut problems);
                let known = members.as_ref();
                documents::answer(answer.status, &UPDATE_STATUSES, known, &mut problems);
                self.violations("update", problems);
                add(&mut event, "status", json!(answer.status));
                add(&mut event, "answer", json!(members));
                Some(answer.status)
            }
        };
        self.event(event);
        self.last_answer = status;
        if status.is_some_and(|status| status < 500) {
            self.counts.updates += 1;
            self.service = Some(to);
        }
        // The token may be over, or its node's keys were changed; discovery gives another.
        if status == Some(401) && !update.renewed && self.has_token() {
            self.waiting.push(Update { renewed: true, ..update });
            return self.discover(moment, "token", true);
        }
        let failed = status.is_none_or(|status| status >= 500);
        let ignores = self.faults == Some(Fault::LateAnswerIgnored);
        if !secondary && !repeat && (failed || ignores) {
            self.send_update(moment, update, true, !failed);
        }
    }

    fn counted(
        &mut self,
        moment: Moment,
        body: String,
        what: &'static str,
        secondary: bool,
        answered: Answered,
    ) {
        let to = if secondary { "secondary" } else { "primary" };
        let mut event = json!({"event": "inventory", "what": what, "to": to});
        let status = match answered {
            Err(words) => {
                add(&mut event, "failure", json!(words));
                None
            }
            Ok(answer) => {
                let mut problems = Problems::new();
                let is_plain = answer.status < 300 && answer.body.is_empty();
                let members = match is_plain {
                    true => None,
                    false => {
                        let content_type = answer.content_type.as_deref();
                        documents::object(content_type, &answer.body, &mut problems)
                    }
                };
                let known = members.as_ref();
                documents::answer(answer.status, &EVENT_STATUSES, known, &mut problems);
                self.violations("inventory", problems);
                add(&mut event, "status", json!(answer.status));
                Some(answer.status)
            }
        };
        self.event(event);
        match status {
            Some(..500) => self.counts.inventories += 1,
            _ if !secondary => {
                self.send_inventory(moment, body, what, true);
            }
            _ => {}
        }
    }

    fn templated(&mut self, answered: Answered) {
        let answer = match answered {
            Err(words) => return self.event(json!({"event": "no_template", "words": words})),
            Ok(answer) => answer,
        };
        let mut problems = Problems::new();
        if answer.status == 200 {
            let content_type = answer.content_type.as_deref();
            let members = documents::object(content_type, &answer.body, &mut problems);
            let version = members.and_then(|members| {
                documents::template(&members, &self.setup.model, &mut problems)
            });
            self.event(json!({"event": "template", "version": version}));
        } else {
            self.refusal(&answer, &mut problems);
            let words = format!("the status {}", answer.status);
            self.event(json!({"event": "no_template", "words": words}));
        }
        self.violations("template", problems);
    }

    fn has_token(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.token.is_some())
    }

    fn violations(&mut self, about: &str, problems: Problems) {
        let url = self.tried.as_deref().map(bare).unwrap_or_default().to_owned();
        for words in problems {
            self.violation(format!("headset {about}: {words} ({url})"));
        }
    }
}

fn add(event: &mut Value, name: &str, value: Value) {
    if let Some(members) = event.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
