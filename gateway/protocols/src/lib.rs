//! Bytes to messages and back, and the conversations they form.
//!
//! Pure: no runtime, no sockets, no clock, no log. Every codec is total and bounded; its limits
//! have names, its fuzz target is a plain function that the tests run over a kept corpus.

mod calendar;
pub mod clamd;
pub mod cti;
pub mod device_file;
pub mod finesse;
pub mod headset;
pub mod jose;
pub mod journal;
pub mod ldap;
pub mod mail;
pub mod oauth;
pub mod phone_xml;
pub mod saml;
pub mod sip;
pub mod syslog;
pub mod tftp;
