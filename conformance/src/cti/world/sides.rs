//! Which side is active, which one waits, and how they change places.

use std::time::Duration;

use super::sessions::Session;
use super::{Output, Side, Timer, World};
use crate::cti::events;
use crate::cti::numbers::{message, service, status};
use crate::cti::request::{Malformed, Request};
use crate::cti::wire::Message;

/// What clients have for each step of a maintenance.
const MAINTENANCE_STEP: Duration = Duration::from_secs(5);

impl World {
    /// Whether a side takes a session now: true for one on standby.
    pub(super) fn judge_side(
        &self,
        side: Side,
        version: u32,
        asks_standby: bool,
    ) -> Result<bool, (Malformed, bool)> {
        let refusal = |status, words: &str| Err((Self::malformed(status, words), false));
        if self.sides.maintenance.is_some() && version >= 24 && side == self.sides.active {
            return refusal(status::MAINTENANCE, "maintenance is under way");
        }
        if side == self.sides.active || self.faults.both_active {
            return Ok(false);
        }
        if self.settings.express {
            return refusal(status::NOT_MASTER, "this side is not the master");
        }
        if version < 24 || !self.settings.standby_sessions {
            return refusal(status::OFFLINE, "this side is on standby");
        }
        if !asks_standby {
            let words = "this side is on standby and the client lacks ACTIVE_STANDBY";
            return refusal(status::NOT_ON_STANDBY, words);
        }
        Ok(true)
    }

    /// Makes a side the active one. Sessions of the other are told to go; waiting ones hear it.
    pub(super) fn activate(&mut self, side: Side) {
        if self.sides.active == side {
            return;
        }
        self.sides.active = side;
        self.sides.maintenance = None;
        let on = |world: &Self, wanted: Side| -> Vec<u64> {
            let open = |it: &Session| it.is_open() && it.side == wanted;
            world.sessions.iter().filter(|(_, it)| open(it)).map(|(n, _)| *n).collect()
        };
        for session in on(self, side.other()) {
            self.end_with(session, status::OFFLINE);
        }
        for session in on(self, side) {
            let Some(target) = self.sessions.get_mut(&session).filter(|it| it.standby) else {
                continue;
            };
            target.standby = false;
            let hears = target.hears_all();
            self.send(session, &Message::new(message::STANDBY_ACTIVE_EVENT));
            if hears {
                let event = self.system_event(
                    if self.online { 3 } else { 4 },
                    self.settings.peripheral,
                    "",
                );
                self.send(session, &event);
            }
        }
        self.outputs.push(Output::Line(format!("side {} is active", side.name())));
    }

    /// Closes a side's listener and links; the other takes over where there is one.
    pub(super) fn side_down(&mut self, side: Side) {
        if let Some(up) = self.sides.up.get_mut(side as usize) {
            *up = false;
        }
        self.outputs.push(Output::Listen { side, up: false });
        self.drop_links(Some(side), true);
        if self.sides.active == side && self.sides.up.get(side.other() as usize) == Some(&true) {
            self.activate(side.other());
        }
    }

    /// Opens a side's listener again; it is active where the other is down.
    pub(super) fn side_up(&mut self, side: Side) {
        if let Some(up) = self.sides.up.get_mut(side as usize) {
            *up = true;
        }
        self.outputs.push(Output::Listen { side, up: true });
        if self.sides.up.get(side.other() as usize) != Some(&true) {
            self.activate(side);
        }
    }

