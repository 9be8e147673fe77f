/** Requests by which operators' commands check a server, by its kind. */
import { ALPA_SAMPLES } from "./alpa/sample";
import { ALPA_EVIDENCE, PREFIX } from "./alpa/paths";
import { OPENAI_EVIDENCE, OPENAI_PATHS, OPENAI_PREFIX, type OpenaiPath } from "./openai/paths";
import { CLOSED_SAMPLE, openaiSamples } from "./openai/sample";
import type { ServerSettings } from "./server";

/** A short and cheap request to a path of the server. */
export interface Sample {
    /** Path below the URL for callers. */
    path: string;
    /** Unset for a GET. */
    body?: object;
    /** Whether this JSON is an answer of the server. */
    isAnswer: (value: Record<string, unknown>) => boolean;
    /** Whether the server says that its model does not do this. */
    lacksTask?: (status: number, value: Record<string, unknown>) => boolean;
}

export interface ServerChecks {
    /** Requests to the open paths. @param model model of the caller, if it is known */
    samples: (open: { paths?: OpenaiPath[]; model?: string }) => Sample[];
    /** Request for the names of the models. Unset if requests need no name. */
    models?: Sample;
    /** Requests that the gateway rejects with this status, although their credential is valid. */
    rejected: (samples: Sample[]) => { check: string; sample: Sample; status: number }[];
    /** Path prefix that every stack with this server has. */
    prefix: string;
    /** Path below the URL for callers that the gateway rejects with 400, after authentication. */
    evidence: string;
    /** Whether a key is also a valid `Authorization: Bearer`. */
    bearerKeys: boolean;
}

export const SERVER_CHECKS: Record<ServerSettings["kind"], ServerChecks> = {
    alpa: {
        samples: () => Object.values(ALPA_SAMPLES),
        rejected: () => [],
        prefix: PREFIX,
        evidence: ALPA_EVIDENCE,
        bearerKeys: false,
    },
    openai: {
        samples: ({ paths = [...OPENAI_PATHS], model }) => openaiSamples(paths, model),
        models: openaiSamples(["models"], undefined)[0],
        rejected: (samples) => [
            { check: "closed path", sample: CLOSED_SAMPLE, status: 404 },
            ...samples
                .filter(({ body }) => body !== undefined)
                .slice(0, 1)
                .map((one) => ({
                    check: "unknown model",
                    sample: { ...one, body: { ...one.body, model: "no-such-model" } },
                    status: 403,
                })),
        ],
        prefix: OPENAI_PREFIX,
        evidence: OPENAI_EVIDENCE,
        bearerKeys: true,
    },
};

/** See `GatewayPods`. */
export const evidencePath = (kind: ServerSettings["kind"]) =>
    `${SERVER_CHECKS[kind].prefix}${SERVER_CHECKS[kind].evidence}`;
