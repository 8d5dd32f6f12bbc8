//! A table of transactions, found by ids that are never given twice.

/// How many entries a table or queue may have room for when it is empty.
pub(super) const ROOM: usize = 1_024;

/// Where a transaction stands in its table, and which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id {
    serial: u64,
    at: u32,
}

#[derive(Debug)]
struct Slot<T> {
    serial: u64,
    value: Option<T>,
}

/// Values in a row whose places are used again. It gives its room back when it is empty.
#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    serial: u64,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), serial: 0 }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Puts a value in; `None` where there are more than ids for them.
    pub(super) fn insert(&mut self, value: T) -> Option<Id> {
        self.serial += 1;
        let serial = self.serial;
        let slot = Slot { serial, value: Some(value) };
        if let Some(at) = self.free.pop() {
            *self.slots.get_mut(at as usize)? = slot;
            return Some(Id { serial, at });
        }
        let at = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(slot);
        Some(Id { serial, at })
    }

    /// The value of that id, while it is there.
    pub(super) fn get(&self, id: Id) -> Option<&T> {
        let slot = self.slots.get(id.at as usize)?;
        slot.value.as_ref().filter(|_| slot.serial == id.serial)
    }

    /// The value of that id, while it is there.
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.at as usize)?;
        slot.value.as_mut().filter(|_| slot.serial == id.serial)
    }

    /// Takes the value of that id out.
    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let slot = self.slots.get_mut(id.at as usize).filter(|slot| slot.serial == id.serial)?;
        let value = slot.value.take()?;
        self.free.push(id.at);
        if self.len() == 0 && self.slots.capacity() > ROOM {
            self.slots = Vec::new();
            self.free = Vec::new();
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_finds_its_value_and_never_another() {
        let mut slots = Slots::new();
        let first = slots.insert('a').unwrap();
        let second = slots.insert('b').unwrap();
        assert_eq!(slots.remove(first), Some('a'));
        let third = slots.insert('c').unwrap();
        assert_eq!(third.at, first.at);
        assert_eq!(
            (slots.get(first), slots.get(second), slots.get(third)),
            (None, Some(&'b'), Some(&'c'))
        );
        assert_eq!((slots.remove(first), slots.len()), (None, 2));
        slots.remove(second);
        slots.remove(third);
        let many: Vec<_> = (0..2 * ROOM).map(|_| slots.insert('x').unwrap()).collect();
        assert!(many.into_iter().all(|id| slots.remove(id).is_some()));
        assert_eq!((slots.len(), slots.slots.capacity(), slots.free.capacity()), (0, 0, 0));
        let fourth = slots.insert('d').unwrap();
        assert_eq!((slots.get(first), slots.get(fourth)), (None, Some(&'d')));
    }
}
