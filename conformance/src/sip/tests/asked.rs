//! REFER and NOTIFY to the phone: the right ones are done, each wrong one is told.

use std::time::Duration;

use super::{Bench, settings};
use crate::sip::compose::Telling;
use crate::sip::event::Event;
use crate::sip::handset::{Command, Fault, Handset};
use crate::sip::identity::Transport;
use crate::sip::message::{self, Start};

const STATUS: &str = "<x-cisco-remotecc-request><agentstatusupdate><status>3</status>\
    <reasoncode>0</reasoncode></agentstatusupdate></x-cisco-remotecc-request>";
const PASS: &str = "<x-cisco-remotecc-request><datapassthroughreq><applicationid>0</applicationid>\
    <transactionid>0</transactionid><stationsequence>StationSequenceLast</stationsequence>\
    <displaypriority>2</displaypriority><appinstance>0</appinstance><routingid>0</routingid>\
    <confid>0</confid></datapassthroughreq></x-cisco-remotecc-request>";
const EXECUTE: &str = "<CiscoIPPhoneExecute><ExecuteItem Priority=\"0\" \
    URL=\"https://gw.example/fippa/s/1\"/></CiscoIPPhoneExecute>";
const REQUEST: &str = "application/x-cisco-remotecc-request+xml";
const OBJECT: &str = "application/x-cisco-remotecc-cm+xml";
const RESPONSE: &str = "application/x-cisco-remotecc-response+xml";
const MULTIPART: &str = "multipart/mixed;boundary=uniqueBoundary";

/// The Contact URI of the phone's handset.
fn contact(handset: &Handset) -> String {
    format!("sip:{}@127.0.0.1:40001;transport=tcp", handset.identity.contact_user)
}

