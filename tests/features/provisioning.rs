//! What phones load before they register, and what of ours is in it.

use std::io::{Read as _, Write as _};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::gateway::{Gateway, PATIENCE};
use crate::node::{Node, free_port};
use crate::wire;

const PHONE: &str = "SEP001122334455";
const SETTINGS: &str = "devices: [{name: SEP001122334455}, {name: SEP0011223344AA}]\n";

/// A folder of files for phones, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-phones-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        for (name, content) in files {
            std::fs::write(path.join(name), content).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A node that serves a folder, and its ports: TFTP, HTTP, HTTPS.
struct Served {
    node: Node,
    ports: [u16; 3],
}

impl Served {
    fn start(folder: &Path, more: &str) -> Self {
        let ports = [free_port(), free_port(), free_port()];
        let [tftp, http, https] = ports;
        let lines = format!(
            "[listeners.provisioning]\naddresses = [\"127.0.0.1\"]\nfolder = {:?}\n\
             tftp_port = {tftp}\nhttp_port = {http}\nhttps_port = {https}\n{more}\n",
            folder.display().to_string()
        );
        let node = Node::start(&lines, &[]);
        std::fs::write(node.folder.join("phones.yaml"), SETTINGS).unwrap();
        let applied = node.command(&["apply", "phones.yaml"]);
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        Self { node, ports }
    }

    fn http(&self, name: &str) -> wire::Answer {
        wire::get_plain(&format!("http://127.0.0.1:{}/{name}", self.ports[1]))
    }

    fn https(&self, name: &str) -> wire::Answer {
        let trusted = wire::roots([self.node.certificate()]);
        let request = format!("GET /{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        wire::send_to(self.ports[2], &trusted, request.as_bytes()).unwrap()
    }

    fn tftp(&self, name: &str, options: &[(&str, &str)]) -> Result<String, u16> {
        tftp(&format!("127.0.0.1:{}", self.ports[0]), name, options)
    }
}

/// Loads a file over TFTP; the code of the error where there is one.
pub(crate) fn tftp(server: &str, name: &str, options: &[(&str, &str)]) -> Result<String, u16> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = vec![0, 1];
    let words = options.iter().flat_map(|(name, value)| [*name, *value]);
    for word in [name, "octet"].into_iter().chain(words) {
        request.extend_from_slice(word.as_bytes());
        request.push(0);
    }
    socket.send_to(&request, server).unwrap();
    let (mut content, mut block_bytes) = (Vec::new(), 512);
    let mut packet = vec![0; 70_000];
    let mut expected = 1u16;
    loop {
        let (length, from) = socket.recv_from(&mut packet).unwrap();
        assert_ne!(from.to_string(), server, "each transfer has a port of its own");
        let number = u16::from_be_bytes([packet[2], packet[3]]);
        let acknowledge = |number: u16| {
            let [high, low] = number.to_be_bytes();
            socket.send_to(&[0, 4, high, low], from).unwrap();
        };
        match packet[1] {
            6 => {
                let told = String::from_utf8_lossy(&packet[2..length]).into_owned();
                let mut words = told.split('\0');
                let size = words.find(|word| *word == "blksize").and_then(|_| words.next());
                block_bytes = size.map_or(block_bytes, |size| size.parse().unwrap());
                acknowledge(0);
            }
            // What comes twice is told twice, and written once.
            3 if number == expected => {
                content.extend_from_slice(&packet[4..length]);
                acknowledge(number);
                expected = expected.wrapping_add(1);
                if length < block_bytes + 4 {
                    return Ok(String::from_utf8(content).unwrap());
                }
            }
            3 => acknowledge(number),
            5 => return Err(number),
            other => panic!("a packet of sort {other}"),
        }
    }
}

