//! Elements to values.

use super::super::{BYTES_MAX, OptionsIndication};
use super::{
    AgentState, AgentStatus, BadRemotecc, CallForward, ContactUpdate, DEPTH_MAX, DataPassThrough,
    Decoded, DialogId, Direction, DoNotDisturb, Feature, FeatureNotice, FeatureStatus, HeadsetNews,
    HeadsetServices, Lines, NODES_MAX, ReasonElement, Remotecc, Request, Response, Sequence,
    ServiceClass, SoftKey, SoftKeyEvent, StatusLine, Tone, VoiceMessages,
};
use crate::phone_xml::tree::{Element, Limits, read_within};

/// Characters of an unknown request's name that are told.
const NAME_CHARACTERS_MAX: usize = 40;

pub(super) fn document(bytes: &[u8]) -> Result<Decoded, BadRemotecc> {
    let limits = Limits { bytes_max: BYTES_MAX, depth_max: DEPTH_MAX, nodes_max: NODES_MAX };
    let root = read_within(bytes, limits).map_err(BadRemotecc::Xml)?;
    let mut reading = Reading { ignored: 0 };
    let remotecc = match root.name.to_ascii_lowercase().as_str() {
        "x-cisco-remotecc-request" => Remotecc::Request(reading.first_request(&root)?),
        "x-cisco-remotecc-response" => Remotecc::Response(reading.response(&root)?),
        _ => return Err(BadRemotecc::Root),
    };
    Ok(Decoded { remotecc, ignored: reading.ignored })
}

struct Reading {
    ignored: usize,
}

impl Reading {
    /// Counts the children of `element` that are not among `known`.
    fn known(&mut self, element: &Element, known: &[&str]) {
        let others = element.children.iter().filter(|one| !known.contains(&one.name.as_str()));
        self.ignored += others.count();
    }

    fn response(&mut self, root: &Element) -> Result<Response, BadRemotecc> {
        self.known(root, &["response"]);
        let response = root.child("response").ok_or(BadRemotecc::Missing("response"))?;
        self.known(response, &["code", "optionsind"]);
        let code = required(response, "code")?.parse().map_err(|_| BadRemotecc::Value("code"))?;
        let options = response.child("optionsind");
        let options = options.map(|element| OptionsIndication::read(element, &mut self.ignored));
        Ok(Response { code, options })
    }

    /// The first request that is known. There is one in all documents that were seen.
    fn first_request(&mut self, root: &Element) -> Result<Request, BadRemotecc> {
        for element in &root.children {
            if let Some(request) = self.request(element)? {
                self.ignored += root.children.len() - 1;
                return Ok(request);
            }
        }
        let Some(unknown) = root.children.first() else { return Err(BadRemotecc::Empty) };
        let is_shown = |one: &char| one.is_ascii_alphanumeric() || "-_.:".contains(*one);
        let name = unknown.name.chars().take(NAME_CHARACTERS_MAX).filter(is_shown).collect();
        Err(BadRemotecc::Unknown(name))
    }

