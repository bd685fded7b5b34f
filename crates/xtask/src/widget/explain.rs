//! Where the bytes of the form's module come from.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::tools::WidgetTools;
use crate::widget::shrink;
use crate::workspace::Workspace;

/// The largest that are named one by one.
const FUNCTIONS: usize = 15;

/// Of a name so much is shown: generic ones go on for lines.
const NAME_CHARACTERS: usize = 100;

/// Code of these is in the module because another crate, which its name mentions, wanted it with types of its own.
const GENERIC: [&str; 4] = ["core", "alloc", "std", "hashbrown"];

/// The form's module as it is delivered but with its functions' names, by crate, and the largest functions.
pub(super) fn module(workspace: &Workspace, tools: &WidgetTools) -> Result<String> {
    let folder = workspace.scratch()?.join("shrunk");
    let named = folder.join("widget-named.wasm");
    shrink::with_names(workspace, tools, &shrink::called(&folder, "widget"), &named)?;
    let module = fs::read(&named).with_context(|| format!("cannot read {}", named.display()))?;
    Ok(Explained::of(&module)?.tables())
}

/// Sizes in bytes, not compressed: what brotli makes of a function depends on all others.
struct Explained {
    functions: Vec<(String, usize)>,
    data: usize,
}

impl Explained {
    fn of(module: &[u8]) -> Result<Self> {
        let mut names = BTreeMap::new();
        let (mut imported, mut sizes) = (0, Vec::new());
        let mut data = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload.context("this is no valid module")? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(length(body.range())?),
                Payload::DataSection(section) => data = length(section.range())?,
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(section) = section.as_known() else { continue };
                    for part in section {
                        let Name::Function(functions) = part? else { continue };
                        for function in functions {
                            let function = function?;
                            names.insert(function.index, function.name.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        ensure!(!names.is_empty(), "the module does not say its functions' names");
        let name = |at: u32| names.get(&at).map_or("without a name", String::as_str);
        let functions = (imported..).zip(sizes).map(|(at, size)| (plain(name(at)), size)).collect();
        Ok(Self { functions, data })
    }

    fn tables(&self) -> String {
        let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, size) in &self.functions {
            *crates.entry(owner(name)).or_default() += size;
        }
        let mut crates: Vec<_> = crates.into_iter().collect();
        crates.push(("(texts and tables)", self.data));
        crates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let code: usize = self.functions.iter().map(|(_, size)| size).sum();
        let all = code + self.data;
        let share = |size: usize| format!("{:>3} %", (size * 100 + all / 2) / all);
        let line =
            |(name, size): &(&str, usize)| format!("      {name:<36} {size:>9} {}", share(*size));
        let mut lines =
            vec![format!("      {:<36} {:>9}", "crate (bytes, before compression)", "")];
        lines.extend(crates.iter().map(line));
        let mut largest: Vec<_> = self.functions.iter().collect();
        largest.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        lines.push(format!(
            "      {:>9}  {}",
            "", "largest functions, with what is compiled into them"
        ));
        lines.extend(largest.into_iter().take(FUNCTIONS).map(|(name, size)| {
            let shown: String = name.chars().take(NAME_CHARACTERS).collect();
            format!("      {size:>9}  {shown}")
        }));
        lines.join("\n")
    }
}

fn length(range: std::ops::Range<u64>) -> Result<usize> {
    Ok(usize::try_from(range.end - range.start)?)
}

/// A name without the hashes of its crates: `core[0123456789abcdef]::fmt::write`.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        plain += before;
        rest = match after.split_once(']') {
            Some((hash, after)) if is_hash(hash) => after,
            _ => {
                plain.push('[');
                after
            }
        };
    }
    plain + rest
}

fn is_hash(text: &str) -> bool {
    text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The crate for whose sake a function is there.
fn owner(name: &str) -> &str {
    let crates = || {
        let parts = name.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_' || it == ':'));
        parts.filter_map(|part| part.split_once("::")).map(|(first, _)| first)
    };
    let is_crate = |it: &&str| it.starts_with(|first: char| first.is_ascii_lowercase());
    let named = crates().filter(is_crate).find(|it| !GENERIC.contains(it));
    named.or_else(|| crates().find(is_crate)).unwrap_or("(glue and the compiler's own)")
}

#[cfg(test)]
mod tests {
    use super::{owner, plain};

    #[test]
    fn a_function_is_there_for_the_sake_of_a_crate() {
        for (name, expected) in [
            ("<doorstep_widget::widget::Widget>::draw_form", "doorstep_widget"),
            ("core::ptr::drop_in_place::<alloc::vec::Vec<serde_json::Value>>", "serde_json"),
            (
                "<hashbrown::raw::RawTable<usize>>::reserve_rehash::<indexmap::inner::get_hash>",
                "indexmap",
            ),
            ("core::fmt::write", "core"),
            ("__externref_table_alloc", "(glue and the compiler's own)"),
            ("mount externref shim", "(glue and the compiler's own)"),
        ] {
            assert_eq!(owner(name), expected, "{name}");
        }
    }

    #[test]
    fn hashes_are_left_out_and_lengths_are_not() {
        assert_eq!(
            plain("<core[528b579e4af097aa]::str::iter::Split<[char; 4]>>::next"),
            "<core::str::iter::Split<[char; 4]>>::next"
        );
    }
}
