//! What a static object is stored with: content type, cache-control and the other attributes. It
//! stores nothing. A folder keeps no attributes: there it is who serves the files that asks for them.
//!
//! For each attribute the first that says something about it decides:
//!
//! | | who | about |
//! |---|---|---|
//! | 1 | the manifest and the integrity file | `Cache-Control: no-cache`, `application/json`, whatever else is said |
//! | 2 | the last of `rules` that matches and sets the attribute | any attribute |
//! | 3 | `immutable_cache_control` (hashed files), `cache_control` (others), if given | `Cache-Control` |
//! | 4 | the storage's own options, such as S3's `object_parameters` | any attribute |
//! | 5 | the defaults: a year and `immutable` for hashed files, a minute for others; the type that the name suggests | `Cache-Control`, `Content-Type` |
//!
//! So `object_parameters.CacheControl`, which a project brings along from django-storages, is obeyed
//! as there, and overridden by what is said here in so many words. An empty text in 2 hands the
//! attribute on to 4, and in 3 too. Metadata is decided pair by pair.
//!
//! # Rules
//! All rules that match apply, in their order, and a later one wins for each attribute that it sets,
//! as in `.gitattributes`: the general rule first, then its exceptions, which need not repeat it.
//! In Hugo's deploy matchers and s3deploy's routes the first that matches is the only one; there a
//! type for `*.wasm` means to write the cache-control of everything once more.
//!
//! The globs are Python's `fnmatch`, as in `--ignore`: `*` also matches `/`, so that `*.js` means
//! every script, however deep. They are matched against the name as it was collected:
//! `css/app.css` also means its hashed copy `css/app.0123456789ab.css`. `hashed = true` or `false`
//! limits a rule to the ones or the others.
//!
//! # Charset
//! `text/*` (CSS and JavaScript too) gets `charset=utf-8`, or what the option `charset` says: without
//! it browsers guess. JSON is UTF-8 by its definition (RFC 8259, section 8.1); XML and SVG name their
//! encoding themselves, and a parameter would override that (RFC 7303, section 3). A rule can say
//! another `content_type` for them.

pub(super) mod already_hashed;

use serde_json::{Value as Json, json};
use storehouse_storage::{
    Attributes, Name, Result, Storage, guess_content_encoding, guess_content_type,
};

use self::already_hashed::AlreadyHashed;
use crate::staticfiles::support::{fnmatch::Pattern, md5::md5_hex};
use crate::{
    settings::static_options::{IMMUTABLE, SHORT},
    storages::{RuleOptions, Storages},
};

/// The metadata key under which the manifest's object keeps [`ObjectRules::fingerprint`].
pub const FINGERPRINT_KEY: &str = "storehouse-rules";

/// To be raised when this file, or the table of content types, gives other answers than before.
const VERSION: u32 = 1;
/// How many hex digits a fingerprint has.
const FINGERPRINT_LENGTH: usize = 16;
/// May be kept, but has to be asked about each time.
const NO_CACHE: &str = "no-cache";
/// What [`guess_content_type`] adds to `text/*`.
const GUESSED_CHARSET: &str = "; charset=utf-8";

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A file under a name that changes with its content.
    Hashed,
    /// A file under its own name.
    Plain,
    /// The manifest, or the integrity file beside it.
    Manifest,
}

/// Says what each object is stored with.
///
/// ```
/// use storehouse::{staticfiles::{ObjectKind, ObjectRules}, storages::RuleOptions};
/// use storehouse_storage::{Attributes, Name};
///
/// let rules = ObjectRules::new(&RuleOptions::default(), Attributes::default())?;
/// let css = rules.attributes(&Name::new("css/app.css")?, ObjectKind::Hashed);
///
/// assert_eq!(css.content_type.as_deref(), Some("text/css; charset=utf-8"));
/// assert_eq!(css.cache_control.as_deref(), Some("public, max-age=31536000, immutable"));
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ObjectRules {
    options: RuleOptions,
    /// The patterns of each rule, in the order of `options.rules`.
    patterns: Vec<Vec<Pattern>>,
    already_hashed: AlreadyHashed,
    /// What the storage sets by itself.
    of_storage: Attributes,
}

impl Default for ObjectRules {
    /// What the table above calls the defaults.
    fn default() -> Self {
        Self {
            options: RuleOptions::default(),
            patterns: Vec::new(),
            already_hashed: AlreadyHashed::default(),
            of_storage: Attributes::default(),
        }
    }
}

