/**
 * Previews of the engine that are stored as files, so that unit tests read real results instead of handwritten ones.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../sandbox/world/state";
import { recordingOf, type Recording } from "./file";
import { fileOf } from "./text";

/** @param set name of the set, for example `intra-a` */
export const pathOf = (set: string) => join(ROOT, "test/recorded", `${set}.yaml`);

/** @throws AssertionError if the file is not one that the recorder wrote */
export function read(set: string): Recording {
    return recordingOf(fileOf(readFileSync(pathOf(set), "utf8"), set), set);
}
