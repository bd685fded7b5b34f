//! What is to be made for an order.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::{
    catalog::{Image, Location, Product, SettingKind, Variant},
    secret::Secret,
};

/// What is to be made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the project is to be called.
    pub project_name: String,
    /// Whether to make no SSH access.
    pub skip_ssh: bool,
    /// Where it is to be.
    pub location: Location,
    /// What is to run in it.
    pub containers: Vec<PlannedContainer>,
    /// Where it will be reached, if that is known before it is there.
    pub load_balancer_ip: Option<IpAddr>,
}

/// A container that is to be made.
#[derive(Debug, Clone)]
pub struct PlannedContainer {
    /// What is to run in it.
    pub image: Image,
    /// In which version.
    pub variant: Variant,
    /// What it is to be called.
    pub name: String,
    /// Its size.
    pub product: Product,
    /// How many of it.
    pub quantity: i64,
    /// What the image is told.
    pub params: Vec<PlannedParam>,
    /// Host names that lead to it, in their canonical form.
    pub domains: Vec<String>,
}

/// Something that an image is told.
#[derive(Debug, Clone)]
pub struct PlannedParam {
    /// The setting's name.
    pub key: String,
    /// Whether it is a secret.
    pub kind: SettingKind,
    /// Its value.
    pub value: Secret,
}

impl Plan {
    /// How many containers it has.
    pub fn container_count(&self) -> i64 {
        self.containers.iter().map(|container| container.quantity).sum()
    }

    /// All its host names, each with the pointer to where it was said.
    pub fn domains(&self) -> impl Iterator<Item = (&str, String)> {
        self.containers.iter().enumerate().flat_map(|(at, container)| {
            container.domains.iter().enumerate().map(move |(index, domain)| {
                (domain.as_str(), format!("/order/containers/{at}/domains/{index}"))
            })
        })
    }

    /// The order as it is stored and shown: secrets are null. What the catalogue says
    /// of it is copied, for the catalogue may say something else tomorrow.
    pub fn document(&self) -> Map<String, Value> {
        let containers: Vec<_> = self.containers.iter().map(PlannedContainer::document).collect();
        let mut document = Map::new();
        document.insert("project_name".to_owned(), self.project_name.clone().into());
        document.insert("location_id".to_owned(), self.location.id.into());
        document.insert("skip_ssh".to_owned(), self.skip_ssh.into());
        document.insert("containers".to_owned(), containers.into());
        document
    }

    /// Its secrets, as the text that is sealed: a JSON array of container, key and value.
    pub fn secrets(&self) -> Option<Secret> {
        let secrets: Vec<Value> = self
            .containers
            .iter()
            .enumerate()
            .flat_map(|(at, container)| {
                container
                    .params
                    .iter()
                    .filter(|param| param.kind == SettingKind::Password)
                    .map(move |param| json!([at, param.key, param.value.expose()]))
            })
            .collect();
        (!secrets.is_empty()).then(|| Secret::new(Value::Array(secrets).to_string()))
    }
}

impl PlannedContainer {
    fn document(&self) -> Value {
        let params: Vec<_> = self
            .params
            .iter()
            .map(|param| match param.kind {
                SettingKind::Static => json!({ "key": param.key, "value": param.value.expose() }),
                SettingKind::Password => {
                    json!({ "key": param.key, "value": null, "secret": true })
                }
            })
            .collect();
        json!({
            "name": self.name,
            "image_id": self.image.id,
            "image_variant_id": self.variant.id,
            "image": {
                "name": self.image.name,
                "label": self.image.label,
                "version": self.variant.version,
                "registry_image_tag": self.variant.registry_image_tag,
            },
            "resources": {
                "product_id": self.product.id,
                "product": self.product.name,
                "cpu": self.product.cpu.to_string(),
                "memory": self.product.memory,
                "storage": self.product.storage,
                "region": self.product.region,
            },
            "qty": self.quantity,
            "params": params,
            "domains": self.domains,
        })
    }
}
