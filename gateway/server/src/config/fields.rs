//! The configuration's keys as data: what each is, its limits, its default and its meaning.
//!
//! One table drives the reading, the JSON Schema and the commented sample, so the three cannot
//! disagree. A new key is one row here and one line in `config.rs`.

mod flight_recorder;
mod provisioning;
mod sip;

pub(super) use super::field::{Fallback, Field, LIST_MAX, Section, Sort};
use super::field::{field, section};
use Fallback::{Absent, List, Number as Default, Switch as On, Word};
use Sort::{
    Addresses, Choice, DatabaseUrl, HostName, MailAddresses, Networks, Number, Path, PublicNames,
    SecretPath, SecureUrl, Switch,
};

/// Tables, in the order of the sample.
pub(super) const SECTIONS: &[Section] = &[
    section(
        "store",
        &[
            "Where the gateway keeps what it owns: a file on this machine, which suits one node, or a",
            "PostgreSQL database (version 13 or later), which several nodes share. `url` alone chooses",
            "PostgreSQL.",
        ],
    ),
    section(
        "certificate",
        &[
            "The server certificate. Without these keys a self-signed one (P-256) is made at the",
            "first start, below state_directory/certificates. `jackfield reload` or SIGHUP reads the",
            "files again; a set that does not verify is refused and the old one stays.",
        ],
    ),
    section(
        "certificate.acme",
        &[
            "Has the certificate signed and renewed by an authority that speaks ACME (RFC 8555), where",
            "`directory` is given. It takes the place of the self-signed one as soon as it is there, and",
            "is renewed when a third of its time is left.",
        ],
    ),
    section("listeners", &[]),
    section("listeners.phone", &["HTTPS for IP phones: the service URL and the pages behind it."]),
    section(
        "listeners.console",
        &["HTTPS for administrators and their programs: the REST interface below /api/v1."],
    ),
    section(
        "listeners.headset",
        &[
            "HTTPS for phones that ask for their headset. A port of 0 switches it off. As long as no key says",
            "where it is, a port that another program has is done without. Phones may show a certificate;",
            "whom it proves is in the settings (trust for headset_devices).",
        ],
    ),
    section(
        "listeners.identity",
        &[
            "HTTPS of the identity service: browsers on their way to the identity provider, and applications that",
            "trade codes for tokens. A port of 0 switches it off. As long as no key says where it is, a port that",
            "another program has is done without.",
        ],
    ),
    section(
        "listeners.operations",
        &["Plain HTTP for monitoring: /metrics, /livez, /readyz and /startupz."],
    ),
    section(
        "listeners.sip",
        &[
            "SIP for phones, proxies and registrars, where the settings have `sip`; without them nobody",
            "is answered. A port of 0 switches a transport off. As long as none of these keys is given, a",
            "port that another program has is done without.",
        ],
    ),
    section(
        "listeners.provisioning",
        &[
            "Files that phones load before they register: TFTP, and HTTP as phones ask for first. Off",
            "unless a folder and a port are given. Nobody proves who they are here, so the files must hold",
            "nothing that another phone in allowed_networks may not know.",
        ],
    ),
    section("limits", &["What peers may use. The defaults suit some thousand phones on one node."]),
    section(
        "flight_recorder",
        &[
            "The last minutes of what every link said, in memory alone and without secrets: `jackfield",
            "flight-recorder` shows it. It holds personal data, such as the numbers of callers.",
        ],
    ),
    section(
        "log",
        &["The log goes to standard error. Personal data is in it at level debug only."],
    ),
];

const PORT: Sort = Number(1, 65_535);
const PORT_OR_OFF: Sort = Number(0, 65_535);

/// Keys, in the order of the sample: those of one table stand together.
pub(super) const FIELDS: &[Field] = &joined::<{ count(PARTS) }>(PARTS);

const PARTS: &[&[Field]] = &[
    FIRST,
    sip::LISTENERS,
    provisioning::LISTENERS,
    LIMITS,
    sip::LIMITS,
    provisioning::LIMITS,
    flight_recorder::BOUNDS,
    LOG,
];

