//! What is drawn: one template, with the widget's own style around it.

use askama::Template;
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_wire::session::Words;
use sha2::{Digest as _, Sha256};

use super::language::{Choice, Said};
use crate::http::{App, confirm::source_of, frame::PERMISSIONS, reject::Reject};

/// The widget's style, so that the form looks the same with a script and without.
const STYLE: &str = concat!(
    include_str!("../../../../widget/style/tokens.css"),
    include_str!("../../../../widget/style/form.css"),
    include_str!("../../../templates/sign_up.css"),
);

/// The page; the parts that are not there are left out.
#[derive(Template, Default)]
#[template(path = "sign_up.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'a str,
    name: &'a str,
    logo: Option<&'a str>,
    /// Ours, and colours that were checked.
    style: &'a str,
    title: &'a str,
    summary: Option<&'a Summary>,
    text: Option<&'a str>,
    is_mild: bool,
    is_done: bool,
    form: Option<&'a Form>,
    shown: &'a [Shown],
    files: &'a [File],
    back: Option<&'a Back>,
}

/// What a page says and asks.
#[derive(Default)]
pub(super) struct Content<'a> {
    pub(super) title: &'a str,
    pub(super) summary: Option<Summary>,
    pub(super) text: Option<&'a str>,
    /// Whether the text is no warning.
    pub(super) is_mild: bool,
    pub(super) is_done: bool,
    pub(super) form: Option<Form>,
    pub(super) shown: Vec<Shown>,
    pub(super) files: Vec<File>,
    pub(super) back: Option<Back>,
}

/// What is wrong, on top.
pub(super) struct Summary {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
}

/// One thing that is wrong.
pub(super) struct Line {
    /// The field that it leads to; empty if there is none.
    pub(super) to: String,
    pub(super) text: String,
}

/// The form.
#[derive(Default)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) token: String,
    pub(super) key: String,
    pub(super) return_to: String,
    pub(super) user: String,
    pub(super) server: String,
    pub(super) rows: Vec<Row>,
    pub(super) optional: String,
    pub(super) choose: String,
    /// The button's label; without one nothing can be sent.
    pub(super) send: String,
}

/// A field.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) label: String,
    /// What the label leads to, if anything.
    pub(super) link: Option<Link>,
    pub(super) class: &'static str,
    pub(super) autocomplete: &'static str,
    pub(super) value: String,
    pub(super) hint: String,
    pub(super) fault: String,
    pub(super) is_required: bool,
    pub(super) is_optional: bool,
    pub(super) is_fixed: bool,
    pub(super) input: Input,
    /// Attributes that tie the input to what is said of it; of names of ours.
    pub(super) tied: String,
}

/// A label some of whose words are a link.
pub(super) struct Link {
    pub(super) before: String,
    pub(super) words: String,
    pub(super) after: String,
    pub(super) to: String,
}

impl Link {
    /// The words in brackets, if there are such and a link to put on them.
    pub(super) fn of(words: &Words) -> Option<Self> {
        let to = words.link.clone()?;
        let (before, rest) = words.label.split_once('[')?;
        let (words, after) = rest.split_once(']')?;
        let [before, words, after] = [before, words, after].map(str::to_owned);
        Some(Self { before, words, after, to })
    }
}

/// How a field is answered.
pub(super) enum Input {
    Check(bool),
    List(Vec<Choice>),
    /// Its type, its keyboard, its capitals, its direction.
    Line(&'static str, &'static str, &'static str, &'static str),
}

/// A value to keep.
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) autocomplete: &'static str,
    pub(super) value: String,
}

/// The same as a file.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) link: String,
}

/// The way back to the panel; with the code that it waits for, if it does.
pub(super) struct Back {
    pub(super) to: String,
    pub(super) label: String,
    pub(super) username: String,
    pub(super) code: String,
}

