//! Who asks: by the certificate of the connection, by the word of a next hop that is trusted, or by digest.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::DeviceName;
use domain::settings::{SipProof, SipTransport};
use protocols::sip::digest::{Account, Judged, Password, Proving};
use protocols::sip::{Message, Method, Name, Status};

use crate::element::{Asked, Element, State, certified};
use crate::flows::Proven;
use crate::replies;
use crate::sources::Source;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A phone that proved who it is.
    Device(DeviceName),
    /// A next hop whose word counts, and the phone it speaks for, where it is one of its own.
    NextHop {
        /// Its name.
        hop: String,
        /// The phone.
        device: Option<DeviceName>,
    },
}

impl Who {
    /// The phone.
    pub(crate) fn device(&self) -> Option<&DeviceName> {
        match self {
            Self::Device(device) => Some(device),
            Self::NextHop { device, .. } => device.as_ref(),
        }
    }
}

impl Element {
    /// Who asks; else the answer that asks for a proof, or refuses.
    pub(crate) fn prove(&self, state: &mut State, asked: &Asked<'_>) -> Result<Who, Message> {
        let who = self.proven(state, asked)?;
        if let Some(device) = who.device() {
            asked.who.get_or_init(|| device.clone());
        }
        Ok(who)
    }

    fn proven(&self, state: &mut State, asked: &Asked<'_>) -> Result<Who, Message> {
        let request = asked.message;
        let site = asked.site;
        if let Some(device) = certified(asked)
            && let Some(listed) = site.device(device)
            && site.proof(listed) != SipProof::Digest
        {
            self.figures().proof("certificate");
            self.prove_source(asked);
            return Ok(Who::Device(device.clone()));
        }
        let proofs: Vec<&str> =
            request.headers.all(&Name::AUTHORIZATION).map(|value| value.as_str()).collect();
        let source = Source::of(asked.flow.peer().ip());
        let claimed = state.challenger.claimed_user(&proofs).unwrap_or_default();
        let counted = counted(asked, &claimed);
        if let Some(wait) = state.tries.wait(asked.now, source, counted)
            && !proofs.is_empty()
        {
            self.figures().proof("too_many");
            let words = "too many wrong passwords; wait, and check user and password";
            let mut refusal = self.refusal(request, Status::SERVICE_UNAVAILABLE, words);
            let seconds = u32::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u32::MAX);
            replies::retry_after(&mut refusal, seconds);
            return Err(refusal);
        }
        let method = request.method().unwrap_or(&Method::Options);
        let uri = request.request_uri().map_or("", |uri| uri);
        let proving = Proving { method, uri, body: &request.body };
        let account_of = |user: &str| {
            let Some(device) = site.by_user(user) else {
                // Nobody costs what somebody does.
                site.any_password(&self.port);
                return None;
            };
            let password = site.password(device, &self.port)?;
            let may_omit_qop = site.sip.legacy_no_qop.iter().any(|it| it == user);
            Some(Account { password: Password::plain(password.expose().as_bytes()), may_omit_qop })
        };
        let judged = state.challenger.judge(asked.now, &asked.flow, &proving, &proofs, &account_of);
        match judged {
            Judged::Proven { user } => {
                let Some(device) = site.by_user(&user) else {
                    return Err(self.refusal(request, Status::FORBIDDEN, "nobody of that name"));
                };
                if site.proof(device) == SipProof::Certificate {
                    self.figures().proof("no_certificate");
                    let words = "this device has to show its certificate";
                    return Err(self.refusal(request, Status::FORBIDDEN, words));
                }
                if certified(asked).is_some_and(|shown| *shown != device.name) {
                    self.figures().proof("other_certificate");
                    let words = "the certificate is another device's";
                    return Err(self.refusal(request, Status::FORBIDDEN, words));
                }
                state.tries.right(source, counted);
                self.figures().proof("digest");
                self.prove_source(asked);
                Ok(Who::Device(device.name.clone()))
            }
            Judged::Malformed(words) => {
                self.figures().proof("malformed");
                Err(self.refusal(request, Status::BAD_REQUEST, words))
            }
            Judged::NoProof => match self.vouched(asked) {
                Some(who) => {
                    self.figures().proof("next_hop");
                    Ok(who)
                }
                None => {
                    self.figures().proof("asked_for");
                    Err(self.challenge(state, asked, false))
                }
            },
            Judged::Stale => {
                self.figures().proof("stale");
                Err(self.challenge(state, asked, true))
            }
            Judged::Replayed => {
                self.figures().proof("replayed");
                Err(self.challenge(state, asked, true))
            }
            Judged::Wrong => {
                state.tries.wrong(asked.now, source, counted);
                self.figures().proof("wrong");
                if let Some(since) = self.once.says(asked.now, ("wrong", source)) {
                    // Only a name that is listed is written down.
                    let device = site.by_user(&claimed).map(|device| device.name.as_str());
                    tracing::info!(
                        peer = %asked.flow.peer(), device = device.unwrap_or("nobody that is listed"),
                        more_before = since, "a wrong user or password for SIP (HTTP digest)",
                    );
                }
                Err(self.challenge(state, asked, false))
            }
        }
    }

    /// The phone that a trusted next hop speaks for: it proved it to itself. One that registers with us by that
    /// hop, as by a proxy in its Path, proves who it is to us.
    fn vouched(&self, asked: &Asked<'_>) -> Option<Who> {
        let hop = self.trusted_hop_of(asked)?;
        let from = asked.message.from().ok()?;
        let device = from.uri.aor().and_then(|address| asked.site.by_address(&address));
        let device = device.filter(|device| {
            device.sip.as_ref().and_then(|sip| sip.next_hop.as_deref()) == Some(hop.as_str())
        });
        let tells_of_itself = asked.message.method() == Some(&Method::Notify);
        if device.is_none() && !tells_of_itself {
            return None;
        }
        Some(Who::NextHop { hop, device: device.map(|device| device.name.clone()) })
    }

    /// The next hop that a request came from, where the settings trust it.
    pub(crate) fn trusted_hop_of(&self, asked: &Asked<'_>) -> Option<String> {
        let is_trusted = |name: &String| asked.site.next_hop(name).is_some_and(|it| it.trusted);
        self.hop_of(asked).filter(is_trusted)
    }

    /// The next hop that a request came from: by the connection that we opened to it or its certificate, else by
    /// its address. An address says so much as the transport does that the settings have for the hop: that of a
    /// packet may be anybody's, and where TLS is wanted no other way counts.
    pub(crate) fn hop_of(&self, asked: &Asked<'_>) -> Option<String> {
        if let Some(Proven::NextHop(hop)) = asked.connection.map(|connection| &connection.proven) {
            return asked.site.next_hop(hop).map(|hop| hop.name.clone());
        }
        let name = self.trusted(asked.flow.peer())?;
        let counts = match asked.site.next_hop(&name)?.transport {
            SipTransport::Udp => true,
            SipTransport::Tcp => asked.flow.is_reliable(),
            SipTransport::Tls => false,
        };
        counts.then_some(name)
    }

    fn challenge(&self, state: &mut State, asked: &Asked<'_>, is_stale: bool) -> Message {
        let mut message = replies::plain(asked.message, Status::UNAUTHORIZED, &self.tag());
        let Some(random) = self.port.random::<16>() else {
            return self.refusal(asked.message, Status::SERVER_ERROR, "no randomness");
        };
        for challenge in state.challenger.challenges(asked.now, random, &asked.flow, is_stale) {
            message.headers.push(Name::WWW_AUTHENTICATE, challenge);
        }
        message
    }

    pub(crate) fn refusal(&self, request: &Message, status: Status, words: &str) -> Message {
        replies::refusal(request, status, &self.tag(), words)
    }
}

/// What stands for the user that a proof names, without keeping what anybody may have written there. Packets are
/// counted apart: whoever writes another's address on them must not keep that one's connections waiting.
fn counted(asked: &Asked<'_>, user: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (user, asked.flow.is_reliable()).hash(&mut hasher);
    hasher.finish()
}
