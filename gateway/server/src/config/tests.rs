//! What is read, what is refused, and the published sample and schema.

use domain::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::temporary::Folder;

/// Reads `text` and compares the keys of all problems, in order.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let keys: Vec<_> = match Config::parse(text, Path::new("/etc/jackfield")) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected, "{text}");
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Compares a published file with what the table says; JACKFIELD_WRITE=1 writes it anew.
#[track_caller]
fn check_published(name: &str, text: &str) {
    let path = file(name);
    if std::env::var_os("JACKFIELD_WRITE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{name} is not what the program says; set JACKFIELD_WRITE=1 to write it"
    );
}

const LEAST: &str = "name = \"gw-a.example.com\"\nstate_directory = \"/var/lib/jackfield\"\n";

#[test]
fn ops_01_every_problem_is_told_at_once_by_its_key() {
    check(LEAST, &[]);
    check("", &[]);
    check(
        r#"
name = "192.0.2.1"
state_directory = 5.5
odd = 1
trusted_proxies = ["10.0.0.0/8", "elsewhere"]
forwarded_fields = "both"
public_names = ["phones.example", "http://phones.example", "a.example:0", "[::1]:80", ":80"]
[listeners.phone]
port = 70000
refusal_port = 0
proxy_protocol = "yes"
color = "red"
[limits]
header_seconds = 0
[log]
format = "xml"
"#,
        &[
            "name",
            "state_directory",
            "trusted_proxies",
            "forwarded_fields",
            "public_names",
            "public_names",
            "public_names",
            "listeners.phone.port",
            "listeners.phone.proxy_protocol",
            "listeners.phone.refusal_port",
            "listeners.phone.color",
            "limits.header_seconds",
            "log.format",
            "odd",
        ],
    );
}

#[test]
fn ops_01_keys_that_contradict_each_other_are_problems() {
    check(
        &format!("{LEAST}[listeners.phone]\nrefusal_port = 8445"),
        &["listeners.phone.refusal_port"],
    );
    check(&format!("{LEAST}[listeners.operations]\nport = 8445"), &["listeners.operations.port"]);
    check(
        &format!("{LEAST}[listeners.phone]\nproxy_protocol = true"),
        &["listeners.phone.proxy_protocol"],
    );
    check(&format!("{LEAST}[certificate]\nkey_file = \"k\""), &["certificate.certificate_file"]);
    check(&format!("{LEAST}[certificate]\ncertificate_file = \"c\""), &["certificate.key_file"]);
}

#[test]
fn ops_01_contradictions_about_the_authority_that_signs_are_problems() {
    const DIRECTORY: &str = "directory = \"https://ca.example.com/dir\"\nterms_agreed = true\n";
    let check = |lines: &str, expected: &[&str]| {
        let expected: Vec<_> = expected.iter().map(|it| format!("certificate.acme.{it}")).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        check(&format!("{LEAST}[certificate.acme]\n{lines}"), &expected);
    };
    check(&format!("{DIRECTORY}http_port = 80"), &[]);
    check(&format!("{DIRECTORY}challenge = \"tls_alpn_01\"\ncontact = [\"a@example.com\"]"), &[]);
    check(DIRECTORY, &["http_port"]);
    check(&format!("{DIRECTORY}http_port = 8445"), &["http_port"]);
    check(&format!("{DIRECTORY}http_port = 80\nchallenge = \"tls_alpn_01\""), &["http_port"]);
    check("terms_agreed = true", &["directory"]);
    check("directory = \"https://ca.example.com/dir\"\nhttp_port = 80", &["terms_agreed"]);
    for url in ["http://ca.example.com/", "https:///dir", "ftp://x", "https://u:p@ca.example.com/"]
    {
        check(&format!("directory = {url:?}\nhttp_port = 80"), &["directory"]);
    }
    for mail in ["a", "@example.com", "a b@example.com", "a@b c", "a@example.com?cc=b@example.com"]
    {
        check(&format!("{DIRECTORY}http_port = 80\ncontact = [{mail:?}]"), &["contact"]);
    }
}

/// Compares the keys of the problems that a `store` table of these lines has.
#[track_caller]
fn check_store(lines: &str, expected: &[&str]) {
    check(&format!("{LEAST}[store]\n{lines}"), expected);
}

const URL: &str = "url = \"postgresql://jackfield@db.example.com/jackfield\"\n";

