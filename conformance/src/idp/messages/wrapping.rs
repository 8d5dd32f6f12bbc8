//! Signature wrapping: a good signature that covers something else than what a careless reader acts on.
//!
//! The well-known positions XSW1 to XSW8, the same with the whole message, and the places that an enveloped
//! signature leaves out of its own digest. The person of what is forged is `administrator`.

use super::{Entry, Fault, Forge, PLAIN, Signed, edit, element_text, signature_text};

const ADMINISTRATOR: &str = "administrator";

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = assertions(forge)?;
    entries.extend(messages(forge)?);
    entries.extend(left_out(forge)?);
    entries.extend(same_ids(forge)?);
    Ok(entries)
}

/// A signed message or assertion, in its parts.
struct Genuine {
    whole: String,
    signature: String,
    /// The signed element without its signature.
    bare: String,
    /// The signed element as it was.
    signed: String,
    id: String,
}

fn genuine(forge: &Forge, name: &str, signed: Signed) -> Result<Genuine, String> {
    let whole = forge.plain(name, signed)?;
    let (response, assertion) = forge.ids(name);
    let id = if signed == Signed::Message { response } else { assertion };
    let signature = signature_text(&whole, &id)?;
    let signed = element_text(&whole, &id)?;
    let bare = edit(&signed, &signature, "")?;
    Ok(Genuine { whole, signature, bare, signed, id })
}

/// What is forged: a message about the administrator, the places of signatures still open.
fn forged(forge: &Forge, name: &str) -> String {
    let principal = format!("{ADMINISTRATOR}@example.com");
    let template = PLAIN.replace("$UID", ADMINISTRATOR).replace("$PRINCIPAL", &principal);
    forge.fill(&template, &format!("{name}|forged"))
}

/// The assertion of what is forged, its signature's place open.
fn forged_assertion(forge: &Forge, name: &str) -> Result<String, String> {
    let id = forge.ids(&format!("{name}|forged")).1;
    element_text(&forged(forge, name), &id)
}

/// XSW3 to XSW8: the assertion alone is signed, and another one stands somewhere about it.
fn assertions(forge: &Forge) -> Result<Vec<Entry>, String> {
    type Wrap = fn(&Genuine, &str) -> String;
    let wraps: [(&str, &str, Wrap); 8] = [
        ("xsw3", "a forged assertion before the signed one", |it, forged| {
            format!("{}{}", forged.replace("$ASSERTION_SIGNATURE", ""), it.signed)
        }),
        ("xsw4", "the signed assertion within a forged one", |it, forged| {
            let forged = forged.replace("$ASSERTION_SIGNATURE", "");
            forged.replace("</saml:Assertion>", &format!("{}</saml:Assertion>", it.signed))
        }),
        ("xsw5", "the signature in a forged assertion, the signed one behind it", |it, forged| {
            format!("{}{}", forged.replace("$ASSERTION_SIGNATURE", &it.signature), it.bare)
        }),
        (
            "xsw6",
            "a forged assertion holds the signature, which holds the signed one",
            |it, forged| {
                let holding = format!("{}</ds:Signature>", it.bare);
                let signature = it.signature.replace("</ds:Signature>", &holding);
                forged.replace("$ASSERTION_SIGNATURE", &signature)
            },
        ),
        ("xsw7", "a forged assertion in Extensions before the signed one", |it, forged| {
            let forged = forged.replace("$ASSERTION_SIGNATURE", "");
            format!("<samlp:Extensions>{forged}</samlp:Extensions>{}", it.signed)
        }),
        (
            "xsw8",
            "the signed assertion in an Object of the forged one's signature",
            |it, forged| {
                let object = format!("<ds:Object>{}</ds:Object></ds:Signature>", it.bare);
                let signature = it.signature.replace("</ds:Signature>", &object);
                forged.replace("$ASSERTION_SIGNATURE", &signature)
            },
        ),
        ("xsw-behind", "a forged assertion behind the signed one", |it, forged| {
            format!("{}{}", it.signed, forged.replace("$ASSERTION_SIGNATURE", ""))
        }),
        ("xsw-in-advice", "the signed assertion in the Advice of a forged one", |it, forged| {
            let advice = format!("</saml:Conditions><saml:Advice>{}</saml:Advice>", it.signed);
            let forged = forged.replace("$ASSERTION_SIGNATURE", "");
            forged.replace("</saml:Conditions>", &advice)
        }),
    ];
    let mut entries = Vec::new();
    for (name, explanation, wrap) in wraps {
        let genuine = genuine(forge, name, Signed::Assertion)?;
        let wrapped = wrap(&genuine, &forged_assertion(forge, name)?);
        let text = edit(&genuine.whole, &genuine.signed, &wrapped)?;
        let fault = (4, "more than one assertion", explanation);
        entries.push(Entry::refused(name, "wrapping", fault, text));
        // The same with a signature of the message that does not hold any more.
        let name = format!("{name}-both-signed");
        let both = forge.plain(&name, Signed::Both)?;
        let (_, id) = forge.ids(&name);
        let signature = signature_text(&both, &id)?;
        let signed = element_text(&both, &id)?;
        let bare = edit(&signed, &signature, "")?;
        let of_both = Genuine { whole: String::new(), signature, bare, signed, id };
        let wrapped = wrap(&of_both, &forged_assertion(forge, &name)?);
        let text = edit(&both, &of_both.signed, &wrapped)?;
        entries.push(Entry::refused(&name, "wrapping", fault, text));
    }
    Ok(entries)
}

