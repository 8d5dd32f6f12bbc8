//! Records told to an HTTPS server of a test's own authority, which does what a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use domain::{
    AgentId, Command, ContactCommand, ContactId, ContactWish, DeskCommand, DeskWish, Input, InputId,
};
use engine::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::testing::{START, World, mail};

#[test]
fn records_are_signed_as_webhooks_are() {
    // The example of the specification.
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
    let signature = sign(&secret, id, "1614265330", body);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(authority: &Authority, name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let chain = vec![parameters.signed_by(&key, authority).unwrap().der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// What the server does with one request.
#[derive(Clone)]
enum Does {
    /// Says that status.
    Says(u16),
    /// Says 204 after a while.
    Late(Duration),
    /// Sends the client elsewhere.
    Redirects(String),
    /// Says nothing, and keeps the connection.
    Nothing,
    /// Says 200 and a body that never ends.
    Endless,
    /// Says 200 and that a body comes, which does not.
    Trickles,
    /// Closes the connection.
    Closes,
}

/// A server of the site.
#[derive(Clone)]
struct Site {
    port: u16,
    /// The bodies of what it was told, with its number and signature headers.
    told: Arc<Mutex<Vec<(String, Value)>>>,
    /// What it does next; 204 where nothing is left.
    does: Arc<Mutex<VecDeque<Does>>>,
}

impl Site {
    async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let site = Self { port, told: Arc::default(), does: Arc::default() };
        let it = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (site, acceptor) = (it.clone(), acceptor.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        site.serve(stream).await;
                    }
                });
            }
        });
        site
    }

    async fn serve(self, mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>) {
        let mut heard = Vec::new();
        let (head, body) = loop {
            let mut some = [0; 4_096];
            let Ok(length @ 1..) = stream.read(&mut some).await else { return };
            heard.extend_from_slice(&some[..length]);
            let text = String::from_utf8_lossy(&heard).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = field(head, "content-length").parse().unwrap();
            if body.len() >= length {
                break (head.to_owned(), body.to_owned());
            }
        };
        assert!(head.starts_with("POST /hook HTTP/1.1"), "{head}");
        assert_eq!(field(&head, "content-type"), "application/json");
        let told = (field(&head, "webhook-id"), serde_json::from_str(&body).unwrap());
        self.told.lock().unwrap().push(told);
        let does = self.does.lock().unwrap().pop_front().unwrap_or(Does::Says(204));
        if let Does::Late(by) = does {
            tokio::time::sleep(by).await;
        }
        let said = match &does {
            Does::Late(_) => "HTTP/1.1 204 X\r\n\r\n".to_owned(),
            Does::Says(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
            Does::Redirects(to) => {
                format!("HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
            }
            Does::Nothing | Does::Closes => String::new(),
            Does::Endless => "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
            Does::Trickles => "HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n".to_owned(),
        };
        let _ = stream.write_all(said.as_bytes()).await;
        let _ = stream.flush().await;
        match does {
            Does::Endless => {
                let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            }
            Does::Nothing | Does::Trickles => std::future::pending().await,
            Does::Says(_) | Does::Late(_) | Does::Redirects(_) | Does::Closes => {}
        }
    }

    fn next(&self, does: impl IntoIterator<Item = Does>) {
        self.does.lock().unwrap().extend(does);
    }

    /// The subjects that it was told of so far, forgotten here.
    fn heard(&self) -> Vec<String> {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        told.iter().map(|(_, body)| body["subject"].as_str().unwrap().to_owned()).collect()
    }
}

fn field(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.map_or(String::new(), |line| line.split_once(':').unwrap().1.trim().to_owned())
}

/// A node whose records go to that port, trusting that authority.
struct Node {
    world: World,
    records: Records,
    outbox: Outbox,
    after: u64,
    inputs: u32,
    _browser: engine::DeskConnection,
}

fn ada() -> AgentId {
    "1001".parse().unwrap()
}

impl Node {
    async fn new(port: u16, authority: &Authority) -> Self {
        let url = format!("https://localhost:{port}/hook");
        let pem = authority.pem();
        let world = World::with(|file| {
            file["channels"] = json!({"customer_records": {"url": url}, "emails_per_agent": 5});
            file["trust"] = json!([{"name": "site", "purposes": ["mail"], "certificates": pem}]);
        })
        .await;
        let figures = Figures::new(&engine::Metrics::new());
        let records = Records::new(world.port.clone(), figures);
        let outbox = outbox(&world.port);
        let _browser = world.port.connect_desk(&ada()).unwrap();
        let mut node = Self { world, records, outbox, after: 0, inputs: 0, _browser };
        for wish in [DeskWish::SignIn { has_extension: false }, DeskWish::Ready] {
            let command = Command::Desk(DeskCommand { agent: ada(), desk: None, wish });
            node.submit(command).await;
        }
        node
    }

    async fn submit(&mut self, command: Command) {
        self.inputs += 1;
        let id = InputId::new("test", self.inputs);
        let outcome = self.world.port.submit(Input::command(id, command)).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }

    /// Mails of those numbers come, reach the agent, and are done with.
    async fn handled(&mut self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            self.world.server.state().deliver(START, mail(number));
            self.world.round().await.unwrap();
            let contact = self.in_hand().await;
            let wish = ContactWish::Discard;
            let by = Some(ada());
            self.submit(Command::Contact(ContactCommand { contact, by, wish })).await;
        }
    }

    async fn in_hand(&self) -> ContactId {
        let mut changes = self.world.port.digital_changes();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let contacts = self.world.port.open_contacts();
            if let Some(contact) = contacts.iter().find(|it| it.agent().is_some()) {
                return contact.id;
            }
            assert!(Instant::now() < deadline, "nobody got it: {contacts:?}");
            let _ = tokio::time::timeout(Duration::from_millis(50), changes.recv()).await;
        }
    }

    /// As the running task looks, all that can be done at once.
    async fn look(&mut self) {
        while self.records.look(&mut self.outbox, &mut self.after).await.unwrap() {}
    }

    /// Time goes by, and it is looked all the while.
    async fn later(&mut self, seconds: u64) {
        for _ in 0..seconds.div_ceil(2) {
            self.world.clock.advance(LOOK);
            self.look().await;
        }
    }

    /// How many records wait in the store.
    async fn waiting(&mut self) -> usize {
        self.outbox.take(0, 1_000).await.unwrap().len()
    }
}

