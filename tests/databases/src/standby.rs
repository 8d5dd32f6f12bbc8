//! A server that follows another and can take its place.

use std::path::Path;

use crate::failure::must;
use crate::folder::Folder;
use crate::proxy::{Mode, Proxy};
use crate::server::{Server, append};
use crate::waiting::eventually;

/// Follows a server through a proxy of its own, so that it can be made to fall behind. What it has not
/// received when the other dies is the lost tail.
#[derive(Debug)]
pub struct Standby {
    // The proxy goes last, or the standby would complain to its end.
    server: Server,
    link: Proxy,
    name: String,
}

impl Standby {
    /// A copy of `primary`, running and following it; `name` is what it is called there.
    pub fn of(primary: &Server, name: &str) -> Self {
        let installed = primary.installed().clone();
        let folder = Folder::create(&installed, None);
        let data = folder.data().display().to_string();
        let host = primary.host().display().to_string();
        let copy = ["-D", &data, "-h", &host, "-U", "postgres", "-c", "fast", "-X", "stream", "-N"];
        installed.run("pg_basebackup", &copy);
        let link = Proxy::to(primary);
        let address = link.address();
        // It has no settings of the other one that were made while that ran: of whom it waits, above all.
        let settings = format!(
            "primary_conninfo = 'host={} port={} user=postgres application_name={name}'\n\
             wal_retrieve_retry_interval = '100ms'\nwal_receiver_timeout = '5s'\n",
            address.ip(),
            address.port()
        );
        write(&folder.data().join("postgresql.auto.conf"), "");
        append(&folder.data().join("postgresql.auto.conf"), &settings);
        write(&folder.data().join("standby.signal"), "");
        installed.give(&folder.data().join("standby.signal"));
        let server = Server::in_folder(installed, folder);
        server.start_again();
        let standby = Self { server, link, name: name.to_owned() };
        standby.wait_until_following(primary, "streaming");
        standby
    }

    /// The server, which only answers what changes nothing until it is promoted.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// From now on what `primary` acknowledges is here too.
    pub fn make_synchronous(&self, primary: &Server) {
        primary.set("synchronous_standby_names", &self.name);
        let sql = format!(
            "SELECT sync_state FROM pg_stat_replication WHERE application_name = '{}'",
            self.name
        );
        eventually("a synchronous standby", || {
            (primary.sql("postgres", &sql) == "sync").then_some(())
        });
    }

    /// Nothing reaches it any more, and the other does not learn that.
    pub fn fall_behind(&self) {
        self.link.set(Mode::Hold);
    }

    /// What was held back reaches it.
    pub fn catch_up(&self) {
        self.link.set(Mode::Pass);
    }

    /// Waits until everything that `primary` wrote so far can be read here.
    pub fn wait_for_all_of(&self, primary: &Server) {
        let written = primary.sql("postgres", "SELECT pg_current_wal_lsn()");
        let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn");
        eventually("the standby", || (self.server.sql("postgres", &sql) == "t").then_some(()));
    }

    /// Cuts it from the server it follows, whatever is under way, and makes it one of its own.
    pub fn promote(&self) {
        self.link.set(Mode::Refuse);
        self.server.sql("postgres", "SELECT pg_promote(true, 60)");
        eventually("the end of recovery", || {
            (self.server.sql("postgres", "SELECT pg_is_in_recovery()") == "f").then_some(())
        });
    }

    fn wait_until_following(&self, primary: &Server, state: &str) {
        let sql = format!(
            "SELECT state FROM pg_stat_replication WHERE application_name = '{}'",
            self.name
        );
        eventually("a standby that follows", || {
            (primary.sql("postgres", &sql) == state).then_some(())
        });
    }
}

/// Overwrites a file or makes it.
fn write(file: &Path, text: &str) {
    must("configuring a standby", std::fs::write(file, text));
}

#[cfg(test)]
mod tests;
