//! Pages that say what went wrong, in the user's words, with a number that finds the log line.

use domain::{OwnerRefusalKind, Refusal, Timestamp};
use engine::{AuthenticationRefusal, SubmitError};
use protocols::phone_xml::{Object, Text};

use super::keys::{Key, Keys, screen};
use super::{Page, ScreenName};
use crate::client::Client;
use crate::query::{BadParameter, Fault};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The id or password is wrong.
    Wrong,
    /// The account is locked for so many minutes.
    Locked { minutes: u64 },
    /// The id or PIN is wrong, or there is no PIN.
    WrongPin,
    /// The PIN is locked for so many minutes.
    LockedPin { minutes: u64 },
    /// People sign in by an identity provider, which phones cannot.
    SingleSignOn,
    /// Try again in so many seconds.
    Busy { seconds: u64 },
    /// The store is away, or the node stops.
    Unavailable,
    /// The node is in maintenance; what the service to use meanwhile is called.
    Maintenance { alternate: Option<String> },
    /// The account is no agent.
    Agent,
    /// No phone has the line.
    Extension(String),
    /// The extension is none.
    ExtensionForm,
    /// Another agent uses the line.
    ExtensionUsed(String),
    /// The phone is not listed.
    Device(String),
    /// Another agent is signed in on the phone.
    DeviceUsed,
    /// The service URL names no device.
    DeviceName,
    /// Mobile agents are not allowed.
    Mobile,
    /// The mobile number is none.
    MobileForm,
    /// The agent is in a call on another line.
    InCall,
    /// A parameter cannot be taken.
    Parameter(BadParameter),
    /// The phone shows no forms.
    Form,
    /// The link is none of ours.
    Link,
    /// The contact centre takes no mobile agents.
    MobileNotOffered,
    /// The agent is signed on elsewhere, on that line where it is known.
    SignedOnElsewhere(Option<String>),
    /// The contact centre cannot be reached.
    OwnerAway,
    /// The contact centre was asked, and its answer is not there yet.
    NotConfirmed,
    /// Several contact centres know the agent's id.
    SeveralPairs,
    /// A sign-out is still under way.
    Leaving,
    /// The contact centre refused, for that reason and with that code.
    Owner { kind: OwnerRefusalKind, code: u32 },
    /// A fault of ours.
    Internal,
}

/// How long a page says to wait where nothing else is known.
const BUSY_SECONDS: u64 = 5;

impl Problem {
    /// Why somebody was not proven.
    pub(crate) fn of_authentication(refusal: AuthenticationRefusal, now: Timestamp) -> Self {
        match refusal {
            AuthenticationRefusal::Wrong => Self::Wrong,
            AuthenticationRefusal::Locked { until } => {
                Self::Locked { minutes: until.since(now).as_secs().div_ceil(60).max(1) }
            }
            AuthenticationRefusal::Busy { retry_seconds } => {
                Self::Busy { seconds: retry_seconds.max(1) }
            }
            AuthenticationRefusal::Unavailable => Self::Unavailable,
        }
    }

    /// The same where a PIN was judged.
    #[must_use]
    pub(crate) fn of_pin(self) -> Self {
        match self {
            Self::Wrong => Self::WrongPin,
            Self::Locked { minutes } => Self::LockedPin { minutes },
            other => other,
        }
    }

    /// Why an input came to no outcome.
    pub(crate) fn of_submit(error: &SubmitError) -> Self {
        match error {
            SubmitError::Busy => Self::Busy { seconds: BUSY_SECONDS },
            SubmitError::Unavailable { .. } | SubmitError::Unknown | SubmitError::Stopping => {
                Self::Unavailable
            }
            SubmitError::Undecided => Self::Internal,
        }
    }

