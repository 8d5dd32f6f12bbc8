//! What a headset asks for: judged in its phone's turn, carried out by the owner of the state, answered with
//! what is so then.
//!
//! ```text
//!   update --turn--> settle: judge --Ask--> carry out --> 202, the state; 503 where nobody can be reached
//!                      ^         `-- else --> 200, 404, 409, 422 with the state
//!                      '-- link broke, another side serves --'
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{AgentKey, DeviceName, Presence, Timestamp, Wish};
use http::{Response, StatusCode};
use protocols::headset::{self as wire, Refusal};

use crate::execute::{ANSWER, ANSWER_LEAST, Became, SENT_MAX, SETTLED, carry_out, known_again};
use crate::judge::{Update, Verdict, Wanted, Why, judge};
use crate::roster::Whose;
use crate::service::Headset;
use crate::time::now;

impl Headset {
    pub(crate) async fn update(
        self: &Arc<Self>,
        device: &DeviceName,
        update: wire::Update,
    ) -> Response<Bytes> {
        let Some(wanted) = Wanted::of(update.state) else {
            self.figures.updated("malformed");
            let words = "a headset asks for Ready or NotReady alone";
            return self.refuse(Refusal::Malformed, words);
        };
        let began = now();
        let turn = tokio::time::timeout(ANSWER, self.hands.turn(device)).await;
        let Some(turn) = turn.ok().flatten() else {
            self.figures.updated("too_many");
            return self.too_many();
        };
        let request_id = update.request_id.clone();
        let is_dated = update.sent_at.is_some();
        if !is_dated && self.hands.is_repeat(device, request_id.as_deref(), wanted, now()) {
            self.figures.updated("already");
            return self.state_answer(StatusCode::OK, device);
        }
        let sent_at = update.sent_at.map(|at| Timestamp::from_microseconds(at.microseconds()));
        let judged = Update {
            wanted,
            reason: update.reason,
            sent_at,
            sent_at_ours: sent_at.map(|at| {
                self.hands.by_our_clock(device, end_of_what_is_said(at), self.port.now())
            }),
        };
        // Of its own with each update: a phone may use one text twice, and what was asked for before is known by
        // the state or by the time.
        let Some(random) = self.port.random::<16>() else {
            return self.refuse(Refusal::Unavailable, "the machine gives no randomness");
        };
        let id = format!("{device}/{:032x}", u128::from_be_bytes(random));
        let left = ANSWER.saturating_sub(now().saturating_duration_since(began));
        // It goes on when the phone hangs up: what was sent cannot be taken back.
        let (service, phone) = (Arc::clone(self), device.clone());
        let task = tokio::spawn(async move {
            let done = service.settle(&phone, judged, &id, request_id.as_deref()).await;
            drop(turn);
            done
        });
        match tokio::time::timeout(left.max(ANSWER_LEAST), task).await {
            Ok(Ok(Settled::Answer(response))) => response,
            Ok(Err(_)) => self.refuse(Refusal::Unavailable, "it could not be carried out"),
            Ok(Ok(Settled::InHand)) | Err(_) => {
                self.figures.updated("in_hand");
                self.state_answer(StatusCode::ACCEPTED, device)
            }
        }
    }

