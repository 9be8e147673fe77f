/**
 * Decides which parts of a world are real programs. Operators choose the parts with `up --real`, engine tests with the
 * variable ALPA_AUTH_REAL.
 * `available` uses every part that is found. With `all` or a list of names, a missing part is an error.
 */
import { closest, distance } from "fastest-levenshtein";
import { PART_NAMES, PARTS, type Found, type PartName } from "./parts";

export const REAL_VARIABLE = "ALPA_AUTH_REAL";

type Choice = "none" | "available" | "all" | PartName[];

/** The real parts of a world, by name. All other parts are emulated. */
export type RealParts = Partial<Record<PartName, Found>>;

/** One part of a world, for status output. */
export interface PartReport {
    part: PartName;
    title: string;
    /** Version of the real program, or the emulated version. */
    version: string;
    real: boolean;
}

/** Parses the value of the option or variable. @throws Error with all words that are not the name of a part */
export function parseChoice(text: string): Choice {
    const words = text
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== "");
    if (words.length === 0) return "none";
    if (words.length === 1 && ["none", "available", "all"].includes(words[0])) return words[0] as Choice;
    const unknown = words.filter((word) => !(PART_NAMES as string[]).includes(word));
    if (unknown.length > 0) {
        const problems = unknown.map((word) => {
            const near = closest(word, PART_NAMES);
            return `"${word}" is not a part of the sandbox${distance(word, near) <= 3 ? ` (did you mean ${near}?)` : ""}`;
        });
        throw new Error(
            `real parts: ${problems.join("; ")}. Use available, all, or some of: ${PART_NAMES.join(", ")}.`,
        );
    }
    return [...new Set(words)] as PartName[];
}

/**
 * Finds the chosen parts.
 * @throws Error with all missing required parts, and how to get them
 */
export function findParts(choice: Choice, env: NodeJS.ProcessEnv = process.env): RealParts {
    const wanted = choice === "none" ? [] : Array.isArray(choice) ? choice : PART_NAMES;
    const found: RealParts = {};
    const missing: string[] = [];
    for (const name of wanted) {
        const { title, version, get } = PARTS[name];
        try {
            const real = PARTS[name].find(env);
            if (!real.version.startsWith(`${version.split(".", 2).join(".")}.`))
                throw new Error(`found version ${real.version}, but the sandbox supports ${version}`);
            found[name] = real;
        } catch (error) {
            missing.push(`  ${name} (${title} ${version}): ${(error as Error).message}. ${get}`);
        }
    }
    if (missing.length > 0 && choice !== "available")
        throw new Error(
            `real parts: ${missing.length} of ${wanted.length} are missing.\n${missing.join("\n")}\n` +
                `To use only the parts that were found, choose --real available, or set ${REAL_VARIABLE}=available.`,
        );
    return found;
}

/** The real parts that the variable ALPA_AUTH_REAL chooses. */
export function partsOfEnvironment(env: NodeJS.ProcessEnv = process.env): RealParts {
    return findParts(parseChoice(env[REAL_VARIABLE] ?? "none"), env);
}

/** The parts of a world: all but those that are neither real nor emulated. */
export function reportParts(real: RealParts): PartReport[] {
    const present = PART_NAMES.filter((part) => real[part] !== undefined || !("realOnly" in PARTS[part]));
    return present.map((part) => {
        const { title, version } = PARTS[part];
        return { part, title, version: real[part]?.version ?? version, real: real[part] !== undefined };
    });
}

/**
 * Returns one line for each part, with its name and version, and whether it is real.
 * @param olderProvider version of a built Kubernetes provider. It is set only if the provider is older than its SDK
 */
export function partLines(parts: PartReport[], olderProvider?: string): string[] {
    const rows = parts.map(({ title, version, real }) => [title, real ? `real, ${version}` : `emulator of ${version}`]);
    if (olderProvider !== undefined)
        rows.push([
            "Pulumi provider kubernetes",
            `built from source, ${olderProvider}: older than the SDK of the stacks, which needs no action`,
        ]);
    const width = Math.max(...rows.map(([title]) => title.length));
    return rows.map(([title, text]) => `${title.padEnd(width)}  ${text}`);
}
