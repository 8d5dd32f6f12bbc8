//! Whoever asks the headset service byte for byte: with a token, with another's, with none.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::wire::{self, Answer};

/// A program at 127.0.0.1 that names a device.
pub(crate) struct Asking {
    port: u16,
    trusted: rustls::RootCertStore,
    pub(crate) device: String,
    /// The key of the discovery URL in the phone's file.
    pub(crate) key: String,
    /// The token that discovery gave for it.
    pub(crate) token: String,
}

impl Asking {
    /// One with what the phone's own file would give it, before the phone itself is registered elsewhere.
    pub(crate) fn of(gateway: &Gateway, device: &str) -> Self {
        let printed = gateway.command(&["phone-config", device]);
        let printed = String::from_utf8(printed.stdout).unwrap();
        let key = printed.split("?key=").nth(1).unwrap().split('<').next().unwrap();
        let authority = wire::authority(&gateway.endpoint("headset"));
        let mut asking = Self {
            port: authority.rsplit(':').next().unwrap().parse().unwrap(),
            trusted: wire::roots([gateway.endpoint("ca")]),
            device: device.to_owned(),
            key: key.to_owned(),
            token: String::new(),
        };
        let found = asking.send(&format!("GET /headset/{device}?key={key}"), "", "").unwrap();
        assert_eq!(found.status, 200, "{found:?}");
        asking.token = body(&found)["token"].as_str().unwrap().to_owned();
        asking
    }

    /// Sends one request; `None` where the connection ends without an answer.
    pub(crate) fn send(&self, asked: &str, headers: &str, body: &str) -> Option<Answer> {
        let (length, port) = (body.len(), self.port);
        let request = format!(
            "{asked} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        );
        self.bytes(request.as_bytes())
    }

    /// The same with bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Option<Answer> {
        wire::send_to(self.port, &self.trusted, bytes)
    }

    /// The header that shows a token.
    pub(crate) fn proof(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// Asks for a configuration, showing the token.
    #[track_caller]
    pub(crate) fn configuration(&self) -> Answer {
        self.send(&format!("GET /headset/{}/cc", self.device), &self.proof(), "").unwrap()
    }

    /// Sends an update of that body, showing the token.
    #[track_caller]
    pub(crate) fn update(&self, body: &str) -> Answer {
        let headers = format!("{}Content-Type: application/json\r\n", self.proof());
        let asked = format!("PUT /headset/{}/cc/agent-state", self.device);
        self.send(&asked, &headers, body).unwrap()
    }

    /// An update as phones write it.
    pub(crate) fn written(&self, id: &str, state: &str, sent_at: &str) -> String {
        json!({"deviceName": self.device, "requestId": id, "state": state, "sentAt": sent_at})
            .to_string()
    }

    /// The time of the gateway, as it tells it.
    #[track_caller]
    pub(crate) fn now(&self) -> String {
        body(&self.update("{}"))["now"].as_str().unwrap().to_owned()
    }
}

/// An answer's document.
#[track_caller]
pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}
