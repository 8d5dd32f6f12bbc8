//! Commands of the control socket, done at once or answered when their time comes.

use serde_json::{Value, json};

use super::lines::Incoming;
use super::{Now, Output, Side, World};
use crate::cti::call_events::{Context, NO_CAUSE, connection};
use crate::cti::numbers::{STATES, state};
use crate::cti::wire::NONE;

impl World {
    /// A control request; it is answered under its ticket, at once or later.
    pub(crate) fn control(&mut self, now: Now, ticket: u64, request: &Value) {
        self.now = now;
        let outcome = match text(request, "command") {
            "wait" => self.begin_wait(ticket, request),
            "load" => self.begin_load(ticket, request).map(|()| None),
            _ => self.command(request).map(Some),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(answer)) => self.reply(ticket, answer),
            Err(problem) => {
                let answer = json!({"ok": false, "problem": problem});
                self.outputs.push(Output::Reply { ticket, answer });
            }
        }
        self.step_over();
    }

    /// Answers a request with members beside `ok`.
    pub(super) fn reply(&mut self, ticket: u64, answer: Value) {
        let mut answer = answer;
        if let Value::Object(members) = &mut answer {
            members.insert("ok".to_owned(), json!(true));
        }
        self.outputs.push(Output::Reply { ticket, answer });
    }

    fn command(&mut self, request: &Value) -> Result<Value, String> {
        let limit = usize::try_from(number(request, "limit")?.unwrap_or(100)).unwrap_or(100);
        match text(request, "command") {
            "agents" => {
                let only = request.get("signed_on") == Some(&json!(true));
                let agents = self.agents.iter().filter(|agent| !only || agent.signed_on());
                let now = self.now.instant;
                let listed: Vec<_> = agents.take(limit).map(|agent| agent.to_json(now)).collect();
                Ok(json!({"count": self.agents.len(), "agents": listed}))
            }
            "agent" => {
                let agent = self.wanted_agent(request)?;
                self.agent_json(agent)
            }
            "sign-in" => self.sign_in_elsewhere(request),
            "sign-out" => {
                let agent = self.wanted_agent(request)?;
                let reason = short(request, "reason")?.unwrap_or(999);
                self.signed_on_or_not(agent)?;
                self.become_state(agent, state::LOGOUT, reason);
                self.agent_json(agent)
            }
            "state" => self.set_state(request),
            "call" => self.place_call(request),
            "answer" | "hold" | "retrieve" => self.phone_key(request),
            "clear" => self.clear(request),
            "data" => {
                let id = self.wanted_call(request)?;
                let changed = context(request)?;
                self.change_data(id, &changed);
                Ok(json!({ "call": id }))
            }
            "dial" => {
                let agent = self.wanted_agent(request)?;
                let second = number(request, "line")?.unwrap_or(1) == 2;
                let number = text_or_number(request, "number");
                let id = self.dial(agent, second, &number, Context::default(), false);
                let id = id.map_err(|code| format!("the switch refuses with {code}"))?;
                Ok(json!({ "call": id }))
            }
            "calls" => {
                let calls: Vec<_> = self.calls.values().map(|call| call.to_json(self)).collect();
                Ok(json!({ "calls": calls }))
            }
            "device" => self.device(request),
            "peripheral" => {
                self.online = one_of(text(request, "online"), &["offline", "online"])? == 1;
                let event = if self.online { 3 } else { 4 };
                self.tell_system(event, self.settings.peripheral, "");
                Ok(json!({ "online": self.online }))
            }
            "system-event" => {
                let event = number(request, "event")?.ok_or("system-event wants a number")?;
                let argument = number(request, "argument")?;
                let argument = argument.unwrap_or(u64::from(self.settings.peripheral));
                let words = text(request, "text").to_owned();
                let narrow = |value| u32::try_from(value).map_err(|_| "it is too big".to_owned());
                self.tell_system(narrow(event)?, narrow(argument)?, &words);
                Ok(json!({}))
            }
            "side" => self.side(request),
            "fault" => self.fault(request),
            "violations" => {
                let answer = json!({
                    "count": self.violations_count,
                    "violations": self.violations,
                });
                if request.get("clear") == Some(&json!(true)) {
                    self.violations.clear();
                    self.violations_count = 0;
                }
                Ok(answer)
            }
            "sessions" => Ok(json!({ "sessions": self.sessions_json() })),
            "log" => {
                let wanted = text(request, "request").to_uppercase();
                let lines =
                    self.log.iter().rev().filter(|line| {
                        wanted.is_empty() || text(line, "message").starts_with(&wanted)
                    });
                let mut lines: Vec<_> = lines.take(limit).cloned().collect();
                lines.reverse();
                Ok(json!({ "requests": lines }))
            }
            "states" => Ok(self.load_states(number(request, "limit")?)),
            "reset" => {
                self.reset();
                Ok(json!({}))
            }
            other => Err(format!("{other:?} is no command")),
        }
    }

    pub(super) fn agent_json(&self, agent: usize) -> Result<Value, String> {
        let found = self.agents.get(agent).ok_or("no such agent")?;
        Ok(json!({ "agent": found.to_json(self.now.instant) }))
    }

    fn wanted_agent(&self, request: &Value) -> Result<usize, String> {
        let name = text_or_number(request, "agent");
        self.agent_of(&name).ok_or_else(|| format!("{name:?} is no agent's id, extension or line"))
    }

    fn signed_on_or_not(&self, agent: usize) -> Result<(), String> {
        let found = self.agents.get(agent).ok_or("no such agent")?;
        if found.signed_on() {
            return Ok(());
        }
        Err(format!("agent {} is not signed in; `sign-in` does that", found.person.id))
    }

    fn sign_in_elsewhere(&mut self, request: &Value) -> Result<Value, String> {
        let index = self.wanted_agent(request)?;
        let agent = self.agents.get(index).ok_or("no such agent")?;
        if agent.signed_on() {
            return Err(format!("agent {} is signed in already", agent.person.id));
        }
        let line = text_or_number(request, "line");
        let place = match line.as_str() {
            "" => index,
            line => self
                .by_line
                .get(line)
                .map(|(place, _)| *place)
                .ok_or_else(|| format!("{line:?} is no line"))?,
        };
        if self.occupants.contains_key(&place) {
            return Err("somebody else is signed in at that line".into());
        }
        self.take_place(index, place);
        let instrument = self.agents.get(place).map(|at| at.person.instrument.clone());
        let device = text(request, "device").to_owned();
        if let Some(agent) = self.agents.get_mut(index) {
            agent.instrument = instrument.unwrap_or_default();
            agent.terminal = if device.is_empty() {
                agent.person.devices.first().cloned().unwrap_or_default()
            } else {
                device
            };
        }
        self.signed_on(index);
        if !text(request, "state").is_empty() {
            self.wish(index, wanted_state(text(request, "state"))?, 0);
        }
        self.agent_json(index)
    }

    fn set_state(&mut self, request: &Value) -> Result<Value, String> {
        let agent = self.wanted_agent(request)?;
        self.signed_on_or_not(agent)?;
        let wanted = wanted_state(text(request, "state"))?;
        let usual = if matches!(wanted, state::NOT_READY | state::LOGOUT) { 999 } else { 0 };
        let reason = short(request, "reason")?.unwrap_or(usual);
        self.wish(agent, wanted, reason);
        self.agent_json(agent)
    }

    fn place_call(&mut self, request: &Value) -> Result<Value, String> {
        let to = text_or_number(request, "extension");
        let second = number(request, "line")?.unwrap_or(1) == 2;
        let queue = text_or_number(request, "queue");
        let group = match queue.as_str() {
            "" => None,
            queue => {
                let groups = &self.settings.population.skill_groups;
                let found = groups.iter().find(|group| {
                    group.name.eq_ignore_ascii_case(queue) || group.number.to_string() == queue
                });
                Some(
                    found
                        .ok_or_else(|| {
                            let names: Vec<_> =
                                groups.iter().map(|group| group.name.as_str()).collect();
                            format!("{queue:?} is no queue; there are {}", names.join(", "))
                        })?
                        .number,
                )
            }
        };
        let target = match to.as_str() {
            "" if group.is_none() => {
                return Err("call wants an agent, an extension or --queue".into());
            }
            "" => None,
            to => {
                let agent = self.agent_of(to);
                let agent = agent.ok_or_else(|| format!("{to:?} is no agent and no extension"))?;
                let by_line = self.agent_at(to).is_some_and(|(_, second)| second);
                Some((agent, second || by_line))
            }
        };
        if let Some((agent, true)) = target
            && self.agents.get(agent).is_none_or(|agent| agent.second_line.is_empty())
        {
            return Err("that phone has no second line".into());
        }
        let mut context = context(request)?;
        if context.ani.is_empty() {
            context.ani = "5550100".to_owned();
        }
        let extension = target.and_then(|(agent, second)| {
            let agent = self.agents.get(agent)?;
            Some(if second { agent.second_line.clone() } else { agent.extension.clone() })
        });
        let called = match (&context.dnis, extension) {
            (dnis, _) if !dnis.is_empty() => dnis.clone(),
            (_, Some(extension)) => extension,
            (_, None) => "8000".to_owned(),
        };
        if context.dnis.is_empty() {
            context.dnis.clone_from(&called);
        }
        let calling = context.ani.clone();
        let id = self.incoming(Incoming { to: target, called, calling, context, group })?;
        let call = self.calls.get(&id).map(|call| call.to_json(self));
        Ok(json!({ "call": id, "details": call }))
    }

    fn phone_key(&mut self, request: &Value) -> Result<Value, String> {
        let agent = self.wanted_agent(request)?;
        let command = text(request, "command");
        let wanted = match command {
            "answer" => connection::ALERTING,
            "hold" => connection::CONNECT,
            _ => connection::HOLD,
        };
        let leg = self.leg_of(agent, NONE, &[wanted]);
        let (id, party) = leg.ok_or_else(|| format!("there is no call to {command} there"))?;
        match command {
            "answer" => self.answer(id, party),
            "hold" => self.hold(id, party),
            _ => self.retrieve(id, party),
        }
        Ok(json!({ "call": id }))
    }

    /// A call by its number, or the one an agent has.
    fn wanted_call(&self, request: &Value) -> Result<u32, String> {
        let name = text_or_number(request, "agent");
        if let Some(id) = name.parse().ok().filter(|id| self.calls.contains_key(id)) {
            return Ok(id);
        }
        let agent = self.agent_of(&name);
        let agent = agent.ok_or_else(|| format!("{name:?} is neither an agent nor a call"))?;
        let any = [connection::CONNECT, connection::ALERTING, connection::HOLD];
        let leg = self.leg_of(agent, NONE, &any);
        leg.map(|(id, _)| id).ok_or_else(|| "there is no call".to_owned())
    }

    fn clear(&mut self, request: &Value) -> Result<Value, String> {
        let id = self.wanted_call(request)?;
        let name = text_or_number(request, "agent");
        let any = [connection::CONNECT, connection::HOLD];
        let leg = self.agent_of(&name).and_then(|agent| self.leg_of(agent, id, &any));
        match leg {
            Some((id, party)) => self.leave(id, party, NO_CAUSE),
            None => self.finish(id, NO_CAUSE),
        }
        Ok(json!({ "call": id }))
    }

    fn device(&mut self, request: &Value) -> Result<Value, String> {
        let index = self.wanted_agent(request)?;
        let out = one_of(text(request, "in"), &["in", "out"])? == 1;
        let place = self.agents.get(index).map_or(index, |agent| agent.place);
        let Some(phone) = self.agents.get_mut(place) else { return Err("no such phone".into()) };
        phone.out_of_service = out;
        let instrument = phone.person.instrument.clone();
        let event = if out { 10 } else { 11 };
        self.tell_system(event, self.settings.peripheral, &instrument);
        if out && self.agents.get(index).is_some_and(|agent| agent.signed_on()) {
            self.become_state(index, state::LOGOUT, 50_003);
        }
        self.agent_json(index)
    }

    fn side(&mut self, request: &Value) -> Result<Value, String> {
        let side = side_named(text(request, "side"))?;
        let what = text(request, "what");
        let named = || side.ok_or_else(|| format!("side {what} wants a or b"));
        match what {
            "show" => {}
            "active" => {
                if self.sides.up.get(named()? as usize) != Some(&true) {
                    return Err("that side is down".into());
                }
                self.activate(named()?);
            }
            "down" => self.side_down(named()?),
            "up" => {
                if named()? == Side::B && !self.settings.two_sides {
                    return Err("there is no side b; start with --listen-b".into());
                }
                self.side_up(named()?);
            }
            "maintenance" => drop(self.maintenance_begins()?),
            other => {
                return Err(format!("{other:?}: it is active, down, up, maintenance or show"));
            }
        }
        let [a, b] = self.sides.up;
        Ok(json!({
            "active": self.sides.active.name(),
            "up": {"a": a, "b": b},
            "maintenance": self.sides.maintenance.is_some(),
        }))
    }

    fn reset(&mut self) {
        for id in self.calls.keys().copied().collect::<Vec<_>>() {
            self.finish(id, NO_CAUSE);
        }
        for agent in 0..self.agents.len() {
            if self.agents.get(agent).is_some_and(|agent| agent.signed_on()) {
                self.become_state(agent, state::LOGOUT, 0);
            }
            if let Some(agent) = self.agents.get_mut(agent) {
                agent.forget();
            }
        }
        self.no_faults();
        self.violations.clear();
        self.violations_count = 0;
        self.log.clear();
        self.load = None;
    }
}

