//! The handbook, drawn once: our own Markdown as pages without a script.

use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use askama::Template;
use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_handbook::{PAGES, Page};
use doorstep_wire::Code;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use sha2::{Digest as _, Sha256};

use crate::http::cached::Cached;

/// Its name in an address.
pub(super) const ERRORS: &str = "errors";

const STYLE: &str = include_str!("../../../templates/docs.css");

/// A new version is seen the same day.
const CACHE: &str = "public, max-age=300";

#[derive(Template)]
#[template(path = "docs.html")]
struct Drawn<'a> {
    title: &'a str,
    style: &'a str,
    /// Name, address from here, and whether it is the one shown.
    list: Vec<(String, String, bool)>,
    /// Drawn from our own texts.
    body: &'a str,
}

/// By name; empty is the first.
pub(super) static DRAWN: LazyLock<BTreeMap<&'static str, Cached>> = LazyLock::new(|| {
    let handbook = PAGES.iter().map(|page| (page.name, body(page)));
    let all = handbook.chain([(ERRORS, errors())]);
    all.map(|(name, body)| (name, draw(name, &body))).collect()
});

/// This style and nothing else.
pub(super) static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("a digest in base64 is a header's text")
});

fn draw(name: &str, body: &str) -> Cached {
    let list = PAGES
        .iter()
        .map(|page| (page.name, title(page.text)))
        .chain([(ERRORS, "Error codes".to_owned())])
        .map(|(other, title)| (title, address(name, other), other == name))
        .collect();
    let title = if name == ERRORS { "Error codes".to_owned() } else { title(text(name)) };
    let page = Drawn { title: &title, style: STYLE, list, body };
    let html = page.render().expect("the template takes what it is given");
    Cached::new("text/html; charset=utf-8", CACHE, html)
}

fn text(name: &str) -> &'static str {
    PAGES.iter().find(|page| page.name == name).map_or("", |page| page.text)
}

/// The first heading.
fn title(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("# "));
    line.unwrap_or_default().replace('`', "")
}

/// Where another page is, seen from one; right below any public path.
fn address(from: &str, to: &str) -> String {
    match (from, to) {
        ("", "") => "docs".to_owned(),
        ("", to) => format!("docs/{to}"),
        (_, "") => "../docs".to_owned(),
        (_, to) => to.to_owned(),
    }
}

/// What stands in a page for those who write it: a program finds its part by it.
fn is_remark(markup: &str) -> bool {
    let markup = markup.trim();
    markup.starts_with("<!--") && markup.ends_with("-->")
}

fn body(page: &Page) -> String {
    let mut anchors = Vec::new();
    let mut events: Vec<Event<'_>> = Parser::new_ext(page.text, Options::ENABLE_TABLES)
        .filter(|event| !matches!(event, Event::Html(text) if is_remark(text)))
        // What looks like markup in our texts is meant as text.
        .map(|event| match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            event => event,
        })
        .collect();
    // A link's end follows its start, and links do not nest.
    let mut is_lost = false;
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let address = follow(page, dest_url);
                is_lost = address.is_none();
                if let Some(address) = address
                    && let Event::Start(Tag::Link { dest_url, .. }) = &mut events[at]
                {
                    *dest_url = address.into();
                } else {
                    events[at] = Event::Text(CowStr::Borrowed(""));
                }
            }
            Event::End(TagEnd::Link) if is_lost => {
                events[at] = Event::Text(CowStr::Borrowed(""));
                is_lost = false;
            }
            Event::Start(Tag::Heading { .. }) => {
                let anchor = anchor(&events[at + 1..], &anchors);
                anchors.push(anchor.clone());
                if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
                    *id = Some(anchor.into());
                }
            }
            _ => {}
        }
    }
    let mut drawn = String::new();
    html::push_html(&mut drawn, events.into_iter());
    // A table can be wider than a telephone.
    drawn
        .replace("<table>", "<div class=\"table\" tabindex=\"0\"><table>")
        .replace("</table>", "</table></div>")
}

/// A heading's words, as GitHub makes an anchor of them.
fn anchor(following: &[Event<'_>], taken: &[String]) -> String {
    let words =
        following.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let text: String = words
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    let plain: String = text
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect();
    let same = taken.iter().filter(|other| **other == plain).count();
    if same == 0 { plain } else { format!("{plain}-{same}") }
}

/// Where a link leads: elsewhere, within the page, or to another page. None where it leads to a
/// file of the checkout, which is not here.
fn follow(page: &Page, link: &str) -> Option<String> {
    if link.starts_with('#') || link.contains("://") {
        return Some(link.to_owned());
    }
    let (file, fragment) = link.split_once('#').map_or((link, ""), |(file, rest)| (file, rest));
    let mut path: Vec<&str> = page.path.split('/').collect();
    path.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    let path = path.join("/");
    let other = PAGES.iter().find(|other| other.path == path)?;
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    Some(address(page.name, other.name) + &fragment)
}

fn errors() -> String {
    let mut page = String::from("<h1>Error codes</h1><dl>");
    for code in Code::ALL {
        let again = if code.retry() { " The same request can succeed later." } else { "" };
        // Names and texts are ours and hold no markup.
        let _ = write!(
            page,
            "<dt id=\"{0}\"><code>{0}</code> ({1})</dt><dd>{2}{again}</dd>",
            code.name(),
            code.status(),
            code.doc().trim(),
        );
    }
    page + "</dl>"
}

#[cfg(test)]
mod tests {
    use doorstep_handbook::Page;

    use super::{body, follow};

    const HERE: Page = Page { name: "here", path: "crates/handbook/here.md", text: "" };

    #[test]
    fn links_lead_to_pages_or_elsewhere_and_never_to_files() {
        let check = |link, expected: Option<&str>| {
            assert_eq!(follow(&HERE, link).as_deref(), expected, "{link}");
        };
        check("https://example.com/a.md", Some("https://example.com/a.md"));
        check("#there", Some("#there"));
        check("orders.md", Some("orders"));
        check("orders.md#states", Some("orders#states"));
        check("../../widget/README.md", Some("widget"));
        check("README.md", Some("../docs"));
        check("../accounts/src/limits.rs", None);
        check("../../../../../etc/passwd", None);
    }

    #[test]
    fn what_looks_like_markup_is_text() {
        let drawn = body(&Page {
            text: "# A `<b>` & c\n\n<script>x</script>\n\nIt is [gone](../x.rs)\n\n# A `<b>` & c\n",
            ..HERE
        });
        assert!(!drawn.contains("<script") && !drawn.contains("href"), "{drawn}");
        assert!(
            drawn.contains("&lt;script&gt;x&lt;") && drawn.contains("It is gone</p>"),
            "{drawn}"
        );
        assert!(drawn.contains("id=\"a-b--c\"") && drawn.contains("id=\"a-b--c-1\""), "{drawn}");
    }

    #[test]
    fn remarks_to_writers_are_left_out() {
        let text = "# T\n\n<!-- written by x -->\nIt is.\n<!-- /x -->\n\n<!-- open\n";
        let drawn = body(&Page { text, ..HERE });
        assert!(!drawn.contains("written by") && !drawn.contains("/x"), "{drawn}");
        // What is no whole remark is text, as all else.
        assert!(drawn.contains("It is.") && drawn.contains("&lt;!-- open"), "{drawn}");
    }
}