#[test]
fn one_line_chooses_postgresql() {
    let text = format!("{LEAST}[store]\n{URL}");
    let config = Config::parse(&text, Path::new("/etc/jackfield")).unwrap();
    assert_eq!(
        config.store,
        StoreConfig::Postgresql(DatabaseConfig {
            url: "postgresql://jackfield@db.example.com/jackfield".to_owned(),
            password_file: None,
            authority_file: None,
            connections: 16,
        })
    );
    let config = Config::parse(LEAST, Path::new("/etc/jackfield")).unwrap();
    assert_eq!(
        config.store,
        StoreConfig::Sqlite { path: "/var/lib/jackfield/jackfield.db".into() }
    );
    check_store(&format!("kind = \"postgresql\"\n{URL}connections = 64"), &[]);
    check_store("kind = \"sqlite\"\npath = \"s.db\"", &[]);
}

#[test]
fn ops_01_contradictions_about_the_store_are_problems() {
    check_store(&format!("kind = \"sqlite\"\n{URL}"), &["store.url"]);
    check_store("kind = \"postgresql\"", &["store.url"]);
    check_store(&format!("{URL}path = \"s.db\""), &["store.path"]);
    check_store("kind = \"postgresql\"\npath = \"s.db\"", &["store.url", "store.path"]);
    let postgresql = "password_file = \"p\"\nauthority_file = \"a\"\nconnections = 8\n";
    check_store(postgresql, &["store.password_file", "store.authority_file", "store.connections"]);
    check_store(&format!("{URL}{postgresql}"), &[]);
    check_store(&format!("{URL}connections = 3"), &["store.connections"]);
    check_store(&format!("{URL}connections = 65"), &["store.connections"]);
    check_store("kind = \"oracle\"", &["store.kind"]);
}

#[test]
fn ops_05_a_database_url_holds_no_password_and_none_is_repeated() {
    for good in [
        "postgresql://jackfield@db.example.com:5433/jackfield?sslmode=disable",
        "postgresql://jackfield@db-a.example.com:5432,db-b.example.com:5432/jackfield",
        "postgresql:///jackfield?host=/run/postgresql&user=jackfield",
    ] {
        check_store(&format!("url = {good:?}"), &[]);
    }
    for bad in [
        "postgresql://jackfield:geheim@db.example.com/jackfield",
        "postgresql://jackfield@db.example.com/jackfield?password=geheim",
        "postgresql://jackfield@db.example.com/jackfield?sslmode=disable&Pass%77ord=geheim",
        "postgresql://db.example.com/geheim",
        "postgresql://jackfield@db.example.com",
        "postgresql://jackfield@db.example.com/",
        "mysql://geheim@db.example.com/jackfield",
        "/var/lib/geheim.db",
        "",
    ] {
        let text = format!("{LEAST}[store]\nurl = {bad:?}");
        let problems = Config::parse(&text, Path::new("/etc/jackfield")).unwrap_err();
        let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["store.url"], "{bad}");
        assert!(!problems.to_string().contains("geheim"), "{problems}");
    }
}

#[test]
fn ops_05_files_of_the_database_are_checked() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (password, authority) = (folder.path().join("password"), folder.path().join("ca.pem"));
    let value = json!({
        "name": "gw-a.example.com",
        "state_directory": folder.path(),
        "store": {
            "url": "postgresql://jackfield@db.example.com/jackfield",
            "password_file": password,
            "authority_file": authority,
        },
    });
    let config = Config::read(value, Path::new("/")).unwrap();
    let keys = || -> Vec<_> {
        let mut problems = Problems::default();
        check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
        problems.as_slice().iter().map(|it| it.key.clone()).collect()
    };
    assert_eq!(keys(), ["store.password_file", "store.authority_file"]);
    crate::secret_file::write(&password, b"geheim\n").unwrap();
    std::fs::write(&authority, "no certificate").unwrap();
    assert_eq!(keys(), ["store.authority_file"]);
    let now = Timestamp::from_seconds(1_800_000_000);
    let files = CertificateFiles {
        certificate: folder.path().join("ca.pem"),
        key: folder.path().join("ca.key"),
    };
    std::fs::remove_file(&authority).unwrap();
    crate::tls::making::Authority::keep(&files, "a database's", now).unwrap();
    std::fs::set_permissions(&password, PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(keys(), ["store.password_file"]);
}

