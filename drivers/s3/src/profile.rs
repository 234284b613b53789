//! Reads a profile out of the text of AWS's shared files, `~/.aws/credentials` and `~/.aws/config`.
//! Pure: the files are read elsewhere.
//!
//! Only keys that stand there are read. Profiles that fetch them (SSO, roles, programs) are told
//! apart, so that the message can say what to do.
//!
//! ```ini
//! [default]
//! aws_access_key_id = AKIAIOSFODNN7EXAMPLE
//! aws_secret_access_key = …
//!
//! [profile staging]
//! region = eu-west-1
//! ```
//!
//! Source: "Configuration and credential file settings" of the AWS CLI's user guide.

use std::fmt;

use storehouse_storage::Secret;

/// Keys whose presence says that credentials come from elsewhere.
const FETCHED: &[(&str, &str)] = &[
    ("sso_session", "SSO"),
    ("sso_start_url", "SSO"),
    ("role_arn", "a role"),
    ("credential_process", "a program"),
];

/// What the shared files say of one profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) access_key: Option<String>,
    pub(crate) secret_key: Option<Secret>,
    pub(crate) token: Option<Secret>,
    pub(crate) region: Option<String>,
    /// What the credentials would have to be fetched with.
    pub(crate) fetched_by: Option<&'static str>,
}

impl Profile {
    /// Reads profile `name`; what the credentials file says beats the configuration file.
    pub(crate) fn read(name: &str, credentials: &str, config: &str) -> Option<Self> {
        let mut found = None;
        // The configuration file says `profile staging`, but just `default`; the other one never does.
        let prefixed = format!("profile {name}");
        let in_config =
            |section: &str| section == prefixed || (name == "default" && section == name);
        for (key, value) in Lines::of(config, in_config) {
            found.get_or_insert_with(Self::default).set(key, value);
        }
        for (key, value) in Lines::of(credentials, |section| section == name) {
            found.get_or_insert_with(Self::default).set(key, value);
        }
        found
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "aws_access_key_id" => self.access_key = Some(value.to_owned()),
            "aws_secret_access_key" => self.secret_key = Some(Secret::new(value)),
            "aws_session_token" => self.token = Some(Secret::new(value)),
            "region" => self.region = Some(value.to_owned()),
            _ => {
                if let Some((_, means)) = FETCHED.iter().find(|(known, _)| *known == key) {
                    self.fetched_by = Some(means);
                }
            }
        }
    }
}

/// The `key = value` lines of the sections that are wanted.
struct Lines<'a, F> {
    lines: std::str::Lines<'a>,
    wanted: F,
    inside: bool,
}

impl<'a, F: Fn(&str) -> bool> Lines<'a, F> {
    fn of(text: &'a str, wanted: F) -> Self {
        Self {
            lines: text.trim_start_matches('\u{feff}').lines(),
            wanted,
            inside: false,
        }
    }
}

impl<'a, F: Fn(&str) -> bool> Iterator for Lines<'a, F> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?;
            // An indented line belongs to a nested setting such as `s3 =`.
            if line.starts_with([' ', '\t', '#', ';']) {
                continue;
            }
            if let Some(section) = line.trim().strip_prefix('[') {
                let name = section.split(']').next().unwrap_or_default();
                let name: Vec<&str> = name.split_whitespace().collect();
                self.inside = (self.wanted)(&name.join(" "));
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| self.inside) else {
                continue;
            };
            let value = value.split(" #").next().unwrap_or_default().trim();
            if !value.is_empty() {
                return Some((key.trim(), value));
            }
        }
    }
}

impl<F> fmt::Debug for Lines<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The lines may be secrets.
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# kept by hand\n[default]\naws_access_key_id=AKIADEFAULT\n\
        aws_secret_access_key = se/cr+et=\n\n[staging]\n\
        aws_access_key_id = AKIASTAGING # old\naws_secret_access_key = other\naws_session_token = t\n";
    const CONFIG: &str = "\u{feff}[default]\r\nregion = eu-west-1\r\ns3 =\r\n  region = nested\r\n\
        [profile  staging]\nregion = eu-north-1\n[profile corp]\nsso_session = x\n[staging]\nregion = no\n";

    #[test]
    fn keys_and_region_come_from_both_files() {
        let profile = Profile::read("default", CREDENTIALS, CONFIG).unwrap();

        assert_eq!(profile.access_key.as_deref(), Some("AKIADEFAULT"));
        assert_eq!(profile.secret_key.unwrap().expose(), "se/cr+et=");
        assert_eq!(profile.region.as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn a_section_is_found_by_the_name_that_its_file_gives_it() {
        let profile = Profile::read("staging", CREDENTIALS, CONFIG).unwrap();

        assert_eq!(profile.access_key.as_deref(), Some("AKIASTAGING"));
        assert_eq!(profile.token.unwrap().expose(), "t");
        assert_eq!(profile.region.as_deref(), Some("eu-north-1"));
    }

    #[test]
    fn a_profile_that_would_have_to_be_fetched_is_told_apart() {
        let profile = Profile::read("corp", CREDENTIALS, CONFIG).unwrap();

        assert_eq!(profile.fetched_by, Some("SSO"));
        assert_eq!(profile.access_key, None);
        assert_eq!(Profile::read("nobody", CREDENTIALS, CONFIG), None);
    }

    #[test]
    fn a_profile_does_not_show_its_secrets() {
        let profile = Profile::read("default", CREDENTIALS, CONFIG).unwrap();

        assert!(!format!("{profile:?}").contains("se/cr+et="));
    }
}
