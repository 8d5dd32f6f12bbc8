//! Sockets that the supervisor holds open for us, so that a restart refuses nobody: whoever comes meanwhile
//! waits in the kernel for the next process.
//!
//! ```text
//!   handed over at start --wanted by the configuration--> taken instead of bound anew
//!                        `-- not wanted --> closed here and by the supervisor, before anything is bound
//!   bound anew --> kept by the supervisor from before the node says that it is ready
//! ```
//!
//! What a process before us gave away comes back under a name of ours, which tells listener, transport, address
//! and port; one of a socket unit has the listener's name alone (`FileDescriptorName=phone`). A name is believed
//! only where the socket is bound as it says.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{FdFlags, fcntl_setfd};
use socket2::{SockRef, Socket, Type};

use crate::listener::BACKLOG;
use crate::node::notify;

/// Sockets handed over and not taken yet.
#[derive(Default)]
pub struct Inherited {
    sockets: Vec<Handed>,
    /// Names under which the supervisor keeps sockets.
    kept: BTreeSet<String>,
}

/// One socket, with the name that the supervisor has for it.
struct Handed {
    name: String,
    socket: Socket,
}

/// A socket that a listener works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) listener: &'static str,
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

/// How a socket carries what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Connections.
    Tcp,
    /// Packets.
    Udp,
}

impl Inherited {
    /// What this process was started with. To be called once, before it opens anything of its own.
    pub fn receive() -> io::Result<Self> {
        let handed = sd_listen_fds::get().map_err(io::Error::other)?;
        let handed = handed.into_iter().map(|(name, socket)| (name, socket.into_std()));
        Self::of(handed.map(|(name, socket)| (name.unwrap_or_default(), socket)))
    }

    fn of(handed: impl IntoIterator<Item = (String, OwnedFd)>) -> io::Result<Self> {
        let mut inherited = Self::default();
        for (name, socket) in handed {
            // Programs that we start have no use for it.
            fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
            if name.contains('/') {
                inherited.kept.insert(name.clone());
            }
            inherited.sockets.push(Handed { name, socket: socket.into() });
        }
        Ok(inherited)
    }

    /// What a process before this one had under these names.
    #[cfg(test)]
    pub(crate) fn of_tests<'a>(
        sockets: impl IntoIterator<Item = (&'static str, BorrowedFd<'a>)>,
    ) -> io::Result<Self> {
        let copy = |(name, socket): (&str, BorrowedFd<'_>)| -> io::Result<_> {
            Ok((name.to_owned(), socket.try_clone_to_owned()?))
        };
        let sockets: io::Result<Vec<_>> = sockets.into_iter().map(copy).collect();
        Self::of(sockets?)
    }

    /// Closes what is not `wanted`, and has the supervisor close it too, so that what is left out of the
    /// configuration listens no more and its address can be bound in another way. This may block for some seconds.
    pub(crate) fn keep_only(&mut self, wanted: &[Wanted]) {
        let mut open: Vec<_> = wanted.to_vec();
        let mut let_go = BTreeSet::new();
        self.sockets.retain(|handed| {
            // One for each: a second one for the same address would be nobody's.
            if let Some(place) = open.iter().position(|wanted| handed.is(wanted)) {
                open.swap_remove(place);
                return true;
            }
            tracing::info!(
                name = handed.name,
                "a socket of before is closed: nothing listens there any more"
            );
            let_go.insert(handed.name.clone());
            false
        });
        let let_go: Vec<_> = let_go.iter().filter(|name| self.kept.remove(*name)).collect();
        if let_go.is_empty() {
            return;
        }
        let_go.into_iter().for_each(|name| notify::let_go(name));
        if let Err(error) = notify::wait_until_done() {
            tracing::warn!(%error, "the supervisor may still hold sockets that nothing listens on any more");
        }
    }

    /// The socket for that, where it was handed over.
    pub(crate) fn take(&mut self, wanted: &Wanted) -> Option<Socket> {
        let place = self.sockets.iter().position(|handed| handed.is(wanted))?;
        let Handed { socket, .. } = self.sockets.swap_remove(place);
        // One of a socket unit is kept by that unit: kept once more it would come twice the next time.
        self.kept.insert(wanted.name());
        if wanted.transport == Transport::Tcp {
            // The queue of whoever opened it may be a short one.
            let _ = socket.listen(BACKLOG);
        }
        socket.set_nonblocking(true).ok()?;
        Some(socket)
    }

    /// Has the supervisor keep those of `sockets` that it does not keep yet.
    pub(crate) fn have_kept<'a>(
        &mut self,
        sockets: impl IntoIterator<Item = (&'static str, BorrowedFd<'a>)>,
    ) {
        for (listener, socket) in sockets {
            let Some(wanted) = Wanted::of(listener, &SockRef::from(&socket)) else { continue };
            let name = wanted.name();
            if self.kept.contains(&name) {
                continue;
            }
            match notify::keep(&name, socket.as_fd()) {
                Ok(()) => {
                    self.kept.insert(name);
                }
                Err(error) => {
                    // A restart refuses connections then, as it does without a supervisor.
                    tracing::warn!(listener, %error, "the supervisor cannot keep a socket");
                }
            }
        }
    }
}

