import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Text of all files below a folder, for searching. Files of 5 MB and more are left out. */
export function textBelow(folder: string, name = /./): string {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((file) => join(folder, file))
        .filter((file) => name.test(file) && lstatSync(file).isFile() && lstatSync(file).size < 5_000_000)
        .map((file) => readFileSync(file, "utf8"))
        .join("\n");
}
