//! What has to be on the machine before anything runs: programs, and the Debian packages they are in.
//!
//! Missing packages are installed through apt-get when we may; otherwise one line names them. What is
//! downloaded beside them is in `live`.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod requirements;

use requirements::{REQUIREMENTS, Requirement};

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Build and run the release programs.
    Demo,
    /// The same with several nodes.
    DemoOfNodes,
    /// Make packages.
    Package,
    /// Run the checks, which includes building everything.
    Test,
}

/// Where Debian installs programs that administrators run, nginx among them. Ordinary users may run
/// them too, and do not have these folders in their search path.
const ADMINISTRATORS_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Where Debian installs each version of PostgreSQL's server, which is in no search path.
const POSTGRESQL_FOLDER: &str = "/usr/lib/postgresql";
/// The package whose settings say whether installing a server also starts a database.
const POSTGRESQL_SETTINGS_PACKAGE: &str = "postgresql-common";
const POSTGRESQL_PACKAGE: &str = "postgresql";
const POSTGRESQL_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// How missing packages get here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Apt,
    SudoApt,
    ByHand,
}

/// Makes sure that what `purpose` needs is installed, or says in one line what to run.
pub(crate) fn ensure(purpose: Purpose) -> Result<(), Box<dyn Error>> {
    let missing = missing(purpose, is_here);
    if missing.is_empty() {
        return Ok(());
    }
    for requirement in &missing {
        println!("setup: {} is missing, it {}", requirement.command, requirement.why);
    }
    let way = present_way();
    let packages = packages(&missing);
    if way == Way::ByHand || packages.is_empty() {
        return Err(advice(&missing).into());
    }
    install(way, &packages)?;
    let still_missing = self::missing(purpose, is_here);
    if still_missing.is_empty() { Ok(()) } else { Err(advice(&still_missing).into()) }
}

/// Installs these packages, or says why not.
pub(crate) fn install_if_allowed(packages: &[&str]) -> Result<(), Box<dyn Error>> {
    match present_way() {
        Way::ByHand => Err(format!("run apt-get install {} (as root)", packages.join(" ")).into()),
        way => install(way, packages),
    }
}

fn present_way() -> Way {
    way(rustix::process::geteuid().is_root(), is_in_path("apt-get"), || {
        is_in_path("sudo") && succeeds(Command::new("sudo").args(["-n", "true"]))
    })
}

fn install(way: Way, packages: &[&str]) -> Result<(), Box<dyn Error>> {
    println!("setup: installing from Debian: {}", packages.join(" "));
    // A list of packages that could not be refreshed may still be good enough to install from.
    if !succeeds(apt_get(way).args(["-q", "update"])) {
        println!("setup: the list of packages could not be refreshed, trying with the old one");
    }
    if packages.contains(&POSTGRESQL_PACKAGE) {
        // Tests and demo start databases of their own; nobody asked for one that runs all the time.
        install_packages(way, &[POSTGRESQL_SETTINGS_PACKAGE])?;
        let set = "s/^#* *create_main_cluster *=.*/create_main_cluster = false/";
        if !succeeds(as_root(way, "sed").args(["-i", set, POSTGRESQL_SETTINGS])) {
            return Err(format!("{POSTGRESQL_SETTINGS} could not be changed").into());
        }
    }
    install_packages(way, packages)?;
    println!("setup: installed {}", packages.join(" "));
    Ok(())
}

fn install_packages(way: Way, packages: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut command = apt_get(way);
    command.args(["-q", "install", "--yes", "--no-install-recommends"]).args(packages);
    if succeeds(&mut command) {
        Ok(())
    } else {
        Err(format!("apt-get could not install {}", packages.join(" ")).into())
    }
}

fn apt_get(way: Way) -> Command {
    as_root(way, "apt-get")
}

/// A program that asks nothing, with the rights that installing takes.
fn as_root(way: Way, program: &str) -> Command {
    let mut command = match way {
        Way::SudoApt => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", program]);
            sudo
        }
        Way::Apt | Way::ByHand => Command::new(program),
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

fn missing(purpose: Purpose, has: impl Fn(&str) -> bool) -> Vec<&'static Requirement> {
    REQUIREMENTS
        .iter()
        .filter(|each| purpose == Purpose::Test || each.purposes.contains(&purpose))
        .filter(|each| !has(each.command))
        .collect()
}

fn packages(missing: &[&Requirement]) -> Vec<&'static str> {
    missing.iter().flat_map(|each| each.packages).copied().collect()
}

