//! Whether certificates and a key make a set that may be put in place: every reason against it at once.
//!
//! ```text
//!   key --its certificate--> first of the chain --signed by--> ... --> one that signed itself, or
//!                                                                      whose signer is known here
//! ```

use domain::{NodeName, Problems, Timestamp};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::described::{KeySort, RSA_BITS_MIN, key_sort, parse, public_key};
use super::given::Given;
use crate::tls::certificate::{self, CertificateError};
use crate::tls::provider;

/// A set that may be put in place.
pub(super) struct Checked {
    /// The server's certificate first, then each one that signed the one before it.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) key_from: KeyFrom,
}

/// Where the key of a set comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFrom {
    /// It was handed in with the certificate.
    Given,
    /// It waits since a signing request was made.
    Pending,
    /// It is in force already.
    Present,
}

/// What a set is compared with.
pub(super) struct Wanted<'a> {
    /// The names it has to cover.
    pub(super) names: &'a [NodeName],
    /// The time.
    pub(super) now: Timestamp,
    /// Keys that are here already, tried in this order where none is handed in.
    pub(super) here: Vec<(KeyFrom, PrivateKeyDer<'static>)>,
    /// Certificates of authorities known here, asked for where a chain ends before a self-signed one;
    /// `None` where the end is of no interest.
    pub(super) known: Option<&'a dyn Fn() -> Vec<CertificateDer<'static>>>,
}

struct Read {
    der: CertificateDer<'static>,
    parsed: x509_cert::Certificate,
    key: Vec<u8>,
}

/// Puts a set together and judges it.
pub(super) fn check(given: Given, wanted: Wanted<'_>, problems: &mut Problems) -> Option<Checked> {
    let before = problems.as_slice().len();
    let certificates = read(given.certificates, problems);
    if problems.as_slice().len() > before {
        // Who cannot be read may be whoever is missed in what follows.
        return None;
    }
    let keys = distinct(given.keys);
    if keys.len() > 1 {
        problems.add(
            "key",
            format_args!("there are {} private keys; give the certificate's own alone", keys.len()),
        );
    }
    let no_key_given = keys.is_empty();
    let candidates: Vec<_> = match no_key_given {
        true => wanted.here,
        false => keys.into_iter().map(|key| (KeyFrom::Given, key)).collect(),
    };
    let (mut found, mut usable_without) = (None, false);
    for (key_from, key) in candidates {
        let Some(public) = public_of(&key) else {
            if key_from == KeyFrom::Given {
                problems.add(
                    "key",
                    "is no private key we can use (RSA of 2048 to 4096 bits, ECDSA P-256 or P-384, \
                     Ed25519)",
                );
            }
            continue;
        };
        if let Some(position) = certificates.iter().position(|it| it.key == public) {
            found = Some((position, key_from, key));
            break;
        }
        usable_without |= key_from == KeyFrom::Given;
    }
    if found.is_none() && usable_without && !certificates.is_empty() {
        problems.add("key", "is not the key of any certificate that was given");
    }
    if certificates.is_empty() {
        if problems.as_slice().len() == before {
            problems.add("certificate", "holds no certificate");
        }
        return None;
    }
    if found.is_none() && no_key_given {
        problems.add(
            "certificate",
            "belongs to no key that is here: neither to that of a signing request nor to the one in \
             force; give its key too, or have the request signed that this node made last",
        );
    }
    // Without its key, what looks most like the server's own is judged further, so that all is told.
    let first = found.as_ref().map_or_else(|| likely_first(&certificates), |(first, ..)| *first);
    let chain = chained(certificates, first, wanted.known, problems);
    judge(&chain, wanted.names, wanted.now, problems);
    let (_, key_from, key) = found?;
    let chain = chain.into_iter().map(|it| it.der).collect();
    (problems.as_slice().len() == before).then_some(Checked { chain, key, key_from })
}