    /// Why a sign-in was refused; `Err` gives back what is no problem but a question.
    pub(crate) fn of_sign_in(refusal: Refusal) -> Result<Self, Vec<domain::DeviceName>> {
        Ok(match refusal {
            Refusal::DeviceChoice { devices } => return Err(devices),
            Refusal::AgentUnknown => Self::Agent,
            Refusal::Maintenance { alternate } => Self::Maintenance { alternate },
            Refusal::ExtensionUnknown { extension } => Self::Extension(extension.to_string()),
            Refusal::ExtensionInUse { extension, .. } => Self::ExtensionUsed(extension.to_string()),
            Refusal::DeviceUnknown { device } => Self::Device(device.to_string()),
            Refusal::DeviceInUse { .. } => Self::DeviceUsed,
            Refusal::MobileNotAllowed => Self::Mobile,
            Refusal::CallInProgress => Self::InCall,
            Refusal::MobileNotOffered => Self::MobileNotOffered,
            Refusal::Owner { why } => Self::Owner { kind: why.kind, code: why.code },
            Refusal::OwnerAway { .. } | Refusal::NotKnown { .. } => Self::OwnerAway,
            Refusal::Leaving { .. } => Self::Leaving,
            Refusal::SignedOnElsewhere { extension } => {
                Self::SignedOnElsewhere(extension.map(|line| line.to_string()))
            }
            Refusal::SeveralPairs { .. } => Self::SeveralPairs,
            Refusal::VoiceNotOwned
            | Refusal::NotSignedIn
            | Refusal::Stale
            | Refusal::ReasonUnknown { .. }
            | Refusal::SignOutNeedsNotReady
            | Refusal::NoCall
            | Refusal::CallTooLarge { .. }
            | Refusal::SettingsInUse { .. }
            | Refusal::SettingsMoved
            | Refusal::UsedAlready
            | Refusal::GrantInvalid
            | Refusal::LinkOver
            | Refusal::ContactUnknown
            | Refusal::ContactNotYours
            | Refusal::ContactClosed
            | Refusal::CsqUnknown
            | Refusal::AgentHasNoPlace
            | Refusal::ForwardOpen
            | Refusal::ForwardTakesNoFiles
            | Refusal::NothingWritten
            | Refusal::NoRecipient
            | Refusal::AnswerTooLarge
            | Refusal::WrapUpUnknown
            | Refusal::TooMany { .. } => Self::Internal,
        })
    }

    /// Its name in figures and in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Wrong | Self::WrongPin => "wrong",
            Self::Locked { .. } | Self::LockedPin { .. } => "locked",
            Self::SingleSignOn => "single_sign_on",
            Self::Busy { .. } => "busy",
            Self::Unavailable => "unavailable",
            Self::Maintenance { .. } => "maintenance",
            Self::Agent => "no_agent",
            Self::Extension(_) | Self::ExtensionForm => "extension_unknown",
            Self::ExtensionUsed(_) => "extension_in_use",
            Self::Device(_) | Self::DeviceName => "device_unknown",
            Self::DeviceUsed => "device_in_use",
            Self::Mobile | Self::MobileForm => "mobile",
            Self::InCall => "in_call",
            Self::Parameter(_) => "parameter",
            Self::Form => "no_form",
            Self::Link => "link",
            Self::MobileNotOffered => "mobile_not_offered",
            Self::SignedOnElsewhere(_) => "signed_on_elsewhere",
            Self::OwnerAway => "owner_away",
            Self::NotConfirmed => "not_confirmed",
            Self::SeveralPairs => "several_pairs",
            Self::Leaving => "leaving",
            Self::Owner { .. } => "owner_refused",
            Self::Internal => "internal",
        }
    }

    fn sentence(&self, client: &Client<'_>) -> String {
        let texts = client.texts;
        match self {
            Self::Wrong => texts.text("problem-wrong"),
            Self::Locked { minutes } => {
                texts.with("problem-locked", &[("minutes", &minutes.to_string())])
            }
            Self::WrongPin => texts.text("problem-wrong-pin"),
            Self::LockedPin { minutes } => {
                texts.with("problem-locked-pin", &[("minutes", &minutes.to_string())])
            }
            Self::SingleSignOn => texts.text("problem-single-sign-on"),
            Self::Busy { seconds } => {
                texts.with("problem-busy", &[("seconds", &seconds.to_string())])
            }
            Self::Unavailable => texts.text("problem-unavailable"),
            Self::Maintenance { alternate } => {
                let mut sentence = texts.text("problem-maintenance");
                if let Some(name) = alternate {
                    sentence.push('\n');
                    sentence.push_str(&texts.with("problem-alternate", &[("name", name)]));
                }
                sentence
            }
            Self::Agent => texts.text("problem-agent"),
            Self::Extension(line) => texts.with("problem-extension", &[("extension", line)]),
            Self::ExtensionForm => texts.text("problem-extension-form"),
            Self::ExtensionUsed(line) => {
                texts.with("problem-extension-used", &[("extension", line)])
            }
            Self::Device(device) => texts.with("problem-device", &[("device", device)]),
            Self::DeviceUsed => texts.text("problem-device-used"),
            Self::DeviceName => texts.text("problem-device-name"),
            Self::Mobile => texts.text("problem-mobile"),
            Self::MobileForm => texts.text("problem-mobile-form"),
            Self::InCall => texts.text("problem-in-call"),
            Self::Parameter(bad) => {
                let name = ("name", bad.name);
                match bad.fault {
                    Fault::Repeated => texts.with("problem-repeated", &[name]),
                    Fault::Encoding => texts.with("problem-encoding", &[name]),
                    Fault::Control => texts.with("problem-control", &[name]),
                    Fault::Long(limit) => {
                        texts.with("problem-long", &[name, ("limit", &limit.to_string())])
                    }
                    Fault::Many => texts.text("problem-many"),
                }
            }
            Self::Form => texts.text("problem-form"),
            Self::Link => texts.text("problem-link"),
            Self::MobileNotOffered => texts.text("problem-mobile-not-offered"),
            Self::SignedOnElsewhere(None) => texts.text("problem-signed-on"),
            Self::SignedOnElsewhere(Some(line)) => {
                texts.with("problem-signed-on-line", &[("extension", line)])
            }
            Self::OwnerAway => texts.text("problem-owner-away"),
            Self::NotConfirmed => texts.text("problem-not-confirmed"),
            Self::SeveralPairs => texts.text("problem-several-pairs"),
            Self::Leaving => texts.text("problem-leaving"),
            Self::Owner { kind, code } => {
                texts.with(by_owner(*kind), &[("code", &code.to_string())])
            }
            Self::Internal => texts.text("problem-internal"),
        }
    }
}

