//! A headset that runs: the machine, with whoever carries out what it wants.
//!
//! The machine is behind a lock that is never held while something is waited for. Reports go to `tell`
//! in the order in which they came about.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use super::client::Client;
use super::machine::{Command, Headset, Moment, Output, Report, Request};
use crate::sip::event::Event;
use crate::sip::handset::{Command as SipCommand, Fault as SipFault, Handset};
use crate::sip::link::{self, Origin, Route};

/// Commands for the phone's registration that wait.
const WAITING_MAX: usize = 16;

/// How a phone is registered.
pub(crate) struct Registration {
    pub(crate) handset: Handset,
    pub(crate) route: Arc<Route>,
    pub(crate) origin: Origin,
}

/// A handle to a running headset; it ends when all are dropped.
pub(crate) struct Worn {
    inner: Arc<Inner>,
}

struct Inner {
    machine: Mutex<Headset>,
    client: Client,
    /// So many requests of all headsets of a run at once.
    requests: Arc<Semaphore>,
    sip: Option<mpsc::Sender<SipCommand>>,
    /// Whether the phone unregisters in order to come back.
    restarts: AtomicBool,
    tell: Box<dyn Fn(Report) + Send + Sync>,
}

impl Worn {
    /// Starts the headset; a phone without registration discovers at once.
    pub(crate) fn start(
        machine: Headset,
        client: Client,
        requests: Arc<Semaphore>,
        registration: Option<Registration>,
        hears: impl Fn(&Event) + Send + 'static,
        tell: impl Fn(Report) + Send + Sync + 'static,
    ) -> Self {
        let (sender, commands) = mpsc::channel(WAITING_MAX);
        let sip = registration.is_some().then_some(sender);
        let machine = Mutex::new(machine);
        let (restarts, tell) = (AtomicBool::new(false), Box::new(tell));
        let inner = Arc::new(Inner { machine, client, requests, sip, restarts, tell });
        match registration {
            None => inner.with(|machine, moment| machine.start(moment)),
            Some(Registration { handset, route, origin }) => {
                // The phone's task must not keep alive what its end depends on.
                let weak = Arc::downgrade(&inner);
                let heard = move |event: Event| {
                    hears(&event);
                    if let Some(inner) = weak.upgrade() {
                        inner.with(|machine, moment| machine.heard(moment, &event));
                        if matches!(event, Event::Unregistered { .. })
                            && inner.restarts.swap(false, Ordering::Relaxed)
                        {
                            inner.wish(SipCommand::Register);
                        }
                    }
                };
                tokio::spawn(link::live(handset, route, origin, commands, heard));
                inner.wish(SipCommand::Register);
            }
        }
        Self { inner }
    }

    /// Does what a person did.
    pub(crate) fn command(&self, command: Command) -> Result<(), String> {
        self.inner.with(|machine, moment| machine.command(moment, command))
    }

    /// Looks at the machine, or asks something of it that is no command.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut Headset, Moment) -> R) -> R {
        self.inner.with(look)
    }

    /// All there is to know.
    pub(crate) fn state(&self) -> Value {
        self.inner.with(|machine, _| machine.to_json())
    }

    /// Whether no request is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.inner.with(|machine, _| machine.is_settled())
    }
}

impl Inner {
    fn with<R>(self: &Arc<Self>, change: impl FnOnce(&mut Headset, Moment) -> R) -> R {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut machine, Moment::present());
        while let Some(output) = machine.poll() {
            match output {
                Output::Tell(report) => (self.tell)(report),
                Output::Fetch(request) => self.fetch(request),
                Output::Dead(dead) => self.wish(SipCommand::Fault(SipFault::Dumb, dead)),
                // What follows comes with the registrar's answer.
                Output::Restart if self.sip.is_some() => {
                    self.restarts.store(true, Ordering::Relaxed);
                    self.wish(SipCommand::Unregister(Some("reset-restart")));
                }
                Output::Restart => machine.restart(Moment::present()),
            }
        }
        outcome
    }

    fn fetch(self: &Arc<Self>, request: Request) {
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let permit = inner.requests.acquire().await;
            let answered = inner.client.send(&request).await;
            drop(permit);
            inner.with(|machine, moment| machine.answered(moment, request.id, answered));
        });
    }

    fn wish(&self, command: SipCommand) {
        if let Some(sip) = &self.sip {
            // A phone that has so many commands before it does not connect; another changes nothing.
            let _ = sip.try_send(command);
        }
    }
}
