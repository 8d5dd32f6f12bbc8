//! The home page made in process, without a network: what the phone service itself costs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use domain::settings::{SettingsFile, SettingsHead};
use domain::{Sealed, Settings};
use engine::SystemClock;
use engine::surface::{Peer, Request, Route, Surface};
use engine::testing::{PlainAuthenticator, memory_port};
use http::{HeaderMap, HeaderValue, Method, Response, Uri};

use crate::median::median;
use crate::{AnyError, Missed};

const BASE: &str = "https://gw-a.example:8445";

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let count = if quick { 2_000 } else { 100_000 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock = Arc::new(SystemClock);
        let port = memory_port(&settings()?, Arc::new(PlainAuthenticator), clock).await;
        let routes = phone::Phone::new(port).routes();
        let target = "/fippa/SEP001122334455?id=1001&extension=2001&password=password-1001";
        let home =
            ask(&routes, target, "/fippa/{device}", &[("device", "SEP001122334455")], "").await?;
        let header = |name: &str| {
            home.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let cookie = header("set-cookie").ok_or("not signed in")?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let refresh = header("refresh").ok_or("no refresh")?;
        let path = refresh.split(BASE).nth(1).ok_or("no link")?.to_owned();
        let token = path.split('/').nth(3).ok_or("no token")?.to_owned();
        let parameters = [("token", token.as_str()), ("page", "home")];
        let mut figures = Vec::new();
        for _ in 0..rounds {
            let start = Instant::now();
            for _ in 0..count {
                let answer =
                    ask(&routes, &path, "/fippa/s/{token}/{page}", &parameters, &cookie).await?;
                std::hint::black_box(answer);
            }
            figures.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
        }
        println!("handler: home page, in process          {:>9.1} us", median(figures));
        Ok(Missed::new())
    })
}

async fn ask(
    routes: &[Route],
    target: &str,
    path: &str,
    parameters: &[(&str, &str)],
    cookie: &str,
) -> Result<Response<Bytes>, AnyError> {
    let route = routes.iter().find(|route| route.path == path).ok_or("no such route")?;
    let mut headers = HeaderMap::new();
    headers.insert("x-ciscoipphonemodelname", HeaderValue::from_static("CP-8845"));
    headers.insert("accept-charset", HeaderValue::from_static("utf-8"));
    if !cookie.is_empty() {
        headers.insert("cookie", HeaderValue::try_from(cookie)?);
    }
    let parameters: BTreeMap<_, _> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = Request {
        method: Method::GET,
        uri: target.parse::<Uri>()?,
        headers,
        body: Bytes::new(),
        parameters,
        peer: Peer { address: [127, 0, 0, 1].into(), base: BASE.to_owned() },
        principal: None,
        reference: "AAAAAAAA".to_owned(),
    };
    Ok(route.handler.whole(request).await)
}

fn settings() -> Result<Settings, AnyError> {
    let value = serde_json::json!({
        "agents": [{"id": "1001"}],
        "reason_codes": [
            {"category": "not_ready", "code": 12, "label": "Lunch"},
            {"category": "sign_out", "code": 5, "label": "End of shift"},
        ],
    });
    let file = SettingsFile::read(value)?;
    let documents = file.into_documents(|_| None, |_, _| Sealed::from_text("x"));
    let head = SettingsHead::default();
    Ok(Settings::from_documents(&head, documents.0))
}
