//! `[branding]` and `[form]`: what the sign-up form looks like and asks for,
//! where the page that embeds it does not say.

use doorstep_fields::Field;
use doorstep_wire::session::{Brand, Branding as WireBranding, Operator};
use serde::Deserialize;

use super::custom::{self, Custom};

/// `[branding]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Branding {
    /// The platform's name, above the form's title.
    pub name: Option<String>,
    /// The address of a logo (https). Pages with a content security policy must
    /// allow it in `img-src`.
    pub logo: Option<String>,
    /// The accent colour, `#rrggbb`; in the dark it is lightened.
    pub color: Option<String>,
}

/// `[form]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// Optional fields to ask for, by name, with spaces between:
    /// `company_name country`.
    pub fields: String,
    /// Fields of the operator's own, asked for in any case.
    pub custom: Vec<Custom>,
}

/// The accent where the operator names none: the widget's own.
pub(crate) const COLOR: &str = "#2455d6";

/// A line above the form.
const NAME_CHARACTERS: usize = 60;

impl Branding {
    pub(super) fn validate(&self) -> Result<(), String> {
        if let Some(name) = &self.name
            && (name.trim().is_empty()
                || name.chars().count() > NAME_CHARACTERS
                || name.chars().any(char::is_control))
        {
            return Err(format!(
                "branding.name {name:?} is not 1 to {NAME_CHARACTERS} printable characters"
            ));
        }
        if let Some(logo) = &self.logo {
            let usable = url::Url::parse(logo).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.host_str().is_some()
            });
            if !usable {
                return Err(format!("branding.logo {logo:?} is not an http(s) URL"));
            }
        }
        match &self.color {
            Some(color) if channels(color).is_none() => {
                Err(format!("branding.color {color:?} is not a colour like \"#2455d6\""))
            }
            _ => Ok(()),
        }
    }

    /// As the widget gets it.
    pub(crate) fn to_wire(&self) -> WireBranding {
        let readable = |color: &String| channels(color).map(on_color);
        WireBranding {
            name: self.name.clone(),
            logo: self.logo.clone(),
            on_color: self.color.as_ref().and_then(readable).map(str::to_owned),
            color: self.color.clone(),
        }
    }
}

impl Form {
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.split_whitespace()
    }

    /// As the widget gets it in a language, with the brand; nothing where the operator said nothing.
    pub(crate) fn to_wire(&self, branding: &Branding, tag: &str) -> Option<Operator> {
        let suggested = self.fields().collect::<Vec<_>>().join(" ");
        let WireBranding { name, logo, color, on_color } = branding.to_wire();
        let is_said = [&name, &logo, &color].iter().any(|it| it.is_some());
        let colors = [("--doorstep-brand", color), ("--doorstep-on-brand", on_color)];
        let colors = colors.into_iter().filter_map(|(name, color)| Some((name, color?)));
        let custom = self.custom.iter().map(|custom| custom.to_wire_in(tag)).collect();
        let operator =
            Operator { brand: Brand { name, logo }, colors: colors.collect(), suggested, custom };
        let asks = !operator.suggested.is_empty() || !operator.custom.is_empty();
        (is_said || asks).then_some(operator)
    }

    /// The rules of the operator's own fields.
    pub(crate) fn declared(&self) -> &'static [Field] {
        custom::fields(&self.custom)
    }

    /// The operator's own fields in words: `staff (number, required), since (date)`.
    pub(crate) fn declaration(&self) -> String {
        let fields = self.custom.iter().map(|custom| {
            let required = if custom.required { ", required" } else { "" };
            format!("{} ({}{required})", custom.name, custom.kind.name())
        });
        fields.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        custom::validate(&self.custom)?;
        match self.fields().find(|name| doorstep_fields::field(name).is_none()) {
            Some(unknown) => {
                let known: Vec<_> =
                    doorstep_fields::CATALOGUE.iter().map(|field| field.name).collect();
                Err(format!(
                    "form.fields: there is no field {unknown:?}; the fields are {}",
                    known.join(", ")
                ))
            }
            None => Ok(()),
        }
    }
}

/// Red, green and blue of `#rrggbb`.
fn channels(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let number =
        u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|b| b != b'+'))?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// White or black, whichever contrasts more (WCAG 2.2, relative luminance).
fn on_color(channels: [u8; 3]) -> &'static str {
    let linear = channels.map(|channel| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    let luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    // Where both contrast alike: sqrt(1.05 * 0.05) - 0.05.
    if luminance > 0.179 { "#000000" } else { "#ffffff" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_a_colour_can_be_read() {
        for (color, on) in [
            ("#2455d6", "#ffffff"),
            ("#000000", "#ffffff"),
            ("#ffffff", "#000000"),
            ("#ffcc00", "#000000"),
            ("#B4235A", "#ffffff"),
        ] {
            assert_eq!(channels(color).map(on_color), Some(on), "{color}");
        }
        for bad in ["", "#fff", "2455d6", "#2455dg", "#+455d6", "#2455d67"] {
            assert_eq!(channels(bad), None, "{bad}");
        }
    }
}
