//! What has to be accepted: shapes of several products, and what the standard leaves open.

use super::{Entry, Forge, PLAIN, Signed, edit};
use crate::idp::signing::{DSIG, Form, key_info};

const ADFS: &str = include_str!("../shapes/adfs.xml");
const OKTA: &str = include_str!("../shapes/okta.xml");
const SIMPLESAMLPHP: &str = include_str!("../shapes/simplesamlphp.xml");
const PYSAML2: &str = include_str!("../shapes/pysaml2.xml");

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = shapes(forge)?;
    entries.extend(edits(forge)?);
    entries.extend(signatures(forge)?);
    entries.extend(replays(forge)?);
    Ok(entries)
}

fn shapes(forge: &Forge) -> Result<Vec<Entry>, String> {
    let certificate = forge.key.certificate_base64();
    let plain = Form::of(&forge.key);
    let of_adfs = Form {
        key_info: format!(
            "<KeyInfo xmlns=\"{DSIG}\"><ds:X509Data><ds:X509Certificate>{certificate}\
             </ds:X509Certificate></ds:X509Data></KeyInfo>"
        ),
        ..Form::bare()
    };
    let of_okta = Form { prefix_list: Some("xs"), ..Form::of(&forge.key) };
    let of_pysaml2 =
        Form { prefix: "ns2:", key_info: key_info("ns2:", &certificate), ..Form::bare() };
    let unprefixed = Form { prefix: "", key_info: key_info("", &certificate), ..Form::bare() };
    // Without prefixes, as written by hand: the response's own namespace is the default.
    let default = edit(&PLAIN.replace("samlp:", ""), "xmlns:samlp=", "xmlns=")?;
    let default = default.replace("xmlns:saml=", "xmlns=").replace("saml:", "");
    let indented =
        PLAIN.replace("><", ">\n  <").replace(">$M", ">\n  $M").replace(">$A", ">\n  $A");
    let shapes = [
        ("plain-message-signed", PLAIN, &plain, Signed::Message, "the message signed alone"),
        ("plain-both-signed", PLAIN, &plain, Signed::Both, "message and assertion signed"),
        ("adfs-both-signed", ADFS, &of_adfs, Signed::Both, "the shape of AD FS"),
        ("adfs-message-signed", ADFS, &of_adfs, Signed::Message, "AD FS, the message alone"),
        ("okta-both-signed", OKTA, &of_okta, Signed::Both, "as Okta: saml2p, a PrefixList"),
        ("okta-message-signed", OKTA, &of_okta, Signed::Message, "as Okta, the message alone"),
        (
            "simplesamlphp-both-signed",
            SIMPLESAMLPHP,
            &plain,
            Signed::Both,
            "as SimpleSAMLphp: namespaces at the root, typed values, other attributes beside ours",
        ),
        ("pysaml2-both-signed", PYSAML2, &of_pysaml2, Signed::Both, "as pysaml2: ns0, ns1, ns2"),
        ("no-prefixes", &default, &unprefixed, Signed::Both, "default namespaces everywhere"),
        ("indented", &indented, &plain, Signed::Both, "line breaks between elements"),
    ];
    let each = shapes.into_iter().map(|(name, template, form, signed, explanation)| {
        Ok(Entry::accepted(name, explanation, forge.made(name, template, form, signed)?))
    });
    each.collect()
}

/// What may differ in what is said.
fn edits(forge: &Forge) -> Result<Vec<Entry>, String> {
    let confirmation =
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">";
    let edits: [(&str, &str, &str, &str); 10] = [
        (
            "issuer-with-line-breaks",
            "white space around an Issuer is not part of it",
            "assertion\">$IDP</saml:Issuer>$M",
            "assertion\">\n    $IDP\n  </saml:Issuer>$M",
        ),
        (
            "seven-fractional-digits",
            "times as .NET writes them",
            "IssueInstant=\"$ISSUED\" Version=\"2.0\"><saml:Issuer xmlns",
            "IssueInstant=\"$ISSUED_SEVEN\" Version=\"2.0\"><saml:Issuer xmlns",
        ),
        (
            "one-of-two-audiences",
            "one restriction may name several audiences",
            "<saml:Audience>$SP",
            "<saml:Audience>https://other.example</saml:Audience><saml:Audience>$SP",
        ),
        (
            "one-time-use",
            "a condition that is understood",
            "</saml:Conditions>",
            "<saml:OneTimeUse></saml:OneTimeUse></saml:Conditions>",
        ),
        (
            "second-confirmation-for-another",
            "confirmations that do not fit are passed over while one does",
            confirmation,
            "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData InResponseTo=\"$REQUEST_ID\" NotOnOrAfter=\"$END\" \
             Recipient=\"https://other.example/acs\"></saml:SubjectConfirmationData>\
             </saml:SubjectConfirmation><saml:SubjectConfirmation \
             Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">",
        ),
        ("no-name-qualifier", "SPNameQualifier may be left out", " SPNameQualifier=\"$SP\"", ""),
        (
            "name-of-a-domain",
            "the NameID is not the identity, whatever it looks like",
            "$NAME_ID",
            "EXAMPLE\\$UID",
        ),
        (
            "value-as-cdata",
            "the text of a value is all its text, however it is written",
            "<saml:AttributeValue>$UID<",
            "<saml:AttributeValue><![CDATA[$UID]]><",
        ),
        (
            "attribute-of-others",
            "attributes with other names do not matter, several values included",
            "<saml:AttributeStatement>",
            "<saml:AttributeStatement><saml:Attribute Name=\"mail\"><saml:AttributeValue>a@example.com\
             </saml:AttributeValue><saml:AttributeValue>b@example.com</saml:AttributeValue>\
             </saml:Attribute>",
        ),
        (
            "no-session-end",
            "SessionNotOnOrAfter may be left out",
            " SessionNotOnOrAfter=\"$SESSION_END\"",
            "",
        ),
    ];
    let mut entries = Vec::new();
    let seven = forge.fill("$ISSUED", "").replace('Z', "0000Z");
    for (name, explanation, from, to) in edits {
        let template = edit(PLAIN, from, to).map_err(|problem| format!("{name}: {problem}"))?;
        let template = template.replace("$ISSUED_SEVEN", &seven);
        let text = forge.made(name, &template, &Form::of(&forge.key), Signed::Message)?;
        entries.push(Entry::accepted(name, explanation, text));
    }
    Ok(entries)
}

