//! Which crate may use which: the table of ARCHITECTURE.md over the manifests.

use toml::{Table, Value};

use crate::checkout::{checkout, report};

/// What only tests and measurements may link: a product that starts databases would be another one.
const FOR_TESTS: &str = "tests/databases";

/// Groups of crates, by folder, with the groups each may use. A new edge is a decision: change the
/// table in ARCHITECTURE.md first, with the reason in the commit.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("gateway/domain", &[]),
    ("gateway/protocols", &[]),
    ("gateway/store", &["gateway/domain", FOR_TESTS]),
    ("gateway/engine", &["gateway/domain", "gateway/store", FOR_TESTS]),
    ("adapters", &["gateway/domain", "gateway/protocols", "gateway/engine"]),
    (
        "gateway/server",
        &["gateway/domain", "gateway/protocols", "gateway/store", "gateway/engine", "adapters"],
    ),
    (FOR_TESTS, &[]),
    ("tests", &["gateway", "adapters", FOR_TESTS]),
    ("packaging/bench", &["gateway", "adapters", FOR_TESTS]),
    ("packaging/xtask", &[]),
    ("conformance", &[]),
];

#[test]
fn crates_use_only_what_the_table_allows() {
    let ours: Vec<_> = checkout()
        .manifests()
        .filter_map(|(file, manifest)| Some((package_name(&manifest)?, folder(file).to_owned())))
        .collect();
    let root = checkout().toml("Cargo.toml");
    let mut breaches = Vec::new();
    for (file, manifest) in checkout().manifests() {
        breaches.extend(breaches_of(file, &manifest, &root, &ours));
    }
    report(
        "crates use each other as the table in ARCHITECTURE.md says",
        &breaches,
        "put the code where the table allows the use; nothing links conformance, which links nothing of ours",
    );
}

/// `ours` holds package names with their folders.
fn breaches_of(
    file: &str,
    manifest: &Table,
    root: &Table,
    ours: &[(String, String)],
) -> Vec<String> {
    let folder = folder(file);
    let Some((_, allowed)) = MAY_USE.iter().find(|(group, _)| is_in(folder, group)) else {
        return vec![format!("{file}: {folder} is in no row of the table")];
    };
    let breaches = |names: Vec<String>, allowed: &dyn Fn(&str) -> bool, what| -> Vec<String> {
        let used = names.into_iter().filter(|name| {
            let used = ours.iter().find(|(ours, _)| ours == name);
            used.is_some_and(|(_, used_folder)| !allowed(used_folder))
        });
        used.map(|name| format!("{file}: {folder} may not {what} {name}")).collect()
    };
    let is_allowed = |used_folder: &str| allowed.iter().any(|group| is_in(used_folder, group));
    let mut found = breaches(dependencies(manifest, root), &is_allowed, "use");
    if !is_in(folder, "packaging") {
        let linked = dependencies_in(&LINKED, manifest, root);
        found.extend(breaches(linked, &|used_folder| !is_in(used_folder, FOR_TESTS), "link"));
    }
    found
}

const LINKED: [&str; 2] = ["dependencies", "build-dependencies"];

/// Package names of all dependencies, of whatever section and platform; those that a manifest takes from
/// the workspace may have another name there too.
pub(crate) fn dependencies(manifest: &Table, root: &Table) -> Vec<String> {
    dependencies_in(&["dependencies", "dev-dependencies", "build-dependencies"], manifest, root)
}

fn dependencies_in(sections: &[&str], manifest: &Table, root: &Table) -> Vec<String> {
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = platforms.filter_map(|(_, table)| table.as_table()).chain([manifest]);
    let sections = tables
        .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()));
    let names = sections.flatten().map(|(key, value)| {
        let inherits = value.get("workspace").is_some();
        let value = shared.and_then(|shared| shared.get(key)).filter(|_| inherits).unwrap_or(value);
        value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned()
    });
    names.collect()
}

/// The name in `[package]`.
pub(crate) fn package_name(manifest: &Table) -> Option<String> {
    manifest.get("package")?.get("name")?.as_str().map(str::to_owned)
}

/// The folder of a manifest.
pub(crate) fn folder(file: &str) -> &str {
    file.trim_end_matches("Cargo.toml").trim_end_matches('/')
}

fn is_in(folder: &str, group: &str) -> bool {
    folder.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn a_forbidden_edge_is_found_in_every_section() {
    let ours = [
        ("domain".to_owned(), "gateway/domain".to_owned()),
        ("store".to_owned(), "gateway/store".to_owned()),
        ("conformance".to_owned(), "conformance".to_owned()),
    ];
    let manifest = "
        [dependencies]
        domain.workspace = true
        serde.workspace = true
        [dev-dependencies]
        kept = { package = \"store\", path = \"../../gateway/store\" }
        [target.'cfg(unix)'.build-dependencies]
        conformance = \"0\"
        [build-dependencies]
        hidden.workspace = true
    ";
    let manifest = manifest.parse().unwrap();
    let root =
        "[workspace.dependencies]\nhidden = { path = \"gateway/store\", package = \"store\" }";
    let root = root.parse().unwrap();
    let count = |file| breaches_of(file, &manifest, &root, &ours).len();
    assert_eq!(count("adapters/phone/Cargo.toml"), 3);
    assert_eq!(count("tests/Cargo.toml"), 1);
    assert_eq!(count("tests/fuzz/Cargo.toml"), 1);
    assert_eq!(count("conformance/oracles/Cargo.toml"), 4);
    assert_eq!(count("elsewhere/Cargo.toml"), 1);
}

#[test]
fn servers_for_tests_are_not_linked_by_the_product() {
    let ours = [("databases".to_owned(), FOR_TESTS.to_owned())];
    let count = |file, section: &str| {
        let manifest = format!("[{section}]\ndatabases.workspace = true").parse().unwrap();
        breaches_of(file, &manifest, &Table::new(), &ours).len()
    };
    assert_eq!(count("gateway/store/Cargo.toml", "dev-dependencies"), 0);
    assert_eq!(count("gateway/store/Cargo.toml", "dependencies"), 1);
    assert_eq!(count("gateway/server/Cargo.toml", "dev-dependencies"), 1);
    assert_eq!(count("packaging/bench/Cargo.toml", "dependencies"), 0);
}
