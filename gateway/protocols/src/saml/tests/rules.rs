//! Issuer, status, destination, request, times, subject, conditions, statements: each rule on
//! messages that are signed as they should be.

use super::super::SamlReason::{
    Audience, AuthnStatement, Conditions, Destination, InResponseTo, Issuer, NameId, NotAResponse,
    SessionOver, Status, SubjectConfirmation, Time, TooEarly, TooLate,
};
use super::super::{SamlReason, SamlRefused};
use super::signer::{
    ACS, Draft, IDP, NOW_MILLIS, OWN, REQUEST, Signs, TRANSIENT, accepted, edited, good,
    judged_with, refused, replaced,
};

#[track_caller]
fn check(from: &str, to: &str, reason: SamlReason) {
    refused(&replaced(from, to), reason);
}

#[track_caller]
fn taken(from: &str, to: &str) {
    accepted(&replaced(from, to));
}

/// Changes the first of several.
#[track_caller]
fn check_first(from: &str, to: &str, reason: SamlReason) {
    refused(&edited(|text| text.replacen(from, to, 1)), reason);
}

/// Changes the last of several.
#[track_caller]
fn check_last(from: &str, to: &str, reason: SamlReason) {
    let edit = |text: String| {
        let at = text.rfind(from).unwrap();
        format!("{}{to}{}", &text[..at], &text[at + from.len()..])
    };
    refused(&edited(edit), reason);
}

#[test]
fn ids_03_only_responses_of_version_2_are_taken() {
    check_first("Version=\"2.0\"", "Version=\"1.1\"", NotAResponse);
    check_last("Version=\"2.0\"", "Version=\"2.1\"", NotAResponse);
    check_first(" Version=\"2.0\"", "", NotAResponse);
    for root in ["LogoutResponse", "AuthnRequest", "response"] {
        check("samlp:Response", &format!("samlp:{root}"), NotAResponse);
    }
}

#[test]
fn ids_04_the_issuer_is_the_provider() {
    let (begin, end) = (format!(">{IDP}</Issuer>"), "</Issuer>");
    for other in
        ["http://evil.example/", "", " ", &IDP.to_uppercase(), &format!("{IDP}/"), &IDP[1..]]
    {
        check_first(&begin, &format!(">{other}{end}"), Issuer);
        check_last(&begin, &format!(">{other}{end}"), Issuer);
    }
    check_first(&begin, &format!(">{IDP}<x></x>{end}"), Issuer);
    let one = format!("<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{IDP}</Issuer>");
    check(&one, "", Issuer);
    check(&one, &format!("{one}{one}"), Issuer);
    check_last(&format!("<Issuer>{IDP}</Issuer>"), "", Issuer);
    let unspecified = " Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\"";
    check_first(&begin, &format!("{unspecified}{begin}"), Issuer);
    // White space around it is common, and a comment cuts it for others.
    taken(&begin, &format!(">\n  {IDP}\n {end}"));
    taken(&begin, &format!(" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\"{begin}"));
    let commented = good().replacen(&begin, &format!(">{IDP}<!-- --></Issuer>"), 1);
    refused(&commented, Issuer);
    let told = judged_with(&good(), |expected| expected.idp_entity_id = "").unwrap_err();
    assert_eq!(told.reason, Issuer);
}

#[test]
fn ids_03_what_did_not_succeed_is_told() {
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    check(success, "urn:oasis:names:tc:SAML:2.0:status:Responder", Status);
    check(success, "", Status);
    check(success, &success.to_lowercase(), Status);
    let status = format!(
        "<samlp:Status><samlp:StatusCode Value=\"{success}\"></samlp:StatusCode></samlp:Status>"
    );
    check(&status, "", Status);
    check(&status, &format!("{status}{status}"), Status);
    // Without an assertion, as providers say no; signed or not.
    for signs in [Signs::Message, Signs::Nothing] {
        let edit = |text: String| {
            let (from, to) =
                (text.find("<Assertion ").unwrap(), text.find("</samlp:Response>").unwrap());
            let code = format!("Value=\"{success}\">");
            let denied = "Value=\"urn:oasis:names:tc:SAML:2.0:status:Requester\"><samlp:StatusCode \
                          Value=\"urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy\"></samlp:StatusCode>";
            format!("{}{}", &text[..from], &text[to..]).replace(&code, denied)
        };
        let xml = Draft { signs, edit: &edit, ..Draft::default() }.signed();
        let told: SamlRefused = judged_with(&xml, |_| {}).unwrap_err();
        assert_eq!(told.reason, Status);
        assert!(told.to_string().contains("Requester: InvalidNameIDPolicy"), "{told}");
    }
}

