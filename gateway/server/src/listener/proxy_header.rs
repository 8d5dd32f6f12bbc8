//! The PROXY protocol header in front of a connection, versions 1 and 2 (its specification, 2020).
//!
//! Read to its last byte and no further, so that what follows is the client's own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The most bytes of a version 1 line, its end included (section 2.1).
const LINE_BYTES_MAX: usize = 107;
/// The most bytes of a version 2 header behind its first 16 that we read; addresses take 36.
const EXTRA_BYTES_MAX: usize = 1_024;

/// Whom a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// A client at that address.
    At(IpAddr),
    /// The proxy itself, as when it asks whether we live.
    Proxy,
}

/// Reads the header.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Client> {
    // The shortest line is longer than this, so nothing behind the header is read.
    let mut start = [0; 13];
    stream.read_exact(&mut start).await?;
    if start.starts_with(&SIGNATURE) {
        let mut rest = [0; 3];
        stream.read_exact(&mut rest).await?;
        let [.., command] = start;
        let [family, high, low] = rest;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > EXTRA_BYTES_MAX {
            return Err(bad("a PROXY header is too long"));
        }
        let mut addresses = vec![0; length];
        stream.read_exact(&mut addresses).await?;
        return binary(command, family, &addresses)
            .ok_or_else(|| bad("a PROXY header is malformed"));
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE_BYTES_MAX || !line.starts_with(b"PROXY ") {
            return Err(bad("there is no PROXY header"));
        }
        line.push(stream.read_u8().await?);
    }
    text(&line).ok_or_else(|| bad("a PROXY header is malformed"))
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Version 1: `PROXY TCP4 source destination port port`.
fn text(line: &[u8]) -> Option<Client> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.strip_prefix("PROXY ")?.split(' ');
    let address: IpAddr = match words.next()? {
        "TCP4" => words.next()?.parse::<Ipv4Addr>().ok()?.into(),
        "TCP6" => words.next()?.parse::<Ipv6Addr>().ok()?.into(),
        "UNKNOWN" => return Some(Client::Proxy),
        _ => return None,
    };
    let destination: IpAddr = words.next()?.parse().ok()?;
    let ports = [words.next()?, words.next()?].map(str::parse::<u16>);
    let whole = words.next().is_none()
        && ports.iter().all(Result::is_ok)
        && destination.is_ipv4() == address.is_ipv4();
    whole.then(|| Client::At(address.to_canonical()))
}

/// Version 2: command and family, then addresses; extensions behind them are left out.
fn binary(command: u8, family: u8, addresses: &[u8]) -> Option<Client> {
    match (command, family) {
        (0x20, _) => Some(Client::Proxy),
        (0x21, 0x11) => {
            let (source, _) = addresses.split_first_chunk::<4>()?;
            (addresses.len() >= 12).then(|| Client::At(IpAddr::from(*source)))
        }
        (0x21, 0x21) => {
            let (source, _) = addresses.split_first_chunk::<16>()?;
            (addresses.len() >= 36).then(|| Client::At(IpAddr::from(*source).to_canonical()))
        }
        // A family we do not know: what follows is still served, as the proxy's own.
        (0x21, _) => Some(Client::Proxy),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes` and compares the client and what is left unread.
    #[track_caller]
    fn check(bytes: &[u8], expected: Option<(Client, &[u8])>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut stream = bytes;
        let client = runtime.block_on(read(&mut stream)).ok();
        assert_eq!(client.map(|client| (client, stream)), expected);
    }

    fn at(text: &str) -> Client {
        Client::At(text.parse().unwrap())
    }

    #[test]
    fn ops_14_a_text_header_names_the_client() {
        check(b"PROXY TCP4 192.0.2.9 10.0.0.1 5000 8445\r\n\x16", Some((at("192.0.2.9"), b"\x16")));
        check(b"PROXY TCP6 2001:db8::9 ::1 5000 8445\r\n", Some((at("2001:db8::9"), b"")));
        check(b"PROXY UNKNOWN\r\nGET", Some((Client::Proxy, b"GET")));
        check(b"PROXY UNKNOWN whatever\r\n", Some((Client::Proxy, b"")));
    }

    #[test]
    fn ops_14_a_binary_header_names_the_client() {
        let header = |command: u8, family: u8, addresses: &[u8]| {
            let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
            [&SIGNATURE[..], &[command, family], &length, addresses, b"\x16"].concat()
        };
        let v4 = [192, 0, 2, 9, 10, 0, 0, 1, 1, 2, 3, 4];
        check(&header(0x21, 0x11, &v4), Some((at("192.0.2.9"), b"\x16")));
        let with_extension = [&v4[..], &[4, 0, 1, 0]].concat();
        check(&header(0x21, 0x11, &with_extension), Some((at("192.0.2.9"), b"\x16")));
        let mut v6 = [0; 36];
        v6[..2].copy_from_slice(&[0x20, 0x01]);
        check(&header(0x21, 0x21, &v6), Some((at("2001::"), b"\x16")));
        check(&header(0x20, 0, &[]), Some((Client::Proxy, b"\x16")));
        check(&header(0x21, 0x31, &[0; 216]), Some((Client::Proxy, b"\x16")));
        for (command, addresses) in [(0x21, &v4[..8]), (0x11, &v4), (0x22, &v4)] {
            check(&header(command, 0x11, addresses), None);
        }
        check(&header(0x21, 0x11, &[0; 1_025]), None);
    }

    #[test]
    fn ops_14_what_is_no_header_is_refused() {
        let long = [b"PROXY TCP4 ", &[b'1'; 200][..]].concat();
        for bad in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"\x16\x03\x01\x00\x05hello worldxx",
            b"PROXY TCP4 192.0.2.9\r\n\r\n",
            b"PROXY TCP4 2001:db8::9 ::1 5000 8445\r\n",
            b"PROXY TCP4 192.0.2.9 10.0.0.1 5000 99999\r\n",
            b"PROXY TCP4 192.0.2.9 10.0.0.1 5000 8445 x\r\n",
            b"PROXY",
            b"",
            &long,
        ] {
            check(bad, None);
        }
    }
}