const fn count(parts: &[&[Field]]) -> usize {
    let mut count = 0;
    let mut rest = parts;
    while let [part, others @ ..] = rest {
        count += part.len();
        rest = others;
    }
    count
}

/// All parts in one.
const fn joined<const COUNT: usize>(parts: &[&[Field]]) -> [Field; COUNT] {
    let mut all = [NONE; COUNT];
    let (mut places, mut rest) = (all.as_mut_slice(), parts);
    while let [part, others @ ..] = rest {
        let mut left = *part;
        while let [field, more @ ..] = left {
            left = more;
            // There are as many places as fields.
            places = match places {
                [place, behind @ ..] => {
                    *place = *field;
                    behind
                }
                [] => &mut [],
            };
        }
        rest = others;
    }
    all
}

const NONE: Field = field("", Switch, On(false), &[]);

/// The beginning, down to the listeners of HTTP.
const FIRST: &[Field] = &[
    field(
        "name",
        HostName,
        Absent("gw-a.example.com"),
        &[
            "Full host name of this node, as phones reach it. It stands in every service URL and in the",
            "certificate. Never an address; at most 94 characters, since phones cut long URLs. Not given, it",
            "is the machine's own full name (from the kernel, else from /etc/hosts), else localhost, which is",
            "enough to try things out on the machine itself. Give it before the first phone.",
        ],
    ),
    field(
        "state_directory",
        Path,
        Word("/var/lib/jackfield"),
        &[
            "Folder for what the gateway keeps: store, keys, certificates, admin socket. It is made with",
            "mode 0700 where it is missing.",
        ],
    ),
    field(
        "sealing_key_file",
        SecretPath,
        Absent("/var/lib/jackfield/sealing.key"),
        &[
            "The key that secrets in the store are sealed with: 32 bytes as 64 hexadecimal digits; further",
            "keys on lines of their own open what was sealed before. Not given, it is",
            "state_directory/sealing.key, made at the first start. Nobody but its owner and group may read",
            "it. `credential:NAME` is what systemd hands over (LoadCredential=), here and for the other",
            "files with secrets. Keep a copy apart from the store's backups: without it the sealed secrets",
            "are lost, and with both they are readable. All nodes on one PostgreSQL database need the",
            "same keys: copy the file of the first node to the others before they start.",
        ],
    ),
    field(
        "trusted_proxies",
        Networks,
        List(&[]),
        &[
            "Proxies whose word about the client counts (forwarded_fields, PROXY protocol), as addresses",
            "or networks. From anybody else these are not believed.",
        ],
    ),
    field(
        "forwarded_fields",
        Choice(&["x_forwarded", "forwarded"]),
        Word("x_forwarded"),
        &[
            "The form in which trusted_proxies speak of the client: X-Forwarded-For, -Proto, -Host and",
            "-Port, or Forwarded (RFC 7239). The other form is never believed, since proxies hand it",
            "through as the client sent it. The proxy must overwrite the fields of this form, or append",
            "to them.",
        ],
    ),
    field(
        "public_names",
        PublicNames,
        List(&[]),
        &[
            "Names under which trusted_proxies may present us in URLs, such as \"phones.example.com\" or",
            "\"phones.example.com:8082\". Without a port it is that of the scheme, 80 or 443. Under any",
            "other name, or with an empty list, URLs name this node as it is without a proxy.",
        ],
    ),
    field(
        "store.kind",
        Choice(&["sqlite", "postgresql"]),
        Absent("postgresql"),
        &["The kind of store. Not given, it is postgresql where there is a url, else sqlite."],
    ),
    field(
        "store.path",
        Path,
        Absent("/var/lib/jackfield/jackfield.db"),
        &["SQLite: its file. Not given, it is state_directory/jackfield.db."],
    ),
    field(
        "store.url",
        DatabaseUrl,
        Absent("postgresql://jackfield@db.example.com/jackfield"),
        &[
            "PostgreSQL: user, host, port and database. It holds no password. The connection is",
            "encrypted and the server's certificate checked, unless it is a Unix socket",
            "(\"postgresql:///jackfield?host=/run/postgresql&user=jackfield\") or the URL ends in",
            "\"?sslmode=disable\".",
        ],
    ),
    field(
        "store.password_file",
        SecretPath,
        Absent("/etc/jackfield/postgresql.password"),
        &[
            "PostgreSQL: a file with the password, where the server asks for one. Nobody but its owner",
            "and group may read it.",
        ],
    ),
    field(
        "store.authority_file",
        Path,
        Absent("/etc/jackfield/postgresql-ca.pem"),
        &[
            "PostgreSQL: PEM, the certificates of the authorities that sign for the server. Not given, those",
            "that this machine trusts (ca-certificates) are.",
        ],
    ),
    field(
        "store.connections",
        Number(4, 64),
        Default(16),
        &[
            "PostgreSQL: the most connections of this node. The server's max_connections must suffice",
            "for those of all nodes.",
        ],
    ),
    field(
        "certificate.certificate_file",
        Path,
        Absent("/etc/jackfield/certificate.pem"),
        &["PEM: the certificate for `name` first, then those that signed it, in order."],
    ),
    field(
        "certificate.key_file",
        SecretPath,
        Absent("/etc/jackfield/key.pem"),
        &["PEM: its private key. Nobody but its owner and group may read the file."],
    ),
    field(
        "certificate.acme.directory",
        SecureUrl,
        Absent("https://acme-v02.api.letsencrypt.org/directory"),
        &["Where the authority says what it offers."],
    ),
    field(
        "certificate.acme.contact",
        MailAddresses,
        List(&[]),
        &["Mail addresses that the authority may write to."],
    ),
    field(
        "certificate.acme.terms_agreed",
        Switch,
        On(false),
        &[
            "Whether you agree to the authority's terms of service. Without it nothing is asked for.",
        ],
    ),
    field(
        "certificate.acme.authority_file",
        Path,
        Absent("/etc/jackfield/acme-ca.pem"),
        &[
            "PEM: the certificates of the authorities that sign for the directory itself. Not given,",
            "those that this machine trusts (ca-certificates) are.",
        ],
    ),
    field(
        "certificate.acme.challenge",
        Choice(&["http_01", "tls_alpn_01"]),
        Word("http_01"),
        &[
            "How the authority sees that the node's names are ours: it asks port 80 of each name, which",
            "must lead to http_port here, or port 443, which must lead to the phone listener.",
        ],
    ),
    field(
        "certificate.acme.http_port",
        PORT,
        Absent("80"),
        &[
            "For http_01: a plain port, on the phone listener's addresses, that answers the authority's",
            "question and nothing else. Off unless given.",
        ],
    ),
    field(
        "listeners.phone.addresses",
        Addresses,
        List(&["0.0.0.0", "::"]),
        &["Addresses to listen on."],
    ),
    field("listeners.phone.port", PORT, Default(8445), &["The port."]),
    field(
        "listeners.phone.public_name",
        HostName,
        Absent("phones.example.com"),
        &["The name phones reach us under, where it is not `name`; it must be in the certificate."],
    ),
    field(
        "listeners.phone.public_port",
        PORT,
        Absent("443"),
        &["The port phones reach us under, where it is not `port`."],
    ),
    field(
        "listeners.phone.proxy_protocol",
        Switch,
        On(false),
        &[
            "Whether every connection begins with a PROXY protocol header (version 1 or 2) of one of",
            "trusted_proxies. Connections without one are closed.",
        ],
    ),
    field(
        "listeners.phone.refusal_port",
        PORT,
        Absent("8082"),
        &[
            "A plain port that answers nothing but a refusal naming the secure URL, for subscriptions",
            "that still point to the old one. Off unless given.",
        ],
    ),
    field(
        "listeners.console.addresses",
        Addresses,
        List(&["0.0.0.0", "::"]),
        &["Addresses to listen on; one of a network for administrators is best."],
    ),
    field("listeners.console.port", PORT, Default(9443), &["The port."]),
    field(
        "listeners.console.public_name",
        HostName,
        Absent("console.example.com"),
        &[
            "The name administrators reach us under, where it is not `name`; it must be in the",
            "certificate.",
        ],
    ),
    field(
        "listeners.headset.addresses",
        Addresses,
        List(&["0.0.0.0", "::"]),
        &["Addresses to listen on."],
    ),
    field("listeners.headset.port", PORT_OR_OFF, Default(9_444), &["The port."]),
    field(
        "listeners.headset.public_name",
        HostName,
        Absent("phones.example.com"),
        &["The name phones reach us under, where it is not `name`; it must be in the certificate."],
    ),
    field(
        "listeners.headset.public_port",
        PORT,
        Absent("443"),
        &["The port phones reach us under, where it is not `port`."],
    ),
    field(
        "listeners.headset.profile_file",
        Path,
        Absent("/etc/jackfield/headset-profile.json"),
        &["What phones of this site say and are told, where it is not what is built in."],
    ),
    field(
        "listeners.identity.addresses",
        Addresses,
        List(&["0.0.0.0", "::"]),
        &["Addresses to listen on."],
    ),
    field("listeners.identity.port", PORT_OR_OFF, Default(8_553), &["The port."]),
    field(
        "listeners.identity.public_name",
        HostName,
        Absent("sso.example.com"),
        &[
            "The name browsers reach us under, where it is not `name`; it must be in the certificate.",
        ],
    ),
    field(
        "listeners.identity.public_port",
        PORT,
        Absent("443"),
        &["The port browsers reach us under, where it is not `port`."],
    ),
    field(
        "listeners.operations.addresses",
        Addresses,
        List(&["127.0.0.1", "::1"]),
        &["Addresses to listen on. /metrics answers other machines only with a token."],
    ),
    field("listeners.operations.port", PORT, Default(9101), &["The port."]),
    field(
        "listeners.operations.metrics_token_file",
        SecretPath,
        Absent("/etc/jackfield/metrics.token"),
        &[
            "A file with the bearer token (16 to 256 characters) for /metrics from other machines.",
            "Nobody but its owner and group may read it.",
        ],
    ),
];