/// A request of the server with the headers `more` and a body.
fn request(method: &str, uri: &str, more: &str, content_type: &str, body: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKa1\r\n\
         From: <sip:gateway@127.0.0.1>;tag=g1\r\nTo: <sip:1001@voice.example>\r\n\
         Call-ID: 5b2e@127.0.0.1\r\nCSeq: 101 {method}\r\nMax-Forwards: 70\r\n\
         Contact: <sip:gateway@127.0.0.1:5060;transport=tcp>\r\n{more}\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn refer(uri: &str, content_type: &str, body: &str) -> String {
    let more = "Require: norefersub\r\nRefer-To: cid:0badcafe\r\nContent-Id: 0badcafe\r\n\
        Referred-By: <sip:gateway@127.0.0.1:5060;transport=tcp>\r\nMIME-Version: 1.0\r\n";
    request("REFER", uri, more, content_type, body)
}

fn multipart(parts: &[(&str, &str)]) -> String {
    let parts = parts
        .iter()
        .map(|(kind, body)| format!("--uniqueBoundary\r\nContent-Type: {kind}\r\n\r\n{body}\r\n"));
    format!("{}--uniqueBoundary--\r\n", parts.collect::<String>())
}

fn service_control(uri: &str, content_type: &str, body: &str) -> String {
    let more = "Event: service-control\r\nSubscription-State: active\r\n";
    request("NOTIFY", uri, more, content_type, body)
}

fn control_lines(action: &str, call_id: &str, with_stamps: bool) -> String {
    let zero = "{00000000-0000-0000-0000-000000000000}";
    let mut text = format!("action={action}\r\nRegisterCallId={{{call_id}}}\r\n");
    for stamp in ["Config", "Dialplan", "Softkey", "FeatureControl"].iter().filter(|_| with_stamps)
    {
        text += &format!("{stamp}VersionStamp={zero}\r\n");
    }
    text
}

/// Sends `text` to a registered phone and finds the problem and the answer's code.
#[track_caller]
fn check(code: u16, words: &str, text: impl Fn(&str) -> String) {
    let mut bench = Bench::registered(Transport::Tcp);
    let uri = contact(&bench.handset);
    bench.receive(&text(&uri));
    bench.complains(words);
    assert_eq!(answer(&mut bench), code, "{words}");
}

/// The code of the phone's only answer.
#[track_caller]
fn answer(bench: &mut Bench) -> u16 {
    assert_eq!(bench.sent.len(), 1);
    // What was broken in the request may be echoed, so values are not judged.
    match message::parse(&bench.sent.remove(0), true).unwrap().start {
        Start::Status { code, .. } => code,
        Start::Request { method, .. } => panic!("the phone sent {method}"),
    }
}

/// Sends what is right; answers the JSON lines of the phone.
#[track_caller]
fn right(text: impl Fn(&str) -> String, code: u16) -> Vec<serde_json::Value> {
    let mut bench = Bench::registered(Transport::Tcp);
    let uri = contact(&bench.handset);
    bench.receive(&text(&uri));
    assert_eq!(bench.problems(), Vec::<String>::new());
    assert_eq!(answer(&mut bench), code);
    bench.events.iter().map(Event::to_json).collect()
}

#[test]
fn an_agent_status_shows_the_led() {
    let told = right(|uri| refer(uri, REQUEST, STATUS), 202);
    assert_eq!(told[0]["asked"][0]["led"], "off");
    assert_eq!(told[0]["asked"][0]["state"], "ready");
    let told = right(|uri| refer(uri, REQUEST, &STATUS.replace(">3<", ">2<")), 202);
    assert_eq!(told[0]["asked"][0]["led"], "red");
}

#[test]
fn a_pushed_object_tells_its_url() {
    let body = multipart(&[(REQUEST, PASS), (OBJECT, EXECUTE)]);
    let told = right(|uri| refer(uri, MULTIPART, &body), 202);
    assert_eq!(told[0]["asked"][1]["execute"][0]["url"], "https://gw.example/fippa/s/1");
}

#[test]
fn every_command_of_the_table_is_known() {
    let dialog =
        "<dialogid><callid>c</callid><localtag>l</localtag><remotetag>r</remotetag></dialogid>";
    for inner in [
        "<statuslineupdatereq><action>notify_display</action><statustext>a</statustext>\
         <displaytimeout>10</displaytimeout><linenumber>0</linenumber><priority>1</priority>\
         </statuslineupdatereq>",
        "<playtonereq><tonetype>DtZipZip</tonetype><direction>all</direction></playtonereq>",
        &format!("<notifyreq>{dialog}<feature>Join</feature><status>Complete</status></notifyreq>"),
        &format!("<holdretrievereq>{dialog}</holdretrievereq>"),
        &format!("<answercallreq>{dialog}</answercallreq>"),
        "<initiatecallreq><dialstring>1</dialstring><linenumber>1</linenumber></initiatecallreq>",
        "<hlogupdate><status>on</status></hlogupdate>",
        "<dndupdate><state>enable</state><option>callreject</option></dndupdate>",
        "<cfwdallupdate><fwdaddress>1</fwdaddress><tovoicemail>off</tovoicemail></cfwdallupdate>",
        "<bulkupdate><contact line=\"1\"><mwi>yes</mwi></contact></bulkupdate>",
        "<agentstatusupdate><status>0</status><reason_code>7</reason_code></agentstatusupdate>",
    ] {
        let body = format!("<x-cisco-remotecc-request>{inner}</x-cisco-remotecc-request>");
        right(|uri| refer(uri, REQUEST, &body), 202);
    }
}

#[test]
fn the_form_of_a_refer_is_judged() {
    let status = |uri: &str| refer(uri, REQUEST, STATUS);
    let put = |from: &'static str, to: &'static str| {
        move |uri: &str| {
            let text = refer(uri, REQUEST, STATUS);
            let spoilt = text.replacen(from, to, 1);
            assert_ne!(text, spoilt, "{from:?}");
            spoilt
        }
    };
    check(404, "is not the registered Contact", |uri| status(&uri.replace("sip:", "sip:x")));
    check(404, "is not the registered Contact", |uri| {
        status(&uri.to_uppercase().replace("SIP:", "sip:"))
    });
    check(400, "Require: norefersub", put("Require: norefersub\r\n", ""));
    check(420, "does not support", put("Require: norefersub", "Require: norefersub, magic"));
    check(400, "0 Refer-To", put("Refer-To: cid:0badcafe\r\n", ""));
    check(400, "2 Refer-To", put("Refer-To: cid:0badcafe", "Refer-To: cid:0badcafe\r\nr: cid:1"));
    check(400, "which is no Content-Id", put("cid:0badcafe", "cid:0badcaff"));
    check(400, "which is no Content-Id", put("Content-Id: 0badcafe\r\n", ""));
    check(400, "does not name the body", put("cid:0badcafe", "sip:a@127.0.0.1"));
    check(
        400,
        "without Referred-By",
        put("Referred-By: <sip:gateway@127.0.0.1:5060;transport=tcp>\r\n", ""),
    );
    check(400, "0 Contact", put("Contact: <sip:gateway@127.0.0.1:5060;transport=tcp>\r\n", ""));
    check(400, "Max-Forwards is missing", put("Max-Forwards: 70\r\n", ""));
    check(400, "max-forwards", put("Max-Forwards: 70", "Max-Forwards: 256"));
    check(400, "From has no tag", put(";tag=g1", ""));
    check(481, "To has a tag", put("<sip:1001@voice.example>", "<sip:1001@voice.example>;tag=x"));
    check(400, "not of RFC 3261", put("branch=z9hG4bKa1", "branch=a1"));
    check(400, "Via says UDP over TCP", put("SIP/2.0/TCP", "SIP/2.0/UDP"));
    check(400, "CSeq names another method", put("101 REFER", "101 NOTIFY"));
    check(400, "cseq", put("CSeq: 101", "CSeq: 2147483648"));
    check(400, "a part of type", put(REQUEST, "application/xml"));
    let broken = STATUS.replace("</agentstatusupdate>", "");
    check(400, "XML is broken", |uri| refer(uri, REQUEST, &broken));
    check(400, "status Some(4)", put("<status>3", "<status>4"));
    let reasonless = STATUS.replace("<reasoncode>0</reasoncode>", "");
    check(400, "reason elements", |uri| refer(uri, REQUEST, &reasonless));
    let unknown = STATUS.replace("agentstatusupdate", "agentstatus");
    check(400, "no phone knows", |uri| refer(uri, REQUEST, &unknown));
}

#[test]
fn multipart_and_objects_are_judged() {
    let both = multipart(&[(REQUEST, PASS), (OBJECT, EXECUTE)]);
    let with = |body: String| move |uri: &str| refer(uri, MULTIPART, &body);
    let typed = |kind: &'static str| {
        let both = both.clone();
        move |uri: &str| refer(uri, kind, &both)
    };
    check(400, "without a boundary", typed("multipart/mixed"));
    check(400, "phones know uniqueBoundary", typed("multipart/mixed;boundary=other"));
    check(400, "begin with the boundary", with(format!("\r\n{both}")));
    check(400, "no closing boundary", with(both.replace("Boundary--", "Boundary")));
    check(400, "after the closing", with(format!("{both}more")));
    check(400, "without Content-Type", with(both.replacen("Content-Type", "Content-Kind", 1)));
    check(400, "no datapassthroughreq precedes", with(multipart(&[(OBJECT, EXECUTE)])));
    check(400, "without its object", with(multipart(&[(REQUEST, PASS)])));
    check(400, "a part of type text/plain", with(multipart(&[("text/plain", "a")])));
    check(400, "lacks confid", with(both.replace("<confid>0</confid>", "")));
    check(400, "displaypriority is no number", with(both.replace(">2<", ">high<")));
    check(400, "items with a URL", with(both.replace("URL=", "Url=")));
    check(400, "the priority", with(both.replace("Priority=\"0\"", "Priority=\"3\"")));
    check(400, "a URL of", with(both.replace("/s/1", &format!("/s/{}", "1".repeat(240)))));
    check(
        400,
        "an execute object of",
        with(both.replace("/></C", &format!("/><!--{}--></C", "a".repeat(512)))),
    );
    check(400, "more than 16 parts", with(multipart(&[(REQUEST, STATUS); 17])));
    check(400, "the phone takes 6", with(multipart(&[(REQUEST, STATUS); 7])));
    check(400, "without MIME-Version", |uri| {
        refer(uri, MULTIPART, &both).replacen("MIME-Version: 1.0\r\n", "", 1)
    });
}

