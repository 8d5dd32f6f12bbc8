//! What nobody gets more of: forged requests, floods, strangers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use provisioning::TftpLimits;

use crate::bare::{Bare, acknowledgement, data, request};
use crate::server::{Server, content, limits, wait_until};

#[test]
fn whoever_answers_nothing_gets_two_small_packets() {
    let limits = TftpLimits { timeout: Duration::from_millis(20), ..limits() };
    let server = Server::with(limits, "127.0.0.1", &[("file", &content(100_000))]);
    let plain = Bare::beside(&server);
    plain.send(server.address, &request("file"));
    let with_options = Bare::beside(&server);
    let options = b"\0\x01file\0octet\0blksize\x0065464\0timeout\x0030\0tsize\x000\0";
    with_options.send(server.address, options);
    wait_until("both transfers end", || server.ended("unheard") == 2);
    assert_eq!(plain.drain(), vec![data(1, &content(100_000)[..512]); 2]);
    let told = b"\0\x06blksize\x001428\0timeout\x0030\0tsize\x00100000\0";
    assert_eq!(with_options.drain(), vec![told.to_vec(); 2]);
    server.stop();
}

/// Requests with a forged sender: what that one gets of them stays within bounds, however many they are.
#[test]
fn a_flood_of_forged_requests_is_answered_with_little() {
    let limits = TftpLimits {
        timeout: Duration::from_millis(20),
        requests_per_second_per_source: 1,
        ..limits()
    };
    let server = Server::with(limits, "127.0.0.1", &[("file", &content(100_000))]);
    let victims: Vec<_> = (0..10).map(|_| Bare::at("127.0.0.7")).collect();
    let began = Instant::now();
    for round in 1..=100 {
        for victim in &victims {
            victim.send(server.address, &request("file"));
        }
        // So that none is lost on its way here.
        wait_until("all are looked at", || {
            let dropped = server.dropped("source_rate") + server.dropped("repeated");
            server.answered("served") + dropped == 10 * round
        });
    }
    let served = server.answered("served");
    let may = 3 + began.elapsed().as_secs();
    wait_until("all transfers end", || {
        server.ended("unheard") + server.ended("displaced") == served
    });
    assert!((1..=may).contains(&served), "{served} were served, and {may} may");
    let received: usize = victims.iter().flat_map(Bare::drain).map(|packet| packet.len()).sum();
    let received = u64::try_from(received).unwrap();
    assert!(received <= served * 2 * 516, "{received} bytes were sent to whoever never asked");
    assert_eq!(received, server.sent_bytes());
    server.stop();
}

#[test]
fn a_true_client_is_served_in_a_flood_of_forged_requests() {
    let limits = TftpLimits { transfers_max: 8, ..limits() };
    let file = content(5_000);
    let server = Server::with(limits, "127.0.0.1", &[("file", &file)]);
    let forgers: Vec<_> = (2..200).map(|host| Bare::at(&format!("127.0.1.{host}"))).collect();
    let flood = |forgers: &[Bare]| {
        for forger in forgers {
            forger.send(server.address, &request("file"));
        }
    };
    flood(&forgers[..20]);
    wait_until("some gave way", || server.ended("displaced") >= 12);
    let client = Bare::beside(&server);
    let (first, transfer) = client.ask(&server, "file");
    assert_eq!(first, data(1, &file[..512]));
    client.send(transfer, &acknowledgement(1));
    assert_eq!(client.receive(), (data(2, &file[512..1_024]), transfer));
    // Whoever was heard stays, whatever comes.
    let blocks = (2..).zip(file.chunks(512).skip(1));
    for ((block, content), forgers) in blocks.zip(forgers[20..].chunks(15)) {
        flood(forgers);
        if block > 2 {
            assert_eq!(client.receive(), (data(block, content), transfer));
        }
        client.send(transfer, &acknowledgement(block));
    }
    wait_until("it is done", || server.ended("done") == 1);
    server.stop();
}

#[test]
fn one_source_has_so_many_transfers_and_others_theirs() {
    let limits = TftpLimits { transfers_per_source_max: 3, ..limits() };
    let file = content(5_000);
    let server = Server::with(limits, "127.0.0.1", &[("file", &file)]);
    let clients: Vec<_> = (0..3).map(|_| Bare::beside(&server)).collect();
    for client in &clients {
        let (_, transfer) = client.ask(&server, "file");
        client.send(transfer, &acknowledgement(1));
        assert_eq!(client.receive().0, data(2, &file[512..1024]));
    }
    let fourth = Bare::beside(&server);
    fourth.send(server.address, &request("file"));
    wait_until("it is refused", || server.dropped("source_transfers") == 1);
    assert!(fourth.drain().is_empty());
    assert_eq!(Bare::at("127.0.0.2").ask(&server, "file").0, data(1, &file[..512]));
    server.stop();
}

#[test]
fn other_networks_meet_silence() {
    let allowed_networks = vec!["127.0.0.2".parse().unwrap()];
    let limits = TftpLimits { allowed_networks, ..limits() };
    let server = Server::with(limits, "127.0.0.1", &[("file", b"content")]);
    let outside = Bare::beside(&server);
    outside.send(server.address, &request("file"));
    outside.send(server.address, b"\0\x02file\0octet\0");
    wait_until("both are dropped", || server.dropped("network") == 2);
    assert_eq!(Bare::at("127.0.0.2").ask(&server, "file").0, data(1, b"content"));
    assert!(outside.drain().is_empty());
    wait_until("all that was sent is counted", || server.sent_bytes() == 11);
    server.stop();
}