fn context(request: &Value) -> Result<Context, String> {
    let mut context = Context {
        ani: text_or_number(request, "ani"),
        dnis: text_or_number(request, "dnis"),
        ced: text_or_number(request, "ced"),
        wrap_up: text_or_number(request, "wrap_up"),
        ..Context::default()
    };
    for (place, limit) in
        [(&context.ani, 39), (&context.dnis, 31), (&context.ced, 39), (&context.wrap_up, 39)]
    {
        if place.len() > limit || !place.is_ascii() {
            return Err(format!("{place:?}: at most {limit} ASCII characters"));
        }
    }
    for (name, value) in pairs(request, "variables")? {
        let place = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let place = place.and_then(|place| context.variables.get_mut(place));
        let place = place.ok_or_else(|| format!("variable {name:?}: they are 1 to 10"))?;
        if value.len() > 40 || !value.is_ascii() {
            return Err(format!("variable {name}: at most 40 ASCII characters"));
        }
        *place = value;
    }
    for (name, value) in pairs(request, "named")? {
        if name.is_empty() || name.len() > 32 || value.len() > 210 {
            return Err(format!(
                "named variable {name:?}: name 1 to 32, value up to 210 characters"
            ));
        }
        context.named.insert(name, value);
    }
    Ok(context)
}

