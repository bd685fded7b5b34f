//! An order held against the catalogue: what is to be made, or everything that is wrong.

use doorstep_fields::is_hidden;
use doorstep_wire::FieldProblem;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::{
    draft::{Draft, DraftContainer, Named},
    plan::{Plan, PlannedContainer, PlannedParam},
};
use crate::{
    catalog::{Image, Location, Offer, Product, VALUE_LENGTH, Variant},
    secret::Secret,
};

/// What a user may have.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Of the catalogue.
    pub offer: Offer<'a>,
    /// Containers beside those that the user has.
    pub containers_left: i64,
}

/// Characters of a name.
const NAME_LENGTH: usize = 100;
/// Containers of one order. A project of more is made in several.
const MOST_CONTAINERS: usize = 50;
/// Host names of one container.
const MOST_DOMAINS: usize = 50;

impl Plan {
    /// Holds an order against what its owner may have. Faults come all together, with
    /// those of its form.
    pub fn of(mut draft: Draft, terms: Terms<'_>) -> Result<Self, Vec<FieldProblem>> {
        let mut faults = std::mem::take(&mut draft.faults);
        let said = |faults: &[FieldProblem], pointer: &str| {
            faults.iter().any(|fault| fault.pointer == pointer)
        };
        let project_name = match draft.project_name.as_deref().map(name) {
            Some(Ok(name)) => name,
            Some(Err(code)) => {
                faults.push(fault("/order/project_name", "Project name", code));
                String::new()
            }
            None if said(&faults, "/order/project_name") => String::new(),
            None => {
                faults.push(fault("/order/project_name", "Project name", REQUIRED));
                String::new()
            }
        };
        let location = match draft.location_id {
            Some(id) => terms.offer.locations().find(|location| location.id == id),
            None => None,
        };
        if location.is_none() && !said(&faults, "/order/location_id") {
            let code = if draft.location_id.is_some() { UNKNOWN } else { REQUIRED };
            faults.push(fault("/order/location_id", "Location", code));
        }
        if draft.containers.is_empty() && !said(&faults, "/order/containers") {
            faults.push(fault("/order/containers", "Containers", REQUIRED));
        }
        if draft.containers.len() > MOST_CONTAINERS {
            faults.push(fault("/order/containers", "Containers", TOO_MANY));
            return Err(faults);
        }
        let mut containers = Vec::new();
        let mut seen = Seen::default();
        for (at, container) in draft.containers.iter().enumerate() {
            let reader = Reader { at, terms, location: location.as_ref() };
            containers.extend(reader.read(container, &mut seen, &mut faults));
        }
        check_companions(&draft.containers, &containers, terms, &mut faults);
        let wanted: i64 = draft.containers.iter().map(|container| container.quantity).sum();
        if wanted > terms.containers_left && !draft.containers.is_empty() {
            let left = terms.containers_left.max(0);
            faults.push(problem(
                "/order/containers",
                "quota",
                format!("Containers are more than you may still have, which is {left}"),
            ));
        }
        match location {
            Some(location) if faults.is_empty() => {
                let load_balancer_ip = containers
                    .iter()
                    .filter_map(|(_, planned)| {
                        location.regions.iter().find(|region| region.id == planned.product.region)
                    })
                    .find_map(|region| region.load_balancer_ip);
                let containers = containers.into_iter().map(|(_, planned)| planned).collect();
                let skip_ssh = draft.skip_ssh;
                Ok(Self { project_name, skip_ssh, location, containers, load_balancer_ip })
            }
            _ => Err(faults),
        }
    }
}

/// What was said of containers before this one.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    domains: Vec<String>,
}

struct Reader<'a> {
    at: usize,
    terms: Terms<'a>,
    location: Option<&'a Location>,
}

impl<'a> Reader<'a> {
    /// The container with its number, if all of it can be had.
    fn read(
        &self,
        container: &DraftContainer,
        seen: &mut Seen,
        faults: &mut Vec<FieldProblem>,
    ) -> Option<(usize, PlannedContainer)> {
        let pointer = |member: &str| format!("/order/containers/{}/{member}", self.at);
        let image = self.image(container, faults);
        let product = self.product(container, image.map(|(image, _)| image), faults);
        let params = image.map(|(image, _)| self.params(container, image, faults));
        let domains = self.domains(container, seen, faults);
        let fallback = || match image {
            Some((image, _)) => free_name(&image.name, &seen.names),
            None => String::new(),
        };
        let called = match container.name.as_deref().map(name) {
            None => fallback(),
            Some(Ok(name)) if seen.names.contains(&name) => {
                faults.push(fault(pointer("name"), "Name", TWICE));
                name
            }
            Some(Ok(name)) => name,
            Some(Err(code)) => {
                faults.push(fault(pointer("name"), "Name", code));
                String::new()
            }
        };
        seen.names.push(called.clone());
        let (image, variant) = image?;
        let planned = PlannedContainer {
            image: image.clone(),
            variant: variant.clone(),
            name: called,
            product: product?.clone(),
            quantity: container.quantity,
            params: params?,
            domains,
        };
        Some((self.at, planned))
    }

