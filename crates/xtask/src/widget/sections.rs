//! What wasm-opt cannot know about a module: which of its entries anybody uses.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::{
    ConstExpr, ElementSection, Elements, ExportKind, ExportSection, Module, RawSection,
};
use wasmparser::{
    ElementItems, ElementKind, ElementSectionReader, ExportSectionReader, ExternalKind,
    KnownCustom, Name, Operator, Parser, Payload,
};

/// The crate behind [`crate::widget::glue`]'s foreign classes. Its futures are called through the table, which
/// wasm-opt leaves as it is; without the classes nobody starts one.
const FOREIGN: &str = "wasm_streams[";

/// The module with these exports and no others, and without the functions that only the others started: wasm-opt then
/// drops what they reached.
pub(super) fn called_only(module: &[u8], wanted: &BTreeSet<String>) -> Result<Vec<u8>> {
    let foreign = functions_of(FOREIGN, module)?;
    rewritten(module, |payload| {
        Ok(match payload {
            Payload::ExportSection(exports) => {
                Part::Exports(exports_among(exports.clone(), wanted)?)
            }
            Payload::ElementSection(elements) => {
                Part::Table(table_without(elements.clone(), &foreign)?)
            }
            _ => Part::AsItIs,
        })
    })
}

/// wasm-opt strips the sections it knows; dependencies leave others, for tools that we do not use. No browser reads them.
pub(super) fn without_custom_sections(module: &[u8]) -> Result<Vec<u8>> {
    let is_custom = |payload: &Payload<'_>| matches!(payload, Payload::CustomSection(_));
    rewritten(module, |it| Ok(if is_custom(it) { Part::Nothing } else { Part::AsItIs }))
}

/// What becomes of a section.
enum Part {
    Nothing,
    AsItIs,
    Exports(ExportSection),
    Table(ElementSection),
}

fn rewritten(module: &[u8], decide: impl Fn(&Payload<'_>) -> Result<Part>) -> Result<Vec<u8>> {
    let mut written = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.context("this is no valid module")?;
        let Some((id, range)) = payload.as_section() else { continue };
        match decide(&payload)? {
            Part::Nothing => {}
            Part::AsItIs => {
                let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                written.section(&RawSection { id, data: &module[range] });
            }
            Part::Exports(section) => {
                written.section(&section);
            }
            Part::Table(section) => {
                written.section(&section);
            }
        }
    }
    Ok(written.finish())
}

fn exports_among(
    exports: ExportSectionReader<'_>,
    wanted: &BTreeSet<String>,
) -> Result<ExportSection> {
    let mut kept = ExportSection::new();
    for export in exports {
        let export = export?;
        if !wanted.contains(export.name) {
            continue;
        }
        let kind = match export.kind {
            ExternalKind::Func => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            other => bail!("the module exports {}, a {other:?}", export.name),
        };
        kept.export(export.name, kind, export.index);
    }
    Ok(kept)
}

/// The table with another function in the place of each of these: places are addresses, and all others keep theirs.
fn table_without(
    segments: ElementSectionReader<'_>,
    foreign: &BTreeSet<u32>,
) -> Result<ElementSection> {
    let mut written = ElementSection::new();
    for segment in segments {
        let segment = segment?;
        let (ElementKind::Active { table_index, offset_expr }, ElementItems::Functions(functions)) =
            (segment.kind, segment.items)
        else {
            bail!("the module fills a table in a way that we do not know")
        };
        let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
            bail!("the module fills a table from an address that we do not know")
        };
        let functions = functions.into_iter().collect::<Result<Vec<u32>, _>>()?;
        let stand_in = functions.iter().find(|it| !foreign.contains(it));
        let stand_in = *stand_in.context("the table holds nothing but what nobody calls")?;
        let kept: Vec<u32> = functions
            .into_iter()
            .map(|it| if foreign.contains(&it) { stand_in } else { it })
            .collect();
        written.active(table_index, &ConstExpr::i32_const(value), Elements::Functions(kept.into()));
    }
    Ok(written)
}

/// The functions in whose name this is.
fn functions_of(part: &str, module: &[u8]) -> Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    let mut is_named = false;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(names) = section.as_known() else { continue };
        for name in names {
            let Name::Function(functions) = name? else { continue };
            is_named = true;
            for function in functions {
                let function = function?;
                if function.name.contains(part) {
                    found.insert(function.index);
                }
            }
        }
    }
    ensure!(is_named, "the module does not say its functions' names");
    Ok(found)
}
