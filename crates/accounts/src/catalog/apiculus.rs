//! `[apiculus]`: what the Apiculus API asks of new accounts.

use super::reader::{Table, refuse_twins};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apiculus {
    /// What account numbers begin with, as in `API-E001`.
    pub account_prefix: String,
    /// Which characters names may have.
    pub names: Names,
    /// Regions that accounts may prefer.
    pub regions: Vec<String>,
    /// Mail domains whose addresses are refused, in lower case; their subdomains too.
    pub restricted_domains: Vec<String>,
    /// How many digits a mobile number has, without the dial code.
    pub phone_digits: (usize, usize),
    /// How many characters a password has.
    pub password_length: (usize, usize),
    /// Tax categories.
    pub tax_categories: Vec<TaxCategory>,
    /// Tax types.
    pub tax_types: Vec<TaxType>,
    /// Resellers that accounts may be tagged with.
    pub resellers: Vec<Reseller>,
}

/// Which characters names may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Letters of any script, with their marks.
    Strict,
    /// Also single spaces, hyphens, apostrophes and dots between or after letters.
    Lenient,
    /// The letters from A to Z.
    Ascii,
}

/// A tax category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxCategory {
    /// For programs.
    pub value: String,
    /// For people.
    pub text: String,
}

/// A kind of tax number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxType {
    /// Its name.
    pub name: String,
    /// Letters and digits; else digits only.
    pub alphanumeric: bool,
    /// Whether every account needs one.
    pub required: bool,
    /// Its least and its greatest length, both allowed.
    pub length: (usize, usize),
}

/// A reseller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reseller {
    /// What accounts name it by.
    pub code: String,
    /// Whether new accounts may.
    pub active: bool,
}

/// Tax numbers that one account can have: the API has so many slots.
pub const TAX_SLOTS: usize = 3;

/// The least length of a password that the vendor's own settings allow.
const PASSWORD_FLOOR: i64 = 6;
/// The greatest, which is also that of our other doors.
const PASSWORD_CEILING: i64 = 128;
/// A number with its dial code has at most 15 digits (ITU-T E.164).
const PHONE_DIGITS: i64 = 15;

