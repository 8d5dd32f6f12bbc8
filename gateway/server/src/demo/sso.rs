//! The identity provider of `--sso`: another program beside this one, which ends with it.
//!
//! With it people sign on to the console at that provider, an application is registered, and phones ask for a PIN.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use super::peers::program;
use super::{Folder, NAME, NodePorts, Ports, issue};
use crate::node::NodeError;
use crate::secret_file;

/// The provider's name in the settings.
pub(super) const PROVIDER: &str = "demo";
/// Who administers by single sign-on.
const BOSS: &str = "boss";
/// The domain of everybody's principal.
const DOMAIN: &str = "demo.example";
/// Where the demo's application takes codes; nobody listens there.
const REDIRECT: &str = "https://app.demo.example/callback";

/// A running identity provider.
pub(super) struct Idp {
    /// Where it is, and its control socket.
    pub(super) base: String,
    pub(super) control: String,
    metadata: String,
    client_id: String,
    client_secret: String,
    users: Value,
    child: Child,
    /// It ends when this does, however we end.
    _input: Option<ChildStdin>,
}

impl Idp {
    /// Starts it with the agents of these settings; when this returns, it listens.
    pub(super) fn start(
        folder: &Folder,
        ports: &Ports,
        nodes: &[NodePorts],
        settings: &Value,
        now: domain::Timestamp,
    ) -> Result<Self, NodeError> {
        let users = users(settings);
        let list = folder.file("idp-users.json");
        secret_file::write(&list, users.to_string().as_bytes())?;
        let certificate = folder.files("idp");
        issue(folder, &certificate, &NAME.parse().into_iter().collect::<Vec<_>>(), now)?;
        let [listen, control] = ports.idp.map(|port| format!("127.0.0.1:{port}"));
        let base = format!("https://{NAME}:{}", ports.idp[0]);
        let publisher = nodes.first().map_or(0, |node| node.identity);
        let service = format!("https://{NAME}:{publisher}/ids/saml/sp.xml");
        let metadata = folder.file("idp-metadata.xml");
        let program = program();
        let failed = |why: String| NodeError::Peers { program: program.clone(), why };
        let mut child = Command::new(&program)
            .args(["idp", "--until-input-ends", "--listen", &listen, "--control", &control])
            .args(["--name", NAME, "--sp-metadata", &service, "--sign", "both", "--sp-ca"])
            .arg(folder.files("ca").certificate)
            .arg("--certificate")
            .arg(&certificate.certificate)
            .arg("--key")
            .arg(&certificate.key)
            .arg("--signing-key")
            .arg(folder.file("idp-signing.key"))
            .arg("--users")
            .arg(&list)
            .arg("--metadata")
            .arg(&metadata)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let input = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        }
        let metadata = std::fs::read_to_string(&metadata);
        let metadata = metadata.ok().filter(|_| line.starts_with("ready "));
        let Some(metadata) = metadata else {
            let _ = child.kill();
            let _ = child.wait();
            let why = "it ended before it was ready; its own message is above";
            return Err(failed(why.to_owned()));
        };
        let secret = super::secret(&folder.file("oauth-client-secret"))?;
        let client_id = super::secret(&folder.file("oauth-client-id"))?;
        Ok(Self {
            base,
            control,
            metadata,
            client_id: format!("{}00000000", client_id.expose()),
            client_secret: secret.expose().to_owned(),
            users,
            child,
            _input: input,
        })
    }

    /// Puts the provider, an application and the mode into settings.
    pub(super) fn add_to(&self, settings: &mut Value, nodes: &[NodePorts], ca: &str) {
        let Some(members) = settings.as_object_mut() else { return };
        let hosts: Vec<_> = nodes.iter().map(|node| format!("{NAME}:{}", node.identity)).collect();
        members.insert("identity".to_owned(), json!({"hosts": hosts, "single_sign_on": true}));
        let provider = json!([{"name": PROVIDER, "metadata": self.metadata,
                               "metadata_url": format!("{}/metadata", self.base)}]);
        members.insert("identity_providers".to_owned(), provider);
        let client = json!([{
            "client_id": self.client_id, "name": "Demo application", "secret": self.client_secret,
            "redirect_urls": [REDIRECT], "may_introspect": true, "refresh": "refresh_token_only",
            "api_roles": ["agent", "supervisor"],
        }]);
        members.insert("oauth_clients".to_owned(), client);
        let boss = json!({"name": "single sign-on", "role": "administrator", "directory": PROVIDER,
                          "users": [format!("{BOSS}@{DOMAIN}")]});
        let roles = members.entry("roles").or_insert_with(|| json!([]));
        if let Some(roles) = roles.as_array_mut() {
            roles.push(boss);
        }
        let trust = json!({"name": "demo servers", "certificates": ca,
                           "purposes": ["single_sign_on"]});
        if let Some(all) = members.get_mut("trust").and_then(Value::as_array_mut) {
            all.push(trust);
        }
        if let Some(service) = members.get_mut("phone_service").and_then(Value::as_object_mut) {
            service.insert("single_sign_on_pin".to_owned(), true.into());
        }
        for agent in members.get_mut("agents").and_then(Value::as_array_mut).into_iter().flatten() {
            let pin = agent.get("id").and_then(Value::as_str).map(pin);
            if let (Some(agent), Some(pin)) = (agent.as_object_mut(), pin) {
                agent.insert("pin".to_owned(), pin.into());
            }
        }
    }

    /// What the endpoints file tells of it.
    pub(super) fn told(&self) -> [(&'static str, Value); 2] {
        let client = json!({
            "id": self.client_id, "secret": self.client_secret, "redirect": REDIRECT,
        });
        let idp = json!({
            "base": self.base, "metadata": format!("{}/metadata", self.base),
            "control": self.control, "users": self.users,
        });
        [("oauth_client", client), ("idp", idp)]
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self._input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The PIN of an agent of the demo: the id, and its last two digits once more.
fn pin(id: &str) -> String {
    let last = id.get(id.len().saturating_sub(2)..).unwrap_or_default();
    format!("{id}{last}")
}

/// Everybody whom the provider knows: the agents, an administrator, and somebody without a role here.
fn users(settings: &Value) -> Value {
    let agents = settings.get("agents").and_then(Value::as_array).into_iter().flatten();
    let text = |agent: &Value, name: &str| {
        agent.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let user = |name: &str, password: &str| {
        json!({"user": name, "password": password, "uid": name,
               "user_principal": format!("{name}@{DOMAIN}")})
    };
    let agents = agents.map(|agent| user(&text(agent, "id"), &text(agent, "password")));
    let others = [user(BOSS, "demo-boss"), user("stranger", "demo-stranger")];
    agents.chain(others).collect::<Vec<_>>().into()
}
