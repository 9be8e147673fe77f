import * as z from "zod";
import { callersSchema } from "./callers";
import { cloudflareSchema } from "./cloudflare";
import { interSchema } from "./inter";
import { intraSchema } from "./intra";
import { unwrap } from "./problems";

export { DEFAULT_NAMESPACE, LABEL_LIMIT } from "./values";

/** The keys of each option that is built, without the project's prefix. */
export const schemas = {
    "intra-a": intraSchema,
    inter: interSchema,
    cloudflare: cloudflareSchema,
    callers: callersSchema,
};
export type Option = keyof typeof schemas;
export const OPTIONS = Object.keys(schemas) as Option[];
/** Options that are designed and not built. */
export const LATER_OPTIONS = ["intra-b"];

/** Keys of those: named here so that they are refused as what they are, not as misspelt. */
const KEYS_OF_LATER: Record<string, string> = {
    model: "option intra-b",
    convert: "option intra-b",
};

/** Whose each key is that an option does not have, by its path; `[]` stands for any entry of a list. */
export function ownersOfOthers(option: Option): Record<string, string> {
    const owners: Record<string, string> = { ...KEYS_OF_LATER };
    for (const other of OPTIONS.filter((one) => one !== option))
        for (const path of paths(schemas[other], ""))
            owners[path] = path in owners ? `${owners[path]} or ${other}` : `option ${other}`;
    return owners;
}

function paths(type: z.core.$ZodType, path: string): string[] {
    const inner = unwrap(type);
    const item = inner instanceof z.ZodArray ? unwrap(inner.element) : inner;
    if (!(item instanceof z.ZodObject)) return [];
    const start = `${path}${inner instanceof z.ZodArray ? "[]" : ""}${path === "" ? "" : "."}`;
    return Object.entries(item.shape).flatMap(([name, child]) => [
        `${start}${name}`,
        ...paths(child as z.core.$ZodType, `${start}${name}`),
    ]);
}
