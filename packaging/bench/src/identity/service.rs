//! An identity service on SQLite, asked by its routes: a browser and an application in one process.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use domain::settings::{
    IdentityProvider, IdentitySettings, OauthClient, OauthClientKind, RefreshRule,
};
use domain::{IdentityState, Settings};
use engine::surface::{Peer, Request, Route, Surface};
use engine::testing::{PlainAuthenticator, apply};
use engine::{Clock as _, Engine, EngineOptions, Metrics, SealingKeys, SystemClock, SystemRandom};
use http::{HeaderMap, HeaderValue, Method, Response};
use identity::{Fetch, Identity};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use store::SqliteStore;
use tokio::sync::watch;

use super::provider::Provider;
use crate::AnyError;
use crate::durable::Folder;

/// What the provider knows it by.
pub(super) const ENTITY: &str = "ids-a.example";
const BASE: &str = "https://ids-a.example:8553";
const CLIENT: &str = "1111111111111111111111111111111111111111";
const REDIRECT: &str = "https%3A%2F%2Fapp.example%2Fcallback";
const VERIFIER: &str = "verifier-0123456789-0123456789-0123456789-abc";

pub(super) fn seconds_now() -> Result<i64, AnyError> {
    Ok(SystemClock.now().seconds())
}

/// What an application was given.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

/// The service with its provider.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) identity: Arc<Identity>,
    engine: Arc<Engine>,
    routes: Arc<Vec<Route>>,
    provider: Arc<Provider>,
    stop: Arc<watch::Sender<bool>>,
    _folder: Arc<Folder>,
}

