//! The lines about calls: who calls, by which queue, what was noted, and what other lines do.

use domain::{Call, CallDirection, CallState, ReasonCategory};

use super::{Scene, Shown};

impl Scene<'_> {
    /// Who calls or is called, and whether the two talk yet.
    pub(super) fn call_line(&self, shown: Shown<'_>) -> Option<String> {
        shown.presence.call().map(|call| self.call_words(call))
    }

    fn call_words(&self, call: &Call) -> String {
        let texts = self.client.texts;
        let text = match call.direction {
            CallDirection::Inbound => "call-from",
            CallDirection::Outbound => "call-to",
        };
        let words = match call.number.as_str() {
            "" => texts.with(text, &[("number", &texts.text("call-no-number"))]),
            number => texts.with(text, &[("number", number)]),
        };
        let state = match call.state {
            CallState::Alerting => "call-alerting",
            CallState::Dialling => "call-dialling",
            CallState::Held => "call-held",
            CallState::Active | CallState::Over => return words,
        };
        texts.with("call-with-state", &[("call", &words), ("state", &texts.text(state))])
    }

    /// The queue the call came through.
    pub(super) fn queue_line(&self, shown: Shown<'_>) -> Option<String> {
        let queue = shown.presence.call()?.queue.as_ref()?;
        Some(self.client.texts.with("home-queue", &[("queue", queue)]))
    }

    /// Calls beside the one that matters, the agent's own line first; those on other lines are only
    /// told of (CTI-09).
    pub(super) fn other_calls(&self, shown: Shown<'_>) -> Vec<String> {
        /// More would push what matters off small screens.
        const SHOWN_MAX: usize = 3;
        let main = shown.presence.call();
        let is_main = |call: &Call| main.is_some_and(|main| std::ptr::eq(main, call));
        let calls = shown.presence.calls.iter();
        let others = calls.filter(|call| !is_main(call) && call.state != CallState::Over);
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|call| call.other_line.is_some());
        let words = others.into_iter().map(|call| match &call.other_line {
            None => self.call_words(call),
            Some(line) => {
                let call = self.call_words(call);
                let arguments = [("extension", line.as_str()), ("call", call.as_str())];
                self.client.texts.with("home-other-line", &arguments)
            }
        });
        words.take(SHOWN_MAX).collect()
    }

    /// What was noted about the call.
    pub(super) fn wrap_up_line(&self, shown: Shown<'_>) -> Option<String> {
        let call = shown.presence.call()?;
        let reason = match (call.wrap_up_reason, &call.wrap_up_text) {
            (Some(code), _) => self.reason(ReasonCategory::WrapUp, code),
            (None, text) => text.clone().filter(|text| !text.is_empty())?,
        };
        Some(self.client.texts.with("home-wrap-up", &[("reason", &reason)]))
    }
}
