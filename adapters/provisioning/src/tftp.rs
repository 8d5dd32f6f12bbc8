//! TFTP: what phones load files by where they do not use HTTP.

mod limits;

pub use limits::TftpLimits;
