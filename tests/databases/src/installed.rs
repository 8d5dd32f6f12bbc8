//! PostgreSQL as Debian installs it, and the user it runs as.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::must;

/// One folder for each version below.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The programs of the newest version, and who runs them.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    programs: PathBuf,
    /// User and group; none where we are no administrator and run them ourselves.
    user: Option<(u32, u32)>,
}

impl Installed {
    /// Says why where there is none.
    #[expect(clippy::print_stdout, reason = "a test that is left out says so where people look")]
    pub(crate) fn find() -> Option<Self> {
        let Some(programs) = newest(Path::new(VERSIONS)) else {
            println!("left out: PostgreSQL is not installed; install postgresql");
            return None;
        };
        // The server refuses to run as an administrator.
        let user = rustix::process::geteuid().is_root().then(|| {
            let users = std::fs::read_to_string("/etc/passwd");
            let users = must("reading who PostgreSQL can run as", users);
            let found = user(&users, "postgres").or_else(|| user(&users, "nobody"));
            must("running PostgreSQL", found.ok_or("there is neither a user postgres nor nobody"))
        });
        Some(Self { programs, user })
    }

    /// One of the programs, to be run as the user PostgreSQL runs as, apart from signals that somebody
    /// types at the test.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.process_group(0).current_dir("/").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        for variable in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGOPTIONS"] {
            command.env_remove(variable);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file or folder to the user PostgreSQL runs as.
    pub(crate) fn give(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            must("giving a folder to PostgreSQL", chown(path, Some(user), Some(group)));
        }
    }

    /// Runs to its end and gives what it printed.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        must(program, self.try_run(program, arguments))
    }

    pub(crate) fn try_run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(program).args(arguments).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let found = std::fs::read_dir(versions).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs.join("postgres").is_file().then_some((version, programs))
    });
    found.max().map(|(_, programs)| programs)
}

fn user(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "postgres2:x:1:2::/:/bin/sh\npostgres:x:101:104:PostgreSQL,,,:/var:/bin/sh\n";
        assert_eq!(user(users, "postgres"), Some((101, 104)));
        assert_eq!(user(users, "nobody"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let folder = std::env::temp_dir().join(format!("databases-{}", std::process::id()));
        for version in ["9", "15", "17-broken"] {
            let programs = folder.join(version).join("bin");
            std::fs::create_dir_all(&programs).unwrap();
            std::fs::write(programs.join("postgres"), "").unwrap();
        }
        assert_eq!(newest(&folder), Some(folder.join("15/bin")));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(newest(&folder), None);
    }
}
