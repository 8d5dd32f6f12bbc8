//! Signed well by the trusted key, but the message says the wrong thing: version, assertions, issuer,
//! status, addresses, times, conditions, encryption.

use super::{Edit, Entry, Forge, PLAIN, Signed, edit, element_text};
use crate::idp::signing::Form;

const ENCRYPTED: &str = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
    <xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
    Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod \
    Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"></xenc:EncryptionMethod><xenc:CipherData>\
    <xenc:CipherValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</xenc:CipherValue></xenc:CipherData>\
    </xenc:EncryptedData></saml:EncryptedAssertion>";

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = forge.edited("structure", STRUCTURE)?;
    entries.extend(encrypted(forge)?);
    entries.extend(forge.edited("issuer", ISSUER)?);
    entries.extend(forge.edited("status", STATUS)?);
    entries.extend(forge.edited("addressing", ADDRESSING)?);
    entries.extend(forge.edited("time", TIME)?);
    entries.extend(forge.edited("conditions", CONDITIONS)?);
    Ok(entries)
}

/// Whatever is encrypted, anybody who knows our key could have written.
fn encrypted(forge: &Forge) -> Result<Vec<Entry>, String> {
    let name = "encrypted-assertion-alone";
    let template = forge.fill(PLAIN, name);
    let assertion = element_text(&template, &forge.ids(name).1)?;
    let template = edit(&template, &assertion, ENCRYPTED)?;
    let text = forge.made(name, &template, &Form::of(&forge.key), Signed::Message)?;
    let fault = (4, "encrypted", "an EncryptedAssertion in the place of the assertion");
    let mut entries = vec![Entry::refused(name, "encrypted", fault, text)];
    let beside = format!("{ENCRYPTED}</samlp:Response>");
    let fault = (4, "encrypted", "an EncryptedAssertion beside a plain one");
    let edits = [("encrypted-assertion-beside", fault, "</samlp:Response>", beside.as_str())];
    entries.extend(forge.edited("encrypted", &edits)?);
    entries.extend(forge.edited("encrypted", ENCRYPTED_PARTS)?);
    Ok(entries)
}

const ENCRYPTED_PARTS: &[Edit] = &[
    (
        "encrypted-name",
        (4, "encrypted", "an EncryptedID in the place of the NameID"),
        "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" \
         SPNameQualifier=\"$SP\">$NAME_ID</saml:NameID>",
        "<saml:EncryptedID><xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\">\
         </xenc:EncryptedData></saml:EncryptedID>",
    ),
    (
        "encrypted-attribute",
        (4, "encrypted", "an EncryptedAttribute beside the plain ones"),
        "</saml:AttributeStatement>",
        "<saml:EncryptedAttribute><xenc:EncryptedData \
         xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"></xenc:EncryptedData>\
         </saml:EncryptedAttribute></saml:AttributeStatement>",
    ),
];

