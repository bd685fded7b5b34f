//! The script tag that puts the form on a panel's page.

use askama::Template;

use doorstep_wire::paths;

/// The script tag, with its options. [`Embed::html`] writes it; every value is
/// escaped, so none can leave its attribute.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<script async src="{{ loader }}"{% for (name, value) in attributes %} data-{{ name }}="{{ value }}"{% endfor %}></script>"#
)]
pub struct Embed<'a> {
    loader: String,
    attributes: Vec<(&'static str, &'a str)>,
}

impl<'a> Embed<'a> {
    /// For whom the form is stands in the token alone.
    pub(crate) fn new(server: &str, token: &'a str) -> Self {
        Self { loader: format!("{server}{}", paths::LOADER), attributes: vec![("token", token)] }
    }

    /// The optional fields to ask for, by their API names, with spaces between
    /// them: `company_name country phone`.
    #[must_use]
    pub fn fields(self, fields: &'a str) -> Self {
        self.with("fields", fields)
    }

    /// The language of the form (BCP 47); the page's own if it is not said.
    #[must_use]
    pub fn locale(self, locale: &'a str) -> Self {
        self.with("locale", locale)
    }

    /// `light` or `dark`; what the person's system prefers if it is not said.
    #[must_use]
    pub fn theme(self, theme: &'a str) -> Self {
        self.with("theme", theme)
    }

    /// Goes on to the person's first project after the sign-up: the steps, with spaces
    /// between them, or nothing for all of them. See the widget's README.
    #[must_use]
    pub fn order(self, steps: &'a str) -> Self {
        self.with("order", steps)
    }

    /// A CSS selector of the element that the form goes into; where the script
    /// stands if it is not said.
    #[must_use]
    pub fn target(self, selector: &'a str) -> Self {
        self.with("target", selector)
    }

    /// The tag, for the page's HTML.
    pub fn html(&self) -> String {
        self.render().expect("the template only writes text into memory")
    }

    fn with(mut self, name: &'static str, value: &'a str) -> Self {
        self.attributes.push((name, value));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_what_the_readme_shows() {
        let tag = Embed::new("https://cloud.example.com", "T").fields("company_name phone").html();
        assert_eq!(
            tag,
            "<script async src=\"https://cloud.example.com/v1/doorstep.js\" data-token=\"T\" \
             data-fields=\"company_name phone\"></script>"
        );
    }

    #[test]
    fn an_attribute_without_a_value_is_one() {
        let tag = Embed::new("https://cloud.example.com", "T").order("").html();
        assert!(tag.contains(" data-order=\"\">"), "{tag}");
    }

    #[test]
    fn no_value_leaves_its_attribute() {
        let tag = Embed::new("https://cloud.example.com", "\"&'<>")
            .fields("\"></script><script>x()")
            .html();
        assert_eq!(tag.matches("<script").count(), 1, "{tag}");
        assert_eq!(tag.matches("</script").count(), 1, "{tag}");
        assert_eq!(tag.matches('"').count(), 6, "{tag}");
    }
}
