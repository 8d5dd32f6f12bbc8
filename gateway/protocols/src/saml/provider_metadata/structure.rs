//! The schema of SAML metadata (`saml-schema-metadata-2.0.xsd`) for the elements that are read.
//!
//! What stands in other elements is none of our business and is not looked at.

use std::collections::HashSet;

use super::refused::{MetadataReason, MetadataRefused};
use super::{METADATA, shown};
use crate::saml::tree::{Content, Element, XML_NAMESPACE};
use crate::saml::{ASSERTION, SIGNATURE};

/// What the schema says of an element. Attributes of other namespaces are allowed everywhere.
pub(super) struct Shape {
    required: &'static [&'static str],
    optional: &'static [&'static str],
    /// Children in their order.
    children: &'static [Place],
    /// Whether elements of namespaces beyond ours may stand between them.
    is_open: bool,
    /// Whether text may stand between them.
    is_mixed: bool,
}

/// Where children of certain names stand.
struct Place {
    /// Names with their namespaces.
    names: &'static [(&'static str, &'static str)],
    at_least: usize,
    at_most: usize,
}

const MANY: usize = usize::MAX;

/// Any number of one element of metadata.
const fn any(names: &'static [(&'static str, &'static str)]) -> Place {
    Place { names, at_least: 0, at_most: MANY }
}

const fn one_at_most(names: &'static [(&'static str, &'static str)]) -> Place {
    Place { names, at_least: 0, at_most: 1 }
}

const fn one_at_least(names: &'static [(&'static str, &'static str)]) -> Place {
    Place { names, at_least: 1, at_most: MANY }
}

/// Of the file that holds several entities.
pub(super) const ENTITIES: Shape = Shape {
    required: &[],
    optional: &["validUntil", "cacheDuration", "ID", "Name"],
    children: &[
        one_at_most(&[(SIGNATURE, "Signature")]),
        one_at_most(&[(METADATA, "Extensions")]),
        one_at_least(&[(METADATA, "EntityDescriptor"), (METADATA, "EntitiesDescriptor")]),
    ],
    is_open: false,
    is_mixed: false,
};

/// Of one entity.
pub(super) const ENTITY: Shape = Shape {
    required: &["entityID"],
    optional: &["validUntil", "cacheDuration", "ID"],
    children: &[
        one_at_most(&[(SIGNATURE, "Signature")]),
        one_at_most(&[(METADATA, "Extensions")]),
        one_at_least(&[
            (METADATA, "RoleDescriptor"),
            (METADATA, "IDPSSODescriptor"),
            (METADATA, "SPSSODescriptor"),
            (METADATA, "AuthnAuthorityDescriptor"),
            (METADATA, "AttributeAuthorityDescriptor"),
            (METADATA, "PDPDescriptor"),
        ]),
        one_at_most(&[(METADATA, "Organization")]),
        any(&[(METADATA, "ContactPerson")]),
        any(&[(METADATA, "AdditionalMetadataLocation")]),
    ],
    is_open: false,
    is_mixed: false,
};

/// Of the role of an identity provider.
pub(super) const PROVIDER: Shape = Shape {
    required: &["protocolSupportEnumeration"],
    optional: &["validUntil", "cacheDuration", "ID", "errorURL", "WantAuthnRequestsSigned"],
    children: &[
        one_at_most(&[(SIGNATURE, "Signature")]),
        one_at_most(&[(METADATA, "Extensions")]),
        any(&[(METADATA, "KeyDescriptor")]),
        one_at_most(&[(METADATA, "Organization")]),
        any(&[(METADATA, "ContactPerson")]),
        any(&[(METADATA, "ArtifactResolutionService")]),
        any(&[(METADATA, "SingleLogoutService")]),
        any(&[(METADATA, "ManageNameIDService")]),
        any(&[(METADATA, "NameIDFormat")]),
        one_at_least(&[(METADATA, "SingleSignOnService")]),
        any(&[(METADATA, "NameIDMappingService")]),
        any(&[(METADATA, "AssertionIDRequestService")]),
        any(&[(METADATA, "AttributeProfile")]),
        any(&[(ASSERTION, "Attribute")]),
    ],
    is_open: false,
    is_mixed: false,
};

/// Of an address at which something is offered.
pub(super) const ENDPOINT: Shape = Shape {
    required: &["Binding", "Location"],
    optional: &["ResponseLocation"],
    children: &[],
    is_open: true,
    is_mixed: false,
};

