//! The routes of the console, out of the table of operations, and those of its pages.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use engine::Port;
use engine::surface::{Body, Callers, Readiness, Request, ResponsePolicy, Route, Surface};
use http::{Method, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::asked::Asked;
use crate::news::News;
use crate::operation::{Handle, Operation};
use crate::problem::Problem;
use crate::{Administration, ETAG_PURPOSE, assets, etag, operations};

/// The listener that administrators reach.
const LISTENER: &str = "console";

static GET: [Method; 1] = [Method::GET];
static POST: [Method; 1] = [Method::POST];
static PUT: [Method; 1] = [Method::PUT];
static PATCH: [Method; 1] = [Method::PATCH];
static DELETE: [Method; 1] = [Method::DELETE];

/// The REST interface of a node.
pub struct Console {
    pub(crate) port: Port,
    pub(crate) administration: Arc<dyn Administration>,
    pub(crate) news: Arc<News>,
    pub(crate) counts: operations::Counts,
    tag_key: [u8; 32],
}

impl std::fmt::Debug for Console {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "console on {:?}", self.port)
    }
}

impl Console {
    /// The interface of the node that `port` leads to; `administration` does what it asks for.
    pub fn new(port: Port, administration: Arc<dyn Administration>) -> Arc<Self> {
        let tag_key = port.link_key(ETAG_PURPOSE);
        let news = News::new();
        let counts = operations::Counts::default();
        Arc::new(Self { port, administration, news, counts, tag_key })
    }

    /// The entity tag of a document as it is exported, with its quotation marks.
    pub(crate) fn tag(&self, document: &Value) -> String {
        format!("\"{}\"", etag(&self.tag_key, document))
    }

    /// The entity tag of what `asked` shows of all settings, with its quotation marks: another one for
    /// whoever may see other things, as nobody is to be shown what another's browser kept.
    pub(crate) fn tag_of_view(&self, number: u64, asked: &Asked) -> String {
        let principal = asked.request.principal.as_ref();
        self.tag(&json!({
            "number": number,
            "epoch": self.port.store_epoch(),
            "who": principal.map(|it| &it.who),
            "identity": principal.map(|it| &it.identity),
            "roles": principal.map(|it| &it.roles),
            "teams": principal.map(|it| &it.teams),
        }))
    }

    /// Does a deed for who asks; what is wrong points into `body`.
    pub(crate) async fn perform(
        &self,
        asked: &Asked,
        deed: &'static str,
        members: Value,
    ) -> Result<Value, Problem> {
        let done = self.administration.perform(deed, members, asked.context()).await;
        done.map_err(|failure| Problem::of_failure(failure, asked.body()))
    }
}

#[async_trait]
impl Surface for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        let operations = operations::all().into_iter();
        let operations = operations.map(|operation| route(&self, operation));
        let single = [
            sent(&self, "/api/v1/sign-on/single", |administration, request| async move {
                administration.single_sign_on(request).await
            }),
            sent(&self, "/api/v1/sign-on/callback", |administration, request| async move {
                administration.single_signed_on(request).await
            }),
        ];
        let port = self.port.clone();
        let origins: assets::FrameOrigins =
            Arc::new(move || port.settings().channels.workspace_frame_origins.clone());
        operations.chain(single).chain(assets::routes(LISTENER, assets::BUILT, &origins)).collect()
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            // A sender that is gone stops too.
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.news.gather(&self) => {}
        }
    }
}

/// A route that only browsers take, on their way to the identity service and back: it sends them elsewhere, so it
/// is no operation of the interface.
fn sent<F, A>(console: &Arc<Console>, path: &'static str, handle: F) -> Route
where
    F: Fn(Arc<dyn Administration>, Request) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Bytes>> + Send + 'static,
{
    let administration = Arc::clone(&console.administration);
    Route {
        listener: LISTENER,
        path,
        methods: &GET,
        callers: Callers::Anyone,
        body_bytes_max: 0,
        policy: ResponsePolicy::Browser,
        handler: Route::handler(move |request| handle(Arc::clone(&administration), request)),
    }
}

fn route(console: &Arc<Console>, operation: Operation) -> Route {
    let methods: &'static [Method] = match operation.method {
        Method::POST => &POST,
        Method::PUT => &PUT,
        Method::PATCH => &PATCH,
        Method::DELETE => &DELETE,
        _ => &GET,
    };
    let console = Arc::clone(console);
    let (path, callers) = (operation.path, operation.callers);
    let body_bytes_max = operation.body_bytes_max;
    let operation = Arc::new(operation);
    Route {
        listener: LISTENER,
        path,
        methods,
        callers,
        body_bytes_max,
        policy: ResponsePolicy::Browser,
        handler: match operation.handle.clone() {
            Handle::Whole(handle) => Route::handler(move |request: Request| {
                let reference = request.reference.clone();
                let given = Asked::check(&operation, request);
                let given = given.map(|asked| handle(Arc::clone(&console), asked));
                async move {
                    let given = match given {
                        Ok(giving) => giving.await,
                        Err(problem) => Err(problem),
                    };
                    given.unwrap_or_else(|problem| problem.answer(&reference))
                }
            }),
            Handle::Pieces(handle) => Route::pieces(move |request: Request| {
                let reference = request.reference.clone();
                let begun = Asked::check(&operation, request);
                let begun = begun.map(|asked| handle(Arc::clone(&console), asked));
                async move {
                    let begun = match begun {
                        Ok(beginning) => beginning.await,
                        Err(problem) => Err(problem),
                    };
                    begun.unwrap_or_else(|problem| problem.answer(&reference).map(Body::Whole))
                }
            }),
        },
    }
}