impl ObjectRules {
    /// Takes the options, and what the storage sets by itself ([`Storage::default_attributes`]).
    ///
    /// # Errors
    /// As [`AlreadyHashed::new`].
    pub fn new(options: &RuleOptions, of_storage: Attributes) -> Result<Self> {
        let rules = options.rules.iter();
        let patterns = rules.map(|rule| {
            let patterns = rule.patterns.iter();
            patterns.map(|pattern| Pattern::new(pattern)).collect()
        });
        Ok(Self {
            options: options.clone(),
            patterns: patterns.collect(),
            already_hashed: AlreadyHashed::new(options.already_hashed.iter().map(String::as_str))?,
            of_storage,
        })
    }

    /// Takes the options of the storage `alias`.
    ///
    /// # Errors
    /// As [`Storages::get`].
    pub fn of(storages: &Storages, alias: &str) -> Result<Self> {
        let of_storage = storages.get(alias)?.default_attributes();
        Self::new(&storages.rule_options(alias)?, of_storage)
    }

    /// Returns which files keep their names.
    #[must_use]
    pub fn already_hashed(&self) -> &AlreadyHashed {
        &self.already_hashed
    }

    /// Returns what the file `name` is stored with. What is `None` the storage decides.
    ///
    /// `name` is the one it was collected under, for its hashed copy too. A compressed copy has the
    /// attributes of the file, and its own `content_encoding`; a file to which a rule gives a
    /// `content_encoding` is not to be compressed again. A [`Plain`](ObjectKind::Plain) file that
    /// [`already_hashed`](Self::already_hashed) matches counts as hashed.
    #[must_use]
    pub fn attributes(&self, name: &Name, kind: ObjectKind) -> Attributes {
        let mut attributes = Attributes::default();
        if kind == ObjectKind::Manifest {
            attributes.content_type = Some("application/json".to_owned());
            attributes.cache_control = Some(NO_CACHE.to_owned());
            return attributes;
        }
        let is_hashed = kind == ObjectKind::Hashed || self.already_hashed.matches(name.as_str());
        attributes.cache_control = self.cache_control(is_hashed);
        attributes.content_type = self.content_type(name);
        attributes.content_encoding = guess_content_encoding(name).map(str::to_owned);
        for (rule, patterns) in self.options.rules.iter().zip(&self.patterns) {
            if rule.hashed.is_none_or(|hashed| hashed == is_hashed)
                && patterns
                    .iter()
                    .any(|pattern| pattern.matches(name.as_str()))
            {
                apply(&rule.sets, &mut attributes);
            }
        }
        attributes
    }

    /// Returns 16 hex digits that change if what some file is stored with may change: because of
    /// an option, of the storage's own options, or of a version of this program.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let rules = self.options.rules.iter();
        let rules: Vec<Json> = rules
            .map(|rule| json!([rule.patterns, rule.hashed, as_json(&rule.sets)]))
            .collect();
        let all = json!([
            VERSION,
            self.cache_control(true),
            self.cache_control(false),
            self.charset(),
            as_json(&self.of_storage),
            rules,
            self.options.already_hashed,
        ]);
        let mut digest = md5_hex(all.to_string().as_bytes());
        digest.truncate(FINGERPRINT_LENGTH);
        digest
    }

    fn cache_control(&self, is_hashed: bool) -> Option<String> {
        let (given, default) = match is_hashed {
            true => (&self.options.immutable_cache_control, IMMUTABLE),
            false => (&self.options.cache_control, SHORT),
        };
        match given {
            Some(given) => Some(given.clone()).filter(|given| !given.is_empty()),
            None if self.of_storage.cache_control.is_some() => None,
            None => Some(default.to_owned()),
        }
    }

    fn content_type(&self, name: &Name) -> Option<String> {
        if self.of_storage.content_type.is_some() {
            return None;
        }
        let guessed = guess_content_type(name)?;
        Some(match guessed.strip_suffix(GUESSED_CHARSET) {
            Some(text) if self.charset().is_empty() => text.to_owned(),
            Some(text) => format!("{text}; charset={}", self.charset()),
            None => guessed,
        })
    }

    fn charset(&self) -> &str {
        self.options.charset.as_deref().unwrap_or("utf-8")
    }
}

