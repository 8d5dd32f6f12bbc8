//! TLS to the database by the TLS of the rest of the program: the server's certificate and name are
//! verified, always.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::OpenError;

/// Where systems keep the authorities they trust: Debian and its kin, Red Hat and its kin.
const BUNDLES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// Makes connections private.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("tls")
    }
}

impl Tls {
    /// Trusts whom the authorities in that file vouch for.
    pub(super) fn of_file(path: &Path) -> Result<Self, OpenError> {
        let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| {
            OpenError::Authorities { path: path.display().to_string(), source }
        };
        let certificates = CertificateDer::pem_file_iter(path)
            .map_err(|error| unreadable(error.into()))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable(error.into()))?;
        if certificates.is_empty() {
            return Err(unreadable("it holds no certificate".into()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate).map_err(|error| unreadable(error.into()))?;
        }
        Self::of(roots)
    }

    /// Trusts whom the authorities of this machine vouch for; `None` where it has none.
    pub(super) fn of_system() -> Result<Option<Self>, OpenError> {
        let Some(path) = BUNDLES.iter().map(Path::new).find(|path| path.exists()) else {
            return Ok(None);
        };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| {
            OpenError::Authorities { path: path.display().to_string(), source: error.into() }
        })?;
        let mut roots = RootCertStore::empty();
        // Such a bundle may hold some that are written in old ways; they vouch for nobody here.
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
        if roots.is_empty() { Ok(None) } else { Self::of(roots).map(Some) }
    }

    /// For ways that need no privacy.
    pub(super) fn of_nobody() -> Result<Self, OpenError> {
        Self::of(RootCertStore::empty())
    }

    fn of(roots: RootCertStore) -> Result<Self, OpenError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| OpenError::Options { reason: error.to_string() })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Private<S>;
    type TlsConnect = ToHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ToHost> {
        // Asked for sockets too, which have no name and no use for one.
        Ok(ToHost(self.0.clone(), ServerName::try_from(host.to_owned()).map_err(io::Error::other)))
    }
}

/// A handshake with one host.
pub(super) struct ToHost(TlsConnector, io::Result<ServerName<'static>>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for ToHost {
    type Stream = Private<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Private<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.0.connect(self.1?, stream).await.map(Private) })
    }
}

/// A private connection.
pub(super) struct Private<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Private<S> {
    /// The certificate is verified already, which is what a binding would be for.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Private<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Private<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
