//! Thousands of phones with headsets from one process, measured.
//!
//! Each registers, discovers its service with so many others at a time, answers what it is asked, and now
//! and then presses its mute key. `tally` counts what happened; `--record` keeps the time of each state
//! told. Lines out are objects with `event`: `all_registered`, `all_discovered`, `all_rediscovered` for
//! each time that every phone did, and at the end `total`.

mod tally;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::tally::{Clock, Phone, Tally};
use super::client::Client;
use super::machine::{Command, Headset, Place, Setup};
use super::options::{discovery_url, serial};
use super::worn::{Registration, Worn};
use crate::sip::driver::{EXIT_NOT_DONE, EXIT_PROBLEM};
use crate::sip::event::Event;
use crate::sip::handset::Handset;
use crate::sip::identity::Identity;
use crate::sip::link::Origin;
use crate::sip::load::open_files;
use crate::sip::options::{Device, Settled, WhereTo};
use crate::tls;

/// How often the run looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);

/// Be thousands of phones with headsets; tells times, counts and percentiles.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    jackfield-peers headset-load --endpoints endpoints.json --phones 10000 --devices devices.json \\\n      \
    --rate 500 --seconds 60 --record refers.jsonl\n  \
    jackfield-peers headset-load --endpoints endpoints.json --seconds 30 --mute-every 20\n  \
    jackfield-peers headset-load --endpoints endpoints.json --rounds 1\n\n\
    Each line of --record is {\"at_microseconds\", \"device\", \"status\", \"reason\"}: the time since 1970 \
    at which a REFER came.\n\
    Exit codes: 0; 3 after a violation of the server; 4 where a phone is not registered or knows no \
    service at the end, or what --rounds or --presses say was not reached.")]
pub(crate) struct HeadsetLoadArguments {
    #[command(flatten)]
    where_to: WhereTo,
    /// How many phones; as many as there are devices unless named
    #[arg(long, value_name = "N")]
    phones: Option<usize>,
    /// JSON list of {name, user, password, headset_key}, instead of `sip_devices` in --endpoints
    #[arg(long, value_name = "FILE")]
    devices: Option<PathBuf>,
    /// Number of the first phone made up where there are fewer devices: SEP and twelve hex digits
    #[arg(long, value_name = "N", default_value_t = 1)]
    first: u64,
    /// Digest password of phones made up
    #[arg(long, value_name = "TEXT", default_value = "")]
    password: String,
    /// Where the headset service is discovered, instead of `headset` in --endpoints
    #[arg(long, value_name = "URL")]
    discovery_url: Option<String>,
    /// Phones that start in a second
    #[arg(long, value_name = "N", default_value_t = 200.0)]
    rate: f64,
    /// How long to go on after all are registered and know their service
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    seconds: f64,
    /// End after so many times that all phones discovered again
    #[arg(long, value_name = "N", default_value_t = 0)]
    rounds: usize,
    /// End after so many presses that the state asked for followed
    #[arg(long, value_name = "N", default_value_t = 0, requires = "mute_every")]
    presses: usize,
    /// How long all phones may take to register and to know their service, and --rounds and --presses to be
    /// reached
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    patience: f64,
    /// Requests to the service at a time
    #[arg(long, value_name = "N", default_value_t = 64)]
    parallel: usize,
    /// So many source addresses, counted up from --source or 127.0.0.1
    #[arg(long, value_name = "N", default_value_t = 1)]
    sources: u32,
    /// File for the time of each state told
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Press a mute key that often, one phone after the other
    #[arg(long, value_name = "MILLISECONDS")]
    mute_every: Option<f64>,
    /// How long an update may take before it goes to the secondary
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    update_seconds: f64,
    /// Tell which headset there is, and fetch its template
    #[arg(long)]
    inventory: bool,
    /// Authority that issues a certificate to each phone (PEM)
    #[arg(long, value_name = "FILE", requires = "authority_key")]
    authority: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "authority")]
    authority_key: Option<PathBuf>,
}

