import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { DEFINITIONS, OPTIONS } from "./options";
import { secretsIn } from "./schema";
import { mapping } from "./unchecked";

/** Name of the project in Pulumi.yaml, and prefix of each key of the config. */
export const PROJECT = "alpa-auth";

/**
 * Finds secrets in plain text in a stack file. Pulumi itself only reports that some value in a list or mapping is encrypted.
 * @returns function that checks whether a value is one of these secrets. It compares values instead of paths, since the
 * config of a run may come from another file
 */
export function plainSecrets(text: string | undefined): (value: unknown) => boolean {
    // Evaluated only when needed, since parsing a thousand callers takes half a second.
    let plain: string[] | undefined;
    return (value) => (plain ??= plainIn(text)).includes(String(value));
}

function plainIn(text: string | undefined): string[] {
    const { config } = mapping(text === undefined ? undefined : parsed(text));
    const own = Object.entries(mapping(config)).map(([key, value]) => [key.replace(`${PROJECT}:`, ""), value] as const);
    const values = Object.fromEntries(own);
    return OPTIONS.flatMap((option) => [...secretsIn(DEFINITIONS[option].schema, values)]).map(({ value }) =>
        String(value),
    );
}

/**
 * Folder of the stack files. The sandbox sets a folder with its own stack files, so that it never changes the shipped stack
 * files.
 * @param program folder of Pulumi.yaml
 */
export function stackFilesFolder(program: string): string {
    return resolve(process.env.ALPA_AUTH_STACK_FILES ?? program);
}

/** Text of a stack file; undefined if it does not exist. @param stack name without organization and project */
export function readStackFile(stack: string, folder = "."): string | undefined {
    try {
        return readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8");
    } catch {
        return undefined;
    }
}

/** Parses the file. Returns undefined for an invalid file, which Pulumi reports. */
function parsed(text: string): unknown {
    try {
        return parse(text, { merge: true });
    } catch {
        return undefined;
    }
}
