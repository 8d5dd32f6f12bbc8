//! The sockets around the machine: a listener for each side, links with bounded queues, the control
//! socket.
//!
//! One task owns the machine. A link has two tasks: one reads whole messages, one writes what is
//! queued; a link whose queue is full is dropped, so that it holds up nobody.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::commands;
use super::options::{CtiArguments, Settings};
use super::record::{Recorder, Told};
use super::wire::{HEADER, MESSAGE_MAX, header};
use super::world::{Now, Output, Side, World};

/// Inputs that wait for the machine.
const INBOX: usize = 1_024;
/// Pieces that wait for one link, whatever their bytes.
const PIECES_MAX: usize = 16_384;
/// Bytes written at once.
const WRITE_BYTES: usize = 64 * 1024;
/// What a link has to take its last bytes once it is to end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long a load's answer waits for the last byte to be written.
const FLUSH_MAX: Duration = Duration::from_secs(30);
/// Longest line of the control socket.
const LINE_MAX: u64 = 1024 * 1024;
/// Inputs taken before what they brought about goes out.
const BATCH: usize = 64;

enum Input {
    Connected { side: Side, stream: TcpStream, peer: SocketAddr },
    Frame { session: u64, number: u32, body: Vec<u8> },
    Oversize { session: u64, length: u32 },
    Gone { session: u64 },
    Control { request: Value, reply: oneshot::Sender<Value> },
}

/// A piece of a link's queue.
struct Piece {
    due: Instant,
    bytes: Arc<Vec<u8>>,
    /// What it says of agents, where that is recorded.
    told: Vec<Told>,
}

struct Link {
    queue: mpsc::Sender<Piece>,
    waiting: Arc<AtomicUsize>,
    written: Arc<Written>,
    reader: JoinHandle<()>,
    writer: JoinHandle<()>,
    /// Asks the writer to reset the connection.
    reset: oneshot::Sender<()>,
}

/// What a link has written.
#[derive(Default)]
struct Written {
    bytes: AtomicU64,
    /// Microseconds since 1970 of the last write.
    last: AtomicU64,
}

/// A running CTI server.
pub(crate) struct Server {
    world: World,
    inbox: mpsc::Receiver<Input>,
    to_self: mpsc::Sender<Input>,
    addresses: [Option<SocketAddr>; 2],
    listeners: [Option<JoinHandle<()>>; 2],
    control: JoinHandle<()>,
    control_address: SocketAddr,
    links: BTreeMap<u64, Link>,
    sessions: u64,
    tickets: BTreeMap<u64, oneshot::Sender<Value>>,
    tickets_made: u64,
    queue_bytes: usize,
    record: Option<Recorder>,
    lines: Box<dyn FnMut(&str) + Send>,
}

impl Server {
    /// Binds everything; nothing is served before `run`.
    pub(crate) async fn bind(
        arguments: &CtiArguments,
        settings: Settings,
        lines: Box<dyn FnMut(&str) + Send>,
    ) -> Result<Self, String> {
        let record = arguments.record.as_deref().map(Recorder::create).transpose()?;
        let (to_self, inbox) = mpsc::channel(INBOX);
        let (a, address_a) = bind("--listen-a", arguments.listen_a).await?;
        let b = match arguments.listen_b {
            Some(address) => Some(bind("--listen-b", address).await?),
            None => None,
        };
        let (control, control_address) = bind("--control", arguments.control).await?;
        let address_b = b.as_ref().map(|(_, address)| *address);
        let listener_b = b.map(|(listener, _)| accept(listener, Side::B, to_self.clone()));
        Ok(Self {
            world: World::new(settings, now()),
            inbox,
            addresses: [Some(address_a), address_b],
            listeners: [Some(accept(a, Side::A, to_self.clone())), listener_b],
            control: tokio::spawn(accept_control(control, to_self.clone())),
            control_address,
            to_self,
            links: BTreeMap::new(),
            sessions: 0,
            tickets: BTreeMap::new(),
            tickets_made: 0,
            queue_bytes: arguments.queue_bytes,
            record,
            lines,
        })
    }

    /// Where it listens.
    pub(crate) fn endpoints(&self) -> Value {
        let [a, b] = self.addresses;
        json!({
            "cti": {
                "a": a.map(|address| address.to_string()),
                "b": b.map(|address| address.to_string()),
            },
            "peers": self.control_address.to_string(),
        })
    }

