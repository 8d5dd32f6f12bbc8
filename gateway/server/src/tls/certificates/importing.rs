//! Changes that an administrator asks for: a signing request, an import, a new self-signed certificate.
//!
//! All reasons against a change are told at once, and nothing is touched before there are none.

use std::sync::Arc;

use domain::{Problems, Secret};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;
use zeroize::Zeroizing;

use super::checked::{self, Checked, KeyFrom, Wanted};
use super::described::pem;
use super::given::Given;
use super::request::{self, Wish};
use super::{Certificates, Described, Purpose, known, told};
use crate::secret_file;
use crate::tls::{Certificate, making};

/// What was put in place.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Imported {
    /// For what.
    pub(crate) purpose: Purpose,
    /// The certificate.
    #[serde(flatten)]
    pub(crate) certificate: Described,
    /// How many certificates stand behind it.
    pub(crate) chain_length: usize,
}

impl Certificates {
    /// Makes a key that waits here, and gives the request to have it signed (PEM).
    pub(crate) async fn request(
        self: &Arc<Self>,
        purpose: Purpose,
        wish: Wish,
    ) -> Result<String, Problems> {
        self.change(move |certificates| certificates.keep_request(purpose, &wish)).await
    }

    /// Puts a certificate with its chain in place: PEM in any order. Its key is in the text, in `key`,
    /// or here already since a signing request was made.
    pub(crate) async fn import_pem(
        self: &Arc<Self>,
        purpose: Purpose,
        text: Vec<u8>,
        key: Option<Secret>,
        password: Option<Secret>,
    ) -> Result<Imported, Problems> {
        self.change(move |certificates| {
            let mut problems = Problems::default();
            let mut given = Given::default();
            given.add_pem("certificate", &text, password.as_ref(), &mut problems);
            if let Some(key) = &key {
                given.add_pem("key", key.expose().as_bytes(), password.as_ref(), &mut problems);
            }
            certificates.import(purpose, given, Ends::Known, problems)
        })
        .await
    }

    /// Puts a certificate with its chain and key in place: a PKCS #12 file.
    pub(crate) async fn import_pkcs12(
        self: &Arc<Self>,
        purpose: Purpose,
        file: Vec<u8>,
        password: Secret,
    ) -> Result<Imported, Problems> {
        self.change(move |certificates| {
            let mut problems = Problems::default();
            let mut given = Given::default();
            given.add_pkcs12("file", &file, &password, &mut problems);
            certificates.import(purpose, given, Ends::Known, problems)
        })
        .await
    }

    /// Makes a new self-signed certificate with a new key. One that somebody else signed gives way only
    /// where `replace` says so.
    pub(crate) async fn renew_self_signed(
        self: &Arc<Self>,
        purpose: Purpose,
        replace: bool,
    ) -> Result<Imported, Problems> {
        self.change(move |certificates| {
            let mut problems = Problems::default();
            let present = certificates.certificate(purpose);
            let present = present.and_then(|it| Described::of(it.chain().first()?).ok());
            if let Some(present) = present.filter(|it| !it.self_signed && !replace) {
                problems.add(
                    "replace",
                    format_args!(
                        "the certificate in force was signed by {:?}: import its successor, or say that \
                         a self-signed one shall replace it",
                        present.issuer
                    ),
                );
            }
            let now = certificates.engine.now();
            let made = making::fresh(certificates.names(purpose), now);
            let made = problems.keep("certificate", made);
            let mut given = Given::default();
            if let Some((certificate, key)) = made {
                given.add_pem("certificate", certificate.as_bytes(), None, &mut problems);
                given.add_pem("key", key.as_bytes(), None, &mut problems);
            }
            certificates.import(purpose, given, Ends::Any, problems)
        })
        .await
    }

    /// Puts in place what the authority signed by itself.
    pub(crate) async fn put_signed(
        self: &Arc<Self>,
        chain: String,
        key: Zeroizing<String>,
    ) -> Result<Imported, Problems> {
        self.change(move |certificates| {
            let mut problems = Problems::default();
            let mut given = Given::default();
            given.add_pem("certificate", chain.as_bytes(), None, &mut problems);
            given.add_pem("key", key.as_bytes(), None, &mut problems);
            certificates.import_checked(Purpose::Server, given, Ends::Any, problems)
        })
        .await
    }

