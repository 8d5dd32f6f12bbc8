//! Directories and systems that know users and teams: LDAP, Finesse, files.
//!
//! ```text
//!   Directory --Prepared (filters parsed, TLS made)--> Connection --> bind, search, pages
//!   import: Finesse, CSV --> what to set in present settings --> a plan, by whoever asked
//!   Keeper: directories follow the settings; agents are taken over under a lease (CTI-08)
//!   Directories: who signs in is proven by the directory, who refused us is left alone (OPS-10)
//! ```
//!
//! Who owns what: [`Directories`] owns what is known of each directory's own account; a connection
//! belongs to whoever opened it and asks one thing at a time. What a directory says
//! of its own agents changes them by itself, within limits; anything else only when somebody asks for it.

mod authenticate;
mod configuration;
mod connection;
mod groups;
pub mod import;
mod keeper;
mod standing;
mod sync;
mod trouble;

pub use authenticate::{AccountFault, Answer, Directories, Identified, Proven, Refusal};
pub use configuration::{
    DEFAULT_GROUP_FILTER, DEFAULT_USER_FILTER, Directory, Groups, HOSTS_MAX, Host, Prepared,
    Security,
};
pub use keeper::Keeper;
pub use sync::{ENTRIES_MAX, Row, SyncReport, SyncResult};
pub use trouble::Trouble;
