//! A slapd in a folder of its own, on loopback ports of its own, ended with the test.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use directory::{DEFAULT_GROUP_FILTER, Directory, Groups, Host, Security};
use domain::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

const SLAPD: &str = "/usr/sbin/slapd";
const SLAPADD: &str = "/usr/sbin/slapadd";
const SCHEMAS: &str = "/etc/ldap/schema";
const MODULES: &str = "/usr/lib/ldap";
/// How long a server may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const SERVICE: &str = "cn=gateway,dc=example,dc=org";
pub(crate) const SERVICE_PASSWORD: &str = "service-secret";

/// What a server holds beside its own account.
#[derive(Default)]
pub(crate) struct Content {
    ldif: String,
}

/// A running server.
pub(crate) struct Slapd {
    process: Child,
    folder: PathBuf,
    pub(crate) plain: u16,
    pub(crate) private: u16,
    pub(crate) authority_pem: String,
}

impl Content {
    /// A person with a password; `more` holds further lines.
    pub(crate) fn person(&mut self, uid: &str, password: &str, more: &str) -> &mut Self {
        let _ = write!(
            self.ldif,
            "dn: uid={uid},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: {uid}\n\
             cn: Person {uid}\nsn: {uid}\nuserPassword: {password}\n{more}\n"
        );
        self
    }

    /// A group of those entries.
    pub(crate) fn group(&mut self, cn: &str, members: &[&str]) -> &mut Self {
        let members: String = members.iter().map(|it| format!("member: {it}\n")).collect();
        let _ = write!(
            self.ldif,
            "dn: cn={cn},ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: {cn}\n\
             {members}\n"
        );
        self
    }
}

impl Slapd {
    /// A server with that content; `None` where there is no slapd.
    pub(crate) fn start(content: &Content) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !Path::new(SLAPD).exists() || !Path::new(SLAPADD).exists() {
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-slapd-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("data")).unwrap();
        let authority_pem = certificates(&folder);
        let (plain, private) = (free_port(), free_port());
        fs::write(folder.join("slapd.conf"), configuration(&folder)).unwrap();
        load(&folder, content);
        let process = Command::new(SLAPD)
            .args(["-d", "0", "-h"])
            .arg(format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{private}"))
            .arg("-f")
            .arg(folder.join("slapd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, folder, plain, private, authority_pem };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", server.private)).is_err() {
            assert!(Instant::now() < deadline, "slapd does not answer");
            std::thread::yield_now();
        }
        Some(server)
    }

    /// The directory as its settings would be.
    pub(crate) fn directory(&self) -> Directory {
        Directory {
            name: "site".to_owned(),
            hosts: vec![self.host()],
            security: Security::Ldaps,
            bind_dn: SERVICE.to_owned(),
            bind_password: Secret::new(SERVICE_PASSWORD),
            base_dn: "dc=example,dc=org".to_owned(),
            user_filter: directory::DEFAULT_USER_FILTER.to_owned(),
            id_attribute: "uid".to_owned(),
            name_attribute: "cn".to_owned(),
            groups: Groups::Search {
                base_dn: "ou=groups,dc=example,dc=org".to_owned(),
                filter: DEFAULT_GROUP_FILTER.to_owned(),
                nested: true,
            },
            authorities_pem: self.authority_pem.clone(),
            timeout_seconds: 10,
        }
    }

    pub(crate) fn host(&self) -> Host {
        Host { host: "localhost".to_owned(), port: self.private }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A port that nobody listens on; each is given once, since the system may name one again.
pub(crate) fn free_port() -> u16 {
    static GIVEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut given = GIVEN.lock().unwrap();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}

/// Makes an authority and a certificate for `localhost`; gives the authority's.
fn certificates(folder: &Path) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    authority.pem()
}

/// An authority that vouches for nobody here.
pub(crate) fn another_authority() -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "include {SCHEMAS}/core.schema\ninclude {SCHEMAS}/cosine.schema\n\
         include {SCHEMAS}/inetorgperson.schema\n\
         modulepath {MODULES}\nmoduleload back_mdb\nmoduleload ppolicy\nmoduleload memberof\n\
         TLSCertificateFile {folder}/cert.pem\nTLSCertificateKeyFile {folder}/key.pem\n\
         disallow bind_anon\nsizelimit 1000\n\
         database mdb\nsuffix \"dc=example,dc=org\"\ndirectory {folder}/data\n\
         maxsize 104857600\nindex objectClass,uid,member eq\n\
         limits dn.exact=\"{SERVICE}\" size.prtotal=unlimited\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=\"{SERVICE}\" read by * none\n\
         overlay memberof\n\
         overlay ppolicy\nppolicy_default \"cn=policy,dc=example,dc=org\"\nppolicy_use_lockout\n"
    )
}

fn load(folder: &Path, content: &Content) {
    let beginning = format!(
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\n\
         dc: example\n\n\
         dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: {SERVICE}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\n\
         cn: gateway\nuserPassword: {SERVICE_PASSWORD}\n\n\
         dn: cn=policy,dc=example,dc=org\nobjectClass: pwdPolicy\nobjectClass: device\ncn: policy\n\
         pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 3\n\n"
    );
    let mut process = Command::new(SLAPADD)
        .args(["-q", "-f"])
        .arg(folder.join("slapd.conf"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(beginning.as_bytes()).unwrap();
    input.write_all(content.ldif.as_bytes()).unwrap();
    drop(input);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
