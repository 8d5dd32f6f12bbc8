//! Alarms as a settings file gives them: everything checked before anything is sent anywhere.

use super::{
    ALARM_ADDRESSES_MAX, ALARM_PARTS, ALARM_RECEIVERS_MAX, ALARM_RULES_MAX, AlarmMail,
    AlarmReceiver, AlarmRule, AlarmSeverity, AlarmState, AlarmWebhook, Alarms, MailSecurity,
};
use crate::Sealed;
use crate::settings::mail_address::is_mail_address;
use crate::settings::{NewSecret, Reader};

/// Alarms as a settings file gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenAlarms {
    /// All but the secrets.
    pub alarms: Alarms,
    /// The secret of each receiver, in their order.
    pub secrets: Vec<Option<NewSecret>>,
}

impl WrittenAlarms {
    pub(in crate::settings) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let enabled = reader.switch("enabled").unwrap_or(true);
        let per_minute_max = reader.count("per_minute_max", 1..=60, 10);
        let read = reader.list("receivers", ALARM_RECEIVERS_MAX, read_receiver);
        let (receivers, secrets): (Vec<AlarmReceiver>, Vec<_>) = read.into_iter().unzip();
        let mut names: Vec<_> = receivers.iter().map(|receiver| &receiver.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            reader.problem("receivers", "has two receivers of one name; rename one");
        }
        let rules = reader.list("rules", ALARM_RULES_MAX, AlarmRule::read);
        Some(Self { alarms: Alarms { enabled, per_minute_max, receivers, rules }, secrets })
    }

    /// The alarms with each secret as `seal` gives it.
    pub(in crate::settings) fn sealed(
        self,
        mut seal: impl FnMut(&str, NewSecret) -> Sealed,
    ) -> Alarms {
        let Self { mut alarms, secrets } = self;
        for (receiver, secret) in alarms.receivers.iter_mut().zip(secrets) {
            let sealed = secret.map(|secret| seal(&receiver.name, secret));
            match (&mut receiver.webhook, &mut receiver.mail) {
                (Some(webhook), _) => webhook.signing_secret = sealed,
                (None, Some(mail)) => mail.password = sealed,
                (None, None) => {}
            }
        }
        alarms
    }
}

fn read_receiver(reader: &mut Reader<'_>) -> Option<(AlarmReceiver, Option<NewSecret>)> {
    let name = reader.named("name", 64);
    let severity = reader.choice("severity", &AlarmSeverity::NAMED).unwrap_or_default();
    if reader.has("webhook") == reader.has("mail") {
        reader.problem("webhook", "or mail must be there, and not both");
    }
    let webhook = reader.table("webhook", read_webhook);
    let mail = reader.table("mail", read_mail);
    let (webhook, signing_secret) = webhook.unzip();
    let (mail, password) = mail.unzip();
    if webhook.is_none() && mail.is_none() {
        return None;
    }
    let secret = signing_secret.flatten().or(password.flatten());
    Some((AlarmReceiver { name: name?, severity, webhook, mail }, secret))
}

fn read_webhook(reader: &mut Reader<'_>) -> Option<(AlarmWebhook, Option<NewSecret>)> {
    let url = reader.named("url", 1_024);
    if url.as_ref().is_some_and(|url| webhook_place(url).is_none()) {
        let message = "must be https://host/path or https://host:port/path, in ASCII, without user and without #";
        reader.problem("url", message);
        return None;
    }
    let secret = reader.sealable("signing_secret", 255);
    let proxy = reader.switch("proxy").unwrap_or(false);
    Some((AlarmWebhook { url: url?, signing_secret: None, proxy }, secret))
}

/// Host, port, and path with what follows, out of a webhook's address.
pub fn webhook_place(url: &str) -> Option<(&str, u16, &str)> {
    let rest = url.strip_prefix("https://")?;
    if !rest.bytes().all(|it| it.is_ascii_graphic() && it != b'#' && it != b'\\') {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (place, path) = rest.split_at(end);
    let (host, port) = match place.strip_prefix('[') {
        // An IPv6 address has colons of its own.
        Some(bracketed) => {
            let (host, behind) = bracketed.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            match behind {
                "" => (host, None),
                behind => (host, Some(behind.strip_prefix(':')?)),
            }
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let is_host = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | ':');
    if host.is_empty() || host.len() > 253 || !host.chars().all(is_host) || path.starts_with('?') {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port > 0)?,
        None => 443,
    };
    Some((host, port, if path.is_empty() { "/" } else { path }))
}

fn read_mail(reader: &mut Reader<'_>) -> Option<(AlarmMail, Option<NewSecret>)> {
    let securities = [
        ("tls", MailSecurity::Tls),
        ("start_tls", MailSecurity::StartTls),
        ("plain", MailSecurity::Plain),
    ];
    let host = reader.host("host");
    let security = reader.choice("security", &securities).unwrap_or_default();
    let usual = match security {
        MailSecurity::Tls => 465,
        MailSecurity::StartTls => 587,
        MailSecurity::Plain => 25,
    };
    let port = reader.number("port", 1..=65_535).unwrap_or(usual);
    let user = reader.short_text("user", 128);
    let password = reader.sealable("password", 255);
    if user.is_some() != password.is_some() {
        reader.problem("user", "and password must be there both or not at all");
    }
    if password.is_some() && security == MailSecurity::Plain {
        let message = "would let everybody in between read the password; choose tls or start_tls";
        reader.problem("security", message);
    }
    let from = reader.named("from", 254);
    if from.as_ref().is_some_and(|it| !is_mail_address(it)) {
        reader.problem("from", "must be a mail address as name@example.com");
    }
    let to = reader.parsed_list::<String>("to", ALARM_ADDRESSES_MAX);
    if to.is_empty() || !to.iter().all(|it| is_mail_address(it)) {
        reader.problem("to", "must hold mail addresses as name@example.com, one at least");
    }
    let port = port.try_into().ok()?;
    let (host, from) = (host?, from?);
    Some((AlarmMail { host, port, security, user, password: None, from, to }, password))
}

impl AlarmRule {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let part = reader.named("part", 32);
        if part.as_ref().is_some_and(|part| !ALARM_PARTS.contains(&part.as_str())) {
            reader.problem("part", format_args!("must be one of {}", ALARM_PARTS.join(", ")));
        }
        let name = reader.short_text("name", 253);
        let state = reader.choice("state", &AlarmState::NAMED);
        let enabled = reader.switch("enabled").unwrap_or(true);
        let severity = reader.choice("severity", &AlarmSeverity::NAMED);
        let mut number = |name, most| {
            reader.number(name, 0..=most).and_then(|number| u32::try_from(number).ok())
        };
        let after_seconds = number("after_seconds", 86_400);
        let again_minutes = number("again_minutes", 10_080);
        let from = reader.parsed("from");
        let until = reader.parsed("until");
        if from.is_some() && from == until {
            reader.problem("until", "is the same as from, so it would never be told");
        }
        Some(Self {
            part: part?,
            name,
            state,
            enabled,
            severity,
            after_seconds,
            again_minutes,
            from,
            until,
        })
    }
}