const STRUCTURE: &[Edit] = &[
    (
        "version-1-1",
        (4, "not a Response of SAML 2.0", "Version of the response is 1.1"),
        "IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
        "IssueInstant=\"$ISSUED\" Version=\"1.1\"><saml:Issuer xmlns",
    ),
    (
        "no-version",
        (4, "not a Response of SAML 2.0", "the response has no Version"),
        " Version=\"2.0\"><saml:Issuer xmlns",
        "><saml:Issuer xmlns",
    ),
    (
        "other-protocol",
        (4, "not a Response of SAML 2.0", "the response is in the namespace of SAML 1.1"),
        "urn:oasis:names:tc:SAML:2.0:protocol",
        "urn:oasis:names:tc:SAML:1.0:protocol",
    ),
    (
        "protocol-in-other-case",
        (4, "not a Response of SAML 2.0", "the protocol's namespace has a letter of another case"),
        "urn:oasis:names:tc:SAML:2.0:protocol",
        "urn:oasis:names:tc:saml:2.0:protocol",
    ),
    (
        "two-assertions",
        (4, "more than one assertion", "a second assertion, signed with the message"),
        "</samlp:Response>",
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_second\" \
         IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer>$IDP</saml:Issuer></saml:Assertion>\
         </samlp:Response>",
    ),
    (
        "assertion-in-advice",
        (4, "more than one assertion", "a second assertion in Advice"),
        "</saml:Conditions>",
        "</saml:Conditions><saml:Advice><saml:Assertion ID=\"_second\" IssueInstant=\"$ISSUED\" \
         Version=\"2.0\"><saml:Issuer>$IDP</saml:Issuer></saml:Assertion></saml:Advice>",
    ),
    (
        "assertion-in-a-value",
        (4, "more than one assertion", "an assertion as the value of an attribute"),
        "<saml:AttributeStatement>",
        "<saml:AttributeStatement><saml:Attribute Name=\"more\"><saml:AttributeValue><saml:Assertion \
         ID=\"_second\" IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer>$IDP</saml:Issuer>\
         </saml:Assertion></saml:AttributeValue></saml:Attribute>",
    ),
    (
        "id-is-no-name",
        (5, "identifiers", "an ID that begins with a digit"),
        "ID=\"$ASSERTION_ID\"",
        "ID=\"1$ASSERTION_ID\"",
    ),
    (
        "id-twice",
        (5, "identifiers", "response and assertion have the same ID"),
        "ID=\"$ASSERTION_ID\"",
        "ID=\"$RESPONSE_ID\"",
    ),
    (
        "xml-id-twice",
        (5, "identifiers", "an xml:id that is the ID of the response"),
        "<saml:Subject>",
        "<saml:Subject xml:id=\"$RESPONSE_ID\">",
    ),
    (
        "lower-case-id-twice",
        (5, "identifiers", "an attribute id that is the ID of the response"),
        "<saml:Subject>",
        "<saml:Subject id=\"$RESPONSE_ID\">",
    ),
    (
        "assertion-id-twice",
        (5, "identifiers", "an AssertionID, as SAML 1.1 had it, that is the ID of the response"),
        "<saml:Subject>",
        "<saml:Subject AssertionID=\"$RESPONSE_ID\">",
    ),
];

const ISSUER: &[Edit] = &[
    (
        "no-issuer",
        (11, "issuer", "the response has no Issuer"),
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">$IDP</saml:Issuer>$M",
        "$M",
    ),
    (
        "other-issuer",
        (11, "issuer", "the response is issued by somebody else"),
        "assertion\">$IDP</saml:Issuer>$M",
        "assertion\">https://other.example/idp</saml:Issuer>$M",
    ),
    (
        "issuer-as-prefix",
        (11, "issuer", "the Issuer only begins as ours"),
        "assertion\">$IDP</saml:Issuer>$M",
        "assertion\">$IDP.other.example</saml:Issuer>$M",
    ),
    (
        "issuer-of-other-format",
        (11, "issuer", "the Issuer is no entity, by its Format"),
        "assertion\">$IDP</saml:Issuer>$M",
        "assertion\" Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">$IDP\
         </saml:Issuer>$M",
    ),
    (
        "no-issuer-of-assertion",
        (11, "issuer", "the assertion has no Issuer"),
        "<saml:Issuer>$IDP</saml:Issuer>",
        "",
    ),
    (
        "other-issuer-of-assertion",
        (11, "issuer", "the assertion is issued by somebody else"),
        "<saml:Issuer>$IDP</saml:Issuer>",
        "<saml:Issuer>https://other.example/idp</saml:Issuer>",
    ),
];

const SUCCESS: &str = "<samlp:StatusCode \
    Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>";

