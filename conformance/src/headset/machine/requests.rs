//! What the phone asks of the headset service.

use std::time::{Duration, Instant, UNIX_EPOCH};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Fault, Headset, Moment, Output};
use crate::headset::base::AgentState;
use crate::headset::documents::Service;
use crate::headset::timestamp;
use crate::sip::identity::uuid;

/// How long anything but an update may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An HTTP request to the service.
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
    pub(crate) patience: Duration,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (id, method, url) = (self.id, self.method, bare(&self.url));
        write!(formatter, "Request {id}: {method} {url}")
    }
}

/// A URL without its query, which may hold a key.
pub(super) fn bare(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// Text as it may stand in a path or a query.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What a request is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// The phone's file.
    File {
        why: &'static str,
    },
    Discovery {
        conditional: bool,
        /// Because nobody took the token.
        renews: bool,
    },
    /// With how many states had been told by then.
    Configuration {
        refers: u64,
        renewed: bool,
    },
    Update {
        update: Update,
        secondary: bool,
        repeat: bool,
    },
    Inventory {
        body: String,
        event: &'static str,
        secondary: bool,
    },
    Template,
}

/// One wish of the headset, the same for whichever service it goes to.
#[derive(Clone, Debug)]
pub(super) struct Update {
    pub(super) id: String,
    pub(super) state: AgentState,
    pub(super) reason: Option<u64>,
    pub(super) body: String,
    /// Whether it was sent with a token already that nobody would take.
    pub(super) renewed: bool,
}

impl Headset {
    /// The place of the registrar that the phone is at, or the one in the phone's file.
    pub(super) fn place(&self) -> Option<String> {
        if self.setup.file.is_some() {
            return self.in_file.clone();
        }
        let at = |it: &&super::Place| it.registrar.is_some() && it.registrar == self.registrar;
        let places = &self.setup.places;
        let found = places.iter().find(at).or(places.first());
        found.map(|place| place.discovery.clone())
    }

    /// Fetches the phone's file, where there is one, and discovers the service.
    pub(super) fn begin(&mut self, moment: Moment, why: &'static str) {
        let Some(url) = self.setup.file.clone() else { return self.discover(moment, why, true) };
        self.file_asked = true;
        self.send(moment, Purpose::File { why }, "GET", url, Vec::new(), None, PATIENCE);
    }

    /// Begins discovery; `anew` asks for the whole answer, whatever is known.
    pub(super) fn discover(&mut self, moment: Moment, why: &'static str, anew: bool) {
        let Some(url) = self.place() else { return };
        self.tried = Some(url.clone());
        self.event(json!({"event": "discovering", "url": bare(&url), "why": why}));
        // What is about to be over is not to be had by "not modified".
        let known = self.found.as_ref().filter(|_| !anew && !self.is_token_over(moment));
        let tag = known.map(|found| format!("\"{}\"", found.version));
        let conditional = tag.is_some();
        let mut headers = self.proof();
        headers.extend(tag.map(|tag| ("If-None-Match", tag)));
        let purpose = Purpose::Discovery { conditional, renews: why == "token" };
        let id = self.send(moment, purpose, "GET", url, headers, None, PATIENCE);
        self.discovering = Some(id);
    }

    /// Fetches the contact centre's configuration, where discovery told where it is.
    pub(super) fn configure(&mut self, moment: Moment, renewed: bool) {
        let found = self.found.as_ref().filter(|found| found.contact_centre.enabled);
        let Some(url) = found.and_then(|found| found.config_url.clone()) else {
            return self
                .event(json!({"event": "no_configuration", "words": "no service is known"}));
        };
        let purpose = Purpose::Configuration { refers: self.counts.refers, renewed };
        let headers = self.proof();
        let id = self.send(moment, purpose, "GET", url, headers, None, PATIENCE);
        self.configuring = Some(id);
    }

    /// A wish for that state, not yet sent.
    pub(super) fn update(&self, moment: Moment, state: AgentState) -> Update {
        let back = match self.faults {
            Some(Fault::ClockBack(back)) => back,
            _ => Duration::ZERO,
        };
        let sent_at = timestamp::write(moment.date.checked_sub(back).unwrap_or(UNIX_EPOCH));
        let id = uuid();
        let reason = self.default_reason.filter(|_| state == AgentState::NotReady);
        let mut body = json!({
            "deviceName": self.setup.device, "requestId": id, "state": state.name(),
            "sentAt": sent_at,
        });
        if let (Some(members), Some(reason)) = (body.as_object_mut(), reason) {
            members.insert("reasonCode".to_owned(), json!(reason));
        }
        Update { id, state, reason, body: body.to_string(), renewed: false }
    }

