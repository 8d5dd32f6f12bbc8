//! Names that one section of a file gives and others use.

use std::collections::{BTreeMap, BTreeSet};

use super::cti_pair::Pairs;
use super::{Channel, MailServerKind, Reader, SipProof};
use crate::TeamName;

/// Every name that was read so far; what was refused by itself is not missed a second time where its
/// name could be read.
#[derive(Debug)]
pub(super) struct References {
    /// The pairs of contact-centre servers.
    pub(super) pairs: Pairs,
    /// Teams.
    pub(super) teams: BTreeSet<TeamName>,
    /// Layouts.
    pub(super) layouts: BTreeSet<String>,
    /// Skills.
    pub(super) skills: BTreeSet<String>,
    /// Directories.
    pub(super) directories: BTreeSet<String>,
    /// Identity providers.
    pub(super) identity_providers: BTreeSet<String>,
    /// Next hops of SIP.
    pub(super) next_hops: BTreeSet<String>,
    /// How phones prove who they are in SIP, unless they say otherwise.
    pub(super) sip_proof: SipProof,
    /// Mail servers, each with its kind where that is one.
    pub(super) mail_servers: BTreeMap<String, Option<MailServerKind>>,
    /// Where keys of Google may send us for tokens.
    pub(super) token_hosts: Vec<String>,
    /// CSQs, each with its channel.
    pub(super) csqs: BTreeMap<String, Channel>,
}

impl References {
    /// Those pairs, and nothing else yet.
    pub(super) fn new(pairs: Pairs) -> Self {
        Self {
            pairs,
            teams: BTreeSet::new(),
            layouts: BTreeSet::new(),
            skills: BTreeSet::new(),
            directories: BTreeSet::new(),
            identity_providers: BTreeSet::new(),
            next_hops: BTreeSet::new(),
            sip_proof: SipProof::default(),
            mail_servers: BTreeMap::new(),
            token_hosts: Vec::new(),
            csqs: BTreeMap::new(),
        }
    }

    /// Notes teams under `name` that are not there.
    pub(super) fn check_teams<'t>(
        &self,
        reader: &mut Reader<'_>,
        name: &str,
        teams: impl IntoIterator<Item = &'t TeamName>,
    ) {
        for team in teams.into_iter().filter(|team| !self.teams.contains(team)) {
            reader.problem(name, format_args!("names {team:?}, which is not in teams"));
        }
    }
}
