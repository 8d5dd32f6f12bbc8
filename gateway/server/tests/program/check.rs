//! `jackfield check`, help and the exit codes.

use crate::place::{Place, text};

/// A part of configurations: fewer connections than the usual hard limit of open files allows,
/// which must not decide what `check` says here.
const FEW_CONNECTIONS: &str = "[limits]\nconnections_max = 1_000\n";

/// Runs and compares the exit code and a part of standard error.
#[track_caller]
fn check(place: &Place, arguments: &[&str], code: i32, part: &str) -> String {
    let output = place.run(arguments);
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{error}");
    assert!(error.contains(part), "{error:?} without {part:?}");
    out
}

#[test]
fn ops_01_check_tells_all_problems_at_once_and_ends_with_1() {
    let place = Place::new();
    let token = "[listeners.operations]\nmetrics_token_file = \"missing\"\n";
    let written = "name = \"192.0.2.1\"\nodd = 1\n[listeners.phone]\nport = 0\n".to_owned()
        + token
        + FEW_CONNECTIONS;
    place.write("bad.toml", &written);
    place.write("bad.yaml", "agents: [{id: 'a b'}]\nodd: 1\n");
    let output = place.run(&["check", "--config", "@bad.toml", "--settings", "@bad.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    let keys: Vec<_> = error.lines().map(|line| line.split(": ").next().unwrap()).collect();
    let expected = [
        "name",
        "listeners.phone.port",
        "odd",
        "listeners.operations.metrics_token_file",
        "settings",
        "settings",
    ];
    assert_eq!(keys, expected, "{error}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn ops_01_what_is_fine_ends_with_0() {
    let place = Place::new();
    let written = "name = \"gw-a.example\"\nstate_directory = \"state\"\n".to_owned();
    place.write("good.toml", &(written + FEW_CONNECTIONS));
    place.write("good.yaml", "agents: [{id: '1001', password: demo}]\n");
    let out =
        check(&place, &["check", "--config", "@good.toml", "--settings", "@good.yaml"], 0, "");
    assert_eq!(out, "no problems found\n");
    // Looking changes nothing.
    assert!(!place.path("state").exists());
}

/// A node waits for a database that is away, so a check before the start passes.
#[test]
fn ops_01_a_check_before_the_start_asks_no_database() {
    let place = Place::new();
    let store = "name = \"gw-a.example\"\nstate_directory = \"state\"\n\
                 [store]\nurl = \"postgresql:///none?host=/nonexistent&user=none\"\n";
    place.write("away.toml", &(store.to_owned() + FEW_CONNECTIONS));
    check(&place, &["check", "--config", "@away.toml"], 1, "store.url");
    let out = check(&place, &["check", "--config", "@away.toml", "--offline"], 0, "");
    assert_eq!(out, "no problems found\n");
}

#[test]
fn phn_18_check_warns_of_a_push_user_that_is_the_contact_centres() {
    let place = Place::new();
    let written = "name = \"gw-a.example\"\nstate_directory = \"state\"\n".to_owned();
    place.write("good.toml", &(written + FEW_CONNECTIONS));
    let pair = "cti_pairs: [{name: n, dialect: express, side_a: 'a:12028', rmcm_user: RmCm}]\n";
    let push = "phone_service: {push: {user: rmcm, password: demo}}\n";
    place.write("warned.yaml", &format!("{pair}{push}"));
    let out =
        check(&place, &["check", "--config", "@good.toml", "--settings", "@warned.yaml"], 0, "");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("warning: settings: phone_service.push.user: "), "{out}");
    assert_eq!(lines[1], "no problems found");
}

#[test]
fn check_warns_of_settings_of_sip_that_cannot_work() {
    let place = Place::new();
    let written = "name = \"gw-a.example\"\nstate_directory = \"state\"\n".to_owned();
    place.write("good.toml", &(written + FEW_CONNECTIONS));
    let hops = "[{name: a, transport: udp, servers: [{host: 127.0.0.1}]}]";
    let sip =
        format!("sip: {{domains: [voice.example], legacy_no_qop: [one], next_hops: {hops}}}\n");
    place.write("warned.yaml", &sip);
    let out =
        check(&place, &["check", "--config", "@good.toml", "--settings", "@warned.yaml"], 0, "");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[0].starts_with("warning: settings: sip.legacy_no_qop: has \"one\""), "{out}");
    assert!(lines[1].contains("sip.next_hops[0].transport: is udp, which"), "{out}");
}

#[test]
fn ops_01_the_packaged_files_pass() {
    let place = Place::new();
    let packaging = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging");
    let config = std::fs::read_to_string(format!("{packaging}/jackfield.toml")).unwrap();
    assert!(config.contains("\n[limits]\n"), "{config}");
    place.write("jackfield.toml", &config.replace("[limits]\n", FEW_CONNECTIONS));
    let settings = std::fs::read_to_string(format!("{packaging}/demo-settings.yaml")).unwrap();
    place.write("settings.yaml", &settings);
    check(&place, &["check", "--config", "@jackfield.toml", "--settings", "@settings.yaml"], 0, "");
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let place = Place::new();
    check(&place, &[], 2, "Usage: jackfield");
    check(&place, &["explode"], 2, "unrecognized subcommand");
    check(&place, &["agent", "sign-in", "1001"], 2, "--extension");
    check(&place, &["demo", "--dir", "x"], 2, "--endpoints");
    check(&place, &["call", "begin", "1", "--number", "2", "--var", "=x"], 2, "NAME=VALUE");
}

#[test]
fn a_node_that_is_not_there_ends_with_1() {
    let place = Place::new();
    check(&place, &["status", "--socket", "@nothing.sock"], 1, "no node answers at");
    check(&place, &["status", "--config", "@nothing.toml"], 1, "nothing.toml");
}

#[test]
fn every_command_has_help_that_says_what_it_does() {
    let place = Place::new();
    for command in [
        "run",
        "check",
        "apply",
        "export",
        "status",
        "agent",
        "call",
        "maintenance",
        "reload",
        "log-level",
        "demo",
        "completions",
    ] {
        let out = check(&place, &[command, "--help"], 0, "");
        assert!(out.contains("Usage: jackfield") && out.lines().count() > 4, "{out}");
        assert!(check(&place, &["--help"], 0, "").contains(command));
    }
    assert!(check(&place, &["--help"], 0, "").contains("Exit codes: 0"));
    assert!(check(&place, &["run", "--help"], 0, "").contains("SIGHUP"));
    assert!(check(&place, &["apply", "--help"], 0, "").contains("reason_codes"));
    assert!(check(&place, &["completions", "bash"], 0, "").contains("_jackfield"));
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    let folder = place.path("manual");
    std::fs::create_dir(&folder).unwrap();
    check(&place, &["manual-pages", "@manual"], 0, "");
    let help = check(&place, &["--help"], 0, "");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<_> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.contains(&"run") && !commands.contains(&"manual-pages"), "{commands:?}");
    for command in commands {
        let page = folder.join(format!("jackfield-{command}.1"));
        let text = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(text.contains(".SH NAME"), "{}", page.display());
    }
}