    /// Sends itself commands before anything else; a wrong one is answered with its problem.
    pub(crate) fn command(&mut self, request: &Value) -> oneshot::Receiver<Value> {
        let (reply, answer) = oneshot::channel();
        self.take(Input::Control { request: request.clone(), reply });
        self.deliver();
        answer
    }

    /// Serves until the task is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let deadline = self.world.deadline();
            tokio::select! {
                input = self.inbox.recv() => {
                    let Some(input) = input else { return };
                    self.take(input);
                    for _ in 0..BATCH {
                        match self.inbox.try_recv() {
                            Ok(input) => self.take(input),
                            Err(_) => break,
                        }
                    }
                }
                () = sleep_until(deadline) => self.world.wake(now()),
            }
            self.deliver();
            // A link dropped meanwhile may have been what somebody waited for.
            while self.world.has_outputs() {
                self.deliver();
            }
        }
    }

    fn take(&mut self, input: Input) {
        let now = now();
        match input {
            Input::Connected { side, stream, peer } => {
                self.sessions += 1;
                let session = self.sessions;
                let _ = stream.set_nodelay(true);
                let (read, write) = stream.into_split();
                let (queue, pieces) = mpsc::channel(PIECES_MAX);
                let waiting = Arc::new(AtomicUsize::new(0));
                let written = Arc::new(Written::default());
                let (reset, resets) = oneshot::channel();
                let link = Link {
                    reset,
                    queue,
                    reader: tokio::spawn(read_frames(session, read, self.to_self.clone())),
                    writer: tokio::spawn(write_link(
                        write,
                        pieces,
                        Arc::clone(&waiting),
                        Arc::clone(&written),
                        self.record.clone().map(|record| (record, session)),
                        resets,
                    )),
                    waiting,
                    written,
                };
                self.links.insert(session, link);
                self.world.link_opened(now, session, side, peer.to_string());
            }
            Input::Frame { session, number, body } => {
                self.world.frame(now, session, number, &body);
            }
            Input::Oversize { session, length } => self.world.oversize(now, session, length),
            Input::Gone { session } => {
                self.world.link_closed(now, session);
                self.links.remove(&session);
            }
            Input::Control { request, reply } => {
                self.tickets_made += 1;
                self.tickets.insert(self.tickets_made, reply);
                self.world.control(now, self.tickets_made, &request);
            }
        }
    }

    /// Does what the machine wants done. What one link gets in one go is one piece of its queue.
    fn deliver(&mut self) {
        let at = Instant::now();
        let mut pending: BTreeMap<u64, Piece> = BTreeMap::new();
        for output in self.world.take_outputs() {
            match output {
                Output::Send { session, bytes, after } => {
                    let due = at + after;
                    match pending.get_mut(&session) {
                        Some(piece) if piece.due == due && piece.bytes.len() < 4 * WRITE_BYTES => {
                            Arc::make_mut(&mut piece.bytes).extend_from_slice(&bytes);
                        }
                        _ => {
                            let piece = Piece { due, bytes, told: Vec::new() };
                            if let Some(full) = pending.insert(session, piece) {
                                self.enqueue(session, full);
                            }
                        }
                    }
                }
                Output::Told { session, told } => {
                    if let Some(piece) = pending.get_mut(&session) {
                        piece.told.push(told);
                    }
                }
                Output::Close { session, reset } => {
                    if let Some(last) = pending.remove(&session) {
                        self.enqueue(session, last);
                    }
                    let Some(link) = self.links.remove(&session) else { continue };
                    link.reader.abort();
                    if reset {
                        // A writer that is gone has nothing left to reset.
                        let _ = link.reset.send(());
                    } else {
                        // With its queue's sender gone the writer ends after the last piece.
                        let mut writer = link.writer;
                        drop(link.queue);
                        tokio::spawn(async move {
                            if tokio::time::timeout(LAST_WORDS, &mut writer).await.is_err() {
                                writer.abort();
                            }
                        });
                    }
                }
                Output::Listen { side, up } => self.listen(side, up),
                Output::Reply { ticket, answer } => {
                    for (session, piece) in std::mem::take(&mut pending) {
                        self.enqueue(session, piece);
                    }
                    self.reply(ticket, answer);
                }
                Output::Line(line) => (self.lines)(&line),
            }
        }
        for (session, piece) in pending {
            self.enqueue(session, piece);
        }
    }

    /// Answers a control request; that of a load once all is written.
    fn reply(&mut self, ticket: u64, mut answer: Value) {
        if let Some(sessions) = answer.get_mut("sessions").and_then(Value::as_array_mut) {
            sessions.iter_mut().for_each(|session| self.add_written(session));
        }
        let Some(reply) = self.tickets.remove(&ticket) else { return };
        if answer.get("changes_microseconds").is_none() {
            // Whoever asked may be gone.
            let _ = reply.send(answer);
            return;
        }
        let links = self.links.iter();
        let links: Vec<_> = links
            .map(|(session, link)| (*session, link.waiting.clone(), link.written.clone()))
            .collect();
        tokio::spawn(async move {
            let give_up = Instant::now() + FLUSH_MAX;
            let waits = |it: &Arc<AtomicUsize>| it.load(Ordering::Relaxed) > 0;
            while links.iter().any(|(_, waiting, _)| waits(waiting)) && Instant::now() < give_up {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let written = links.iter().map(|(session, waiting, written)| {
                json!({
                    "session": session,
                    "bytes_written": written.bytes.load(Ordering::Relaxed),
                    "bytes_waiting": waiting.load(Ordering::Relaxed),
                    "last_write_unix_microseconds": written.last.load(Ordering::Relaxed),
                })
            });
            let written: Vec<_> = written.collect();
            if let Some(members) = answer.as_object_mut() {
                members.insert("links".to_owned(), json!(written));
            }
            let _ = reply.send(answer);
        });
    }

    /// Queues a piece, or drops the link whose queue is full.
    fn enqueue(&mut self, session: u64, piece: Piece) {
        let Some(link) = self.links.get(&session) else { return };
        let length = piece.bytes.len();
        let waits = link.waiting.fetch_add(length, Ordering::Relaxed) + length;
        if waits <= self.queue_bytes && link.queue.try_send(piece).is_ok() {
            return;
        }
        if let Some(link) = self.links.remove(&session) {
            link.reader.abort();
            // A writer that is gone has nothing left to reset.
            let _ = link.reset.send(());
        }
        (self.lines)(&format!(
            "session {session} dropped: it reads too slowly, {waits} bytes wait"
        ));
        self.world.link_closed(now(), session);
    }

    /// What a session's link has written, beside what the machine says of it.
    fn add_written(&self, session: &mut Value) {
        let number = session.get("session").and_then(Value::as_u64);
        let link = number.and_then(|number| self.links.get(&number));
        if let (Some(link), Some(members)) = (link, session.as_object_mut()) {
            let load = |it: &AtomicU64| json!(it.load(Ordering::Relaxed));
            members.insert("bytes_written".to_owned(), load(&link.written.bytes));
            members.insert("last_write_unix_microseconds".to_owned(), load(&link.written.last));
            let waiting = link.waiting.load(Ordering::Relaxed);
            members.insert("bytes_waiting".to_owned(), json!(waiting));
        }
    }

    fn listen(&mut self, side: Side, up: bool) {
        let place = side as usize;
        let Some(listener) = self.listeners.get_mut(place) else { return };
        if !up {
            if let Some(listener) = listener.take() {
                listener.abort();
            }
            return;
        }
        let address = self.addresses.get(place).copied().flatten();
        if let (None, Some(address)) = (&listener, address) {
            let to = self.to_self.clone();
            *listener = Some(tokio::spawn(async move {
                // The aborted listener lets go of the port when its task ends, a moment later.
                loop {
                    match TcpListener::bind(address).await {
                        Ok(listener) => return accept_all(listener, side, to).await,
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                }
            }));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.control.abort();
        self.listeners.iter().flatten().for_each(JoinHandle::abort);
        for link in self.links.values() {
            link.reader.abort();
            link.writer.abort();
        }
    }
}

fn now() -> Now {
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { instant: Instant::now(), epoch: u32::try_from(epoch.as_secs()).unwrap_or(u32::MAX) }
}

fn unix_microseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

async fn bind(flag: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let wrong = |error: std::io::Error| format!("{flag} {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let bound = listener.local_addr().map_err(wrong)?;
    Ok((listener, bound))
}

fn accept(listener: TcpListener, side: Side, to: mpsc::Sender<Input>) -> JoinHandle<()> {
    tokio::spawn(accept_all(listener, side, to))
}

async fn accept_all(listener: TcpListener, side: Side, to: mpsc::Sender<Input>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if to.send(Input::Connected { side, stream, peer }).await.is_err() {
                    return;
                }
            }
            // Out of descriptors, say: it may pass.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Reads whole messages until the peer goes or says a length that cannot be.
async fn read_frames(session: u64, mut read: OwnedReadHalf, to: mpsc::Sender<Input>) {
    let mut head = [0; HEADER];
    while read.read_exact(&mut head).await.is_ok() {
        let (length, number) = header(head);
        let fits = usize::try_from(length).ok().filter(|length| *length <= MESSAGE_MAX - HEADER);
        let Some(bytes) = fits else {
            let _ = to.send(Input::Oversize { session, length }).await;
            return;
        };
        let mut body = vec![0; bytes];
        if read.read_exact(&mut body).await.is_err() {
            break;
        }
        if to.send(Input::Frame { session, number, body }).await.is_err() {
            return;
        }
    }
    let _ = to.send(Input::Gone { session }).await;
}

/// Writes what is queued until the queue ends, the peer is gone, or the connection is to be reset.
async fn write_link(
    mut write: OwnedWriteHalf,
    pieces: mpsc::Receiver<Piece>,
    waiting: Arc<AtomicUsize>,
    written: Arc<Written>,
    record: Option<(Recorder, u64)>,
    reset: oneshot::Receiver<()>,
) {
    let resets = tokio::select! {
        Ok(()) = reset => true,
        () = write_pieces(&mut write, pieces, waiting, written, record) => false,
    };
    if resets {
        let _ = write.as_ref().set_zero_linger();
    }
}

/// Writes much at once.
async fn write_pieces(
    write: &mut OwnedWriteHalf,
    mut pieces: mpsc::Receiver<Piece>,
    waiting: Arc<AtomicUsize>,
    written: Arc<Written>,
    record: Option<(Recorder, u64)>,
) {
    let mut batch = Vec::with_capacity(WRITE_BYTES);
    let mut told = Vec::new();
    let mut held: Option<Piece> = None;
    loop {
        let first = match held.take() {
            Some(piece) => Some(piece),
            None => pieces.recv().await,
        };
        let Some(mut first) = first else { break };
        if first.due > Instant::now() {
            tokio::time::sleep_until(first.due.into()).await;
        }
        batch.clear();
        batch.extend_from_slice(&first.bytes);
        told.append(&mut first.told);
        while batch.len() < WRITE_BYTES {
            match pieces.try_recv() {
                Ok(mut piece) if piece.due <= Instant::now() => {
                    batch.extend_from_slice(&piece.bytes);
                    told.append(&mut piece.told);
                }
                Ok(piece) => {
                    held = Some(piece);
                    break;
                }
                Err(_) => break,
            }
        }
        let begun = unix_microseconds();
        if write.write_all(&batch).await.is_err() {
            return;
        }
        if let Some((record, session)) = &record {
            record.written(begun, *session, &mut told);
        }
        waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        written.bytes.fetch_add(batch.len() as u64, Ordering::Relaxed);
        written.last.store(unix_microseconds(), Ordering::Relaxed);
    }
    let _ = write.shutdown().await;
}

async fn accept_control(listener: TcpListener, to: mpsc::Sender<Input>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve_control(stream, to.clone()))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// One JSON object a line in, one out, in order.
async fn serve_control(mut stream: TcpStream, to: mpsc::Sender<Input>) {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        match (&mut read).take(LINE_MAX).read_line(&mut line).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let answer = match commands::from_line(line.trim()) {
            Err(problem) => json!({"ok": false, "problem": problem}),
            Ok(request) => {
                let (reply, answer) = oneshot::channel();
                if to.send(Input::Control { request, reply }).await.is_err() {
                    return;
                }
                let Ok(answer) = answer.await else { return };
                answer
            }
        };
        let mut text = answer.to_string();
        text.push('\n');
        if write.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}
