//! Phones found by what SIP calls them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::{Sip, address};
use crate::settings::{Device, Settings};
use crate::{DeviceName, Problems};

/// Phones by user and address, put in order when the first one is asked for. It follows from the
/// devices: settings that were made with other devices begin with `SipDevices::default()`.
#[derive(Clone, Default)]
pub struct SipDevices(Arc<OnceLock<Index>>);

#[derive(Default)]
struct Index {
    by_user: HashMap<String, Arc<Device>>,
    /// Of those that have one of their own.
    by_address: HashMap<String, Arc<Device>>,
}

impl std::fmt::Debug for SipDevices {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SipDevices").finish_non_exhaustive()
    }
}

impl PartialEq for SipDevices {
    /// It adds nothing to the devices beside it.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Index {
    fn of(devices: &BTreeMap<DeviceName, Arc<Device>>) -> Self {
        let mut index = Self::default();
        for device in devices.values() {
            let Some(sip) = &device.sip else { continue };
            index.by_user.insert(sip.user.clone(), Arc::clone(device));
            if let Some(address) = &sip.address {
                index.by_address.insert(address.clone(), Arc::clone(device));
            }
        }
        index
    }
}

impl Settings {
    /// The phone that is that user in a digest.
    pub fn device_by_sip_user(&self, user: &str) -> Option<&Arc<Device>> {
        self.sip_index().by_user.get(user)
    }

    /// The phone of that address of record: `sip:user@host`, the host in small letters, an IPv6 address
    /// in brackets, without port and parameters.
    pub fn device_by_sip_address(&self, address: &str) -> Option<&Arc<Device>> {
        let index = self.sip_index();
        if let Some(device) = index.by_address.get(address) {
            return Some(device);
        }
        let (user, domain) = address::parts(address)?;
        let has_none =
            |device: &&Arc<Device>| device.sip.as_ref().is_some_and(|sip| sip.address.is_none());
        let is_ours = self.sip.domains.iter().any(|it| it == domain);
        index.by_user.get(user).filter(has_none).filter(|_| is_ours)
    }

    /// The phones that SIP calls what a phone of that user and that address (empty for none) would be
    /// called.
    pub fn devices_called_in_sip(&self, user: &str, address: &str) -> Vec<&Arc<Device>> {
        let addresses: Vec<_> = match address {
            "" => self.sip.domains.iter().map(|domain| address::made(user, domain)).collect(),
            address => address::read(address).into_iter().collect(),
        };
        let alike = addresses.iter().filter_map(|address| self.device_by_sip_address(address));
        self.device_by_sip_user(user).into_iter().chain(alike).collect()
    }

    fn sip_index(&self) -> &Index {
        self.sip_devices.0.get_or_init(|| Index::of(&self.devices))
    }
}

/// Notes phones with the user or the address of another one.
pub(in crate::settings) fn refuse_repeated_devices(
    sip: &Sip,
    devices: &[&Device],
    problems: &mut Problems,
) {
    let (mut users, mut addresses) = (HashMap::new(), HashMap::new());
    let mut defaults = BTreeSet::new();
    for (position, device) in devices.iter().enumerate() {
        let Some(of) = &device.sip else { continue };
        if let Some(other) = users.insert(of.user.as_str(), &device.name) {
            let message = format_args!("is {}, as of {other}; each phone has its own", of.user);
            problems.add(format!("devices[{position}].sip.user"), message);
        }
        match &of.address {
            None => {
                defaults.insert(of.user.as_str());
            }
            Some(address) => {
                if let Some((other, _)) = addresses.insert(address, (&device.name, position)) {
                    let message =
                        format_args!("is {address}, as of {other}; each phone has its own");
                    problems.add(format!("devices[{position}].sip.address"), message);
                }
            }
        }
    }
    for (address, (name, position)) in addresses {
        let Some((user, domain)) = address::parts(address) else { continue };
        let other = users.get(user).filter(|other| defaults.contains(user) && **other != name);
        if let Some(other) = other.filter(|_| sip.domains.iter().any(|it| it == domain)) {
            let message = format_args!(
                "is {address}, which {other} has by its user; give one of the two another address"
            );
            problems.add(format!("devices[{position}].sip.address"), message);
        }
    }
}
