import * as z from "zod";
import { callersSchema } from "./options/callers/schema";
import { cloudflareSchema } from "./options/cloudflare/schema";
import { interSchema } from "./options/inter/schema";
import { intraSchema } from "./options/intra-a/schema";
import { intraBSchema } from "./options/intra-b/schema";
import { unwrap } from "./problems";

export { DEFAULT_NAMESPACE, LABEL_LIMIT } from "./values";

/** The keys of each option that is built, without the project's prefix. */
export const schemas = {
    "intra-a": intraSchema,
    "intra-b": intraBSchema,
    inter: interSchema,
    cloudflare: cloudflareSchema,
    callers: callersSchema,
};
export type Option = keyof typeof schemas;
export const OPTIONS = Object.keys(schemas) as Option[];
/** Whose each key is that an option does not have, by its path; `[]` stands for any entry of a list. */
export function ownersOfOthers(option: Option): Record<string, string> {
    const owners: Record<string, string> = {};
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
