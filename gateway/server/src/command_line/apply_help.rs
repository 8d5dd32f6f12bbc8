//! What a settings file may hold, as `jackfield apply --help` tells it.

pub(super) const APPLY_HELP: &str = "\
The file is YAML and holds all settings: what is not in it is removed. All of it is applied or \
nothing, at once and without a restart; every problem is told under its key. Passwords may be \
given in the clear; they are hashed before they are kept, and a file that holds some must not be \
readable for every user of the machine. What `jackfield export` prints can be applied again. Ids \
and numbers of telephones stand in quotation marks unless they are plain digits.

  teams:        [{name, pair, supervisors, layout, wrap_up_seconds}]
  agents:       [{id, name, alias, team, pair, extension, roles, skills: {NAME: 1 to 10}, origin,
                  password | password_hash, pin | pin_hash}]
  skills:       [{name, description}]
  accounts:     [{name, description, roles, password | password_hash, totp, disabled}]
  directories:  [{name, servers: [{host, port}], security: ldaps | start_tls | plain, bind_dn,
                  bind_password, base_dn, user_filter, id_attribute, name_attribute,
                  group_attribute, group_base_dn, timeout_seconds,
                  sync: {filter, every_minutes, extension_attribute, teams, removal_percent_max}}]
  roles:        [{name, role, directory, groups, users, teams}]
  reason_codes: [{category: not_ready | wrap_up | sign_out, code, label, teams}]
  layouts:      [{name, header: {label, variable}, left: [..], right: [..]}]
  devices:      [{name, description, lines, profile, certificate_sha256,
                  sip: {user, password, address, next_hop, proof}, pair}]
  trust:        [{name, purposes: [phones, directory, syslog, proxy, contact_centre, sip_devices,
                  sip_next_hops, headset_devices, alarms, single_sign_on, mail],
                  certificates}]
  cti_pairs:    [{name, dialect: enterprise | express, side_a, side_b, version, tag_width,
                  peripheral_id, client_id, client_password, heartbeat_seconds, reconnect_seconds,
                  request_seconds, open_seconds, sessions: per_node | one, logout_reason, rmcm_user,
                  primary_node, secondary_node}]
  phone_service: {devices: any | listed, mobile_agents, inactivity_seconds, home_refresh_seconds,
                  cookie_idle_minutes, form_method, label_limits, alternates,
                  push: {user, password, port}, single_sign_on_pin}
  voice:        {wrap_up_seconds}
  headset:      {mode: disabled | notification | notification_and_control,
                  deployment_type: express | enterprise, default_not_ready_reason,
                  mute_button: ready_toggle | mute, proof: [certificate, token, address],
                  handle_days, token_hours, token_generation, news_per_second, update_age_seconds,
                  templates: [{model, version, firmware: remain | latest, settings: {..}}]}
  logging:      {level, enterprise_number,
                  syslog: [{name, host, port, transport: udp | tcp | tls, framing, facility, level}]}
  alarms:       {enabled, per_minute_max,
                  receivers: [{name, severity: warning | critical,
                  webhook: {url, signing_secret, proxy}, or
                  mail: {host, port, security: tls | start_tls | plain, user, password, from, to}}],
                  rules: [{part, name, state: partial | missing, enabled, severity, after_seconds,
                  again_minutes, from, until}]}
  proxies:      {http: {host, port, user, password}, socks: {..}, except}
  sign_on:      {message, idle_minutes, session_hours, token_days_max, administrators_need_totp}
  retention:    {audit_days, headset_days, contact_days}
  sip:          {domains, realm, digest_algorithms: [sha_512_256, sha_256, md5], nonce_seconds,
                  proof: digest | certificate | digest_or_certificate, phone_expires_seconds,
                  expires_seconds_min, expires_seconds_max, flow_timer_seconds,
                  timer_t1_milliseconds, timer_t2_milliseconds, timer_t4_milliseconds,
                  reason_element, headset_event, legacy_no_qop, lenient, allowed_networks,
                  next_hops: [{name, servers: [{host, port}], transport: tls | tcp | udp,
                  ping_seconds, user, password, realms, register_as, route, trusted}]}
  identity:     {hosts, provider, single_sign_on, refresh_token_hours, code_minutes,
                  access_token_minutes, encrypt_tokens, token_signature: RS256 | ES256,
                  rotation_overlap_seconds, clock_skew_seconds, response_age_seconds, accept_ecdsa,
                  accept_misprinted_name_id_format, relaxed_user_principal, acs_with_meta_alias}
  identity_providers: [{name, metadata, entity_id, metadata_url, metadata_refresh_hours,
                  take_changes}]
  oauth_clients: [{client_id, name, redirect_urls, kind: confidential | public,
                  secret | secret_digest, pkce_required, native, may_introspect,
                  refresh: with_access_token | refresh_token_only, encrypt_tokens, api_roles,
                  disabled}]
  mail:         {authentication_server_id, subject_tags, joins_by_subject_days,
                  allowed_token_hosts, raw_megabytes_max, acknowledgements_per_hour_max}
  mail_servers: [{name, kind: exchange | office365 | gmail | imap, imap_host, imap_port, smtp_host,
                  smtp_port, smtp_security: start_tls | tls, sent_folder, http_proxy, socks_proxy,
                  token_url, token_scope, mechanism: xoauth2 | oauthbearer,
                  unclear_sending: repeat | own_copy | ask, proof_seconds, description}]
  csqs:         [{name, channel: email | chat, selection: longest_available | most_skilled,
                  skills: {NAME: 1 to 10},
                  email: {mail_server, address, user_name, password, reading: basic | oauth,
                  sending: basic | oauth, google_key, tenant, client_id, client_secret,
                  client_secret_expires_on, inbox_folder, sent_folder, poll_seconds,
                  snapshot_minutes, is_snapshot_strict, aliases,
                  acknowledgement: {subject, text}}}]
  predefined_responses: [{title, channel: email | chat, text, csqs}]
  wrap_up_categories: [{name, reasons, csqs}]
  email_signatures: [{name, content, csqs}]
  channels:     {no_answer_seconds, join_minutes, inactivity_minutes, is_chat_while_on_voice,
                  is_voice_while_on_chat, chats_per_agent, emails_per_agent, sticky_email_hours,
                  customer_records: {url, secret}, workspace_frame_origins,
                  virus_scanner: {address, scan_bytes_max, when_unreachable}}

Example:
  umask 077; jackfield export > settings.yaml; $EDITOR settings.yaml; jackfield apply settings.yaml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_apply_names_every_part_of_the_settings() {
        for section in domain::settings::Section::ALL {
            let key = format!("  {}:", section.file_key());
            assert!(APPLY_HELP.contains(&key), "{key}");
        }
    }
}
