//! Packets: the six sorts, read and written.

use bytes::Bytes;

use super::option::text;
use super::{DecodeError, FILE_NAME_BYTES_MAX, Options, PACKET_BYTES_MAX, REQUEST_BYTES_MAX};

const READ: u16 = 1;
const WRITE: u16 = 2;
const DATA: u16 = 3;
const ACKNOWLEDGEMENT: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;

/// How the bytes of a file are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As they are.
    Octet,
    /// As lines of text, which end with CR LF on their way (RFC 1350, section 1; RFC 764).
    Netascii,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Octet => "octet",
            Self::Netascii => "netascii",
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// The text says what.
    pub const UNDEFINED: Self = Self(0);
    /// There is no such file.
    pub const FILE_NOT_FOUND: Self = Self(1);
    /// That may not be done.
    pub const ACCESS_VIOLATION: Self = Self(2);
    /// That packet says nothing here.
    pub const ILLEGAL_OPERATION: Self = Self(4);
    /// No transfer of that address and port.
    pub const UNKNOWN_TRANSFER: Self = Self(5);
    /// The options cannot be agreed to (RFC 2347).
    pub const OPTIONS_REFUSED: Self = Self(8);
}

/// Which file is asked for, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Printable ASCII; what it may name is for others to judge.
    pub file_name: &'a str,
    /// How its bytes are meant.
    pub mode: Mode,
    /// What is asked for beside.
    pub options: Options,
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A file is asked for.
    Read(Request<'a>),
    /// A file is offered.
    Write(Request<'a>),
    /// One block of a file, the last one shorter than the others.
    Data {
        /// Its number, from 1 on.
        block: u16,
        /// Its bytes.
        content: &'a [u8],
    },
    /// A block arrived.
    Acknowledgement {
        /// Its number; 0 acknowledges options.
        block: u16,
    },
    /// The transfer is over.
    Error {
        /// Why.
        code: ErrorCode,
        /// The same in words, without a NUL.
        message: &'a [u8],
    },
    /// Options that are agreed to.
    Options(Options),
}

/// Reads one packet, all of whose bytes must belong to it.
pub fn decode(bytes: &[u8]) -> Result<Packet<'_>, DecodeError> {
    if bytes.len() > PACKET_BYTES_MAX {
        return Err(DecodeError::Oversize);
    }
    let (operation, rest) = number(bytes)?;
    match operation {
        READ => request(bytes, rest).map(Packet::Read),
        WRITE => request(bytes, rest).map(Packet::Write),
        DATA => number(rest).map(|(block, content)| Packet::Data { block, content }),
        ACKNOWLEDGEMENT => match number(rest)? {
            (block, []) => Ok(Packet::Acknowledgement { block }),
            _ => Err(DecodeError::Trailing),
        },
        ERROR | OPTIONS if bytes.len() > REQUEST_BYTES_MAX => Err(DecodeError::Oversize),
        ERROR => {
            let (code, rest) = number(rest)?;
            // Some peers forget the NUL, and nothing depends on the text.
            let message = text(rest).map_or(rest, |(message, _)| message);
            Ok(Packet::Error { code: ErrorCode(code), message })
        }
        OPTIONS => Options::decode(rest).map(Packet::Options),
        other => Err(DecodeError::Operation(other)),
    }
}

fn request<'a>(bytes: &[u8], rest: &'a [u8]) -> Result<Request<'a>, DecodeError> {
    if bytes.len() > REQUEST_BYTES_MAX {
        return Err(DecodeError::Oversize);
    }
    let (name, rest) = text(rest)?;
    let (mode, rest) = text(rest)?;
    let is_name = (1..=FILE_NAME_BYTES_MAX).contains(&name.len())
        && name.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let file_name = std::str::from_utf8(name).ok().filter(|_| is_name);
    let file_name = file_name.ok_or(DecodeError::FileName)?;
    let modes = [Mode::Octet, Mode::Netascii];
    let mode = modes.into_iter().find(|it| mode.eq_ignore_ascii_case(it.name().as_bytes()));
    let mode = mode.ok_or(DecodeError::Mode)?;
    Ok(Request { file_name, mode, options: Options::decode(rest)? })
}

fn number(bytes: &[u8]) -> Result<(u16, &[u8]), DecodeError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(DecodeError::Truncated)?;
    Ok((u16::from_be_bytes(*number), rest))
}

/// Writes one packet. Texts end where they hold a NUL.
pub fn encode(packet: &Packet<'_>) -> Bytes {
    let mut bytes = Vec::new();
    match packet {
        Packet::Read(request) => put_request(&mut bytes, READ, request),
        Packet::Write(request) => put_request(&mut bytes, WRITE, request),
        Packet::Data { block, content } => {
            bytes.reserve_exact(content.len() + 4);
            put_numbers(&mut bytes, [DATA, *block]);
            bytes.extend_from_slice(content);
        }
        Packet::Acknowledgement { block } => put_numbers(&mut bytes, [ACKNOWLEDGEMENT, *block]),
        Packet::Error { code, message } => {
            put_numbers(&mut bytes, [ERROR, code.0]);
            put_text(&mut bytes, message);
        }
        Packet::Options(options) => {
            put_numbers(&mut bytes, [OPTIONS]);
            options.encode(&mut bytes);
        }
    }
    bytes.into()
}

fn put_request(bytes: &mut Vec<u8>, operation: u16, request: &Request<'_>) {
    put_numbers(bytes, [operation]);
    put_text(bytes, request.file_name.as_bytes());
    put_text(bytes, request.mode.name().as_bytes());
    request.options.encode(bytes);
}

fn put_numbers<const COUNT: usize>(bytes: &mut Vec<u8>, numbers: [u16; COUNT]) {
    bytes.extend(numbers.into_iter().flat_map(u16::to_be_bytes));
}

fn put_text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend(text.iter().take_while(|byte| **byte != 0));
    bytes.push(0);
}