#[test]
fn hst_11_provisioning_is_off_unless_a_folder_and_a_port_are_given() {
    let read = |lines: &str| {
        let text = format!("{LEAST}[listeners.provisioning]\n{lines}");
        Config::parse(&text, Path::new("/etc/jackfield")).unwrap().provisioning
    };
    let off = read("folder = \"phones\"");
    assert_eq!(off.folder.as_deref(), Some(Path::new("/etc/jackfield/phones")));
    assert!(off.tftp.is_empty() && off.http.is_empty() && off.https.is_empty());
    let on = read(
        "folder = \"/srv\"\naddresses = [\"127.0.0.1\"]\ntftp_port = 69\nhttp_port = 6970\n\
         https_port = 6971\nallowed_networks = []",
    );
    let address = |port| vec![SocketAddr::from(([127, 0, 0, 1], port))];
    assert_eq!((on.tftp, on.http, on.https), (address(69), address(6970), address(6971)));
    assert!(on.allowed_networks.is_empty() && !off.allowed_networks.is_empty());
}

#[test]
fn hst_11_contradictions_about_provisioning_are_problems() {
    let check = |lines: &str, keys: &[&str]| {
        check(&format!("{LEAST}[listeners.provisioning]\n{lines}"), keys);
    };
    check("tftp_port = 69", &["listeners.provisioning.folder"]);
    check("https_port = 6971", &["listeners.provisioning.folder"]);
    let folder = "folder = \"/srv\"\n";
    for port in ["8445", "9443", "9101", "5060", "5061"] {
        check(&format!("{folder}http_port = {port}"), &["listeners.provisioning.http_port"]);
        check(&format!("{folder}https_port = {port}"), &["listeners.provisioning.https_port"]);
        // Datagrams have ports of their own.
        check(&format!("{folder}tftp_port = {port}"), &[]);
    }
    let same = format!("{folder}http_port = 6970\nhttps_port = 6970");
    check(&same, &["listeners.provisioning.https_port"]);
    let udp = format!("{folder}tftp_port = 69\n[listeners.sip]\nudp_port = 69");
    check(&udp, &["listeners.provisioning.tftp_port"]);
    check("allowed_networks = [\"home\"]", &["listeners.provisioning.allowed_networks"]);
    let limits = "[limits]\nprovisioning_block_bytes_max = 8\nprovisioning_transfers_max = 0";
    let keys = ["limits.provisioning_transfers_max", "limits.provisioning_block_bytes_max"];
    check(limits, &keys);
}

#[test]
fn hst_11_the_folder_of_provisioning_has_to_be_there() {
    let folder = Folder::new();
    let phones = folder.path().join("phones");
    let value = json!({
        "name": "gw-a.example.com",
        "state_directory": folder.path(),
        "listeners": {"provisioning": {"folder": phones, "http_port": 6970}},
    });
    let config = Config::read(value, Path::new("/")).unwrap();
    let keys = || -> Vec<_> {
        let mut problems = Problems::default();
        check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
        problems.as_slice().iter().map(|it| it.key.clone()).collect()
    };
    assert_eq!(keys(), ["listeners.provisioning.folder"]);
    std::fs::create_dir(&phones).unwrap();
    assert!(keys().is_empty());
}

#[test]
fn a_text_that_is_no_toml_names_its_line() {
    check("name = \"gw-a.example.com\"\nstate_directory = \n", &["line 2"]);
    check("name = \"a\"\nname = \"b\"\n", &["line 2"]);
}

#[test]
fn phn_01_the_name_is_a_full_host_name_and_never_an_address() {
    let with = |name: &str| format!("name = {name:?}\nstate_directory = \"/s\"\n");
    let longest = format!("{}.{}", "a".repeat(61), "b".repeat(32));
    for good in ["gw-a.example.com", "localhost", "1.example", &longest] {
        check(&with(good), &[]);
    }
    let long_label = format!("{}.example", "a".repeat(64));
    let too_long = format!("{}.{}", "a".repeat(62), "b".repeat(32));
    for bad in [
        "192.0.2.1",
        "::1",
        "[::1]",
        "gw-a",
        "gw_a.example",
        "gw-a..example",
        "-a.example",
        "a-.example",
        "",
        "a.example.",
        "300.1.2.3",
        &long_label,
        &too_long,
    ] {
        check(&with(bad), &["name"]);
    }
}

