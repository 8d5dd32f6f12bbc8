//! Nodes on one store, with keys, an identity provider and applications in the settings.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::settings::{
    IdentityProvider, IdentitySettings, OauthClient, OauthClientKind, RefreshRule, Settings,
};
use domain::{IdentityKeys, Secret, Timestamp};
use engine::surface::{Body, Peer, Request, Route, Surface};
use engine::testing::{ManualClock, PlainAuthenticator, apply, memory_engines};
use engine::{Engine, Port};
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

use super::browser::{Browser, Reply, form};
use super::idp::Idp;
use crate::service::{Fetch, Start};
use crate::{Access, Identity, Kinds, TokenRefused};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Where applications take codes.
pub(crate) const APP: &str = "https://app.example/callback?kept=1";
pub(crate) const VERIFIER: &str = "verifier-0123456789-0123456789-0123456789-abc";
/// An application that follows the original's rule for refreshing.
pub(crate) const STRICT: &str = "1111111111111111111111111111111111111111";
/// One that refreshes as the standard has it, and may introspect.
pub(crate) const PLAIN: &str = "2222222222222222222222222222222222222222";
/// One in browsers, without a secret.
pub(crate) const PUBLIC: &str = "3333333333333333333333333333333333333333";
/// One that need not use PKCE, and whose tokens are signed alone.
pub(crate) const OLD: &str = "4444444444444444444444444444444444444444";
pub(crate) const SECRET: &str = "correct horse battery staple: long enough!";
pub(crate) const REFERENCE: &str = "REF12345";

/// Keys are made once; each place keeps the same ones.
static KEYS: OnceCell<IdentityKeys> = OnceCell::const_new();

/// A node of a place.
pub(crate) struct Node {
    pub(crate) engine: Arc<Engine>,
    pub(crate) port: Port,
    pub(crate) identity: Arc<Identity>,
    routes: Vec<Route>,
    stop: watch::Sender<bool>,
    work: JoinHandle<()>,
}

/// Nodes on one store.
pub(crate) struct Place {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) nodes: Vec<Node>,
}

impl Place {
    /// One node with the usual settings and keys.
    pub(crate) async fn new() -> Self {
        Self::with(1, settings()).await
    }

    pub(crate) async fn with(nodes: usize, settings: Settings) -> Self {
        let place = Self::without_keys(nodes, settings).await;
        let identity = &place.nodes[0].identity;
        let made = KEYS.get_or_init(|| async {
            let kinds = Kinds { signing: true, encryption: true, saml: true };
            let none = IdentityKeys::default();
            identity.made("ids-a.example".to_owned(), kinds, &none, Start::Now).await.unwrap()
        });
        identity.keep(made.await.clone()).await.unwrap();
        place.all("keys", |node| node.port.identity_keys().borrow().number == 1).await;
        place
    }

    /// Before anything was made.
    pub(crate) async fn without_keys(nodes: usize, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let names = ["ids-a.example", "ids-b.example"].get(..nodes).unwrap();
        let engines = memory_engines(names, Arc::clone(&clock) as _).await;
        apply(&engines[0], &settings).await;
        let fetch: Fetch = Arc::new(|_, _| Box::pin(async { Err("nothing there".to_owned()) }));
        let nodes = engines.into_iter().zip(names).map(|(engine, name)| {
            let port = engine.port(Arc::new(PlainAuthenticator));
            let base = format!("https://{name}:8553");
            let console = format!("https://{name}:9443");
            let identity = Identity::new(port.clone(), base, console, Arc::clone(&fetch));
            identity.set_served(true);
            let stop = watch::Sender::new(false);
            let routes = Arc::clone(&identity).routes();
            // Without its own task: what is made in the background is made by hand here.
            let work = tokio::spawn(async {});
            Node { engine, port, identity, routes, stop, work }
        });
        let place = Self { clock, nodes: nodes.collect() };
        place.all("settings", |node| node.port.settings().number == 1).await;
        place
    }

