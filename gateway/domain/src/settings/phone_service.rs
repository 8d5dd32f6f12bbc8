//! How phones are served: who may open the service, what their screens show, how they are pushed to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reader;
use crate::{NodeName, Sealed, Secret};

/// The most characters of the push user's name and password (PHN-12).
pub const PUSH_PASSWORD_CHARACTERS_MAX: usize = 95;

/// The most characters of what a service is called.
const ALTERNATE_CHARACTERS_MAX: usize = 64;

/// Which phones may open the service (PHN-16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DevicePolicy {
    /// Every well-formed name.
    #[default]
    Any,
    /// Only phones in the settings.
    Listed,
}

/// How a phone is asked to send a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormMethod {
    /// In the query, which every model does and the published schema allows.
    #[default]
    Get,
    /// In the body on models known to do so, in the query on others.
    Post,
}

/// How many characters of a label a model shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelLimit {
    /// The beginning of the model's name, for example `CP-78`.
    pub model: String,
    /// 4 to 64 characters.
    pub characters_max: u32,
}

/// How we push to phones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The application user's name.
    pub user: String,
    /// The application user's password.
    pub password: Sealed,
    /// The port of the phones' web server; 443 on real ones.
    pub port: u16,
}

/// How phones are served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneService {
    /// Which phones may open the service.
    pub devices: DevicePolicy,
    /// Whether agents may sign in with a remote phone (CTI-04).
    pub mobile_agents: bool,
    /// A phone that fetches nothing for so long is asked, then signed out: 120 to 86,400 seconds,
    /// 0 for never (PHN-20).
    pub inactivity_seconds: u32,
    /// How often the home screen is fetched anew: 5 to 600 seconds, and at most half of
    /// `inactivity_seconds`, so that one fetch may go amiss.
    pub home_refresh_seconds: u32,
    /// For so long after a phone showed the cookie of its session, a request from its address without
    /// it is refused: 0 to 1,440 minutes. Idle phones drop cookies after 30 minutes, and all of them
    /// when their window closes, which a page pushed to the next person must not outlive (PHN-19). With
    /// 0 the address always counts, for phones that fetch what is pushed without the window's cookies.
    #[serde(default = "cookie_idle_minutes")]
    pub cookie_idle_minutes: u32,
    /// How a phone is asked to send a form.
    pub form_method: FormMethod,
    /// How many characters of a label models show, where it is not what we assume.
    pub label_limits: Vec<LabelLimit>,
    /// For each node, what the service to use while it is in maintenance is called (PHN-09): agents
    /// pick services by the names in their phones' menu.
    pub alternates: BTreeMap<NodeName, String>,
    /// How we push; without it phones follow by refresh alone.
    pub push: Option<Push>,
    /// Whether agents sign in at phones with a PIN while people sign in by an identity provider; without
    /// it they do not at all (PHN-15).
    #[serde(default)]
    pub single_sign_on_pin: bool,
}

/// As documented for idle phones.
fn cookie_idle_minutes() -> u32 {
    30
}

impl Default for PhoneService {
    fn default() -> Self {
        Self {
            devices: DevicePolicy::Any,
            mobile_agents: false,
            inactivity_seconds: 120,
            home_refresh_seconds: 15,
            cookie_idle_minutes: cookie_idle_minutes(),
            form_method: FormMethod::Get,
            label_limits: Vec::new(),
            alternates: BTreeMap::new(),
            push: None,
            single_sign_on_pin: false,
        }
    }
}

/// What the password of the user that pushes is sealed for.
pub const PUSH_PASSWORD_PURPOSE: &str = "phone_push";

/// A secret as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewSecret {
    /// In the clear; it is sealed before it is kept.
    Plain(Secret),
    /// Sealed already, by this deployment's key.
    Sealed(Sealed),
}

/// Push settings as a settings file gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenPush {
    /// The application user's name.
    pub user: String,
    /// The application user's password.
    pub password: NewSecret,
    /// The port of the phones' web server.
    pub port: u16,
}

