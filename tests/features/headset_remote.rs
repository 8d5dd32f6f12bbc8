//! Headsets of phones that load their file from us, and of phones behind a proxy.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::gateway::Gateway;
use crate::headset::signed_in;
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};
use crate::provisioning::tftp;

/// Only what stands in a phone's file proves that it is the phone.
fn by_the_file_alone(gateway: &Gateway) {
    gateway.settings(|settings| settings["headset"]["proof"] = json!(["token"]));
}

#[track_caller]
fn toggles(phone: &mut Phone) {
    for (state, light) in [("Ready", "off"), ("NotReady", "red")] {
        phone.headset("mute");
        phone.wait_headset(json!({"state": state, "light": light, "last_answer": 202}));
    }
}

#[test]
fn hst_11_a_phone_finds_its_service_by_the_file_that_we_serve() {
    let gateway = Gateway::start();
    by_the_file_alone(&gateway);
    let folder = gateway.endpoint("provisioning");
    let more = ["--file-url", &folder, "--no-certificate"];
    let mut phone = Phone::with_headset(&gateway, DEVICE, &more);
    phone.wait_headset(json!({"has_token": true, "inventories": 1}));
    let file = phone.worn_since(0, "file").remove(0);
    assert_eq!(file["url"], format!("{}{DEVICE}", gateway.endpoint("headset")));
    signed_in(&gateway, &mut phone);
    toggles(&mut phone);
    phone.leave();

    // The key is bound to the address that fetched it, and is no use elsewhere.
    let loaded = tftp(&gateway.endpoint("tftp"), &format!("{DEVICE}.cnf.xml"), &[]).unwrap();
    let url = loaded.split("<discoveryURL>").nth(1).unwrap().split('<').next().unwrap();
    assert!(url.contains("?key="), "{url}");
    let url = url.replace("&amp;", "&");
    let more = ["--discovery-url", &url, "--no-certificate", "--bind", "127.0.0.1"];
    let mut phone = Phone::with_headset(&gateway, DEVICE, &more);
    phone.wait_headset(json!({"has_token": true}));
    phone.leave();
    let more = ["--discovery-url", &url, "--no-certificate", "--bind", "127.0.0.9"];
    let mut thief = Phone::with_any_headset(&gateway, DEVICE, &more);
    thief.wait_headset(json!({"discovered": true, "has_token": false}));
    eventually("the refusal", || {
        thief.headset_state();
        let refused = thief.worn_since(0, "no_configuration");
        refused.iter().any(|it| it["words"] == "the status 401").then_some(())
    });
}

/// Kamailio as a proxy at the edge, 127.0.0.2, until dropped.
struct Edge {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Edge {
    /// In front of that gateway's TCP; `None` where it is not installed.
    fn start(gateway: &Gateway) -> Option<Self> {
        let program = ["/usr/sbin/kamailio", "/usr/bin/kamailio", "/usr/local/sbin/kamailio"]
            .into_iter()
            .find(|program| Path::new(program).is_file());
        let Some(program) = program else {
            println!("left out: kamailio is missing; install kamailio");
            return None;
        };
        let configuration =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/live/sip/edge.cfg");
        let folder = gateway.folder().join("kamailio");
        std::fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap().port();
        let place = gateway.endpoint("sip_tcp");
        let child = Command::new(program)
            .arg("-f")
            .arg(configuration)
            .args(["-DD", "-E", "-m", "32", "-M", "4", "-Y"])
            .arg(&folder)
            .arg("-P")
            .arg(folder.join("pid"))
            .args(["-l", &format!("udp:127.0.0.2:{port}"), "-l", &format!("tcp:127.0.0.2:{port}")])
            .args(["-A", &format!("GATEWAY=\"sip:{place};transport=tcp\"")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut edge = Self { child, folder, port };
        // It takes connections before it serves; an answer says that it does.
        let asking = UdpSocket::bind("127.0.0.3:0").unwrap();
        asking.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let own = asking.local_addr().unwrap();
        let mut number = 0_u32;
        eventually("Kamailio", || {
            number += 1;
            let options = format!(
                "OPTIONS sip:127.0.0.2:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKs{number}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:test@{own}>;tag=1\r\nTo: <sip:test@{own}>\r\n\
                 Call-ID: start\r\nCSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = asking.send_to(options.as_bytes(), ("127.0.0.2", port));
            assert!(edge.child.try_wait().unwrap().is_none(), "{}", edge.log());
            asking.recv(&mut [0; 2_000]).ok()
        });
        Some(edge)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // Its workers end with it when it is asked, not when it is killed.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("Kamailio's log:\n{}", self.log());
        }
    }
}

#[test]
fn hst_12_a_phone_behind_a_proxy_is_told_along_the_way_that_it_came() {
    let gateway = Gateway::start_with_centre();
    let Some(edge) = Edge::start(&gateway) else { return };
    gateway.settings(|settings| {
        settings["sip"]["next_hops"] = json!([{"name": "edge", "transport": "tcp",
            "servers": [{"host": "127.0.0.2", "port": edge.port}], "trusted": true}]);
    });
    let server = format!("127.0.0.2:{}", edge.port);
    let mut phone = Phone::with_headset(&gateway, DEVICE, &["--sip-server", &server]);
    phone.wait_headset(json!({"registrar": server}));
    signed_in(&gateway, &mut phone);
    toggles(&mut phone);
    phone.wait(json!({"title": "Not Ready"}));
    let before = phone.worn.len();
    gateway.settings(|settings| settings["headset"]["mode"] = json!("notification"));
    phone.wait_headset(json!({"mode": "notify", "light": "red"}));
    assert_eq!(phone.worn_since(before, "service_change").len(), 1);
    phone.leave();
}

/// A phone whose contact names an address that nobody but itself can reach.
#[test]
fn hst_12_a_phone_behind_a_relay_is_told_over_the_connection_that_it_opened() {
    let gateway = Gateway::start();
    let listener = TcpListener::bind(("127.0.0.7", 0)).unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let place = gateway.endpoint("sip_tcp");
    std::thread::spawn(move || {
        for phone in listener.incoming().map_while(Result::ok) {
            let Ok(inside) = TcpStream::connect(&place) else { continue };
            let back = (inside.try_clone().unwrap(), phone.try_clone().unwrap());
            std::thread::spawn(move || copy(phone, inside));
            std::thread::spawn(move || copy(back.0, back.1));
        }
    });
    let mut phone = Phone::with_headset(&gateway, DEVICE, &["--sip-server", &server]);
    signed_in(&gateway, &mut phone);
    toggles(&mut phone);
    // What the relay does to addresses is all that is odd.
    phone.violations.retain(|it| !it.starts_with("SIP: received is not"));
    phone.leave();
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
