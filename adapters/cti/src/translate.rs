//! Both directions of meaning, pure: a server's states, codes and calls in the gateway's words.

mod ask;
mod phone;
mod refusal;
mod state;

pub(crate) use ask::{check_password, force_out, query, set, sign_in, wrap_up};
pub(crate) use phone::phone_of_call;
pub(crate) use refusal::{control_failure, failure, is_unknown_agent, question_failure};
pub(crate) use state::{answered, heard};
