/** Violations of the policy pack's rules by a change, in addition to its effects on callers. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nameIn, resourceOf, type Resource } from "../../../policy/resources/resource";
import { RULES, violationsOf, type Violation } from "../../../policy/rules";
import { configTexts, type Lists } from "../../../policy/rules/facts";
import { ExceptionsError, parseExceptions, standing, type Exception } from "../../../policy/rules/exceptions";
import { UsageError } from "../../errors";
import { finding, type Finding } from "./finding";
import type { Exported, Preview, ResourceState } from "./preview";

/** Exceptions of the pack in a clone. */
export function exceptionsOf(root: string, today: Date): Exception[] {
    const file = join(root, "policy/exceptions.yaml");
    if (!existsSync(file)) return [];
    const names = RULES.map(({ name }) => name);
    try {
        return parseExceptions(readFileSync(file, "utf8"), names, today);
    } catch (error) {
        if (error instanceof ExceptionsError) throw new UsageError(error.problems);
        throw error;
    }
}

/**
 * Violations that the change adds. Only the pack itself reports existing violations.
 * @param lists lists of the previewed program's commit. Undefined if it has none: rules then do not compare with them
 */
export function policyFindings(
    preview: Preview,
    state: Exported,
    exceptions: Exception[],
    today: Date,
    lists: Lists | undefined,
): Finding[] {
    const [before, after] = sides(preview, state);
    // Pulumi hides secrets here, so the review may leave the comparison with the config to the policy pack.
    const facts = { lists, config: configTexts(preview.config) };
    const broken = (resources: Resource[]) => standing(violationsOf(resources, facts), exceptions, today);
    const known = new Set(broken(before).map(keyOf));
    return broken(after)
        .filter((violation) => !known.has(keyOf(violation)))
        .map(({ rule, urn, name, message }) => {
            const says = `Rule ${rule} of the policy pack: ${message.replace(/\.$/, "")}`;
            return finding("policy-violated", says, { evidence: [{ resource: name, urn }] });
        });
}

/** Identifies a violation without the URN, which changes when a resource is renamed. */
function keyOf({ rule, name, message }: Violation): string {
    return JSON.stringify([rule, name, message]);
}

/** All resources before and after the change. */
function sides({ steps }: Preview, { resources = [] }: Exported): [before: Resource[], after: Resource[]] {
    const old = new Map<string, ResourceState>(resources.filter((r) => !r.delete).map((r) => [r.urn, r]));
    const now = new Map(old);
    for (const { op, urn, oldState, newState } of steps) {
        // The deletion of a leftover of an earlier replacement keeps the resource that has replaced it under the same URN.
        if (oldState && !oldState.delete && (oldState.urn !== urn || /^(delete|discard)$/.test(op)))
            now.delete(oldState.urn);
        if (newState) now.set(urn, { ...newState, id: newState.id || (KEEPS_ID.has(op) ? oldState?.id : undefined) });
    }
    return [seen(old), seen(now)];
}

/** Operations that keep the resource's id, although the new state in a preview lacks the id (Pulumi 3.274). */
const KEEPS_ID: ReadonlySet<string> = new Set(["same", "update", "refresh"]);

function seen(states: Map<string, ResourceState>): Resource[] {
    return [...states.values()].map(({ urn, type, id, protect = false, inputs = {} }) =>
        resourceOf({ urn, type, name: nameIn(urn), id: id || undefined, protect, inputs }),
    );
}