/// Of a key of a role.
pub(super) const KEY: Shape = Shape {
    required: &[],
    optional: &["use"],
    children: &[
        Place { names: &[(SIGNATURE, "KeyInfo")], at_least: 1, at_most: 1 },
        any(&[(METADATA, "EncryptionMethod")]),
    ],
    is_open: false,
    is_mixed: false,
};

/// Of what says which key it is.
pub(super) const KEY_INFO: Shape = Shape {
    required: &[],
    optional: &["Id"],
    children: &[any(&[
        (SIGNATURE, "KeyName"),
        (SIGNATURE, "KeyValue"),
        (SIGNATURE, "RetrievalMethod"),
        (SIGNATURE, "X509Data"),
        (SIGNATURE, "PGPData"),
        (SIGNATURE, "SPKIData"),
        (SIGNATURE, "MgmtData"),
    ])],
    is_open: true,
    is_mixed: true,
};

/// Of what names certificates.
pub(super) const X509_DATA: Shape = Shape {
    required: &[],
    optional: &[],
    children: &[any(&[
        (SIGNATURE, "X509IssuerSerial"),
        (SIGNATURE, "X509SKI"),
        (SIGNATURE, "X509SubjectName"),
        (SIGNATURE, "X509Certificate"),
        (SIGNATURE, "X509CRL"),
    ])],
    is_open: true,
    is_mixed: false,
};

/// Compares an element with its shape; `name` is what it is called in a refusal.
pub(super) fn check(
    element: Element<'_>,
    name: &str,
    shape: &Shape,
) -> Result<(), MetadataRefused> {
    let wrong = |problem: String| MetadataRefused::new(MetadataReason::Structure, name, problem);
    for required in shape.required {
        if element.attribute(required).is_none() {
            return Err(wrong(format!("lacks the attribute {required}")));
        }
    }
    for (namespace, attribute, _) in element.attributes() {
        let is_known = shape.required.contains(&attribute) || shape.optional.contains(&attribute);
        if namespace == METADATA || namespace.is_empty() && !is_known {
            return Err(wrong(format!("has the unknown attribute {}", shown(attribute))));
        }
    }
    check_children(element, shape).map_err(wrong)
}

fn check_children(element: Element<'_>, shape: &Shape) -> Result<(), String> {
    let (mut places, mut count) = (shape.children, 0);
    for content in element.content() {
        let child = match content {
            Content::Element(child) => child,
            Content::Comment => continue,
            Content::Text(text) | Content::CData(text) => {
                if shape.is_mixed || text.trim_ascii().is_empty() {
                    continue;
                }
                return Err("holds text where only elements may stand".to_owned());
            }
        };
        if shape.is_open && ![METADATA, SIGNATURE].contains(&child.namespace()) {
            continue;
        }
        let takes = |(index, place): (usize, &Place)| {
            let is_full = index == 0 && count >= place.at_most;
            let is_named = |(namespace, name): &(&str, &str)| child.is(namespace, name);
            !is_full && place.names.iter().any(is_named)
        };
        let found = places.iter().enumerate().position(takes);
        let split = found.and_then(|index| places.split_at_checked(index));
        let Some((passed, rest)) = split else {
            return Err(format!("has {} in a place where it may not stand", shown(child.name())));
        };
        if !passed.is_empty() {
            check_counts(passed, count)?;
            (places, count) = (rest, 0);
        }
        count += 1;
    }
    check_counts(places, count)
}

/// `count` stood at the first of the places, and nothing at the others.
fn check_counts(places: &[Place], count: usize) -> Result<(), String> {
    let counts = std::iter::once(count).chain(std::iter::repeat(0));
    let short = places.iter().zip(counts).find(|(place, count)| *count < place.at_least);
    let Some((place, _)) = short else { return Ok(()) };
    let names: Vec<_> = place.names.iter().map(|(_, name)| *name).collect();
    Err(format!("lacks {} in its place", names.join(" or ")))
}

/// No identifier stands there twice, in whatever part of the file.
pub(super) fn check_identifiers(root: Element<'_>) -> Result<(), MetadataRefused> {
    let mut seen = HashSet::new();
    for element in std::iter::once(root).chain(root.descendants()) {
        for (namespace, name, value) in element.attributes() {
            let is_ours = [METADATA, SIGNATURE, ASSERTION].contains(&element.namespace());
            let is_identifier = match namespace {
                "" => is_ours && matches!(name, "ID" | "Id"),
                XML_NAMESPACE => name == "id",
                _ => false,
            };
            if is_identifier && !seen.insert(value) {
                let problem = format!("the identifier {} stands there twice", shown(value));
                return Err(MetadataRefused::new(
                    MetadataReason::Structure,
                    element.name(),
                    problem,
                ));
            }
        }
    }
    Ok(())
}
