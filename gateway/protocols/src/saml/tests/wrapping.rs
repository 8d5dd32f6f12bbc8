//! Signature wrapping: something signed is kept, something else is put where it is believed.

use super::super::SamlReason::{self, Assertions, Digest, Ids, OnlyAssertionSigned, Reference};
use super::super::SamlReason::{SignaturePlace, SignatureShape};
use super::super::{PROTOCOL, SIGNATURE};
use super::signer::{Draft, SIMPLE, Signs, accepted, edited, good, judged, refused, replaced};

/// The pieces of a well-signed message.
struct Pieces {
    whole: String,
    /// With its signature.
    assertion: String,
    of_response: String,
    of_assertion: String,
}

fn cut<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let from = text.find(begin).unwrap();
    let to = from + text[from..].find(end).unwrap() + end.len();
    &text[from..to]
}

fn pieces(signs: Signs) -> Pieces {
    let whole = Draft { signs, ..Draft::default() }.signed();
    let assertion = cut(&whole, "<Assertion ", "</Assertion>").to_owned();
    let signature = |text: &str| {
        let found = text.contains("<ds:Signature ");
        if found {
            cut(text, "<ds:Signature ", "</ds:Signature>").to_owned()
        } else {
            String::new()
        }
    };
    let of_assertion = signature(&assertion);
    let of_response = signature(&whole.replace(&assertion, ""));
    Pieces { whole, assertion, of_response, of_assertion }
}

/// Without its signature, with another id and another person.
fn evil_assertion(pieces: &Pieces) -> String {
    let plain = pieces.assertion.replace(&pieces.of_assertion, "");
    evil(&plain.replace("ID=\"_a1\"", "ID=\"_evil_a\""))
}

fn evil(text: &str) -> String {
    text.replace(">anna", ">root").replace("anna@", "root@")
}

/// The whole with another id and person and without signatures.
fn evil_response(pieces: &Pieces) -> String {
    let plain = pieces.whole.replace(&pieces.of_response, "").replace(&pieces.of_assertion, "");
    evil(&plain).replace("ID=\"_r1\"", "ID=\"_evil_r\"").replace("ID=\"_a1\"", "ID=\"_evil_a\"")
}

/// Puts something in before the status of the outermost response.
fn before_status(text: &str, piece: &str) -> String {
    text.replacen("<samlp:Status>", &format!("{piece}<samlp:Status>"), 1)
}

fn into_signature(signature: &str, piece: &str) -> String {
    signature.replace("</ds:Signature>", &format!("{piece}</ds:Signature>"))
}

fn object(piece: &str) -> String {
    format!("<ds:Object>{piece}</ds:Object>")
}

fn extensions(piece: &str) -> String {
    format!("<samlp:Extensions>{piece}</samlp:Extensions>")
}

#[test]
fn ids_03_wrapped_responses_are_refused() {
    for signs in [Signs::Both, Signs::Message] {
        let pieces = pieces(signs);
        let unsigned = pieces.whole.replace(&pieces.of_response, "");
        let evil = evil_response(&pieces);
        let signature = &pieces.of_response;
        // 1: the original inside an Object of its own signature, which an evil response now bears.
        let wrapped = into_signature(signature, &object(&unsigned));
        refused(&before_status(&evil, &wrapped), Assertions);
        // 2: the original beside its signature.
        refused(&before_status(&evil, &format!("{unsigned}{signature}")), Assertions);
        // In extensions, in the status, at the end, in key info, whole or stripped.
        for original in [&unsigned, &pieces.whole] {
            refused(
                &before_status(&evil, &format!("{signature}{}", extensions(original))),
                Assertions,
            );
            let in_key_info =
                signature.replace("</ds:KeyInfo>", &format!("{original}</ds:KeyInfo>"));
            refused(&before_status(&evil, &in_key_info), Assertions);
            let at_end = before_status(&evil, signature)
                .replace("</samlp:Response>", &format!("{original}</samlp:Response>"));
            refused(&at_end, Assertions);
        }
        // The original as the outermost, the evil one inside.
        refused(&before_status(&pieces.whole, &extensions(&evil)), Assertions);
        // Another root around it.
        let other = format!(
            "<samlp:ArtifactResponse xmlns:samlp=\"{PROTOCOL}\">{}</samlp:ArtifactResponse>",
            pieces.whole
        );
        refused(&other, SamlReason::NotAResponse);
        refused(&format!("<x>{}</x>", pieces.whole), SamlReason::NotAResponse);
    }
}

