//! The headset service as the server runs it: one route for all paths, since the profile names them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use domain::settings::HeadsetMode;
use engine::surface::{Callers, Readiness, ResponsePolicy, Route, Surface};
use http::Method;
use protocols::headset::INVENTORY_BYTES_MAX;
use tokio::sync::watch;

use crate::service::Headset;

#[async_trait]
impl Surface for Headset {
    fn name(&self) -> &'static str {
        "headset"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        vec![Route {
            listener: "headset",
            path: "/{*path}",
            methods: &[Method::GET, Method::PUT, Method::POST],
            // What must be proven is proven by the device itself.
            callers: Callers::Anyone,
            body_bytes_max: INVENTORY_BYTES_MAX,
            policy: ResponsePolicy::Phone,
            handler: Route::handler(move |request| Arc::clone(&self).answer(request)),
        }]
    }

    fn readiness(&self) -> Readiness {
        let settings = self.port.settings();
        if settings.headset.mode != HeadsetMode::Disabled && !settings.sip.is_on() {
            let words = "headsets hear of no state while SIP is off; set sip.domains";
            return Readiness::Degraded(words.to_owned());
        }
        if !self.is_served.load(Ordering::Acquire) {
            let words = "nobody listens for headsets: the port is taken, or off";
            return Readiness::Degraded(words.to_owned());
        }
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        self.follow(stop).await;
    }
}