/// Why the contact centre let nobody sign in; its number is for whoever helps.
fn by_owner(kind: OwnerRefusalKind) -> &'static str {
    match kind {
        OwnerRefusalKind::AlreadySignedOn => "problem-owner-signed-on",
        OwnerRefusalKind::ExtensionInUse => "problem-owner-extension-used",
        OwnerRefusalKind::Device => "problem-owner-device",
        OwnerRefusalKind::Locked => "problem-owner-locked",
        OwnerRefusalKind::Mobile => "problem-owner-mobile",
        OwnerRefusalKind::Away => "problem-owner-not-now",
        _ => "problem-refused",
    }
}

/// Where the page of a problem leads, beside out.
#[derive(Default)]
pub(crate) struct Ways {
    /// Where another attempt begins.
    pub(crate) retry: Option<String>,
    /// The home screen of the session, which the phone opens by itself after so many seconds: who
    /// was signed in still is, and is not to pass for silent over a problem of ours (PHN-20).
    pub(crate) home: Option<(u32, String)>,
    /// The same at another node.
    pub(crate) elsewhere: Option<String>,
}

/// The page of a problem. The reference finds the log line (OPS-12).
pub(crate) fn problem(client: &Client<'_>, problem: &Problem, ways: Ways, reference: &str) -> Page {
    let texts = client.texts;
    let title = match problem {
        Problem::Maintenance { .. } => "maintenance-title",
        _ => "problem-title",
    };
    let reference = texts.with("problem-reference", &[("reference", reference)]);
    let Ways { retry, home, elsewhere } = ways;
    let to_home = home.as_ref().filter(|(_, url)| retry.as_ref() != Some(url));
    let keys = Keys {
        leave: Some(Key::exit(client)),
        others: to_home
            .map(|(_, url)| Key::new(client, "key-home", url))
            .into_iter()
            .chain(elsewhere.map(|url| Key::new(client, "key-elsewhere", url)))
            .collect(),
        main: retry.map(|url| Key::new(client, "key-retry", url)),
    };
    let screen = screen(client, &texts.text(title), None, keys);
    let text = format!("{}\n{reference}", problem.sentence(client));
    Page { name: ScreenName::Problem, object: Object::Text(Text { screen, text }), refresh: home }
}
