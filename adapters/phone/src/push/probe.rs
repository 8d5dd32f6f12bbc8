//! A test of the way to one phone, without a push: nothing on its screen changes (OPS-15).

use std::sync::Arc;
use std::time::Duration;

use domain::DeviceName;
use engine::probe::{Probe, StepOutcome};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{certificate, delivery};
use crate::config::{fingerprint, push_account};
use crate::{Phone, PushReason, locked};

const CONNECT: Duration = Duration::from_secs(3);

impl Phone {
    /// Tests the way to a phone that somebody uses at this node: its web server, and the certificate as
    /// a push judges it.
    pub async fn probe(&self, device: &DeviceName) -> Probe {
        let mut probe = Probe::new(format!("phone {device}"));
        let last = self.push_states().into_iter().find(|state| state.device == *device);
        let settings = self.port.settings();
        let has_channel = self.port.channels().reaches(device);
        if has_channel {
            let words = "another adapter has one to it; pages go by that first";
            probe.note("channel", StepOutcome::Ok, words);
        }
        let account = match push_account(&self.port, &settings) {
            Ok(account) => account,
            Err(_) if has_channel && settings.phone_service.push.is_none() => {
                probe.note("settings", StepOutcome::LeftOut, "push is not configured");
                return probe;
            }
            Err(_) => {
                let words = "push is not configured, or its password was sealed under another key";
                probe.note("settings", StepOutcome::Failed, words);
                return probe;
            }
        };
        let address = locked(&self.screens).of(device).map(|screen| screen.address);
        let Some(address) = address else {
            let words = "nobody is signed in on it at this node, so that its address is not known; \
                         probe it at the node that follows it, or sign in first";
            probe.note("address", StepOutcome::Failed, words);
            return probe;
        };
        let socket = std::net::SocketAddr::new(address, account.port);
        let connecting = async {
            match timeout(CONNECT, TcpStream::connect(socket)).await {
                Ok(Ok(stream)) => Ok((stream, "connected".to_owned())),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("no answer in time; is a firewall between?".to_owned()),
            }
        };
        let Some(stream) = probe.step(format!("connect to {socket}"), connecting).await else {
            return probe;
        };
        let certificate = certificate::PhoneCertificate {
            device: device.clone(),
            authorities: self.authorities(&settings),
            fingerprint: fingerprint(&settings, device),
            is_listed: settings.devices.contains_key(device),
            provider: Arc::clone(&self.provider),
        };
        let shaking = async {
            let tls = certificate::tls(certificate).map_err(|error| error.to_string())?;
            let name = rustls_pki_types::ServerName::IpAddress(address.into());
            let shaking = TlsConnector::from(Arc::new(tls)).connect(name, stream);
            match timeout(CONNECT, shaking).await {
                Ok(Ok(stream)) => Ok((stream, "it is that phone".to_owned())),
                Ok(Err(error)) => Err(format!("{error}; it is not trusted for that phone")),
                Err(_) => Err("no answer in time".to_owned()),
            }
        };
        let Some(stream) = probe.step("certificate", shaking).await else { return probe };
        probe.step("web server", delivery::look(socket, stream)).await;
        match last {
            Some(state) if state.reason == PushReason::Ok => {
                probe.note("last push", StepOutcome::Ok, "the phone took it");
            }
            Some(state) => {
                probe.note("last push", StepOutcome::Failed, state.reason.name().replace('_', " "));
            }
            None => probe.note("last push", StepOutcome::LeftOut, "there was none yet"),
        }
        probe
    }
}
