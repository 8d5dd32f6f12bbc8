//! A package for systems with rpm: a tree and a specification, packed by rpmbuild.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::contents::{self, MAINTAINER};
use super::layout::{Body, Entry, Forms, Package, Sort};
use super::program::{self, Problem};
use super::{Effort, Source, staging};

const SCRIPTS: [&str; 4] = ["pre", "post", "preun", "postun"];

/// Files are packed as they are, without what rpmbuild would make of them, and nothing names the machine or
/// the time of the build.
const SETTINGS: &str = "\
%define _build_id_links none
%define debug_package %{nil}
%define __os_install_post %{nil}
%define _buildhost reproducible
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _docdir_fmt %{NAME}
";

/// Makes `NAME-VERSION-1.ARCHITECTURE.rpm` in `out`.
pub(super) fn make(
    source: &Source,
    package: &Package,
    work: &Path,
    out: &Path,
) -> Result<PathBuf, Problem> {
    let top = work.join(format!("{}-rpm", package.name));
    let tree = top.join("tree");
    let entries = package.entries_for(Forms::Rpm);
    staging::stage(&entries, &tree, source.epoch)?;
    let text = specification(source, package, &entries, &tree)?;
    let file = top.join(format!("{}.spec", package.name));
    fs::write(&file, text)?;

    let mut pack = Command::new("rpmbuild");
    // Macros of whoever builds have no say.
    pack.env("HOME", &top).env("SOURCE_DATE_EPOCH", source.epoch.to_string());
    pack.env("LC_ALL", "C.UTF-8");
    pack.args(["-bb", "--quiet", "--nodeps", "--dbpath"]).arg(top.join("db"));
    pack.arg("--define").arg(format!("_topdir {}", top.display()));
    pack.arg("--define").arg(format!("_rpmdir {}", out.display()));
    pack.args(["--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm"]);
    pack.args(["--target", &format!("{}-linux", std::env::consts::ARCH)]);
    program::bytes(pack.arg(&file))?;
    let name = format!("{}-{}-1.{}.rpm", package.name, source.version, std::env::consts::ARCH);
    Ok(out.join(name))
}

fn specification(
    source: &Source,
    package: &Package,
    entries: &[&Entry],
    tree: &Path,
) -> Result<String, Problem> {
    let mut text = String::from(SETTINGS);
    let effort = if source.effort == Effort::Most { "w19" } else { "w1" };
    writeln!(text, "%define _binary_payload {effort}.zstdio")?;
    writeln!(
        text,
        "Name: {}\nVersion: {}\nRelease: 1\nSummary: {}\nLicense: Apache-2.0\n\
         Group: System Environment/Daemons\nPackager: {MAINTAINER}\nVendor: Jackfield",
        package.name,
        source.version,
        capitalised(package.summary)
    )?;
    if package.is_service {
        writeln!(
            text,
            "Requires: systemd >= 250\nRequires(pre): systemd\nRequires(post): systemd"
        )?;
        writeln!(text, "Requires(preun): systemd\nRequires(postun): systemd")?;
        writeln!(text, "Recommends: ca-certificates")?;
    }
    writeln!(text, "\n%description\n{}", package.description.join("\n"))?;
    writeln!(
        text,
        "\n%install\nmkdir -p %{{buildroot}}\ncp -a {}/. %{{buildroot}}/",
        tree.display()
    )?;
    if package.is_service {
        let folder = source.root.join("packaging/package");
        let users = fs::read_to_string(folder.join("sysusers.conf"))?;
        for script in SCRIPTS {
            let lines = fs::read_to_string(folder.join("rpm").join(script))?;
            let lines = lines.replace("@SYSUSERS@", users.trim_end());
            writeln!(text, "\n%{script}\n{}", lines.trim_end())?;
        }
    }
    writeln!(text, "\n%files")?;
    for folder in folders(entries) {
        writeln!(text, "%dir %attr(0755,root,root) {folder}")?;
    }
    for entry in entries {
        writeln!(text, "{}", line(entry))?;
    }
    let date = contents::date(source.epoch, "+%a %b %d %Y")?;
    writeln!(
        text,
        "\n%changelog\n* {date} {MAINTAINER} - {}-1\n- See NEWS.md.gz for what changed.",
        source.version
    )?;
    Ok(text)
}

/// Sentences begin so where rpm is at home, and not so in Debian.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Folders that only this package has, those listed by themselves apart.
fn folders(entries: &[&Entry]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in entries {
        let above = Path::new(&entry.path).ancestors().skip(1);
        let own = above.filter(|folder| {
            folder.iter().any(|name| name.to_string_lossy().starts_with("jackfield"))
        });
        found.extend(own.map(|folder| folder.display().to_string()));
    }
    for entry in entries.iter().filter(|entry| matches!(entry.body, Body::Folder)) {
        found.remove(&entry.path);
    }
    found
}

fn line(entry: &Entry) -> String {
    let sort = match (entry.sort, &entry.body) {
        (_, Body::Folder) => "%dir ",
        (Sort::Plain, _) => "",
        (Sort::Configuration | Sort::GroupConfiguration, _) => "%config(noreplace) ",
        (Sort::Documentation, _) => "%doc ",
        (Sort::Licence, _) => "%license ",
    };
    let (mode, group) = match (entry.sort, &entry.body) {
        (Sort::GroupConfiguration, Body::Folder) => (0o750, "jackfield"),
        (Sort::GroupConfiguration, _) => (entry.mode, "jackfield"),
        _ => (entry.mode, "root"),
    };
    format!("{sort}%attr({mode:04o},root,{group}) {}", entry.path)
}
