//! What we depend on: licences, duplicate versions and sources, against deny.toml.
//!
//! deny.toml has the form of cargo-deny, so that tool can be pointed at it too.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use toml::Table;

use crate::checkout::{checkout, report};

static METADATA: LazyLock<Value> = LazyLock::new(|| read_metadata("Cargo.toml"));
/// The fuzz targets are a workspace of their own.
static FUZZ_METADATA: LazyLock<Value> = LazyLock::new(|| read_metadata("tests/fuzz/Cargo.toml"));

/// What cargo resolves for the platforms named in deny.toml.
pub(crate) fn metadata() -> &'static Value {
    &METADATA
}

fn read_metadata(manifest: &str) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--locked", "--format-version", "1", "--manifest-path", manifest]);
    for target in texts(&deny(), &["graph", "targets"]) {
        command.args(["--filter-platform", &target]);
    }
    let output = command.current_dir(&checkout().root).output().expect("cargo runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata --locked of {manifest}: {message}");
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

/// One version of one package.
#[derive(Clone)]
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    /// Where it comes from; none for our own.
    source: Option<String>,
}

fn packages(metadata: &Value) -> Vec<Package> {
    let packages = metadata["packages"].as_array().expect("cargo lists packages").iter();
    let text = |package: &Value, name: &str| package[name].as_str().map(str::to_owned);
    let packages = packages.map(|package| Package {
        name: text(package, "name").unwrap_or_default(),
        version: text(package, "version").unwrap_or_default(),
        licence: text(package, "license"),
        source: text(package, "source"),
    });
    packages.collect()
}

fn deny() -> Table {
    checkout().toml("deny.toml")
}

fn texts(table: &Table, path: &[&str]) -> Vec<String> {
    let mut value = &toml::Value::Table(table.clone());
    for name in path {
        value = value.get(name).unwrap_or_else(|| panic!("deny.toml has no {}", path.join(".")));
    }
    let list = value.as_array().unwrap_or_else(|| panic!("{} is no list", path.join(".")));
    list.iter().filter_map(|each| each.as_str().map(str::to_owned)).collect()
}

#[test]
fn every_licence_is_allowed() {
    let deny = deny();
    let allowed = texts(&deny, &["licenses", "allow"]);
    let product = packages(metadata());
    let mut breaches: Vec<_> =
        product.iter().filter_map(|package| breach(package, &allowed)).collect();
    let exceptions = deny["licenses"]["exceptions"].as_array().expect("exceptions are a list");
    for package in packages(&FUZZ_METADATA) {
        // Exceptions are for what is never part of the product.
        let mut allowed = allowed.clone();
        let own = exceptions.iter().filter(|it| it["crate"].as_str() == Some(&package.name));
        for exception in own.filter_map(toml::Value::as_table) {
            allowed.extend(texts(exception, &["allow"]));
        }
        breaches.extend(breach(&package, &allowed));
    }
    report(
        "every package has a licence that deny.toml allows",
        &breaches,
        "use another library; the list of licences is a decision of the maintainers",
    );
}

fn breach(package: &Package, allowed: &[String]) -> Option<String> {
    let Package { name, version, .. } = package;
    let Some(licence) = &package.licence else {
        return Some(format!("{name} {version} names no licence"));
    };
    // Older packages separate alternatives with a slash.
    match spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX) {
        Err(error) => {
            Some(format!("{name} {version}: {licence} is no SPDX expression: {}", error.reason))
        }
        Ok(expression) => {
            let fits = expression.evaluate(|required| allowed.contains(&required.to_string()));
            (!fits).then(|| format!("{name} {version}: {licence}"))
        }
    }
}

#[test]
fn every_package_comes_from_the_registry() {
    let packages = [packages(metadata()), packages(&FUZZ_METADATA)].concat();
    let others = packages.iter().filter(|package| {
        package.source.as_ref().is_some_and(|source| !source.starts_with("registry+"))
    });
    let breaches: Vec<_> = others
        .map(|package| format!("{} {} comes from elsewhere", package.name, package.version))
        .collect();
    report(
        "every package is ours or comes from the registry",
        &breaches,
        "wait for a published version, or use another library",
    );
}