    /// Sends it to one of the two; says whether that one is known.
    pub(super) fn send_update(
        &mut self,
        moment: Moment,
        update: Update,
        secondary: bool,
        repeat: bool,
    ) -> bool {
        let service = self.found.as_ref().map(|found| &found.contact_centre);
        let Some(base) = service.and_then(|it| side(it, secondary)) else { return false };
        let url = format!("{base}/agent-state");
        let (body, patience) = (update.body.clone(), self.setup.update_patience);
        let purpose = Purpose::Update { update, secondary, repeat };
        let headers = self.proof();
        self.send(moment, purpose, "PUT", url, headers, Some(body), patience);
        true
    }

    /// Tells which headset is there, where that is due and wanted.
    pub(super) fn tell_inventory(&mut self, moment: Moment) {
        let wanted = self.found.as_ref().is_some_and(|found| found.inventory.enabled);
        if !self.inventory_due || !wanted {
            return;
        }
        self.inventory_due = false;
        let event = if self.base.plugged { "connected" } else { "disconnected" };
        let body = self.inventory(moment, event).to_string();
        self.send_inventory(moment, body, event, false);
    }

    pub(super) fn send_inventory(
        &mut self,
        moment: Moment,
        body: String,
        event: &'static str,
        secondary: bool,
    ) -> bool {
        let service = self.found.as_ref().map(|found| &found.inventory);
        let Some(base) = service.and_then(|it| side(it, secondary)) else { return false };
        let url = format!("{base}/events");
        let purpose = Purpose::Inventory { body: body.clone(), event, secondary };
        let headers = self.proof();
        self.send(moment, purpose, "POST", url, headers, Some(body), PATIENCE);
        true
    }

    fn inventory(&self, moment: Moment, event: &str) -> Value {
        let status = if self.base.plugged { "connected" } else { "disconnected" };
        json!({
            "deviceName": self.setup.device, "event": event,
            "headsets": [{
                "serialNumber": self.setup.serial, "model": self.setup.model, "vendor": "Cisco",
                "type": "dectWireless", "firmware": "2-1-0", "status": status,
                "since": timestamp::write(moment.date), "dockModel": "560 base",
                "deviceName": self.setup.device, "deviceModel": "CP-8845",
                "softwareVersion": "sip8845_65.12-8-1", "ageDays": 0,
            }],
        })
    }

    /// Asks for the settings of the headset's model, once.
    pub(super) fn fetch_template(&mut self, moment: Moment) {
        let service = self.found.as_ref().map(|found| &found.templates);
        let Some(base) = service.filter(|it| it.enabled).and_then(|it| side(it, false)) else {
            return;
        };
        if std::mem::take(&mut self.template_due) {
            let model = escaped(&self.setup.model);
            let url = format!("{base}/templates/{model}");
            let headers = self.proof();
            self.send(moment, Purpose::Template, "GET", url, headers, None, PATIENCE);
        }
    }

    /// Whether the token is about to be refused.
    pub(super) fn is_token_over(&self, moment: Moment) -> bool {
        let expires = self.found.as_ref().and_then(|found| found.token_expires);
        expires.is_some_and(|at| at <= seconds(moment))
    }

    fn proof(&self) -> Vec<(&'static str, String)> {
        let token = self.found.as_ref().and_then(|found| found.token.as_ref());
        token.map(|token| ("Authorization", format!("Bearer {token}"))).into_iter().collect()
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    fn send(
        &mut self,
        moment: Moment,
        purpose: Purpose,
        method: &'static str,
        url: String,
        mut headers: Vec<(&'static str, String)>,
        body: Option<String>,
        patience: Duration,
    ) -> u64 {
        self.ids += 1;
        let id = self.ids;
        headers.push(("Accept", "application/json".to_owned()));
        headers.push(("User-Agent", "Cisco-CP8845/12.8.1".to_owned()));
        if body.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        let began: Instant = moment.now;
        self.pending.push((id, purpose, began));
        let request = Request { id, method, url, headers, body, patience };
        self.outputs.push_back(Output::Fetch(request));
        id
    }
}

fn side(service: &Service, secondary: bool) -> Option<&String> {
    if secondary { service.secondary.as_ref() } else { service.primary.as_ref() }
}

/// Seconds since 1970.
pub(super) fn seconds(moment: Moment) -> u64 {
    moment.date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