#[test]
fn service_control_is_judged_and_done() {
    let lines = |action: &'static str, with_stamps: bool| {
        let mut bench = Bench::registered(Transport::Tcp);
        let uri = contact(&bench.handset);
        // The Call-ID of the REGISTER, as a refresh would show it.
        bench.command(Command::Register);
        let call_id = bench.request().get("call-id").unwrap().to_owned();
        let body = control_lines(action, &call_id, with_stamps);
        (bench, service_control(&uri, "text/plain", &body))
    };
    let (mut bench, text) = lines("check-version", true);
    bench.receive(&text);
    assert_eq!(bench.problems(), Vec::<String>::new());
    assert_eq!(answer(&mut bench), 200);
    for (with_stamps, action, words) in [
        (false, "check-version", "ConfigVersionStamp is no GUID"),
        (true, "prt-report", "in a prt-report"),
        (true, "explode", "the action Some(\"explode\")"),
    ] {
        let (mut bench, text) = lines(action, with_stamps);
        bench.receive(&text);
        bench.complains(words);
    }
    let (mut bench, text) = lines("restart", true);
    bench.receive(&text);
    assert_eq!(answer_and_more(&mut bench), (200, "REGISTER".to_owned()));

    let stale = control_lines("restart", "another@127.0.0.1", true);
    check(400, "RegisterCallId is not", |uri| service_control(uri, "text/plain", &stale));
    let headset = "<x-cisco-remotecc-request><hsintegrationservices><serviceclass>cc</serviceclass>\
        <status>SERVICE_CONFIG_CHANGE</status></hsintegrationservices></x-cisco-remotecc-request>";
    right(|uri| service_control(uri, REQUEST, headset), 200);
    check(400, "comes by NOTIFY", |uri| refer(uri, REQUEST, headset));
    check(400, "none of SERVICE", |uri| {
        service_control(uri, REQUEST, &headset.replace("SERVICE_CONFIG", "NO"))
    });
    check(400, "is not active", |uri| {
        service_control(uri, REQUEST, headset).replace("State: active", "State: pending")
    });
    check(400, "without Subscription-State", |uri| {
        service_control(uri, REQUEST, headset).replace("Subscription-State: active\r\n", "")
    });
    check(489, "without Event", |uri| {
        service_control(uri, REQUEST, headset).replace("Event: service-control\r\n", "")
    });
    check(489, "the event conference", |uri| {
        service_control(uri, REQUEST, headset).replace("service-control", "conference")
    });
}

