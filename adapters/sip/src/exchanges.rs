//! Requests of ours that wait for their answer, with a limit for each phone that they go to.
//!
//! A phone that answers nothing keeps each of them for half a minute; so it has some and no more, and what
//! tells phones the results of their own requests leaves room for what we have to say, and for next hops.

use std::collections::HashMap;

use domain::DeviceName;
use protocols::sip::{ClientId, SubscriptionId};

use crate::outgoing::Exchange;

/// Exchanges at once.
const EXCHANGES_MAX: usize = 50_000;
/// What waits for one phone while it is told no further results.
const RESULTS_PER_DEVICE_MAX: usize = 8;
/// What waits for one phone while it is sent nothing more.
const PER_DEVICE_MAX: usize = 64;

/// Requests that wait, by their transaction.
pub(crate) struct Exchanges {
    waiting: HashMap<ClientId, Exchange>,
    of_devices: HashMap<DeviceName, Vec<ClientId>>,
    exchanges_max: usize,
}

impl Exchanges {
    /// None yet; at most so many, if the transactions are fewer than what is kept here.
    pub(crate) fn new(transactions_max: usize) -> Self {
        let exchanges_max = transactions_max.min(EXCHANGES_MAX);
        Self { waiting: HashMap::new(), of_devices: HashMap::new(), exchanges_max }
    }

    /// Whether there is room for that one.
    pub(crate) fn has_room(&self, exchange: &Exchange) -> bool {
        let of_device = exchange.goes_to().and_then(|device| self.of_devices.get(device));
        let of_device = of_device.map_or(0, Vec::len);
        let (most, of_device_most) = match exchange.result_for.is_some() {
            true => (self.exchanges_max / 2, RESULTS_PER_DEVICE_MAX),
            false => (self.exchanges_max, PER_DEVICE_MAX),
        };
        self.waiting.len() < most && of_device < of_device_most
    }

    pub(crate) fn insert(&mut self, client: ClientId, exchange: Exchange) {
        if let Some(device) = exchange.goes_to() {
            self.of_devices.entry(device.clone()).or_default().push(client);
        }
        if let Some(before) = self.waiting.insert(client, exchange) {
            self.forget(&client, &before);
        }
    }

    pub(crate) fn remove(&mut self, client: &ClientId) -> Option<Exchange> {
        let exchange = self.waiting.remove(client)?;
        self.forget(client, &exchange);
        Some(exchange)
    }

    /// The phone said that it did not do what it is to answer yet; whether that is still waited for.
    pub(crate) fn refuse(&mut self, subscription: SubscriptionId, code: u16) -> bool {
        let mut all = self.waiting.values_mut();
        let waiting = all.find(|exchange| exchange.subscription == Some(subscription));
        waiting.map(|exchange| exchange.refused = Some(code)).is_some()
    }

    /// What waits for that phone though whoever asked for it gave up.
    pub(crate) fn given_up(&self, device: &DeviceName) -> Vec<ClientId> {
        let all = self.of_devices.get(device).into_iter().flatten();
        let is_given_up = |id: &&ClientId| self.waiting.get(id).is_some_and(Exchange::is_given_up);
        all.filter(is_given_up).copied().collect()
    }

    fn forget(&mut self, client: &ClientId, exchange: &Exchange) {
        let Some(device) = exchange.goes_to() else { return };
        let Some(waiting) = self.of_devices.get_mut(device) else { return };
        if let Some(place) = waiting.iter().position(|it| it == client) {
            waiting.swap_remove(place);
        }
        if waiting.is_empty() {
            self.of_devices.remove(device);
        }
    }
}