    /// One change, on a thread that may wait for disks and hash passwords.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        deed: impl FnOnce(&Self) -> Result<T, Problems> + Send + 'static,
    ) -> Result<T, Problems> {
        let certificates = Arc::clone(self);
        // Whoever asked may go away; a change that was begun is finished all the same.
        let changing = tokio::spawn(async move {
            let held = Arc::clone(&certificates);
            let _changing = held.changing.lock().await;
            tokio::task::spawn_blocking(move || deed(&certificates)).await
        });
        match changing.await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Err(one("certificate", "the change broke off; see the log")),
        }
    }

    fn keep_request(&self, purpose: Purpose, wish: &Wish) -> Result<String, Problems> {
        let mut problems = Problems::default();
        self.refuse_where_others_rule(purpose, &mut problems);
        let pending = self.places.pending_key(purpose);
        if pending.exists() && !wish.replace {
            problems.add(
                "replace",
                format_args!(
                    "a signing request waits already, and its key ({}) would be lost: import its \
                     certificate, or say that the new request replaces it",
                    told(&pending)
                ),
            );
        }
        let made = request::make(wish, purpose, self.names(purpose), &mut problems);
        let Some(made) = made.filter(|_| problems.is_empty()) else { return Err(problems) };
        problems.keep("certificate", self.places.keep_pending(purpose, &made.key, &made.request));
        problems.into_result()?;
        let purpose = purpose.name();
        tracing::info!(purpose, "a signing request was made; its key waits for the certificate");
        Ok(made.request)
    }

    /// Checks what was given and puts it in place.
    fn import(
        &self,
        purpose: Purpose,
        given: Given,
        ends: Ends,
        mut problems: Problems,
    ) -> Result<Imported, Problems> {
        self.refuse_where_others_rule(purpose, &mut problems);
        self.import_checked(purpose, given, ends, problems)
    }

    fn import_checked(
        &self,
        purpose: Purpose,
        given: Given,
        ends: Ends,
        mut problems: Problems,
    ) -> Result<Imported, Problems> {
        let known = || known(&self.engine.settings());
        let known: &dyn Fn() -> Vec<_> = &known;
        let wanted = Wanted {
            names: self.names(purpose),
            now: self.engine.now(),
            here: self.keys_here(purpose),
            known: (ends == Ends::Known).then_some(known),
        };
        // What could not be read would only be told a second time as missing.
        let nothing_read = given.certificates.is_empty() && !problems.is_empty();
        let checked = match nothing_read {
            true => None,
            false => checked::check(given, wanted, &mut problems),
        };
        let Some(checked) = checked.filter(|_| problems.is_empty()) else { return Err(problems) };
        self.put(purpose, checked)
    }

    fn put(&self, purpose: Purpose, checked: Checked) -> Result<Imported, Problems> {
        let Checked { chain, key, key_from } = checked;
        let broken = |error: &dyn std::fmt::Display| one("certificate", error);
        let text: Result<String, _> = chain.iter().map(|der| pem(der)).collect();
        let text = text.map_err(|error| broken(&error))?;
        let first = chain.first().ok_or_else(|| one("certificate", "holds no certificate"))?;
        let described = Described::of(first).map_err(|error| broken(&error))?;
        let chain_length = chain.len() - 1;
        let key_text = key_text(&key);
        let certificate = Certificate::of(chain, key).map_err(|error| broken(&error))?;
        let installed = self.places.install(purpose, &text, &key_text);
        installed.map_err(|error| broken(&format_args!("cannot be written: {error}")))?;
        self.use_one(purpose, certificate).map_err(|error| broken(&error))?;
        if key_from == KeyFrom::Pending
            && let Err(error) = self.places.forget_pending(purpose)
        {
            tracing::warn!(%error, "the signing request that is done with cannot be removed");
        }
        tracing::info!(
            purpose = purpose.name(),
            sha256 = described.sha256,
            expires_at = described.not_after,
            "a new certificate is in force"
        );
        Ok(Imported { purpose, certificate: described, chain_length })
    }

    /// Keys that a certificate may be for: that of a signing request, and that in force.
    fn keys_here(&self, purpose: Purpose) -> Vec<(KeyFrom, PrivateKeyDer<'static>)> {
        let places = [
            (KeyFrom::Pending, self.places.pending_key(purpose)),
            (KeyFrom::Present, self.places.files(purpose).key),
        ];
        let read = places.into_iter().filter_map(|(from, path)| {
            let text = secret_file::read(&path).ok()?;
            Some((from, PrivateKeyDer::from_pem_slice(&text).ok()?))
        });
        read.collect()
    }

    fn refuse_where_others_rule(&self, purpose: Purpose, problems: &mut Problems) {
        if self.configured {
            problems.add(
                "certificate",
                "the configuration names certificate.certificate_file and key_file, which rule: replace \
                 those files and reload, or take both keys out and restart",
            );
        } else if self.acme.is_some() && purpose == Purpose::Server {
            problems.add(
                "certificate",
                "an authority keeps this certificate signed: take certificate.acme out of the \
                 configuration first, or name the listener that shall have another",
            );
        }
    }
}

/// What the end of a chain has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Self-signed, or signed by somebody known here.
    Known,
    /// Anything.
    Any,
}

/// A private key as PEM.
pub(super) fn key_text(key: &PrivateKeyDer<'_>) -> Zeroizing<String> {
    let tag = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    Zeroizing::new(::pem::encode_config(&::pem::Pem::new(tag, key.secret_der()), config))
}

fn one(key: &str, message: impl std::fmt::Display) -> Problems {
    let mut problems = Problems::default();
    problems.add(key, message);
    problems
}
