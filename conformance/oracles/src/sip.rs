//! SIP by rsip 0.4.0: each message of a capture, part by part.
//!
//! What rsip is known not to read is rewritten (`prepare`) or left out with the reason; see README.md.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::{HasHeaders, HeadersExt};
use rsip::{Header, SipMessage};
use serde_json::Value;

use crate::prepare::{Prepared, values, without_odd_parameters};
use crate::table::{Outcome, Table};

/// Judges a capture, one JSON object a line; an error is about the file, not about the messages in it.
pub(crate) fn judge(capture: &str) -> Result<Table, String> {
    let mut table = Table::default();
    for (at, line) in capture.lines().enumerate() {
        let wrong = |words: &str| format!("line {}: {words}", at + 1);
        let object: Value =
            serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
        let text = object.get("message").and_then(Value::as_str);
        let text = text.ok_or_else(|| wrong("it has no member `message`"))?;
        let raw = BASE64_STANDARD.decode(text).map_err(|error| wrong(&error.to_string()))?;
        let on_stream = object.get("transport").and_then(Value::as_str) != Some("udp");
        table.begin_message();
        message(&mut table, &raw, on_stream);
    }
    Ok(table)
}

fn message(table: &mut Table, raw: &[u8], on_stream: bool) {
    let prepared = match Prepared::new(raw) {
        Ok(prepared) => prepared,
        Err(words) => return table.note("outline", Outcome::Failed(words), "no start line"),
    };
    let about = prepared.start.clone();
    let method = match prepared.start.strip_prefix("SIP/") {
        Some(_) => prepared.all("cseq").next().and_then(|cseq| cseq.split_whitespace().nth(1)),
        None => prepared.start.split(' ').next(),
    };
    if method.is_none_or(|method| method.parse::<rsip::Method>().is_err()) {
        return table.note("outline", Outcome::LeftOut("a method rsip does not know"), &about);
    }
    let read = match SipMessage::try_from(prepared.bytes()) {
        Ok(read) => read,
        Err(error) => return table.note("outline", Outcome::Failed(error.to_string()), &about),
    };
    let mut note = |part, outcome| table.note(part, outcome, &about);
    note("outline", outline(&prepared, &read));
    for value in prepared.all("via").flat_map(values) {
        note("Via", via(value, read.is_request()));
    }
    if prepared.all("via").next().is_none() {
        note("Via", Outcome::Failed("is missing".to_owned()));
    }
    note("From", address(read.from_header().map(|it| (it.to_string(), it.typed().map(drop)))));
    note("To", address(read.to_header().map(|it| (it.to_string(), it.typed().map(drop)))));
    note(
        "Call-ID",
        match read.call_id_header() {
            Ok(call_id) if !call_id.value().trim().is_empty() => Outcome::Passed,
            Ok(_) => Outcome::Failed("is empty".to_owned()),
            Err(error) => Outcome::Failed(error.to_string()),
        },
    );
    note("CSeq", cseq(&read, method.unwrap_or_default()));
    // An answer carries none.
    if read.is_request() {
        note("Max-Forwards", max_forwards(&read));
    }
    for value in prepared.all("contact").flat_map(values) {
        note("Contact", contact(value));
    }
    note("Content-Length", content_length(&prepared, &read, on_stream));
    note(
        "body",
        match prepared.has_text_body() {
            false => Outcome::LeftOut("rsip keeps text alone"),
            true if *read.body() == prepared.body => Outcome::Passed,
            true => Outcome::Failed(format!("rsip has {} bytes", read.body().len())),
        },
    );
}

/// Every header line is there, in order, with its value.
fn outline(prepared: &Prepared, read: &SipMessage) -> Outcome {
    let theirs: Vec<String> = read.headers().iter().map(Header::to_string).collect();
    if theirs.len() != prepared.headers.len() {
        let words = format!("rsip sees {} headers of {}", theirs.len(), prepared.headers.len());
        return Outcome::Failed(words);
    }
    for (line, (name, value)) in theirs.iter().zip(&prepared.headers) {
        let same = line.split_once(':').is_some_and(|(their_name, their_value)| {
            their_name.trim().eq_ignore_ascii_case(name) && their_value.trim() == value
        });
        if !same {
            return Outcome::Failed(format!("rsip reads {name}: {value} as {line}"));
        }
    }
    Outcome::Passed
}

