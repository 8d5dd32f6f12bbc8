//! Clients that are slow or go away, files that go away, and a server that stops.

use std::time::Duration;

use provisioning::TftpLimits;

use crate::bare::{Bare, acknowledgement, data, request};
use crate::server::{Server, content, limits, open_file, wait_until};

fn impatient() -> TftpLimits {
    TftpLimits { timeout: Duration::from_millis(20), ..limits() }
}

#[test]
fn a_slow_client_gets_each_block_again_until_it_answers() {
    let file = content(1_500);
    let limits = TftpLimits { tries_max: 100, ..impatient() };
    let server = Server::with(limits, "127.0.0.1", &[("file", &file)]);
    let client = Bare::beside(&server);
    let (first, transfer) = client.ask(&server, "file");
    let mut last = first;
    for (block, content) in (1..).zip(file.chunks(512)) {
        assert_eq!(last, data(block, content));
        assert_eq!(client.receive(), (last, transfer), "again");
        client.send(transfer, &acknowledgement(block));
        // Copies that were on their way may come first.
        last = loop {
            if block == 3 {
                break Vec::new();
            }
            let (packet, _) = client.receive();
            if packet != data(block, content) {
                break packet;
            }
        };
    }
    wait_until("it is done", || server.ended("done") == 1);
    assert!(server.figure("jackfield_tftp_repeats_total") >= 3);
    server.stop();
}

#[test]
fn a_client_that_goes_away_is_given_up() {
    let server = Server::with(impatient(), "127.0.0.1", &[("file", &content(1_500))]);
    let client = Bare::beside(&server);
    let (_, transfer) = client.ask(&server, "file");
    client.send(transfer, &acknowledgement(1));
    wait_until("it is given up", || server.ended("silent") == 1);
    wait_until("its place is free", || server.figure("jackfield_tftp_transfers") == 0);
    // The second block six times.
    let second = client.drain().into_iter().filter(|packet| packet.starts_with(b"\0\x03\0\x02"));
    assert_eq!(second.count(), 6);
    server.stop();
}

#[test]
fn a_client_that_ends_a_transfer_is_left_alone() {
    let server = Server::start(&[("file", &content(1_500))]);
    let client = Bare::beside(&server);
    let (_, transfer) = client.ask(&server, "file");
    client.send(transfer, b"\0\x05\0\x03disk full\0");
    wait_until("it has ended", || server.ended("refused") == 1);
    wait_until("its place is free", || server.figure("jackfield_tftp_transfers") == 0);
    assert!(client.drain().is_empty());
    server.stop();
}

#[test]
fn a_file_that_becomes_shorter_ends_its_transfer_and_the_client_is_told() {
    let content = content(200_000);
    let file = open_file(&content);
    let kept = file.try_clone().unwrap();
    let server = Server::with_open(limits(), "file", file);
    let client = Bare::beside(&server);
    let (mut packet, transfer) = client.ask(&server, "file");
    kept.set_len(100_000).unwrap();
    let mut blocks = 0;
    while packet.starts_with(b"\0\x03") {
        blocks += 1;
        client.send(transfer, &acknowledgement(blocks));
        packet = client.receive().0;
    }
    assert_eq!(packet, b"\0\x05\0\0the file cannot be read\0");
    assert!((1..=196).contains(&blocks), "{blocks} blocks came before");
    wait_until("it has ended", || server.ended("unreadable") == 1);
    server.stop();
}

#[test]
fn a_server_that_stops_tells_its_clients() {
    let server = Server::start(&[("file", &content(1_500))]);
    let (client, unheard) = (Bare::beside(&server), Bare::beside(&server));
    let (_, transfer) = client.ask(&server, "file");
    client.send(transfer, &acknowledgement(1));
    assert_eq!(client.receive().0, data(2, &content(1_500)[512..1_024]));
    assert_eq!(unheard.ask(&server, "file").0, data(1, &content(1_500)[..512]));
    server.begin_to_stop();
    assert_eq!(client.receive(), (b"\0\x05\0\0this server stops\0".to_vec(), transfer));
    wait_until("both have ended", || server.ended("stopped") == 2);
    assert!(unheard.drain().is_empty());
    server.stop();
}

#[test]
fn a_bug_ends_its_own_transfer_and_no_other() {
    let server = Server::start(&[("file", b"content")]);
    Bare::beside(&server).send(server.address, &request("panics"));
    wait_until("it is counted", || server.ended("panicked") == 1);
    assert_eq!(server.figure("jackfield_tftp_transfers"), 0);
    assert_eq!(Bare::beside(&server).ask(&server, "file").0, data(1, b"content"));
    server.stop();
}

#[test]
fn where_too_much_is_read_already_a_client_meets_silence_and_asks_again() {
    let server = Server::start(&[("file", b"content")]);
    let client = Bare::beside(&server);
    for count in 1..3 {
        client.send(server.address, &request("busy"));
        wait_until("it is counted", || server.dropped("busy") == count);
        wait_until("its place is free", || server.figure("jackfield_tftp_transfers") == 0);
    }
    assert!(client.drain().is_empty());
    assert_eq!(client.ask(&server, "file").0, data(1, b"content"));
    server.stop();
}

#[test]
fn a_file_that_hangs_holds_up_neither_others_nor_the_end() {
    let limits = TftpLimits { transfers_max: 1, ..limits() };
    let server = Server::with(limits, "127.0.0.1", &[("file", b"content")]);
    Bare::beside(&server).send(server.address, &request("hangs"));
    wait_until("it hangs", || server.figure("jackfield_tftp_transfers") == 1);
    assert_eq!(Bare::beside(&server).ask(&server, "file").0, data(1, b"content"));
    wait_until("it gave way", || server.ended("displaced") == 1);
    Bare::beside(&server).send(server.address, &request("hangs"));
    wait_until("the other gave way", || server.ended("displaced") == 2);
    server.stop();
}