fn way(root: bool, apt: bool, sudo: impl FnOnce() -> bool) -> Way {
    match (root, apt) {
        (_, false) => Way::ByHand,
        (true, true) => Way::Apt,
        (false, true) if sudo() => Way::SudoApt,
        (false, true) => Way::ByHand,
    }
}

/// One line: what is missing and what to run.
fn advice(missing: &[&Requirement]) -> String {
    let names: Vec<_> = missing.iter().map(|each| each.command).collect();
    let packages = packages(missing);
    let mut commands: Vec<_> = missing
        .iter()
        .map(|each| each.by_hand.to_owned())
        .filter(|each| !each.is_empty())
        .collect();
    if !packages.is_empty() {
        commands.push(format!("apt-get install {} (as root)", packages.join(" ")));
    }
    format!("missing {}: run {}, then try again", names.join(", "), commands.join(" and "))
}

/// Whether a program is there: in the search path that tests get, or where Debian keeps PostgreSQL.
fn is_here(command: &str) -> bool {
    let versions = std::fs::read_dir(POSTGRESQL_FOLDER).into_iter().flatten().flatten();
    let mut folders = versions.map(|version| version.path().join("bin"));
    is_in_path(command) || folders.any(|folder| is_executable(&folder.join(command)))
}

/// Whether the search path that tests get holds an executable file of this name.
pub(crate) fn is_in_path(command: &str) -> bool {
    std::env::split_paths(&search_path()).any(|folder| is_executable(&folder.join(command)))
}

/// The search path of this process with the folders that ordinary users lack at its end.
pub(crate) fn search_path() -> OsString {
    with_administrators_folders(&std::env::var_os("PATH").unwrap_or_default())
}

fn with_administrators_folders(path: &OsStr) -> OsString {
    // An empty entry would mean the current folder.
    let mut folders: Vec<_> =
        std::env::split_paths(path).filter(|folder| !folder.as_os_str().is_empty()).collect();
    for folder in ADMINISTRATORS_FOLDERS.map(PathBuf::from) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    // Only a folder with a colon in its name cannot be joined, and none came out of splitting.
    std::env::join_paths(folders).unwrap_or_else(|_| path.to_owned())
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_needs_only_what_compiles() {
        let names: Vec<_> =
            missing(Purpose::Demo, |_| false).iter().map(|each| each.command).collect();
        assert_eq!(names, ["cc", "make", "node", "npm"]);
    }

    #[test]
    fn a_demo_of_several_nodes_needs_their_store_too() {
        let names = |purpose| -> Vec<_> {
            missing(purpose, |_| false).iter().map(|each| each.command).collect()
        };
        assert_eq!(names(Purpose::DemoOfNodes), ["cc", "make", "postgres", "node", "npm"]);
    }

    #[test]
    fn only_what_is_absent_is_installed() {
        let missing = missing(Purpose::Test, |command| command != "xmllint");
        assert_eq!(packages(&missing), ["libxml2-utils"]);
    }

    #[test]
    fn an_ordinary_user_finds_what_debian_keeps_for_administrators() {
        let found = |path: &str| with_administrators_folders(OsStr::new(path));
        assert_eq!(found("/usr/bin:/bin"), "/usr/bin:/bin:/usr/sbin:/sbin");
        assert_eq!(found("/usr/sbin:/usr/bin"), "/usr/sbin:/usr/bin:/sbin");
        assert_eq!(found(""), "/usr/sbin:/sbin");
    }

    #[test]
    fn packages_are_installed_only_where_we_may() {
        assert_eq!(way(true, true, || false), Way::Apt);
        assert_eq!(way(false, true, || true), Way::SudoApt);
        assert_eq!(way(false, true, || false), Way::ByHand);
        assert_eq!(way(true, false, || true), Way::ByHand);
    }

    #[test]
    fn the_advice_is_one_line_with_a_command() {
        let is_here = |command: &str| !["cargo-fmt", "nginx", "kamailio"].contains(&command);
        let advice = advice(&missing(Purpose::Test, is_here));
        assert_eq!(
            advice,
            "missing cargo-fmt, nginx, kamailio: run rustup component add rustfmt and apt-get install \
             nginx-light kamailio kamailio-tls-modules (as root), then try again"
        );
    }

    #[test]
    fn packages_need_what_packs_them_and_what_compiles() {
        let names: Vec<_> =
            missing(Purpose::Package, |_| false).iter().map(|each| each.command).collect();
        assert_eq!(names, ["cc", "make", "strip", "dpkg-shlibdeps", "rpmbuild", "node", "npm"]);
    }

    #[test]
    fn every_requirement_says_how_to_meet_it() {
        for requirement in &REQUIREMENTS {
            assert_ne!(requirement.packages.is_empty(), requirement.by_hand.is_empty());
        }
    }
}
