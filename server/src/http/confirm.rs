//! Where the link in a mail leads: a page of our own, with a button.
//!
//! Programs look at mails before people do, and follow their links; a `GET` therefore
//! changes nothing, and the button is a `POST`. The page works without a script, asks
//! nobody else for anything but the operator's logo, and says also what went wrong in
//! words for people.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorstep_register::{CodeState, confirm_email, look_at_code};
use doorstep_wire::Code;
use sha2::{Digest as _, Sha256};

use super::{
    App,
    extract::{Body, media_type},
    frame::is_source,
    reject::{Reject, Rejected},
};
use crate::config::COLOR;

const STYLE: &str = include_str!("../../templates/confirm.css");

/// The page.
#[derive(Template)]
#[template(path = "confirm.html")]
struct Page<'a> {
    name: &'a str,
    logo: Option<&'a str>,
    /// Ours, and a colour that was checked.
    style: &'a str,
    title: &'a str,
    text: &'a str,
    /// What the button sends.
    code: Option<&'a str>,
    small: Option<&'a str>,
}

/// What a page says.
#[derive(Default)]
struct Words<'a> {
    title: &'a str,
    text: &'a str,
    code: Option<&'a str>,
    small: Option<&'a str>,
}

/// `GET /confirm?code=…`
pub(crate) async fn page(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, Reject> {
    let code = member(query.unwrap_or_default().as_bytes());
    match look_at_code(&app.context, &code).await? {
        CodeState::Open => {
            let text =
                "Press the button, and the address that the mail was sent to counts as yours.";
            draw(
                &app,
                &Words {
                    // On a narrow screen the line must not break after the "e".
                    title: "Confirm your e\u{2011}mail address",
                    text,
                    code: Some(&code),
                    small: Some("If you did not ask for this, close the page: nothing happens."),
                },
            )
        }
        CodeState::Used => confirmed(&app),
        CodeState::Ended => Err(ended()),
    }
}

/// `POST /confirm`: the button.
pub(crate) async fn press(
    State(app): State<App>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Reject> {
    if media_type(&headers) != "application/x-www-form-urlencoded" {
        return Err(Reject::new(
            Code::UnsupportedMediaType,
            "send what the page's button sends: a form",
        ));
    }
    match confirm_email(&app.context, &member(&body)).await? {
        CodeState::Used => confirmed(&app),
        CodeState::Open | CodeState::Ended => Err(ended()),
    }
}

/// The code in a query or a form; empty without one.
fn member(text: &[u8]) -> String {
    let mut members = url::form_urlencoded::parse(text);
    members.find(|(name, _)| name == "code").map(|(_, code)| code.into_owned()).unwrap_or_default()
}

fn ended() -> Reject {
    Reject::new(
        Code::ConfirmationEnded,
        "the link is too old, was replaced by a newer one, or belongs to another address",
    )
}

fn confirmed(app: &App) -> Result<Response, Reject> {
    let words = Words {
        title: "Your address is confirmed",
        text: "Thank you. You can close this page.",
        ..Words::default()
    };
    draw(app, &words)
}

/// A refusal as a page: with the status and the headers that it has, and words for the
/// person who pressed the button.
pub(super) fn refusal(app: &App, response: Response, rejected: &Rejected, id: &str) -> Response {
    let wait = response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let seconds = wait.and_then(|wait| wait.parse::<u64>().ok()).unwrap_or(1);
    let wait = match seconds {
        ..90 => format!("{seconds} second{}", if seconds == 1 { "" } else { "s" }),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    let note = format!("If it happens again, tell whoever runs this service: {id}");
    let (title, text, small) = match rejected.code {
        Code::ConfirmationEnded => (
            "This link no longer works",
            "It is too old, or a newer mail was sent since. Look for the newest mail, or ask for another one where you signed up."
                .to_owned(),
            None,
        ),
        Code::RateLimited => (
            "Too many tries",
            format!("Wait {wait}, then open the link in the mail again. It still works."),
            None,
        ),
        code if code.status() >= 500 => (
            "This did not work just now",
            format!("It is our fault, and nothing is lost: wait {wait}, then open the link in the mail again."),
            Some(note.as_str()),
        ),
        _ => (
            "This did not work",
            "Open the link in the mail again, and press the button on the page.".to_owned(),
            Some(note.as_str()),
        ),
    };
    let words = Words { title, text: &text, small, code: None };
    let Ok(page) = draw(app, &words) else { return response };
    let (parts, _) = response.into_parts();
    let (drawn, body) = page.into_parts();
    let mut page = Response::from_parts(parts, body);
    page.headers_mut().remove(header::CONTENT_LENGTH);
    page.headers_mut().extend(drawn.headers);
    page
}

fn draw(app: &App, words: &Words<'_>) -> Result<Response, Reject> {
    let branding = app.settings.branding.to_wire();
    let name = app.settings.platform_name();
    // The colour was checked, so it is one; it cannot end the declaration.
    let color = branding.color.as_deref().unwrap_or(COLOR);
    let on_color = branding.on_color.as_deref().unwrap_or("#ffffff");
    let style = format!(":root {{ --brand: {color}; --on-brand: {on_color}; }}\n{STYLE}");
    let source = branding.logo.as_deref().and_then(source_of);
    let page = Page {
        name: &name,
        logo: branding.logo.as_deref().filter(|_| source.is_some()),
        style: &style,
        title: words.title,
        text: words.text,
        code: words.code,
        small: words.small,
    };
    let html = page
        .render()
        .map_err(|error| Reject::internal(format!("the page cannot be drawn: {error}")))?;
    let policy = policy(&style, source.as_deref());
    let policy = HeaderValue::from_str(&policy)
        .map_err(|error| Reject::internal(format!("the page's policy is no header: {error}")))?;
    let mut response = Html(html).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// This style, that picture, this form, and nothing else.
fn policy(style: &str, logo: Option<&str>) -> String {
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    let images = logo.unwrap_or("'none'");
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src {images}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The origin of a picture, if it can stand in a policy.
pub(super) fn source_of(logo: &str) -> Option<String> {
    let origin = url::Url::parse(logo).ok()?.origin().ascii_serialization();
    is_source(&origin).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_escaped_and_the_style_is_the_one_that_is_allowed() {
        let hostile = "\"><script>alert(1)</script>";
        let page = Page {
            name: hostile,
            logo: Some(hostile),
            style: "p { color: #123456 }",
            title: hostile,
            text: hostile,
            code: Some(hostile),
            small: Some(hostile),
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        assert!(policy(style, None).contains(&policy("p { color: #123456 }", None)));
    }

    #[test]
    fn a_logo_whose_host_would_end_the_directive_is_left_out() {
        assert_eq!(source_of("https://a.example/l.png?x").as_deref(), Some("https://a.example"));
        assert_eq!(source_of("https://a;b.example/"), None);
        assert_eq!(source_of("no url"), None);
    }
}
