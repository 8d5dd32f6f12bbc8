//! What a REGISTER will do, decided as a whole before any of it is done.

use super::RegistrarSettings;
use super::binding::Binding;
use super::index::Index;
use super::request::{Asked, AskedContact, RegistrarRefusal, Registration, same_uri};

/// The texts of one binding have no more bytes in all.
const BINDING_BYTES_MAX: usize = 4096;

#[derive(Default)]
pub(super) struct Plan<'a> {
    /// Bindings that go without anything in their place.
    pub(super) gone: Vec<u64>,
    pub(super) deeds: Vec<Deed<'a>>,
    pub(super) outbound_used: bool,
}

pub(super) enum Deed<'a> {
    /// The request was here before.
    Keep(u64),
    /// A binding is made, in the place of those.
    Bind { contact: &'a AskedContact, places: Vec<u64>, seconds: u32, uses_outbound: bool },
}

struct Planner<'a, 'b> {
    registration: &'a Registration,
    settings: &'b RegistrarSettings,
    index: &'b Index,
    plan: Plan<'a>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(
        registration: &'a Registration,
        settings: &RegistrarSettings,
        index: &Index,
    ) -> Result<Self, RegistrarRefusal> {
        let mut planner = Planner { registration, settings, index, plan: Self::default() };
        match &registration.contacts {
            Asked::Query => {}
            Asked::RemoveAll => planner.remove_all()?,
            Asked::Contacts(contacts) => {
                planner.take(contacts)?;
                planner.make_room()?;
            }
        }
        Ok(planner.plan)
    }
}

impl<'a, 'b> Planner<'a, 'b> {
    fn remove_all(&mut self) -> Result<(), RegistrarRefusal> {
        if self.registration.expires != Some(0) {
            return Err(RegistrarRefusal::WildcardMisused);
        }
        for (id, binding) in self.bindings() {
            if !same_or_unknown(&binding.device, &self.registration.device) {
                continue;
            }
            if self.age(binding) != Age::Newer {
                return Err(RegistrarRefusal::OutOfOrder);
            }
            self.plan.gone.push(id);
        }
        Ok(())
    }

    fn take(&mut self, contacts: &'a [AskedContact]) -> Result<(), RegistrarRefusal> {
        let registration = self.registration;
        let contacts: Vec<_> =
            contacts.iter().filter(|each| !registration.only_asks(each)).collect();
        let mut flows = 0;
        for contact in &contacts {
            if self.uses_outbound(contact) && self.seconds(contact)? > 0 {
                if registration.has_many_vias && !first_hop_keeps_flows(&registration.path) {
                    return Err(RegistrarRefusal::FirstHopLacksOutbound);
                }
                flows += 1;
            }
        }
        if flows > 1 {
            return Err(RegistrarRefusal::SeveralFlows);
        }
        for (place, contact) in contacts.iter().enumerate() {
            self.plan.outbound_used |= self.uses_outbound(contact);
            // Of contacts that mean the same the last one counts.
            let is_repeated =
                contacts.iter().skip(place + 1).any(|later| self.mean_the_same(contact, later));
            if !is_repeated {
                self.contact(contact, &contacts)?;
            }
        }
        Ok(())
    }

    fn contact(
        &mut self,
        contact: &'a AskedContact,
        all: &[&AskedContact],
    ) -> Result<(), RegistrarRefusal> {
        let seconds = self.seconds(contact)?;
        let matched = self.bindings().find(|(_, binding)| self.matches(binding, contact));
        if let Some((id, binding)) = matched {
            match self.age(binding) {
                Age::Older => return Err(RegistrarRefusal::OutOfOrder),
                Age::Same => {
                    if !self.plan.is_taken(id) {
                        self.plan.deeds.push(Deed::Keep(id));
                    }
                    return Ok(());
                }
                Age::Newer => {}
            }
        }
        let mut places: Vec<_> = matched.iter().map(|(id, _)| *id).collect();
        let is_named = |binding: &Binding| all.iter().any(|each| self.matches(binding, each));
        if seconds > 0 || (matched.is_none() && self.registration.fixed_expires.is_some()) {
            for (id, binding) in self.bindings() {
                if is_named(binding) || !self.is_superseded(binding, contact) {
                    continue;
                }
                if self.age(binding) == Age::Older {
                    return Err(RegistrarRefusal::OutOfOrder);
                }
                places.push(id);
            }
        }
        let taken = |id: &u64| !self.plan.is_taken(*id);
        places.retain(taken);
        if seconds == 0 {
            self.plan.gone.append(&mut places);
            return Ok(());
        }
        let texts = [&contact.uri, &contact.parameters, &self.registration.call_id];
        let texts = texts.into_iter().chain(&contact.instance).chain(&self.registration.path);
        if texts.map(String::len).sum::<usize>() > BINDING_BYTES_MAX {
            return Err(RegistrarRefusal::TooLong { max: BINDING_BYTES_MAX });
        }
        let uses_outbound = self.uses_outbound(contact);
        self.plan.deeds.push(Deed::Bind { contact, places, seconds, uses_outbound });
        Ok(())
    }

