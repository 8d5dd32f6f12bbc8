//! A network between clients and a server that can be made worse.
//!
//! Two threads for each connection, one in each direction, look at the mode before they deliver what
//! they have read. What is held is delivered when the mode changes, as after a partition that heals;
//! `cut` ends the connections and loses it. The proxy owns the listener and all connections.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::failure::must;
use crate::server::Server;

const PIECE_BYTES: usize = 65_536;

/// What the proxy does with what it is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Hands it on.
    Pass,
    /// Ends every connection, and each new one at once.
    Refuse,
    /// Takes everything and delivers nothing, until another mode delivers it: a partition.
    Hold,
    /// Takes requests on and holds the answers.
    HoldAnswers,
    /// Hands each piece on this much later, in both directions.
    Delay(Duration),
    /// Hands on that many bytes of answers more, then ends the connection in whose midst that is and
    /// becomes `Pass`.
    CutAnswersAfter(u64),
    /// The same with requests.
    CutRequestsAfter(u64),
}

/// A port on loopback that leads to a server, until dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    socket: PathBuf,
    connections: Vec<Arc<Connection>>,
    ended: bool,
}

#[derive(Debug)]
struct Connection {
    client: TcpStream,
    server: Mutex<Option<UnixStream>>,
    ended: std::sync::atomic::AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Requests,
    Answers,
}

impl Proxy {
    /// Leads to this server.
    pub fn to(server: &Server) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = must("listening for a proxy", listener);
        let address = must("listening for a proxy", listener.local_addr());
        let state = State {
            mode: Mode::Pass,
            socket: server.socket(),
            connections: Vec::new(),
            ended: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accepting.accept(&listener));
        Self { address, shared, listener: Some(thread) }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a database behind it.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgresql://postgres@{}/{database}?sslmode=disable", self.address)
    }

    /// From now on it does that.
    pub fn set(&self, mode: Mode) {
        let mut state = self.shared.state();
        state.mode = mode;
        if mode == Mode::Refuse {
            // At once, or what is held would be delivered now.
            state.end_connections();
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Ends the connections there are, with what they hold.
    pub fn cut(&self) {
        self.shared.state().end_connections();
        self.shared.changed.notify_all();
    }

    /// Ends the connections there are and leads to another server.
    pub fn lead_to(&self, server: &Server) {
        let mut state = self.shared.state();
        state.socket = server.socket();
        state.end_connections();
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl State {
    fn end_connections(&mut self) {
        for connection in std::mem::take(&mut self.connections) {
            connection.end();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            let mut state = self.state();
            if state.ended {
                return;
            }
            let Ok(client) = client else { continue };
            if state.mode == Mode::Refuse {
                let _ = client.shutdown(Shutdown::Both);
                continue;
            }
            let _ = client.set_nodelay(true);
            let connection =
                Arc::new(Connection { client, server: Mutex::new(None), ended: false.into() });
            state.connections.retain(|connection| !connection.has_ended());
            state.connections.push(Arc::clone(&connection));
            drop(state);
            let shared = Arc::clone(self);
            std::thread::spawn(move || {
                // Failing means that the connection is over, which its peers see.
                let _ = shared.serve(&connection);
                connection.end();
            });
        }
    }

    fn serve(self: &Arc<Self>, connection: &Arc<Connection>) -> io::Result<()> {
        // A partition holds the attempt to connect too.
        self.wait_while(connection, |mode| mode == Mode::Hold)?;
        let socket = self.state().socket.clone();
        let server = UnixStream::connect(socket)?;
        *connection.server.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(server.try_clone()?);
        let answers = {
            let (shared, connection) = (Arc::clone(self), Arc::clone(connection));
            let (from, to) = (server.try_clone()?, connection.client.try_clone()?);
            std::thread::spawn(move || {
                let _ = shared.pump(&connection, Direction::Answers, from, to);
                connection.end();
            })
        };
        let requests =
            self.pump(connection, Direction::Requests, connection.client.try_clone()?, server);
        connection.end();
        let _ = answers.join();
        requests
    }

    fn pump(
        &self,
        connection: &Connection,
        direction: Direction,
        mut from: impl io::Read,
        mut to: impl io::Write,
    ) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let length = from.read(&mut piece)?;
            let read = piece.get(..length).unwrap_or_default();
            if read.is_empty() {
                return Ok(());
            }
            let held = |mode| match mode {
                Mode::Hold => true,
                Mode::HoldAnswers => direction == Direction::Answers,
                _ => false,
            };
            self.wait_while(connection, held)?;
            let mode = self.state().mode;
            if let Mode::Delay(time) = mode {
                std::thread::sleep(time);
            }
            let allowed = self.allowed(direction, read.len());
            to.write_all(read.get(..allowed).unwrap_or_default())?;
            to.flush()?;
            if allowed < read.len() {
                return Ok(());
            }
        }
    }

    /// How much of a piece may be handed on; less than all ends the connection.
    fn allowed(&self, direction: Direction, length: usize) -> usize {
        let mut state = self.state();
        let left = match (&mut state.mode, direction) {
            (Mode::CutAnswersAfter(left), Direction::Answers)
            | (Mode::CutRequestsAfter(left), Direction::Requests) => left,
            _ => return length,
        };
        let wanted = u64::try_from(length).unwrap_or(u64::MAX);
        if wanted <= *left {
            *left -= wanted;
            return length;
        }
        let allowed = usize::try_from(*left).unwrap_or(usize::MAX);
        state.mode = Mode::Pass;
        allowed
    }

    fn wait_while(&self, connection: &Connection, held: impl Fn(Mode) -> bool) -> io::Result<()> {
        let mut state = self.state();
        loop {
            // What was held goes with its connection: it must not slip through on the way to that.
            if connection.has_ended() || state.mode == Mode::Refuse {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if !held(state.mode) {
                return Ok(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Connection {
    fn has_ended(&self) -> bool {
        self.ended.load(std::sync::atomic::Ordering::Acquire)
    }

    fn end(&self) {
        self.ended.store(true, std::sync::atomic::Ordering::Release);
        let _ = self.client.shutdown(Shutdown::Both);
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = server.as_ref() {
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests;
