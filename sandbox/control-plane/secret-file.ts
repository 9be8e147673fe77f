import { renameSync, writeFileSync } from "node:fs";

/** Never readable by anybody else, not even for a moment. */
export function writeSecret(path: string, text: string): void {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
}
