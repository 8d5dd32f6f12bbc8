//! Which pairs there are: a function of the settings. Each has a link and a keeper of what is owed;
//! they are started, replaced and ended as the settings say, and restarted if they fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::PairName;
use domain::settings::{CLIENT_PASSWORD_PURPOSE, CtiPair};
use engine::Port;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::PairConfig;
use crate::figures::Figures;
use crate::link::Link;
use crate::owed;

/// How long to wait before a task that failed is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// The links to all pairs of this node.
#[derive(Debug)]
pub struct Pairs {
    port: Port,
    figures: Figures,
}

struct Running {
    settings: Arc<CtiPair>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Pairs {
    /// Links over `port`.
    pub fn new(port: Port) -> Self {
        let figures = Figures::new(port.metrics());
        Self { port, figures }
    }

    /// Serves all pairs until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.port.settings_changes();
        let mut running: BTreeMap<PairName, Running> = BTreeMap::new();
        loop {
            changes.mark_unchanged();
            let wanted = self.port.settings().cti_pairs.clone();
            let differs = |name: &PairName, it: &Running| {
                wanted.get(name).is_none_or(|wanted| !self.is_same(wanted, &it.settings))
            };
            let gone: Vec<_> = running
                .iter()
                .filter(|(name, it)| differs(name, it))
                .map(|(name, _)| name.clone())
                .collect();
            end(gone.iter().filter_map(|name| running.remove(name))).await;
            for (name, settings) in wanted.iter() {
                match running.get_mut(name) {
                    // What is compared with next time opens under the keys of then.
                    Some(running) => running.settings = Arc::clone(settings),
                    None => {
                        running.insert(name.clone(), self.start(settings));
                    }
                }
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                changed = changes.changed() => if changed.is_err() { break },
            }
        }
        end(running.into_values()).await;
    }

    /// Whether a link would be no other. A password that is sealed anew is the same, and ends no link.
    fn is_same(&self, one: &CtiPair, other: &CtiPair) -> bool {
        if let (Some(sealed), Some(of_other)) = (&one.client_password, &other.client_password)
            && sealed != of_other
        {
            let resealed = CtiPair { client_password: Some(of_other.clone()), ..one.clone() };
            return resealed == *other
                && self.port.is_same_secret(CLIENT_PASSWORD_PURPOSE, sealed, of_other);
        }
        one == other
    }

    fn start(&self, settings: &Arc<CtiPair>) -> Running {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let name = settings.name.clone();
        match PairConfig::read(settings, &self.port) {
            Ok(config) => {
                let (port, figures) = (self.port.clone(), self.figures.clone());
                let link = {
                    let (port, stopped) = (port.clone(), stopped.clone());
                    move || {
                        Link::run(config.clone(), port.clone(), figures.clone(), stopped.clone())
                    }
                };
                tasks.spawn(keep_running(link, stopped.clone(), "link"));
                let owed = {
                    let stopped = stopped.clone();
                    move || owed::keep(port.clone(), name.clone(), stopped.clone())
                };
                tasks.spawn(keep_running(owed, stopped, "owed sign-outs"));
            }
            Err(problem) => tracing::error!(pair = %name, %problem, "a pair cannot be served"),
        }
        Running { settings: Arc::clone(settings), stop, tasks }
    }
}

async fn end(pairs: impl Iterator<Item = Running>) {
    let mut pairs: Vec<_> = pairs.collect();
    for pair in &pairs {
        pair.stop.send_replace(true);
    }
    for pair in &mut pairs {
        while pair.tasks.join_next().await.is_some() {}
    }
}

/// Runs what `start` gives, again after a pause where it panicked, until `stop` becomes true.
async fn keep_running<F>(start: impl Fn() -> F, mut stop: watch::Receiver<bool>, task: &str)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let mut running = JoinSet::new();
        running.spawn(start());
        if let Some(Err(error)) = running.join_next().await {
            tracing::error!(task, %error, "a task of a pair failed and is started again");
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