/// Runs the load to its end; answers the exit code.
pub(crate) async fn run(
    arguments: HeadsetLoadArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let time = |flag: &str, seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|_| format!("{flag} {seconds}: it is no time"))
    };
    let keep = time("--seconds", arguments.seconds)?;
    let patience = time("--patience", arguments.patience)?;
    let update_patience = time("--update-seconds", arguments.update_seconds)?;
    let mute_every = match arguments.mute_every {
        None => None,
        Some(every) if every.is_finite() && every > 0.0 => Some(time("--mute-every", every / 1e3)?),
        Some(every) => return Err(format!("--mute-every {every}: it is a number above 0")),
    };
    if !arguments.rate.is_finite() || arguments.rate <= 0.0 {
        return Err(format!("--rate {}: it is a number above 0", arguments.rate));
    }
    let mut settled = arguments.where_to.settle(None).await?;
    settled.settings.obeys = false;
    let devices = arguments.devices(&settled)?;
    open_files(devices.len() as u64 + arguments.parallel as u64 + 200)?;
    let record = match &arguments.record {
        None => None,
        Some(path) => {
            let file = File::create(path);
            let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
            Some(Mutex::new(BufWriter::new(file)))
        }
    };
    let expected = Duration::from_secs_f64(devices.len() as f64 / arguments.rate);
    let clock = Clock::present();
    let fleet = Arc::new(Fleet {
        tally: Mutex::new(Tally::new(clock, devices.len())),
        clock,
        record,
        requests: Arc::new(Semaphore::new(arguments.parallel.max(1))),
    });
    let phones = Arc::new(Mutex::new(Vec::with_capacity(devices.len())));
    let goal = (arguments.rounds, arguments.presses);
    let plan = Plan { arguments, settled, devices, update_patience };
    let mut starting = tokio::spawn(start(plan, Arc::clone(&fleet), Arc::clone(&phones)));
    let (mut is_started, mut is_known) = (false, false);
    let mut until = Instant::now() + expected + patience;
    let mut mutes = mute_every.map(tokio::time::interval);
    let mut turn = 0;
    loop {
        for line in fleet.tally().lines() {
            if line.get("event").and_then(Value::as_str) == Some("all_discovered") {
                is_known = true;
                let has_goal = goal != (0, 0);
                until = Instant::now() + if has_goal { patience.max(keep) } else { keep };
            }
            print(output, &line)?;
        }
        let is_reached = is_known && goal != (0, 0) && fleet.tally().reaches(goal);
        if Instant::now() >= until || is_reached {
            break;
        }
        tokio::select! {
            started = &mut starting, if !is_started => {
                started.map_err(|error| error.to_string())??;
                is_started = true;
            }
            () = next(&mut mutes) => press(&phones, &fleet, &mut turn),
            () = tokio::time::sleep(LOOK) => {}
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|error| error.to_string())?;
                break;
            }
        }
    }
    if let Some(record) = &fleet.record {
        lock(record).flush().map_err(|error| format!("--record: {error}"))?;
    }
    let total = fleet.tally().total();
    print(output, &total)?;
    let failures = fleet.tally().failures();
    Ok(match failures {
        (1.., _) => EXIT_PROBLEM,
        (0, 1..) => EXIT_NOT_DONE,
        // A goal that was not reached is a thing not done.
        (0, 0) if !fleet.tally().reaches(goal) => EXIT_NOT_DONE,
        (0, 0) => 0,
    })
}

/// What all phones of a run share.
struct Fleet {
    tally: Mutex<Tally>,
    clock: Clock,
    record: Option<Mutex<BufWriter<File>>>,
    requests: Arc<Semaphore>,
}

