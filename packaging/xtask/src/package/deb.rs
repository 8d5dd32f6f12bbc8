//! A package for Debian: a tree with `DEBIAN` in it, packed by dpkg-deb.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::contents::MAINTAINER;
use super::layout::{Forms, Package, Sort};
use super::program::{self, Problem};
use super::{Effort, Source, staging};

const SCRIPTS: [&str; 4] = ["preinst", "postinst", "prerm", "postrm"];

/// Makes `NAME_VERSION_ARCHITECTURE.deb` in `out`.
pub(super) fn make(
    source: &Source,
    package: &Package,
    work: &Path,
    out: &Path,
) -> Result<PathBuf, Problem> {
    let tree = work.join(format!("{}-deb", package.name));
    let entries = package.entries_for(Forms::Deb);
    staging::stage(&entries, &tree, source.epoch)?;

    let size = staging::size(&tree)?;
    let control = tree.join("DEBIAN");
    fs::create_dir(&control)?;
    fs::set_permissions(&control, fs::Permissions::from_mode(0o755))?;
    write(&control.join("control"), &fields(source, package, work, &tree, size)?, 0o644)?;
    let mut files: Vec<_> = entries.iter().map(|it| it.path.trim_start_matches('/')).collect();
    files.retain(|path| tree.join(path).is_file());
    let mut sums = Command::new("md5sum");
    let listed: Vec<_> = files.iter().filter(|path| !path.starts_with("etc/")).collect();
    let sums = program::text(sums.args(listed).current_dir(&tree))?;
    write(&control.join("md5sums"), &sums, 0o644)?;
    let kept = entries.iter().filter(|it| {
        matches!(it.sort, Sort::Configuration | Sort::GroupConfiguration)
            && files.contains(&it.path.trim_start_matches('/'))
    });
    let kept: String = kept.map(|it| format!("{}\n", it.path)).collect();
    if !kept.is_empty() {
        write(&control.join("conffiles"), &kept, 0o644)?;
    }
    if package.is_service {
        for script in SCRIPTS {
            let text = fs::read_to_string(source.root.join("packaging/package/deb").join(script))?;
            write(&control.join(script), &text, 0o755)?;
        }
    }

    let file = out.join(format!("{}_{}_{}.deb", package.name, source.version, architecture()?));
    let mut pack = Command::new("dpkg-deb");
    pack.env("SOURCE_DATE_EPOCH", source.epoch.to_string());
    // Several threads cut the data into other blocks.
    pack.args(["--root-owner-group", "--threads-max=1", "-Zxz"]);
    pack.arg(if source.effort == Effort::Most { "-z9" } else { "-z0" });
    program::bytes(pack.arg("--build").args([&tree, &file]))?;
    Ok(file)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Problem> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

fn fields(
    source: &Source,
    package: &Package,
    work: &Path,
    tree: &Path,
    size: u64,
) -> Result<String, Problem> {
    let mut depends = libraries(package, work, tree)?;
    if package.is_service {
        // Makes the user and the folders, and starts the service.
        depends.push_str(", systemd (>= 250)");
    }
    let mut fields = format!(
        "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: {MAINTAINER}\nInstalled-Size: {}\n\
         Depends: {depends}\n",
        package.name,
        source.version,
        architecture()?,
        size.div_ceil(1024),
    );
    if package.is_service {
        fields.push_str("Recommends: ca-certificates\nSuggests: jackfield-peers, postgresql\n");
    }
    fields.push_str("Section: net\nPriority: optional\n");
    fields.push_str(&format!("Description: {}\n", package.summary));
    for line in package.description {
        fields.push_str(&format!(" {line}\n"));
    }
    Ok(fields)
}

/// The packages with the libraries that the program is linked with, with the versions that it needs.
fn libraries(package: &Package, work: &Path, tree: &Path) -> Result<String, Problem> {
    let folder = work.join(format!("{}-libraries", package.name));
    fs::create_dir_all(folder.join("debian"))?;
    let any = format!("Source: {0}\n\nPackage: {0}\nArchitecture: any\n", package.name);
    fs::write(folder.join("debian/control"), any)?;
    let program = tree.join("usr/bin").join(package.program());
    let mut find = Command::new("dpkg-shlibdeps");
    find.args(["-O", "-e"]).arg(program).current_dir(&folder);
    let found = program::text(&mut find)?;
    let depends = found.trim().strip_prefix("shlibs:Depends=");
    Ok(depends.ok_or("dpkg-shlibdeps names no libraries")?.to_owned())
}

/// What Debian calls the machine that we build for.
fn architecture() -> Result<&'static str, Problem> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => Err(format!("no packages are made for {other}").into()),
    }
}
