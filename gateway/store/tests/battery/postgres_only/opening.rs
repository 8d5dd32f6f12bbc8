//! Opening a database: schemas, servers, passwords, certificates.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use databases::{Server, Standby};
use domain::Secret;
use store::{OpenError, PostgresOptions, PostgresStore, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{database, open, options, session, write};
use crate::Folder;
use crate::cases::{commit, version};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ops_04_nodes_that_start_at_once_make_the_tables_once() {
    let Some(options) = database("four_openers") else { return };
    let opening: Vec<_> =
        (0..4).map(|_| tokio::spawn(PostgresStore::open(options.clone()))).collect();
    let mut stores = Vec::new();
    for opened in opening {
        stores.push(opened.await.unwrap().unwrap());
    }
    commit(&stores[0], "1", write("a")).await;
    assert_eq!(version(&stores[3], "a").await, Some(1));
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn ops_04_a_newer_schema_is_refused_clearly() {
    let Some(options) = database("newer_schema") else { return };
    open(&options).await.close().await;
    let text = "UPDATE meta SET value = '99' WHERE name = 'schema'";
    session(&options.url).await.batch_execute(text).await.unwrap();
    let error = PostgresStore::open(options).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("install the newer program"));
}

/// Everything an operator would see of an error.
fn told(error: &OpenError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("{error} {cause} {error:?}")
}

#[tokio::test]
async fn ops_05_a_wrong_password_is_told_without_it() {
    let Some(server) = Server::start() else { return };
    server.sql("postgres", "CREATE ROLE gateway LOGIN PASSWORD 'right-one'");
    server.sql("postgres", "CREATE DATABASE gateway OWNER gateway");
    let rules = server.data().join("pg_hba.conf");
    std::fs::write(&rules, "local all gateway scram-sha-256\nlocal all all trust\n").unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()");
    let url = server.url_of("gateway").replace("user=postgres", "user=gateway");
    let with = |password: &str| PostgresOptions {
        password: Some(Secret::new(password)),
        ..PostgresOptions::new(url.clone())
    };
    // The server reads its rules a moment later.
    super::until("the rules", async || {
        let refused = PostgresStore::open(PostgresOptions::new(url.clone())).await.err()?;
        matches!(refused, OpenError::Refused { .. } | OpenError::Unreachable { .. }).then_some(())
    })
    .await;
    let error = PostgresStore::open(with("wrong-one")).await.unwrap_err();
    assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("check user, password"), "{error}");
    assert!(!told(&error).contains("wrong-one"), "{error:?}");
    assert!(!format!("{:?}", with("wrong-one")).contains("wrong-one"));
    // A role that may do no more than it needs: its own database.
    let store = PostgresStore::open(with("right-one")).await.unwrap();
    commit(&store, "1", write("a")).await;
    assert_eq!(version(&store, "a").await, Some(1));
    store.close().await;
}

