/**
 * Previews of this project's own program without an engine. They combine the resources and components that the program
 * registers with two configs. The previews of recorded.test.ts also have what the engine and its providers add.
 */
import { isDeepStrictEqual } from "node:util";
import type { Finding } from "../../../../../ops/stack/review/finding";
import { differences, pathText } from "../../../../../ops/stack/review/differences";
import type { Preview, ResourceState, Step } from "../../../../../ops/stack/review/preview";
import { reviewOf } from "../../../../../ops/stack/review/review";
import { nameIn } from "../../../../../policy/resources/resource";
import { asked, inputsOf, isRegistered, plain, type Seen } from "../../../../kit";
import { TODAY } from "../../kit";

const SECRET = "[secret]";

/** What the fake engine knows of a resource. Its URNs lack the types of the parents' parents, which real URNs have. */
interface Known {
    resource: Seen;
    state: ResourceState;
}

/** The registered resources by URN. */
function knownIn(seen: Seen[]): Map<string, Known> {
    const registered = seen.filter((one) => one.custom !== undefined && isRegistered(one));
    const key = (type: string, name: string) => `${type} ${name}`;
    const byKey = new Map(registered.map((one) => [key(one.type, one.name), one]));
    const parentOf = (one: Seen) => {
        const { parent } = asked(one);
        return parent === "" ? undefined : byKey.get(key(parent.split("::")[2].split("$").at(-1)!, nameIn(parent)));
    };
    const types = (one: Seen): string => {
        const parent = parentOf(one);
        return parent === undefined ? one.type : `${types(parent)}$${one.type}`;
    };
    const urn = (one: Seen) => `urn:pulumi:test::alpa-auth::${types(one)}::${one.name}`;
    return new Map(
        registered.map((resource) => {
            const parent = parentOf(resource);
            const state = {
                urn: urn(resource),
                type: resource.type,
                custom: resource.custom,
                ...(parent && { parent: urn(parent) }),
                // The fake engine generates ids of this form, so the inputs of other resources contain them too.
                ...(resource.custom && { id: `${resource.name}-id` }),
                inputs: inputsOf(resource, () => SECRET),
                retainOnDelete: asked(resource).retainOnDelete,
            };
            return [state.urn, { resource, state }];
        }),
    );
}

export function previewOf(before: Seen[], after: Seen[]): Preview {
    const [old, now] = [knownIn(before), knownIn(after)];
    const steps = [...now].flatMap(([urn, known]) => stepOf(urn, old.get(urn), known) ?? []);
    const gone = [...old].filter(([urn]) => !now.has(urn));
    return {
        stack: "test",
        steps: [...steps, ...gone.map(([urn, { state }]) => ({ op: "delete", urn, oldState: state }))],
        config: {},
    };
}

function stepOf(urn: string, old: Known | undefined, now: Known): Step | undefined {
    if (old === undefined) return { op: "create", urn, newState: now.state };
    const [from, to] = [plain(old.resource.inputs), plain(now.resource.inputs)];
    if (isDeepStrictEqual(from, to)) return undefined;
    const paths = differences(from, to, []).map(({ path }) => path);
    const { type, custom } = now.resource;
    const replaced =
        custom &&
        paths.some(
            (path) =>
                /^metadata\.name(space)?$/.test(pathText(path)) ||
                (type.endsWith(":Secret") && /ata$/.test(String(path[0]))),
        );
    const detailedDiff = Object.fromEntries(paths.map((path) => [pathText(path), { kind: "update" }]));
    return { op: replaced ? "replace" : "update", urn, oldState: old.state, newState: now.state, detailedDiff };
}

/** The state with these resources. */
export const stateOf = (seen: Seen[]) => ({ resources: [...knownIn(seen).values()].map(({ state }) => state) });

/** Findings, the most dangerous first. */
export function found(before: Seen[], after: Seen[]): Finding[] {
    return reviewOf(previewOf(before, after), new Date(TODAY), stateOf(before)).findings;
}
