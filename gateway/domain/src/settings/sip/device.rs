//! A phone's part in SIP.

use serde::{Deserialize, Serialize};

use super::{SIP_CREDENTIAL_CHARACTERS_MAX, SipProof, address};
use crate::Sealed;
use crate::settings::references::References;
use crate::settings::{NewSecret, Reader};

/// How a phone is known in SIP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSip {
    /// Who it is in a digest; no other phone has the same.
    pub user: String,
    /// The password of `user`, sealed for [`super::SIP_DEVICE_PASSWORD_PURPOSE`]; without one it proves
    /// itself by its certificate, or is reached by a next hop alone.
    pub password: Option<Sealed>,
    /// Its address of record, as `sip:user@host`, where it is not its user at our domains.
    pub address: Option<String>,
    /// The next hop that has it; it registers with us where none is named.
    pub next_hop: Option<String>,
    /// How it proves who it is, where that is not what holds for all.
    pub proof: Option<SipProof>,
    /// Whether a phone behind a next hop takes what is shown to it by SIP; one that registers with us says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remotecc: bool,
}

/// Reads the member `sip` of a phone, its password apart.
pub(in crate::settings) fn read_device(
    reader: &mut Reader<'_>,
    known: &References,
) -> Option<(DeviceSip, Option<NewSecret>)> {
    let proofs = super::read::PROOFS;
    let user = reader.named("user", SIP_CREDENTIAL_CHARACTERS_MAX);
    if user.as_ref().is_some_and(|user| !address::is_user(user)) {
        let message = "must be letters, digits and -_.!~*'()&=+$, without a domain";
        reader.problem("user", message);
    }
    let is_given = reader.has("password") || reader.has("password_sealed");
    let password = reader.sealable("password", SIP_CREDENTIAL_CHARACTERS_MAX);
    if let Some(NewSecret::Plain(plain)) = &password
        && plain.expose().chars().any(char::is_control)
    {
        reader.problem("password", "must have no control characters");
    }
    let address = super::read::read_address(reader, "address");
    let next_hop = reader.short_text("next_hop", 64);
    if let Some(name) = next_hop.as_ref().filter(|name| !known.next_hops.contains(*name)) {
        let message = format_args!(
            "is {name:?}, which is not in sip.next_hops; add it there, or leave this out for a phone \
             that registers with us"
        );
        reader.problem("next_hop", message);
    }
    let proof = reader.choice("proof", &proofs);
    let remotecc = reader.switch("remotecc").unwrap_or(false);
    if remotecc && next_hop.is_none() {
        let message =
            "is for phones with a next_hop; one that registers with us says itself what it takes";
        reader.problem("remotecc", message);
    }
    let needs_password = proof.unwrap_or(known.sip_proof) == SipProof::Digest;
    if needs_password && !is_given && next_hop.is_none() {
        let message = "is missing: the phone proves itself by a digest and registers with us; give a \
                       password, or a next_hop, or set proof to certificate";
        reader.problem("password", message);
    }
    let sip = DeviceSip { user: user?, password: None, address, next_hop, proof, remotecc };
    Some((sip, password))
}
