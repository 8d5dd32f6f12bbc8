//! Sample mails for each trap that mail in life sets, hostile HTML, and bytes that hold nothing together.

mod bodies;
mod files;
mod headers;
mod hostile;
mod html;
mod html_hostile;
mod reports;
mod threads;

use std::collections::BTreeMap;

use super::*;

/// Reads a mail written with bare line ends.
fn read_text(mail: &str) -> Read {
    read(mail.replace('\n', "\r\n").as_bytes(), &options())
}

fn options() -> ReadOptions {
    ReadOptions {
        authentication_server_id: Some("mx.example.org".to_owned()),
        own_addresses: vec!["service@example.org".to_owned(), "help@example.org".to_owned()],
        is_cut: false,
    }
}

fn named(name: &str, address: &str) -> Address {
    Address { name: name.to_owned(), address: address.to_owned() }
}
