//! What names something else in the catalogue must name something that is there.

use super::{Catalog, reader::Faults};

/// Notes names of things that are not there.
pub(super) fn check(catalog: &Catalog, faults: &Faults) {
    let regions: Vec<i64> = catalog
        .locations
        .iter()
        .flat_map(|location| location.regions.iter().map(|region| region.id))
        .collect();
    let note = |entry: String, what: &str, id: i64| {
        faults.note(entry, format!("names the {what} {id}, which is not in the catalogue"));
    };
    for product in &catalog.products {
        // One that is missing was noted where it was read.
        if product.region != 0 && !regions.contains(&product.region) {
            note(format!("product {:?}", product.name), "region", product.region);
        }
    }
    let products: Vec<i64> = catalog.products.iter().map(|product| product.id).collect();
    let images: Vec<i64> = catalog.images.iter().map(|image| image.id).collect();
    for group in &catalog.groups {
        for (what, named, known) in [
            ("product", &group.products, &products),
            ("region", &group.regions, &regions),
            ("image", &group.images, &images),
        ] {
            for id in named.iter().flatten().filter(|id| !known.contains(id)) {
                note(format!("group {:?}", group.name), what, *id);
            }
        }
    }
}
