/** The supported part of `runtime.options` in Pulumi.yaml. */
export interface RuntimeOptions {
    /** Whether ts-node loads the program. @default true, as in the released host */
    typescript: boolean;
    /** Path of the TypeScript compiler configuration, relative to the program. @default tsconfig.json */
    tsconfig?: string;
}

const KNOWN = ["typescript", "tsconfig", "packagemanager"];

/** Parses the options. @throws Error for an unsupported option or value */
export function readOptions(raw: Record<string, unknown>): RuntimeOptions {
    for (const [name, value] of Object.entries(raw)) {
        if (!KNOWN.includes(name)) {
            throw new Error(
                `runtime.options.${name}: unsupported by the sandbox's language host, which has only ` +
                    `${KNOWN.join(", ")}. Remove this option from Pulumi.yaml, or install Pulumi.`,
            );
        }
        if (name === "packagemanager" && value !== "npm" && value !== "auto") {
            throw new Error(`runtime.options.packagemanager: must be npm (got ${JSON.stringify(value)}).`);
        }
        if (name === "typescript" && typeof value !== "boolean") {
            throw new Error(`runtime.options.typescript: must be true or false (got ${JSON.stringify(value)}).`);
        }
        if (name === "tsconfig" && typeof value !== "string") {
            throw new Error(`runtime.options.${name}: must be a string (got ${JSON.stringify(value)}).`);
        }
    }
    return {
        typescript: (raw.typescript as boolean | undefined) ?? true,
        tsconfig: raw.tsconfig as string | undefined,
    };
}
