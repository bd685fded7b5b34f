//! The catalogue and orders, as `ComputeStacks` clients know them.

use doorstep_accounts::{
    Refusal, Secret,
    catalog::{Image, Location, Offer, Product, SettingKind},
    order::{self, Draft, DraftContainer, DraftParam, Named, Order, OrderChange, OrderState, Step},
};
use doorstep_wire::{FieldProblem, onboarding as wire};
use serde_json::{Map, Value};

use crate::{
    body::{note_unknown, object},
    native_profile::rfc3339,
};

const ORDER: &[&str] = &["project_name", "location_id", "skip_ssh", "project_id", "containers"];
const CONTAINER: &[&str] =
    &["image_id", "image_variant_id", "name", "resources", "qty", "params", "domains", "volumes"];
/// How many of a container one line of an order can be for.
const MOST_OF_ONE: i64 = 100;

/// Reads a body. Only one that is no JSON object is refused here; other faults are in
/// the draft, so that they come together with those that the catalogue knows.
pub fn decode_order(body: &[u8]) -> Result<Draft, Refusal> {
    let root = object(body)?;
    let mut draft = Draft::default();
    let Some(Value::Object(order)) = root.get("order") else {
        let (code, sentence) = match root.get("order") {
            None | Some(Value::Null) => ("required", "Order is required"),
            Some(_) => ("wrong_type", "Order must be an object"),
        };
        draft.faults.push(order::problem("/order", code, sentence.to_owned()));
        return Err(Refusal::Invalid { faults: draft.faults });
    };
    note_unknown(order, "/order", ORDER, &mut draft.ignored);
    let faults = &mut draft.faults;
    draft.project_name = text(order, "project_name", "/order", "Project name", faults);
    draft.location_id = number(order, "location_id", "/order", "Location", faults);
    draft.skip_ssh = matches!(order.get("skip_ssh"), Some(Value::Bool(true)));
    if !is_blank(order.get("project_id")) {
        faults.push(order::problem(
            "/order/project_id",
            "unsupported",
            "Projects that are there cannot be added to yet: leave project_id out".to_owned(),
        ));
    }
    match order.get("containers") {
        None | Some(Value::Null) => {}
        Some(Value::Array(containers)) => {
            for (at, value) in containers.iter().enumerate() {
                let pointer = format!("/order/containers/{at}");
                match value {
                    Value::Object(container) => {
                        let read = read_container(container, &pointer, faults, &mut draft.ignored);
                        draft.containers.push(read);
                    }
                    _ => faults.push(wrong_type(pointer, "Container", "an object")),
                }
            }
        }
        Some(_) => faults.push(wrong_type("/order/containers", "Containers", "a list")),
    }
    Ok(draft)
}

fn read_container(
    container: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<FieldProblem>,
    ignored: &mut Vec<String>,
) -> DraftContainer {
    note_unknown(container, pointer, CONTAINER, ignored);
    let mut read = DraftContainer { quantity: 1, ..DraftContainer::default() };
    let before = faults.len();
    let variant = number(container, "image_variant_id", pointer, "Image", faults);
    let image = number(container, "image_id", pointer, "Image", faults);
    read.has_fault.image = faults.len() > before;
    // The newer member says more: which image it is follows from it.
    read.image = variant.map(Named::Variant).or(image.map(Named::Image));
    read.name = text(container, "name", pointer, "Name", faults).filter(|name| !name.is_empty());
    let before = faults.len();
    read.product = product(container, pointer, faults);
    read.has_fault.product = faults.len() > before;
    if let Some(quantity) = number(container, "qty", pointer, "Quantity", faults) {
        read.quantity = quantity.clamp(1, MOST_OF_ONE);
        if read.quantity != quantity {
            let message = format!("Quantity must be from 1 to {MOST_OF_ONE}");
            faults.push(order::problem(format!("{pointer}/qty"), "out_of_range", message));
        }
    }
    let before = faults.len();
    read.params = params(container, pointer, faults);
    read.has_fault.params = faults.len() > before;
    read.domains = domains(container, pointer, faults);
    match container.get("volumes") {
        None | Some(Value::Null) => {}
        Some(Value::Array(volumes)) if volumes.is_empty() => {}
        Some(_) => faults.push(order::problem(
            format!("{pointer}/volumes"),
            "unsupported",
            "Volumes are made as the image needs them: leave volumes out".to_owned(),
        )),
    }
    read
}

