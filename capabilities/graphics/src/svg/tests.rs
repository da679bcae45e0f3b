//! Files that must not be read, and what is said about them.

use std::{fmt::Write, sync::Arc};

use base::Limits;
use usvg::fontdb::Database;

use super::{GuardError, Options, SourceError, SvgError, import};

fn read(body: &str) -> Result<super::Imported, SvgError> {
    let limits = Limits::default();
    let file = format!("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>\n{body}</svg>");
    import(file.as_bytes(), &Options::new(&limits, Arc::new(Database::new())))
}

fn repeated(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, index| {
        let _ = write!(all, "{}", item(index));
        all
    })
}

#[test]
fn circles_that_the_reader_would_follow_for_ever_are_errors() {
    for body in [
        // Three patterns.
        repeated(3, |i| {
            format!("<pattern id='p{i}' width='1' height='1'><rect fill='url(#p{})'/></pattern>", (i + 1) % 3)
        }),
        // A pattern and a mask, by attributes and by a style sheet.
        "<pattern id='p'><rect mask='url(#m)'/></pattern><mask id='m'><rect fill='url(#p)'/></mask>".to_owned(),
        "<style>.a{mask:url(\"#m\")}</style><pattern id='p'><rect class='a'/></pattern>\
         <mask id='m'><rect style='stroke:url(#p)'/></mask>"
            .to_owned(),
        // A pattern whose content inherits its own fill.
        "<g fill='url(#p)'><pattern id='p'><rect/></pattern></g>".to_owned(),
        // A circle of templates with a way into it.
        "<linearGradient id='a' href='#b'/><linearGradient id='b' href='#c'/><linearGradient id='c' href='#b'/>"
            .to_owned(),
        // Three uses.
        repeated(3, |i| format!("<g id='g{i}'><use href='#g{}'/></g>", (i + 1) % 3)),
    ] {
        let error = read(&body).unwrap_err();
        assert!(matches!(error, SvgError::Guard(GuardError::Circle { line: 2, .. })), "{body}: {error}");
    }
}

#[test]
fn circles_that_the_reader_breaks_are_read() {
    for body in [
        "<pattern id='p' width='1' height='1'><rect width='9' height='9' fill='url(#p)'/></pattern>",
        "<mask id='m'><g mask='url(#n)'><rect/></g></mask><mask id='n'><g mask='url(#m)'><rect/></g></mask>",
        "<use id='u' href='#v'/><use id='v' href='#u'/>",
        "<g id='g'><use href='#g'/></g>",
        "<marker id='m'><path d='M0 0L1 1' marker-end='url(#m)'/></marker>",
        "<linearGradient id='a' href='#b'/><linearGradient id='b' href='#a'/>",
        "<filter id='f'><feImage href='#r'/></filter><rect id='r' filter='url(#f)'/>",
    ] {
        let painted = "<rect width='9' height='9' fill='url(#p)' mask='url(#m)'/>";
        assert!(read(&format!("{body}{painted}")).is_ok(), "{body}: {}", read(body).unwrap_err());
    }
}

#[test]
fn small_files_that_ask_for_much_are_refused() {
    let bomb = |element: &str, reference: &str| {
        repeated(12, |i| {
            let next = format!("<rect width='1' height='1' {reference}='url(#e{})'/>", i + 1);
            format!("<{element} id='e{i}' width='1' height='1'>{}</{element}>", next.repeat(10))
        })
    };
    let uses =
        repeated(20, |i| format!("<g id='g{i}'>{}</g>", format!("<use href='#g{}'/>", i + 1).repeat(9)));
    for (body, setting) in [
        (uses, "expansion"),
        (bomb("pattern", "fill"), "expansion"),
        (bomb("mask", "mask"), "expansion"),
        (bomb("marker", "marker-mid").replace("<rect ", "<path d='M0 0 1 1 2 2 3 3' "), "expansion"),
        (format!("{}{}", "<g>".repeat(1_100), "</g>".repeat(1_100)), "nesting"),
        (format!("<style>{}</style>{}", "a{x:y}".repeat(40_000), "<g/>".repeat(20_000)), "nodes"),
    ] {
        let error = read(&body).unwrap_err();
        let SvgError::Guard(GuardError::Limit(limit)) = &error else { panic!("{error}") };
        assert_eq!(limit.setting, setting, "{error}");
    }
    for body in [
        format!("<g {}/>", repeated(10_001, |i| format!("a{i}=''"))),
        format!("<text>{}</text>", "<tspan>abc</tspan>".repeat(3_000)),
    ] {
        let error = read(&body).unwrap_err();
        assert!(matches!(error, SvgError::Guard(GuardError::Xml { line: 2, .. })), "{error}");
    }
}

#[test]
fn errors_name_the_place() {
    let limits = Limits::default();
    let read = |file: &[u8]| import(file, &Options::new(&limits, Arc::default())).unwrap_err().to_string();
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'";
    for (file, start) in [
        (format!("{svg} width='9'>\n <g></h></svg>"), "line 2, column 5: expected 'g' tag, not 'h'"),
        ("<html/>".to_owned(), "line 1, column 1: the first element is 'html'"),
        (format!("\n{svg} width='0' height='5'/>"), "line 2, column 1: the picture's width or height"),
        (String::new(), "line 1, column 1: "),
        ("hello".to_owned(), "line 1, column 1: "),
        (format!("{svg}>\n <path d='M0 0"), "line 2, column 15: the file ends"),
        (format!("{svg}>\n <g>\n"), "line 3, column 1: the file ends"),
    ] {
        assert!(read(file.as_bytes()).starts_with(start), "{}", read(file.as_bytes()));
    }
    assert!(matches!(
        import(b"<svg>\xff", &Options::new(&limits, Arc::default())),
        Err(SvgError::Source(SourceError::Encoding { byte: 5, .. }))
    ));
}

#[test]
fn what_cannot_be_shown_is_reported_with_its_place() {
    let imported = read("<foreignObject/><image href='a.png'/><animate/><text y='5'>text</text>").unwrap();
    let messages: Vec<String> = imported.diagnostics.iter().map(ToString::to_string).collect();
    for expected in ["2:1: the element 'foreignObject'", "'a.png'", "'animate'", "there are no fonts"] {
        assert!(messages.iter().any(|message| message.contains(expected)), "{expected}: {messages:?}");
    }
}