async fn site_and_node() -> (Site, Node) {
    let authority = authority();
    let site = Site::start(acceptor(&authority, "localhost")).await;
    let node = Node::new(site.port, &authority).await;
    (site, node)
}

fn subjects(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("mail {number}")).collect()
}

#[tokio::test]
async fn ctx_02_a_record_is_told_once_with_who_wrote_and_what_became_of_it() {
    let (site, mut node) = site_and_node().await;
    node.handled(0..1).await;
    node.look().await;
    node.later(1_200).await;
    let told = site.told.lock().unwrap().clone();
    let [(id, record)] = told.as_slice() else { panic!("told {} times", told.len()) };
    // The record is of the contact, the delivery of its first end.
    assert_eq!(format!("{}.1", record["id"].as_str().unwrap()), *id);
    let customer = json!({"address": "ada@customer.test", "name": "Ada"});
    assert_eq!(record["customer"], customer);
    let (how, agent, channel) = (&record["how"], &record["agent"], &record["channel"]);
    assert_eq!((how, agent, channel), (&json!("discarded"), &json!("1001"), &json!("email")));
    assert_eq!(node.waiting().await, 0);
}

#[tokio::test]
async fn ctx_02_contacts_go_on_while_nothing_is_taken_and_all_that_waits_is_told_once_it_is() {
    for bad in [
        Does::Says(500),
        Does::Says(503),
        Does::Says(429),
        Does::Says(401),
        Does::Says(404),
        Does::Closes,
    ] {
        let (site, mut node) = site_and_node().await;
        node.handled(0..1).await;
        site.next(std::iter::repeat_n(bad, 6));
        node.look().await;
        assert_eq!(site.heard(), subjects(0..1));
        // While it is away, contacts come and are done with, and it is not asked for each.
        node.handled(1..4).await;
        node.look().await;
        assert!(site.heard().is_empty(), "it rests");
        assert_eq!(node.waiting().await, 4);
        // 5, 10, 20, 40, 60 s: one each, and each time another one, so that none holds up the rest.
        node.later(140).await;
        let tried = site.heard();
        assert_eq!(tried.len(), 5, "{tried:?}");
        assert_eq!(tried[..3], subjects(1..4), "{tried:?}");
        assert_eq!(node.waiting().await, 4);
        // It is back.
        node.later(70).await;
        let mut told = site.heard();
        told.sort();
        assert_eq!(told, subjects(0..4));
        assert_eq!(node.waiting().await, 0);
        node.later(700).await;
        assert!(site.heard().is_empty());
    }
}