impl Fleet {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    /// Keeps the time at which a state was told, as soon as it is known.
    fn hear(&self, device: &str, event: &Event) {
        let Event::Request { name: "refer", asked, at, .. } = event else { return };
        let Some(record) = &self.record else { return };
        let at = self.clock.microseconds(*at);
        for request in asked.as_array().into_iter().flatten() {
            if request.get("request") == Some(&json!("agentstatusupdate")) {
                let line = json!({"at_microseconds": at, "device": device,
                    "status": request.get("status"), "reason": request.get("reason")});
                // A record that cannot be written is told at the end, when the rest is flushed.
                let _ = writeln!(lock(record), "{line}");
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(output: &mut impl Write, line: &Value) -> Result<(), String> {
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| error.to_string())
}

async fn next(interval: &mut Option<tokio::time::Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Presses the next key that would ask for a state.
fn press(phones: &Mutex<Vec<Worn>>, fleet: &Fleet, turn: &mut usize) {
    let phones = lock(phones);
    for _ in 0..phones.len() {
        *turn = turn.checked_add(1).filter(|at| *at < phones.len()).unwrap_or_default();
        let Some(phone) = phones.get(*turn) else { return };
        let asks =
            phone.with(|machine, _| machine.is_settled() && machine.base.would_ask().is_some());
        if asks && phone.command(Command::Mute).is_ok() {
            return fleet.tally().pressed();
        }
    }
}

/// Which phones there are to be.
struct Plan {
    arguments: HeadsetLoadArguments,
    settled: Settled,
    devices: Vec<Device>,
    update_patience: Duration,
}

/// Starts phones one after the other; they live as long as the list they go to.
async fn start(plan: Plan, fleet: Arc<Fleet>, phones: Arc<Mutex<Vec<Worn>>>) -> Result<(), String> {
    let Plan { arguments, settled, devices, update_patience } = plan;
    let Settled { route, origin, settings, endpoints } = settled;
    let (route, settings) = (Arc::new(route), Arc::new(settings));
    let base = arguments.discovery_url.clone().or(endpoints.headset.clone()).ok_or(
        "neither --discovery-url nor a member `headset` in --endpoints says where the headset \
         service is",
    )?;
    let began = Instant::now();
    for (at, device) in devices.into_iter().enumerate() {
        let due = began + Duration::from_secs_f64(at as f64 / arguments.rate);
        tokio::time::sleep_until(due.into()).await;
        let authority = arguments.authority.as_deref().zip(arguments.authority_key.as_deref());
        // Most of a phone's sessions are resumed, as most of a real one's are.
        let tls = tls::client_config_of(&origin.tls, &device.name, authority, true)?;
        let number = u32::try_from(at).unwrap_or_default();
        let source = match arguments.sources {
            0 | 1 => origin.source,
            several => Some(arguments.source(number % several)),
        };
        let key = device.headset_key.as_deref();
        let discovery = discovery_url(&base, &device.name, key)?;
        let machine = Headset::new(Setup {
            device: device.name.clone(),
            model: "562".to_owned(),
            serial: serial(&device.name),
            file: None,
            places: vec![Place { registrar: None, discovery }],
            update_patience,
            has_inventory: arguments.inventory,
        });
        let client = Client { tls: Arc::clone(&tls), source, resolve: Arc::new([]) };
        let identity = Identity::new(&device.name, &device.user, &device.password, "621");
        let registration = Registration {
            handset: Handset::new(Arc::clone(&settings), identity),
            route: Arc::clone(&route),
            origin: Origin { source, tls },
        };
        let phone = Arc::new(Mutex::new(Phone::new(at)));
        let (hearing, telling) = (Arc::clone(&fleet), Arc::clone(&fleet));
        let (heard, told) = (Arc::clone(&phone), phone);
        let name = device.name;
        let hears = move |event: &Event| {
            hearing.hear(&name, event);
            lock(&heard).hear(&mut hearing.tally(), event);
        };
        let tell = move |report| lock(&told).told(&mut telling.tally(), &report);
        let requests = Arc::clone(&fleet.requests);
        let worn = Worn::start(machine, client, requests, Some(registration), hears, tell);
        lock(&phones).push(worn);
    }
    Ok(())
}

impl HeadsetLoadArguments {
    fn devices(&self, settled: &Settled) -> Result<Vec<Device>, String> {
        let mut devices = match &self.devices {
            None => settled.endpoints.sip_devices.clone(),
            Some(path) => {
                let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
                let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
                serde_json::from_str(&text).map_err(|error| wrong(&error))?
            }
        };
        let wanted = self.phones.unwrap_or(devices.len());
        devices.truncate(wanted);
        for number in self.first.. {
            if devices.len() >= wanted {
                break;
            }
            let name = format!("SEP{number:012X}");
            if devices.iter().any(|device: &Device| device.name == name) {
                continue;
            }
            let (user, password) = (name.clone(), self.password.clone());
            devices.push(Device { name, user, password, headset_key: None });
        }
        match devices.is_empty() {
            true => {
                Err("no phones: name --phones, or devices in --endpoints or --devices".to_owned())
            }
            false => Ok(devices),
        }
    }

    fn source(&self, at: u32) -> IpAddr {
        match self.where_to.source {
            Some(IpAddr::V6(first)) => IpAddr::V6((u128::from(first) + u128::from(at)).into()),
            Some(IpAddr::V4(first)) => IpAddr::V4((u32::from(first) + at).into()),
            None => IpAddr::V4((u32::from(Ipv4Addr::LOCALHOST) + at).into()),
        }
    }
}
