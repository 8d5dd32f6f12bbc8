//! What a phone sends: requests as Cisco phones write them, and answers.

use std::fmt::Write;
use std::net::SocketAddr;

use super::body::{ALARM, BOUNDARY, OBJECT, REQUEST, RESPONSE};
use super::chance;
use super::identity::{Identity, Settings};
use super::message::Message;

/// What the phone supports, as one of them wrote it.
pub(crate) const SUPPORTED: &str = "replaces, join, sdp-anat, norefersub, resource-priority, \
    extended-refer, X-cisco-callinfo, X-cisco-serviceuri, X-cisco-escapecodes, \
    X-cisco-service-control, X-cisco-srtp-fallback, X-cisco-monrec, X-cisco-config, \
    X-cisco-sis-7.0.0, X-cisco-xsi-8.5.1";
/// What is added for a phone with several flows.
const OUTBOUND: &str = "path, outbound, gruu";
const USER_AGENT: &str = "Cisco-CP7821/12.1.1";
/// Seconds a phone asks for; what it gets is another matter.
const EXPIRES_ASKED: u64 = 3600;

/// Oddities of how messages are written, all legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// Compact names of headers.
    pub(crate) compact: bool,
    /// Folded lines and odd space.
    pub(crate) folded: bool,
    /// As RFC 2543: no magic branch, no Max-Forwards.
    pub(crate) old: bool,
}

