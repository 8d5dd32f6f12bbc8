//! What is decided of a message before a transaction knows it, and answers that keep nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use protocols::sip::{Breach, Flow, Malformed, Message, Method, Status, encode};

use super::{Asked, Element};
use crate::flows::locked;
use crate::replies;
use crate::sources::Admitted;
use crate::time::now;

impl Element {
    /// Whether SIP is spoken with who is there at all.
    pub(crate) fn allows(&self, peer: SocketAddr) -> bool {
        self.site().is_none_or(|site| site.sip.allows(peer.ip().to_canonical()))
    }

    /// Judges a packet before it is read.
    pub(crate) fn admit(&self, flow: Flow, bytes: usize) -> Admitted {
        let peer = flow.peer();
        if !self.allows(peer) {
            self.figures.dropped("network");
            return Admitted::Dropped;
        }
        let mut sources = locked(&self.sources);
        if !flow.is_reliable() {
            sources.credit(bytes);
        }
        let now = now();
        if self.trusted(peer).is_some() {
            // Many phones may be behind it; packets may only say that they come from there.
            sources.prove(now, &flow);
        }
        let mut admitted = sources.admit(now, &flow);
        drop(sources);
        if admitted != Admitted::Yes && locked(&self.state).registrar.is_used(&flow) {
            // Phones that are registered come before others at their address.
            admitted = locked(&self.sources).admit_registered(now, &flow);
        }
        match admitted {
            Admitted::Yes => {}
            Admitted::Refused => self.figures.dropped("source_refused"),
            Admitted::Dropped => self.figures.dropped("source"),
        }
        admitted
    }

    /// Whoever is there proved who they are.
    pub(crate) fn prove_source(&self, asked: &Asked<'_>) {
        locked(&self.sources).prove(asked.now, &asked.flow);
        if let Some(connection) = asked.connection {
            connection.know(asked.site.silence());
        }
    }

    /// Tells a source that it asks too much, without keeping anything.
    pub(crate) fn refuse_overload(&self, flow: Flow, message: &Message) {
        self.stateless(flow, message, Status::SERVICE_UNAVAILABLE);
    }

    /// A keep-alive was answered.
    pub(crate) fn pinged(&self) {
        self.figures.pinged();
    }

    /// What came was no SIP; it is answered where it says enough of itself.
    pub(crate) fn malformed(&self, flow: Flow, malformed: Malformed) {
        self.figures.dropped(breach(malformed.breach));
        tracing::debug!(
            peer = %flow.peer(), field = malformed.field, words = %malformed.words.escape_debug(),
            "a SIP message breaks the grammar",
        );
        let words = malformed.to_string();
        let Some(mut head) = malformed.head else { return };
        protocols::sip::note_source(&mut head, flow.peer());
        let reply = replies::refusal(&head, malformed.status, &self.tag(), &words);
        self.send_stateless(flow, reply);
    }

    /// Answers without keeping anything. Nobody answers an ACK.
    pub(crate) fn stateless(&self, flow: Flow, request: &Message, status: Status) {
        if request.method().is_none_or(|method| *method == Method::Ack) {
            return;
        }
        let mut request = request.clone();
        protocols::sip::note_source(&mut request, flow.peer());
        let mut reply = replies::plain(&request, status, &self.tag());
        if status == Status::SERVICE_UNAVAILABLE {
            replies::retry_after(&mut reply, self.jitter(5, 30));
        }
        self.send_stateless(flow, reply);
    }

    pub(super) fn send_stateless(&self, flow: Flow, reply: Message) {
        if let Some(status) = reply.status() {
            self.figures.answered(status);
        }
        let bytes = encode(&reply);
        if !flow.is_reliable() && !locked(&self.sources).pay(now(), bytes.len()) {
            return self.figures.dropped("amplification");
        }
        self.transmit(&flow, bytes);
    }

    pub(super) fn transmit(&self, flow: &Flow, bytes: Bytes) {
        if !self.flows.transmit(flow, bytes) {
            self.figures.dropped("unsent");
        }
    }
}

/// As which reason it is counted.
pub(crate) fn breach(breach: Breach) -> &'static str {
    match breach {
        Breach::TooLong => "malformed_too_long",
        Breach::Uri => "malformed_uri",
        Breach::Version => "malformed_version",
        Breach::Framing => "malformed_framing",
        Breach::Grammar => "malformed_grammar",
    }
}
