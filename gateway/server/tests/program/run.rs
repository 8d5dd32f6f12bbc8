//! `jackfield run`: life cycle, reload by signal, and what must never be seen.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::place::{Place, Program, free_port, get, get_secure, text};

pub(crate) struct Ports {
    pub(crate) phone: u16,
    pub(crate) console: u16,
    pub(crate) operations: u16,
}

/// Writes a configuration of a node called `localhost`.
pub(crate) fn configure(place: &Place, more: &str) -> Ports {
    let ports = Ports { phone: free_port(), console: free_port(), operations: free_port() };
    let text = format!(
        "name = \"localhost\"\nstate_directory = \"state\"\n\
         [listeners.phone]\naddresses = [\"127.0.0.1\"]\nport = {}\n\
         [listeners.console]\naddresses = [\"127.0.0.1\"]\nport = {}\n\
         [listeners.sip]\ntls_port = 0\ntcp_port = 0\n[listeners.headset]\nport = 0\n[listeners.identity]\nport = 0\n\
         [listeners.operations]\naddresses = [\"127.0.0.1\"]\nport = {}\n{more}",
        ports.phone, ports.console, ports.operations
    );
    place.write("jackfield.toml", &text);
    ports
}

pub(crate) fn start(place: &Place, arguments: &[&str]) -> Program {
    let mut all = vec!["run", "--config", "@jackfield.toml"];
    all.extend(arguments);
    let mut program = place.start(&all, &[]);
    program.logs("ready");
    program
}

pub(crate) const DEMO: &str = include_str!("../../../../packaging/demo-settings.yaml");

