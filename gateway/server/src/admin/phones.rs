//! What has to stand in a phone's device file, for whoever writes it by hand or with a tool.

use std::net::IpAddr;

use console::Failure;
use domain::DeviceName;
use domain::settings::{Headset, HeadsetProof, Reader};
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
    let has_handle = elements.iter().any(|(name, _)| *name == "discoveryURL");
    let note = has_handle.then(|| note(&shared.engine.settings().headset, *address)).flatten();
    Ok(json!({"text": text, "note": note}))
}

/// What whoever handles the elements has to know, where a secret is among them.
fn note(headset: &Headset, address: Option<IpAddr>) -> Option<String> {
    if !headset.proof.contains(&HeadsetProof::Token) {
        return None;
    }
    let from = match address {
        Some(address) => format!("from {address} alone"),
        None => "from the address that the phone registers from over SIP".to_owned(),
    };
    Some(format!(
        "discoveryURL holds a secret of this phone, by which it proves to the headset service who it \
         is; it is good for {} days (headset.handle_days), {from}, and another \
         headset.token_generation makes it void",
        headset.handle_days
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hst_11_a_secret_among_the_elements_is_told_with_how_long_it_lasts_and_what_voids_it() {
        let mut headset = Headset { handle_days: 30, ..Headset::default() };
        let told = note(&headset, None).unwrap();
        for part in ["secret of this phone", "30 days", "registers from", "token_generation"] {
            assert!(told.contains(part), "{told}");
        }
        let bound = note(&headset, Some([192, 0, 2, 7].into())).unwrap();
        assert!(bound.contains("from 192.0.2.7 alone"), "{bound}");
        headset.proof = vec![HeadsetProof::Certificate];
        assert_eq!(note(&headset, None), None);
    }
}
