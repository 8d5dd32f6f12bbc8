//! A settings file: what a person wrote, read and checked as a whole.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cti_pair::{self, Pairs};
use super::list::refuse_repeated;
use super::{
    Device, Layout, NewPassword, NewSecret, PhoneService, Push, Reader, Reason, SettingDocument,
    Team, Trust, Voice, WrittenAgent, WrittenCtiPair, WrittenPush,
};
use crate::{AgentId, PairName, Problem, Problems, Sealed, Secret};

const AGENTS_MAX: usize = 50_000;
const DEVICES_MAX: usize = 100_000;
const LISTED_MAX: usize = 10_000;

/// A settings file in which nothing is left to check but its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsFile {
    teams: Vec<Team>,
    agents: Vec<WrittenAgent>,
    reasons: Vec<Reason>,
    layouts: Vec<Layout>,
    devices: Vec<Device>,
    trust: Vec<Trust>,
    cti_pairs: Vec<WrittenCtiPair>,
    phone_service: PhoneService,
    push: Option<WrittenPush>,
    voice: Voice,
}

/// Whose secret is to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOf<'a> {
    /// The user that pushes to phones.
    Push,
    /// Our client at that pair; sealed for [`super::CLIENT_PASSWORD_PURPOSE`].
    CtiPair(&'a PairName),
}

/// The documents of a settings file, secrets hashed and sealed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents(pub Vec<SettingDocument>);

