//! Which phone an agent uses, where a server's events name it (the guide's `ActiveTerminal`,
//! `AgentInstrument` and device id types).

use domain::DeviceName;
use protocols::cti::{Connection, Device, DeviceType, Event};

/// Hexadecimal digits of a hardware address.
const ADDRESS_DIGITS: usize = 12;

/// The phone that states name: the terminal in use, else an instrument that is a phone's name. An
/// instrument may be a line or a port as well, a terminal is a device always.
pub(super) fn of_state(terminal: Option<&str>, instrument: Option<&str>) -> Option<DeviceName> {
    let terminal = terminal.and_then(|it| desk_phone(it).or_else(|| it.parse().ok()));
    terminal.or_else(|| instrument.and_then(desk_phone))
}

/// The line whose own connection in a call an event is about, and the phone that it is at.
pub(crate) fn phone_of_call(event: &Event) -> Option<(&str, DeviceName)> {
    let (connection, device): (&Connection, &Device) = match event {
        Event::CallDelivered(it) => (&it.connection, &it.alerting),
        Event::CallOriginated(it) => (&it.connection, &it.calling),
        Event::CallServiceInitiated(it) => (&it.connection, &it.calling),
        Event::CallEstablished(it) => (&it.connection, &it.answering),
        Event::CallHeld(it) | Event::CallRetrieved(it) => (&it.connection, &it.device),
        _ => return None,
    };
    if device.kind != DeviceType::PhoneAddress {
        return None;
    }
    let id = device.id.as_deref()?;
    let phone = desk_phone(id).or_else(|| desk_phone(&format!("SEP{id}")))?;
    Some((connection.device_id.as_deref()?, phone))
}

/// A text that is the name of a desk phone: `SEP` and a hardware address, which phones write in
/// capitals.
fn desk_phone(text: &str) -> Option<DeviceName> {
    let address = text.get(..3).filter(|it| it.eq_ignore_ascii_case("SEP")).and(text.get(3..))?;
    let is_address = address.len() == ADDRESS_DIGITS
        && address.chars().all(|character| character.is_ascii_hexdigit());
    is_address.then(|| text.to_ascii_uppercase().parse().ok())?
}

#[cfg(test)]
mod tests {
    use protocols::cti::{CallDeviceEvent, CallEstablishedEvent, ConnectionDeviceType};

    use super::*;

    fn named(device: Option<DeviceName>) -> Option<String> {
        device.map(|it| it.as_str().to_owned())
    }

    #[test]
    fn hst_09_the_terminal_in_use_counts_for_more_than_the_instrument() {
        let phone = |text: &str| Some(text.to_owned());
        for (terminal, instrument, expected) in [
            (Some("SEP0011223344AA"), Some("SEP0011223344BB"), phone("SEP0011223344AA")),
            (Some("sep0011223344aa"), None, phone("SEP0011223344AA")),
            // Not every device is a desk phone.
            (Some("CSFJONES"), None, phone("CSFJONES")),
            (None, Some("Sep0011223344bb"), phone("SEP0011223344BB")),
            (Some("no device"), Some("SEP0011223344BB"), phone("SEP0011223344BB")),
            (None, Some("2001"), None),
            (None, Some("2002;5559876"), None),
            (None, Some("SEP0011223344"), None),
            (None, Some("SEP0011223344XY"), None),
            (None, Some("é"), None),
            (None, None, None),
        ] {
            assert_eq!(
                named(of_state(terminal, instrument)),
                expected,
                "{terminal:?} {instrument:?}"
            );
        }
    }

    #[test]
    fn hst_09_a_call_names_the_phone_of_its_own_connection_alone() {
        let connection = |device: Option<&str>| Connection {
            call_id: 7,
            device_type: ConnectionDeviceType::Static,
            device_id: device.map(Into::into),
        };
        let device = |kind, id: &str| Device { kind, id: Some(id.into()) };
        let held = |kind, id, own| {
            let (connection, device) = (connection(own), device(kind, id));
            let event = Event::CallHeld(CallDeviceEvent {
                connection,
                device,
                ..CallDeviceEvent::default()
            });
            phone_of_call(&event).map(|(line, phone)| (line.to_owned(), phone.to_string()))
        };
        let expected = Some(("2001".to_owned(), "SEP0011223344AA".to_owned()));
        let by_address = DeviceType::PhoneAddress;
        assert_eq!(held(by_address, "SEP0011223344AA", Some("2001")), expected);
        assert_eq!(held(by_address, "0011223344aa", Some("2001")), expected);
        assert_eq!(held(by_address, "2001", Some("2001")), None);
        assert_eq!(held(by_address, "SEP0011223344AA", None), None);
        assert_eq!(held(DeviceType::AgentDevice, "SEP0011223344AA", Some("2001")), None);
        // The other party's phone is not the agent's.
        let event = Event::CallEstablished(CallEstablishedEvent {
            connection: connection(Some("2001")),
            answering: device(DeviceType::AgentDevice, "2001"),
            calling: device(by_address, "SEP0011223344BB"),
            ..CallEstablishedEvent::default()
        });
        assert_eq!(phone_of_call(&event), None);
    }
}