fn answer_and_more(bench: &mut Bench) -> (u16, String) {
    let Start::Status { code, .. } = bench.request().start else { panic!("no answer") };
    let Start::Request { method, .. } = bench.request().start else { panic!("no request") };
    (code, method)
}

/// Presses HLog and takes the 202; answers the REFER.
fn pressed(bench: &mut Bench) -> message::Message {
    bench.command(Command::Tell(Telling::SoftKey("HLog".to_owned())));
    let request = bench.request();
    let more = "Contact: <sip:gateway@127.0.0.1>\r\n";
    bench.receive(&super::registrar::plain(&request, "202 Accepted", more));
    request
}

fn outcome(bench: &Bench, refer: &message::Message, code: u16) -> String {
    let body = format!(
        "<x-cisco-remotecc-response><response><code>{code}</code></response></x-cisco-remotecc-response>"
    );
    let more = "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n";
    request("NOTIFY", &contact(&bench.handset), more, RESPONSE, &body)
        .replace("5b2e@127.0.0.1", refer.get("call-id").unwrap())
        .replace("<sip:1001@voice.example>", refer.get("from").unwrap())
        .replace(";tag=g1", ";tag=t1")
}

#[test]
fn the_outcome_of_a_soft_key_comes_in_its_dialog() {
    let mut bench = Bench::registered(Transport::Tcp);
    let refer = pressed(&mut bench);
    let text = outcome(&bench, &refer, 200);
    bench.receive(&text);
    assert_eq!(bench.problems(), Vec::<String>::new());
    assert_eq!(answer(&mut bench), 200);
    bench.pass(Duration::from_secs(33));
    assert_eq!(bench.problems(), Vec::<String>::new());
    for (from, to, words) in [
        (";tag=t1", ";tag=t2", "did not send"),
        ("Event: refer", "Event: refer;id=7", "is not the CSeq"),
        ("<code>200", "<code>202", "with the code 202"),
    ] {
        let mut bench = Bench::registered(Transport::Tcp);
        let refer = pressed(&mut bench);
        let text = outcome(&bench, &refer, 200).replace(from, to);
        bench.receive(&text);
        bench.complains(words);
    }
}

