//! What the workspace holds: its packages and their targets, as `cargo metadata` tells them.
//!
//! Kinds of test are found here rather than listed by hand, so that a test target which does not exist
//! yet breaks nothing and a new one is run at once.

use std::error::Error;
use std::path::PathBuf;

use serde::Deserialize;

use crate::cargo;

/// The packages of this checkout and where cargo builds them.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// Folder of the root manifest.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Folder cargo builds into.
    pub(crate) target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    #[serde(default)]
    test: bool,
    #[serde(default)]
    doctest: bool,
}

impl Workspace {
    /// Asks cargo; reads no lock file and resolves nothing.
    pub(crate) fn read() -> Result<Self, Box<dyn Error>> {
        let output = cargo::command(["metadata", "--no-deps", "--format-version", "1"])
            .stderr(std::process::Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err("`cargo metadata` failed, see its message above".into());
        }
        Self::parse(&output.stdout)
    }

    fn parse(metadata: &[u8]) -> Result<Self, Box<dyn Error>> {
        Ok(serde_json::from_slice(metadata)?)
    }

    /// Whether there is a package of this name.
    pub(crate) fn has(&self, package: &str) -> bool {
        self.packages.iter().any(|each| each.name == package)
    }

    /// The version of `package`.
    pub(crate) fn version(&self, package: &str) -> Option<&str> {
        let found = self.packages.iter().find(|each| each.name == package);
        found.map(|each| each.version.as_str())
    }

    /// Names of the integration test targets of `package`, in the order of its manifest.
    pub(crate) fn test_targets(&self, package: &str) -> Vec<&str> {
        self.targets(package)
            .filter(|target| target.is("test") && target.test)
            .map(|target| target.name.as_str())
            .collect()
    }

    /// Names of the integration test targets of all packages but this one.
    pub(crate) fn test_targets_outside(&self, package: &str) -> Vec<&str> {
        let others = self.packages.iter().filter(|each| each.name != package);
        others.flat_map(|each| self.test_targets(&each.name)).collect()
    }

    /// Names of everything `package` is built into.
    pub(crate) fn target_names(&self, package: &str) -> impl Iterator<Item = &str> {
        self.targets(package).map(|target| target.name.as_str())
    }

    /// Whether any library of the workspace has its examples in documentation run.
    pub(crate) fn has_doc_tests(&self) -> bool {
        self.packages.iter().flat_map(|each| &each.targets).any(|target| target.doctest)
    }

    /// Path of a program built with the profile whose folder is `profile`.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target_directory.join(profile).join(name)
    }

    fn targets(&self, package: &str) -> impl Iterator<Item = &Target> {
        self.packages.iter().filter(move |each| each.name == package).flat_map(|each| &each.targets)
    }
}

impl Target {
    fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|each| each == kind)
    }
}

#[cfg(test)]
pub(crate) mod example {
    use super::Workspace;

    /// A workspace with the given test targets in its package `tests`.
    pub(crate) fn workspace(test_targets: &[&str]) -> Workspace {
        let mut targets =
            vec![r#"{"name":"tests","kind":["lib"],"test":true,"doctest":true}"#.into()];
        for name in test_targets {
            targets.push(format!(r#"{{"name":"{name}","kind":["test"],"test":true}}"#));
        }
        let packages = [
            r#"{"name":"store","targets":[{"name":"store","kind":["lib"],"test":true}]}"#
                .to_owned(),
            r#"{"name":"bench","targets":[{"name":"bench","kind":["bin"],"test":true}]}"#
                .to_owned(),
            format!(r#"{{"name":"tests","targets":[{}]}}"#, targets.join(",")),
        ];
        let metadata = format!(
            r#"{{"workspace_root":"/jackfield","target_directory":"/jackfield/target","packages":[{}]}}"#,
            packages.join(",")
        );
        Workspace::parse(metadata.as_bytes()).expect("the example is what cargo writes")
    }
}

#[cfg(test)]
mod tests {
    use super::example::workspace;

    #[test]
    fn test_targets_are_those_of_the_package_asked_for() {
        let workspace = workspace(&["tidy", "features"]);
        assert_eq!(workspace.test_targets("tests"), ["tidy", "features"]);
        assert!(workspace.test_targets("store").is_empty());
        assert!(workspace.has("bench") && !workspace.has("engine"));
    }

    #[test]
    fn programs_lie_in_the_folder_of_their_profile() {
        let program = workspace(&[]).program("release", "jackfield");
        assert_eq!(program.to_str(), Some("/jackfield/target/release/jackfield"));
    }
}
