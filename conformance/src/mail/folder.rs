//! The folder of the servers: what is kept from one start to the next, so that they come back as they were.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};

use super::HOST;
use super::accounts::check_open;

/// Ports that nobody's outgoing connection takes: Linux gives 32768 and up to these.
const PORTS: std::ops::Range<u32> = 11_000..19_000;
/// Ports of one set of servers, with room.
const PORTS_OF_A_SET: u32 = 16;
/// Letters of the folder's path; sockets in it have names that systems limit to 107.
const PATH_BYTES_MAX: usize = 64;

/// Where everything listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ports {
    pub(super) imaps: u16,
    pub(super) lmtp: u16,
    /// Where Postfix asks Dovecot who somebody is.
    pub(super) sasl: u16,
    pub(super) smtp: u16,
    pub(super) submission: u16,
    pub(super) submissions: u16,
    pub(super) http_proxy: u16,
    pub(super) socks_proxy: u16,
    pub(super) token: u16,
    /// Where Dovecot asks what a token is good for.
    pub(super) introspection: u16,
}

/// A folder that is there, whose path is absolute.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes it where it is not there yet.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        if !path.exists() {
            fs::create_dir_all(path).map_err(named)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(named)?;
        }
        let path = path.canonicalize().map_err(named)?;
        // Their configurations are lines of words.
        let fits = path.to_str().is_some_and(|text| {
            let plain = |it: char| it.is_ascii_alphanumeric() || "/._-+".contains(it);
            text.len() <= PATH_BYTES_MAX && text.chars().all(plain)
        });
        if !fits {
            return Err(format!(
                "{}: the servers take a path of at most {PATH_BYTES_MAX} letters, digits and / . _ - +",
                path.display()
            ));
        }
        check_open(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A folder in it.
    pub(super) fn make(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.file(name);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    pub(super) fn write(&self, name: &str, mode: u32, text: &str) -> Result<PathBuf, String> {
        let path = self.file(name);
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        fs::write(&path, text).map_err(named)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(named)?;
        Ok(path)
    }

    /// The text kept in a file, or `make` of it, kept from now on.
    pub(super) fn kept(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, String>,
    ) -> Result<String, String> {
        let path = self.file(name);
        if path.exists() {
            return fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()));
        }
        let text = make()?;
        self.write(name, 0o600, &text)?;
        Ok(text)
    }

    /// The ports of earlier starts, or free ones.
    pub(super) fn ports(&self) -> Result<Ports, String> {
        let text = self.kept("ports.json", || {
            let ports = free_ports()?;
            serde_json::to_string(&ports).map_err(|error| error.to_string())
        })?;
        serde_json::from_str(&text)
            .map_err(|error| format!("{}: {error}", self.file("ports.json").display()))
    }

    /// The authority's certificate; beside it are `localhost.pem` and `localhost.key`, which it vouches for.
    pub(super) fn certificates(&self) -> Result<PathBuf, String> {
        let authority = self.file("ca.pem");
        if authority.exists() {
            return Ok(authority);
        }
        let wrong = |error: rcgen::Error| format!("certificates: {error}");
        let named = |names: Vec<String>, subject: &str| {
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, subject);
            Ok(params)
        };
        let mut params = named(Vec::new(), "authority of simulated mail servers").map_err(wrong)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(wrong)?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(wrong)?;
        let mut params = named(vec![HOST.to_owned()], HOST).map_err(wrong)?;
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = params.signed_by(&key, &issuer).map_err(wrong)?;
        self.write("localhost.key", 0o600, &key.serialize_pem())?;
        self.write("localhost.pem", 0o644, &certificate.pem())?;
        self.write("ca.pem", 0o644, &issuer.pem())
    }
}

fn free_ports() -> Result<Ports, String> {
    static SETS: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    // Sets that start at the same time look in different places.
    let set = std::process::id().wrapping_add(SETS.fetch_add(1, Ordering::Relaxed));
    let first = set.wrapping_mul(PORTS_OF_A_SET) % count;
    let places = (0..count).map(|step| PORTS.start + (first + step) % count);
    let ports = places.filter_map(|port| u16::try_from(port).ok());
    // They are held until all are found.
    let mut held = ports.filter_map(|port| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some((port, listener))
    });
    let mut holding = Vec::new();
    let mut next = || {
        let (port, listener) = held.next().ok_or("there is no free port")?;
        holding.push(listener);
        Ok::<_, String>(port)
    };
    Ok(Ports {
        imaps: next()?,
        lmtp: next()?,
        sasl: next()?,
        smtp: next()?,
        submission: next()?,
        submissions: next()?,
        http_proxy: next()?,
        socks_proxy: next()?,
        token: next()?,
        introspection: next()?,
    })
}
