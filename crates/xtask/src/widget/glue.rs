//! wasm-bindgen's JavaScript beside a module, cut down to what the module and its callers use.
//!
//! wasm-bindgen writes an entry for everything that any dependency could want, under names that end in a hash. Hashes
//! do not compress, and each name is downloaded twice: in the module and in the script.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Classes of a dependency's dependency (streams for server functions), exported though nobody calls them. What they
/// keep alive is a twentieth of the form.
const FOREIGN: &str = "IntoUnderlying";

/// What wasm-opt prints when it shortens names: each with its old and its new one.
#[derive(Deserialize)]
pub(crate) struct Names {
    imports: Vec<(String, String, String)>,
    exports: Vec<(String, String)>,
}

/// The script, as lines.
pub(crate) struct Glue {
    lines: Vec<String>,
}

impl Names {
    /// Finds them in what the program printed.
    pub(crate) fn read(printed: &str) -> Result<Self> {
        let at = printed.find('{').context("wasm-opt printed no names")?;
        serde_json::Deserializer::from_str(&printed[at..])
            .into_iter()
            .next()
            .and_then(Result::ok)
            .context("wasm-opt printed names in a form that we do not know")
    }
}

impl Glue {
    /// The script without the foreign classes.
    pub(crate) fn of(script: &str) -> Result<Self> {
        let mut lines = Vec::new();
        let mut end = None;
        for line in script.lines() {
            let is_foreign = |beginning: &str| {
                line.strip_prefix(beginning).is_some_and(|rest| rest.starts_with(FOREIGN))
            };
            if is_foreign("export class ") {
                end = Some("}");
            } else if is_foreign("const ") {
                end = Some(";");
            }
            match end {
                Some(last) if line.ends_with(last) && (last == ";" || line == last) => end = None,
                Some(_) => {}
                None if is_foreign("if (Symbol.dispose) ") => {}
                None => lines.push(line.to_owned()),
            }
        }
        ensure!(
            end.is_none() && !lines.iter().any(|line| line.contains(FOREIGN)),
            "wasm-bindgen writes {FOREIGN}… in a form that we do not know"
        );
        Ok(Self { lines })
    }

    /// The module's exports that the script calls.
    pub(crate) fn exports(&self) -> BTreeSet<String> {
        self.lines.iter().flat_map(|line| calls(line)).map(|(_, name)| name.to_owned()).collect()
    }

    /// The script for the module as wasm-opt left it: without entries that it no longer imports, and with its names.
    pub(crate) fn renamed(&self, names: &Names) -> Result<String> {
        let imports: BTreeMap<&str, &str> =
            names.imports.iter().map(|(_, old, new)| (old.as_str(), new.as_str())).collect();
        let exports: BTreeMap<&str, &str> =
            names.exports.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
        let from = names.imports.first().map(|(module, ..)| module.as_str()).unwrap_or_default();
        let mut script = String::new();
        let mut found = 0;
        let mut is_unused = false;
        for line in &self.lines {
            let entry =
                line.strip_prefix("        ").and_then(|line| line.split_once(": function"));
            if let Some((old, rest)) = entry.filter(|(old, _)| !old.contains(' ')) {
                let new = imports.get(old);
                is_unused = new.is_none();
                if let Some(new) = new {
                    found += 1;
                    script += new;
                    script += ": function";
                    script += &with_exports(rest, &exports)?;
                    script.push('\n');
                }
            } else if !is_unused {
                // The pass names every module alike.
                let line = line.replace(&format!("\"{from}\": "), "a: ");
                script += &with_exports(&line, &exports)?;
                script.push('\n');
            }
            if is_unused && line.starts_with("        }") {
                is_unused = false;
            }
        }
        ensure!(
            found == imports.len(),
            "the module imports {} functions and the script has {found} of them: wasm-bindgen writes them in a form \
             that we do not know",
            imports.len()
        );
        Ok(script)
    }
}

/// The exports that a line calls, and where their names begin.
fn calls(line: &str) -> impl Iterator<Item = (usize, &str)> {
    const CALL: &str = "wasm.";
    line.match_indices(CALL)
        .filter(|(at, _)| !line[..*at].ends_with(is_of_a_name))
        .map(|(at, _)| at + CALL.len())
        .map(|at| {
            let rest = &line[at..];
            (at, &rest[..rest.find(|it| !is_of_a_name(it)).unwrap_or(rest.len())])
        })
}

fn with_exports(line: &str, exports: &BTreeMap<&str, &str>) -> Result<String> {
    let mut renamed = String::new();
    let mut done = 0;
    for (at, old) in calls(line) {
        let new = exports.get(old).with_context(|| format!("the module does not export {old}"))?;
        renamed += &line[done..at];
        renamed += new;
        done = at + old.len();
    }
    Ok(renamed + &line[done..])
}

fn is_of_a_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::{Glue, Names};

    const SCRIPT: &str = r#"export class Handle {
    free() {
        wasm.__wbg_handle_free(this.ptr, 0);
    }
}
if (Symbol.dispose) Handle.prototype[Symbol.dispose] = Handle.prototype.free;

export class IntoUnderlyingSink {
    free() {
        wasm.__wbg_intounderlyingsink_free(0);
    }
}
if (Symbol.dispose) IntoUnderlyingSink.prototype[Symbol.dispose] = IntoUnderlyingSink.prototype.free;
function __wbg_get_imports() {
    const import0 = {
        __wbg_click_00: function(arg0) {
            arg0.click(wasm.memory);
        },
        __wbg_close_11: function() { return handleError(function (arg0) {
            arg0.close();
        }, arguments); },
    };
    return {
        "./doorstep_bg.js": import0,
    };
}
const IntoUnderlyingSinkFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_intounderlyingsink_free(ptr, 1));
const last = 1;
"#;

    const PRINTED: &str = r#"{ "imports": [["./doorstep_bg.js", "__wbg_click_00", "b"]],
        "exports": [["memory", "c"], ["__wbg_handle_free", "d"]] }"#;

    #[test]
    fn what_nobody_calls_is_left_out_and_the_rest_has_the_modules_names() {
        let glue = Glue::of(SCRIPT).unwrap();
        assert_eq!(glue.exports().into_iter().collect::<Vec<_>>(), ["__wbg_handle_free", "memory"]);
        let script = glue.renamed(&Names::read(PRINTED).unwrap()).unwrap();
        for gone in ["IntoUnderlying", "close", "__wbg_click", "__wbg_handle", "doorstep_bg"] {
            assert!(!script.contains(gone), "{gone}: {script}");
        }
        for kept in ["wasm.d(this.ptr", "b: function(arg0) {", "wasm.c", "a: import0", "last = 1"] {
            assert!(script.contains(kept), "{kept}: {script}");
        }
    }

    #[test]
    fn an_import_without_an_entry_is_refused() {
        let other = PRINTED.replace("click", "clack");
        let refused = Glue::of(SCRIPT).unwrap().renamed(&Names::read(&other).unwrap());
        assert!(refused.unwrap_err().to_string().contains("imports 1 functions"));
    }
}
