//! `[[image]]`: what can run in a container, and what must be known for it.

use super::{Decimal, reader::Table};

/// Something that can run in a container.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// What orders name it by.
    pub id: i64,
    /// For programs.
    pub name: String,
    /// For people.
    pub label: String,
    /// More, for people.
    pub description: String,
    /// What it does in a project, as in `web` or `database`.
    pub role: String,
    /// Among which others it is listed.
    pub category: String,
    /// A picture of it.
    pub icon_url: Option<String>,
    /// Whether it costs nothing beside its product.
    pub is_free: bool,
    /// Whether there may be several of it in a project.
    pub can_scale: bool,
    /// Processors that it needs.
    pub min_cpu: Decimal,
    /// MB of memory that it needs.
    pub min_memory: i64,
    /// Images that must be in the same order.
    pub requires: Vec<i64>,
    /// Its versions. The default is the one that is marked, else the first.
    pub variants: Vec<Variant>,
    /// What must or can be known for it.
    pub settings: Vec<Setting>,
}

/// A version of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// What orders name it by; no two images share one.
    pub id: i64,
    /// For people.
    pub label: String,
    /// For people who compare.
    pub version: String,
    /// What is fetched.
    pub registry_image_tag: String,
    /// Whether it is meant when an order names the image alone.
    pub is_default: bool,
}

/// Something that an image is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its number.
    pub id: i64,
    /// What orders name it by.
    pub name: String,
    /// For people.
    pub label: String,
    /// Whether it is a secret.
    pub kind: SettingKind,
    /// What it is unless an order says otherwise. A secret one is told to nobody.
    pub default: Option<String>,
    /// Whether an order must say it.
    pub required: bool,
}

/// A kind of setting, by its name in the documented contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Told to whoever may see the order.
    Static,
    /// A secret: sealed when it is stored, and never shown.
    Password,
}

impl SettingKind {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Password => "password",
        }
    }
}

impl Image {
    /// The version that is meant when none is named.
    pub fn default_variant(&self) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.is_default).or_else(|| self.variants.first())
    }

    /// The setting of that name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

/// The greatest length of a setting's value.
pub const VALUE_LENGTH: usize = 4_096;
const MOST: i64 = 1_000_000_000;
/// Settings of one image: a form with more is no form any more.
const MOST_SETTINGS: usize = 64;

pub(super) fn read(root: &Table<'_>) -> Vec<Image> {
    let (mut found, mut variants) = (Vec::new(), Vec::new());
    for entry in root.tables("image", "name") {
        let text = |key| entry.text(key, 0..=2_000).unwrap_or_default();
        let name = entry.required_text("name", 1..=255).unwrap_or_default();
        let image = Image {
            id: entry.id(),
            label: entry.text("label", 1..=255).unwrap_or_else(|| name.clone()),
            name,
            description: text("description"),
            role: text("role"),
            category: text("category"),
            icon_url: icon(&entry),
            is_free: entry.flag("is_free", false),
            can_scale: entry.flag("can_scale", false),
            min_cpu: entry.decimal("min_cpu"),
            min_memory: entry.number("min_memory", 0..=MOST).unwrap_or(0),
            requires: entry.ids("requires"),
            variants: read_variants(&entry, &mut variants),
            settings: read_settings(&entry),
        };
        entry.finish();
        found.push((entry, image));
    }
    super::reader::refuse_twin_ids(&found, |image| image.id);
    super::reader::refuse_twin_ids(&variants, |id| *id);
    for (entry, image) in &found {
        for required in &image.requires {
            if *required == image.id || !found.iter().any(|(_, other)| other.id == *required) {
                entry.fault_of(
                    "requires",
                    format!("names {required}, which is no other image here"),
                );
            }
        }
    }
    found.into_iter().map(|(_, image)| image).collect()
}

fn icon(entry: &Table<'_>) -> Option<String> {
    let text = entry.text("icon_url", 1..=2_000)?;
    if !url::Url::parse(&text).is_ok_and(|url| url.scheme() == "https") {
        entry.fault_of("icon_url", "is not an https URL");
    }
    Some(text)
}

fn read_variants<'a>(image: &Table<'a>, all: &mut Vec<(Table<'a>, i64)>) -> Vec<Variant> {
    let mut variants: Vec<Variant> = Vec::new();
    for table in image.tables("variant", "label") {
        let label = table.required_text("label", 1..=255).unwrap_or_default();
        let variant = Variant {
            id: table.id(),
            version: table.text("version", 1..=255).unwrap_or_else(|| label.clone()),
            label,
            registry_image_tag: table
                .required_text("registry_image_tag", 1..=255)
                .unwrap_or_default(),
            is_default: table.flag("default", false),
        };
        table.finish();
        if variant.is_default && variants.iter().any(|other| other.is_default) {
            table.fault("is a second default: one is enough");
        }
        all.push((table, variant.id));
        variants.push(variant);
    }
    if variants.is_empty() {
        image.fault("has no variant, so it cannot be ordered: write [[image.variant]]");
    }
    variants
}

fn read_settings(image: &Table<'_>) -> Vec<Setting> {
    let kinds = [("static", SettingKind::Static), ("password", SettingKind::Password)];
    let mut found: Vec<(Table<'_>, Setting)> = Vec::new();
    for table in image.tables("setting", "name") {
        let name = table.required_text("name", 1..=64).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if !name.chars().all(plain) {
            table.fault_of("name", "must have letters, digits, _, - and . only");
        }
        let default = table.text("value", 0..=VALUE_LENGTH);
        let setting = Setting {
            id: table.id(),
            label: table.text("label", 1..=255).unwrap_or_else(|| name.clone()),
            name,
            kind: table.word("param_type", &kinds).unwrap_or(SettingKind::Static),
            required: table.flag("required", default.is_none()),
            default,
        };
        if setting.required && setting.default.is_some() {
            table.fault("has a value and is required: take one of them away");
        }
        table.finish();
        found.push((table, setting));
    }
    if found.len() > MOST_SETTINGS {
        image.fault(format!("has more than {MOST_SETTINGS} settings"));
    }
    super::reader::refuse_twin_ids(&found, |setting| setting.id);
    super::reader::refuse_twins(&found, |setting| &setting.name);
    found.into_iter().map(|(_, setting)| setting).collect()
}
