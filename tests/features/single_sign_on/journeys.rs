//! Other people's identity providers and OAuth clients before the real program.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::start;
use crate::gateway::program;

const JOURNEYS: &str = "conformance/live/identity/run.py";

/// The Python with what the journeys need, where `cargo xtask setup` put it.
fn python() -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let pythons = own.ancestors().map(|folder| folder.join("live-venv/bin/python"));
    let has_all = |python: &PathBuf| {
        let asked = Command::new(python).args(["-c", "import saml2, authlib, joserfc"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    pythons.into_iter().find(has_all)
}

#[test]
fn ids_03_ids_05_other_peoples_providers_and_clients_work_with_it() {
    let Some(python) = python() else {
        println!("left out: pysaml2, Authlib or joserfc is missing; run cargo xtask setup");
        return;
    };
    let gateway = start();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(python)
        .arg("-B")
        .arg(root.join(JOURNEYS))
        .arg(gateway.endpoints_file())
        .arg("--oracles")
        .arg(program("JACKFIELD_ORACLES_BIN", "../oracles/debug/oracles"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    for line in told.lines().filter(|line| line.starts_with("left out ")) {
        println!("{line}");
    }
    assert!(output.status.success(), "{told}\n{errors}");
    for journey in ["ok pysaml2 signs both", "ok oauth2 (crate)"] {
        assert!(told.lines().any(|line| line.starts_with(journey)), "{told}\n{errors}");
    }
}
