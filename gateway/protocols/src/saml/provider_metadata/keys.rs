//! The keys that a provider signs with.

use super::refused::{MetadataReason, MetadataRefused};
use super::{ProviderCertificate, certificate, named, structure, trimmed};
use crate::saml::tree::Element;
use crate::saml::{SIGNATURE, TrustedKey};

/// Different certificates of one provider. Every one may be tried on a message of anybody's.
const CERTIFICATES_MAX: usize = 16;

type Keys = (Vec<TrustedKey>, Vec<ProviderCertificate>);

/// Reads every key that is for signing, or for anything.
pub(super) fn signing(
    role: Element<'_>,
    now: i64,
    warnings: &mut Vec<String>,
) -> Result<Keys, MetadataRefused> {
    let (mut keys, mut certificates): Keys = (Vec::new(), Vec::new());
    for (index, descriptor) in named(role, "KeyDescriptor").enumerate() {
        let name = format!("KeyDescriptor {}", index + 1);
        structure::check(descriptor, &name, &structure::KEY)?;
        match descriptor.attribute("use").map(trimmed) {
            None | Some("signing") => {}
            Some("encryption") => continue,
            Some(_) => {
                let problem = "use is neither signing nor encryption";
                return Err(MetadataRefused::new(MetadataReason::Structure, &name, problem));
            }
        }
        let text = certificate_text(descriptor, &name, warnings)?;
        let refused = |(reason, problem)| MetadataRefused::new(reason, &name, problem);
        let read = certificate::read(&text, now).map_err(refused)?;
        let is_known = |known: &ProviderCertificate| known.der == read.certificate.der;
        if certificates.iter().any(is_known) {
            continue;
        }
        if certificates.len() == CERTIFICATES_MAX {
            let problem = "there are more than 16 different signing certificates";
            return Err(MetadataRefused::new(MetadataReason::TooManyKeys, &name, problem));
        }
        warnings.extend(read.warnings.into_iter().map(|warning| format!("{name}: {warning}")));
        certificates.push(read.certificate);
        if !keys.contains(&read.key) {
            keys.push(read.key);
        }
    }
    if keys.is_empty() {
        let problem = "has no KeyDescriptor for signing";
        return Err(MetadataRefused::new(MetadataReason::NoSigningKey, role.name(), problem));
    }
    Ok((keys, certificates))
}

/// The text of the first certificate, which is the one that holds the key: others may be those of who
/// signed it, and they sign no messages.
fn certificate_text(
    descriptor: Element<'_>,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<String, MetadataRefused> {
    let mut texts: Vec<String> = Vec::new();
    for info in descriptor.children().filter(|child| child.is(SIGNATURE, "KeyInfo")) {
        structure::check(info, &format!("KeyInfo of {name}"), &structure::KEY_INFO)?;
        for data in info.children().filter(|child| child.is(SIGNATURE, "X509Data")) {
            structure::check(data, &format!("X509Data of {name}"), &structure::X509_DATA)?;
            let found = data.children().filter(|child| child.is(SIGNATURE, "X509Certificate"));
            for certificate in found {
                let text = certificate.text().ok_or_else(|| {
                    let problem = "holds elements or comments within the certificate";
                    MetadataRefused::new(MetadataReason::Structure, name, problem)
                })?;
                texts.push(text.split_ascii_whitespace().collect());
            }
        }
    }
    texts.dedup();
    if texts.len() > 1 {
        warnings.push(format!(
            "{name}: only the first of its {} certificates counts; a further signing certificate \
             needs a KeyDescriptor of its own",
            texts.len()
        ));
    }
    texts.into_iter().next().ok_or_else(|| {
        let problem = "names a key without an X509Certificate";
        MetadataRefused::new(MetadataReason::BadCertificate, name, problem)
    })
}
