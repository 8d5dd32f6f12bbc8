//! A pair's settings as a link needs them: the client's password opened, durations as durations.

use std::time::Duration;

use domain::settings::{CLIENT_PASSWORD_PURPOSE, CtiDialect, CtiPair, CtiSide};
use domain::{PairName, ReasonCode};
use engine::Port;
use protocols::cti::{
    CallMask, Dialect, ProtocolVersion, Secret, Services, SessionSettings, Side, SidesSettings,
    TagWidth,
};

/// From which version on a sign-in may go without a password.
const SINGLE_SIGN_ON_VERSION: u32 = 20;

/// How a pair is reached and what it is asked.
#[derive(Clone, Debug)]
pub(crate) struct PairConfig {
    pub(crate) name: PairName,
    pub(crate) a: CtiSide,
    pub(crate) b: Option<CtiSide>,
    pub(crate) session: SessionSettings,
    pub(crate) sides: SidesSettings,
    /// The peripheral that requests name.
    pub(crate) peripheral_id: u32,
    pub(crate) dialect: Dialect,
    /// Within this time an agent must be seen in the state asked for.
    pub(crate) request: Duration,
    /// Whether agents may be signed on whom we proved (`SSOEnabled`).
    pub(crate) takes_single_sign_on: bool,
    /// The code of forced sign-outs.
    pub(crate) logout_reason: ReasonCode,
}

impl PairConfig {
    /// Reads a pair's settings; what cannot be used is said in words for an operator.
    pub(crate) fn read(pair: &CtiPair, port: &Port) -> Result<Self, String> {
        let dialect = match pair.dialect {
            CtiDialect::Enterprise => Dialect::Enterprise,
            CtiDialect::Express => Dialect::Express,
        };
        let version = ProtocolVersion::new(pair.version)
            .ok_or_else(|| format!("protocol version {} is not known here", pair.version))?;
        let password = match &pair.client_password {
            None => Secret::default(),
            Some(sealed) => {
                let opened = port.unseal(CLIENT_PASSWORD_PURPOSE, sealed);
                let opened = opened.map_err(|error| format!("client_password: {error}"))?;
                Secret::new(opened.expose())
            }
        };
        let client = pair.client_id.as_str();
        let mut session = SessionSettings::gateway(dialect, version, client, password);
        session.tag_width = pair.tag_width.map(|width| match width {
            1 => TagWidth::One,
            _ => TagWidth::Two,
        });
        session.services = session.services | Services::IGNORE_DUPLICATE_AGENT_EVENTS;
        if dialect == Dialect::Express {
            session.services = Services::ALL_EVENTS | Services::CLIENT_CONTROL;
        }
        session.call_events = CallMask::KNOWN;
        let heartbeat = Duration::from_secs(pair.heartbeat_seconds.into());
        session.heartbeat = (!heartbeat.is_zero()).then_some(heartbeat);
        if !heartbeat.is_zero() {
            // Express takes idle times of less than two minutes only.
            let longest = match dialect {
                Dialect::Express => Duration::from_secs(119),
                Dialect::Enterprise => Duration::from_secs(2_400),
            };
            session.idle_timeout = (heartbeat * 4).max(Duration::from_secs(20)).min(longest);
        }
        session.open_wait = Duration::from_secs(pair.open_seconds.into());
        let keeps_standby = session.services.contains(Services::ACTIVE_STANDBY);
        Ok(Self {
            name: pair.name.clone(),
            a: pair.side_a.clone(),
            b: pair.side_b.clone(),
            sides: SidesSettings {
                has_second: pair.side_b.is_some(),
                reconnect: Duration::from_secs(pair.reconnect_seconds.into()),
                dialect,
                keeps_standby,
            },
            peripheral_id: pair.peripheral_id,
            dialect,
            request: Duration::from_secs(pair.request_seconds.into()),
            takes_single_sign_on: pair.version >= SINGLE_SIGN_ON_VERSION,
            logout_reason: ReasonCode(pair.logout_reason),
            session,
        })
    }

    /// Where a side is.
    pub(crate) fn address(&self, side: Side) -> Option<&CtiSide> {
        match side {
            Side::A => Some(&self.a),
            Side::B => self.b.as_ref(),
        }
    }
}
