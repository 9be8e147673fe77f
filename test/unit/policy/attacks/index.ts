/** For each rule, changes of real resources that it must reject. */
import type { Base } from "../bases";
import { CLOUDFLARE } from "./cloudflare";
import { CLUSTER } from "./cluster";
import { ROUTE } from "./route";
import { SCRIPTS } from "./scripts";
import { SECRETS } from "./secrets";
import type { Given } from "../stacks";

/** @param message of the violation; a text is its beginning */
export type Attack = [what: string, base: Base, change: (resources: Given[]) => void, message: RegExp | string];

/** Attacks by the name of the rule. */
export const ATTACKS: Record<string, Attack[]> = {};
for (const attacks of [ROUTE, CLUSTER, CLOUDFLARE, SCRIPTS, SECRETS])
    for (const [rule, some] of Object.entries(attacks)) ATTACKS[rule] = [...(ATTACKS[rule] ?? []), ...some];
