// @ts-check
/**
 * Makes the npm package: `node package/build.js [FOLDER]` copies the modules, writes their types and the version, and packs
 * FOLDER/onpage-VERSION.tgz. FOLDER is build/npm where none is named; what was in it is replaced. It prints the file and the sizes.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = resolve(process.argv[2] ?? join(root, "build", "npm"));
const folder = join(out, "package");

/** What `load` needs, then what `<on-page>` needs besides. */
const FOLDERS = ["engine", "library", "element", "app", "convert", "records", "tasks", "text", "ui"];

const version = /^__version__ = "(.+)"$/m.exec(readFileSync(join(root, "builder", "__init__.py"), "utf8"))?.[1];
if (!version) throw new Error("builder/__init__.py names no version");

rmSync(out, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of FOLDERS) cpSync(join(root, "static", name), join(folder, name), { recursive: true });
for (const name of ["README.md", "LICENSE"]) cpSync(join(name === "README.md" ? here : root, name), join(folder, name));
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
writeFileSync(join(folder, "package.json"), `${JSON.stringify({ name: manifest.name, version, ...manifest }, null, 2)}\n`);

const compiler = join(root, "static", "node_modules", "typescript", "bin", "tsc");
execFileSync(process.execPath, [compiler, "--project", join(here, "tsconfig.json"), "--outDir", join(folder, "types")], { stdio: "inherit" });
const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", out, folder], { encoding: "utf8", shell: process.platform === "win32" }));
const tarball = join(out, packed.filename);
console.log(`${tarball}: ${statSync(tarball).size} bytes packed, ${packed.unpackedSize} unpacked, ${packed.entryCount} files`);
