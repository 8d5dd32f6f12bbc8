//! Thousands of phones from one process, or peers that mean harm.
//!
//! - `tally`: what happened, counted; percentiles.
//! - `hostile`: stalled, slow and deaf connections, and floods.
//!
//! Lines out are objects with `event`: `all_registered`, `all_back` after a loss of connections, and
//! at the end `total`.

mod hostile;
pub(crate) mod tally;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tokio::sync::mpsc;

use self::hostile::Hostile;
use self::tally::Tally;
use super::handset::{Command, Handset};
use super::identity::Identity;
use super::link::{self, Origin};
use super::options::{Device, Endpoints, Settled, WhereTo};
use crate::tls;

/// Be thousands of SIP phones at once, or a hostile peer; tells counts and percentiles.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    jackfield-peers sip-load --server 127.0.0.1:5061 --transport tls --domain voice.example \\\n      \
    --phones 10000 --rate 500 --seconds 300 --password secret\n  \
    jackfield-peers sip-load --server 127.0.0.1:5061 --transport tls --phones 10000 --losses 1\n  \
    jackfield-peers sip-load --server 127.0.0.1:5061 --transport tls --hostile stalled-handshakes \\\n      \
    --phones 1000 --seconds 30\n  \
    jackfield-peers sip-load --server 127.0.0.1:5060 --transport udp --hostile flood-garbage \\\n      \
    --rate 20000 --sources 100 --seconds 30\n\n\
    Exit codes: 0; 3 after a problem of the server; 4 where a phone is not registered at the end.")]
pub(crate) struct SipLoadArguments {
    #[command(flatten)]
    where_to: WhereTo,
    /// How many phones, or hostile connections
    #[arg(long, value_name = "N", default_value_t = 100)]
    phones: usize,
    /// Number of the first phone made up: SEP and twelve hex digits; others count up
    #[arg(long, value_name = "N", default_value_t = 1)]
    first: u64,
    /// Phones that start in a second, connections opened, or datagrams sent
    #[arg(long, value_name = "N", default_value_t = 200.0)]
    rate: f64,
    /// How long to go on after all are registered, or to be hostile
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    seconds: f64,
    /// End after so many losses of connections that all phones came back from
    #[arg(long, value_name = "N", default_value_t = 0)]
    losses: usize,
    /// How long all phones may take to register, and to come back
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    patience: f64,
    /// So many source addresses, counted up from --source or 127.0.0.1
    #[arg(long, value_name = "N", default_value_t = 1)]
    sources: u32,
    /// Digest password of all phones that --endpoints does not name
    #[arg(long, value_name = "TEXT", default_value = "")]
    password: String,
    /// Digest user of a phone made up; {n} is its number, {device} its name
    #[arg(long, value_name = "PATTERN", default_value = "{device}")]
    user: String,
    /// Authority that issues a certificate to each phone (PEM)
    #[arg(long, value_name = "FILE", requires = "authority_key")]
    authority: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "authority")]
    authority_key: Option<PathBuf>,
    /// Never resume a TLS session
    #[arg(long)]
    no_resumption: bool,
    /// The longest first pause of a phone that lost its connection
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pause_seconds: f64,
    /// Mean harm in that way instead
    #[arg(long, value_name = "KIND", value_enum)]
    hostile: Option<Hostile>,
    /// Between two bytes of --hostile slow
    #[arg(long, value_name = "N", default_value_t = 500)]
    byte_milliseconds: u64,
}

