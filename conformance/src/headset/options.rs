//! The command line of a phone's headset, made into settings with nothing left to check.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use super::client::Client;
use super::machine::{Fault, Headset, Place, Setup};
use super::worn::Registration;
use crate::sip::handset::Handset;
use crate::sip::identity::{Identity, Transport};
use crate::sip::link::Origin;
use crate::sip::options::{Device, Endpoints, WhereTo, look_up, read_endpoints, standby};
use crate::tls;

/// Seconds an update may take unless the command line says otherwise.
const UPDATE_SECONDS: f64 = 2.0;
/// The headset's model unless the command line says otherwise.
const MODEL: &str = "562";
/// The phone's number as call managers know models; for display only.
const PHONE_MODEL: &str = "621";

/// The headset of a phone.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Headset")]
pub(crate) struct HeadsetArguments {
    /// Have a headset with a base at the phone, which registers by SIP for it; --endpoints names `headset`
    /// (URL ending in /headset/), `sip_tcp` or its like, `sip_domain` and `sip_devices`
    #[arg(long)]
    headset: bool,
    /// Where the headset service is discovered, instead of `headset` in --endpoints; `#DEVICENAME#` in it
    /// is replaced
    #[arg(long, value_name = "URL", requires = "headset")]
    discovery_url: Option<String>,
    /// The phone's file, which holds the URL of discovery; one ending in `/` gets DEVICE.cnf.xml appended.
    /// It is fetched at the start and when the phone is told to check its version
    #[arg(long, value_name = "URL", requires = "headset", conflicts_with = "discovery_url")]
    file_url: Option<String>,
    /// Key that discovery shows, as the phone's file would hold it; `headset_key` of the device in
    /// --endpoints unless named here
    #[arg(long, value_name = "TEXT", requires = "headset")]
    headset_key: Option<String>,
    /// Model of the headset
    #[arg(long, value_name = "MODEL", requires = "headset")]
    headset_model: Option<String>,
    /// What is wrong with the headset's software: late-answer-ignored (repeats to the secondary what the
    /// primary answered), dead (answers nothing that its registrar asks), ready-in-call (asks for states in
    /// a call), clock-back=SECONDS
    #[arg(long, value_name = "FAULT", requires = "headset")]
    headset_fault: Option<Fault>,
    /// How long an update may take before it goes to the secondary; 2 unless named
    #[arg(long, value_name = "SECONDS", requires = "headset")]
    update_seconds: Option<f64>,
    /// Tell nobody what headset there is
    #[arg(long, requires = "headset")]
    no_inventory: bool,
    /// Address of a registrar, host:port; more are tried in turn where no connection comes about
    #[arg(long, value_name = "ADDRESS", requires = "headset")]
    sip_server: Vec<String>,
    /// How SIP travels; tcp unless named
    #[arg(long, value_name = "TRANSPORT", requires = "headset")]
    sip_transport: Option<Transport>,
    /// What the phone registers at
    #[arg(long, value_name = "NAME", requires = "headset")]
    sip_domain: Option<String>,
    /// Digest user; as `sip_devices` in --endpoints says, or as the device
    #[arg(long, value_name = "NAME", requires = "headset")]
    sip_user: Option<String>,
    /// Digest password; as `sip_devices` in --endpoints says
    #[arg(long, value_name = "TEXT", requires = "headset")]
    sip_password: Option<String>,
    /// Do not register: discover at once, and hear nothing of the agent but by fetching
    #[arg(long, requires = "headset")]
    no_sip: bool,
    /// The phone's own certificate, for the headset service and SIP (PEM); issued by `phone_ca` in
    /// --endpoints unless named here
    #[arg(long, value_name = "FILE", requires_all = ["headset", "key"])]
    certificate: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Show no certificate of the phone's own
    #[arg(long, requires = "headset", conflicts_with = "certificate")]
    no_certificate: bool,
}

/// What the rest of the phone's command line says.
pub(crate) struct Around<'a> {
    pub(crate) device: &'a str,
    pub(crate) endpoints: Option<&'a Path>,
    pub(crate) node: Option<&'a str>,
    pub(crate) ca: Option<&'a Path>,
    /// Certificate and key of the authority that issues phones' certificates.
    pub(crate) authority: Option<(&'a Path, &'a Path)>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) resolve: &'a [(String, IpAddr)],
}

/// Everything a headset needs to start.
pub(crate) struct HeadsetSettings {
    pub(crate) machine: Headset,
    pub(crate) fault: Option<Fault>,
    pub(crate) client: Client,
    pub(crate) registration: Option<Registration>,
}

