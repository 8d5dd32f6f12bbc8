//! Connections that we open: to servers of next hops, never to an address that a peer wrote down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{SipNextHop, SipServer, SipTransport};
use protocols::sip::Flow;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::accept::prepare;
use crate::element::Element;
use crate::flows::Proven;
use crate::stream;

/// How long a connection may take to be there, name and handshake included.
const LIMIT: Duration = Duration::from_secs(5);

/// So many pings may pass without anything from the server before its connection counts as dead.
const PINGS: u32 = 4;

/// Opens a flow to that server; it runs in a task of its own until it ends.
pub(crate) async fn dial(
    element: &Arc<Element>,
    hop: &SipNextHop,
    server: &SipServer,
    transport: SipTransport,
    stop: &watch::Receiver<bool>,
) -> Result<Flow, String> {
    let dialled = tokio::time::timeout(LIMIT, open(element, hop, server, transport, stop)).await;
    dialled.unwrap_or_else(|_| Err(format!("did not answer within {} s", LIMIT.as_secs())))
}

async fn open(
    element: &Arc<Element>,
    hop: &SipNextHop,
    server: &SipServer,
    transport: SipTransport,
    stop: &watch::Receiver<bool>,
) -> Result<Flow, String> {
    let words = |error: std::io::Error| error.to_string();
    let addresses = tokio::net::lookup_host((server.host.as_str(), server.port)).await;
    let addresses: Vec<SocketAddr> = addresses.map_err(words)?.collect();
    if transport == SipTransport::Udp {
        let reachable = addresses.iter().find_map(|peer| {
            let socket = element.flows().datagrams_for(*peer)?;
            Some(Flow::Datagram { socket, peer: *peer })
        });
        return reachable.ok_or_else(|| "UDP is off here (listeners.sip.udp_port)".to_owned());
    }
    let mut problem = "its name has no address".to_owned();
    let mut connected = None;
    for peer in addresses {
        match TcpStream::connect(peer).await {
            Ok(socket) => {
                connected = Some((socket, peer));
                break;
            }
            Err(error) => problem = words(error),
        }
    }
    let Some((socket, peer)) = connected else { return Err(problem) };
    // A socket that cannot be set so works all the same.
    let _ = prepare(&socket);
    let local = socket.local_addr().map_err(words)?;
    let proven = Proven::NextHop(hop.name.clone());
    if transport == SipTransport::Tcp {
        let connection = element.flows().open(peer, local, false, proven, false);
        connection.know(silence(element, hop));
        let (flow, element, stop) = (connection.flow, Arc::clone(element), stop.clone());
        tokio::spawn(async move {
            let ended = stream::run(socket, Arc::clone(&connection), Arc::clone(&element), stop);
            element.ended(&connection, ended.await);
        });
        return Ok(flow);
    }
    let name = ServerName::try_from(server.host.clone())
        .map_err(|_| "its name can stand in no certificate".to_owned())?;
    let Some(config) = element.client_tls() else { return Err("TLS cannot be set up".to_owned()) };
    let shaken = TlsConnector::from(config).connect(name, socket).await;
    let tls = shaken.map_err(|error| {
        format!("TLS: {error}; put who signed its certificate into trust for sip_next_hops")
    })?;
    let connection = element.flows().open(peer, local, true, proven, false);
    connection.know(silence(element, hop));
    let (flow, element, stop) = (connection.flow, Arc::clone(element), stop.clone());
    tokio::spawn(async move {
        let ended = stream::run(tls, Arc::clone(&connection), Arc::clone(&element), stop);
        element.ended(&connection, ended.await);
    });
    Ok(flow)
}

/// How long a server may be silent over a connection of ours: for some pings. Where none are sent TCP alone finds
/// out that it is gone.
fn silence(element: &Element, hop: &SipNextHop) -> Duration {
    match hop.ping_seconds {
        0 => Duration::from_secs(u32::MAX.into()),
        seconds => element.silence().max(Duration::from_secs(seconds.into()) * PINGS),
    }
}