#[test]
fn ops_01_the_supervisor_is_told_and_a_stop_ends_with_0() {
    let place = Place::new();
    configure(&place, "");
    let path = place.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let environment = [("NOTIFY_SOCKET", path.as_path()), ("WATCHDOG_USEC", "60000000".as_ref())];
    let mut program = place.start(&["run", "--config", "@jackfield.toml"], &environment);
    let next = || {
        let mut told = [0; 256];
        let length = socket.recv(&mut told).unwrap();
        text(&told[..length])
    };
    // The first sign of life may come before all is ready.
    let (mut kept, mut is_alive) = (Vec::new(), false);
    let ready = loop {
        let told = next();
        match told.strip_prefix("FDSTORE=1\nFDNAME=") {
            Some(named) => kept.push(named.split('/').next().unwrap().to_owned()),
            None if told == "WATCHDOG=1" => is_alive = true,
            None => break told,
        }
    };
    assert_eq!(kept, ["phone", "console", "operations"]);
    assert_eq!(ready, "READY=1");
    assert!(is_alive || next() == "WATCHDOG=1");
    program.signal(Signal::HUP);
    let told: Vec<_> =
        std::iter::from_fn(|| Some(next()).filter(|told| told != "READY=1")).collect();
    let reloads = told.iter().find(|told| told.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert!(
        reloads.is_some() && told.iter().all(|it| Some(it) == reloads || it == "WATCHDOG=1"),
        "{told:?}"
    );
    program.signal(Signal::INT);
    assert_eq!(
        std::iter::from_fn(|| Some(next())).find(|told| told != "WATCHDOG=1").unwrap(),
        "STOPPING=1"
    );
    assert_eq!(program.end(), Some(0));
}

#[test]
fn ops_08_a_signal_reloads_the_certificate_without_a_restart() {
    let place = Place::new();
    let ports = configure(&place, "");
    let mut program = start(&place, &[]);
    let url = format!("https://localhost:{}/fippa/SEP001122334455", ports.phone);
    let certificate = place.path("state/certificates/server.pem");
    let old = place.path("old.pem");
    std::fs::copy(&certificate, &old).unwrap();
    assert!(get_secure(&url, &old).unwrap().starts_with("HTTP/1.1 200"));

    // Another node's start makes another pair; a key alone does not fit.
    let other = Place::new();
    configure(&other, "");
    assert_eq!(start(&other, &[]).stop(), Some(0));
    let made = |name: &str| other.path(&format!("state/certificates/{name}"));
    std::fs::copy(made("server.pem"), &certificate).unwrap();
    program.signal(Signal::HUP);
    program.logs("the certificate was refused");
    assert!(program.log().contains("is not the one of the certificate"), "{}", program.log());
    assert!(get_secure(&url, &old).unwrap().starts_with("HTTP/1.1 200"));

    std::fs::copy(made("server.key"), place.path("state/certificates/server.key")).unwrap();
    program.signal(Signal::HUP);
    program.logs("reloaded refused=0");
    assert!(get_secure(&url, &certificate).unwrap().starts_with("HTTP/1.1 200"));
    assert!(get_secure(&url, &old).is_err());
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_01_a_settings_file_is_applied_at_start_and_on_reload() {
    let place = Place::new();
    configure(&place, "");
    place.write("settings.yaml", DEMO);
    let mut program = start(&place, &["--settings", "@settings.yaml"]);
    let export = || text(&place.run(&["export", "--config", "@jackfield.toml"]).stdout);
    assert!(export().contains("Agent 1001"));
    let changed = DEMO.replace("Agent 1001", "Agent A");
    place.write("settings.yaml", &changed);
    program.signal(Signal::HUP);
    program.logs("number=2 changed=true");
    assert!(export().contains("Agent A"));
    let refused = place.run(&["apply", "@settings.yaml", "--config", "@jackfield.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("edit that file and reload"));
    assert_eq!(program.stop(), Some(0));
}

/// A settings file with so many passwords that hashing them takes a while.
fn many_passwords(place: &Place, count: u32, name: &str) {
    let mut text = "agents:\n".to_owned();
    for id in 0..count {
        text.push_str(&format!(
            "  - {{id: \"{id}\", name: \"{name}\", password: \"secret-{id}\"}}\n"
        ));
    }
    place.write("settings.yaml", &text);
}

#[test]
fn ops_01_a_stop_is_heard_while_passwords_are_hashed() {
    let place = Place::new();
    configure(&place, "");
    many_passwords(&place, 20_000, "A");
    let arguments = ["run", "--config", "@jackfield.toml", "--settings", "@settings.yaml"];
    let mut program = place.start(&arguments, &[]);
    program.logs("passwords are hashed");
    assert_eq!(program.stop(), Some(0));
    assert!(program.log().contains("before it was ready"), "{}", program.log());

    // The same during a reload.
    many_passwords(&place, 10, "A");
    let mut program = start(&place, &["--settings", "@settings.yaml"]);
    many_passwords(&place, 20_000, "A");
    program.signal(Signal::HUP);
    program.logs("passwords=20000");
    assert_eq!(program.stop(), Some(0));
    assert!(!program.log().contains("number=2"), "{}", program.log());

    // A node that has settings serves with them meanwhile.
    let mut program = start(&place, &["--settings", "@settings.yaml"]);
    assert!(program.log().contains("with the settings of before"), "{}", program.log());
    let export = text(&place.run(&["export", "--config", "@jackfield.toml"]).stdout);
    assert_eq!(export.matches("password_hash").count(), 10, "{export}");
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_01_a_stop_is_heard_while_the_store_is_opened_and_the_supervisor_waits_for_it() {
    let place = Place::new();
    configure(&place, "");
    let path = place.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    // A pipe is opened only once somebody reads from it.
    std::fs::create_dir(place.path("state")).unwrap();
    std::fs::set_permissions(place.path("state"), PermissionsExt::from_mode(0o700)).unwrap();
    let pipe = place.path("state/jackfield-blobs.db");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let mut program =
        place.start(&["run", "--config", "@jackfield.toml"], &[("NOTIFY_SOCKET", &path)]);
    let mut told = [0; 128];
    let length = socket.recv(&mut told).unwrap();
    assert!(text(&told[..length]).starts_with("EXTEND_TIMEOUT_USEC="), "{}", program.log());
    assert_eq!(program.stop(), Some(0));
    assert!(program.log().contains("before it was ready"), "{}", program.log());
}

#[test]
fn phn_02_the_old_plain_port_is_off_unless_configured() {
    let place = Place::new();
    let ports = configure(&place, "");
    let mut program = start(&place, &[]);
    assert_eq!(program.listening_ports(), [ports.phone, ports.console, ports.operations].into());
    assert_eq!(program.stop(), Some(0));

    let refusal = free_port();
    let text = std::fs::read_to_string(place.path("jackfield.toml")).unwrap();
    let port = format!("port = {}\n", ports.phone);
    let both = format!("{port}refusal_port = {refusal}\n");
    place.write("jackfield.toml", &text.replace(&port, &both));
    let mut program = start(&place, &[]);
    assert_eq!(
        program.listening_ports(),
        [ports.phone, ports.console, ports.operations, refusal].into()
    );
    let answer = get(&format!("http://127.0.0.1:{refusal}/fippa/SEP001122334455"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(&format!("https://localhost:{}/fippa/", ports.phone)), "{answer}");
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_05_a_prefilled_password_is_neither_logged_nor_counted_by_name() {
    let place = Place::new();
    let ports = configure(&place, "[log]\nlevel = \"trace\"\nformat = \"json\"\n");
    place.write("settings.yaml", DEMO);
    let mut program = start(&place, &["--settings", "@settings.yaml"]);
    let ca = place.path("state/certificates/server.pem");
    for query in [
        "id=1001&extension=2001&password=hunter2",
        "id=1001&extension=2001&password=demo-1001",
        "password=hunter2",
    ] {
        let url = format!("https://localhost:{}/fippa/SEP001122334455?{query}", ports.phone);
        let page = get_secure(&url, &ca).unwrap();
        assert!(!page.contains("hunter2") && !page.contains("demo-1001"), "{page}");
    }
    let url = format!("https://localhost:{}/hunter2?password=hunter2", ports.phone);
    let page = get_secure(&url, &ca).unwrap();
    let reference = page.trim_end().rsplit(' ').next().unwrap().to_owned();
    let figures = get(&format!("http://127.0.0.1:{}/metrics", ports.operations));
    assert_eq!(program.stop(), Some(0));
    let log = program.log();
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(line.get("timestamp").is_some() && line.get("level").is_some(), "{line}");
        assert_eq!(line["node"], "localhost", "{line}");
    }
    for seen in [&log, &figures] {
        assert!(!seen.contains("hunter2") && !seen.contains("demo-1001"), "{seen}");
    }
    assert!(log.contains(&reference), "OPS-12: {reference} is not in the log");
}

#[test]
fn ops_12_at_the_usual_level_a_reference_finds_its_line_and_nobody_is_named() {
    let place = Place::new();
    let ports = configure(&place, "");
    place.write("settings.yaml", DEMO);
    let mut program = start(&place, &["--settings", "@settings.yaml"]);
    let ca = place.path("state/certificates/server.pem");
    let url = format!("https://localhost:{}/nowhere", ports.phone);
    let page = get_secure(&url, &ca).unwrap();
    let reference = page.trim_end().rsplit(' ').next().unwrap().to_owned();
    let url = format!(
        "https://localhost:{}/fippa/SEP001122334455?id=1001&extension=2001&password=x",
        ports.phone
    );
    get_secure(&url, &ca).unwrap();
    program.logs(&reference);
    assert_eq!(program.stop(), Some(0));
    let log = program.log();
    assert!(log.contains("password checked"), "{log}");
    assert!(!log.contains("1001"), "{log}");
}

#[test]
fn ops_05_a_settings_file_with_passwords_that_every_user_may_read_is_refused() {
    let place = Place::new();
    configure(&place, "");
    let open = |text: &str| {
        let file = place.write("settings.yaml", text);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    };
    let run = ["run", "--config", "@jackfield.toml", "--settings", "@settings.yaml"];
    let check = ["check", "--config", "@jackfield.toml", "--settings", "@settings.yaml"];
    let apply = ["apply", "@settings.yaml", "--config", "@jackfield.toml"];
    let push = "phone_service: {push: {user: u, password: hunter2}}\n";
    for secret in ["agents: [{id: '1001', password: hunter2}]\n", push] {
        open(secret);
        for arguments in [&run[..], &check, &apply] {
            let output = place.run(arguments);
            let error = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{error}");
            assert!(error.contains("chmod o-rwx") && !error.contains("hunter2"), "{error}");
        }
    }
    // Without secrets in the clear everybody may read it.
    assert!(was_closed(&place));
    open("agents: [{id: '1001'}]\n");
    let mut program = start(&place, &["--settings", "@settings.yaml"]);
    assert_eq!(program.stop(), Some(0));
}

/// Runs a node that must not start, and compares a part of its one line.
#[track_caller]
fn check_refused(place: &Place, part: &str) {
    let output = place.run(&["run", "--config", "@jackfield.toml"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    let line = error.lines().last().unwrap_or_default();
    assert!(line.contains(part), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}

/// Whether the next start finds a store that was closed, and need not check it.
fn was_closed(place: &Place) -> bool {
    let database = rusqlite::Connection::open(place.path("state/jackfield.db")).unwrap();
    let sql = "SELECT value = 'yes' FROM meta WHERE name = 'clean'";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn ops_04_a_store_of_a_newer_program_is_refused_clearly() {
    let place = Place::new();
    configure(&place, "");
    assert_eq!(start(&place, &[]).stop(), Some(0));
    let store = place.path("state/jackfield.db");
    let database = rusqlite::Connection::open(&store).unwrap();
    database.pragma_update(None, "user_version", 9_999).unwrap();
    drop(database);
    check_refused(&place, "has schema 9999");
}

#[test]
fn what_cannot_be_served_is_told_in_one_line() {
    let place = Place::new();
    let ports = configure(&place, "");
    let taken = std::net::TcpListener::bind(("127.0.0.1", ports.phone)).unwrap();
    check_refused(&place, &format!("phone cannot listen on 127.0.0.1:{}", ports.phone));
    drop(taken);
    assert!(was_closed(&place));
    assert_eq!(start(&place, &[]).stop(), Some(0));
    let key = place.path("state/sealing.key");
    std::fs::write(&key, "0".repeat(64)).unwrap();
    check_refused(&place, "is not the key that secrets in this store are sealed with");
    assert!(was_closed(&place));
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    check_refused(&place, "sealing_key_file");
}