#[test]
fn ids_04_the_destination_is_ours() {
    let own = format!("Destination=\"{ACS}\"");
    for other in [
        "https://other.example:8553/ids/saml/response",
        "https://ids.example/ids/saml/response",
        "https://IDS.example:8553/ids/saml/response",
        "http://ids.example:8553/ids/saml/response",
        &format!("{ACS}/"),
        &format!("{ACS}?"),
        &format!("{ACS}?metaAlias=/other"),
        &format!(" {ACS}"),
        "",
    ] {
        check(&own, &format!("Destination=\"{other}\""), Destination);
    }
    check(&format!(" {own}"), "", Destination);
    taken(&own, &format!("Destination=\"{ACS}?metaAlias=/sp\""));
}

#[test]
fn ids_04_a_response_answers_the_request_of_this_browser() {
    let ours = format!("InResponseTo=\"{REQUEST}\"");
    for other in ["InResponseTo=\"_other\"", "InResponseTo=\"\""] {
        check_first(&ours, other, InResponseTo);
        check_last(&ours, other, InResponseTo);
        check(&ours, other, InResponseTo);
    }
    check_first(&format!(" {ours}"), "", InResponseTo);
    check_last(&format!("{ours} "), "", InResponseTo);
    let told = judged_with(&good(), |expected| expected.request_id = "_another").unwrap_err();
    assert_eq!(told.reason, InResponseTo);
    // Unsolicited, and no request outstanding.
    let xml = replaced(&ours, "InResponseTo=\"\"");
    let told = judged_with(&xml, |expected| expected.request_id = "").unwrap_err();
    assert_eq!(told.reason, InResponseTo);
}

#[test]
fn ids_04_a_response_is_of_now() {
    let issued = NOW_MILLIS - 4_877;
    let at = |now: i64| judged_with(&good(), |expected| expected.now_millis = now);
    assert!(at(issued).is_ok() && at(issued - 60_000).is_ok());
    assert_eq!(at(issued - 60_001).unwrap_err().reason, TooEarly);
    assert!(at(issued + 300_000).is_ok());
    assert_eq!(at(issued + 300_001).unwrap_err().reason, TooLate);
    let wide = judged_with(&good(), |expected| {
        (expected.now_millis, expected.skew_seconds) = (issued - 180_000, 180);
    });
    assert!(wide.is_ok());
    let (response, assertion) = (
        "IssueInstant=\"2026-11-28T10:00:00.123Z\"",
        "IssueInstant=\"2026-11-28T10:00:00.1230000Z\"",
    );
    for attribute in [response, assertion] {
        let put = |time: &str| format!("IssueInstant=\"{time}\"");
        for form in [
            "2026-11-28T10:00:00.123",
            "2026-11-28T10:00:00+00:00",
            "2026-11-28T11:00:00+01:00",
            "2026-11-28T10:00:00z",
            "2026-11-28 10:00:00Z",
            "now",
            "",
            "2026-11-31T10:00:00Z",
            "2026-11-28T10:00Z",
            "1795860000",
        ] {
            check(attribute, &put(form), Time);
        }
        check(&format!("{attribute} "), "", Time);
        check(attribute, &put("2026-11-28T10:01:06Z"), TooEarly);
        check(attribute, &put("2026-11-28T09:55:04.999Z"), TooLate);
        check(attribute, &put("1970-01-01T00:00:00Z"), TooLate);
        check(attribute, &put("9999-12-31T23:59:59Z"), TooEarly);
        taken(attribute, &put("2026-11-28T10:00:05.1234567Z"));
        taken(attribute, &put("2026-11-28T10:00:05Z"));
    }
}

#[test]
fn ids_03_the_name_is_transient() {
    let format = format!("Format=\"{TRANSIENT}\"");
    let misprinted = "Format=\"urn:oasis:names:tc:SAML:2.0:named-format:transient\"";
    for other in [
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "",
        &format!(" {TRANSIENT}"),
        &TRANSIENT.to_uppercase(),
    ] {
        check(&format, &format!("Format=\"{other}\""), NameId);
    }
    check(&format!("{format} "), "", NameId);
    check(&format, misprinted, NameId);
    let switched = judged_with(&replaced(&format, misprinted), |expected| {
        expected.accept_misprinted_name_id_format = true;
    });
    assert!(switched.is_ok());
    check(&format!("SPNameQualifier=\"{OWN}\""), "SPNameQualifier=\"other.example\"", NameId);
    check(&format!("SPNameQualifier=\"{OWN}\""), "SPNameQualifier=\"\"", NameId);
    taken(&format!(" SPNameQualifier=\"{OWN}\""), "");
    let text = ">EXAMPLE\\anna</NameID>";
    let long = "x".repeat(257);
    for other in ["", " ", "an<x></x>na", "an\u{85}na", "an\nna", "an\u{202E}na", &long] {
        check(text, &format!(">{other}</NameID>"), NameId);
    }
    refused(&good().replace(text, ">EXAMPLE\\<!-- -->anna</NameID>"), NameId);
    let cdata = accepted(&good().replace(text, "><![CDATA[EXAMPLE\\]]>anna</NameID>"));
    assert_eq!(cdata.name_id, "EXAMPLE\\anna");
    let name = good();
    let from = name.find("<NameID ").unwrap();
    let name = &name[from..name.find("</NameID>").unwrap() + 9];
    check(name, "", NameId);
    check(name, &format!("{name}{name}"), NameId);
    check(name, "<BaseID></BaseID>", NameId);
    check("<Conditions", "<Subject></Subject><Conditions", NameId);
}