    /// Refuses what there is no room for. What is not reached makes room, a device's own before that of others.
    fn make_room(&mut self) -> Result<(), RegistrarRefusal> {
        let RegistrarSettings {
            bindings_per_phone_max,
            bindings_per_device_max,
            bindings_per_aor_max,
            bindings_max,
            ..
        } = *self.settings;
        let device = self.registration.device.as_deref();
        let own = self.bindings().filter(|(_, binding)| binding.device.as_deref() == device);
        let own: Vec<_> = own.collect();
        self.make_room_among(&own, bindings_per_phone_max)?;
        if let Some(device) = device {
            let index = self.index;
            let ids = index.ids_of_device(device).iter();
            let all: Vec<_> = ids.filter_map(|id| Some((*id, index.get(*id)?))).collect();
            self.make_room_among(&all, bindings_per_device_max)?;
        }
        let here: Vec<_> = self.bindings().collect();
        self.make_room_among(&here, bindings_per_aor_max)?;
        let (made, lost) = (self.plan.made(), self.plan.lost().count());
        let all = (self.index.len() + made).saturating_sub(lost);
        if made > lost && all > bindings_max {
            return Err(RegistrarRefusal::Full { max: bindings_max });
        }
        Ok(())
    }

    /// Makes room among those bindings, to which the planned ones will belong.
    fn make_room_among(
        &mut self,
        bindings: &[(u64, &Binding)],
        limit: usize,
    ) -> Result<(), RegistrarRefusal> {
        let made = self.plan.made();
        let is_here = |id: &u64| bindings.iter().any(|(each, _)| each == id);
        let mut lost = self.plan.lost().filter(is_here).count();
        let mut dead: Vec<_> = bindings
            .iter()
            .filter(|(id, binding)| !binding.is_live && !self.plan.is_taken(*id))
            .map(|(id, binding)| (binding.order, *id))
            .collect();
        dead.sort_unstable_by(|one, other| other.cmp(one));
        while made > lost && (bindings.len() + made).saturating_sub(lost) > limit {
            let (_, id) = dead.pop().ok_or(RegistrarRefusal::TooMany { max: limit })?;
            self.plan.gone.push(id);
            lost += 1;
        }
        Ok(())
    }

    /// What is granted, or zero for a removal.
    fn seconds(&self, contact: &AskedContact) -> Result<u32, RegistrarRefusal> {
        let RegistrarSettings { expires_min, expires_default, expires_max, .. } = *self.settings;
        let header = self.registration.expires;
        let asked = contact.expires.or(header).unwrap_or(expires_default);
        if let Some(fixed) = self.registration.fixed_expires {
            // What such a phone writes beside its Contact means nothing, but for zero.
            return Ok(if asked == 0 || header == Some(0) { 0 } else { fixed });
        }
        if asked == 0 {
            return Ok(0);
        }
        if asked < expires_min {
            return Err(RegistrarRefusal::TooBrief { min: expires_min });
        }
        let most = asked.min(expires_max);
        let span = u64::from(most) * u64::from(self.settings.spread_percent.min(100)) / 100;
        let shortened = self.mixed(contact) % (span + 1);
        let seconds = most - u32::try_from(shortened).unwrap_or_default();
        Ok(seconds.max(expires_min.min(most)))
    }

