//! The system's accounts that the servers run as.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

/// An account without rights, and the one that Debian's package makes for Postfix.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    /// The name of nobody's group, which differs between systems.
    pub(super) nobody_group: String,
    nobody: (u32, u32),
    postfix: (u32, u32),
}

impl Accounts {
    /// As this system has them.
    pub(super) fn read() -> Result<Self, String> {
        let read =
            |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let (users, groups) = (read("/etc/passwd")?, read("/etc/group")?);
        let account = |name: &str| {
            let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
            let found = fields.into_iter().find_map(|fields| match fields.as_slice() {
                [user, _, uid, gid, ..] if *user == name => {
                    Some((uid.parse().ok()?, gid.parse().ok()?))
                }
                _ => None,
            });
            found.ok_or_else(|| format!("this system has no account {name}"))
        };
        let nobody: (u32, u32) = account("nobody")?;
        let group = groups.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let number: u32 = fields.get(2)?.parse().ok()?;
            fields.first().filter(|_| number == nobody.1).map(|name| (*name).to_owned())
        });
        let nobody_group = group.ok_or("the group of nobody has no name")?;
        Ok(Self { nobody_group, nobody, postfix: account("postfix")? })
    }

    pub(super) fn give_to_nobody(&self, path: &Path) -> Result<(), String> {
        give(path, self.nobody)
    }

    pub(super) fn give_to_postfix(&self, path: &Path) -> Result<(), String> {
        give(path, self.postfix)
    }
}

fn give(path: &Path, (user, group): (u32, u32)) -> Result<(), String> {
    chown(path, Some(user), Some(group)).map_err(|error| format!("{}: {error}", path.display()))
}

/// The servers give their rights up: each of them must be able to enter the folder nevertheless.
pub(super) fn check_open(folder: &Path) -> Result<(), String> {
    for path in folder.ancestors() {
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        let mode = fs::metadata(path).map_err(named)?.permissions().mode();
        if mode & 0o001 == 0 {
            return Err(format!(
                "{}: the servers run as nobody and postfix, which may not enter it; choose another \
                 folder or allow it with chmod o+x",
                path.display()
            ));
        }
    }
    Ok(())
}
