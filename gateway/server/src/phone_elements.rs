//! What of ours stands in a phone's device file: where its services are, and who answers for its pushes.
//!
//! The same elements are merged into files that this node serves and printed by `jackfield phone-config`.
//! A phone goes by the `secure` element of each pair where it knows it, by the other one where it does
//! not; both name the same URL, since nothing of ours answers in the clear.

use std::net::IpAddr;
use std::sync::Arc;

use domain::DeviceName;
use engine::Port;
use protocols::device_file::Element;

/// Makes the URL under which a phone finds its headset service; the address is that of the phone, where it
/// is known.
pub type Discovery = Arc<dyn Fn(&DeviceName, Option<IpAddr>) -> Option<String> + Send + Sync>;

/// Makes the elements of each phone.
#[derive(Clone)]
pub struct PhoneElements {
    port: Port,
    /// Scheme, host and port of the phone service.
    phone: String,
    discovery: Option<Discovery>,
}

impl PhoneElements {
    /// Elements that name the phone service at `phone`, and the headset service where there is one.
    pub fn new(port: Port, phone: String, discovery: Option<Discovery>) -> Self {
        Self { port, phone, discovery }
    }

    /// Those for a phone at that address, where it is known; `None` where the settings have no such device.
    pub fn of(&self, device: &DeviceName, address: Option<IpAddr>) -> Option<Vec<Element>> {
        let settings = self.port.settings();
        settings.devices.get(device)?;
        let services = format!("{}/fippa/{device}", self.phone);
        let mut elements = vec![("servicesURL", services.clone()), ("secureServicesURL", services)];
        // Where we push nothing, whoever does is asked, and we would answer for them with a no.
        if settings.phone_service.push.is_some() {
            let authentication = format!("{}/phone-auth", self.phone);
            elements.push(("authenticationURL", authentication.clone()));
            elements.push(("secureAuthenticationURL", authentication));
        }
        let discovery = self.discovery.as_ref().and_then(|discovery| discovery(device, address));
        elements.extend(discovery.map(|url| ("discoveryURL", url)));
        Some(elements)
    }
}

#[cfg(test)]
mod tests {
    use domain::settings::{Device, PhoneService, Push};
    use domain::{Sealed, Settings, Timestamp};
    use engine::testing::{ManualClock, PlainAuthenticator, memory_port};

    use super::*;

    const PHONE: &str = "https://gw-a.example:8445";

    async fn port(push: bool) -> Port {
        let device = Device {
            name: "SEP001122334455".parse().unwrap(),
            description: None,
            lines: Vec::new(),
            profile: false,
            certificate_sha256: None,
            sip: None,
            pair: None,
        };
        let push = push.then(|| Push {
            user: "jackfield".to_owned(),
            password: Sealed::from_text("sealed"),
            port: 443,
        });
        let settings = Settings {
            devices: Arc::new([(device.name.clone(), Arc::new(device))].into()),
            phone_service: Arc::new(PhoneService { push, ..PhoneService::default() }),
            ..Settings::default()
        };
        let clock = ManualClock::new(Timestamp::from_seconds(1_000_000));
        memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(clock)).await
    }

    #[tokio::test]
    async fn hst_11_a_listed_phone_gets_the_urls_of_this_node() {
        let made: Discovery = Arc::new(|device, address| Some(format!("{device} {address:?}")));
        let elements = PhoneElements::new(port(true).await, PHONE.to_owned(), Some(made));
        let device: DeviceName = "SEP001122334455".parse().unwrap();
        let services = format!("{PHONE}/fippa/SEP001122334455");
        let authentication = format!("{PHONE}/phone-auth");
        assert_eq!(
            elements.of(&device, Some([192, 0, 2, 7].into())).unwrap(),
            [
                ("servicesURL", services.clone()),
                ("secureServicesURL", services),
                ("authenticationURL", authentication.clone()),
                ("secureAuthenticationURL", authentication),
                ("discoveryURL", "SEP001122334455 Some(192.0.2.7)".to_owned()),
            ]
        );
        assert_eq!(elements.of(&"SEP001122334456".parse().unwrap(), None), None);
    }

    #[tokio::test]
    async fn hst_11_who_pushes_nothing_answers_for_no_pushes_and_without_headsets_none_are_named() {
        let elements = PhoneElements::new(port(false).await, PHONE.to_owned(), None);
        let elements = elements.of(&"SEP001122334455".parse().unwrap(), None).unwrap();
        let names: Vec<_> = elements.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["servicesURL", "secureServicesURL"]);
    }
}
