//! What a stop leaves to the next process.

use std::net::TcpListener;
use std::os::fd::AsFd;

use super::*;
use crate::inherited::Transport;

/// Every listener that takes connections, the one of an authority's questions apart.
fn config(folder: &Path) -> Config {
    let listen = || json!({"addresses": ["127.0.0.1"], "port": free_port()});
    let mut phone = listen();
    phone["refusal_port"] = free_port().into();
    let phone_files = folder.join("files");
    std::fs::create_dir(&phone_files).unwrap();
    let value = json!({
        "name": "gw-a.example",
        "state_directory": "state",
        "listeners": {
            "phone": phone, "console": listen(), "headset": listen(), "identity": listen(),
            "operations": listen(),
            "sip": {
                "addresses": ["127.0.0.1"], "tcp_port": free_port(), "tls_port": free_port(),
            },
            "provisioning": {
                "addresses": ["127.0.0.1"], "folder": phone_files,
                "http_port": free_port(), "https_port": free_port(),
            },
        },
        "limits": {"drain_seconds": 1},
    });
    Config::read(value, folder).unwrap()
}

/// The same sockets, once as the node gets them and once as a supervisor keeps them.
#[tokio::test(flavor = "multi_thread")]
async fn ops_01_a_stop_leaves_open_what_is_kept_for_the_next_process() {
    let mut kept = Vec::new();
    let it = start_with(|folder, options| {
        options.config = config(folder);
        for wanted in listeners::wanted(&options.config) {
            assert_eq!(wanted.transport, Transport::Tcp);
            kept.push((wanted.listener, TcpListener::bind(wanted.address).unwrap()));
        }
        let sockets = kept.iter().map(|(name, socket)| (*name, socket.as_fd()));
        options.inherited = Inherited::of_tests(sockets).unwrap();
    });
    let it = it.await.unwrap();
    let sip = Arc::clone(it.node().shared.sip.as_ref().unwrap());
    let serves = async {
        while sip.status().listeners.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), serves).await.expect("SIP is served");
    it.stop().await;
    assert_eq!(kept.len(), 10);
    for (name, socket) in &kept {
        let address = socket.local_addr().unwrap();
        let came = TcpStream::connect(address).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (_, from) = socket.accept().unwrap();
        assert_eq!(from, came.local_addr().unwrap(), "{name}");
    }
    // The node's own ends are closed.
    let addresses: Vec<_> = kept.iter().map(|(_, socket)| socket.local_addr().unwrap()).collect();
    drop(kept);
    for address in addresses {
        assert!(TcpStream::connect(address).is_err(), "{address}");
    }
}
