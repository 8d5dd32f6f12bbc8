//! Other people's programs that stand before a running gateway: the checker that asks it over its REST interface, a
//! SIP phone, an identity provider, OAuth clients. Those of Python are in a folder of their own below `target`, at
//! the versions that `conformance/live/requirements.txt` names; those of Node.js are beside their lock file.
//!
//! Only tests need them. Where they cannot be had those are left out and say so; nothing else waits for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::Workspace;
use crate::{setup, web};

const REQUIREMENTS: &str = "conformance/live/requirements.txt";
/// What Debian keeps apart from Python itself.
const PACKAGE: &str = "python3-venv";
/// What was installed, beside the programs.
const INSTALLED: &str = "requirements.txt";

/// Installs them where they are missing or other versions are asked for; says why it cannot.
pub(crate) fn ensure(workspace: &Workspace) {
    if let Err(why) = installed(workspace) {
        println!(
            "setup: the checker of the REST interface, the SIP phone, the identity provider and the client of \
             Python are not installed, so their tests are left out: {why}"
        );
    }
    if let Err(why) = web::oauth_clients(workspace) {
        println!(
            "setup: the OAuth clients of Node.js are not installed, so their tests are left out: {why}"
        );
    }
}

fn installed(workspace: &Workspace) -> Result<(), String> {
    let wanted = workspace.root.join(REQUIREMENTS);
    let folder = workspace.target_directory.join("live-venv");
    let text = fs::read_to_string(&wanted).map_err(|error| format!("{REQUIREMENTS}: {error}"))?;
    if is_installed(&folder, &text) {
        return Ok(());
    }
    println!("setup: installing what {REQUIREMENTS} names, from PyPI, into {}", folder.display());
    // `venv` alone is there without what it needs to fill an environment.
    if !succeeds(python().args(["-c", "import ensurepip, venv"])) {
        setup::install_if_allowed(&[PACKAGE]).map_err(|error| error.to_string())?;
    }
    if !succeeds(python().args(["-m", "venv", "--clear"]).arg(&folder)) {
        return Err("python3 could not make an environment".to_owned());
    }
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    if !succeeds(pip.arg(&wanted)) {
        return Err("pip could not install it".to_owned());
    }
    fs::write(marker(&folder), text).map_err(|error| error.to_string())
}

fn is_installed(folder: &Path, wanted: &str) -> bool {
    fs::read_to_string(marker(folder)).is_ok_and(|installed| installed == wanted)
}

fn marker(folder: &Path) -> PathBuf {
    folder.join(INSTALLED)
}

fn python() -> Command {
    Command::new("python3")
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(REQUIREMENTS);
        let text = fs::read_to_string(path).expect("the list is there");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let odd: Vec<_> = lines.filter(|line| !line.contains("==")).collect();
        assert_eq!(odd, Vec::<&str>::new());
        for name in ["schemathesis", "pjsua2-python", "pysaml2", "Authlib", "joserfc"] {
            assert!(text.contains(&format!("\n{name}==")), "{name}");
        }
    }

    #[test]
    fn another_list_is_installed_anew() {
        let folder = std::env::temp_dir().join(format!("xtask-live-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        assert!(!is_installed(&folder, "a==1"));
        fs::write(marker(&folder), "a==1").expect("a file for the test");
        assert!(is_installed(&folder, "a==1") && !is_installed(&folder, "a==2"));
        fs::remove_dir_all(&folder).expect("the folder goes");
    }
}