const FIXED: [(HeaderName, HeaderValue); 4] = [
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Other sites learn nothing, as everywhere here. Our own form says where it was, for a
    // browser that may not say so calls its origin `null`, like a page that hides.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// Draws a page.
pub(super) fn draw(app: &App, said: &Said<'_>, content: &Content<'_>) -> Result<Response, Reject> {
    let branding = app.settings.branding.to_wire();
    let colors =
        [("--doorstep-brand", &branding.color), ("--doorstep-on-brand", &branding.on_color)];
    let colors: String = colors
        .into_iter()
        // They were checked, so they are colours and end no declaration.
        .filter_map(|(name, color)| Some(format!("{name}: {};", color.as_deref()?)))
        .collect();
    let style = format!("{STYLE}\ndoorstep-signup {{ {colors} }}\n");
    let source = branding.logo.as_deref().and_then(source_of);
    let name = app.settings.platform_name();
    let page = Page {
        lang: said.reader.tag(),
        dir: said.reader.direction(),
        name: &name,
        logo: branding.logo.as_deref().filter(|_| source.is_some()),
        style: &style,
        title: content.title,
        summary: content.summary.as_ref(),
        text: content.text,
        is_mild: content.is_mild,
        is_done: content.is_done,
        form: content.form.as_ref(),
        shown: &content.shown,
        files: &content.files,
        back: content.back.as_ref(),
    };
    let html = page
        .render()
        .map_err(|error| Reject::internal(format!("the page cannot be drawn: {error}")))?;
    let back = content.back.as_ref().filter(|back| !back.code.is_empty());
    let back = back.and_then(|back| source_of(&back.to)).unwrap_or_default();
    let policy = policy(&style, source.as_deref(), &back);
    let policy = HeaderValue::from_str(&policy)
        .map_err(|error| Reject::internal(format!("the page's policy is no header: {error}")))?;
    let mut response = Html(html).into_response();
    response.headers_mut().extend(FIXED);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// This style, that picture, this form, and no script at all.
fn policy(style: &str, logo: Option<&str>, back: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    let images = logo.unwrap_or("'none'");
    let space = if back.is_empty() { "" } else { " " };
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src {images}; form-action 'self'{space}{back}; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_escaped_and_the_style_is_the_one_that_is_allowed() {
        let hostile = || "\"'><script>alert(1)</script>".to_owned();
        let row = Row {
            name: "fname",
            label: hostile(),
            link: Some(Link {
                before: hostile(),
                words: hostile(),
                after: hostile(),
                to: hostile(),
            }),
            class: "",
            autocomplete: "given-name",
            value: hostile(),
            hint: hostile(),
            fault: hostile(),
            is_required: true,
            is_optional: true,
            is_fixed: false,
            input: Input::Line("text", "text", "words", "auto"),
            tied: String::new(),
        };
        let form = Form {
            action: hostile(),
            token: hostile(),
            key: hostile(),
            return_to: hostile(),
            user: hostile(),
            server: hostile(),
            rows: vec![row],
            optional: hostile(),
            choose: hostile(),
            send: hostile(),
        };
        let summary = Summary {
            title: hostile(),
            lines: vec![
                Line { to: hostile(), text: hostile() },
                Line { to: String::new(), text: hostile() },
            ],
        };
        let shown =
            Shown { name: "password", label: hostile(), autocomplete: "off", value: hostile() };
        let file = File { name: "x", label: hostile(), link: hostile() };
        let back = Back { to: hostile(), label: hostile(), username: hostile(), code: hostile() };
        let (text, style) = (hostile(), "p { color: #123456 }");
        let page = Page {
            name: &text,
            logo: Some(&text),
            style,
            title: &text,
            summary: Some(&summary),
            text: Some(&text),
            form: Some(&form),
            shown: &[shown],
            files: &[file],
            back: Some(&back),
            ..Page::default()
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script") && !html.contains("\"'>"), "{html}");
        let drawn = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        assert!(policy(drawn, None, "").contains(&policy(style, None, "")));
    }

    #[test]
    fn the_style_holds_nothing_that_would_end_it() {
        assert!(!STYLE.contains("</"));
    }
}
