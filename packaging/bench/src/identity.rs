//! What single sign-on costs: an answer of an identity provider judged, a hostile one refused, tokens checked and
//! refreshed, and our share of a sign-on in a browser.

mod hostile;
mod provider;
mod service;

use std::time::{Duration, Instant};

use domain::Secret;
use protocols::saml::{Expected, TrustedKey, judge, read_metadata, verify_only};

use crate::demand::Demand;
use crate::median::median;
use crate::{AnyError, Missed};
use provider::Provider;
use service::Service;

/// Answers judged, a second and core.
const JUDGED: Demand = Demand::AtLeast(1_000.0);
/// What judging takes beside the check of signatures alone.
const RATIO: Demand = Demand::AtMost(1.5);
/// Milliseconds of CPU that the worst hostile message takes.
const HOSTILE: Demand = Demand::AtMost(50.0);
/// Access tokens checked, a second and core.
const CHECKED: Demand = Demand::AtLeast(20_000.0);
/// Refresh tokens traded by one node, a second.
const REFRESHED: Demand = Demand::AtLeast(1_000.0);
/// Our share of a sign-on, in milliseconds.
const SIGN_ON: Demand = Demand::AtMost(50.0);
/// Applications that refresh at once.
const CALLERS: usize = 32;

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let provider = Provider::new()?;
    let lasting = Duration::from_millis(if quick { 200 } else { 2_000 });
    let (judged, verified) = answers(&provider, rounds, lasting)?;
    let ratio = verified / judged;
    println!("identity: answers judged, one core          {judged:>9.0} /s ({JUDGED})");
    println!("identity: their signatures alone            {verified:>9.0} /s");
    println!("identity: ratio whole / signatures          {ratio:>9.2}   ({RATIO})");
    let (shape, worst) = hostile::worst(&provider)?;
    println!("identity: the worst hostile message         {worst:>9.1} ms ({HOSTILE}; {shape})");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(served(provider, rounds, lasting))?;
    let Served { checked, refreshed, sign_on } = figures;
    println!("identity: access tokens checked, one core   {checked:>9.0} /s ({CHECKED})");
    println!(
        "identity: refreshes, {CALLERS} callers, SQLite     {refreshed:>9.0} /s ({REFRESHED})"
    );
    println!("identity: our share of a sign-on            {sign_on:>9.1} ms ({SIGN_ON})");
    let missed = [
        JUDGED.missed("identity: answers judged a second", judged),
        RATIO.missed("identity: the ratio of judging to signatures alone", ratio),
        HOSTILE.missed("identity: milliseconds of the worst hostile message", worst),
        CHECKED.missed("identity: access tokens checked a second", checked),
        REFRESHED.missed("identity: refreshes a second", refreshed),
        SIGN_ON.missed("identity: milliseconds of a sign-on", sign_on),
    ];
    Ok(missed.into_iter().flatten().collect())
}

/// Answers a second: judged whole, and their signatures alone.
fn answers(provider: &Provider, rounds: usize, lasting: Duration) -> Result<(f64, f64), AnyError> {
    const ACS: &str = "https://ids-a.example:8553/ids/saml/response";
    let keys = keys(provider)?;
    let now = service::seconds_now()?;
    let xml = provider.answer("_request", ACS, now);
    let destinations = [ACS.to_owned()];
    let expected = Expected {
        idp_entity_id: provider::ENTITY,
        own_entity_id: service::ENTITY,
        destinations: &destinations,
        request_id: "_request",
        now_millis: now * 1_000,
        skew_seconds: 60,
        response_age_seconds: 300,
        accept_ecdsa: false,
        accept_misprinted_name_id_format: false,
        relaxed_user_principal: false,
    };
    let judged = || judge(xml.as_bytes(), &keys, &expected).is_ok();
    let verified = || verify_only(xml.as_bytes(), &keys, false).is_ok();
    let (mut whole, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        whole.push(rate(lasting, judged)?);
        alone.push(rate(lasting, verified)?);
    }
    Ok((median(whole), median(alone)))
}

fn keys(provider: &Provider) -> Result<Vec<TrustedKey>, AnyError> {
    Ok(read_metadata(provider.metadata().as_bytes(), None, service::seconds_now()?)?.keys)
}

/// How often that is done a second; an error where it fails.
fn rate(lasting: Duration, does: impl Fn() -> bool) -> Result<f64, AnyError> {
    let start = Instant::now();
    let mut done = 0u32;
    while start.elapsed() < lasting {
        for _ in 0..16 {
            if !does() {
                return Err("a good answer was refused".into());
            }
        }
        done += 16;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

struct Served {
    checked: f64,
    refreshed: f64,
    sign_on: f64,
}

async fn served(provider: Provider, rounds: usize, lasting: Duration) -> Result<Served, AnyError> {
    let service = Service::start(provider).await?;
    let (mut checked, mut refreshed, mut sign_ons) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut refresh_tokens = Vec::new();
        for _ in 0..CALLERS {
            let (tokens, took) = service.sign_on().await?;
            refresh_tokens.push(tokens.refresh);
            sign_ons.push(took.as_secs_f64() * 1e3);
        }
        let start = Instant::now();
        let callers = refresh_tokens.into_iter().map(|token| {
            let service = service.clone();
            tokio::spawn(async move { service.refreshes(token, start, lasting).await })
        });
        let callers: Vec<_> = callers.collect();
        let mut tokens = Vec::new();
        for caller in callers {
            tokens.extend(caller.await??);
        }
        let count = f64::from(u32::try_from(tokens.len())?);
        refreshed.push(count / start.elapsed().as_secs_f64());
        // Each of them is seen for the first time.
        let tokens: Vec<_> = tokens.into_iter().map(Secret::new).collect();
        let start = Instant::now();
        for token in &tokens {
            service.identity.check(token).map_err(|refused| refused.name())?;
        }
        checked.push(count / start.elapsed().as_secs_f64());
    }
    service.end().await;
    let (checked, refreshed) = (median(checked), median(refreshed));
    Ok(Served { checked, refreshed, sign_on: median(sign_ons) })
}
