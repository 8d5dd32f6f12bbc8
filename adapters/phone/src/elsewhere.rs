//! Where else phones can go: the phone services of other nodes, for the key that leads there (PHN-11).
//!
//! Every node says where phones reach it. A page's token is good at each of them, so the key is the page's
//! own link under another name. In memory, looked up once a second and never for a page.

use domain::DeviceName;
use engine::{NodeSeen, SAID_PHONE};

use crate::link::BASE_CHARACTERS_MAX;

/// Scheme, host and port of the other nodes that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Elsewhere(Vec<String>);

impl Elsewhere {
    /// What the other nodes say, as far as it can stand in a page.
    pub(crate) fn of(nodes: &[NodeSeen], own: &domain::NodeName) -> Self {
        let others = nodes.iter().filter(|it| it.live && it.node != *own);
        let bases = others.filter_map(|it| it.said.get(SAID_PHONE));
        let fits = |base: &&String| {
            let host = base.strip_prefix("https://");
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
                && base.is_ascii()
                && base.len() <= BASE_CHARACTERS_MAX
        };
        Self(bases.filter(fits).cloned().collect())
    }

    /// The one for that phone, so that phones spread over several.
    pub(crate) fn for_device(&self, device: &DeviceName) -> Option<&str> {
        let sum: usize = device.as_str().bytes().map(usize::from).sum();
        let at = sum.checked_rem(self.0.len())?;
        self.0.get(at).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    fn node(name: &str, live: bool, phone: &str) -> NodeSeen {
        let said = BTreeMap::from([(SAID_PHONE.to_owned(), phone.to_owned())]);
        let node = name.parse().unwrap();
        NodeSeen { node, live, left: !live, age: Duration::ZERO, said: Arc::new(said) }
    }

    #[test]
    fn phn_11_only_other_nodes_that_are_there_are_offered() {
        let nodes = [
            node("gw-a.example", true, "https://gw-a.example:8445"),
            node("gw-b.example", true, "https://gw-b.example:8445"),
            node("gw-c.example", false, "https://gw-c.example:8445"),
        ];
        let own = "gw-a.example".parse().unwrap();
        let elsewhere = Elsewhere::of(&nodes, &own);
        assert_eq!(elsewhere, Elsewhere(vec!["https://gw-b.example:8445".to_owned()]));
        let device = "SEP001122334455".parse().unwrap();
        assert_eq!(elsewhere.for_device(&device), Some("https://gw-b.example:8445"));
        assert_eq!(Elsewhere::default().for_device(&device), None);
    }

    #[test]
    fn what_is_no_address_of_a_phone_service_is_not_offered() {
        let own = "gw-a.example".parse().unwrap();
        let long = format!("https://{}", "h".repeat(BASE_CHARACTERS_MAX));
        for odd in ["", "http://gw-b", "https://", "https://b/x", "https://a@b", "https://ä", &long]
        {
            let nodes = [node("gw-b.example", true, odd)];
            assert_eq!(Elsewhere::of(&nodes, &own), Elsewhere::default(), "{odd}");
        }
    }
}
