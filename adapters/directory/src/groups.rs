//! The groups of an entry: named in it, or found by a search, groups of groups included.

use std::collections::{BTreeSet, HashMap};

use protocols::ldap::{Entry, normalised};

use crate::configuration::{Groups, Prepared};
use crate::connection::{Connection, Wanted};
use crate::trouble::Trouble;

/// The most groups of one user that are looked at.
const GROUPS_MAX: usize = 1_000;
/// How deep groups are looked for in groups.
const DEPTH_MAX: usize = 10;

/// What groups an entry is in; remembers for one conversation which groups a group is in.
#[derive(Default)]
pub(crate) struct GroupFinder {
    parents: HashMap<String, Vec<String>>,
}

/// The attributes to ask for, so that groups are in the entry where they are kept there.
pub(crate) fn attribute(prepared: &Prepared) -> Option<&str> {
    match &prepared.directory.groups {
        Groups::Attribute(name) => Some(name),
        Groups::Search { .. } => None,
    }
}

impl GroupFinder {
    /// The names of an entry's groups, each in the one form that compares.
    pub(crate) async fn of(
        &mut self,
        connection: &mut Connection<'_>,
        prepared: &Prepared,
        entry: &Entry,
    ) -> Result<BTreeSet<String>, Trouble> {
        let (base, nested) = match &prepared.directory.groups {
            Groups::Attribute(name) => {
                return Ok(entry.texts(name).take(GROUPS_MAX).map(normalised).collect());
            }
            Groups::Search { base_dn, nested, .. } => (base_dn.as_str(), *nested),
        };
        let mut found = BTreeSet::new();
        let mut level = vec![entry.name.clone()];
        for depth in 0..DEPTH_MAX {
            let mut next = Vec::new();
            for name in &level {
                for group in self.direct(connection, prepared, base, name, depth > 0).await? {
                    if found.len() < GROUPS_MAX && found.insert(normalised(&group)) {
                        next.push(group);
                    }
                }
            }
            if !nested || next.is_empty() {
                break;
            }
            level = next;
        }
        Ok(found)
    }

    /// The groups that name an entry as their member; those of a group are remembered.
    async fn direct(
        &mut self,
        connection: &mut Connection<'_>,
        prepared: &Prepared,
        base: &str,
        name: &str,
        is_group: bool,
    ) -> Result<Vec<String>, Trouble> {
        if let Some(known) = self.parents.get(name).filter(|_| is_group) {
            return Ok(known.clone());
        }
        let Some(filter) = &prepared.group_filter else { return Ok(Vec::new()) };
        let filled = [("dn", name.as_bytes())];
        let wanted = Wanted { base, filter, filled: &filled, attributes: &[] };
        let groups = connection.find_all(wanted, "groups", GROUPS_MAX).await?;
        let names: Vec<_> = groups.into_iter().map(|group| group.name).collect();
        if is_group {
            self.parents.insert(name.to_owned(), names.clone());
        }
        Ok(names)
    }
}
