/** The Worker at the edge, and the requests that it gets. */
import type { Change } from "../changes";
import { always, nothing, type KindRule } from "../rule";
import { PLACE } from "./cloudflare";

const otherwise = always("route-changed", ({ name }) => `Worker ${name}: the edge does something else with requests`);

export const workersScript: KindRule = {
    created: ({ name }) => ({ code: "added", says: `Worker ${name} is made: it fills in a missing model` }),
    // Its routes say what that means.
    deleted: nothing,
    replaced: ({ name }) => ({ code: "route-changed", says: `Worker ${name} is made anew` }),
    rows: [
        ["content", otherwise],
        ["compatibilityDate", otherwise],
        ["mainModule", nothing],
        // Another name is told by the replacement.
        ["scriptName", nothing],
        ...PLACE,
    ],
};

export const workersRoute: KindRule = {
    created: (change) => ({ code: "added", says: `Requests to ${pattern(change)} pass the Worker` }),
    deleted: (change) => without(pattern(change)),
    replaced: (change) => without(pattern(change)),
    rows: [
        [
            "pattern",
            ({ old, new: now }) => [
                without(String(old)),
                { code: "added", says: `Requests to ${String(now)} pass the Worker` },
            ],
        ],
        [
            "script",
            ({ new: now }, change) =>
                now === undefined
                    ? without(pattern(change))
                    : { code: "route-changed", says: `Requests to ${pattern(change)} pass another Worker` },
        ],
        ...PLACE,
    ],
};

const pattern = ({ op, new: now, old }: Change) => String((op === "create" ? now : (old ?? now))?.pattern);

const without = (requests: string) =>
    ({
        code: "request-refused",
        says: `Requests to ${requests} pass no Worker: Alpa refuses those that name no model`,
    }) as const;
