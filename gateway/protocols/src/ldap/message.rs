//! Messages: what we ask, and what servers answer.

use super::ber::{BOOLEAN, ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, SET, Writer, header};
use super::{DecodeError, Filter};

/// The most bytes of one message of a server: an entry with many groups.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most values of one entry.
pub const VALUES_MAX: usize = 20_000;
/// The name of the request to go on with TLS.
pub const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

const PAGED: &str = "1.2.840.113556.1.4.319";
/// Asks what is wrong with an account besides its password (a draft that many servers follow).
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// Be that entry from now on. An empty password would succeed for any name, so whoever sends
    /// this makes sure there is one.
    Bind {
        /// The entry's name; empty for nobody.
        name: &'a str,
        /// Its password.
        password: &'a [u8],
    },
    /// Find entries.
    Search(Search<'a>),
    /// Something that has a name of its own, such as [`START_TLS`].
    Extended(&'a str),
    /// Leave.
    Unbind,
}

/// A search, or its next page.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The entry it begins at.
    pub base: &'a str,
    /// How far it goes.
    pub scope: Scope,
    /// The most entries the server gives before it breaks off; 0 leaves that to it.
    pub entries_max: u32,
    /// The most seconds the server searches.
    pub seconds_max: u32,
    /// Which entries.
    pub filter: &'a Filter,
    /// What stands in the filter's places.
    pub filled: &'a [(&'a str, &'a [u8])],
    /// Which attributes of them; with none, `1.1` asks for names only.
    pub attributes: &'a [&'a str],
    /// So many entries a page, and what the server gave to go on with; empty for the first.
    pub page: Option<(u32, &'a [u8])>,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The entry itself.
    Base,
    /// It and all below it.
    Subtree,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The number of the request; 0 where the server speaks unasked.
    pub id: u32,
    /// What it says.
    pub operation: Operation,
    /// Where a page ends: what to ask the next one with; empty after the last.
    pub cookie: Option<Vec<u8>>,
    /// What a server tells of an account that it let in, or did not.
    pub policy: Option<BindPolicy>,
}

/// What is wrong with an account besides its password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindPolicy {
    /// Its password is too old.
    Expired,
    /// It is locked.
    Locked,
    /// Its password must be changed first.
    MustChange,
}

/// One sort of answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A bind's outcome.
    Bound(Outcome),
    /// An entry that was found.
    Entry(Entry),
    /// Entries are on another server; it is not asked.
    Elsewhere,
    /// A search's outcome.
    Searched(Outcome),
    /// The outcome of a request with a name; or, with number 0, why the server hangs up.
    Extended(Outcome),
    /// Something nobody asked for.
    Other(u8),
}

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// In a number.
    pub code: ResultCode,
    /// In words for whoever runs the server, never for whoever signs in.
    pub message: String,
}

/// How a request went, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    /// It went well.
    pub const SUCCESS: Self = Self(0);
    /// More entries than we asked for.
    pub const SIZE_LIMIT: Self = Self(4);
    /// The server wants TLS first.
    pub const CONFIDENTIALITY: Self = Self(13);
    /// There is no such entry.
    pub const NO_SUCH_OBJECT: Self = Self(32);
    /// Another server would know.
    pub const REFERRAL: Self = Self(10);
    /// The name or the password is wrong.
    pub const INVALID_CREDENTIALS: Self = Self(49);
    /// The server may not answer that.
    pub const INSUFFICIENT_RIGHTS: Self = Self(50);
    /// Too much to do.
    pub const BUSY: Self = Self(51);
    /// Not in service.
    pub const UNAVAILABLE: Self = Self(52);
    /// The server does not want to; an account that is disabled, often.
    pub const UNWILLING: Self = Self(53);

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "operations error",
            2 => "protocol error",
            3 => "time limit exceeded",
            4 => "size limit exceeded",
            7 => "authentication method not supported",
            8 => "stronger authentication required",
            10 => "referral",
            11 => "administrative limit exceeded",
            12 => "critical extension unavailable",
            13 => "confidentiality required",
            16 => "no such attribute",
            17 => "undefined attribute type",
            18 => "inappropriate matching",
            19 => "constraint violation",
            21 => "invalid attribute syntax",
            32 => "no such object",
            34 => "invalid name",
            48 => "inappropriate authentication",
            49 => "invalid credentials",
            50 => "insufficient access rights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwilling to perform",
            _ => "another error",
        }
    }
}

/// An entry that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it has.
    pub attributes: Vec<Attribute>,
}

/// Values under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name, without minding its case.
    pub name: String,
    /// The values, in no order.
    pub values: Vec<Vec<u8>>,
}

impl Entry {
    /// The values of that attribute which are text.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        let named = self.attributes.iter().filter(move |it| it.name.eq_ignore_ascii_case(name));
        named.flat_map(|it| &it.values).filter_map(|value| std::str::from_utf8(value).ok())
    }
}

/// The bytes of a request.
#[must_use]
pub fn encode(id: u32, request: &Request<'_>) -> Vec<u8> {
    let mut message = Writer::default();
    message.constructed(SEQUENCE, |message| {
        message.number(INTEGER, id);
        match request {
            Request::Bind { name, password } => {
                message.constructed(0x60, |bind| {
                    bind.number(INTEGER, 3);
                    bind.octets(name.as_bytes());
                    bind.element(0x80, password);
                });
                message.constructed(0xA0, |controls| {
                    controls.constructed(SEQUENCE, |it| it.octets(PASSWORD_POLICY.as_bytes()));
                });
            }
            Request::Search(search) => search.write(message),
            Request::Extended(name) => {
                message.constructed(0x77, |extended| extended.element(0x80, name.as_bytes()));
            }
            Request::Unbind => message.element(0x42, &[]),
        }
    });
    message.into_bytes()
}