#[test]
fn ids_03_wrapped_assertions_are_refused() {
    for signs in [Signs::Both, Signs::Message, Signs::Assertion] {
        let pieces = pieces(signs);
        let original = &pieces.assertion;
        let stripped = original.replace(&pieces.of_assertion, "");
        let evil = evil_assertion(&pieces);
        let signed_evil =
            |signature: &str| evil.replacen("</Issuer>", &format!("</Issuer>{signature}"), 1);
        let put = |piece: String| pieces.whole.replace(original.as_str(), &piece);
        // 3: the evil one first; and last.
        refused(&put(format!("{evil}{original}")), Assertions);
        refused(&put(format!("{original}{evil}")), Assertions);
        // 4: the original inside the evil one.
        refused(&put(evil.replace("</Assertion>", &format!("{original}</Assertion>"))), Assertions);
        // 5: the evil one bears the signature, the original stands at the end.
        refused(&put(format!("{}{stripped}", signed_evil(&pieces.of_assertion))), Assertions);
        // 6: the original inside the signature that the evil one bears; 8: in an Object of it.
        for piece in [stripped.clone(), object(&stripped)] {
            let holder = match pieces.of_assertion.as_str() {
                "" => format!("<ds:Signature xmlns:ds=\"{SIGNATURE}\">{piece}</ds:Signature>"),
                signature => into_signature(signature, &piece),
            };
            refused(&put(signed_evil(&holder)), Assertions);
        }
        // 7: in extensions; the original in Advice; in a value; in a condition; in the subject.
        refused(&put(format!("{}{original}", extensions(&evil))), Assertions);
        refused(
            &put(evil.replace("<Conditions", &format!("<Advice>{original}</Advice><Conditions"))),
            Assertions,
        );
        refused(&put(evil.replace(">root<", &format!(">{original}<"))), Assertions);
        refused(
            &put(evil.replace("<AudienceRestriction>", &format!("{original}<AudienceRestriction>"))),
            Assertions,
        );
        refused(&put(evil.replace("</Subject>", &format!("{original}</Subject>"))), Assertions);
        // The evil one alone, and with the other's signature.
        let alone = judged(&put(evil.clone())).unwrap_err().reason;
        let expected = match signs {
            Signs::Assertion => SamlReason::Unsigned,
            _ => Digest,
        };
        assert_eq!(alone, expected);
        if signs != Signs::Message {
            let expected = if signs == Signs::Both { Reference } else { OnlyAssertionSigned };
            refused(&put(signed_evil(&pieces.of_assertion)), expected);
        }
    }
}

