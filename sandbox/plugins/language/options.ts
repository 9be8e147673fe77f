/** The supported part of `runtime.options` in Pulumi.yaml. */
export interface RuntimeOptions {
    /** Whether ts-node loads the program. @default true, as in the released host */
    typescript: boolean;
    /** Path of the TypeScript compiler configuration, relative to the program. @default tsconfig.json */
    tsconfig?: string;
    /** Arguments of Node.js (not of the program). */
    nodeArguments: string[];
}

const KNOWN = ["typescript", "tsconfig", "nodeargs", "packagemanager"];

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
        if ((name === "tsconfig" || name === "nodeargs") && typeof value !== "string") {
            throw new Error(`runtime.options.${name}: must be a string (got ${JSON.stringify(value)}).`);
        }
    }
    return {
        typescript: (raw.typescript as boolean | undefined) ?? true,
        tsconfig: raw.tsconfig as string | undefined,
        nodeArguments: splitWords((raw.nodeargs as string | undefined) ?? ""),
    };
}

/** Splits a line into words as a shell does: at spaces that are neither quoted nor escaped. Variables are not expanded. */
function splitWords(line: string): string[] {
    const words: string[] = [];
    let word: string | undefined;
    let quote = "";
    for (let i = 0; i < line.length; i++) {
        const char = line[i];
        if (quote !== "'" && char === "\\" && i + 1 < line.length) {
            word = (word ?? "") + line[++i];
        } else if (quote !== "") {
            if (char === quote) quote = "";
            else word = (word ?? "") + char;
        } else if (char === "'" || char === '"') {
            quote = char;
            word ??= "";
        } else if (/\s/.test(char)) {
            if (word !== undefined) words.push(word);
            word = undefined;
        } else {
            word = (word ?? "") + char;
        }
    }
    if (quote !== "") throw new Error(`runtime.options.nodeargs: a quote is not closed (got ${line}). Close it.`);
    return word === undefined ? words : [...words, word];
}
