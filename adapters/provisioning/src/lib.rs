//! What phones load before they register: device files and all else of one folder, over TFTP and HTTP.
//!
//! ```text
//!   phone --TFTP 69--> tftp --.
//!                              +--open(source, name, by)--> Files --> ServedFile, or NotServed
//!   phone --HTTP 6970, 6971 --'
//! ```
//!
//! Nothing here writes. Nobody proves who they are: whoever may load a file is decided by networks alone, as
//! with every server of this kind, so what is served must hold no secret that another phone may not have.

mod files;
mod folder;
mod http;
mod noted;
mod readers;
mod stamp;
mod tftp;
mod time;

pub use files::{Files, NotServed, ServedFile, Via};
pub use folder::{DEFAULT_FILE, DEVICE_NAME, Elements, FolderFiles};
pub use http::Provisioning;
pub use noted::NotedFiles;
pub use tftp::{TftpLimits, serve};
