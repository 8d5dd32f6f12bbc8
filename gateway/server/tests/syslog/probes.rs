//! What an administrator is told of a receiver that is tried.

use std::net::{TcpListener, UdpSocket};

use engine::SystemClock;
use server::log::{Syslog, SyslogReceiver, Transport};

use crate::peer::{Folder, Peer, free_port};

async fn probe(receiver: &SyslogReceiver) -> Result<String, String> {
    Syslog::new(None).probe(receiver, &SystemClock).await
}

#[track_caller]
fn check(told: &Result<String, String>, expected: &str) {
    let text = told.as_ref().unwrap_err();
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn ops_15_a_syslog_receiver_is_tried_with_a_test_message() {
    let folder = Folder::new();
    let authority = folder.0.join("authority.pem");
    let arguments = [
        ["--udp", "127.0.0.1:0"],
        ["--tcp", "127.0.0.1:0"],
        ["--tls", "127.0.0.1:0"],
        ["--authority", authority.to_str().unwrap()],
    ];
    let Some(mut peer) = Peer::start(&arguments.concat()) else { return };
    for (receiver, expected) in [
        (peer.receiver("one", Transport::Udp), "over UDP"),
        (peer.receiver("one", Transport::Tcp), "over TCP"),
        (peer.private("one", &authority), "over TLS 1.3, whose certificate is right"),
    ] {
        let told = probe(&receiver).await.unwrap();
        assert!(told.contains(expected) && told.contains("look for \"test message"), "{told}");
        let message = peer.message().await;
        assert_eq!(message["message"]["msgid"], "test");
    }
}

#[tokio::test]
async fn ops_15_a_syslog_receiver_in_use_is_tried_by_its_name() {
    let Some(mut peer) = Peer::start(&["--tcp", "127.0.0.1:0"]) else { return };
    let (syslog, _, _guard) = crate::log();
    syslog.set_receivers(vec![peer.receiver("one", Transport::Tcp)]);
    assert_eq!(syslog.probe_named("other", &SystemClock).await, None);
    let told = syslog.probe_named("one", &SystemClock).await.unwrap().unwrap();
    assert!(told.contains("over TCP"), "{told}");
    assert_eq!(peer.message().await["message"]["msgid"], "test");
}

#[tokio::test]
async fn ops_15_a_syslog_receiver_that_does_not_answer_is_told_with_the_reason() {
    let nobody = SyslogReceiver::new("one", "127.0.0.1", free_port(), Transport::Tcp);
    check(&probe(&nobody).await, "cannot be reached: Connection refused");
    // Held and closed, so that nobody else gets it meanwhile.
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = SyslogReceiver::new("one", "127.0.0.1", port, Transport::Udp);
    check(&probe(&nobody).await, "nobody listens on UDP at 127.0.0.1");
    let nowhere = SyslogReceiver::new("one", "nowhere.invalid", 514, Transport::Tcp);
    check(&probe(&nowhere).await, "the name nowhere.invalid was not found");
    let Some(peer) = Peer::start(&["--tcp", "127.0.0.1:0", "--close-at-once"]) else { return };
    let told = probe(&peer.receiver("one", Transport::Tcp)).await.unwrap_err();
    assert!(told.contains("closed the connection") || told.contains("broke"), "{told}");
}

#[tokio::test]
async fn ops_15_a_syslog_receiver_that_is_not_who_it_should_be_is_refused_with_the_reason() {
    let (folder, other) = (Folder::new(), Folder::new());
    let start = |folder: &Folder, name: &str| {
        let authority = folder.0.join("authority.pem");
        let file = authority.to_str().unwrap();
        let peer = Peer::start(&["--tls", "127.0.0.1:0", "--authority", file, "--name", name])?;
        Some((peer, authority))
    };
    let Some((peer, authority)) = start(&folder, "localhost") else { return };
    let (_strange, strange) = start(&other, "localhost").unwrap();
    check(
        &probe(&peer.private("one", &strange)).await,
        "TLS with localhost failed: none of the given authorities vouches for its certificate",
    );
    let by_address =
        SyslogReceiver { host: "127.0.0.1".to_owned(), ..peer.private("one", &authority) };
    check(&probe(&by_address).await, "its certificate is not for 127.0.0.1");
    check(&probe(&peer.receiver("one", Transport::Tls)).await, "and none is given");
    let nonsense = SyslogReceiver {
        authorities_pem: Some(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ),
        ..peer.receiver("one", Transport::Tls)
    };
    check(&probe(&nonsense).await, "they are no certificates");
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_taken_where_it_is_given_itself() {
    let folder = Folder::new();
    let authority = folder.0.join("authority.pem");
    let file = authority.to_str().unwrap();
    let arguments = ["--tls", "127.0.0.1:0", "--authority", file, "--self-signed"];
    let Some(mut peer) = Peer::start(&arguments) else { return };
    let told = probe(&peer.private("one", &authority)).await.unwrap();
    assert!(told.contains("whose certificate is right"), "{told}");
    assert_eq!(peer.message().await["message"]["msgid"], "test");
    let by_address =
        SyslogReceiver { host: "127.0.0.1".to_owned(), ..peer.private("one", &authority) };
    check(&probe(&by_address).await, "its certificate is not for 127.0.0.1");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_as_that() {
    let folder = Folder::new();
    let authority = folder.0.join("authority.pem");
    let file = authority.to_str().unwrap();
    let Some(peer) = Peer::start(&["--tls", "127.0.0.1:0", "--authority", file]) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
    });
    let wrong = SyslogReceiver { port, ..peer.private("one", &authority) };
    check(&probe(&wrong).await, "what answers there does not speak TLS");
}
