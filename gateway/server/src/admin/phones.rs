//! What has to stand in a phone's device file, for whoever writes it by hand or with a tool.

use std::net::IpAddr;

use console::Failure;
use domain::DeviceName;
use domain::settings::Reader;
use protocols::device_file;
use serde_json::{Value, json};

use crate::node::Shared;

/// Which phone, and from where it asks.
pub(super) struct Asked {
    device: DeviceName,
    address: Option<IpAddr>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Asked> {
    let address = reader.parsed("address");
    Some(Asked { device: reader.required("device")?, address })
}

/// The elements, a line each.
pub(super) fn config(shared: &Shared, asked: &Asked) -> Result<Value, Failure> {
    let Asked { device, address } = asked;
    let Some(elements) = shared.phone_elements.of(device, *address) else {
        let message = format!("the settings have no device {device}; `devices` lists them");
        return Err(Failure::new("not_found", message));
    };
    let mut text = String::new();
    for (name, value) in &elements {
        if !device_file::is_writable(value) {
            let message = format!("what belongs into {name} is too long for a phone: {value}");
            return Err(Failure::new("unavailable", message));
        }
        text.push_str(&device_file::line(name, value));
        text.push('\n');
    }
    Ok(json!({"text": text}))
}