    fn image(
        &self,
        container: &DraftContainer,
        faults: &mut Vec<FieldProblem>,
    ) -> Option<(&'a Image, &'a Variant)> {
        let offer = self.terms.offer;
        let (member, found) = match container.image {
            None if container.has_fault.image => return None,
            None => {
                let pointer = format!("/order/containers/{}/image_id", self.at);
                faults.push(fault(pointer, "Image", REQUIRED));
                return None;
            }
            Some(Named::Image(id)) => {
                let image = offer.images().find(|image| image.id == id);
                ("image_id", image.and_then(|image| Some((image, image.default_variant()?))))
            }
            Some(Named::Variant(id)) => {
                let find = |image: &'a Image| {
                    Some((image, image.variants.iter().find(|variant| variant.id == id)?))
                };
                ("image_variant_id", offer.images().find_map(find))
            }
        };
        if found.is_none() {
            let pointer = format!("/order/containers/{}/{member}", self.at);
            faults.push(fault(pointer, "Image", UNKNOWN));
        }
        found
    }

    fn product(
        &self,
        container: &DraftContainer,
        image: Option<&Image>,
        faults: &mut Vec<FieldProblem>,
    ) -> Option<&'a Product> {
        let Some((id, pointer)) = &container.product else {
            if !container.has_fault.product {
                let pointer = format!("/order/containers/{}/resources/product_id", self.at);
                faults.push(fault(pointer, "Product", REQUIRED));
            }
            return None;
        };
        let Some(product) = self.terms.offer.products().find(|product| product.id == *id) else {
            faults.push(fault(pointer, "Product", UNKNOWN));
            return None;
        };
        let elsewhere = self.location.is_some_and(|location| {
            location.regions.iter().all(|region| region.id != product.region)
        });
        if elsewhere {
            faults.push(fault(pointer, "Product", ELSEWHERE));
            return None;
        }
        let too_small = image
            .is_some_and(|image| product.cpu < image.min_cpu || product.memory < image.min_memory);
        if too_small {
            faults.push(fault(pointer, "Product", TOO_SMALL));
            return None;
        }
        Some(product)
    }

    fn params(
        &self,
        container: &DraftContainer,
        image: &Image,
        faults: &mut Vec<FieldProblem>,
    ) -> Vec<PlannedParam> {
        let mut params: Vec<PlannedParam> = Vec::new();
        for param in &container.params {
            let Some(setting) = image.setting(&param.key) else {
                faults.push(fault(format!("{}/key", param.pointer), "Setting", UNKNOWN));
                continue;
            };
            if params.iter().any(|other| other.key == setting.name) {
                faults.push(fault(format!("{}/key", param.pointer), &setting.label, TWICE));
                continue;
            }
            let text = param.value.expose();
            // An empty field of a form says nothing.
            if text.is_empty() {
                continue;
            }
            let wrong = if text.chars().count() > VALUE_LENGTH {
                Some(TOO_LONG)
            } else if text.chars().any(|c| c == '\0' || (is_hidden(c) && c != '\n' && c != '\t')) {
                Some(CONTROL_CHARACTER)
            } else {
                None
            };
            if let Some(code) = wrong {
                faults.push(fault(format!("{}/value", param.pointer), &setting.label, code));
            }
            let (key, kind) = (setting.name.clone(), setting.kind);
            params.push(PlannedParam { key, kind, value: param.value.clone() });
        }
        for setting in &image.settings {
            if params.iter().any(|param| param.key == setting.name) {
                continue;
            }
            if let Some(value) = setting.default.clone().filter(|value| !value.is_empty()) {
                let (key, kind) = (setting.name.clone(), setting.kind);
                params.push(PlannedParam { key, kind, value: Secret::new(value) });
            } else if setting.required && !container.has_fault.params {
                let entry = container.params.iter().find(|param| param.key == setting.name);
                let pointer = entry.map_or_else(
                    || format!("/order/containers/{}/params", self.at),
                    |entry| format!("{}/value", entry.pointer),
                );
                let mut missing = fault(pointer, &setting.label, REQUIRED);
                missing.field.clone_from(&setting.name);
                faults.push(missing);
            }
        }
        params
    }

    fn domains(
        &self,
        container: &DraftContainer,
        seen: &mut Seen,
        faults: &mut Vec<FieldProblem>,
    ) -> Vec<String> {
        if container.domains.len() > MOST_DOMAINS {
            let pointer = format!("/order/containers/{}/domains", self.at);
            faults.push(fault(pointer, "Domains", TOO_MANY));
            return Vec::new();
        }
        let mut domains = Vec::new();
        for (text, pointer) in &container.domains {
            match canonical_domain(text) {
                None => faults.push(fault(pointer, "Domain", INVALID_DOMAIN)),
                Some(domain) if seen.domains.contains(&domain) => {
                    faults.push(fault(pointer, "Domain", TWICE));
                }
                Some(domain) => {
                    seen.domains.push(domain.clone());
                    domains.push(domain);
                }
            }
        }
        domains
    }
}

