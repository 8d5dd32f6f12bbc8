//! REGISTER: a phone says where it is, keeps that alive, and takes it back.
//!
//! A keep-alive to a standby node (`cisco-keep-alive`, lifetime 0) is answered before anything is proven and
//! touches nothing. All else needs a proof; a phone has its own address of record, those of its lines, and
//! nobody else's. Cisco phones are granted the lifetime of the settings whatever they ask, since their
//! refresh is what tells that they are there (sip-remotecc notes: "Lifetime, keepalive, failover").

use std::time::Duration;

use domain::settings::Device;
use protocols::sip::body::remotecc::Response;
use protocols::sip::body::{RESPONSE_TYPE, ReasonAlarm, Remotecc, accepted};
use protocols::sip::registrar::{
    Asked as AskedContacts, AskedContact, Registered, RegistrarRefusal, Registration,
};
use protocols::sip::{Contacts, Message, Name, NameAddress, Status, Uri, Value};

use crate::bodies::Told;
use crate::element::{Asked, Element, Reply, State};
use crate::replies;
use crate::site::GRACE;

/// The parameter by which a phone tells that it only asks whether we are there.
const KEEP_ALIVE: &str = "cisco-keep-alive";
/// The parameter with the device's name.
const DEVICE_NAME: &str = "+u.sip!devicename.ccm.cisco.com";
/// The parameter with the device's number (RFC 5626).
const INSTANCE: &str = "+sip.instance";
/// What tells a phone that its registration is a new one.
const NEW: &str = ";x-cisco-newreg";
/// Extensions of such phones that we go along with.
const CISCO_SUPPORTED: &str = "X-cisco-srtp-fallback, X-cisco-sis-10.0.0";

impl Element {
    /// Answers a REGISTER.
    pub(crate) fn register(&self, state: &mut State, asked: &Asked<'_>) -> Reply {
        match self.registered(state, asked) {
            Ok(message) => Reply::new(message, true),
            Err(message) => Reply::new(message, false),
        }
    }

    fn registered(&self, state: &mut State, asked: &Asked<'_>) -> Result<Message, Message> {
        let request = asked.message;
        let bad = |words: &str| self.refusal(request, Status::BAD_REQUEST, words);
        let contacts = request.contacts().map_err(|problem| bad(&problem.to_string()))?;
        let expires = request.expires().map_err(|problem| bad(&problem.to_string()))?;
        if is_keep_alive(&contacts, expires) {
            let mut message = replies::plain(request, Status::OK, &self.tag());
            replies::date(&mut message, self.port.now());
            // A phone keeps its connection to the node that it would turn to.
            if let Some(connection) = asked.connection {
                self.flows().stands_by(connection, asked.site.silence());
            }
            return Err(message);
        }
        self.check_domain(asked)?;
        let who = self.prove(state, asked)?;
        let forbidden = |words: &str| self.refusal(request, Status::FORBIDDEN, words);
        let device = who.device().and_then(|name| asked.site.device(name));
        let device = device.ok_or_else(|| forbidden("no device of ours"))?;
        let to = request.to().map_err(|problem| bad(&problem.to_string()))?;
        let aor = to.uri.aor().ok_or_else(|| bad("To must be a sip or sips URI"))?;
        if !asked.site.may_have(device, &aor) {
            if self.once.says(asked.now, ("foreign", &device.name)).is_some() {
                tracing::info!(
                    device = %device.name, "a phone registers under an address of somebody else"
                );
            }
            return Err(forbidden("this address of record is another device's"));
        }
        if device.sip.as_ref().is_some_and(|sip| sip.next_hop.is_some()) {
            return Err(forbidden("this device is reached by a next hop; it registers there"));
        }
        let is_cisco = named_device(&contacts, device).map_err(forbidden)?;
        let told = self.told(asked)?;
        let registration =
            self.registration(asked, device, aor, contacts, expires, is_cisco, &told)?;
        let is_new = !matches!(registration.contacts, AskedContacts::Query)
            && !state.registrar.has_conversation(device.name.as_str(), &registration.call_id);
        if is_new && !state.rates.take(asked.now, &device.name) {
            return Err(self.put_off(request));
        }
        let granted = state.registrar.register(asked.now, &registration);
        let granted = granted.map_err(|refusal| self.not_registered(request, &refusal))?;
        let is_refresh = matches!(registration.contacts, AskedContacts::Contacts(_))
            && !granted.contacts.iter().any(|contact| contact.is_new)
            && state.registrar.is_reached(device.name.as_str());
        if is_refresh {
            // What is changed is told by the registrar; that the phone lives is news to who gave it up.
            self.port.channels().refreshed(&device.name);
        }
        let lasting = granted.contacts.iter().map(|contact| contact.expires).max();
        if let (Some(connection), Some(seconds), false) =
            (asked.connection, lasting, granted.outbound_used)
        {
            // Who does not keep its flow alive comes back when its registration wants it.
            connection.know(Duration::from_secs(seconds.into()) + GRACE);
        }
        Ok(self.granted(asked, &registration, &granted, &told, is_cisco))
    }

