//! Pairs as a settings file gives them.

use std::collections::{BTreeMap, BTreeSet};

use super::{CLIENT_TEXT_BYTES_MAX, CTI_PAIRS_MAX, CtiDialect, CtiPair, CtiSessions, CtiSide};
use crate::settings::{NewSecret, Reader};
use crate::{NodeName, PairName, Problems, Sealed};

/// Entries of the list that are read at all, so that a long one has each of its problems told.
const ENTRIES_READ_MAX: usize = 1_000;
/// The most characters of a call manager's user name.
const USER_CHARACTERS_MAX: usize = 128;
/// What 0 means for `reconnect_seconds`, and what holds where it is not set.
const RECONNECT_SECONDS: u32 = 300;

/// A pair as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenCtiPair {
    /// All but the password.
    pub pair: CtiPair,
    /// The password, where one is given.
    pub client_password: Option<NewSecret>,
}

/// The pairs of a file, and what the rest of it is compared with.
#[derive(Debug, Default)]
pub(in crate::settings) struct Pairs {
    /// Those without a problem of their own.
    pub(in crate::settings) pairs: Vec<WrittenCtiPair>,
    /// Every name that was read, also of pairs with a problem.
    names: BTreeSet<PairName>,
    sides: BTreeMap<CtiSide, String>,
    /// The keys under which `sessions: one` stands.
    one_session: Vec<String>,
}

impl Pairs {
    /// Reads the list `cti_pairs`.
    pub(in crate::settings) fn read(reader: &mut Reader<'_>) -> Self {
        const KEY: &str = "cti_pairs";
        let mut all = Self::default();
        let mut count = 0_usize;
        let pairs = reader.list(KEY, ENTRIES_READ_MAX, |reader| {
            count += 1;
            all.read_pair(reader)
        });
        if count > CTI_PAIRS_MAX {
            reader.problem(KEY, format_args!("has {count} entries, at most {CTI_PAIRS_MAX}"));
        }
        Self { pairs, ..all }
    }

    /// An optional member that names one of the pairs.
    pub(in crate::settings) fn read_reference(
        &self,
        reader: &mut Reader<'_>,
        name: &str,
    ) -> Option<PairName> {
        let pair: PairName = reader.parsed(name)?;
        if !self.names.contains(&pair) {
            reader.problem(name, format_args!("is {pair:?}, which is not in cti_pairs"));
            return None;
        }
        Some(pair)
    }

    /// A peer that allows one session has none for a second node.
    pub(in crate::settings) fn check_nodes(&self, nodes: usize, problems: &mut Problems) {
        for key in self.one_session.iter().filter(|_| nodes > 1) {
            let message = format_args!(
                "is one, and phone_service.alternates names {nodes} nodes, each of which needs a \
                 session of its own; run one node, or let the peer allow more and set per_node"
            );
            problems.add(key.clone(), message);
        }
    }

    fn read_pair(&mut self, reader: &mut Reader<'_>) -> Option<WrittenCtiPair> {
        let dialects = [("enterprise", CtiDialect::Enterprise), ("express", CtiDialect::Express)];
        let sessions = [("per_node", CtiSessions::PerNode), ("one", CtiSessions::One)];
        let name = self.read_name(reader);
        let dialect = reader.choice("dialect", &dialects).unwrap_or_default();
        if !reader.has("side_a") {
            let usual = if dialect == CtiDialect::Express { "12028" } else { "42027" };
            reader.problem("side_a", format_args!("is missing; write host:port (usual: {usual})"));
        }
        let side_a = self.read_side(reader, "side_a");
        let side_b = self.read_side(reader, "side_b");
        let version = read_version(reader, dialect);
        let tag_width = reader.number("tag_width", 1..=2).and_then(|width| width.try_into().ok());
        let peripheral_id = read_peripheral_id(reader, dialect);
        let client_id = reader.short_text("client_id", CLIENT_TEXT_BYTES_MAX);
        if client_id.as_ref().is_some_and(|id| !id.is_ascii()) {
            reader.problem("client_id", "must be ASCII");
        }
        let client_password = read_password(reader);
        // Express wants an idle time of twice the interval, and below two minutes.
        let longest = if dialect == CtiDialect::Express { 59 } else { 600 };
        let heartbeat_seconds = read_or_0(reader, "heartbeat_seconds", "none", (5, longest), 5);
        let pause = "300";
        let reconnect_seconds =
            match read_or_0(reader, "reconnect_seconds", pause, (120, 1_800), RECONNECT_SECONDS) {
                0 => RECONNECT_SECONDS,
                seconds => seconds,
            };
        let request_seconds = reader.number("request_seconds", 1..=60).unwrap_or(5);
        let open_seconds = reader.number("open_seconds", 5..=120).unwrap_or(30);
        let sessions = reader.choice("sessions", &sessions).unwrap_or_default();
        if sessions == CtiSessions::One {
            self.one_session.push(reader.key("sessions"));
        }
        let logout_reason = reader.number("logout_reason", 0..=u64::from(u16::MAX)).unwrap_or(255);
        let rmcm_user = reader.short_text("rmcm_user", USER_CHARACTERS_MAX);
        let primary_node: Option<NodeName> = reader.parsed("primary_node");
        let secondary_node: Option<NodeName> = reader.parsed("secondary_node");
        if secondary_node.is_some() && primary_node.is_none() {
            reader.problem("primary_node", "is missing beside secondary_node");
        }
        if primary_node.is_some() && primary_node == secondary_node {
            reader.problem("secondary_node", "must be another node than primary_node");
        }
        let pair = CtiPair {
            name: name?,
            dialect,
            side_a: side_a?,
            side_b,
            version,
            tag_width,
            peripheral_id: peripheral_id?,
            client_id: client_id.unwrap_or_else(|| "jackfield".to_owned()),
            client_password: None,
            heartbeat_seconds,
            reconnect_seconds,
            request_seconds: request_seconds.try_into().ok()?,
            open_seconds: open_seconds.try_into().ok()?,
            sessions,
            logout_reason: logout_reason.try_into().ok()?,
            rmcm_user,
            primary_node,
            secondary_node,
        };
        Some(WrittenCtiPair { pair, client_password })
    }