#[tokio::test]
async fn ctx_02_a_record_that_is_refused_for_itself_holds_up_no_other() {
    let (site, mut node) = site_and_node().await;
    node.handled(0..3).await;
    site.next([Does::Says(422), Does::Says(204), Does::Says(204), Does::Says(400)]);
    node.look().await;
    assert_eq!(site.heard(), subjects(0..3));
    assert_eq!(node.waiting().await, 1);
    node.later(8).await;
    assert_eq!(site.heard(), subjects(0..1));
    node.later(14).await;
    assert_eq!(site.heard(), subjects(0..1));
    assert_eq!(node.waiting().await, 0);
}

#[tokio::test]
async fn ctx_02_the_status_is_the_answer_whatever_comes_with_it_and_silence_is_none() {
    let (site, mut node) = site_and_node().await;
    node.handled(0..1).await;
    for taken in [Does::Endless, Does::Trickles] {
        site.next([taken]);
        node.look().await;
        assert_eq!(site.heard().len(), 1);
        assert_eq!(node.waiting().await, 0);
        let next = node.inputs;
        node.handled(next..next + 1).await;
    }
    node.records.patience = Duration::from_millis(300);
    site.next([Does::Nothing]);
    node.look().await;
    assert_eq!((site.heard().len(), node.waiting().await), (1, 1));
    node.records.patience = PATIENCE;
    node.later(6).await;
    assert_eq!((site.heard().len(), node.waiting().await), (1, 0));
}

#[tokio::test]
async fn ctx_02_nobody_is_followed_elsewhere_with_a_customers_record() {
    let (site, mut node) = site_and_node().await;
    let elsewhere = Site::start(acceptor(&authority(), "localhost")).await;
    node.handled(0..1).await;
    site.next([Does::Redirects(format!("https://localhost:{}/hook", elsewhere.port))]);
    node.look().await;
    assert_eq!((site.heard().len(), node.waiting().await), (1, 1));
    node.later(6).await;
    assert_eq!((site.heard().len(), node.waiting().await), (1, 0));
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn ctx_02_a_server_whose_certificate_is_wrong_is_told_nothing() {
    let (ours, theirs) = (authority(), authority());
    for wrong in [acceptor(&theirs, "localhost"), acceptor(&ours, "other.example")] {
        let site = Site::start(wrong).await;
        let mut node = Node::new(site.port, &ours).await;
        node.handled(0..2).await;
        node.later(120).await;
        assert!(site.heard().is_empty());
        assert_eq!(node.waiting().await, 2);
    }
}

#[tokio::test]
async fn ctx_02_a_slow_server_is_told_of_each_contact_once() {
    let (site, mut node) = site_and_node().await;
    node.handled(0..7).await;
    // All together take longer than a lease of what waits, which has to be held when each is noted as told.
    node.outbox = node.world.port.outbox_lasting(RECORD_TOPIC, Duration::from_secs(6));
    site.next(std::iter::repeat_n(Does::Late(Duration::from_millis(900)), 7));
    node.look().await;
    assert_eq!(site.heard(), subjects(0..7));
    assert_eq!(node.waiting().await, 0);
}

#[tokio::test]
async fn ctx_02_more_than_one_turn_are_told_each_once() {
    let (site, mut node) = site_and_node().await;
    node.handled(0..BATCH + 10).await;
    node.look().await;
    assert_eq!(site.heard(), subjects(0..BATCH + 10));
    assert_eq!(node.waiting().await, 0);
}

#[tokio::test]
async fn ctx_02_many_that_are_refused_for_themselves_are_a_server_that_is_not_well() {
    let (site, mut node) = site_and_node().await;
    node.handled(0..3).await;
    let soon = node.world.port.now().after(PAUSE);
    for number in 0..REFUSED_MAX {
        node.records.refused.insert(format!("other {number}"), (1, soon));
    }
    site.next([Does::Says(400)]);
    node.look().await;
    assert_eq!(site.heard().len(), 1);
    assert!(node.records.resting.is_some());
    assert_eq!(node.records.refused.len(), REFUSED_MAX);
    node.later(10).await;
    assert_eq!((site.heard().len(), node.waiting().await), (3, 0));
}
