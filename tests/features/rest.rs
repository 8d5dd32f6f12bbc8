//! The REST interface of the real gateway: a session, a token, settings, and whatever a checker that
//! reads the description thinks of.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::gateway::Gateway;

const ADMINISTRATOR: &str = "rest-administrator";
const PASSWORD: &str = "planted-rest-password";

/// Makes an account that may administer, and gives it a token.
fn token(gateway: &Gateway) -> String {
    let document = json!({"roles": ["administrator", "supervisor"], "password": PASSWORD});
    let put = json!({"section": "accounts", "name": ADMINISTRATOR, "document": document});
    gateway.admin(json!({"do": "settings_change", "edits": [{"put": put}]}));
    let made = gateway.admin(json!({
        "do": "token_make", "account": ADMINISTRATOR, "name": "checker", "days": 1,
    }));
    made["token"].as_str().unwrap().to_owned()
}

/// The checker, where `cargo xtask setup` put it or anywhere programs are.
fn checker() -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.insert(0, target.join("live-venv/bin"));
    folders.into_iter().map(|folder| folder.join("schemathesis")).find(|file| file.is_file())
}

/// Every operation is asked as its description has it and as it has it not: no answer is a fault of
/// ours, has a status, type or shape that is not described, or takes what is described as wrong.
#[test]
fn ops_06_a_checker_that_reads_the_description_finds_nothing_undescribed() {
    let Some(checker) = checker() else {
        println!("left out: schemathesis is missing; run cargo xtask setup");
        return;
    };
    let gateway = Gateway::start();
    let token = token(&gateway);
    let api = gateway.endpoint("api");
    let origin = api.strip_suffix("/api/v1").unwrap();
    let configuration = gateway.folder().join("schemathesis.toml");
    // Not in the arguments, which everybody on the machine may see.
    let statuses = "[400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, 503]";
    let text = format!(
        "[headers]\nAuthorization = \"Bearer {token}\"\n\
         [checks.negative_data_rejection]\nexpected-statuses = {statuses}\n"
    );
    std::fs::write(&configuration, text).unwrap();
    let output = Command::new(checker)
        .arg("--config-file")
        .arg(&configuration)
        .args(["run", &format!("{api}/openapi.json"), "--url", origin])
        .args(["--tls-verify", &gateway.endpoint("ca")])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "7"])
        .args(["--checks", CHECKS])
        .args(["--generation-database", "none", "--no-color", "--continue-on-failure"])
        .args(["--exclude-operation-id-regex", SAWS, "--request-timeout", "30"])
        .args(["--request-retries", "3"])
        .current_dir(gateway.folder())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection";

/// What takes away the account or token that the checker itself comes with, of which it learns from lists.
const SAWS: &str =
    "^(signOut|revokeToken|endSession|deleteAccount|patchAccount|applySettings|changeSettings)$";

#[test]
fn ops_06_the_endpoints_file_says_where_the_interface_is() {
    let gateway = Gateway::start();
    let _: &Value = &gateway.endpoints;
    assert!(gateway.endpoint("api").ends_with("/api/v1"));
}
