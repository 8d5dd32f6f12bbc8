//! Simulated phones against a tiny registrar of their own: what is right passes, what is wrong is told.

mod answers;
mod asked;
pub(crate) mod registrar;
mod sockets;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::Event;
use super::handset::{Command, Handset, Output};
use super::identity::{Identity, Settings, Transport};
use super::message::{self, Item, Message};

/// Settings of a Cisco phone over that transport.
fn settings(transport: Transport) -> Settings {
    Settings {
        transport,
        domain: "voice.example".to_owned(),
        expires_seconds: 120,
        refresh: Duration::from_secs(115),
        ping: None,
        plain: false,
        remotecc: true,
        obeys: true,
        flow_number: None,
        rport: transport == Transport::Udp,
        proves_at_once: true,
        judges_date: true,
    }
}

/// One phone on a bench: no network, and time stands unless a test moves it.
struct Bench {
    handset: Handset,
    now: Instant,
    /// What the phone sent and was not looked at.
    sent: Vec<Vec<u8>>,
    events: Vec<Event>,
    closes: usize,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let identity = Identity::new("SEP001122334455", "1001", "secret", "621");
        let handset = Handset::new(Arc::new(settings), identity);
        Self { handset, now: Instant::now(), sent: Vec::new(), events: Vec::new(), closes: 0 }
    }

    /// A phone that is registered.
    fn registered(transport: Transport) -> Self {
        let mut bench = Self::new(settings(transport));
        bench.begin();
        let request = bench.request();
        bench.receive(&registrar::granted(&request, &registrar::Grant::default()));
        assert_eq!(bench.problems(), Vec::<String>::new());
        assert!(matches!(bench.events.last(), Some(Event::Registered { fresh: true, .. })));
        bench.events.clear();
        bench
    }

    fn begin(&mut self) {
        self.handset.command(self.now, Command::Register);
        let local = "127.0.0.1:40001".parse().unwrap();
        self.handset.connected(self.now, local, "127.0.0.1:5060".parse().unwrap());
        self.drain();
    }

    fn command(&mut self, command: Command) {
        self.handset.command(self.now, command);
        self.drain();
    }

    fn receive(&mut self, text: &str) {
        self.handset.received(self.now, Item::Message(text.as_bytes().to_vec()));
        self.drain();
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.handset.elapse(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.handset.poll() {
            match output {
                Output::Send(bytes) => self.sent.push(bytes),
                Output::Tell(event) => self.events.push(event),
                Output::Close => self.closes += 1,
                Output::Connect => {}
            }
        }
    }

    /// The next message the phone sent, which has to be in order itself.
    #[track_caller]
    fn request(&mut self) -> Message {
        let bytes = self.sent.remove(0);
        let message = message::parse(&bytes, true).unwrap();
        assert_eq!(super::judge::outline::values(&message), Vec::<String>::new());
        message
    }

    fn problems(&self) -> Vec<String> {
        let words = self.events.iter().filter_map(|event| match event {
            Event::Problem { words, .. } => Some(words.clone()),
            _ => None,
        });
        words.collect()
    }

    /// Whether exactly the problem with these words was told.
    #[track_caller]
    fn complains(&self, words: &str) {
        let problems = self.problems();
        assert!(problems.iter().any(|each| each.contains(words)), "{words:?} not in {problems:?}");
    }
}
