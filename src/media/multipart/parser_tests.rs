//! Bodies in, events out: whole, and cut at every place.

use proptest::prelude::*;

use super::*;

fn parser() -> Parser {
    let value = "multipart/form-data; boundary=b";
    Parser::new(&Boundary::of_content_type(value).unwrap().unwrap())
}

/// The names and contents of the parts.
type Parts = Vec<(Option<String>, Vec<u8>)>;

/// Feeds blocks, and puts together again what came in pieces.
fn parts_of<'a>(blocks: impl IntoIterator<Item = &'a [u8]>) -> Result<Parts, Malformed> {
    let mut parser = parser();
    let mut parts: Parts = Vec::new();
    let mut open = false;
    for block in blocks {
        parser.push(Bytes::copy_from_slice(block));
        while let Some(event) = parser.next()? {
            match event {
                Event::Part(head) => {
                    assert!(!open, "a part begins inside another");
                    open = true;
                    parts.push((head.name, Vec::new()));
                }
                Event::Data(data) => {
                    assert!(open && !data.is_empty());
                    parts.last_mut().unwrap().1.extend(data);
                }
                Event::PartEnd => {
                    assert!(open);
                    open = false;
                }
            }
        }
        assert!(
            parser.pending.len() < MAX_HEAD_BYTES,
            "{}",
            parser.pending.len()
        );
    }
    parser.finish()?;
    assert!(!open, "a part did not end");
    Ok(parts)
}

const HEAD: &str = "Content-Disposition: form-data; name=a\r\n\r\n";

/// Every one of these bodies has one part `a`, with this content.
#[test]
fn a_part_is_what_is_between_two_boundaries() {
    for (case, before, content, after) in [
        ("plain", "--b\r\n", "x", "\r\n--b--\r\n"),
        ("no last line end", "--b\r\n", "x", "\r\n--b--"),
        ("empty", "--b\r\n", "", "\r\n--b--"),
        ("no body", "--b\r\n", "", "--b--"),
        ("line ends in it", "--b\r\n", "\r\n\r\n", "\r\n--b--"),
        (
            "starts of a boundary",
            "--b\r\n",
            "\r\n-\r\r\n--",
            "\r\n--b--",
        ),
        ("a boundary in a line", "--b\r\n", "x--b\n--b", "\r\n--b--"),
        ("a preamble", "hello\r\n--b\r\n", "x", "\r\n--b--"),
        ("an epilogue", "--b\r\n", "x", "\r\n--b--\r\n--b\r\nbye"),
        ("blanks after a boundary", "--b \t\r\n", "x", "\r\n--b--"),
    ] {
        let body = format!("{before}{HEAD}{content}{after}");

        let part = (Some("a".to_owned()), content.as_bytes().to_vec());
        assert_eq!(parts_of([body.as_bytes()]), Ok(vec![part]), "{case}");
    }
}

#[test]
fn a_body_has_any_number_of_parts() {
    let part = |name: Option<&str>, content: &str| (name.map(str::to_owned), content.into());
    for (case, body, expected) in [
        ("no bytes", String::new(), vec![]),
        ("none", "--b--\r\n".to_owned(), vec![]),
        (
            "two",
            format!("--b\r\n{HEAD}x\r\n--b\r\n{HEAD}y\r\n--b--"),
            vec![part(Some("a"), "x"), part(Some("a"), "y")],
        ),
        (
            "one without headers",
            "--b\r\n\r\nx\r\n--b--".to_owned(),
            vec![part(None, "x")],
        ),
    ] {
        assert_eq!(parts_of([body.as_bytes()]), Ok(expected), "{case}");
    }
}

#[test]
fn a_broken_body_is_refused() {
    let header = |bytes: usize| {
        let around = "\r\nX: \r\n\r\n".len();
        format!("--b\r\nX: {}\r\n\r\nx\r\n--b--", "y".repeat(bytes - around))
    };
    assert!(parts_of([header(MAX_HEAD_BYTES).as_bytes()]).is_ok());
    for (case, body) in [
        ("the last boundary is missing", format!("--b\r\n{HEAD}x")),
        (
            "only another boundary ends it",
            format!("--b\r\n{HEAD}x\r\n--b\r\n"),
        ),
        (
            "cut in the last boundary",
            format!("--b\r\n{HEAD}x\r\n--b-"),
        ),
        (
            "cut in a head",
            "--b\r\nContent-Disposition: form".to_owned(),
        ),
        ("no boundary at all", "hello".to_owned()),
        ("another boundary", format!("--c\r\n{HEAD}x\r\n--c--")),
        (
            "a boundary that goes on",
            format!("--bc\r\n{HEAD}x\r\n--b--"),
        ),
        (
            "no empty line",
            "--b\r\nContent-Disposition: form-data; name=a\r\n--b--\r\n\r\n".to_owned(),
        ),
        ("a head of 1,025 bytes", header(MAX_HEAD_BYTES + 1)),
        (
            "a header of 80 KB without a colon",
            format!("--b\r\n{}", "x".repeat(80_000)),
        ),
        (
            "100,000 headers",
            format!("--b\r\n{}", "a: b\r\n".repeat(100_000)),
        ),
        (
            "a preamble of 1 MB",
            format!("{}\r\n--b--", "x".repeat(1_000_000)),
        ),
        (
            "an epilogue of 1 MB",
            format!("--b--\r\n{}", "x".repeat(1_000_000)),
        ),
    ] {
        assert!(parts_of([body.as_bytes()]).is_err(), "{case}");
    }
}

