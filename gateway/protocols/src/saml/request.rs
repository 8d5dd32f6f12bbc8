//! The request that a browser carries to the identity provider, and the page that carries it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::c14n::{self, Place, escape};
use super::signature::{DIGEST_SHA256, ENVELOPED, EXCLUSIVE, RSA_SHA256};
use super::tree::{Tree, is_plain_name};
use super::{ASSERTION, PROTOCOL, SIGNATURE};
use crate::calendar;

/// A request to prove who somebody is.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// Unique and not to be guessed; a name that begins with a letter.
    pub id: &'a str,
    /// Our entity id.
    pub issuer: &'a str,
    /// Where the identity provider takes requests.
    pub destination: &'a str,
    /// Where the answer is to be sent.
    pub acs_url: &'a str,
    /// Seconds since 1970.
    pub issued_at: i64,
}

impl AuthnRequest<'_> {
    /// The request, signed with RSA and SHA-256 by `sign`; nothing where that signs nothing or the id
    /// is no name.
    pub fn signed(
        &self,
        certificate_der: &[u8],
        sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<String> {
        if !is_plain_name(self.id) {
            return None;
        }
        let (begin, end) = (self.begin(), self.end());
        // By the same code that reads what others sign.
        let whole = format!("{begin}{end}");
        let tree = Tree::parse(whole.as_bytes()).ok()?;
        let canonical = c14n::exclusive(tree.root().ok()?, None, "").ok()?;
        let digest_value = STANDARD.encode(digest(&SHA256, &canonical));
        let inside = self.signed_info(&digest_value);
        // Canonical as it is written: the namespace comes from the Signature around it.
        let signed = format!("<ds:SignedInfo xmlns:ds=\"{SIGNATURE}\">{inside}</ds:SignedInfo>");
        let value = STANDARD.encode(sign(signed.as_bytes())?);
        let certificate = STANDARD.encode(certificate_der);
        Some(format!(
            "{begin}<ds:Signature xmlns:ds=\"{SIGNATURE}\"><ds:SignedInfo>{inside}</ds:SignedInfo>\
             <ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
             <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </ds:Signature>{end}"
        ))
    }

    /// Up to where the signature goes, which is behind the issuer.
    fn begin(&self) -> String {
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" Destination=\"{}\" ForceAuthn=\"false\" IsPassive=\"false\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             AssertionConsumerServiceURL=\"{}\">\
             <saml:Issuer xmlns:saml=\"{ASSERTION}\">{}</saml:Issuer>",
            self.id,
            instant(self.issued_at),
            escaped(self.destination, Place::Attribute),
            escaped(self.acs_url, Place::Attribute),
            escaped(self.issuer, Place::Text),
        )
    }

    fn end(&self) -> String {
        format!(
            "<samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" \
             SPNameQualifier=\"{}\" AllowCreate=\"true\"></samlp:NameIDPolicy></samlp:AuthnRequest>",
            escaped(self.issuer, Place::Attribute),
        )
    }

    fn signed_info(&self, digest_value: &str) -> String {
        format!(
            "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"></ds:SignatureMethod>\
             <ds:Reference URI=\"#{}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
             <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{DIGEST_SHA256}\"></ds:DigestMethod>\
             <ds:DigestValue>{digest_value}</ds:DigestValue></ds:Reference>",
            self.id
        )
    }
}

/// A page that posts the request by itself once the script at `script_url` runs, and with a button
/// where none may. It holds no script and no style of its own, so that a policy can forbid them:
/// how it looks stands at `style_url`.
pub fn post_form(
    destination: &str,
    saml_request_xml: &str,
    relay_state: &str,
    script_url: &str,
    style_url: &str,
) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Sign in</title>\n<link rel=\"stylesheet\" href=\"{}\">\n\
         <script src=\"{}\" defer></script>\n</head>\n<body>\n\
         <form id=\"saml\" method=\"post\" action=\"{}\">\n\
         <input type=\"hidden\" name=\"SAMLRequest\" value=\"{}\">\n\
         <input type=\"hidden\" name=\"RelayState\" value=\"{}\">\n\
         <noscript><main><h1>Sign in</h1>\
         <p>Scripts are off in this browser, so it does not go on by itself.</p>\
         <button type=\"submit\">Continue to sign in</button></main></noscript>\n\
         </form>\n</body>\n</html>\n",
        html(style_url),
        html(script_url),
        html(destination),
        STANDARD.encode(saml_request_xml),
        html(relay_state),
    )
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

fn escaped(text: &str, place: Place) -> String {
    let mut out = Vec::with_capacity(text.len());
    escape(text, place, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

fn instant(seconds: i64) -> String {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = calendar::date(day);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
