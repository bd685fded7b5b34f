//! What can be ordered, orders, and what becomes of them.
//!
//! The shapes are those of the documented contract. Members that it does not have are
//! `currency`, `required`, `status` of a new order, `project.link`, `failure`,
//! `can_cancel`, `can_retry`, and the events.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /api/products`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Products {
    /// Those that the caller can have.
    pub products: Vec<Product>,
}

/// A size that a container can have, in one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Product {
    /// What orders name it by.
    pub id: i64,
    /// For people.
    pub name: String,
    /// What one costs for each term, as a decimal number.
    pub price: String,
    /// `hour`, `month`, `year`, or empty for what has no price.
    pub term: String,
    /// Processors, as a decimal number.
    pub cpu: String,
    /// MB.
    pub memory: i64,
    /// GB.
    pub storage: i64,
    /// GB.
    pub bandwidth: i64,
    /// GB.
    pub backup: i64,
    /// GB.
    pub local_disk: i64,
    /// MB; null means none.
    pub memory_swap: Option<i64>,
    /// Null means as the system likes.
    pub memory_swappiness: Option<i64>,
    /// The region in which it can be had.
    pub region: i64,
    /// In what the price is (ISO 4217); null where the operator said nothing.
    #[serde(default)]
    pub currency: Option<String>,
}

/// `GET /api/locations`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Locations {
    /// Those that the caller can use.
    pub locations: Vec<Location>,
}

/// Where projects can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// What orders name it by.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Its parts.
    #[serde(default)]
    pub regions: Vec<Named>,
}

/// A number and a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Named {
    /// For programs.
    pub id: i64,
    /// For people.
    pub name: String,
}

/// `GET /api/container_images`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Images {
    /// Those that the caller can run.
    pub container_images: Vec<Image>,
}

/// `GET /api/container_images/{id}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OneImage {
    /// The image.
    pub container_image: Image,
}

/// Something that can run in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Image {
    /// What orders name it by.
    pub id: i64,
    /// For programs.
    pub name: String,
    /// For people.
    pub label: String,
    /// More, for people.
    pub description: String,
    /// What it does in a project, as in `web`.
    pub role: String,
    /// Among which others it is listed.
    pub category: String,
    /// Whether it can be ordered: always, here.
    pub active: bool,
    /// Whether it costs nothing beside its product.
    pub is_free: bool,
    /// Whether there may be several of it.
    pub can_scale: bool,
    /// Whether the operator offers it: always, here.
    pub system_image: bool,
    /// Processors that it needs, as a decimal number.
    pub min_cpu: String,
    /// MB that it needs.
    pub min_memory: i64,
    /// A picture of it.
    pub icon_url: Option<String>,
    /// What it must or can be told: the form for it.
    pub setting_params: Vec<Setting>,
    /// The same, under the name that the documentation has for it.
    #[serde(default)]
    pub container_image_setting_params: Vec<Setting>,
    /// Its versions.
    pub image_variants: Vec<Variant>,
    /// What must be in the same order.
    pub required_containers: Vec<Required>,
}

/// Something that an image is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    /// Its number.
    pub id: i64,
    /// The image's.
    pub container_image_id: i64,
    /// What orders name it by.
    pub name: String,
    /// For people.
    pub label: String,
    /// `static`, or `password` for a secret.
    pub param_type: String,
    /// What it is unless an order says otherwise; always null for a secret.
    pub value: Option<String>,
    /// Whether an order must say it.
    #[serde(default)]
    pub required: bool,
}

/// A version of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Variant {
    /// What orders name it by.
    pub id: i64,
    /// For people.
    pub label: String,
    /// Whether it is meant when an order names the image alone.
    pub is_default: bool,
    /// For people who compare.
    pub version: String,
    /// What is fetched.
    pub registry_image_tag: String,
}

/// An image that another one needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Required {
    /// What orders name it by.
    pub id: i64,
    /// For people.
    pub label: String,
}

/// `POST /api/orders`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewOrder {
    /// The order.
    pub order: NewOrderBody,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewOrderBody {
    /// What the project is to be called.
    pub project_name: String,
    /// Where it is to be.
    pub location_id: i64,
    /// What is to run in it.
    pub containers: Vec<NewContainer>,
}

/// A container that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewContainer {
    /// What is to run in it, in its default version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<i64>,
    /// Or in this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_variant_id: Option<i64>,
    /// Its size.
    pub resources: Resources,
    /// What the image is told.
    #[serde(default)]
    pub params: Vec<Param>,
    /// Host names that lead to it.
    #[serde(default)]
    pub domains: Vec<String>,
}

/// The size of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resources {
    /// The product.
    pub product_id: i64,
}

/// Something that an image is told. Holds what a person typed, also passwords.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Param {
    /// The setting's name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The value can be a password.
impl std::fmt::Debug for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Param").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The answer to `POST /api/orders`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlacedOrder {
    /// The order.
    pub order: Placed,
    /// Members of the request that mean nothing here, by their pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// An order that was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Placed {
    /// A UUID.
    pub id: String,
    /// How far it is.
    #[serde(default)]
    pub status: String,
    /// Always null: nothing is paid here.
    pub redirect_url: Option<String>,
    /// Where the project will be reached, if that is known already.
    pub load_balancer_ip: Option<String>,
}

/// `GET /api/orders/{id}`, and the answer to its being cancelled or tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OneOrder {
    /// The order.
    pub order: Order,
}

/// `GET /api/orders`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Orders {
    /// A page of the caller's own, newest first.
    pub orders: Vec<Order>,
}

/// An order as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// A UUID.
    pub id: String,
    /// `open`, `pending`, `processing`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// What was ordered; values of secrets are null.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub order_data: Map<String, Value>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// The project, once it is there.
    pub project: Option<Project>,
    /// Where it is.
    pub location: Option<Named>,
    /// Why it failed, if it did.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Whether it can be taken back.
    #[serde(default)]
    pub can_cancel: bool,
    /// Whether it can be tried again.
    #[serde(default)]
    pub can_retry: bool,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Where it is, if whoever made it said so.
    #[serde(default)]
    pub link: Option<String>,
}

/// Why an order failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// For programs; see `/docs/errors`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// The data of an event of `GET /api/orders/{id}/events`. The event's name is `order`,
/// its id is the revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderEvent {
    /// Which change of the order it is, from 1.
    pub revision: i64,
    /// The order's status since then.
    pub status: String,
    /// RFC 3339.
    pub at: String,
    /// What whoever brings the project up said on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The project, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Project>,
}

/// `POST /api/provisioning/{order}/callback`: what became of an order that the
/// operator's provisioner took on; also what it may answer at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outcome {
    /// `completed`, `failed`, or `processing` to say how it goes.
    pub status: String,
    /// Where the project is.
    #[serde(default)]
    pub link: Option<String>,
    /// A sentence for the person who waits.
    #[serde(default)]
    pub message: Option<String>,
}
