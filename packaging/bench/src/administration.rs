//! What administration costs with 24,000 agents: applying them, a page of them, one label edited.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::Client;
use crate::demand::Demand;
use crate::gateway::{Gateway, program};
use crate::{AnyError, Missed};

/// Seconds until 24,000 agents are in force.
const APPLY: Demand = Demand::AtMost(5.0);
/// Milliseconds for a page of 100 of them.
const PAGE: Demand = Demand::AtMost(20.0);
/// Phones that are pushed to because a label was edited.
const PUSHES: Demand = Demand::AtMost(0.0);
/// Connections to the admin socket at once; it takes sixteen.
const SOCKETS: usize = 12;

pub(crate) fn run(_rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let agents: usize = if quick { 2_400 } else { 24_000 };
    let gateway = Gateway::demo()?;
    let applied = apply(&gateway, agents)?;
    let signed_in = sign_in(&gateway, agents)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(figures(&gateway))?;
    let Figures { page, plain, edit, pushes } = figures;
    println!("administration: {agents} agents applied           {applied:>9.2} s ({APPLY})");
    println!("administration: sign-ins by the admin socket  {signed_in:>9.0} /s");
    println!("administration: a page of 100 agents          {page:>9.2} ms ({PAGE})");
    println!("administration: an answer without them        {plain:>9.2} ms");
    println!("administration: ratio                         {:>9.2}", page / plain);
    println!("administration: one label edited              {edit:>9.0} ms");
    println!("administration: pushes because of it          {pushes:>9.0} ({PUSHES})");
    let missed = [
        APPLY.missed("administration: seconds to apply", applied),
        PAGE.missed("administration: milliseconds for a page", page),
        PUSHES.missed("administration: pushes for a label", pushes),
    ];
    Ok(missed.into_iter().flatten().collect())
}

fn apply(gateway: &Gateway, agents: usize) -> Result<f64, AnyError> {
    let export = Command::new(program()?)
        .args(["export", "--socket", gateway.endpoint("admin_socket")?])
        .stdin(Stdio::null())
        .output()?;
    let mut text = String::from_utf8(export.stdout)?;
    let place = text.find("\nagents:\n").ok_or("the export has no agents")? + "\nagents:\n".len();
    let more: String = (0..agents)
        .map(|number| {
            let (id, line) = (100_000 + number, 200_000 + number);
            format!("- {{id: \"{id}\", name: Agent {id}, team: Support, extension: \"{line}\"}}\n")
        })
        .collect();
    text.insert_str(place, &more);
    let began = Instant::now();
    let mut child = Command::new(program()?)
        .args(["apply", "-", "--socket", gateway.endpoint("admin_socket")?])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(text.as_bytes())?;
    if !child.wait()?.success() {
        return Err("the settings were not applied".into());
    }
    Ok(began.elapsed().as_secs_f64())
}

/// Signs all of them in; how many a second.
fn sign_in(gateway: &Gateway, agents: usize) -> Result<f64, AnyError> {
    let socket = gateway.endpoint("admin_socket")?;
    let began = Instant::now();
    let done: Result<Vec<()>, AnyError> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..SOCKETS)
            .map(|first| {
                scope.spawn(move || -> Result<(), AnyError> {
                    let mut stream = UnixStream::connect(socket)?;
                    let mut answers = BufReader::new(stream.try_clone()?);
                    let mut line = String::new();
                    for number in (first..agents).step_by(SOCKETS) {
                        let (id, extension) = (100_000 + number, 200_000 + number);
                        let asked = json!({
                            "do": "agent_sign_in",
                            "agent": id.to_string(),
                            "extension": extension.to_string(),
                        });
                        stream.write_all(format!("{asked}\n").as_bytes())?;
                        line.clear();
                        answers.read_line(&mut line)?;
                        if !line.contains("\"ok\"") {
                            return Err(line.clone().into());
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        let joined = clients.into_iter().map(|client| client.join());
        joined.map(|done| done.unwrap_or_else(|_| Err("a client broke".into()))).collect()
    });
    done?;
    Ok(f64::from(u32::try_from(agents)?) / began.elapsed().as_secs_f64())
}

struct Figures {
    page: f64,
    plain: f64,
    edit: f64,
    pushes: f64,
}

async fn figures(gateway: &Gateway) -> Result<Figures, AnyError> {
    let api = gateway.endpoint("api")?;
    let port = api.rsplit(':').next().and_then(|it| it.split('/').next()).ok_or("no port")?;
    let client = Client::new(gateway.endpoint("ca")?, port.parse()?)?;
    let part = |name: &str| {
        let admin = gateway.endpoints.get("admin").and_then(|admin| admin.get(name));
        admin.and_then(Value::as_str).unwrap_or_default()
    };
    let credentials = STANDARD.encode(format!("{}:{}", part("user"), part("password")));
    let headers = format!("Authorization: Basic {credentials}\r\n");
    // The first one hashes the password, which is remembered.
    client.get("/api/v1/session", &headers).await?;
    let lasting = Duration::from_secs(2);
    let page = client.rate("/api/v1/agents?limit=100", &headers, 1, lasting).await?;
    let plain = client.rate("/api/v1/session", &headers, 1, lasting).await?;
    let before = pushes(gateway)?;
    let began = Instant::now();
    let more = format!("{headers}Content-Type: application/merge-patch+json\r\n");
    let path = "/api/v1/reason-codes/not_ready/12";
    let answer = client.send("PATCH", path, &more, "{\"label\":\"Long lunch\"}").await?;
    if !answer.head.starts_with("HTTP/1.1 200") {
        return Err(answer.body.into());
    }
    let edit = began.elapsed().as_secs_f64() * 1e3;
    // Whatever is pushed because of a change is on its way within this time.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let pushes = pushes(gateway)? - before;
    Ok(Figures { page: 1e3 / page, plain: 1e3 / plain, edit, pushes })
}

/// Pushes so far, whatever came of them.
fn pushes(gateway: &Gateway) -> Result<f64, AnyError> {
    figure(gateway.endpoint("metrics")?, "jackfield_phone_pushes_total")
}

/// The figures of that name together, as a node tells them at `url`.
pub(crate) fn figure(url: &str, name: &str) -> Result<f64, AnyError> {
    use std::io::Read as _;
    let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let lines = text.lines().filter(|line| line.starts_with(name));
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(counts.sum())
}
