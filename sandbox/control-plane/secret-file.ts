import { renameSync, writeFileSync } from "node:fs";

/** Writes a file that no other user can read, not even while it is written. */
export function writeSecret(path: string, text: string): void {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
}
