/** The Worker at the edge, and the requests that it gets. */
import type { Change } from "../changes";
import { always, goes, nothing, type KindRule, type Run, type Verdicts } from "../rule";
import { ACCOUNT_AND_ZONE } from "./cloudflare";

const NOT_FILLED_IN = "so no model is added to requests without one";

const otherwise = always("route-changed", ({ name }) => `Worker ${name}: the edge processes requests differently`);

export const workersScript: KindRule = {
    created: ({ name }) => ({
        code: "added",
        says: `Worker ${name} is created: it adds the model to requests without one`,
    }),
    deleted: ({ name }) => rejected(`Worker ${name} is deleted, ${NOT_FILLED_IN}`),
    replaced: ({ name }) => ({ code: "route-changed", says: `Worker ${name} is replaced` }),
    rows: [
        ["content", otherwise],
        ["compatibilityDate", otherwise],
        ["mainModule", nothing],
        // Another name means a replacement, which has its own finding.
        ["scriptName", nothing],
        ...ACCOUNT_AND_ZONE,
    ],
};

export const workersRoute: KindRule = {
    // The Worker, or the DNS record, has its own finding.
    created: nothing,
    deleted: passes,
    replaced: (change) =>
        rejected(
            `Requests to ${patternOf(change)} pass no Worker for a moment, so no model is added to requests without one`,
        ),
    rows: [
        ["pattern", always("route-changed", ({ name }) => `Route ${name} of a Worker matches other requests`)],
        [
            "script",
            ({ new: now }, change) =>
                now === undefined
                    ? rejected(`Requests to ${patternOf(change)} pass no Worker, ${NOT_FILLED_IN}`)
                    : { code: "route-changed", says: `Requests to ${patternOf(change)} pass another Worker` },
        ],
        ...ACCOUNT_AND_ZONE,
    ],
};

/** Judges a deleted route, unless the Worker or the name's DNS record is deleted too and has its own finding. */
function passes(change: Change, { changes }: Run): Verdicts {
    const hostname = patternOf(change).split("/")[0];
    const hasFinding = changes.some(
        (other) =>
            goes(other) &&
            (other.kind === "cloudflare WorkersScript" ||
                (other.kind === "cloudflare DnsRecord" && other.old?.name === hostname)),
    );
    return hasFinding
        ? undefined
        : rejected(`Requests to ${patternOf(change)} no longer pass through the Worker, ${NOT_FILLED_IN}`);
}

const patternOf = ({ new: now, old }: Change) => String((old ?? now)?.pattern);

const rejected = (says: string) =>
    ({ code: "request-rejected", says: `${says}: Alpa rejects requests without a model` }) as const;
