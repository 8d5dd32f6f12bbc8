//! What people see: the sign-in form, the page that carries the answer back, refusals.

use super::messages::escaped;

/// The script of the page that carries the answer back.
pub(crate) const SCRIPT: &str = "document.forms[0].submit();\n";

pub(crate) const STYLE: &str = "\
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; background: #eef1f4; color: #1b2733; }
main { box-sizing: border-box; max-width: 24rem; margin: 10vh auto 0; padding: 2rem; background: #fff;
  border: 1px solid #c3ccd5; border-radius: .5rem; }
h1 { font-size: 1.375rem; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
label { display: block; font-weight: 600; margin: 1rem 0 .25rem; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem .625rem;
  border: 1px solid #5b6b7b; border-radius: .25rem; }
button { font: inherit; font-weight: 600; width: 100%; margin-top: 1.5rem; padding: .625rem; border: 0;
  border-radius: .25rem; background: #0b5cad; color: #fff; }
input:focus-visible, button:focus-visible { outline: 3px solid #f0a500; outline-offset: 2px; }
.problem { padding: .5rem .75rem; border-left: 4px solid #b3261e; background: #fdecea; }
";

fn page(title: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{content}\n</main>\n</body>\n</html>\n"
    )
}

/// The form of sign-in for the request that waits under `pending`.
pub(crate) fn sign_in(pending: &str, service: &str, user: &str, is_wrong: bool) -> String {
    let (pending, service, user) = (escaped(pending), escaped(service), escaped(user));
    let problem = if is_wrong {
        "<p class=\"problem\" role=\"alert\">User name or password is wrong.</p>\n"
    } else {
        ""
    };
    let content = format!(
        "<p>{service} asks who you are.</p>\n{problem}<form method=\"post\" action=\"/sign-in\">\n\
         <input type=\"hidden\" name=\"request\" value=\"{pending}\">\n\
         <label for=\"user\">User name</label>\n\
         <input id=\"user\" name=\"user\" value=\"{user}\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\" required autofocus>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required>\n<button type=\"submit\">Sign in</button>\n</form>"
    );
    page("Sign in", &content)
}

/// The page that posts the answer to the service, by itself where scripts run.
pub(crate) fn answer(consumer: &str, response: &str, relay_state: Option<&str>) -> String {
    let (consumer, response) = (escaped(consumer), escaped(response));
    let relay_state = relay_state.map_or_else(String::new, |it| {
        let it = escaped(it);
        format!("<input type=\"hidden\" name=\"RelayState\" value=\"{it}\">\n")
    });
    let content = format!(
        "<p>You are signed in.</p>\n<form method=\"post\" action=\"{consumer}\">\n\
         <input type=\"hidden\" name=\"SAMLResponse\" value=\"{response}\">\n{relay_state}\
         <noscript><button type=\"submit\">Continue</button></noscript>\n</form>\n\
         <script src=\"/submit.js\"></script>"
    );
    page("Signed in", &content)
}

/// A page that says one thing.
pub(crate) fn plain(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}</p>", escaped(text)))
}
