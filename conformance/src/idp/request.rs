//! The judge of AuthnRequests: exactly what the documents let a service provider ask.

use std::time::{Duration, SystemTime};

use roxmltree::Node;
use sha2::{Digest as _, Sha256};

use crate::headset::timestamp;

use super::canonical::canonical;
use super::keys::is_signed_by;
use super::service::{HTTP_POST, Service, child, decoded};
use super::signing::{DSIG, ENVELOPED, EXCLUSIVE, RSA_SHA256, SHA256, parse, signed_info};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// How far a request's time may be from ours.
const SKEW: Duration = Duration::from_secs(60);
/// Letters of an ID: 128 random bits in hexadecimal digits and a letter in front, or more.
const ID_LETTERS_MIN: usize = 33;

/// A request that holds to the documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) entity: String,
    pub(crate) consumer: String,
}

/// Judges a request that came to `sign_on`. Without a `service` anybody may ask, who then proves himself by
/// the certificate that the request holds.
pub(crate) fn judge(
    xml: &[u8],
    sign_on: &str,
    service: Option<&Service>,
    now: SystemTime,
) -> Result<Asked, String> {
    let text = std::str::from_utf8(xml).map_err(|_| "the request is not UTF-8".to_owned())?;
    let document = parse(text)?;
    let root = document.root_element();
    if !root.has_tag_name((PROTOCOL, "AuthnRequest")) {
        return Err(format!("{} is no AuthnRequest", root.tag_name().name()));
    }
    let id = attribute(root, "ID")?;
    let is_name = id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && id.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.'));
    if !is_name || id.len() < ID_LETTERS_MIN {
        return Err(format!("ID {id} is no name with 128 random bits"));
    }
    let children: Vec<_> = root.children().filter(Node::is_element).collect();
    let names: Vec<_> = children.iter().map(|it| it.tag_name().name()).collect();
    let [issuer, signature, policy] = children.as_slice() else {
        return Err(format!("the request holds {names:?}, not Issuer, Signature, NameIDPolicy"));
    };
    let is_ordered = issuer.has_tag_name((ASSERTION, "Issuer"))
        && signature.has_tag_name((DSIG, "Signature"))
        && policy.has_tag_name((PROTOCOL, "NameIDPolicy"));
    if !is_ordered {
        return Err(format!("the request holds {names:?}, not Issuer, Signature, NameIDPolicy"));
    }
    check_signature(root, *signature, id, service)?;
    let entity = issuer.text().unwrap_or_default().to_owned();
    check_issuer(*issuer, &entity, service)?;
    check_attributes(root, sign_on, now)?;
    check_policy(*policy, &entity)?;
    let consumer = attribute(root, "AssertionConsumerServiceURL")?;
    let is_known = service.map_or_else(
        || consumer.starts_with("https://"),
        |service| service.consumers.iter().any(|known| known == consumer),
    );
    if !is_known {
        return Err(format!("AssertionConsumerServiceURL {consumer} is not in the metadata"));
    }
    Ok(Asked { id: id.to_owned(), entity, consumer: consumer.to_owned() })
}

fn check_issuer(
    issuer: Node<'_, '_>,
    entity: &str,
    service: Option<&Service>,
) -> Result<(), String> {
    let format = issuer.attribute("Format");
    if format.is_some_and(|it| it != "urn:oasis:names:tc:SAML:2.0:nameid-format:entity") {
        return Err(format!("the Issuer's Format is {format:?}"));
    }
    let Some(service) = service else { return Ok(()) };
    if entity != service.entity {
        return Err(format!("the Issuer is {entity:?}, the metadata's {:?}", service.entity));
    }
    if entity.contains(['/', ':']) {
        return Err(format!("the Issuer {entity:?} is not the bare name of a host"));
    }
    Ok(())
}

fn check_attributes(root: Node<'_, '_>, sign_on: &str, now: SystemTime) -> Result<(), String> {
    let expected = [
        ("Version", "2.0"),
        ("Destination", sign_on),
        ("ForceAuthn", "false"),
        ("IsPassive", "false"),
        ("ProtocolBinding", HTTP_POST),
    ];
    for (name, expected) in expected {
        let value = attribute(root, name)?;
        if value != expected {
            return Err(format!("{name} is {value:?}, not {expected:?}"));
        }
    }
    let known = ["ID", "IssueInstant", "AssertionConsumerServiceURL"];
    let others = root.attributes().find(|each| {
        each.namespace().is_some()
            || !(known.contains(&each.name()) || expected.iter().any(|(it, _)| *it == each.name()))
    });
    if let Some(other) = others {
        return Err(format!("the request has the attribute {}", other.name()));
    }
    let issued = attribute(root, "IssueInstant")?;
    let seconds = timestamp::read(issued)
        .ok_or_else(|| format!("IssueInstant {issued:?} is no time in UTC"))?;
    let issued = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let apart = now.duration_since(issued).or_else(|_| issued.duration_since(now));
    if apart.unwrap_or_default() > SKEW {
        return Err("IssueInstant is more than a minute from now".to_owned());
    }
    Ok(())
}