/// XSW1 and XSW2, and the signed message in every other place of a forged one.
fn messages(forge: &Forge) -> Result<Vec<Entry>, String> {
    type Wrap = fn(&Genuine, &str) -> String;
    let more: Fault = (4, "more than one assertion", "");
    let root: Fault = (4, "not a Response of SAML 2.0", "");
    let wraps: [(&str, Fault, &str, Wrap); 11] = [
        ("xsw1", more, "the signature of a forged message holds the signed one", |it, forged| {
            let holding = format!("{}</ds:Signature>", it.bare);
            let signature = it.signature.replace("</ds:Signature>", &holding);
            forged.replace("$MESSAGE_SIGNATURE", &signature)
        }),
        ("xsw2", more, "the signed message before its signature in a forged one", |it, forged| {
            forged.replace("$MESSAGE_SIGNATURE", &format!("{}{}", it.bare, it.signature))
        }),
        (
            "message-in-object",
            more,
            "the signed message in an Object of the signature",
            |it, forged| {
                let object = format!("<ds:Object>{}</ds:Object></ds:Signature>", it.bare);
                let signature = it.signature.replace("</ds:Signature>", &object);
                forged.replace("$MESSAGE_SIGNATURE", &signature)
            },
        ),
        ("message-in-extensions", more, "the signed message in Extensions", |it, forged| {
            let extensions = format!("<samlp:Extensions>{}</samlp:Extensions>", it.signed);
            forged.replace("$MESSAGE_SIGNATURE", &extensions)
        }),
        ("message-in-status-detail", more, "the signed message in StatusDetail", |it, forged| {
            let detail = format!("<samlp:StatusDetail>{}</samlp:StatusDetail>", it.signed);
            let forged = forged.replace("$MESSAGE_SIGNATURE", "");
            forged.replace("</samlp:Status>", &format!("{detail}</samlp:Status>"))
        }),
        ("message-in-advice", more, "the signed message in Advice", |it, forged| {
            let advice = format!("</saml:Conditions><saml:Advice>{}</saml:Advice>", it.signed);
            forged.replace("$MESSAGE_SIGNATURE", "").replace("</saml:Conditions>", &advice)
        }),
        (
            "message-in-a-value",
            more,
            "the signed message as the value of an attribute",
            |it, forged| {
                let value = format!(
                    "<saml:AttributeStatement><saml:Attribute Name=\"x\"><saml:AttributeValue>{}\
                 </saml:AttributeValue></saml:Attribute>",
                    it.signed
                );
                forged
                    .replace("$MESSAGE_SIGNATURE", "")
                    .replace("<saml:AttributeStatement>", &value)
            },
        ),
        (
            "message-in-confirmation",
            more,
            "the signed message in SubjectConfirmationData",
            |it, forged| {
                let data = format!("{}</saml:SubjectConfirmationData>", it.signed);
                let forged = forged.replace("$MESSAGE_SIGNATURE", "");
                forged.replace("</saml:SubjectConfirmationData>", &data)
            },
        ),
        ("message-in-an-element", root, "the signed message within another element", |it, _| {
            format!("<wrapper>{}</wrapper>", it.signed)
        }),
        ("message-in-an-envelope", root, "the signed message in a SOAP envelope", |it, _| {
            format!(
                "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{}\
                 </s:Body></s:Envelope>",
                it.signed
            )
        }),
        (
            "message-in-another-root",
            root,
            "a forged assertion under another root beside it",
            |it, forged| {
                let forged = forged.replace("$MESSAGE_SIGNATURE", "");
                format!("<wrapper>{forged}{}</wrapper>", it.signed)
            },
        ),
    ];
    let each = wraps.into_iter().map(|(name, (step, reason, _), explanation, wrap)| {
        let genuine = genuine(forge, name, Signed::Message)?;
        let text = wrap(&genuine, &forged(forge, name)).replace("$ASSERTION_SIGNATURE", "");
        Ok(Entry::refused(name, "wrapping", (step, reason, explanation), text))
    });
    each.collect()
}