#[test]
fn hst_11_a_device_file_comes_with_our_elements_by_every_way() {
    let lines: String = (0..200).map(|number| format!("  <line{number}/>\r\n")).collect();
    let before = format!("<?xml version=\"1.0\"?>\r\n<device>\r\n{lines}");
    let own = format!(
        "{before}  <secureServicesURL>http://old.example/</secureServicesURL>\r\n</device>\r\n"
    );
    let folder = Folder::new(&[
        (&format!("{PHONE}.cnf.xml"), &own),
        ("default-device.cnf.xml", "<device><name>#DEVICENAME#</name></device>"),
        ("SEP999999999999.cnf.xml", "<device/>"),
        ("dialplan.xml", "<DIALTEMPLATE/>"),
    ]);
    let served = Served::start(&folder.0, "");
    let printed = served.node.command(&["phone-config", PHONE]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed = String::from_utf8(printed.stdout).unwrap();
    let base = format!("https://localhost:{}", served.node.phone_port);
    let services = format!("<secureServicesURL>{base}/fippa/{PHONE}</secureServicesURL>\n");
    assert!(printed.contains(&services), "{printed}");
    let elements: Vec<_> = printed.lines().collect();
    let others = elements.iter().filter(|line| **line != services.trim());
    let others: String = others.map(|line| format!("  {line}\r\n")).collect();
    let merged = format!("{before}  {}\r\n{others}</device>\r\n", services.trim());
    assert!(!merged.contains("discoveryURL"), "headsets are off: {merged}");

    let name = format!("{PHONE}.cnf.xml");
    for answer in [
        served.http(&name),
        served.https(&name),
        served.https(&format!("{name}.sgn")),
        served.http(&name.to_lowercase()),
    ] {
        assert_eq!((answer.status, answer.text()), (200, merged.clone()), "{}", answer.head);
    }
    assert_eq!(served.tftp(&name, &[]), Ok(merged.clone()));
    let options = [("blksize", "1400"), ("tsize", "0"), ("timeout", "3"), ("other", "1")];
    assert_eq!(served.tftp(&format!("/{name}"), &options), Ok(merged));
    for unchanged in ["SEP999999999999.cnf.xml", "dialplan.xml"] {
        let content = std::fs::read_to_string(folder.0.join(unchanged)).unwrap();
        assert_eq!(served.http(unchanged).text(), content);
        assert_eq!(served.tftp(unchanged, &[]), Ok(content));
    }
    let made = served.tftp("sep0011223344aa.cnf.xml", &[]).unwrap();
    assert!(made.starts_with("<device><name>SEP0011223344AA</name><servicesURL>"), "{made}");
    // A signed one nobody signed, a trust list nobody has, a phone nobody knows.
    for missing in ["SEP001122334455.cnf.xml.sgn", "ITLFile.tlv", "SEP000000000000.cnf.xml"] {
        assert_eq!(served.http(missing).status, 404, "{missing}");
        assert_eq!(served.tftp(missing, &[]), Err(1), "{missing}");
    }
}

#[test]
fn hst_11_nothing_beside_the_folder_is_served_and_nothing_written() {
    let folder = Folder::new(&[("inside", "inside"), (".hidden", "hidden")]);
    let secret = folder.0.with_extension("secret");
    std::fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, folder.0.join("link")).unwrap();
    let served = Served::start(&folder.0, "");
    let beside = secret.file_name().unwrap().to_str().unwrap().to_owned();
    for target in [
        format!("../{beside}"),
        format!("%2e%2e/{beside}"),
        format!("..%2f{beside}"),
        format!("a/../../{beside}"),
        "link".to_owned(),
        ".hidden".to_owned(),
        "etc/passwd".to_owned(),
        "/etc/passwd".to_owned(),
        String::new(),
        "inside%00".to_owned(),
    ] {
        let status = served.http(&target).status;
        assert!([400, 403, 404].contains(&status), "{target}: {status}");
        assert_eq!(served.https(&target).status, status, "{target}");
        if !target.is_empty() {
            assert!(served.tftp(&target.replace("%00", "!"), &[]).is_err(), "{target}");
        }
    }
    for method in ["PUT", "POST", "DELETE"] {
        let request = format!(
            "{method} /inside HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnew"
        );
        let trusted = wire::roots([served.node.certificate()]);
        let answer = wire::send_to(served.ports[2], &trusted, request.as_bytes()).unwrap();
        assert_eq!(answer.status, 405, "{method}");
    }
    assert_eq!(served.http("inside").text(), "inside");
    let mut stream = wire::tcp(&format!("127.0.0.1:{}", served.ports[1]));
    let head = b"HEAD /inside HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(head).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\ncontent-length: 6\r\n"), "{answer}");
    std::fs::remove_file(&secret).unwrap();
}

#[test]
fn hst_11_other_networks_are_served_nothing() {
    let folder = Folder::new(&[("inside", "inside")]);
    let served = Served::start(&folder.0, "allowed_networks = [\"192.0.2.0/24\"]");
    for answer in [served.http("inside"), served.https("inside")] {
        assert_eq!(answer.status, 403);
        assert!(!answer.text().contains("inside"));
    }
}

#[test]
fn hst_11_phone_config_says_what_is_wrong_with_a_device() {
    let folder = Folder::new(&[]);
    let served = Served::start(&folder.0, "");
    for (device, why) in [
        ("SEP001122334455X", "device: must be a device name"),
        ("../../etc", "device: must be a device name"),
        ("SEP001122334499", "error: the settings have no device SEP001122334499"),
    ] {
        let output = served.node.command(&["phone-config", device]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.starts_with(why) && output.stdout.is_empty(), "{told}");
    }
    let output = served.node.command(&["phone-config", PHONE, "--address", "elsewhere"]);
    assert_eq!(output.status.code(), Some(2));
    let output = served.node.command(&["phone-config", PHONE, "--address", "192.0.2.7"]);
    assert!(output.status.success());
}

/// Without what proves the phone, which is another one every time.
fn without_handles(file: &str) -> String {
    let lines = file.lines().map(|line| match line.split_once("?key=") {
        Some((before, handle)) => {
            let handle = handle.strip_suffix("</discoveryURL>").expect("the end of the element");
            assert!(handle.len() > 20, "{handle}");
            format!("{before}</discoveryURL>")
        }
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn hst_11_the_demo_serves_files_for_its_phones() {
    let gateway = Gateway::start();
    let name = format!("{PHONE}.cnf.xml");
    let loaded = tftp(&gateway.endpoint("tftp"), &name, &[("blksize", "8192")]).unwrap();
    let loaded = without_handles(&loaded);
    let url = format!("{}{name}", gateway.endpoint("provisioning"));
    assert_eq!(without_handles(&wire::get_plain(&url).text()), loaded);
    let services = format!("<secureServicesURL>{}{PHONE}<", gateway.endpoint("phone"));
    let authentication = gateway.endpoint("phone_authentication");
    let authentication = format!("<secureAuthenticationURL>{authentication}<");
    let discovery = format!("<discoveryURL>{}{PHONE}</discoveryURL>", gateway.endpoint("headset"));
    for element in [&discovery, &services, &authentication] {
        assert!(loaded.contains(element), "{element} is not in {loaded}");
    }
    let printed = gateway.command(&["phone-config", PHONE]);
    let printed = without_handles(&String::from_utf8(printed.stdout).unwrap());
    assert_eq!(printed.lines().count(), 5, "{printed}");
    for line in printed.lines() {
        assert!(loaded.contains(line), "{line} is not in {loaded}");
    }
}