fn check_policy(policy: Node<'_, '_>, entity: &str) -> Result<(), String> {
    for (name, expected) in
        [("Format", TRANSIENT), ("SPNameQualifier", entity), ("AllowCreate", "true")]
    {
        let value = attribute(policy, name)?;
        if value != expected {
            return Err(format!("{name} of the NameIDPolicy is {value:?}, not {expected:?}"));
        }
    }
    Ok(())
}

fn check_signature(
    root: Node<'_, '_>,
    signature: Node<'_, '_>,
    id: &str,
    service: Option<&Service>,
) -> Result<(), String> {
    let all = root.descendants().filter(|it| it.has_tag_name((DSIG, "Signature"))).count();
    let same = root.descendants().filter(|it| it.attribute("ID").is_some()).count();
    if (all, same) != (1, 1) {
        return Err("the request has more than one signature or ID".to_owned());
    }
    let one = |node: Node<'_, '_>, name: &str| -> Result<(), String> {
        let found = node.children().filter(|it| it.has_tag_name((DSIG, name))).count();
        if found == 1 { Ok(()) } else { Err(format!("the signature has {found} {name}")) }
    };
    let missing = |name: &str| format!("the signature has no {name}");
    one(signature, "SignedInfo")?;
    one(signature, "SignatureValue")?;
    let info = child(signature, DSIG, "SignedInfo").ok_or_else(|| missing("SignedInfo"))?;
    one(info, "Reference")?;
    let reference = child(info, DSIG, "Reference").ok_or_else(|| missing("Reference"))?;
    one(reference, "DigestValue")?;
    let algorithm = |node: Node<'_, '_>, name: &str, expected: &str| {
        let found = child(node, DSIG, name).and_then(|it| it.attribute("Algorithm"));
        if found == Some(expected) {
            return Ok(());
        }
        Err(format!("{name} of the signature is {found:?}, not {expected:?}"))
    };
    algorithm(info, "CanonicalizationMethod", EXCLUSIVE)?;
    algorithm(info, "SignatureMethod", RSA_SHA256)?;
    algorithm(reference, "DigestMethod", SHA256)?;
    let transforms = child(reference, DSIG, "Transforms").ok_or_else(|| missing("Transforms"))?;
    let transforms: Vec<_> = transforms.children().filter(Node::is_element).collect();
    let named: Vec<_> = transforms.iter().filter_map(|it| it.attribute("Algorithm")).collect();
    if named != [ENVELOPED, EXCLUSIVE] || transforms.iter().any(Node::has_children) {
        return Err(format!("the transforms of the signature are {named:?}"));
    }
    let uri = reference.attribute("URI");
    if uri != Some(&format!("#{id}")) {
        return Err(format!("the signature refers to {uri:?}, not to the request"));
    }
    let value = |node: Node<'_, '_>, name: &str| {
        let found = child(node, DSIG, name).ok_or_else(|| missing(name))?;
        decoded(found.text().unwrap_or_default())
    };
    let content = canonical(root, &[], Some(signature.id()));
    if value(reference, "DigestValue")? != Sha256::digest(content.as_bytes()).as_slice() {
        return Err("the request is not what was signed: its digest differs".to_owned());
    }
    let certificates = match service {
        Some(service) => service.certificates.clone(),
        None => shown_certificates(signature)?,
    };
    let (signed, signature) = (signed_info(signature)?, value(signature, "SignatureValue")?);
    if certificates.iter().any(|it| is_signed_by(it, signed.as_bytes(), &signature)) {
        return Ok(());
    }
    Err("the request is signed by no key of the service provider".to_owned())
}

/// Certificates that the signature itself brings along.
fn shown_certificates(signature: Node<'_, '_>) -> Result<Vec<Vec<u8>>, String> {
    let shown = signature.descendants().filter(|it| it.has_tag_name((DSIG, "X509Certificate")));
    shown.map(|it| decoded(it.text().unwrap_or_default())).collect()
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str, String> {
    node.attribute(name).ok_or_else(|| format!("{} has no {name}", node.tag_name().name()))
}
