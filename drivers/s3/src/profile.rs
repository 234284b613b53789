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
//! services = minio
//!
//! [services minio]
//! s3 =
//!   endpoint_url = http://127.0.0.1:9000
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
    /// The endpoint of all services.
    pub(crate) endpoint_url: Option<String>,
    /// Where services have endpoints of their own.
    pub(crate) services: Option<Services>,
    /// What it says of whether endpoints that are configured count.
    pub(crate) ignores_endpoints: Option<String>,
    /// What the credentials would have to be fetched with.
    pub(crate) fetched_by: Option<&'static str>,
}

/// The section of services that a profile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Services {
    pub(crate) name: String,
    /// `None` if the configuration file says nothing of it.
    pub(crate) section: Option<Section>,
}

/// What a section of services says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) s3_endpoint_url: Option<String>,
}

impl Profile {
    /// Reads profile `name`; what the credentials file says beats the configuration file.
    pub(crate) fn read(name: &str, credentials: &str, config: &str) -> Option<Self> {
        let mut found = None;
        // The configuration file says `profile staging`, but just `default`; the other one never does.
        let prefixed = format!("profile {name}");
        let in_config =
            |section: &str| section == prefixed || (name == "default" && section == name);
        for line in Lines::of(config, in_config) {
            found.get_or_insert_with(Self::default).set(&line);
        }
        for line in Lines::of(credentials, |section| section == name) {
            found.get_or_insert_with(Self::default).set(&line);
        }
        if let Some(services) = found.as_mut().and_then(|found| found.services.as_mut()) {
            services.section = Section::read(&services.name, config);
        }
        found
    }

    fn set(&mut self, line: &Line<'_>) {
        let value = line.value;
        match line.key {
            // A nested setting's.
            _ if line.below.is_some() => {}
            "aws_access_key_id" => self.access_key = Some(value.to_owned()),
            "aws_secret_access_key" => self.secret_key = Some(Secret::new(value)),
            "aws_session_token" => self.token = Some(Secret::new(value)),
            "region" => self.region = Some(value.to_owned()),
            "endpoint_url" => self.endpoint_url = Some(value.to_owned()),
            "ignore_configured_endpoint_urls" => self.ignores_endpoints = Some(value.to_owned()),
            "services" => {
                self.services = Some(Services {
                    name: value.to_owned(),
                    section: None,
                });
            }
            key => {
                if let Some((_, means)) = FETCHED.iter().find(|(known, _)| *known == key) {
                    self.fetched_by = Some(means);
                }
            }
        }
    }
}

impl Section {
    fn read(name: &str, config: &str) -> Option<Self> {
        let wanted = format!("services {name}");
        let mut found = None;
        for line in Lines::of(config, |section| section == wanted) {
            let section: &mut Self = found.get_or_insert_default();
            if (line.below, line.key) == (Some("s3"), "endpoint_url") {
                section.s3_endpoint_url = Some(line.value.to_owned());
            }
        }
        found
    }
}

/// A line `key = value`.
struct Line<'a> {
    /// The nested setting that it belongs to, for example `s3`.
    below: Option<&'a str>,
    key: &'a str,
    value: &'a str,
}

/// The `key = value` lines of the sections that are wanted.
struct Lines<'a, F> {
    lines: std::str::Lines<'a>,
    wanted: F,
    inside: bool,
    /// The last key at the left edge, if its value is on the lines below it.
    nested: Option<&'a str>,
}

impl<'a, F: Fn(&str) -> bool> Lines<'a, F> {
    fn of(text: &'a str, wanted: F) -> Self {
        Self {
            lines: text.trim_start_matches('\u{feff}').lines(),
            wanted,
            inside: false,
            nested: None,
        }
    }
}

impl<'a, F: Fn(&str) -> bool> Iterator for Lines<'a, F> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?;
            let text = line.trim();
            if text.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = line.strip_prefix('[') {
                let name = section.split(']').next().unwrap_or_default();
                let name: Vec<&str> = name.split_whitespace().collect();
                self.inside = (self.wanted)(&name.join(" "));
                self.nested = None;
                continue;
            }
            let Some((key, value)) = text.split_once('=').filter(|_| self.inside) else {
                continue;
            };
            let key = key.trim();
            let value = value.split(" #").next().unwrap_or_default().trim();
            let below = match line.starts_with([' ', '\t']) {
                true => self.nested,
                false => {
                    self.nested = value.is_empty().then_some(key);
                    None
                }
            };
            // An indented line below none is the rest of the value above it.
            let is_rest = below.is_none() && line.starts_with([' ', '\t']);
            if !value.is_empty() && !is_rest {
                return Some(Line { below, key, value });
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
    fn what_is_nested_is_not_taken_for_the_profile_s_own() {
        let config = "[default]\ns3 =\n\tendpoint_url = http://nested\n# a remark\n\
            \tregion = nested\nregion = eu-west-1\n  endpoint_url = the rest of the region\n";

        let profile = Profile::read("default", "", config).unwrap();

        assert_eq!(profile.region.as_deref(), Some("eu-west-1"));
        assert_eq!(profile.endpoint_url, None);
    }

    #[test]
    fn a_service_has_the_endpoint_of_its_own_lines() {
        let config = "[profile work]\nservices = minio\n\n[services  minio]\nsqs =\n\
            \x20 endpoint_url = http://sqs\ns3 = \n  region = x\n  endpoint_url = http://s3 # here\n\
            [services other]\ns3 =\n  endpoint_url = http://other\n";

        let profile = Profile::read("work", "", config).unwrap();

        let section = profile.services.unwrap().section.unwrap();
        assert_eq!(section.s3_endpoint_url.as_deref(), Some("http://s3"));
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