fn read(certificates: Vec<CertificateDer<'static>>, problems: &mut Problems) -> Vec<Read> {
    let mut all: Vec<Read> = Vec::new();
    for (index, der) in certificates.into_iter().enumerate() {
        if all.iter().any(|it| it.der == der) {
            continue;
        }
        match parse(&der) {
            Ok(parsed) => {
                let key = public_key(&parsed).unwrap_or_default();
                all.push(Read { der, parsed, key });
            }
            Err(why) => problems.add("certificate", format_args!("number {} {why}", index + 1)),
        }
    }
    all
}

fn distinct(keys: Vec<PrivateKeyDer<'static>>) -> Vec<PrivateKeyDer<'static>> {
    let mut all: Vec<PrivateKeyDer<'static>> = Vec::new();
    for key in keys {
        if !all.contains(&key) {
            all.push(key);
        }
    }
    all
}

/// The public key that belongs to a private one, where we can use that.
pub(super) fn public_of(key: &PrivateKeyDer<'static>) -> Option<Vec<u8>> {
    let signing = provider().key_provider.load_private_key(key.clone_key()).ok()?;
    signing.public_key().map(|key| key.to_vec())
}

/// One that signed none of the others.
fn likely_first(certificates: &[Read]) -> usize {
    let signs_another = |it: &Read| {
        let subject = it.parsed.tbs_certificate().subject();
        let mut others = certificates.iter().filter(|other| other.der != it.der);
        others.any(|other| other.parsed.tbs_certificate().issuer() == subject)
    };
    certificates.iter().position(|it| !signs_another(it)).unwrap_or(0)
}

/// Certificates in order, from `first` on; what does not belong there is told.
fn chained(
    mut rest: Vec<Read>,
    first: usize,
    known: Option<&dyn Fn() -> Vec<CertificateDer<'static>>>,
    problems: &mut Problems,
) -> Vec<Read> {
    let mut chain = vec![rest.remove(first)];
    while let Some(last) = chain.last() {
        let inner = last.parsed.tbs_certificate();
        if inner.issuer() == inner.subject() {
            break;
        }
        let signed_it = |it: &Read| {
            it.parsed.tbs_certificate().subject() == inner.issuer()
                && certificate::signed_by(&last.der, &it.der)
        };
        let named = |it: &Read| it.parsed.tbs_certificate().subject() == inner.issuer();
        let next = rest.iter().position(signed_it).or_else(|| rest.iter().position(named));
        match next {
            Some(next) => chain.push(rest.remove(next)),
            None => {
                if let Some(known) = known
                    && !known().iter().any(|it| certificate::signed_by(&last.der, it))
                {
                    problems.add(
                        "certificate",
                        format_args!(
                            "the chain is not complete: the certificate of {:?}, which signed that of \
                             {:?}, is missing and not known here; give it too",
                            inner.issuer().to_string(),
                            inner.subject().to_string()
                        ),
                    );
                }
                break;
            }
        }
    }
    for stranger in rest {
        problems.add(
            "certificate",
            format_args!(
                "the certificate of {:?} does not belong to the chain; leave it out",
                stranger.parsed.tbs_certificate().subject().to_string()
            ),
        );
    }
    chain
}

/// Dates, names, signatures and strength.
fn judge(chain: &[Read], names: &[NodeName], now: Timestamp, problems: &mut Problems) {
    let ders: Vec<CertificateDer<'_>> = chain.iter().map(|it| it.der.clone()).collect();
    for fault in certificate::faults_of_chain(&ders, names, now) {
        let fault: CertificateError = fault;
        problems.add("certificate", fault);
    }
    for (index, it) in chain.iter().enumerate() {
        match key_sort(&it.key) {
            KeySort::Rsa(bits) if bits < RSA_BITS_MIN => problems.add(
                "certificate",
                format_args!(
                    "number {} has an RSA key of {bits} bits; at least {RSA_BITS_MIN} are needed",
                    index + 1
                ),
            ),
            _ => {}
        }
    }
}
