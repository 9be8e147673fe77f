/** For each rule, changes of real resources that it must reject. */
import type { Base } from "../bases";
import { CLOSED } from "./closed";
import { GATEWAY } from "./gateway";
import { KNOWN } from "./known";
import { OBSERVED } from "./observed";
import { PEERS } from "./peers";
import { PROOFS } from "./proofs";
import { SECRETS } from "./secrets";
import { WORLD } from "./world";
import type { Given } from "../stacks";

export type Case = [what: string, base: Base, change: (resources: Given[]) => void, message: RegExp];

/** Cases by the name of the rule. */
export const CASES: Record<string, Case[]> = {};
for (const cases of [SECRETS, GATEWAY, WORLD, CLOSED, PROOFS, PEERS, OBSERVED, KNOWN])
    for (const [rule, some] of Object.entries(cases)) CASES[rule] = [...(CASES[rule] ?? []), ...some];