    /// Whether the request is for a domain of ours.
    fn check_domain(&self, asked: &Asked<'_>) -> Result<(), Message> {
        let uri = asked.message.request_uri().and_then(|uri| Uri::parse(uri).ok());
        let host = uri.and_then(|uri| uri.host_port().map(|it| it.host.to_string()));
        let local = self.flows().local(&asked.flow);
        let is_ours = host.is_some_and(|host| {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            asked.site.is_ours(&host)
                || bare.parse().is_ok_and(|address: std::net::IpAddr| {
                    let is_it =
                        |own: std::net::IpAddr| own.to_canonical() == address.to_canonical();
                    local.is_some_and(|it| it.ip().is_unspecified() || is_it(it.ip()))
                })
        });
        if is_ours {
            return Ok(());
        }
        let words = "this is no domain of ours; see sip.domains";
        Err(self.refusal(asked.message, Status::NOT_FOUND, words))
    }

    fn told(&self, asked: &Asked<'_>) -> Result<Told, Message> {
        let told = asked
            .body
            .told(asked.message)
            .map_err(|bad| self.bad_body(asked.message, &bad, "no such body in a REGISTER"))?;
        for _ in 0..told.unknown {
            self.figures().dropped("unknown_request");
        }
        Ok(told)
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing the request said")]
    fn registration(
        &self,
        asked: &Asked<'_>,
        device: &Device,
        aor: String,
        contacts: Contacts,
        expires: Option<u32>,
        is_cisco: bool,
        told: &Told,
    ) -> Result<Registration, Message> {
        let request = asked.message;
        let bad = |words: String| self.refusal(request, Status::BAD_REQUEST, &words);
        let contacts = match contacts {
            Contacts::All if expires == Some(0) => AskedContacts::RemoveAll,
            Contacts::All => return Err(bad("Contact: * needs Expires: 0".to_owned())),
            Contacts::List(list) if list.is_empty() => AskedContacts::Query,
            Contacts::List(list) => {
                let read: Result<Vec<_>, String> = list.iter().map(asked_contact).collect();
                AskedContacts::Contacts(read.map_err(bad)?)
            }
        };
        let path = request.routes(&Name::PATH).map_err(|problem| bad(problem.to_string()))?;
        let hop = self.trusted_hop_of(asked).filter(|_| !path.is_empty());
        if !path.is_empty() && hop.is_none() {
            let words = "Path comes from next hops that are trusted here alone";
            return Err(self.refusal(request, Status::FORBIDDEN, words));
        }
        let supports = |option: &str| {
            request.tokens(&Name::SUPPORTED).iter().any(|it| it.eq_ignore_ascii_case(option))
        };
        let cseq = request.cseq().map_err(|problem| bad(problem.to_string()))?;
        let vias = request.vias().map_err(|problem| bad(problem.to_string()))?;
        let user_agent = request.headers.get(&Name::USER_AGENT).map(Value::as_str);
        let options = told.options.as_ref();
        let combine = options.and_then(|options| options.combine.as_ref());
        Ok(Registration {
            aor,
            contacts,
            expires,
            call_id: request.call_id().to_owned(),
            cseq: cseq.number,
            path: path.iter().map(ToString::to_string).collect(),
            flow: asked.flow,
            hop,
            supports_outbound: supports("outbound"),
            has_many_vias: vias.len() > 1,
            device: Some(device.name.as_str().to_owned()),
            fixed_expires: is_cisco.then_some(asked.site.sip.phone_expires_seconds),
            user_agent: user_agent.map(|text| text.chars().take(100).collect()),
            remotecc: options.map(|_| combine.is_some_and(|combine| combine.remotecc_status)),
            combine_max: options.map(|_| combine.map_or(0, |combine| combine.max)),
        })
    }

    fn not_registered(&self, request: &Message, refusal: &RegistrarRefusal) -> Message {
        let status = status_of(refusal);
        let mut message = self.refusal(request, status, &refusal.to_string());
        if let RegistrarRefusal::TooBrief { min } = refusal {
            message.headers.push(Name::MIN_EXPIRES, Value::number((*min).into()));
        }
        if status == Status::SERVICE_UNAVAILABLE {
            replies::retry_after(&mut message, self.jitter(30, 90));
        }
        message
    }

    fn granted(
        &self,
        asked: &Asked<'_>,
        registration: &Registration,
        granted: &Registered,
        told: &Told,
        is_cisco: bool,
    ) -> Message {
        let request = asked.message;
        let mut message = replies::plain(request, Status::OK, &self.tag());
        for contact in &granted.contacts {
            let new = if is_cisco && contact.is_new { NEW } else { "" };
            let value =
                format!("<{}>{}{new};expires={}", contact.uri, contact.parameters, contact.expires);
            replies::add(&mut message, Name::CONTACT, &value);
        }
        for path in &registration.path {
            replies::add(&mut message, Name::PATH, path);
        }
        if let Some(expires) = registration.fixed_expires.filter(|_| !granted.contacts.is_empty()) {
            message.headers.push(Name::EXPIRES, Value::number(expires.into()));
        }
        replies::date(&mut message, self.port.now());
        if granted.outbound_used {
            replies::add(&mut message, Name::REQUIRE, "outbound");
            let seconds = asked.site.sip.flow_timer_seconds;
            message.headers.push(Name::FLOW_TIMER, Value::number(seconds.into()));
        }
        let supported = if is_cisco { CISCO_SUPPORTED } else { "path, outbound" };
        replies::add(&mut message, Name::SUPPORTED, supported);
        self.note_reset(asked, registration);
        // Who said nothing is told nothing.
        if told.has_body && replies::takes(request, RESPONSE_TYPE) {
            let options = told.options.as_ref().map(accepted);
            let response = Remotecc::Response(Response { code: 200, options });
            if let Ok(body) = response.encode(asked.site.reason) {
                replies::add(&mut message, Name::CONTENT_TYPE, RESPONSE_TYPE);
                message.body = body;
            }
        }
        message
    }

    /// A phone says why it starts, or leaves.
    fn note_reset(&self, asked: &Asked<'_>, registration: &Registration) {
        let reason = asked.message.headers.get(&Name::REASON).map(Value::as_str);
        if let Some(alarm) = reason.and_then(ReasonAlarm::of)
            && self.once.says(asked.now, ("reason", &registration.device)).is_some()
        {
            tracing::info!(
                device = registration.device.as_deref().unwrap_or_default(),
                alarm = alarm.code,
                last = ?alarm.last,
                load = %alarm.load.unwrap_or_default().escape_debug(),
                is_reset = alarm.last.is_some() && asked.message.expires().ok().flatten() == Some(0),
                "a phone tells why it registers anew, or leaves",
            );
        }
    }
}

fn is_keep_alive(contacts: &Contacts, expires: Option<u32>) -> bool {
    let Contacts::List(contacts) = contacts else { return false };
    !contacts.is_empty()
        && contacts.iter().all(|contact| {
            let own = contact.parameters.get("expires").and_then(|it| it.parse().ok());
            contact.parameters.has(KEEP_ALIVE) && own.or(expires) == Some(0)
        })
}

/// Whether the contacts are those of a phone that names its device; it must be the one that was proven.
fn named_device(contacts: &Contacts, device: &Device) -> Result<bool, &'static str> {
    let Contacts::List(contacts) = contacts else { return Ok(false) };
    let mut is_cisco = false;
    for name in contacts.iter().filter_map(|contact| contact.parameters.get(DEVICE_NAME)) {
        if !name.eq_ignore_ascii_case(device.name.as_str()) {
            return Err("the contact names another device");
        }
        is_cisco = true;
    }
    Ok(is_cisco)
}

