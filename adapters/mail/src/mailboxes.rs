//! Which mailboxes there are: a function of the settings. Each has a link; they are started, replaced and ended as
//! the settings say, and started again if they fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::{Channel, Settings};
use engine::Port;
use engine::probe::Probe;
use protocols::mail::ReadOptions;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::accounts::{Accounts, MadeOf};
use crate::figures::Figures;
use crate::imap::Mailbox;
use crate::intake::Manner;
use crate::link::Link;
use crate::outgoing::{NoServer, Outgoing, Sending, ServerOf};
use crate::records::Records;
use crate::room::Rooms;
use crate::round::{Rounds, Terms};
use crate::status::{MailboxState, MailboxStatus, Statuses};
use crate::trial::Trial;
use crate::way_out::WaysOut;

/// How long to wait before a task that failed is started again.
const PAUSE: Duration = Duration::from_secs(1);
/// Links begin so far apart, and the last of them within the other.
const APART: Duration = Duration::from_millis(100);
const APART_MAX: Duration = Duration::from_secs(10);
/// How often figures are set.
const SHOWN_EVERY: Duration = Duration::from_secs(15);
const MEGABYTE: u32 = 1024 * 1024;

/// The mailboxes of all CSQs, as this node serves them.
#[derive(Debug)]
pub struct Mailboxes {
    port: Port,
    figures: Figures,
    accounts: Arc<Accounts>,
    statuses: Arc<Statuses>,
    ways: Arc<WaysOut>,
    rooms: Rooms,
}

/// A link that is there.
struct Running {
    /// Its account. Whoever sends may have asked for a newer one since.
    made_of: MadeOf,
    terms: Terms,
    poll: Duration,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Mailboxes {
    /// The mailboxes of the node of that port; they are read from [`Mailboxes::run`] on.
    pub fn new(port: Port) -> Arc<Self> {
        let figures = Figures::new(port.metrics());
        let accounts = Accounts::new(port.clone());
        let (statuses, ways) = (Arc::default(), Arc::default());
        Arc::new(Self { port, figures, accounts, statuses, ways, rooms: Rooms::default() })
    }

    /// How the mailboxes of all email CSQs stand, as far as this node knows.
    pub fn statuses(&self) -> Vec<MailboxStatus> {
        self.statuses.all(&self.port.settings(), &self.ways, self.port.now())
    }

    /// What this node says of the mailboxes that it reads; `None` where it reads none.
    pub fn said(&self) -> Option<String> {
        crate::status::said(&self.statuses())
    }

    /// Tries everything that a CSQ's mailbox needs, step by step; `None` where there is no such CSQ for email.
    pub async fn probe(&self, csq: &str) -> Option<Probe> {
        let settings = self.port.settings();
        settings.csqs.get(csq)?.email.as_ref()?;
        Some(crate::probe::probe(&self.port, csq, self.accounts.trial(&settings, csq)).await)
    }

    /// A test of a CSQ's mailbox by those settings, which need not be in force; in words why there can be none.
    pub fn mailbox_trial(&self, settings: &Settings, csq: &str) -> Result<Trial, String> {
        self.accounts.trial(settings, csq)
    }

    /// A test of a mail server by those settings.
    pub fn server_trial(&self, settings: &Settings, server: &str) -> Result<Trial, String> {
        self.accounts.server_trial(settings, server)
    }

    /// Reads and sends until `stop` becomes true.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        let outgoing = {
            let (this, stop) = (Arc::clone(&self), stop.clone());
            move || {
                let accounts = Arc::clone(&this.accounts);
                let server_of: ServerOf = Arc::new(move |csq| match accounts.mailbox(csq) {
                    Ok(mailbox) => Ok(Arc::new(mailbox) as Arc<dyn Sending>),
                    Err(why) => Err(NoServer { why, is_gone: accounts.made_of(csq).is_err() }),
                });
                let (port, figures) = (this.port.clone(), this.figures.clone());
                Outgoing::new(port, server_of, figures, Arc::clone(&this.ways)).run(stop.clone())
            }
        };
        tasks.spawn(keep_running(outgoing, stop.clone(), "outgoing mails"));
        let records = {
            let (this, stop) = (Arc::clone(&self), stop.clone());
            move || Records::new(this.port.clone(), this.figures.clone()).run(stop.clone())
        };
        tasks.spawn(keep_running(records, stop.clone(), "records of contacts"));
        self.serve(stop).await;
        while tasks.join_next().await.is_some() {}
    }

    /// Serves all mailboxes until `stop` becomes true.
    async fn serve(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.port.settings_changes();
        let mut running: BTreeMap<String, Running> = BTreeMap::new();
        loop {
            changes.mark_unchanged();
            let settings = self.port.settings();
            let wanted = wanted(&settings);
            self.statuses.retain(|csq| wanted.contains_key(csq));
            let gone: Vec<String> = running
                .iter()
                .filter(|(csq, it)| self.is_other(csq, it, wanted.get(*csq)))
                .map(|(csq, _)| csq.clone())
                .collect();
            end(gone.iter().filter_map(|csq| running.remove(csq))).await;
            let mut first_wait = Duration::ZERO;
            for (csq, (terms, poll)) in wanted {
                if running.contains_key(&csq) {
                    continue;
                }
                let link = self.start(&csq, terms, poll, first_wait);
                running.extend(link.map(|link| (csq, link)));
                first_wait = (first_wait + APART).min(APART_MAX);
            }
            if self.until_changed(&mut changes, &mut stop).await {
                break;
            }
        }
        end(running.into_values()).await;
    }

    /// Whether that link is not the one that is wanted now.
    fn is_other(&self, csq: &str, it: &Running, wanted: Option<&(Terms, Duration)>) -> bool {
        let is_wanted = wanted.is_some_and(|(terms, poll)| *terms == it.terms && *poll == it.poll);
        !is_wanted || self.accounts.made_of(csq).as_ref() != Ok(&it.made_of)
    }

    /// Waits for other settings; true where it is time to stop.
    async fn until_changed(
        &self,
        changes: &mut watch::Receiver<u64>,
        stop: &mut watch::Receiver<bool>,
    ) -> bool {
        loop {
            let statuses = self.statuses();
            let count =
                |is: fn(&MailboxState) -> bool| statuses.iter().filter(|it| is(&it.state)).count();
            let well = count(|it| matches!(it, MailboxState::Ok | MailboxState::Warned(_)));
            let failing =
                count(|it| matches!(it, MailboxState::Failing(_) | MailboxState::StoreRefuses(_)));
            self.figures.set_mailboxes(well, failing);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return true,
                changed = changes.changed() => return changed.is_err(),
                () = tokio::time::sleep(SHOWN_EVERY) => {}
            }
        }
    }

    fn start(
        self: &Arc<Self>,
        csq: &str,
        terms: Terms,
        poll: Duration,
        first_wait: Duration,
    ) -> Option<Running> {
        let (made_of, mailbox) = match self.accounts.mailbox_made(csq) {
            Ok(made) => made,
            Err(why) => {
                tracing::error!(csq, why, "a mailbox cannot be read");
                self.statuses.unusable(csq, &why);
                return None;
            }
        };
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let begin = {
            let (this, csq) = (Arc::clone(self), csq.to_owned());
            let (terms, stopped) = (terms.clone(), stopped.clone());
            move || this.link(&csq, &mailbox, terms.clone(), (poll, first_wait), stopped.clone())
        };
        tasks.spawn(keep_running(begin, stopped, "a mailbox"));
        Some(Running { made_of, terms, poll, stop, tasks })
    }

    fn link(
        self: &Arc<Self>,
        csq: &str,
        mailbox: &Mailbox,
        terms: Terms,
        (poll, first_wait): (Duration, Duration),
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let reader = mailbox.reader(terms.manner.folder.clone());
        let (port, figures) = (self.port.clone(), self.figures.clone());
        let statuses = Arc::clone(&self.statuses);
        let account = mailbox.account();
        let room = self.rooms.of(&account.imap.host);
        let rounds =
            Rounds::new(port.clone(), terms, account.mailbox_digest(), figures.clone(), room);
        let link = Link { csq: csq.to_owned(), port, figures, statuses, poll, first_wait };
        async move { link.run(rounds, Box::new(reader), stop).await }
    }
}

