//! A phone: a peer that has a user and a password, and registers.

use protocols::sip::Method;
use protocols::sip::digest::{
    ClientNonces, Credentials, Password, Proving, answer_challenge, preempt,
};

use crate::bench::{DOMAIN, FIRST, SECOND};
use crate::peer::{Got, Peer, Request, unlike};

/// A phone.
pub(crate) struct Phone {
    pub(crate) peer: Peer,
    pub(crate) user: String,
    pub(crate) credentials: Credentials,
    pub(crate) nonces: ClientNonces,
    pub(crate) device: &'static str,
    pub(crate) call_id: String,
    pub(crate) contact: String,
}

/// What a Cisco phone offers in its REGISTER.
pub(crate) const OPTIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <x-cisco-remotecc-request><optionsind>\
    <combine max=\"9\"><remotecc><status/></remotecc><service-control/></combine>\
    <dialog usage=\"hook status\"><unot/><sub/></dialog>\
    <joinreq/><coaching/><never-heard-of/></optionsind></x-cisco-remotecc-request>\n";
pub(crate) const REQUEST_TYPE: &str = "application/x-cisco-remotecc-request+xml";

impl Phone {
    /// The first phone of the settings.
    pub(crate) fn first(peer: Peer) -> Self {
        Self::new(peer, FIRST, "phone-1", "password-1")
    }

    pub(crate) fn second(peer: Peer) -> Self {
        Self::new(peer, SECOND, "phone-2", "password-2")
    }

    pub(crate) fn new(peer: Peer, device: &'static str, user: &str, password: &str) -> Self {
        let contact = format!("sip:{user}-{}@192.0.2.33:50211", unlike());
        Self {
            peer,
            user: user.to_owned(),
            credentials: Credentials {
                user: user.to_owned(),
                password: Password::plain(password.as_bytes()),
                realms: vec![DOMAIN.to_owned()],
            },
            nonces: ClientNonces::default(),
            device,
            call_id: format!("register-{}", unlike()),
            contact,
        }
    }

    /// A REGISTER of this phone without Contact.
    pub(crate) fn query(&self) -> Request {
        let address = format!("<sip:{}@{DOMAIN}>", self.user);
        Request::new("REGISTER", &format!("sip:{DOMAIN}"))
            .set("From", &format!("{address};tag=r{}", unlike()))
            .set("To", &address)
            .set("Call-ID", &self.call_id)
    }

    /// A REGISTER as any phone writes it.
    pub(crate) fn plain(&self) -> Request {
        self.query().add("Contact", &format!("<{}>", self.contact))
    }

    /// The contact of a Cisco phone.
    pub(crate) fn cisco_contact(&self) -> String {
        let mac = self.device.trim_start_matches("SEP").to_ascii_lowercase();
        format!(
            "<{}>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-{mac}>\";\
             +u.sip!devicename.ccm.cisco.com=\"{}\";+u.sip!model.ccm.cisco.com=\"621\"",
            self.contact, self.device
        )
    }

    /// A REGISTER as a Cisco phone writes it.
    pub(crate) fn cisco(&self) -> Request {
        self.query()
            .add("Contact", &self.cisco_contact())
            .add("Expires", "3600")
            .add("User-Agent", "Cisco-CP7821/12.1.1")
            .body(REQUEST_TYPE, OPTIONS)
    }

    /// The request with a proof that answers this challenge, as another transaction.
    pub(crate) fn proven(&mut self, request: &Request, challenge: &Got) -> Request {
        let challenges = challenge.all("WWW-Authenticate");
        let method = Method::of(&request.method);
        let proving = Proving { method: &method, uri: &request.uri, body: &request.body };
        let proof = answer_challenge(
            &challenges,
            &self.credentials,
            &proving,
            &[],
            [5; 16],
            &mut self.nonces,
        );
        request.again().set("Authorization", proof.unwrap().as_str())
    }

    /// The request with a proof by the nonce that was good last.
    pub(crate) fn proven_again(&mut self, request: &Request) -> Request {
        let method = Method::of(&request.method);
        let proving = Proving { method: &method, uri: &request.uri, body: &request.body };
        let proofs = preempt(&self.credentials, &proving, [6; 16], &mut self.nonces);
        let [proof] = proofs.as_slice() else { panic!("no nonce was given") };
        request.again().set("Authorization", proof.as_str())
    }

    /// Sends a request, answers the challenge, and the final answer.
    pub(crate) async fn ask(&mut self, request: &Request) -> Got {
        let challenge = self.peer.ask(request).await;
        if challenge.code() != 401 {
            return challenge;
        }
        let again = self.proven(request, &challenge);
        self.peer.ask(&again).await
    }

    /// Registers as a Cisco phone; it must succeed.
    pub(crate) async fn register(&mut self) -> Got {
        let request = self.cisco();
        let answer = self.ask(&request).await;
        assert_eq!(answer.code(), 200, "{answer:?}");
        answer
    }

    /// Registers as any phone; it must succeed.
    pub(crate) async fn register_plainly(&mut self) -> Got {
        let request = self.plain();
        let answer = self.ask(&request).await;
        assert_eq!(answer.code(), 200, "{answer:?}");
        answer
    }
}
