//! A push to a folder that went well, and whether what came of it still holds.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use serde_json::Value;

use crate::site::Site;

/// Hashed names into `out`, from two folders.
pub(crate) const SETTINGS: &str = r#"
    STATIC_URL = "/static/"
    STATICFILES_STORAGE = "manifest+file:out"
    STATICFILES_DIRS = ["assets", "more"]
"#;

/// What a push left.
pub(crate) struct LastGood {
    manifest: String,
    /// The content of each file that the manifest names.
    files: BTreeMap<String, Vec<u8>>,
}

impl LastGood {
    /// A site with this in force: a stylesheet, and an image that it refers to.
    pub(crate) fn site() -> (Site, Self) {
        let site = Site::new(SETTINGS);
        site.write("assets/css/app.css", "a{b:url(../img/a.png)}");
        site.write("assets/img/a.png", "png");
        std::fs::create_dir(site.path("more")).unwrap();
        let good = Self::collect(&site);
        (site, good)
    }

    /// Collects, and notes what came of it.
    #[track_caller]
    pub(crate) fn collect(site: &Site) -> Self {
        site.run(&["collectstatic", "--noinput"]).done();
        Self::of(site)
    }

    /// Notes what is in force. Each file has to be whole: the hash in its name is that of its
    /// content.
    pub(crate) fn of(site: &Site) -> Self {
        let manifest = site.read("out/staticfiles.json");
        let files = paths(&manifest).into_values().map(|name| {
            let content = std::fs::read(site.path("out").join(&name)).expect(&name);
            assert!(name.contains(&hash(&content)), "{name} is not whole");
            (name, content)
        });
        Self {
            files: files.collect(),
            manifest,
        }
    }

    /// Fails the test unless this is in force still, byte for byte.
    #[track_caller]
    pub(crate) fn is_in_force(&self, site: &Site, case: &str) {
        assert_eq!(site.read("out/staticfiles.json"), self.manifest, "{case}");
        for (name, content) in &self.files {
            let there = std::fs::read(site.path("out").join(name));
            assert!(there.is_ok_and(|there| there == *content), "{case}: {name}");
        }
    }

    /// The name that the manifest has for a source.
    pub(crate) fn path(&self, source: &str) -> Option<String> {
        let key = source.strip_prefix("assets/").unwrap();
        paths(&self.manifest).remove(key)
    }

    /// The paths of the manifest without those that [`site`](Self::site) has.
    pub(crate) fn new_paths(&self) -> BTreeMap<String, String> {
        let mut paths = paths(&self.manifest);
        paths.remove("css/app.css");
        paths.remove("img/a.png");
        paths
    }
}

fn paths(manifest: &str) -> BTreeMap<String, String> {
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    serde_json::from_value(manifest["paths"].clone()).unwrap()
}

/// Twelve hex digits of the MD5, as in names.
pub(crate) fn hash(content: &[u8]) -> String {
    let digest = Md5::digest(content);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..12].to_owned()
}