/// Places within the signature, which its own digest does not cover: all of these verify.
fn left_out(forge: &Forge) -> Result<Vec<Entry>, String> {
    let places = [
        ("assertion-in-object", "</ds:Signature>", "<ds:Object>{}</ds:Object></ds:Signature>"),
        ("assertion-in-key-info", "</ds:KeyInfo>", "{}</ds:KeyInfo>"),
        ("assertion-in-signature", "<ds:SignatureValue>", "{}<ds:SignatureValue>"),
        ("assertion-first-in-signature", "<ds:SignedInfo>", "{}<ds:SignedInfo>"),
        ("assertion-in-signature-value", "</ds:SignatureValue>", "{}</ds:SignatureValue>"),
        ("message-in-own-signature", "</ds:Signature>", "<ds:Object>{}</ds:Object></ds:Signature>"),
    ];
    let mut entries = Vec::new();
    for (name, from, to) in places {
        let genuine = genuine(forge, name, Signed::Message)?;
        let forged = if name.starts_with("message") {
            forged(forge, name).replace("$MESSAGE_SIGNATURE", "")
        } else {
            forged_assertion(forge, name)?
        };
        let forged = forged.replace("$ASSERTION_SIGNATURE", "");
        let signature = edit(&genuine.signature, from, &to.replace("{}", &forged))?;
        let text = edit(&genuine.whole, &genuine.signature, &signature)?;
        let fault = (4, "more than one assertion", "a forged one where the digest does not look");
        entries.push(Entry::refused(name, "wrapping", fault, text));
    }
    let harmless = [
        ("value-in-object", "<ds:Object>text</ds:Object>", "an Object with nothing but text"),
        (
            "subject-in-object",
            "<ds:Object><saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <saml:NameID>administrator</saml:NameID></saml:Subject></ds:Object>",
            "an Object with a Subject",
        ),
        (
            "attributes-in-object",
            "<ds:Object><saml:AttributeStatement xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <saml:Attribute Name=\"uid\"><saml:AttributeValue>administrator</saml:AttributeValue>\
             </saml:Attribute></saml:AttributeStatement></ds:Object>",
            "an Object with attributes",
        ),
        (
            "status-in-object",
            "<ds:Object><samlp:Status xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             </samlp:Status></ds:Object>",
            "an Object with a Status",
        ),
    ];
    for (name, object, explanation) in harmless {
        let genuine = genuine(forge, name, Signed::Message)?;
        let signature =
            edit(&genuine.signature, "</ds:Signature>", &format!("{object}</ds:Signature>"))?;
        let text = edit(&genuine.whole, &genuine.signature, &signature)?;
        let fault = (6, "shape of a signature", explanation);
        entries.push(Entry::refused(name, "wrapping", fault, text));
    }
    Ok(entries)
}