#[test]
fn defaults_are_those_of_the_table() {
    let config = Config::parse(LEAST, Path::new("/etc/jackfield")).unwrap();
    assert_eq!(config.phone.base(), "https://gw-a.example.com:8445");
    assert_eq!(config.phone.addresses.len(), 2);
    assert!(config.phone.refusal_port.is_none());
    assert!(config.operations.addresses.iter().all(|address| address.ip().is_loopback()));
    assert_eq!(config.sealing_key_file, Path::new("/var/lib/jackfield/sealing.key"));
    assert_eq!(config.limits.header, Duration::from_secs(10));
    assert_eq!(config.log, LogConfig { json: false, level: "info" });
}

#[test]
fn sip_has_tls_and_tcp_unless_switched_off_and_udp_only_where_asked_for() {
    let ports = |more: &str| {
        let text = format!("{LEAST}{more}");
        let sip = Config::parse(&text, Path::new("/etc/jackfield")).unwrap().sip;
        let port = |addresses: &[SocketAddr]| addresses.first().map(|it| it.port());
        (port(&sip.tls), port(&sip.tcp), port(&sip.udp), sip.chosen)
    };
    assert_eq!(ports(""), (Some(5061), Some(5060), None, false));
    let all = "[listeners.sip]\nudp_port = 5060\naddresses = [\"127.0.0.1\"]\n";
    assert_eq!(ports(all), (Some(5061), Some(5060), Some(5060), true));
    let none = "[listeners.sip]\ntls_port = 0\ntcp_port = 0\n";
    assert_eq!(ports(none), (None, None, None, true));
    let sip = |lines: &str| format!("{LEAST}[listeners.sip]\n{lines}");
    check(&sip("tcp_port = 5061"), &["listeners.sip.tcp_port"]);
    check(&sip("tls_port = 8445"), &["listeners.sip.tls_port"]);
    check(&sip("udp_port = 70000"), &["listeners.sip.udp_port"]);
    check(&format!("{LEAST}[limits]\nsip_queue_bytes = 1"), &["limits.sip_queue_bytes"]);
}

#[test]
fn headsets_have_a_port_unless_it_is_switched_off() {
    let headset = |lines: &str| {
        let text = format!("{LEAST}[listeners.headset]\n{lines}\n");
        Config::parse(&text, Path::new("/etc/jackfield")).unwrap()
    };
    let it = headset("");
    assert_eq!(it.headset.base(), "https://gw-a.example.com:9444");
    assert!(!it.headset.addresses.is_empty() && !it.headset.chosen);
    assert!(
        headset("port = 0\npublic_name = \"headsets.example.com\"").headset.addresses.is_empty()
    );
    let it = headset(
        "port = 9000\npublic_name = \"headsets.example.com\"\npublic_port = 443\n\
         profile_file = \"headset.json\"",
    );
    assert_eq!(it.headset.base(), "https://headsets.example.com");
    assert!(it.headset.chosen && it.headset.addresses.iter().all(|it| it.port() == 9000));
    assert_eq!(it.headset.profile_file.as_deref(), Some(Path::new("/etc/jackfield/headset.json")));
    assert!(it.certificate_names().iter().any(|it| it.as_str() == "headsets.example.com"));
    let headset = |lines: &str| format!("{LEAST}[listeners.headset]\n{lines}\n");
    check(&headset("port = 8445"), &["listeners.headset.port"]);
    check(&headset("port = 5061"), &["listeners.sip.tls_port"]);
    let console = "[listeners.console]\nport = 9444\n";
    check(&format!("{LEAST}{console}"), &["listeners.headset.port"]);
    let off = headset("port = 0");
    assert!(Config::parse(&format!("{off}{console}"), Path::new("/")).is_ok());
}

#[test]
fn a_profile_of_headsets_that_is_not_there_is_a_problem() {
    let folder = Folder::new();
    let file = folder.path().join("headset.json");
    let value = json!({
        "name": "gw-a.example.com", "state_directory": folder.path(),
        "listeners": {"headset": {"profile_file": file}},
    });
    let config = Config::read(value, Path::new("/")).unwrap();
    let keys = || -> Vec<_> {
        let mut problems = Problems::default();
        check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
        problems.as_slice().iter().map(|it| it.key.clone()).collect()
    };
    assert_eq!(keys(), ["listeners.headset.profile_file"]);
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(keys(), [""; 0]);
}

