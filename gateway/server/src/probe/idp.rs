//! A test of an identity provider: whether its metadata can be used, and its place to sign on answers (OPS-15).
//!
//! Nobody is signed on: that takes a person, and is the test of single sign-on.

use bytes::Bytes;
use domain::settings::IdentityProvider;
use engine::Port;
use engine::probe::{Probe, StepOutcome};
use http::{Request, Uri};
use protocols::saml::read_metadata;

use super::DAYS_LEFT_MIN;
use crate::fetching;

/// The most bytes of a page that are read; only that there is one counts.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
const DAY_SECONDS: i64 = 86_400;

pub(super) async fn idp(port: &Port, provider: &IdentityProvider) -> Probe {
    let mut probe = Probe::new(format!("idp {}", provider.name));
    let now = port.now().seconds();
    let Some(text) = provider.metadata.as_deref() else {
        probe.note("metadata", StepOutcome::Failed, "there is none yet; upload it");
        return probe;
    };
    let metadata = match read_metadata(text.as_bytes(), provider.entity_id.as_deref(), now) {
        Ok(metadata) => metadata,
        Err(refused) => {
            probe.note("metadata", StepOutcome::Failed, refused.to_string());
            return probe;
        }
    };
    let last = metadata.certificates.iter().map(|it| it.not_after).max().unwrap_or(now);
    let days = (last - now).div_euclid(DAY_SECONDS);
    let good = u64::try_from(days).is_ok_and(|days| days >= DAYS_LEFT_MIN);
    let outcome = if good { StepOutcome::Ok } else { StepOutcome::Failed };
    let words = format!("{}, its last certificate is good for {days} days", metadata.entity_id);
    probe.note("metadata", outcome, words);
    let asking = async {
        let uri: Uri = metadata.sso_post_url.parse().map_err(|error| format!("{error}"))?;
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = uri;
        let answer = fetching::ask(port, request, PAGE_BYTES_MAX).await?;
        // What it says to somebody who posts nothing is its own business.
        Ok(((), format!("answers over HTTPS ({})", answer.status())))
    };
    probe.step("place to sign on", asking).await;
    probe
}