impl Handed {
    fn is(&self, wanted: &Wanted) -> bool {
        let listener = self.name.split('/').next().unwrap_or_default();
        listener == wanted.listener
            && Wanted::of(wanted.listener, &self.socket).as_ref() == Some(wanted)
    }
}

impl Wanted {
    /// What a socket is that is open; `None` where it is none of ours to serve.
    fn of(listener: &'static str, socket: &Socket) -> Option<Self> {
        let transport = match socket.r#type().ok()? {
            Type::STREAM if socket.is_listener().ok()? => Transport::Tcp,
            Type::DGRAM => Transport::Udp,
            _ => return None,
        };
        let address = socket.local_addr().ok()?.as_socket()?;
        Some(Self { listener, transport, address })
    }

    /// Under which the supervisor keeps it: printable characters without a colon.
    fn name(&self) -> String {
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        let address = self.address.ip().to_string().replace(':', "_");
        format!("{}/{transport}/{address}/{}", self.listener, self.address.port())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    fn tcp() -> TcpListener {
        TcpListener::bind(("127.0.0.1", 0)).unwrap()
    }

    fn wanted(listener: &'static str, socket: impl AsFd) -> Wanted {
        Wanted::of(listener, &SockRef::from(&socket)).unwrap()
    }

    fn handed(name: &str, socket: impl AsFd) -> (String, OwnedFd) {
        (name.to_owned(), socket.as_fd().try_clone_to_owned().unwrap())
    }

    #[test]
    fn ops_01_a_socket_is_taken_by_its_name_and_its_address() {
        let (phone, console, sip) = (tcp(), tcp(), UdpSocket::bind(("127.0.0.1", 0)).unwrap());
        let (for_phone, for_console) = (wanted("phone", &phone), wanted("console", &console));
        let for_sip = wanted("sip_udp", &sip);
        let all = || {
            Inherited::of([
                handed("phone", &phone),
                handed(&for_console.name(), &console),
                handed(&for_sip.name(), &sip),
                // Not what its name says.
                handed("headset", tcp()),
                handed("tftp", std::os::unix::net::UnixDatagram::unbound().unwrap()),
            ])
            .unwrap()
        };
        let mut inherited = all();
        inherited.keep_only(&[for_phone, for_console, for_sip]);
        assert_eq!(inherited.sockets.len(), 3);
        for wanted in [for_phone, for_console, for_sip] {
            let taken = inherited.take(&wanted).unwrap();
            assert_eq!(Wanted::of(wanted.listener, &taken), Some(wanted));
            assert!(inherited.take(&wanted).is_none(), "one socket for each");
            assert!(inherited.kept.contains(&wanted.name()), "whoever handed it over keeps it");
        }
        // The right name elsewhere, and the right place under another name.
        let mut inherited = all();
        let elsewhere = Wanted { address: for_console.address, ..for_phone };
        assert!(inherited.take(&elsewhere).is_none());
        let other = Wanted { listener: "operations", ..for_phone };
        assert!(inherited.take(&other).is_none());
        let packets = Wanted { transport: Transport::Udp, ..for_phone };
        assert!(inherited.take(&packets).is_none());
        inherited.keep_only(&[]);
        assert!(inherited.sockets.is_empty() && inherited.kept.is_empty());
    }

    #[test]
    fn names_are_those_that_a_supervisor_takes() {
        for (address, name) in [
            ("0.0.0.0:8445", "phone/tcp/0.0.0.0/8445"),
            ("[::]:8445", "phone/tcp/__/8445"),
            ("[2001:db8::1]:443", "phone/tcp/2001_db8__1/443"),
        ] {
            let address = address.parse().unwrap();
            let wanted = Wanted { listener: "phone", transport: Transport::Tcp, address };
            assert_eq!(wanted.name(), name);
        }
    }
}