/// Runs the load to its end; answers the exit code.
pub(crate) async fn run(
    arguments: SipLoadArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let mut settled = arguments.where_to.settle(None).await?;
    let time = |flag: &str, seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|_| format!("{flag} {seconds}: it is no time"))
    };
    let keep = time("--seconds", arguments.seconds)?;
    let patience = time("--patience", arguments.patience)?;
    settled.route.pause_first = time("--pause-seconds", arguments.pause_seconds)?;
    settled.settings.obeys = false;
    if !arguments.rate.is_finite() || arguments.rate <= 0.0 {
        return Err(format!("--rate {}: it is a number above 0", arguments.rate));
    }
    open_files(arguments.phones as u64 + 200)?;
    if let Some(kind) = arguments.hostile {
        let mut harm = hostile::Harm {
            kind,
            connections: arguments.phones,
            rate: arguments.rate,
            keep,
            byte_pause: Duration::from_millis(arguments.byte_milliseconds),
            sources: Vec::new(),
            settled: Arc::new(settled),
        };
        harm.sources = (0..arguments.sources).map(|at| arguments.source(at)).collect();
        let total = harm.run().await?;
        print(output, &total)?;
        return Ok(0);
    }
    let tally = Arc::new(Mutex::new(Tally::new(arguments.phones)));
    let mut starting = tokio::spawn(start(arguments.clone(), settled, Arc::clone(&tally)));
    let mut phones = None;
    let expected = Duration::from_secs_f64(arguments.phones as f64 / arguments.rate);
    let mut until = Instant::now() + expected + patience;
    let mut all_registered = false;
    loop {
        for line in lock(&tally).lines() {
            match line.get("event").and_then(Value::as_str) {
                Some("all_registered") => {
                    all_registered = true;
                    until = Instant::now()
                        + if arguments.losses > 0 { patience.max(keep) } else { keep };
                }
                Some("lost") => until = until.max(Instant::now() + patience),
                _ => {}
            }
            print(output, &line)?;
        }
        let losses = lock(&tally).losses();
        let is_over = arguments.losses > 0 && losses >= arguments.losses && all_registered;
        if Instant::now() >= until || is_over && !lock(&tally).is_down() {
            break;
        }
        tokio::select! {
            started = &mut starting, if phones.is_none() => {
                phones = Some(started.map_err(|error| error.to_string())??);
            }
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|error| error.to_string())?;
                break;
            }
        }
    }
    let total = lock(&tally).total();
    print(output, &total)?;
    let (problems, missing) = lock(&tally).failures();
    Ok(match (problems, missing) {
        (1.., _) => super::driver::EXIT_PROBLEM,
        (0, 1..) => super::driver::EXIT_NOT_DONE,
        (0, 0) => 0,
    })
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(output: &mut impl Write, line: &Value) -> Result<(), String> {
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| error.to_string())
}

/// Starts phones one after the other; they live as long as what this answers.
async fn start(
    arguments: SipLoadArguments,
    settled: Settled,
    tally: Arc<Mutex<Tally>>,
) -> Result<Vec<mpsc::Sender<Command>>, String> {
    let Settled { route, origin, settings, endpoints } = settled;
    let (route, settings) = (Arc::new(route), Arc::new(settings));
    let began = Instant::now();
    let mut phones = Vec::with_capacity(arguments.phones);
    for at in 0..arguments.phones {
        let due = began + Duration::from_secs_f64(at as f64 / arguments.rate);
        tokio::time::sleep_until(due.into()).await;
        let device = arguments.device(&endpoints, at);
        let identity = Identity::new(&device.name, &device.user, &device.password, "621");
        let authority = arguments.authority.as_deref().zip(arguments.authority_key.as_deref());
        let resumes = !arguments.no_resumption;
        let tls = tls::client_config_of(&origin.tls, &device.name, authority, resumes)?;
        let number = u32::try_from(at).unwrap_or_default();
        let source = match arguments.sources {
            0 | 1 => origin.source,
            several => Some(arguments.source(number % several)),
        };
        let (commands, received) = mpsc::channel(1);
        let mut phone = tally::Phone::new(Arc::clone(&tally));
        let handset = Handset::new(Arc::clone(&settings), identity);
        let route = Arc::clone(&route);
        let live = link::live(handset, route, Origin { source, tls }, received, move |event| {
            phone.note(event);
        });
        tokio::spawn(live);
        // A fresh channel has room for one.
        let _ = commands.try_send(Command::Register);
        phones.push(commands);
    }
    Ok(phones)
}

impl SipLoadArguments {
    fn device(&self, endpoints: &Endpoints, at: usize) -> Device {
        if let Some(known) = endpoints.sip_devices.get(at) {
            return known.clone();
        }
        let number = self.first + at as u64;
        let name = format!("SEP{number:012X}");
        let user = self.user.replace("{n}", &number.to_string()).replace("{device}", &name);
        Device { name, user, password: self.password.clone(), headset_key: None }
    }

    fn source(&self, at: u32) -> IpAddr {
        match self.where_to.source {
            Some(IpAddr::V6(first)) => IpAddr::V6((u128::from(first) + u128::from(at)).into()),
            Some(IpAddr::V4(first)) => IpAddr::V4((u32::from(first) + at).into()),
            None => IpAddr::V4((u32::from(Ipv4Addr::LOCALHOST) + at).into()),
        }
    }
}

/// Sees to it that so many files may be open.
pub(crate) fn open_files(wanted: u64) -> Result<(), String> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let maximum = now.maximum.map_or(wanted, |most| most.max(wanted));
    let higher = Rlimit { current: Some(wanted), maximum: Some(maximum) };
    setrlimit(Resource::Nofile, higher)
        .map_err(|_| format!("so many connections need {wanted} open files; see ulimit -n"))
}
