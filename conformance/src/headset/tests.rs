//! The headset over sockets: the phone's program, and nodes of a gateway in this process.

mod node;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use serde_json::{Value, json};

use self::node::{Centre, Ill, Node, Shared};
use super::base::AgentState;
use super::{HeadsetLoadArguments, run_load};
use crate::phone::tests::{Scratch, Script, authority};

const PATIENCE: Duration = Duration::from_secs(30);

/// A contact centre with two nodes, and the files of a phone.
struct Site {
    centre: Shared,
    nodes: [Node; 2],
    endpoints: String,
    scratch: Scratch,
}

impl Site {
    async fn start(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let (certificate, key) = authority(&scratch, "gateway");
        let tls = asking((&certificate, &key));
        let centre = Centre::new();
        let nodes =
            [node::start(&centre, 0, Arc::clone(&tls)).await, node::start(&centre, 1, tls).await];
        let file = json!({
            "phone": "http://127.0.0.1:9/fippa/",
            "phone_ca": {"certificate": certificate, "key": key},
            "sip_devices": [{"name": "SEP001122334455", "user": "1001", "password": "secret",
                "headset_key": "s3cret"}],
            "nodes": nodes.each_ref().map(|node| json!({
                "name": format!("node-{}", node.sip.port()), "phone": "http://127.0.0.1:9/fippa/",
                "headset": format!("https://{}/headset/", node.service),
                "sip_tcp": node.sip.to_string(),
            })),
        });
        let endpoints = scratch.write("endpoints.json", &file.to_string());
        let endpoints = endpoints.to_str().unwrap().to_owned();
        Self { centre, nodes, endpoints, scratch }
    }

    /// A phone whose headset knows the service.
    fn phone(&self, flags: &[&str]) -> Script {
        let base = ["--model", "8845", "--no-web-access", "--headset"];
        let endpoints = ["--endpoints", self.endpoints.as_str()];
        let mut script = Script::start(&[&base[..], &endpoints, flags].concat());
        script.until("ready");
        script
    }

