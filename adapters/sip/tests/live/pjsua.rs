//! PJSUA2 as a phone.