#[tokio::test]
async fn ops_05_a_url_that_cannot_be_read_is_not_repeated() {
    for url in ["postgresql://user:hunter2@host:port/db", "hunter2", "postgresql://h/db?hunter2=1"]
    {
        let error = PostgresStore::open(PostgresOptions::new(url)).await.unwrap_err();
        assert!(matches!(error, OpenError::Url), "{error:?}");
        assert!(!told(&error).contains("hunter2"), "{error:?}");
    }
    let shown = format!("{:?}", PostgresOptions::new("postgresql://user:hunter2@host/db"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_by_its_name() {
    let Some(server) = databases::shared() else { return };
    let error = PostgresStore::open(options(server.url_of("nowhere"))).await.unwrap_err();
    assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("nowhere"), "{error}");
    let error =
        PostgresStore::open(options("postgresql://u@127.0.0.1:1/db?sslmode=disable".into()));
    let error = error.await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1/db"), "{error}");
}

#[tokio::test]
async fn a_standby_is_refused_until_it_is_promoted() {
    let Some(primary) = Server::start() else { return };
    let url = primary.database("gateway");
    open(&options(url)).await.close().await;
    let standby = Standby::of(&primary, "second");
    standby.wait_for_all_of(&primary);
    let url = standby.server().url_of("gateway");
    let error = PostgresStore::open(options(url.clone())).await.unwrap_err();
    assert!(matches!(error, OpenError::Standby { .. }), "{error:?}");
    assert!(error.to_string().contains("name the primary"), "{error}");
}

/// A server's front that speaks TLS, as PostgreSQL does, with a certificate for `localhost`.
struct Front {
    address: SocketAddr,
    authority: PathBuf,
}

async fn front(folder: &Folder, socket: PathBuf) -> Front {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut about = rcgen::CertificateParams::new(Vec::new()).unwrap();
    about.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = about.self_signed(&authority_key).unwrap();
    let path = folder.0.join("authority.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    let issuer = rcgen::Issuer::new(about, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let about = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = about.signed_by(&key, &issuer).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (acceptor, socket) = (acceptor.clone(), socket.clone());
            tokio::spawn(async move {
                // The client asks for TLS in eight bytes and is told yes in one.
                let mut request = [0; 8];
                client.read_exact(&mut request).await?;
                assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                let mut server = tokio::net::UnixStream::connect(socket).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    Front { address, authority: path }
}

#[tokio::test]
async fn the_way_to_the_database_is_private_and_the_server_is_verified() {
    let Some(server) = databases::shared() else { return };
    server.database("private");
    let folder = Folder::new("private-database");
    let front = front(&folder, server.socket()).await;
    let to = |host: &str, mode: &str, authority: Option<&Path>| PostgresOptions {
        authority_file: authority.map(Path::to_owned),
        ..options(format!("postgresql://postgres@{host}:{}/private{mode}", front.address.port()))
    };
    let trusted = Some(front.authority.as_path());
    for mode in ["", "?sslmode=verify-full", "?sslmode=prefer"] {
        let store = PostgresStore::open(to("localhost", mode, trusted)).await.unwrap();
        assert!(store.end_of_log().await.is_ok());
        store.close().await;
    }
    // Another name than the certificate's; an authority that nobody named; one that vouches for others.
    let error = PostgresStore::open(to("127.0.0.1", "", trusted)).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(told(&error).contains("certificate"), "{error:?}");
    let error = PostgresStore::open(to("localhost", "", None)).await.unwrap_err();
    // This machine's own authorities, where it has any, do not vouch for it.
    match error {
        OpenError::NoAuthority { .. } => {}
        error => assert!(told(&error).contains("certificate"), "{error:?}"),
    }
    let stranger = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.pem();
    let strangers = folder.0.join("stranger.pem");
    std::fs::write(&strangers, stranger).unwrap();
    let error = PostgresStore::open(to("localhost", "", Some(&strangers))).await.unwrap_err();
    assert!(told(&error).contains("certificate"), "{error:?}");
    // A server that speaks in the clear is not spoken to, unless that was written down.
    let proxy = databases::Proxy::to(server);
    let address = proxy.address();
    let url = format!("postgresql://postgres@{address}/private");
    let refused =
        PostgresOptions { authority_file: trusted.map(Path::to_owned), ..options(url.clone()) };
    let error = PostgresStore::open(refused).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    open(&options(format!("{url}?sslmode=disable"))).await.close().await;
}

#[tokio::test]
async fn an_authority_file_without_certificates_is_told() {
    let folder = Folder::new("no-authority");
    let path = folder.0.join("empty.pem");
    for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&path, text).unwrap();
        let asked = PostgresOptions {
            authority_file: Some(path.clone()),
            ..PostgresOptions::new("postgresql://u@localhost/db")
        };
        let error = PostgresStore::open(asked).await.unwrap_err();
        assert!(matches!(error, OpenError::Authorities { .. }), "{error:?}");
    }
}
