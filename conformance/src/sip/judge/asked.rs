//! REFER and NOTIFY to the phone: their form, and what they ask.

use serde_json::{Value, json};

use super::{Problems, outline};
use crate::sip::body::{self, Part};
use crate::sip::compose::is_supported;
use crate::sip::grammar;
use crate::sip::identity::Transport;
use crate::sip::message::{Message, Start};

/// What the phone knows when a request comes.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) transport: Transport,
    /// The Contact URI it registered; none where it is not registered.
    pub(crate) contact_uri: Option<&'a str>,
    /// Call-ID of its REGISTER.
    pub(crate) register_call_id: &'a str,
    /// Whether it offered `combine` with `remotecc`, and how many may share one request.
    pub(crate) combine_max: u64,
    /// Call-ID and own tag of each REFER of the phone that a NOTIFY may end, with the server's tag.
    pub(crate) referrals: &'a [Referral],
}

/// A REFER of the phone whose outcome is awaited.
#[derive(Clone, Debug)]
pub(crate) struct Referral {
    pub(crate) call_id: String,
    pub(crate) own_tag: String,
    pub(crate) server_tag: Option<String>,
    pub(crate) cseq: u32,
}

/// What service-control wants of the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Restart,
    Reset,
}

/// The verdict.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) problems: Problems,
    /// What to answer.
    pub(crate) code: u16,
    /// Name of the event.
    pub(crate) name: &'static str,
    /// What is asked, for the event.
    pub(crate) asked: Value,
    pub(crate) service: Option<Service>,
    /// Whether it came within the dialog of a REFER of the phone.
    in_dialog: bool,
    /// Call-ID of the phone's REFER that this NOTIFY ends.
    pub(crate) ends: Option<String>,
}

/// Judges any request to the phone.
pub(crate) fn judge(known: &Known<'_>, message: &Message) -> Verdict {
    let Start::Request { method, uri } = &message.start else {
        return verdict("other", 400);
    };
    let mut verdict = match method.as_str() {
        "REFER" => refer(known, message),
        "NOTIFY" => notify(known, message),
        "OPTIONS" => verdict("options", 200),
        _ => Verdict { asked: json!({"method": method}), ..verdict("other", 405) },
    };
    if !verdict.problems.is_empty() && verdict.code < 300 {
        verdict.code = 400;
    }
    let mut problems = outline::request(message, known.transport, method);
    if !problems.is_empty() {
        verdict.code = 400;
    }
    let to_tag = message.get("to").is_some_and(|to| outline::tag(to).is_some());
    if !verdict.in_dialog && to_tag {
        problems.push("To has a tag outside any dialog".to_owned());
        verdict.code = 481;
    }
    match known.contact_uri {
        None => {
            problems.push("a request to a phone that is not registered".to_owned());
            verdict.code = 480;
        }
        Some(contact) if contact != uri => {
            problems
                .push(format!("the Request-URI is not the registered Contact {contact}: {uri}"));
            verdict.code = 404;
        }
        Some(_) => {}
    }
    let required = message.list("require").unwrap_or_default();
    if let Some(unknown) = required.iter().find(|option| !is_supported(option)) {
        problems.push(format!("Require: {unknown}, which the phone does not support"));
        verdict.code = 420;
    }
    problems.append(&mut verdict.problems);
    Verdict { problems, ..verdict }
}

fn verdict(name: &'static str, code: u16) -> Verdict {
    Verdict {
        problems: Vec::new(),
        code,
        name,
        asked: Value::Null,
        service: None,
        in_dialog: false,
        ends: None,
    }
}

fn refer(known: &Known<'_>, message: &Message) -> Verdict {
    let mut problems = refer_head(message);
    let asked = match requests(message) {
        Err(words) => {
            problems.push(words);
            Value::Null
        }
        Ok(requests) => {
            let commands = requests.iter().filter(|it| it.get("request").is_some()).count();
            if known.combine_max == 0 && commands > 0 {
                problems.push("remotecc to a phone that did not offer it".to_owned());
            } else if commands as u64 > known.combine_max {
                problems.push(format!(
                    "{commands} requests in one; the phone takes {}",
                    known.combine_max
                ));
            }
            let is_headset =
                |it: &&Value| it.get("request") == Some(&json!("hsintegrationservices"));
            if requests.iter().any(|it| is_headset(&it)) {
                problems.push("hsintegrationservices by REFER; it comes by NOTIFY".to_owned());
            }
            Value::Array(requests)
        }
    };
    Verdict { problems, asked, ..verdict("refer", 202) }
}

