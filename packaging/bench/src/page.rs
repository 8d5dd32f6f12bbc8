//! A phone's home page over TLS connections that stay open, beside a bare handler with the same
//! bytes; each server is a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::demand::Demand;
use crate::gateway::{Gateway, cpu_seconds};
use crate::median::median;
use crate::{AnyError, Missed};

const RATIO: Demand = Demand::AtLeast(0.7);

pub(crate) fn run(rounds: usize, quick: bool, connections: u32) -> Result<Missed, AnyError> {
    let lasting = Duration::from_millis(if quick { 300 } else { 3_000 });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let gateway = Gateway::demo()?;
    let ca = gateway.endpoint("ca")?;
    let phone = Client::new(ca, port(gateway.endpoint("phone")?)?)?;
    let (target, cookie, body) = runtime.block_on(home(&gateway, &phone))?;
    let baseline = Baseline::start(&gateway, &body)?;
    let bare = Client::new(ca, baseline.port)?;
    let measure = |client: &Client, server: u32| -> Result<Round, AnyError> {
        let (before, own_before) = (cpu_seconds(server)?, cpu_seconds(std::process::id())?);
        let rate = runtime.block_on(client.rate(&target, &cookie, connections, lasting))?;
        let server_cpu = cpu_seconds(server)? - before;
        let own_cpu = cpu_seconds(std::process::id())? - own_before;
        Ok(Round {
            rate,
            microseconds: server_cpu * 1e6 / (rate * lasting.as_secs_f64()),
            client_percent: own_cpu * 100.0 / (own_cpu + server_cpu),
        })
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(measure(&phone, gateway.child.id())?);
        theirs.push(measure(&bare, baseline.child.id())?);
    }
    let what = format!("home page, {connections:>3} connections");
    let ours = told(&what, &ours);
    let theirs = told("bare axum handler, same bytes", &theirs);
    let ratio = ours / theirs;
    println!("page: ratio                             {ratio:>9.2}   ({RATIO})");
    Ok(RATIO.missed("page: the ratio to a bare handler", ratio).into_iter().collect())
}

/// What one server did in one round.
struct Round {
    rate: f64,
    microseconds: f64,
    /// The client's part of the CPU that both used: what it takes, the server cannot have.
    client_percent: f64,
}

/// Prints the medians of a server's rounds and gives its rate.
fn told(what: &str, rounds: &[Round]) -> f64 {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let rate = of(|round| round.rate);
    let (cpu, client) = (of(|round| round.microseconds), of(|round| round.client_percent));
    println!("page: {what:<33} {rate:>9.0} /s, {cpu:.0} us CPU each, client's share {client:.0} %");
    rate
}

/// Signs an agent in as a phone does; gives the home page's target, the cookie line and its body.
async fn home(gateway: &Gateway, client: &Client) -> Result<(String, String, String), AnyError> {
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let agent = gateway.endpoints.pointer("/agents/0").ok_or("no agent")?;
    let (Some(id), Some(extension), Some(password)) =
        (text(agent, "id"), text(agent, "extension"), text(agent, "password"))
    else {
        return Err("an agent without id, extension or password".into());
    };
    let target =
        format!("/fippa/SEP001122334455?id={id}&extension={extension}&password={password}");
    let answer = client.get(&target, "").await?;
    let header = |name: &str| {
        answer.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let cookie = header("set-cookie").ok_or("no cookie")?;
    let cookie = cookie.split(';').next().unwrap_or_default();
    let refresh = header("refresh").ok_or("no refresh")?;
    let url = refresh.split("url=").nth(1).ok_or("no url in refresh")?;
    let path = url.splitn(4, '/').nth(3).ok_or("no path in refresh")?;
    let (target, cookie) = (format!("/{path}"), format!("Cookie: {cookie}\r\n"));
    let page = client.get(&target, &cookie).await?;
    if !page.body.contains("CiscoIPPhoneText") {
        return Err(format!("no home page but {}", page.body).into());
    }
    Ok((target, cookie, page.body))
}

struct Baseline {
    child: Child,
    port: u16,
}

impl Baseline {
    fn start(gateway: &Gateway, body: &str) -> Result<Self, AnyError> {
        let ca = std::path::Path::new(gateway.endpoint("ca")?);
        let folder = ca.parent().ok_or("no folder")?;
        let page = folder.join("baseline.xml");
        std::fs::write(&page, body)?;
        let certificate =
            find(folder, |name| name.contains("certificate") || name == "server.pem")?;
        let key = find(folder, |name| {
            name == "server.key"
                || (name.contains("key") && !name.contains("ca") && !name.contains("sealing"))
        })?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .args([&page, &certificate, &key])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| format!("the baseline said {line:?}"))?;
        Ok(Self { child, port })
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(
    folder: &std::path::Path,
    fits: impl Fn(&str) -> bool,
) -> Result<std::path::PathBuf, AnyError> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(&fits) {
            return Ok(path);
        }
    }
    Err("the demo's certificate or key was not found".into())
}

fn port(url: &str) -> Result<u16, AnyError> {
    let authority = url.split("//").nth(1).and_then(|rest| rest.split('/').next());
    let port = authority.and_then(|authority| authority.rsplit(':').next());
    Ok(port.ok_or("no port")?.parse()?)
}
