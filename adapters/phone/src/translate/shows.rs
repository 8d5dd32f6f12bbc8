//! By what two pages are compared, so that one that says nothing new is not pushed.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::Call;
use domain::settings::Settings;

use super::Shown;

/// What a page shows, without how long it has been so: pages that agree in it are the same to whoever
/// reads them. Good within one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shows {
    /// What its links carry; a page with an older one cannot be pressed on.
    pub(crate) mark: u32,
    /// A digest of what the home screen shows.
    home: u64,
    /// A digest of what only the call's own page shows.
    call: u64,
}

impl Shows {
    /// What pages of that session show.
    pub(crate) fn of(shown: Shown<'_>, settings: &Settings) -> Self {
        if shown.session.agent.is_owned() {
            // Every change there counts, and shows.
            return Self { mark: shown.mark, ..Self::default() };
        }
        let presence = shown.presence;
        let mut home = DefaultHasher::new();
        // A take-over of the line or a new mobile number shows too.
        shown.signed_in.changes.hash(&mut home);
        (presence.state, presence.pending, presence.not_known_since.is_some()).hash(&mut home);
        // How many calls wait changes all the time, and comes with the next refresh.
        for call in &presence.calls {
            (&call.id, call.direction, call.state, &call.number).hash(&mut home);
            (&call.other_line, &call.queue).hash(&mut home);
            (call.wrap_up_reason, &call.wrap_up_text).hash(&mut home);
        }
        let mut data = DefaultHasher::new();
        if let Some(call) = presence.call() {
            fields(call, shown, settings).hash(&mut data);
        }
        Self { mark: shown.mark, home: home.finish(), call: data.finish() }
    }

    /// What pages show that nothing but their mark tells apart.
    #[cfg(test)]
    pub(crate) fn marked(mark: u32) -> Self {
        Self { mark, ..Self::default() }
    }

    /// Whether a page that shows this says the same as one that shows the other.
    pub(crate) fn is_same(self, other: Self, is_call_page: bool) -> bool {
        let is_same_home = self.mark == other.mark && self.home == other.home;
        is_same_home && (!is_call_page || self.call == other.call)
    }
}

/// What came with a call, as the agent's layout has it: the desktop's two columns folded into one
/// (PHN-07); without a layout, all of it.
pub(super) fn fields<'a>(
    call: &'a Call,
    shown: Shown<'_>,
    settings: &'a Settings,
) -> Vec<(&'a str, &'a str)> {
    let value = |name: &str| {
        let found = call.variables.iter().find(|variable| variable.name == name);
        found.map_or("-", |variable| variable.value.as_str())
    };
    match settings.layout_for(shown.agent()) {
        Some(layout) => {
            let fields = layout.folded();
            fields.map(|field| (field.label.as_str(), value(&field.variable))).collect()
        }
        None => {
            let variables = call.variables.iter();
            variables.map(|variable| (variable.name.as_str(), variable.value.as_str())).collect()
        }
    }
}
