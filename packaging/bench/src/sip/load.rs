//! Registrations at a rate: over what, and how phones prove who they are.

use std::net::SocketAddr;

use super::scenario::{Figures, Run};
use super::{PHONES, Row};
use crate::AnyError;

/// How long a run lasts, in seconds.
const SECONDS: usize = 5;

/// Over what phones register.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    /// One connection for all, as a proxy has.
    Tcp,
    /// One for each phone, opened and closed with its registration.
    TcpEach,
}

impl Transport {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP, one",
            Self::TcpEach => "TCP, each",
        }
    }

    fn of_sipp(self) -> &'static str {
        match self {
            Self::Udp => "u1",
            Self::Tcp => "t1",
            Self::TcpEach => "tn",
        }
    }
}

/// How phones prove who they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Kamailio asks for nothing. The gateway registers nobody unproven; what comes nearest is a phone that has a
    /// nonce, whose REGISTER takes as many messages, and is set beside it.
    None,
    /// Each registration is challenged: two requests.
    Challenged,
    /// Nine of ten registrations use the nonce of the first: eleven requests for ten registrations.
    Kept,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none*",
            Self::Challenged => "challenged",
            Self::Kept => "kept nonce",
        }
    }

    /// What Kamailio's configuration is told.
    pub(super) fn defines(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Challenged | Self::Kept => &["WITH_DIGEST"],
        }
    }

    /// The scenario of Kamailio's phones, and how often each registers in it.
    pub(super) fn of_kamailio(self) -> (&'static str, usize) {
        match self {
            Self::None => ("register.xml", 1),
            Self::Challenged | Self::Kept => self.of_gateway(),
        }
    }

    /// The scenario of ours.
    pub(super) fn of_gateway(self) -> (&'static str, usize) {
        match self {
            Self::None | Self::Kept => ("refresh.xml", 10),
            Self::Challenged => ("register-digest.xml", 1),
        }
    }
}

/// One run against that server. Figures are for each registration.
pub(super) fn run(
    row: &Row,
    (scenario, registrations): (&str, usize),
    server: SocketAddr,
    cpu_seconds: &dyn Fn() -> Result<f64, AnyError>,
) -> Result<Figures, AnyError> {
    let calls_per_second = row.rate / registrations;
    let run = Run {
        scenario,
        server: Some(server),
        transport: row.transport.of_sipp(),
        port: 0,
        calls_per_second,
        calls: calls_per_second * SECONDS,
        users: PHONES,
    };
    let before = cpu_seconds()?;
    let counts = run.start()?.counts()?;
    let spent = cpu_seconds()? - before;
    let registered = counts.done * registrations as f64;
    Ok(Figures {
        answered_per_second: registered / counts.took.as_secs_f64(),
        failed: counts.failed,
        resent: counts.resent,
        p99_milliseconds: counts.p99_milliseconds,
        microseconds: spent * 1e6 / registered,
    })
}
