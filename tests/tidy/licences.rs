//! Whose work is in the program: the list that it tells, beside what it links.

use serde_json::{Value, json};

use crate::checkout::checkout;
use crate::dependencies::metadata;
use crate::purity::packages_linked_by;

const LIST: &str = "gateway/server/licences.json";

/// Compares the list; JACKFIELD_WRITE=1 writes it anew.
#[test]
fn the_program_tells_the_licence_of_everything_it_links() {
    let mut linked = packages_linked_by(metadata(), "server");
    linked.retain(|package| !package["source"].is_null());
    let told = |package: &Value| {
        let (name, version) = (&package["name"], &package["version"]);
        json!({"name": name, "version": version, "licence": package["license"]})
    };
    let mut list: Vec<_> = linked.into_iter().map(told).collect();
    list.extend(of_pages());
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    list.sort_by_key(|it| (text(it, "name"), text(it, "version")));
    list.dedup();
    assert!(list.len() > 50 && list.iter().any(|it| it["name"] == "tokio"), "{}", list.len());
    let without = list.iter().find(|it| !it["licence"].is_string());
    assert_eq!(without, None, "a package names no licence");
    let lines: Vec<_> = list.iter().map(ToString::to_string).collect();
    let expected = format!("[\n{}\n]\n", lines.join(",\n"));
    let path = checkout().root.join(LIST);
    if std::env::var_os("JACKFIELD_WRITE").is_some() {
        std::fs::write(&path, &expected).expect("the list is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == expected,
        "{LIST} is not what the program links; set JACKFIELD_WRITE=1 to write it"
    );
}

/// What the pages in the program are made of, as their lock file tells it.
fn of_pages() -> Vec<Value> {
    let lock: Value = serde_json::from_str(&checkout().text("gateway/web/package-lock.json"))
        .expect("the lock file is JSON");
    let packages = lock["packages"].as_object().expect("it has packages");
    let shipped = packages.iter().filter(|(_, package)| package["dev"] != json!(true));
    let told = shipped.filter_map(|(path, package)| {
        let name = path.strip_prefix("node_modules/")?;
        Some(json!({"name": name, "version": package["version"], "licence": package["license"]}))
    });
    told.collect()
}