#[test]
fn a_body_cut_anywhere_gives_the_same() {
    let body = format!(
        "intro\r\n--b\t\r\n{HEAD}\r\n--x\r\r\n--\r\n--b\r\nX: y\r\n\r\n\r\n--b\r\n{HEAD}--b--\r\nend"
    );
    let bytes = body.as_bytes();
    let whole = parts_of([bytes]).unwrap();
    assert_eq!(whole.len(), 3);

    for at in 0..bytes.len() {
        let (start, end) = bytes.split_at(at);

        assert_eq!(parts_of([start, end]).as_ref(), Ok(&whole), "cut at {at}");
        let is_whole = at == 0 || at >= body.find("--b--").unwrap() + "--b--".len();
        assert_eq!(parts_of([start]).is_ok(), is_whole, "ended at {at}");
    }
    assert_eq!(parts_of(bytes.chunks(1)).as_ref(), Ok(&whole));
}

/// How many bytes are looked at or copied for a body that is `piece`, over and over, in blocks of `size`.
fn work(piece: &str, times: usize, size: usize) -> usize {
    let body = format!("--b\r\n{HEAD}{}\r\n--b--", piece.repeat(times));
    let mut parser = parser();
    for block in body.as_bytes().chunks(size) {
        parser.push(Bytes::copy_from_slice(block));
        while parser.next().unwrap().is_some() {}
    }
    parser.finish().unwrap();
    parser.work
}

#[test]
fn twice_the_body_is_no_more_than_twice_the_work() {
    let head = format!("\r\n--b\r\nX: {}\r\n\r\n", "y".repeat(1000));
    for (case, piece) in [
        ("plain", "0123456789"),
        ("line ends", "\r\n"),
        ("carriage returns", "\r"),
        ("starts of a boundary", "\r\n--\r\n-"),
        ("parts without anything", "\r\n--b\r\n\r\n"),
        ("parts with much in their heads", &head),
    ] {
        for size in [1, 100, 64 * 1024, usize::MAX] {
            let times = 50_000 / piece.len();

            let [once, twice] = [times, 2 * times].map(|times| work(piece, times, size));

            // What is there once, around it, is of no weight.
            let most = 2 * once + once / 10;
            assert!(twice <= most, "{case} by {size}: {once}, then {twice}");
        }
    }
}

/// What a hostile body is made of.
fn pieces() -> impl Strategy<Value = Vec<&'static [u8]>> {
    let piece = prop::sample::select(vec![
        &b"\r\n--b"[..],
        b"--b",
        b"--",
        b"\r\n",
        b"\r",
        b"\n",
        b"-",
        b"b",
        b" ",
        b":",
        b"x",
        b"\0",
        b"\xff",
        b"\r\n\r\n",
        b"Content-Disposition: form-data; name=a\r\n\r\n",
        b"Content-Disposition",
        b"; filename*=",
    ]);
    prop::collection::vec(piece, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_of_any_size_give_the_same(pieces in pieces(), size in 1_usize..40) {
        let body = pieces.concat();

        let whole = parts_of([body.as_slice()]);
        let cut = parts_of(body.chunks(size));

        prop_assert_eq!(whole.ok(), cut.ok());
    }

    #[test]
    fn any_content_comes_out_as_it_went_in(content in prop::collection::vec(any::<u8>(), 0..2000), size in 1_usize..300) {
        prop_assume!(memmem::find(&content, b"\r\n--b").is_none() && !content.starts_with(b"--b"));
        let body = [b"--b\r\n", HEAD.as_bytes(), &content, b"\r\n--b--"].concat();

        let parts = parts_of(body.chunks(size)).unwrap();

        prop_assert_eq!(parts, vec![(Some("a".to_owned()), content)]);
    }
}
