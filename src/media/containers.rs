//! Formats that many kinds of files are written in: bytes tell the container, and among the kinds of one
//! container the name chooses. An office document is a ZIP archive, for example, and where its parts come
//! in an order of their own no first bytes tell it from a `.jar`.

/// A format that others are built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    /// ZIP archives: office documents since 2007, OpenDocument, EPUB, Java and Android archives.
    Zip,
    /// Compound files of Microsoft: office documents before 2007, mails, installers.
    Ole,
    /// The ISO base media file format: MP4, QuickTime, 3GP.
    IsoMedia,
    Matroska,
    Ogg,
    /// Microsoft's Advanced Systems Format.
    Asf,
    /// OpenType and TrueType fonts.
    Font,
}

/// Types by container, in lower case. One that ends with `*` stands for all that begin so.
const KINDS: &[(Container, &[&str])] = &[
    (
        Container::Zip,
        &[
            "application/zip",
            "application/x-zip-compressed",
            "application/vnd.openxmlformats-officedocument.*",
            "application/vnd.oasis.opendocument.*",
            "application/vnd.ms-word.*",
            "application/vnd.ms-excel.*",
            "application/vnd.ms-powerpoint.*",
            "application/vnd.ms-visio.*",
            "application/vnd.ms-xpsdocument",
            "application/vnd.sun.xml.*",
            "application/vnd.apple.*",
            "application/vnd.android.package-archive",
            "application/vnd.google-earth.kmz",
            "application/vnd.recordare.musicxml",
            "application/vnd.comicbook+zip",
            "application/x-cbz",
            "application/vnd.adobe.air-application-installer-package+zip",
            "application/java-archive",
            "application/x-java-archive",
            "application/epub+zip",
            "application/oxps",
            "application/widget",
            "application/x-xpinstall",
            "application/vsix",
            "application/vnd.iccprofile+zip",
            "model/3mf",
            "model/vnd.usdz+zip",
        ],
    ),
    (
        Container::Ole,
        &[
            "application/x-ole-storage",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.ms-outlook",
            "application/vnd.ms-project",
            "application/vnd.ms-works",
            "application/vnd.visio",
            "application/x-mspublisher",
            "application/x-msi",
            "application/x-msdownload",
            "application/x-ms-installer",
            "application/x-hwp",
            "image/vnd.fpx",
        ],
    ),
    (
        Container::IsoMedia,
        &[
            "video/mp4",
            "audio/mp4",
            "video/x-m4v",
            "audio/m4a",
            "audio/x-m4a",
            "video/quicktime",
            "video/3gpp",
            "audio/3gpp",
            "video/3gpp2",
            "audio/3gpp2",
            "application/mp4",
            "audio/m4b",
        ],
    ),
    (
        Container::Matroska,
        &[
            "video/x-matroska",
            "audio/x-matroska",
            "video/webm",
            "audio/webm",
        ],
    ),
    (
        Container::Ogg,
        &[
            "audio/ogg",
            "video/ogg",
            "application/ogg",
            "audio/opus",
            "audio/speex",
        ],
    ),
    (
        Container::Asf,
        &[
            "video/x-ms-wmv",
            "audio/x-ms-wma",
            "video/x-ms-asf",
            "video/x-ms-wm",
        ],
    ),
    (
        Container::Font,
        &[
            "application/font-sfnt",
            "font/ttf",
            "font/otf",
            "font/sfnt",
            "font/collection",
            "application/x-font-ttf",
            "application/x-font-otf",
        ],
    ),
];

/// What a compound file is whose name says nothing of it.
const OLE: &str = "application/x-ole-storage";

/// Returns the type of a file whose bytes are `found`: what its name says, if that is a kind of the same
/// container.
pub(super) fn choose<'t>(found: &'t str, by_name: Option<&'t str>) -> &'t str {
    let container = container(found);
    match by_name {
        Some(said) if container.is_some() && self::container(said) == container => said,
        // The first bytes of all of them are the same, and mean no Word document.
        _ if container == Some(Container::Ole) => OLE,
        _ => found,
    }
}

fn container(content_type: &str) -> Option<Container> {
    let essence = super::essence(content_type).to_ascii_lowercase();
    let is_it = |kind: &&str| match kind.strip_suffix('*') {
        Some(start) => essence.starts_with(start),
        None => essence == **kind,
    };
    let named = KINDS.iter().find(|(_, kinds)| kinds.iter().any(is_it));
    named.map(|(container, _)| *container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_chooses_among_the_kinds_of_a_container() {
        const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        for (found, by_name, chosen) in [
            ("application/zip", Some(XLSX), XLSX),
            (XLSX, Some("application/zip"), "application/zip"),
            ("application/zip", Some("image/png"), "application/zip"),
            ("application/zip", None, "application/zip"),
            (XLSX, None, XLSX),
            (
                "application/msword",
                Some("application/msword"),
                "application/msword",
            ),
            (
                "application/msword",
                Some("application/vnd.ms-excel"),
                "application/vnd.ms-excel",
            ),
            ("application/msword", Some(XLSX), OLE),
            ("application/msword", None, OLE),
            ("video/mp4", Some("audio/mp4"), "audio/mp4"),
            ("video/mp4", Some("video/webm"), "video/mp4"),
            ("image/png", Some("image/jpeg"), "image/png"),
        ] {
            assert_eq!(choose(found, by_name), chosen, "{found} as {by_name:?}");
        }
    }
}