const IPV6: Outcome = Outcome::LeftOut("rsip reads no IPv6 host");

/// An answer's branch is whatever the request's was.
fn via(value: &str, in_request: bool) -> Outcome {
    if value.contains('[') {
        return IPV6;
    }
    match rsip::headers::Via::new(value).typed() {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(via) => match via.branch() {
            Some(branch) if branch.value().starts_with("z9hG4bK") => Outcome::Passed,
            Some(_) if !in_request => Outcome::Passed,
            _ => Outcome::Failed(format!("no branch of RFC 3261: {value}")),
        },
    }
}

/// What a header says, and whether its typed form could be read.
type Address = (String, Result<(), rsip::Error>);

fn address(header: Result<Address, rsip::Error>) -> Outcome {
    match header {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok((text, _)) if text.contains('[') => IPV6,
        Ok((text, _)) if !has_sip_uri(&text) => Outcome::LeftOut("a URI that is not sip"),
        Ok((_, Ok(()))) => Outcome::Passed,
        Ok((text, Err(error))) => Outcome::Failed(format!("{error}: {text}")),
    }
}

fn has_sip_uri(text: &str) -> bool {
    text.contains("sip:") || text.contains("sips:")
}

fn contact(value: &str) -> Outcome {
    if value == "*" {
        return Outcome::LeftOut("rsip reads no *");
    }
    if !has_sip_uri(value) {
        return Outcome::LeftOut("a URI that is not sip");
    }
    let plain = without_odd_parameters(value);
    if plain.contains('[') {
        return IPV6;
    }
    match rsip::headers::Contact::new(plain.clone()).typed() {
        Ok(_) => Outcome::Passed,
        Err(error) => Outcome::Failed(format!("{error}: {plain}")),
    }
}

fn cseq(read: &SipMessage, method: &str) -> Outcome {
    match read.cseq_header().and_then(|header| header.typed()) {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(cseq) if cseq.method.to_string() != method => {
            Outcome::Failed(format!("names {} in a {method}", cseq.method))
        }
        Ok(cseq) if cseq.seq > u32::MAX >> 1 => {
            Outcome::Failed(format!("{} is 2^31 or more", cseq.seq))
        }
        Ok(_) => Outcome::Passed,
    }
}

fn max_forwards(read: &SipMessage) -> Outcome {
    match read.max_forwards_header().and_then(|header| header.num()) {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(0..=255) => Outcome::Passed,
        Ok(number) => Outcome::Failed(format!("{number} is more than 255")),
    }
}

