//! Which surfaces a node has, chosen once, where the program is put together.

use std::sync::Arc;

use engine::Port;
use engine::surface::Surface;

/// The surfaces of a node, and what its administrator asks of them.
pub struct Surfaces {
    /// All but the one for monitoring.
    pub served: Vec<Arc<dyn Surface>>,
    /// Phones that refuse our push, with the reason (PHN-18).
    pub push_problems: Arc<dyn Fn() -> Vec<PushProblem> + Send + Sync>,
}

/// A phone that refuses our push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushProblem {
    /// The phone's name.
    pub device: String,
    /// Why, in words for an administrator.
    pub why: String,
}

/// Makes the surfaces of a node.
pub type MakeSurfaces = Box<dyn FnOnce(Port) -> Surfaces + Send>;

/// The surfaces of the product.
pub fn product() -> MakeSurfaces {
    Box::new(|_port| Surfaces { served: Vec::new(), push_problems: Arc::new(Vec::new) })
}