/// A request before it has a Via and proof of identity.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: &'static str,
    pub(crate) uri: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) contact: Option<String>,
    /// Newer Cisco phones write it, and their servers copy it back; others need not.
    pub(crate) session_id: Option<String>,
    /// Further headers, in order.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Outgoing {
    /// The bytes of it.
    pub(crate) fn render(
        &self,
        via: &str,
        proof: Option<&(&'static str, String)>,
        style: Style,
    ) -> Vec<u8> {
        let mut text = format!("{} {} SIP/2.0\r\n", self.method, self.uri);
        let cseq = format!("{} {}", self.cseq, self.method);
        let mut fields: Vec<(&str, &str)> = vec![
            ("Via", via),
            ("From", &self.from),
            ("To", &self.to),
            ("Call-ID", &self.call_id),
            ("CSeq", &cseq),
        ];
        if !style.old {
            fields.push(("Max-Forwards", "70"));
            fields.extend(self.session_id.as_deref().map(|id| ("Session-ID", id)));
        }
        fields.extend(self.contact.as_deref().map(|contact| ("Contact", contact)));
        fields.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        fields.extend(proof.map(|(name, value)| (*name, value.as_str())));
        let length = self.body.len().to_string();
        fields.push(("Content-Length", &length));
        for (name, value) in fields {
            line(&mut text, name, value, style);
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn line(text: &mut String, name: &str, value: &str, style: Style) {
    let short = [
        ("Via", "v"),
        ("From", "f"),
        ("To", "t"),
        ("Call-ID", "i"),
        ("Contact", "m"),
        ("Supported", "k"),
        ("Content-Type", "c"),
        ("Content-Length", "l"),
        ("Refer-To", "r"),
        ("Referred-By", "b"),
    ];
    let short = short.iter().find(|(long, _)| style.compact && *long == name);
    let name = short.map_or(name, |(_, short)| short);
    // Writing to a string cannot fail.
    let _ = match style.folded {
        true => write!(text, "{name} :\r\n \t{value}\r\n"),
        false => write!(text, "{name}: {value}\r\n"),
    };
}

/// A fresh Via of this phone.
pub(crate) fn via(settings: &Settings, local: SocketAddr, style: Style) -> String {
    let magic = if style.old { "" } else { "z9hG4bK" };
    let rport = if settings.rport { ";rport" } else { "" };
    let transport = settings.transport.via();
    format!("SIP/2.0/{transport} {local};branch={magic}{}{rport}", chance::hex(2))
}

/// The phone's Contact URI.
pub(crate) fn contact_uri(settings: &Settings, identity: &Identity, local: SocketAddr) -> String {
    format!("sip:{}@{local};transport={}", identity.contact_user, settings.transport.parameter())
}

/// The phone's Contact with its parameters, as REGISTER carries it.
pub(crate) fn contact(settings: &Settings, identity: &Identity, local: SocketAddr) -> String {
    let mut contact = format!("<{}>", contact_uri(settings, identity, local));
    // Writing to a string cannot fail.
    let _ = write!(contact, ";+sip.instance=\"{}\"", identity.instance());
    if let Some(number) = settings.flow_number {
        let _ = write!(contact, ";reg-id={number}");
    }
    if !settings.plain {
        let Identity { device, model, .. } = identity;
        let _ = write!(
            contact,
            ";+u.sip!devicename.ccm.cisco.com=\"{device}\";+u.sip!model.ccm.cisco.com=\"{model}\""
        );
    }
    contact
}

/// A dialog's beginning that stays the same over refreshes.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) call_id: String,
    pub(crate) tag: String,
    pub(crate) cseq: u32,
    pub(crate) session_id: String,
}

impl Thread {
    /// One that has sent nothing.
    pub(crate) fn new(local: SocketAddr) -> Self {
        Self {
            call_id: format!("{}@{}", chance::hex(2), host(local)),
            tag: chance::hex(1),
            cseq: 100,
            session_id: format!("{};remote={}", chance::hex(2), "0".repeat(32)),
        }
    }
}

/// An address as a URI's host.
pub(crate) fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// What a REGISTER is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registering {
    /// The first after a start, with a body.
    Fresh,
    /// Bare.
    Refresh,
    /// A true end; what the phone says it is for, if it says so.
    End(Option<&'static str>),
    /// To a standby node: touches nothing.
    KeepAlive,
}

/// A REGISTER for all lines.
pub(crate) fn register(
    settings: &Settings,
    identity: &Identity,
    local: SocketAddr,
    thread: &mut Thread,
    registering: Registering,
) -> Outgoing {
    thread.cseq += 1;
    let address = format!("<sip:{}@{}>", identity.user, settings.domain);
    let mut contact = contact(settings, identity, local);
    let mut supported = SUPPORTED.to_owned();
    if settings.flow_number.is_some() {
        supported = format!("{supported}, {OUTBOUND}");
    }
    let mut headers = vec![("User-Agent", USER_AGENT.to_owned()), ("Supported", supported)];
    let expires = match registering {
        Registering::Fresh | Registering::Refresh => EXPIRES_ASKED,
        Registering::End(_) => 0,
        Registering::KeepAlive => {
            contact.push_str(";expires=0;cisco-keep-alive");
            0
        }
    };
    headers.push(("Expires", expires.to_string()));
    let last = match registering {
        Registering::Fresh => Some("initialized"),
        Registering::End(last) => last,
        Registering::Refresh | Registering::KeepAlive => None,
    };
    if let Some(last) = last.filter(|_| !settings.plain) {
        let reason = format!(
            "SIP;cause=200;text=\"cisco-alarm:25 Name={} ActiveLoad=sip78xx.12-1-1 \
             InactiveLoad=none Last={last}\"",
            identity.device
        );
        headers.push(("Reason", reason));
    }
    let mut body = Vec::new();
    if registering == Registering::Fresh && !settings.plain {
        headers.push(("MIME-Version", "1.0".to_owned()));
        headers.push(("Content-Type", format!("multipart/mixed;boundary={BOUNDARY}")));
        body = multipart(&[(REQUEST, BULK_REGISTER.as_bytes()), (REQUEST, &options(settings))]);
    }
    Outgoing {
        method: "REGISTER",
        uri: format!("sip:{}", settings.domain),
        from: format!("{address};tag={}", thread.tag),
        to: address,
        call_id: thread.call_id.clone(),
        cseq: thread.cseq,
        contact: Some(contact),
        session_id: (!settings.plain).then(|| thread.session_id.clone()),
        headers,
        body,
    }
}

const BULK_REGISTER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <x-cisco-remotecc-request>\n<bulkregisterreq>\n<contact all=\"true\">\n<register></register>\n\
    </contact>\n</bulkregisterreq>\n</x-cisco-remotecc-request>\n";

/// The second part of a REGISTER's body: what the phone can do.
pub(crate) fn options(settings: &Settings) -> Vec<u8> {
    let combine = match settings.remotecc {
        true => {
            "<combine max=\"6\">\n<remotecc>\n<status></status>\n</remotecc>\n\
             <service-control></service-control>\n</combine>\n"
        }
        false => "",
    };
    let state = |element: &str, usage: &str| {
        format!("<{element} usage=\"{usage}\">\n<unot></unot>\n<sub></sub>\n</{element}>\n")
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-request>\n<optionsind>\n\
         {combine}{}{}{}<joinreq></joinreq>\n<cfwdall-anyline></cfwdall-anyline>\n\
         <coaching></coaching>\n<oosalarm></oosalarm>\n</optionsind>\n</x-cisco-remotecc-request>\n",
        state("dialog", "hook status"),
        state("dialog", "shared line"),
        state("presence", "blf speed dial"),
    )
    .into_bytes()
}

fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (media_type, body) in parts {
        bytes.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Type: {media_type}\r\n\
                 Content-Disposition: session;handling=optional\r\n\r\n"
            )
            .as_bytes(),
        );
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    bytes
}

