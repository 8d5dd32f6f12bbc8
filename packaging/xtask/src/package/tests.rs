//! What packages carry as it is, judged by Debian's own programs; nothing is built for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::setup;

/// The most exposure of the service that systemd may find, in tenths.
const EXPOSURE_MAX: u32 = 15;

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../package").join(file)
}

/// What a program says, or nothing with a word to whoever counts.
fn judge(program: &str, arguments: &[&str]) -> Option<Output> {
    if !setup::is_in_path(program) {
        println!("left out: {program} is not installed");
        return None;
    }
    let mut command = Command::new(program);
    command.args(arguments).env("PATH", setup::search_path()).stdin(Stdio::null());
    Some(command.output().expect("it is there"))
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn ops_01_the_service_is_shut_in_as_systemd_judges() {
    let unit = shipped("jackfield.service");
    let unit = unit.to_str().expect("a path of text");
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let judged = judge("systemd-analyze", &["security", "--offline=true", &threshold, unit]);
    let Some(judged) = judged else { return };
    assert!(judged.status.success(), "{}", said(&judged));
    let last = said(&judged).lines().last().unwrap_or_default().to_owned();
    println!("{last}");
    assert!(last.contains("exposure level"), "{last}");
}

#[test]
fn ops_01_the_unit_has_no_line_that_systemd_does_not_know() {
    let unit = shipped("jackfield.service");
    let unit = unit.to_str().expect("a path of text");
    let Some(judged) = judge("systemd-analyze", &["verify", "--man=no", unit]) else { return };
    let told = said(&judged);
    // The program is where packages put it, which need not be here.
    let odd: Vec<_> = told.lines().filter(|line| !line.contains("is not executable")).collect();
    let odd: Vec<_> = odd.into_iter().filter(|line| line.contains("jackfield")).collect();
    assert_eq!(odd, Vec::<&str>::new());
}

#[test]
fn ops_01_the_profile_of_apparmor_is_read() {
    let profile = shipped("apparmor");
    let profile = profile.to_str().expect("a path of text");
    // Without the kernel and without what was read before.
    if let Some(judged) = judge("apparmor_parser", &["-Q", "-K", profile]) {
        assert!(judged.status.success(), "{}", said(&judged));
    }
}

#[test]
fn every_script_of_a_package_is_read_by_a_plain_shell() {
    for form in ["deb", "rpm"] {
        let names = fs::read_dir(shipped(form)).expect("the folder is there");
        for path in names.map(|each| each.expect("a file").path()) {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            if !name.starts_with('p') {
                continue;
            }
            let judged = judge("sh", &["-n", path.to_str().expect("a path of text")]);
            let judged = judged.expect("there is a shell everywhere");
            assert!(judged.status.success(), "{name}: {}", said(&judged));
        }
    }
}

#[test]
fn the_example_of_a_firewall_loads() {
    let example = shipped("examples/nftables.conf");
    let example = example.to_str().expect("a path of text");
    let tried = Command::new("unshare").args(["--net", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        println!("not permitted here: to make a network of its own");
        return;
    }
    if judge("nft", &["--version"]).is_none() {
        return;
    }
    let twice = "nft -f \"$1\" && nft -f \"$1\" && nft list ruleset";
    let judged = judge("unshare", &["--net", "sh", "-c", twice, "sh", example]);
    let judged = judged.expect("it was there a moment ago");
    assert!(judged.status.success() && said(&judged).contains("8445"), "{}", said(&judged));
}

#[test]
fn the_firewall_of_firewalld_opens_the_ports_that_are_on_unless_switched_off() {
    let text = fs::read_to_string(shipped("firewalld.xml")).expect("it is there");
    let sample = fs::read_to_string(shipped("../jackfield.toml")).expect("it is there");
    let tcp = [
        "#port = 8445",
        "#port = 8553",
        "#port = 9443",
        "#port = 9444",
        "#tls_port = 5061",
        "#tcp_port = 5060",
    ];
    for line in tcp {
        assert!(sample.contains(line), "the default of {line} changed");
        let port = line.rsplit(' ').next().unwrap_or_default();
        assert!(text.contains(&format!("protocol=\"tcp\" port=\"{port}\"")), "{port}");
    }
    assert!(sample.contains("#udp_port = 0") && !text.contains("\"udp\""));
}
