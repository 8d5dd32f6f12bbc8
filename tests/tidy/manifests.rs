//! Manifests look alike: version, lints and licence stand once, in the root's.

use toml::{Table, Value};

use crate::checkout::{checkout, report};
use crate::edges::{folder, package_name};

const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

#[test]
fn every_member_inherits_what_the_workspace_says() {
    let mut breaches = Vec::new();
    for (file, manifest) in checkout().manifests().filter(|(_, manifest)| !is_workspace(manifest)) {
        breaches.extend(not_inherited(&manifest).map(|name| format!("{file}: {name} is its own")));
        let folder = folder(file);
        let last = folder.rsplit_once('/').map_or(folder, |(_, last)| last);
        if package_name(&manifest).as_deref() != Some(last) {
            breaches.push(format!("{file}: the package is not named {last} like its folder"));
        }
    }
    report(
        "every member takes version, edition, licence and lints from the workspace",
        &breaches,
        "write `version.workspace = true` and so on, `[lints] workspace = true`, and name the package \
         like its folder",
    );
}

#[test]
fn every_crate_is_a_member() {
    let root = checkout().toml("Cargo.toml");
    let members = root.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(Value::as_array).expect("the root lists its members");
    let breaches: Vec<_> = checkout()
        .manifests()
        .filter(|(_, manifest)| !is_workspace(manifest))
        .map(|(file, _)| folder(file))
        .filter(|folder| !members.iter().any(|member| member.as_str() == Some(folder)))
        .map(|folder| format!("{folder} is not listed"))
        .collect();
    report(
        "every crate is a member of the workspace, or a workspace of its own",
        &breaches,
        "list it under `members` in the root's Cargo.toml",
    );
}

#[test]
fn versions_of_libraries_stand_in_the_root() {
    let mut breaches = Vec::new();
    for (file, manifest) in checkout().manifests().filter(|(_, manifest)| !is_workspace(manifest)) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in
                manifest.get(section).and_then(Value::as_table).into_iter().flatten()
            {
                if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                    breaches.push(format!("{file}: {name}"));
                }
            }
        }
    }
    report(
        "every version of a library stands once, in the root's manifest",
        &breaches,
        "list it under [workspace.dependencies] and write `NAME.workspace = true`",
    );
}

/// A folder that is no member on purpose: fuzz targets and oracles have lock files of their own.
fn is_workspace(manifest: &Table) -> bool {
    manifest.contains_key("workspace")
}

fn not_inherited(manifest: &Table) -> impl Iterator<Item = &'static str> {
    let inherits = |value: Option<&Value>| {
        value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
    };
    let package = manifest.get("package");
    let own = INHERITED
        .into_iter()
        .filter(move |name| !inherits(package.and_then(|package| package.get(name))));
    own.chain(
        (!inherits(Some(&Value::Table(manifest.clone())).and_then(|value| value.get("lints"))))
            .then_some("lints"),
    )
}

#[test]
fn what_is_not_inherited_is_named() {
    let manifest = "
        [package]
        name = \"x\"
        version = \"1.0.0\"
        edition.workspace = true
        rust-version.workspace = true
        publish.workspace = true
        [lints]
        workspace = true
    ";
    let manifest = manifest.parse().unwrap();
    assert_eq!(Vec::from_iter(not_inherited(&manifest)), ["version", "license"]);
}
