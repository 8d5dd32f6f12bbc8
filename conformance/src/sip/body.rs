//! What a body for a Cisco phone holds: one part or several, and the requests in them.
//!
//! The elements are those of the tables for remotecc; each is told as JSON, so that whoever drives the
//! phone sees what it was asked.

use roxmltree::{Document, Node};
use serde_json::{Map, Value, json};

use super::grammar;

/// Media types of Cisco phones.
pub(crate) const REQUEST: &str = "application/x-cisco-remotecc-request+xml";
pub(crate) const RESPONSE: &str = "application/x-cisco-remotecc-response+xml";
pub(crate) const OBJECT: &str = "application/x-cisco-remotecc-cm+xml";
pub(crate) const ALARM: &str = "application/x-cisco-alarm+xml";
pub(crate) const MULTIPART: &str = "multipart/mixed";
/// The one boundary known to work towards phones.
pub(crate) const BOUNDARY: &str = "uniqueBoundary";

/// Parts of one body, at most.
const PARTS_MAX: usize = 16;
/// Bytes of an execute object and of a URL in it, beyond which phones take none over SIP.
const EXECUTE_BYTES_MAX: usize = 512;
const URL_BYTES_MAX: usize = 256;

/// One part of a body; the whole where it is not multipart.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) media_type: String,
    pub(crate) id: Option<String>,
    pub(crate) body: &'a [u8],
}

/// Takes a body apart by its Content-Type.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, String> {
    let (media_type, parameters) = grammar::media_type(content_type)?;
    if media_type != MULTIPART {
        return Ok(vec![Part { media_type, id: None, body }]);
    }
    let boundary = parameters.text("boundary").ok_or("multipart without a boundary")?;
    if boundary != BOUNDARY {
        return Err(format!("the boundary is {boundary}; phones know {BOUNDARY} alone"));
    }
    let opening = format!("--{boundary}\r\n");
    let Some(mut rest) = body.strip_prefix(opening.as_bytes()) else {
        return Err("the body does not begin with the boundary".to_owned());
    };
    let between = format!("\r\n--{boundary}");
    let mut found = Vec::new();
    loop {
        let Some(end) = find(rest, between.as_bytes()) else {
            return Err("the last part has no closing boundary".to_owned());
        };
        found.push(part(rest.get(..end).unwrap_or_default())?);
        rest = rest.get(end + between.len()..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix(b"--") {
            return match after {
                b"" | b"\r\n" => Ok(found),
                _ => Err("bytes after the closing boundary".to_owned()),
            };
        }
        rest = rest.strip_prefix(b"\r\n").ok_or("a boundary line with something after it")?;
        if found.len() == PARTS_MAX {
            return Err(format!("more than {PARTS_MAX} parts"));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn part(bytes: &[u8]) -> Result<Part<'_>, String> {
    let end = find(bytes, b"\r\n\r\n").ok_or("a part without an empty line after its headers")?;
    let head = bytes.get(..end).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| "a part's headers are not UTF-8")?;
    let (mut media_type, mut id) = (None, None);
    for line in head.split("\r\n") {
        let Some((name, value)) = line.split_once(':').filter(|_| !line.contains(['\r', '\n']))
        else {
            return Err(format!("a part has the header line {line:?}"));
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => media_type = Some(grammar::media_type(value.trim())?.0),
            "content-id" => id = Some(without_brackets(value.trim()).to_owned()),
            _ => {}
        }
    }
    let media_type = media_type.ok_or("a part without Content-Type")?;
    Ok(Part { media_type, id, body: bytes.get(end + 4..).unwrap_or_default() })
}

/// A Content-Id as a `cid:` URL names it.
pub(crate) fn without_brackets(id: &str) -> &str {
    id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(id)
}

/// What is in an element's children.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    OneOf(&'static [&'static str]),
    DialogId,
}

