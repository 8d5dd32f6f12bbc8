//! Restarts under load, with a supervisor that keeps the sockets: nobody is refused.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::process::Signal;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::gateway::PATIENCE;
use crate::node::{Node, free_port};
use crate::wire;

const RESTARTS: usize = 3;
/// Clients that ask over a new connection each time, and such that keep theirs.
const CLIENTS: usize = 4;
const KEEPERS: usize = 3;
/// Those that come while there is no process at all.
const WAITING: usize = 200;

const REQUEST: &[u8] = b"GET /fippa/SEP001122334455 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What became of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    answered: usize,
    refused: usize,
    /// Ended without an answer.
    lost: usize,
    /// Ended within an answer.
    cut: usize,
    /// Connections whose last answer said so.
    last_told: usize,
    /// Connections that ended between two requests.
    ended_between: usize,
}

impl Counts {
    fn and(self, other: Self) -> Self {
        Self {
            answered: self.answered + other.answered,
            refused: self.refused + other.refused,
            lost: self.lost + other.lost,
            cut: self.cut + other.cut,
            last_told: self.last_told + other.last_told,
            ended_between: self.ended_between + other.ended_between,
        }
    }
}

/// What a request over an open connection came to.
#[derive(Clone, Copy)]
enum Outcome {
    Answered { is_last: bool },
    Nothing,
    Part,
}

struct Phone {
    port: u16,
    config: Arc<ClientConfig>,
}

type Connection = StreamOwned<ClientConnection, TcpStream>;

impl Phone {
    fn of(node: &Node) -> Arc<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots: RootCertStore = wire::roots([node.certificate()]);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(Self { port: node.phone_port, config: Arc::new(config) })
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    fn secured(&self, stream: TcpStream) -> Connection {
        let name = ServerName::try_from("localhost").unwrap();
        StreamOwned::new(ClientConnection::new(Arc::clone(&self.config), name).unwrap(), stream)
    }

    /// A client that asks over a new connection each time, until told to end.
    fn asks_anew(self: &Arc<Self>, end: &Arc<AtomicBool>) -> JoinHandle<Counts> {
        let (phone, end) = (Arc::clone(self), Arc::clone(end));
        std::thread::spawn(move || {
            let mut counts = Counts::default();
            while !end.load(Ordering::Relaxed) {
                match phone.connect() {
                    Ok(stream) => counts.add(ask(&mut phone.secured(stream))),
                    Err(_) => counts.refused += 1,
                }
            }
            counts
        })
    }

    /// A client that keeps its connection while it can.
    fn keeps_asking(self: &Arc<Self>, end: &Arc<AtomicBool>) -> JoinHandle<Counts> {
        let (phone, end) = (Arc::clone(self), Arc::clone(end));
        std::thread::spawn(move || {
            let mut counts = Counts::default();
            while !end.load(Ordering::Relaxed) {
                let Ok(stream) = phone.connect() else {
                    counts.refused += 1;
                    continue;
                };
                let mut connection = phone.secured(stream);
                let mut asked = 0;
                while !end.load(Ordering::Relaxed) {
                    let outcome = ask(&mut connection);
                    asked += 1;
                    if let Outcome::Nothing = outcome
                        && asked > 1
                    {
                        // It ended while a request was on its way: HTTP/1.1 lets it be asked again.
                        counts.ended_between += 1;
                        break;
                    }
                    counts.add(outcome);
                    if !matches!(outcome, Outcome::Answered { is_last: false }) {
                        break;
                    }
                }
            }
            counts
        })
    }
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Answered { is_last } => {
                self.answered += 1;
                self.last_told += usize::from(is_last);
            }
            Outcome::Nothing => self.lost += 1,
            Outcome::Part => self.cut += 1,
        }
    }
}

fn ask(connection: &mut Connection) -> Outcome {
    if connection.write_all(REQUEST).and_then(|()| connection.flush()).is_err() {
        return Outcome::Nothing;
    }
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(answer) = wire::parse(&bytes) {
            assert_eq!(answer.status, 200, "{}", answer.head);
            let is_last = answer.header("connection").is_some_and(|it| it == "close");
            return Outcome::Answered { is_last };
        }
        match connection.read(&mut buffer) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                panic!("neither an answer nor an end in {PATIENCE:?}")
            }
            Ok(_) | Err(_) if bytes.is_empty() => return Outcome::Nothing,
            Ok(_) | Err(_) => return Outcome::Part,
        }
    }
}

fn restart(node: &mut Node, meanwhile: impl FnOnce()) {
    node.signal(Signal::TERM);
    assert_eq!(node.until_ended(), Some(0));
    meanwhile();
    node.spawn_again();
    node.wait_until_ready();
}

#[test]
fn ops_01_a_restart_under_load_refuses_nobody() {
    let mut node = Node::start_supervised("");
    let phone = Phone::of(&node);
    let end = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS).map(|_| phone.asks_anew(&end)).collect();
    let keepers: Vec<_> = (0..KEEPERS).map(|_| phone.keeps_asking(&end)).collect();
    let mut waited = Counts::default();
    for _ in 0..RESTARTS {
        let mut waiting = Vec::new();
        restart(&mut node, || {
            // There is no process, and they are connected all the same.
            let connected = (0..WAITING).map(|_| phone.connect().expect("a place in the queue"));
            waiting.extend(connected.map(|stream| phone.secured(stream)));
        });
        waiting.iter_mut().for_each(|connection| waited.add(ask(connection)));
    }
    end.store(true, Ordering::Relaxed);
    let all = |clients: Vec<JoinHandle<Counts>>| {
        clients.into_iter().map(|it| it.join().unwrap()).fold(Counts::default(), Counts::and)
    };
    let (anew, kept) = (all(clients), all(keepers));
    println!(
        "{RESTARTS} restarts; new connections: {anew:?}; kept ones: {kept:?}; queued: {waited:?}"
    );
    for counts in [anew, kept, waited] {
        assert_eq!((counts.refused, counts.lost, counts.cut), (0, 0, 0), "{counts:?}");
    }
    assert_eq!(waited.answered, RESTARTS * WAITING);
    assert!(anew.answered >= CLIENTS && kept.answered >= KEEPERS);
    // Nothing of them outlived a restart.
    assert!(kept.last_told + kept.ended_between >= RESTARTS * KEEPERS, "{kept:?}");
}

#[test]
fn ops_01_what_the_configuration_has_no_more_listens_no_more() {
    let mut node = Node::start_supervised("");
    let phone = node.phone_port;
    let names = |node: &Node| {
        ["console", "operations", "phone"]
            .into_iter()
            .zip([node.console_port, node.operations_port, node.phone_port])
            .map(|(name, port)| format!("{name}/tcp/127.0.0.1/{port}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(node.supervisor().kept(), names(&node));
    let other = free_port();
    let file = node.folder.join("jackfield.toml");
    let configuration = std::fs::read_to_string(&file).unwrap();
    let changed = configuration.replace(&format!("port = {phone}\n"), &format!("port = {other}\n"));
    std::fs::write(&file, changed).unwrap();
    node.phone_port = other;
    restart(&mut node, || {
        TcpStream::connect(("127.0.0.1", phone)).expect("a place in the queue");
    });
    assert_eq!(node.supervisor().kept(), names(&node));
    let error = TcpStream::connect(("127.0.0.1", phone)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    wire::shown_certificate(other, &wire::roots([node.certificate()]));
}
