//! Which copies are kept, over encoders whose sizes are told; and what the real ones make.

use std::{cell::RefCell, collections::BTreeMap};

use super::*;
use Coding::{Brotli, Gzip, Zstd};

fn options(codings: &[Coding]) -> CompressionOptions {
    CompressionOptions::default().with_codings(codings)
}

/// WhiteNoise's own answers, `Compressor().should_compress(name)` of 6.12.
#[test]
fn the_extension_decides_whether_a_file_is_looked_at() {
    let options = CompressionOptions::default();
    for (name, expected) in [
        ("css/app.css", true),
        ("js/app.0123456789ab.js", true),
        ("img/logo.svg", true),
        ("staticfiles.json", true),
        ("font.ttf", true),
        ("font.otf", true),
        ("favicon.ico", true),
        ("manual.pdf", true),
        ("photo.avif", true),
        ("song.mp3", true),
        ("LICENSE", true),
        ("png", true),
        ("a.png/b", true),
        ("apng", true),
        ("a.png.css", true),
        ("a.pngx", true),
        ("", true),
        ("photo.jpg", false),
        ("photo.JPG", false),
        ("photo.Jpeg", false),
        ("photo.0123456789ab.png", false),
        (".gif", false),
        ("a/.webp", false),
        ("font.woff", false),
        ("font.woff2", false),
        ("all.tar.gz", false),
        ("app.css.br", false),
        ("clip.3gpp", false),
    ] {
        assert_eq!(is_compressible(name, 1, &options), expected, "{name:?}");
    }
}

#[test]
fn all_of_whitenoise_s_extensions_are_skipped() {
    // `Compressor.SKIP_COMPRESS_EXTENSIONS` of 6.12, in its order.
    let whitenoise = "jpg jpeg png gif webp zip gz tgz bz2 tbz xz br swf flv woff woff2 3gp 3gpp asf \
                      avi m4v mov mp4 mpeg mpg webm wmv";

    let skipped = CompressionOptions::default().skip_extensions;

    assert_eq!(skipped, whitenoise.split(' ').collect::<Vec<_>>());
}

#[test]
fn extensions_of_ones_own_replace_the_list() {
    let mut options = CompressionOptions {
        skip_extensions: vec!["tar.gz".to_owned(), "épub".to_owned()],
        ..CompressionOptions::default()
    };
    for (name, expected) in [
        ("a.tar.gz", false),
        ("a.gz", true),
        ("a.png", true),
        ("a.ÉPUB", false),
        ("tar.gz", true),
    ] {
        assert_eq!(is_compressible(name, 1, &options), expected, "{name}");
    }
    options.skip_extensions.clear();
    assert!(is_compressible("a.png", 1, &options));
}

#[test]
fn empty_and_very_large_files_are_not_looked_at() {
    let options = CompressionOptions::default();
    let most = 64 * 1024 * 1024;

    for (size, expected) in [(0, false), (1, true), (most, true), (most + 1, false)] {
        assert_eq!(is_compressible("a.css", size, &options), expected, "{size}");
    }
}

#[test]
fn a_copy_is_kept_up_to_95_hundredths_of_the_original() {
    for (encoded, original, expected) in [
        (95, 100, true),
        (96, 100, false),
        (19, 20, true),
        (20, 20, false),
        (18, 19, true),
        (1, 1, false),
        (0, 0, true),
        (949_999, 1_000_000, true),
        (950_000, 1_000_000, true),
        (950_001, 1_000_000, false),
        (usize::MAX, usize::MAX, false),
    ] {
        assert_eq!(
            is_worth_it(encoded, original),
            expected,
            "{encoded} of {original}"
        );
    }
}

/// The codings, the size that each makes of 100 bytes, which are tried, and which are kept.
type Tried = (
    &'static str,
    &'static [(Coding, usize)],
    &'static [Coding],
    &'static [Coding],
);

const TRIED: &[Tried] = &[
    (
        "both are worth it",
        &[(Gzip, 95), (Brotli, 90)],
        &[Brotli, Gzip],
        &[Brotli, Gzip],
    ),
    (
        "brotli alone is",
        &[(Brotli, 95), (Gzip, 96)],
        &[Brotli, Gzip],
        &[Brotli],
    ),
    (
        "where brotli is not, gzip is not tried",
        &[(Brotli, 96), (Gzip, 10)],
        &[Brotli],
        &[],
    ),
    (
        "where brotli is not, zstd is not tried",
        &[(Brotli, 96), (Zstd, 10)],
        &[Brotli],
        &[],
    ),
    (
        "zstd decides for itself alone",
        &[(Zstd, 96), (Gzip, 95)],
        &[Zstd, Gzip],
        &[Gzip],
    ),
    ("gzip alone", &[(Gzip, 95)], &[Gzip], &[Gzip]),
    (
        "all three",
        &[(Gzip, 80), (Zstd, 60), (Brotli, 50)],
        &[Brotli, Zstd, Gzip],
        &[Brotli, Zstd, Gzip],
    ),
    ("none", &[], &[], &[]),
];

