//! What is made for a package: the stripped program, its manual pages and completions, its changelog.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::Source;
use super::layout::{Body, Entry, Forms, Package, Sort};
use super::program::{self, Problem};

/// Who packs, where a form asks for it. The domain is reserved, so that nobody's mail goes astray.
pub(super) const MAINTAINER: &str = "Jackfield packages <packages@jackfield.example>";

/// Shells that packages complete commands in: how the program calls them, where scripts go.
const COMPLETIONS: [(&str, &str, Forms); 4] = [
    ("bash", "/usr/share/bash-completion/completions/jackfield", Forms::Both),
    ("fish", "/usr/share/fish/vendor_completions.d/jackfield.fish", Forms::Both),
    ("zsh", "/usr/share/zsh/vendor-completions/_jackfield", Forms::Deb),
    ("zsh", "/usr/share/zsh/site-functions/_jackfield", Forms::Rpm),
];

/// Adds all of it.
pub(super) fn add(source: &Source, package: &mut Package, work: &Path) -> Result<(), Problem> {
    let name = package.program();
    let built = source.programs.join(name);
    if !built.is_file() {
        return Err(format!("{} is not built", built.display()).into());
    }
    let stripped = work.join(name);
    fs::copy(&built, &stripped)?;
    fs::set_permissions(&stripped, fs::Permissions::from_mode(0o755))?;
    let mut strip = Command::new("strip");
    strip.args(["--strip-unneeded", "--remove-section=.comment", "--remove-section=.note"]);
    program::run(strip.arg(&stripped))?;
    package.entries.push(Entry {
        path: format!("/usr/bin/{name}"),
        body: Body::File(stripped),
        mode: 0o755,
        sort: Sort::Plain,
        forms: Forms::Both,
    });

    manual_pages(package, &built, work)?;
    if package.is_service {
        for (shell, path, forms) in COMPLETIONS {
            let script = program::bytes(Command::new(&built).args(["completions", shell]))?;
            package.push(path, Body::Bytes(script), Sort::Plain, forms);
        }
        let mut configuration =
            fs::read_to_string(source.root.join("packaging/package/jackfield.toml"))?;
        configuration.push_str(&source.more_configuration);
        package.entries.push(Entry {
            path: "/etc/jackfield/jackfield.toml".into(),
            body: Body::Bytes(configuration.into_bytes()),
            mode: 0o640,
            sort: Sort::GroupConfiguration,
            forms: Forms::Both,
        });
    }

    let changes = gzip(&fs::read(source.root.join("CHANGELOG.md"))?)?;
    let path = format!("/usr/share/doc/{name}/NEWS.md.gz");
    package.push(&path, Body::Bytes(changes), Sort::Documentation, Forms::Both);
    let changelog = gzip(changelog(source, name)?.as_bytes())?;
    let path = format!("/usr/share/doc/{name}/changelog.gz");
    package.push(&path, Body::Bytes(changelog), Sort::Documentation, Forms::Deb);
    Ok(())
}

/// One page for each command.
fn manual_pages(package: &mut Package, built: &Path, work: &Path) -> Result<(), Problem> {
    let folder = work.join(format!("{}-manual", package.name));
    fs::create_dir_all(&folder)?;
    program::run(Command::new(built).arg("manual-pages").arg(&folder))?;
    for each in fs::read_dir(&folder)? {
        let each = each?;
        let page = gzip(&fs::read(each.path())?)?;
        let path = format!("/usr/share/man/man1/{}.gz", each.file_name().to_string_lossy());
        package.push(&path, Body::Bytes(page), Sort::Documentation, Forms::Both);
    }
    Ok(())
}

/// The changelog in the form that Debian's tools read: what changed for people is in NEWS.
fn changelog(source: &Source, name: &str) -> Result<String, Problem> {
    let date = date(source.epoch, "+%a, %d %b %Y %H:%M:%S +0000")?;
    Ok(format!(
        "{name} ({}) stable; urgency=medium\n\n  * See NEWS.md.gz for what changed.\n\n -- {MAINTAINER}  {date}\n",
        source.version
    ))
}

/// A date as `date` writes it.
pub(super) fn date(epoch: u64, form: &str) -> Result<String, Problem> {
    let mut date = Command::new("date");
    date.env("LC_ALL", "C").args(["-u", "-d", &format!("@{epoch}"), form]);
    Ok(program::text(&mut date)?.trim().to_owned())
}

/// Compressed, without a name and a time.
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    program::filtered(Command::new("gzip").arg("-9nc"), bytes)
}