impl HeadsetArguments {
    /// Checks everything; the error says which flag or member to change. Nothing without `--headset`.
    pub(crate) async fn settle(
        self,
        around: &Around<'_>,
    ) -> Result<Option<HeadsetSettings>, String> {
        if !self.headset {
            return Ok(None);
        }
        let mut endpoints = match around.endpoints {
            None => Endpoints::default(),
            Some(path) => read_endpoints(path)?,
        };
        endpoints.begin_with(around.node);
        let own = endpoints.sip_devices.iter().find(|it| it.name == around.device).cloned();
        let key = self.headset_key.clone().or(own.as_ref().and_then(|it| it.headset_key.clone()));
        let transport = self.sip_transport.unwrap_or(Transport::Tcp);
        let places = self.places(&endpoints, transport, around, key.as_deref()).await?;
        let tls = self.tls(around)?;
        let registration = match self.no_sip {
            true => None,
            false => {
                let found = self.registration(&endpoints, transport, around, own).await?;
                let origin = Origin { tls: Arc::clone(&tls), ..found.origin };
                Some(Registration { origin, ..found })
            }
        };
        let seconds = self.update_seconds.unwrap_or(UPDATE_SECONDS);
        let update_patience = Duration::try_from_secs_f64(seconds)
            .map_err(|_| format!("--update-seconds {seconds}: it is no time"))?;
        let setup = Setup {
            device: around.device.to_owned(),
            model: self.headset_model.unwrap_or_else(|| MODEL.to_owned()),
            serial: serial(around.device),
            file: self.file_url.map(|url| file_url(url, around.device)),
            places,
            update_patience,
            has_inventory: !self.no_inventory,
        };
        Ok(Some(HeadsetSettings {
            machine: Headset::new(setup),
            fault: self.headset_fault,
            client: Client { tls, source: around.source, resolve: around.resolve.into() },
            registration,
        }))
    }

    /// What the phone trusts, and the certificate that it shows.
    fn tls(&self, around: &Around<'_>) -> Result<Arc<ClientConfig>, String> {
        let own = self.certificate.as_deref().zip(self.key.as_deref());
        let base = tls::client_config_as(around.ca, own)?;
        match around.authority.filter(|_| own.is_none() && !self.no_certificate) {
            None => Ok(base),
            authority => tls::client_config_of(&base, around.device, authority, true),
        }
    }

    async fn places(
        &self,
        endpoints: &Endpoints,
        transport: Transport,
        around: &Around<'_>,
        key: Option<&str>,
    ) -> Result<Vec<Place>, String> {
        if self.file_url.is_some() {
            return Ok(Vec::new());
        }
        if let Some(url) = &self.discovery_url {
            let discovery = discovery_url(url, around.device, key)?;
            return Ok(vec![Place { registrar: None, discovery }]);
        }
        let mut places = Vec::new();
        for (base, registrar) in endpoints.headset_places(transport) {
            let registrar = match registrar {
                Some(address) => Some(look_up(address).await?.to_string()),
                None => None,
            };
            let discovery = discovery_url(base, around.device, key)?;
            places.push(Place { registrar, discovery });
        }
        match places.is_empty() {
            true => Err(
                "none of --discovery-url, --file-url and `headset` in --endpoints says where the \
                headset service is"
                    .to_owned(),
            ),
            false => Ok(places),
        }
    }

    async fn registration(
        &self,
        endpoints: &Endpoints,
        transport: Transport,
        around: &Around<'_>,
        own: Option<Device>,
    ) -> Result<Registration, String> {
        let mut servers = self.sip_server.clone();
        if servers.is_empty() {
            servers = endpoints.registrars(transport);
        }
        let mut servers = servers.into_iter();
        let first = servers.next().ok_or_else(|| {
            format!(
                "neither --sip-server nor a member `sip_{}` in --endpoints says where to register; \
                 --no-sip makes a phone that does not",
                transport.parameter()
            )
        })?;
        let domain = self.sip_domain.clone().or_else(|| endpoints.sip_domain.clone());
        let ca = around.ca.map(Path::to_owned);
        let where_to = WhereTo::of_phone(first, transport, domain, around.source, ca);
        let mut settled = where_to.settle(None).await?;
        for server in servers {
            settled.route.standby.push(standby(&server).await?);
        }
        let known = own.as_ref();
        let user = self.sip_user.clone().or_else(|| known.map(|it| it.user.clone()));
        let user = user.unwrap_or_else(|| around.device.to_owned());
        let password = self.sip_password.clone().or_else(|| known.map(|it| it.password.clone()));
        let password = password.unwrap_or_default();
        let identity = Identity::new(around.device, &user, &password, PHONE_MODEL);
        Ok(Registration {
            handset: Handset::new(Arc::new(settled.settings), identity),
            route: Arc::new(settled.route),
            origin: settled.origin,
        })
    }
}

/// The URL of discovery, as the phone's file would hold it.
pub(crate) fn discovery_url(base: &str, device: &str, key: Option<&str>) -> Result<String, String> {
    let mut url = base.replace("#DEVICENAME#", device);
    if url.ends_with("/headset/") {
        url.push_str(device);
    }
    if let Some(key) = key {
        let mark = if url.contains('?') { '&' } else { '?' };
        url = format!("{url}{mark}key={}", crate::headset::machine::escaped(key));
    }
    match url.parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => {
            Ok(url)
        }
        _ => Err(format!("the discovery URL {base:?} must begin with https:// and a host")),
    }
}

fn file_url(mut url: String, device: &str) -> String {
    if url.ends_with('/') {
        url = format!("{url}{device}.cnf.xml");
    }
    url
}

/// A serial number that stays the same for a device.
pub(crate) fn serial(device: &str) -> String {
    let digits = device.trim_start_matches(|each: char| !each.is_ascii_digit());
    format!("WZP{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hst_01_the_phone_puts_its_name_and_key_into_the_discovery_url() {
        let url = |base, key| discovery_url(base, "SEP001122334455", key).unwrap();
        let named = "https://gw.example:9444/headset/SEP001122334455";
        assert_eq!(url("https://gw.example:9444/headset/", None), named);
        assert_eq!(url("https://gw.example:9444/headset/#DEVICENAME#", None), named);
        assert_eq!(url(named, Some("a+b")), format!("{named}?key=a%2Bb"));
        assert!(discovery_url("gw.example/headset/", "SEP1", None).is_err());
    }
}
