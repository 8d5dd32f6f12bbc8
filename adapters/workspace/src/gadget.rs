//! A gadget for desktops that hold such files (DSK-06): it shows the workspace within itself, or opens it in a window.
//!
//! ```text
//!   no page may frame the workspace --> a link that opens a window
//!   some may --> a frame that fills the gadget --it says that it is shown--> done
//!                  `--silent for so long, or it says that cookies are refused--> a button that opens a window
//! ```
//!
//! Which pages may is said by `channels.workspace_frame_origins`, and kept by the page's own policy: this file is only
//! an offer. A page that anybody may put into theirs can be clicked on unseen, so there is no way to name everybody.
//! Nothing of a person is in it, and what is told between frames is that something is shown, and nothing more.

use bytes::Bytes;
use engine::Port;
use engine::surface::{Callers, Request, ResponsePolicy, Route};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Response};

static GET: [Method; 1] = [Method::GET];

/// The route of the file.
pub(crate) fn route(listener: &'static str, port: &Port) -> Route {
    let port = port.clone();
    Route {
        listener,
        path: "/workspace/gadget.xml",
        methods: &GET,
        callers: Callers::Anyone,
        body_bytes_max: 0,
        policy: ResponsePolicy::Browser,
        handler: Route::handler(move |request: Request| {
            let is_framed = !port.settings().channels.workspace_frame_origins.is_empty();
            async move { answer(&request.peer.base, is_framed) }
        }),
    }
}

fn answer(base: &str, is_framed: bool) -> Response<Bytes> {
    let base = ["&", "\"", "<", ">"]
        .iter()
        .zip(["&amp;", "&quot;", "&lt;", "&gt;"])
        .fold(base.to_owned(), |text, (sign, written)| text.replace(sign, written));
    let file = if is_framed { FRAMED } else { LINKED };
    let mut answer = Response::new(Bytes::from(file.replace("{base}", &base)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

const LINKED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Module>
  <ModulePrefs title="Chat and Email" description="Opens the workspace for chat and email." height="60"/>
  <Content type="html"><![CDATA[
    <p><a href="{base}/workspace" target="jackfield-workspace" rel="noopener">Chat and Email</a></p>
  ]]></Content>
</Module>
"#;

/// Frames of desktops have the height of their gadget.
const FRAMED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Module>
  <ModulePrefs title="Chat and Email" description="The workspace for chat and email." height="720" scrolling="true"/>
  <Content type="html"><![CDATA[
    <style>
      html, body { height: 100%; margin: 0; }
      #jackfield { display: block; width: 100%; height: 100%; min-height: 480px; border: 0; }
      #jackfield-window { margin: 0; padding: 12px; font: 14px sans-serif; }
      [hidden] { display: none; }
    </style>
    <p id="jackfield-window" role="alert" hidden><span></span>
      <a href="{base}/workspace" target="jackfield-workspace" rel="noopener"></a></p>
    <iframe id="jackfield" title="Chat and Email" src="{base}/workspace" allow="autoplay"></iframe>
    <script>
      (function () {
        var german = /^de/i.test(navigator.language || "");
        var frame = document.getElementById("jackfield");
        var origin = frame.src.replace(/^(https:\/\/[^\/]+).*$/, "$1");
        var otherwise = document.getElementById("jackfield-window");
        otherwise.querySelector("span").textContent = german
          ? "Chat und E-Mail k\u00f6nnen hier nicht gezeigt werden." : "Chat and email cannot be shown here.";
        otherwise.querySelector("a").textContent = german
          ? "In einem Fenster \u00f6ffnen" : "Open them in a window";
        function offer(isOffered) { otherwise.hidden = !isOffered; }
        var silent = setTimeout(function () { offer(true); }, 10000);
        window.addEventListener("message", function (event) {
          if (event.source !== frame.contentWindow || event.origin !== origin || !event.data) return;
          if (event.data.jackfield === "shown") { clearTimeout(silent); offer(false); }
          if (event.data.jackfield === "no_cookies") offer(true);
        });
      })();
    </script>
  ]]></Content>
</Module>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(base: &str, is_framed: bool) -> String {
        String::from_utf8(answer(base, is_framed).into_body().to_vec()).unwrap()
    }

    #[test]
    fn dsk_06_the_gadget_frames_the_workspace_only_where_somebody_may() {
        let linked = text("https://gw-a.example:9443", false);
        assert!(linked.contains("<a href=\"https://gw-a.example:9443/workspace\" target="));
        assert!(!linked.contains("<iframe"));
        let framed = text("https://gw-a.example:9443", true);
        let frame = "<iframe id=\"jackfield\" title=\"Chat and Email\" \
                     src=\"https://gw-a.example:9443/workspace\"";
        assert!(framed.contains(frame), "{framed}");
        assert!(framed.contains("<a href=\"https://gw-a.example:9443/workspace\" target="));
    }

    #[test]
    fn what_a_client_calls_us_by_does_not_end_the_markup() {
        for is_framed in [false, true] {
            let odd = text("https://x\"]]><script>&", is_framed);
            assert!(odd.contains("https://x&quot;]]&gt;&lt;script&gt;&amp;/workspace"), "{odd}");
            assert_eq!(odd.matches("]]>").count(), 1);
        }
    }
}