#[test]
fn a_request_that_is_repeated_before_its_answer_begins_one_transfer() {
    let server = Server::start(&[("file", b"content")]);
    let client = Bare::beside(&server);
    for _ in 0..3 {
        client.send(server.address, &request("file"));
    }
    wait_until("the repeats are seen", || server.dropped("repeated") == 2);
    let (packet, transfer) = client.receive();
    assert_eq!(packet, data(1, b"content"));
    client.send(transfer, &acknowledgement(1));
    wait_until("it is done", || server.ended("done") == 1);
    // From then on it is a new one.
    let (_, other) = client.ask(&server, "file");
    assert_ne!(other, transfer);
    server.stop();
}

#[test]
fn bytes_that_are_no_requests_meet_silence_and_bad_requests_an_error() {
    let server = Server::start(&[("file", b"content")]);
    let client = Bare::beside(&server);
    let silent: [&[u8]; 8] = [
        b"",
        b"\0",
        b"\0\x01file",
        b"\0\x01file\0octet",
        b"\0\x03\0\x01data",
        b"\0\x04\0\x01",
        b"\0\x05\0\0an error\0",
        &[b'x'; 1_000],
    ];
    for packet in silent {
        client.send(server.address, packet);
    }
    wait_until("all are seen", || server.dropped("no_request") == 8);
    assert!(client.drain().is_empty());
    let refused: [(&[u8], &[u8]); 5] = [
        (b"\0\x01../file\0octet\0", b"\0\x05\0\x02that is no name of a file\0"),
        (b"\0\x01/etc/passwd\0octet\0", b"\0\x05\0\x02that is no name of a file\0"),
        (b"\0\x01file\n\0octet\0", b"\0\x05\0\x02that is no name of a file\0"),
        // What a name hides behind a NUL is read as the mode.
        (b"\0\x01file\0.cnf.xml\0octet\0", b"\0\x05\0\x04the mode must be octet or netascii\0"),
        (
            b"\0\x01file\0octet\0tsize\x000\0tsize\x000\0",
            b"\0\x05\0\x08the options cannot be read\0",
        ),
    ];
    for (packet, answer) in refused {
        client.send(server.address, packet);
        let (answered, from) = client.receive();
        assert_eq!(answered, answer, "{}", packet.escape_ascii());
        assert_ne!(from, server.address);
    }
    server.stop();
}

#[test]
fn a_stranger_at_a_transfer_is_told_so_and_disturbs_nothing() {
    let file = content(1_000);
    let server = Server::start(&[("file", &file)]);
    let (client, stranger) = (Bare::beside(&server), Bare::beside(&server));
    let (first, transfer) = client.ask(&server, "file");
    assert_eq!(first, data(1, &file[..512]));
    let told = |stranger: &Bare| {
        stranger.send(transfer, &acknowledgement(1));
        stranger.receive()
    };
    let expected: (Vec<u8>, SocketAddr) = (b"\0\x05\0\x05unknown transfer\0".to_vec(), transfer);
    assert_eq!(told(&stranger), expected);
    assert_eq!(told(&Bare::at("127.0.0.2")), expected);
    stranger.send(transfer, b"\0\x05\0\0I end it\0");
    wait_until("strangers are seen", || server.figure("jackfield_tftp_strangers_total") == 3);
    client.send(transfer, &acknowledgement(1));
    assert_eq!(client.receive(), (data(2, &file[512..]), transfer));
    client.send(transfer, &acknowledgement(2));
    wait_until("it is done", || server.ended("done") == 1);
    assert!(stranger.drain().is_empty());
    server.stop();
}

#[test]
fn ipv4_clients_of_a_socket_for_both_are_known_by_their_addresses() {
    let limits = TftpLimits { allowed_networks: vec!["127.0.0.2".parse().unwrap()], ..limits() };
    if std::net::UdpSocket::bind("[::]:0").is_err() {
        println!("left out: this machine has no IPv6");
        return;
    }
    let mut server = Server::with(limits, "::", &[("file", &content(600))]);
    server.address.set_ip([127, 0, 0, 1].into());
    let (client, outside) = (Bare::at("127.0.0.2"), Bare::at("127.0.0.3"));
    outside.send(server.address, &request("file"));
    wait_until("it is dropped", || server.dropped("network") == 1);
    let (first, transfer) = client.ask(&server, "file");
    assert_eq!(first, data(1, &content(600)[..512]));
    client.send(transfer, &acknowledgement(1));
    assert_eq!(client.receive(), (data(2, &content(600)[512..]), transfer));
    server.stop();
}

/// Clients of several addresses that take a block and then hardly more hold all places, and one that loads comes.
#[test]
fn clients_that_hold_their_places_and_load_nothing_give_way() {
    let limits = TftpLimits { transfers_max: 4, ..limits() };
    let file = content(5_000);
    let server = Server::with(limits, "127.0.0.1", &[("file", &file)]);
    let holders: Vec<_> = (2..6).map(|host| Bare::at(&format!("127.0.1.{host}"))).collect();
    for holder in &holders {
        let (_, transfer) = holder.ask(&server, "file");
        holder.send(transfer, &acknowledgement(1));
        assert_eq!(holder.receive(), (data(2, &file[512..1_024]), transfer));
    }
    let client = Bare::beside(&server);
    let (mut packet, transfer) = client.ask(&server, "file");
    for (block, content) in (1..).zip(file.chunks(512)) {
        assert_eq!(packet, data(block, content));
        client.send(transfer, &acknowledgement(block));
        if usize::from(block) * 512 < file.len() {
            packet = client.receive().0;
        }
    }
    wait_until("it is done", || server.ended("done") == 1);
    assert_eq!((server.ended("displaced"), server.dropped("transfers")), (1, 0));
    let told = b"\0\x05\0\0others wait for this place\0".to_vec();
    let gave_way = holders.iter().filter(|holder| holder.drain().contains(&told));
    assert_eq!(gave_way.count(), 1);
    server.stop();
}