impl PhoneService {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<(Self, Option<WrittenPush>)> {
        let default = Self::default();
        let policies = [("any", DevicePolicy::Any), ("listed", DevicePolicy::Listed)];
        let methods = [("get", FormMethod::Get), ("post", FormMethod::Post)];
        let devices = reader.choice("devices", &policies).unwrap_or(default.devices);
        let mobile_agents = reader.switch("mobile_agents").unwrap_or(default.mobile_agents);
        let inactivity_seconds = match reader.number("inactivity_seconds", 0..=86_400) {
            Some(seconds @ 1..=119) => {
                let message =
                    format_args!("must be 0 (never) or 120 to 86400 seconds, not {seconds}");
                reader.problem("inactivity_seconds", message);
                default.inactivity_seconds
            }
            Some(seconds) => u32::try_from(seconds).unwrap_or(default.inactivity_seconds),
            None => default.inactivity_seconds,
        };
        let home_refresh_seconds = reader
            .number("home_refresh_seconds", 5..=600)
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(default.home_refresh_seconds);
        let longest = inactivity_seconds / 2;
        if inactivity_seconds > 0 && home_refresh_seconds > longest {
            let message = format_args!(
                "must be at most half of inactivity_seconds ({longest} of {inactivity_seconds}), not \
                 {home_refresh_seconds}, or phones on the home screen pass for silent; shorten it \
                 or lengthen inactivity_seconds"
            );
            reader.problem("home_refresh_seconds", message);
        }
        let cookie_idle_minutes = reader
            .number("cookie_idle_minutes", 0..=1_440)
            .and_then(|minutes| u32::try_from(minutes).ok())
            .unwrap_or(default.cookie_idle_minutes);
        let form_method = reader.choice("form_method", &methods).unwrap_or(default.form_method);
        let label_limits = reader.list("label_limits", 100, |limit| {
            for name in ["model", "characters_max"] {
                if !limit.has(name) {
                    limit.problem(name, "is missing");
                }
            }
            let model = limit.short_text("model", 32);
            let characters_max = limit.number("characters_max", 4..=64);
            let characters_max = u32::try_from(characters_max?).ok()?;
            Some(LabelLimit { model: model?, characters_max })
        });
        let mut alternates = BTreeMap::new();
        for (node, alternate) in reader.entries("alternates", 100) {
            let is_name = |text: &&str| {
                (1..=ALTERNATE_CHARACTERS_MAX).contains(&text.chars().count())
                    && !text.chars().any(char::is_control)
            };
            match (node.parse(), alternate.as_str().filter(is_name)) {
                (Ok(node), Some(alternate)) => {
                    alternates.insert(node, alternate.to_owned());
                }
                (Err(error), _) => {
                    reader.problem("alternates", format_args!("{node}: {error}"));
                }
                (Ok(_), None) => {
                    let message = format_args!(
                        "{node}: must be a text of 1 to {ALTERNATE_CHARACTERS_MAX} characters \
                         without control characters, not {alternate}"
                    );
                    reader.problem("alternates", message);
                }
            }
        }
        let push = reader.table("push", WrittenPush::read);
        let single_sign_on_pin = reader.switch("single_sign_on_pin").unwrap_or(false);
        let service = Self {
            devices,
            mobile_agents,
            inactivity_seconds,
            home_refresh_seconds,
            cookie_idle_minutes,
            form_method,
            label_limits,
            alternates,
            push: None,
            single_sign_on_pin,
        };
        Some((service, push))
    }
}

impl WrittenPush {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.has("user") {
            reader.problem("user", "is missing");
        }
        let user = reader.short_text("user", PUSH_PASSWORD_CHARACTERS_MAX);
        if user.as_ref().is_some_and(|user| !user.is_ascii() || user.contains(':')) {
            reader.problem("user", "must be ASCII without a colon");
        }
        let plain = reader.secret("password", PUSH_PASSWORD_CHARACTERS_MAX);
        if plain.as_ref().is_some_and(|password| {
            !password.expose().chars().all(|character| matches!(character, ' '..='~'))
        }) {
            reader.problem("password", "must be printable ASCII, since phones know no other");
        }
        let sealed = reader.text("password_sealed").map(Sealed::from_text);
        let password = match (plain, sealed) {
            (Some(plain), None) => Some(NewSecret::Plain(plain)),
            (None, Some(sealed)) => Some(NewSecret::Sealed(sealed)),
            (Some(_), Some(_)) => {
                reader.problem("password", "stands beside password_sealed; keep one of the two");
                None
            }
            (None, None) => {
                reader.problem("password", "is missing");
                None
            }
        };
        let port = reader.number("port", 1..=65_535).unwrap_or(443);
        Some(Self { user: user?, password: password?, port: u16::try_from(port).ok()? })
    }
}