    /// A number that differs between phones and between their requests. It only spreads load.
    fn mixed(&self, contact: &AskedContact) -> u64 {
        let texts = [&self.registration.aor, &self.registration.call_id, &contact.uri];
        let bytes = texts.into_iter().flat_map(|text| text.bytes());
        let sum = bytes.fold(0xCBF2_9CE4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        let sum = sum ^ u64::from(self.registration.cseq).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let sum = (sum ^ (sum >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let sum = (sum ^ (sum >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        sum ^ (sum >> 31)
    }

    fn uses_outbound(&self, contact: &AskedContact) -> bool {
        self.registration.supports_outbound
            && contact.instance.is_some()
            && contact.reg_id.is_some()
    }

    /// Whether two contacts of the request are for one binding.
    fn mean_the_same(&self, one: &AskedContact, other: &AskedContact) -> bool {
        let of_flows = self.uses_outbound(one) && self.uses_outbound(other);
        same_or_unknown(&one.instance, &other.instance)
            && if of_flows { one.reg_id == other.reg_id } else { same_uri(&one.uri, &other.uri) }
    }

    /// Whether the contact means that binding.
    fn matches(&self, binding: &Binding, contact: &AskedContact) -> bool {
        // A name that a phone writes itself does not reach what another device has.
        let may_be_same = same_or_unknown(&binding.instance, &contact.instance)
            && same_or_unknown(&binding.device, &self.registration.device);
        if self.uses_outbound(contact) && binding.reg_id.is_some() {
            return may_be_same && binding.reg_id == contact.reg_id;
        }
        may_be_same && same_uri(&binding.uri, &contact.uri)
    }

    /// Whether the phone of the contact left that binding behind.
    fn is_superseded(&self, binding: &Binding, contact: &AskedContact) -> bool {
        let same_phone = match (&binding.instance, &contact.instance) {
            (Some(one), Some(other)) => {
                one.eq_ignore_ascii_case(other)
                    && same_or_unknown(&binding.device, &self.registration.device)
            }
            _ => match (&binding.device, &self.registration.device) {
                (Some(one), Some(other)) => **one == **other,
                _ => false,
            },
        };
        let one_conversation = *binding.call_id == *self.registration.call_id
            && binding.flow == self.registration.flow
            && binding.is_live;
        same_phone && binding.reg_id.is_none() && !self.uses_outbound(contact) && !one_conversation
    }

    fn age(&self, binding: &Binding) -> Age {
        if *binding.call_id != *self.registration.call_id || binding.cseq < self.registration.cseq {
            Age::Newer
        } else if binding.cseq == self.registration.cseq && binding.flow == self.registration.flow {
            Age::Same
        } else {
            Age::Older
        }
    }

    fn bindings(&self) -> impl Iterator<Item = (u64, &'b Binding)> + use<'a, 'b> {
        let index = self.index;
        let ids = index.ids_of_aor(&self.registration.aor).iter();
        ids.filter_map(move |id| Some((*id, index.get(*id)?)))
    }
}

impl Plan<'_> {
    fn is_taken(&self, id: u64) -> bool {
        self.gone.contains(&id)
            || self.deeds.iter().any(|deed| match deed {
                Deed::Keep(kept) => *kept == id,
                Deed::Bind { places, .. } => places.contains(&id),
            })
    }

    /// How many bindings it makes.
    fn made(&self) -> usize {
        self.deeds.iter().filter(|deed| matches!(deed, Deed::Bind { .. })).count()
    }

    /// Those that will not be there any more.
    fn lost(&self) -> impl Iterator<Item = u64> {
        let places = self.deeds.iter().filter_map(|deed| match deed {
            Deed::Keep(_) => None,
            Deed::Bind { places, .. } => Some(places),
        });
        self.gone.iter().chain(places.flatten()).copied()
    }
}

/// A request as seen from a binding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Older,
    Same,
    Newer,
}

fn same_or_unknown(one: &Option<impl AsRef<str>>, other: &Option<impl AsRef<str>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.as_ref().eq_ignore_ascii_case(other.as_ref()),
        _ => true,
    }
}

/// Whether the proxy next to the phone says that it keeps flows. It is the first one that wrote a Path, so
/// the last value; some count from the other side.
fn first_hop_keeps_flows(path: &[String]) -> bool {
    let says_so = |value: &String| {
        let uri = value.split_once('<').map_or(value.as_str(), |(_, uri)| uri);
        let uri = uri.split_once('>').map_or(uri, |(uri, _)| uri);
        uri.split(';').skip(1).any(|each| each.trim().eq_ignore_ascii_case("ob"))
    };
    path.first().is_some_and(says_so) || path.last().is_some_and(says_so)
}
