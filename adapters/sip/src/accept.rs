//! Connections that come: each has a place, shakes hands in a task of its own, in its turn and within a limit,
//! and runs.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::element::Element;
use crate::flows::{Connection, Proven};
use crate::handshakes::Handshakes;
use crate::places::{NoRoom, Place};
use crate::sources::Source;
use crate::stream::{self, Ended};

/// After an error that is no connection's own, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);
/// Keep-alives of TCP itself find peers that vanished before a silence would.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// What the peer does not take within this, TCP gives up.
const UNANSWERED: Duration = Duration::from_secs(30);

/// What a listener offers.
#[derive(Clone)]
pub(crate) enum Offer {
    /// Plain connections.
    Plain,
    /// TLS, as configured at the time.
    Tls(watch::Receiver<Arc<ServerConfig>>),
}

/// What all listeners share.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) element: Arc<Element>,
    pub(crate) handshakes: Arc<Handshakes>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// A listener until the node stops, for whoever begins to accept again after a fault.
pub(crate) struct Served(Mutex<Option<Arc<TcpListener>>>);

impl Served {
    pub(crate) fn new(listener: TcpListener) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(Arc::new(listener)))))
    }

    fn listener(&self) -> Option<Arc<TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes it on our side alone: where it is kept for the next process, those who come meanwhile wait there.
    fn close(&self, listener: Arc<TcpListener>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(listener);
    }
}

/// Takes connections until it is to stop; ends when they have.
pub(crate) async fn run(served: Arc<Served>, offer: Offer, mut acceptor: Acceptor) {
    let Some(listener) = served.listener() else { return };
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stream::stopped(&mut acceptor.stop) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended && error.is_panic() {
                    tracing::error!(%error, "a SIP connection's task panicked");
                    acceptor.element.figures().restarts().with(&["connection"]).increment();
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let flows = acceptor.element.flows();
                if !acceptor.element.allows(peer) {
                    acceptor.element.figures().refused_connection("network");
                    continue;
                }
                let is_hop = acceptor.element.trusted(peer).is_some();
                match flows.place(peer, is_hop) {
                    Ok(place) => {
                        connections.spawn(one(
                            socket,
                            peer,
                            place,
                            offer.clone(),
                            acceptor.clone(),
                        ));
                    }
                    Err(reason) => acceptor.element.figures().refused_connection(match reason {
                        NoRoom::All => "full",
                        NoRoom::Source => "source",
                    }),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a SIP connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    served.close(listener);
    while connections.join_next().await.is_some() {}
}

/// Tells of a connection's end, whatever ended its task.
struct Ending {
    element: Arc<Element>,
    connection: Arc<Connection>,
    reason: Ended,
}

impl Ending {
    fn of(element: &Arc<Element>, connection: &Arc<Connection>) -> Self {
        let (element, connection) = (Arc::clone(element), Arc::clone(connection));
        Self { element, connection, reason: Ended::Failed }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.element.ended(&self.connection, self.reason);
    }
}

async fn one(socket: TcpStream, peer: SocketAddr, place: Place, offer: Offer, acceptor: Acceptor) {
    let Acceptor { element, handshakes, mut stop } = acceptor;
    // A socket that cannot be set so works all the same.
    let _ = prepare(&socket);
    let Ok(local) = socket.local_addr() else { return };
    match offer {
        Offer::Plain => {
            let connection = element.flows().open(peer, local, false, Proven::Nobody, true);
            place.taken_by(&connection);
            element.figures().opened("tcp");
            let mut ending = Ending::of(&element, &connection);
            let ended = stream::run(socket, Arc::clone(&connection), Arc::clone(&element), stop);
            ending.reason = ended.await;
        }
        Offer::Tls(config) => {
            let limit = element.limits().handshake;
            let permit = handshakes.permit(Source::of(peer.ip()));
            let permit = tokio::select! {
                permit = tokio::time::timeout(limit / 2, permit) => permit,
                () = stream::stopped(&mut stop) => return,
                () = place.given_up() => return element.figures().refused_connection("full"),
            };
            let Ok(Some(permit)) = permit else {
                return element.figures().refused_connection("handshakes");
            };
            let config = Arc::clone(&config.borrow());
            let shaken = TlsAcceptor::from(config).accept(socket);
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(limit, shaken) => shaken,
                () = stream::stopped(&mut stop) => return,
                () = place.given_up() => return element.figures().refused_connection("full"),
            };
            let tls = match shaken {
                Ok(Ok(tls)) => tls,
                Ok(Err(error)) => {
                    tracing::debug!(%peer, %error, "a TLS handshake failed");
                    return element.figures().refused_connection("handshake");
                }
                Err(_) => return element.figures().refused_connection("handshake_time"),
            };
            drop(permit);
            let chain = tls.get_ref().1.peer_certificates();
            let holder = || chain.map_or(Proven::Nobody, |chain| element.holder(chain, peer));
            let changes = element.changes();
            let connection = element.flows().open(peer, local, true, holder(), true);
            if element.changes() != changes && holder() != connection.proven {
                // Whoever ended connections of before could not know this one yet.
                connection.close();
            }
            place.taken_by(&connection);
            element.figures().opened("tls");
            let mut ending = Ending::of(&element, &connection);
            let ended = stream::run(tls, Arc::clone(&connection), Arc::clone(&element), stop);
            ending.reason = ended.await;
        }
    }
    drop(place);
}

/// Sets what finds a peer that vanished, and sends small messages at once.
pub(crate) fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE / 4),
    )?;
    socket.set_tcp_user_timeout(Some(UNANSWERED))
}