const STATUS: &[Edit] = &[
    (
        "status-responder",
        (12, "status", "the identity provider says it failed, with an assertion all the same"),
        SUCCESS,
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"></samlp:StatusCode></samlp:StatusCode>",
    ),
    (
        "success-below",
        (12, "status", "Success only as the second code"),
        SUCCESS,
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Requester\"><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:StatusCode>",
    ),
    (
        "two-codes",
        (12, "status", "a code of failure beside that of success"),
        SUCCESS,
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"></samlp:StatusCode>\
         <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>",
    ),
    ("no-status-code", (12, "status", "a Status without code"), SUCCESS, ""),
    (
        "no-status",
        (12, "status", "no Status"),
        "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">\
         </samlp:StatusCode></samlp:Status>",
        "",
    ),
];

const ADDRESSING: &[Edit] = &[
    ("no-destination", (13, "destination", "no Destination"), " Destination=\"$ACS\"", ""),
    (
        "other-destination",
        (13, "destination", "for another service"),
        "Destination=\"$ACS\"",
        "Destination=\"https://other.example/saml/acs\"",
    ),
    (
        "destination-as-prefix",
        (13, "destination", "the Destination only begins as our address"),
        "Destination=\"$ACS\"",
        "Destination=\"$ACS/more\"",
    ),
    (
        "destination-with-space",
        (13, "destination", "white space behind the Destination"),
        "Destination=\"$ACS\"",
        "Destination=\"$ACS \"",
    ),
    (
        "unsolicited",
        (14, "in response to", "an answer that nobody asked for"),
        " InResponseTo=\"$REQUEST_ID\" IssueInstant",
        " IssueInstant",
    ),
    (
        "other-request",
        (14, "in response to", "the answer to another request"),
        " InResponseTo=\"$REQUEST_ID\" IssueInstant",
        " InResponseTo=\"_other$REQUEST_ID\" IssueInstant",
    ),
    (
        "unsolicited-subject",
        (14, "in response to", "the subject's confirmation names no request"),
        "InResponseTo=\"$REQUEST_ID\" NotOnOrAfter",
        "NotOnOrAfter",
    ),
    (
        "subject-of-other-request",
        (14, "in response to", "the subject's confirmation names another request"),
        "InResponseTo=\"$REQUEST_ID\" NotOnOrAfter",
        "InResponseTo=\"_other$REQUEST_ID\" NotOnOrAfter",
    ),
    (
        "other-recipient",
        (16, "subject confirmation", "the confirmation is for another service"),
        "Recipient=\"$ACS\"",
        "Recipient=\"https://other.example/saml/acs\"",
    ),
    (
        "no-recipient",
        (16, "subject confirmation", "the confirmation is for nobody"),
        " Recipient=\"$ACS\"",
        "",
    ),
    (
        "holder-of-key",
        (16, "subject confirmation", "the confirmation is not by bearer"),
        "urn:oasis:names:tc:SAML:2.0:cm:bearer",
        "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
    ),
];