/// How each mailbox of the settings is read.
fn wanted(settings: &Settings) -> BTreeMap<String, (Terms, Duration)> {
    let emails = || {
        let csqs = settings.csqs_of(Channel::Email);
        csqs.filter_map(|csq| csq.email.as_ref().map(|email| (csq, email)))
    };
    let own: Vec<String> =
        emails().flat_map(|(_, email)| email.addresses()).map(str::to_owned).collect();
    let mail = &settings.mail;
    emails()
        .map(|(csq, email)| {
            let options = ReadOptions {
                authentication_server_id: mail.authentication_server_id.clone(),
                own_addresses: own.clone(),
                ..ReadOptions::default()
            };
            let manner = Manner {
                csq: csq.name.clone(),
                folder: email.inbox_folder.clone(),
                options,
                subject_tags: mail.subject_tags.clone(),
            };
            let terms = Terms {
                manner: Arc::new(manner),
                snapshot: Duration::from_secs(u64::from(email.snapshot_minutes) * 60),
                is_strict: email.is_snapshot_strict,
                bytes_max: mail.raw_megabytes_max.saturating_mul(MEGABYTE),
            };
            (csq.name.clone(), (terms, Duration::from_secs(u64::from(email.poll_seconds))))
        })
        .collect()
}

async fn end(links: impl Iterator<Item = Running>) {
    let mut links: Vec<_> = links.collect();
    for link in &links {
        link.stop.send_replace(true);
    }
    for link in &mut links {
        while link.tasks.join_next().await.is_some() {}
    }
}

/// Runs what `start` gives, again after a pause where it ended or panicked, until `stop` becomes true.
async fn keep_running<F>(start: impl Fn() -> F, mut stop: watch::Receiver<bool>, task: &str)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let mut running = JoinSet::new();
        running.spawn(start());
        if let Some(Err(error)) = running.join_next().await {
            tracing::error!(task, %error, "a task of mail failed and is started again");
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    /// The other task of mails asks for the new account first, as it may: the link must not take it for its own.
    #[tokio::test]
    async fn mail_01_a_mailbox_is_read_by_the_settings_in_force_whoever_asks_first() {
        let world = World::new().await;
        world.apply(|_| {}).await;
        let mailboxes = Mailboxes::new(world.port.clone());
        let wanted_now = || wanted(&world.port.settings());
        let (terms, poll) = wanted_now()["support"].clone();
        let link = mailboxes.start("support", terms, poll, Duration::from_secs(60)).unwrap();
        assert!(!mailboxes.is_other("support", &link, wanted_now().get("support")));
        world
            .apply(|file| file["mail_servers"][0]["imap_host"] = "other.example.test".into())
            .await;
        let sending = mailboxes.accounts.mailbox("support").unwrap();
        assert_eq!(sending.account().imap.host, "other.example.test");
        assert!(mailboxes.is_other("support", &link, wanted_now().get("support")));
        end([link].into_iter()).await;
    }
}
