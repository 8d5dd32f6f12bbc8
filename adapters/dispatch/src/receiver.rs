//! A receiver as the settings in force have it, its secret opened right before it is used.

use domain::settings::{
    ALARM_SECRET_PURPOSE, AlarmReceiver, MailSecurity, PROXY_PASSWORD_PURPOSE, Settings,
    webhook_place,
};
use domain::{Sealed, Secret};
use engine::Port;

use crate::mail::{self, Mail};
use crate::outgoing::{Failure, Letter};
use crate::tls;
use crate::webhook::{self, Proxy, Webhook};

/// What a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Webhook,
    Mail,
}

impl Kind {
    /// Each, for figures.
    pub(crate) const ALL: [Self; 2] = [Self::Webhook, Self::Mail];

    /// That of a receiver.
    pub(crate) fn of(receiver: &AlarmReceiver) -> Self {
        if receiver.webhook.is_some() { Self::Webhook } else { Self::Mail }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }
}

/// Sends a letter there; tells in words what was reached.
pub(crate) async fn send(
    port: &Port,
    settings: &Settings,
    receiver: &AlarmReceiver,
    letter: &Letter,
) -> Result<String, Failure> {
    let node = port.node().to_string();
    if let Some(webhook) = &receiver.webhook {
        let proxy = match webhook.proxy {
            true => proxy(port, settings, &webhook.url)?,
            false => None,
        };
        let to = Webhook {
            url: webhook.url.clone(),
            signing_secret: opened(port, ALARM_SECRET_PURPOSE, webhook.signing_secret.as_ref())?,
            authorities: tls::authorities(settings)?,
            proxy,
        };
        return webhook::send(&to, letter, &node, port.now().seconds()).await;
    }
    let Some(mail) = &receiver.mail else {
        return Err(Failure::new("it has neither webhook nor mail"));
    };
    let authorities = match mail.security {
        MailSecurity::Plain => Vec::new(),
        MailSecurity::StartTls | MailSecurity::Tls => tls::authorities(settings)?,
    };
    let password = opened(port, ALARM_SECRET_PURPOSE, mail.password.as_ref())?;
    let to = Mail { settings: mail.clone(), password, authorities };
    mail::send(&to, letter, &node).await
}

fn opened(port: &Port, purpose: &str, sealed: Option<&Sealed>) -> Result<Option<Secret>, Failure> {
    let opened = sealed.map(|sealed| port.unseal(purpose, sealed)).transpose();
    opened.map_err(|error| Failure::new(format!("its secret cannot be opened: {error}")))
}

/// The HTTP proxy of the system, unless the host is excepted from it.
fn proxy(port: &Port, settings: &Settings, url: &str) -> Result<Option<Proxy>, Failure> {
    let host = webhook_place(url).map_or("", |(host, ..)| host);
    if webhook::is_excepted(host, &settings.proxies.except) {
        return Ok(None);
    }
    let Some(proxy) = &settings.proxies.http else {
        return Err(Failure::new(
            "it is to be reached by the HTTP proxy, and proxies.http is not set",
        ));
    };
    let password = opened(port, PROXY_PASSWORD_PURPOSE, proxy.password.as_ref())?;
    let account =
        proxy.user.clone().map(|user| (user, password.unwrap_or_else(|| Secret::new(""))));
    Ok(Some(Proxy { host: proxy.host.clone(), port: proxy.port, account }))
}