/// What may differ in how a signature is written, and around what is signed.
fn signatures(forge: &Forge) -> Result<Vec<Entry>, String> {
    let without = forge.made("no-key-info", PLAIN, &Form::bare(), Signed::Both)?;
    let foreign = Form::of(&forge.foreign);
    let misleading = forge.made("key-info-of-another", PLAIN, &foreign, Signed::Message)?;
    let folded = forge.plain("folded-values", Signed::Message)?;
    let (id, _) = forge.ids("folded-values");
    let signature = super::signature_text(&folded, &id)?;
    let folded = edit(&folded, &signature, &folded_value(&signature)?)?;
    let comments = forge.plain("comments-outside", Signed::Message)?;
    let comments = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- before -->\n{comments}\n<!-- after -->\n"
    );
    let within = forge.plain("comments-between", Signed::Both)?;
    let within = edit(&within, "<samlp:Status>", "<!-- between --><samlp:Status><!-- within -->")?;
    Ok(vec![
        Entry::accepted("no-key-info", "KeyInfo may be left out", without),
        Entry::accepted(
            "key-info-of-another",
            "KeyInfo is a hint at most: the trusted key made the signature",
            misleading,
        ),
        Entry::accepted("folded-values", "line breaks in the base64 of a signature", folded),
        Entry::accepted("comments-outside", "comments before and after the message", comments),
        Entry::accepted(
            "comments-between",
            "comments between elements, which the canonical form does not have",
            within,
        ),
    ])
}

/// The value of a signature in lines of 76 letters.
fn folded_value(signature: &str) -> Result<String, String> {
    let parts = signature.split_once("<ds:SignatureValue>");
    let parts =
        parts.and_then(|(head, rest)| Some((head, rest.split_once("</ds:SignatureValue>")?)));
    let (head, (value, tail)) = parts.ok_or("a signature without a value")?;
    let letters: Vec<char> = value.chars().collect();
    let lines: Vec<String> = letters.chunks(76).map(|line| line.iter().collect()).collect();
    let value = lines.join("\n");
    Ok(format!("{head}<ds:SignatureValue>\n{value}\n</ds:SignatureValue>{tail}"))
}

/// Good messages that were used before.
fn replays(forge: &Forge) -> Result<Vec<Entry>, String> {
    let first = "plain-message-signed";
    let same = forge.plain(first, Signed::Message)?;
    let (_, assertion) = forge.ids(first);
    let template = PLAIN.replace("$ASSERTION_ID", &assertion);
    let form = Form::of(&forge.key);
    let again = forge.made("replayed-assertion", &template, &form, Signed::Message)?;
    let (response, _) = forge.ids(first);
    let template = PLAIN.replace("$RESPONSE_ID", &response).replace("$MESSAGE_SIGNATURE", "");
    let template = edit(&template, "</saml:Issuer><samlp:S", "</saml:Issuer>{here}<samlp:S")?;
    let blank = form.blank(&response);
    let text = forge.fill(&template, "replayed-response").replace("{here}", &blank);
    let text = text.replace("$ASSERTION_SIGNATURE", "");
    let text = crate::idp::signing::seal(&text, &response, &forge.key)?;
    let fault = |explanation| (19, "replay", explanation);
    let replay = |name, explanation, text: String| Entry {
        after: Some(first),
        ..Entry::refused(name, "replay", fault(explanation), text)
    };
    Ok(vec![
        replay("replayed-message", "the same message once more", same),
        replay("replayed-assertion", "a used assertion in a new response", again),
        replay("replayed-response", "a new assertion in a response whose ID was used", text),
    ])
}
