//! Proofs of ours: a next hop that asks who we are is answered once, for realms that the settings name.
//!
//! What is meant for a phone behind it may be challenged by that phone too. There only a 407 is answered, which
//! is a proxy's, and only with a part of ours in it and no weaker than what the hop itself asked for last.

use domain::settings::SIP_NEXT_HOP_PASSWORD_PURPOSE;
use protocols::sip::digest::{Credentials, Password, Proving, answer_challenge, protection};
use protocols::sip::{Message, Name, StartLine, Status, Value};

use crate::element::{Element, State};
use crate::outgoing::Exchange;

impl Element {
    /// The request once more with a proof, where that is what the answer asks for and we have one.
    pub(crate) fn with_proof(
        &self,
        state: &mut State,
        exchange: &Exchange,
        status: Status,
        answer: &Message,
    ) -> Option<Message> {
        let (asked, given) = match status {
            Status::UNAUTHORIZED => (Name::WWW_AUTHENTICATE, Name::AUTHORIZATION),
            Status::PROXY_AUTHENTICATION_REQUIRED => {
                (Name::PROXY_AUTHENTICATE, Name::PROXY_AUTHORIZATION)
            }
            _ => return None,
        };
        if exchange.is_proven {
            return None;
        }
        let name = exchange.at.as_ref()?.hop.as_str();
        let site = self.site()?;
        let hop = site.next_hop(name)?;
        let sealed = hop.password.as_ref()?;
        let password = self.port.unseal(SIP_NEXT_HOP_PASSWORD_PURPOSE, sealed).ok()?;
        let mut challenges: Vec<&str> = answer.headers.all(&asked).map(Value::as_str).collect();
        let is_for_phone = exchange.device.is_some();
        if is_for_phone {
            // A phone behind the hop may have written it, to guess our password from the answer.
            if status == Status::UNAUTHORIZED {
                return None;
            }
            let least = state.strengths.get(name).copied().unwrap_or_default();
            challenges.retain(|challenge| {
                protection(challenge).is_some_and(|it| it.has_quality && it.strength >= least)
            });
        }
        let (method, uri) = match &exchange.request.start {
            StartLine::Request { method, uri } => (method.clone(), uri.clone()),
            StartLine::Response { .. } => return None,
        };
        let credentials = Credentials {
            user: hop.user.clone()?,
            password: Password::plain(password.expose().as_bytes()),
            realms: hop.told_realms(),
        };
        let carried: Vec<&str> = exchange.request.headers.all(&given).map(Value::as_str).collect();
        let random = self.port.random::<16>()?;
        let nonces = state.nonces.entry((name.to_owned(), status)).or_default();
        let proving = Proving { method: &method, uri: &uri, body: &exchange.request.body };
        let proof = answer_challenge(&challenges, &credentials, &proving, &carried, random, nonces);
        let proof = match proof {
            Ok(proof) => proof,
            Err(problem) => {
                tracing::warn!(next_hop = name, %problem, "a next hop asks for a proof we do not give");
                return None;
            }
        };
        if !is_for_phone && let Some(given) = protection(proof.as_str()) {
            state.strengths.insert(name.to_owned(), given.strength);
        }
        let mut request = exchange.request.clone();
        request.headers.set(given, proof);
        self.renew(&mut request, &site, &exchange.flow)?;
        Some(request)
    }
}
