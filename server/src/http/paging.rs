//! Lists that come in pages: which one is asked for, and where the others are.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use doorstep_wire::Code;

use super::reject::Reject;

const PER_PAGE: HeaderName = HeaderName::from_static("per-page");
const TOTAL: HeaderName = HeaderName::from_static("total");

/// Entries on a page for which no number was named; as many as fit a screen.
pub(crate) const DEFAULT_PER_PAGE: i64 = 25;
/// The most: a page of this many large entries is some megabytes.
pub(crate) const MOST_PER_PAGE: i64 = 100;
/// So that a page's number times its size is no overflow.
pub(crate) const MOST_PAGES: i64 = 1_000_000_000;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    number: i64,
    /// How many entries it has at the most.
    pub(crate) size: i64,
}

impl Page {
    /// Reads `page` and `per_page`.
    pub(crate) fn read(query: &[(String, String)]) -> Result<Self, Reject> {
        let number = |name: &str, default: i64, most: i64| match value(query, name) {
            None | Some("") => Ok(default),
            Some(text) => {
                let number = text.parse::<i64>().ok().filter(|number| (1..=most).contains(number));
                number.ok_or_else(|| {
                    let message = format!("{name} must be a number from 1 to {most}");
                    Reject::new(Code::InvalidRequest, message)
                })
            }
        };
        Ok(Self {
            number: number("page", 1, MOST_PAGES)?,
            size: number("per_page", DEFAULT_PER_PAGE, MOST_PER_PAGE)?,
        })
    }

    /// Which one it is, from 1.
    pub(crate) const fn number(self) -> i64 {
        self.number
    }

    /// How many entries come before it.
    pub(crate) const fn offset(self) -> i64 {
        (self.number - 1).saturating_mul(self.size)
    }

    /// Says how many entries there are in all, and where the pages around this one are.
    pub(crate) fn tell(self, response: &mut Response, url: &str, total: i64) {
        let headers = response.headers_mut();
        headers.insert(PER_PAGE, HeaderValue::from(self.size));
        headers.insert(TOTAL, HeaderValue::from(total));
        if let Ok(links) = HeaderValue::from_str(&self.links(url, total)) {
            headers.insert(header::LINK, links);
        }
    }

    /// The pages around it that are there, by their relation to it.
    pub(crate) fn around(self, total: i64) -> impl Iterator<Item = (&'static str, i64)> {
        let Self { number, size } = self;
        let last = ((total + size - 1) / size).max(1);
        let around = [
            ("first", 1, true),
            ("prev", (number - 1).min(last), number > 1),
            ("next", number + 1, number < last),
            ("last", last, true),
        ];
        around.into_iter().filter(|(_, _, there)| *there).map(|(rel, page, _)| (rel, page))
    }

    /// RFC 8288.
    fn links(self, url: &str, total: i64) -> String {
        let size = self.size;
        let links: Vec<_> = self
            .around(total)
            .map(|(rel, page)| format!("<{url}?page={page}&per_page={size}>; rel=\"{rel}\""))
            .collect();
        links.join(", ")
    }
}

/// The pairs of a query.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The first value of that name.
pub(crate) fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
