//! `domain` and `protocols` are pure: bytes, values and time come in as arguments, nothing else.

use serde_json::Value;

use crate::checkout::{checkout, report};
use crate::dependencies::metadata;
use crate::edges::dependencies;
use crate::tokens::{lines_with, mentions, paths};

const PURE: [&str; 2] = ["domain", "protocols"];

/// Names of libraries, or their beginnings where a `*` follows, that wait, talk, log or tell the time.
const IMPURE_LIBRARIES: [&str; 24] = [
    "async-*",
    "async_*",
    "chrono",
    "env_logger",
    "fastrand",
    "futures*",
    "getrandom",
    "h2",
    "hyper*",
    "jiff",
    "libsqlite3-sys",
    "log",
    "mio",
    "polling",
    "rand*",
    "reqwest",
    "rusqlite",
    "smol*",
    "socket2",
    "time",
    "tokio*",
    "tower*",
    "tracing*",
    "ureq",
];

/// Impure libraries that a pure crate links all the same: the crate, the library, through which other one alone,
/// and why. What it could be used for is forbidden by name below.
const LINKED_UNUSED: [(&str, &str, &str, &str); 1] = [(
    "protocols",
    "getrandom",
    "ring",
    "ring proves signatures and opens seals; only what makes keys and nonces asks it for randomness",
)];

/// Paths whose mention means a socket, a clock, randomness, a thread, a file, a process or the environment.
const IMPURE_PATHS: [&str; 16] = [
    "Instant::now",
    "SystemRandom",
    "SystemTime::now",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "UnixDatagram",
    "UnixListener",
    "UnixStream",
    "ring::rand",
    "std::env",
    "std::fs",
    "std::os",
    "std::process",
    "std::thread",
];

const IMPURE_CODE: [(&[&str], &str); 8] = [
    (&["async"], "waits"),
    (&["await"], "waits"),
    (&[".", "elapsed", "("], "reads the clock"),
    (&["print", "!"], "prints"),
    (&["println", "!"], "prints"),
    (&["eprint", "!"], "prints"),
    (&["eprintln", "!"], "prints"),
    (&["dbg", "!"], "prints"),
];

const MEND: &str = "hand the bytes, the time or the randomness in as an argument, and let the adapter, \
                    the engine or the server do the rest";

#[test]
fn pure_crates_link_nothing_impure() {
    let mut breaches = Vec::new();
    for name in PURE {
        let through = linked_by(metadata(), name);
        assert!(!through.is_empty(), "{name} is not in the workspace");
        for library in through.iter().filter(|library| is_impure(library)) {
            let unused = LINKED_UNUSED.iter().find(|(by, what, ..)| by == &name && what == library);
            if unused.is_none_or(|(_, _, alone, _)| linkers(metadata(), name, library) != [*alone])
            {
                breaches.push(format!("{name} links {library}, itself or through a library"));
            }
        }
    }
    for (name, library, ..) in LINKED_UNUSED {
        if !linked_by(metadata(), name).iter().any(|linked| linked == library) {
            breaches.push(format!("{name} does not link {library} any more, take it off the list"));
        }
    }
    for (file, manifest) in checkout().manifests() {
        if PURE.iter().any(|name| file == format!("gateway/{name}/Cargo.toml")) {
            let names = dependencies(&manifest, &checkout().toml("Cargo.toml"));
            let impure = names.into_iter().filter(|library| is_impure(library));
            breaches.extend(impure.map(|library| format!("{file} names {library}")));
        }
    }
    report("domain and protocols link no runtime, socket, log or clock", &breaches, MEND);
}

#[test]
fn pure_crates_do_nothing_impure() {
    let mut breaches = Vec::new();
    for source in &checkout().sources {
        if PURE.iter().any(|name| source.path.starts_with(&format!("gateway/{name}/src/"))) {
            let found = impure(&source.product);
            breaches
                .extend(found.iter().map(|(line, what)| format!("{}:{line}: {what}", source.path)));
        }
    }
    report("domain and protocols neither talk, wait, log nor read the clock", &breaches, MEND);
}

