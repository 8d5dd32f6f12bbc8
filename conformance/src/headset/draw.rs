//! The headset's base as lines of text, to be put beside the phone.
//!
//! Pure. The light is told in words and by its shape as well as by colour.

use super::base::{AgentState, Light, Mode};
use super::machine::Headset;

/// Columns within the frame.
const WIDTH: usize = 32;

/// One drawn line, all of them equally wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// Whose colour it has; `None` for the terminal's own.
    pub(crate) light: Option<Light>,
}

/// Draws the base with its frame.
pub(crate) fn draw(headset: &Headset) -> Vec<Line> {
    let base = &headset.base;
    let light = base.light();
    let agent = match (base.state, headset.agent()) {
        _ if headset.agent_problem().is_some() => headset.agent_problem().unwrap_or_default(),
        (None | Some(AgentState::Logout), _) => "nobody signed in",
        (Some(_), agent) => agent.unwrap_or("signed in"),
    };
    let state = match (base.state, base.reason) {
        (None, _) => "not told".to_owned(),
        (Some(state), 0) => words(state).to_owned(),
        (Some(state), reason) => format!("{} (reason {reason})", words(state)),
    };
    let microphone = match (base.plugged, base.muted) {
        (false, _) => "no headset",
        (true, true) => "MUTED",
        (true, false) => "open",
    };
    let key = match (base.plugged, base.would_ask()) {
        (false, _) => "nothing".to_owned(),
        (true, Some(state)) => format!("asks for {}", words(state)),
        (true, None) => "mutes".to_owned(),
    };
    let mode = match base.mode {
        Mode::Disabled if !headset.is_on() => "no integration",
        Mode::Disabled => "disabled",
        Mode::Notify => "shows the agent",
        Mode::Control => "shows and sets the agent",
    };
    let rows = [
        ("agent", agent.to_owned()),
        ("state", state),
        ("call", if base.in_call { "up" } else { "none" }.to_owned()),
        ("mic", microphone.to_owned()),
        ("m key", key),
        ("mode", mode.to_owned()),
        ("update", headset.last_update_words()),
        ("phone", if headset.is_registered() { "registered" } else { "not registered" }.to_owned()),
    ];
    let mut lines = vec![plain(format!("┌{}┐", fitted("─ headset base ", '─')))];
    lines.push(Line { text: framed(&format!(" {}", lamp(light))), light: Some(light) });
    lines.push(plain(format!("├{}┤", fitted("", '─'))));
    for (name, value) in rows {
        lines.push(plain(framed(&format!(" {name:<7}{value}"))));
    }
    lines.push(plain(format!("└{}┘", fitted("", '─'))));
    lines
}

/// Only the text, for a script.
pub(crate) fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// The light as a person without colours tells it from others.
fn lamp(light: Light) -> &'static str {
    match light {
        Light::Off => "( )  light off",
        Light::Green => "(+)  GREEN",
        Light::Red => "(■)  RED",
    }
}

fn words(state: AgentState) -> &'static str {
    match state {
        AgentState::Login => "signed in",
        AgentState::Logout => "signed out",
        AgentState::NotReady => "Not Ready",
        AgentState::Ready => "Ready",
    }
}

fn plain(text: String) -> Line {
    Line { text, light: None }
}

fn framed(text: &str) -> String {
    format!("│{}│", fitted(text, ' '))
}

/// Exactly as wide as the frame, cut or filled up; what is shown is never wider than its letters.
fn fitted(text: &str, fill: char) -> String {
    let shown = text.chars().map(|each| if each.is_control() { ' ' } else { each });
    shown.chain(std::iter::repeat(fill)).take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::headset::machine::Setup;

    #[test]
    fn the_light_is_told_without_colours() {
        let setup = Setup {
            device: "SEP001122334455".to_owned(),
            model: "562".to_owned(),
            serial: "1".to_owned(),
            file: None,
            places: Vec::new(),
            update_patience: Duration::from_secs(2),
            has_inventory: false,
        };
        let mut headset = Headset::new(setup);
        let shown = |headset: &Headset| {
            let lines = draw(headset);
            assert!(lines.iter().all(|line| line.text.chars().count() == WIDTH + 2));
            texts(&lines).join("\n")
        };
        assert!(shown(&headset).contains("light off"));
        headset.base.mode = Mode::Control;
        headset.base.told(AgentState::NotReady, 42);
        let drawn = shown(&headset);
        for words in ["RED", "Not Ready (reason 42)", "asks for Ready", "shows and sets the agent"]
        {
            assert!(drawn.contains(words), "{words} not in\n{drawn}");
        }
        headset.base.call_begins();
        assert!(shown(&headset).contains("GREEN"));
        headset.base.press();
        assert!(shown(&headset).contains("MUTED"));
    }
}
