//! What administrators see of a phone's headset, asked of a whole node: from the address in its file on.

use std::net::SocketAddr;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use super::*;

const DEVICE: &str = "SEP001122334455";

impl Fixture {
    /// What the listener for headsets answers.
    async fn headset(&self, target: &str) -> String {
        let pem = std::fs::read(self.state("certificates/server.pem")).unwrap();
        let address = self.node().shared.config.headset.addresses[0];
        let asked =
            format!("GET {target} HTTP/1.1\r\nHost: gw-a.example\r\nConnection: close\r\n\r\n");
        let asking = tokio::task::spawn_blocking(move || {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
            let config = ClientConfig::builder_with_provider(tls::provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let name = ServerName::try_from("gw-a.example").unwrap();
            let connection = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
            stream.write_all(asked.as_bytes()).unwrap();
            let mut answer = String::new();
            // Not every end is told before it comes.
            let _ = stream.read_to_string(&mut answer);
            answer
        });
        asking.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hst_11_a_phone_that_came_by_its_file_is_seen_and_its_handle_nowhere() {
    let port = free_port();
    let it = start_with(|_, options| {
        options.config.headset.addresses = vec![SocketAddr::from(([127, 0, 0, 1], port))];
        options.config.headset.public_port = port;
    });
    let it = it.await.unwrap();
    let phones = || json!({"do": "headset_phones"});
    it.check(phones(), "/ok", json!({"phones": [], "next": null})).await;
    it.check(json!({"do": "status"}), "/ok/headsets/mode", json!("disabled")).await;
    it.check(json!({"do": "headset_unknown_requests"}), "/ok/requests", json!([])).await;
    let settings = json!({
        "devices": [{"name": DEVICE}, {"name": "SEP001122334456"}],
        "headset": {"mode": "notification", "handle_days": 30},
    });
    let settings = json!({"do": "settings_apply", "text": settings.to_string()});
    it.check(settings, "/ok/number", json!(1)).await;

    let file = it.ask(json!({"do": "phone_config", "device": DEVICE})).await;
    let note = file["ok"]["note"].as_str().unwrap();
    assert!(note.contains("30 days") && note.contains("secret"), "{note}");
    let text = file["ok"]["text"].as_str().unwrap();
    let url = text.split_once("<discoveryURL>").unwrap().1.split_once("</discoveryURL>").unwrap().0;
    let target = url.strip_prefix(&format!("https://gw-a.example:{port}")).unwrap();
    let handle = target.rsplit_once('=').unwrap().1;
    assert!(handle.len() > 20 && !note.contains(handle), "{target}");

    let answer = it.headset(target).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(it.headset(&format!("/headset/{DEVICE}x{target}")).await.starts_with("HTTP/1.1 404"));
    for _ in 0..2 {
        let odd = it.headset(&format!("/headset/{DEVICE}/odd?key={handle}")).await;
        assert!(odd.starts_with("HTTP/1.1 404"), "{odd}");
    }
    it.check(phones(), "/ok/phones/0/device", json!(DEVICE)).await;
    it.check(phones(), "/ok/phones/0/proof", json!("token")).await;
    it.check(phones(), "/ok/phones/0/light", json!("off")).await;
    let seen = it.ask(phones()).await;
    assert_eq!(seen["ok"]["phones"].as_array().unwrap().len(), 1, "{seen}");
    assert!(seen["ok"]["phones"][0]["discovered_at"].is_i64(), "{seen}");
    let problem = seen["ok"]["phones"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("not registered with this node over SIP"), "{problem}");
    for (wanted, count) in [("5544", 0), ("sep0011", 1)] {
        let found = it.ask(json!({"do": "headset_phones", "device": wanted})).await;
        assert_eq!(found["ok"]["phones"].as_array().unwrap().len(), count, "{found}");
    }
    it.check(
        json!({"do": "headset_phones", "after": DEVICE}),
        "/ok",
        json!({"phones": [], "next": null}),
    )
    .await;
    let counts = json!({
        "mode": "notification", "told": 0, "dead": 0, "ambiguous": 0, "without_discovery": 0,
    });
    it.check(json!({"do": "status"}), "/ok/headsets", counts).await;

    let unknown = it.ask(json!({"do": "headset_unknown_requests"})).await;
    let newest = &unknown["ok"]["requests"][0];
    assert_eq!((&newest["method"], &newest["count"]), (&json!("GET"), &json!(2)), "{unknown}");
    assert_eq!(unknown["ok"]["requests"].as_array().unwrap().len(), 2, "{unknown}");
    for told in [unknown, seen, it.ask(json!({"do": "status"})).await] {
        assert!(!told.to_string().contains(handle), "{told}");
    }

    let listed = it.ask(json!({"do": "probe_list"})).await;
    let peers = listed["ok"]["peers"].as_array().unwrap();
    assert!(peers.contains(&json!({"kind": "headset", "name": DEVICE})), "{listed}");
    let probe = it.ask(json!({"do": "probe", "kind": "headset", "name": DEVICE})).await;
    let steps = probe["ok"]["steps"].as_array().unwrap();
    let outcomes: Vec<_> = steps.iter().map(|step| (&step["what"], &step["outcome"])).collect();
    // It discovered its services, and nobody can tell it anything without SIP.
    assert_eq!(outcomes[1], (&json!("discovery"), &json!("ok")), "{probe}");
    assert_eq!(outcomes[2], (&json!("state"), &json!("failed")), "{probe}");
    let stranger = json!({"do": "probe", "kind": "headset", "name": "SEP0000000000FF"});
    it.check(stranger, "/ok/steps/1/outcome", json!("failed")).await;
    it.stop().await;
}
