/**
 * Previews of this project's own program without an engine. They combine the resources that the program registers with two
 * configs. The previews of recorded/ also have what the engine and its providers add.
 */
import { isDeepStrictEqual } from "node:util";
import type { Finding } from "../../../../../ops/stack/review/finding";
import { differences, pathText } from "../../../../../ops/stack/review/differences";
import type { Preview, Step } from "../../../../../ops/stack/review/preview";
import { reviewOf } from "../../../../../ops/stack/review/review";
import { asked, inputsOf, plain, type Seen } from "../../../../kit";
import { TODAY } from "../../kit";

const urn = ({ type, name }: Seen) => `urn:pulumi:test::alpa-auth::${type}::${name}`;
const SECRET = "[secret]";

export function previewOf(before: Seen[], after: Seen[], config: Record<string, string> = {}): Preview {
    const left = new Map(before.filter(({ custom }) => custom).map((r) => [urn(r), r]));
    const steps: Step[] = [];
    for (const now of after.filter(({ custom }) => custom)) {
        const old = left.get(urn(now));
        left.delete(urn(now));
        const step = stepOf(old, now);
        if (step) steps.push(step);
    }
    for (const old of left.values()) steps.push({ op: "delete", urn: urn(old), oldState: state(old) });
    return { stack: "test", steps, config };
}

function isLookup(resource: Seen): boolean {
    try {
        asked(resource);
        return false;
    } catch {
        return true;
    }
}

function stepOf(old: Seen | undefined, now: Seen): Step | undefined {
    if (old === undefined) return { op: "create", urn: urn(now), newState: state(now) };
    const [from, to] = [plain(old.inputs), plain(now.inputs)];
    if (isDeepStrictEqual(from, to)) return undefined;
    const paths = differences(from, to, []).map(({ path }) => path);
    const replaced = paths.some(
        (path) =>
            /^metadata\.name(space)?$/.test(pathText(path)) ||
            (now.type.endsWith(":Secret") && /ata$/.test(String(path[0]))),
    );
    const detailedDiff = Object.fromEntries(paths.map((path) => [pathText(path), { kind: "update" }]));
    return {
        op: replaced ? "replace" : "update",
        urn: urn(now),
        oldState: state(old),
        newState: state(now),
        detailedDiff,
    };
}

function state(resource: Seen) {
    const retainOnDelete = !isLookup(resource) && asked(resource).retainOnDelete;
    return {
        urn: urn(resource),
        type: resource.type,
        custom: true,
        // The fake engine generates ids of this form, so the inputs of other resources contain them too.
        id: `${resource.name}-id`,
        inputs: inputsOf(resource, () => SECRET),
        retainOnDelete,
    };
}

/** Findings as `code severity`, the most dangerous first, without those that have no effect on callers. */
export function found(before: Seen[], after: Seen[], config?: Record<string, string>): Finding[] {
    const resources = before.filter(({ custom }) => custom).map(state);
    return reviewOf(previewOf(before, after, config), new Date(TODAY), { resources }).findings;
}