/// Something else that the provider signed lends its signature.
#[test]
fn ids_03_signatures_of_other_messages_do_not_count() {
    let draft = Draft::default();
    let other = format!(
        "<samlp:LogoutResponse xmlns:samlp=\"{PROTOCOL}\" ID=\"_other\" Version=\"2.0\"></samlp:LogoutResponse>"
    );
    let signature = draft.signature("_other", &other);
    let unsigned = Draft { signs: Signs::Nothing, ..draft }.signed();
    refused(&before_status(&unsigned, &signature), Reference);
    refused(&before_status(&unsigned, &format!("{signature}{}", extensions(&other))), Reference);
    let in_key_info = signature.replace("</ds:KeyInfo>", &format!("{other}</ds:KeyInfo>"));
    refused(&before_status(&unsigned, &in_key_info), Reference);
    refused(
        &before_status(&unsigned, &into_signature(&signature, &object(&other))),
        SignatureShape,
    );
    // The response takes the id: beside the original it is there twice, alone it is not what was signed.
    let renamed = unsigned.replace("ID=\"_r1\"", "ID=\"_other\"");
    refused(&before_status(&renamed, &format!("{signature}{}", extensions(&other))), Ids);
    refused(&before_status(&renamed, &signature), Digest);
    // The signature of the assertion as that of the response, and the other way round.
    let both = pieces(Signs::Both);
    refused(&both.whole.replace(&both.of_response, &both.of_assertion), Reference);
    let swapped = both
        .whole
        .replace(&both.of_response, "\u{1}")
        .replace(&both.of_assertion, &both.of_response);
    refused(&swapped.replace('\u{1}', &both.of_assertion), Reference);
}

#[test]
fn ids_03_signatures_stand_in_two_places_only() {
    let pieces = pieces(Signs::Both);
    let more = |id: &str| Draft::default().signature(id, "x");
    let place = |from: &str, to: &str| pieces.whole.replacen(from, to, 1);
    for (text, reason) in [
        // Moved away from where it belongs.
        (
            pieces.whole.replace(&pieces.of_response, &extensions(&pieces.of_response)),
            SignaturePlace,
        ),
        (
            pieces
                .whole
                .replace(&pieces.of_response, "")
                .replace("<samlp:StatusCode", &format!("{}<samlp:StatusCode", pieces.of_response)),
            SignaturePlace,
        ),
        (
            pieces.whole.replace(
                &pieces.of_assertion,
                &format!("<Advice>{}</Advice>", pieces.of_assertion),
            ),
            SignaturePlace,
        ),
        // One too many.
        (place("<samlp:Status>", &format!("{}<samlp:Status>", more("_r1"))), SignaturePlace),
        (place("<Subject>", &format!("{}<Subject>", more("_a1"))), SignaturePlace),
        (
            place("<AttributeStatement>", &format!("<AttributeStatement>{}", more("_a1"))),
            SignaturePlace,
        ),
        (place("<ds:X509Data>", &format!("{}<ds:X509Data>", more("_r1"))), SignaturePlace),
        // None at all, or of another namespace.
        (pieces.whole.replace(&pieces.of_response, ""), OnlyAssertionSigned),
        (
            pieces
                .whole
                .replace(&pieces.of_response, &pieces.of_response.replace("xmldsig#", "xmldsig")),
            OnlyAssertionSigned,
        ),
        (
            pieces.whole.replace(&pieces.of_response, "").replace(&pieces.of_assertion, ""),
            SamlReason::Unsigned,
        ),
        // The assertion's taken away: the response was signed with it.
        (pieces.whole.replace(&pieces.of_assertion, ""), Digest),
    ] {
        refused(&text, reason);
    }
}

/// What the enveloped signature leaves out of its digest is read by nobody.
#[test]
fn ids_03_what_stands_inside_a_signature_is_not_believed() {
    let pieces = pieces(Signs::Message);
    let statement = cut(&pieces.assertion, "<AttributeStatement>", "</AttributeStatement>");
    let evil = evil(statement).replace(
        "<AttributeStatement>",
        "<AttributeStatement xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
    );
    for piece in
        [evil.clone(), evil.replace("<AttributeStatement", "<samlp:Status/><AttributeStatement")]
    {
        let key_info =
            pieces.of_response.replace("</ds:KeyInfo>", &format!("{piece}</ds:KeyInfo>"));
        let proven = accepted(&pieces.whole.replace(&pieces.of_response, &key_info));
        assert_eq!(proven.uid, "anna");
        refused(
            &pieces
                .whole
                .replace(&pieces.of_response, &into_signature(&pieces.of_response, &piece)),
            SignatureShape,
        );
    }
}