#[test]
fn ids_04_the_bearer_is_confirmed_for_us() {
    let recipient = format!("Recipient=\"{ACS}\"");
    check(
        &recipient,
        "Recipient=\"https://other.example:8553/ids/saml/response\"",
        SubjectConfirmation,
    );
    check(&recipient, "Recipient=\"\"", SubjectConfirmation);
    check(&format!(" {recipient}"), "", SubjectConfirmation);
    let end = "NotOnOrAfter=\"2026-11-28T10:05:00.123Z\"";
    check(&format!(" {end}"), "", SubjectConfirmation);
    check(end, "NotOnOrAfter=\"2026-11-28T09:59:05Z\"", SubjectConfirmation);
    taken(end, "NotOnOrAfter=\"2026-11-28T09:59:05.001Z\"");
    check(end, "NotOnOrAfter=\"2026-11-28T10:05:00\"", Time);
    check(end, &format!("NotBefore=\"2026-11-28T10:00:00Z\" {end}"), SubjectConfirmation);
    // Other methods confirm nothing, and do not hide the bearer's.
    check("cm:bearer", "cm:holder-of-key", InResponseTo);
    check("cm:bearer", "cm:sender-vouches", InResponseTo);
    let xml = good();
    let from = xml.find("<SubjectConfirmation ").unwrap();
    let one = &xml[from..xml.find("</SubjectConfirmation>").unwrap() + 22];
    check(one, "", InResponseTo);
    let data = &one[one.find("<SubjectConfirmationData ").unwrap()
        ..one.find("</SubjectConfirmation>").unwrap()];
    check(data, "", InResponseTo);
    check(data, &format!("{data}{data}"), InResponseTo);
    let foreign = one.replace(ACS, "https://other.example/");
    taken(one, &format!("{foreign}{one}"));
    taken(one, &format!("{one}{foreign}"));
    taken(one, &format!("{}{one}", one.replace("cm:bearer", "cm:holder-of-key")));
    check(one, &format!("{foreign}{foreign}"), SubjectConfirmation);
    // One part from each of two is not a whole one.
    let of_another_request = one.replace(REQUEST, "_other");
    check(one, &format!("{foreign}{of_another_request}"), SubjectConfirmation);
}

#[test]
fn ids_04_conditions_hold() {
    let (begin, end) =
        ("NotBefore=\"2026-11-28T10:00:00.120Z\"", "NotOnOrAfter=\"2026-11-28T11:00:00.120Z\"");
    check(begin, "NotBefore=\"2026-11-28T10:01:05.001Z\"", TooEarly);
    taken(begin, "NotBefore=\"2026-11-28T10:01:05Z\"");
    check(end, "NotOnOrAfter=\"2026-11-28T09:59:05Z\"", TooLate);
    taken(end, "NotOnOrAfter=\"2026-11-28T09:59:05.001Z\"");
    check(begin, "NotBefore=\"2026-11-28T10:00:00+00:00\"", Time);
    check(end, "NotOnOrAfter=\"soon\"", Time);
    taken(&format!("{begin} "), "");
    let xml = good();
    let from = xml.find("<Conditions ").unwrap();
    let whole = &xml[from..xml.find("</Conditions>").unwrap() + 13];
    check(whole, "", Conditions);
    check(whole, &format!("{whole}{whole}"), Conditions);
    taken(
        "</Conditions>",
        "<OneTimeUse></OneTimeUse><ProxyRestriction Count=\"0\"></ProxyRestriction></Conditions>",
    );
    for unknown in [
        "<Condition></Condition>",
        "<x xmlns=\"urn:x\"></x>",
        "<OneTimeUse xmlns=\"urn:x\"></OneTimeUse>",
    ] {
        check("</Conditions>", &format!("{unknown}</Conditions>"), Conditions);
    }
}

