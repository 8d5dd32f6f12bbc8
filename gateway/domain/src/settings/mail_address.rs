//! Mail addresses in settings.

/// Whether it is a plain mail address, in which nothing can hide that a mail server reads otherwise.
pub(super) fn is_mail_address(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let in_name = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(it);
    let in_domain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-');
    let is_dotted = |text: &str| !text.split('.').any(str::is_empty);
    (1..=64).contains(&name.len())
        && (1..=189).contains(&domain.len())
        && name.chars().all(in_name)
        && domain.chars().all(in_domain)
        && is_dotted(name)
        && is_dotted(domain)
}