    fn request(&mut self, element: &Element) -> Result<Option<Request>, BadRemotecc> {
        let request = match element.name.as_str() {
            "bulkregisterreq" => Request::BulkRegister(self.bulk_register(element)?),
            "optionsind" => Request::Options(OptionsIndication::read(element, &mut self.ignored)),
            "softkeyeventmsg" => Request::SoftKey(self.soft_key(element)?),
            "x-cisco-location" => Request::Location,
            "datapassthroughreq" => Request::DataPassThrough(self.pass_through(element)?),
            "statuslineupdatereq" => Request::StatusLine(self.status_line(element)?),
            "playtonereq" => {
                self.known(element, &["dialogid", "tonetype", "direction"]);
                Request::PlayTone {
                    dialog: self.dialog(element, "dialogid")?,
                    tone: Tone::of(required(element, "tonetype")?),
                    direction: optional(element, "direction").map_or(Direction::All, Direction::of),
                }
            }
            "notifyreq" => {
                self.known(element, &["dialogid", "feature", "status"]);
                Request::Notify(FeatureNotice {
                    dialog: self.only_dialog(element)?,
                    feature: Feature::of(required(element, "feature")?),
                    status: FeatureStatus::of(required(element, "status")?),
                })
            }
            "holdretrievereq" => {
                self.known(element, &["dialogid"]);
                Request::RetrieveHeld(self.only_dialog(element)?)
            }
            "answercallreq" => {
                self.known(element, &["dialogid"]);
                Request::AnswerCall(self.only_dialog(element)?)
            }
            "initiatecallreq" => {
                self.known(element, &["dialstring", "linenumber"]);
                Request::InitiateCall {
                    dialled: required(element, "dialstring")?.to_owned(),
                    line: number(element, "linenumber")?.unwrap_or(1),
                }
            }
            "hlogupdate" => {
                self.known(element, &["status"]);
                Request::HuntGroupLogOn(choice(element, "status", "on", "off")?)
            }
            "dndupdate" => {
                self.known(element, &["state", "option"]);
                Request::DoNotDisturb(DoNotDisturb {
                    enabled: choice(element, "state", "enable", "disable")?,
                    rejects: choice(element, "option", "callreject", "ringeroff")?,
                })
            }
            "cfwdallupdate" => Request::CallForward(self.forward(element)?),
            "bulkupdate" => Request::BulkUpdate(self.bulk_update(element)?),
            "agentstatusupdate" => Request::AgentStatus(self.agent_status(element)?),
            "hsintegrationservices" => {
                self.known(element, &["serviceclass", "status"]);
                Request::HeadsetServices(HeadsetServices {
                    class: ServiceClass::of(required(element, "serviceclass")?),
                    status: HeadsetNews::of(required(element, "status")?),
                })
            }
            _ => return Ok(None),
        };
        Ok(Some(request))
    }

    fn bulk_register(&mut self, element: &Element) -> Result<Vec<Lines>, BadRemotecc> {
        self.known(element, &["contact"]);
        let mut contacts = Vec::new();
        for contact in element.children.iter().filter(|child| child.name == "contact") {
            self.known(contact, &["register"]);
            if contact.child("register").is_some() {
                contacts.push(lines(contact)?);
            }
        }
        Ok(contacts)
    }

    fn soft_key(&mut self, element: &Element) -> Result<SoftKeyEvent, BadRemotecc> {
        self.known(element, &["softkeyevent", "dialogid", "consultdialogid", "joindialogid"]);
        Ok(SoftKeyEvent {
            key: SoftKey::of(required(element, "softkeyevent")?),
            dialog: self.dialog(element, "dialogid")?,
            consult_dialog: self.dialog(element, "consultdialogid")?,
            join_dialog: self.dialog(element, "joindialogid")?,
        })
    }

    /// What a phone leaves out stands as in what it is sent.
    fn pass_through(&mut self, element: &Element) -> Result<DataPassThrough, BadRemotecc> {
        let known = [
            "applicationid",
            "transactionid",
            "stationsequence",
            "displaypriority",
            "appinstance",
            "routingid",
            "confid",
        ];
        self.known(element, &known);
        let usual = DataPassThrough::default();
        let sequence = optional(element, "stationsequence");
        let or = |name, usual| number(element, name).map(|number| number.unwrap_or(usual));
        Ok(DataPassThrough {
            application: or("applicationid", usual.application)?,
            transaction: or("transactionid", usual.transaction)?,
            sequence: sequence.map_or(usual.sequence, Sequence::of),
            display_priority: or("displaypriority", usual.display_priority)?,
            application_instance: or("appinstance", usual.application_instance)?,
            routing: or("routingid", usual.routing)?,
            conference: or("confid", usual.conference)?,
        })
    }

    fn status_line(&mut self, element: &Element) -> Result<StatusLine, BadRemotecc> {
        let known =
            ["action", "dialogid", "statustext", "displaytimeout", "linenumber", "priority"];
        self.known(element, &known);
        if required(element, "action")? != "notify_display" {
            return Err(BadRemotecc::Value("action"));
        }
        let text = element.child("statustext").ok_or(BadRemotecc::Missing("statustext"))?;
        Ok(StatusLine {
            dialog: self.dialog(element, "dialogid")?,
            text: text.text.clone(),
            timeout_seconds: number(element, "displaytimeout")?.unwrap_or(0),
            line: number(element, "linenumber")?.unwrap_or(0),
            priority: number(element, "priority")?.unwrap_or(1),
        })
    }