    /// Lets the nodes' own tasks run, as they do in a node.
    pub(crate) fn runs(&mut self) {
        for node in &mut self.nodes {
            let identity = Arc::clone(&node.identity);
            node.work = tokio::spawn(identity.run(node.stop.subscribe()));
        }
    }

    /// Waits until that is so at every node.
    pub(crate) async fn all(&self, what: &str, is_so: impl Fn(&Node) -> bool) {
        let wait = async {
            while !self.nodes.iter().all(&is_so) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(waited.is_ok(), "{what}: never so");
    }

    /// Puts settings in force at every node.
    pub(crate) async fn apply(&self, settings: &Settings) {
        apply(&self.nodes[0].engine, settings).await;
        let number = self.nodes[0].port.settings().number;
        self.all("settings", |node| node.port.settings().number == number).await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.nodes[0].port.now()
    }

    pub(crate) fn wait(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.nodes[0].identity
    }

    /// Asks as the server would: the route of path and method, its limit.
    pub(crate) async fn ask(
        &self,
        node: usize,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: &str,
    ) -> Reply {
        let uri: http::Uri = target.parse().unwrap();
        let node = &self.nodes[node];
        let route = node
            .routes
            .iter()
            .find(|route| route.path == uri.path() && route.methods.contains(&method));
        let route = route.unwrap_or_else(|| panic!("no route for {method} {target}"));
        assert!(body.len() <= route.body_bytes_max, "the server refuses that with 413");
        let base = node.identity.base().to_owned();
        let request = Request {
            method,
            uri,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            parameters: BTreeMap::new(),
            peer: Peer { address: IpAddr::from([192, 0, 2, 7]), base },
            principal: None,
            reference: REFERENCE.to_owned(),
        };
        Reply::of(route.handler.begin(request).await.map(|body| match body {
            Body::Whole(bytes) => bytes,
            Body::Pieces(_) => panic!("no stream is expected"),
        }))
    }

    /// A form of an application, with its secret in the header where it has one.
    pub(crate) async fn posts(
        &self,
        node: usize,
        client: &str,
        target: &str,
        parameters: &[(&str, &str)],
    ) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let mut parameters = parameters.to_vec();
        match client {
            PUBLIC => parameters.push(("client_id", PUBLIC)),
            client => {
                headers.insert("authorization", basic(client, SECRET).parse().unwrap());
            }
        }
        self.ask(node, Method::POST, target, headers, &form(&parameters)).await
    }

    /// Trades a code.
    pub(crate) async fn trade(&self, node: usize, client: &str, code: &str) -> Reply {
        let verifier = Some(VERIFIER).filter(|_| client != OLD);
        self.trade_with(node, client, code, APP, verifier).await
    }

    pub(crate) async fn trade_with(
        &self,
        node: usize,
        client: &str,
        code: &str,
        redirect: &str,
        verifier: Option<&str>,
    ) -> Reply {
        let mut parameters =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)];
        parameters.extend(verifier.map(|it| ("code_verifier", it)));
        self.posts(node, client, "/ids/v1/oauth/token", &parameters).await
    }

    /// Trades a refresh token.
    pub(crate) async fn refresh(
        &self,
        node: usize,
        client: &str,
        refresh: &str,
        access: Option<&str>,
    ) -> Reply {
        let mut parameters = vec![("grant_type", "refresh_token"), ("refresh_token", refresh)];
        parameters.extend(access.map(|it| ("access_token", it)));
        self.posts(node, client, "/ids/v1/oauth/token", &parameters).await
    }

    /// Signs somebody on and trades the code: access token, refresh token.
    pub(crate) async fn tokens(&self, client: &str) -> (String, String) {
        let code = Browser::at(0).signs_on(self, client).await;
        pair(&self.trade(0, client, &code).await)
    }

    /// Reads an access token at that node.
    pub(crate) fn check(&self, node: usize, token: &str) -> Result<Access, TokenRefused> {
        self.nodes[node].identity.check(&Secret::new(token))
    }

    /// Waits until every node refuses that access token as revoked.
    pub(crate) async fn all_refuse(&self, token: &str) {
        let token = Secret::new(token);
        let is_refused = |node: &Node| node.identity.check(&token) == Err(TokenRefused::Revoked);
        self.all("revoked", is_refused).await;
    }

    /// What introspection says of a token.
    pub(crate) async fn introspect(&self, token: &str) -> Value {
        let reply = self.posts(0, PLAIN, "/ids/v1/oauth/introspect", &[("token", token)]).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for node in &self.nodes {
            node.stop.send_replace(true);
            node.work.abort();
            node.engine.abandon();
        }
    }
}

