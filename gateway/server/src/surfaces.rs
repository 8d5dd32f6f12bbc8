//! Which surfaces a node has, chosen once, where the program is put together.

use std::pin::Pin;
use std::sync::Arc;

use ::console::{Administration, Console};
use domain::{AgentSession, DeviceName, Timestamp};
use engine::Port;
use engine::probe::Probe;
use engine::surface::Surface;
use headset::Headset;
use identity::Identity;
use mail::Mailboxes;
use phone::{Phone, PhoneSight, PushReason};
use provisioning::{Elements, Files, FolderFiles, NotedFiles, Provisioning};
use sip::Sip;
use tokio::sync::watch;
use workspace::Workspace;

use crate::config::Config;
use crate::headset_profile;
use crate::phone_elements::{Discovery, PhoneElements};

/// The surfaces of a node, and what its administrator asks of them.
pub struct Surfaces {
    /// All but the one for monitoring.
    pub served: Vec<Arc<dyn Surface>>,
    /// How the last push to each phone went.
    pub pushes: Arc<dyn Fn() -> Vec<Push> + Send + Sync>,
    /// Tests the way to one phone.
    pub probe_phone: ProbePhone,
    /// What the phones of an agent show.
    pub sights: Sights,
    /// Work of adapters that call peers rather than being called; each ends once it is asked to stop.
    pub links: Vec<Link>,
    /// Headsets behind phones; without it nobody sees them.
    pub headset: Option<Arc<Headset>>,
    /// The identity service; without it nobody signs on by an identity provider.
    pub identity: Option<Arc<Identity>>,
    /// Mailboxes of queues; without it none is read.
    pub mailboxes: Option<Arc<Mailboxes>>,
    /// SIP, which has sockets of its own; without it nobody listens there.
    pub sip: Option<Arc<Sip>>,
    /// Files that phones load, for TFTP, which has sockets of its own.
    pub files: Option<Arc<dyn Files>>,
    /// What of ours stands in the device files of phones.
    pub phone_elements: PhoneElements,
}

/// What the phones of whoever holds a session show.
pub type Sights = Arc<dyn Fn(&AgentSession) -> Vec<PhoneSight> + Send + Sync>;
/// Tests the way to a phone.
pub type ProbePhone = Arc<dyn Fn(DeviceName) -> Probing + Send + Sync>;
/// A test that runs.
pub type Probing = Pin<Box<dyn Future<Output = Probe> + Send>>;

/// The work of an adapter that calls peers.
pub type Link = Box<dyn FnOnce(watch::Receiver<bool>) -> LinkWork + Send>;
/// It runs to its end.
pub type LinkWork = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How the last push to a phone went (PHN-18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The phone's name.
    pub device: String,
    /// The reason's name, `ok` where it went well.
    pub reason: &'static str,
    /// What an administrator does about it; `None` where it went well.
    pub problem: Option<&'static str>,
    /// Since when it goes so.
    pub since: Timestamp,
}

/// Makes the surfaces of a node.
pub type MakeSurfaces = Box<dyn FnOnce(Port, &Config, Arc<dyn Administration>) -> Surfaces + Send>;

/// The surfaces of the product.
pub fn product() -> MakeSurfaces {
    Box::new(|port, config, administration| {
        let pairs = cti::Pairs::new(port.clone());
        let mailboxes = Mailboxes::new(port.clone());
        let read = Arc::clone(&mailboxes);
        let links: Vec<Link> = vec![
            Box::new(|stop| Box::pin(pairs.run(stop))),
            Box::new(|stop| Box::pin(read.run(stop))),
        ];
        let workspace = Workspace::new(port.clone());
        let console = Console::new(port.clone(), administration);
        let sip = Some(Sip::new(port.clone()));
        let identity = Identity::new(
            port.clone(),
            config.identity.base(),
            config.console.base.clone(),
            crate::fetching::fetch(port.clone()),
        );
        let profile = headset_profile::of(config.headset.profile_file.as_deref());
        let headset = Headset::new(port.clone(), config.headset.base(), profile);
        let discovered = Arc::clone(&headset);
        let discovery: Discovery =
            Arc::new(move |device, address| discovered.discovery_url(device, address));
        // Phones must not be sent to where nobody listens.
        let discovery = Some(discovery).filter(|_| config.headset.public_port > 0);
        let phone_elements = PhoneElements::new(port.clone(), config.phone.base(), discovery);
        let files = folder_files(config, phone_elements.clone(), &port);
        let phone = Phone::with_base(port, config.phone.base());
        let mut served: Vec<Arc<dyn Surface>> = vec![
            Arc::clone(&phone) as _,
            console as _,
            workspace as _,
            Arc::clone(&headset) as _,
            Arc::clone(&identity) as _,
        ];
        if let Some(files) = &files {
            let provisioning = &config.provisioning;
            served.push(Provisioning::new(
                Arc::clone(files),
                provisioning.allowed_networks.clone(),
                provisioning.limits.memory_bytes_max,
            ));
        }
        let probed = Arc::clone(&phone);
        let probe_phone: ProbePhone = Arc::new(move |device| {
            let phone = Arc::clone(&probed);
            Box::pin(async move { phone.probe(&device).await })
        });
        let seen = Arc::clone(&phone);
        let sights: Sights = Arc::new(move |session| seen.sights(session));
        let pushes = Arc::new(move || {
            let states = phone.push_states().into_iter();
            let push = states.map(|state| Push {
                device: state.device.as_str().to_owned(),
                reason: state.reason.name(),
                problem: problem(state.reason),
                since: state.since,
            });
            push.collect()
        });
        Surfaces {
            served,
            pushes,
            probe_phone,
            sights,
            links,
            sip,
            files,
            phone_elements,
            headset: Some(headset),
            identity: Some(identity),
            mailboxes: Some(mailboxes),
        }
    })
}

/// The files that phones load, where a folder of them is configured.
fn folder_files(config: &Config, elements: PhoneElements, port: &Port) -> Option<Arc<dyn Files>> {
    let folder = config.provisioning.folder.clone()?;
    let elements: Elements = Arc::new(move |device, address| elements.of(device, Some(address)));
    let bytes_max = config.provisioning.limits.file_bytes_max;
    let files = FolderFiles::new(folder, bytes_max, elements, port.metrics());
    Some(NotedFiles::new(files, port.recorder().clone()))
}

/// What is wrong, and what to do about it.
fn problem(reason: PushReason) -> Option<&'static str> {
    Some(match reason {
        PushReason::Ok => return None,
        PushReason::NotConfigured => {
            "push is not configured, or its password was sealed under another key; set \
             phone_service.push"
        }
        PushReason::NoAnswer => {
            "the phone does not answer; is it there, and is a firewall between?"
        }
        PushReason::ConnectionRefused => "nothing listens there; switch the phone's web access on",
        PushReason::NotHttps => {
            "what listens speaks no TLS 1.2; set the phone's web access to HTTPS, or update it"
        }
        PushReason::CertificateUnknown => {
            "its certificate is not trusted; put the one that signed it into trust, or the phone's \
             own fingerprint into its device"
        }
        PushReason::CredentialsRefused => {
            "it refused the application user; check user and password, that the phone is among the \
             user's devices, and that it can reach our authentication URL"
        }
        PushReason::Refused => "it answered that it did not do it",
    })
}
