/** For each rule, changes of real resources that it must reject. */
import type { Base } from "./bases";
import { CLOSED } from "./cases-closed";
import { GATEWAY } from "./cases-gateway";
import { KNOWN } from "./cases-known";
import { OBSERVED } from "./cases-observed";
import { PEERS } from "./cases-peers";
import { PROOFS } from "./cases-proofs";
import { SECRETS } from "./cases-secrets";
import { WORLD } from "./cases-world";
import type { Given } from "./stacks";

export type Case = [what: string, base: Base, change: (resources: Given[]) => void, message: RegExp];

/** Cases by the name of the rule. */
export const CASES: Record<string, Case[]> = {};
for (const cases of [SECRETS, GATEWAY, WORLD, CLOSED, PROOFS, PEERS, OBSERVED, KNOWN])
    for (const [rule, some] of Object.entries(cases)) CASES[rule] = [...(CASES[rule] ?? []), ...some];