#[test]
fn brotli_is_tried_first_and_decides_for_the_others() {
    for (case, sizes, tried, expected) in TRIED {
        let sizes: BTreeMap<Coding, usize> = sizes.iter().copied().collect();
        let codings: Vec<Coding> = sizes.keys().copied().collect();
        let asked = RefCell::new(Vec::new());

        let variants = kept(&[0; 100], &options(&codings), |coding, _| {
            asked.borrow_mut().push(coding);
            Ok(vec![0; sizes[&coding]])
        });

        let got: Vec<Coding> = variants.unwrap().iter().map(|one| one.coding).collect();
        assert_eq!(got, *expected, "{case}");
        assert_eq!(asked.into_inner(), *tried, "{case}");
    }
}

#[test]
fn an_empty_content_is_not_encoded() {
    let variants = kept(b"", &CompressionOptions::default(), |_, _| {
        panic!("an encoder was called")
    });

    assert_eq!(variants.unwrap(), []);
}

#[test]
fn an_encoder_that_fails_is_told() {
    let variants = kept(b"a", &CompressionOptions::default(), |_, _| {
        Err(storehouse_storage::Error::unsupported("no memory"))
    });

    assert_eq!(variants.unwrap_err().problem(), "no memory");
}

#[cfg(not(feature = "zstd"))]
#[test]
fn a_coding_that_a_build_cannot_make_is_an_error() {
    let error = variants(b"a", &options(&[Zstd])).unwrap_err();

    assert_eq!(
        error.to_string(),
        "this build of storehouse cannot make zstd"
    );
}

#[cfg(feature = "compression")]
mod encoders {
    use std::io::Read;

    use super::*;

    /// What this build can make.
    #[cfg(feature = "zstd")]
    const BUILT: &[Coding] = &[Brotli, Zstd, Gzip];
    #[cfg(not(feature = "zstd"))]
    const BUILT: &[Coding] = &[Brotli, Gzip];

    fn decode(variant: &Variant) -> Vec<u8> {
        let mut decoded = Vec::new();
        match variant.coding {
            Brotli => {
                let mut decoder = brotli::Decompressor::new(&*variant.bytes, 4096);
                decoder.read_to_end(&mut decoded).unwrap();
            }
            Gzip => {
                let mut decoder = flate2::read::GzDecoder::new(&*variant.bytes);
                decoder.read_to_end(&mut decoded).unwrap();
            }
            #[cfg(feature = "zstd")]
            Zstd => decoded = zstd::decode_all(&*variant.bytes).unwrap(),
            #[cfg(not(feature = "zstd"))]
            Zstd => panic!("zstd was made"),
        }
        decoded
    }

    /// Bytes without a pattern: the high bytes of a linear congruential generator.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    fn contents() -> [(&'static str, Vec<u8>); 4] {
        [
            ("text", b"a { color: #fff }\n".repeat(100)),
            ("one letter", b"a".repeat(100_000)),
            ("not UTF-8", b"\xff\0\xfe".repeat(500)),
            // Longer than the encoders' inner buffers.
            ("half noise", [noise(20_000), vec![b' '; 60_000]].concat()),
        ]
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        for (case, content) in contents() {
            let variants = variants(&content, &options(BUILT)).unwrap();

            let codings: Vec<Coding> = variants.iter().map(|one| one.coding).collect();
            assert_eq!(codings, BUILT, "{case}");
            for variant in &variants {
                let coding = variant.coding;
                assert!(decode(variant) == content, "{case}: {coding:?}");
            }
        }
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        for (case, content) in contents() {
            let again = content.clone();

            let first = variants(&content, &options(BUILT)).unwrap();
            let second = std::thread::spawn(move || variants(&again, &options(BUILT)).unwrap());

            assert!(first == second.join().unwrap(), "{case}");
        }
    }

    #[test]
    fn a_content_that_cannot_get_smaller_has_no_copy() {
        for content in [&noise(10_000)[..], b"a", b"short"] {
            assert_eq!(variants(content, &options(BUILT)).unwrap(), []);
        }
    }

    #[test]
    fn gzip_has_neither_time_nor_name() {
        let gzip = variants(&b"a".repeat(1000), &options(&[Gzip])).unwrap();

        // RFC 1952: magic, deflate, no flags, no time, slowest, system unknown. As Python writes it.
        let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];
        assert_eq!(gzip[0].bytes[..10], header);
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_looks_back_no_further_than_a_browser_will() {
        let content = b"0123456789abcdef".repeat(1 << 20);

        let zstd = variants(&content, &options(&[Zstd])).unwrap();

        // RFC 8878, section 3.1.1: magic, a descriptor without single segment, then the window.
        let [_, _, _, _, descriptor, window] = zstd[0].bytes[..6] else {
            panic!("no frame");
        };
        assert_eq!(descriptor & 0b10_0000, 0);
        // The exponent of 8 MiB, and no eighths more.
        assert!(window <= (23 - 10) << 3, "{window}");
    }
}
