//! The private PostgreSQL of a demo of several nodes, from Debian's package.
//!
//! ```text
//!   made once (initdb) -> started --answers--> database made once -> stopped with the demo
//! ```
//!
//! It listens on a Unix socket alone, in a folder of its own with a short path. A shell stands between
//! us and the server: it holds our pipe and stops the server when that ends, however we end. The server
//! refuses to run as root; it runs as the package's own user then.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};

use super::{Folder, random};
use crate::node::NodeError;

/// Where Debian installs the versions of the server.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Its user and group, made by the package.
const USER: &str = "postgres";
/// Where its data goes when that user cannot enter the demo's folder, as below /root.
const ELSEWHERE: &str = "/var/tmp";
/// The role that nodes connect as.
const ROLE: &str = "jackfield";
/// How long it may take to answer, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the server of a demo that was killed may take to end.
const FORMER_PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// `$1` is the folder of the socket, the rest the server with its arguments. SIGINT ends connections
/// and then the server.
const GUARD: &str = r#"
sockets=$1; shift
exec 3<&0
"$@" 3<&- &
server=$!
(read -r line <&3; kill -INT "$server") &
guard=$!
exec 3<&-
wait "$server"; code=$?
kill "$guard" 2>/dev/null
rmdir "$sockets" 2>/dev/null
exit "$code"
"#;

/// Who the server runs as, where that is not we.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner {
    user: u32,
    group: u32,
}

/// A private server.
pub(super) struct Database {
    programs: PathBuf,
    data: PathBuf,
    sockets: PathBuf,
    log: PathBuf,
    owner: Option<Owner>,
    running: Option<(Child, Option<ChildStdin>)>,
}

impl Database {
    /// Makes what is not there yet; nothing runs when this returns.
    pub(super) async fn prepare(folder: &Folder) -> Result<Self, NodeError> {
        let owner = owner()?;
        let place = place(folder, owner).await?;
        let data = place.join("data");
        let programs = programs(&data)?;
        let sockets = PathBuf::from(format!("/tmp/jackfield-{}", random()?));
        let log = folder.file("postgresql.log");
        let database = Self { programs, data, sockets, log, owner, running: None };
        if !database.data.exists() {
            database.make(&place).await?;
        }
        Ok(database)
    }

    /// The URL of its database of that name.
    pub(super) fn url(&self, name: &str) -> String {
        format!("postgresql:///{name}?host={}&user={ROLE}", self.sockets.display())
    }

    /// Starts the server; when this returns, it answers and has a database of that name.
    pub(super) async fn start(&mut self, name: &str) -> Result<(), NodeError> {
        let told = |why: String| NodeError::Database { why };
        self.until_the_one_before_ended().await;
        // One that was killed leaves its socket there.
        let _ = std::fs::remove_dir_all(&self.sockets);
        make_private(&self.sockets, self.owner)
            .map_err(|error| told(format!("{}: {error}", self.sockets.display())))?;
        let log = private_log(&self.log)
            .map_err(|error| told(format!("{}: {error}", self.log.display())))?;
        let mut command = self.as_owner("/bin/sh");
        command.args(["-c", GUARD, "sh"]).arg(&self.sockets).arg(self.programs.join("postgres"));
        command.arg("-D").arg(&self.data).arg("-k").arg(&self.sockets);
        command.args(["-c", "listen_addresses=", "-c", "logging_collector=off"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        // A Ctrl-C at the terminal reaches it through us, once its nodes have ended.
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| told(error.to_string()))?;
        let input = child.stdin.take();
        self.running = Some((child, input));
        match timeout(PATIENCE, self.answers(name)).await {
            Ok(answers) => answers,
            Err(_) => Err(told(self.see_log("it does not answer"))),
        }
    }

    /// Where a demo was killed, its server may be ending still. What a crash of the machine left is
    /// the server's to judge.
    async fn until_the_one_before_ended(&self) {
        let file = self.data.join("postmaster.pid");
        let gone = async {
            while file.exists() {
                sleep(LOOK_EVERY).await;
            }
        };
        let _ = timeout(FORMER_PATIENCE, gone).await;
    }

    /// Whether it ended, and how; told once.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.running.as_mut()?.0.try_wait().ok()??;
        self.running = None;
        Some(status)
    }

