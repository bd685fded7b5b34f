//! What there is to order: types of `doorstep_wire::onboarding`, read member by member
//! as problems are, and what of it goes together.

use std::rc::Rc;

use doorstep_widget_kit::object::{get, list, text};
use wasm_bindgen::{JsValue, prelude::*};

#[wasm_bindgen]
extern "C" {
    /// A number as it is written: it is taken back to the server and never reckoned with.
    #[wasm_bindgen(js_name = String)]
    fn written(value: &JsValue) -> String;
}

/// All that the user can have.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    pub(crate) locations: Vec<Location>,
    pub(crate) products: Vec<Rc<Product>>,
    pub(crate) images: Vec<Rc<Image>>,
}

/// Where projects can be.
#[derive(Debug, Default)]
pub(crate) struct Location {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) regions: Vec<String>,
}

/// A size, and what it costs. Numbers are as the server wrote them.
#[derive(Debug, Default)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) price: String,
    pub(crate) term: String,
    /// Empty where the operator said nothing.
    pub(crate) currency: String,
    pub(crate) cpu: f64,
    /// MB.
    pub(crate) memory: f64,
    /// GB.
    pub(crate) storage: f64,
    pub(crate) region: String,
}

/// What can run.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) min_cpu: f64,
    pub(crate) min_memory: f64,
    pub(crate) settings: Vec<Setting>,
    /// Images that must be in the same order.
    pub(crate) needs: Vec<String>,
}

/// What it is told.
#[derive(Debug, Default)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) is_secret: bool,
    /// What it is without an answer.
    pub(crate) value: String,
    pub(crate) is_required: bool,
}

impl Setting {
    /// Whether the person alone can say it.
    pub(crate) fn must_be_told(&self) -> bool {
        self.is_required && self.value.is_empty()
    }
}

impl Offer {
    /// Reads a `Products`, a `Locations` and an `Images`.
    pub(crate) fn read(products: &JsValue, locations: &JsValue, images: &JsValue) -> Self {
        Self {
            products: list(products, "products").map(|it| Rc::new(product(&it))).collect(),
            locations: list(locations, "locations").map(|it| location(&it)).collect(),
            images: list(images, "container_images").map(|it| Rc::new(image(&it))).collect(),
        }
    }

    /// Places where something can be had.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Location> {
        self.locations.iter().filter(|it| self.products_at(&it.id).next().is_some())
    }

    /// Sizes that can be had there, and that are enough for something.
    pub(crate) fn products_at(&self, location: &str) -> impl Iterator<Item = &Rc<Product>> {
        let there = self.locations.iter().find(|it| it.id == location);
        let regions = there.map_or(&[][..], |it| &it.regions);
        self.products
            .iter()
            .filter(|it| regions.contains(&it.region))
            .filter(|it| self.images_for(it).next().is_some())
    }

    /// A location, a product and an image that go together: those that are wanted, or the
    /// first that can be had in their place.
    pub(crate) fn nearest(&self, [location, product, image]: &[String; 3]) -> [String; 3] {
        let has = |place: &str| self.products_at(place).any(|it| it.id == *product);
        let place = self
            .places()
            .find(|it| it.id == *location)
            .or_else(|| self.places().find(|it| has(&it.id)))
            .or_else(|| self.places().next());
        let Some(place) = place else { return Default::default() };
        let size = self
            .products_at(&place.id)
            .find(|it| it.id == *product)
            .or_else(|| self.products_at(&place.id).next());
        let Some(size) = size else { return Default::default() };
        let runs = self
            .images_for(size)
            .find(|it| it.id == *image)
            .or_else(|| self.images_for(size).next());
        let runs = runs.map(|it| it.id.clone()).unwrap_or_default();
        [place.id.clone(), size.id.clone(), runs]
    }

    /// What can run in that size, with all that it needs.
    pub(crate) fn images_for(&self, product: &Product) -> impl Iterator<Item = &Rc<Image>> {
        let fits =
            |image: &Rc<Image>| product.cpu >= image.min_cpu && product.memory >= image.min_memory;
        self.images
            .iter()
            .filter(move |image| self.containers(image).is_some_and(|all| all.iter().all(&fits)))
    }

    /// The image and all that it needs; nothing if some of that cannot be had.
    pub(crate) fn containers(&self, image: &Rc<Image>) -> Option<Vec<Rc<Image>>> {
        let mut all = vec![Rc::clone(image)];
        let mut at = 0;
        while let Some(image) = all.get(at).cloned() {
            for needed in &image.needs {
                if all.iter().all(|it| it.id != *needed) {
                    all.push(Rc::clone(self.images.iter().find(|it| it.id == *needed)?));
                }
            }
            at += 1;
        }
        Some(all)
    }
}

fn product(it: &JsValue) -> Product {
    let number = |name| get(it, name).unchecked_into_f64();
    Product {
        id: written(&get(it, "id")),
        name: text(it, "name"),
        price: text(it, "price"),
        term: text(it, "term"),
        currency: text(it, "currency"),
        cpu: number("cpu"),
        memory: number("memory"),
        storage: number("storage"),
        region: written(&get(it, "region")),
    }
}

fn location(it: &JsValue) -> Location {
    Location {
        id: written(&get(it, "id")),
        name: text(it, "name"),
        regions: list(it, "regions").map(|it| written(&get(&it, "id"))).collect(),
    }
}