impl Search<'_> {
    fn write(&self, message: &mut Writer) {
        message.constructed(0x63, |search| {
            search.octets(self.base.as_bytes());
            search.number(ENUMERATED, if self.scope == Scope::Base { 0 } else { 2 });
            // Aliases are not followed.
            search.number(ENUMERATED, 0);
            search.number(INTEGER, self.entries_max);
            search.number(INTEGER, self.seconds_max);
            search.boolean(false);
            self.filter.write(search, self.filled);
            search.constructed(SEQUENCE, |attributes| {
                if self.attributes.is_empty() {
                    attributes.octets(b"1.1");
                }
                for name in self.attributes {
                    attributes.octets(name.as_bytes());
                }
            });
        });
        if let Some((size, cookie)) = self.page {
            message.constructed(0xA0, |controls| {
                controls.constructed(SEQUENCE, |control| {
                    control.octets(PAGED.as_bytes());
                    control.boolean(true);
                    let mut value = Writer::default();
                    value.constructed(SEQUENCE, |value| {
                        value.number(INTEGER, size);
                        value.octets(cookie);
                    });
                    control.octets(&value.into_bytes());
                });
            });
        }
    }
}

/// How long the first message in `bytes` is; `None` where that much is not there yet.
pub fn split(bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some((tag, header, length)) = header(bytes)? else { return Ok(None) };
    if tag != SEQUENCE {
        return Err(DecodeError::Malformed);
    }
    if length > MESSAGE_BYTES_MAX {
        return Err(DecodeError::TooLarge { bytes: length });
    }
    Ok((bytes.len() >= header + length).then_some(header + length))
}

/// Reads one whole message of a server.
pub fn decode(message: &[u8]) -> Result<Response, DecodeError> {
    let mut outer = Reader::new(message);
    let mut message = outer.inner(SEQUENCE)?;
    if !outer.is_empty() {
        return Err(DecodeError::Malformed);
    }
    let id = message.number(INTEGER)?;
    let (tag, content) = message.any()?;
    let mut content = Reader::new(content);
    let operation = match tag {
        0x61 => Operation::Bound(outcome(&mut content)?),
        0x64 => Operation::Entry(entry(&mut content)?),
        0x65 => Operation::Searched(outcome(&mut content)?),
        0x73 => Operation::Elsewhere,
        0x78 => Operation::Extended(outcome(&mut content)?),
        other => Operation::Other(other),
    };
    let mut response = Response { id, operation, cookie: None, policy: None };
    if let Some(controls) = message.optional(0xA0)? {
        read_controls(Reader::new(controls), &mut response)?;
    }
    Ok(response)
}

fn outcome(reader: &mut Reader<'_>) -> Result<Outcome, DecodeError> {
    let code = ResultCode(reader.number(ENUMERATED)?);
    let _matched = reader.octets()?;
    let message = reader.text()?;
    // Referrals and what a named request returns are of no use here.
    Ok(Outcome { code, message })
}

fn entry(reader: &mut Reader<'_>) -> Result<Entry, DecodeError> {
    let name = reader.octets()?;
    let name = std::str::from_utf8(name).map_err(|_| DecodeError::Malformed)?.to_owned();
    let mut attributes = Vec::new();
    let mut list = reader.inner(SEQUENCE)?;
    let mut count = 0;
    while !list.is_empty() {
        let mut attribute = list.inner(SEQUENCE)?;
        let name = attribute.text()?;
        let mut values = Vec::new();
        let mut set = attribute.inner(SET)?;
        while !set.is_empty() {
            values.push(set.octets()?.to_vec());
            count += 1;
            if count > VALUES_MAX {
                return Err(DecodeError::TooMany);
            }
        }
        attributes.push(Attribute { name, values });
        if attributes.len() > VALUES_MAX {
            return Err(DecodeError::TooMany);
        }
    }
    Ok(Entry { name, attributes })
}

fn read_controls(mut controls: Reader<'_>, response: &mut Response) -> Result<(), DecodeError> {
    while !controls.is_empty() {
        let mut control = controls.inner(SEQUENCE)?;
        let name = control.octets()?;
        control.optional(BOOLEAN)?;
        let value = control.optional(OCTETS)?;
        if name == PAGED.as_bytes() {
            let mut value = Reader::new(value.unwrap_or_default()).inner(SEQUENCE)?;
            value.number(INTEGER)?;
            response.cookie = Some(value.octets()?.to_vec());
        } else if name == PASSWORD_POLICY.as_bytes() {
            let mut value = Reader::new(value.unwrap_or_default()).inner(SEQUENCE)?;
            value.optional(0xA0)?;
            let error = value.optional(0x81)?.map(super::ber::number).transpose()?;
            response.policy = match error {
                Some(0) => Some(BindPolicy::Expired),
                Some(1) => Some(BindPolicy::Locked),
                Some(2) => Some(BindPolicy::MustChange),
                _ => None,
            };
        }
    }
    Ok(())
}