#[test]
fn ids_04_the_audience_is_us() {
    let ours = format!("<AudienceRestriction><Audience>{OWN}</Audience></AudienceRestriction>");
    let of = |audiences: &str| format!("<AudienceRestriction>{audiences}</AudienceRestriction>");
    let foreign = "<Audience>other.example</Audience>";
    for other in [
        "other.example",
        "IDS.example",
        "ids.example ",
        " ids.example",
        "ids.example/",
        "https://ids.example",
        "",
        "ids.exampl",
    ] {
        check(&ours, &of(&format!("<Audience>{other}</Audience>")), Audience);
    }
    check(&ours, "", Audience);
    check(&ours, &of(""), Audience);
    check(&ours, &format!("{ours}{}", of(foreign)), Audience);
    check(&ours, &format!("{}{ours}", of(foreign)), Audience);
    check(&ours, &of(&format!("<Audience xmlns=\"urn:x\">{OWN}</Audience>")), Audience);
    taken(&ours, &of(&format!("{foreign}<Audience>{OWN}</Audience>")));
    taken(&ours, &format!("{ours}{ours}"));
    let cut = good().replace(&format!("<Audience>{OWN}"), &format!("<Audience>{OWN}<!---->"));
    refused(&cut, Audience);
    let told =
        judged_with(&good(), |expected| expected.own_entity_id = "other.example").unwrap_err();
    assert_eq!(told.reason, NameId);
}

#[test]
fn ids_04_the_person_signed_in_and_the_session_lasts() {
    let xml = good();
    let from = xml.find("<AuthnStatement ").unwrap();
    let whole = &xml[from..xml.find("</AuthnStatement>").unwrap() + 17];
    check(whole, "", AuthnStatement);
    check(" AuthnInstant=\"2026-11-28T09:59:59.9Z\"", "", AuthnStatement);
    check("AuthnInstant=\"2026-11-28T09:59:59.9Z\"", "AuthnInstant=\"2026-11-28T09:59:59\"", Time);
    let end = "SessionNotOnOrAfter=\"2026-11-28T18:00:00Z\"";
    check(end, "SessionNotOnOrAfter=\"2026-11-28T09:59:05Z\"", SessionOver);
    check(end, "SessionNotOnOrAfter=\"2026-11-28T18:00:00\"", Time);
    assert_eq!(accepted(&replaced(&format!(" {end}"), "")).session_not_on_or_after, None);
    let two = format!("{whole}{}", whole.replace("T18:00:00Z", "T12:00:00Z"));
    let earliest = accepted(&replaced(whole, &two)).session_not_on_or_after;
    assert_eq!(earliest, Some(NOW_MILLIS / 1_000 - 5 + 2 * 3_600));
    check(whole, &format!("{whole}{}", whole.replace("T18:00:00Z", "T09:00:00Z")), SessionOver);
}

/// The memory of used messages lasts as long as a message could be taken again, and no longer.
#[test]
fn ids_04_used_messages_are_remembered_long_enough() {
    let end = |from: &str, to: &str| accepted(&replaced(from, to)).not_on_or_after;
    let (condition, data) = ("2026-11-28T11:00:00.120Z", "2026-11-28T10:05:00.123Z");
    let issued = NOW_MILLIS / 1_000 - 5;
    assert_eq!(end(condition, "9999-12-31T23:59:59Z"), issued + 781);
    assert_eq!(end(condition, "2026-11-28T10:03:00Z"), issued + 300 + 60 + 1);
    assert_eq!(end(data, "2026-11-28T10:01:00Z"), issued + 781);
}

/// With everything wrong at once, the first step of the order is told.
#[test]
fn ids_03_the_first_step_that_fails_is_told() {
    let wrong: [(&str, &str, SamlReason); 10] = [
        ("<Subject>", "<Subject id=\"_a1\">", SamlReason::Ids),
        (IDP, "http://evil.example", Issuer),
        ("status:Success", "status:Responder", Status),
        ("Destination=\"https://ids", "Destination=\"https://other", Destination),
        (REQUEST, "_other", InResponseTo),
        ("IssueInstant=\"2026-11-28T10", "IssueInstant=\"2026-11-28T09", TooLate),
        ("nameid-format:transient", "nameid-format:persistent", NameId),
        ("<Audience>ids.example", "<Audience>other.example", Audience),
        (" AuthnInstant=\"2026-11-28T09:59:59.9Z\"", "", AuthnStatement),
        ("anna@example.com", "anna", SamlReason::Attribute),
    ];
    for first in 0..wrong.len() {
        let xml = edited(|text| {
            wrong[first..].iter().fold(text, |text, (from, to, _)| text.replace(from, to))
        });
        refused(&xml, wrong[first].2);
    }
    let edit =
        |text: String| wrong[1..].iter().fold(text, |text, (from, to, _)| text.replace(from, to));
    for (signs, reason) in [
        (Signs::Nothing, SamlReason::Unsigned),
        (Signs::Assertion, SamlReason::OnlyAssertionSigned),
    ] {
        refused(&Draft { signs, edit: &edit, ..Draft::default() }.signed(), reason);
    }
}