    fn known(&self, flags: &[&str]) -> Script {
        let mut script = self.phone(flags);
        wait(&mut script, r#"{"configurations":1,"refers":1,"inventories":1,"light":"red"}"#);
        script
    }

    /// Waits until phones have answered so many requests of their registrar, and no more.
    async fn answered(&self, wanted: usize) {
        let reached = async {
            loop {
                let count = self.centre.lock().unwrap().answers.len();
                assert!(count <= wanted, "{count} answers");
                if count == wanted {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap();
    }

    fn puts(&self) -> Vec<(usize, Value)> {
        let seen = self.centre.lock().unwrap().requests("PUT");
        seen.into_iter().map(|it| (it.node, it.body)).collect()
    }
}

/// A server of that authority that asks for certificates, and lets in who has none.
fn asking((certificate, key): (&Path, &Path)) -> Arc<rustls::ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let issuer =
        Issuer::from_ca_cert_pem(&read(certificate), KeyPair::from_pem(&read(key)).unwrap());
    let own = KeyPair::generate().unwrap();
    let issued = CertificateParams::default().signed_by(&own, &issuer.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        .with_single_cert(vec![issued.der().clone()], own.serialize_der().try_into().unwrap());
    Arc::new(config.unwrap())
}

#[track_caller]
fn wait(script: &mut Script, conditions: &str) {
    let line = format!("{{\"wait_headset\":{conditions},\"within\":30}}");
    let seen = script.does(&line);
    assert_eq!(seen["done"]["ok"], true, "{conditions}: {seen:#?}");
}

#[track_caller]
fn press(script: &mut Script, what: &str) {
    let seen = script.does(&format!("{{\"headset\":\"{what}\"}}"));
    assert_eq!(seen["done"]["ok"], true, "{what}: {seen:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hst_09_mute_turns_the_agent_and_the_agent_turns_the_light() {
    let site = Site::start("headset-mute").await;
    let mut script = site.known(&[]);
    press(&mut script, "mute");
    wait(&mut script, r#"{"light":"off","state":"Ready","service":"primary","last_answer":202}"#);
    press(&mut script, "call");
    wait(&mut script, r#"{"light":"green"}"#);
    let drawn = script.does("{\"headset\":\"draw\"}");
    assert!(drawn["headset"]["lines"].to_string().contains("GREEN"), "{drawn:#?}");
    press(&mut script, "mute");
    wait(&mut script, r#"{"light":"red","muted":true,"state":"Ready"}"#);
    press(&mut script, "hangup");
    wait(&mut script, r#"{"light":"off","muted":false}"#);
    press(&mut script, "mute");
    wait(&mut script, r#"{"light":"red","state":"NotReady"}"#);
    site.centre.lock().unwrap().tell(AgentState::Logout);
    wait(&mut script, r#"{"light":"off","signed_in":false}"#);
    press(&mut script, "mute");
    wait(&mut script, r#"{"light":"red","muted":true}"#);
    let puts = site.puts();
    assert_eq!(puts.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(puts[1].1["reasonCode"], 7);
    let posts = site.centre.lock().unwrap().requests("POST");
    assert_eq!(posts[0].body["event"], "connected");
    assert_eq!(posts[0].body["headsets"][0]["status"], "connected");
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hst_06_a_silent_primary_gives_way_to_the_secondary() {
    let site = Site::start("headset-silent").await;
    let mut script = site.known(&["--update-seconds", "0.2"]);
    site.centre.lock().unwrap().ills[0] = Ill::Silent;
    press(&mut script, "mute");
    wait(&mut script, r#"{"light":"off","service":"secondary"}"#);
    let puts = site.puts();
    assert_eq!(puts.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(puts[0].1, puts[1].1);
    press(&mut script, "repeat");
    wait(&mut script, r#"{"last_answer":200}"#);
    assert_eq!(site.puts()[2].1, puts[1].1);
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hst_10_a_phone_whose_node_is_gone_finds_the_service_at_the_other() {
    let site = Site::start("headset-node").await;
    let mut script = site.known(&[]);
    site.nodes[0].kill();
    // The secondary is known already, wherever the phone is registered.
    press(&mut script, "mute");
    // Once the phone is registered there it is the primary, which may be so before anybody looks.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while site.puts().is_empty() {
        assert!(std::time::Instant::now() < deadline, "nobody was asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What came of it the phone hears once it is registered again.
    wait(&mut script, r#"{"discoveries":2,"configurations":2,"registered":true,"light":"off"}"#);
    let state = script.does("{\"headset\":\"state\"}");
    let registrar = site.nodes[1].sip.to_string();
    assert_eq!(state["headset"]["registrar"], registrar.as_str(), "{state:#?}");
    press(&mut script, "mute");
    wait(&mut script, r#"{"service":"primary","light":"red"}"#);
    assert!(site.puts().iter().all(|(node, _)| *node == 1));
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hst_05_phones_follow_changes_and_hst_10_a_late_start() {
    let site = Site::start("headset-change").await;
    site.centre.lock().unwrap().ills[0] = Ill::Starting;
    let mut script = site.phone(&[]);
    wait(&mut script, r#"{"registered":true,"refers":1,"failed_discoveries":1}"#);
    site.centre.lock().unwrap().ills[0] = Ill::Nothing;
    site.centre.lock().unwrap().change("SERVICE_CONFIG_CHANGE");
    wait(&mut script, r#"{"mode":"control","light":"red","discoveries":1,"configurations":1}"#);
    site.centre.lock().unwrap().mode = "notify";
    site.centre.lock().unwrap().change("HS_CONFIG_CHANGE");
    wait(&mut script, r#"{"mode":"notify","configurations":2,"discoveries":1}"#);
    press(&mut script, "mute");
    wait(&mut script, r#"{"muted":true,"state":"NotReady"}"#);
    assert_eq!(site.puts().len(), 0, "a state was asked for without control");
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_phone_answers_nothing_and_a_restarted_one_begins_anew() {
    let site = Site::start("headset-dead").await;
    let mut script = site.known(&[]);
    site.answered(1).await;
    script.does(r#"{"headset_fault":"dead"}"#);
    site.centre.lock().unwrap().tell(AgentState::Ready);
    press(&mut script, "unplug");
    wait(&mut script, r#"{"inventories":2,"plugged":false}"#);
    press(&mut script, "plug");
    wait(&mut script, r#"{"inventories":3,"light":"red"}"#);
    script.does(r#"{"headset_fault":null}"#);
    press(&mut script, "restart");
    wait(&mut script, r#"{"discoveries":2,"configurations":2,"refers":2,"light":"off"}"#);
    // What a dead phone was asked was never answered.
    site.answered(2).await;
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_service_does_wrong_is_the_exit_code() {
    let site = Site::start("headset-wrong").await;
    site.centre.lock().unwrap().ills[0] = Ill::NoTag;
    let mut script = site.phone(&[]);
    let seen = script.until("violation");
    assert!(seen["violation"].as_str().unwrap().contains("without ETag"), "{seen:?}");
    assert_eq!(script.end().await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_phone_without_its_key_has_no_token_and_one_without_registrar_fetches() {
    let site = Site::start("headset-key").await;
    let mut script = site.phone(&["--headset-key", "wr0ng", "--no-sip"]);
    wait(&mut script, r#"{"discoveries":1,"has_token":false,"registered":false}"#);
    assert_eq!(script.end().await, 0);
    let mut script = site.phone(&["--no-sip", "--no-certificate"]);
    wait(&mut script, r#"{"configurations":1,"light":"red","refers":0,"has_token":true}"#);
    let seen = site.centre.lock().unwrap().requests("GET");
    let discovery = |key: &str| seen.iter().find(|it| it.query == format!("key={key}")).unwrap();
    assert!(discovery("wr0ng").certified, "the phone showed no certificate");
    assert!(!discovery("s3cret").certified, "the phone showed a certificate");
    assert_eq!(script.end().await, 0);
}

#[derive(Parser)]
struct LoadLine {
    #[command(flatten)]
    arguments: HeadsetLoadArguments,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_phones_discover_again_press_and_are_measured() {
    let site = Site::start("headset-load").await;
    let names: Vec<_> = (1..=5).map(|number| format!("SEP00000000000{number}")).collect();
    let devices: Vec<_> = names
        .iter()
        .map(|name| json!({"name": name, "user": "1", "password": "", "headset_key": "s3cret"}))
        .collect();
    let devices = site.scratch.write("devices.json", &json!(devices).to_string());
    let record = site.scratch.write("record", "");
    let registrar = site.nodes[0].sip.to_string();
    let service = format!("https://{}/headset/", site.nodes[0].service);
    let words = [
        "headset-load",
        "--server",
        &registrar,
        "--discovery-url",
        &service,
        "--devices",
        devices.to_str().unwrap(),
        "--record",
        record.to_str().unwrap(),
        "--rate",
        "1000",
        "--mute-every",
        "5",
        "--rounds",
        "1",
        "--presses",
        "3",
        "--patience",
        "30",
    ];
    let line = LoadLine::try_parse_from(words).unwrap();
    let running = tokio::spawn(async move {
        let mut output = Vec::new();
        (run_load(line.arguments, &mut output).await, output)
    });
    let configured = async {
        let is_cc = |seen: &node::Seen| seen.path.ends_with("/cc");
        while site.centre.lock().unwrap().requests("GET").iter().filter(|it| is_cc(it)).count() < 5
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, configured).await.unwrap();
    site.centre.lock().unwrap().change("SERVICE_CONFIG_CHANGE");
    let (code, output) = running.await.unwrap();
    let output = String::from_utf8(output).unwrap();
    assert_eq!(code, Ok(0), "{output}");
    let lines: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    for event in ["all_registered", "all_discovered", "all_rediscovered", "total"] {
        assert!(events.contains(&event), "{event} not in {events:?}");
    }
    let total = lines.last().unwrap();
    assert_eq!((&total["registered_now"], &total["discovered_now"]), (&json!(5), &json!(5)));
    assert!(total["mute"]["told"].as_u64() >= Some(3), "{total}");
    assert!(total["mute"]["press_to_refer_milliseconds"]["p99"].is_f64(), "{total}");
    let recorded = std::fs::read_to_string(&record).unwrap();
    for name in names {
        assert!(recorded.contains(&name), "{name} was told nothing: {recorded}");
    }
    let first: Value = serde_json::from_str(recorded.lines().next().unwrap()).unwrap();
    assert!(first["at_microseconds"].as_u64() > Some(1_700_000_000_000_000), "{first}");
    assert_eq!((&first["status"], &first["reason"]), (&json!(2), &json!(0)));
}
