// The package as it would be published: packed by npm, and put beside the libraries that it is used with.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = fileURLToPath(new URL(".", import.meta.url));
const SOURCE = fileURLToPath(new URL("../../widget/npm", import.meta.url));

/** Packs and unpacks it; what is in it, by path. */
export function install() {
  const folder = mkdtempSync(join(tmpdir(), "doorstep-npm-"));
  try {
    const said = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder, SOURCE], {
      encoding: "utf8",
      env: { ...process.env, npm_config_cache: join(folder, "cache"), npm_config_update_notifier: "false" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const answer = JSON.parse(said);
    const [{ filename, files }] = Object.values(answer);
    const place = join(HERE, "node_modules/doorstep-signup");
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    execFileSync("tar", ["-xzf", join(folder, filename), "--strip-components=1", "-C", place]);
    return files.map(({ path }) => path).sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
