//! Signed well by the trusted key, but who it is about is unclear: NameID and attributes.

use super::{Edit, Entry, Forge, PLAIN, Signed, edit};
use crate::idp::signing::Form;

/// Longest value that is taken.
const VALUE_CHARACTERS_MAX: usize = 256;

const UID: &str = "<saml:Attribute Name=\"uid\" \
    NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"><saml:AttributeValue>$UID\
    </saml:AttributeValue></saml:Attribute>";
const VALUE: &str = "<saml:AttributeValue>$UID</saml:AttributeValue>";

pub(super) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let mut entries = forge.edited("name", NAME)?;
    entries.extend(forge.edited("attributes", ATTRIBUTES)?);
    let long = "a".repeat(VALUE_CHARACTERS_MAX + 1);
    let template = edit(PLAIN, VALUE, &VALUE.replace("$UID", &long))?;
    let template = edit(&template, "$PRINCIPAL", &format!("{long}@example.com"))?;
    let form = Form::of(&forge.key);
    let text = forge.made("long-value", &template, &form, Signed::Message)?;
    let fault = (20, "attribute", "a uid of more than 256 characters");
    entries.push(Entry::refused("long-value", "attributes", fault, text));
    Ok(entries)
}

const NAME: &[Edit] = &[
    (
        "no-name",
        (16, "name id", "no NameID"),
        "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" \
         SPNameQualifier=\"$SP\">$NAME_ID</saml:NameID>",
        "",
    ),
    (
        "persistent-name",
        (16, "name id", "a NameID that is persistent"),
        "nameid-format:transient",
        "nameid-format:persistent",
    ),
    (
        "misprinted-name-format",
        (16, "name id", "the format as a manual misprints it, without the switch that allows it"),
        "SAML:2.0:nameid-format:transient",
        "SAML:2.0:named-format:transient",
    ),
    (
        "name-without-format",
        (16, "name id", "a NameID without format"),
        " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"",
        "",
    ),
    (
        "name-for-another",
        (16, "name id", "a NameID that is meant for another service"),
        "SPNameQualifier=\"$SP\"",
        "SPNameQualifier=\"other.example\"",
    ),
];

const ATTRIBUTES: &[Edit] = &[
    ("no-uid", (20, "attribute", "no uid"), UID, ""),
    (
        "no-principal",
        (20, "attribute", "no user_principal"),
        "<saml:Attribute Name=\"user_principal\" \
         NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"><saml:AttributeValue>\
         $PRINCIPAL</saml:AttributeValue></saml:Attribute>",
        "",
    ),
    (
        "uid-twice",
        (20, "attribute", "two attributes uid with different values"),
        "<saml:AttributeStatement>",
        "<saml:AttributeStatement><saml:Attribute Name=\"uid\"><saml:AttributeValue>administrator\
         </saml:AttributeValue></saml:Attribute>",
    ),
    (
        "uid-in-two-statements",
        (20, "attribute", "uid again in a second AttributeStatement"),
        "<saml:AttributeStatement>",
        "<saml:AttributeStatement><saml:Attribute Name=\"uid\"><saml:AttributeValue>administrator\
         </saml:AttributeValue></saml:Attribute></saml:AttributeStatement><saml:AttributeStatement>",
    ),
    (
        "two-values",
        (20, "attribute", "one uid with two values"),
        VALUE,
        "<saml:AttributeValue>$UID</saml:AttributeValue><saml:AttributeValue>administrator\
         </saml:AttributeValue>",
    ),
    (
        "no-value",
        (20, "attribute", "a uid without value"),
        "<saml:AttributeValue>$UID</saml:AttributeValue>",
        "",
    ),
    (
        "empty-value",
        (20, "attribute", "an empty uid"),
        "<saml:AttributeValue>$UID<",
        "<saml:AttributeValue><",
    ),
    (
        "nil-value",
        (20, "attribute", "a uid that is nil"),
        "<saml:AttributeValue>$UID<",
        "<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"><",
    ),
    (
        "element-in-value",
        (20, "attribute", "an element within the uid: who drops it reads another name"),
        "<saml:AttributeValue>$UID<",
        "<saml:AttributeValue>$UID<x xmlns=\"\">.other</x><",
    ),
    (
        "comment-in-value",
        (20, "attribute", "a uid that fits the principal for whoever stops reading at a comment"),
        "<saml:AttributeValue>$UID<",
        "<saml:AttributeValue>$UID<!-- -->.other<",
    ),
    (
        "tab-in-value",
        (20, "attribute", "a control character in the uid"),
        "<saml:AttributeValue>$UID<",
        "<saml:AttributeValue>$UID&#x9;<",
    ),
    (
        "upper-case-name",
        (20, "attribute", "the attribute is called UID"),
        "Name=\"uid\"",
        "Name=\"UID\"",
    ),
    (
        "friendly-name-only",
        (20, "attribute", "uid is only the FriendlyName"),
        "Name=\"uid\"",
        "FriendlyName=\"uid\" Name=\"urn:oid:0.9.2342.19200300.100.1.1\"",
    ),
    (
        "name-of-other-namespace",
        (20, "attribute", "uid stands in a Name of another namespace"),
        "Name=\"uid\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"",
        "xmlns:x=\"urn:example:x\" Name=\"other\" x:Name=\"uid\"",
    ),
    (
        "attribute-of-other-namespace",
        (20, "attribute", "the element is an Attribute of another namespace"),
        UID,
        "<x:Attribute xmlns:x=\"urn:example:x\" Name=\"uid\"><saml:AttributeValue>$UID\
         </saml:AttributeValue></x:Attribute>",
    ),
    (
        "principal-without-domain",
        (20, "attribute", "a user_principal without @"),
        "<saml:AttributeValue>$PRINCIPAL<",
        "<saml:AttributeValue>$UID<",
    ),
    (
        "principal-with-two-domains",
        (20, "attribute", "a user_principal with two @"),
        "<saml:AttributeValue>$PRINCIPAL<",
        "<saml:AttributeValue>$PRINCIPAL@example.com<",
    ),
    (
        "principal-with-empty-domain",
        (20, "attribute", "a user_principal that ends with @"),
        "<saml:AttributeValue>$PRINCIPAL<",
        "<saml:AttributeValue>$UID@<",
    ),
    (
        "principal-of-another",
        (20, "attribute", "the left part of user_principal is not the uid"),
        "<saml:AttributeValue>$UID<",
        "<saml:AttributeValue>administrator<",
    ),
];