    /// Whether it runs.
    pub(super) fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// Stops it, and waits until it is gone.
    pub(super) async fn stop(&mut self) {
        let Some((mut child, input)) = self.running.take() else { return };
        drop(input);
        if timeout(PATIENCE, child.wait()).await.is_err() {
            let log = self.log.display();
            tracing::warn!(%log, "the demo's database does not stop; it is left to itself");
        }
    }

    /// Waits until it answers, then makes the database where it is not there.
    async fn answers(&mut self, name: &str) -> Result<(), NodeError> {
        while !self.client("pg_isready", &["-q"]).await? {
            if self.ended().is_some() {
                return Err(NodeError::Database { why: self.see_log("it ended at once") });
            }
            sleep(LOOK_EVERY).await;
        }
        if self.client("psql", &["-q", "-d", name, "-c", ""]).await?
            || self.client("createdb", &[name]).await?
        {
            return Ok(());
        }
        Err(NodeError::Database { why: self.see_log("no database can be made in it") })
    }

    /// Runs a client's program silently; whether it was successful.
    async fn client(&self, program: &str, arguments: &[&str]) -> Result<bool, NodeError> {
        let mut command = self.as_owner(self.programs.join(program));
        command.arg("-h").arg(&self.sockets).args(["-U", ROLE]).args(arguments);
        let status = silent(&mut command).status().await;
        let why = |error| NodeError::Database { why: format!("{program}: {error}") };
        Ok(status.map_err(why)?.success())
    }

    /// Makes its files, whole or not at all.
    async fn make(&self, place: &Path) -> Result<(), NodeError> {
        tracing::info!(folder = %place.display(), "making the demo's database, once");
        let told = |why: String| NodeError::Database { why };
        let new = place.join("new");
        if new.exists() {
            std::fs::remove_dir_all(&new)
                .map_err(|error| told(format!("{}: {error}", new.display())))?;
        }
        let mut command = self.as_owner(self.programs.join("initdb"));
        command.arg("-D").arg(&new).args(["-U", ROLE, "-A", "trust", "-E", "UTF8", "-N"]);
        command.args(["--locale=C.UTF-8"]).current_dir(place);
        let output = command.stdin(Stdio::null()).output().await;
        let output = output.map_err(|error| told(format!("initdb: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(told(format!("initdb ended with {}: {}", output.status, said.trim())));
        }
        std::fs::rename(&new, &self.data)
            .map_err(|error| told(format!("{}: {error}", self.data.display())))
    }

    fn as_owner(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        run_as(&mut command, self.owner);
        command.current_dir("/").kill_on_drop(false);
        command
    }

    fn see_log(&self, what: &str) -> String {
        format!("{what}; its log is {}", self.log.display())
    }
}

fn run_as(command: &mut Command, owner: Option<Owner>) {
    if let Some(Owner { user, group }) = owner {
        command.uid(user).gid(group);
    }
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// A folder of its own for the server; where its user cannot enter the demo's folder, a link to one.
async fn place(folder: &Folder, owner: Option<Owner>) -> Result<PathBuf, NodeError> {
    let link = folder.file("postgresql");
    let unmade = |source| NodeError::Folder { path: link.clone(), source };
    if !link.exists() {
        // A link that leads nowhere is of a folder that was cleaned away.
        let _ = std::fs::remove_file(&link);
        let Some(owner) = owner else {
            make_private(&link, None).map_err(unmade)?;
            return Ok(link);
        };
        open_to_group(&folder.path, owner).map_err(unmade)?;
        let mut enter = Command::new("/usr/bin/test");
        run_as(enter.arg("-x").arg(&folder.path), Some(owner));
        if silent(&mut enter).status().await.is_ok_and(|status| status.success()) {
            make_private(&link, Some(owner)).map_err(unmade)?;
        } else {
            let elsewhere = Path::new(ELSEWHERE).join(format!("jackfield-demo-{}", random()?));
            make_private(&elsewhere, Some(owner)).map_err(unmade)?;
            symlink(&elsewhere, &link).map_err(unmade)?;
        }
    }
    std::fs::canonicalize(&link).map_err(unmade)
}

/// Lets the server's group pass through a folder, and nobody else.
fn open_to_group(folder: &Path, owner: Owner) -> io::Result<()> {
    chown(folder, None, Some(owner.group))?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o710))
}

/// A new folder that its owner alone may enter.
fn make_private(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    match owner {
        Some(Owner { user, group }) => chown(path, Some(user), Some(group)),
        None => Ok(()),
    }
}

fn private_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

/// Who the server runs as where we are root.
fn owner() -> Result<Option<Owner>, NodeError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    match find_owner(&users) {
        Some(owner) => Ok(Some(owner)),
        None => Err(missing()),
    }
}