#[test]
fn no_package_is_there_twice_unless_listed() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages(metadata()) {
        versions.entry(package.name).or_default().push(package.version);
    }
    let deny = deny();
    let listed = deny.get("bans").and_then(|bans| bans.get("skip")).and_then(toml::Value::as_array);
    let listed = listed.expect("deny.toml has a list bans.skip").iter().map(|entry| {
        let text =
            |name| entry.get(name).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        (text("crate"), text("reason"))
    });
    report(
        "no package is there in two versions unless deny.toml says why",
        &duplicates(&versions, &Vec::from_iter(listed)),
        "`cargo tree -d` shows who wants which; update them, or list the older version under \
         bans.skip with the reason; take out entries that are no longer needed",
    );
}

/// All versions but one of a package have to be listed, and nothing else.
fn duplicates(
    versions: &BTreeMap<String, Vec<String>>,
    listed: &[(String, String)],
) -> Vec<String> {
    let mut breaches = Vec::new();
    let covers = |entry: &str, name: &str, version: &str| {
        entry.split_once('@').is_some_and(|(entry_name, entry_version)| {
            let rest = version.strip_prefix(entry_version);
            entry_name == name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let unlisted = versions
            .iter()
            .filter(|version| !listed.iter().any(|(entry, _)| covers(entry, name, version)));
        if unlisted.count() > 1 {
            breaches.push(format!("{name} is there as {}", versions.join(" and ")));
        }
    }
    for (entry, reason) in listed {
        let needed = versions.iter().any(|(name, versions)| {
            versions.len() > 1 && versions.iter().any(|version| covers(entry, name, version))
        });
        if !needed {
            breaches.push(format!("deny.toml lists {entry}, of which there are no two versions"));
        }
        if reason.is_empty() {
            breaches.push(format!("deny.toml lists {entry} without a reason"));
        }
    }
    breaches
}

#[test]
fn licence_expressions_are_evaluated() {
    let allowed = ["MIT", "Apache-2.0", "BSD-3-Clause"].map(str::to_owned);
    let breaks = |licence: Option<&str>| {
        let licence = licence.map(str::to_owned);
        let package = Package { name: "x".into(), version: "1.0.0".into(), licence, source: None };
        breach(&package, &allowed).is_some()
    };
    for good in ["MIT", "GPL-3.0-only OR MIT", "MIT/Apache-2.0", "(MIT OR ISC) AND BSD-3-Clause"] {
        assert!(!breaks(Some(good)), "{good}");
    }
    for bad in ["GPL-3.0-only", "MIT AND ISC", "Apache-2.0 WITH LLVM-exception", "of my own"] {
        assert!(breaks(Some(bad)), "{bad}");
    }
    assert!(breaks(None));
}

#[test]
fn the_list_of_duplicates_can_only_shrink() {
    let versions = BTreeMap::from([
        ("syn".to_owned(), vec!["2.0.1".to_owned(), "3.0.0".to_owned()]),
        ("log".to_owned(), vec!["0.4.1".to_owned()]),
    ]);
    let count = |listed: &[(&str, &str)]| {
        let listed: Vec<_> =
            listed.iter().map(|&(entry, reason)| (entry.to_owned(), reason.to_owned())).collect();
        duplicates(&versions, &listed).len()
    };
    assert_eq!(count(&[]), 1);
    assert_eq!(count(&[("syn@2", "old macros")]), 0);
    assert_eq!(count(&[("syn@2", "")]), 1);
    assert_eq!(count(&[("syn@2", "old macros"), ("log@0.4", "once")]), 1);
    assert_eq!(count(&[("syn@2.0.10", "another one")]), 2);
}
