//! Which crates a program is linked from, as `cargo metadata` and the lock file tell.
//!
//! What runs at build time alone (macros and what they use, build scripts) is not among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Source;
use super::program::{self, Problem};
use crate::cargo;

/// One crate.
#[derive(Clone, Debug)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    /// SPDX.
    pub(super) licence: String,
    /// Where its source lies.
    pub(super) folder: PathBuf,
    /// Whether it is of this repository.
    pub(super) is_ours: bool,
    /// SHA-256 of what the registry gave.
    pub(super) checksum: Option<String>,
    /// Those it uses, as `name@version`.
    pub(super) uses: BTreeSet<String>,
    /// Where it comes from, as package URLs call it: `cargo`, or `npm` for what the pages in the program are
    /// made of.
    pub(super) from: &'static str,
}

impl Crate {
    /// Name and version.
    pub(super) fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Listed>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// The crates of the program of that package of the workspace, by name and version.
pub(super) fn crates(source: &Source, root: &str) -> Result<Vec<Crate>, Problem> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = cargo::command(["metadata", "--locked", "--format-version", "1"]);
    command.args(["--filter-platform", &target]).current_dir(&source.root);
    let metadata: Metadata = serde_json::from_slice(&program::bytes(&mut command)?)?;
    let checksums = checksums(&source.root)?;

    let listed: BTreeMap<_, _> = metadata.packages.iter().map(|it| (it.id.as_str(), it)).collect();
    let nodes: BTreeMap<_, _> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let is_root = |it: &&Listed| it.name == root && it.source.is_none();
    let root = metadata.packages.iter().find(is_root).ok_or("no such package")?;
    let mut found: BTreeMap<String, Crate> = BTreeMap::new();
    let mut waiting = vec![root.id.as_str()];
    while let Some(id) = waiting.pop() {
        let (Some(listed_crate), Some(node)) = (listed.get(id), nodes.get(id)) else { continue };
        let key = (listed_crate.name.clone(), listed_crate.version.clone());
        let mut one = Crate {
            name: listed_crate.name.clone(),
            version: listed_crate.version.clone(),
            licence: listed_crate.license.clone().unwrap_or_default().replace('/', " OR "),
            folder: listed_crate.manifest_path.parent().unwrap_or(Path::new("/")).to_owned(),
            is_ours: listed_crate.source.is_none(),
            checksum: checksums.get(&key).cloned(),
            uses: BTreeSet::new(),
            from: "cargo",
        };
        if found.contains_key(&one.label()) {
            continue;
        }
        let linked = node.deps.iter().filter(|it| it.dep_kinds.iter().any(|it| it.kind.is_none()));
        for dependency in linked {
            let Some(used) = listed.get(dependency.pkg.as_str()) else { continue };
            let is_macro =
                used.targets.iter().any(|it| it.kind.iter().any(|it| it == "proc-macro"));
            if !is_macro {
                one.uses.insert(format!("{}@{}", used.name, used.version));
                waiting.push(&used.id);
            }
        }
        found.insert(one.label(), one);
    }
    let mut all: Vec<_> = found.into_values().collect();
    if root.name == "server" {
        all.extend(of_pages(&source.root)?);
    }
    Ok(all)
}

#[derive(Deserialize)]
struct PagesLock {
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: String,
    #[serde(default)]
    dev: bool,
}

/// What the pages in the program are made of: whatever their lock file has beside what builds them.
fn of_pages(root: &Path) -> Result<Vec<Crate>, Problem> {
    let folder = root.join("gateway/web");
    let lock: PagesLock = serde_json::from_slice(&fs::read(folder.join("package-lock.json"))?)?;
    let shipped = lock.packages.into_iter().filter(|(_, package)| !package.dev);
    let told = shipped.filter_map(|(path, package)| {
        let name = path.strip_prefix("node_modules/")?.to_owned();
        Some(Crate {
            name,
            version: package.version,
            licence: package.license,
            folder: folder.join(path),
            is_ours: false,
            checksum: None,
            uses: BTreeSet::new(),
            from: "npm",
        })
    });
    Ok(told.collect())
}

/// What the lock file says of each crate of a registry, by name and version.
fn checksums(root: &Path) -> Result<BTreeMap<(String, String), String>, Problem> {
    let text = fs::read_to_string(root.join("Cargo.lock"))?;
    let mut found = BTreeMap::new();
    for package in text.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.map(|value| value.trim_matches([' ', '=', '"']).to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) =
            (value("name ="), value("version ="), value("checksum ="))
        {
            found.insert((name, version), sum);
        }
    }
    Ok(found)
}