    /// Judges an update and has it carried out, once more where the link broke (HST-08).
    async fn settle(
        &self,
        device: &DeviceName,
        update: Update,
        id: &str,
        request_id: Option<&str>,
    ) -> Settled {
        let until = now() + SETTLED;
        let mut tries = 0;
        loop {
            let settings = self.port.settings();
            let whose = self.state().roster.agent_of(device);
            let agent = match &whose {
                Whose::Agent(agent) => agent.clone(),
                Whose::Nobody => return self.no(device, Why::NoAgent, &whose),
                Whose::Several(_) | Whose::SharedLine(_) => {
                    return self.no(device, Why::Several, &whose);
                }
            };
            let Some(presence) = self.presence(&agent) else {
                return self.no(device, Why::NotKnown, &whose);
            };
            // Alone, it is the only one that a phone could ask.
            if self.state().nodes.has_others() && !self.awake.is_awake(now()) {
                return self.no(device, Why::CatchingUp, &whose);
            }
            let changed_at = self.changed_at(&agent, &presence);
            let wish =
                match judge(&settings, &agent, &presence, changed_at, update, self.port.now()) {
                    Verdict::Already => {
                        self.figures.updated("already");
                        return Settled::Answer(self.state_answer(StatusCode::OK, device));
                    }
                    // A link that is being made good is waited for.
                    Verdict::Refused(Why::NotKnown) if !agent.is_owned() => {
                        if known_again(&self.port, &agent, until).await {
                            continue;
                        }
                        return self.no(device, Why::NotKnown, &whose);
                    }
                    Verdict::Refused(why) => return self.no(device, why, &whose),
                    Verdict::Ask(wish) => wish,
                };
            tries += 1;
            let id = if tries == 1 { id.to_owned() } else { format!("{id}/{tries}") };
            match self.carry_out_until(&agent, &wish, &id, until).await {
                None => {
                    self.hands.note(device, request_id, update.wanted, now());
                    return Settled::InHand;
                }
                Some(Became::Done) => {
                    self.hands.note(device, request_id, update.wanted, now());
                    self.figures.updated("done");
                    return Settled::Answer(self.state_answer(StatusCode::ACCEPTED, device));
                }
                Some(Became::Lost) if tries < SENT_MAX => {
                    if !known_again(&self.port, &agent, until).await {
                        return self.away(device);
                    }
                }
                Some(Became::Lost | Became::Unavailable) => return self.away(device),
                Some(Became::NotSeen) => return Settled::InHand,
                Some(Became::ReasonRefused(words)) => {
                    return self.refused(device, Refusal::UnknownReason, &words);
                }
                Some(Became::Refused(words)) => {
                    return self.refused(device, Refusal::NotNow, &words);
                }
            }
        }
    }

    async fn carry_out_until(
        &self,
        agent: &AgentKey,
        wish: &Wish,
        id: &str,
        until: Instant,
    ) -> Option<Became> {
        let left = until.saturating_duration_since(now());
        tokio::time::timeout(left, carry_out(&self.port, agent, wish, id)).await.ok()
    }

    /// When what an agent does was last heard to change, by this node's clock.
    fn changed_at(&self, agent: &AgentKey, presence: &Presence) -> Timestamp {
        match self.port.live(agent) {
            Some(live) => live.changed_at,
            None => presence.since,
        }
    }

    fn no(&self, device: &DeviceName, why: Why, whose: &Whose) -> Settled {
        self.figures.updated(why.name());
        let (refusal, words) = match why {
            Why::NotAllowed => (
                Refusal::NotInThisMode,
                "headsets change no states here; headset.mode and headset.mute_button say so"
                    .to_owned(),
            ),
            Why::NoAgent => (Refusal::NoAgent, "nobody is signed in at this phone".to_owned()),
            Why::Several => (
                Refusal::NotNow,
                whose.problem().unwrap_or_else(|| "several agents may be meant".to_owned()),
            ),
            Why::NotKnown => (
                Refusal::NoContactCentre,
                "the agent's state is not known now; try the other service".to_owned(),
            ),
            Why::Clock => (
                Refusal::Stale,
                "it was sent too long ago, or the phone's clock is wrong; `now` is ours".to_owned(),
            ),
            Why::InCall => {
                (Refusal::NotNow, "the agent is in a call, where the key mutes alone".to_owned())
            }
            Why::Stale => {
                (Refusal::Stale, "the agent's state changed after it was sent".to_owned())
            }
            Why::CatchingUp => (
                Refusal::Stale,
                "this node stood still and reads what it missed; press again".to_owned(),
            ),
            Why::ReasonUnknown => (
                Refusal::UnknownReason,
                "the reason is not one of the agent's; the configuration lists them".to_owned(),
            ),
        };
        self.tell_anew(device);
        Settled::Answer(self.state_refusal(refusal, &words, device))
    }

    fn refused(&self, device: &DeviceName, refusal: Refusal, words: &str) -> Settled {
        self.figures.updated("refused");
        self.tell_anew(device);
        Settled::Answer(self.state_refusal(refusal, words, device))
    }

    fn away(&self, device: &DeviceName) -> Settled {
        self.figures.updated("unreachable");
        let words = "no contact-centre server can be reached from here; try the other service";
        Settled::Answer(self.state_refusal(Refusal::NoContactCentre, words, device))
    }
}

/// A time in whole seconds may be any within that second.
fn end_of_what_is_said(at: Timestamp) -> Timestamp {
    let rest = at.microseconds().rem_euclid(1_000_000);
    if rest == 0 { at.after(Duration::from_micros(999_999)) } else { at }
}

/// What became of an update.
enum Settled {
    Answer(Response<Bytes>),
    /// It was asked for; the state follows when it is seen.
    InHand,
}