fn is_impure(library: &str) -> bool {
    IMPURE_LIBRARIES.iter().any(|impure| match impure.strip_suffix('*') {
        Some(beginning) => library.starts_with(beginning),
        None => library == *impure,
    })
}

fn impure(tokens: &[crate::tokens::Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, path) in paths(tokens) {
        if IMPURE_PATHS.iter().any(|impure| mentions(&path, impure)) {
            found.push((line, format!("names {path}")));
        }
    }
    for (code, what) in IMPURE_CODE {
        found.extend(
            lines_with(tokens, code).map(|line| (line, format!("{what}: {}", code.concat()))),
        );
    }
    found
}

/// Names of every library that `package` links, through however many others; what only its build
/// scripts and tests use is not linked.
fn linked_by(metadata: &Value, package: &str) -> Vec<String> {
    let linked = packages_linked_by(metadata, package).into_iter();
    linked.map(|each| each["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Names of the libraries linked by `package`, itself among them, that use `library` themselves.
fn linkers<'m>(metadata: &'m Value, package: &str, library: &str) -> Vec<&'m str> {
    let nodes = metadata.pointer("/resolve/nodes").and_then(Value::as_array);
    let uses = |each: &&Value| {
        let mut nodes = nodes.into_iter().flatten();
        let node = nodes.find(|node| node["id"] == each["id"]);
        let used = node.and_then(|node| node["deps"].as_array()).into_iter().flatten();
        used.into_iter().any(|used| {
            let mut kinds = used["dep_kinds"].as_array().into_iter().flatten();
            used["name"] == library && kinds.any(|kind| kind["kind"].is_null())
        })
    };
    let packages = packages_linked_by(metadata, package).into_iter();
    packages.filter(uses).filter_map(|each| each["name"].as_str()).collect()
}

/// The same as cargo describes them.
pub(crate) fn packages_linked_by<'m>(metadata: &'m Value, package: &str) -> Vec<&'m Value> {
    let array = |value: &'static str| {
        metadata.pointer(value).and_then(Value::as_array).into_iter().flatten()
    };
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut open: Vec<_> = array("/packages")
        .filter(|each| each["name"] == package)
        .map(|each| text(each, "id"))
        .collect();
    let mut seen = open.clone();
    while let Some(id) = open.pop() {
        let node = array("/resolve/nodes").find(|node| node["id"] == *id);
        let uses = node.and_then(|node| node["deps"].as_array()).into_iter().flatten();
        for dependency in uses {
            let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            let links = kinds.into_iter().any(|kind| kind["kind"].is_null());
            let id = text(dependency, "pkg");
            if links && !seen.contains(&id) {
                seen.push(id.clone());
                open.push(id);
            }
        }
    }
    seen.iter().filter_map(|id| array("/packages").find(|each| each["id"] == **id)).collect()
}

#[test]
fn libraries_are_followed_to_the_end() {
    assert!(linked_by(metadata(), "server").contains(&"mio".to_owned()));
    assert!(is_impure("tokio-util") && is_impure("log") && !is_impure("logos"));
}

#[test]
fn impure_code_is_found_and_pure_code_is_not() {
    let found = |text: &str| {
        let files = [("gateway/domain/src/a.rs", text.to_owned())];
        impure(&crate::tokens::Source::all(files.into_iter()).remove(0).product).len()
    };
    assert_eq!(
        found("use std::{net::IpAddr, time::Instant}; fn f(now: Instant) -> Instant { now }"),
        0
    );
    assert_eq!(found("fn f() { let x = Instant::now(); x.elapsed(); println!(\"\"); }"), 3);
    assert_eq!(found("use std::{net::{self, UdpSocket}, thread}; async fn f() {}"), 3);
    assert_eq!(found("use std::time::Instant as I; fn f() { I::now(); <Instant>::now() }"), 2);
    assert_eq!(found("#[cfg(test)] mod tests { use std::fs; }"), 0);
}