/// What an image needs beside it must be in the order.
fn check_companions(
    drafts: &[DraftContainer],
    planned: &[(usize, PlannedContainer)],
    terms: Terms<'_>,
    faults: &mut Vec<FieldProblem>,
) {
    // A container with another fault may be the companion.
    if planned.len() < drafts.len() {
        return;
    }
    for (at, container) in planned {
        for needed in &container.image.requires {
            if planned.iter().any(|(_, other)| other.image.id == *needed) {
                continue;
            }
            let label = terms.offer.images().find(|image| image.id == *needed);
            let label = label.map_or_else(|| needed.to_string(), |image| image.label.clone());
            faults.push(problem(
                format!("/order/containers/{at}"),
                "companion_missing",
                format!("{} needs {label} in the same order", container.image.label),
            ));
        }
    }
}

/// A host name in lower-case ASCII; `None` if it is none, or has no dot.
fn canonical_domain(text: &str) -> Option<String> {
    let ascii = Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .ok()?
        .into_owned();
    let is_name = ascii.len() <= 253
        && ascii.contains('.')
        && !ascii.ends_with('.')
        && ascii.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        // An address, in whatever notation, ends in a number; no top-level domain does.
        && ascii.rsplit('.').next().is_some_and(|last| !last.starts_with(|c: char| c.is_ascii_digit()));
    is_name.then_some(ascii)
}

/// A name for people: trimmed, short and visible.
fn name(text: &str) -> Result<String, Code> {
    let text = text.trim();
    if text.is_empty() {
        Err(REQUIRED)
    } else if text.chars().count() > NAME_LENGTH {
        Err(TOO_LONG)
    } else if text.chars().any(is_hidden) {
        Err(CONTROL_CHARACTER)
    } else {
        Ok(text.to_owned())
    }
}

/// `wordpress`, `wordpress-2`, …
fn free_name(name: &str, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

/// What is wrong, for programs and for people.
type Code = (&'static str, &'static str);

const REQUIRED: Code = ("required", "is required");
const UNKNOWN: Code = ("unknown", "is none that you can choose");
const TWICE: Code = ("duplicate", "is there twice");
const TOO_LONG: Code = ("too_long", "is too long");
const TOO_MANY: Code = ("too_many", "are more than one order can have, which is 50");
const TOO_SMALL: Code = ("too_small", "is too small for the image");
const ELSEWHERE: Code = ("wrong_region", "is not to be had at this location");
const INVALID_DOMAIN: Code = ("invalid_domain", "is not a host name like www.example.com");
const CONTROL_CHARACTER: Code =
    ("control_character", "has an invisible control character: remove it or type the text again");

fn fault(pointer: impl Into<String>, label: &str, (code, sentence): Code) -> FieldProblem {
    problem(pointer, code, format!("{label} {sentence}"))
}

/// A fault of the member that the pointer ends in.
pub fn problem(pointer: impl Into<String>, code: &'static str, message: String) -> FieldProblem {
    let pointer = pointer.into();
    let field = pointer
        .rsplit('/')
        .find(|step| !step.is_empty() && !step.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or_default()
        .to_owned();
    FieldProblem { pointer, field, code: code.to_owned(), message }
}
