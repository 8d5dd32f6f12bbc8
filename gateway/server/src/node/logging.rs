//! The log as the settings want it: its level and its receivers, followed while the node runs.

use std::sync::Arc;

use domain::settings::{
    LogLevel, Logging, Settings, SyslogFraming, SyslogReceiver as Wanted, SyslogTransport,
    TrustPurpose,
};
use tokio::sync::watch;
use tracing::Level;

use super::Shared;
use crate::log::{Facility, Framing, SyslogReceiver, Transport};

/// Brings the log in line with the settings in force, with each change of them, until the node stops.
pub(super) async fn follow(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut changes = shared.port.settings_changes();
    loop {
        changes.mark_unchanged();
        let settings = shared.port.settings();
        let level = settings.logging.level.map(LogLevel::name);
        shared.log.set_lasting_level(level.unwrap_or(shared.config.log.level));
        shared.log.syslog().set_receivers(syslog_receivers(&settings));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// The receivers in the settings, with whom they trust.
pub(crate) fn syslog_receivers(settings: &Settings) -> Vec<SyslogReceiver> {
    let authorities = authorities(settings);
    let logging = &settings.logging;
    logging.syslog.iter().map(|wanted| receiver(logging, wanted, &authorities)).collect()
}

/// Certificates trusted for receivers of the log, as PEM; empty where there are none.
fn authorities(settings: &Settings) -> String {
    let trusted = settings.trust.values();
    let trusted = trusted.filter(|trust| trust.purposes.contains(&TrustPurpose::Syslog));
    trusted.map(|trust| format!("{}\n", trust.certificates)).collect()
}

fn receiver(logging: &Logging, wanted: &Wanted, authorities: &str) -> SyslogReceiver {
    let transport = match wanted.transport {
        SyslogTransport::Udp => Transport::Udp,
        SyslogTransport::Tcp => Transport::Tcp,
        SyslogTransport::Tls => Transport::Tls,
    };
    SyslogReceiver {
        framing: match wanted.framing {
            SyslogFraming::OctetCounting => Framing::OctetCounting,
            SyslogFraming::Newline => Framing::Newline,
        },
        // The settings hold no other number.
        facility: Facility::new(wanted.facility).unwrap_or(Facility::LOCAL0),
        level: level(wanted.level),
        // Of no use to the others, whom a change of them need not disturb.
        authorities_pem: (transport == Transport::Tls && !authorities.is_empty())
            .then(|| authorities.to_owned()),
        enterprise: logging.enterprise_number,
        ..SyslogReceiver::new(&wanted.name, &wanted.host, wanted.port, transport)
    }
}

fn level(level: LogLevel) -> Level {
    match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::settings::Trust;

    use super::*;

    #[test]
    fn receivers_get_what_the_settings_say_and_only_tls_the_authorities() {
        let wanted = |name: &str, transport| Wanted {
            name: name.to_owned(),
            host: "logs.example.com".to_owned(),
            port: 6_514,
            transport,
            framing: SyslogFraming::Newline,
            facility: 23,
            level: LogLevel::Debug,
        };
        let trust = |name: &str, purpose| Trust {
            name: name.to_owned(),
            purposes: vec![purpose],
            certificates: format!("PEM of {name}"),
        };
        let logging = Logging {
            level: None,
            syslog: vec![
                wanted("private", SyslogTransport::Tls),
                wanted("plain", SyslogTransport::Tcp),
            ],
            enterprise_number: 64_999,
        };
        let mut settings = Settings { logging: Arc::new(logging), ..Settings::default() };
        for trust in [trust("a", TrustPurpose::Syslog), trust("b", TrustPurpose::Phones)] {
            Arc::make_mut(&mut settings.trust).insert(trust.name.clone(), Arc::new(trust));
        }
        let plain = SyslogReceiver {
            framing: Framing::Newline,
            facility: Facility::new(23).unwrap(),
            level: Level::DEBUG,
            enterprise: 64_999,
            ..SyslogReceiver::new("plain", "logs.example.com", 6_514, Transport::Tcp)
        };
        let private = SyslogReceiver {
            name: "private".to_owned(),
            transport: Transport::Tls,
            authorities_pem: Some("PEM of a\n".to_owned()),
            ..plain.clone()
        };
        assert_eq!(syslog_receivers(&settings), [private, plain]);
    }
}