    /// Ends links without a word.
    pub(super) fn drop_links(&mut self, side: Option<Side>, reset: bool) -> usize {
        let links: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, it)| side.is_none_or(|side| it.side == side))
            .map(|(number, _)| *number)
            .collect();
        for session in &links {
            self.end(*session, reset);
        }
        links.len()
    }

    /// Asks the clients of the active side whether they can move.
    pub(super) fn maintenance_begins(&mut self) -> Result<usize, String> {
        if self.sides.up.get(self.sides.active.other() as usize) != Some(&true) {
            return Err("the other side is down, so that nobody could move there".into());
        }
        if self.sides.maintenance.is_some() {
            return Err("a maintenance is under way".into());
        }
        self.sides.maintenances += 1;
        let number = self.sides.maintenances;
        self.sides.maintenance = Some(number);
        let asked = self.maintained();
        for session in &asked {
            if let Some(target) = self.sessions.get_mut(session) {
                target.maintenance = None;
                target.stopped = false;
            }
            self.send(*session, &events::plain_conf(message::ACTIVE_MAINTENANCE_REQ, number));
        }
        self.after(MAINTENANCE_STEP, Timer::MaintenanceDecision { number });
        if asked.is_empty() {
            self.maintenance_decides(number);
        }
        Ok(asked.len())
    }

    /// Sessions of the active side that know about maintenance: not those below version 24.
    fn maintained(&self) -> Vec<u64> {
        let knows = |it: &Session| {
            it.is_open()
                && it.side == self.sides.active
                && it.framing.version >= 24
                && it.services & service::ACTIVE_STANDBY != 0
        };
        self.sessions.iter().filter(|(_, it)| knows(it)).map(|(number, _)| *number).collect()
    }

    pub(super) fn maintenance_answer(
        &mut self,
        session: u64,
        request: &Request,
    ) -> Result<(), Malformed> {
        let Some(number) = self.sides.maintenance.filter(|number| *number == request.invoke())
        else {
            self.violation(session, None, "ACTIVE_MAINTENANCE_RESP to no question");
            return Ok(());
        };
        if let Some(target) = self.sessions.get_mut(&session) {
            target.maintenance = Some(request.field("Accepted") == 1);
        }
        let all = self.maintained();
        let answered = |it: &u64| self.sessions.get(it).is_some_and(|it| it.maintenance.is_some());
        if all.iter().all(answered) {
            self.maintenance_decides(number);
        }
        Ok(())
    }

    /// All accepted, or the maintenance is off. Silence is a no.
    pub(super) fn maintenance_decides(&mut self, number: u32) {
        if self.sides.maintenance != Some(number) {
            return;
        }
        let all = self.maintained();
        let accepts =
            |it: &u64| self.sessions.get(it).is_some_and(|it| it.maintenance == Some(true));
        let goes_on = all.iter().all(accepts);
        for session in &all {
            let event = Message::new(message::ACTIVE_MAINTENANCE_EVENT).short(u16::from(goes_on));
            self.send(*session, &event);
        }
        let words = if goes_on { "goes on" } else { "is off: a client did not accept" };
        self.outputs.push(Output::Line(format!("maintenance {words}")));
        if !goes_on {
            self.sides.maintenance = None;
        } else if all.is_empty() {
            self.activate(self.sides.active.other());
        } else {
            // A number of its own, so that the first timer of this maintenance finds nothing to do.
            self.sides.maintenances += 1;
            let number = self.sides.maintenances;
            self.sides.maintenance = Some(number);
            self.after(MAINTENANCE_STEP, Timer::MaintenanceEnd { number });
        }
    }

    /// A client sends nothing more to this side; its socket is dropped.
    pub(super) fn maintenance_stop(&mut self, session: u64) -> Result<(), Malformed> {
        if self.sides.maintenance.is_none() {
            self.violation(session, None, "STOPPING_REQUESTS_TO_THIS_SIDE_IND without maintenance");
            return Ok(());
        }
        self.end(session, false);
        if self.maintained().is_empty() {
            self.activate(self.sides.active.other());
        }
        Ok(())
    }

    /// Whoever did not stop in time broke the guide.
    pub(super) fn maintenance_ends(&mut self, number: u32) {
        if self.sides.maintenance != Some(number) {
            return;
        }
        for session in self.maintained() {
            let words = "no STOPPING_REQUESTS_TO_THIS_SIDE_IND within 5 s";
            self.violation(session, None, words);
        }
        self.activate(self.sides.active.other());
    }

    /// A `SYSTEM_EVENT` of now.
    pub(super) fn system_event(&self, event: u32, argument: u32, device: &str) -> Message {
        // The bit that says the same in PGStatus.
        let own = match event {
            2 => 0x2,
            6 => 0x1,
            7 => 0x8,
            _ => 0,
        };
        let pg_status = self.pg_status() | own;
        events::system_event(pg_status, self.now.epoch, event, argument, device)
    }

    /// Tells every session of all events.
    pub(super) fn tell_system(&mut self, event: u32, argument: u32, device: &str) {
        let message = self.system_event(event, argument, device);
        let sessions: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, it)| it.hears_all())
            .map(|(number, _)| *number)
            .collect();
        self.send_all(&sessions, &message);
    }
}