#[test]
fn relative_paths_count_from_the_folder_of_the_file() {
    let text = "name = \"gw-a.example.com\"\nstate_directory = \"state\"\n";
    let config = Config::parse(text, Path::new("/etc/jackfield")).unwrap();
    assert_eq!(config.state_directory, Path::new("/etc/jackfield/state"));
}

#[test]
fn ops_01_the_published_sample_is_the_tables_and_passes() {
    check_published("packaging/jackfield.toml", &sample());
    check(&sample(), &[]);
    let config = Config::load(&file("packaging/jackfield.toml")).unwrap();
    let mut problems = Problems::default();
    check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
    assert_eq!(problems, Problems::default());
}

/// Every line of the sample that is a commented key can be uncommented.
#[test]
fn the_samples_examples_are_read_too() {
    let text: String = sample()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') && key.contains(" = ") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    // Of the two kinds of store the examples show one key of the other one, and so it is with two ways
    // to a certificate; nobody agrees to anything by uncommenting.
    check(&text, &["certificate.acme.directory", "certificate.acme.terms_agreed", "store.path"]);
    let names = text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert_eq!(names, fields::FIELDS.len());
}

#[test]
fn what_is_no_number_is_a_problem_and_not_the_default() {
    check(&format!("{LEAST}[limits]\nidle_seconds = inf\n"), &["limits.idle_seconds"]);
    check(&format!("{LEAST}trusted_proxies = [nan]\n"), &["trusted_proxies[0]"; 2]);
}

#[test]
fn a_path_too_long_for_a_socket_is_a_problem() {
    let keys = |length: usize| {
        let state_directory = format!("/{}", "x".repeat(length - 1));
        let value = json!({"name": "gw-a.example", "state_directory": state_directory});
        let config = Config::read(value, Path::new("/")).unwrap();
        let mut problems = Problems::default();
        check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
        problems.as_slice().iter().map(|it| it.key.clone()).collect::<Vec<_>>()
    };
    assert!(keys(96).is_empty());
    assert_eq!(keys(97), ["state_directory"]);
}

#[test]
fn ops_05_a_lost_sealing_key_is_told_and_not_replaced() {
    let folder = Folder::new();
    let value = json!({"name": "gw-a.example", "state_directory": folder.path()});
    let config = Config::read(value, Path::new("/")).unwrap();
    let keys = || {
        let mut problems = Problems::default();
        check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
        problems.as_slice().iter().map(|it| it.key.clone()).collect::<Vec<_>>()
    };
    assert!(keys().is_empty());
    crate::secret_file::write(&folder.path().join("jackfield.db"), b"").unwrap();
    assert_eq!(keys(), ["sealing_key_file"]);
}

#[test]
fn the_published_schema_is_the_tables() {
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    check_published("schemas/configuration.schema.json", &text);
}

/// The schema and the reader know the same keys.
#[test]
fn every_key_is_in_the_schema() {
    let schema = schema();
    for field in fields::FIELDS {
        let pointer = field.key.replace('.', "/properties/");
        let found = schema.pointer(&format!("/properties/{pointer}"));
        assert!(found.is_some_and(Value::is_object), "{}", field.key);
    }
    assert_eq!(schema["properties"]["state_directory"]["default"], "/var/lib/jackfield");
    assert_eq!(schema.get("required"), None);
}

#[test]
fn ops_05_what_every_user_may_read_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let state = folder.path().join("state");
    let key = folder.path().join("sealing.key");
    let token = folder.path().join("token");
    let store = folder.path().join("jackfield.db");
    for (path, text) in [(&key, "0".repeat(64)), (&token, "t".repeat(16)), (&store, "".into())] {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
    }
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o755)).unwrap();
    let value = json!({
        "name": "gw-a.example.com",
        "state_directory": state,
        "sealing_key_file": key,
        "store": {"path": store},
        "listeners": {"operations": {"metrics_token_file": token}},
    });
    let config = Config::read(value, Path::new("/")).unwrap();
    let keys = || -> Vec<_> {
        let mut problems = Problems::default();
        check_files(&config, Timestamp::from_seconds(1_800_000_000), &mut problems);
        problems.as_slice().iter().map(|it| it.key.clone()).collect()
    };
    assert_eq!(
        keys(),
        [
            "state_directory",
            "store.path",
            "sealing_key_file",
            "listeners.operations.metrics_token_file"
        ]
    );
    for path in [&key, &token, &store] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o640)).unwrap();
    }
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o750)).unwrap();
    assert_eq!(keys(), [""; 0]);
}