impl Service {
    pub(super) async fn start(provider: Provider) -> Result<Self, AnyError> {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.0.join("store.db"))?;
        let options = EngineOptions {
            store: Arc::new(store),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
            sealing: Arc::new(SealingKeys::single([1; 32])),
            node: ENTITY.parse()?,
            metrics: Metrics::new(),
        };
        let engine = Engine::open(options).await.map_err(|error| error.to_string())?;
        apply(&engine, &settings(&provider)).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        let fetch: Fetch = Arc::new(|_, _| Box::pin(async { Err("not here".to_owned()) }));
        let console = "https://ids-a.example:9443".to_owned();
        let identity = Identity::new(port, BASE.to_owned(), console, fetch);
        let stop = watch::Sender::new(false);
        tokio::spawn(Arc::clone(&identity).run(stop.subscribe()));
        let began = Instant::now();
        while identity.state().0 != IdentityState::InService {
            if began.elapsed() > Duration::from_secs(60) {
                return Err(format!("not in service: {:?}", identity.state()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Self {
            routes: Arc::new(Arc::clone(&identity).routes()),
            identity,
            engine,
            provider: Arc::new(provider),
            stop: Arc::new(stop),
            _folder: Arc::new(folder),
        })
    }

    pub(super) async fn end(self) {
        self.stop.send_replace(true);
        self.engine.close().await;
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        cookie: &str,
        body: String,
    ) -> Result<Response<Bytes>, AnyError> {
        let uri: http::Uri = target.parse()?;
        let found = self.routes.iter();
        let mut found = found.filter(|it| it.path == uri.path() && it.methods.contains(&method));
        let route = found.next().ok_or("no route")?;
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("text/html"));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert("content-type", form);
        if !cookie.is_empty() {
            headers.insert("cookie", HeaderValue::from_str(cookie)?);
        }
        let request = Request {
            method,
            uri,
            headers,
            body: Bytes::from(body),
            parameters: BTreeMap::new(),
            peer: Peer { address: IpAddr::from([192, 0, 2, 1]), base: BASE.to_owned() },
            principal: None,
            reference: "bench".to_owned(),
        };
        Ok(route.handler.whole(request).await)
    }

    /// Signs somebody on and trades the code; with it what that took here, without the provider's work.
    pub(super) async fn sign_on(&self) -> Result<(Tokens, Duration), AnyError> {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let target = format!(
            "/ids/v1/oauth/authorize?response_type=code&client_id={CLIENT}&redirect_uri={REDIRECT}\
             &code_challenge={challenge}&code_challenge_method=S256"
        );
        let start = Instant::now();
        let page = self.ask(Method::GET, &target, "", String::new()).await?;
        let mut took = start.elapsed();
        let cookie = page.headers().get("set-cookie").ok_or("no flow")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let page = String::from_utf8(page.body().to_vec())?;
        let sent = String::from_utf8(STANDARD.decode(value_of(&page, "SAMLRequest")?)?)?;
        let request = sent.split(" ID=\"").nth(1).and_then(|rest| rest.split('"').next());
        let destination = format!("{BASE}/ids/saml/response");
        let xml = self.provider.answer(request.ok_or("no ID")?, &destination, seconds_now()?);
        let body = format!(
            "SAMLResponse={}&RelayState={}",
            STANDARD.encode(xml).replace('+', "%2B").replace('=', "%3D"),
            value_of(&page, "RelayState")?
        );
        let start = Instant::now();
        let answer = self.ask(Method::POST, "/ids/saml/response", &cookie, body).await?;
        let place = answer.headers().get("location").ok_or("nobody is signed on")?.to_str()?;
        let code = place.split("code=").nth(1).and_then(|rest| rest.split('&').next());
        let body = format!(
            "grant_type=authorization_code&client_id={CLIENT}&code={}&redirect_uri={REDIRECT}\
             &code_verifier={VERIFIER}",
            code.ok_or("no code")?
        );
        let tokens = self.tokens(body).await?;
        took += start.elapsed();
        Ok((tokens, took))
    }

    /// Refreshes one after the other until that time is over; all access tokens that came.
    pub(super) async fn refreshes(
        &self,
        first: String,
        start: Instant,
        lasting: Duration,
    ) -> Result<Vec<String>, AnyError> {
        let (mut refresh, mut all) = (first, Vec::new());
        while start.elapsed() < lasting {
            let body =
                format!("grant_type=refresh_token&client_id={CLIENT}&refresh_token={refresh}");
            let tokens = self.tokens(body).await?;
            refresh = tokens.refresh;
            all.push(tokens.access);
        }
        Ok(all)
    }

    async fn tokens(&self, body: String) -> Result<Tokens, AnyError> {
        let answer = self.ask(Method::POST, "/ids/v1/oauth/token", "", body).await?;
        let body: Value = serde_json::from_slice(answer.body())?;
        let text = |name: &str| {
            let text = body.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| AnyError::from(format!("no {name}: {}", answer.status())))
        };
        Ok(Tokens { access: text("access_token")?, refresh: text("refresh_token")? })
    }
}

fn value_of<'p>(page: &'p str, name: &str) -> Result<&'p str, AnyError> {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).ok_or("no such field")?;
    Ok(rest.split('"').next().unwrap_or_default())
}

/// Encrypted access tokens signed with RSA, as they are by default.
fn settings(provider: &Provider) -> Settings {
    let client = OauthClient {
        client_id: CLIENT.to_owned(),
        name: "bench".to_owned(),
        redirect_urls: vec!["https://app.example/callback".to_owned()],
        kind: OauthClientKind::Public,
        secret_digest: None,
        pkce_required: true,
        refresh: RefreshRule::RefreshTokenOnly,
        native: false,
        encrypt_tokens: None,
        may_introspect: false,
        api_roles: Vec::new(),
        disabled: false,
    };
    let provider = IdentityProvider {
        name: "corp".to_owned(),
        metadata: Some(provider.metadata()),
        entity_id: None,
        metadata_url: None,
        metadata_refresh_hours: 24,
        take_changes: false,
    };
    Settings {
        identity: Arc::new(IdentitySettings {
            hosts: vec![ENTITY.to_owned()],
            ..IdentitySettings::default()
        }),
        identity_providers: Arc::new(
            [("corp".to_owned(), Arc::new(provider))].into_iter().collect(),
        ),
        oauth_clients: Arc::new([(CLIENT.to_owned(), Arc::new(client))].into_iter().collect()),
        ..Settings::default()
    }
}