const TIME: &[Edit] = &[
    (
        "issued-an-hour-ago",
        (15, "too old", "the response was issued an hour ago"),
        "IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
        "IssueInstant=\"$HOUR_AGO\" Version=\"2.0\"><saml:Issuer xmlns",
    ),
    (
        "issued-in-an-hour",
        (15, "from the future", "the response is issued in an hour"),
        "IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
        "IssueInstant=\"$HOUR_AHEAD\" Version=\"2.0\"><saml:Issuer xmlns",
    ),
    (
        "issued-without-zone",
        (15, "no time in UTC", "IssueInstant has no zone"),
        "IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
        "IssueInstant=\"2026-01-31T12:00:00\" Version=\"2.0\"><saml:Issuer xmlns",
    ),
    (
        "issued-with-offset",
        (15, "no time in UTC", "IssueInstant has an offset in the place of Z"),
        "IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
        "IssueInstant=\"2026-01-31T12:00:00+00:00\" Version=\"2.0\"><saml:Issuer xmlns",
    ),
    (
        "not-issued",
        (15, "no time in UTC", "no IssueInstant"),
        " IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
        " Version=\"2.0\"><saml:Issuer xmlns",
    ),
    (
        "confirmation-over",
        (16, "subject confirmation", "the confirmation ended an hour ago"),
        "NotOnOrAfter=\"$END\" Recipient",
        "NotOnOrAfter=\"$HOUR_AGO\" Recipient",
    ),
    (
        "confirmation-without-end",
        (16, "subject confirmation", "the confirmation has no end"),
        " NotOnOrAfter=\"$END\" Recipient",
        " Recipient",
    ),
    (
        "confirmation-with-begin",
        (16, "subject confirmation", "the confirmation has NotBefore, which web sign-on forbids"),
        " NotOnOrAfter=\"$END\" Recipient",
        " NotBefore=\"$BEGIN\" NotOnOrAfter=\"$END\" Recipient",
    ),
    (
        "conditions-over",
        (17, "conditions", "the conditions ended an hour ago"),
        "NotBefore=\"$BEGIN\" NotOnOrAfter=\"$END\"><saml:A",
        "NotBefore=\"$BEGIN\" NotOnOrAfter=\"$HOUR_AGO\"><saml:A",
    ),
    (
        "conditions-not-yet",
        (17, "conditions", "the conditions begin in an hour"),
        "NotBefore=\"$BEGIN\" NotOnOrAfter=\"$END\"><saml:A",
        "NotBefore=\"$HOUR_AHEAD\" NotOnOrAfter=\"$HOUR_AHEAD\"><saml:A",
    ),
    (
        "session-over",
        (18, "session over", "the session at the identity provider is over"),
        "SessionNotOnOrAfter=\"$SESSION_END\"",
        "SessionNotOnOrAfter=\"$HOUR_AGO\"",
    ),
];

const AUDIENCES: &str = "<saml:AudienceRestriction><saml:Audience>$SP</saml:Audience>\
    </saml:AudienceRestriction>";

const CONDITIONS: &[Edit] = &[
    (
        "no-conditions",
        (17, "conditions", "no Conditions"),
        "<saml:Conditions NotBefore=\"$BEGIN\" NotOnOrAfter=\"$END\"><saml:AudienceRestriction>\
         <saml:Audience>$SP</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
        "",
    ),
    ("no-audience", (17, "audience", "no AudienceRestriction"), AUDIENCES, ""),
    (
        "other-audience",
        (17, "audience", "for another audience"),
        "<saml:Audience>$SP",
        "<saml:Audience>other.example",
    ),
    (
        "audience-as-prefix",
        (17, "audience", "the audience only begins as we are called"),
        "<saml:Audience>$SP",
        "<saml:Audience>$SP.other.example",
    ),
    (
        "audience-in-a-comment",
        (17, "audience", "an audience that is ours for whoever stops reading at a comment"),
        "<saml:Audience>$SP",
        "<saml:Audience>$SP<!-- -->.other.example",
    ),
    (
        "second-restriction-for-another",
        (17, "audience", "of two restrictions each has to hold"),
        AUDIENCES,
        "<saml:AudienceRestriction><saml:Audience>$SP</saml:Audience></saml:AudienceRestriction>\
         <saml:AudienceRestriction><saml:Audience>other.example</saml:Audience>\
         </saml:AudienceRestriction>",
    ),
    (
        "unknown-condition",
        (17, "conditions", "a condition that nobody understands"),
        "</saml:Conditions>",
        "<saml:Condition xmlns:x=\"urn:example:x\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x:OnlyOnSundays\">\
         </saml:Condition></saml:Conditions>",
    ),
    (
        "no-authentication",
        (18, "no authentication statement", "nothing is said about how the person signed in"),
        "<saml:AuthnStatement AuthnInstant=\"$ISSUED\" SessionIndex=\"$ASSERTION_ID\" \
         SessionNotOnOrAfter=\"$SESSION_END\"><saml:AuthnContext><saml:AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>\
         </saml:AuthnContext></saml:AuthnStatement>",
        "",
    ),
];