fn image(it: &JsValue) -> Image {
    let number = |name| get(it, name).unchecked_into_f64();
    Image {
        id: written(&get(it, "id")),
        label: text(it, "label"),
        min_cpu: number("min_cpu"),
        min_memory: number("min_memory"),
        settings: list(it, "setting_params").map(|it| setting(&it)).collect(),
        needs: list(it, "required_containers").map(|it| written(&get(&it, "id"))).collect(),
    }
}

fn setting(it: &JsValue) -> Setting {
    Setting {
        name: text(it, "name"),
        label: text(it, "label"),
        is_secret: text(it, "param_type") == "password",
        value: text(it, "value"),
        is_required: get(it, "required").as_bool() == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use doorstep_wire::onboarding::{Image as Sent, Images, Location, Locations, Products};
    use serde_json::{from_value, json, to_value};

    use super::{Image, Offer, Product};

    fn offer() -> Offer {
        let image = |id: &str, min_memory, needs: &[&str]| {
            Rc::new(Image {
                id: id.to_owned(),
                min_memory,
                needs: needs.iter().map(|&it| it.to_owned()).collect(),
                ..Image::default()
            })
        };
        let product = |id: &str, memory, region: &str| {
            Rc::new(Product {
                id: id.to_owned(),
                memory,
                region: region.to_owned(),
                ..Product::default()
            })
        };
        let location = |id: &str, region: &str| super::Location {
            id: id.to_owned(),
            regions: vec![region.to_owned()],
            ..super::Location::default()
        };
        Offer {
            locations: vec![location("1", "1"), location("2", "2"), location("3", "3")],
            products: vec![
                product("1", 256.0, "1"),
                product("2", 64.0, "2"),
                product("3", 512.0, "2"),
            ],
            images: vec![
                image("1", 128.0, &[]),
                image("2", 128.0, &["3"]),
                image("3", 300.0, &["2"]),
                image("4", 1.0, &["9"]),
            ],
        }
    }

    #[test]
    fn only_what_goes_together_is_offered() {
        let offer = offer();
        let products =
            |place| offer.products_at(place).map(|it| it.id.as_str()).collect::<Vec<_>>();
        assert_eq!(products("1"), ["1"]);
        assert_eq!(products("2"), ["3"], "64 MB are too little for anything");
        assert_eq!(offer.places().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        let images = |at: usize| {
            offer.images_for(&offer.products[at]).map(|it| it.id.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(images(0), ["1"], "what an image needs must fit as well");
        assert_eq!(images(2), ["1", "2", "3"], "what cannot be had is not needed");
    }

    #[test]
    fn what_is_gone_gives_way_to_what_there_is() {
        let offer = offer();
        let check = |wanted: [&str; 3], expected: [&str; 3]| {
            assert_eq!(offer.nearest(&wanted.map(str::to_owned)), expected, "{wanted:?}");
        };
        check(["", "", ""], ["1", "1", "1"]);
        check(["2", "3", "2"], ["2", "3", "2"]);
        check(["", "3", ""], ["2", "3", "1"]);
        check(["3", "2", "4"], ["1", "1", "1"]);
        check(["1", "3", "2"], ["1", "1", "1"]);
        let nothing = Offer::default().nearest(&["1", "1", "1"].map(str::to_owned));
        assert_eq!(nothing, ["", "", ""]);
    }

    #[test]
    fn what_an_image_needs_comes_once_with_it() {
        let offer = offer();
        let all = |at: usize| {
            let all = offer.containers(&offer.images[at])?;
            Some(all.iter().map(|it| it.id.clone()).collect::<Vec<_>>())
        };
        assert_eq!(all(0).unwrap(), ["1"]);
        assert_eq!(all(1).unwrap(), ["2", "3"]);
        assert_eq!(all(3), None);
    }

    #[test]
    fn the_names_that_are_read_are_those_that_the_server_writes() {
        let sent = json!({
            "id": 1, "name": "", "price": "", "term": "", "cpu": "", "memory": 1, "storage": 1,
            "bandwidth": 1, "backup": 1, "local_disk": 1, "memory_swap": null,
            "memory_swappiness": null, "region": 1, "currency": null,
        });
        let sent: Products = from_value(json!({ "products": [sent] })).unwrap();
        let product = &to_value(sent).unwrap()["products"][0];
        let names =
            ["id", "name", "price", "term", "currency", "cpu", "memory", "storage", "region"];
        assert!(names.iter().all(|name| product.get(name).is_some()));

        let sent: Location =
            from_value(json!({ "id": 1, "name": "", "regions": [{ "id": 1, "name": "" }] }))
                .unwrap();
        let sent = to_value(Locations { locations: vec![sent] }).unwrap();
        assert!(sent["locations"][0]["regions"][0]["id"].is_number());

        let setting = json!({
            "id": 1, "container_image_id": 1, "name": "", "label": "", "param_type": "password",
            "value": null, "required": true,
        });
        let sent: Sent = from_value(json!({
            "id": 1, "name": "", "label": "", "description": "", "role": "", "category": "",
            "active": true, "is_free": true, "can_scale": true, "system_image": true,
            "min_cpu": "", "min_memory": 1, "icon_url": null, "setting_params": [setting],
            "image_variants": [], "required_containers": [{ "id": 1, "label": "" }],
        }))
        .unwrap();
        let sent = to_value(Images { container_images: vec![sent] }).unwrap();
        let image = &sent["container_images"][0];
        let names = ["id", "label", "min_cpu", "min_memory"];
        assert!(names.iter().all(|name| image.get(name).is_some()));
        assert!(image["required_containers"][0]["id"].is_number());
        let names = ["name", "label", "param_type", "value", "required"];
        assert!(names.iter().all(|name| image["setting_params"][0].get(name).is_some()));
    }
}
