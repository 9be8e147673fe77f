/** The supported part of `runtime.options` in Pulumi.yaml. */
export interface RuntimeOptions {
    /** Whether ts-node loads the program. @default true, as in the released host */
    typescript: boolean;
    /** Path of the TypeScript compiler configuration, relative to the program. @default tsconfig.json */
    tsconfig?: string;
}

const KNOWN = ["typescript", "tsconfig", "packagemanager"];

/** Parses the options. @throws Error for an unsupported option */
export function readOptions(raw: Record<string, unknown>): RuntimeOptions {
    const odd = Object.keys(raw).filter((name) => !KNOWN.includes(name));
    if (odd.length > 0)
        throw new Error(
            `runtime.options: ${odd.join(", ")} is unsupported by the sandbox's language host. Remove it from Pulumi.yaml, or install Pulumi.`,
        );
    return { typescript: true, ...raw };
}