fn find_owner(users: &str) -> Option<Owner> {
    let mut fields = users.lines().map(|line| line.split(':'));
    let mut found = fields.find_map(|mut line| (line.next() == Some(USER)).then_some(line))?;
    let user = found.nth(1)?.parse().ok()?;
    let group = found.next()?.parse().ok()?;
    Some(Owner { user, group })
}

/// The programs of the version that made `data`; of the newest one where nothing is made yet.
fn programs(data: &Path) -> Result<PathBuf, NodeError> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let versions = versions.filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok());
    let of = |version: u32| Path::new(VERSIONS).join(version.to_string()).join("bin");
    let mut versions: Vec<_> =
        versions.filter(|version| of(*version).join("postgres").exists()).collect();
    versions.sort_unstable();
    let made_by = std::fs::read_to_string(data.join("PG_VERSION")).ok();
    match made_by.map(|text| text.trim().to_owned()) {
        Some(made_by) => {
            let found = versions.iter().find(|version| version.to_string() == made_by);
            found.map(|version| of(*version)).ok_or_else(|| NodeError::Database {
                why: format!(
                    "{} was made by version {made_by}, which is not installed: install Debian's \
                     package postgresql-{made_by}, or choose another folder with --dir",
                    data.display()
                ),
            })
        }
        None => versions.last().map(|version| of(*version)).ok_or_else(missing),
    }
}

fn missing() -> NodeError {
    NodeError::Database {
        why: "PostgreSQL is missing: install Debian's package postgresql (apt-get install postgresql, \
              as root), or start the demo with one node"
            .to_owned(),
    }
}

/// Removes the socket's folder, should the server not have been there to do so.
impl Drop for Database {
    fn drop(&mut self) {
        if self.running.is_none() {
            let _ = std::fs::remove_dir_all(&self.sockets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret_file::{self, make_folder};
    use crate::temporary;

    #[test]
    fn the_servers_user_is_found() {
        let users = "root:x:0:0:root:/root:/bin/bash\n\
                     postgresql:x:7:8::/:/bin/sh\n\
                     postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_owner(users), Some(Owner { user: 101, group: 104 }));
        assert_eq!(find_owner("root:x:0:0:root:/root:/bin/bash\n"), None);
    }

    #[test]
    fn a_database_of_a_version_that_is_gone_names_the_package() {
        let folder = temporary::Folder::new();
        let data = folder.path().join("data");
        make_folder(&data).unwrap();
        secret_file::write(&data.join("PG_VERSION"), b"8\n").unwrap();
        let error = programs(&data).unwrap_err().to_string();
        assert!(error.contains("package postgresql-8"), "{error}");
    }
}
