//! The least that can serve a page: one axum handler behind TLS that gives the same bytes.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{CONTENT_TYPE, EXPIRES, REFRESH};
use axum::routing::get;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::AnyError;

/// Serves until it is killed; prints its port first.
pub(crate) fn serve(body: &str, certificate: &str, key: &str) -> Result<(), AnyError> {
    let body: &'static str = Box::leak(std::fs::read_to_string(body)?.into_boxed_str());
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    let headers = [
        (CONTENT_TYPE, "text/xml; charset=utf-8"),
        (EXPIRES, "Sat, 01 Jan 2000 00:00:00 GMT"),
        (REFRESH, "15"),
    ];
    let router = Router::new().fallback(get(async move || (headers, body)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        std::io::stdout().flush()?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(router);
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}
