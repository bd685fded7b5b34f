//! What can be ordered, orders, and what becomes of them.

use doorstep_wire::{
    Code,
    onboarding::{
        Images, Locations, NewOrder, OneImage, OneOrder, Orders, Outcome, PlacedOrder, Products,
    },
    paths,
};

use super::{IDEMPOTENCY_KEY, PAGE, PER_PAGE};
use crate::openapi::{
    answers::{OrderSettled, OrderStream},
    operation::{Answer, Body, Caller, Kind, Operation, Parameter, of},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(("GET", paths::PRODUCTS), "listProducts", "List sizes and prices")
        .also(&[("GET", paths::PRODUCTS_ALIAS)])
        .answers(&[Answer::json(200, "Those that the caller can have", of::<Products>)]),
    Operation::new(("GET", paths::LOCATIONS), "listLocations", "List where projects can be")
        .answers(&[Answer::json(200, "Those that the caller can use", of::<Locations>)]),
    Operation::new(("GET", paths::IMAGES), "listImages", "List what can run in a container")
        .answers(&[Answer::json(200, "Those that the caller can run", of::<Images>)]),
    Operation::new(("GET", paths::IMAGE), "showImage", "Show an image and its settings")
        .answers(&[Answer::json(200, "The image", of::<OneImage>)]),
    Operation::new(("GET", paths::ORDERS), "listOrders", "List the own orders")
        .also(&[("GET", paths::ORDERS_ALIAS)])
        .asks(&[PAGE, PER_PAGE])
        .answers(&[
            Answer::json(200, "A page of them, newest first", of::<Orders>)
                .with(&["Link", "Total", "Per-Page"]),
        ])
        .refuses(&[Code::UserNeeded, Code::InvalidRequest]),
    Operation::new(("POST", paths::ORDERS), "placeOrder", "Order a project")
        .also(&[("POST", paths::ORDERS_ALIAS)])
        .says(
            "What settings the images need is in `listImages`. Containers that an image requires are part of the \
             same order.",
        )
        .asks(&[IDEMPOTENCY_KEY])
        .takes(Body::json(of::<NewOrder>))
        .answers(&[Answer::json(201, "The order", of::<PlacedOrder>)
            .with(&["Location", "Idempotency-Key", "Idempotent-Replayed"])])
        .refuses(&[
            Code::UserNeeded,
            Code::OrderingDisabled,
            Code::RequestInProgress,
            Code::IdempotencyKeyReused,
            Code::ValidationFailed,
        ]),
    Operation::new(("GET", paths::ORDER), "showOrder", "Show an order")
        .also(&[("GET", paths::ORDER_ALIAS)])
        .answers(&[Answer::json(200, "The order", of::<OneOrder>)])
        .refuses(&[Code::UserNeeded]),
    Operation::new(("GET", paths::ORDER_EVENTS), "watchOrder", "Watch an order")
        .says(
            "Server-Sent Events, one for each change of the order. The event's name is `order`, its id the revision, \
             its data an `OrderEvent`. A stream ends with the order's end or after some minutes: ask again with \
             `Last-Event-ID`, and nothing is missed.",
        )
        .asks(&[Parameter::header(
            "Last-Event-ID",
            Kind::Number(0, i64::MAX),
            "The id of the event that came last",
        )])
        .answers(&[Answer::of(200, "The events", "text/event-stream", of::<OrderStream>)])
        .refuses(&[Code::UserNeeded, Code::InvalidRequest]),
    Operation::new(("POST", paths::ORDER_CANCEL), "cancelOrder", "Take an order back")
        .says("As long as nobody has begun to work on it. A body is not read.")
        .answers(&[Answer::json(200, "The order", of::<OneOrder>)])
        .refuses(&[Code::UserNeeded, Code::OrderState]),
    Operation::new(("POST", paths::ORDER_RETRY), "retryOrder", "Try an order again")
        .says("If it failed. A body is not read.")
        .answers(&[Answer::json(202, "The order", of::<OneOrder>)])
        .refuses(&[
            Code::UserNeeded,
            Code::OrderingDisabled,
            Code::OrderState,
            Code::OrderSecretsGone,
        ]),
    Operation::new(
        ("POST", paths::PROVISIONING_CALLBACK),
        "settleOrder",
        "Say what became of an order",
    )
    .says(
        "For the operator's provisioner. The request to it has the token, which is good for this order and this run \
         of it. The same answer twice is no fault.",
    )
    .by(Caller::Provisioner)
    .takes(Body::json(of::<Outcome>))
    .answers(&[Answer::json(200, "The order as it stands", of::<OrderSettled>)])
    .refuses(&[Code::InvalidRequest, Code::OrderState]),
];
