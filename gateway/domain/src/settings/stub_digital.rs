//! Stand-in.
#![allow(missing_docs)]
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Chat,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    LongestAvailable,
    MostSkilled,
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub subject: String,
    pub text: String,
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailCsq {
    pub address: String,
    pub acknowledgement: Option<Acknowledgement>,
}
impl EmailCsq {
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |it| it.1)
    }
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csq {
    pub name: String,
    pub channel: Channel,
    pub selection: Selection,
    pub skills: BTreeMap<String, u8>,
    pub email: Option<EmailCsq>,
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpCategory {
    pub name: String,
    pub reasons: Vec<String>,
    pub csqs: Vec<String>,
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    pub emails_per_agent: u8,
    pub sticky_email_hours: u8,
}
impl Default for Channels {
    fn default() -> Self {
        Self { emails_per_agent: 3, sticky_email_hours: 4 }
    }
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub joins_by_subject_days: u16,
}
impl Default for Mail {
    fn default() -> Self {
        Self { joins_by_subject_days: 14 }
    }
}
pub(crate) type Csqs = Arc<BTreeMap<String, Arc<Csq>>>;