/// Access and refresh token of an answer.
#[track_caller]
pub(crate) fn pair(reply: &Reply) -> (String, String) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub(crate) fn basic(client: &str, secret: &str) -> String {
    let encode = super::browser::escaped;
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client), encode(secret))))
}

pub(crate) fn client(id: &str) -> OauthClient {
    OauthClient {
        client_id: id.to_owned(),
        name: format!("Application {}", &id[..1]),
        redirect_urls: vec![APP.to_owned()],
        kind: OauthClientKind::Confidential,
        secret_digest: Some(OauthClient::digest_of(SECRET)),
        pkce_required: true,
        refresh: RefreshRule::WithAccessToken,
        native: false,
        encrypt_tokens: None,
        may_introspect: false,
        api_roles: Vec::new(),
        disabled: false,
    }
}

pub(crate) fn provider(idp: &Idp) -> IdentityProvider {
    IdentityProvider {
        name: "corp".to_owned(),
        metadata: Some(idp.metadata()),
        entity_id: None,
        metadata_url: None,
        metadata_refresh_hours: 24,
        take_changes: false,
    }
}

pub(crate) fn settings() -> Settings {
    let refresh = RefreshRule::RefreshTokenOnly;
    let clients = [
        client(STRICT),
        OauthClient { refresh, may_introspect: true, ..client(PLAIN) },
        OauthClient {
            kind: OauthClientKind::Public,
            secret_digest: None,
            refresh,
            ..client(PUBLIC)
        },
        OauthClient { pkce_required: false, encrypt_tokens: Some(false), refresh, ..client(OLD) },
    ];
    let clients = clients.into_iter().map(|it| (it.client_id.clone(), Arc::new(it)));
    let provider = provider(Idp::usual());
    Settings {
        identity: Arc::new(IdentitySettings {
            hosts: vec!["ids-a.example".to_owned(), "ids-b.example".to_owned()],
            ..IdentitySettings::default()
        }),
        identity_providers: Arc::new(
            [(provider.name.clone(), Arc::new(provider))].into_iter().collect(),
        ),
        oauth_clients: Arc::new(clients.collect()),
        ..Settings::default()
    }
}

/// Settings with the identity service changed by `change`.
pub(crate) fn settings_with(change: impl FnOnce(&mut IdentitySettings)) -> Settings {
    let mut settings = settings();
    let mut identity = settings.identity.as_ref().clone();
    change(&mut identity);
    settings.identity = Arc::new(identity);
    settings
}

/// Settings with an application changed by `change`; it goes where that says `None`.
pub(crate) fn settings_with_client(
    id: &str,
    change: impl FnOnce(OauthClient) -> Option<OauthClient>,
) -> Settings {
    let mut settings = settings();
    let mut clients = settings.oauth_clients.as_ref().clone();
    let changed = clients.remove(id).and_then(|it| change(it.as_ref().clone()));
    clients.extend(changed.map(|it| (it.client_id.clone(), Arc::new(it))));
    settings.oauth_clients = Arc::new(clients);
    settings
}
