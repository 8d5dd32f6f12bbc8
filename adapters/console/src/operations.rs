//! The table of operations: every path under `/api/v1`, what it takes, who may, and what answers.

mod about;
mod agent_phone;
mod agent_states;
mod audit;
mod certificates;
mod csq_agents;
mod cti_status;
mod device_states;
mod digital_status;
mod events;
mod flight_recorder;
mod headset_phones;
mod headsets;
mod identity;
mod mail_tests;
mod mails_aside;
mod node;
mod overview;
mod own;
mod reports;
mod settings_documents;
mod settings_file;
mod settings_lists;
mod sign_on;
mod upkeep;

pub(crate) use agent_phone::agent_phone_schema;
pub(crate) use agent_states::{state_of, state_schema};
pub(crate) use audit::entry_schema;
pub(crate) use csq_agents::csq_agent_schema;
pub(crate) use cti_status::cti_status_schema;
pub use device_states::DEVICE_STATES;
pub(crate) use device_states::device_state_schema;
pub(crate) use digital_status::digital_status_schema;
pub(crate) use events::{log_line, log_line_schema};
pub(crate) use flight_recorder::flight_record_schema;
pub(crate) use headset_phones::{headset_phone_schema, unknown_request_schema};
pub(crate) use headsets::headset_schema;
pub use headsets::{headset_csv_head, headset_csv_lines};
pub(crate) use mails_aside::mails_aside_schema;
pub(crate) use overview::{overview_schema, overview_told};
pub(crate) use reports::Counts;
use serde_json::{Map, Value};

use crate::operation::{Kind, Operation, Parameter};

/// The most bytes of a settings document.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of a settings file, and of a file with certificates or people.
pub(crate) const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The most items of a page.
const PAGE_MAX: u64 = 1_000;
/// The items of a page where the client does not say.
const PAGE_USUAL: u64 = 100;

const LIMIT: Parameter = Parameter {
    name: "limit",
    kind: Kind::Number(1, PAGE_MAX),
    about: "At most so many items; 100 where not set.",
};
const AFTER: Parameter =
    Parameter { name: "after", kind: Kind::Text(2_048), about: "The `next` of the page before." };

/// Every operation.
pub(crate) fn all() -> Vec<Operation> {
    let mut operations = sign_on::operations();
    operations.extend(own::operations());
    operations.extend(settings_lists::operations());
    operations.extend(settings_documents::operations());
    operations.extend(csq_agents::operations());
    operations.extend(mail_tests::operations());
    operations.extend(digital_status::operations());
    operations.extend(settings_file::operations());
    operations.extend(agent_states::operations());
    operations.extend(agent_phone::operations());
    operations.extend(device_states::operations());
    operations.extend(cti_status::operations());
    operations.extend(audit::operations());
    operations.extend(mails_aside::operations());
    operations.extend(headsets::operations());
    operations.extend(reports::operations());
    operations.extend(headset_phones::operations());
    operations.extend(overview::operations());
    operations.extend(flight_recorder::operations());
    operations.extend(node::operations());
    operations.extend(events::operations());
    operations.extend(certificates::operations());
    operations.extend(identity::operations());
    operations.extend(upkeep::operations());
    operations.extend(about::operations());
    operations
}

/// Members of a deed out of those that are set.
fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let set = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(set.collect::<Map<_, _>>())
}
