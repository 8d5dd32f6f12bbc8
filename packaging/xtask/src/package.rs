//! Packages for Debian and for systems with rpm, from one table of files; reproducible.
//!
//! ```text
//!   programs --stripped, asked for manual pages and completions--> Contents
//!   table (layout) + Contents --> Package: entries --staged--> dpkg-deb | rpmbuild --> files in OUT
//! ```
//!
//! Everything carries the time of the last commit (or `SOURCE_DATE_EPOCH`), so that the same program gives
//! the same bytes. Needs Debian's dpkg-deb, dpkg-shlibdeps, rpmbuild, gzip and strip; no right of root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::workspace::Workspace;
use crate::{Outcome, cargo, web};

mod contents;
mod deb;
mod judged;
mod layout;
mod licences;
mod linked;
mod program;
mod rpm;
mod sbom;
mod staging;
#[cfg(test)]
mod tests;

pub(crate) use judged::judge;
pub(crate) use program::Problem;

/// Largest package we ship, in bytes: 15 MB.
const PACKAGE_BYTES_MAX: u64 = 15_000_000;

/// What is packed.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Folder of the checkout.
    pub(crate) root: PathBuf,
    /// Folder with the two programs.
    pub(crate) programs: PathBuf,
    /// Version of the packages.
    pub(crate) version: String,
    /// The time that everything in them carries, in seconds since 1970.
    pub(crate) epoch: u64,
    /// Lines behind the configuration that is shipped: tests of an upgrade change it so.
    pub(crate) more_configuration: String,
    /// How hard packages are compressed; little is enough to try them.
    pub(crate) effort: Effort,
}

/// How hard packages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As shipped.
    Most,
    /// To try them.
    Little,
}

/// The packages that were made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// `jackfield` and `jackfield-peers`, for Debian.
    pub(crate) deb: Vec<PathBuf>,
    /// The same, for systems with rpm.
    pub(crate) rpm: Vec<PathBuf>,
}

impl Made {
    /// All files.
    pub(crate) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.deb.iter().chain(&self.rpm)
    }
}

