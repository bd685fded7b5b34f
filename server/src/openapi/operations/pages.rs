//! What browsers and readers load.

use doorstep_wire::{Code, paths};

use crate::openapi::{
    answers::{Document, Page},
    operation::{Answer, Body, Kind, Operation, Parameter, of},
    requests::{ConfirmRequest, SignUpPageRequest},
};

const CODE: Parameter = Parameter::query("code", Kind::Text, "The code of the link");
const LOCALE: Parameter = Parameter::query("locale", Kind::Text, "The page's language (BCP 47)");
const FIELDS: Parameter = Parameter::query("fields", Kind::Text, "Optional fields, by name");
const UNCHANGED: Answer = Answer::empty(304, "It is as it was").with(&["ETag"]);
const HTML: Answer =
    Answer::of(200, "The page", "text/html; charset=utf-8", of::<Page>).with(&["ETag"]);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("GET", paths::LOADER), "loader", "The script that puts the form into a page")
        .answers(&[
            Answer::of(200, "The script", "text/javascript; charset=utf-8", of::<Page>)
                .with(&["ETag"]),
            UNCHANGED,
        ]),
    Operation::new(("GET", paths::ASSETS), "asset", "A file that the script loads").answers(&[
        Answer::of(200, "The file, which never changes", "*/*", of::<Page>).with(&["ETag"]),
        UNCHANGED,
    ]),
    Operation::new(
        ("GET", paths::PINNED_LOADER),
        "pinnedLoader",
        "The script, for pages that pin it",
    )
    .says("It never changes, and `doorstep embed` says by what hash a page knows it.")
    .answers(&[
        Answer::of(200, "The script", "text/javascript; charset=utf-8", of::<Page>).with(&["ETag"]),
        UNCHANGED,
    ])
    .refuses(&[Code::NotFound]),
    Operation::new(("GET", paths::PINNED_ASSETS), "pinnedAsset", "A file that this script loads")
        .answers(&[
            Answer::of(200, "The file, which never changes", "*/*", of::<Page>).with(&["ETag"]),
            UNCHANGED,
        ])
        .refuses(&[Code::NotFound]),
    Operation::new(("GET", paths::FRAME), "frame", "The form as a page of its own, for a frame")
        .asks(&[
            Parameter::query("client", Kind::Text, "The client whose page shows the frame"),
            Parameter::query("origin", Kind::Text, "The origin of that page"),
        ])
        .answers(&[Answer::of(200, "The page", "text/html; charset=utf-8", of::<Page>)]),
    Operation::new(("GET", paths::SIGN_UP_PAGE), "signUpPage", "What to do to get to the form")
        .says("A token never stands in an address: the form is opened by `POST`.")
        .asks(&[LOCALE, Parameter::query("client", Kind::Text, "A publishable client")])
        .answers(&[Answer::of(200, "A page", "text/html; charset=utf-8", of::<Page>)]),
    Operation::new(("POST", paths::SIGN_UP_PAGE), "signUpByPage", "The form without a script")
        .says("Opens the form, or signs up what the form sends. Answers are pages, refusals too.")
        .asks(&[LOCALE, FIELDS])
        .takes(Body::form(of::<SignUpPageRequest>))
        .answers(&[Answer::of(
            200,
            "The form, or the credential",
            "text/html; charset=utf-8",
            of::<Page>,
        )])
        .refuses(&[
            Code::InvalidToken,
            Code::OriginNotAllowed,
            Code::AlreadyRegistered,
            Code::ValidationFailed,
        ]),
    Operation::new(("GET", paths::CONFIRM), "confirmPage", "Where the link in a mail leads")
        .says("It changes nothing: programs look at mails before people do.")
        .asks(&[CODE])
        .answers(&[Answer::of(200, "A page with a button", "text/html; charset=utf-8", of::<Page>)])
        .refuses(&[Code::ConfirmationEnded]),
    Operation::new(("POST", paths::CONFIRM), "confirmAddress", "What the button on that page does")
        .takes(Body::form(of::<ConfirmRequest>))
        .answers(&[Answer::of(
            200,
            "The address is confirmed",
            "text/html; charset=utf-8",
            of::<Page>,
        )])
        .refuses(&[Code::ConfirmationEnded]),
    Operation::new(("GET", paths::PLAYGROUND), "playground", "The form with every option to try")
        .says("Where `playground.enabled` is set.")
        .answers(&[Answer::of(200, "The page", "text/html; charset=utf-8", of::<Page>)]),
    Operation::new(("GET", paths::PLAYGROUND_FILE), "playgroundFile", "A file of that page")
        .answers(&[Answer::of(200, "The file", "*/*", of::<Page>).with(&["ETag"]), UNCHANGED]),
    Operation::new(("GET", paths::OPENAPI), "openapi", "This document")
        .answers(&[Answer::json(200, "OpenAPI 3.1", of::<Document>).with(&["ETag"]), UNCHANGED]),
    Operation::new(("GET", paths::ERRORS_PAGE), "errorsPage", "What each error code means")
        .answers(&[HTML, UNCHANGED]),
    Operation::new(("GET", paths::DOCS), "docsStart", "The handbook").answers(&[HTML, UNCHANGED]),
    Operation::new(("GET", paths::DOCS_PAGE), "docsPage", "A page of the handbook")
        .answers(&[HTML, UNCHANGED])
        .refuses(&[Code::NotFound]),
];