/// What peers of HTTP may use.
const LIMITS: &[Field] = &[
    field(
        "limits.connections_max",
        Number(16, 1_000_000),
        Default(8_192),
        &[
            "Connections at once on each listener. Those beyond get 503 or are closed. Each needs an open",
            "file: the node raises its limit as far as it may (LimitNOFILE of the service).",
        ],
    ),
    field(
        "limits.connections_per_source_max",
        Number(1, 1_000_000),
        Default(512),
        &[
            "Connections at once from one address (one /64 network with IPv6), trusted proxies apart.",
        ],
    ),
    field(
        "limits.header_bytes_max",
        Number(4_096, 262_144),
        Default(16_384),
        &["Bytes of a request's header. A larger one gets 431."],
    ),
    field(
        "limits.target_bytes_max",
        Number(256, 65_536),
        Default(4_096),
        &["Bytes of a request's target. A longer one gets 414."],
    ),
    field(
        "limits.handshake_seconds",
        Number(1, 120),
        Default(10),
        &["Seconds a client may take for the TLS handshake."],
    ),
    field(
        "limits.header_seconds",
        Number(1, 120),
        Default(10),
        &["Seconds from the first byte of a request's header to its last."],
    ),
    field(
        "limits.request_seconds",
        Number(1, 600),
        Default(30),
        &["Seconds for the body, the answer and its delivery, each."],
    ),
    field(
        "limits.idle_seconds",
        Number(1, 3_600),
        Default(75),
        &["Seconds a connection is kept open between two requests."],
    ),
    field(
        "limits.drain_seconds",
        Number(0, 600),
        Default(10),
        &["Seconds that requests in hand may take to end when the gateway stops."],
    ),
    field(
        "limits.notice_seconds",
        Number(0, 60),
        Default(6),
        &[
            "Seconds that readiness fails before the gateway stops accepting connections, where other",
            "nodes are there to go to: so long load balancers take to notice.",
        ],
    ),
];

const LOG: &[Field] = &[
    field(
        "log.format",
        Choice(&["human", "json"]),
        Word("human"),
        &["How a line looks. Under systemd there are none: its journal gets fields."],
    ),
    field(
        "log.level",
        Choice(&["error", "warn", "info", "debug", "trace"]),
        Word("info"),
        &["What is logged: error (act), warn (coped), info (life cycle), debug (each request)."],
    ),
];