fn product(
    container: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<FieldProblem>,
) -> Option<(i64, String)> {
    let pointer = format!("{pointer}/resources");
    match container.get("resources") {
        None | Some(Value::Null) => None,
        Some(Value::Object(resources)) => {
            // The documentation has the one name and the reference implementation the other.
            ["product_id", "package_id"].into_iter().find_map(|member| {
                let id = number(resources, member, &pointer, "Product", faults)?;
                Some((id, format!("{pointer}/{member}")))
            })
        }
        Some(_) => {
            faults.push(wrong_type(pointer, "Resources", "an object"));
            None
        }
    }
}

fn params(
    container: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<FieldProblem>,
) -> Vec<DraftParam> {
    let pointer = format!("{pointer}/params");
    let mut params = Vec::new();
    let entries = match container.get("params") {
        None | Some(Value::Null) => return params,
        Some(Value::Array(entries)) => entries,
        Some(_) => {
            faults.push(wrong_type(pointer, "Params", "a list of {key, value}"));
            return params;
        }
    };
    for (at, entry) in entries.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        let Some((key, value)) =
            entry.as_object().map(|entry| (entry.get("key"), entry.get("value")))
        else {
            faults.push(wrong_type(pointer, "Param", "an object with key and value"));
            continue;
        };
        let Some(Value::String(key)) = key else {
            faults.push(wrong_type(format!("{pointer}/key"), "Key", "text"));
            continue;
        };
        let value = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(_) => {
                faults.push(wrong_type(format!("{pointer}/value"), "Value", "text"));
                continue;
            }
        };
        params.push(DraftParam { key: key.clone(), value: Secret::new(value), pointer });
    }
    params
}

fn domains(
    container: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<FieldProblem>,
) -> Vec<(String, String)> {
    let pointer = format!("{pointer}/domains");
    let mut domains = Vec::new();
    match container.get("domains") {
        None | Some(Value::Null) => {}
        Some(Value::Array(entries)) => {
            for (at, entry) in entries.iter().enumerate() {
                let pointer = format!("{pointer}/{at}");
                match entry {
                    Value::String(domain) => domains.push((domain.trim().to_owned(), pointer)),
                    _ => faults.push(wrong_type(pointer, "Domain", "text")),
                }
            }
        }
        Some(_) => faults.push(wrong_type(pointer, "Domains", "a list")),
    }
    domains
}

fn text(
    object: &Map<String, Value>,
    member: &str,
    parent: &str,
    label: &str,
    faults: &mut Vec<FieldProblem>,
) -> Option<String> {
    match object.get(member) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => {
            faults.push(wrong_type(format!("{parent}/{member}"), label, "text"));
            None
        }
    }
}

/// A number, also one in quotes, as forms send them.
fn number(
    object: &Map<String, Value>,
    member: &str,
    parent: &str,
    label: &str,
    faults: &mut Vec<FieldProblem>,
) -> Option<i64> {
    let value = object.get(member).filter(|value| !is_blank(Some(value)))?;
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        faults.push(wrong_type(format!("{parent}/{member}"), label, "a whole number"));
    }
    number
}

fn is_blank(value: Option<&Value>) -> bool {
    matches!(value, None | Some(Value::Null)) || value.is_some_and(|value| value == "")
}

fn wrong_type(pointer: impl Into<String>, label: &str, what: &str) -> FieldProblem {
    order::problem(pointer, "wrong_type", format!("{label} must be {what}"))
}

/// The body of `GET /api/products`
pub fn encode_products(offer: Offer<'_>) -> wire::Products {
    wire::Products { products: offer.products().map(product_of).collect() }
}

fn product_of(product: &Product) -> wire::Product {
    wire::Product {
        id: product.id,
        name: product.name.clone(),
        price: product.price.to_string(),
        term: product.term.clone(),
        cpu: product.cpu.to_string(),
        memory: product.memory,
        storage: product.storage,
        bandwidth: product.bandwidth,
        backup: product.backup,
        local_disk: product.local_disk,
        memory_swap: product.memory_swap,
        memory_swappiness: product.memory_swappiness,
        region: product.region,
        currency: product.currency.clone(),
    }
}

/// The body of `GET /api/locations`
pub fn encode_locations(offer: Offer<'_>) -> wire::Locations {
    wire::Locations { locations: offer.locations().map(location_of).collect() }
}

fn location_of(location: Location) -> wire::Location {
    let regions = location.regions.into_iter();
    let regions = regions.map(|region| wire::Named { id: region.id, name: region.name });
    wire::Location { id: location.id, name: location.name, regions: regions.collect() }
}

