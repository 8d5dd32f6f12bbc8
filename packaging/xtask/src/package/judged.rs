//! Judges of packages: the same bytes twice, and what lintian and rpmlint say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::program::Problem;
use super::{Made, Source, make, sbom};
use crate::setup;
use crate::workspace::Workspace;

/// What was judged, and whether it passed.
pub(crate) type Verdict = (&'static str, bool);

/// Makes the packages of `source` twice, in folders of different names, and has them judged.
pub(crate) fn judge(workspace: &Workspace, source: &Source) -> Result<Vec<Verdict>, Problem> {
    let folder = workspace.target_directory.join("package-judged");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let made = make(source, &folder.join("work"), &folder.join("once"))?;
    let again = make(source, &folder.join("another/work-place"), &folder.join("again"))?;
    let mut same = true;
    for (one, other) in made.all().zip(again.all()) {
        let (one_sum, other_sum) = (sbom::sha256_of(one)?, sbom::sha256_of(other)?);
        println!("{}: sha256 {one_sum}", one.display());
        if one_sum != other_sum {
            println!("{} has {other_sum}", other.display());
            same = false;
        }
    }
    let verdicts = vec![
        ("the same program gives the same packages", same),
        ("lintian finds nothing", lintian(&made)?),
        ("rpmlint finds nothing", rpmlint(&source.root, &made)?),
        ("rpm reads its packages", rpm(&made)?),
    ];
    for (what, passed) in &verdicts {
        println!("{what}: {}", if *passed { "yes" } else { "NO" });
    }
    fs::remove_dir_all(&folder)?;
    Ok(verdicts)
}

/// As another user where we are root, which lintian warns of; in a place where that user may read.
fn lintian(made: &Made) -> Result<bool, Problem> {
    let folder = std::env::temp_dir().join(format!("jackfield-lintian-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    let is_root = rustix::process::geteuid().is_root();
    let mut command = Command::new(if is_root { "runuser" } else { "lintian" });
    if is_root {
        command.args(["-u", "nobody", "--", "lintian"]);
    }
    command.args(["--fail-on", "error,warning", "--pedantic"]).env("HOME", &folder);
    for file in &made.deb {
        let name = file.file_name().ok_or("a package without a name")?;
        let copy = folder.join(name);
        fs::copy(file, &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644))?;
        command.arg(copy);
    }
    let passed = passes(&mut command);
    fs::remove_dir_all(&folder)?;
    passed
}

/// All at once: a filter that no package needs any more is an error too.
fn rpmlint(root: &Path, made: &Made) -> Result<bool, Problem> {
    let filters = root.join("packaging/package/rpm/rpmlintrc");
    passes(Command::new("rpmlint").args(["--strict", "-r"]).arg(filters).args(&made.rpm))
}

fn rpm(made: &Made) -> Result<bool, Problem> {
    passes(Command::new("rpm").args(["--checksig", "--nosignature"]).args(&made.rpm))
}

fn passes(command: &mut Command) -> Result<bool, Problem> {
    command.env("PATH", setup::search_path()).stdin(Stdio::null());
    Ok(command.status()?.success())
}
