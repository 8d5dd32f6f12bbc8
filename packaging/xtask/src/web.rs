//! The pages that browsers load, and their tests in a real browser.
//!
//! ```text
//!   node found or fetched -> npm ci -> types checked -> gateway/web/dist built -> embedded by cargo
//!                            npm ci in tests/browser -> node --test against the built program
//!                            npm ci in conformance/live/identity/clients, which tests start
//! ```
//!
//! Cargo never starts any of this: without the built pages the program says on its own page how to get
//! them. Node is the machine's own where it is new enough; Debian's may not be, and then npm, which comes
//! with it, fetches one into a folder below `target`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::setup;
use crate::workspace::Workspace;

const PAGES: &str = "gateway/web";
const BROWSER_TESTS: &str = "tests/browser";
const OAUTH_CLIENTS: &str = "conformance/live/identity/clients";
/// What the build of the pages needs (`engines` of their packages).
const NODE_OLDEST: (u32, u32) = (20, 19);
/// The one that npm fetches where the machine's is older, as its package calls it.
const NODE_VERSION: &str = "22.23.3";
/// What makes a new build of the pages necessary.
const SOURCES: [&str; 7] = [
    "src",
    "public",
    "index.html",
    "workspace.html",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
];

/// Builds the pages where their sources are newer than what was built.
pub(crate) fn pages(workspace: &Workspace) -> Result<(), Box<dyn Error>> {
    let folder = workspace.root.join(PAGES);
    let built = modified(&folder.join("dist/index.html"));
    let newest = SOURCES.iter().filter_map(|source| newest(&folder.join(source))).max();
    if built.is_some() && built >= newest {
        return Ok(());
    }
    println!("web: building the pages of {PAGES}");
    let node = Node::find(workspace)?;
    node.install(&folder)?;
    node.run(&folder, "node_modules/typescript/bin/tsc", &["--noEmit"])?;
    node.run(&folder, "node_modules/vite/bin/vite.js", &["build", "--logLevel", "warn"])
}

/// Checks types and builds the pages anew, whatever is there.
pub(crate) fn checked_pages(workspace: &Workspace) -> Result<(), Box<dyn Error>> {
    let folder = workspace.root.join(PAGES);
    match fs::remove_file(folder.join("dist/index.html")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => pages(workspace),
    }
}

/// The command that runs the browser tests; `JACKFIELD` names the program in it.
pub(crate) fn browser_tests(workspace: &Workspace) -> Result<Command, Box<dyn Error>> {
    let node = Node::find(workspace)?;
    let folder = workspace.root.join(BROWSER_TESTS);
    node.install(&folder)?;
    let mut command = Command::new(&node.program);
    command.args(["--test", "--test-concurrency=1", "--test-reporter=tap"]).current_dir(folder);
    // A browser that is left open holds up nobody.
    command.args(["--test-force-exit", "--test-timeout=300000"]);
    command.env("JACKFIELD", workspace.program("debug", "jackfield"));
    Ok(command)
}

/// Installs the libraries that are clients of the identity service in tests.
pub(crate) fn oauth_clients(workspace: &Workspace) -> Result<(), Box<dyn Error>> {
    Node::find(workspace)?.install(&workspace.root.join(OAUTH_CLIENTS))
}

/// A Node that is new enough.
struct Node {
    program: PathBuf,
}

impl Node {
    fn find(workspace: &Workspace) -> Result<Self, Box<dyn Error>> {
        let own = Self { program: "node".into() };
        if own.version().is_some_and(|version| version >= NODE_OLDEST) {
            return Ok(own);
        }
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => return Err(format!("no node for {other} is known; install 22 by hand").into()),
        };
        let package = format!("node-linux-{architecture}");
        let folder = workspace.target_directory.join("node");
        let fetched = Self { program: folder.join("node_modules").join(&package).join("bin/node") };
        if fetched.version().is_some_and(|version| version >= NODE_OLDEST) {
            return Ok(fetched);
        }
        println!(
            "setup: node is older than 20.19; npm fetches {package}@{NODE_VERSION} into {}",
            folder.display()
        );
        fs::create_dir_all(&folder)?;
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-save",
            "--ignore-scripts",
            "--no-fund",
            "--no-audit",
            "--prefix",
        ]);
        npm.arg(&folder).arg(format!("{package}@{NODE_VERSION}"));
        succeed(&mut npm, "npm install")?;
        match fetched.version() {
            Some(version) if version >= NODE_OLDEST => Ok(fetched),
            _ => Err("the node that npm fetched does not run here".into()),
        }
    }

    /// `v20.19.1` as major and minor.
    fn version(&self) -> Option<(u32, u32)> {
        let output =
            Command::new(&self.program).arg("--version").stderr(Stdio::null()).output().ok()?;
        parse_version(&String::from_utf8_lossy(&output.stdout))
    }

    /// Installs what the lock file names, where that has not been done.
    fn install(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let installed = modified(&folder.join("node_modules/.package-lock.json"));
        if installed.is_some() && installed >= modified(&folder.join("package-lock.json")) {
            return Ok(());
        }
        println!(
            "setup: installing what {} names, by npm",
            folder.join("package-lock.json").display()
        );
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-fund", "--no-audit"]).current_dir(folder);
        succeed(&mut npm, "npm ci")
    }

    fn run(&self, folder: &Path, script: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        let mut command = Command::new(&self.program);
        command.arg(script).args(arguments).current_dir(folder);
        succeed(&mut command, script)
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn succeed(command: &mut Command, name: &str) -> Result<(), Box<dyn Error>> {
    let status = command
        .env("PATH", setup::search_path())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}").into()) }
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|about| about.modified()).ok()
}

/// The newest time in a file or folder; a folder's own time tells what was taken out of it.
fn newest(path: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| newest(&entry.path())).chain(modified(path)).max()
}

/// Reads what `node --test` reports: its own counts at the end, and `left out:` lines.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Reported {
    /// Counts a line; `true` if a person watching wants to see it.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let count = |name: &str| line.strip_prefix(name).and_then(|rest| rest.trim().parse().ok());
        if let Some(count) = count("# pass ") {
            self.passed = count;
        } else if let Some(count) = count("# fail ") {
            self.failed += count;
        } else if let Some(count) = count("# cancelled ") {
            self.failed += count;
        } else if let Some(count) = count("# skipped ") {
            self.skipped = count;
        }
        let trimmed = line.trim_start();
        !(trimmed.starts_with("ok ")
            || trimmed.starts_with("duration_ms")
            || trimmed == "---"
            || trimmed == "...")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        assert_eq!(parse_version("v20.19.1\n"), Some((20, 19)));
        assert!(parse_version("v18.19.0").is_some_and(|version| version < NODE_OLDEST));
        assert!(parse_version("v22.3.0").is_some_and(|version| version > NODE_OLDEST));
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn what_node_reports_is_counted() {
        let mut reported = Reported::default();
        let shown: Vec<_> = [
            "ok 1 - a",
            "not ok 2 - b",
            "# tests 3",
            "# pass 1",
            "# fail 1",
            "# cancelled 1",
            "# skipped 2",
        ]
        .into_iter()
        .filter(|line| reported.line(line))
        .collect();
        assert_eq!((reported.passed, reported.failed, reported.skipped), (1, 2, 2));
        assert!(shown.contains(&"not ok 2 - b") && !shown.contains(&"ok 1 - a"));
    }
}