/// The body of `GET /api/container_images`
pub fn encode_images(offer: Offer<'_>) -> wire::Images {
    let images = offer.images().map(|image| image_of(image, offer));
    wire::Images { container_images: images.collect() }
}

/// The body of `GET /api/container_images/{id}`
pub fn encode_image(offer: Offer<'_>, id: i64) -> Option<wire::OneImage> {
    let image = offer.images().find(|image| image.id == id)?;
    Some(wire::OneImage { container_image: image_of(image, offer) })
}

fn image_of(image: &Image, offer: Offer<'_>) -> wire::Image {
    let settings: Vec<_> = image
        .settings
        .iter()
        .map(|setting| wire::Setting {
            id: setting.id,
            container_image_id: image.id,
            name: setting.name.clone(),
            label: setting.label.clone(),
            param_type: setting.kind.name().to_owned(),
            value: match setting.kind {
                SettingKind::Static => setting.default.clone(),
                SettingKind::Password => None,
            },
            required: setting.required,
        })
        .collect();
    let default = image.default_variant().map(|variant| variant.id);
    let variants = image.variants.iter().map(|variant| wire::Variant {
        id: variant.id,
        label: variant.label.clone(),
        is_default: Some(variant.id) == default,
        version: variant.version.clone(),
        registry_image_tag: variant.registry_image_tag.clone(),
    });
    let required = image.requires.iter().filter_map(|id| {
        let label = offer.images().find(|other| other.id == *id)?.label.clone();
        Some(wire::Required { id: *id, label })
    });
    wire::Image {
        id: image.id,
        name: image.name.clone(),
        label: image.label.clone(),
        description: image.description.clone(),
        role: image.role.clone(),
        category: image.category.clone(),
        active: true,
        is_free: image.is_free,
        can_scale: image.can_scale,
        system_image: true,
        min_cpu: image.min_cpu.to_string(),
        min_memory: image.min_memory,
        icon_url: image.icon_url.clone(),
        container_image_setting_params: settings.clone(),
        setting_params: settings,
        image_variants: variants.collect(),
        required_containers: required.collect(),
    }
}

/// The answer to an order that was placed.
pub fn encode_placed(order: &Order, ignored: Vec<String>) -> wire::PlacedOrder {
    let address = order.document.get("load_balancer_ip").and_then(Value::as_str);
    wire::PlacedOrder {
        order: wire::Placed {
            id: order.id.clone(),
            status: order.state.name().to_owned(),
            redirect_url: None,
            load_balancer_ip: address.map(str::to_owned),
        },
        ignored,
    }
}

/// The body of `GET /api/orders/{id}`
pub fn encode_order(order: &Order) -> wire::OneOrder {
    wire::OneOrder { order: order_of(order) }
}

/// The body of `GET /api/orders`
pub fn encode_orders(orders: &[Order]) -> wire::Orders {
    wire::Orders { orders: orders.iter().map(order_of).collect() }
}

fn order_of(order: &Order) -> wire::Order {
    let (id, name) = order.location.clone();
    wire::Order {
        id: order.id.clone(),
        status: order.state.name().to_owned(),
        order_data: order.document.clone(),
        created_at: rfc3339(order.created_at),
        updated_at: rfc3339(order.updated_at),
        project: project_of(order),
        location: Some(wire::Named { id, name }),
        failure: order.failure.as_ref().map(failure_of),
        can_cancel: order.state.after(Step::Cancel).is_ok(),
        can_retry: order.can_retry(),
    }
}

fn project_of(order: &Order) -> Option<wire::Project> {
    let id = order.project_id.filter(|_| order.state == OrderState::Completed)?;
    Some(wire::Project { id, name: order.project_name.clone(), link: order.link.clone() })
}

fn failure_of(failure: &order::Failure) -> wire::Failure {
    wire::Failure { code: failure.code.name().to_owned(), message: failure.message.clone() }
}

/// The data of an event.
pub fn encode_event(change: &OrderChange, order: &Order) -> wire::OrderEvent {
    let is_last = change.revision == order.revision;
    wire::OrderEvent {
        revision: change.revision,
        status: change.state.name().to_owned(),
        at: rfc3339(change.at),
        message: change.note.clone(),
        failure: change.failure.as_ref().map(failure_of),
        project: if is_last { project_of(order) } else { None },
    }
}
