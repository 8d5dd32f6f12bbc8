//! The settings as SIP sees them: domains, devices by user and address, next hops.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{Device, SIP_DEVICE_PASSWORD_PURPOSE, Settings, Sip, SipNextHop, SipProof};
use domain::{DeviceName, Sealed, Secret};
use engine::Port;
use protocols::sip::Uri;
use protocols::sip::body::remotecc::ReasonElement;

/// What is granted beyond a lifetime before a phone counts as gone, and a flow as dead.
pub(crate) const GRACE: Duration = Duration::from_secs(20);

/// The settings in force.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) settings: Arc<Settings>,
    pub(crate) sip: Arc<Sip>,
    /// The full host name of this node.
    pub(crate) node: String,
    /// How the element is spelled that gives a reason.
    pub(crate) reason: ReasonElement,
    /// The password of some device.
    any: Option<Sealed>,
}

impl Site {
    /// The settings as far as they speak of SIP; `None` where it is off.
    pub(crate) fn of(settings: Arc<Settings>, node: &str) -> Option<Self> {
        let sip = Arc::clone(&settings.sip);
        if !sip.is_on() {
            return None;
        }
        let passwords = |device: &Arc<Device>| device.sip.as_ref()?.password.clone();
        let any = settings.devices.values().find_map(passwords);
        let reason = ReasonElement::of(&sip.reason_element).unwrap_or_default();
        Some(Self { settings, sip, node: node.to_ascii_lowercase(), reason, any })
    }

    /// The domain that we speak for.
    pub(crate) fn domain(&self) -> &str {
        self.sip.domains.first().map_or(&self.node, |domain| domain.as_str())
    }

    /// Whether requests to that host are for us.
    pub(crate) fn is_ours(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.node)
            || self.sip.domains.iter().any(|domain| domain.eq_ignore_ascii_case(host))
    }

    /// The device whose SIP user that is.
    pub(crate) fn by_user(&self, user: &str) -> Option<&Device> {
        self.settings.device_by_sip_user(user).map(|device| &**device)
    }

    /// The device of that name, where it takes part in SIP.
    pub(crate) fn device(&self, name: &DeviceName) -> Option<&Device> {
        self.settings.devices.get(name).map(|it| &**it).filter(|it| it.sip.is_some())
    }

    /// The device that registers under that address of record.
    pub(crate) fn by_address(&self, address: &str) -> Option<&Device> {
        self.settings.device_by_sip_address(address).map(|device| &**device)
    }

    /// The address of record under which the device registers.
    pub(crate) fn address(&self, device: &Device) -> Option<String> {
        let address = self.sip.address_of(device.sip.as_ref()?)?;
        Uri::parse(&address).ok()?.aor()
    }

    /// Whether the device may register under that address of record: its own, or that of one of its lines
    /// or of its name in a domain of ours.
    pub(crate) fn may_have(&self, device: &Device, address: &str) -> bool {
        if self.address(device).as_deref() == Some(address) {
            return true;
        }
        let Ok(uri) = Uri::parse(address) else { return false };
        let Some(host) = uri.host_port().map(|it| it.host.to_string()) else { return false };
        let user = uri.user().unwrap_or_default();
        let is_ours = self.is_ours(&host);
        // Of no port: an address with another one would be another address each.
        let is_bare = address == format!("sip:{user}@{host}");
        is_ours
            && is_bare
            && (user == device.name.as_str() || device.lines.iter().any(|it| it.as_str() == user))
    }

    /// The password of a device, opened; `None` where it has none or it was sealed under a lost key.
    pub(crate) fn password(&self, device: &Device, port: &Port) -> Option<Secret> {
        let sealed = device.sip.as_ref()?.password.as_ref()?;
        port.unseal(SIP_DEVICE_PASSWORD_PURPOSE, sealed).ok()
    }

    /// Opens a password for nothing, so that who is not there takes as long as who is.
    pub(crate) fn any_password(&self, port: &Port) {
        if let Some(sealed) = &self.any {
            drop(port.unseal(SIP_DEVICE_PASSWORD_PURPOSE, sealed));
        }
    }

    /// What the device has to show.
    pub(crate) fn proof(&self, device: &Device) -> SipProof {
        device.sip.as_ref().and_then(|it| it.proof).unwrap_or(self.sip.proof)
    }

    /// The next hop of that name.
    pub(crate) fn next_hop(&self, name: &str) -> Option<&SipNextHop> {
        self.sip.next_hop(name)
    }

    /// The next hop one of whose servers has one of those names.
    pub(crate) fn next_hop_named(&self, names: &[String]) -> Option<&SipNextHop> {
        let has = |hop: &&SipNextHop| {
            hop.servers
                .iter()
                .any(|it| names.iter().any(|name| name.eq_ignore_ascii_case(&it.host)))
        };
        self.sip.next_hops.iter().find(has)
    }

    /// Next hops by name.
    pub(crate) fn next_hops(&self) -> BTreeMap<String, SipNextHop> {
        self.sip.next_hops.iter().map(|hop| (hop.name.clone(), hop.clone())).collect()
    }

    /// How long a flow may be silent that has a phone registered over it.
    pub(crate) fn silence(&self) -> Duration {
        let seconds = self.sip.flow_timer_seconds.max(self.sip.phone_expires_seconds);
        Duration::from_secs(seconds.into()) + GRACE
    }
}