/// Builds the programs where they are not given, packs them and says what came of it.
pub(crate) fn run(
    workspace: &Workspace,
    out: Option<PathBuf>,
    release: bool,
    programs: Option<PathBuf>,
) -> Outcome {
    // A package without the console's pages is not one to ship.
    if programs.is_none() {
        web::pages(workspace)?;
    }
    let is_shipped = release && programs.is_none();
    let programs = built(workspace, release, programs)?;
    if is_shipped {
        names_no_folder(workspace, &programs)?;
    }
    let effort = if release { Effort::Most } else { Effort::Little };
    let source = Source::of(workspace, programs, effort)?;
    let out = out.unwrap_or_else(|| workspace.target_directory.join("packages"));
    let made = make(&source, &workspace.target_directory.join("package-work"), &out)?;
    let mut small_enough = true;
    for file in made.all() {
        let bytes = file.metadata()?.len();
        println!("{}: {bytes} bytes, sha256 {}", file.display(), sbom::sha256_of(file)?);
        small_enough &= bytes <= PACKAGE_BYTES_MAX;
    }
    if release && !small_enough {
        return Err(format!("a package has more than {PACKAGE_BYTES_MAX} bytes").into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes what the tests of packages install: one version, a later one, and a still later one that is shipped
/// with another configuration. Gives their folder.
pub(crate) fn to_try(workspace: &Workspace, programs: PathBuf) -> Result<PathBuf, Problem> {
    let folder = workspace.target_directory.join("package-test");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let first = Source::of(workspace, programs, Effort::Little)?;
    let later = |more: &str| format!("{}{more}", first.version);
    let second = Source { version: later(".1"), ..first.clone() };
    let more_configuration = "\n# third\n".to_owned();
    let third = Source { version: later(".2"), more_configuration, ..first.clone() };
    for (name, source) in [("first", first), ("second", second), ("third", third)] {
        make(&source, &workspace.target_directory.join("package-work"), &folder.join(name))?;
    }
    Ok(folder)
}

impl Source {
    /// What this checkout packs.
    pub(crate) fn of(
        workspace: &Workspace,
        programs: PathBuf,
        effort: Effort,
    ) -> Result<Self, Problem> {
        let version = workspace.version("server").ok_or("the package server has no version")?;
        Ok(Self {
            root: workspace.root.clone(),
            programs,
            version: version.to_owned(),
            epoch: epoch(&workspace.root)?,
            more_configuration: String::new(),
            effort,
        })
    }
}

/// Makes all packages in `out`; `work` is emptied before and removed afterwards.
pub(crate) fn make(source: &Source, work: &Path, out: &Path) -> Result<Made, Problem> {
    if work.exists() {
        fs::remove_dir_all(work)?;
    }
    fs::create_dir_all(work)?;
    fs::create_dir_all(out)?;
    let mut made = Made { deb: Vec::new(), rpm: Vec::new() };
    for package in layout::packages(source, work)? {
        made.deb.push(deb::make(source, &package, work, out)?);
        made.rpm.push(rpm::make(source, &package, work, out)?);
    }
    fs::remove_dir_all(work)?;
    Ok(made)
}

/// The folder with the programs: the one that is given, else they are built.
pub(crate) fn built(
    workspace: &Workspace,
    release: bool,
    programs: Option<PathBuf>,
) -> Result<PathBuf, Problem> {
    programs.map_or_else(|| build(workspace, release), Ok)
}

/// Builds the programs. Those that are shipped name no folder of this machine, and lie in a folder of their
/// own, since cargo would otherwise build everything anew whenever the flags change.
fn build(workspace: &Workspace, release: bool) -> Result<PathBuf, Problem> {
    if !release {
        cargo::run(&cargo::build_programs(false))?;
        return Ok(workspace.target_directory.join("debug"));
    }
    let target = workspace.target_directory.join("package");
    let folders = folders_of_this_machine(workspace);
    let names = ["/jackfield", "/cargo"];
    let (mut rust, mut c) = (Vec::new(), Vec::new());
    for (folder, name) in folders.iter().zip(names) {
        rust.push(format!("--remap-path-prefix={}={name}", folder.display()));
        c.push(format!("-ffile-prefix-map={}={name}", folder.display()));
    }
    let mut command = cargo::command(cargo::build_programs(true));
    command.arg("--target-dir").arg(&target).current_dir(&workspace.root);
    command.env("CARGO_ENCODED_RUSTFLAGS", rust.join("\x1f")).env("CFLAGS", c.join(" "));
    program::run(&mut command)?;
    Ok(target.join("release"))
}

/// Where the compiler reads sources: the checkout, and where cargo keeps what it downloads.
fn folders_of_this_machine(workspace: &Workspace) -> Vec<PathBuf> {
    let told = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = told.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    [workspace.root.clone()].into_iter().chain(home).collect()
}

/// Makes sure that programs to ship are the same wherever they are built: none names a folder of this machine.
fn names_no_folder(workspace: &Workspace, programs: &Path) -> Result<(), Problem> {
    for name in ["jackfield", "jackfield-peers"] {
        let bytes = fs::read(programs.join(name))?;
        for folder in folders_of_this_machine(workspace) {
            let folder = folder.display().to_string();
            if bytes.windows(folder.len()).any(|part| part == folder.as_bytes()) {
                return Err(format!("{name} names the folder {folder} of this machine").into());
            }
        }
    }
    Ok(())
}

/// The time that packages carry: as told, else that of the last commit.
fn epoch(root: &Path) -> Result<u64, Problem> {
    if let Some(told) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let told = told.to_string_lossy().into_owned();
        return told.parse().map_err(|_| format!("SOURCE_DATE_EPOCH is {told}").into());
    }
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["log", "-1", "--format=%ct"]);
    let text = program::text(&mut git)?;
    text.trim().parse().map_err(|_| "git names no time of the last commit".into())
}