/// Sets what a rule sets; an empty text takes back what was set before.
fn apply(sets: &Attributes, attributes: &mut Attributes) {
    for (set, place) in [
        (&sets.content_type, &mut attributes.content_type),
        (&sets.content_encoding, &mut attributes.content_encoding),
        (
            &sets.content_disposition,
            &mut attributes.content_disposition,
        ),
        (&sets.content_language, &mut attributes.content_language),
        (&sets.cache_control, &mut attributes.cache_control),
        (&sets.storage_class, &mut attributes.storage_class),
    ] {
        if let Some(set) = set {
            *place = Some(set.clone()).filter(|set| !set.is_empty());
        }
    }
    let pairs = sets.metadata.iter();
    attributes
        .metadata
        .extend(pairs.map(|(key, value)| (key.clone(), value.clone())));
}

fn as_json(attributes: &Attributes) -> Json {
    json!([
        attributes.content_type,
        attributes.content_encoding,
        attributes.content_disposition,
        attributes.content_language,
        attributes.cache_control,
        attributes.storage_class,
        attributes.metadata,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(options: &str) -> ObjectRules {
        rules_over(options, Attributes::default())
    }

    fn rules_over(options: &str, of_storage: Attributes) -> ObjectRules {
        let options = RuleOptions::for_tests(options).unwrap();
        ObjectRules::new(&options, of_storage).unwrap()
    }

    fn attributes(rules: &ObjectRules, name: &str, kind: ObjectKind) -> Attributes {
        rules.attributes(&Name::new(name).unwrap(), kind)
    }

    fn cache_control(rules: &ObjectRules, name: &str, kind: ObjectKind) -> Option<String> {
        attributes(rules, name, kind).cache_control
    }

    fn object_parameters() -> Attributes {
        let mut of_storage = Attributes::default();
        of_storage.cache_control = Some("max-age=86400".to_owned());
        of_storage
    }

    #[test]
    fn an_svg_that_is_gzipped_is_sent_as_such() {
        let rules = rules_over("", Attributes::default());
        for (name, encoding) in [
            ("img/logo.svgz", Some("gzip")),
            ("LOGO.SVGZ", Some("gzip")),
            ("logo.svg", None),
            ("svgz", None),
            ("a.tar.gz", None),
        ] {
            let found = attributes(&rules, name, ObjectKind::Plain);

            assert_eq!(found.content_encoding.as_deref(), encoding, "{name}");
        }
        let off = rules_over(
            "rules = [{ match = '*.svgz', content_encoding = '' }]",
            Attributes::default(),
        );
        let found = attributes(&off, "logo.svgz", ObjectKind::Plain);
        assert_eq!(found.content_encoding, None);
    }

    #[test]
    fn cache_control_follows_the_kind_and_what_was_said() {
        use ObjectKind::{Hashed, Manifest, Plain};
        let short = "cache_control = 'max-age=5'";
        let none = "cache_control = ''";
        let immutable = "immutable_cache_control = 'max-age=9'";
        for (case, options, own, kind, expected) in [
            ("a hashed file", "", false, Hashed, Some(IMMUTABLE)),
            ("a plain file", "", false, Plain, Some(SHORT)),
            ("the manifest", "", false, Manifest, Some("no-cache")),
            ("said", short, false, Plain, Some("max-age=5")),
            ("said of others", short, false, Hashed, Some(IMMUTABLE)),
            (
                "said of hashed",
                immutable,
                false,
                Hashed,
                Some("max-age=9"),
            ),
            ("none", none, false, Plain, None),
            ("the storage's, hashed", "", true, Hashed, None),
            ("the storage's, plain", "", true, Plain, None),
            (
                "the storage's, manifest",
                "",
                true,
                Manifest,
                Some("no-cache"),
            ),
            (
                "said over the storage's",
                short,
                true,
                Plain,
                Some("max-age=5"),
            ),
            ("left to the storage's", short, true, Hashed, None),
        ] {
            let of_storage = if own {
                object_parameters()
            } else {
                Attributes::default()
            };
            let rules = rules_over(options, of_storage);

            let given = cache_control(&rules, "css/app.css", kind);

            assert_eq!(given.as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn a_later_rule_wins_for_what_it_sets_and_leaves_the_rest() {
        let rules = rules(
            "rules = [
                { match = '*', cache_control = 'no-store', metadata = { team = 'web', a = '1' } },
                { match = ['*.wasm', '*.bin'], content_type = 'x/y', metadata = { a = '2' } },
                { match = 'deep/*', cache_control = '' },
            ]",
        );

        let wasm = attributes(&rules, "deep/a.wasm", ObjectKind::Plain);
        let css = attributes(&rules, "a.css", ObjectKind::Hashed);

        assert_eq!(wasm.content_type.as_deref(), Some("x/y"));
        assert_eq!(wasm.cache_control, None);
        assert_eq!(wasm.metadata["team"], "web");
        assert_eq!(wasm.metadata["a"], "2");
        assert_eq!(css.cache_control.as_deref(), Some("no-store"));
        assert_eq!(css.content_type.as_deref(), Some("text/css; charset=utf-8"));
    }

    #[test]
    fn a_rule_can_be_for_hashed_files_or_for_the_others() {
        let rules = rules("rules = [{ match = '*.html', hashed = false, cache_control = 'x' }]");

        assert_eq!(
            cache_control(&rules, "a.html", ObjectKind::Plain).as_deref(),
            Some("x")
        );
        assert_eq!(
            cache_control(&rules, "a.html", ObjectKind::Hashed).as_deref(),
            Some(IMMUTABLE)
        );
    }

    #[test]
    fn rules_say_nothing_about_the_manifest() {
        let rules = rules("rules = [{ match = '*', cache_control = 'x', content_type = 'y/z' }]");

        let manifest = attributes(&rules, "staticfiles.json", ObjectKind::Manifest);

        assert_eq!(manifest.cache_control.as_deref(), Some("no-cache"));
        assert_eq!(manifest.content_type.as_deref(), Some("application/json"));
    }

    #[test]
    fn a_file_that_a_bundler_hashed_counts_as_hashed() {
        let rules = rules(
            "already_hashed = ['vite/*']\nrules = [{ match = '*', hashed = true, content_language = 'en' }]",
        );

        let bundled = attributes(&rules, "vite/app-BX3kXk4v.js", ObjectKind::Plain);

        assert_eq!(bundled.cache_control.as_deref(), Some(IMMUTABLE));
        assert_eq!(bundled.content_language.as_deref(), Some("en"));
    }

    #[test]
    fn text_has_a_charset_and_nothing_else_has() {
        for (charset, name, expected) in [
            ("", "a.js", Some("text/javascript; charset=utf-8")),
            (
                "charset = 'latin1'",
                "a.txt",
                Some("text/plain; charset=latin1"),
            ),
            ("charset = ''", "a.css", Some("text/css")),
            ("charset = 'latin1'", "a.svg", Some("image/svg+xml")),
            ("", "a.json", Some("application/json")),
            ("", "a.png", Some("image/png")),
            ("", "a.unknown", None),
        ] {
            let given = attributes(&rules(charset), name, ObjectKind::Plain).content_type;

            assert_eq!(given.as_deref(), expected, "{charset} {name}");
        }
    }

    #[test]
    fn a_type_of_the_storage_s_options_is_left_to_it() {
        let mut of_storage = Attributes::default();
        of_storage.content_type = Some("text/plain".to_owned());
        let rules = rules_over("", of_storage);

        assert_eq!(
            attributes(&rules, "a.css", ObjectKind::Plain).content_type,
            None
        );
    }

    #[test]
    fn the_fingerprint_changes_with_what_files_are_stored_with() {
        let base = rules("").fingerprint();
        assert_eq!(base.len(), FINGERPRINT_LENGTH);
        for options in [
            "cache_control = 'x'",
            "immutable_cache_control = ''",
            "charset = ''",
            "rules = [{ match = '*', cache_control = 'x' }]",
            "rules = [{ match = '*', hashed = true, cache_control = 'x' }]",
            "rules = [{ match = '*', metadata = { a = 'b' } }]",
            "already_hashed = ['x']",
        ] {
            assert_ne!(rules(options).fingerprint(), base, "{options}");
        }
        assert_ne!(rules_over("", object_parameters()).fingerprint(), base);
    }

    #[test]
    fn saying_the_default_changes_no_fingerprint() {
        let said = rules(&format!("cache_control = '{SHORT}'\ncharset = 'utf-8'"));

        assert_eq!(said.fingerprint(), rules("").fingerprint());
    }

    /// A fingerprint is kept in buckets: another one repairs every object there is.
    #[test]
    fn the_fingerprint_of_the_defaults_is_the_one_that_is_kept() {
        assert_eq!(rules("").fingerprint(), "9f96bca8e9fcc4bf");
    }
}