/// Forged messages that have the ID of the signed one, or look as if.
fn same_ids(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let looks = [
        ("xsw2-same-id", "both messages have the ID", " ID=\"$OLD\"", " ID=\"$NEW\""),
        (
            "xsw2-xml-id",
            "the forged one has the ID as xml:id",
            " ID=\"$OLD\"",
            " ID=\"$OLD\" xml:id=\"$NEW\"",
        ),
        (
            "xsw2-lower-case-id",
            "the forged one has the ID as id",
            " ID=\"$OLD\"",
            " ID=\"$OLD\" id=\"$NEW\"",
        ),
        (
            "xsw2-mixed-case-id",
            "the forged one has the ID as Id",
            " ID=\"$OLD\"",
            " ID=\"$OLD\" Id=\"$NEW\"",
        ),
        (
            "xsw2-id-of-other-namespace",
            "the forged one has the ID in another namespace",
            " ID=\"$OLD\"",
            " xmlns:x=\"urn:example:x\" ID=\"$OLD\" x:ID=\"$NEW\"",
        ),
    ];
    for (name, explanation, from, to) in looks {
        let genuine = genuine(forge, name, Signed::Message)?;
        let old = forge.ids(&format!("{name}|forged")).0;
        let with = |text: &str| text.replace("$OLD", &old).replace("$NEW", &genuine.id);
        let forged = edit(&forged(forge, name), &with(from), &with(to))?;
        let inner = format!("{}{}", genuine.bare, genuine.signature);
        let text = forged.replace("$MESSAGE_SIGNATURE", &inner).replace("$ASSERTION_SIGNATURE", "");
        let fault = (4, "more than one assertion", explanation);
        entries.push(Entry::refused(name, "wrapping", fault, text));
    }
    // The signature of one message in another that took its ID.
    let name = "signature-transplanted";
    let genuine = genuine(forge, name, Signed::Message)?;
    let old = forge.ids(&format!("{name}|forged")).0;
    let forged = forged(forge, name).replace(&old, &genuine.id);
    let text = forged.replace("$MESSAGE_SIGNATURE", &genuine.signature);
    let text = text.replace("$ASSERTION_SIGNATURE", "");
    let fault =
        (10, "what is signed was changed", "the signature of another message with the same ID");
    entries.push(Entry::refused(name, "wrapping", fault, text));
    // Namespaces bound anew, so that readers by prefix and readers by name see different things.
    let name = "prefix-bound-anew";
    let genuine = self::genuine(forge, name, Signed::Message)?;
    let foreign = format!(
        "<saml:Assertion xmlns:saml=\"urn:example:x\" ID=\"_x\"><saml:AttributeStatement><saml:Attribute \
         Name=\"uid\"><saml:AttributeValue>{ADMINISTRATOR}</saml:AttributeValue></saml:Attribute>\
         </saml:AttributeStatement></saml:Assertion>"
    );
    let object = format!("<ds:Object>{foreign}</ds:Object></ds:Signature>");
    let signature = edit(&genuine.signature, "</ds:Signature>", &object)?;
    let text = edit(&genuine.whole, &genuine.signature, &signature)?;
    let fault = (6, "shape of a signature", "an assertion by its prefix, of another namespace");
    entries.push(Entry::refused(name, "wrapping", fault, text));
    Ok(entries)
}