fn refer_head(message: &Message) -> Problems {
    let mut problems = Problems::new();
    let required = message.list("require").unwrap_or_default();
    if !required.iter().any(|option| option.eq_ignore_ascii_case("norefersub")) {
        problems.push("REFER without Require: norefersub".to_owned());
    }
    if message.get("referred-by").is_none() {
        problems.push("REFER without Referred-By".to_owned());
    }
    match message.list("refer-to").unwrap_or_default().as_slice() {
        [target] => problems.extend(refer_to(message, target).err()),
        several => problems.push(format!("{} Refer-To in a REFER", several.len())),
    }
    problems
}

/// `Refer-To: cid:ID` names the Content-Id of the body or of one of its parts.
fn refer_to(message: &Message, target: &str) -> Result<(), String> {
    let uri = grammar::name_address(target).map_err(|words| format!("Refer-To: {words}"))?.uri;
    let Some(id) = uri.strip_prefix("cid:") else {
        return Err(format!("Refer-To does not name the body: {uri}"));
    };
    let outer = message.get("content-id").map(body::without_brackets);
    let Some(content_type) = message.get("content-type") else {
        return Err("REFER without a body".to_owned());
    };
    let parts = body::parts(content_type, &message.body).unwrap_or_default();
    let inner = parts.iter().filter_map(|part| part.id.as_deref());
    match inner.chain(outer).any(|each| each == id) {
        true => Ok(()),
        false => Err(format!("Refer-To names {id}, which is no Content-Id of this message")),
    }
}

/// All requests and objects of a body, in order.
fn requests(message: &Message) -> Result<Vec<Value>, String> {
    let content_type = message.get("content-type").ok_or("a request without Content-Type")?;
    let parts = body::parts(content_type, &message.body)?;
    let is_multipart = grammar::media_type(content_type)?.0 == body::MULTIPART;
    if is_multipart && message.get("mime-version").is_none() {
        return Err("multipart without MIME-Version: 1.0".to_owned());
    }
    let mut told: Vec<Value> = Vec::new();
    for Part { media_type, body: bytes, .. } in parts {
        let value = match media_type.as_str() {
            body::REQUEST => body::request(bytes)?,
            body::RESPONSE => json!({"response": body::response(bytes)?.0}),
            body::OBJECT => {
                let before = told.last().and_then(|it| it.get("request"));
                if before != Some(&json!("datapassthroughreq")) {
                    return Err("an object that no datapassthroughreq precedes".to_owned());
                }
                body::object(bytes)?
            }
            other => return Err(format!("a part of type {other}")),
        };
        told.push(value);
    }
    let passes = told.iter().filter(|it| it.get("request") == Some(&json!("datapassthroughreq")));
    let objects = told.iter().filter(|it| it.get("object").is_some());
    match passes.count() == objects.count() {
        true => Ok(told),
        false => Err("a datapassthroughreq without its object".to_owned()),
    }
}

fn notify(known: &Known<'_>, message: &Message) -> Verdict {
    let Some(event) = message.get("event") else {
        let problems = vec!["NOTIFY without Event".to_owned()];
        return Verdict { problems, ..verdict("notify", 489) };
    };
    let package = event.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut found = match package.as_str() {
        "service-control" => service_control(known, message),
        "refer" => outcome(known, message),
        // Indicators of the usual packages come unsolicited; their bodies are not this phone's matter.
        "message-summary" | "dialog" | "presence" => verdict("notify", 200),
        _ => {
            let problems = vec![format!("NOTIFY of the event {package}")];
            Verdict { problems, ..verdict("notify", 489) }
        }
    };
    if message.get("subscription-state").is_none() {
        found.problems.push("NOTIFY without Subscription-State".to_owned());
        found.code = 400;
    }
    found.asked = json!({"event": package, "content": found.asked});
    found
}