#[test]
fn a_phone_that_is_not_registered_or_offers_nothing_is_left_alone() {
    let mut bench = Bench::new(settings(Transport::Tcp));
    bench.begin();
    bench.sent.clear();
    let uri = contact(&bench.handset);
    bench.receive(&refer(&uri, REQUEST, STATUS));
    bench.complains("not registered");
    assert_eq!(answer(&mut bench), 480);

    let mut silent = settings(Transport::Tcp);
    silent.remotecc = false;
    let mut bench = Bench::new(silent);
    bench.begin();
    let register = bench.request();
    assert!(!String::from_utf8_lossy(&register.body).contains("combine"));
    let granted = super::registrar::granted(&register, &super::registrar::Grant::default());
    bench.receive(&granted);
    bench.complains("accepts combine");
    let uri = contact(&bench.handset);
    bench.receive(&refer(&uri, REQUEST, STATUS));
    bench.complains("did not offer it");
}

#[test]
fn a_request_is_done_once() {
    let mut bench = Bench::registered(Transport::Tcp);
    let text = refer(&contact(&bench.handset), REQUEST, STATUS);
    bench.receive(&text);
    bench.receive(&text);
    bench.complains("sent again over a stream");
    assert_eq!(bench.sent.len(), 2);
    assert_eq!(bench.sent[0], bench.sent[1]);
    let done = bench.events.iter().filter(|it| matches!(it, Event::Request { .. })).count();
    assert_eq!(done, 1);
    bench.receive(&text.replace("CSeq: 101", "CSeq: 102"));
    bench.complains("a branch is used for two requests");
}

#[test]
fn faults_change_the_answers() {
    let sent = |faults: &[Fault]| {
        let mut bench = Bench::registered(Transport::Tcp);
        for fault in faults {
            bench.command(Command::Fault(*fault, true));
        }
        let text = refer(&contact(&bench.handset), REQUEST, STATUS);
        bench.receive(&text);
        bench
    };
    assert_eq!(sent(&[Fault::Silent]).sent.len(), 0);
    assert_eq!(sent(&[Fault::Twice]).sent.len(), 2);
    let mut late = sent(&[Fault::Late]);
    assert_eq!(late.sent.len(), 0);
    late.pass(Duration::from_secs(3));
    assert_eq!(late.sent.len(), 1);
    let wrong = sent(&[Fault::WrongVia]).request();
    assert!(!wrong.get("via").unwrap().contains("z9hG4bKa1"));
    let odd = sent(&[Fault::Compact, Fault::Folded]);
    let text = String::from_utf8(odd.sent[0].clone()).unwrap();
    assert!(text.contains("\r\nv :\r\n \tSIP/2.0/TCP"), "{text}");
    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::Answer(Some(603)));
    let text = refer(&contact(&bench.handset), REQUEST, STATUS);
    bench.receive(&text);
    assert_eq!(answer(&mut bench), 603);
}

#[test]
fn an_old_phone_writes_no_magic_branch() {
    let mut bench = Bench::new(settings(Transport::Tcp));
    bench.command(Command::Fault(Fault::Old, true));
    bench.begin();
    let request = bench.request();
    assert!(request.get("max-forwards").is_none());
    assert!(!request.get("via").unwrap().contains("z9hG4bK"));
}
