//! What an administrator hands in: certificates and keys in any order, not judged yet.
//!
//! PEM holds them one after another; PKCS #12 under a password. What is wrong with the form is told
//! all at once; what does not fit together is told by [`super::checked`].

use domain::{Problems, Secret};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::pkcs12;

/// The most bytes of what is handed in.
pub(crate) const BYTES_MAX: usize = 256 * 1024;
/// The most certificates at once.
const CERTIFICATES_MAX: usize = 20;

/// Certificates and keys.
#[derive(Default)]
pub(super) struct Given {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) keys: Vec<PrivateKeyDer<'static>>,
}

impl Given {
    /// Takes in a PEM text that stands under `field`.
    pub(super) fn add_pem(
        &mut self,
        field: &str,
        text: &[u8],
        password: Option<&Secret>,
        problems: &mut Problems,
    ) {
        if !fits(field, text, problems) {
            return;
        }
        if text.first() == Some(&0x30) {
            problems.add(
                field,
                "is binary, not PEM; import a PKCS #12 file as such, or turn it into PEM",
            );
            return;
        }
        let begun = text.windows(BEGIN.len()).filter(|part| *part == BEGIN).count();
        let parts = match pem::parse_many(text) {
            Ok(parts) if parts.len() == begun => parts,
            Ok(parts) => {
                let whole = parts.len();
                problems.add(
                    field,
                    format_args!("is cut off or damaged: of {begun} PEM parts {whole} are whole"),
                );
                return;
            }
            Err(error) => {
                problems.add(field, format_args!("is damaged PEM: {error}"));
                return;
            }
        };
        for part in parts {
            let encrypted_inside = part.headers().get("Proc-Type").is_some();
            let (tag, content) = (part.tag().to_owned(), part.into_contents());
            if encrypted_inside {
                problems.add(
                    field,
                    format_args!(
                        "has a {tag} in an old encrypted form; write it anew: openssl pkcs8 -topk8 -in KEY"
                    ),
                );
                continue;
            }
            match tag.as_str() {
                "CERTIFICATE" | "X509 CERTIFICATE" => self.certificates.push(content.into()),
                "PRIVATE KEY" => self.keys.push(PrivatePkcs8KeyDer::from(content).into()),
                "RSA PRIVATE KEY" => self.keys.push(PrivateKeyDer::Pkcs1(content.into())),
                "EC PRIVATE KEY" => self.keys.push(PrivateKeyDer::Sec1(content.into())),
                "ENCRYPTED PRIVATE KEY" => self.add_encrypted(field, &content, password, problems),
                // What openssl writes before a key; the key says it too.
                "EC PARAMETERS" => {}
                other => {
                    let other: String =
                        other.chars().filter(|it| !it.is_control()).take(40).collect();
                    problems.add(
                        field,
                        format_args!("has a part {other:?}; give certificates and their key only"),
                    );
                }
            }
        }
        self.limit(field, problems);
    }

    /// Takes in a PKCS #12 file that stands under `field`.
    pub(super) fn add_pkcs12(
        &mut self,
        field: &str,
        file: &[u8],
        password: &Secret,
        problems: &mut Problems,
    ) {
        if !fits(field, file, problems) {
            return;
        }
        if file.starts_with(BEGIN) {
            problems.add(field, "is PEM, not PKCS #12; import it as PEM");
            return;
        }
        match pkcs12::read(file, password) {
            Ok(content) => {
                self.certificates.extend(content.certificates.into_iter().map(Into::into));
                let keys = content.keys.iter();
                self.keys.extend(keys.map(|key| PrivatePkcs8KeyDer::from(key.to_vec()).into()));
                if self.keys.is_empty() {
                    problems.add(field, "holds no private key; export it with the key");
                }
            }
            Err(pkcs12::NotOpened::WrongPassword) => {
                problems.add("password", "does not open the file, or the file is damaged");
            }
            Err(why) => problems.add(field, why),
        }
        self.limit(field, problems);
    }

    fn add_encrypted(
        &mut self,
        field: &str,
        content: &[u8],
        password: Option<&Secret>,
        problems: &mut Problems,
    ) {
        let Some(password) = password else {
            problems.add("password", "is needed: the key is encrypted");
            return;
        };
        match pkcs12::read_key(content, password) {
            Ok(key) => self.keys.push(PrivatePkcs8KeyDer::from(key.to_vec()).into()),
            Err(pkcs12::NotOpened::WrongPassword) => {
                problems.add("password", "does not open the key");
            }
            Err(why) => problems.add(field, format_args!("has an encrypted key that {why}")),
        }
    }

    fn limit(&mut self, field: &str, problems: &mut Problems) {
        let count = self.certificates.len();
        if count > CERTIFICATES_MAX {
            problems.add(
                field,
                format_args!("has {count} certificates, at most {CERTIFICATES_MAX} are taken"),
            );
            self.certificates.truncate(CERTIFICATES_MAX);
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";

fn fits(field: &str, bytes: &[u8], problems: &mut Problems) -> bool {
    let length = bytes.len();
    if length > BYTES_MAX {
        problems.add(field, format_args!("has {length} bytes, at most {BYTES_MAX} are taken"));
    } else if length == 0 {
        problems.add(field, "is empty");
    }
    (1..=BYTES_MAX).contains(&length)
}
