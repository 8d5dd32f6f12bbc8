//! A strict receiver of webhooks that checks signatures by its own hand, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::settings::{AlarmReceiver, AlarmSeverity, AlarmWebhook};
use ring::hmac;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
}

impl Posted {
    pub(crate) fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// Whether it is signed with that key over id, time and body.
    pub(crate) fn is_signed_with(&self, key: &[u8]) -> bool {
        let mut text =
            format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"))
                .into_bytes();
        text.extend(&self.raw);
        let Some(mac) = self.header("webhook-signature").strip_prefix("v1,") else { return false };
        let mac = STANDARD.decode(mac).unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), &text, &mac).is_ok()
    }
}

#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Hook {
    pub(crate) async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hook = Self { address, posted: Arc::default(), answers: Arc::default() };
        let serving = hook.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, serving) = (acceptor.clone(), serving.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serving.serve(stream).await;
                    }
                });
            }
        });
        hook
    }

    /// What is answered next, in order; after them everything is taken.
    pub(crate) fn answers(&self, answers: &[&'static str]) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    pub(crate) fn receiver(&self, host: &str) -> AlarmReceiver {
        AlarmReceiver {
            name: "desk".to_owned(),
            severity: AlarmSeverity::Warning,
            webhook: Some(AlarmWebhook {
                url: format!("https://{host}:{}/alarms?x=1", self.address.port()),
                signing_secret: None,
                proxy: false,
            }),
            mail: None,
        }
    }

    async fn serve(&self, mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>) {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap();
        let path = first.strip_prefix("POST ").and_then(|it| it.strip_suffix(" HTTP/1.1")).unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").unwrap();
        let length: usize = length.1.parse().unwrap();
        while bytes.len() < head + 4 + length {
            if stream.read_buf(&mut bytes).await.unwrap() == 0 {
                return;
            }
        }
        let raw = bytes[head + 4..].to_vec();
        let body = serde_json::from_slice(&raw).unwrap();
        let answer = self.answers.lock().unwrap().pop_front();
        self.posted.lock().unwrap().push(Posted { path: path.to_owned(), headers, raw, body });
        let answer = match answer {
            Some("") => return,
            Some(answer) => answer,
            None => "HTTP/1.1 204 No Content\r\n\r\n",
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