fn pairs(request: &Value, name: &str) -> Result<Vec<(String, String)>, String> {
    match request.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Object(members)) => Ok(members
            .keys()
            .map(|key| {
                (key.clone(), text_or_number(request.get(name).unwrap_or(&Value::Null), key))
            })
            .collect()),
        Some(_) => Err(format!("{name} is an object of texts")),
    }
}

pub(super) fn text<'a>(request: &'a Value, name: &str) -> &'a str {
    request.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn text_or_number(request: &Value, name: &str) -> String {
    match request.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn number(request: &Value, name: &str) -> Result<Option<u64>, String> {
    match request.get(name) {
        None => Ok(None),
        Some(_) => text_or_number(request, name)
            .parse()
            .map(Some)
            .map_err(|_| format!("{name} is a number")),
    }
}

fn short(request: &Value, name: &str) -> Result<Option<u16>, String> {
    let value = number(request, name)?;
    value.map(|it| u16::try_from(it).map_err(|_| format!("{name} is at most 65535"))).transpose()
}

pub(super) fn one_of(value: &str, names: &[&str]) -> Result<usize, String> {
    let place = names.iter().position(|name| *name == value);
    place.ok_or_else(|| format!("{value:?}: it is {}", names.join(" or ")))
}

pub(super) fn side_named(name: &str) -> Result<Option<Side>, String> {
    match name {
        "" => Ok(None),
        "a" | "A" => Ok(Some(Side::A)),
        "b" | "B" => Ok(Some(Side::B)),
        _ => Err(format!("{name:?}: a side is a or b")),
    }
}

pub(super) fn wanted_state(name: &str) -> Result<u16, String> {
    let usual = match name {
        "ready" => "available",
        "work" => "work-ready",
        "signed-out" => "logout",
        other => other,
    };
    let place = STATES.iter().position(|each| *each == usual);
    let place = place
        .ok_or_else(|| format!("{name:?} is no state; they are ready, {}", STATES.join(", ")))?;
    Ok(u16::try_from(place).unwrap_or(state::UNKNOWN))
}