/// Name, what it holds, whether it must be there.
type Child = (&'static str, Holds, bool);

const DIALOG: Child = ("dialogid", Holds::DialogId, true);
const DIALOG_OR_NONE: Child = ("dialogid", Holds::DialogId, false);
const ON_OFF: Holds = Holds::OneOf(&["on", "off"]);

/// Commands a server may send under `x-cisco-remotecc-request`, with their children.
const COMMANDS: [(&str, &[Child]); 10] = [
    (
        "statuslineupdatereq",
        &[
            ("action", Holds::OneOf(&["notify_display"]), true),
            DIALOG_OR_NONE,
            ("statustext", Holds::Text, true),
            ("displaytimeout", Holds::Number, true),
            ("linenumber", Holds::Number, true),
            ("priority", Holds::Number, true),
        ],
    ),
    (
        "playtonereq",
        &[DIALOG_OR_NONE, ("tonetype", Holds::Text, true), ("direction", Holds::Text, true)],
    ),
    ("notifyreq", &[DIALOG, ("feature", Holds::Text, true), ("status", Holds::Text, true)]),
    ("holdretrievereq", &[DIALOG]),
    ("answercallreq", &[DIALOG]),
    ("initiatecallreq", &[("dialstring", Holds::Text, true), ("linenumber", Holds::Number, true)]),
    ("hlogupdate", &[("status", ON_OFF, true)]),
    (
        "dndupdate",
        &[
            ("state", Holds::OneOf(&["enable", "disable"]), true),
            ("option", Holds::OneOf(&["callreject", "ringeroff"]), true),
        ],
    ),
    ("cfwdallupdate", &[("fwdaddress", Holds::Text, true), ("tovoicemail", ON_OFF, true)]),
    (
        "datapassthroughreq",
        &[
            ("applicationid", Holds::Number, true),
            ("transactionid", Holds::Number, true),
            ("stationsequence", Holds::OneOf(&["StationSequenceLast"]), true),
            ("displaypriority", Holds::Number, true),
            ("appinstance", Holds::Number, true),
            ("routingid", Holds::Number, true),
            ("confid", Holds::Number, true),
        ],
    ),
];

/// Spellings of the reason element, which its document prints with a blank.
const REASONS: [&str; 4] = ["reasoncode", "reasonCode", "reason_code", "reason-code"];

/// Reads one part of type `REQUEST`; answers the command's name and what it says.
pub(crate) fn request(body: &[u8]) -> Result<Value, String> {
    let text = xml_text(body)?;
    let document = parsed(text)?;
    let command = only_child(root(&document, "x-cisco-remotecc-request")?)?;
    let name = command.tag_name().name();
    let members = match name {
        "agentstatusupdate" => agent_status(command)?,
        "hsintegrationservices" => headset_services(command)?,
        "bulkupdate" => bulk_update(command)?,
        _ => {
            let known = COMMANDS.iter().find(|(each, _)| *each == name);
            let Some((_, children)) = known else {
                return Err(format!("no phone knows the element {name}"));
            };
            by_table(command, children)?
        }
    };
    let mut told = Map::from_iter([("request".to_owned(), json!(name))]);
    told.extend(members);
    Ok(Value::Object(told))
}

fn by_table(command: Node<'_, '_>, children: &[Child]) -> Result<Map<String, Value>, String> {
    let name = command.tag_name().name();
    let mut told = Map::new();
    for child in elements(command) {
        let child_name = child.tag_name().name();
        let Some((_, holds, _)) = children.iter().find(|(each, ..)| *each == child_name) else {
            return Err(format!("{name} holds {child_name}, which it does not have"));
        };
        if told.insert(child_name.to_owned(), held(child, *holds)?).is_some() {
            return Err(format!("{name} holds {child_name} twice"));
        }
    }
    match children.iter().find(|(each, _, must)| *must && !told.contains_key(*each)) {
        Some((missing, ..)) => Err(format!("{name} lacks {missing}")),
        None => Ok(told),
    }
}

fn held(element: Node<'_, '_>, holds: Holds) -> Result<Value, String> {
    let name = element.tag_name().name();
    if let Holds::DialogId = holds {
        let children = ["callid", "localtag", "remotetag"].map(|name| (name, Holds::Text, true));
        return by_table(element, &children).map(Value::Object);
    }
    let text = text(element)?;
    match holds {
        Holds::Number => match grammar::number(&text, u64::from(u32::MAX)) {
            Some(number) => Ok(json!(number)),
            None => Err(format!("{name} is no number: {text:?}")),
        },
        Holds::OneOf(allowed) if !allowed.contains(&text.as_str()) => {
            Err(format!("{name} is {text:?}, none of {}", allowed.join(", ")))
        }
        _ => Ok(json!(text)),
    }
}

/// Agent state numbers and what the headset's base then shows while there is no call.
fn agent_status(command: Node<'_, '_>) -> Result<Map<String, Value>, String> {
    let spelled = elements(command).map(|child| child.tag_name().name());
    let reasons: Vec<&str> = spelled.filter(|name| REASONS.contains(name)).collect();
    let [reason_name] = reasons.as_slice() else {
        return Err(format!("agentstatusupdate has {} reason elements", reasons.len()));
    };
    let mut told = Map::new();
    for child in elements(command) {
        let name = child.tag_name().name();
        let name = if name == *reason_name { "reason" } else { name };
        if !matches!(name, "status" | "reason") || told.contains_key(name) {
            return Err(format!("agentstatusupdate holds {name} too much"));
        }
        told.insert(name.to_owned(), held(child, Holds::Number)?);
    }
    let (state, led) = match told.get("status").and_then(Value::as_u64) {
        Some(0) => ("login", Value::Null),
        Some(1) => ("logout", Value::Null),
        Some(2) => ("not_ready", json!("red")),
        Some(3) => ("ready", json!("off")),
        other => return Err(format!("agentstatusupdate with the status {other:?}")),
    };
    told.insert("state".to_owned(), json!(state));
    told.insert("led".to_owned(), led);
    Ok(told)
}

fn headset_services(command: Node<'_, '_>) -> Result<Map<String, Value>, String> {
    by_table(
        command,
        &[
            ("serviceclass", Holds::OneOf(&["cc"]), true),
            ("status", Holds::OneOf(&["SERVICE_CONFIG_CHANGE", "HS_CONFIG_CHANGE"]), true),
        ],
    )
}

fn bulk_update(command: Node<'_, '_>) -> Result<Map<String, Value>, String> {
    let mut contacts = Vec::new();
    for contact in elements(command) {
        let line = contact.attribute("line").or_else(|| contact.attribute("all"));
        let (true, Some(line)) = (contact.has_tag_name("contact"), line) else {
            return Err("bulkupdate holds something other than contacts of a line".to_owned());
        };
        let mut told = Map::from_iter([("line".to_owned(), json!(line))]);
        for child in elements(contact) {
            let value = match child.tag_name().name() {
                "mwi" => held(child, Holds::OneOf(&["yes", "no"]))?,
                "emwi" => json!(elements(child).count()),
                "cfwdallupdate" => {
                    let children: [Child; 2] =
                        [("fwdaddress", Holds::Text, true), ("tovoicemail", ON_OFF, true)];
                    Value::Object(by_table(child, &children)?)
                }
                other => return Err(format!("a contact of bulkupdate holds {other}")),
            };
            told.insert(child.tag_name().name().to_owned(), value);
        }
        contacts.push(Value::Object(told));
    }
    match contacts.is_empty() {
        true => Err("bulkupdate without a contact".to_owned()),
        false => Ok(Map::from_iter([("contacts".to_owned(), Value::Array(contacts))])),
    }
}

/// Reads one part of type `OBJECT`: an XML services object and the URLs it would open.
pub(crate) fn object(body: &[u8]) -> Result<Value, String> {
    let text = xml_text(body)?;
    let document = parsed(text)?;
    let root = document.root_element();
    let name = root.tag_name().name();
    if !name.starts_with("CiscoIPPhone") {
        return Err(format!("{name} is no object of XML services"));
    }
    let mut urls = Vec::new();
    if name == "CiscoIPPhoneExecute" {
        if body.len() > EXECUTE_BYTES_MAX {
            return Err(format!("an execute object of {} bytes", body.len()));
        }
        for item in elements(root) {
            let (true, Some(url)) = (item.has_tag_name("ExecuteItem"), item.attribute("URL"))
            else {
                return Err(
                    "an execute object holds something other than items with a URL".to_owned()
                );
            };
            if url.len() > URL_BYTES_MAX {
                return Err(format!("a URL of {} bytes", url.len()));
            }
            let priority = item.attribute("Priority").unwrap_or("0");
            if !matches!(priority, "0" | "1" | "2") {
                return Err(format!("the priority {priority:?} of an item"));
            }
            urls.push(json!({"url": url, "priority": priority}));
        }
        if urls.is_empty() || urls.len() > 3 {
            return Err(format!("an execute object with {} items", urls.len()));
        }
    }
    Ok(json!({"object": name, "execute": urls, "xml": text}))
}

/// Reads a part of type `RESPONSE`; answers its code and the options it accepts, if there are any.
pub(crate) fn response(body: &[u8]) -> Result<(u16, Option<Options>), String> {
    let document = parsed(xml_text(body)?)?;
    let response = only_child(root(&document, "x-cisco-remotecc-response")?)?;
    if !response.has_tag_name("response") {
        return Err("x-cisco-remotecc-response holds no response".to_owned());
    }
    let mut codes = elements(response).filter(|child| child.has_tag_name("code"));
    let code = codes.next().ok_or("a response without code")?;
    let number = grammar::number(&text(code)?, 699).and_then(|code| u16::try_from(code).ok());
    let number = number.ok_or("the code of a response is no number")?;
    let options = elements(response).find(|child| child.has_tag_name("optionsind"));
    let options = options.map(options_of).transpose()?;
    Ok((number, options))
}

/// Name, usage and children of each child of `optionsind`; a child `max` holds its number.
pub(crate) type Options = Vec<(String, String, Vec<String>, Option<u64>)>;

/// What a phone offers in its body: the element's text is a whole document.
pub(crate) fn offered(xml: &str) -> Result<Options, String> {
    let document = parsed(xml)?;
    let options = document.descendants().find(|node| node.has_tag_name("optionsind"));
    options.map_or_else(|| Ok(Vec::new()), options_of)
}

fn options_of(element: Node<'_, '_>) -> Result<Options, String> {
    let each = elements(element).map(|child| {
        let name = child.tag_name().name().to_owned();
        let usage = child.attribute("usage").unwrap_or_default().to_owned();
        let inner = child.descendants().skip(1).filter(|node| node.is_element());
        let inner = inner.map(|node| node.tag_name().name().to_owned()).collect();
        let max = match child.attribute("max") {
            None => None,
            Some(text) => {
                let number = grammar::number(text, 64);
                Some(number.ok_or_else(|| format!("the max of {name} is {text:?}"))?)
            }
        };
        Ok((name, usage, inner, max))
    });
    each.collect()
}

fn xml_text(body: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(body).map_err(|_| "the XML is not UTF-8".to_owned())
}

fn parsed(text: &str) -> Result<Document<'_>, String> {
    // An empty line after the part's headers may precede the declaration on no account.
    Document::parse(text).map_err(|error| format!("the XML is broken: {error}"))
}

fn root<'a, 'b>(document: &'a Document<'b>, name: &str) -> Result<Node<'a, 'b>, String> {
    let root = document.root_element();
    match root.has_tag_name(name) {
        true => Ok(root),
        false => Err(format!("the root is {}, not {name}", root.tag_name().name())),
    }
}

fn elements<'a, 'b>(parent: Node<'a, 'b>) -> impl Iterator<Item = Node<'a, 'b>> {
    parent.children().filter(Node::is_element)
}

fn only_child<'a, 'b>(parent: Node<'a, 'b>) -> Result<Node<'a, 'b>, String> {
    let mut children = elements(parent);
    match (children.next(), children.next()) {
        (Some(child), None) => Ok(child),
        _ => Err(format!("{} does not hold exactly one element", parent.tag_name().name())),
    }
}

fn text(element: Node<'_, '_>) -> Result<String, String> {
    match elements(element).next() {
        Some(_) => Err(format!("{} holds elements", element.tag_name().name())),
        None => Ok(element.text().unwrap_or_default().trim().to_owned()),
    }
}