    fn read_name(&mut self, reader: &mut Reader<'_>) -> Option<PairName> {
        let name: PairName = reader.required("name")?;
        if name.as_str().eq_ignore_ascii_case(PairName::owned().as_str()) {
            let message = format_args!(
                "is {name}, which stands for voice state that the gateway owns itself; choose another"
            );
            reader.problem("name", message);
            return None;
        }
        if !self.names.insert(name.clone()) {
            reader.problem("name", format_args!("is {name}, as of a pair before; keep one"));
            return None;
        }
        Some(name)
    }

    fn read_side(&mut self, reader: &mut Reader<'_>, name: &str) -> Option<CtiSide> {
        let side: CtiSide = reader.parsed(name)?;
        let key = reader.key(name);
        if let Some(before) = self.sides.get(&side) {
            let message =
                format_args!("is {side}, as is {before}; each side is a server of its own");
            reader.problem(name, message);
            return None;
        }
        self.sides.insert(side.clone(), key);
        Some(side)
    }
}

fn read_version(reader: &mut Reader<'_>, dialect: CtiDialect) -> u32 {
    let (range, usual) = match dialect {
        CtiDialect::Enterprise => (9..=25, 24),
        CtiDialect::Express => (10..=18, 14),
    };
    let version = reader.number("version", range);
    version.and_then(|version| version.try_into().ok()).unwrap_or(usual)
}

fn read_peripheral_id(reader: &mut Reader<'_>, dialect: CtiDialect) -> Option<u32> {
    const KEY: &str = "peripheral_id";
    match dialect {
        CtiDialect::Enterprise => {
            if !reader.has(KEY) {
                reader.problem(KEY, "is missing; it is the number of the agents' peripheral");
            }
            // The last number stands for no peripheral.
            let most = u64::from(u32::MAX) - 1;
            reader.number(KEY, 0..=most)?.try_into().ok()
        }
        CtiDialect::Express => {
            let id = reader.number(KEY, 0..=u64::from(u32::MAX));
            if let Some(other) = id.filter(|id| *id != 1) {
                reader
                    .problem(KEY, format_args!("must be 1 on Express, not {other}; leave it out"));
            }
            Some(1)
        }
    }
}

fn read_password(reader: &mut Reader<'_>) -> Option<NewSecret> {
    let plain = reader.secret("client_password", CLIENT_TEXT_BYTES_MAX);
    let sealed = reader.text("client_password_sealed").map(Sealed::from_text);
    if plain.is_some() && sealed.is_some() {
        let message = "stands beside client_password_sealed; keep one of the two";
        reader.problem("client_password", message);
    }
    if let Some(text) = plain.as_ref().map(crate::Secret::expose) {
        // The limit of characters was looked at; those outside ASCII have several bytes.
        if text.len() > CLIENT_TEXT_BYTES_MAX {
            let message = format_args!("must be at most {CLIENT_TEXT_BYTES_MAX} bytes as UTF-8");
            reader.problem("client_password", message);
        }
        if text.chars().any(char::is_control) {
            reader.problem("client_password", "must have no control characters");
        }
    }
    plain.map(NewSecret::Plain).or(sealed.map(NewSecret::Sealed))
}

/// A number of seconds that may be 0, which means `zero`.
fn read_or_0(
    reader: &mut Reader<'_>,
    name: &str,
    zero: &str,
    (least, most): (u32, u32),
    usual: u32,
) -> u32 {
    let Some(value) = reader.value(name) else { return usual };
    let seconds = value.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    match seconds.filter(|seconds| *seconds == 0 || (least..=most).contains(seconds)) {
        Some(seconds) => seconds,
        None => {
            let message =
                format_args!("must be 0 ({zero}) or {least} to {most} seconds, not {value}");
            reader.problem(name, message);
            usual
        }
    }
}