/// What a phone tells the server by REFER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Asks whether it may come home.
    Token,
    Alarm,
    /// A soft key of its own, such as `HLog`.
    SoftKey(String),
    /// The data field of a `UserCallData:` URI, with its application's number.
    Data {
        application: u32,
        text: String,
    },
    /// The result of something the server asked for.
    Result(u16),
}

impl Telling {
    /// Its name in events.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Alarm => "alarm",
            Self::SoftKey(_) => "softkey",
            Self::Data { .. } => "data",
            Self::Result(_) => "result",
        }
    }
}

/// A REFER to the server, outside any dialog.
pub(crate) fn refer(
    settings: &Settings,
    identity: &Identity,
    local: SocketAddr,
    telling: &Telling,
) -> Outgoing {
    let thread = Thread::new(local);
    let address = format!("<sip:{}@{}>", identity.user, settings.domain);
    let id = chance::hex(1);
    let id = id.get(..8).unwrap_or_default();
    let mut headers = vec![
        ("User-Agent", USER_AGENT.to_owned()),
        ("Supported", SUPPORTED.to_owned()),
        ("Referred-By", address.clone()),
    ];
    let (media_type, body) = told(identity, telling);
    let refer_to = match telling {
        Telling::Token => "<urn:x-cisco-remotecc:token-registration>".to_owned(),
        _ => format!("cid:{id}"),
    };
    headers.push(("Refer-To", refer_to));
    if !matches!(telling, Telling::SoftKey(_)) {
        headers.push(("Require", "norefersub".to_owned()));
    }
    if !body.is_empty() {
        headers.push(("Content-Id", format!("<{id}>")));
        headers.push(("MIME-Version", "1.0".to_owned()));
        headers.push(("Content-Type", media_type));
    }
    Outgoing {
        method: "REFER",
        uri: format!("sip:{}", settings.domain),
        from: format!("{address};tag={}", thread.tag),
        to: format!("<sip:{}>", settings.domain),
        call_id: thread.call_id,
        cseq: thread.cseq + 1,
        contact: Some(format!("<{}>", contact_uri(settings, identity, local))),
        session_id: (!settings.plain).then_some(thread.session_id),
        headers,
        body,
    }
}

