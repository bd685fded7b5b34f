// Pages that use the package, made by a bundler as a host's developer does it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { build } from "esbuild";
import { compile } from "svelte/compiler";

import { HERE } from "./packed.mjs";

const svelte = {
  name: "svelte",
  setup(made) {
    made.onLoad({ filter: /\.svelte$/ }, async ({ path }) => ({
      contents: compile(await readFile(path, "utf8"), { filename: path, generate: "client" }).js.code,
      loader: "js",
    }));
  },
};

/** The script of a page in `pages`. */
export async function bundle(page) {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, "pages", page)],
    bundle: true,
    minify: true,
    format: "iife",
    jsx: "automatic",
    conditions: ["svelte", "browser"],
    define: { "process.env.NODE_ENV": '"development"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
    plugins: [svelte],
    logLevel: "error",
    write: false,
  });
  return outputFiles[0].text;
}
