//! What a call carries, merged from the events that tell of it.

use std::collections::BTreeMap;

use domain::{CallVariable, VARIABLES_MAX};
use protocols::cti::{CallContext, Text};

/// What a call carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    ani: Text,
    dnis: Text,
    dialled: Text,
    digits: Text,
    variables: [Text; 10],
    wrap_up: Text,
    /// Named variables, and elements of named arrays as `NAME[INDEX]`.
    named: BTreeMap<String, Box<str>>,
}

impl Context {
    /// Takes what an event tells. An update tells what changed alone, except named variables: where it
    /// has any it has all of them (version 22), and those it leaves out are gone.
    pub(super) fn take(&mut self, told: &CallContext, is_update: bool) {
        let set = |known: &mut Text, told: &Text| {
            if told.is_some() {
                known.clone_from(told);
            }
        };
        set(&mut self.ani, &told.ani);
        set(&mut self.dnis, &told.dnis);
        set(&mut self.dialled, &told.dialed_number);
        set(&mut self.digits, &told.caller_entered_digits);
        set(&mut self.wrap_up, &told.wrapup);
        for (known, told) in self.variables.iter_mut().zip(&told.variables) {
            set(known, told);
        }
        let has_named = !(told.named_variables.is_empty() && told.named_arrays.is_empty());
        if is_update && has_named {
            self.named.clear();
        }
        for variable in &told.named_variables {
            self.named.insert(variable.name.to_string(), variable.value.clone());
        }
        for element in &told.named_arrays {
            let name = format!("{}[{}]", element.name, element.index);
            self.named.insert(name, element.value.clone());
        }
        // What one call shows is bounded, and so is what is kept of it.
        while self.named.len() > VARIABLES_MAX {
            self.named.pop_last();
        }
    }

    /// Takes from another call what this one does not have.
    pub(super) fn fill(&mut self, other: Self) {
        let fill = |known: &mut Text, other: Text| {
            if known.is_none() {
                *known = other;
            }
        };
        fill(&mut self.ani, other.ani);
        fill(&mut self.dnis, other.dnis);
        fill(&mut self.digits, other.digits);
        for (known, other) in self.variables.iter_mut().zip(other.variables) {
            fill(known, other);
        }
        for (name, value) in other.named {
            self.named.entry(name).or_insert(value);
        }
        while self.named.len() > VARIABLES_MAX {
            self.named.pop_last();
        }
    }

    pub(super) fn caller(&self) -> Option<String> {
        self.ani.as_deref().filter(|it| !it.is_empty()).map(str::to_owned)
    }

    pub(super) fn dialled(&self) -> Option<String> {
        self.dialled.as_deref().filter(|it| !it.is_empty()).map(str::to_owned)
    }

    pub(super) fn note_wrap_up(&mut self, text: &str) {
        self.wrap_up = Some(text.into());
    }

    pub(super) fn wrap_up(&self) -> Option<String> {
        self.wrap_up.as_deref().filter(|it| !it.is_empty()).map(str::to_owned)
    }

    /// What layouts may show, by the names that desktops use: `callVariable1` to `10`, `ANI`, `DNIS`,
    /// `dialedNumber`, `callerEnteredDigits`, then named variables.
    pub(super) fn variables(&self) -> Vec<CallVariable> {
        let numbered = self.variables.iter().enumerate();
        let numbered = numbered.map(|(index, value)| (format!("callVariable{}", index + 1), value));
        let plain = [
            ("ANI", &self.ani),
            ("DNIS", &self.dnis),
            ("dialedNumber", &self.dialled),
            ("callerEnteredDigits", &self.digits),
        ];
        let plain = plain.into_iter().map(|(name, value)| (name.to_owned(), value));
        let known = numbered.chain(plain).filter_map(|(name, value)| {
            let value = value.as_deref().filter(|value| !value.is_empty())?;
            Some(CallVariable { name, value: value.to_owned() })
        });
        let named = self
            .named
            .iter()
            .map(|(name, value)| CallVariable { name: name.clone(), value: value.to_string() });
        known.chain(named).take(VARIABLES_MAX).collect()
    }
}