impl Default for Apiculus {
    fn default() -> Self {
        Self {
            account_prefix: "API".to_owned(),
            names: Names::Strict,
            regions: Vec::new(),
            restricted_domains: Vec::new(),
            phone_digits: (7, 15),
            password_length: (8, 16),
            tax_categories: Vec::new(),
            tax_types: Vec::new(),
            resellers: Vec::new(),
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Apiculus {
    let default = Apiculus::default();
    let Some(table) = root.table("apiculus") else { return default };
    let account_prefix = table.text("account_prefix", 1..=20);
    if account_prefix.as_ref().is_some_and(|it| !it.chars().all(|c| c.is_ascii_alphanumeric())) {
        table.fault_of("account_prefix", "must have the letters A to Z and digits only");
    }
    let words = [("strict", Names::Strict), ("lenient", Names::Lenient), ("ascii", Names::Ascii)];
    let names = table.word("names", &words);
    let section = Apiculus {
        account_prefix: account_prefix.unwrap_or(default.account_prefix),
        names: names.unwrap_or(default.names),
        regions: table.texts("regions", &(1..=255), |_| Ok(())),
        restricted_domains: table.texts("restricted_domains", &(1..=253), check_domain),
        phone_digits: span(&table, "phone", 1..=PHONE_DIGITS, default.phone_digits),
        password_length: span(
            &table,
            "password",
            PASSWORD_FLOOR..=PASSWORD_CEILING,
            default.password_length,
        ),
        tax_categories: tax_categories(&table),
        tax_types: tax_types(&table),
        resellers: resellers(&table),
    };
    table.finish();
    section
}

fn check_domain(domain: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let is_domain = domain.contains('.')
        && domain.chars().all(plain)
        && domain.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    if is_domain {
        Ok(())
    } else {
        Err("is not a mail domain like \"mail.example\", in lower case and without the @"
            .to_owned())
    }
}

/// `min` and `max` of a table, as a pair in order.
fn span(
    table: &Table<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<i64>,
    default: (usize, usize),
) -> (usize, usize) {
    let Some(table) = table.table(key) else { return default };
    let size = |number: i64| usize::try_from(number).ok();
    let min = table.number("min", range.clone()).and_then(size).unwrap_or(default.0);
    let max = table.number("max", range).and_then(size).unwrap_or(default.1);
    if min > max {
        table.fault(format!("has a min of {min} above its max of {max}: set both"));
    }
    table.finish();
    (min, max)
}

fn tax_categories(table: &Table<'_>) -> Vec<TaxCategory> {
    let mut found = Vec::new();
    for entry in table.tables("tax_category", "value") {
        let value = entry.required_text("value", 1..=255);
        let text = entry.text("text", 1..=255);
        entry.finish();
        if let Some(value) = value {
            let text = text.unwrap_or_else(|| value.clone());
            found.push((entry, TaxCategory { value, text }));
        }
    }
    refuse_twins(&found, |category| &category.value);
    without_tables(found)
}

fn tax_types(table: &Table<'_>) -> Vec<TaxType> {
    let mut found = Vec::new();
    for entry in table.tables("tax_type", "name") {
        let name = entry.required_text("name", 1..=255);
        let alphanumeric = entry.flag("alphanumeric", false);
        let required = entry.flag("required", false);
        let min = entry.required_number("min", 1..=255);
        let max = entry.required_number("max", 1..=255);
        entry.finish();
        if let (Some(name), Some(min), Some(max)) = (name, min, max) {
            if min > max {
                entry.fault(format!("has a min of {min} above its max of {max}: set both"));
            }
            let size = |number: i64| usize::try_from(number).unwrap_or_default();
            let length = (size(min), size(max));
            found.push((entry, TaxType { name, alphanumeric, required, length }));
        }
    }
    refuse_twins(&found, |tax| &tax.name);
    let types = without_tables(found);
    // Nobody could ever sign up: that is the operator's fault and not the person's.
    let required = types.iter().filter(|tax| tax.required).count();
    if required > TAX_SLOTS {
        table.fault_of(
            "tax_type",
            format!(
                "has {required} types with required = true, and an account can have {TAX_SLOTS} tax numbers: make some optional"
            ),
        );
    }
    types
}

fn resellers(table: &Table<'_>) -> Vec<Reseller> {
    let mut found = Vec::new();
    for entry in table.tables("reseller", "code") {
        let code = entry.required_text("code", 1..=255);
        let active = entry.flag("active", true);
        entry.finish();
        if let Some(code) = code {
            found.push((entry, Reseller { code, active }));
        }
    }
    refuse_twins(&found, |reseller| &reseller.code);
    without_tables(found)
}

fn without_tables<T>(found: Vec<(Table<'_>, T)>) -> Vec<T> {
    found.into_iter().map(|(_, thing)| thing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;

    fn tax_type(name: &str, rest: &str) -> String {
        format!("[[apiculus.tax_type]]\nname = \"{name}\"\n{rest}\n")
    }

    fn fault(document: &str) -> String {
        Catalog::parse(document).unwrap_err().to_string()
    }

    #[test]
    fn a_catalogue_that_nobody_could_satisfy_is_refused() {
        let required = "required = true\nmin = 1\nmax = 9";
        let three = ["A", "B", "C"].map(|name| tax_type(name, required)).concat();
        assert_eq!(Catalog::parse(&three).unwrap().apiculus.tax_types.len(), 3);
        let four = three + &tax_type("D", required);
        assert_eq!(
            fault(&four),
            "apiculus.tax_type has 4 types with required = true, and an account can have 3 tax numbers: make some optional"
        );
    }

    #[test]
    fn entries_are_named_by_their_number_and_their_name() {
        let document = tax_type("A", "min = 3\nmax = 2")
            + &tax_type("B", "min = 0\nmax = 2\nalpha = true")
            + &tax_type("A", "max = 2")
            + "[[apiculus.reseller]]\ncode = \"X\"\n[[apiculus.reseller]]\ncode = \"X\"\n[[apiculus.tax_category]]\ntext = \"x\"\n[apiculus.password]\nmin = 5\n[apiculus.phone]\nmin = 16\nmaximum = 3\n";
        assert_eq!(
            fault(&document).lines().collect::<Vec<_>>(),
            [
                "apiculus.phone.min must be a whole number from 1 to 15",
                "apiculus.phone.maximum is not a key that means something here: remove it, or correct it to one of min, max",
                "apiculus.password.min must be a whole number from 6 to 128",
                "apiculus.tax_category 1.value is missing: add it",
                "apiculus.tax_type 1 \"A\" has a min of 3 above its max of 2: set both",
                "apiculus.tax_type 2 \"B\".min must be a whole number from 1 to 255",
                "apiculus.tax_type 2 \"B\".alpha is not a key that means something here: remove it, or correct it to one of name, alphanumeric, required, min, max",
                "apiculus.tax_type 3 \"A\".min is missing: add it",
                "apiculus.reseller 2 \"X\" is there twice: remove one, or give it another name",
            ]
        );
    }

    #[test]
    fn domains_are_written_as_mail_has_them() {
        let domains = "[apiculus]\nrestricted_domains = [\"mail.example\", \"@x.example\", \"X.example\", \"local\"]\n";
        assert_eq!(fault(domains).lines().count(), 3);
    }
}
