//! Which route answers a path: the routes of all surfaces on one listener.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Problems;
use engine::surface::{Route, Surface};
use http::Method;
use percent_encoding::percent_decode_str;

use super::record::{HttpMetrics, RouteMetrics};

/// A route with the surface it belongs to and its metrics.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(super) surface: &'static str,
    pub(super) route: Route,
    pub(super) metrics: RouteMetrics,
}

/// The routes of one listener.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    router: matchit::Router<Vec<Arc<Placed>>>,
}

/// What answers a path and method.
#[derive(Debug)]
pub(super) enum Found {
    /// That route, with its path's parameters.
    Route(Arc<Placed>, BTreeMap<String, String>),
    /// The path is answered for these methods only.
    OtherMethods(Vec<Method>),
    /// A parameter does not decode to text without control characters.
    Malformed,
    /// Nothing answers the path.
    Nothing,
}

/// One table for each listener that a surface names. Two surfaces that claim one path and method
/// are a problem, as is a listener that is not there.
pub(crate) fn route_tables(
    surfaces: &[Arc<dyn Surface>],
    listeners: &[&'static str],
    metrics: &HttpMetrics,
) -> Result<BTreeMap<&'static str, RouteTable>, Problems> {
    let mut problems = Problems::default();
    let mut placed: BTreeMap<(&'static str, &'static str), Vec<Arc<Placed>>> = BTreeMap::new();
    for surface in surfaces {
        let name = surface.name();
        for route in Arc::clone(surface).routes() {
            let key = format!("{}{}", route.listener, route.path);
            if !listeners.contains(&route.listener) {
                problems
                    .add(key, format_args!("surface {name} names a listener that is not there"));
                continue;
            }
            let there = placed.entry((route.listener, route.path)).or_default();
            for other in there.iter() {
                if let Some(method) =
                    route.methods.iter().find(|method| answers(&other.route, method))
                {
                    let other = other.surface;
                    problems.add(
                        key.clone(),
                        format_args!("{method} is claimed by the surfaces {other} and {name}"),
                    );
                }
            }
            let metrics = metrics.route(name, route.path);
            there.push(Arc::new(Placed { surface: name, route, metrics }));
        }
    }
    let mut tables: BTreeMap<&'static str, RouteTable> = BTreeMap::new();
    for listener in listeners {
        tables.entry(listener).or_default();
    }
    for ((listener, path), routes) in placed {
        let surface = routes.first().map_or("", |route| route.surface);
        if let Err(error) = tables.entry(listener).or_default().router.insert(path, routes) {
            problems.add(format!("{listener}{path}"), format_args!("surface {surface}: {error}"));
        }
    }
    problems.into_result()?;
    Ok(tables)
}

impl RouteTable {
    /// What answers `method` on `path`.
    pub(super) fn find(&self, method: &Method, path: &str) -> Found {
        let Ok(found) = self.router.at(path) else { return Found::Nothing };
        let Some(placed) = found.value.iter().find(|placed| answers(&placed.route, method)) else {
            return Found::OtherMethods(methods(found.value));
        };
        let mut parameters = BTreeMap::new();
        for (name, value) in found.params.iter() {
            let Ok(value) = percent_decode_str(value).decode_utf8() else {
                return Found::Malformed;
            };
            if value.chars().any(char::is_control) {
                return Found::Malformed;
            }
            parameters.insert(name.to_owned(), value.into_owned());
        }
        Found::Route(Arc::clone(placed), parameters)
    }
}

fn answers(route: &Route, method: &Method) -> bool {
    route.methods.contains(method)
        || (method == Method::HEAD && route.methods.contains(&Method::GET))
}

fn methods(routes: &[Arc<Placed>]) -> Vec<Method> {
    let mut methods = Vec::new();
    for method in routes.iter().flat_map(|placed| placed.route.methods) {
        let head = (*method == Method::GET).then_some(&Method::HEAD);
        for method in [Some(method), head].into_iter().flatten() {
            if !methods.contains(method) {
                methods.push(method.clone());
            }
        }
    }
    methods
}