fn told(identity: &Identity, telling: &Telling) -> (String, Vec<u8>) {
    let request = |inner: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-request>\n{inner}\n\
             </x-cisco-remotecc-request>\n"
        )
    };
    match telling {
        Telling::Token => (String::new(), Vec::new()),
        Telling::Alarm => {
            let xml = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-alarm>\n\
                 <Alarm Name=\"LastOutOfServiceInformation\">\n<ParameterList>\n\
                 <String name=\"DeviceName\">{}</String>\n</ParameterList>\n</Alarm>\n\
                 </x-cisco-alarm>\n",
                escaped(&identity.device)
            );
            (ALARM.to_owned(), xml.into_bytes())
        }
        Telling::SoftKey(key) => {
            let dialog = |name: &str| {
                format!(
                    "<{name}>\n<callid></callid>\n<localtag></localtag>\n<remotetag></remotetag>\n\
                     </{name}>\n"
                )
            };
            let xml = request(&format!(
                "<softkeyeventmsg>\n<softkeyevent>{}</softkeyevent>\n{}{}{}</softkeyeventmsg>",
                escaped(key),
                dialog("dialogid"),
                dialog("consultdialogid"),
                dialog("joindialogid"),
            ));
            (REQUEST.to_owned(), xml.into_bytes())
        }
        Telling::Data { application, text } => {
            let xml = request(&format!(
                "<datapassthroughreq>\n<applicationid>{application}</applicationid>\n\
                 <transactionid>0</transactionid>\n\
                 <stationsequence>StationSequenceLast</stationsequence>\n\
                 <displaypriority>2</displaypriority>\n<appinstance>0</appinstance>\n\
                 <lineid>0</lineid>\n<routingid>0</routingid>\n<confid>0</confid>\n\
                 </datapassthroughreq>"
            ));
            let parts = [(REQUEST, xml.as_bytes()), (OBJECT, text.as_bytes())];
            (format!("multipart/mixed;boundary={BOUNDARY}"), multipart(&parts))
        }
        Telling::Result(code) => {
            let xml = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-response>\n<response>\n\
                 <code>{code}</code>\n<reason></reason>\n</response>\n</x-cisco-remotecc-response>\n"
            );
            (RESPONSE.to_owned(), xml.into_bytes())
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What to change in an answer, for servers that have to bear it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AnswerFault {
    /// A Via that is not the request's.
    pub(crate) wrong_via: bool,
}

/// The answer to a request of the server; `tag` goes into To where it has none.
pub(crate) fn answer(
    request: &Message,
    code: u16,
    reason: &str,
    tag: &str,
    contact: Option<&str>,
    style: Style,
    fault: AnswerFault,
) -> Vec<u8> {
    let mut text = format!("SIP/2.0 {code} {reason}\r\n");
    for value in request.all("via") {
        let value = match fault.wrong_via {
            true => format!("SIP/2.0/TCP 192.0.2.99:5060;branch=z9hG4bK{}", chance::hex(1)),
            false => value.to_owned(),
        };
        line(&mut text, "Via", &value, style);
    }
    line(&mut text, "From", request.get("from").unwrap_or_default(), style);
    let to = request.get("to").unwrap_or_default();
    let has_tag =
        super::grammar::name_address(to).is_ok_and(|to| to.parameters.get("tag").is_some());
    let to = if has_tag { to.to_owned() } else { format!("{to};tag={tag}") };
    line(&mut text, "To", &to, style);
    line(&mut text, "Call-ID", request.get("call-id").unwrap_or_default(), style);
    line(&mut text, "CSeq", request.get("cseq").unwrap_or_default(), style);
    if let Some(contact) = contact {
        line(&mut text, "Contact", &format!("<{contact}>"), style);
    }
    line(&mut text, "Server", USER_AGENT, style);
    if code == 405 {
        line(&mut text, "Allow", "REFER, NOTIFY, OPTIONS", style);
    }
    if code == 420 {
        let unknown = request.list("require").unwrap_or_default();
        let unknown = unknown.into_iter().filter(|option| !is_supported(option));
        line(&mut text, "Unsupported", &unknown.collect::<Vec<_>>().join(", "), style);
    }
    line(&mut text, "Content-Length", "0", style);
    text.push_str("\r\n");
    text.into_bytes()
}

/// Whether the phone knows an option of Require.
pub(crate) fn is_supported(option: &str) -> bool {
    SUPPORTED.split(", ").any(|each| each.eq_ignore_ascii_case(option))
}
