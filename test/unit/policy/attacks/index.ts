/** For each rule, changes of real resources that it must reject. */
import type { Base } from "../bases";
import { CLOUDFLARE } from "./cloudflare";
import { CLUSTER } from "./cluster";
import { ROUTE } from "./route";
import { SCRIPTS } from "./scripts";
import { SECRETS } from "./secrets";
import type { Given } from "../stacks";

/** @param message of the violation; a text is its beginning. @param base stack of the resources, if it is not the usual one */
export type Attack = [what: string, change: (resources: Given[]) => void, message: RegExp | string, base?: Base];

/** Attacks by the name of the rule, with the usual stack of each file. */
export const ATTACKS: Record<string, { attack: Attack; base: Base }[]> = {};
const FILES: [Base, Record<string, Attack[]>][] = [
    ["intra", ROUTE],
    ["intra", CLUSTER],
    ["intra", SECRETS],
    ["cloudflare", CLOUDFLARE],
    ["cloudflare", SCRIPTS],
];
for (const [usual, attacks] of FILES)
    for (const [rule, some] of Object.entries(attacks))
        (ATTACKS[rule] ??= []).push(...some.map((attack) => ({ attack, base: attack[3] ?? usual })));
