//! The programs that have to be there, what they are for, and the Debian packages they are in.

use super::{POSTGRESQL_PACKAGE, Purpose};

/// A program that must be found in the search path.
#[derive(Debug)]
pub(super) struct Requirement {
    pub(super) command: &'static str,
    /// Debian packages to install for it; none when Debian's own version would not do.
    pub(super) packages: &'static [&'static str],
    /// How to get it where there is no package.
    pub(super) by_hand: &'static str,
    pub(super) why: &'static str,
    /// What needs it beside the checks.
    pub(super) purposes: &'static [Purpose],
}

const EVERY_BUILD: &[Purpose] = &[Purpose::Demo, Purpose::DemoOfNodes, Purpose::Package];
const PACKAGES: &[Purpose] = &[Purpose::Package];

pub(super) const REQUIREMENTS: [Requirement; 39] = [
    Requirement {
        command: "cc",
        packages: &["gcc", "libc6-dev"],
        by_hand: "",
        why: "compiles SQLite and the cryptography",
        purposes: EVERY_BUILD,
    },
    Requirement {
        command: "make",
        packages: &["make"],
        by_hand: "",
        why: "builds the memory allocator",
        purposes: EVERY_BUILD,
    },
    Requirement {
        command: "cargo-fmt",
        packages: &[],
        by_hand: "rustup component add rustfmt",
        why: "checks the format",
        purposes: &[],
    },
    Requirement {
        command: "cargo-clippy",
        packages: &[],
        by_hand: "rustup component add clippy",
        why: "checks the lints",
        purposes: &[],
    },
    Requirement {
        command: "xmllint",
        packages: &["libxml2-utils"],
        by_hand: "",
        why: "judges the XML we write from outside",
        purposes: &[],
    },
    Requirement {
        command: "xmlsec1",
        packages: &["xmlsec1"],
        by_hand: "",
        why: "judges signatures of SAML messages from outside",
        purposes: &[],
    },
    // The others have no program of their own to look for.
    Requirement {
        command: "xmlsec1-config",
        packages: &["libxmlsec1-dev", "libxml2-dev", "libclang-dev", "pkg-config", "libssl-dev"],
        by_hand: "",
        why: "builds samael, which judges SAML messages from outside in `test --all`",
        purposes: &[],
    },
    Requirement {
        command: "nginx",
        packages: &["nginx-light"],
        by_hand: "",
        why: "stands in for a site's proxy before old phones; Debian's package also starts it on port \
              80, which `systemctl disable --now nginx` ends",
        purposes: &[],
    },
    Requirement {
        command: "slapd",
        packages: &["slapd"],
        by_hand: "",
        why: "stands in for a site's LDAP directory; Debian's package also starts it on port 389, which \
              `systemctl disable --now slapd` ends",
        purposes: &[],
    },
    Requirement {
        command: "xmlsec1",
        packages: &["xmlsec1"],
        by_hand: "",
        why: "signs what an identity provider of Python says, and judges signatures from outside",
        purposes: &[],
    },
    // SimpleSAMLphp asks for a web server, which nginx is; PHP brings the one that is used.
    Requirement {
        command: "php",
        packages: &["simplesamlphp", "php-cli", "php-xml", "php-mbstring"],
        by_hand: "",
        why: "runs SimpleSAMLphp, which stands in for a site's identity provider",
        purposes: &[],
    },
    Requirement {
        command: "kamailio",
        packages: &["kamailio", "kamailio-tls-modules"],
        by_hand: "",
        why: "stands in for a site's SIP registrar and proxies; Debian's package also starts it on port \
              5060, which `systemctl disable --now kamailio` ends",
        purposes: &[],
    },
    // They bring the programs that Debian keeps apart from it.
    Requirement {
        command: "dovecot",
        packages: &["dovecot-imapd", "dovecot-lmtpd"],
        by_hand: "",
        why: "stands in for a site's IMAP server; Debian's package also starts it on port 143, which \
              `systemctl disable --now dovecot` ends",
        purposes: &[],
    },
    Requirement {
        command: "postfix",
        packages: &["postfix"],
        by_hand: "",
        why: "stands in for a site's SMTP server; Debian's package also starts it on port 25, which \
              `systemctl disable --now postfix` ends",
        purposes: &[],
    },
    Requirement {
        command: "tinyproxy",
        packages: &["tinyproxy"],
        by_hand: "",
        why: "stands in for a site's HTTP proxy; Debian's package also starts it on port 8888, which \
              `systemctl disable --now tinyproxy` ends",
        purposes: &[],
    },
    Requirement {
        command: "danted",
        packages: &["dante-server"],
        by_hand: "",
        why: "stands in for a site's SOCKS proxy; Debian's package also starts it where it is \
              configured, which `systemctl disable --now danted` ends",
        purposes: &[],
    },
    Requirement {
        command: "clamd",
        packages: &["clamav-daemon"],
        by_hand: "",
        why: "stands in for a site's virus scanner, with one signature of our own; Debian's package also starts \
              it with signatures it fetches, which `systemctl disable --now clamav-daemon clamav-freshclam` ends",
        purposes: &[],
    },
    Requirement {
        command: "mbsync",
        packages: &["isync"],
        by_hand: "",
        why: "reads mailboxes by IMAP as a program of others",
        purposes: &[],
    },
    Requirement {
        command: "sipp",
        packages: &["sip-tester"],
        by_hand: "",
        why: "plays SIP phones by the hundred",
        purposes: &[],
    },
    Requirement {
        command: "postgres",
        packages: &[POSTGRESQL_PACKAGE],
        by_hand: "",
        why: "is the store of several nodes; where it is installed here, no database of its own is made \
              or started",
        purposes: &[Purpose::DemoOfNodes],
    },
    Requirement {
        command: "openssl",
        packages: &["openssl"],
        by_hand: "",
        why: "writes and signs certificates in every form that the gateway has to read",
        purposes: &[],
    },
    Requirement {
        command: "pebble",
        packages: &["pebble"],
        by_hand: "",
        why: "stands in for an authority that signs certificates by ACME",
        purposes: &[],
    },
    Requirement {
        command: "rsyslogd",
        packages: &["rsyslog"],
        by_hand: "",
        why: "takes the log as a receiver at a site would; Debian's package also starts it for this \
              machine's own log, which `systemctl disable --now rsyslog` ends",
        purposes: &[],
    },
    Requirement {
        command: "tftp",
        packages: &["tftp-hpa"],
        by_hand: "",
        why: "loads files by TFTP as phones do",
        purposes: &[],
    },
    Requirement {
        command: "atftp",
        packages: &["atftp"],
        by_hand: "",
        why: "loads files by TFTP with options that it is told",
        purposes: &[],
    },
    Requirement {
        command: "curl",
        packages: &["curl"],
        by_hand: "",
        why: "loads files by TFTP with blocks of any size",
        purposes: &[],
    },
    Requirement {
        command: "strip",
        packages: &["binutils"],
        by_hand: "",
        why: "takes names out of programs that are packed",
        purposes: PACKAGES,
    },
    Requirement {
        command: "dpkg-shlibdeps",
        packages: &["dpkg-dev"],
        by_hand: "",
        why: "finds the libraries that a Debian package needs",
        purposes: PACKAGES,
    },
    Requirement {
        command: "rpmbuild",
        packages: &["rpm"],
        by_hand: "",
        why: "makes packages for systems with rpm",
        purposes: PACKAGES,
    },
    Requirement {
        command: "lintian",
        packages: &["lintian"],
        by_hand: "",
        why: "judges Debian packages from outside",
        purposes: &[],
    },
    Requirement {
        command: "rpmlint",
        packages: &["rpmlint"],
        by_hand: "",
        why: "judges packages for rpm from outside",
        purposes: &[],
    },
    Requirement {
        command: "debootstrap",
        packages: &["debootstrap"],
        by_hand: "",
        why: "makes a system to install packages in",
        purposes: &[],
    },
    Requirement {
        command: "systemd-analyze",
        packages: &["systemd"],
        by_hand: "",
        why: "judges how well the service is shut in",
        purposes: &[],
    },
    Requirement {
        command: "apparmor_parser",
        packages: &["apparmor"],
        by_hand: "",
        why: "reads the profile of AppArmor",
        purposes: &[],
    },
    Requirement {
        command: "nft",
        packages: &["nftables"],
        by_hand: "",
        why: "reads the example of a firewall",
        purposes: &[],
    },
    Requirement {
        command: "promtool",
        packages: &["prometheus"],
        by_hand: "",
        why: "judges alert rules and metrics; Debian's package also starts a server on port 9090, which \
              `systemctl disable --now prometheus` ends",
        purposes: &[],
    },
    Requirement {
        command: "chromium",
        packages: &["chromium", "fonts-dejavu-core"],
        by_hand: "",
        why: "shows the console as browsers do",
        purposes: &[],
    },
    // The console needs a newer one than Debian 12 has; npm brings that, pinned beside the console's sources.
    Requirement {
        command: "node",
        packages: &["nodejs"],
        by_hand: "",
        why: "builds the console",
        purposes: EVERY_BUILD,
    },
    Requirement {
        command: "npm",
        packages: &["npm"],
        by_hand: "",
        why: "brings what the console is built with",
        purposes: EVERY_BUILD,
    },
];
