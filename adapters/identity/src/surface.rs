//! The routes of the identity service, on a listener of its own.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::IdentityState;
use engine::surface::{Callers, Readiness, Request, ResponsePolicy, Route, Surface};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, Response, StatusCode};
use protocols::oauth::{METADATA_PATH, paths};
use protocols::saml::FORM_BYTES_MAX;
use tokio::sync::watch;

use crate::Identity;
use crate::pages::{self, SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH};
use crate::site::ACS_PATH;

const LISTENER: &str = "identity";
/// The most bytes of what applications send.
const BODY_BYTES_MAX: usize = 64 * 1024;

static GET: [Method; 1] = [Method::GET];
static POST: [Method; 1] = [Method::POST];
static BOTH: [Method; 2] = [Method::GET, Method::POST];
static SHARED_POST: [Method; 2] = [Method::POST, Method::OPTIONS];

impl Identity {
    fn route<F, A>(
        self: &Arc<Self>,
        path: &'static str,
        methods: &'static [Method],
        body_bytes_max: usize,
        handle: F,
    ) -> Route
    where
        F: Fn(Arc<Self>, Request) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let identity = Arc::clone(self);
        Route {
            listener: LISTENER,
            path,
            methods,
            // What must be proven is proven by the protocols themselves.
            callers: Callers::Anyone,
            body_bytes_max,
            policy: ResponsePolicy::Browser,
            handler: Route::handler(move |request| handle(Arc::clone(&identity), request)),
        }
    }

    /// A route whose answer needs no waiting.
    fn told(
        self: &Arc<Self>,
        path: &'static str,
        tell: impl Fn(&Self, &Request) -> Response<Bytes> + Send + Sync + Clone + 'static,
    ) -> Route {
        self.route(path, &GET, 0, move |identity, request| {
            let tell = tell.clone();
            async move { tell(&identity, &request) }
        })
    }
}

#[async_trait]
impl Surface for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        let me = &self;
        vec![
            me.route(paths::AUTHORIZE, &BOTH, BODY_BYTES_MAX, Self::authorize),
            me.route(paths::TOKEN, &SHARED_POST, BODY_BYTES_MAX, |me, request| async move {
                match request.method == Method::OPTIONS {
                    true => preflight(),
                    false => me.token(request).await,
                }
            }),
            me.route(paths::INTROSPECT, &POST, BODY_BYTES_MAX, Self::introspect),
            me.route(paths::REVOKE, &SHARED_POST, BODY_BYTES_MAX, |me, request| async move {
                match request.method == Method::OPTIONS {
                    true => preflight(),
                    false => me.revoke(request).await,
                }
            }),
            me.told(paths::JWKS, |me, _| me.public_keys()),
            me.told(METADATA_PATH, |me, _| me.metadata()),
            me.told("/ids/v1/status", |me, _| me.told_state()),
            me.told("/ids/v1/test", Self::test),
            me.told("/ids/saml/sp.xml", |me, _| me.sp_xml()),
            me.route(ACS_PATH, &POST, FORM_BYTES_MAX, Self::consume),
            me.route("/ids/sign-off", &BOTH, 1_024, |me, request| async move {
                match request.method == Method::POST {
                    true => me.sign_off(request).await,
                    false => me.ask_sign_off(request).await,
                }
            }),
            me.told("/idsadmin", |me, _| {
                pages::elsewhere(&format!("{}/#/identity", me.console_base()))
            }),
            me.told(STYLE_PATH, |_, _| file("text/css; charset=utf-8", STYLE)),
            me.told(SCRIPT_PATH, |_, _| file("text/javascript; charset=utf-8", SCRIPT)),
        ]
    }

    fn readiness(&self) -> Readiness {
        match self.state() {
            // Nobody asked for it.
            (IdentityState::NotConfigured | IdentityState::InService, _) => Readiness::Ready,
            (IdentityState::PartialService, reasons) => {
                Readiness::Degraded(reasons.first().map_or("", |reason| reason.words()).to_owned())
            }
            (IdentityState::OutOfService, reasons) => {
                Readiness::Failing(reasons.first().map_or("", |reason| reason.words()).to_owned())
            }
        }
    }

    async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        self.follow(stop).await;
    }
}

/// Lets a page of any origin ask; whether it may read the answer is for that answer to say.
fn preflight() -> Response<Bytes> {
    let mut answer = pages::bare(StatusCode::NO_CONTENT);
    pages::set(&mut answer, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    for (name, value) in [
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type, authorization"),
        ("access-control-max-age", "600"),
    ] {
        pages::set(&mut answer, http::HeaderName::from_static(name), value);
    }
    answer
}

fn file(media_type: &'static str, text: &'static str) -> Response<Bytes> {
    let mut answer = pages::bare(StatusCode::OK);
    pages::set(&mut answer, CONTENT_TYPE, media_type);
    pages::set(&mut answer, CACHE_CONTROL, "public, max-age=3600");
    *answer.body_mut() = Bytes::from_static(text.as_bytes());
    answer
}