fn state(message: &Message) -> String {
    let value = message.get("subscription-state").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn service_control(known: &Known<'_>, message: &Message) -> Verdict {
    let mut found = verdict("notify", 200);
    if state(message) != "active" {
        found.problems.push("service-control whose Subscription-State is not active".to_owned());
    }
    if known.combine_max == 0 {
        found.problems.push("service-control to a phone that did not offer it".to_owned());
    }
    let media_type = message.get("content-type").and_then(|it| grammar::media_type(it).ok());
    let read = match media_type.as_ref().map(|(name, _)| name.as_str()) {
        Some("text/plain") => lines(known, message),
        Some(body::REQUEST) => match body::request(&message.body) {
            Ok(told) if told.get("request") == Some(&json!("hsintegrationservices")) => {
                Ok((told, None))
            }
            Ok(_) => {
                Err("service-control with another request than hsintegrationservices".to_owned())
            }
            Err(words) => Err(words),
        },
        other => Err(format!("service-control of type {}", other.unwrap_or("none"))),
    };
    match read {
        Ok((asked, service)) => (found.asked, found.service) = (asked, service),
        Err(words) => found.problems.push(words),
    }
    found
}

/// Lines `key=value` with CR LF.
fn lines(known: &Known<'_>, message: &Message) -> Result<(Value, Option<Service>), String> {
    let text = std::str::from_utf8(&message.body).map_err(|_| "service-control is not UTF-8")?;
    let mut told = serde_json::Map::new();
    for line in text.strip_suffix("\r\n").unwrap_or(text).split("\r\n") {
        let Some((key, value)) = line.split_once('=').filter(|_| !line.contains(['\r', '\n']))
        else {
            return Err(format!("service-control has the line {line:?}"));
        };
        if told.insert(key.to_owned(), json!(value)).is_some() {
            return Err(format!("service-control says {key} twice"));
        }
    }
    let said = |key: &str| told.get(key).and_then(Value::as_str);
    let service = match said("action") {
        Some("restart") => Some(Service::Restart),
        Some("reset") => Some(Service::Reset),
        Some("prt-report" | "check-version") => None,
        other => return Err(format!("service-control with the action {other:?}")),
    };
    let braced = format!("{{{}}}", known.register_call_id);
    if said("RegisterCallId") != Some(&braced) {
        return Err(format!("RegisterCallId is not {braced}: {:?}", said("RegisterCallId")));
    }
    let stamps =
        ["Config", "Dialplan", "Softkey", "FeatureControl"].map(|it| format!("{it}VersionStamp"));
    let is_report = said("action") == Some("prt-report");
    for stamp in &stamps {
        match said(stamp) {
            None if is_report => {}
            Some(_) if is_report => return Err(format!("{stamp} in a prt-report")),
            Some(value) if is_braced_guid(value) => {}
            other => return Err(format!("{stamp} is no GUID in braces: {other:?}")),
        }
    }
    let known_keys =
        |key: &String| key == "action" || key == "RegisterCallId" || stamps.contains(key);
    match told.keys().find(|key| !known_keys(key)) {
        Some(key) => Err(format!("service-control says {key}, which no phone knows")),
        None => Ok((Value::Object(told), service)),
    }
}

fn is_braced_guid(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let lengths = inner.split('-').map(str::len);
    let hex = inner.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    hex && lengths.eq([8, 4, 4, 4, 12])
}

/// A NOTIFY within the dialog that a REFER of the phone began.
fn outcome(known: &Known<'_>, message: &Message) -> Verdict {
    let call_id = message.get("call-id").unwrap_or_default();
    let own = message.get("to").and_then(outline::tag);
    let theirs = message.get("from").and_then(outline::tag);
    let found = known.referrals.iter().find(|referral| {
        referral.call_id == call_id
            && own.as_ref() == Some(&referral.own_tag)
            && (referral.server_tag.is_none() || referral.server_tag == theirs)
    });
    let Some(referral) = found else {
        let problems = vec!["NOTIFY of a REFER that the phone did not send".to_owned()];
        return Verdict { problems, ..verdict("notify", 481) };
    };
    let mut judged = Verdict { in_dialog: true, ..verdict("notify", 200) };
    let event = message.get("event").unwrap_or_default();
    let id =
        grammar::parameters(event.find(';').and_then(|at| event.get(at..)).unwrap_or_default());
    let id = id.ok().and_then(|it| it.text("id"));
    if id.is_some_and(|id| id != referral.cseq.to_string()) {
        judged.problems.push("the id of Event is not the CSeq of the REFER".to_owned());
    }
    if state(message) == "terminated" {
        judged.ends = Some(referral.call_id.clone());
        let media_type = message.get("content-type").and_then(|it| grammar::media_type(it).ok());
        match media_type.as_ref().map(|(name, _)| name.as_str()) {
            Some(body::RESPONSE) => match body::response(&message.body) {
                Ok((code @ (200 | 500), _)) => judged.asked = json!({"response": code}),
                Ok((code, _)) => judged.problems.push(format!("a response with the code {code}")),
                Err(words) => judged.problems.push(words),
            },
            Some("message/sipfrag") => {
                let text = String::from_utf8_lossy(&message.body);
                let is_status = text.starts_with("SIP/2.0 ");
                judged.asked = json!({"sipfrag": text.lines().next()});
                if !is_status {
                    judged.problems.push("a sipfrag without a status line".to_owned());
                }
            }
            other => {
                judged.problems.push(format!("the outcome of type {}", other.unwrap_or("none")))
            }
        }
    }
    judged
}