#[test]
fn ids_03_identifiers_are_unique_however_they_are_called() {
    // Signed so: even a provider may not say it.
    for attribute in ["ID", "Id", "id", "iD", "AssertionID", "xml:id"] {
        let double = |id: &str| {
            edited(|text| text.replace("<Subject>", &format!("<Subject {attribute}=\"{id}\">")))
        };
        refused(&double("_a1"), Ids);
        refused(&double("_r1"), Ids);
        refused(&double("1"), Ids);
        refused(&double(""), Ids);
        refused(&double("a b"), Ids);
        accepted(&double("_x"));
    }
    let prefixed =
        edited(|text| text.replace("<Subject>", "<Subject xmlns:q=\"urn:q\" q:ID=\"_a1\">"));
    refused(&prefixed, Ids);
    // In what is left out of the digest, too.
    let pieces = pieces(Signs::Both);
    let with_id = pieces.of_response.replace("<ds:Signature ", "<ds:Signature Id=\"_a1\" ");
    refused(&pieces.whole.replace(&pieces.of_response, &with_id), Ids);
    let fine = with_id.replace("_a1", "_s1").replace("URI=\"#_s1\"", "URI=\"#_a1\"");
    accepted(&pieces.whole.replace(&pieces.of_response, &fine));
    // Only the plain ID is one.
    for (from, to) in [
        (" ID=\"_r1\"", " Id=\"_r1\""),
        (" ID=\"_r1\"", " xml:id=\"_r1\""),
        (" ID=\"_a1\"", " AssertionID=\"_a1\""),
        (" ID=\"_a1\"", ""),
    ] {
        refused(&good().replace(from, to), Ids);
    }
}

#[test]
fn ids_03_there_is_one_assertion_of_the_right_kind() {
    let pieces = pieces(Signs::Both);
    let put = |piece: &str| pieces.whole.replace(&pieces.assertion, piece);
    refused(&put(""), Assertions);
    let old = pieces.assertion.replace("SAML:2.0:assertion", "SAML:1.0:assertion");
    refused(&put(&old), Assertions);
    refused(
        &put(&pieces.assertion.replace(
            "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
            "<Assertion xmlns=\"\"",
        )),
        Assertions,
    );
    refused(
        &put(&pieces
            .assertion
            .replace("<Assertion ", "<assertion ")
            .replace("</Assertion", "</assertion")),
        Assertions,
    );
    refused(
        &put(&format!("<samlp:Extensions>{}</samlp:Extensions>", pieces.assertion)),
        Assertions,
    );
    // Namespaces bound anew: the same letters mean something else.
    refused(&replaced("<Subject>", "<Subject xmlns=\"urn:x\">"), SamlReason::InResponseTo);
    let hoisted = Draft { shape: SIMPLE, ..Draft::default() }.signed();
    refused(&hoisted.replace("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">"), Digest);
    refused(
        &hoisted.replacen(
            "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
            "xmlns:saml=\"urn:x\"",
            1,
        ),
        Assertions,
    );
}

#[test]
fn ids_03_encrypted_content_is_refused() {
    let pieces = pieces(Signs::Both);
    let data = "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/>";
    let encrypted = format!(
        "<EncryptedAssertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{data}</EncryptedAssertion>"
    );
    let reason = SamlReason::Encrypted;
    refused(&pieces.whole.replace(&pieces.assertion, &encrypted), reason);
    refused(
        &pieces.whole.replace(&pieces.assertion, &format!("{}{encrypted}", pieces.assertion)),
        reason,
    );
    refused(&before_status(&pieces.whole, &extensions(&encrypted)), reason);
    for (from, to) in [
        ("</NameID>", "</NameID><EncryptedID/>"),
        ("</AttributeStatement>", "<EncryptedAttribute/></AttributeStatement>"),
        ("</AttributeStatement>", data),
    ] {
        let to = if to == data { format!("{data}{from}") } else { to.to_owned() };
        refused(&replaced(from, &to), reason);
    }
}
