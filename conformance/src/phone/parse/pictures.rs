//! Pictures, icons and status lines: ranges and sizes, nothing a phone agent needs to read.

use roxmltree::Node;

use super::super::limits;
use super::super::model::Kind;
use super::super::object::Object;
use super::super::uri::{Place, Uri};
use super::children::{Children, Particle, particles};
use super::{Reader, Refusal};

impl Reader<'_> {
    /// The icons of an icon menu.
    pub(super) fn icons(&mut self, children: &Children<'_, '_>, kind: Kind) -> Result<(), Refusal> {
        let allowed: &[Particle] = if kind == Kind::IconFileMenu {
            &[Particle::required("Index"), Particle::required("URL")]
        } else {
            &[
                Particle::required("Index"),
                Particle::optional("Width"),
                Particle::optional("Height"),
                Particle::optional("Depth"),
                Particle::optional("Data"),
            ]
        };
        for node in children.all("IconItem").take(limits::ICONS_MAX) {
            let icon = self.children(node, &[], allowed)?;
            self.number(&icon, "Index", 0, 9)?;
            self.number(&icon, "Width", 1, 16)?;
            self.number(&icon, "Height", 1, 10)?;
            self.number(&icon, "Depth", 1, 2)?;
            self.hexadecimal(&icon, 40)?;
            if let Some(url) = self.text(&icon, "URL", limits::URL_CHARACTERS_MAX)? {
                let known = url.starts_with("Resource:Icon.")
                    || matches!(Uri::parse(&url), Ok(Uri::Http(_)));
                if !known {
                    self.report(format!("icon {url:?} is neither a PNG's URL nor Resource:Icon."));
                }
            }
        }
        Ok(())
    }

    /// A picture in the object itself.
    pub(super) fn picture(&mut self, children: &Children<'_, '_>) -> Result<(), Refusal> {
        self.number(children, "LocationX", -1, 132)?;
        self.number(children, "LocationY", -1, 64)?;
        self.number(children, "Width", 1, 133)?;
        self.number(children, "Height", 1, 65)?;
        self.number(children, "Depth", 1, 2)?;
        self.hexadecimal(children, 2162)
    }

    /// Where a fetched picture stands.
    pub(super) fn picture_file(&mut self, children: &Children<'_, '_>) -> Result<(), Refusal> {
        self.number(children, "LocationX", -1, 297)?;
        self.number(children, "LocationY", -1, 167)
    }

    /// A line for the call plane.
    pub(super) fn status(&mut self, root: Node<'_, '_>, kind: Kind) -> Result<Object, Refusal> {
        let children = self.children(root, &[], &particles(kind))?;
        let text = self.text(&children, "Text", limits::STATUS_TEXT_CHARACTERS_MAX)?;
        self.number(&children, "Timer", 0, i32::MAX)?;
        if kind == Kind::Status {
            self.number(&children, "LocationX", -1, 105)?;
            self.number(&children, "LocationY", -1, 20)?;
            self.number(&children, "Width", 1, 106)?;
            self.number(&children, "Height", 1, 21)?;
            self.number(&children, "Depth", 1, 2)?;
            self.hexadecimal(&children, 557)?;
        } else {
            self.number(&children, "LocationX", -1, 261)?;
            self.number(&children, "LocationY", -1, 49)?;
            self.url(&children, "URL", Place::MenuItem)?;
        }
        Ok(Object::Status { text: text.unwrap_or_default() })
    }
}