fn asked_contact(contact: &NameAddress) -> Result<AskedContact, String> {
    let parameters = &contact.parameters;
    let number = |name: &str| match parameters.get(name) {
        None => Ok(None),
        Some(text) => match text.parse::<u32>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("Contact: {name} must be a number below 2^32")),
        },
    };
    if !contact.uri.is_sip() {
        return Err("Contact must be a sip or sips URI".to_owned());
    }
    Ok(AskedContact {
        uri: contact.uri.as_str().to_owned(),
        parameters: parameters.without(&["expires"]).to_string(),
        instance: parameters.get(INSTANCE).map(str::to_owned),
        reg_id: number("reg-id")?,
        expires: number("expires")?,
        keep_alive: parameters.has(KEEP_ALIVE),
    })
}

fn status_of(refusal: &RegistrarRefusal) -> Status {
    match refusal {
        RegistrarRefusal::TooBrief { .. } => Status::INTERVAL_TOO_BRIEF,
        RegistrarRefusal::OutOfOrder => Status::SERVER_ERROR,
        RegistrarRefusal::TooMany { .. } => Status::FORBIDDEN,
        RegistrarRefusal::Full { .. } => Status::SERVICE_UNAVAILABLE,
        RegistrarRefusal::WildcardMisused | RegistrarRefusal::SeveralFlows => Status::BAD_REQUEST,
        RegistrarRefusal::TooLong { .. } => Status::MESSAGE_TOO_LARGE,
        RegistrarRefusal::FirstHopLacksOutbound => Status::FIRST_HOP_LACKS_OUTBOUND,
    }
}
