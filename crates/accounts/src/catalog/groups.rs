//! `[[group]]`: who may have what.

use super::{Catalog, Image, Location, Product, reader::Table};

/// What the users of a group may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What users name it by.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Whether users who name none are in it.
    pub is_default: bool,
    /// The products that they may have; all when it says nothing.
    pub products: Option<Vec<i64>>,
    /// The regions that they may be in; all when it says nothing.
    pub regions: Option<Vec<i64>>,
    /// The images that they may run; all when it says nothing.
    pub images: Option<Vec<i64>>,
    /// How many containers each of them may have; what the plan says when it says
    /// nothing.
    pub containers: Option<i64>,
}

/// The catalogue as somebody may see and use it.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    catalog: &'a Catalog,
    scope: Scope<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Scope<'a> {
    /// Nobody is known, or there are no groups.
    Everything,
    /// A group's.
    Of(&'a Group),
    /// Of a user whose group is not in the catalogue: a mistake of the operator, which
    /// must not open what is meant for others.
    Nothing,
}

const MOST: i64 = 1_000_000_000;

impl Catalog {
    /// What is there, for whoever thinks of signing up.
    pub const fn whole(&self) -> Offer<'_> {
        Offer { catalog: self, scope: Scope::Everything }
    }

    /// What a user of that group may have; without one, of the default group.
    pub fn offer(&self, group: Option<i64>) -> Offer<'_> {
        let found = match group {
            Some(id) => self.groups.iter().find(|group| group.id == id),
            None => self.groups.iter().find(|group| group.is_default),
        };
        let scope = match found {
            Some(group) => Scope::Of(group),
            None if self.groups.is_empty() => Scope::Everything,
            None => Scope::Nothing,
        };
        Offer { catalog: self, scope }
    }
}

impl<'a> Offer<'a> {
    fn allows(self, list: impl FnOnce(&Group) -> &Option<Vec<i64>>, id: i64) -> bool {
        match self.scope {
            Scope::Everything => true,
            Scope::Of(group) => list(group).as_ref().is_none_or(|ids| ids.contains(&id)),
            Scope::Nothing => false,
        }
    }

    /// Products that can be had.
    pub fn products(self) -> impl Iterator<Item = &'a Product> {
        self.catalog.products.iter().filter(move |product| {
            self.allows(|group| &group.products, product.id) && self.region(product.region)
        })
    }

    /// Whether a region can be used.
    pub fn region(self, id: i64) -> bool {
        self.allows(|group| &group.regions, id)
    }

    /// Locations that have a region that can be used, with those regions alone.
    pub fn locations(self) -> impl Iterator<Item = Location> {
        self.catalog.locations.iter().filter_map(move |location| {
            let mut location = location.clone();
            location.regions.retain(|region| self.region(region.id));
            (!location.regions.is_empty()).then_some(location)
        })
    }

    /// Images that can be run.
    pub fn images(self) -> impl Iterator<Item = &'a Image> {
        self.catalog.images.iter().filter(move |image| self.allows(|group| &group.images, image.id))
    }

    /// How many containers there may be, if the group says so.
    pub const fn containers(self) -> Option<i64> {
        match self.scope {
            Scope::Of(group) => group.containers,
            Scope::Everything | Scope::Nothing => None,
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Vec<Group> {
    let mut found: Vec<(Table<'_>, Group)> = Vec::new();
    for entry in root.tables("group", "name") {
        let group = Group {
            id: entry.id(),
            name: entry.required_text("name", 1..=255).unwrap_or_default(),
            is_default: entry.flag("default", false),
            products: entry.some_ids("products"),
            regions: entry.some_ids("regions"),
            images: entry.some_ids("images"),
            containers: entry.number("containers", 0..=MOST),
        };
        entry.finish();
        if group.is_default && found.iter().any(|(_, other)| other.is_default) {
            entry.fault("is a second default: users who name no group can be in one only");
        }
        found.push((entry, group));
    }
    super::reader::refuse_twin_ids(&found, |group| group.id);
    found.into_iter().map(|(_, group)| group).collect()
}