fn content_length(prepared: &Prepared, read: &SipMessage, on_stream: bool) -> Outcome {
    let header = read.headers().iter().find_map(|header| match header {
        Header::ContentLength(length) => Some(length),
        _ => None,
    });
    match header.map(rsip::headers::ContentLength::length) {
        None if on_stream => Outcome::Failed("is missing on a stream".to_owned()),
        None => Outcome::LeftOut("it may be missing over UDP"),
        Some(Err(error)) => Outcome::Failed(error.to_string()),
        Some(Ok(length)) if length as usize == prepared.body.len() => Outcome::Passed,
        Some(Ok(length)) => {
            Outcome::Failed(format!("is {length}, the body has {} bytes", prepared.body.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFER: &str = "REFER sip:7f3c@192.0.2.21:50211;transport=tcp SIP/2.0\r\n\
        Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bK-a1\r\n\
        From: <sip:gateway@192.0.2.10>;tag=g1\r\nTo: <sip:7f3c@192.0.2.21:50211>\r\n\
        Call-ID: 5b2e@192.0.2.10\r\nCSeq: 101 REFER\r\nMax-Forwards: 70\r\n\
        Contact: <sip:gateway@192.0.2.10:5060;transport=tcp>\r\nRequire: norefersub\r\n\
        Refer-To: cid:0badcafe\r\nContent-Id: 0badcafe\r\n\
        Content-Type: application/x-cisco-remotecc-request+xml\r\nContent-Length: 4\r\n\r\n<a/>";
    const GRANTED: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.21:50211;branch=z9hG4bK1\r\n\
        From: <sip:1001@voice.example>;tag=a\r\nTo: <sip:1001@voice.example>;tag=b\r\nCall-ID: c\r\n\
        CSeq: 1 REGISTER\r\nContact: <sip:u@192.0.2.21:50211;transport=tcp>;\
        +sip.instance=\"<urn:uuid:1>\";+u.sip!model.ccm.cisco.com=\"621\";x-cisco-newreg;expires=120, \
        <sip:v@192.0.2.22>;expires=60\r\nExpires: 120\r\nContent-Length: 0\r\n\r\n";

    fn judged(messages: &[&str]) -> Table {
        let lines = messages.iter().map(|message| {
            let message = BASE64_STANDARD.encode(message);
            format!("{}\n", serde_json::json!({"transport": "tcp", "message": message}))
        });
        judge(&lines.collect::<String>()).unwrap()
    }

    #[test]
    fn what_is_right_passes() {
        let table = judged(&[REFER, GRANTED]);
        assert!(table.is_good(), "{table}");
        assert_eq!(table.counts("outline"), (2, 0, 0));
        assert_eq!(table.counts("Contact"), (3, 0, 0));
        assert_eq!(table.counts("Max-Forwards"), (1, 0, 0));
        assert_eq!(table.counts("body"), (2, 0, 0));
    }

    #[test]
    fn compact_names_and_folding_are_worked_round() {
        let odd = GRANTED
            .replace("z9hG4bK1", "old")
            .replace("Via:", "v:")
            .replace("To: ", "t :\r\n ")
            .replace("Call-ID", "i");
        let table = judged(&[&odd]);
        assert!(table.is_good(), "{table}");
    }

    #[test]
    fn each_wrong_part_fails_alone() {
        for (part, from, to) in [
            ("Via", "branch=z9hG4bK-a1", "branch=a1"),
            ("Via", "SIP/2.0/TCP", "SIP/2.0/PIGEON"),
            ("From", "<sip:gateway@192.0.2.10>;tag=g1", "<sip:>"),
            ("Call-ID", "Call-ID: 5b2e@192.0.2.10", "Call-ID:"),
            ("CSeq", "101 REFER", "101 NOTIFY"),
            ("CSeq", "101 REFER", "2147483648 REFER"),
            ("CSeq", "101 REFER", "4294967296 REFER"),
            ("Max-Forwards", "Max-Forwards: 70", "Max-Forwards: 256"),
            ("Max-Forwards", "Max-Forwards: 70\r\n", ""),
            (
                "Contact",
                "<sip:gateway@192.0.2.10:5060;transport=tcp>\r\nRequire",
                "<sip:>\r\nRequire",
            ),
            ("Content-Length", "Length: 4", "Length: 5"),
            ("Content-Length", "Content-Length: 4\r\n", ""),
        ] {
            let spoilt = REFER.replacen(from, to, 1);
            assert_ne!(spoilt, REFER, "{from}");
            let table = judged(&[&spoilt]);
            assert!(!table.is_good());
            assert_eq!(table.counts(part).1, 1, "{part}, {to}\n{table}");
        }
        for broken in ["REFER sip:a SIP/2.0\r\n", "REFER\r\n\r\n", &REFER.replace("Via:", "Via")] {
            let table = judged(&[broken]);
            assert_eq!(table.counts("outline").1, 1, "{table}");
        }
    }

    #[test]
    fn what_rsip_cannot_judge_is_left_out_and_nothing_judged_is_no_success() {
        let six = GRANTED.replace("192.0.2.21:50211", "[2001:db8::1]:50211");
        let table = judged(&[&six]);
        assert!(table.is_good(), "{table}");
        assert_eq!(table.counts("Via"), (0, 0, 1));
        assert_eq!(table.counts("Contact"), (1, 0, 1));
        assert!(!judged(&[&REFER.replace("REFER", "NEWMETHOD")]).is_good());
        assert!(!judged(&[]).is_good());
        assert!(judge("{}").is_err());
    }
}