impl SettingsFile {
    /// Reads a whole settings document; every problem is told at once.
    pub fn read(value: Value) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut reader = Reader::new("", value, &mut problems);
        // First, since teams and agents name them.
        let pairs = Pairs::read(&mut reader);
        let teams = reader.list("teams", LISTED_MAX, |reader| Team::read(reader, &pairs));
        let agents = reader.list("agents", AGENTS_MAX, |reader| WrittenAgent::read(reader, &pairs));
        let reasons = reader.list("reason_codes", LISTED_MAX, Reason::read);
        let layouts = reader.list("layouts", LISTED_MAX, Layout::read);
        let devices = reader.list("devices", DEVICES_MAX, Device::read);
        let trust = reader.list("trust", 100, Trust::read);
        let (phone_service, push) =
            reader.table("phone_service", PhoneService::read).unwrap_or_default();
        let voice = reader.table("voice", Voice::read).unwrap_or_default();
        reader.finish();
        pairs.check_nodes(phone_service.alternates.len(), &mut problems);
        let cti_pairs = pairs.pairs;
        let file = Self {
            teams,
            agents,
            reasons,
            layouts,
            devices,
            trust,
            cti_pairs,
            phone_service,
            push,
            voice,
        };
        file.check_repeated(&mut problems);
        file.check_references(&mut problems);
        problems.into_result()?;
        Ok(file)
    }

    /// The passwords given in the clear, to be hashed; each with its agent.
    pub fn plain_passwords(&self) -> Vec<(AgentId, Secret)> {
        let plain = |written: &WrittenAgent| match &written.password {
            Some(NewPassword::Plain(secret)) => Some((written.agent.id.clone(), secret.clone())),
            _ => None,
        };
        self.agents.iter().filter_map(plain).collect()
    }

    /// What is taken but looks wrong, each under its key.
    pub fn warnings(&self) -> Vec<Problem> {
        let push_user = self.push.as_ref().map(|push| push.user.as_str());
        let pairs = self.cti_pairs.iter().map(|written| &written.pair);
        cti_pair::warnings(push_user, pairs.map(|it| (&it.name, it.rmcm_user.as_deref())))
    }

    /// The documents, with the hash that `hash` gives for each plain password (`None` keeps the
    /// agent from signing in) and secrets sealed by `seal`.
    pub fn into_documents(
        self,
        mut hash: impl FnMut(&AgentId) -> Option<String>,
        mut seal: impl FnMut(SecretOf<'_>, &Secret) -> Sealed,
    ) -> Documents {
        let mut sealed = |of: SecretOf<'_>, secret| match secret {
            NewSecret::Plain(secret) => seal(of, &secret),
            NewSecret::Sealed(sealed) => sealed,
        };
        let mut documents = Vec::new();
        documents.extend(self.teams.into_iter().map(SettingDocument::Team));
        documents.extend(self.agents.into_iter().map(|written| {
            let mut agent = written.agent;
            agent.password_hash = match written.password {
                Some(NewPassword::Hash(hash)) => Some(hash),
                Some(NewPassword::Plain(_)) => hash(&agent.id),
                None => None,
            };
            SettingDocument::Agent(agent)
        }));
        documents.extend(self.reasons.into_iter().map(SettingDocument::Reason));
        documents.extend(self.layouts.into_iter().map(SettingDocument::Layout));
        documents.extend(self.devices.into_iter().map(SettingDocument::Device));
        documents.extend(self.trust.into_iter().map(SettingDocument::Trust));
        documents.extend(self.cti_pairs.into_iter().map(|written| {
            let mut pair = written.pair;
            let secret = written.client_password;
            pair.client_password = secret.map(|it| sealed(SecretOf::CtiPair(&pair.name), it));
            SettingDocument::CtiPair(Box::new(pair))
        }));
        let push = self.push.map(|push| Push {
            user: push.user,
            password: sealed(SecretOf::Push, push.password),
            port: push.port,
        });
        let service = PhoneService { push, ..self.phone_service };
        documents.push(SettingDocument::PhoneService(Box::new(service)));
        documents.push(SettingDocument::Voice(self.voice));
        Documents(documents)
    }

    fn check_repeated(&self, problems: &mut Problems) {
        refuse_repeated("teams", &self.teams, |team| team.name.clone(), problems);
        refuse_repeated("agents", &self.agents, |agent| agent.agent.id.clone(), problems);
        refuse_repeated(
            "reason_codes",
            &self.reasons,
            |reason| format!("{} {}", reason.category.name(), reason.code),
            problems,
        );
        refuse_repeated("layouts", &self.layouts, |layout| layout.name.clone(), problems);
        refuse_repeated("devices", &self.devices, |device| device.name.clone(), problems);
        refuse_repeated("trust", &self.trust, |trust| trust.name.clone(), problems);
    }

    fn check_references(&self, problems: &mut Problems) {
        let teams: BTreeSet<_> = self.teams.iter().map(|team| &team.name).collect();
        let layouts: BTreeSet<_> = self.layouts.iter().map(|layout| layout.name.as_str()).collect();
        for written in &self.agents {
            let agent = &written.agent;
            if let Some(team) = agent.team.as_ref().filter(|team| !teams.contains(team)) {
                let message =
                    format_args!("{} is in team {team:?}, which is not in teams", agent.id);
                problems.add("agents", message);
            }
        }
        for reason in &self.reasons {
            for team in reason.teams.iter().filter(|team| !teams.contains(team)) {
                let code = reason.code;
                let message = format_args!("{code} names team {team:?}, which is not in teams");
                problems.add("reason_codes", message);
            }
        }
        for team in &self.teams {
            if let Some(layout) = team.layout.as_deref().filter(|name| !layouts.contains(name)) {
                let name = &team.name;
                let message =
                    format_args!("{name:?} has layout {layout:?}, which is not in layouts");
                problems.add("teams", message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::{Settings, SettingsHead, export};

    fn sample() -> Value {
        json!({
            "teams": [{"name": "Support", "layout": "default", "wrap_up_seconds": 20}],
            "agents": [
                {"id": 1001, "team": "Support", "extension": "2001", "password_hash": "$argon2id$x"},
                {"id": "1900", "roles": ["agent", "supervisor"], "password_hash": "$argon2id$y"},
            ],
            "reason_codes": [
                {"category": "not_ready", "code": 12, "label": "Lunch"},
                {"category": "wrap_up", "code": 1, "label": "Sale", "teams": ["Support"]},
            ],
            "layouts": [{
                "name": "default",
                "header": {"label": "Customer", "variable": "callVariable1"},
                "left": [{"label": "Order", "variable": "callVariable2"}],
            }],
            "devices": [{"name": "SEP001122334455", "lines": [2001]}],
            "phone_service": {
                "devices": "listed",
                "inactivity_seconds": 300,
                "alternates": {"gw-a.example": "gw-b.example"},
                "push": {"user": "push", "password_sealed": "v1:xyz", "port": 8443},
            },
            "voice": {"wrap_up_seconds": 0},
        })
    }

    fn documents(value: Value) -> Documents {
        let seal = |_: SecretOf<'_>, _: &Secret| Sealed::from_text("sealed");
        SettingsFile::read(value).unwrap().into_documents(|_| None, seal)
    }

    /// Reads `sample` with `key` set to `value` and compares the keys of all problems.
    #[track_caller]
    fn check(pointer: &str, value: Value, expected: &[&str]) {
        let mut sample = sample();
        *sample.pointer_mut(pointer).unwrap() = value;
        let keys: Vec<_> = match SettingsFile::read(sample) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
        };
        assert_eq!(keys, expected);
    }

    #[test]
    fn what_is_exported_is_read_back_as_it_was() {
        let documents = documents(sample());
        let settings = Settings::from_documents(&SettingsHead::default(), documents.0);
        let again = self::documents(export(&settings));
        assert_eq!(Settings::from_documents(&SettingsHead::default(), again.0), settings);
    }

    #[test]
    fn phn_12_push_credentials_are_ascii_and_at_most_95_characters() {
        let push = |password: &str| json!({"user": "u", "password": password});
        check("/phone_service/push", push(&"x".repeat(95)), &[]);
        check("/phone_service/push", push(&"x".repeat(96)), &["phone_service.push.password"; 2]);
        check("/phone_service/push", push("p\u{e4}ss"), &["phone_service.push.password"]);
        let user = |user: &str| json!({"user": user, "password": "x"});
        check("/phone_service/push", user(&"u".repeat(95)), &[]);
        check("/phone_service/push", user(&"u".repeat(96)), &["phone_service.push.user"]);
    }

    #[test]
    fn phn_20_inactivity_is_off_or_120_to_86400_seconds() {
        let key = "/phone_service/inactivity_seconds";
        for seconds in [0, 120, 86_400] {
            check(key, json!(seconds), &[]);
        }
        for seconds in [1, 119, 86_401] {
            check(key, json!(seconds), &["phone_service.inactivity_seconds"]);
        }
    }

    #[test]
    fn phn_20_a_phone_on_the_home_screen_never_passes_for_silent() {
        let service = |inactivity: u32, refresh: u32| json!({"inactivity_seconds": inactivity, "home_refresh_seconds": refresh});
        for (inactivity, refresh) in [(120, 60), (1_200, 600), (0, 600)] {
            check("/phone_service", service(inactivity, refresh), &[]);
        }
        for (inactivity, refresh) in [(120, 61), (1_199, 600)] {
            let expected = ["phone_service.home_refresh_seconds"];
            check("/phone_service", service(inactivity, refresh), &expected);
        }
        check(
            "/phone_service",
            json!({"home_refresh_seconds": 61}),
            &["phone_service.home_refresh_seconds"],
        );
    }

    #[test]
    fn phn_09_an_alternate_is_called_what_the_phones_menu_calls_it() {
        let key = "/phone_service/alternates";
        for name in ["gw-b.example", "Agent B (Zürich)", "代替サービス", &"x".repeat(64)] {
            check(key, json!({"gw-a.example": name}), &[]);
        }
        for name in [json!(""), json!("x".repeat(65)), json!("a\nb"), json!(2), json!(null)] {
            check(key, json!({"gw-a.example": name}), &["phone_service.alternates"]);
        }
        check(key, json!({"no name": "gw-b.example"}), &["phone_service.alternates"]);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut bad = sample();
        bad["agents"][0]["id"] = json!("no spaces");
        bad["agents"][1]["roles"] = json!(["king"]);
        bad["reason_codes"][0]["label"] = json!("x".repeat(41));
        bad["devices"][0]["odd"] = json!(1);
        bad["teams"][0]["layout"] = json!("missing");
        let problems = SettingsFile::read(bad).unwrap_err();
        let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.as_str()).collect();
        assert_eq!(
            keys,
            ["agents[0].id", "agents[1].roles", "reason_codes[0].label", "devices[0].odd", "teams"]
        );
    }

    #[test]
    fn phn_06_reasons_are_global_or_the_teams() {
        let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
        let codes = |agent: &str, category| -> Vec<u16> {
            let agent = agent.parse().unwrap();
            settings.reasons_for(&agent, category).map(|reason| reason.code.0).collect()
        };
        use crate::ReasonCategory::{NotReady, WrapUp};
        assert_eq!(codes("1001", NotReady), [12]);
        assert_eq!(codes("1001", WrapUp), [1]);
        assert_eq!(codes("1900", NotReady), [12]);
        assert_eq!(codes("1900", WrapUp), [0u16; 0]);
    }

    #[test]
    fn phn_07_two_columns_fold_into_one() {
        let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
        let layout = settings.layout_for(&"1001".parse().unwrap()).unwrap();
        let labels: Vec<_> = layout.folded().map(|field| field.label.as_str()).collect();
        assert_eq!(labels, ["Customer", "Order"]);
    }
}