    fn bulk_update(&mut self, element: &Element) -> Result<Vec<ContactUpdate>, BadRemotecc> {
        self.known(element, &["contact"]);
        let mut updates = Vec::new();
        for contact in element.children.iter().filter(|child| child.name == "contact") {
            self.known(contact, &["mwi", "emwi", "cfwdallupdate"]);
            let message_waiting = contact.child("mwi").map(|_| choice(contact, "mwi", "yes", "no"));
            let voice_messages = contact.child("emwi").map(|emwi| self.voice_messages(emwi));
            let forward = contact.child("cfwdallupdate").map(|to| self.forward(to));
            updates.push(ContactUpdate {
                lines: lines(contact)?,
                message_waiting: message_waiting.transpose()?,
                voice_messages: voice_messages.transpose()?,
                forward: forward.transpose()?,
            });
        }
        Ok(updates)
    }

    fn voice_messages(&mut self, element: &Element) -> Result<VoiceMessages, BadRemotecc> {
        self.known(element, &["voice-msg"]);
        let counts = element.child("voice-msg").ok_or(BadRemotecc::Missing("voice-msg"))?;
        let count = |name| {
            let text = counts.attribute(name).ok_or(BadRemotecc::Missing("voice-msg"))?;
            text.trim().parse().map_err(|_| BadRemotecc::Value("voice-msg"))
        };
        Ok(VoiceMessages { new: count("new")?, old: count("old")? })
    }

    fn forward(&mut self, element: &Element) -> Result<CallForward, BadRemotecc> {
        self.known(element, &["fwdaddress", "tovoicemail"]);
        let address = optional(element, "fwdaddress").unwrap_or_default().to_owned();
        let to_voice_mail = match element.child("tovoicemail") {
            Some(_) => choice(element, "tovoicemail", "on", "off")?,
            None => false,
        };
        Ok(CallForward { address, to_voice_mail })
    }

    fn agent_status(&mut self, element: &Element) -> Result<AgentStatus, BadRemotecc> {
        let reasons = ReasonElement::ALL.map(ReasonElement::name);
        let is_known = |name: &str| name == "status" || reasons.contains(&name);
        self.ignored += element.children.iter().filter(|child| !is_known(&child.name)).count();
        let state = number(element, "status")?.ok_or(BadRemotecc::Missing("status"))?;
        let spelled = reasons.into_iter().find(|name| element.child(name).is_some());
        let reason = spelled.map(|name| number(element, name)).transpose()?.flatten();
        Ok(AgentStatus {
            state: AgentState::of(state).ok_or(BadRemotecc::Value("status"))?,
            reason: reason.unwrap_or(0),
        })
    }

    fn dialog(
        &mut self,
        element: &Element,
        name: &'static str,
    ) -> Result<Option<DialogId>, BadRemotecc> {
        let Some(dialog) = element.child(name) else { return Ok(None) };
        self.known(dialog, &["callid", "localtag", "remotetag"]);
        Ok(Some(DialogId::seen_by_phone(
            required(dialog, "callid")?,
            required(dialog, "localtag")?,
            required(dialog, "remotetag")?,
        )))
    }

    fn only_dialog(&mut self, element: &Element) -> Result<DialogId, BadRemotecc> {
        self.dialog(element, "dialogid")?.ok_or(BadRemotecc::Missing("dialogid"))
    }
}

fn optional<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.child(name).map(|child| child.text.trim())
}

fn required<'e>(element: &'e Element, name: &'static str) -> Result<&'e str, BadRemotecc> {
    optional(element, name).ok_or(BadRemotecc::Missing(name))
}

/// A number; one that is there and empty counts as none.
fn number(element: &Element, name: &'static str) -> Result<Option<u32>, BadRemotecc> {
    match optional(element, name) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| BadRemotecc::Value(name)),
    }
}

fn choice(element: &Element, name: &'static str, yes: &str, no: &str) -> Result<bool, BadRemotecc> {
    match required(element, name)? {
        word if word.eq_ignore_ascii_case(yes) => Ok(true),
        word if word.eq_ignore_ascii_case(no) => Ok(false),
        _ => Err(BadRemotecc::Value(name)),
    }
}

fn lines(contact: &Element) -> Result<Lines, BadRemotecc> {
    let is_all = contact.attribute("all").is_some_and(|all| all.eq_ignore_ascii_case("true"));
    match contact.attribute("line") {
        _ if is_all => Ok(Lines::All),
        Some(line) => {
            line.trim().parse().map(Lines::Line).map_err(|_| BadRemotecc::Value("contact"))
        }
        None => Err(BadRemotecc::Missing("contact")),
    }
}
